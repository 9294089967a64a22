"""Simulated contest flights: markers found, false alarms, and how far off the hits are.

    python -m benchmarks.contest_flights [--seeds 50] [--workers 2] [--adjust auto|off] [--profile real|rtk]
        [--noise 2] [--lies] [--detector marker] [--width 2000] [--keep FOLDER]

Flights at 55 m, two opposing strips of six photos (4000 x 3000), *real* noise, DEM given, and now and then a strip
whose pixels are turned by 180 degrees. With --lies, three flights in five lie: a turned strip, headings off by 10 to
40 degrees, or wrong heights (`kind_of`). Each is made, run as a user would, and compared with its own answers. With
--keep, what was measured is written down flight by flight, and not measured again.
"""

from __future__ import annotations

import argparse
import csv
import json
import tempfile
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from pyproj import Geod

from pipeline.config import RunConfig
from pipeline.flow.run import Done, run
from pipeline.geo.ground import open_ground
from pipeline.geo.rotation import enu_R_cam
from pipeline.sim import FlightConfig, SimFlight, make_flight
from pipeline.sim.truth import Truth
from pipeline.types import Frame, Hit

NEAR_M = 30.0  # a marker hit farther from every marker is a false alarm
STILL_OFF = (5.0, 4.0)  # degrees, m: half the least lie; a pose that lies and is off by more was not put right
GEOD = Geod(ellps="GRS80")
WITHOUT_DEM = "barometer"  # heights above take-off count only where no DEM is given


@dataclass(frozen=True)
class Flights:
    """What kind of flights."""

    adjust: str = "auto"
    profile: str = "real"
    noise: float = 1.0
    lies: bool = False
    detector: str = ""
    width_px: int = 4000

    def kind_of(self, seed: int) -> tuple[str, ...]:
        """The lies of a flight: none, none, a turned strip, headings of one to three photos, or heights, in turn."""
        if not self.lies:
            return ()
        heights = ("barometer", "barometer-drift", "relative-as-absolute")[seed // 5 % 3]
        if self.profile == "rtk" and heights == "barometer-drift":  # leaves heights by satellite alone
            heights = "barometer"
        return ((), (), ("turned-180",), ("yaw-outliers",), (heights,))[seed % 5]

    @property
    def name(self) -> str:
        width = "" if self.width_px == 4000 else str(self.width_px)
        parts = (self.adjust, self.profile, f"{self.noise:g}", "lies" * self.lies, self.detector, width)
        return "-".join(p for p in parts if p)


@dataclass(frozen=True)
class Flown:
    """One flight's outcome; offsets are (east, north) of the nearest hit to each marker found.

    lying: sightings that put a hit somewhere with a pose that lies, not put right; refused: photos that were.
    """

    seed: int
    photos: int
    markers: int
    offsets_m: tuple[tuple[float, float], ...]
    inside: int
    surplus: int
    turned: bool
    missed: tuple[str, ...]
    lies: tuple[str, ...] = ()
    r90_m: tuple[float, ...] = ()
    lying: int = 0
    refused: int = 0
    found: tuple[str, ...] = ()
    seconds: float = 0.0


def fly(seed: int, kind: Flights) -> Flown:
    """Make, run and compare one flight."""
    lies = kind.kind_of(seed)
    config = FlightConfig(
        seed=seed,
        profile=kind.profile,  # type: ignore[arg-type]
        noise_scale=kind.noise,
        lies=lies,
        width_px=kind.width_px,
        height_px=kind.width_px * 3 // 4,
        strips=2,
        photos_per_strip=6,
        n_smoke=0,
        n_dust=0,
        n_outfalls=0,
    )
    with tempfile.TemporaryDirectory() as scratch:
        made = make_flight(Path(scratch) / "sim", config)
        dem = None if WITHOUT_DEM in lies else str(made.dem)
        options = RunConfig(dem=dem, dem_datum=dem and "egm96", workers=1, adjust=kind.adjust, detector=kind.detector)
        begun = time.perf_counter()
        done = run(made.flight, Path(scratch) / "run", options)
        seconds = time.perf_counter() - begun
        flown = compare(seed, made, done.hits.hits, len(done.hits.looked))
        return replace(flown, **beside(made, done), lies=lies, seconds=round(seconds, 1))


def beside(made: SimFlight, done: Done) -> dict[str, Any]:
    """What became of the lies."""
    wrong = still_lying(made.truth, done)
    examined = done.hits.provenance.get("calibration", {}).get("examined", ())
    return {
        "lying": sum(s.detection.frame_id in wrong for h in done.hits.hits for s in h.sightings),
        "refused": sum(bool(f.problem) for f in done.mission.frames),
        "found": tuple(sorted({e["kind"] for e in examined if e["verdict"] == "found"})),
    }


def still_lying(truth: Truth, done: Done) -> set[str]:
    """Photos of which something untrue is told, and whose pose is off by more than `STILL_OFF` at the end."""
    about = {p for lie in truth.lies for p in lie.photos}
    about |= {p for p, i in zip(truth.photos, truth.shot, strict=True) if truth.turned[i]}
    number = dict(zip(truth.photos, truth.shot, strict=True))
    frames = [f for f in done.mission.frames if f.id in about and f.pose is not None and not f.problem]
    if not frames:
        return set()
    shots = np.array([number[f.id] for f in frames])
    at = np.array([[f.pose.at.lat_deg, f.pose.at.lon_deg, f.pose.at.alt_m] for f in frames if f.pose])
    above_m = at[:, 2] - open_ground(done.mission.ground).height_m(at[:, 0], at[:, 1]) - true_heights_m(truth)[shots]
    if done.mission.ground.dem is None:  # a level plane stands for the whole relief
        above_m = np.full(len(frames), np.median(above_m))
    # Of the altitude and the height above ground one may be wrong without harm: hits are seen from two sides.
    off_m = np.minimum(np.abs(above_m), np.abs(at[:, 2] - truth.lla[shots, 2]))
    turned_deg = np.array([turned_by_deg(truth, int(i), f) for i, f in zip(shots, frames, strict=True)])
    wrong = (turned_deg > STILL_OFF[0]) | (off_m > STILL_OFF[1])
    return {f.id for f, w in zip(frames, wrong, strict=True) if w}


def true_heights_m(truth: Truth) -> np.ndarray:
    """(M,) heights above the ground below."""
    below = truth.terrain.drop(truth.world_m[:, :2])
    return truth.lla[:, 2] - truth.terrain.world.to_lla(below)[:, 2]


def turned_by_deg(truth: Truth, shot: int, frame: Frame) -> float:
    """The angle between a frame's attitude and the true one of its pixels as stored."""
    if frame.pose is None or frame.pose.attitude is None:
        return np.inf
    lat, lon = truth.lla[shot, :2]
    true = truth.terrain.world.R_level(lat, lon).T @ truth.world_R_cam[shot]
    a = np.radians(truth.turn_deg[shot])
    stored = true @ np.array([[np.cos(a), np.sin(a), 0.0], [-np.sin(a), np.cos(a), 0.0], [0.0, 0.0, 1.0]])
    cosine = (np.trace(stored.T @ enu_R_cam(frame.pose.attitude)) - 1) / 2
    return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))


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
    radii = tuple(hits[k].r90_m for _, k in sorted(taken.items()))
    inside = sum(np.hypot(*o) <= r for o, r in zip(offsets, radii, strict=True))
    turned = bool(np.any(made.truth.turned))
    missed = tuple(sorted(set(markers) - set(taken)))
    return Flown(seed, photos, len(markers), offsets, int(inside), len(hits) - len(taken), turned, missed, (), radii)


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
    lying: int = 0

    def __str__(self) -> str:
        return (
            f"{self.flights} flights ({self.turned} with a turned strip): found {self.recall:.1%}, "
            f"{self.false_alarms_per_photo:.3f} false alarms a photo, CE90 {self.ce90_m:.2f} m (max {self.max_m:.1f}), "
            f"{self.ce90_mean_removed_m:.2f} m after each flight's mean, inside r90 {self.inside_r90:.1%}, "
            f"{self.lying} sightings by a pose that still lies"
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
        sum(f.lying for f in flown),
    )


