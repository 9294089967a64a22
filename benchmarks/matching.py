"""Matching between photos: what fits the true geometry of simulated flights, and how much of real ones is tied.

    OPENBLAS_NUM_THREADS=1 python -m benchmarks.matching [--seeds 3] [--pattern nadir] [--water] [FOLDER ...]

Simulated flights are two strips of six photos of 12 megapixels with *real* noise. Every match is sent through the true
geometry, and "wrong" is what lies more than 3 pixels of the searched copy from where that puts it; every tie is held
against the ground that its sightings mean. Given folders of photos, it prints what pairs have in common instead. Times
are processor seconds of one thread.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.geo.adjust.features import extract
from pipeline.geo.adjust.match import match
from pipeline.geo.adjust.matches import Features, Pair, Ties
from pipeline.geo.adjust.pairs import candidates
from pipeline.geo.adjust.tracks import tie
from pipeline.geo.ground import open_ground
from pipeline.imagery import read, use_one_thread
from pipeline.ingest import open_mission
from pipeline.sim import FlightConfig, Truth, make_flight
from pipeline.types import Frame, Ground, Mission

Array = NDArray[np.float64]
WRONG_PX = 3.0  # of the searched copy


@dataclass
class Clock:
    """Processor seconds by step."""

    spent_s: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        begun = time.process_time()
        yield
        self.spent_s[name] = self.spent_s.get(name, 0.0) + time.process_time() - begun


@dataclass(frozen=True)
class Matched:
    """A flight after matching."""

    frames: Sequence[Frame]
    features: list[Features]
    asked: list[tuple[int, int]]
    tried: int
    pairs: list[Pair]
    ties: Ties
    clock: Clock


def matched(frames: Sequence[Frame], ground: Ground, every_pair: bool = False) -> Matched:
    """Features, pairs and ties of a flight; `every_pair` asks all of them, not only the candidates."""
    clock, features, pairs = Clock(), [], []
    for frame in frames:
        image = read(frame)
        with clock.step("extract"):
            features.append(extract(image))
    with clock.step("candidates"):
        asked = candidates(frames, open_ground(ground))
    tried = list(combinations(range(len(frames)), 2)) if every_pair else asked
    for i, j in tried:
        first, second = frames[i].camera, frames[j].camera
        with clock.step("match"):
            rows = match(features[i], features[j], first, second) if first and second else ()
        pairs += [Pair(i, j, rows)] if len(rows) else []
    with clock.step("tie"):
        ties = tie(features, pairs)
    return Matched(frames, features, asked, len(tried), pairs, ties, clock)


def upright(truth: Truth, i: int, px: Array) -> Array:
    """Pixels of a photo as its camera saw them, or the other way round: turned photos are turned back."""
    lens = truth.lenses[i]
    return np.array([lens.width_px - 1, lens.height_px - 1]) - px if truth.turned[truth.shot[i]] else px


def on_ground(truth: Truth, i: int, px: Array) -> Array:
    """(N, 3) world points that (N, 2) pixels show."""
    shot = truth.shot[i]
    rays = truth.lenses[i].rays(upright(truth, i, px)) @ truth.world_R_cam[shot].T
    start = np.broadcast_to(truth.world_m[shot], rays.shape)
    return np.asarray(start + rays * truth.terrain.first_hit(start, rays)[:, None])


def in_photo(truth: Truth, i: int, world_m: Array) -> Array:
    """(N, 2) pixels of (N, 3) world points."""
    shot = truth.shot[i]
    px, _ = truth.lenses[i].project((world_m - truth.world_m[shot]) @ truth.world_R_cam[shot])
    return upright(truth, i, px)


def on_water(truth: Truth, world_m: Array) -> NDArray[np.bool_]:
    _, across = truth.river.along_across(world_m[:, :2])
    return np.asarray(np.abs(across) < truth.river.half_width_m)


@dataclass(frozen=True)
class Judged:
    """Errors in pixels of the searched copy: of matches (2D), of ties (each axis, from their own ground's mean)."""

    match_px: Array
    wet: NDArray[np.bool_]
    tie_px: Array
    tie_wet: NDArray[np.bool_]


def judged(truth: Truth, found: Matched) -> Judged:
    errors, wet = [], []
    for p in found.pairs:
        a, b = found.features[p.first], found.features[p.second]
        ground = on_ground(truth, p.first, a.px[p.rows[:, 0]])
        errors.append(np.linalg.norm(in_photo(truth, p.second, ground) - b.px[p.rows[:, 1]], axis=1) / b.step_px)
        wet.append(on_water(truth, ground))
    tie_px, tie_wet = judged_ties(truth, found)
    return Judged(np.concatenate(errors), np.concatenate(wet), tie_px, tie_wet)


def judged_ties(truth: Truth, found: Matched) -> tuple[Array, NDArray[np.bool_]]:
    """(M, 2) how far each sighting lies from the mean of all of its tie, and (M,) whether that is on water."""
    ties = found.ties
    ground = np.empty((len(ties.frame), 3))
    for i in range(len(found.frames)):
        ground[ties.frame == i] = on_ground(truth, i, ties.px[ties.frame == i])
    counts = np.bincount(ties.point)
    mean = np.stack([np.bincount(ties.point, ground[:, k]) / counts for k in range(3)], axis=-1)[ties.point]
    apart = np.empty_like(ties.px)
    for i, features in enumerate(found.features):
        mine = ties.frame == i
        apart[mine] = (in_photo(truth, i, mean[mine]) - ties.px[mine]) / features.step_px
    shrunk = np.sqrt(1 - 1 / counts[ties.point])[:, None]  # the mean follows its own sightings
    return apart / shrunk, on_water(truth, mean)


def simulated(seed: int, pattern: str, water: bool) -> tuple[Matched, Judged]:
    config = FlightConfig(seed=seed, profile="real", strips=2, photos_per_strip=6, pattern=pattern, moving_water=water)
    with tempfile.TemporaryDirectory() as scratch:
        made = make_flight(Path(scratch) / "sim", config)
        frames = open_mission(made.flight).frames
        found = matched(frames, Ground(dem=str(made.dem), dem_datum="egm96"))
        order = [made.truth.photos.index(Path(f.id).name) for f in frames]
        assert order == sorted(order)
        return found, judged(made.truth, found)


def told(found: Matched) -> str:
    """One line about a flight's ties and what they cost."""
    spent, photos = found.clock.spent_s, len(found.frames)
    matches = [len(p.rows) for p in found.pairs] or [0]
    ties = np.bincount(found.ties.frame, minlength=photos)
    length = len(found.ties.frame) / max(1, found.ties.points)
    pair_s = spent.get("match", 0.0) / max(1, found.tried)
    return (
        f"{photos} photos, {len(found.asked)} pairs asked, {len(found.pairs)} tied, matches a tied pair "
        f"{np.median(matches):.0f} ({min(matches)}-{max(matches)}); ties a photo {ties.min()}-{ties.max()}, "
        f"{length:.1f} photos each; extract {spent['extract'] / photos:.2f} s a photo, "
        f"match {1e3 * pair_s:.0f} ms a pair, tie {spent['tie']:.2f} s"
    )


def verdict(j: Judged) -> str:
    size = np.linalg.norm(j.tie_px, axis=1)
    axis = np.abs(j.tie_px[np.isfinite(j.tie_px)])
    return (
        f"  matches {len(j.match_px)}: median {np.nanmedian(j.match_px):.3f} px, "
        f"90 % {np.nanpercentile(j.match_px, 90):.2f} px, wrong {100 * np.mean(~(j.match_px < WRONG_PX)):.3f} %, "
        f"on water {j.wet.sum()}; ties: one sigma of an axis {np.median(axis) / 0.6745:.3f} px robustly, "
        f"{np.sqrt(np.mean(axis[axis < WRONG_PX] ** 2)):.3f} px rms, wrong {100 * np.mean(~(size < WRONG_PX)):.3f} %, "
        f"on water {j.tie_wet.sum()}"
    )


def peak_mb() -> float:
    """The most memory that this process has held, in MB; NaN where the system does not tell."""
    try:
        import resource
    except ImportError:
        return float("nan")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)


