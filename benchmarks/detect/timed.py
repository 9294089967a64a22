"""CPU and wall time of several sides on the same photos, in turns."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from pipeline.detect.found import Found

Side = Callable[[Path], Found]


@dataclass(frozen=True)
class Cost:
    """Seconds a photo: the mean over photos of the median over repetitions."""

    cpu_s: float
    wall_s: float
    boxes: int


def in_turns(sides: Mapping[str, Side], photos: Sequence[Path], repeat: int) -> dict[str, Cost]:
    """Each side on each photo `repeat` times, one after the other; each has run once before."""
    times: dict[str, dict[Path, list[tuple[float, float]]]] = {n: {p: [] for p in photos} for n in sides}
    found = dict.fromkeys(sides, 0)
    for work in sides.values():
        work(photos[0])
    for _ in range(repeat):
        for photo in photos:
            for name, work in sides.items():
                cpu, wall = time.process_time(), time.perf_counter()
                count = len(work(photo))
                times[name][photo].append((time.process_time() - cpu, time.perf_counter() - wall))
                found[name] = count
    return {name: _cost(list(by.values()), found[name]) for name, by in times.items()}


def _cost(by_photo: list[list[tuple[float, float]]], boxes: int) -> Cost:
    cpu, wall = (sum(median(t[i] for t in rows) for rows in by_photo) / len(by_photo) for i in (0, 1))
    return Cost(cpu, wall, boxes)


def best_of(work: Callable[[], object], times: int) -> float:
    """The least CPU seconds of one call: what the machine can do when nobody is in the way."""
    work()
    best = float("inf")
    for _ in range(times):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best
