"""A flight without pixels: what was true, what was reported, and where everything lies in every photo."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.sim import noise
from pipeline.sim.config import FlightConfig
from pipeline.sim.dialects import DIALECTS, ZOOM
from pipeline.sim.lens import Lens
from pipeline.sim.lie_kinds import KINDS, Lie
from pipeline.sim.lies import Flown, tell
from pipeline.sim.plan import Plan, choose_takeoff, draw_plan, draw_river
from pipeline.sim.reported import Reported, report, rounded
from pipeline.sim.sites import Site, local_time, site_called
from pipeline.sim.space import Floats, World, level_R_cam
from pipeline.sim.targets import SimTarget, place_checks, place_targets
from pipeline.sim.terrain import River, Terrain, relief, valley

Bools = NDArray[np.bool_]

CORRIDOR_BLOCK = 128  # cells a side: few hills reach into one
DISTORTION = (-0.11, 0.02, 0.0006, -0.0004, -0.008)


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
    turn_deg: NDArray[np.intp]  # (M,) 0, 90, 180 or 270: pixels as stored are turned clockwise against the lens's
    reported: Reported
    lies: tuple[Lie, ...]  # what `reported` says that no honest drone would
    px: Floats  # (N, T, 2) as stored; NaN behind the camera
    visible: Bools  # (N, T) in the raster, and no ground before it
    boxes: Floats  # (N, T, 4) x0, y0, x1, y1, cut to the raster

    @property
    def scored(self) -> tuple[SimTarget, ...]:
        return tuple(t for t in self.targets if t.label != "ground")

    def water(self, world_m: Floats) -> Bools:
        """(N,) whether (N, 3) or (N, 2) world points lie on (or over) the river's water."""
        return self.river.covers(world_m[:, :2])

    @property
    def turned(self) -> Bools:
        """(M,) pixels are turned against their headers."""
        out: Bools = self.turn_deg != 0
        return out

    def stored_size(self, photo: int) -> tuple[int, int]:
        """Width and height of a photo's raster as stored."""
        lens = self.lenses[photo]
        size = lens.width_px, lens.height_px
        return size if self.turn_deg[self.shot[photo]] % 180 == 0 else size[::-1]

    def inside(self, photo: int) -> Bools:
        """(T,) whether targets fall into a photo's raster, its edges included."""
        with np.errstate(invalid="ignore"):
            last = np.array(self.stored_size(photo)) - 0.5
            out: Bools = np.all((self.px[photo] >= -0.5) & (self.px[photo] <= last), axis=1)
        return out


def fly(config: FlightConfig) -> Truth:
    """Fly, in memory. The same configuration gives the same numbers."""
    site, plan = site_called(config.site), draw_plan(config)
    world, river = World(site.lat_deg, site.lon_deg), draw_river(config, plan)
    plan = replace(plan, takeoff_en_m=choose_takeoff(config, plan, river))
    block = CORRIDOR_BLOCK if plan.corridor else 0
    terrain = Terrain(site, world, _ground(config, plan, river), config.dem_cell_m, plan.dem_half_m, block)
    targets = place_targets(config, plan, river, terrain) + place_checks(config, plan, terrain)
    errors, takeoff_m = noise.draw(config), terrain.drop(plan.takeoff_en_m[None])
    world_m = _at_height(plan, terrain, world.to_lla(takeoff_m)[0, 2])
    lla = world.to_lla(world_m)
    axes, turn_deg = world_axes(plan, errors, world, lla), _turn_deg(config, plan)
    honest = report(config, plan, errors, terrain, takeoff_m, world_m, axes)
    said, told = tell(Flown(config, plan, terrain, turn_deg), honest)
    photos, shot, names = _files(config, plan, site)
    lies = tuple(
        Lie(t.name, t.value, KINDS[t.name].unit, tuple(p for p, i in zip(photos, shot, strict=True) if t.about[i]))
        for t in told
    )
    nominal = tuple(_lens(config, name) for name in names)
    lenses = tuple(replace(lens, focal_px=lens.focal_px * (1 + errors.focal)) for lens in nominal)
    looks = zip(lenses, shot, strict=True)
    seen = [see(lens, world_m[i], axes[i], int(turn_deg[i]), targets, terrain) for lens, i in looks]
    px, visible, boxes = (np.array(part) for part in zip(*seen, strict=True))
    return Truth(
        config, plan, river, terrain, targets, photos, shot, lenses, nominal, world_m, lla, axes, turn_deg,
        rounded(config, said), lies, px, visible, boxes,
    )  # fmt: skip


def _ground(config: FlightConfig, plan: Plan, river: River) -> Callable[[Floats], Floats]:
    """Heights over the site as a function of (N, 2) east, north."""
    rng = noise.stream(config, "terrain")
    return valley(river, plan.ground_half_m, rng) if plan.corridor else relief(river, rng)


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


def _turn_deg(config: FlightConfig, plan: Plan) -> NDArray[np.intp]:
    """(M,) now and then one strip comes off the card upside down, or turned as a lie says."""
    lies = [name for name in config.lie_names if name.startswith("turned-")]
    rng = noise.stream(config, f"lie {lies[0]}" if lies else "turned")
    chance, which = rng.random(), rng.integers(config.strips)
    wanted = chance < 0.15 and config.profile in ("real", "rtk") if config.turned_strip is None else config.turned_strip
    degrees = int(lies[0].removeprefix("turned-")) if lies else 180 * wanted
    return np.where(plan.strip == which, degrees, 0)


def upright_to_stored(px: Floats, lens: Lens, turn_deg: int) -> Floats:
    """(N, 2) pixels of the lens to those of a raster turned clockwise."""
    x, y = px.T
    right, bottom = lens.width_px - 1, lens.height_px - 1
    turned = {0: (x, y), 90: (bottom - y, x), 180: (right - x, bottom - y), 270: (y, right - x)}
    return np.column_stack(turned[turn_deg])


def see(
    lens: Lens, at_m: Floats, axes: Floats, turn_deg: int, targets: tuple[SimTarget, ...], terrain: Terrain
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
    one, other = (upright_to_stored(corner, lens, turn_deg) for corner in (boxes[:, :2], boxes[:, 2:]))
    boxes = np.column_stack([np.minimum(one, other), np.maximum(one, other)])
    return upright_to_stored(px, lens, turn_deg), visible.astype(np.bool_), boxes


def _box(lens: Lens, cam_m: Floats, radius_m: Floats) -> Floats:
    """(4,) the raster's part of the smallest box around balls; NaN when none is seen."""
    px, depth = lens.project(cam_m)
    around = (radius_m / depth * lens.focal_px)[:, None]
    if np.isnan(px).all():
        return np.full(4, np.nan)
    box = np.concatenate([np.nanmin(px - around, axis=0), np.nanmax(px + around, axis=0)])
    out: Floats = np.clip(box, -0.5, [lens.width_px - 0.5, lens.height_px - 0.5] * 2)
    return out
