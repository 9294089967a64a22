"""What happens to a run, told to everybody who watches it: one look at it every half second, however many they are."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.exc import SQLAlchemyError
from sse_starlette import ServerSentEvent

from pipeline.server.database import Database
from pipeline.server.jobs import ENDED
from pipeline.server.run_shown import RunShown, shown
from pipeline.server.runs import run_folder
from pipeline.server.settings import Settings
from pipeline.server.tables import Job

LOOK_S = 0.5
PIECE_BYTES = 256 * 1024  # of a file, in one go
BREAKS = {ord(c): f"\\u{ord(c):04x}" for c in "\x85\u2028\u2029"}  # line ends to some, in JSON as good as escaped
LONGEST_S = 600.0  # a browser then asks again, and who it is is looked at again


@dataclass(frozen=True)
class Seen:
    """A run at one look: how it stands, and how long its files are."""

    run: RunShown
    findings_bytes: int
    log_bytes: int

    @property
    def ended(self) -> bool:
        return self.run.state in ENDED


class Feeds:
    """The runs that are being watched."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self._settings, self._database = settings, database
        self._threads = ThreadPoolExecutor(2, "events")
        self._feeds: dict[str, _Feed] = {}

    async def listen(self, run_id: str, after: int) -> AsyncIterator[ServerSentEvent]:
        """Events of a run until it ends; findings from the line after `after`."""
        feed = self._feeds.get(run_id) or _Feed(self._settings, self._database, self._threads, run_id)
        self._feeds[run_id] = feed
        feed.listeners += 1
        try:
            async for event in _events(feed, after):
                yield event
        finally:
            feed.listeners -= 1
            if not feed.listeners:
                feed.stop()
                self._feeds.pop(run_id, None)


class _Feed:
    """Looks at one run while anybody listens."""

    def __init__(self, settings: Settings, database: Database, threads: ThreadPoolExecutor, run_id: str) -> None:
        self._database, self._threads, self._run_id = database, threads, run_id
        self.folder = run_folder(settings, run_id)
        self.listeners = 0
        self.seen: Seen | None = None
        self.changed = asyncio.Event()  # set once: the next change has an event of its own
        self._task = asyncio.create_task(self._watch())

    def stop(self) -> None:
        self._task.cancel()

    async def _watch(self) -> None:
        while self.seen is None or not self.seen.ended:
            seen = await self.apart(self._look)
            if seen is not None and seen != self.seen:
                self.seen = seen
                self.changed.set()
                self.changed = asyncio.Event()
            await asyncio.sleep(LOOK_S)

    def _look(self) -> Seen | None:
        """The row first: what a run wrote before its state changed is then seen with that state."""
        try:
            with self._database.read() as db:
                job = db.get(Job, self._run_id)
                run = shown(db, [job])[0] if job is not None else None
        except SQLAlchemyError:  # it may be back at the next look
            return None
        return None if run is None else Seen(run, _size(findings_path(self.folder)), _size(self.folder / "log.txt"))

    async def apart(self, work: Any, *given: Any) -> Any:
        """Files and the database are looked at in threads of our own, never on the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *given)


async def _events(feed: _Feed, after: int) -> AsyncIterator[ServerSentEvent]:
    findings, log, told = Tail(after), Tail(0), None
    until = time.monotonic() + LONGEST_S
    while time.monotonic() < until:
        changed, seen = feed.changed, feed.seen
        if seen is not None:
            async for n, line in _news(feed, findings, findings_path(feed.folder)):
                yield ServerSentEvent(line.translate(BREAKS), event="finding", id=str(n))
            async for n, line in _news(feed, log, feed.folder / "log.txt"):
                yield ServerSentEvent(json.dumps({"n": n, "line": line}, ensure_ascii=False), event="log")
            if seen.run != told:
                told = seen.run
                yield ServerSentEvent(told.model_dump_json(), event="progress")
            if seen.ended:
                return
        with suppress(TimeoutError):
            await asyncio.wait_for(changed.wait(), until - time.monotonic())


async def _news(feed: _Feed, tail: Tail, path: Path) -> AsyncIterator[tuple[int, str]]:
    while lines := await feed.apart(tail.more, path):
        for line in lines:
            yield line


def findings_path(folder: Path) -> Path:
    """First findings of a run, which is renamed when it is whole."""
    growing = folder / "run.partial" / "hits.partial.jsonl"
    return growing if growing.exists() else folder / "run" / "hits.partial.jsonl"


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


class Tail:
    """Where somebody is in a file of lines that grows; the first `skip` lines are known already."""

    def __init__(self, skip: int) -> None:
        self._at_bytes, self._n, self._skip = 0, 0, skip

    def more(self, path: Path) -> list[tuple[int, str]]:
        """Whole lines that have come since, with their numbers from 1; at most PIECE_BYTES of them."""
        try:
            with path.open("rb") as file:
                if file.seek(0, 2) < self._at_bytes:  # it was begun anew
                    self._at_bytes, self._n, self._skip = 0, 0, 0
                file.seek(self._at_bytes)
                piece = file.read(PIECE_BYTES)
        except OSError:
            return []
        whole = piece if len(piece) == PIECE_BYTES and b"\n" not in piece else piece[: piece.rfind(b"\n") + 1]
        self._at_bytes += len(whole)
        texts = whole.decode("utf-8", "replace").removesuffix("\n").split("\n") if whole else []
        lines = list(enumerate(texts, self._n + 1))
        self._n += len(lines)
        return [(n, line) for n, line in lines if n > self._skip]
