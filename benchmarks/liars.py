"""How surely are lies of the metadata found? Simulated flights without pixels, each lie on many of them.

python -m benchmarks.liars [--cases 100] [--honest 300] [--lies turned-180 magnetic] [--processes 2]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import dataclass, replace
from multiprocessing import Pool
from pathlib import Path
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import PipelineError
from pipeline.geo.adjust.block import conclude
from pipeline.geo.adjust.matches import Ties
from pipeline.geo.adjust.problem import pose_the_problem
from pipeline.geo.adjust.solve import solve
from pipeline.geo.datum import egm96_m
from pipeline.geo.ground import Surface, open_ground
from pipeline.geo.liars import Finding, examine, liars_after, repaired
from pipeline.geo.liars.declination import declination_at
from pipeline.geo.locate import locate_pixels
from pipeline.ingest import sigma
from pipeline.sim.config import FlightConfig
from pipeline.sim.lens import Lens
from pipeline.sim.plan import START_UTC_NS
from pipeline.sim.sites import site_called
from pipeline.sim.ties import draw_ties
from pipeline.sim.truth import Truth, fly
from pipeline.types import Attitude, Camera, Frame, GeoPoint, Ground, Pose


def frames_of(truth: Truth, dem: bool) -> tuple[tuple[Frame, ...], float]:
    """Frames as ingest makes them of the headers, and the ellipsoidal height of the plane at take-off."""
    said, rtk = truth.reported, truth.reported.rtk_sigma_m > 0
    ellipsoidal = said.absolute_m + (0.0 if rtk else egm96_m(said.lat_deg, said.lon_deg))
    plane_m = float(np.median(ellipsoidal - said.relative_m))
    alt_m = ellipsoidal if dem else plane_m + said.relative_m
    return tuple(_frame(truth, k, float(alt_m[i]), dem) for k, i in enumerate(truth.shot)), plane_m


def _frame(truth: Truth, k: int, alt_m: float, dem: bool) -> Frame:
    said, i, lens = truth.reported, int(truth.shot[k]), truth.nominal[k]
    spread = (said.rtk_sigma_m,) * 3
    own, shared = sigma.position_errors(sigma.RTK_FIXED if said.rtk_sigma_m else None, spread)
    up_m = (spread[2], sigma.RTK_SHARED_M) if said.rtk_sigma_m else (sigma.UP_OWN_M, sigma.UP_ABSOLUTE_SHARED_M)
    up_m = up_m if dem else (sigma.UP_OWN_M, sigma.UP_RELATIVE_SHARED_M)
    own = sigma.with_angles(sigma.with_up(own, up_m[0]), sigma.GIMBAL_OWN)
    shared = sigma.with_angles(sigma.with_up(shared, up_m[1]), sigma.ATTITUDE_SHARED)
    at = GeoPoint(float(said.lat_deg[i]), float(said.lon_deg[i]), alt_m)
    told = Attitude(float(said.yaw_deg[i]), float(said.pitch_deg[i]), float(said.roll_deg[i]))
    attitude = None if told == Attitude(0.0, 0.0) else told
    return Frame(
        truth.photos[k],
        "",
        k,
        Pose(truth.plan.t_ns[i], at, attitude, own, shared),
        _camera(truth, k, lens),
        height_above_takeoff_m=float(said.relative_m[i]),
        body=Attitude(float(said.flight_yaw_deg[i]), 0.0),
        problem="" if attitude else "gimbal angles are all zero, which no drone reports in flight",
    )


def _camera(truth: Truth, k: int, lens: Lens) -> Camera:
    """The lens told, over the raster as it is stored."""
    (w, h), known = truth.stored_size(k), truth.config.profile != "real"
    return Camera(
        w, h, lens.focal_px, lens.focal_px, (w - 1) / 2, (h - 1) / 2,
        focal_sigma=sigma.FOCAL_CALIBRATED if known else sigma.FOCAL_NOMINAL,
    )  # fmt: skip


def ties_of(truth: Truth, wrong: float = 0.01) -> Ties:
    """Tie points as a matcher would find them."""
    drawn = draw_ties(truth, 80, wrong=wrong, above_m=2.0)
    return Ties(drawn.frame, drawn.point, drawn.px, drawn.sigma_px)


def ground_of(truth: Truth, folder: Path | None, plane_m: float) -> Ground:
    """The flight's DEM, or the plane at take-off where there is no folder to write it to."""
    if folder is None:
        return Ground(plane_alt_m=plane_m)
    path = folder / f"{truth.config.seed}-{truth.config.pattern}.tif"
    truth.terrain.write(path)
    return Ground(dem=str(path), dem_datum="egm96")


