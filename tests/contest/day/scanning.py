"""Looking for a target's coordinates in bytes, in whatever form they may be left."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from pathlib import Path

from pipeline.rehearse.world import ZONE, Planted
from pipeline.types import GeoPoint

NEAR = 80  # bytes between a pair's two forms, where one form alone is too short to mean anything


@dataclass(frozen=True, slots=True)
class Canary:
    """A secret place in all its forms. `alone`: forms that mean it by themselves; `pairs`: short ones, north and
    east, that mean it when they stand near each other."""

    name: str
    alone: tuple[bytes, ...]
    pairs: tuple[tuple[bytes, bytes], ...]

    def found_in(self, data: bytes) -> str | None:
        """The first form that is in `data`, in words, or None."""
        for form in self.alone:
            if form in data:
                return f"{self.name}: {form!r}"
        for first, second in self.pairs:
            if any(_near(data, at, second) for at in _places(data, first)):
                return f"{self.name}: {first!r} near {second!r}"
        return None


def _near(data: bytes, at: int, other: bytes) -> bool:
    return other in data[max(0, at - NEAR) : at + NEAR]


def _places(data: bytes, form: bytes) -> Iterator[int]:
    at = data.find(form)
    while at >= 0:
        yield at
        at = data.find(form, at + 1)


def canary(planted: Planted) -> Canary:
    """The forms of a target's place: degrees, radians, Gauss–Krüger metres; texts, floats, integers."""
    at, radians = planted.at, math.pi / 180.0
    pairs = [
        (at.lat_deg, at.lon_deg, 6, 9),
        (at.lat_deg * radians, at.lon_deg * radians, 6, None),
        (planted.north_m, planted.east_m, 2, 3),
        (planted.north_m, planted.east_m + ZONE * 1e6, 2, 3),
    ]
    alone = [form for *values, least, unit in pairs for v in values for form in _long(v, least, unit)]
    short = [
        both for north, east, least, _ in pairs for both in zip(_short(north, least), _short(east, least), strict=True)
    ]
    return Canary(planted.id, _fewest(alone), tuple(dict.fromkeys(short)))


def surveyed(planted: Sequence[Planted], targets: Path) -> list[Canary]:
    """The same for targets as they came out of the survey: `targets` is TRUTH's targets.geojson."""
    from pyproj import Transformer

    to_grid = Transformer.from_crs("EPSG:4490", "EPSG:4547")
    features = json.loads(targets.read_bytes())["features"]
    found = {f["properties"]["id"]: f["geometry"]["coordinates"] for f in features}
    made = []
    for t in planted:
        lon_deg, lat_deg = found[t.id]
        north_m, east_m = to_grid.transform(lat_deg, lon_deg)
        made.append(canary(replace(t, at=GeoPoint(lat_deg, lon_deg), north_m=north_m, east_m=east_m)))
    return made


def _long(value: float, least: int, unit: int | None) -> Iterator[bytes]:
    """Forms of eight bytes and more, which nothing else looks like; `unit`: decimals that its integers hold."""
    for digits in range(least, 10):
        yield from _texts(value, digits)
    yield from (struct.pack("<d", value), struct.pack(">d", value))
    if unit is not None:
        whole = math.floor(value * 10**unit + 0.5)
        yield from (str(whole).encode(), struct.pack("<q", whole), struct.pack(">q", whole))
        yield struct.pack("=II", whole & (2**30 - 1), whole >> 30)  # as CPython keeps it in memory


def _short(value: float, least: int) -> list[bytes]:
    texts = [form for digits in range(min(4, least), least) for form in _texts(value, digits)]
    return [*texts, struct.pack("<f", value), struct.pack(">f", value)]


def _fewest(forms: Sequence[bytes]) -> tuple[bytes, ...]:
    """The forms without those that hold another of them."""
    return tuple(f for f in dict.fromkeys(forms) if not any(g != f and g in f for g in forms))


def _texts(value: float, digits: int) -> list[bytes]:
    step = Decimal(1).scaleb(-digits)
    return [str(Decimal(value).quantize(step, way)).encode() for way in (ROUND_HALF_UP, ROUND_DOWN)]


def found(canaries: Sequence[Canary], data: bytes) -> list[str]:
    """What of the canaries is in `data`, which may also be UTF-16 or compressed as files of ours are."""
    texts = (data, data.replace(b"\0", b"")) if b"\0" in data else (data,)
    return [what for c in canaries for text in texts if (what := c.found_in(text))]


def found_in_files(canaries: Sequence[Canary], files: Iterable[Path]) -> list[str]:
    """The same for files: packed ones (ZIP, PDF's streams) are unpacked as well."""
    return [f"{path}: {what}" for path in files for data in _unpacked(path) for what in found(canaries, data)]


def _unpacked(path: Path) -> Iterator[bytes]:
    import re
    import zipfile
    import zlib

    data = path.read_bytes()
    yield data
    if data[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(path) as archive:
            yield from (archive.read(name) for name in archive.namelist())
    if data[:5] == b"%PDF-":
        for stream in re.findall(rb"stream\r?\n(.*?)endstream", data, re.DOTALL):
            try:
                yield zlib.decompressobj().decompress(stream)
            except zlib.error:
                continue


def files_under(*folders: Path) -> list[Path]:
    """Every file below the folders."""
    return sorted(p for folder in folders for p in folder.rglob("*") if p.is_file())


def memory_of(pid: int) -> Iterator[bytes]:
    """The writable memory of a process, mapping by mapping without its empty pages (Linux; PermissionError where that
    is not allowed)."""
    with Path(f"/proc/{pid}/maps").open() as maps, Path(f"/proc/{pid}/mem").open("rb", 0) as memory:
        for line in maps:
            span, rights = line.split()[:2]
            start, end = (int(x, 16) for x in span.split("-"))
            if "w" in rights and "[v" not in line:
                memory.seek(start)
                try:
                    yield memory.read(end - start).replace(b"\0" * 4096, b"")
                except OSError:
                    continue
