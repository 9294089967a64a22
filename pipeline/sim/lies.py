"""Systematic lies: what was true stays, what the headers report changes. One function a lie.

A flight tells those of `FlightConfig.lies`, one after the other in that order. Some need the flight itself to be of a
kind (a gimbal that looks aside, a tilted one): `plan` sees to that. Clocks lie in `clocks` and, for photos that bring
their own poses, here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.sim.config import FlightConfig
from pipeline.sim.noise import lie_size, stream
from pipeline.sim.plan import Plan
from pipeline.sim.reported import Reported, wrap_deg
from pipeline.sim.space import SEMI_MAJOR_M, Floats
from pipeline.sim.terrain import Terrain

Bools = NDArray[np.bool_]

KRASOVSKY_M, KRASOVSKY_E2 = 6378245.0, 0.00669342162296594323  # the ellipsoid of GCJ-02's formula


@dataclass(frozen=True, slots=True)
class Flown:
    """What a lie may look at."""

    config: FlightConfig
    plan: Plan
    terrain: Terrain
    turn_deg: NDArray[np.intp]  # (M,)


@dataclass(frozen=True, slots=True)
class Told:
    """One lie told: its size and, (M,), the presses of the shutter it is about."""

    name: str
    value: float
    about: Bools


Teller = Callable[[Flown, Reported, float], tuple[Reported, float]]


def tell(flown: Flown, said: Reported) -> tuple[Reported, tuple[Told, ...]]:
    """All lies of the flight, over what an honest drone would say."""
    told: list[Told] = []
    for name in flown.config.lie_names:
        size = lie_size(flown.config, name)
        if name == "yaw-outliers":
            said, more = _yaw_outliers(flown, said)
            told += more
        elif name.startswith("turned-"):
            degrees = int(name.removeprefix("turned-"))
            told.append(Told(name, float(degrees), flown.turn_deg == degrees))
        else:
            said, value = TELLERS[name](flown, said, size)
            told.append(Told(name, value, np.ones(len(said.yaw_deg), np.bool_)))
    return said, tuple(told)


def _yaw_outliers(flown: Flown, said: Reported) -> tuple[Reported, list[Told]]:
    """The compass is off by tens of degrees in one to three photos."""
    rng, n = stream(flown.config, "outliers"), len(said.yaw_deg)
    off, told = np.zeros(n), []
    for i in np.sort(rng.choice(n, min(n, int(rng.integers(1, 4))), replace=False)):
        off[i] = lie_size(flown.config, "yaw-outliers", int(i))
        told.append(Told("yaw-outliers", float(off[i]), np.arange(n) == i))
    return _turned_about(said, off), told


def _turned_about(said: Reported, by_deg: Floats) -> Reported:
    """Every heading that is told, turned clockwise."""
    return replace(said, yaw_deg=wrap_deg(said.yaw_deg + by_deg), flight_yaw_deg=wrap_deg(said.flight_yaw_deg + by_deg))


def _aircraft_yaw(flown: Flown, said: Reported, size: float) -> tuple[Reported, float]:
    """The gimbal's yaw is the aircraft's; the gimbal looked `size` to the right of the nose."""
    return replace(said, yaw_deg=said.flight_yaw_deg), size


def _zero_gimbal(flown: Flown, said: Reported, size: float) -> tuple[Reported, float]:
    """Nobody filled in the gimbal's angles."""
    none = np.zeros(len(said.yaw_deg))
    return replace(said, yaw_deg=none, pitch_deg=none, roll_deg=none), 0.0


def _magnetic(flown: Flown, said: Reported, size: float) -> tuple[Reported, float]:
    """Headings count from magnetic north, which lies `size` east of true north."""
    return _turned_about(said, np.full(len(said.yaw_deg), -size)), size


def _yaw_sign(flown: Flown, said: Reported, size: float) -> tuple[Reported, float]:
    """Headings count anticlockwise. The value is the mean error that this makes."""
    off = np.abs(wrap_deg(2 * said.yaw_deg))
    return replace(said, yaw_deg=wrap_deg(-said.yaw_deg), flight_yaw_deg=wrap_deg(-said.flight_yaw_deg)), _mean(off)


def _pitch_sign(flown: Flown, said: Reported, size: float) -> tuple[Reported, float]:
    """Pitch counts downwards. The value is the mean error that this makes."""
    return replace(said, pitch_deg=-said.pitch_deg), _mean(-2 * said.pitch_deg)


def _roll_sign(flown: Flown, said: Reported, size: float) -> tuple[Reported, float]:
    """Roll lets the left side dip. The value is the mean error that this makes."""
    return replace(said, roll_deg=-said.roll_deg), _mean(-2 * said.roll_deg)


def _relative_as_absolute(flown: Flown, said: Reported, size: float) -> tuple[Reported, float]:
    """The height above take-off stands where one above sea level should. The value is the mean error."""
    return replace(said, absolute_m=said.relative_m), _mean(said.relative_m - said.absolute_m)


