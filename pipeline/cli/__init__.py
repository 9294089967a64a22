"""The command line: each command parses, calls one verb and shows what came of it."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Entry point. A PipelineError, and a disk or stream that refuses, become one sentence on stderr and exit code 1.

    Anything else is a bug, and shows its traceback.
    """
    _use_one_blas_thread()
    from pipeline.cli.app import app
    from pipeline.cli.show import complain
    from pipeline.errors import PipelineError

    _speak_utf8()
    try:
        app()
    except PipelineError as why:
        complain(str(why))
        sys.exit(1)
    except OSError as why:
        complain(f"{why.filename or 'output'}: {why.strerror or why}")
        sys.exit(1)


def _use_one_blas_thread() -> None:
    """Before NumPy is loaded; worker processes inherit it.

    OpenBLAS's threads spin while they wait for each other: where the cores have other work, our other processes
    among it, that costs a frame's search ten times its time. What the user has set holds.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def _speak_utf8() -> None:
    """A Windows console or a pipe may not speak UTF-8, a stream may be closed: neither must end the program."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 (lives as long as we do)
        elif hasattr(stream := getattr(sys, name), "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")


__all__ = ["main"]
