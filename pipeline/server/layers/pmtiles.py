"""PMTiles 3: one file of tiles with a directory, which comes from a stranger and is read within bounds.

The package `pmtiles` decodes header and directories; what they say about lengths and places is checked here first.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import MissionError
from pipeline.server.links import link_bytes

if TYPE_CHECKING:
    from pmtiles.tile import Entry, HeaderDict

HEADER_BYTES = 127
MAX_DIRECTORY_BYTES = 1 << 20  # unpacked
MAX_METADATA_BYTES = 4 << 20
MAX_TILE_BYTES = 8 << 20
DEPTH = 4  # directories below directories
MAX_TEXT = 500  # characters of what it says about itself
MAX_NAMED = 100  # of its vector layers
MAX_ZOOM = 26
CACHED = 16  # directories: one of the largest allowed takes tens of megabytes
_ENDLESS = re.compile(rb"[\x80-\xff]{10}")  # a number beyond 64 bits: reading a long one takes minutes

# How each kind of tile begins, and what it is called to a browser.
KINDS: dict[str, tuple[str, tuple[bytes, ...]]] = {
    "PNG": ("image/png", (b"\x89PNG",)),
    "JPEG": ("image/jpeg", (b"\xff\xd8\xff",)),
    "WEBP": ("image/webp", (b"RIFF",)),
    "MVT": ("application/vnd.mapbox-vector-tile", ()),
}


@dataclass(frozen=True, slots=True)
class Archive:
    """What the header says."""

    path: Path
    size: int
    header: HeaderDict

    @property
    def kind(self) -> str:
        return self.header["tile_type"].name

    @property
    def packed(self) -> bool:
        """Whether tiles are gzip."""
        return self.header["tile_compression"].name == "GZIP"

    def part(self, offset: int, length: int, most: int) -> bytes:
        """Bytes of the file; raises MissionError for what does not lie in it, or is too long."""
        if length > most or offset < 0 or offset + length > self.size:
            raise MissionError("its directory points out of the file")
        with self.path.open("rb") as file:
            file.seek(offset)
            return file.read(length)


def prepare_pmtiles(file: Path, name: str, folder: Path, tell: Callable[[int, int], None]) -> dict[str, Any]:
    """Leave `folder`/layer.pmtiles; bounds, zooms, whether it is vectors, attribution. Raises MissionError."""
    tell(0, 1)
    kept = folder / "layer.pmtiles"
    try:
        found = open_archive(file)
        facts = _facts(found)
        _directory(found, found.header["root_offset"], found.header["root_length"])
    except MissionError as why:
        raise MissionError(f"{name}: {why}") from why
    link_bytes(file, kept)
    tell(1, 1)
    return facts


def open_archive(path: Path) -> Archive:
    """Look at the header; raises MissionError."""
    from pmtiles.tile import deserialize_header

    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(HEADER_BYTES)
    try:
        header = deserialize_header(start)
    except Exception as why:  # the package raises many kinds on damaged headers
        raise MissionError("not a PMTiles 3 file") from why
    found = Archive(path, size, header)
    if len(start) < HEADER_BYTES or found.kind not in KINDS:
        raise MissionError("holds tiles of a kind that is not shown here (PNG, JPEG, WebP and vector tiles are)")
    if header["internal_compression"].name != "GZIP" or header["tile_compression"].name not in ("NONE", "GZIP"):
        raise MissionError("is packed in a way that is not read here (gzip is)")
    if not header["min_zoom"] <= header["max_zoom"] <= MAX_ZOOM:
        raise MissionError("its zooms make no sense")
    return found


def _facts(found: Archive) -> dict[str, Any]:
    header = found.header
    bounds = [header[key] / 1e7 for key in ("min_lon_e7", "min_lat_e7", "max_lon_e7", "max_lat_e7")]
    west, south, east, north = bounds
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
        raise MissionError("its bounds do not lie on the earth")
    metadata = found.part(header["metadata_offset"], header["metadata_length"], MAX_METADATA_BYTES)
    told = _json(unpacked(metadata, MAX_METADATA_BYTES)) if metadata else {}
    facts = {
        "bounds": bounds,
        "minzoom": header["min_zoom"],
        "maxzoom": header["max_zoom"],
        "vector": found.kind == "MVT",
        "attribution": _text(told.get("attribution") or "", MAX_TEXT),
    }
    layers = told.get("vector_layers")
    if facts["vector"] and isinstance(layers, list):
        facts["vector_layers"] = [_text(x.get("id"), MAX_TEXT) for x in layers[:MAX_NAMED] if isinstance(x, dict)]
    return facts


def _text(value: Any, most: int) -> str:
    """As every database takes it."""
    return "".join(c if c.isprintable() else " " for c in str(value)[:most])


def _json(data: bytes) -> dict[str, Any]:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError) as why:
        raise MissionError("its metadata is not JSON") from why
    return found if isinstance(found, dict) else {}


def unpacked(data: bytes, most: int) -> bytes:
    """Undo gzip, of one piece: raises MissionError when it is damaged, longer than `most`, or more follows."""
    stream = zlib.decompressobj(wbits=31)
    try:
        found = stream.decompress(data, most)
    except zlib.error as why:
        raise MissionError("its directory or metadata is damaged") from why
    if stream.unconsumed_tail or stream.unused_data or not stream.eof:
        raise MissionError("its directory or metadata is too large or cut off")
    return found


def _directory(found: Archive, offset: int, length: int) -> list[Entry]:
    from pmtiles.tile import deserialize_directory

    packed = found.part(offset, length, MAX_DIRECTORY_BYTES)
    if _ENDLESS.search(unpacked(packed, MAX_DIRECTORY_BYTES)):  # the package unpacks and reads without a limit
        raise MissionError("its directory is damaged")
    try:
        return deserialize_directory(packed)
    except (EOFError, IndexError, ValueError, OSError) as why:
        raise MissionError("its directory is damaged") from why


@lru_cache(maxsize=CACHED)
def _cached_directory(path: Path, _stamp: int, offset: int, length: int) -> list[Entry]:
    return _directory(open_archive(path), offset, length)


def read_tile(path: Path, z: int, x: int, y: int) -> tuple[bytes, str, bool] | None:
    """(bytes, media type, whether they are gzip) of a tile, None where there is none; raises MissionError."""
    from pmtiles.tile import find_tile, zxy_to_tileid

    found = open_archive(path)
    header, stamp = found.header, path.stat().st_mtime_ns
    offset, length = header["root_offset"], header["root_length"]
    for _ in range(DEPTH):
        entry = find_tile(_cached_directory(path, stamp, offset, length), zxy_to_tileid(z, x, y))
        if entry is None:
            return None
        if entry.run_length:
            data = found.part(header["tile_data_offset"] + entry.offset, entry.length, MAX_TILE_BYTES)
            return _checked(data, found)
        offset, length = header["leaf_directory_offset"] + entry.offset, entry.length
    raise MissionError("its directories are nested too deeply")


def _checked(data: bytes, found: Archive) -> tuple[bytes, str, bool]:
    """A picture is what it is called; a browser unpacks vectors itself."""
    media_type, starts = KINDS[found.kind]
    if starts and not found.packed and not data.startswith(starts):
        raise MissionError("a tile is not of the kind that the header says")
    return data, media_type, found.packed
