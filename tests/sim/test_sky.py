"""The horizon is drawn where the ellipsoid's is, and nothing else is there in photos that look down."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from pipeline.sim import FlightConfig, Truth, fly
from pipeline.sim.render import open_studio, photo
from pipeline.sim.sky import above_horizon_deg

LEVEL_NORTH = np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])
LOOKS_OUT = FlightConfig(
    seed=3, profile="exact", pattern="oblique", oblique_deg=(-15.0,), sky=True, strips=1, photos_per_strip=2,
    width_px=1200, height_px=900, gimbal_roll_deg=3.0, turned_strip=False, n_checks=0,
)  # fmt: skip


@pytest.fixture(scope="module")
def out() -> Truth:
    return fly(LOOKS_OUT)


def horizon_px(truth: Truth, aside_deg: float) -> np.ndarray:
    """Where the horizon should be in the first photo, from its header: the dip by the sphere's approximation."""
    said, lens, site = truth.reported, truth.lenses[0], truth.terrain.site
    height = said.absolute_m[0] - site.elevation_m
    dip = np.degrees(np.sqrt(2 * height / 6_371_000.0))
    a, e = np.radians(said.yaw_deg[0] + aside_deg), np.radians(-dip)
    ray = np.array([np.sin(a) * np.cos(e), np.cos(a) * np.cos(e), np.sin(e)])
    angles = [-said.yaw_deg[0], said.pitch_deg[0], said.roll_deg[0]]
    cam = (Rotation.from_euler("ZXY", angles, degrees=True).as_matrix() @ LEVEL_NORTH).T @ ray
    return lens.focal_px * cam[:2] / cam[2] + [lens.cx_px, lens.cy_px]


@pytest.mark.parametrize("aside_deg", [-30.0, 0.0, 25.0])
def test_the_line_lies_a_dip_below_level(out: Truth, aside_deg: float) -> None:
    px = horizon_px(out, aside_deg)
    assert above_horizon_deg(out, 0, px[None])[0] == pytest.approx(0, abs=0.01)


def test_the_picture_shows_the_line(out: Truth) -> None:
    picture = photo(open_studio(out), 0).astype(float).mean(axis=2)
    for aside_deg in (-30.0, -10.0, 10.0, 25.0):
        x, y = horizon_px(out, aside_deg)
        column = picture[int(y) - 30 : int(y) + 30, round(x) - 4 : round(x) + 5].mean(axis=1)
        fall = column[:-2] - column[2:]
        assert int(y) - 30 + int(np.argmax(fall)) + 1 == pytest.approx(y, abs=1.5)
        assert fall.max() > 8  # it can be seen


def test_sky_is_blue_above_and_the_land_fades(out: Truth) -> None:
    picture = photo(open_studio(out), 0).astype(float)
    assert picture[:40, :, 0].mean() > picture[:40, :, 2].mean() + 40
    x, y = horizon_px(out, 0.0)
    far, near = (picture[int(row) : int(row) + 60, int(x) - 200 : int(x) + 200] for row in (y + 3, 800))
    assert far.std() < near.std()


def test_photos_that_look_down_hardly_change() -> None:
    down = {"seed": 4, "strips": 1, "photos_per_strip": 1, "width_px": 400, "height_px": 300, "turned_strip": False}
    clear, hazy = (photo(open_studio(fly(FlightConfig(sky=sky, **down))), 0).astype(int) for sky in (False, True))  # type: ignore[arg-type]
    assert 0 < np.abs(clear - hazy).max() < 8
