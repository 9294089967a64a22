"""How exact single pixels are when only the headers' decimals are wrong: *exact* and *dji* flights, and the laser.

python -m benchmarks.pixels [--seeds 5]
"""

from __future__ import annotations

import argparse
import csv
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.honest_radius import offset_m
from pipeline.geo.locate import locate_pixels
from pipeline.ingest import open_mission
from pipeline.sim import FlightConfig, SimFlight, make_flight
from pipeline.types import GeoPoint, Ground

Measure = Callable[[SimFlight], np.ndarray | tuple[np.ndarray, np.ndarray]]
SMALL = FlightConfig(pixels=False, turned_strip=False)


def errors_m(made: SimFlight) -> tuple[np.ndarray, np.ndarray]:
    """Horizontal errors (N,) of all visible points and the pitch (N,) of the photo that shows them."""
    mission = open_mission(made.flight, ground=Ground(dem=str(made.dem), dem_datum="egm96"))
    frames = {f.id: f for f in mission.frames}
    errors, pitches = [], []
    with made.pixels.open(encoding="utf-8") as file:
        for r in (r for r in csv.DictReader(file) if r["visible"] == "1"):
            frame = frames[r["photo"]]
            found = locate_pixels(frame, np.array([[float(r["x_px"]), float(r["y_px"])]]), mission.ground)
            truth = GeoPoint(float(r["lat_deg"]), float(r["lon_deg"]), float(r["alt_m"]))
            errors.append(np.nan if found.why[0] else np.hypot(*offset_m(GeoPoint(*found.points[0]), truth)))
            pitches.append(frame.pose.attitude.pitch_deg)
    return np.array(errors), np.array(pitches)


def boresight_errors_m(made: SimFlight) -> np.ndarray:
    """Horizontal errors (N,) of the ground point on the true optical axis, found by the simulator's own rays."""
    mission = open_mission(made.flight, ground=Ground(dem=str(made.dem), dem_datum="egm96"))
    frames, truth = {f.id: f for f in mission.frames}, made.truth
    axes = truth.world_R_cam[truth.shot][:, :, 2]
    start = truth.world_m[truth.shot]
    spots = truth.terrain.world.to_lla(start + axes * truth.terrain.first_hit(start, axes)[:, None])
    found = []
    for name, spot in zip(truth.photos, spots, strict=True):
        camera = frames[name].camera
        assert camera is not None
        at = locate_pixels(frames[name], np.array([[camera.cx_px, camera.cy_px]]), mission.ground).points[0]
        found.append(np.hypot(*offset_m(GeoPoint(*at), GeoPoint(*spot))))
    return np.array(found)


def flown(seeds: int, measure: Measure, **changes: object) -> tuple[np.ndarray, ...]:
    """What `measure` gives, pooled over flights."""
    parts = []
    for seed in range(seeds):
        with tempfile.TemporaryDirectory() as scratch:
            config = replace(SMALL, seed=seed, **changes)  # type: ignore[arg-type]
            found = measure(make_flight(Path(scratch) / "sim", config))
            parts.append(found if isinstance(found, tuple) else (found,))
    return tuple(np.concatenate(column) for column in zip(*parts, strict=True))


def line(name: str, errors: np.ndarray) -> str:
    """One row of figures."""
    e = errors[np.isfinite(errors)]
    figures = f"median {np.median(e):.3f}, p90 {np.percentile(e, 90):.3f}, max {e.max():.3f} m"
    return f"{name:32s} {len(e):5d} points: {figures}; {len(errors) - len(e)} refused"


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=5)
    seeds = parser.parse_args().seeds
    for profile in ("exact", "dji"):
        nadir, _ = flown(seeds, errors_m, profile=profile, pattern="nadir")
        print(line(f"{profile}, nadir", nadir))
        for pitch in (-75.0, -60.0, -45.0):
            oblique, _ = flown(seeds, errors_m, profile=profile, pattern="oblique", oblique_deg=(pitch,))
            print(line(f"{profile}, oblique {pitch:.0f}°", oblique))
    for pattern in ("nadir", "oblique"):
        for laser in (False, True):
            (bore,) = flown(seeds, boresight_errors_m, profile="real", pattern=pattern, laser=laser)
            print(
                line(f"real, {pattern}, boresight{', laser' if laser else ''}", bore)
                + f"; within 1 m {np.mean(bore <= 1):.0%}"
            )
