"""How long an adjustment takes, and how much memory: the equations alone, and all of it from the pictures.

    python -m benchmarks.adjusting solver [--photos 200 400 800 1600] [--pattern grid strip] [--profile]
    python -m benchmarks.adjusting pictures [--photos 400] [--width 4000] [--keep FOLDER] [--workers 2]

`solver` draws ties without pixels (as many a photo as a matcher keeps) over a normal block and over a single strip, and
adjusts each in a process of its own: seconds and peak memory, and how both grow with the photos. `pictures` renders a
flight, and reads, matches and adjusts it as `run` does, nothing searched. Seconds are the processor's, one core, so
that a busy machine does not count; with OMP_NUM_THREADS=1 they are those of a machine with nothing else to do.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

import numpy as np

from benchmarks.liars import frames_of
from benchmarks.river_strip import draw
from pipeline import imagery
from pipeline.flow.adjusting import adjust_mission
from pipeline.geo.adjust.block import conclude
from pipeline.geo.adjust.matches import Ties
from pipeline.geo.adjust.problem import pose_the_problem
from pipeline.geo.adjust.solve import solve
from pipeline.geo.ground import open_ground
from pipeline.ingest import open_mission
from pipeline.parallel import open_pool
from pipeline.sim import FlightConfig
from pipeline.sim.ties import draw_ties
from pipeline.sim.truth import fly
from pipeline.types import Ground

PER_PHOTO = 300
PER_STRIP = 40  # photos of a strip of a normal block
LONGEST = 1000  # photos of one strip
STRIP_OVERLAP = 0.85  # so that 800 photos are 8 km
STATUS = Path("/proc/self/status")
RESET = Path("/proc/self/clear_refs")

T = TypeVar("T")


@dataclass(frozen=True)
class Took:
    """One adjustment. `before_mb`: memory held by the flight itself, before it began."""

    pattern: str
    photos: int
    ties: int
    unknowns: int
    rounds: int
    solve_s: float
    conclude_s: float
    before_mb: float
    peak_mb: float

    def __str__(self) -> str:
        return (
            f"{self.pattern:>5} {self.photos:5d} photos {self.ties:7d} ties {self.unknowns:6d} unknowns: "
            f"solved in {self.solve_s:6.1f} s ({self.rounds} rounds), concluded in {self.conclude_s:6.1f} s, "
            f"{1e3 * (self.solve_s + self.conclude_s) / self.photos:5.0f} ms a photo; "
            f"peak {self.peak_mb:.0f} MB (before: {self.before_mb:.0f} MB)"
        )


def config_of(pattern: str, photos: int) -> FlightConfig:
    """A block of strips of 40, or one strip of kilometres (two of them for more than a thousand photos)."""
    strips = max(1, photos // PER_STRIP) if pattern == "grid" else -(-photos // LONGEST)
    return FlightConfig(
        seed=1, site="kaifeng", strips=strips, photos_per_strip=photos // strips, pixels=False, turned_strip=False,
        dem_cell_m=5.0, overlap=0.7 if pattern == "grid" else STRIP_OVERLAP,
    )  # fmt: skip


def adjusted(task: tuple[str, int, int, bool]) -> Took:
    """Draw a flight and its ties, and adjust it."""
    pattern, photos, per_photo, profiled = task
    truth = fly(config_of(pattern, photos))
    frames, _ = frames_of(truth, True)
    drawn = draw_ties(truth, per_photo, wrong=0.01, found=0.7)
    ties = Ties(drawn.frame, drawn.point, drawn.px, drawn.sigma_px)
    with tempfile.TemporaryDirectory() as scratch:
        truth.terrain.write(Path(scratch) / "dem.tif")
        surface = open_ground(Ground(dem=str(Path(scratch) / "dem.tif"), dem_datum="egm96"))
    before = memory_mb("VmRSS")
    forget_the_peak()
    with cProfile.Profile(time.process_time) if profiled else _Idle() as profile:
        solution, solve_s = timed(lambda: solve(pose_the_problem(frames, ties, surface)))
        _, conclude_s = timed(lambda: conclude(solution))
    if isinstance(profile, cProfile.Profile):
        pstats.Stats(profile).sort_stats("tottime").print_stats(12)
    unknowns = solution.reduced.normal.shape[0]
    return Took(
        pattern, len(frames), len(ties.frame), unknowns, solution.rounds, solve_s, conclude_s, before,
        memory_mb("VmHWM"),
    )  # fmt: skip


class _Idle:
    """In place of a profile."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        return None


