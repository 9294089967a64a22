"""Files to hand over are made in a process of their own, a few at a time, in a folder that goes when they are sent.

A page of pictures takes much memory for a moment; the server gives it back with the process.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from pipeline import errors
from pipeline.errors import PipelineError
from pipeline.server import parent
from pipeline.server.problems import Problem
from pipeline.server.settings import Settings

AT_ONCE = 2
PATIENCE_S = 60.0  # for another export to end
LONGEST_S = 600.0
STALE_S = 3600.0  # after which a folder that a killed server left is removed
PREFIX = "export-"
SENTENCE_BYTES = 8192
_free = threading.BoundedSemaphore(AT_ONCE)


@dataclass(frozen=True, slots=True)
class Order:
    """What is wanted of a run: `what` is a file's name, as the routes have it."""

    run: str
    what: str
    rejected: bool = False
    hits: Sequence[str] | None = None
    lang: str = "zh"
    tz: str = "Asia/Shanghai"


def make(settings: Settings, order: Order) -> Path:
    """The file, alone in a folder that the caller removes (`remove`).

    Raises Problem 503 "busy" when others keep the places for too long, and whatever the making raised.
    """
    if not _free.acquire(timeout=PATIENCE_S):
        raise Problem(503, "busy", "the server is busy with other exports; try again in a moment")
    try:
        _sweep(settings.cache)
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=settings.cache))
        try:
            return _made(order, folder / order.what)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
    finally:
        _free.release()


def remove(made: Path) -> None:
    """Remove a file of `make` and its folder."""
    shutil.rmtree(made.parent, ignore_errors=True)


def _made(order: Order, out: Path) -> Path:
    told = {**asdict(order), "run": str(Path(order.run).resolve()), "out": str(out.resolve())}
    child = parent.start("pipeline.server.export_task", told, stdout=subprocess.PIPE)
    try:
        said, _ = _heard(child)
    finally:
        child.kill()
        child.wait()
        parent.told_to(child).close()
    if child.returncode != 0:
        raise _error(said)
    return out


def _heard(child: subprocess.Popen[bytes]) -> tuple[bytes, int]:
    """What it says until its end; its stdin stays open, for it would take the pipe's end for ours."""
    timer = threading.Timer(LONGEST_S, child.kill)
    timer.start()
    try:
        assert child.stdout is not None
        with child.stdout as stdout:
            return stdout.read(SENTENCE_BYTES), child.wait()
    finally:
        timer.cancel()


def _error(said: bytes) -> PipelineError:
    """The error that the child told of, by its name."""
    try:
        told = json.loads(said)
        kind, message = getattr(errors, told["kind"]), str(told["message"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return errors.OutputError("the file could not be made")
    return kind(message) if issubclass(kind, PipelineError) else errors.OutputError(message)


def _sweep(cache: Path) -> None:
    """Remove what a killed server left behind."""
    for left in cache.glob(PREFIX + "*"):
        if time.time() - left.stat().st_mtime > STALE_S:
            shutil.rmtree(left, ignore_errors=True)
