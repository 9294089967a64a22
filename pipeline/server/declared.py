"""What a browser says that it will send: looked at before a byte comes, so that the wrong is refused at once.

What the organisation has already is stored at once, without bytes. Only its own files count for that: otherwise an
answer would tell whether another organisation has these bytes.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session as Db

from pipeline.server.access import Who
from pipeline.server.kinds import Kind, check_size, kind_of
from pipeline.server.names import Refused, Taken, card_name, shown
from pipeline.server.settings import Settings
from pipeline.server.tables import Blob, File, Layer, now

MOST_FILES = 50_000  # of a flight
_ASKED_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Declared:
    """A file as the browser describes it."""

    path: str
    size: int
    sha256: str


def new_upload_id() -> str:
    return secrets.token_hex(16)


class Declaring:
    """One call's files of one flight, against what the flight and its organisation have. Touches no disk.

    `files` answers in the order asked. One that is here already is "waiting" with its `sha256` set: the caller links
    it outside of the transaction, and then it is stored.
    """

    def __init__(self, db: Db, settings: Settings, who: Who, flight_id: str, files: Sequence[Declared]) -> None:
        self._db, self._settings, self._who, self._flight_id = db, settings, who, flight_id
        self._rows = {f.path: f for f in db.scalars(select(File).where(File.flight_id == flight_id))}
        self._taken = Taken([f.path for f in self._rows.values() if f.state != "refused"])
        self._owned = kinds_owned(db, who.organisation_id, {f.sha256 for f in files})
        self.dropped: list[str] = []  # uploads that nobody will go on with
        self.files = [self._one(f) for f in files]

    def _one(self, told: Declared) -> File:
        path = shown(told.path)
        try:
            path = card_name(told.path)
            row = self._rows.get(path)
            if row is not None and row.state != "refused" and _same(row, told):
                return row
            kind = kind_of(path)
            check_size(kind, told.size, self._settings.max_file_bytes)
            self._taken.check(path)
        except Refused as why:
            return self._refused(path, told, why.code)
        if row is not None and row.state == "stored":
            return _unkept(path, told, "other_stored")
        return self._due(path, told, is_here(self._owned, told, kind))

    def _due(self, path: str, told: Declared, here: bool) -> File:
        """A file that is to come, or is here already; an older declaration of its name gives way."""
        row = self._row(path, told)
        if row is None:
            return _unkept(path, told, "too_many_files")
        row.state, row.reason = "waiting", ""
        row.sha256, row.upload_id = (told.sha256, None) if here else (None, new_upload_id())
        self._taken.add(path)
        return row

    def _refused(self, path: str, told: Declared, code: str) -> File:
        kept = self._rows.get(path)
        row = None if kept is not None and kept.state == "stored" else self._row(path, told)
        if row is None:
            return _unkept(path, told, code)
        row.state, row.reason, row.sha256, row.upload_id = "refused", code, None, None
        return row

    def _row(self, path: str, told: Declared) -> File | None:
        """The row for this name, told anew; None when the flight has as many as it may."""
        row = self._rows.get(path)
        if row is None:
            if len(self._rows) >= MOST_FILES:
                return None
            row = self._rows[path] = File(organisation_id=self._who.organisation_id, flight_id=self._flight_id)
            self._db.add(row)
        elif row.upload_id:
            self.dropped.append(row.upload_id)
        row.path, row.size, row.declared_sha256 = path, _bounded(told.size), told.sha256
        row.created_by, row.created_at = self._who.user_id, now()
        return row


def declare_layer_file(db: Db, settings: Settings, who: Who, layer: Layer, told: Declared) -> File:
    """The one file of a new layer, to be sent by tus; raises Refused for a file that could never become one.

    The layer has been added to `db`. When the organisation has these bytes already, the file waits with its `sha256`
    set: hand it to `mending.link_known` after the transaction.
    """
    kind = kind_of(card_name(told.path), layer.kind)
    check_size(kind, told.size, settings.max_file_bytes)
    here = is_here(kinds_owned(db, who.organisation_id, {told.sha256}), told, kind)
    file = File(organisation_id=who.organisation_id, layer_id=layer.id, created_by=who.user_id, state="waiting")
    file.path, file.size, file.declared_sha256, file.reason = card_name(told.path), told.size, told.sha256, ""
    file.sha256, file.upload_id = (told.sha256, None) if here else (None, new_upload_id())
    db.add(file)
    return file


def _same(row: File, told: Declared) -> bool:
    return (row.size, row.declared_sha256) == (told.size, told.sha256)


def _unkept(path: str, told: Declared, code: str) -> File:
    """An answer without a row: what stands under this name already is not touched."""
    return File(path=path, size=_bounded(told.size), declared_sha256=told.sha256, state="refused", reason=code)


def kinds_owned(db: Db, organisation_id: str, digests: set[str]) -> dict[tuple[str, int], str]:
    """(digest, size) -> the kind of those bytes that this organisation has stored itself."""
    found: dict[tuple[str, int], str] = {}
    for some in _pieces(sorted(digests)):
        asked = select(Blob.sha256, Blob.size, Blob.kind).join(File, File.sha256 == Blob.sha256)
        asked = asked.where(File.organisation_id == organisation_id, File.state == "stored", Blob.sha256.in_(some))
        found.update({(digest, size): kind for digest, size, kind in db.execute(asked.distinct())})
    return found


def is_here(owned: dict[tuple[str, int], str], told: Declared, kind: Kind) -> bool:
    """Whether these bytes are stored as this kind; as another, they are sent and looked at again."""
    return owned.get((told.sha256, told.size)) == kind.name


def _pieces(digests: list[str]) -> Iterator[list[str]]:
    for i in range(0, len(digests), _ASKED_AT_ONCE):
        yield digests[i : i + _ASKED_AT_ONCE]


def _bounded(size: int) -> int:
    return max(0, min(size, 2**62))
