"""A laser range finder's ground point, checked against the photo that carries it.

DJI writes LRFTargetDistance, Lat, Lon and, by model, AbsAlt (same zero as the photo's AbsoluteAltitude) or Alt,
of which it is not said from where it counts. The latter is believed where, absolute or relative, it agrees with
range · sin(pitch) within 20 m + 10 % of the range. The point's height is put relative to the photo's own, so
that both share one zero. No real photo with these tags was at hand.
"""

from __future__ import annotations

import math

from pipeline.ingest.heights import relative_height
from pipeline.ingest.photo import Photo
from pipeline.ingest.position import distance_m
from pipeline.types import Attitude, GeoPoint, LaserPoint

SIGMA_M, SIGMA_PER_M = 0.3, 0.0015
LONGEST_M = 10_000.0
_SLACK_M, _SLACK = 20.0, 0.10
_POSITION_SLACK_M = 30.0


def laser_point(photo: Photo, at: GeoPoint, attitude: Attitude | None) -> LaserPoint | None:
    """The measured ground point, or None when there is none or it contradicts the photo."""
    laser = photo.reading.laser
    if laser is None or laser.range_m > LONGEST_M or not (abs(laser.lat_deg) <= 90 and abs(laser.lon_deg) <= 180):
        return None
    level_m = distance_m((at.lat_deg, at.lon_deg), (laser.lat_deg, laser.lon_deg))
    rise_m = _rise_m(photo, attitude)
    if level_m > laser.range_m + _POSITION_SLACK_M or rise_m is None:
        return None
    target = GeoPoint(laser.lat_deg, laser.lon_deg, at.alt_m + rise_m)
    return LaserPoint(target, laser.range_m, SIGMA_M + SIGMA_PER_M * laser.range_m)


def _rise_m(photo: Photo, attitude: Attitude | None) -> float | None:
    """From the camera up to the point (negative below it), or None when nobody knows."""
    laser, absolute_m, relative_m = photo.reading.laser, photo.reading.alt_m, relative_height(photo)
    assert laser is not None
    if laser.abs_alt_m is not None and absolute_m is not None:
        rise_m = laser.abs_alt_m - absolute_m
        return rise_m if abs(rise_m) <= laser.range_m + _SLACK_M else None
    if laser.alt_m is None or attitude is None:
        return None
    expected_m = laser.range_m * math.sin(math.radians(attitude.pitch_deg))
    rises = [laser.alt_m - zero for zero in (absolute_m, relative_m) if zero is not None]
    best = min(rises, key=lambda rise: abs(rise - expected_m), default=None)
    if best is None or abs(best - expected_m) > _SLACK_M + _SLACK * laser.range_m:
        return None
    return best
