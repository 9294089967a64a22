"""How wrong a drone is about itself, by profile.

What the headers report is the plan (rounded); the *true* camera carries the error, as in life. With the reported
axes R, the true ones are

    up-turn(yaw error) · heading-turn(roll error) · R · right-turn(pitch error)

yaw error clockwise about the vertical, roll error about the level axis under the line of sight (a gimbal's roll motor;
looking straight down it is the tilt across the track; positive lets the right side dip), pitch error about the
camera's right axis (positive looks further up).

exact  no errors; angles with 5 decimals, positions with 10, heights to the millimetre
dji    no errors but DJI's own decimals: angles 0.1°, heights 0.01 m (newer: 0.001 m)
real   per flight: mean of pitch and of roll uniform within ± 1.8°, GNSS σ 1.2 m on east and on north, height above
       take-off σ 0.5 m, barometric absolute height σ 3 m, focal length uniform within ± 4 %. Per image: pitch and roll
       σ 1.2 to 1.6°, yaw σ 2 to 2.5° (σ drawn once a flight), GNSS σ 0.3 m on east and on north. DJI's decimals
rtk    as real, but positions σ 1 to 3 cm per image and axis, heights above the ellipsoid, and a calibrated lens
       (focal length within ± 0.2 %)

`noise_scale` multiplies all errors of real and rtk.
"""

from __future__ import annotations

from dataclasses import dataclass
from zlib import crc32

import numpy as np

from pipeline.sim.config import FlightConfig, Profile
from pipeline.sim.lie_kinds import KINDS, drawn, parse
from pipeline.sim.space import Floats, turn

UP = (0.0, 0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Errors:
    """Truth against report. Rows are photos; the vectors are east, north, up, to be added to the true position."""

    yaw_deg: Floats
    pitch_deg: Floats
    roll_deg: Floats
    position_m: Floats  # (N, 3)
    absolute_m: float  # of the barometric absolute height
    relative_m: float  # of the height above take-off
    focal: float  # true = nominal * (1 + focal)
    sigma_m: float  # of a position with RTK, else 0


def stream(config: FlightConfig, name: str) -> np.random.Generator:
    """Random numbers for one purpose: adding a purpose does not change the others."""
    return np.random.default_rng([config.seed, crc32(name.encode())])


def draw(config: FlightConfig) -> Errors:
    """The errors of a flight."""
    n, rng, scale = config.photos, stream(config, "noise"), config.noise_scale
    if config.profile in ("exact", "dji"):
        zero = np.zeros(n)
        return Errors(zero, zero, zero, np.zeros((n, 3)), 0.0, 0.0, 0.0, 0.0)
    pitch = scale * (rng.uniform(-1.8, 1.8) + rng.uniform(1.2, 1.6) * rng.standard_normal(n))
    roll = scale * (rng.uniform(-1.8, 1.8) + rng.uniform(1.2, 1.6) * rng.standard_normal(n))
    yaw = scale * (rng.uniform(2.0, 2.5) * rng.standard_normal(n))
    if config.profile == "rtk":
        sigma = scale * float(rng.uniform(0.01, 0.03))
        position, focal = sigma * rng.standard_normal((n, 3)), scale * float(rng.uniform(-0.002, 0.002))
        return Errors(yaw, pitch, roll, position, 0.0, 0.0, focal, sigma)
    level = scale * (1.2 * rng.standard_normal(2) + 0.3 * rng.standard_normal((n, 2)))
    position = np.column_stack([level, np.zeros(n)])
    absolute, relative = scale * 3.0 * rng.standard_normal(), scale * 0.5 * rng.standard_normal()
    focal = scale * float(rng.uniform(-0.04, 0.04))
    return Errors(yaw, pitch, roll, position, float(absolute), float(relative), focal, 0.0)


def lie_size(config: FlightConfig, name: str, photo: int | None = None) -> float:
    """The size of one of the flight's lies (of one photo's, where each has its own): as asked for, or drawn."""
    given = dict(parse(lie) for lie in config.lies).get(name)
    where = f"lie {name}" if photo is None else f"lie {name} {photo}"
    return drawn(KINDS[name], stream(config, where)) if given is None else given


def true_axes(
    level_R_reported: Floats, yaw_deg: float, pitch_deg: float, roll_deg: float, heading_deg: float
) -> Floats:
    """(3, 3) true camera axes in east, north, up, from the reported ones and the errors."""
    a = np.radians(heading_deg)
    heading = (np.sin(a), np.cos(a), 0.0)
    outer = turn(UP, -yaw_deg) @ turn(heading, roll_deg)
    # The first camera axis points right, and turning the view up about it is right-handed (x right, y down, z forward).
    out: Floats = outer @ level_R_reported @ turn((1.0, 0.0, 0.0), pitch_deg)
    return out


def decimals(profile: Profile, height_decimals: int) -> tuple[int, int, int]:
    """Decimals of angles, of degrees of latitude and longitude in the XMP, and of heights."""
    return (5, 10, 3) if profile == "exact" else (1, 7, height_decimals)
