"""footprint: outlines on the ground."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pipeline.geo.footprint import CAP_M, footprint
from pipeline.geo.geodesy import to_enu
from pipeline.geo.ground import LevelGround, open_ground
from pipeline.types import Attitude, Camera, Frame, GeoPoint, Ground, Pose

AT = GeoPoint(34.7, 113.6, 160.0)
CAMERA = Camera(4000, 3000, 3000.0, 3000.0, 1999.5, 1499.5)
LEVEL = LevelGround(100.0)


def frame(yaw=0.0, pitch=-90.0, roll=0.0, at=AT) -> Frame:
    return Frame("a", "a.jpg", 0, Pose(None, at, Attitude(yaw, pitch, roll)), CAMERA)


def ground_m(print_) -> np.ndarray:
    return to_enu([(lat, lon, 100.0) for lat, lon in print_.outline], AT)[:, :2]


def area_m2(xy: np.ndarray) -> float:
    x, y = xy.T
    return float(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1)) / 2)


def test_nadir_is_a_rectangle_of_known_size():
    seen = footprint(frame(), LEVEL)
    xy = ground_m(seen)
    assert np.ptp(xy, axis=0) == pytest.approx([80.0, 60.0], abs=0.01)  # 60 m · (4000, 3000) / 3000
    assert area_m2(xy) == pytest.approx(80 * 60, abs=1.0)  # positive: counter-clockwise
    assert seen.gsd_m == pytest.approx(0.02, abs=1e-5)
    assert seen.incidence_deg == pytest.approx(0.0) and not seen.truncated
    assert len(seen.outline) == 32


def test_it_turns_with_the_heading():
    assert np.ptp(ground_m(footprint(frame(yaw=90.0), LEVEL)), axis=0) == pytest.approx([60.0, 80.0], abs=0.01)


def test_oblique_ground_sampling():
    seen = footprint(frame(pitch=-60.0), LEVEL)
    line = 60 / np.sin(np.radians(60))
    assert seen.gsd_m == pytest.approx(line / 3000 / np.sqrt(np.sin(np.radians(60))), rel=1e-4)
    assert seen.incidence_deg == pytest.approx(30.0)


@pytest.mark.parametrize(("pitch", "roll"), [(-15.0, 0.0), (-5.0, 20.0), (5.0, 0.0)])
def test_horizon_views_end_at_two_kilometres(pitch, roll):
    seen = footprint(frame(pitch=pitch, roll=roll), LEVEL)
    xy = ground_m(seen)
    assert seen.truncated
    reach = np.hypot(*xy.T).max()
    assert CAP_M * 0.9 < reach <= CAP_M
    assert area_m2(xy) > 0 and xy[:, 1].min() > 0


def test_the_sky_has_no_footprint():
    assert footprint(frame(pitch=60.0), LEVEL) is None


def test_no_attitude_no_footprint():
    whole = frame()
    assert footprint(replace(whole, pose=replace(whole.pose, attitude=None)), LEVEL) is None
    assert footprint(replace(whole, pose=None), LEVEL) is None
    assert footprint(replace(whole, camera=None), LEVEL) is None


def test_the_edge_of_a_dem_cuts_it(write_dem):
    surface = open_ground(
        Ground(dem=str(write_dem(np.full((60, 60), 100.0, np.float32), cell=2.0)), dem_datum="ellipsoid")
    )
    lat, lon = (float(v[0]) for v in surface.dem.map.places(np.array([5.5]), np.array([30.0])))
    seen = footprint(frame(at=GeoPoint(lat, lon, 160.0)), surface)
    whole = footprint(frame(at=GeoPoint(lat, lon, 160.0)), LEVEL)
    assert seen.truncated and not whole.truncated
    west = min(lon for _, lon in seen.outline)
    edge = float(surface.dem.map.places(np.array([0.5]), np.array([30.0]))[1][0])
    assert west == pytest.approx(edge, abs=3e-6) and min(lon for _, lon in whole.outline) < edge - 1e-4


def test_a_hill_pulls_the_outline_in(write_dem):
    hill = np.full((200, 200), 100.0, np.float32)
    hill[:, 110:] = 130.0
    surface = open_ground(Ground(dem=str(write_dem(hill, cell=1.0)), dem_datum="ellipsoid"))
    lat, lon = (float(v[0]) for v in surface.dem.map.places(np.array([100.5]), np.array([100.5])))
    seen = footprint(frame(at=GeoPoint(lat, lon, 160.0)), surface)
    xy = to_enu([(a, b, 100.0) for a, b in seen.outline], GeoPoint(lat, lon, 160.0))[:, :2]
    assert xy[:, 0].max() == pytest.approx(20.0, abs=0.5) and xy[:, 0].min() == pytest.approx(-40.0, abs=0.5)
