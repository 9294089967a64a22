"""Are error radii true? Flights without pixels: the share of targets inside the r90_m of their hit.

    python -m benchmarks.honest_radius [--flights 400] [--profile real] [--pattern nadir]

Nine in ten should lie inside. Offsets of one flight's hits go together (they share the flight's position error), so
that the share is known to about sqrt(0.09 / flights), not sqrt(0.09 / hits).
"""

from __future__ import annotations

import argparse
import csv
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.errors import PipelineError
from pipeline.geo.fuse import fuse
from pipeline.geo.geodesy import to_enu
from pipeline.geo.locate import locate
from pipeline.geo.radius import r90_m
from pipeline.ingest import open_mission
from pipeline.sim import FlightConfig, SimFlight, make_flight
from pipeline.types import Detection, GeoPoint, Ground, Hit, Sighting

Seen = dict[tuple[str, tuple[float, float]], tuple[str, GeoPoint]]


@dataclass(frozen=True)
class Radii:
    """Pooled over flights: hits, surplus hits of a target that has one already, shares inside, and errors in m."""

    hits: int
    surplus: int
    inside: float
    inside_single: float
    ce90_m: float
    ce90_mean_removed_m: float
    median_r90_m: float

    def __str__(self) -> str:
        return (
            f"{self.hits} hits ({self.surplus} surplus): inside r90 {self.inside:.1%} (single sightings "
            f"{self.inside_single:.1%}), CE90 {self.ce90_m:.2f} m, {self.ce90_mean_removed_m:.2f} m after each "
            f"flight's mean, median r90 {self.median_r90_m:.2f} m"
        )


def sightings(made: SimFlight) -> tuple[list[Sighting], Seen]:
    """True pixels of every target put on the ground with the reported poses."""
    mission = open_mission(made.flight, ground=Ground(dem=str(made.dem), dem_datum="egm96"))
    frames = {f.id: f for f in mission.frames}
    found: list[Sighting] = []
    truth: Seen = {}
    with made.pixels.open(encoding="utf-8") as file:
        rows = [r for r in csv.DictReader(file) if r["visible"] == "1" and r["class"] != "ground"]
    for r in rows:
        x, y = float(r["x_px"]), float(r["y_px"])
        seen = Detection(r["photo"], r["class"], 1.0, (x - 5, y - 5, x + 5, y + 5), (x, y), 0.5)
        try:
            found.append(locate(seen, frames[r["photo"]], mission.ground))
        except PipelineError:
            continue
        truth[r["photo"], (x, y)] = (r["target"], GeoPoint(float(r["lat_deg"]), float(r["lon_deg"]), float(r["alt_m"])))
    return found, truth


def offset_m(at: GeoPoint, truth: GeoPoint) -> np.ndarray:
    """(2,) east and north of a place from the truth."""
    return to_enu(np.array([[at.lat_deg, at.lon_deg, at.alt_m]]), truth)[0, :2]


def named(hit: Hit, truth: Seen) -> tuple[str, GeoPoint]:
    """The target that most of a hit's sightings show."""
    names = [truth[s.detection.frame_id, s.detection.point_px] for s in hit.sightings]
    return Counter(names).most_common(1)[0][0]


def measure(flights: int, profile: str = "real", pattern: str = "nadir") -> Radii:
    """Fly and pool."""
    offsets, inside, single, radii, surplus = [], [], [], [], 0
    for seed in range(flights):
        with tempfile.TemporaryDirectory() as scratch:
            config = FlightConfig(
                seed=seed,
                profile=profile,  # type: ignore[arg-type]
                pattern=pattern,  # type: ignore[arg-type]
                pixels=False,
                width_px=1000,
                height_px=750,
                turned_strip=False,
            )
            found, truth = sightings(make_flight(Path(scratch) / "sim", config))
        hits = fuse(found)
        targets = [named(h, truth) for h in hits]
        off = np.array([offset_m(h.at, at) for h, (_, at) in zip(hits, targets, strict=True)])
        offsets.append(off)
        radii += [h.r90_m for h in hits]
        inside += list(np.hypot(*off.T) <= [h.r90_m for h in hits])
        surplus += len(hits) - len({name for name, _ in targets})
        for s in found:
            at = truth[s.detection.frame_id, s.detection.point_px][1]
            single.append(np.hypot(*offset_m(s.at, at)) <= r90_m(s.covariance))
    every = np.hypot(*np.concatenate(offsets).T)
    level = np.hypot(*np.concatenate([o - o.mean(axis=0) for o in offsets]).T)
    return Radii(
        len(every),
        surplus,
        float(np.mean(inside)),
        float(np.mean(single)),
        float(np.percentile(every, 90)),
        float(np.percentile(level, 90)),
        float(np.median(radii)),
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--flights", type=int, default=400)
    parser.add_argument("--profile", default="real", choices=("real", "rtk"))
    parser.add_argument("--pattern", default="nadir", choices=("nadir", "oblique", "mixed"))
    told = parser.parse_args()
    print(measure(told.flights, told.profile, told.pattern))
