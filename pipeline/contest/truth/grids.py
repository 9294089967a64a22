"""From a survey's coordinate system to WGS 84 degrees. Nothing is guessed: what is missing is asked for.

CGCS2000 and WGS 84 agree to centimetres and count as one. Gauss–Krüger is the transverse Mercator on GRS 80 with scale
1 and 500 km false easting; X is north and Y is east. Zones of 3° have central meridians 3n, those of 6° 6n - 3, and
the number n may stand before the easting (38 500 000 is on 114° E in zone 38 of 3°).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from pipeline.errors import ContestError

HELP = (
    "give wgs84, cgcs2000/gk3:CM=114 or cgcs2000/gk6:CM=117 (the central meridian), or cgcs2000/gk3 or "
    "cgcs2000/gk6 where eastings begin with the zone's number"
)
PREFIX_M = 1_000_000.0
_ZONES = {3: range(25, 46), 6: range(13, 24)}  # as numbered in China
_NUMBERED = range(13, 46)
_NORTHING_M = (300_000.0, 6_200_000.0)  # from the reefs of the South China Sea to the Heilong Jiang
_EASTING_M = (100_000.0, 900_000.0)
_CRS = re.compile(r"cgcs2000/gk([36])(?::cm=(\d{2,3}(?:\.\d+)?))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Grid:
    """A survey's system. `width_deg` 0: latitude and longitude."""

    text: str
    width_deg: int = 0
    meridian_deg: int | None = None  # None: eastings carry the zone's number


def read_crs(text: str) -> Grid:
    """What `--crs` says.

    Raises:
        ContestError: it is not one of the known forms, or the meridian is none of that zone width.
    """
    plain = text.strip().lower().replace(" ", "")
    if plain in ("wgs84", "cgcs2000"):
        return Grid(plain)
    found = _CRS.fullmatch(plain)
    if found is None:
        raise ContestError(f"{text!r} is no coordinate system: {HELP}")
    width, meridian = int(found[1]), found[2]
    if meridian is None:
        return Grid(plain, width)
    if float(meridian) not in {_meridian(width, zone) for zone in _ZONES[width]}:
        raise ContestError(f"{meridian}° is not the central meridian of a {width}° zone in China")
    return Grid(plain, width, int(float(meridian)))


def _meridian(width_deg: int, zone: int) -> int:
    return 3 * zone if width_deg == 3 else 6 * zone - 3


def to_degrees(grid: Grid, north_m: float, east_m: float) -> tuple[float, float]:
    """(lat_deg, lon_deg) of a Gauss–Krüger point.

    Raises:
        ContestError: X and Y are swapped, the zone's number is missing, or contradicts the system; the sentence holds
            no coordinate.
    """
    from pipeline.geo.coordinates import cgcs2000_inverse

    meridian, plain_east_m = _placed(grid, north_m, east_m)
    lat, lon = cgcs2000_inverse([[north_m, plain_east_m]], meridian)[0].tolist()
    return lat, lon


def _placed(grid: Grid, north_m: float, east_m: float) -> tuple[int, float]:
    """The central meridian, and the easting without the zone's number."""
    zone, plain_east_m = divmod(east_m, PREFIX_M)
    if not (_plausible(north_m, plain_east_m) and (zone == 0 or zone in _NUMBERED)):
        swapped = _plausible(east_m, north_m % PREFIX_M)
        raise ContestError(
            "north and east are swapped (in China X is north and Y is east)"
            if swapped
            else "is no Gauss–Krüger point in China"
        )
    if zone == 0:
        if grid.meridian_deg is None:
            raise ContestError(f"the easting carries no zone number: give cgcs2000/gk{grid.width_deg}:CM=…")
        return grid.meridian_deg, plain_east_m
    return _of_zone(grid, int(zone)), plain_east_m


def _plausible(north_m: float, east_m: float) -> bool:
    return _NORTHING_M[0] <= north_m <= _NORTHING_M[1] and _EASTING_M[0] <= east_m <= _EASTING_M[1]


def _of_zone(grid: Grid, zone: int) -> int:
    if zone not in _ZONES[grid.width_deg]:
        raise ContestError(f"the easting begins with {zone}, which is no {grid.width_deg}° zone in China")
    meridian = _meridian(grid.width_deg, zone)
    if grid.meridian_deg not in (None, meridian):
        raise ContestError(f"the easting begins with zone {zone} ({meridian}° E), but CM={grid.meridian_deg} was given")
    return meridian