def measure(
    seeds: int | Iterable[int], workers: int = 2, verbose: bool = False, kind: Flights = Flights(), keep: str = ""
) -> Summary:
    """Fly `seeds` flights, or those of these seeds."""
    return summary(list(flights(range(seeds) if isinstance(seeds, int) else seeds, workers, verbose, kind, keep)))


def flights(seeds: Iterable[int], workers: int, verbose: bool, kind: Flights, keep: str) -> Iterator[Flown]:
    """Flights in the order of the seeds; what `keep` holds is not flown again."""
    path = Path(keep) / f"{kind.name}.jsonl" if keep else None
    known = {f.seed: f for f in read(path)} if path and path.exists() else {}
    wanted = list(seeds)
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        fresh = pool.map(partial(fly, kind=kind), [s for s in wanted if s not in known])
        for seed in wanted:
            one = known.get(seed) or next(fresh)
            if path and seed not in known:
                path.parent.mkdir(parents=True, exist_ok=True)
                with path.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(asdict(one)) + "\n")
            if verbose:
                print(line(one), flush=True)
            yield one


def read(path: Path) -> Iterator[Flown]:
    """Flights that were written down."""
    for row in path.read_text(encoding="utf-8").splitlines():
        told = json.loads(row)
        told["offsets_m"] = tuple((float(e), float(n)) for e, n in told["offsets_m"])
        yield Flown(**{k: tuple(v) if isinstance(v, list) else v for k, v in told.items()})


def line(one: Flown) -> str:
    """One flight in a line."""
    off = np.array(one.offsets_m).reshape(-1, 2)
    worst = np.hypot(*off.T).max(initial=0.0)
    level = np.hypot(*(off - off.mean(axis=0)).T).max() if len(off) else 0.0
    return (
        f"seed {one.seed}: {len(off)}/{one.markers} surplus {one.surplus} worst {worst:.2f} m, beside the mean "
        f"{level:.2f} m, outside r90 {len(off) - one.inside}, still lying {one.lying}, refused {one.refused}, "
        f"{one.seconds:.0f} s{' turned' if one.turned else ''} {' '.join(one.lies)} [{' '.join(one.found)}] "
        f"{' '.join(one.missed)}"
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=50)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--adjust", default="auto", choices=("auto", "off", "require"))
    parser.add_argument("--profile", default="real", choices=("real", "rtk"))
    parser.add_argument("--noise", type=float, default=1.0)
    parser.add_argument("--lies", action="store_true")
    parser.add_argument("--detector", default="")
    parser.add_argument("--width", type=int, default=4000)
    parser.add_argument("--keep", default="", help="folder of what was measured, to be gone on with")
    told = parser.parse_args()
    kind = Flights(told.adjust, told.profile, told.noise, told.lies, told.detector, told.width)
    flown = list(flights(range(told.first, told.first + told.seeds), told.workers, True, kind, told.keep))
    print(f"{kind.name}: {summary(flown)}")
    for lies in sorted({f.lies for f in flown}) if told.lies else ():
        print(f"  {' '.join(lies) or 'no lie'}: {summary([f for f in flown if f.lies == lies])}")


if __name__ == "__main__":
    main()
