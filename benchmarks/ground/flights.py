"""Simulated flights without pixels, as the pipeline gets them, with what is true of every detection."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from benchmarks.ground.world import as_claimed, erring_dem, erring_plane_m
from benchmarks.liars import frames_of
from pipeline.geo.adjust import Ties
from pipeline.geo.ground import open_ground
from pipeline.sim.config import FlightConfig
from pipeline.sim.ties import draw_ties
from pipeline.sim.truth import Truth, fly
from pipeline.types import Detection, Frame, GeoPoint, Ground

GroundKind = Literal["DEM", "plane"]
World = Literal["simulated", "claimed"]  # errors as the simulator makes them, or all that the claims allow for
PROFILES = ("real", "rtk")
PATTERNS = ("nadir", "oblique", "mixed")
GROUNDS: tuple[GroundKind, ...] = ("DEM", "plane")
WORLDS: tuple[World, ...] = ("simulated", "claimed")

TIES_A_PHOTO = 150
TIE_SIGMA_PX = 0.5  # a quarter of a pixel of a copy at half the size
WRONG_TIES = 0.01
ABOVE_M = 2.0  # mean height of what stands on the ground, three ties in ten
FOUND = 0.7
POINT_SIGMA_PX = 1.0

Known = dict[tuple[str, tuple[float, float]], tuple[str, GeoPoint]]


@dataclass(frozen=True, slots=True)
class Setting:
    """What flights of one row of the table have in common."""

    profile: str
    pattern: str
    ground: GroundKind
    world: World = "simulated"

    def __str__(self) -> str:
        return f"{self.profile:4s} {self.pattern:7s} {self.ground:5s} {self.world:9s}"


@dataclass(frozen=True, eq=False)
class Drawn:
    """A flight as the pipeline gets it, and which target each detection truly shows, and where that is."""

    frames: tuple[Frame, ...]
    ties: Ties
    ground: Ground
    detections: tuple[Detection, ...]
    known: Known


def draw(setting: Setting, seed: int, folder: Path) -> Drawn:
    """One flight; its DEM is written into the folder."""
    truth = fly(
        FlightConfig(
            seed=seed, profile=setting.profile, pattern=setting.pattern, pixels=False, turned_strip=False,  # type: ignore[arg-type]
        )
    )  # fmt: skip
    dem, rng = setting.ground == "DEM", np.random.default_rng([seed, 7])
    frames, plane_m = frames_of(truth, dem)
    if setting.world == "claimed":
        frames, plane_m = as_claimed(truth, frames, dem, rng), erring_plane_m(plane_m, rng)
    ties = draw_ties(truth, TIES_A_PHOTO, TIE_SIGMA_PX, WRONG_TIES, ABOVE_M, FOUND)
    ground = _dem(truth, setting, folder, rng) if dem else Ground(plane_alt_m=plane_m)
    detections, known = _seen(truth)
    return Drawn(frames, Ties(ties.frame, ties.point, ties.px, ties.sigma_px), ground, detections, known)


def _dem(truth: Truth, setting: Setting, folder: Path, rng: np.random.Generator) -> Ground:
    exact, wrong = folder / f"{truth.config.seed}.tif", folder / f"{truth.config.seed}-wrong.tif"
    truth.terrain.write(exact)
    ground = Ground(dem=str(exact), dem_datum="egm96")
    if setting.world == "simulated":
        return ground
    erring_dem(truth.terrain, open_ground(ground).sigma_m, rng).write(wrong)
    return Ground(dem=str(wrong), dem_datum="egm96")


def _seen(truth: Truth) -> tuple[tuple[Detection, ...], Known]:
    """Every scored target in every photo that shows it, its pixel as wrong as is claimed."""
    rng = np.random.default_rng([truth.config.seed, 11])
    found: list[Detection] = []
    known: Known = {}
    inside = np.array([truth.inside(k) for k in range(len(truth.photos))])
    for k, t in zip(*np.nonzero(truth.visible & inside), strict=True):
        target = truth.targets[t]
        if target.label == "ground":
            continue
        x, y = (float(v) for v in truth.px[k, t] + POINT_SIGMA_PX * rng.standard_normal(2))
        box = (x - 5, y - 5, x + 5, y + 5)
        found.append(Detection(truth.photos[k], target.label, 1.0, box, (x, y), POINT_SIGMA_PX))
        known[truth.photos[k], (x, y)] = (target.id, GeoPoint(*target.lla))
    return tuple(found), known