LIES = (
    "turned-90", "turned-180", "turned-270", "yaw-outliers", "aircraft-yaw", "zero-gimbal", "magnetic", "yaw-sign",
    "pitch-sign", "roll-sign", "relative-as-absolute", "ellipsoid-for-geoid", "barometer", "barometer-drift",
    "clock-seconds", "gcj02",
)  # fmt: skip
# The kinds that name each of the simulator's lies rightly.
NAMES = {
    "turned-90": "turned", "turned-180": "turned", "turned-270": "turned", "yaw-outliers": "yaw",
    "ellipsoid-for-geoid": "ellipsoid",
}  # fmt: skip
SITES = ("henan", "fiji", "parana", "mississippi")
HEIGHT_LIES = ("relative-as-absolute", "ellipsoid-for-geoid", "barometer", "barometer-drift")
SITE_AT = {n: GeoPoint(site_called(n).lat_deg, site_called(n).lon_deg, 100.0) for n in SITES}


@dataclass(frozen=True)
class Case:
    """One flight examined: what was found at first sight and after an adjustment."""

    lie: str
    seed: int
    setting: str
    size: float
    counts: bool  # whether the lie's effect exceeds three sigmas of what the poses claim
    first: tuple[Finding, ...]
    after: tuple[Finding, ...]
    problem: str = ""
    photos: int = 0
    placed_m: tuple[float, ...] = ()  # of the photos that are not refused: how far off their middles are put

    @property
    def found(self) -> tuple[Finding, ...]:
        return tuple(f for f in (*self.first, *self.after) if f.verdict == "found")

    @property
    def named(self) -> bool:
        return any(f.kind == NAMES.get(self.lie, self.lie) for f in self.found)


def config_of(lie: str, seed: int) -> tuple[FlightConfig, bool]:
    """The flight of a case, and whether it has a DEM; drawn by the seed."""
    rng = np.random.default_rng([seed, crc32(lie.encode())])
    pattern, strips, dem = (
        str(rng.choice(["nadir", "oblique", "mixed"])),
        int(rng.integers(1, 4)),
        bool(rng.random() < 0.5),
    )
    profile = "rtk" if rng.random() < 0.2 else "real"
    site = str(rng.choice(SITES))
    lies: tuple[str, ...] = (lie,) if lie else ()
    if lie in ("relative-as-absolute", "ellipsoid-for-geoid"):
        dem, profile = True, "real"
    if lie == "barometer":
        dem = False
    if lie.startswith("turned") or lie == "clock-seconds":
        strips = int(rng.integers(2, 4))
    if lie == "pitch-sign":
        pattern = "oblique"
    if lie == "gcj02":
        site = "henan"
    if lie == "magnetic":
        site = str(rng.choice(SITES[:3]))  # on the Mississippi 2° of declination are hardly three sigmas
        declination = declination_at(SITE_AT[site], START_UTC_NS)
        lies = (f"magnetic={declination.deg:.3f}",) if declination else lies
    return FlightConfig(
        seed=seed, profile=profile, site=site, pattern=pattern, strips=strips, pixels=False, turned_strip=False,
        lies=lies,
    ), dem  # fmt: skip


