"""Processes that go when their parent goes, killed or not, on every system: the parent holds the other end of stdin.

The first line of stdin tells a process what it is for, so that no secret stands on a command line or in an
environment; then nothing more comes, and the pipe's end means that the parent has gone.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import pipeline

_SECRET = ("QLY_DATABASE_URL",)


def start(
    module: str, told: dict[str, Any], stdout: int | None = None, stderr: int | None = None
) -> subprocess.Popen[bytes]:
    """`python -m MODULE` with `told` on its stdin, in a group of its own: Ctrl-C on a terminal is for the server."""
    options: dict[str, Any] = (
        {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW}  # type: ignore[attr-defined,unused-ignore]
        if sys.platform == "win32"
        else {"start_new_session": True}
    )
    child = subprocess.Popen(
        [sys.executable, "-m", module], stdin=subprocess.PIPE, stdout=stdout, stderr=stderr, env=_environment(),
        cwd=Path(pipeline.__file__).resolve().parent.parent, bufsize=0, **options,
    )  # fmt: skip
    with suppress(OSError):  # it died at once; who waits for it will see
        told_to(child).write(json.dumps(told).encode() + b"\n")
    return child


def told_to(child: subprocess.Popen[bytes]) -> IO[bytes]:
    assert child.stdin is not None
    return child.stdin


def _environment() -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if k not in _SECRET}
    return {**kept, "OPENBLAS_NUM_THREADS": kept.get("OPENBLAS_NUM_THREADS", "1"), "PYTHONUTF8": "1"}


def told() -> dict[str, Any]:
    """What the parent says this process is for."""
    with open(0, "rb", buffering=0, closefd=False) as stdin:  # byte by byte: no thread may hold a buffer's lock
        line = stdin.readline()
    if not line.endswith(b"\n"):
        os._exit(1)  # the parent has gone already
    found: dict[str, Any] = json.loads(line)
    return found


def own_stdout() -> IO[bytes]:
    """Stdout for our lines alone: what libraries print goes to stderr."""
    sys.stdout.flush()
    ours = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    return ours


def when_parent_goes(then: Callable[[], object]) -> None:
    """Call `then` in a thread of its own as soon as the parent has gone."""

    def follow() -> None:
        with suppress(OSError):
            while os.read(0, 4096):
                pass
        then()

    threading.Thread(target=follow, daemon=True).start()
