"""What a process left that died at any moment, put in order before the server answers again.

Bytes that arrived are never thrown away for it: an upload goes on where its file ends, one that is whole is checked
again, and bytes that were already moved are taken back for that.
"""

from __future__ import annotations

import logging
import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import select, update

from pipeline.server.checking import Checker
from pipeline.server.database import Database
from pipeline.server.declared import new_upload_id
from pipeline.server.layers.job import layer_stored
from pipeline.server.settings import Settings
from pipeline.server.store import blob_path, card_place, link, remove, seal, upload_path
from pipeline.server.tables import Blob, File

log = logging.getLogger(__name__)

KEPT_DAYS = 60  # since the last byte of an unfinished upload


def mend(settings: Settings, database: Database, checker: Checker) -> None:
    """All of it, in an order in which each step may rely on those before."""
    _blobs_without_row(settings, database)
    _rows_without_blob(settings, database)
    link_known(settings, database)
    _cards(settings, database)
    sweep(settings, database)
    _check_again(settings, database, checker)


def _blobs(settings: Settings) -> Iterator[tuple[str, Path]]:
    for folder in sorted(settings.blobs.iterdir()):
        if folder.is_dir():
            yield from ((folder.name + path.name, path) for path in folder.iterdir())


def _blobs_without_row(settings: Settings, database: Database) -> None:
    """Bytes moved into place whose row was never written: their upload again, or nobody's."""
    with database.read() as db:
        known = set(db.scalars(select(Blob.sha256)))
        waiting = select(File.declared_sha256, File.upload_id).where(File.state == "waiting")
        due = {digest: upload_id for digest, upload_id in db.execute(waiting) if upload_id}
    for digest, path in _blobs(settings):
        if digest in known:
            continue
        upload_id = due.get(digest)
        if upload_id and not upload_path(settings, upload_id).exists():
            os.replace(path, upload_path(settings, upload_id))
            log.warning("the bytes of an upload that was being stored are checked again: %s", digest)
        else:
            remove(path)


def _rows_without_blob(settings: Settings, database: Database) -> None:
    """Bytes that somebody took from the data folder, or cut: they have to be sent again."""
    with database.read() as db:
        lost = [b.sha256 for b in db.scalars(select(Blob)) if _size(blob_path(settings, b.sha256)) != b.size]
    for digest in lost:
        log.error("stored bytes are gone from the data folder and have to be sent again: %s", digest)
        with database.write() as db:
            for file in db.scalars(select(File).where(File.sha256 == digest)):
                file.state, file.sha256, file.upload_id = "waiting", None, new_upload_id()
            db.flush()
            db.delete(db.get_one(Blob, digest))
        remove(blob_path(settings, digest))
    for digest, path in _blobs(settings):
        if path.stat().st_mode & stat.S_IWRITE:
            seal(settings, digest)


def link_known(settings: Settings, database: Database, only: list[File] | None = None) -> None:
    """Files that wait with their digest set are stored already for another: they get their name, and are stored."""
    if only is None:
        with database.read() as db:
            only = list(db.scalars(select(File).where(File.state == "waiting", File.sha256.is_not(None))))
    for file in only:
        if file.sha256 and file.flight_id:
            link(settings, file.sha256, file.flight_id, file.path)
    with database.write() as db:
        for file in only:
            mine = update(File).where(File.id == file.id, File.sha256 == file.sha256, File.state == "waiting")
            stored = db.execute(mine.values(state="stored").returning(File.layer_id)).first()
            if stored is not None and stored[0] is not None:
                layer_stored(db, db.get_one(File, file.id))


def _cards(settings: Settings, database: Database) -> None:
    """Each stored file under its name, and nothing else."""
    with database.read() as db:
        stored = select(File.flight_id, File.path, File.sha256).where(File.state == "stored")
        rows = [(str(flight), path, str(digest)) for flight, path, digest in db.execute(stored) if flight]
    named = {card_place(settings, flight, path): (digest, flight, path) for flight, path, digest in rows}
    for folder, _, names in os.walk(settings.cards):
        for name in names:
            if Path(folder, name) not in named:
                remove(Path(folder, name))
    for place, (digest, flight_id, path) in named.items():
        if _size(place) != _size(blob_path(settings, digest)):
            link(settings, digest, flight_id, path)


def sweep(settings: Settings, database: Database) -> None:
    """Remove unfinished uploads that nobody waits for, or has gone on with for long."""
    paths = list(settings.uploads.iterdir())  # before the rows: a row is there before its first byte
    with database.read() as db:
        due = set(db.scalars(select(File.upload_id).where(File.state == "waiting")))
    oldest = time.time() - KEPT_DAYS * 86_400
    for path in paths:
        if path.is_file() and (path.name not in due or path.stat().st_mtime < oldest):
            remove(path)


def _check_again(settings: Settings, database: Database, checker: Checker) -> None:
    with database.read() as db:
        waiting = list(db.execute(select(File.upload_id, File.size).where(File.state == "waiting")))
    for upload_id, size in waiting:
        if upload_id and (_size(upload_path(settings, upload_id)) or 0) >= size:
            checker.check(upload_id)


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None
