"""A single strip of 10 km along a river: does moving water get in, does the strip bend, are its radii true?

    python -m benchmarks.river_strip [--photos 430] [--seed 2] [--width 1000] [--keep FOLDER] [--plot FILE.svg]

Half of what the pictures show is water that moves. The flight is rendered, adjusted as `run` does it, and compared
with its own truth: ties on water (by the river's true edge), the error of the camera's positions and of check points
against chainage, and the share of check points inside their r90. With --keep the pictures stay, and what is there
already is not drawn again.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline import imagery
from pipeline.errors import GeometryError, PipelineError
from pipeline.flow.adjusting import adjust_mission
from pipeline.geo.adjust.block import Block
from pipeline.geo.fuse import fuse
from pipeline.geo.geodesy import to_enu
from pipeline.geo.locate import locate
from pipeline.imagery import encode_jpeg
from pipeline.ingest import open_mission
from pipeline.parallel import open_pool
from pipeline.sim import FlightConfig
from pipeline.sim.flight import JPEG_QUALITY
from pipeline.sim.headers import dress, header
from pipeline.sim.truth import Truth, fly
from pipeline.types import Detection, GeoPoint, Ground, Hit, Mission

CLICK_PX = 0.5  # error of the pixels in which check points are seen, each axis
STEP_M = 500.0

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Checked:
    """(N,) check points: chainage_m, off_m (N, 2) along and across the strip, r90_m, wet."""

    chainage_m: Array
    off_m: Array
    r90_m: Array
    wet: NDArray[np.bool_]

    @property
    def inside(self) -> NDArray[np.bool_]:
        return np.hypot(*self.off_m.T) <= self.r90_m


def config_of(seed: int, photos: int, width_px: int) -> FlightConfig:
    """The strip: 67 % overlap, a river of 48 m at one edge, real noise, no lies."""
    return FlightConfig(
        seed=seed, site="kaifeng", strips=1, photos_per_strip=photos, width_px=width_px, height_px=width_px * 3 // 4,
        river_width_m=48.0, moving_water=True, overlap=0.67, dem_cell_m=4.0, turned_strip=False, n_checks=photos,
        n_smoke=0, n_dust=0, n_outfalls=0,
    )  # fmt: skip


def draw(truth: Truth, folder: Path, verbose: bool = True) -> Path:
    """Write the DEM and all photos that are not there yet; the folder of the photos."""
    from pipeline.sim.render import open_studio, photo

    flight = folder / "flight"
    flight.mkdir(parents=True, exist_ok=True)
    truth.terrain.write(folder / "dem.tif")
    missing = [i for i, name in enumerate(truth.photos) if not (flight / name).exists()]
    studio, begun = open_studio(truth) if missing else None, time.perf_counter()
    for done, i in enumerate(missing, 1):
        partial = folder / "photo.partial"
        partial.write_bytes(dress(encode_jpeg(photo(studio, i), JPEG_QUALITY), header(truth, i)))
        os.replace(partial, flight / truth.photos[i])
        if verbose and done % 50 == 0:
            print(f"{done} of {len(missing)} drawn, {(time.perf_counter() - begun) / done:.2f} s each", flush=True)
    return flight


def water_share(truth: Truth, side: int = 24) -> Array:
    """(N,) share of each picture that shows water."""
    lens = truth.lenses[0]
    x, y = np.meshgrid(np.linspace(0, lens.width_px - 1, side), np.linspace(0, lens.height_px - 1, side))
    px = np.column_stack([x.ravel(), y.ravel()])
    return np.array([truth.water(seen_m(truth, i, px)).mean() for i in range(len(truth.photos))])


def seen_m(truth: Truth, photo: int, px: Array) -> Array:
    """(N, 3) true places of (N, 2) pixels of one photo whose pixels are not turned; NaN where there is sky."""
    shot = truth.shot[photo]
    rays = truth.lenses[photo].rays(px) @ truth.world_R_cam[shot].T
    start = np.broadcast_to(truth.world_m[shot], rays.shape)
    return start + rays * truth.terrain.first_hit(start, rays)[:, None]


def ties_on_water(truth: Truth, block: Block) -> tuple[int, int, Array]:
    """How many observations there are, how many of them lie on water, and how far from land (m) those do that count."""
    problem = block.solution.problem
    number = {name: k for k, name in enumerate(truth.photos)}
    reach = np.full(len(problem.ties.frame), -np.inf)
    for f, frame in enumerate(problem.frames):
        mine = np.flatnonzero(problem.ties.frame == f)
        world = seen_m(truth, number[frame.id], problem.ties.px[mine])
        across = truth.river.along_across(world[:, :2])[1]
        reach[mine] = truth.river.half_width_m - np.abs(across)
    wet = reach > 0
    return len(wet), int(wet.sum()), np.sort(reach[wet & block.solution.kept])


def check(truth: Truth, mission: Mission, joint: Block | None) -> Checked:
    """Put every check point on the ground as a hit of its own."""
    frames = {f.id: f for f in mission.frames if not f.problem}
    rng = np.random.default_rng(truth.config.seed)
    sightings = []
    for k, target in enumerate(truth.targets):
        if target.label != "ground":
            continue
        for i in np.flatnonzero(truth.visible[:, k]):
            x, y = truth.px[i, k] + CLICK_PX * rng.standard_normal(2)
            box = (x - 5, y - 5, x + 5, y + 5)
            seen = Detection(truth.photos[i], target.id, 1.0, box, (float(x), float(y)), CLICK_PX)
            try:
                sightings.append(locate(seen, frames[truth.photos[i]], mission.ground))
            except (PipelineError, KeyError):
                continue
    at = {t.id: t for t in truth.targets}
    rows = [_offset(truth, hit, at[hit.label].world_m, at[hit.label].lla) for hit in fuse(sightings, joint)]
    table = np.array(rows)
    return Checked(table[:, 0], table[:, 1:3], table[:, 3], table[:, 4] > 0)


def _offset(truth: Truth, hit: Hit, world_m: Array, lla: tuple[float, float, float]) -> tuple[float, ...]:
    here = GeoPoint(*lla)
    east, north = to_enu(np.array([[hit.at.lat_deg, hit.at.lon_deg, hit.at.alt_m]]), here)[0, :2]
    along, across = strip_axes(truth, np.array([[east, north]]))[0]
    return chainage_m(truth, world_m[None])[0], along, across, hit.r90_m, float(truth.water(world_m[None])[0])


def strip_axes(truth: Truth, en: Array) -> Array:
    """(N, 2) east, north to along and across (right) of the strip."""
    a = np.radians(truth.plan.heading_deg)
    return np.asarray(en @ np.array([[np.sin(a), np.cos(a)], [np.cos(a), -np.sin(a)]]))


def chainage_m(truth: Truth, world_m: Array) -> Array:
    """(N,) metres along the strip from its first photo."""
    return np.asarray(strip_axes(truth, world_m[:, :2])[:, 0] + truth.plan.half_along_m)


def camera_errors_m(truth: Truth, mission: Mission) -> tuple[Array, Array]:
    """(N,) chainage and (N, 3) along, across, up: where the cameras are put minus where they were."""
    number = {name: k for k, name in enumerate(truth.photos)}
    off, where = [], []
    for frame in mission.frames:
        if frame.pose is None or frame.problem:
            continue
        i = truth.shot[number[frame.id]]
        true = GeoPoint(*(float(v) for v in truth.lla[i]))
        enu = to_enu(np.array([[frame.pose.at.lat_deg, frame.pose.at.lon_deg, frame.pose.at.alt_m]]), true)
        off.append([*strip_axes(truth, enu[:, :2])[0], enu[0, 2]])
        where.append(chainage_m(truth, truth.world_m[i][None])[0])
    return np.array(where), np.array(off)


def bend_m(chainage: Array, off: Array) -> float:
    """How far a parabola through the errors leaves the straight line between its ends, at its middle."""
    half = np.ptp(chainage) / 2
    return float(-np.polyfit(chainage - chainage.mean(), off, 2)[0] * half**2)


def table(checked: Checked) -> str:
    """Error and r90 of check points by chainage."""
    rows = ["chainage_m  points  median_m  p90_m  along_m  across_m  median_r90_m  inside_r90"]
    bins = (checked.chainage_m // STEP_M).astype(int)
    for b in np.unique(bins):
        some = bins == b
        off, length = checked.off_m[some], np.hypot(*checked.off_m[some].T)
        rows.append(
            f"{b * STEP_M:10.0f}  {some.sum():6d}  {np.median(length):8.2f}  {np.percentile(length, 90):5.2f}  "
            f"{off[:, 0].mean():+7.2f}  {off[:, 1].mean():+8.2f}  {np.median(checked.r90_m[some]):12.2f}  "
            f"{checked.inside[some].mean():10.0%}"
        )
    return "\n".join(rows)


def plot(path: Path, before: Checked, after: Checked) -> None:
    """An SVG of errors against chainage: as recorded (grey), adjusted (blue), and the adjusted r90 (line)."""
    title = "error of check points against chainage: grey recorded, blue adjusted; line: r90"
    width, height, margin = 1000.0, 420.0, 50.0
    far, high = after.chainage_m.max(), max(np.percentile(np.hypot(*before.off_m.T), 99), after.r90_m.max())

    def at(chainage: float, metres: float) -> tuple[float, float]:
        x = margin + (width - 2 * margin) * chainage / far
        return x, height - margin - (height - 2 * margin) * min(metres / high, 1.0)

    def dots(checked: Checked, colour: str) -> list[str]:
        places = (at(c, m) for c, m in zip(checked.chainage_m, np.hypot(*checked.off_m.T), strict=True))
        return [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2" fill="{colour}"/>' for x, y in places]

    order = np.argsort(after.chainage_m)
    radius = " ".join("{:.1f},{:.1f}".format(*at(after.chainage_m[k], after.r90_m[k])) for k in order)
    ticks = [(at(c, 0), f"{c / 1000:.0f} km") for c in np.arange(0, far, 1000)] + [
        ((10.0, at(0, m)[1]), f"{m:g} m") for m in np.arange(0, high, 1 if high < 12 else 5)
    ]
    label = [f'<text x="{x:.0f}" y="{min(y + 18, height - 20):.0f}">{t}</text>' for (x, y), t in ticks]
    body = dots(before, "#bbb") + dots(after, "#06c") + label
    body += [f'<polyline points="{radius}" fill="none" stroke="#c60"/>', f'<text x="{margin}" y="24">{title}</text>']
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" font-size="12">'
    path.write_text(head + '<rect width="100%" height="100%" fill="white"/>' + "".join(body) + "</svg>\n", "utf-8")


@dataclass(frozen=True)
class Strip:
    """What became of the strip.

    believed_m: of ties on water that count all the same, how far from land; bends_m: of cameras along, across, up.
    """

    length_m: float
    water: Array  # (N,) share of each picture
    ties: int
    ties_on_water: int
    believed_m: Array
    recorded: Checked
    adjusted: Checked
    cameras: tuple[str, str]  # as recorded, adjusted
    bends_m: Array  # (3,)
    warnings: tuple[str, ...]
    seconds: float

    def __str__(self) -> str:
        low, middle, high = np.percentile(self.water, [5, 50, 95])
        rows = [
            f"{len(self.water)} photos over {self.length_m / 1000:.1f} km, adjusted in {self.seconds:.0f} s; water "
            f"in a picture: median {middle:.0%}, 5 to 95 % of them {low:.0%} to {high:.0%}",
            *(f"  {w}" for w in self.warnings),
            f"ties on water: {self.ties_on_water} of {self.ties}; {len(self.believed_m)} of them count, "
            f"{', '.join(f'{m:.2f}' for m in self.believed_m[-8:]) or 'no'} m from land",
            f"as recorded: {told(self.recorded)}",
            f"  cameras: {self.cameras[0]}",
            f"adjusted: {told(self.adjusted)}",
            f"  cameras: {self.cameras[1]}",
            table(self.adjusted),
        ]
        return "\n".join(rows)


def measure(config: FlightConfig, folder: Path, workers: int = 1) -> Strip:
    """Draw, adjust, compare. Raises GeometryError when no two photos could be tied."""
    truth = fly(config)
    flight = draw(truth, folder)
    mission = open_mission(flight, ground=Ground(dem=str(folder / "dem.tif"), dem_datum="egm96"))
    begun = time.perf_counter()
    with open_pool(workers, None, len(mission.frames), imagery.use_one_thread) as pool:
        done = adjust_mission(mission, "auto", pool, lambda stage, done, total: None)
    seconds = time.perf_counter() - begun
    if done.joint is None:
        raise GeometryError("no two photos of the strip could be tied")
    ties, wet, believed_m = ties_on_water(truth, done.joint)
    where, off = camera_errors_m(truth, done.mission)
    return Strip(
        2 * truth.plan.half_along_m, water_share(truth), ties, wet, believed_m,
        check(truth, mission, None), check(truth, done.mission, done.joint),
        (bends(*camera_errors_m(truth, mission)), bends(where, off)),
        np.array([bend_m(where, v) for v in off.T]), done.mission.warnings, seconds,
    )  # fmt: skip


def told(checked: Checked) -> str:
    length = np.hypot(*checked.off_m.T)
    dry = ~checked.wet
    level = np.hypot(*(checked.off_m - checked.off_m.mean(axis=0)).T)
    return (
        f"{len(length)} check points, median {np.median(length):.2f} m, CE90 {np.percentile(length, 90):.2f} m "
        f"({np.percentile(level, 90):.2f} m beside the mean), inside r90 {checked.inside.mean():.1%} "
        f"(on land {checked.inside[dry].mean():.1%}), median r90 {np.median(checked.r90_m):.2f} m; "
        f"bend along {bend_m(checked.chainage_m, checked.off_m[:, 0]):+.2f} m, across "
        f"{bend_m(checked.chainage_m, checked.off_m[:, 1]):+.2f} m"
    )


def bends(chainage: Array, off: Array) -> str:
    """Errors of positions along the strip, and the parabola in them."""
    said = zip(("along", "across", "up"), off.T, strict=True)
    return "; ".join(f"{n} {v.mean():+.2f} ± {v.std():.2f} m, bend {bend_m(chainage, v):+.2f} m" for n, v in said)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--photos", type=int, default=430)
    parser.add_argument("--seed", type=int, default=2)
    parser.add_argument("--width", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--keep", default="")
    parser.add_argument("--plot", default="")
    told = parser.parse_args()
    config = config_of(told.seed, told.photos, told.width)
    with tempfile.TemporaryDirectory() as scratch:
        strip = measure(config, Path(told.keep or scratch), told.workers)
    print(strip)
    if told.plot:
        plot(Path(told.plot), strip.recorded, strip.adjusted)


if __name__ == "__main__":
    main()
