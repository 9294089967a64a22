"""Flights whose photos carry no pose: are they tied to their log rightly, and are hits as good as with poses?

    python -m benchmarks.log_flights [--seeds 20] [--strips 4] [--per-strip 15]

Simulated flights without pixels: a camera's clock 0 to 30 s and some whole hours off, drifting by 0 to 200 ppm, 0 to
10 % of the exposures missing in the log, EXIF times in whole seconds. The offset's error is taken at the middle of
the flight. A pair is wrong when a photo that took a trigger's time is more than 0.25 s off its exposure. CE90 is of
fused hits from true pixels, beside the same flight with poses in its photos.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.honest_radius import named, offset_m, sightings
from pipeline.geo.fuse import fuse
from pipeline.ingest import open_mission
from pipeline.ingest.offset import Offset
from pipeline.ingest.triggers import Shots, match
from pipeline.sim import FlightConfig, SimFlight, make_flight
from pipeline.types import Mission

WRONG_S = 0.25
KINDS = ("dataflash", "tlog")


@dataclass(frozen=True)
class Outcome:
    """One flight."""

    offset_error_s: float
    sigma_s: float
    drift_error_ppm: float
    pairs: int
    wrong: int
    unplaced: int
    time_errors_s: tuple[float, ...]
    ambiguous: bool
    method: str
    read_s: float
    hit_errors_m: tuple[float, ...]


def config_of(seed: int, args: argparse.Namespace, **changes: object) -> FlightConfig:
    """A flight log of one seed, its clocks drawn by it."""
    rng = np.random.default_rng([7, seed])
    plain = FlightConfig(seed=seed, pixels=False, strips=args.strips, photos_per_strip=args.per_strip)
    drawn = {
        "clock_offset_s": round(float(rng.uniform(0, 30) + 3600 * rng.integers(-3, 4)), 3),
        "drift_ppm": round(float(rng.uniform(0, 200)), 1),
        "missed_triggers": round(float(rng.uniform(0, 0.1)), 3),
    }
    return replace(plain, **{**drawn, **changes})  # type: ignore[arg-type]


def fly(config: FlightConfig) -> Outcome:
    with tempfile.TemporaryDirectory() as scratch:
        made = make_flight(Path(scratch) / "f", config)
        start = time.perf_counter()
        mission = open_mission(made.flight)
        return outcome(made, mission, config, time.perf_counter() - start)


def outcome(made: SimFlight, mission: Mission, config: FlightConfig, read_s: float) -> Outcome:
    with (made.root / "judge" / "truth_clock.csv").open(encoding="utf-8") as file:
        rows = {r["photo"]: r for r in csv.DictReader(file)}
    errors, matched = [], []
    for f in mission.frames:
        if f.pose is None or f.pose.t_ns is None:
            continue
        errors.append((f.pose.t_ns - int(rows[f.id]["t_ns"])) / 1e9)
        by_trigger = any(name in dict(f.sources).get("time", "") for name in ("(CAM", "(TRIG"))
        matched.append(by_trigger)
    wrong = int(sum(abs(e) > WRONG_S for e, m in zip(errors, matched, strict=True) if m))
    fit = mission.clocks[0] if mission.clocks else None
    middle = float(np.median([float(r["photos_minus_log_s"]) for r in rows.values()]))
    return Outcome(
        float("nan") if fit is None else fit.photos_minus_log_s - middle,
        float("nan") if fit is None else fit.sigma_s,
        float("nan") if fit is None else fit.drift_ppm - config.drift_ppm,
        sum(matched), wrong, sum(bool(f.problem) for f in mission.frames), tuple(errors),
        bool(fit and fit.ambiguous), "none" if fit is None else fit.method, read_s, hit_errors(made),
    )  # fmt: skip


def hit_errors(made: SimFlight) -> tuple[float, ...]:
    """Metres of fused hits from their targets."""
    found, truth = sightings(made)
    return tuple(float(np.hypot(*offset_m(h.at, named(h, truth)[1]))) for h in fuse(found))


def with_poses(config: FlightConfig) -> tuple[float, ...]:
    with tempfile.TemporaryDirectory() as scratch:
        return hit_errors(make_flight(Path(scratch) / "f", replace(config, log="")))


def show(name: str, found: list[Outcome], reference_m: float) -> None:
    offsets = np.abs([o.offset_error_s for o in found])
    times = np.abs(np.concatenate([o.time_errors_s for o in found]))
    pairs, wrong = sum(o.pairs for o in found), sum(o.wrong for o in found)
    ce90 = float(np.quantile(np.concatenate([o.hit_errors_m for o in found]), 0.9))
    held = float(np.mean(offsets <= 2 * np.array([o.sigma_s for o in found])))
    methods = ", ".join(sorted({o.method for o in found}))
    print(f"{name} ({methods}; {np.median([o.read_s for o in found]):.2f} s a flight)")
    print(
        f"  offset error {np.median(offsets) * 1e3:.1f} ms in the median, {np.max(offsets) * 1e3:.0f} ms at most, "
        f"{held:.0%} within 2 σ; ambiguous {sum(o.ambiguous for o in found)} of {len(found)}"
    )
    print(
        f"  wrong pairs {wrong} of {pairs} ({wrong / max(pairs, 1):.2%}); photos' times off by "
        f"{np.median(times) * 1e3:.1f} ms in the median, {np.quantile(times, 0.99) * 1e3:.0f} ms at 99 %; "
        f"photos without place {sum(o.unplaced for o in found)}"
    )
    print(f"  hits CE90 {ce90:.2f} m, {ce90 / reference_m:.2f} × that with poses in the photos")


def speed() -> None:
    """2,000 photos in whole seconds against an hour of triggers."""
    rng = np.random.default_rng(1)
    log = (np.cumsum(rng.uniform(1.2, 2.4, 2000)) * 1e9).astype(np.int64) + 1_700_000_000_000_000_000
    camera = Offset(int(log[1000]), 3_613_400_000_000, 1e-4).to_camera(log) // 10**9 * 10**9
    start = time.perf_counter()
    found = match(Shots(camera, np.ones(2000)), log[rng.random(2000) > 0.05])
    took = time.perf_counter() - start
    print(f"2,000 photos against an hour of triggers: {took:.2f} s, {0 if found is None else len(found.photos)} pairs")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--strips", type=int, default=4)
    parser.add_argument("--per-strip", type=int, default=15)
    args = parser.parse_args()
    configs = [config_of(seed, args) for seed in range(args.seeds)]
    reference = float(np.quantile(np.concatenate([with_poses(c) for c in configs]), 0.9))
    print(f"with poses in the photos: hits CE90 {reference:.2f} m")
    for log in KINDS:
        for gps in (True, False):
            name = f"{log}, {'with' if gps else 'without'} EXIF GPS"
            show(name, [fly(replace(c, log=log, exif_gps=gps)) for c in configs], reference)
    gps_only = [fly(replace(c, log="tlog", trigger_message="none")) for c in configs]
    show("tlog without triggers, with EXIF GPS", gps_only, reference)
    even = [fly(replace(c, log="dataflash", exif_gps=False, even_spacing=True)) for c in configs]
    show("evenly spaced, without EXIF GPS", even, reference)
    speed()


if __name__ == "__main__":
    main()
