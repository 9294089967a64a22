"""A place in the words of people: degrees-minutes-seconds, a CGCS2000 3° zone, a link for a car's navigation."""

from __future__ import annotations

import math
from dataclasses import dataclass
from urllib.parse import quote

CHINA_ZONES = range(25, 46)  # 3° zones, central meridians 75° E to 135° E


@dataclass(frozen=True, slots=True)
class GridPlace:
    """CGCS2000, 3° Gauss–Krüger: X to the north, Y to the east with the zone's number in front, in metres."""

    zone: int
    meridian_deg: int
    x_north_m: float
    y_east_m: float


def cgcs2000(lat_deg: float, lon_deg: float) -> GridPlace | None:
    """The place in its own 3° zone; None outside the zones of China. WGS 84 and CGCS2000 differ by centimetres."""
    zone = math.floor((lon_deg + 1.5) / 3)
    if zone not in CHINA_ZONES or not 0 <= lat_deg <= 60:
        return None
    from pipeline.geo.coordinates import cgcs2000_forward

    x_m, y_m = cgcs2000_forward(lat_deg, lon_deg)[0].tolist()
    return GridPlace(zone, zone * 3, x_m, y_m)


def dms(angle_deg: float, letters: str) -> str:
    """Degrees, minutes, seconds to 0.001″ (3 cm) with its letter: `letters` is "NS" or "EW"."""
    whole = round(abs(angle_deg) * 3_600_000)
    degrees, rest = divmod(whole, 3_600_000)
    minutes, thousandths = divmod(rest, 60_000)
    letter = letters[0] if angle_deg >= 0 else letters[1]
    return f"{degrees}°{minutes:02d}′{thousandths / 1000:06.3f}″{letter}"


def navigation_link(lat_deg: float, lon_deg: float, name: str) -> str:
    """A link that opens Amap's navigation. It speaks GCJ-02: for display only, never for evidence."""
    from pipeline.geo.coordinates import wgs84_to_gcj02

    lat, lon = wgs84_to_gcj02(lat_deg, lon_deg)[0].tolist()
    return f"https://uri.amap.com/navigation?to={lon:.6f},{lat:.6f},{quote(name, safe='')}&mode=car&coordinate=gaode"
