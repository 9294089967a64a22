"""A task's process as its worker sees it: what it says, and its end."""

from __future__ import annotations

import json
import queue
import subprocess
import threading
from typing import IO, Any

from pipeline.server import parent

MAX_LINE_BYTES = 1 << 20
MAX_WAITING = 10_000  # lines that nobody has heard yet; a task that talks more waits
LAST_WORDS_BYTES = 8192
GONE_S = 15.0  # for the processes of a killed task to go with it


class Child:
    """`python -m pipeline.server.task` with an order; its pool processes go with it."""

    def __init__(self, order: dict[str, Any]) -> None:
        pipe = subprocess.PIPE
        self._process = parent.start("pipeline.server.task", order, stdout=pipe, stderr=pipe)
        self._lines: queue.Queue[dict[str, Any] | None] = queue.Queue(MAX_WAITING)
        self._last = b""
        assert self._process.stdout is not None and self._process.stderr is not None
        self._readers = (
            threading.Thread(target=self._hear, args=(self._process.stdout,), daemon=True),
            threading.Thread(target=self._overhear, args=(self._process.stderr,), daemon=True),
        )
        for reader in self._readers:
            reader.start()

    def _hear(self, stdout: IO[bytes]) -> None:
        with stdout, open(stdout.fileno(), "rb", closefd=False) as lines:
            while line := lines.readline(MAX_LINE_BYTES):
                try:
                    self._lines.put(json.loads(line))
                except ValueError:
                    break
        self._lines.put(None)

    def _overhear(self, stderr: IO[bytes]) -> None:
        """What libraries print; also pool processes hold this pipe, so that its end is the end of all of them."""
        with stderr:
            while piece := stderr.read(4096):
                self._last = (self._last + piece)[-LAST_WORDS_BYTES:]

    def next(self, wait_s: float) -> dict[str, Any] | None:
        """The next line, {} when none comes within `wait_s`, None when there will be no more."""
        try:
            return self._lines.get(timeout=wait_s)
        except queue.Empty:
            return {}

    def end(self) -> bool:
        """Kill it where it still runs, and wait until all its processes have gone; whether they have."""
        self._process.kill()
        self._process.wait()
        parent.told_to(self._process).close()
        while self._readers[0].is_alive():  # it may wait for room in the queue
            self.next(0.01)
        self._readers[1].join(GONE_S)
        return not self._readers[1].is_alive()

    def last_words(self) -> str:
        """How it ended, and the end of what it printed; only after `end`."""
        printed = self._last.decode("utf-8", "replace").strip()
        return f"exit status {self._process.returncode}" + (f"\n{printed}" if printed else "")