def examine_case(task: tuple[str, int, str]) -> Case:
    """Fly, examine, repair, adjust, examine again."""
    lie, seed, folder = task
    config, dem = config_of(lie, seed)
    truth = fly(config)
    frames, plane_m = frames_of(truth, dem)
    ties, ground = ties_of(truth), ground_of(truth, Path(folder) if dem else None, plane_m)
    surface = open_ground(ground)
    known = known_places(truth, frames) if lie == "gcj02" else {}
    first = examine(frames, ties, surface, known).findings
    setting = f"{config.profile} {config.pattern} {config.strips} {config.site} {'DEM' if dem else 'plane'}"
    size = truth.lies[0].value if truth.lies else 0.0
    case = Case(lie, seed, setting, size, _counts(truth, frames, dem, plane_m), first, (), photos=len(frames))
    try:
        after, placed = _after(repaired(frames, first), ties, surface)
        return replace(case, after=after, placed_m=placed_m(truth, placed, ground))
    except (PipelineError, np.linalg.LinAlgError) as why:
        return replace(case, problem=str(why))


def _after(frames: tuple[Frame, ...], ties: Ties, surface: Surface) -> tuple[tuple[Finding, ...], tuple[Frame, ...]]:
    """What the adjustment betrays, and the frames as it leaves them; once more where a repair is called for."""
    told: tuple[Finding, ...] = ()
    for _ in range(2):
        some = np.array([not f.problem and f.pose is not None and f.pose.attitude is not None for f in frames])
        kept, between = tuple(f for f, s in zip(frames, some, strict=True) if s), _ties_between(ties, some)
        if len(kept) < 2:
            return told, ()
        b = conclude(solve(pose_the_problem(kept, between, surface)))
        found = liars_after(kept, b.correction, b.sigma, b.prior_sigma, b.shared, b.shared_sigma, b.tied, surface)
        told = told or found
        again = repaired(frames, found)
        if again == frames:
            return told, tuple(f for f, n in zip(b.frames, b.tied, strict=True) if n)
        frames = again
    return told, tuple(f for f, n in zip(b.frames, b.tied, strict=True) if n and not _refused(frames, f))


def _refused(frames: tuple[Frame, ...], frame: Frame) -> bool:
    return any(f.id == frame.id and f.problem for f in frames)


def _ties_between(ties: Ties, some: NDArray[np.bool_]) -> Ties:
    """The ties of some frames, counted anew."""
    keep = some[ties.frame]
    _, point, views = np.unique(ties.point[keep], return_inverse=True, return_counts=True)
    kept = np.flatnonzero(keep)[views[point] > 1]
    number = np.cumsum(some) - 1
    again = np.unique(ties.point[kept], return_inverse=True)[1]
    return Ties(number[ties.frame[kept]], again, ties.px[kept], ties.sigma_px[kept])


def known_places(truth: Truth, frames: tuple[Frame, ...]) -> dict[str, GeoPoint]:
    """Where a log that tells the truth, with its own error of metres, puts the photos."""
    rng = np.random.default_rng(truth.config.seed)
    lla = truth.lla[truth.shot] + np.column_stack([rng.normal(0, 2e-5, (len(frames), 2)), np.zeros(len(frames))])
    return {f.id: GeoPoint(*(float(v) for v in row)) for f, row in zip(frames, lla, strict=True)}


def _counts(truth: Truth, frames: tuple[Frame, ...], dem: bool, plane_m: float) -> bool:
    """Whether the effect on the poses, with the honest errors beside it, exceeds three sigmas of what they claim."""
    if not truth.lies:
        return False
    lie, pose, camera = truth.lies[0].name, frames[0].pose, frames[0].camera
    assert pose is not None and camera is not None
    by_lie = abs(truth.lies[0].value)
    if lie in ("yaw-sign", "roll-sign"):
        return by_lie > 3 * np.hypot(pose.shared.yaw_deg, pose.own.yaw_deg)
    if lie == "magnetic":
        off_deg = abs(np.mean([_yaw_off_deg(truth, f, k) for k, f in enumerate(frames)]))
        return bool(min(off_deg, by_lie) > 3 * np.hypot(pose.shared.yaw_deg, pose.own.yaw_deg / np.sqrt(len(frames))))
    if lie in HEIGHT_LIES:
        ground = truth.terrain.ellipsoidal_m(truth.lla[:, 0], truth.lla[:, 1]) if dem else plane_m
        told_m = np.array([f.pose.at.alt_m for f in frames if f.pose]) - ground
        off_m = told_m - truth.terrain.gap_m(truth.world_m)
        off_m = np.ptp(off_m) if lie == "barometer-drift" else off_m.mean()
        drifting = (pose.own.up_m, 0.0) if lie == "barometer-drift" else (pose.shared.up_m, camera.focal_sigma * 55.0)
        return bool(min(abs(off_m), by_lie) > 3 * np.sqrt(sum(v * v for v in drifting) + (0.3 if dem else 3.0) ** 2))
    return True


