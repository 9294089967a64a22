"""The assumed view of a camera nobody asked: straight down, the image's top along the course."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from pipeline.ingest.position import distance_m
from pipeline.types import Attitude

STILL_M = 3.0  # closer than this, two positions do not tell a course
_TURN_DEG = 60.0

LatLon = tuple[float, float]


def courses(track: Sequence[LatLon | None]) -> list[float | None]:
    """Course over ground in degrees at each place of a track in time order, from its neighbours.

    In a turn (the legs before and after differ by more than 60°) the shorter leg is taken, since a strip's
    photos are closer together than its ends are to the next strip. None where nothing tells.
    """
    known = [i for i, place in enumerate(track) if place is not None]
    found: list[float | None] = [None] * len(track)
    legs = [_leg(track[a], track[b]) for a, b in pairwise(known)]
    for here, before, after in zip(known, [None, *legs], [*legs, None], strict=False):
        found[here] = _course([leg for leg in (before, after) if leg is not None])
    return found


def nadir_attitude(course_deg: float | None) -> Attitude:
    """Straight down, image top along the course (north when unknown)."""
    return Attitude(course_deg or 0.0, -90.0, 0.0)


def _leg(a: LatLon | None, b: LatLon | None) -> tuple[float, float] | None:
    """(length in m, course in degrees) or None when too short."""
    if a is None or b is None:
        return None
    length_m = distance_m(a, b)
    east = math.remainder(b[1] - a[1], 360.0) * math.cos(math.radians(a[0]))
    return (length_m, math.degrees(math.atan2(east, b[0] - a[0]))) if length_m >= STILL_M else None


def _course(legs: Sequence[tuple[float, float]]) -> float | None:
    if not legs:
        return None
    if len(legs) == 2:
        turn_deg = math.remainder(legs[1][1] - legs[0][1], 360.0)
        if abs(turn_deg) <= _TURN_DEG:
            return math.remainder(legs[0][1] + turn_deg / 2, 360.0)
    return min(legs)[1]
