"""The way a simulated vehicle flies, and what it plans. Quaternions are the textbook's, apart from `pipeline.geo`."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from pipeline.sim.space import Floats
from pipeline.sim.truth import Truth


@dataclass(frozen=True, slots=True)
class Route:
    """A flight as columns (M,): straight lines between presses of the shutter."""

    t_s: Floats  # since the first press
    lat_deg: Floats
    lon_deg: Floats
    msl_m: Floats
    relative_m: Floats
    yaw_deg: Floats  # of the lens, unwrapped, as the other angles
    pitch_deg: Floats
    roll_deg: Floats

    def at(self, t_s: float) -> tuple[float, ...]:
        """(lat, lon, height above sea, above take-off, yaw, pitch, roll) at a moment; it waits at both ends."""
        columns = (
            self.lat_deg, self.lon_deg, self.msl_m, self.relative_m, self.yaw_deg, self.pitch_deg, self.roll_deg,
        )  # fmt: skip
        return tuple(float(np.interp(t_s, self.t_s, c)) for c in columns)


def route_of(truth: Truth, interval_s: float = 2.0) -> Route:
    """The flight that `truth` reports, one press of the shutter every `interval_s`."""
    r = truth.reported
    yaw = np.asarray(np.unwrap(r.yaw_deg, period=360.0), np.float64)
    t_s = np.arange(len(r.lat_deg), dtype=np.float64) * interval_s
    return Route(t_s, r.lat_deg, r.lon_deg, r.absolute_m, r.relative_m, yaw, r.pitch_deg, r.roll_deg)


@dataclass(frozen=True, slots=True)
class Item:
    """One item of the planned mission, as MISSION_ITEM_INT tells it."""

    command: int
    frame: int
    lat_deg: float
    lon_deg: float
    alt_m: float
    parameters: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)


def plan_of(route: Route) -> tuple[Item, ...]:
    """Home, take-off and a waypoint at each press of the shutter."""
    home = Item(16, 0, float(route.lat_deg[0]), float(route.lon_deg[0]), float(route.msl_m[0] - route.relative_m[0]))
    up = Item(22, 3, home.lat_deg, home.lon_deg, float(route.relative_m[0]))
    rows = zip(route.lat_deg, route.lon_deg, route.relative_m, strict=True)
    return (home, up, *(Item(16, 3, float(a), float(b), float(h)) for a, b, h in rows))


def velocity(route: Route, t_s: float) -> tuple[float, float, float]:
    """North, east, down in m/s, over the quarter of a second around a moment."""
    a, b = route.at(t_s - 0.125), route.at(t_s + 0.125)
    north = (b[0] - a[0]) * 111_320.0
    east = (b[1] - a[1]) * 111_320.0 * math.cos(math.radians(a[0]))
    return north * 4, east * 4, (a[2] - b[2]) * 4


def quaternion(yaw_deg: float, pitch_deg: float, roll_deg: float) -> list[float]:
    """(w, x, y, z) of yaw · pitch · roll about down, right and forward (MAVLink's order and axes)."""
    (cy, sy), (cp, sp), (cr, sr) = (
        (math.cos(math.radians(a) / 2), math.sin(math.radians(a) / 2)) for a in (yaw_deg, pitch_deg, roll_deg)
    )
    return [
        cr * cp * cy + sr * sp * sy,
        sr * cp * cy - cr * sp * sy,
        cr * sp * cy + sr * cp * sy,
        cr * cp * sy - sr * sp * cy,
    ]