def _ellipsoid_for_geoid(flown: Flown, said: Reported, size: float) -> tuple[Reported, float]:
    """The height above the ellipsoid stands where one above sea level should. The value is the mean error."""
    undulation = flown.terrain.site.undulation_m(said.lat_deg, said.lon_deg)
    return replace(said, absolute_m=said.absolute_m + undulation), _mean(undulation)


def _barometer(flown: Flown, said: Reported, size: float) -> tuple[Reported, float]:
    """Heights above take-off do not count from the take-off point: off by `size` throughout."""
    return replace(said, relative_m=said.relative_m + size), size


def _barometer_drift(flown: Flown, said: Reported, size: float) -> tuple[Reported, float]:
    """The air's pressure changes: every height that a barometer gives is off, from nothing at first to `size`."""
    since = np.array(flown.plan.t_ns, np.float64) - flown.plan.t_ns[0]
    off = size * since / max(1.0, since[-1])
    absolute = said.absolute_m if said.rtk_sigma_m else said.absolute_m + off
    return replace(said, relative_m=said.relative_m + off, absolute_m=absolute), size


def _clock_seconds(flown: Flown, said: Reported, size: float) -> tuple[Reported, float]:
    """Each photo has the pose of `size` seconds later; a log's poses are given their photos by `clocks`."""
    if flown.config.log:
        return said, size
    t_s = (np.array(flown.plan.t_ns) - flown.plan.t_ns[0]) / 1e9
    lat, absolute, relative, pitch, roll = _later(
        t_s, size, said.lat_deg, said.absolute_m, said.relative_m, said.pitch_deg, said.roll_deg
    )
    around = (np.unwrap(v, period=360.0) for v in (said.lon_deg, said.yaw_deg, said.flight_yaw_deg))
    lon, yaw, nose = wrap_deg(_later(t_s, size, *around))
    return Reported(lat, lon, absolute, relative, yaw, pitch, roll, nose, said.laser, said.rtk_sigma_m), size


def _later(t_s: Floats, by_s: float, *columns: Floats) -> Floats:
    """(C, N) columns at later moments: straight between the given ones, and straight on beyond them."""
    values, at = np.array(columns), t_s + by_s
    if len(t_s) < 2:
        return values
    i = np.clip(np.searchsorted(t_s, at, "right") - 1, 0, len(t_s) - 2)
    share = (at - t_s[i]) / (t_s[i + 1] - t_s[i])
    out: Floats = values[:, i] + share * (values[:, i + 1] - values[:, i])
    return out


def _clock_hours(flown: Flown, said: Reported, size: float) -> tuple[Reported, float]:
    """The camera's clock is set to another zone; `clocks` does it."""
    return said, size


def _gcj02(flown: Flown, said: Reported, size: float) -> tuple[Reported, float]:
    """Positions are GCJ-02. The value is the mean shift in metres."""
    lat, lon = gcj02(said.lat_deg, said.lon_deg)
    metres = np.radians(1.0) * SEMI_MAJOR_M
    shift = np.hypot(lat - said.lat_deg, (lon - said.lon_deg) * np.cos(np.radians(lat))) * metres
    return replace(said, lat_deg=lat, lon_deg=lon), _mean(shift)


def gcj02(lat_deg: Floats, lon_deg: Floats) -> tuple[Floats, Floats]:
    """GCJ-02 latitudes and longitudes of WGS 84 ones in China, by the public formula (googollee/eviltransform)."""
    x, y = lon_deg - 105.0, lat_deg - 35.0
    wave = (20 * np.sin(6 * np.pi * x) + 20 * np.sin(2 * np.pi * x)) * 2 / 3
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * np.sqrt(np.abs(x)) + wave
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * np.sqrt(np.abs(x)) + wave
    for size, length in ((20, 1), (40, 3)):
        north += size * np.sin(np.pi * y / length) * 2 / 3
        east += size * np.sin(np.pi * x / length) * 2 / 3
    for toward_north, toward_east, length in ((160, 150, 12), (320, 300, 30)):
        north += toward_north * np.sin(np.pi * y / length) * 2 / 3
        east += toward_east * np.sin(np.pi * x / length) * 2 / 3
    magic = 1 - KRASOVSKY_E2 * np.sin(np.radians(lat_deg)) ** 2
    meridian = KRASOVSKY_M * (1 - KRASOVSKY_E2) / magic**1.5
    across = KRASOVSKY_M / np.sqrt(magic) * np.cos(np.radians(lat_deg))
    return lat_deg + np.degrees(north / meridian), lon_deg + np.degrees(east / across)


def _mean(values: Floats) -> float:
    return float(np.mean(values))


TELLERS: dict[str, Teller] = {
    "aircraft-yaw": _aircraft_yaw,
    "zero-gimbal": _zero_gimbal,
    "magnetic": _magnetic,
    "yaw-sign": _yaw_sign,
    "pitch-sign": _pitch_sign,
    "roll-sign": _roll_sign,
    "relative-as-absolute": _relative_as_absolute,
    "ellipsoid-for-geoid": _ellipsoid_for_geoid,
    "barometer": _barometer,
    "barometer-drift": _barometer_drift,
    "clock-seconds": _clock_seconds,
    "clock-hours": _clock_hours,
    "gcj02": _gcj02,
}
