"""Photo headers written by hand: EXIF and XMP around a JPEG that has a size but no pixels."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from pipeline.ingest import exif as names
from pipeline.types import Mission

SPACES = {
    "drone-dji": "http://www.dji.com/drone-dji/1.0/",
    "drone": "http://www.autelrobotics.com/drone/1.0/",
    "drone-skydio": "https://www.skydio.com/drone-skydio/1.0/",
    "drone-parrot": "http://www.parrot.com/drone-parrot/1.0/",
    "Camera": "http://pix4d.com/camera/1.0",
    "sensefly": "http://ns.sensefly.com/sensefly/1.0/",
}
NUMBERS = {name: tag for table in (names.IMAGE_TAGS, names.EXIF_TAGS, names.GPS_TAGS) for tag, name in table.items()}


def rational(value: float) -> tuple[int, int]:
    return round(value * 10_000), 10_000


def _encode(value: Any, order: str) -> tuple[int, int, bytes]:
    """(type, count, bytes) of str -> ASCII, bytes -> BYTE, int -> LONG, float and tuples of them -> RATIONAL."""
    if isinstance(value, str):
        raw = value.encode() + b"\0"
        return 2, len(raw), raw
    if isinstance(value, bytes):
        return 1, len(value), value
    if isinstance(value, int):
        return 4, 1, struct.pack(order + "I", value)
    parts = value if isinstance(value, tuple) else (value,)
    pairs = [p if isinstance(p, tuple) else rational(p) for p in parts]
    return 5, len(pairs), b"".join(struct.pack(order + "II", *p) for p in pairs)


def _directory(tags: Mapping[int, Any], at: int, order: str) -> bytes:
    entries, heap = b"", b""
    heap_at = at + 2 + 12 * len(tags) + 4
    for tag, value in sorted(tags.items()):
        kind, count, raw = _encode(value, order)
        if len(raw) > 4:
            inline, heap = struct.pack(order + "I", heap_at + len(heap)), heap + raw + b"\0" * (len(raw) % 2)
        else:
            inline = raw.ljust(4, b"\0")
        entries += struct.pack(order + "HHI", tag, kind, count) + inline
    return struct.pack(order + "H", len(tags)) + entries + b"\0" * 4 + heap


def tiff(tags: Mapping[str, Any], order: str = "<") -> bytes:
    """A TIFF block with tags by name, spread over its image, EXIF and GPS directories."""
    parts: list[dict[int, Any]] = [
        {NUMBERS[n]: v for n, v in tags.items() if n in table.values()}
        for table in (names.IMAGE_TAGS, names.EXIF_TAGS, names.GPS_TAGS)
    ]
    image, exif, gps = parts
    image |= {0x8769: 0, 0x8825: 0}
    exif_at = 8 + len(_directory(image, 8, order))
    gps_at = exif_at + len(_directory(exif, exif_at, order))
    image |= {0x8769: exif_at, 0x8825: gps_at}
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8)
    return head + _directory(image, 8, order) + _directory(exif, exif_at, order) + _directory(gps, gps_at, order)


def xmp(values: Mapping[str, str], elements: bool = False) -> bytes:
    """An XMP packet in attribute or element form."""
    spaces = " ".join(f'xmlns:{p}="{u}"' for p, u in SPACES.items())
    attributes = "" if elements else " ".join(f'{k}="{v}"' for k, v in values.items())
    inside = "".join(f"<{k}>{v}</{k}>\n" for k, v in values.items()) if elements else ""
    return (
        '<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description rdf:about="DJI Meta Data" {spaces} {attributes}>{inside}</rdf:Description>'
        '</rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    ).encode()


def _segment(marker: int, payload: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload


def jpeg(width: int = 4000, height: int = 3000, exif: bytes = b"", packet: bytes = b"") -> bytes:
    """A JPEG whose header is whole and whose scan is empty."""
    parts = [b"\xff\xd8"]
    if exif:
        parts.append(_segment(0xE1, b"Exif\0\0" + exif))
    if packet:
        parts.append(_segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + packet))
    parts.append(_segment(0xC0, struct.pack(">BHHB", 8, height, width, 3) + b"\1\x22\0\2\x11\1\3\x11\1"))
    return b"".join([*parts, _segment(0xDA, b"\3\1\0\2\x11\3\x11\0\x3f\0"), b"\0", b"\xff\xd9"])


def gps(lat: float, lon: float, alt: float | None = None) -> dict[str, Any]:
    """EXIF GPS tags, to 1e-4 of a second."""

    def parts(value: float) -> tuple[tuple[int, int], ...]:
        units = round(abs(value) * 3600 * 10_000)
        return (units // 36_000_000, 1), (units // 600_000 % 60, 1), (units % 600_000, 10_000)

    tags: dict[str, Any] = {
        "GPSLatitudeRef": "N" if lat >= 0 else "S",
        "GPSLatitude": parts(lat),
        "GPSLongitudeRef": "E" if lon >= 0 else "W",
        "GPSLongitude": parts(lon),
    }
    if alt is not None:
        tags |= {"GPSAltitudeRef": b"\1" if alt < 0 else b"\0", "GPSAltitude": abs(alt)}
    return tags


def dji(**changes: str | None) -> dict[str, str]:
    """The XMP of a photo taken straight down at 50 m; None leaves a value out."""
    values: dict[str, str | None] = {
        "AbsoluteAltitude": "+150.00",
        "RelativeAltitude": "+50.00",
        "GimbalRollDegree": "+0.00",
        "GimbalYawDegree": "+9.50",
        "GimbalPitchDegree": "-90.00",
        "FlightRollDegree": "+2.80",
        "FlightYawDegree": "+9.40",
        "FlightPitchDegree": "-4.20",
    }
    values |= changes
    return {f"drone-dji:{k}": v for k, v in values.items() if v is not None}


CAMERA = {
    "Make": "DJI",
    "Model": "FC6310",
    "FocalLength": 8.8,
    "FocalLengthIn35mmFilm": 24,
    "DateTimeOriginal": "2024:05:06 10:20:30",
}


class Card:
    """A memory card to write photos on, and to open as a flight."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def photo(
        self,
        name: str = "DJI_0001.JPG",
        tags: Mapping[str, Any] | None = None,
        values: Mapping[str, str] | None = None,
        *,
        size: tuple[int, int] = (5472, 3648),
        elements: bool = False,
        packet: bytes | None = None,
    ) -> Path:
        """Write a photo; without `tags` and `values` an ordinary DJI one at 34.75 N, 113.62 E."""
        tags = CAMERA | gps(34.75, 113.62, 150) if tags is None else tags
        packet = xmp(dji() if values is None else values, elements) if packet is None else packet
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(jpeg(*size, tiff(tags), packet))
        return path

    def write(self, name: str, data: bytes | str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return path

    def open(self, **options: Any) -> Mission:
        from pipeline.ingest import open_mission

        return open_mission(self.folder, **options)


@pytest.fixture
def card(tmp_path: Path) -> Card:
    folder = tmp_path / "照片 排污口" / "1 号"
    folder.mkdir(parents=True)
    return Card(folder)


class Writers:
    """The functions above, for tests that need the bytes themselves."""

    tiff = staticmethod(tiff)
    xmp = staticmethod(xmp)
    jpeg = staticmethod(jpeg)
    gps = staticmethod(gps)
    dji = staticmethod(dji)
    camera: Mapping[str, Any] = CAMERA


@pytest.fixture(scope="session")
def headers() -> Writers:
    return Writers()


@pytest.fixture(scope="session")
def source_of() -> Callable[[Any, str], str]:
    """Where a part of a frame's pose came from, empty when it has none."""
    return lambda frame, part: dict(frame.sources).get(part, "")