def told_or_level(mission: Mission) -> Ground:
    """The mission's ground, or a level plane 60 m under its lowest photo."""
    if mission.ground.dem or mission.ground.plane_alt_m is not None:
        return mission.ground
    heights = [f.pose.at.alt_m for f in mission.frames if f.pose]
    return Ground(plane_alt_m=min(heights, default=60.0) - 60.0)


def real(folder: Path) -> None:
    mission = open_mission(folder)
    found = matched(mission.frames, told_or_level(mission), every_pair=len(mission.frames) <= 24)
    asked = set(found.asked)
    for p in found.pairs:
        names = (Path(found.frames[i].id).stem for i in (p.first, p.second))
        print(f"  {' '.join(names)}: {len(p.rows)}{'' if (p.first, p.second) in asked else ' (not a candidate)'}")
    print(f"{folder.name}: {told(found)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--pattern", default="nadir")
    parser.add_argument("--water", action="store_true")
    chosen = parser.parse_args()
    use_one_thread()
    for folder in chosen.folders:
        real(folder)
    for seed in range(1, 1 + (0 if chosen.folders else chosen.seeds)):
        found, verdicts = simulated(seed, chosen.pattern, chosen.water)
        print(f"seed {seed}: {told(found)}\n{verdict(verdicts)}", flush=True)
    print(f"at most {peak_mb():.0f} MB")


if __name__ == "__main__":
    main()
