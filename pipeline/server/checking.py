"""What has arrived whole is hashed before anything else touches it, and then stored or refused.

Few threads read and hash; one thread keeps: it moves bytes into place, links them, and tells the database of many
files at once, so that two thousand photos are not two thousand transactions. A file is called stored after its bytes
and its name were forced to the disk, never before. Where all this stops half-way, `mend` begins it again.
"""

from __future__ import annotations

import hashlib
import logging
import os
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import select, update
from sqlalchemy.orm import Session as Db

from pipeline.server.database import Database
from pipeline.server.kinds import MISSION_FILE, SNIFFED_BYTES, check_start, kind_of
from pipeline.server.layers.job import layer_stored
from pipeline.server.mission_paths import check_mission
from pipeline.server.names import Refused
from pipeline.server.settings import Settings
from pipeline.server.store import (
    blob_path,
    card_place,
    keep,
    link,
    name_too_long,
    remove,
    seal,
    sync_folders,
    upload_path,
)
from pipeline.server.tables import Blob, File, Layer

log = logging.getLogger(__name__)

READERS = 2
PIECE_BYTES = 1 << 20
KEPT_AT_ONCE = 200
PAUSE_S = 5.0


@dataclass(frozen=True, slots=True)
class Due:
    """A file whose bytes have all arrived, as the database describes it."""

    file_id: str
    upload_id: str
    path: str
    size: int
    declared_sha256: str
    flight_id: str | None
    layer: str | None  # its kind


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of it: a kind, or why it is refused."""

    due: Due
    sha256: str
    kind: str
    reason: str = ""


class Stopping(Exception):
    """The server is being shut down; what was begun begins again at the next start."""


class Checker:
    """Checks uploads one after the other; `check` may be called from anywhere, and twice."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self._settings, self._database = settings, database
        self._arrived: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._looked_at: queue.SimpleQueue[Verdict | None] = queue.SimpleQueue()
        self._pending: set[str] = set()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        works = [*((self._read_all,) * READERS), self._keep_all]
        self._threads = [threading.Thread(target=w, name=f"uploads-{i}", daemon=True) for i, w in enumerate(works)]
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """End soon, in the middle of a long file too."""
        self._stop.set()
        for _ in range(READERS):
            self._arrived.put(None)
        self._looked_at.put(None)
        for thread in self._threads:
            thread.join()

    def check(self, upload_id: str) -> None:
        """Have an upload looked at that is whole."""
        with self._lock:
            if upload_id in self._pending:
                return
            self._pending.add(upload_id)
        self._arrived.put(upload_id)

    def drain(self) -> None:
        """Do what is due in this thread: for tests, and for whoever starts no threads."""
        while not self._arrived.empty():
            upload_id = self._arrived.get()
            if upload_id is not None:
                self._read(upload_id)
        self._keep(list(_all_of(self._looked_at)))

    def _read_all(self) -> None:
        while (upload_id := self._arrived.get()) is not None:
            with self._surviving([upload_id]):
                self._read(upload_id)

    def _read(self, upload_id: str) -> None:
        verdict = None
        with self._database.read() as db:
            due = due_of(db, upload_id)
        if due is not None:
            verdict = look(due, upload_path(self._settings, upload_id), self._stop)
        if verdict is None:
            self._done([upload_id])
        else:
            self._looked_at.put(verdict)

    def _keep_all(self) -> None:
        while (first := self._looked_at.get()) is not None:
            verdicts = [first, *_all_of(self._looked_at)]
            with self._surviving([v.due.upload_id for v in verdicts]):
                self._keep(verdicts)

    def _keep(self, verdicts: list[Verdict]) -> None:
        for i in range(0, len(verdicts), KEPT_AT_ONCE):
            settle(self._settings, self._database, verdicts[i : i + KEPT_AT_ONCE])
        self._done([v.due.upload_id for v in verdicts])

    def _done(self, upload_ids: list[str]) -> None:
        with self._lock:
            self._pending.difference_update(upload_ids)

    @contextmanager
    def _surviving(self, upload_ids: list[str]) -> Iterator[None]:
        """A full disk or a busy database must not end the thread: the same is tried again a little later."""
        try:
            yield
        except Stopping:
            return
        except Exception:
            log.exception("files that have arrived could not be stored; trying again")
            self._done(upload_ids)
            if not self._stop.wait(PAUSE_S):
                for upload_id in upload_ids:
                    self.check(upload_id)


def _all_of(source: queue.SimpleQueue[Verdict | None]) -> Iterator[Verdict]:
    """What is there now; the sign to end is left for the next to find."""
    while True:
        try:
            found = source.get_nowait()
        except queue.Empty:
            return
        if found is None:
            source.put(None)
            return
        yield found


def due_of(db: Db, upload_id: str) -> Due | None:
    """The file that an upload belongs to, if it still waits."""
    asked = select(File.id, File.path, File.size, File.declared_sha256, File.flight_id, Layer.kind)
    asked = asked.outerjoin(Layer, Layer.id == File.layer_id)
    found = db.execute(asked.where(File.upload_id == upload_id, File.state == "waiting")).first()
    if found is None:
        return None
    file_id, path, size, declared, flight_id, layer = found
    return Due(file_id, upload_id, path, size, declared or "", flight_id, layer)