def _yaw_off_deg(truth: Truth, frame: Frame, k: int) -> float:
    """True minus recorded heading, by the camera's right axis."""
    attitude, right = frame.pose.attitude if frame.pose else None, _level_R_cam(truth, k)[:, 0]
    true_deg = float(np.degrees(np.arctan2(-right[1], right[0])))
    return 0.0 if attitude is None else (true_deg - attitude.yaw_deg + 180.0) % 360.0 - 180.0


def _level_R_cam(truth: Truth, k: int) -> NDArray[np.float64]:
    i = truth.shot[k]
    out: NDArray[np.float64] = truth.terrain.world.R_level(*truth.lla[i, :2]).T @ truth.world_R_cam[i]
    return out


def placed_m(truth: Truth, frames: tuple[Frame, ...], ground: Ground) -> tuple[float, ...]:
    """How far off the middles of the pictures are put."""
    number = {name: k for k, name in enumerate(truth.photos)}
    off = []
    for frame in frames:
        i = truth.shot[number[frame.id]]
        look = truth.world_R_cam[i][:, 2]
        away = truth.terrain.first_hit(truth.world_m[i][None], look[None])[0]
        w, h = (frame.camera.width_px, frame.camera.height_px) if frame.camera else (1, 1)
        at = locate_pixels(frame, np.array([[(w - 1) / 2, (h - 1) / 2]]), ground).points
        true = truth.world_m[i] + away * look
        off.append(float(np.hypot(*(truth.terrain.world.from_lla(at)[0] - true)[:2])))
    return tuple(off)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=100)
    parser.add_argument("--honest", type=int, default=300)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--lies", nargs="*", default=LIES)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--show", action="store_true", help="every case that was missed, misnamed or wrongly accused")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Pool(asked.processes) as pool:
        for lie in ["", *asked.lies] if asked.honest else asked.lies:
            n = asked.cases if lie else asked.honest
            seeds = range(asked.first_seed, asked.first_seed + n)
            begun = time.perf_counter()
            cases = list(pool.imap(examine_case, [(lie, seed, folder) for seed in seeds], chunksize=4))
            seconds = (time.perf_counter() - begun) / max(1, n)
            print(told_of(lie, cases) + f"; {seconds:.2f} s a case", flush=True)
            for case in cases if asked.show else ():
                if bool(case.found) != bool(lie) or (lie and not case.named) or case.problem:
                    print("   ", case.seed, case.setting, f"{case.size:.1f}", case.counts, case.problem)
                    for f in case.found:
                        print("       ", "first" if f in case.first else "after", f.line)


def told_of(lie: str, cases: list[Case]) -> str:
    """One line of the table."""
    off = np.array([v for c in cases for v in c.placed_m if np.isfinite(v)] or [np.nan])
    photos = max(1, sum(c.photos for c in cases))
    placed = (
        f"placed {sum(len(c.placed_m) for c in cases) / photos:.0%} of the photos, CE90 {np.quantile(off, 0.9):.1f} m"
    )
    if not lie:
        wrong = [c for c in cases if c.found]
        refused = [c for c in cases if any(f.repair == "refuse" for f in c.found)]
        return f"{'honest':20} {len(cases)} flights: accused {len(wrong)}, refused {len(refused)}; {placed}"
    some = [c for c in cases if c.counts]
    n = max(1, len(some))
    first = sum(any(f.verdict == "found" for f in c.first) for c in some)
    found, named = sum(bool(c.found) for c in some), sum(c.named for c in some)
    return (
        f"{lie:20} {len(some)} of {len(cases)} count: found {found / n:.0%} (at first sight {first / n:.0%}), "
        f"named {named / n:.0%}; {placed}"
    )


if __name__ == "__main__":
    main()
