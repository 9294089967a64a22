"""The DEM is the truth: what is read back from the file, and rays that stop at the first ground they meet."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio

from pipeline.sim import SimFlight, Truth
from pipeline.sim.sites import SITES
from pipeline.sim.space import World
from pipeline.sim.terrain import Terrain


def ridge(en_m: np.ndarray) -> np.ndarray:
    """A wall of a ridge, 30 m high, 60 m east of the site."""
    out: np.ndarray = 30 * np.exp(-((en_m[:, 0] - 60) ** 2) / (2 * 8**2))
    return out


@pytest.fixture(scope="module")
def walled() -> Terrain:
    site = SITES["henan"]
    return Terrain(site, World(site.lat_deg, site.lon_deg), ridge, 1.0, 300.0)


def test_the_file_holds_each_target_s_height(flown: SimFlight) -> None:
    """Bilinear between cell centres of the file, plus the geoid, is the target's height."""
    with rasterio.open(flown.dem, driver="GTiff") as dem:
        heights, place, crs = dem.read(1).astype(float), dem.transform, dem.crs
    assert crs.to_epsg() == 9707  # WGS 84 + EGM96 height
    for target in flown.truth.targets:
        lat, lon, alt = target.lla
        # Cell centres lie half a cell from the corner that the transform names.
        col, row = (lon - place.c) / place.a - 0.5, (lat - place.f) / place.e - 0.5
        c, r = int(col), int(row)
        x, y = col - c, row - r
        corners = heights[r : r + 2, c : c + 2]
        above_sea = np.array([1 - y, y]) @ corners @ np.array([1 - x, x])
        undulation = flown.truth.terrain.site.undulation_m(np.array([lat]), np.array([lon]))[0]
        assert above_sea + undulation == pytest.approx(alt, abs=2e-3)


@pytest.mark.parametrize("name", SITES)
def test_site_geoid_is_egm96(name: str, real_data: Callable[[str], Path]) -> None:
    site = SITES[name]
    data = real_data("terrain/egm96_15.gtx").read_bytes()
    grid = np.frombuffer(data[40:], ">f4").reshape(721, 1440).astype(float)
    lat, lon = site.lat_deg + 0.003, site.lon_deg - 0.004
    row, col = (lat + 90) * 4, (lon + 180) * 4
    r, c = int(row), int(col)
    y, x = row - r, col - c
    corners = grid[r : r + 2][:, [c % 1440, (c + 1) % 1440]]
    expected = np.array([1 - y, y]) @ corners @ np.array([1 - x, x])
    assert site.undulation_m(np.array([lat]), np.array([lon]))[0] == pytest.approx(expected, abs=1e-4)


def test_rays_end_on_the_ground(exact: Truth) -> None:
    rng = np.random.default_rng(1)
    rays = np.column_stack([rng.uniform(-1, 1, (300, 2)), np.full(300, -0.5)])
    rays /= np.linalg.norm(rays, axis=1, keepdims=True)
    start = np.broadcast_to(exact.world_m[0], rays.shape)
    end = start + rays * exact.terrain.first_hit(start, rays)[:, None]
    assert np.abs(exact.terrain.gap_m(end)).max() < 1e-3


def test_a_ridge_hides_what_is_behind(walled: Terrain) -> None:
    """A ray aimed at a valley floor behind the ridge stops on the near slope; dense sampling says the same."""
    start = np.array([[-40.0, 3.0, walled.drop(np.array([[-40.0, 3.0]]))[0, 2] + 25]])
    aim = walled.drop(np.array([[110.0, 3.0]]))
    ray = (aim - start) / np.linalg.norm(aim - start)
    hit = walled.first_hit(start, ray)[0]
    along = np.arange(0, 200, 0.02)
    gaps = walled.gap_m(start + ray * along[:, None])
    assert hit == pytest.approx(along[np.argmax(gaps <= 0)], abs=0.03)
    assert hit < 105


def test_the_sky_has_no_ground(walled: Terrain) -> None:
    up = np.array([[0.0, 0.6, 0.8]])
    assert np.isnan(walled.first_hit(np.array([[0.0, 0.0, 200.0]]), up)).all()


def test_there_is_relief_and_a_river(exact: Truth) -> None:
    heights = exact.terrain.orthometric
    assert heights.std() > 1.5
    middle = exact.river.at(np.array([0.0]), np.array([0.0]))
    bank = exact.river.at(np.array([0.0]), np.array([exact.river.half_width_m + 12.0]))
    assert exact.terrain.drop(bank)[0, 2] - exact.terrain.drop(middle)[0, 2] > 2
