"""EXIF as a dict of the tags we use: an own TIFF directory reader, tolerant of damage, that decodes no pixels.

An entry that points outside the file, has an unknown type or is too large is left out; nothing here raises on
bad content. Rationals with a zero denominator become NaN, and `number` then calls them missing.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Mapping

ReadAt = Callable[[int, int], bytes]  # (offset, length) -> bytes, fewer at the end
Value = str | bytes | tuple[float, ...]
Tags = dict[str, Value]

MAX_ENTRIES = 512
MAX_VALUE_BYTES = 4096
MAX_XMP_BYTES = 1 << 20

# Tag numbers: EXIF 2.32 (CIPA DC-008), tables 3 to 15; XMP in TIFF: XMP specification part 3.
IMAGE_TAGS = {
    0x0100: "ImageWidth", 0x0101: "ImageHeight", 0x010F: "Make", 0x0110: "Model", 0x0132: "DateTime",
    0x02BC: "XMP", 0x8769: "ExifIFD", 0x8825: "GPSIFD",
}  # fmt: skip
EXIF_TAGS = {
    0x9003: "DateTimeOriginal", 0x9011: "OffsetTimeOriginal", 0x9291: "SubSecTimeOriginal", 0x920A: "FocalLength",
    0xA002: "PixelXDimension", 0xA003: "PixelYDimension", 0xA20E: "FocalPlaneXResolution",
    0xA210: "FocalPlaneResolutionUnit", 0xA404: "DigitalZoomRatio", 0xA405: "FocalLengthIn35mmFilm",
    0xA431: "BodySerialNumber",
}  # fmt: skip
GPS_TAGS = {
    0x01: "GPSLatitudeRef", 0x02: "GPSLatitude", 0x03: "GPSLongitudeRef", 0x04: "GPSLongitude",
    0x05: "GPSAltitudeRef", 0x06: "GPSAltitude", 0x07: "GPSTimeStamp", 0x1D: "GPSDateStamp",
}  # fmt: skip

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
_CODES = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 11: "f", 12: "d"}


def read_tags(read_at: ReadAt) -> Tags:
    """Image, EXIF and GPS tags of a TIFF block; empty when it is none."""
    head = read_at(0, 8)
    order = {b"II*\x00": "<", b"MM\x00*": ">"}.get(head[:4])
    if order is None or len(head) < 8:
        return {}
    tags = _directory(read_at, struct.unpack(order + "I", head[4:])[0], order, IMAGE_TAGS)
    for pointer, names in (("ExifIFD", EXIF_TAGS), ("GPSIFD", GPS_TAGS)):
        offset = number(tags, pointer)
        if offset is not None:
            tags.update(_directory(read_at, int(offset), order, names))
    return tags


def number(tags: Mapping[str, Value], name: str) -> float | None:
    """The first number of a tag, or None when it is missing or not finite."""
    value = tags.get(name)
    if isinstance(value, tuple) and value and math.isfinite(value[0]):
        return value[0]
    return None


def text(tags: Mapping[str, Value], name: str) -> str:
    """A tag's text, or an empty string."""
    value = tags.get(name)
    return value if isinstance(value, str) else ""


def _directory(read_at: ReadAt, offset: int, order: str, names: Mapping[int, str]) -> Tags:
    count = read_at(offset, 2)
    if offset < 8 or len(count) < 2:
        return {}
    entries = read_at(offset + 2, 12 * min(struct.unpack(order + "H", count)[0], MAX_ENTRIES))
    tags: Tags = {}
    whole = len(entries) - len(entries) % 12
    for tag, kind, n, inline in struct.iter_unpack(order + "HHI4s", entries[:whole]):
        if tag in names:
            value = _value(read_at, order, kind, n, inline, MAX_XMP_BYTES if tag == 0x02BC else MAX_VALUE_BYTES)
            if value is not None:
                tags[names[tag]] = value
    return tags


def _value(read_at: ReadAt, order: str, kind: int, n: int, inline: bytes, limit: int) -> Value | None:
    length = _SIZES.get(kind, 0) * n
    if not 0 < length <= limit:
        return None
    raw = inline[:length] if length <= 4 else read_at(struct.unpack(order + "I", inline)[0], length)
    if len(raw) < length:
        return None
    if kind == 2:
        return raw.split(b"\x00", 1)[0].decode("utf-8", "replace").strip()
    if kind == 7 or limit == MAX_XMP_BYTES:
        return raw
    if kind in (5, 10):
        parts = struct.unpack(f"{order}{2 * n}{'I' if kind == 5 else 'i'}", raw)
        return tuple(a / b if b else math.nan for a, b in zip(parts[::2], parts[1::2], strict=True))
    return tuple(float(v) for v in struct.unpack(f"{order}{n}{_CODES[kind]}", raw))
