"""Any flight log becomes a Track: its kind is seen in its first bytes, its name only decides where those say nothing.

The file is mapped into memory, never loaded: what stays is what is kept of it (at most `salvage.MOST_BYTES`, 512 MiB)
and its columns, about twice that again.
"""

from __future__ import annotations

import mmap
from collections.abc import Callable, Iterator
from pathlib import Path

from pipeline.errors import MissionError
from pipeline.ingest.track import Track

LOG_SUFFIXES = frozenset({".tlog", ".bin", ".log", ".ulg", ".mrk"})
MOST_FILE_BYTES = 4 * 1024**3
_MOST_TEXT_BYTES = 1024**3
_LONGEST_LINE = 4_096
_SNIFFED = 4_096
Reader = Callable[[mmap.mmap, str], Track]


def read_log(path: Path, root: Path) -> Track:
    """One log of a flight whose folder is `root`.

    Raises MissionError when it cannot be opened, is larger than 4 GiB, is none of the known kinds, or holds not a
    single whole message. What is damaged is left out and told in the Track's `faults`.
    """
    id = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name
    try:
        with path.open("rb") as file:
            size = path.stat().st_size
            if not size:
                raise MissionError(f"{id}: the log is empty")
            if size > MOST_FILE_BYTES:
                raise MissionError(f"{id}: the log is larger than {MOST_FILE_BYTES // 1024**3} GiB")
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                track = _read(data, path.suffix.lower(), id)
    except OSError as why:
        raise MissionError(f"{id}: the log cannot be read ({why.strerror or why})") from why
    return track


def _read(data: mmap.mmap, suffix: str, id: str) -> Track:
    readers = _readers(data[:_SNIFFED], suffix)
    if not readers:
        raise MissionError(f"{id}: this is no flight log that is known here ({', '.join(sorted(LOG_SUFFIXES))})")
    for reader in readers:
        track = reader(data, id)
        if track.messages:
            return track
    raise MissionError(f"{id}: the log holds not a single whole message")


def _readers(start: bytes, suffix: str) -> list[Reader]:
    """The readers for a file that starts so, the likeliest first."""
    signs = [
        (_ulog, start.startswith(b"ULog") or suffix == ".ulg"),
        (_dataflash, start[:2] == b"\xa3\x95"),
        (_mrk, suffix == ".mrk"),
        (_dataflash_text, b"FMT," in start),
        (_tlog, suffix == ".tlog"),
        (_dataflash, suffix == ".bin"),
        (_tlog, start[8:9] in (b"\xfe", b"\xfd")),
        (_mrk, b",Ellh" in start),
    ]
    return list(dict.fromkeys(reader for reader, sign in signs if sign))


def _tlog(data: mmap.mmap, id: str) -> Track:
    from pipeline.ingest.tlog import read_tlog

    return read_tlog(data, id)


def _dataflash(data: mmap.mmap, id: str) -> Track:
    from pipeline.ingest.ardupilot import read_dataflash

    return read_dataflash(data, id)


def _dataflash_text(data: mmap.mmap, id: str) -> Track:
    from pipeline.ingest.ardupilot import read_dataflash_text

    return read_dataflash_text(_lines(data), id)


def _ulog(data: mmap.mmap, id: str) -> Track:
    from pipeline.ingest.px4 import read_ulog

    return read_ulog(data, id)


def _mrk(data: mmap.mmap, id: str) -> Track:
    from pipeline.ingest.mrk import read_mrk

    return read_mrk(_lines(data), id)


def _lines(data: mmap.mmap) -> Iterator[bytes]:
    """Lines of a text, longer ones in pieces, to the end or a gigabyte."""
    at, size = 0, min(len(data), _MOST_TEXT_BYTES)
    while at < size:
        end = data.find(b"\n", at, at + _LONGEST_LINE)
        end = end + 1 if end >= 0 else min(at + _LONGEST_LINE, size)
        yield data[at:end]
        at = end
