"""Where original bytes lie: once each, under their SHA-256, read-only, and under their names in the card of a flight.

    uploads/UID        on their way; its length is the truth about how much has arrived
    blobs/ab/REST      whole: hashed, forced to the disk, renamed, never written to again
    cards/FLIGHT/PATH  a hard link to the blob, or a copy where the file system knows no links

The database is written last. `mend` puts a data folder in order again after a process died between two of these.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from pipeline.server.settings import Settings

READ_ONLY = stat.S_IREAD | stat.S_IRGRP | stat.S_IROTH
_WINDOWS_TOO_LONG = (3, 206)  # a path "not found" whose folders were just made, or said to be too long
RESERVE_BYTES = 512 * 1024 * 1024  # left free for the database, for logs and for what a search writes


def upload_path(settings: Settings, upload_id: str) -> Path:
    return settings.uploads / upload_id


def blob_path(settings: Settings, sha256: str) -> Path:
    """Where the bytes with this digest lie, if they do."""
    return settings.blobs / sha256[:2] / sha256[2:]


def received(settings: Settings, upload_id: str) -> int | None:
    """How many bytes of an upload have arrived; None: it has not begun."""
    try:
        return upload_path(settings, upload_id).stat().st_size
    except OSError:
        return None


def room_for(settings: Settings, size: int) -> bool:
    """Whether so many more bytes fit, with something to spare."""
    return shutil.disk_usage(settings.uploads).free - size >= RESERVE_BYTES


def keep(settings: Settings, upload: Path, sha256: str) -> None:
    """Give an upload, already hashed and forced to the disk, its place among the blobs, if those have it not yet.

    The upload stays beside it until the database knows. Only one thread may keep at a time. Raises FileNotFoundError
    when the upload was taken away meanwhile.
    """
    blob = blob_path(settings, sha256)
    if blob.exists():
        return
    blob.parent.mkdir(exist_ok=True)
    try:
        os.link(upload, blob)
    except FileNotFoundError:
        raise
    except OSError:  # no hard links here
        os.rename(upload, blob)


def seal(settings: Settings, sha256: str) -> None:
    """From now on these bytes are only read."""
    blob_path(settings, sha256).chmod(READ_ONLY)


def link(settings: Settings, sha256: str, flight_id: str, path: str) -> None:
    """Put a blob into a flight's card under its name; something else that lies there, known to no row, gives way."""
    blob, place = blob_path(settings, sha256), card_place(settings, flight_id, path)
    if place.exists():
        if place.samefile(blob):
            return
        remove(place)
    place.parent.mkdir(parents=True, exist_ok=True)
    _link_or_copy(blob, place)


def name_too_long(why: OSError) -> bool:
    """Whether a file could not be made for its name alone: encrypted folders take less than names.PART_BYTES, and
    Windows counts the whole path."""
    return why.errno == errno.ENAMETOOLONG or getattr(why, "winerror", None) in _WINDOWS_TOO_LONG


def card_place(settings: Settings, flight_id: str, path: str) -> Path:
    """Where a file of a card lies; raises ValueError for a path that leaves the card."""
    card = settings.cards / flight_id
    place = card / path
    if not place.is_relative_to(card) or ".." in place.parts:
        raise ValueError(f"{path!r} leaves the card")
    return place


def _link_or_copy(blob: Path, place: Path) -> None:
    try:
        os.link(blob, place)
    except OSError:  # no hard links here, or too many of this one
        aside = place.with_name(f".{place.name}.aside")
        remove(aside)
        shutil.copyfile(blob, aside)
        sync_file(aside)
        aside.chmod(READ_ONLY)
        os.replace(aside, place)


def remove(path: Path) -> None:
    """Remove a file, read-only or not; none is fine too."""
    with suppress(FileNotFoundError):
        if os.name == "nt":
            path.chmod(stat.S_IWRITE)
        path.unlink()


def sync_file(path: Path) -> None:
    """Force a file's bytes to the disk; Windows does that only for who may write."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def sync_folders(folders: Iterable[Path]) -> None:
    """Force names to the disk; Windows keeps them by itself."""
    if os.name == "nt":
        return
    for folder in folders:
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
