"""ground: rays end where they should, on a plane and on a DEM."""

from __future__ import annotations

import os

import numpy as np
import pytest
from affine import Affine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.errors import MissionError
from pipeline.geo.camera import project, rays
from pipeline.geo.geodesy import from_enu, to_enu
from pipeline.geo.ground import REASONS, LevelGround, open_ground
from pipeline.geo.march import AWAY, BELOW, FAR, LEFT, MET, UNKNOWN
from pipeline.geo.rotation import enu_R_cam
from pipeline.types import Attitude, Camera, GeoPoint, Ground

CAMERA = Camera(4000, 3000, 2900.0, 2910.0, 1990.0, 1510.0, (-0.05, 0.01, 0.0004, -0.0003, 0.001))
ELLIPSOID = {"dem_datum": "ellipsoid"}
# The middle of a 128 × 160 DEM of 10 m cells whose corner is at 500 km east, 3,850 km north in UTM 50N.
LAT, LON = 34.7845, 117.00699


def look(yaw=0.0, pitch=-90.0) -> np.ndarray:
    return enu_R_cam(Attitude(yaw, pitch))[:, 2][None]


def dem_ground(path, **changes):
    return open_ground(Ground(dem=str(path), **{**ELLIPSOID, **changes}))


def over(surface, above_m: float, lat=LAT, lon=LON) -> GeoPoint:
    return GeoPoint(lat, lon, float(surface.height_m([lat], [lon])[0]) + above_m)


# --- level ground


@given(st.floats(-70, 70), st.floats(-180, 179), st.floats(5, 3000), st.floats(-180, 180), st.floats(-90, -9))
def test_a_plane_is_met_at_its_height_on_the_ray(lat, lon, above, yaw, pitch):
    at = GeoPoint(lat, lon, 100.0 + above)
    found = LevelGround(100.0).meet(at, look(yaw, pitch))
    if found.why[0] == FAR:
        assert above / np.sin(np.radians(-pitch)) > 19_000
        return
    assert found.points[0, 2] == pytest.approx(100.0, abs=1e-6)
    ray = to_enu(found.points, at)[0]
    assert ray / np.linalg.norm(ray) == pytest.approx(look(yaw, pitch)[0], abs=1e-9)
    assert np.linalg.norm(ray) == pytest.approx(found.range_m[0], abs=1e-6)


def test_level_ground_curves_with_the_earth():
    found = LevelGround(0.0).meet(GeoPoint(45.0, 9.0, 1000.0), look(20.0, -5.0))
    assert found.range_m[0] > 1000.0 / np.sin(np.radians(5.0)) + 50.0  # a flat plane would be met 113 m earlier


def test_what_a_plane_does_not_show():
    plane, at = LevelGround(0.0), GeoPoint(45.0, 9.0, 100.0)
    assert plane.meet(at, look(0, 0)).why[0] == AWAY
    assert plane.meet(at, look(0, 30)).why[0] == AWAY
    assert plane.meet(at, look(0, -0.2)).why[0] in (FAR, AWAY)
    assert plane.meet(GeoPoint(45.0, 9.0, -1.0), look()).why[0] == BELOW
    assert plane.meet(at, [[np.nan, 0.0, -1.0]]).why[0] == AWAY
    mixed = plane.meet(at, np.concatenate([look(), look(0, 10)]))
    assert np.isfinite(mixed.points[0]).all() and np.isnan(mixed.points[1]).all() and np.isnan(mixed.range_m[1])


def test_every_reason_is_a_sentence():
    assert set(REASONS) == {AWAY, LEFT, BELOW, UNKNOWN, FAR} and MET not in REASONS
    assert all(len(s) > 20 for s in REASONS.values())


# --- pixels there and back


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(
    st.tuples(st.floats(-0.5, 3999.5), st.floats(-0.5, 2999.5)),
    st.floats(-180, 180),
    st.floats(-90, -40),
    st.floats(-20, 20),
    st.booleans(),
)
def test_pixel_to_ground_to_pixel(write_dem, hills, px, yaw, pitch, roll, flat):
    surface = LevelGround(50.0) if flat else dem_ground(write_dem(hills, name="law.tif"))
    at = over(surface, 80.0)
    turn = enu_R_cam(Attitude(yaw, pitch, roll))
    found = surface.meet(at, rays(CAMERA, [px]) @ turn.T)
    if found.why[0] == MET:
        assert project(CAMERA, to_enu(found.points, at) @ turn)[0] == pytest.approx(px, abs=1e-6)
        here = found.points[0]
        assert surface.height_m(here[:1], here[1:2])[0] == pytest.approx(here[2], abs=1e-4)