def timed(work: Callable[[], T]) -> tuple[T, float]:
    """What was done, and the seconds of processor that it took, so that others on the machine do not count."""
    begun = time.process_time()
    done = work()
    return done, time.process_time() - begun


def memory_mb(which: str) -> float:
    """VmRSS: what this process holds; VmHWM: the most it held. NaN where the system does not tell."""
    if not STATUS.exists():
        return float("nan")
    told = dict(line.split(":", 1) for line in STATUS.read_text().splitlines())
    return int(told[which].split()[0]) / 1024


def forget_the_peak() -> None:
    """Let VmHWM count from here."""
    if RESET.exists():
        RESET.write_text("5")


def in_a_process_of_its_own(work: Callable[[T], Took], task: T) -> Took:
    """So that its memory is its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(work, task).result()


def growth(took: list[Took]) -> str:
    """The power of the number of photos with which time and memory grow, from the last doubling."""
    if len(took) < 2:
        return ""
    one, two = took[-2:]
    step = np.log(two.photos / one.photos)
    power = [
        float(np.log(b / a) / step)
        for a, b in (
            (one.solve_s, two.solve_s),
            (one.conclude_s, two.conclude_s),
            (one.peak_mb - one.before_mb, two.peak_mb - two.before_mb),
        )
    ]
    return "grows with photos to the power of: solving {:.2f}, concluding {:.2f}, memory {:.2f}".format(*power)


def solver(patterns: list[str], photos: list[int], per_photo: int, profiled: bool) -> None:
    """Every pattern at every size, and how it grows."""
    for pattern in patterns:
        took = []
        for n in photos:
            took.append(in_a_process_of_its_own(adjusted, (pattern, n, per_photo, profiled)))
            print(took[-1], flush=True)
        print(growth(took), flush=True)


def pictures(photos: int, width_px: int, folder: Path, workers: int) -> None:
    """Render what is not there yet, then read, match and adjust."""
    config = replace(config_of("grid", photos), pixels=True, width_px=width_px, height_px=width_px * 3 // 4)
    flight = draw(fly(config), folder)
    mission = open_mission(flight, ground=Ground(dem=str(folder / "dem.tif"), dem_datum="egm96"))
    clock = {"begun": (time.process_time(), time.perf_counter())}

    def tell(stage: str, done: int, total: int) -> None:
        clock[stage] = (time.process_time(), time.perf_counter())

    forget_the_peak()
    with open_pool(workers, None, len(mission.frames), imagery.use_one_thread) as pool:
        adjusted = adjust_mission(mission, "auto", pool, tell)
    tell("examine and solve", 1, 1)
    stages = list(clock.items())
    for (_, before), (name, after) in pairwise(stages):
        used, passed = after[0] - before[0], after[1] - before[1]
        print(f"{name}: {used:.0f} s of this process, {passed:.0f} s passed")
    tied = adjusted.facts.get("tied", 0)
    print(
        f"{len(mission.frames)} photos of {width_px * width_px * 3 // 4 / 1e6:.1f} MP, {workers} processes: "
        f"{stages[-1][1][1] - stages[0][1][1]:.0f} s, {tied} tied, "
        f"{adjusted.facts.get('ties')} ties of {adjusted.facts.get('pairs')} pairs; peak {memory_mb('VmHWM'):.0f} MB"
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=("solver", "pictures"))
    parser.add_argument("--photos", type=int, nargs="+", default=[])
    parser.add_argument("--pattern", nargs="+", default=["grid", "strip"], choices=("grid", "strip"))
    parser.add_argument("--per-photo", type=int, default=PER_PHOTO)
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--width", type=int, default=4000)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--keep", default="")
    told = parser.parse_args()
    if told.what == "solver":
        solver(told.pattern, told.photos or [200, 400, 800, 1600], told.per_photo, told.profile)
        return
    with tempfile.TemporaryDirectory() as scratch:
        pictures((told.photos or [400])[0], told.width, Path(told.keep or scratch), told.workers)


if __name__ == "__main__":
    main()
