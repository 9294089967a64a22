"""The runner for OpenAthena's tables, on made-up ones: photos of points on level ground, with its own simple rays."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from benchmarks.openathena import distances, fused, nearest, one_to_one, read, report, sightings
from pipeline.geo.camera import project
from pipeline.geo.geodesy import from_enu, to_enu
from pipeline.geo.rotation import enu_R_cam
from pipeline.types import Attitude, Camera, GeoPoint

ORIGIN = GeoPoint(40.0, -100.0, 300.0)
TARGETS = np.array([[0.0, 60.0, 0.0], [25.0, 80.0, 0.0], [-30.0, 75.0, 0.0], [10.0, 120.0, 0.0]])
CAMERA = Camera(4000, 3000, 3000.0, 3000.0, 1999.5, 1499.5)
HEAD = (
    "lat,lon,hae,droneLatitude,droneLongitude,droneElevationHAE,cameraRollAngleDeg,cameraSlantAngleDeg,make,model,"
    "lensType,imageWidth,imageLength,f_x,f_y,imageSelectedProportionX,imageSelectedProportionY,yawOffsetDegSelectedPoint"
)


def place(enu: np.ndarray) -> list[float]:
    return [float(v) for v in from_enu(enu[None], ORIGIN)[0]]


def tables(folder: Path, off_m: float = 0.0) -> list[Path]:
    """Three photos of all targets; results lie `off_m` to the north of the targets, headings are told by offsets."""
    survey, results = folder / "点 survey.csv", folder / "results.csv"
    with survey.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("ID", "Latitude", "Longitude", "Elevation"))
        writer.writerows((k, *place(t)) for k, t in enumerate(TARGETS))
    with results.open("w", newline="", encoding="utf-8-sig") as file:
        writer = csv.writer(file)
        writer.writerow(HEAD.split(","))
        for east in (-20.0, 0.0, 20.0):
            drone = np.array([east, 0.0, 60.0])
            attitude = Attitude(-east / 4, -40.0, 0.0)
            for target in TARGETS:
                x, y = project(CAMERA, (target - drone)[None] @ enu_R_cam(attitude))[0]
                offset = np.degrees(np.arctan2(target[0] - east, target[1])) - attitude.yaw_deg
                at = place(target + np.array([0.0, off_m, 0.0]))
                row = [*at, *place(drone), 0.0, 40.0, "made", "up", "perspective"]
                writer.writerow([*row, 4000, 3000, 3000.0, 3000.0, (x + 0.5) / 4000, (y + 0.5) / 3000, offset])
    return [results, survey]


def test_our_rays_meet_the_targets(tmp_path: Path) -> None:
    results, survey = read(tables(tmp_path))
    assert (len(results), len(survey)) == (12, 4)
    assert nearest([s.at for s in sightings(results, ours=True)], survey).max() < 0.1
    hits, drones = fused(results, ours=True)
    assert len(hits) == 4 and set(drones) == {"up"}
    assert all(len(h.sightings) == 3 and 1.0 < h.r90_m < 20.0 for h in hits)


def test_the_figures_are_the_distances(tmp_path: Path) -> None:
    results, survey = read(tables(tmp_path, off_m=6.0))
    off = nearest([r.at for r in results], survey)
    assert np.median(off) == pytest.approx(6.0, abs=0.01)
    first = next(iter(list(report(results, survey))[1:]))
    assert "12  median   6.00" in first


def test_the_nearest_point_flatters(tmp_path: Path) -> None:
    """Two pixels of one photo cannot show one point, however near it lies to both."""
    _, survey = read(tables(tmp_path))
    both = [survey[0], GeoPoint(*place(np.array([1.0, 60.0, 0.0])))]
    assert nearest(both, survey).max() == pytest.approx(1.0, abs=0.01)
    assert one_to_one(both, ["a", "a"], survey).max() > 20.0
    assert one_to_one(both, ["a", "b"], survey).max() == pytest.approx(1.0, abs=0.01)


def test_more_results_than_points_are_left_over(tmp_path: Path) -> None:
    _, survey = read(tables(tmp_path))
    off = one_to_one([*survey, survey[0]], ["a"] * 5, survey)
    assert np.isnan(off).sum() == 1 and np.nanmax(off) < 0.01


def test_distances_are_metres(tmp_path: Path) -> None:
    _, survey = read(tables(tmp_path))
    here = to_enu(np.array([[p.lat_deg, p.lon_deg, p.alt_m] for p in survey]), ORIGIN)
    assert distances([ORIGIN], survey)[0] == pytest.approx(np.hypot(*here[:, :2].T), abs=1e-6)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b\n1,2\n", "neither OpenAthena's results nor surveyed points"),
        ("ID,Latitude,Longitude,Elevation\n1,x,2,3\n", "lacks a number"),
        ("", "neither OpenAthena's results"),
    ],
)
def test_other_tables_are_refused_in_a_sentence(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "other.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SystemExit, match=said):
        read([path])
    with pytest.raises(SystemExit, match="cannot be read"):
        read([tmp_path / "none.csv"])
