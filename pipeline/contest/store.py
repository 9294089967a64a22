"""Objects of a contest: bytes under the name of their SHA-256, written once, on the disk before an event names them."""

from __future__ import annotations

import errno
import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

from pipeline.errors import ContestError, OutputError
from pipeline.files import write_bytes_atomic

OBJECTS = "objects"
LARGEST_OBJECT = 256 * 1024 * 1024
_CANNOT = (errno.EINVAL, errno.ENOTSUP)  # what a disk without this, a memory stick say, answers
_NAME = re.compile(r"[0-9a-f]{64}")


def object_path(folder: Path, sha256: str) -> Path:
    """Where an object lies in a contest folder; ContestError for what is no SHA-256 (64 small hex digits)."""
    if not _NAME.fullmatch(sha256):
        raise ContestError(f"{folder}: an object is named by 64 hex digits, not by {sha256[:80]!r}")
    return folder / OBJECTS / sha256[:2] / sha256


def store(folder: Path, data: bytes) -> str:
    """Keep `data` for good; returns its SHA-256. When this returns, the disk has it.

    An object that is there is left as it is; only one whose bytes no longer fit its name is written anew.
    Raises OutputError when the folder cannot be written to.
    """
    name = hashlib.sha256(data).hexdigest()
    path = object_path(folder, name)
    if not _holds(path, data):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as why:
            raise OutputError(f"{path.parent}: cannot be written ({why.strerror or why})") from why
        write_bytes_atomic(path, data)
        for place in (path.parent, path.parent.parent, folder):
            sync_folder(place)
    return name


def load(folder: Path, sha256: str) -> bytes:
    """An object's bytes; ContestError when it is missing, too large or no longer what its name says."""
    path = object_path(folder, sha256)
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_OBJECT + 1)
    except FileNotFoundError:
        raise ContestError(f"{path}: this object is missing") from None
    except OSError as why:
        raise ContestError(f"{path}: cannot be read ({why.strerror or why})") from None
    if hashlib.sha256(data).hexdigest() != sha256:
        raise ContestError(f"{path}: this object is damaged; its bytes no longer fit its name")
    return data


def file_sha256(path: Path) -> str:
    """SHA-256 of a file in hex; ContestError when it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as why:
        raise ContestError(f"{path}: cannot be read ({why.strerror or why})") from None


def stored(folder: Path) -> Iterator[str]:
    """The names of all objects, in order; strange files beside them are passed over."""
    for path in sorted((folder / OBJECTS).glob("??/*")):
        if _NAME.fullmatch(path.name) and path.parent.name == path.name[:2]:
            yield path.name


def sync_folder(folder: Path) -> None:
    """Force a folder's list of names to the disk, where system and disk can (Windows does it by itself).

    Raises OutputError when the disk fails.
    """
    if os.name == "nt":
        return
    try:
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as why:
        if why.errno not in _CANNOT:
            raise OutputError(f"{folder}: cannot be written ({why.strerror or why})") from why


def _holds(path: Path, data: bytes) -> bool:
    try:
        return path.stat().st_size == len(data) and path.read_bytes() == data
    except OSError:
        return False
