"""A flight without pixels: what was true, what was reported, and where everything lies in every photo."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.sim import noise
from pipeline.sim.config import FlightConfig
from pipeline.sim.dialects import DIALECTS, ZOOM
from pipeline.sim.lens import Lens
from pipeline.sim.plan import Plan, choose_takeoff, draw_plan, draw_river
from pipeline.sim.sites import Site, local_time, site_called
from pipeline.sim.space import Floats, World, level_R_cam
from pipeline.sim.targets import SimTarget, place_checks, place_targets
from pipeline.sim.terrain import River, Terrain, relief

Bools = NDArray[np.bool_]

DISTORTION = (-0.11, 0.02, 0.0006, -0.0004, -0.008)


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
    laser: (
        Floats | None
    )  # (N, 5) latitude, longitude, height (datum as absolute_m), above take-off, range; NaN: no echo
    rtk_sigma_m: float  # 0: no RTK


@dataclass(frozen=True, slots=True)
class Truth:
    """All there is to know about a flight. N photos (files), M presses of the shutter, T targets."""

    config: FlightConfig
    plan: Plan
    river: River
    terrain: Terrain
    targets: tuple[SimTarget, ...]  # what a judge scores, then the unmarked check points
    photos: tuple[str, ...]  # (N) file names
    shot: NDArray[np.intp]  # (N,) index of the press of the shutter
    lenses: tuple[Lens, ...]  # (N) true lenses
    nominal: tuple[Lens, ...]  # (N) lenses as the headers tell them
    world_m: Floats  # (M, 3) true camera positions
    lla: Floats  # (M, 3)
    world_R_cam: Floats  # (M, 3, 3) true axes, of a camera whose strip is not turned
    turned: Bools  # (M,) pixels are turned by 180°
    reported: Reported
    px: Floats  # (N, T, 2) NaN behind the camera
    visible: Bools  # (N, T) in the raster, and no ground before it
    boxes: Floats  # (N, T, 4) x0, y0, x1, y1, cut to the raster

    @property
    def scored(self) -> tuple[SimTarget, ...]:
        return tuple(t for t in self.targets if t.label != "ground")


def fly(config: FlightConfig) -> Truth:
    """Fly, in memory. The same configuration gives the same numbers."""
    site, plan = site_called(config.site), draw_plan(config)
    world, river = World(site.lat_deg, site.lon_deg), draw_river(config, plan)
    plan = replace(plan, takeoff_en_m=choose_takeoff(config, plan, river))
    terrain = Terrain(site, world, relief(river, noise.stream(config, "terrain")), config.dem_cell_m, plan.reach_m)
    targets = place_targets(config, plan, river, terrain) + place_checks(config, plan, terrain)
    errors, takeoff_m = noise.draw(config), terrain.drop(plan.takeoff_en_m[None])
    world_m = _at_height(plan, terrain, world.to_lla(takeoff_m)[0, 2])
    lla = world.to_lla(world_m)
    axes, turned = world_axes(plan, errors, world, lla), _turned(config, plan)
    reported = _report(config, plan, errors, terrain, takeoff_m, world_m, axes)
    photos, shot, names = _files(config, plan, site)
    nominal = tuple(_lens(config, name) for name in names)
    lenses = tuple(replace(lens, focal_px=lens.focal_px * (1 + errors.focal)) for lens in nominal)
    looks = zip(lenses, shot, strict=True)
    seen = [see(lens, world_m[i], axes[i], bool(turned[i]), targets, terrain) for lens, i in looks]
    px, visible, boxes = (np.array(part) for part in zip(*seen, strict=True))
    return Truth(
        config, plan, river, terrain, targets, photos, shot, lenses, nominal, world_m, lla, axes, turned, reported,
        px, visible, boxes,
    )  # fmt: skip


def _files(config: FlightConfig, plan: Plan, site: Site) -> tuple[tuple[str, ...], NDArray[np.intp], tuple[str, ...]]:
    """File names as DJI gives them, the press of the shutter of each, and its lens."""
    clock = [local_time(t, site.utc_offset_h).strftime("%Y%m%d%H%M%S") for t in plan.t_ns]
    rows = [(i, lens) for i in range(config.photos) for lens in config.lenses]
    names = [f"DJI_{clock[i]}_{i + 1:04d}_{lens}.JPG" if lens else f"DJI_{i + 1:04d}.JPG" for i, lens in rows]
    return tuple(names), np.array([i for i, _ in rows], np.intp), tuple(lens for _, lens in rows)


def _lens(config: FlightConfig, name: str) -> Lens:
    w, h = config.width_px, config.height_px
    focal = DIALECTS[config.dialect_name].focal_px(w) * ZOOM[name]
    if config.distorted:
        return Lens(w, h, focal, (w - 1) / 2 + 0.004 * w, (h - 1) / 2 - 0.003 * w, DISTORTION)
    return Lens(w, h, focal, (w - 1) / 2, (h - 1) / 2)


def _at_height(plan: Plan, terrain: Terrain, takeoff_alt_m: float) -> Floats:
    """(M, 3) world positions at the planned height above take-off."""
    world_m = np.column_stack([plan.en_m, np.full(len(plan.en_m), takeoff_alt_m)])
    for _ in range(3):
        world_m[:, 2] += takeoff_alt_m + plan.above_takeoff_m - terrain.world.to_lla(world_m)[:, 2]
    return world_m


def world_axes(plan: Plan, errors: noise.Errors, world: World, lla: Floats) -> Floats:
    """(M, 3, 3) the true camera's axes, columns right, down, forward, in world axes."""
    axes = []
    for i, (yaw, pitch, roll) in enumerate(plan.angles_deg):
        level = noise.true_axes(
            level_R_cam(yaw, pitch, roll), errors.yaw_deg[i], errors.pitch_deg[i], errors.roll_deg[i], yaw
        )
        axes.append(world.R_level(lla[i, 0], lla[i, 1]) @ level)
    return np.array(axes)