# --- DEM


def test_a_flat_dem_is_a_plane(write_dem):
    surface = dem_ground(write_dem(np.full((160, 128), 42.0, np.float32)))
    at = GeoPoint(LAT, LON, 200.0)
    looks = np.concatenate([look(yaw, pitch) for yaw in range(0, 360, 20) for pitch in (-90, -60, -20)])
    ours, plane = surface.meet(at, looks), LevelGround(42.0).meet(at, looks)
    assert (ours.why == MET).all()
    assert np.abs(ours.points - plane.points)[:, :2].max() < 1e-9
    assert np.abs(ours.range_m - plane.range_m).max() < 1e-4


@pytest.mark.parametrize("crs", ["EPSG:32650", "EPSG:4326", "EPSG:4548"])
def test_a_tilted_plane_has_its_slope(write_dem, crs):
    """0.2 m a metre down the rows (southwards), 0.1 along the columns (eastwards)."""
    if crs == "EPSG:4326":
        step = 1e-4
        east_m, north_m = to_enu([[LAT, LON + step, 0.0], [LAT + step, LON, 0.0]], GeoPoint(LAT, LON))[[0, 1], [0, 1]]
        transform = Affine(step, 0, LON - 64 * step, 0, -step, LAT + 80 * step)
    else:
        east_m, north_m = 10.0, 10.0
        middle_north_m = 3_849_200.0 if crs == "EPSG:32650" else 3_849_200.0 / 0.9996  # UTM shrinks, Gauss–Krüger not
        transform = Affine(10.0, 0, 500_640.0 - 640, 0, -10.0, middle_north_m + 800)
    rows, columns = np.meshgrid(np.arange(160), np.arange(128), indexing="ij")
    path = write_dem((200 + 0.2 * north_m * rows + 0.1 * east_m * columns).astype(np.float32), crs, transform=transform)
    assert dem_ground(path).slope([LAT], [LON])[0] == pytest.approx([0.1, -0.2], abs=2e-3)


def test_the_same_ground_in_two_coordinate_systems_is_met_at_the_same_place(write_dem):
    def height(lat, lon):
        return 100 + 2000 * (lat - LAT) + 3000 * (lon - LON) + 3e5 * (lat - LAT) * (lon - LON)

    from pyproj import Transformer

    rows, columns = np.meshgrid(np.arange(300) + 0.5, np.arange(280) + 0.5, indexing="ij")
    back = Transformer.from_crs("EPSG:32650", "EPSG:4326", always_xy=True)
    lon, lat = back.transform(500_640 - 700 + 5 * columns, 3_849_200 + 750 - 5 * rows)
    utm = write_dem(
        height(lat, lon).astype(np.float32), transform=Affine(5, 0, 499_940, 0, -5, 3_849_950), name="u.tif"
    )
    step = 5e-5
    lat, lon = LAT + step * (150 - rows), LON + step * (columns - 140)
    geo = write_dem(
        height(lat, lon).astype(np.float32),
        "EPSG:4326",
        transform=Affine(step, 0, LON - 140 * step, 0, -step, LAT + 150 * step),
        name="g.tif",
    )
    at = GeoPoint(LAT, LON, 220.0)
    looks = np.concatenate([look(yaw, -50) for yaw in range(0, 360, 15)])
    one, two = dem_ground(utm).meet(at, looks), dem_ground(geo).meet(at, looks)
    assert (one.why == MET).all() and (two.why == MET).all()
    assert np.abs(to_enu(one.points, at) - to_enu(two.points, at)).max() < 0.01


