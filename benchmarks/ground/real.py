"""Real sets: brighton and narrabeen, as recorded, repaired, with the horizon, adjusted, and with control points.

Needs the real flights (QLY_TEST_DATA, default ../shared/data). Nothing is written into them: photos are copied into a
temporary folder, beside the mission file that a user would write (ingest follows no links out of a flight's folder).
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pyproj import Transformer

from benchmarks.ground.accuracy import accuracy, asked
from benchmarks.ground.data import DATA, TURNED, different, rows
from pipeline.errors import GeometryError
from pipeline.flow.look import look
from pipeline.flow.mission import doubt_turned
from pipeline.flow.places import Locator, Place
from pipeline.geo.locate import as_covariance, locate_pixels
from pipeline.geo.radius import r90_m
from pipeline.imagery import Image
from pipeline.ingest import open_mission
from pipeline.types import Detection, Frame, Ground, Mission

UTM, MGA = "EPSG:32615", "EPSG:28356"
STILL, FRAME = "snapshotNarrabeen.JPG", "frames/narrabeenFrames0001.jpg"
HEIGHT_SIGMA_M = 1.0  # of heights above the Australian datum, with EGM96 standing in for its geoid
CLICKED_FOCAL_PX = 3320.0  # the data authors' calibration of the video; their principal point is doubtful
VIDEO_PX = (3840, 2160)

Pixels = list[tuple[str, float, float]]


class Blind:
    """A detector that finds nothing: pictures are read for their reduced copies alone."""

    digest = ""

    @property
    def thresholds(self) -> dict[str, float]:
        return {}

    def find(self, image: Image, frame_id: str) -> tuple[Detection, ...]:
        return ()


def placed(locator: Locator, folder: Path, pixels: Pixels) -> list[Place]:
    """`locate` of every pixel, in order."""
    found: list[Place | None] = [None] * len(pixels)
    for name in dict.fromkeys(p[0] for p in pixels):
        members = [i for i, p in enumerate(pixels) if p[0] == name]
        wanted = [(pixels[i][1], pixels[i][2]) for i in members]
        for i, place in zip(members, locator.places(name, folder / name, wanted), strict=True):
            found[i] = place
    return [p for p in found if p is not None]


def placed_by(mission: Mission, pixels: Pixels) -> list[Place]:
    """The same for frames that are opened already."""
    frames = {f.id.rpartition("/")[2]: f for f in mission.frames}
    return [_place(frames[name], mission.ground, x, y) for name, x, y in pixels]


def _place(frame: Frame, ground: Ground, x: float, y: float) -> Place:
    found = locate_pixels(frame, np.array([[x, y]]), ground)
    if found.why[0]:
        return Place(frame.id, x, y, why=found.why[0])
    lat_deg, lon_deg, alt_m = (float(v) for v in found.points[0])
    return Place(frame.id, x, y, lat_deg, lon_deg, alt_m, r90_m(as_covariance(found.covariance[0])))


def report(name: str, places: Sequence[Place], truth_m: NDArray[np.float64], crs: str, **bounds: float) -> None:
    """One line; truth_m: (N, 2) easting and northing in `crs`."""
    to_grid = Transformer.from_crs(4326, crs, always_xy=True)
    at = np.array([(np.nan, np.nan) if p.why else to_grid.transform(p.lon_deg, p.lat_deg) for p in places])
    radii = [np.nan if p.r90_m is None else p.r90_m for p in places]
    found = accuracy(np.hypot(*(at - truth_m).T), radii)
    why = next((p.why for p in places if p.why), "")
    print(f"{name:52s} {found}{asked(found, **bounds)}{'  ' if why else ''}{why}", flush=True)


def brighton() -> None:
    """As recorded, with the turned strip repaired by votes of neighbours, and adjusted."""
    folder = DATA / "flights/brighton/images"
    seen = [r for r in rows(folder.parent / "relative_truth.csv") if (folder / r["image"]).is_file()]
    pixels = [(r["image"], float(r["u_px"]), float(r["v_px"])) for r in seen]
    truth = np.array([[float(r["easting_m"]), float(r["northing_m"])] for r in seen])
    turned = [i for i, r in enumerate(seen) if r["image"] in TURNED]
    recorded, adjusted = Locator(Ground()), Locator(Ground(), adjust=True)
    for name, places, bounds in (
        ("as recorded", placed(recorded, folder, pixels), {}),
        ("turned strip repaired by matching", placed_by(repaired(folder), pixels), {"ce90_m": 3.5}),
        ("adjusted", placed(adjusted, folder, pixels), {"median_m": 0.7, "ce90_m": 1.5}),
    ):
        report(f"brighton, {name}", places, truth, UTM, **bounds)
        report("    of it, the turned strip", [places[i] for i in turned], truth[turned], UTM)


def repaired(folder: Path) -> Mission:
    """What `run --adjust off` does: neighbours vote on turned pictures, all else stays as recorded."""
    mission = open_mission(folder)
    with tempfile.TemporaryDirectory() as thumbs:
        look(mission.frames, Blind(), thumbs)
        return doubt_turned(mission, thumbs, None, lambda done, total: None)


@dataclass(frozen=True)
class Targets:
    """Narrabeen's surveyed targets: ids, (4, 2) easting and northing, (4,) heights above the Australian datum."""

    ids: tuple[str, ...]
    en_m: NDArray[np.float64]
    height_m: NDArray[np.float64]

    @property
    def lat_lon_deg(self) -> NDArray[np.float64]:
        lon, lat = Transformer.from_crs(MGA, 4326, always_xy=True).transform(*self.en_m.T)
        return np.column_stack([lat, lon])