def look(due: Due, upload: Path, stop: threading.Event) -> Verdict | None:
    """Hash an upload, then look at its first bytes; None when it is gone. Raises Stopping."""
    try:
        sha256, start, size = _hash(upload, stop)
    except FileNotFoundError:  # cancelled meanwhile
        return None
    try:
        if size != due.size or sha256 != due.declared_sha256:
            raise Refused("wrong_bytes")
        kind = kind_of(due.path, due.layer)
        check_start(kind, start)
        _check_whole(due, upload)
    except Refused as why:
        return Verdict(due, sha256, "", why.reason)
    return Verdict(due, sha256, kind.name)


def _check_whole(due: Due, upload: Path) -> None:
    if due.layer is None and due.path == MISSION_FILE:
        check_mission(upload)


def _hash(path: Path, stop: threading.Event) -> tuple[str, bytes, int]:
    """(SHA-256, the first bytes, how many there were) of a file that is then forced to the disk."""
    digest, start, size = hashlib.sha256(), b"", 0
    piece = memoryview(bytearray(PIECE_BYTES))
    with path.open("rb+", buffering=0) as file:
        while count := file.readinto(piece):
            digest.update(piece[:count])
            start = start or bytes(piece[: min(count, SNIFFED_BYTES)])
            size += count
            if stop.is_set():
                raise Stopping
        os.fsync(file.fileno())
    return digest.hexdigest(), start, size


def settle(settings: Settings, database: Database, verdicts: list[Verdict]) -> None:
    """Give bytes their places, force those to the disk, then tell the database; uploads are removed when it knows."""
    verdicts = [placed for v in verdicts if (placed := v if v.reason else _put(settings, v)) is not None]
    good = [v for v in verdicts if not v.reason]
    sync_folders({blob_path(settings, v.sha256).parent for v in good} | ({settings.blobs} if good else set()))
    refused = [v for v in verdicts if v.reason]
    with database.write() as db:
        _know(db, good)
        unwanted = [v for v in good if not _tell(db, v)]
        for verdict in refused:
            _set(db, verdict, state="refused", reason=verdict.reason, upload_id=None)
    for verdict in refused + good:
        remove(upload_path(settings, verdict.due.upload_id))
    for digest in {v.sha256 for v in good}:
        seal(settings, digest)
    forget(settings, database, unwanted)


def _put(settings: Settings, verdict: Verdict) -> Verdict | None:
    """The bytes into their places; None when they were taken away meanwhile, refused for a name this disk cannot hold.

    Such a name would otherwise fail at every further try, and all files that arrive with it.
    """
    try:
        keep(settings, upload_path(settings, verdict.due.upload_id), verdict.sha256)
    except FileNotFoundError:
        return None
    if verdict.due.flight_id is not None:
        try:
            link(settings, verdict.sha256, verdict.due.flight_id, verdict.due.path)
        except OSError as why:
            if not name_too_long(why):
                raise
            return replace(verdict, reason="name_long")
    return verdict


def _know(db: Db, verdicts: list[Verdict]) -> None:
    """A row for all bytes that had none."""
    found = {v.sha256: v for v in verdicts}
    known = set(db.scalars(select(Blob.sha256).where(Blob.sha256.in_(found))))
    db.add_all(Blob(sha256=d, size=v.due.size, kind=v.kind) for d, v in found.items() if d not in known)
    db.flush()


def _tell(db: Db, verdict: Verdict) -> bool:
    """A file is stored; False when nobody wants it any more."""
    stored = _set(db, verdict, state="stored", sha256=verdict.sha256)
    if stored and verdict.due.layer is not None:
        layer_stored(db, db.get_one(File, verdict.due.file_id))
    return stored


def _set(db: Db, verdict: Verdict, **values: str | None) -> bool:
    due = verdict.due
    changed = update(File).where(File.id == due.file_id, File.upload_id == due.upload_id, File.state == "waiting")
    return bool(db.execute(changed.values(**values).returning(File.id)).first())


def forget(settings: Settings, database: Database, verdicts: list[Verdict]) -> None:
    """Take away the names of files that were cancelled while they were stored, and bytes that nobody has then."""
    with database.read() as db:
        named = [v for v in verdicts if v.due.flight_id is not None and not _has_name(db, v.due)]
    for verdict in named:
        remove(card_place(settings, verdict.due.flight_id or "", verdict.due.path))
    drop_blobs(settings, database, {v.sha256 for v in verdicts})


def _has_name(db: Db, due: Due) -> bool:
    asked = select(File.id).where(File.flight_id == due.flight_id, File.path == due.path, File.state == "stored")
    return db.scalar(asked) is not None


def drop_blobs(settings: Settings, database: Database, digests: set[str]) -> None:
    """Remove blobs that no file refers to. First the row, then the bytes: `mend` knows what to do with those."""
    gone = []
    with database.write() as db:
        for digest in digests:
            blob = db.get(Blob, digest)
            if blob is not None and db.scalar(select(File.id).where(File.sha256 == digest).limit(1)) is None:
                db.delete(blob)
                gone.append(digest)
    for digest in gone:
        remove(blob_path(settings, digest))
