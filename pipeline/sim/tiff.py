"""The few kinds of EXIF entries a drone writes, as one little-endian TIFF block."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from fractions import Fraction

BYTE, ASCII, SHORT, LONG, RATIONAL, UNDEFINED = 1, 2, 3, 4, 5, 7
EXIF_IFD, GPS_IFD = 0x8769, 0x8825


@dataclass(frozen=True, slots=True)
class Entry:
    """One tag with its packed value."""

    tag: int
    kind: int
    count: int
    data: bytes


def text(tag: int, value: str) -> Entry:
    data = value.encode("ascii") + b"\0"
    return Entry(tag, ASCII, len(data), data)


def short(tag: int, value: int) -> Entry:
    return Entry(tag, SHORT, 1, struct.pack("<H", value))


def long(tag: int, value: int) -> Entry:
    return Entry(tag, LONG, 1, struct.pack("<I", value))


def raw(tag: int, kind: int, data: bytes) -> Entry:
    return Entry(tag, kind, len(data), data)


def rationals(tag: int, *values: Fraction) -> Entry:
    """Unsigned rationals; numerators and denominators must fit in 32 bits."""
    data = b"".join(struct.pack("<II", v.numerator, v.denominator) for v in values)
    return Entry(tag, RATIONAL, len(values), data)


def directory(entries: list[Entry], start: int) -> bytes:
    """An IFD that begins `start` bytes into the block, its longer values behind it."""
    entries = sorted(entries, key=lambda e: e.tag)
    heap_at = start + 2 + 12 * len(entries) + 4
    table, heap = struct.pack("<H", len(entries)), b""
    for e in entries:
        if len(e.data) <= 4:
            value = e.data.ljust(4, b"\0")
        else:
            value = struct.pack("<I", heap_at + len(heap))
            heap += e.data + b"\0" * (len(e.data) % 2)
        table += struct.pack("<HHI", e.tag, e.kind, e.count) + value
    return table + struct.pack("<I", 0) + heap


def block(main: list[Entry], exif: list[Entry], gps: list[Entry]) -> bytes:
    """The whole TIFF block of an EXIF segment: the main directory, then EXIF, then GPS where there is any."""
    tags = [EXIF_IFD, GPS_IFD] if gps else [EXIF_IFD]
    exif_at = 8 + len(directory(main + [long(tag, 0) for tag in tags], 8))
    gps_at = exif_at + len(directory(exif, exif_at))
    links = [long(tag, at) for tag, at in zip(tags, (exif_at, gps_at), strict=False)]
    head = b"II*\0" + struct.pack("<I", 8)
    return head + directory(main + links, 8) + directory(exif, exif_at) + (directory(gps, gps_at) if gps else b"")