def targets() -> Targets:
    told = rows(DATA / "flights/narrabeen/gcps.csv")
    en = np.array([[float(r["easting_m"]), float(r["northing_m"])] for r in told])
    return Targets(tuple(r["id"] for r in told), en, np.array([float(r["height_m"]) for r in told]))


def clicks(image: str) -> dict[str, tuple[float, float]]:
    """Target -> its pixel in a picture."""
    told = rows(DATA / "flights/narrabeen/observations.csv")
    return {r["gcp"]: (float(r["u_px"]), float(r["v_px"])) for r in told if r["image"] == image}


def narrabeen() -> None:
    """Still and first frame: as recorded, with the horizon, and with three of the four targets as control."""
    survey = targets()
    for image, median_m in ((STILL, 18.5), (FRAME, 12.5)):
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            shutil.copy(DATA / "flights/narrabeen" / image, folder)
            if image == STILL:
                found = placed(Locator(Ground()), folder, [(STILL, *clicks(STILL)[n]) for n in survey.ids])
                report("narrabeen, still, level with the take-off", found, survey.en_m, MGA)
            what = "narrabeen, still" if image == STILL else "narrabeen, frame 1"
            found = located(folder, image, survey, (), survey.ids, adjust=False)
            report(f"{what}, level with the beach", found, survey.en_m, MGA)
            found = located(folder, image, survey, (), survey.ids, adjust=True)
            report(f"{what}, horizon", found, survey.en_m, MGA, median_m=median_m)
            fourth = [alone(folder, image, survey, set(three)) for three in combinations(survey.ids, 3)]
            report("    three as control, the fourth", fourth, survey.en_m[::-1], MGA, median_m=1.5, max_m=5.0)
            for name, place in zip(survey.ids[::-1], fourth, strict=True):
                k = survey.ids.index(name)
                report(f"        {name}", [place], survey.en_m[[k]], MGA)


def alone(folder: Path, image: str, survey: Targets, control: set[str]) -> Place:
    """The one target that is not control."""
    return located(folder, image, survey, sorted(control), [n for n in survey.ids if n not in control], True)[0]


def located(
    folder: Path, image: str, survey: Targets, control: Sequence[str], wanted: Sequence[str], adjust: bool
) -> list[Place]:
    """`locate` with a mission file: control points, the beach's height, and of a frame its camera and pose."""
    name = Path(image).name
    text = "\n".join([*_ground_lines(survey, control), *_pose_lines(image), *_control_lines(image, survey, control)])
    (folder / "mission.toml").write_text(text, encoding="utf-8")
    at = clicks(image)
    return placed(Locator(Ground(), adjust=adjust), folder, [(name, *at[target]) for target in wanted])


def _ground_lines(survey: Targets, control: Sequence[str]) -> Iterator[str]:
    """The level of the beach: the mean height of the points that are known."""
    known = [survey.height_m[survey.ids.index(n)] for n in control or survey.ids]
    yield "[ground]"
    yield f"plane_alt_m = {np.mean(known):.3f}"
    yield 'datum = "egm96"'


def _pose_lines(image: str) -> Iterator[str]:
    """Of a frame: the video's lens with its centre in the picture's, and the still's pose; of the still nothing."""
    if image == STILL:
        return
    still = next(f for f in open_mission(DATA / "flights/narrabeen").frames if f.id == STILL)
    if still.pose is None or still.pose.attitude is None:
        raise GeometryError(f"{STILL}: the still tells no pose for the frame to take")
    at, attitude = still.pose.at, still.pose.attitude
    yield "[camera]"
    yield f"width_px = {VIDEO_PX[0]}\nheight_px = {VIDEO_PX[1]}\nfocal_px = {CLICKED_FOCAL_PX}"
    yield "[[pose]]"
    yield f'photo = "{Path(image).name}"'
    yield f"lat_deg = {at.lat_deg:.9f}\nlon_deg = {at.lon_deg:.9f}\nalt_m = {at.alt_m:.3f}"
    yield f"yaw_deg = {attitude.yaw_deg}\npitch_deg = {attitude.pitch_deg}\nroll_deg = {attitude.roll_deg}"


def _control_lines(image: str, survey: Targets, control: Sequence[str]) -> Iterator[str]:
    at = clicks(image)
    for name, (lat, lon), height_m in zip(survey.ids, survey.lat_lon_deg, survey.height_m, strict=True):
        if name in control:
            yield "[[control]]"
            yield f'id = "{name}"\nlat_deg = {lat:.9f}\nlon_deg = {lon:.9f}\nalt_m = {height_m}\ndatum = "egm96"'
            yield f'sigma_m = {HEIGHT_SIGMA_M}\npixels = [["{Path(image).name}", {at[name][0]}, {at[name][1]}]]'


def main() -> None:
    if not DATA.is_dir():
        raise SystemExit(f"{DATA}: no real flights here; set QLY_TEST_DATA")
    for sentence in different(DATA):
        print(sentence)
    brighton()
    narrabeen()