def _report(
    config: FlightConfig,
    plan: Plan,
    errors: noise.Errors,
    terrain: Terrain,
    takeoff_m: Floats,
    world_m: Floats,
    axes: Floats,
) -> Reported:
    """What the headers say, rounded as the drone rounds."""
    world, site, rtk = terrain.world, terrain.site, config.profile == "rtk"
    angle_decimals, _, height_decimals = noise.decimals(config.profile, DIALECTS[config.dialect_name].height_decimals)
    takeoff_alt = world.to_lla(takeoff_m)[0, 2]
    lat, lon, alt = world.to_lla(world_m + errors.position_m).T
    absolute = alt + errors.absolute_m - (0.0 if rtk else site.undulation_m(lat, lon))
    relative = alt - takeoff_alt + errors.relative_m
    laser = _range(config, errors, terrain, takeoff_alt, world_m, axes) if config.laser else None
    yaw, pitch, roll = np.round(plan.angles_deg, angle_decimals).T
    return Reported(
        lat,
        lon,
        np.round(absolute, height_decimals),
        np.round(relative, height_decimals),
        yaw,
        pitch,
        roll,
        laser,
        errors.sigma_m,
    )


def _range(
    config: FlightConfig, errors: noise.Errors, terrain: Terrain, takeoff_alt_m: float, world_m: Floats, axes: Floats
) -> Floats:
    """(M, 5) laser tags: where the true optical axis first meets the ground, with the ranger's own error.

    The error is 0.3 m + 0.15 % of the range on each axis in the noisy profiles, none in the others.
    """
    rng = noise.stream(config, "laser")
    distance = terrain.first_hit(world_m, axes[:, :, 2], far_m=1200.0)
    sigma = 0.0 if config.profile in ("exact", "dji") else 0.3 + 0.0015 * distance
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


def _turned(config: FlightConfig, plan: Plan) -> Bools:
    """(M,) now and then one strip comes off the card upside down."""
    rng = noise.stream(config, "turned")
    chance, which = rng.random(), rng.integers(config.strips)
    wanted = chance < 0.15 and config.profile in ("real", "rtk") if config.turned_strip is None else config.turned_strip
    out: Bools = (plan.strip == which) & wanted
    return out


def see(
    lens: Lens, at_m: Floats, axes: Floats, turned: bool, targets: tuple[SimTarget, ...], terrain: Terrain
) -> tuple[Floats, Bools, Floats]:
    """(T, 2) pixels, (T,) visible and (T, 4) boxes of all targets in one photo."""
    points = np.array([t.world_m for t in targets]).reshape(-1, 3)
    px, _ = lens.project((points - at_m) @ axes)
    visible = lens.contains(px)
    if visible.any():
        away = points[visible] - at_m
        distance = np.linalg.norm(away, axis=1)
        met = terrain.first_hit(np.broadcast_to(at_m, away.shape), away / distance[:, None])
        visible[visible] = ~(met < distance - 0.25)
    boxes = np.array([_box(lens, (t.parts_m[:, :3] - at_m) @ axes, t.parts_m[:, 3]) for t in targets]).reshape(-1, 4)
    if turned:
        size = np.array([lens.width_px - 1, lens.height_px - 1])
        px, boxes = size - px, np.column_stack([size - boxes[:, 2:], size - boxes[:, :2]])
    return px, visible.astype(np.bool_), boxes


def _box(lens: Lens, cam_m: Floats, radius_m: Floats) -> Floats:
    """(4,) the raster's part of the smallest box around balls; NaN when none is seen."""
    px, depth = lens.project(cam_m)
    around = (radius_m / depth * lens.focal_px)[:, None]
    if np.isnan(px).all():
        return np.full(4, np.nan)
    box = np.concatenate([np.nanmin(px - around, axis=0), np.nanmax(px + around, axis=0)])
    out: Floats = np.clip(box, -0.5, [lens.width_px - 0.5, lens.height_px - 0.5] * 2)
    return out
