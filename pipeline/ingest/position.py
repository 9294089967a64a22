"""Latitude and longitude of a photo, from XMP or EXIF, and why there are none.

XMP carries more decimals and is preferred where both agree within 30 m; where they do not, EXIF, which every
program writes, is believed and the photo is named in a warning.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from pipeline.ingest.exif import Tags, text
from pipeline.ingest.photo import Photo

AGREE_M = 30.0
_M_PER_DEG = 111_320.0  # enough for a comparison


@dataclass(frozen=True, slots=True)
class Position:
    """A place without height; without coordinates, `problem` says why."""

    lat_deg: float = math.nan
    lon_deg: float = math.nan
    source: str = ""
    problem: str = ""
    warning: str = ""


def position_of(photo: Photo) -> Position:
    """The photo's latitude and longitude."""
    exif, exif_fault = _exif(photo.tags)
    xmp, xmp_fault = _checked(photo.reading.lat_deg, photo.reading.lon_deg)
    label = f"XMP {photo.reading.dialect}"
    if exif is None and xmp is None:
        return Position(problem=exif_fault or xmp_fault or "no GPS position in EXIF or XMP")
    if xmp is None:
        assert exif is not None
        return Position(*exif, "EXIF GPS")
    if exif is None:
        return Position(*xmp, label)
    apart_m = distance_m(exif, xmp)
    if apart_m > AGREE_M:
        warning = f"{photo.id}: EXIF and XMP positions are {apart_m:.0f} m apart; EXIF is used"
        return Position(*exif, "EXIF GPS", warning=warning)
    return Position(*xmp, label)


def distance_m(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Distance of two (lat_deg, lon_deg), on a locally flat Earth."""
    east = math.remainder(a[1] - b[1], 360.0) * math.cos(math.radians(a[0]))
    return math.hypot(a[0] - b[0], east) * _M_PER_DEG


def _checked(lat: float | None, lon: float | None) -> tuple[tuple[float, float] | None, str]:
    if lat is None or lon is None:
        return None, ""
    if lat == 0 and lon == 0:
        return None, "the GPS position is 0, 0, which a receiver writes when it has none"
    if not (abs(lat) <= 90 and abs(lon) <= 180):
        return None, f"the GPS position {lat:g}, {lon:g} is not on Earth"
    return (lat, -180.0 if lon == 180 else lon), ""


def _exif(tags: Tags) -> tuple[tuple[float, float] | None, str]:
    if "GPSLatitude" not in tags or "GPSLongitude" not in tags:
        return None, ""
    lat, lon = _degrees(tags, "GPSLatitude", "S"), _degrees(tags, "GPSLongitude", "W")
    if lat is None or lon is None:
        return None, "the GPS position in EXIF cannot be read (not a number)"
    return _checked(lat, lon)


def _degrees(tags: Tags, name: str, negative: str) -> float | None:
    parts = tags[name]
    if not isinstance(parts, tuple):
        return None
    # Missing minutes or seconds may be 0/0; missing degrees may not.
    dms = [parts[0], *(0.0 if math.isnan(p) else p for p in parts[1:3])]
    value = math.fsum(p / 60.0**i for i, p in enumerate(dms))
    if not math.isfinite(value):
        return None
    return -value if text(tags, name + "Ref")[:1].upper() == negative else value
