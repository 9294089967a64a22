"""Uploads on their way: the storage under the tus library.

There is no second book of how far an upload is: the length of its file on the disk is the offset, whatever a killed
process still meant to write down. What else the protocol asks for stands in the file's row.

Bytes are written in threads of their own, in pieces as the network brings them; the event loop never waits for a disk.
Nothing is forced to the disk while bytes arrive: that happens once, before a file is called stored. A killed server
loses nothing that was written; after a power cut the digest tells, and such a file is sent again.
"""

from __future__ import annotations

import asyncio
import errno
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any, TypeVar

from fastapi import HTTPException
from sqlalchemy import select
from tuspyserver.storage import TusStorage

from pipeline.server.checking import Checker
from pipeline.server.database import Database
from pipeline.server.mending import KEPT_DAYS, mend
from pipeline.server.settings import Settings
from pipeline.server.store import received, remove, upload_path
from pipeline.server.tables import File
from pipeline.server.turns import Turns

PIECE_BYTES = 64 * 1024  # slow networks bring less at once, fast ones up to four times that
THREADS = 2
REMEMBERED = 1_000

T = TypeVar("T")
_SEEN: ContextVar[dict[str, Any] | None] = ContextVar("seen", default=None)  # by this request, of its upload


@dataclass(frozen=True, slots=True)
class Facts:
    """What never changes of an upload: a file declared anew gets another one."""

    file_id: str
    path: str
    size: int
    created_at: datetime


class Uploads(TusStorage):
    """Files under settings.uploads, named by their upload's id; ids have been checked before they come here."""

    def __init__(self, settings: Settings, database: Database, checker: Checker) -> None:
        self.checker, self.turns = checker, Turns()
        self._settings, self._database = settings, database
        self._threads = ThreadPoolExecutor(THREADS, "uploads")
        self._unwritten: dict[str, bytearray] = {}
        self._facts: OrderedDict[str, Facts] = OrderedDict()

    def start(self) -> None:
        """Put in order what a process left that died, then check what arrives."""
        mend(self._settings, self._database, self.checker)
        self.checker.start()

    def close(self) -> None:
        self.checker.close()
        self._threads.shutdown(wait=True, cancel_futures=True)

    async def apart(self, work: Callable[..., T], *given: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *given)

    def _path(self, uid: str) -> Path:
        return upload_path(self._settings, uid)

    def location(self, uid: str) -> str:
        return str(self._path(uid))

    async def create(self, uid: str) -> None:
        await self.apart(_create, self._path(uid))

    async def exists(self, uid: str) -> bool:
        """Looks, and keeps what it saw for the questions that the library asks next in the same breath."""
        _SEEN.set(await self.apart(self._look, uid))
        return _SEEN.get() is not None

    async def size(self, uid: str) -> int:
        seen = _SEEN.get()
        return seen["offset"] if seen else 0

    def _arrived(self, uid: str) -> int | None:
        """Bytes on the disk; of a file that is stored meanwhile, all: its last answer may have been lost."""
        size = received(self._settings, uid)
        if size is not None:
            return size
        with self._database.read() as db:
            return db.scalar(select(File.size).where(File.upload_id == uid, File.state == "stored"))

    async def append(self, uid: str, chunk: bytes) -> None:
        unwritten = self._unwritten.get(uid)
        if unwritten is None and len(chunk) >= PIECE_BYTES:
            await self.apart(_append, self._path(uid), chunk)
            return
        self._unwritten[uid] = unwritten = unwritten or bytearray()
        unwritten += chunk
        if len(unwritten) >= PIECE_BYTES:
            await self.flush(uid)

    async def flush(self, uid: str) -> None:
        unwritten = self._unwritten.pop(uid, None)
        if unwritten:
            await self.apart(_append, self._path(uid), unwritten)

    async def finalize(self, uid: str) -> None:
        self.checker.check(uid)

    async def read(self, uid: str) -> bytes | None:
        raise NotImplementedError("uploads are not read through the protocol")

    async def delete(self, uid: str) -> None:
        await self.apart(remove, self._path(uid))

    async def read_info(self, uid: str) -> dict[str, Any] | None:
        """What `exists` has just seen; asked again under the lock, it looks again."""
        seen = _SEEN.get()
        if seen is None or seen.pop("told", False):
            seen = await self.apart(self._look, uid)
            _SEEN.set(seen)
        if seen is None:
            return None
        seen["told"] = True
        return {key: value for key, value in seen.items() if key != "told"}

    def _look(self, uid: str) -> dict[str, Any] | None:
        facts, offset = self._facts_of(uid), self._arrived(uid)
        if facts is None or offset is None:
            return None
        return {
            "metadata": {"file": facts.file_id, "filename": facts.path, "filetype": "application/octet-stream"},
            "size": facts.size,
            "offset": offset,
            "created_at": facts.created_at.isoformat(),
            "expires": format_datetime(self._expires(uid), usegmt=True),
        }

    def _expires(self, uid: str) -> datetime:
        """Counted from the last byte: who comes back each week may take a year."""
        try:
            since = datetime.fromtimestamp(self._path(uid).stat().st_mtime, UTC)
        except OSError:
            since = datetime.now(UTC)
        return since + timedelta(days=KEPT_DAYS)

    def _facts_of(self, uid: str) -> Facts | None:
        facts = self._facts.get(uid)
        if facts is None:
            with self._database.read() as db:
                file = db.scalar(select(File).where(File.upload_id == uid))
            if file is None:
                return None
            facts = self._facts[uid] = Facts(file.id, file.path, file.size, file.created_at)
            while len(self._facts) > REMEMBERED:
                self._facts.popitem(last=False)
        return facts

    async def write_info(self, uid: str, data: dict[str, Any]) -> None:
        """Nothing to write: all of it is known from the row and the disk."""

    async def list_uids(self) -> list[str]:
        return await self.apart(lambda: [path.name for path in self._settings.uploads.iterdir()])

    @asynccontextmanager
    async def lock(self, uid: str) -> AsyncIterator[None]:  # type: ignore[override]
        """One writer at a time; one that has fallen silent gives way (`Turns`)."""
        async with self.turns.taken(uid):
            try:
                yield
            finally:
                self._unwritten.pop(uid, None)


def _create(path: Path) -> None:
    try:
        path.touch()
    except OSError as why:
        raise _answer_to(why) from why


def _append(path: Path, data: bytes | bytearray) -> None:
    """Write at the end of a file that is there; what fits of it stays, and its length says how much that was."""
    try:
        with path.open("rb+", buffering=0) as file:
            file.seek(0, 2)
            rest = memoryview(data)
            while rest:
                rest = rest[file.write(rest) :]
    except OSError as why:
        raise _answer_to(why) from why


def _answer_to(why: OSError) -> HTTPException:
    if isinstance(why, FileNotFoundError):
        return HTTPException(404, "this upload was cancelled")
    if why.errno in (errno.ENOSPC, errno.EDQUOT):
        return HTTPException(507, "the server's disk is full; free some space, and the upload goes on where it stopped")
    return HTTPException(507, f"the server cannot write to its data folder ({why.strerror})")