def test_reasons_on_a_dem(write_dem, hills):
    holed = hills.copy()
    holed[100:110, 20:30] = np.nan
    surface = dem_ground(write_dem(holed))
    at = over(surface, 60.0)
    assert surface.meet(at, look()).why[0] == MET
    assert surface.meet(at, look(90, 20)).why[0] == AWAY
    assert surface.meet(at, look(90, -1)).why[0] in (LEFT, MET)
    high = GeoPoint(LAT, LON, 3000.0)
    assert surface.meet(high, look(45, -20)).why[0] == LEFT
    assert surface.meet(GeoPoint(LAT, LON, 25_000.0), look()).why[0] == FAR
    under = GeoPoint(LAT, LON, at.alt_m - 61.0)
    assert surface.meet(under, look()).why[0] == BELOW
    hole_lat, hole_lon = surface.dem.map.places(np.array([26.0]), np.array([106.0]))
    above_hole = GeoPoint(float(hole_lat[0]), float(hole_lon[0]), 400.0)
    assert surface.meet(above_hole, look()).why[0] == UNKNOWN
    assert np.isnan(surface.height_m(hole_lat, hole_lon)).all()
    assert np.isnan(surface.slope(hole_lat, hole_lon)).all()


def test_a_camera_beside_the_dem_sees_it(write_dem, hills):
    surface = dem_ground(write_dem(hills))
    lat, lon = (v[0] for v in surface.dem.map.places(np.array([-20.0]), np.array([80.0])))
    at = GeoPoint(float(lat), float(lon), 400.0)
    found = surface.meet(at, np.concatenate([look(90, -40), look(270, -40), look(0, -90)]))
    assert found.why.tolist() == [MET, LEFT, LEFT]
    here = found.points[0]
    assert surface.height_m(here[:1], here[1:2])[0] == pytest.approx(here[2], abs=1e-4)
    low = GeoPoint(float(lat), float(lon), float(hills.min()) - 5.0)
    assert surface.meet(low, look(90, 0.5)).why[0] == AWAY
    assert surface.meet(low, look(90, -0.01)).why[0] == LEFT


def test_longitudes_of_the_dem_may_count_beyond_180(write_dem):
    flat = np.full((40, 40), 10.0, np.float32)
    transform = Affine(0.001, 0, 179.98, 0, -0.001, 0.02)
    surface = dem_ground(write_dem(flat, "EPSG:4326", transform=transform))
    for lon in (179.99, -179.99):
        assert surface.height_m([0.0], [lon])[0] == pytest.approx(10.0)
    found = surface.meet(GeoPoint(0.0, 179.9995, 500.0), look(90, -30))
    assert found.why[0] == MET and -180 <= found.points[0, 1] < -179.99


# --- opening


def test_sigma_is_a_tenth_of_a_cell_within_bounds(write_dem, hills):
    assert dem_ground(write_dem(hills)).sigma_m == pytest.approx(1.0, abs=0.01)
    assert dem_ground(write_dem(hills, cell=0.5, name="fine.tif")).sigma_m == 0.3
    assert dem_ground(write_dem(hills, cell=90.0, name="coarse.tif")).sigma_m == 5.0
    assert dem_ground(write_dem(hills), sigma_m=0.07).sigma_m == 0.07


def test_opened_once_until_the_file_changes(write_dem, hills):
    path = write_dem(hills)
    first = dem_ground(path)
    assert dem_ground(path) is first
    write_dem(hills + 5.0)
    os.utime(path, ns=(1, 1))
    assert dem_ground(path).height_m([LAT], [LON])[0] == pytest.approx(first.height_m([LAT], [LON])[0] + 5.0, abs=1e-4)


def test_no_ground_at_all():
    with pytest.raises(MissionError, match="give a DEM"):
        open_ground(Ground())


def test_a_dem_beats_a_plane(write_dem, hills):
    assert not dem_ground(write_dem(hills), plane_alt_m=5.0).level
    assert open_ground(Ground(plane_alt_m=5.0)).level


def test_points_are_on_their_rays_far_away_too(write_dem):
    """A DEM of 30 m cells, 15 km across: the earth's curvature is 17 m there."""
    surface = dem_ground(write_dem(np.full((1000, 1000), 7.0, np.float32), cell=30.0))
    lat, lon = (float(v[0]) for v in surface.dem.map.places(np.array([500.0]), np.array([500.0])))
    at = GeoPoint(lat, lon, 1200.0)
    found = surface.meet(at, np.concatenate([look(yaw, -5.4) for yaw in range(0, 360, 30)]))
    assert (found.why == MET).all() and found.range_m.min() > 12_000
    assert np.abs(found.points[:, 2] - 7.0).max() < 2e-3
    assert from_enu(look(30, -5.4) * found.range_m[1], at) == pytest.approx(found.points[1:2], abs=1e-7)
