"""Simulated contest flights: markers found, false alarms, and how far off the hits are.

    python -m benchmarks.contest_flights [--seeds 50] [--workers 2]

Flights at 55 m, two opposing strips of six photos (4000 x 3000), *real* noise, DEM given, and now and then a strip
whose pixels are turned by 180 degrees. Each is made, run as a user would, and compared with its own answers.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from pyproj import Geod

from pipeline.config import RunConfig
from pipeline.flow.run import run
from pipeline.sim import FlightConfig, SimFlight, make_flight
from pipeline.types import Hit

NEAR_M = 30.0  # a marker hit farther from every marker is a false alarm
GEOD = Geod(ellps="GRS80")


@dataclass(frozen=True)
class Flown:
    """One flight's outcome; offsets are (east, north) of the nearest hit to each marker found."""

    seed: int
    photos: int
    markers: int
    offsets_m: tuple[tuple[float, float], ...]
    inside: int
    surplus: int
    turned: bool
    missed: tuple[str, ...]


def fly(seed: int) -> Flown:
    """Make, run and compare one flight."""
    config = FlightConfig(seed=seed, profile="real", strips=2, photos_per_strip=6, n_smoke=0, n_dust=0, n_outfalls=0)
    with tempfile.TemporaryDirectory() as scratch:
        made = make_flight(Path(scratch) / "sim", config)
        done = run(made.flight, Path(scratch) / "run", RunConfig(dem=str(made.dem), dem_datum="egm96", workers=1))
        return compare(seed, made, done.hits.hits, len(done.hits.looked))


def visible_markers(made: SimFlight) -> dict[str, tuple[float, float]]:
    """Markers whose panel is seen in at least one photo: id -> latitude, longitude."""
    with made.pixels.open(encoding="utf-8") as file:
        rows = [r for r in csv.DictReader(file) if r["class"] == "marker" and r["visible"] == "1"]
    return {r["target"]: (float(r["lat_deg"]), float(r["lon_deg"])) for r in rows}


def offset_m(hit: Hit, at: tuple[float, float]) -> tuple[float, float]:
    """East and north of a hit from a place."""
    azimuth, _, distance = GEOD.inv(at[1], at[0], hit.at.lon_deg, hit.at.lat_deg)
    return distance * np.sin(np.radians(azimuth)), distance * np.cos(np.radians(azimuth))


def compare(seed: int, made: SimFlight, hits: tuple[Hit, ...], photos: int) -> Flown:
    """Pair markers and hits, the closest first, one to one."""
    markers = visible_markers(made)
    pairs = sorted((float(np.hypot(*offset_m(h, at))), m, k) for m, at in markers.items() for k, h in enumerate(hits))
    taken: dict[str, int] = {}
    for distance, marker, k in pairs:
        if distance < NEAR_M and marker not in taken and k not in taken.values():
            taken[marker] = k
    offsets = tuple(offset_m(hits[k], markers[m]) for m, k in sorted(taken.items()))
    inside = sum(np.hypot(*o) <= hits[k].r90_m for o, (_, k) in zip(offsets, sorted(taken.items()), strict=True))
    turned = bool(np.any(made.truth.turned))
    missed = tuple(sorted(set(markers) - set(taken)))
    return Flown(seed, photos, len(markers), offsets, int(inside), len(hits) - len(taken), turned, missed)


@dataclass(frozen=True)
class Summary:
    """Over all flights."""

    flights: int
    turned: int
    recall: float
    false_alarms_per_photo: float
    ce90_m: float
    max_m: float
    ce90_mean_removed_m: float
    inside_r90: float

    def __str__(self) -> str:
        return (
            f"{self.flights} flights ({self.turned} with a turned strip): found {self.recall:.1%}, "
            f"{self.false_alarms_per_photo:.3f} false alarms a photo, CE90 {self.ce90_m:.2f} m (max {self.max_m:.1f}), "
            f"{self.ce90_mean_removed_m:.2f} m after each flight's mean, inside r90 {self.inside_r90:.1%}"
        )


def summary(flown: list[Flown]) -> Summary:
    """Pool the flights."""
    offsets = [np.array(f.offsets_m) for f in flown if f.offsets_m]
    off = np.hypot(*np.concatenate(offsets).T)
    level = np.hypot(*np.concatenate([o - o.mean(axis=0) for o in offsets]).T)
    return Summary(
        len(flown),
        sum(f.turned for f in flown),
        len(off) / sum(f.markers for f in flown),
        sum(f.surplus for f in flown) / sum(f.photos for f in flown),
        float(np.percentile(off, 90)),
        float(off.max()),
        float(np.percentile(level, 90)),
        sum(f.inside for f in flown) / len(off),
    )


def measure(seeds: int, workers: int = 2, verbose: bool = False) -> Summary:
    """Fly `seeds` flights."""
    flown = []
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        for one in pool.map(fly, range(seeds)):
            flown.append(one)
            if verbose:
                worst = max((float(np.hypot(*o)) for o in one.offsets_m), default=0.0)
                print(
                    f"seed {one.seed}: {len(one.offsets_m)}/{one.markers} surplus {one.surplus} worst {worst:.1f} m"
                    f"{' turned' if one.turned else ''} {' '.join(one.missed)}",
                    flush=True,
                )
    return summary(flown)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=50)
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    print(measure(arguments.seeds, arguments.workers, verbose=True))
