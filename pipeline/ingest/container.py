"""The header of a JPEG, TIFF or PNG file: its size in pixels, its EXIF tags, its XMP packet. No pixels.

JPEG: ITU-T T.81 annex B (segments), EXIF in APP1 "Exif", XMP in APP1 "http://ns.adobe.com/xap/1.0/".
PNG: chunks IHDR, eXIf and iTXt "XML:com.adobe.xmp". TIFF: its first directory.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from pipeline.errors import ImageryError
from pipeline.imagery import MAX_PIXELS
from pipeline.ingest.exif import MAX_XMP_BYTES, Tags, number, read_tags

MAX_FILL = 4096  # bytes between segments; there are hardly ever any
MAX_SEGMENTS = 4096  # a thermal R-JPEG has some forty, a panorama's gain map a few hundred
_EXIF, _XMP = b"Exif\x00\x00", b"http://ns.adobe.com/xap/1.0/\x00"
_PNG_XMP = b"XML:com.adobe.xmp\x00"
_NOT_SIZES = (0xC4, 0xC8, 0xCC)


@dataclass(frozen=True, slots=True)
class Header:
    """What a picture file says before its pixels."""

    width_px: int
    height_px: int
    tags: Tags
    xmp: bytes = b""


def read_header(path: Path) -> Header:
    """Read a picture's header; raises ImageryError with one sentence when there is none to read."""
    name = path.name
    try:
        with path.open("rb", buffering=1 << 16) as file:
            header = _read(file, name)
    except OSError as why:
        raise ImageryError(f"{name}: cannot be read ({why.strerror or type(why).__name__})") from why
    _check_size(header, name)
    return header


def _read(file: BinaryIO, name: str) -> Header:
    start = file.read(8)
    if not start:
        raise ImageryError(f"{name}: the file is empty")
    if start[:2] == b"\xff\xd8":
        return _jpeg(file, name)
    if start == b"\x89PNG\r\n\x1a\n":
        return _png(file, name)
    if start[:4] in (b"II*\x00", b"MM\x00*"):
        return _tiff(file)
    raise ImageryError(f"{name}: not a JPEG, TIFF or PNG picture")


def _check_size(header: Header, name: str) -> None:
    width, height = header.width_px, header.height_px
    if width <= 0 or height <= 0:
        raise ImageryError(f"{name}: the header does not say how large the picture is")
    if width * height > MAX_PIXELS:
        allowed = MAX_PIXELS // 1_000_000
        raise ImageryError(f"{name}: {width} × {height} pixels are more than the {allowed} megapixels allowed")


def _jpeg(file: BinaryIO, name: str) -> Header:
    file.seek(2)
    size, exif, xmp = (0, 0), b"", b""
    for _ in range(MAX_SEGMENTS):
        marker, length = _segment(file, name)
        if marker in (0xDA, 0xD9):  # scan data, end of image
            break
        if marker == 0xE1:
            block = file.read(length)
            if block.startswith(_EXIF):
                exif = exif or block[len(_EXIF) :]
            elif block.startswith(_XMP):
                xmp = xmp or block[len(_XMP) :]
        elif 0xC0 <= marker <= 0xCF and marker not in _NOT_SIZES:
            frame = file.read(length)
            size = struct.unpack(">HH", frame[1:5]) if len(frame) >= 5 else size
        else:
            file.seek(length, 1)
    tags = read_tags(lambda offset, n: exif[offset : offset + n]) if exif else {}
    return Header(size[1], size[0], tags, xmp)


def _segment(file: BinaryIO, name: str) -> tuple[int, int]:
    """The next marker and the length of what follows it."""
    head = file.read(4)
    for _ in range(MAX_FILL):
        if head[:2] != b"\xff\xff":
            break
        head = head[1:] + file.read(1)
    else:
        raise ImageryError(f"{name}: damaged JPEG (thousands of fill bytes)")
    if len(head) >= 2 and head[0] == 0xFF and head[1] == 0xD9:
        return 0xD9, 0
    if len(head) < 4 or head[0] != 0xFF:
        raise ImageryError(f"{name}: damaged JPEG (its header breaks off)")
    length = int.from_bytes(head[2:], "big") - 2
    if length < 0:
        raise ImageryError(f"{name}: damaged JPEG (a segment without length)")
    return head[1], length


def _png(file: BinaryIO, name: str) -> Header:
    width = height = 0
    tags, xmp = Tags(), b""
    for _ in range(MAX_SEGMENTS):
        head = file.read(8)
        if len(head) < 8 or head[4:] == b"IEND":
            break
        length, kind = int.from_bytes(head[:4], "big"), head[4:]
        wanted = kind in (b"IHDR", b"eXIf", b"iTXt") and length <= MAX_XMP_BYTES
        data = file.read(length) if wanted else b""
        file.seek(4 if wanted else length + 4, 1)
        if kind == b"IHDR" and len(data) >= 8:
            width, height = struct.unpack(">II", data[:8])
        elif kind == b"eXIf":
            tags = read_tags(lambda offset, n, block=data: block[offset : offset + n])  # type: ignore[misc]
        elif data.startswith(_PNG_XMP):
            xmp = data[len(_PNG_XMP) :]
    if not width:
        raise ImageryError(f"{name}: damaged PNG (no header)")
    return Header(width, height, tags, xmp)


def _tiff(file: BinaryIO) -> Header:
    def read_at(offset: int, n: int) -> bytes:
        file.seek(offset)
        return file.read(n)

    tags = read_tags(read_at)
    xmp = tags.pop("XMP", b"")
    width, height = number(tags, "ImageWidth") or 0, number(tags, "ImageHeight") or 0
    return Header(int(width), int(height), tags, xmp if isinstance(xmp, bytes) else b"")
