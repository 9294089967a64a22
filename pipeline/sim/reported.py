"""What the headers say when nobody lies: the truth with the drone's errors, rounded as the drone rounds."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from pipeline.sim import noise
from pipeline.sim.config import FlightConfig
from pipeline.sim.dialects import DIALECTS
from pipeline.sim.plan import Plan, beside_deg
from pipeline.sim.space import Floats
from pipeline.sim.terrain import Terrain


@dataclass(frozen=True, slots=True)
class Reported:
    """What the headers say. Rows are presses of the shutter."""

    lat_deg: Floats
    lon_deg: Floats
    absolute_m: Floats  # above EGM96; above the ellipsoid when rtk
    relative_m: Floats  # above take-off
    yaw_deg: Floats
    pitch_deg: Floats
    roll_deg: Floats
    flight_yaw_deg: Floats  # of the aircraft's nose
    laser: (
        Floats | None
    )  # (N, 5) latitude, longitude, height (datum as absolute_m), above take-off, range; NaN: no echo
    rtk_sigma_m: float  # 0: no RTK


def report(
    config: FlightConfig,
    plan: Plan,
    errors: noise.Errors,
    terrain: Terrain,
    takeoff_m: Floats,
    world_m: Floats,
    axes: Floats,
) -> Reported:
    """What an honest drone knows, not yet rounded."""
    world, site, rtk = terrain.world, terrain.site, config.profile == "rtk"
    takeoff_alt = world.to_lla(takeoff_m)[0, 2]
    lat, lon, alt = world.to_lla(world_m + errors.position_m).T
    absolute = alt + errors.absolute_m - (0.0 if rtk else site.undulation_m(lat, lon))
    relative = alt - takeoff_alt + errors.relative_m
    laser = _range(config, errors, terrain, takeoff_alt, world_m, axes) if config.laser else None
    yaw, pitch, roll = plan.angles_deg.T
    nose = wrap_deg(yaw - beside_deg(config)) if beside_deg(config) else yaw
    return Reported(lat, lon, absolute, relative, yaw, pitch, roll, nose, laser, errors.sigma_m)


def rounded(config: FlightConfig, said: Reported) -> Reported:
    """With as many decimals as the drone writes."""
    angle, _, height = noise.decimals(config.profile, DIALECTS[config.dialect_name].height_decimals)
    return replace(
        said, absolute_m=np.round(said.absolute_m, height), relative_m=np.round(said.relative_m, height),
        yaw_deg=np.round(said.yaw_deg, angle), pitch_deg=np.round(said.pitch_deg, angle),
        roll_deg=np.round(said.roll_deg, angle), flight_yaw_deg=np.round(said.flight_yaw_deg, angle),
    )  # fmt: skip


def wrap_deg(angle_deg: Floats) -> Floats:
    """Angles in [-180, 180)."""
    out: Floats = (angle_deg + 180.0) % 360.0 - 180.0
    return out


def _range(
    config: FlightConfig, errors: noise.Errors, terrain: Terrain, takeoff_alt_m: float, world_m: Floats, axes: Floats
) -> Floats:
    """(M, 5) laser tags: where the true optical axis first meets the ground, with the ranger's own error.

    The error is 0.3 m + 0.15 % of the range on each axis in the noisy profiles, none in the others.
    """
    rng = noise.stream(config, "laser")
    distance = terrain.first_hit(world_m, axes[:, :, 2], far_m=1200.0)
    sigma = 0.0 if config.profile in ("exact", "dji") else config.noise_scale * (0.3 + 0.0015 * distance)
    hit = (
        world_m
        + axes[:, :, 2] * distance[:, None]
        + rng.standard_normal((len(world_m), 3)) * np.reshape(sigma, (-1, 1))
    )
    lat, lon, alt = terrain.world.to_lla(hit).T
    above = 0.0 if config.profile == "rtk" else terrain.site.undulation_m(lat, lon)
    return np.column_stack(
        [lat, lon, alt - above, alt - takeoff_alt_m, distance + sigma * rng.standard_normal(len(distance))]
    )
