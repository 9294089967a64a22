"""march: the first meeting, against a slow walk in small steps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pipeline.geo import relief as relief_module
from pipeline.geo.geodesy import from_enu
from pipeline.geo.ground import open_ground
from pipeline.geo.march import AWAY, MET
from pipeline.geo.relief import build_relief
from pipeline.geo.rotation import enu_R_cam
from pipeline.types import Attitude, GeoPoint, Ground

STEP_M = 0.25


def opened(path):
    return open_ground(Ground(dem=str(path), dem_datum="ellipsoid"))


def walk(surface, at: GeoPoint, direction: np.ndarray, reach_m: float) -> tuple[float, float, float]:
    """Where a ray is first seen under the ground (NaN: never), where it left the DEM, and its least clearance."""
    t = np.arange(0.0, reach_m, STEP_M)
    points = from_enu(direction * t[:, None], at)
    clearance = points[:, 2] - surface.height_m(points[:, 0], points[:, 1])
    off = np.flatnonzero(np.isnan(clearance))
    left = float(t[off[0]]) if off.size else reach_m
    clearance = clearance[t < left]
    under = np.flatnonzero(clearance <= 0)
    return (float(t[under[0]]) if under.size else np.nan), left, float(clearance.min())


def looks(rng, count: int, low_deg: float, high_deg: float) -> np.ndarray:
    yaw, pitch = rng.uniform(-180, 180, count), rng.uniform(low_deg, high_deg, count)
    return np.stack([enu_R_cam(Attitude(y, p))[:, 2] for y, p in zip(yaw, pitch, strict=True)])


@pytest.mark.parametrize(
    ("above_m", "low_deg", "high_deg"), [(5.0, -15.0, 12.0), (40.0, -35.0, 2.0), (150.0, -90.0, -10.0)]
)
def test_first_meetings_equal_a_slow_walk(write_dem, hills, above_m, low_deg, high_deg):
    surface = opened(write_dem(hills))
    rng = np.random.default_rng(int(above_m))
    for x, y in ((60.3, 71.8), (20.1, 130.2), (41.0, 50.0)):  # in the hills, in a corner, on a ridge's crest
        lat, lon = (float(v[0]) for v in surface.dem.map.places(np.array([x]), np.array([y])))
        at = GeoPoint(lat, lon, float(surface.height_m([lat], [lon])[0]) + above_m)
        directions = looks(rng, 60, low_deg, high_deg)
        found = surface.meet(at, directions)
        for direction, t in zip(directions, found.range_m, strict=True):
            slow, left, least = walk(surface, at, direction, 2500.0)
            if np.isnan(t):
                assert np.isnan(slow)
            elif np.isnan(slow):  # the walk stepped over a crest that the ray just touches, or over the DEM's rim
                assert least < 0.2 or left - STEP_M - 1e-6 <= t <= left
            else:
                assert slow - STEP_M - 1e-6 <= t <= slow + 1e-6 or skipped_a_crest(surface, at, direction, t, slow)


def skipped_a_crest(surface, at, direction, t, slow) -> bool:
    """Whether the walk went through ground less than a step thick at t, on its way to the later meeting."""
    fine = np.linspace(t - STEP_M, t + 2 * STEP_M, 3001)
    points = from_enu(direction * fine[:, None], at)
    clearance = points[:, 2] - surface.height_m(points[:, 0], points[:, 1])
    return t < slow and float(clearance.min()) <= 1e-6 and np.ptp(fine[clearance <= 0]) < STEP_M


def test_a_wall_hides_what_is_behind_it(write_dem):
    """A wall of one cell, 30 m high, between the camera and a flat field."""
    z = np.zeros((100, 100), np.float32)
    z[:, 60] = 30.0
    surface = opened(write_dem(z, cell=2.0))
    lat, lon = (float(v[0]) for v in surface.dem.map.places(np.array([31.0]), np.array([50.0])))
    at = GeoPoint(lat, lon, 40.0)
    distance = 2.0 * (61 - 31)
    drop_deg = {h: -np.degrees(np.arctan2(40.0 - h, distance)) for h in (5.0, 29.0, 30.5)}
    found = surface.meet(at, np.stack([enu_R_cam(Attitude(90.0, p))[:, 2] for p in drop_deg.values()]))
    east = found.range_m * np.cos(np.radians(list(drop_deg.values())))
    assert (found.why == MET).tolist()[:2] == [True, True]
    assert distance - 2.0 < east[0] < distance and distance - 2.0 < east[1] < distance
    assert np.isnan(east[2]) or east[2] > distance + 50.0


def test_looking_up_from_a_valley_meets_the_slope(write_dem):
    z = np.maximum(np.abs(np.arange(200) - 100.0) * 1.5, 0.0)[None].repeat(100, 0).astype(np.float32)
    surface = opened(write_dem(z, cell=2.0))
    lat, lon = (float(v[0]) for v in surface.dem.map.places(np.array([101.0]), np.array([50.0])))
    at = GeoPoint(lat, lon, 10.0)
    up = np.stack([enu_R_cam(Attitude(90.0, p))[:, 2] for p in (10.0, 30.0, 60.0)])
    found = surface.meet(at, up)
    assert found.why.tolist() == [MET, MET, AWAY]
    assert 40.0 < found.points[1, 2] < 50.0  # where 10 + 0.577 x meets 0.75 x


def test_along_a_grid_line_and_over_nodes(write_dem, hills):
    """Rays that run exactly along rows, columns and diagonals of the grid neither hang nor miss."""
    surface = opened(write_dem(hills))
    lat, lon = (float(v[0]) for v in surface.dem.map.places(np.array([64.0]), np.array([80.0])))
    at = GeoPoint(lat, lon, float(hills.max()) + 1.0)
    up_lat, up_lon = (float(v[0]) for v in surface.dem.map.places(np.array([64.0]), np.array([79.0])))
    turn = np.degrees(np.arctan2((up_lon - lon) * np.cos(np.radians(lat)), up_lat - lat))
    yaws = [turn + k for k in range(0, 360, 45)]
    found = surface.meet(at, np.stack([enu_R_cam(Attitude(y, -20.0))[:, 2] for y in yaws]))
    assert (found.why == MET).all()


def test_coarse_blocks_find_the_same_meetings(write_dem, hills, monkeypatch):
    surface = opened(write_dem(hills))
    monkeypatch.setattr(relief_module, "MAX_BLOCKS", 900)
    coarse = build_relief(surface.dem)
    assert coarse.block == 8
    lat, lon = (float(v[0]) for v in surface.dem.map.places(np.array([64.0]), np.array([80.0])))
    at = GeoPoint(lat, lon, float(hills.max()) + 20.0)
    directions = looks(np.random.default_rng(8), 3000, -80.0, 5.0)
    one, two = surface.meet(at, directions), replace(surface, relief=coarse).meet(at, directions)
    assert (one.why == two.why).all()
    assert np.nanmax(np.abs(one.range_m - two.range_m)) < 1e-4  # rays that graze are ill-conditioned


def test_cones_bound_the_ground(hills):
    """From every cell, no node rises above its cone: the law that makes jumping safe."""
    z = np.pad(hills[:60, :50], 1, mode="edge")
    cone = relief_module._cones(z, 1)
    rows, columns = np.meshgrid(np.arange(z.shape[0]), np.arange(z.shape[1]), indexing="ij")
    rng = np.random.default_rng(9)
    for j, i in zip(rng.integers(0, 61, 300), rng.integers(0, 51, 300), strict=True):
        fx, fy = rng.random(2)
        here = (1 - fy) * ((1 - fx) * z[j, i] + fx * z[j, i + 1]) + fy * ((1 - fx) * z[j + 1, i] + fx * z[j + 1, i + 1])
        distance = np.maximum(np.abs(columns - i - fx), np.abs(rows - j - fy))
        assert (z <= here + cone[j, i] * distance + 1e-3).all()


@pytest.mark.parametrize("roughness", [0.3, 6.0])
def test_jumping_changes_nothing(write_dem, hills, roughness):
    """Without cones every ray goes from cell to cell; with them it must end in the same place."""
    rough = hills + np.random.default_rng(3).normal(0.0, roughness, hills.shape).astype(np.float32)
    surface = opened(write_dem(rough, cell=3.0))
    steep = replace(surface.relief, cone=np.full_like(surface.relief.cone, 1e9))
    for x, y, above_m in ((64.2, 80.7, 3.0), (20.5, 30.5, 60.0), (100.0, 140.0, 300.0)):
        lat, lon = (float(v[0]) for v in surface.dem.map.places(np.array([x]), np.array([y])))
        at = GeoPoint(lat, lon, float(surface.height_m([lat], [lon])[0]) + above_m)
        directions = looks(np.random.default_rng(6), 1500, -90.0, 8.0)
        one, two = surface.meet(at, directions), replace(surface, relief=steep).meet(at, directions)
        assert (one.why == two.why).all()
        met = one.why == MET
        assert np.abs(one.range_m - two.range_m)[met].max() < 1e-4
