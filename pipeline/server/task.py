"""`python -m pipeline.server.task`: one piece of work in a process of its own, started by a worker.

It reads strangers' files, so it knows no database and no password; a crash in it, or its killing, takes nothing else
along. It hears on stdin what to do, says on stdout in JSON lines how far it is, and goes when its worker goes:

    {"tell": [stage, done, total]}      {"log": line}
    {"done": {…}}      {"failed": sentence, "code": word}      {"died": sentence}      the last line is one of these
"""

from __future__ import annotations

import json
import os
import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool
from importlib import import_module
from typing import IO, Any

from pipeline.errors import PipelineError
from pipeline.server.parent import own_stdout, told, when_parent_goes

TASKS = {"search": "pipeline.server.search:search", "layer": "pipeline.server.layers.prepare:prepare"}
APART_S = 0.25  # between two words on progress


class Teller:
    """What the worker hears."""

    def __init__(self, out: IO[bytes]) -> None:
        self._out, self._lock = out, threading.Lock()
        self._stage, self._next = "", 0.0

    def say(self, **line: Any) -> None:
        with self._lock:
            self._out.write(json.dumps(line, ensure_ascii=True).encode() + b"\n")

    def log(self, sentence: str) -> None:
        self.say(log=sentence)

    def tell(self, stage: str, done: int, total: int) -> None:
        """A few words a second at most; a stage's first and last are always said."""
        at = time.monotonic()
        if stage != self._stage or done >= total or at >= self._next:
            self._stage, self._next = stage, at + APART_S
            self.say(tell=[stage, done, total])


def main() -> None:
    """Do what stdin says."""
    teller = Teller(own_stdout())
    order = told()
    when_parent_goes(lambda: os._exit(1))
    try:
        module, _, name = TASKS[order.pop("task")].partition(":")
        work: Callable[..., dict[str, Any]] = getattr(import_module(module), name)
        teller.say(done=work(teller, **order))
    except PipelineError as why:
        if isinstance(why.__cause__, BrokenProcessPool):
            teller.say(died=str(why))
        else:
            teller.say(failed=str(why), code=type(why).__name__)
    except Exception as why:
        teller.log(traceback.format_exc())
        teller.say(died=f"{type(why).__name__}: {why}")


if __name__ == "__main__":
    main()
