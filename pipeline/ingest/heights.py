"""Heights of photos and of the ground under a flight, on one zero: the ellipsoid.

With a DEM, or a plane given, a photo's own absolute height counts: above the ellipsoid for RTK, else above EGM96
with σ 3 m. Without, the ground is the plane at take-off: the median over the photos of (absolute - relative), and
each photo stands its height above take-off over it. A photo that has neither gets no place, and a sentence; only
where the caller lets the view be assumed as well ("nadir") is 100 ± 50 m above ground assumed, and named so.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median

from pipeline.ingest import sigma
from pipeline.ingest.exif import number
from pipeline.ingest.photo import Photo
from pipeline.ingest.position import Position
from pipeline.types import Ground

NO_HEIGHT = "no DEM and no height above take-off: nothing says how high the camera was above the ground"
NO_ABSOLUTE = "no absolute height, which a flight with a DEM or a given ground height needs"
_TAKEOFFS_APART_M = 10.0
_HIGHEST_M = 100_000.0
XMP_RELATIVE = "XMP RelativeAltitude above take-off"


@dataclass(frozen=True, slots=True)
class Height:
    """A photo's ellipsoidal height with its errors; without one, `problem` says why."""

    alt_m: float = math.nan
    own_m: float = 0.0
    shared_m: float = 0.0
    source: str = ""
    problem: str = ""
    assumed: bool = False


@dataclass(frozen=True, slots=True)
class Absolute:
    """An absolute height, a photo's own or a log's, made ellipsoidal."""

    alt_m: float
    rtk_up_m: float | None  # RTK's own σ; None: not RTK
    source: str
    rtk_shared_m: float = sigma.RTK_SHARED_M


@dataclass(frozen=True, slots=True)
class Told:
    """Heights from a log, which stand in place of a photo's own."""

    absolute: Absolute | None
    relative_m: float | None  # above home
    relative_source: str


def resolve(
    photos: Sequence[Photo],
    positions: Sequence[Position],
    ground: Ground,
    assume: bool = False,
    told: Sequence[Told | None] | None = None,
) -> tuple[Ground, list[Height], list[str]]:
    """(ground, each photo's height, warnings); the ground gains its plane when none was given.

    `assume` allows a height above ground to be assumed for a flight none of whose photos tells it. `told` has an
    entry for each photo whose heights a log tells.
    """
    told = told or (None,) * len(photos)
    absolutes = [
        a if t is None else t.absolute for a, t in zip(ellipsoidal_heights(photos, positions), told, strict=True)
    ]
    if ground.dem is not None or ground.plane_alt_m is not None:
        return ground, [_from_absolute(a) for a in absolutes], []
    relatives = [relative_height(p) if t is None else t.relative_m for p, t in zip(photos, told, strict=True)]
    sources = [XMP_RELATIVE if t is None else t.relative_source for t in told]
    if assume and any(absolutes) and not any(r is not None for r in relatives):
        return _assumed(absolutes, ground)
    takeoffs = [a.alt_m - r for a, r in zip(absolutes, relatives, strict=True) if a is not None and r is not None]
    warnings = []
    if not takeoffs and any(r is not None for r in relatives):
        warnings = ["no photo has an absolute height: heights in the results count from the take-off point"]
    if takeoffs and max(takeoffs) - min(takeoffs) > 2 * _TAKEOFFS_APART_M:
        spread = max(takeoffs) - min(takeoffs)
        warnings = [f"heights of the take-off point differ by {spread:.0f} m between photos: several flights in one?"]
    plane_m = median(takeoffs) if takeoffs else 0.0
    heights = [_over_plane(plane_m, r, source) for r, source in zip(relatives, sources, strict=True)]
    if all(h.problem for h in heights):
        return ground, heights, []
    return replace(ground, plane_alt_m=plane_m, sigma_m=sigma.TERRAIN_UNKNOWN_M), heights, warnings


def relative_height(photo: Photo) -> float | None:
    """Height above take-off, in m."""
    return _sane(photo.reading.relative_m)


def ellipsoidal_heights(photos: Sequence[Photo], positions: Sequence[Position]) -> list[Absolute | None]:
    """Each photo's absolute height above the ellipsoid, or None."""
    from pipeline.geo.datum import egm96_m

    said = [_said(p) for p in photos]
    lats = [0.0 if q.problem else q.lat_deg for q in positions]
    lons = [0.0 if q.problem else q.lon_deg for q in positions]
    geoid_m = egm96_m(lats, lons) if photos else ()
    return [
        None if s is None or q.problem else _absolute(p, *s, float(n))
        for p, q, s, n in zip(photos, positions, said, geoid_m, strict=True)
    ]


def _sane(height_m: float | None) -> float | None:
    return height_m if height_m is not None and abs(height_m) < _HIGHEST_M else None


def _said(photo: Photo) -> tuple[float, str] | None:
    """(absolute height as written, its name)."""
    alt_m = _sane(photo.reading.alt_m)
    if alt_m is not None:
        return alt_m, f"XMP {photo.reading.alt_name}"
    exif = _sane(number(photo.tags, "GPSAltitude"))
    if exif is None:
        return None
    below = photo.tags.get("GPSAltitudeRef") in (b"\x01", (1.0,))
    return (-abs(exif) if below else exif), "EXIF GPSAltitude"


def _absolute(photo: Photo, alt_m: float, name: str, geoid_m: float) -> Absolute:
    reading = photo.reading
    if not reading.ellipsoidal:
        return Absolute(alt_m + geoid_m, None, f"{name}, EGM96")
    rtk_up_m = reading.rtk_std_m[2] if reading.rtk_std_m else None
    return Absolute(alt_m, rtk_up_m, f"{name}, ellipsoidal{' (RTK)' if reading.rtk_flag else ''}")


def _from_absolute(absolute: Absolute | None) -> Height:
    if absolute is None:
        return Height(problem=NO_ABSOLUTE)
    if absolute.rtk_up_m is not None:
        return Height(absolute.alt_m, absolute.rtk_up_m, absolute.rtk_shared_m, absolute.source)
    return Height(absolute.alt_m, sigma.UP_OWN_M, sigma.UP_ABSOLUTE_SHARED_M, absolute.source)


def _assumed(absolutes: Sequence[Absolute | None], ground: Ground) -> tuple[Ground, list[Height], list[str]]:
    """Ground a usual survey height below the flight; the photos keep their heights among each other."""
    plane_m = median(a.alt_m for a in absolutes if a is not None) - sigma.ASSUMED_ABOVE_GROUND_M
    found = [_from_absolute(a) for a in absolutes]
    heights = [h if h.problem else replace(h, shared_m=sigma.ASSUMED_SHARED_M, assumed=True) for h in found]
    warning = (
        f"assumed: the ground lies {sigma.ASSUMED_ABOVE_GROUND_M:.0f} ± {sigma.ASSUMED_SHARED_M:.0f} m below the "
        "camera, since there is no DEM and no height above take-off"
    )
    return replace(ground, plane_alt_m=plane_m, sigma_m=sigma.TERRAIN_UNKNOWN_M), heights, [warning]


def _over_plane(plane_m: float, relative_m: float | None, source: str) -> Height:
    if relative_m is None:
        return Height(problem=NO_HEIGHT)
    return Height(plane_m + relative_m, sigma.UP_OWN_M, sigma.UP_RELATIVE_SHARED_M, source)
