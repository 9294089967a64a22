"""Fields with hidden targets that nobody surveyed: believable, and the same for the same seed."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pipeline.types import GeoPoint

CENTRAL_MERIDIAN_DEG = 114
ZONE = 38  # of 3 degrees, with that meridian
SIDE_M = (760.0, 640.0)  # of a field, east and north
SPACING_M = 75.0  # above twice the default radius, so that every gate is whole
SURVEY_SIGMA_M = 0.008  # of one occupation, each axis
CLASSES = ("outfall/industrial", "outfall/urban", "dust/pile", "smoke/straw", "waste/dump", "marker")
HEADER = ("点名", "X(北)", "Y(东)", "H", "类别", "权重", "HRMS", "解状态", "时间")
# South-west corners of the fields in Gauss–Krüger metres without the zone's prefix: (north, east).
CORNERS_M = {"A": (3_848_200.0, 464_700.0), "B": (3_849_900.0, 466_300.0)}
AREA = {"west": 113.60, "south": 34.74, "east": 113.66, "north": 34.80}


@dataclass(frozen=True, slots=True)
class Planted:
    """A target as it stands in the field."""

    id: str
    label: str
    weight: int
    north_m: float  # Gauss–Krüger, CGCS2000, 3 degrees
    east_m: float  # with the false 500 km, without the zone's prefix
    alt_m: float
    at: GeoPoint


def plant(field: str, count: int, seed: int) -> tuple[Planted, ...]:
    """`count` targets of a field, at least `SPACING_M` apart, places whole millimetres."""
    r = random.Random(f"targets/{seed}/{field}")
    places = list(_scattered(r, count))
    north_m, east_m = CORNERS_M[field]
    return tuple(
        _planted(f"{field}{n:02d}", r, round(north_m + y, 3), round(east_m + x, 3))
        for n, (x, y) in enumerate(places, 1)
    )


def _scattered(r: random.Random, count: int) -> Iterator[tuple[float, float]]:
    taken: list[tuple[float, float]] = []
    while len(taken) < count:
        x, y = r.uniform(0, SIDE_M[0]), r.uniform(0, SIDE_M[1])
        if all((x - a) ** 2 + (y - b) ** 2 > SPACING_M**2 for a, b in taken):
            taken.append((x, y))
            yield x, y


def _planted(ident: str, r: random.Random, north_m: float, east_m: float) -> Planted:
    label, weight = r.choice(CLASSES), r.choice((1, 1, 2, 3))
    alt_m = round(r.uniform(98.0, 112.0), 3)
    return Planted(ident, label, weight, north_m, east_m, alt_m, geographic(north_m, east_m, alt_m))


def geographic(north_m: float, east_m: float, alt_m: float = 0.0) -> GeoPoint:
    """Gauss–Krüger metres as latitude and longitude, CGCS2000 (EPSG:4547 to EPSG:4490)."""
    lat_deg, lon_deg = _to_degrees().transform(north_m, east_m)
    return GeoPoint(lat_deg, lon_deg, alt_m)


@cache
def _to_degrees() -> Any:
    from pyproj import Transformer

    return Transformer.from_crs("EPSG:4547", "EPSG:4490")


def write_surveys(folder: Path, field: str, planted: Sequence[Planted], seed: int) -> tuple[Path, ...]:
    """Two occupations of every target, one CSV each, as a survey controller writes them.

    Field A's eastings have no zone prefix, those of the others do: both are in use.
    """
    folder.mkdir(parents=True, exist_ok=True)
    r = random.Random(f"survey/{seed}/{field}")
    return tuple(
        _write_survey(folder / f"{field}场-第{n}次.csv", field, planted, r, hour) for n, hour in ((1, 8), (2, 10))
    )


def _write_survey(path: Path, field: str, planted: Sequence[Planted], r: random.Random, hour: int) -> Path:
    text = io.StringIO(newline="")
    lines = csv.writer(text)
    lines.writerow(HEADER)
    prefix_m = 0.0 if field == "A" else ZONE * 1e6
    for n, t in enumerate(planted):
        north_m, east_m, alt_m = (v + r.gauss(0, SURVEY_SIGMA_M) for v in (t.north_m, t.east_m + prefix_m, t.alt_m))
        seen = f"2026-10-16 {hour + n // 30:02d}:{n % 30 * 2:02d}:00"
        place = (f"{v:.3f}" for v in (north_m, east_m, alt_m))
        lines.writerow((t.id, *place, t.label, t.weight, f"{SURVEY_SIGMA_M * 2**0.5:.3f}", "固定解", seen))
    path.write_bytes(text.getvalue().encode("utf-8-sig"))
    return path


def system_of(field: str) -> str:
    """The coordinate system that a surveyor states for `write_surveys`' files."""
    return f"cgcs2000/gk3:CM={CENTRAL_MERIDIAN_DEG}" if field == "A" else "cgcs2000/gk3"
