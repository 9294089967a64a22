"""Archives from strangers: the directory is judged first, then every entry is unpacked in memory and counted.

Nothing is written to the disk, so names in an archive lead nowhere. Nested archives stay closed.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib

from pipeline.errors import ScoreError

MAX_ENTRIES = 2_000
MAX_UNPACKED = 64 * 2**20
_PIECE = 2**20
_MIB = 2**20


def entries(data: bytes, name: str) -> dict[str, int]:
    """Entry → unpacked size as the archive's directory states it.

    Raises:
        ScoreError: no archive, encrypted, two entries of one name, too many, or larger than 64 MiB when unpacked.
    """
    with _opened(data, name) as archive:
        found = archive.infolist()
    if len(found) > MAX_ENTRIES:
        raise ScoreError(f"{name}: the archive has more than {MAX_ENTRIES} entries")
    if any(e.flag_bits & 1 for e in found):
        raise ScoreError(f"{name}: the archive is encrypted")
    sizes = {e.filename: e.file_size for e in found}
    if len(sizes) < len(found):
        raise ScoreError(f"{name}: the archive has two entries of one name")
    if sum(sizes.values()) > MAX_UNPACKED:
        raise ScoreError(f"{name}: the archive is larger than {MAX_UNPACKED // _MIB} MiB when unpacked")
    return sizes


def unpack(data: bytes, name: str, entry: str, most: int) -> bytes:
    """One entry's bytes, counted while they are unpacked; ScoreError above `most` or when damaged."""
    parts, size = [], 0
    try:
        with _opened(data, name) as archive, archive.open(entry) as file:
            while piece := file.read(_PIECE):
                size += len(piece)
                if size > most:
                    raise ScoreError(f"{name}: a part of the archive is larger than {most / _MIB:g} MiB")
                parts.append(piece)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, KeyError, ValueError, struct.error):
        raise ScoreError(f"{name}: the archive is damaged") from None
    return b"".join(parts)


def check_xml(part: bytes, name: str, most_tags: int) -> None:
    """Raises ScoreError for XML that would cost a parser too much, or that declares a document type or entities.

    most_tags: "<" that may stand in it; a parser's memory and time go with these, not with the bytes.
    """
    if part.count(b"<") > most_tags:
        raise ScoreError(f"{name}: more than {most_tags} tags")
    plain = part.replace(b"\0", b"")  # UTF-16 has them between the letters
    if b"<!DOCTYPE" in plain or b"<!ENTITY" in plain:
        raise ScoreError(f"{name}: declares a document type or entities, which are refused")


def _opened(data: bytes, name: str) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, OSError, RuntimeError, LookupError, ValueError, struct.error):
        raise ScoreError(f"{name}: is no archive of this kind, or damaged") from None
