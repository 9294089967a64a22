"""The command line: each command parses, calls one verb and shows what came of it."""

from __future__ import annotations

import sys


def main() -> None:
    """Entry point: a PipelineError becomes one sentence on stderr and exit code 1; anything else is a bug."""
    from pipeline.cli.app import app
    from pipeline.cli.show import complain
    from pipeline.errors import PipelineError

    for stream in (sys.stdout, sys.stderr):
        # A Windows console or a pipe may not speak UTF-8; a file name must not end the program.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    try:
        app()
    except PipelineError as why:
        complain(str(why))
        sys.exit(1)


__all__ = ["main"]
