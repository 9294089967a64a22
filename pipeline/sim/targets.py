"""What there is to find: markers, plumes and outfalls, each on the ground where it says."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.errors import PipelineError
from pipeline.sim.config import FlightConfig
from pipeline.sim.markers import MARKER_KINDS
from pipeline.sim.noise import stream
from pipeline.sim.plan import Plan
from pipeline.sim.space import Floats
from pipeline.sim.terrain import BANK_M, River, Terrain

APART_M = 6.0
TRIES_A_SPOT = 3_000


@dataclass(frozen=True, slots=True)
class SimTarget:
    """One thing to find. `parts_m` are balls (east, north, up, radius) whose outline in a photo is its box."""

    id: str
    label: str
    kind: str
    lla: tuple[float, float, float]  # °, °, m above the ellipsoid
    world_m: Floats  # (3,)
    parts_m: Floats  # (K, 4)
    size_m: float = 0.0
    code: int = 0  # of an ArUco or AprilTag marker


def place_targets(config: FlightConfig, plan: Plan, river: River, terrain: Terrain) -> tuple[SimTarget, ...]:
    """All targets, dry where they should be and never on top of each other."""
    rng = stream(config, "targets")
    wanted = config.n_markers + config.n_smoke + config.n_dust
    spots = _dry_spots(wanted, plan, river, rng)
    ground = terrain.drop(spots)
    labels = ["marker"] * config.n_markers + ["smoke"] * config.n_smoke + ["dust"] * config.n_dust
    found = []
    for i, (label, at) in enumerate(zip(labels, ground, strict=True)):
        make = _marker if label == "marker" else _plume
        found.append(make(config, i, label, at, terrain, rng))
    found += [_outfall(wanted + i, plan, river, terrain, rng) for i in range(config.n_outfalls)]
    return tuple(found)


def place_checks(config: FlightConfig, plan: Plan, terrain: Terrain) -> tuple[SimTarget, ...]:
    """Unmarked ground points with known coordinates, anywhere that is seen."""
    rng = stream(config, "checks")
    along = rng.uniform(-1, 1, config.n_checks) * (plan.half_along_m + plan.footprint_m[0] / 2)
    across = rng.uniform(-1, 1, config.n_checks) * (plan.half_across_m + plan.footprint_m[1] / 2)
    ground = terrain.drop(plan.place(along, across))
    return tuple(
        _target(f"C{i + 1:03d}", "ground", "ground", at, np.append(at, 0.1)[None], terrain)
        for i, at in enumerate(ground)
    )


def _target(
    name: str, label: str, kind: str, at: Floats, parts: Floats, terrain: Terrain, size_m: float = 0.0, code: int = 0
) -> SimTarget:
    lat, lon, alt = terrain.world.to_lla(at[None])[0]
    return SimTarget(name, label, kind, (float(lat), float(lon), float(alt)), at, parts, size_m, code)


def _dry_spots(n: int, plan: Plan, river: River, rng: np.random.Generator) -> Floats:
    """(n, 2) east, north in the strips' rectangle (a little wider), off the river and apart from each other.

    Raises PipelineError when the river leaves no room, as it may under a single low strip.
    """
    reach = np.array([plan.half_along_m + 0.25 * plan.footprint_m[0], plan.half_across_m + 0.25 * plan.footprint_m[1]])
    spots: list[Floats] = []
    apart = APART_M
    for _ in range(TRIES_A_SPOT * n):
        along, across = rng.uniform(-1, 1, 2) * reach
        spot = plan.place(np.array([along]), np.array([across]))
        wet = abs(river.along_across(spot)[1][0]) < river.half_width_m + BANK_M + 1
        if wet or any(np.hypot(*(spot[0] - other)) < apart for other in spots):
            apart *= 0.995  # a small flight with many targets gets crowded
            continue
        spots.append(spot[0])
        if len(spots) == n:
            break
    if len(spots) < n:
        raise PipelineError("the river leaves no dry ground under this flight: fly higher, or with more strips")
    return np.array(spots).reshape(-1, 2)


def _marker(
    config: FlightConfig, i: int, label: str, at: Floats, terrain: Terrain, rng: np.random.Generator
) -> SimTarget:
    """A flat panel on the slope of the ground, turned at will."""
    kinds = config.marker_kinds or MARKER_KINDS
    size = float(rng.uniform(*config.marker_size_m))
    turn = rng.uniform(0, 2 * np.pi)
    normal = terrain.normals(at[None])[0]
    right = np.cross([-np.sin(turn), np.cos(turn), 0.0], normal)
    right /= np.linalg.norm(right)
    down = np.cross(right, normal)
    corners = np.array([at + size / 2 * (a * right + b * down) for a, b in ((-1, -1), (1, -1), (1, 1), (-1, 1))])
    parts = np.column_stack([corners, np.zeros(4)])
    return _target(f"T{i + 1:03d}", label, kinds[i % len(kinds)], at, parts, terrain, size, int(rng.integers(0, 30)))


def _plume(
    config: FlightConfig, i: int, label: str, at: Floats, terrain: Terrain, rng: np.random.Generator
) -> SimTarget:
    """Puffs drifting off a foot on the ground: smoke rises, dust creeps."""
    wind, t = rng.uniform(0, 2 * np.pi), np.linspace(0, 1, 40) ** 1.3
    length, height, start, end = (14.0, 9.0, 0.5, 3.0) if label == "smoke" else (12.0, 2.0, 0.9, 2.4)
    jitter = rng.normal(0, 0.12, (40, 3)) * (1 + 4 * t[:, None])
    axis = np.column_stack([length * t * np.sin(wind), length * t * np.cos(wind), height * t**0.8])
    radius = start + (end - start) * t
    parts = np.column_stack([at + axis + jitter * (t > 0)[:, None] + [0, 0, 0.3], radius])
    return _target(f"T{i + 1:03d}", label, label, at, parts, terrain, length)


def _outfall(i: int, plan: Plan, river: River, terrain: Terrain, rng: np.random.Generator) -> SimTarget:
    """A pipe's mouth at the water's edge; the parts are the pipe behind it and the stained fan before it."""
    side = -np.sign(river.offset_m)  # the bank nearer to the strips
    along = rng.uniform(-1, 1) * (plan.half_along_m + 0.1 * plan.footprint_m[0])
    drift, length = rng.uniform(-2, 2), rng.uniform(4, 6)
    edge = side * river.half_width_m
    en = river.at(
        np.array([along, along, along + drift - 1.5, along + drift + 1.5]),
        edge + side * np.array([0, 3, -length, -length]),
    )
    parts = np.column_stack([terrain.drop(en), [0.4, 0.4, 0.2, 0.2]])
    return _target(f"T{i + 1:03d}", "outfall", "outfall", parts[0, :3], parts, terrain, float(length))
