"""Which files are taken: by their ending, and then by their first bytes. Nothing here parses.

What a flight may hold is what `pipeline.ingest` reads, no more. What a picture claims to measure is checked here where
it stands at a fixed place (PNG), and in any case before a pixel is decoded (`pipeline.imagery`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from pipeline.imagery import MAX_FILE_BYTES, MAX_PIXELS
from pipeline.server.names import Refused

SNIFFED_BYTES = 4_096
MISSION_FILE = "mission.toml"
_GIB = 1024**3

_TIFF = (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")
_PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
_MOV_ATOMS = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")
_CUE = re.compile(rb"\A(?:\xef\xbb\xbf)?\s*\d{1,9}\s*\r?\n[^\n]{0,40}-->")
_MARK = re.compile(rb"\A(?:\xef\xbb\xbf)?\s*\d{1,9}\s")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file: the name that the database keeps, its largest size, and how its first bytes are told."""

    name: str
    most_bytes: int
    fits: Callable[[bytes], bool]


def _text(start: bytes) -> bool:
    return b"\x00" not in start.rstrip(b"\x00") and not start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")


def _video(start: bytes) -> bool:
    return start[4:8] in _MOV_ATOMS


def _dataflash_text(start: bytes) -> bool:
    return _text(start) and b"FMT," in start


def _dataflash(start: bytes) -> bool:
    return start.startswith(b"\xa3\x95")


def _tlog(start: bytes) -> bool:
    return start[8:9] in (b"\xfe", b"\xfd")


JPEG = Kind("jpeg", MAX_FILE_BYTES, lambda start: start.startswith(b"\xff\xd8\xff"))
TIFF = Kind("tiff", MAX_FILE_BYTES, lambda start: start.startswith(_TIFF))
PNG = Kind("png", MAX_FILE_BYTES, lambda start: start.startswith(_PNG))
MP4 = Kind("mp4", 1024 * _GIB, _video)
AVI = Kind("avi", 1024 * _GIB, lambda start: start.startswith(b"RIFF") and start[8:12] == b"AVI ")
MKV = Kind("mkv", 1024 * _GIB, lambda start: start.startswith(b"\x1aE\xdf\xa3"))
ULOG = Kind("ulog", 4 * _GIB, lambda start: start.startswith(b"ULog"))
DATAFLASH = Kind("dataflash", 4 * _GIB, _dataflash)
TLOG = Kind("tlog", 4 * _GIB, _tlog)
LOG = Kind("log", 4 * _GIB, lambda start: _dataflash(start) or _tlog(start) or _dataflash_text(start))
MARKS = Kind("mrk", _GIB, lambda start: _text(start) and _MARK.match(start) is not None)
SUBTITLES = Kind("srt", 64 << 20, lambda start: _text(start) and _CUE.match(start) is not None)
MISSION = Kind("mission", 4 << 20, _text)
GEOTIFF = Kind("tiff", 1024 * _GIB, TIFF.fits)
PMTILES = Kind("pmtiles", 1024 * _GIB, lambda start: start.startswith(b"PMTiles\x03"))

FLIGHT: dict[str, Kind] = {
    ".jpg": JPEG, ".jpeg": JPEG, ".tif": TIFF, ".tiff": TIFF, ".png": PNG,
    ".mp4": MP4, ".mov": MP4, ".m4v": MP4, ".avi": AVI, ".mkv": MKV,
    ".ulg": ULOG, ".bin": DATAFLASH, ".tlog": TLOG, ".log": LOG, ".mrk": MARKS, ".srt": SUBTITLES,
}  # fmt: skip
LAYERS: dict[str, dict[str, Kind]] = {
    "raster": {".tif": GEOTIFF, ".tiff": GEOTIFF},
    "dem": {".tif": GEOTIFF, ".tiff": GEOTIFF},
    "pmtiles": {".pmtiles": PMTILES},
}


def kind_of(path: str, layer: str | None = None) -> Kind:
    """The kind that a file's name promises, of a flight or of a layer of a kind; raises Refused for any other name."""
    if layer is None and path == MISSION_FILE:
        return MISSION
    name = path.rpartition("/")[2]
    ending = name[name.rfind(".") :].lower() if "." in name else ""
    found = (FLIGHT if layer is None else LAYERS[layer]).get(ending)
    if found is None:
        raise Refused("kind_unknown")
    return found


def check_size(kind: Kind, size: int, most_bytes: int) -> None:
    """Raises Refused for an empty file and for one that nobody would read."""
    if size < 1:
        raise Refused("file_empty")
    if size > min(kind.most_bytes, most_bytes):
        raise Refused("file_too_large")


def check_start(kind: Kind, start: bytes) -> None:
    """The first bytes against what the name promised; raises Refused."""
    if not kind.fits(start):
        raise Refused("wrong_kind")
    if kind is PNG:
        width, height = int.from_bytes(start[16:20], "big"), int.from_bytes(start[20:24], "big")
        if width * height > MAX_PIXELS:
            raise Refused("too_many_pixels")
