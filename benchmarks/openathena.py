"""OpenAthena's published accuracy tests: its figures, and ours for what can be compared.

    python -m benchmarks.openathena CAPTURE.csv … SURVEY.csv …

Theta publishes, in github.com/Theta-Limited/OA-Accuracy-Testing (MIT; nothing of it is kept here), tables of single
pixels that its app put on the ground (columns lat, lon, hae, droneLatitude …, one row a pixel) and of the points that
were surveyed (ID, Latitude, Longitude, Elevation …). Its figures take the surveyed point that lies nearest to each
result, which flatters: an error can never exceed half the points' spacing, and two pixels of one photo may be given to
one point. Beside them stand the same results assigned one to one within each photo, their fusion with the errors of
`ingest.sigma`, and the same pixels and poses through our own rays (on level ground of the height that OpenAthena met).

No table tells the headings of the earlier versions: they are the bearings of the results less `yawOffset…`, as those
versions have it. No pictures are published with the tables, so that nothing can be adjusted.
"""

from __future__ import annotations

import argparse
import csv
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pyproj import Geod
from scipy.optimize import linear_sum_assignment

from benchmarks.ground.accuracy import accuracy
from pipeline.errors import PipelineError
from pipeline.geo.fuse import fuse
from pipeline.geo.geodesy import to_enu
from pipeline.geo.locate import locate
from pipeline.ingest import sigma
from pipeline.types import Attitude, Camera, Detection, Frame, GeoPoint, Ground, Hit, Pose, Sighting

Array = NDArray[np.float64]

RESULT = ("lat", "lon", "hae", "droneLatitude", "droneLongitude", "droneElevationHAE", "cameraSlantAngleDeg")
SURVEY = ("Latitude", "Longitude", "Elevation")
DEM_SIGMA_M = 3.0  # of the free 30 m terrain models that the app loads
CLICK_SIGMA_PX = 3.0  # of a finger on a screen
MOST_BYTES = 64 << 20
GEOD = Geod(ellps="WGS84")

OWN = sigma.with_angles(sigma.with_up(sigma.POSITION_OWN, sigma.UP_OWN_M), sigma.GIMBAL_OWN)
SHARED = sigma.with_angles(sigma.with_up(sigma.POSITION_SHARED, sigma.UP_ABSOLUTE_SHARED_M), sigma.ATTITUDE_SHARED)


@dataclass(frozen=True)
class Result:
    """One pixel that OpenAthena put on the ground: where, from which photo, and with what pose and lens."""

    photo: str
    model: str
    at: GeoPoint
    drone: GeoPoint
    pitch_deg: float
    roll_deg: float
    yaw_deg: float
    camera: Camera
    px: tuple[float, float]


def read(paths: Iterable[Path]) -> tuple[list[Result], list[GeoPoint]]:
    """(results, surveyed points) of tables, told apart by their columns; raises SystemExit with a sentence."""
    results: list[Result] = []
    survey: list[GeoPoint] = []
    for path in paths:
        rows = _rows(path)
        names = set(rows[0]) if rows else set()
        try:
            if names.issuperset(RESULT):
                results += [_result(row) for row in rows]
            elif names.issuperset(SURVEY):
                survey += [GeoPoint(*(float(row[name]) for name in SURVEY)) for row in rows]
            else:
                raise SystemExit(f"{path}: neither OpenAthena's results nor surveyed points are in this table")
        except (KeyError, TypeError, ValueError) as why:
            raise SystemExit(f"{path}: a row lacks a number, or a column is missing ({why})") from why
    return results, survey


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise SystemExit(f"{path}: larger than {MOST_BYTES >> 20} MiB")
        with path.open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError) as why:
        raise SystemExit(f"{path}: cannot be read ({why})") from why


def _result(row: dict[str, str]) -> Result:
    def number(*names: str) -> float:
        return float(next((row[n] for n in names if row.get(n) not in (None, "")), "0"))

    w, h = int(number("imageWidth")), int(number("imageLength", "imageHeight"))
    lens = tuple(number(k) if row.get("lensType") == "perspective" else 0.0 for k in ("k1", "k2", "p1", "p2", "k3"))
    camera = Camera(
        w, h, number("f_x"), number("f_y"), (w - 1) / 2, (h - 1) / 2, lens,  # type: ignore[arg-type]
        sigma.FOCAL_CALIBRATED, row.get("model", ""),
    )  # fmt: skip
    at, drone = _point(row, RESULT[:3]), _point(row, RESULT[3:6])
    px = number("imageSelectedProportionX") * w - 0.5, number("imageSelectedProportionY") * h - 0.5
    pitch_deg, roll_deg = -float(row["cameraSlantAngleDeg"]), number("cameraRollAngleDeg")
    bearing_deg = float(GEOD.inv(drone.lon_deg, drone.lat_deg, at.lon_deg, at.lat_deg)[0])
    told = row.get("gimbalYawDegree")
    yaw_deg = float(told) if told else bearing_deg - number("yawOffsetDegSelectedPoint")
    photo = f"{row.get('model', '')} {drone.lat_deg} {drone.lon_deg} {drone.alt_m} {pitch_deg} {roll_deg}"
    return Result(photo, row.get("model", ""), at, drone, pitch_deg, roll_deg, yaw_deg, camera, px)


def _point(row: dict[str, str], names: Sequence[str]) -> GeoPoint:
    lat, lon, alt = (float(row[name]) for name in names)
    return GeoPoint(lat, lon, alt)


def distances(at: Sequence[GeoPoint], survey: Sequence[GeoPoint]) -> Array:
    """(N, M) in m on the level."""
    rows = np.array([[p.lat_deg, p.lon_deg, p.alt_m] for p in survey])
    return np.array([np.hypot(*to_enu(rows, p)[:, :2].T) for p in at]).reshape(len(at), len(survey))


def nearest(at: Sequence[GeoPoint], survey: Sequence[GeoPoint]) -> Array:
    """(N,) distances to the nearest surveyed point, as OpenAthena's own analysis has them."""
    return np.asarray(distances(at, survey).min(axis=1))


def one_to_one(at: Sequence[GeoPoint], groups: Sequence[str], survey: Sequence[GeoPoint]) -> Array:
    """(N,) distances when no two results of a group may have the same point; NaN where points run out."""
    apart, out = distances(at, survey), np.full(len(at), np.nan)
    for group in dict.fromkeys(groups):
        members = np.array([i for i, g in enumerate(groups) if g == group])
        rows, columns = linear_sum_assignment(apart[members] ** 2)
        out[members[rows]] = apart[members[rows], columns]
    return out


def sightings(results: Sequence[Result], ours: bool) -> list[Sighting]:
    """Every result with its errors: where OpenAthena put it, or where our ray meets ground of the same height."""
    headings: dict[str, list[float]] = defaultdict(list)
    for r in results:
        headings[r.photo].append(r.yaw_deg)
    found = []
    for k, r in enumerate(results):
        angles = np.radians(headings[r.photo])
        yaw_deg = float(np.degrees(np.arctan2(np.sin(angles).mean(), np.cos(angles).mean())))
        pose = Pose(None, r.drone, Attitude(yaw_deg, r.pitch_deg, r.roll_deg), OWN, SHARED)
        frame, (x, y) = Frame(r.photo, "", k, pose, r.camera), r.px
        seen = Detection(r.photo, "target", 1.0, (x - 5, y - 5, x + 5, y + 5), (x, y), CLICK_SIGMA_PX)
        try:
            located = locate(seen, frame, Ground(plane_alt_m=r.at.alt_m, sigma_m=DEM_SIGMA_M))
        except PipelineError:
            continue
        found.append(located if ours else replace(located, at=r.at))
    return found


def fused(results: Sequence[Result], ours: bool) -> tuple[list[Hit], list[str]]:
    """(hits, their drones): each drone's flight by itself, since drones share no errors."""
    hits: list[Hit] = []
    drones: list[str] = []
    for model in dict.fromkeys(r.model for r in results):
        found = fuse(sightings([r for r in results if r.model == model], ours))
        hits += found
        drones += [model] * len(found)
    return hits, drones


def report(results: Sequence[Result], survey: Sequence[GeoPoint]) -> Iterable[str]:
    """The table."""
    at, photos = [r.at for r in results], [r.photo for r in results]
    mine = sightings(results, ours=True)
    yield f"{len(results)} pixels of {len(set(photos))} photos, {len(survey)} surveyed points"
    yield f"{'OpenAthena, nearest point (as published)':44s} {accuracy(nearest(at, survey))}"
    yield f"{'OpenAthena, one to one in each photo':44s} {accuracy(one_to_one(at, photos, survey))}"
    places, exposures = [s.at for s in mine], [s.exposure for s in mine]
    yield f"{'same pixels, our rays, nearest point':44s} {accuracy(nearest(places, survey))}"
    yield f"{'same pixels, our rays, one to one':44s} {accuracy(one_to_one(places, exposures, survey))}"
    for name, ours in (("OpenAthena's places fused", False), ("our rays fused", True)):
        hits, drones = fused(results, ours)
        off = one_to_one([h.at for h in hits], drones, survey)
        yield f"{name + ', one to one':44s} {accuracy(off, [h.r90_m for h in hits])}"
        several = [i for i, h in enumerate(hits) if len(h.sightings) > 1]
        yield f"{'    of it, seen more than once':44s} {accuracy(off[several], [hits[i].r90_m for i in several])}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tables", nargs="+", type=Path, metavar="PATH.csv")
    results, survey = read(parser.parse_args().tables)
    if not results or not survey:
        raise SystemExit("both are needed: a table of OpenAthena's results and one of surveyed points")
    print(*report(results, survey), sep="\n")


if __name__ == "__main__":
    main()
