"""What only looks like a source: every kind draws something, in every size, and the same again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.sim.draw.look_alikes import BUILT, DECOYS
from pipeline.sim.draw.look_alikes_air import AIR
from pipeline.sim.draw.look_alikes_kit import blob, filled, ground, lumps, metres, near, quad, spot, stamp
from pipeline.sim.draw.values import Image
from pipeline.sim.draw.view import View, guess_view

OWN = {**AIR, **BUILT}


def earth(height: int, width: int, seed: int = 2) -> Image:
    rng = np.random.default_rng(seed)
    return np.clip(rng.normal((90, 110, 100), 15, (height, width, 3)), 0, 255).astype(np.uint8)


def test_all_of_them_are_offered() -> None:
    assert set(OWN) <= set(DECOYS)
    assert not set(AIR) & set(BUILT)


@pytest.mark.parametrize("kind", OWN)
@pytest.mark.parametrize("oblique", [False, True])
def test_each_changes_something_and_leaves_the_picture_it_was_given(kind: str, oblique: bool) -> None:
    changed = 0
    for seed in range(2):
        rng, image = np.random.default_rng(seed), earth(160, 200)
        kept, view = image.copy(), guess_view(160, 200, rng, oblique)
        drawn = OWN[kind](image, view, rng)
        assert np.array_equal(image, kept)
        assert drawn.shape == image.shape and drawn.dtype == np.uint8
        changed += bool((drawn != image).any())
    assert changed == 2


@pytest.mark.parametrize("kind", OWN)
def test_the_seed_decides(kind: str) -> None:
    view = guess_view(120, 120, np.random.default_rng(1))
    one, same, other = (OWN[kind](earth(120, 120), view, np.random.default_rng(s)) for s in (3, 3, 4))
    assert np.array_equal(one, same) and not np.array_equal(one, other)


@settings(max_examples=40, deadline=None)
@given(
    kind=st.sampled_from(sorted(OWN)),
    seed=st.integers(0, 10**6),
    size=st.sampled_from([(48, 48), (48, 260), (190, 49), (97, 131)]),
    grey=st.sampled_from([0, 3, 128, 255]),
)
def test_none_raises_on_any_picture(kind: str, seed: int, size: tuple[int, int], grey: int) -> None:
    rng = np.random.default_rng(seed)
    drawn = OWN[kind](np.full((*size, 3), grey, np.uint8), guess_view(*size, rng), rng)
    assert drawn.shape == (*size, 3) and drawn.dtype == np.uint8


@pytest.mark.parametrize("kind", OWN)
@pytest.mark.parametrize("tilt_deg", [0.0, 89.0])
def test_none_raises_on_a_large_picture_or_at_the_ends_of_the_tilt(kind: str, tilt_deg: float) -> None:
    rng = np.random.default_rng(5)
    view = replace(guess_view(360, 1280, rng), tilt_deg=tilt_deg)
    assert OWN[kind](earth(360, 1280), view, rng).shape == (360, 1280, 3)


def test_clouds_and_haze_have_no_place_that_they_come_from() -> None:
    """They reach the picture's border: a plume starts within it."""
    for kind in ("cloud", "haze", "contrail"):
        for seed in range(5):
            rng, image = np.random.default_rng(seed), np.full((160, 160, 3), 60, np.uint8)
            drawn = OWN[kind](image, guess_view(160, 160, rng, oblique=True), rng)
            apart = np.abs(drawn.astype(int) - image).sum(axis=2) > 6
            rim = np.concatenate([apart[0], apart[-1], apart[:, 0], apart[:, -1]])
            assert rim.any() or not apart.any()


def test_the_ground_agrees_with_the_view() -> None:
    """Pixels that `View.along` says lie so many metres off have these coordinates, near the point itself."""
    for tilt_deg in (0.0, 30.0, 60.0):
        view = View(200, 240, 8.0, tilt_deg, 600.0, 0.0, 45.0, 0.0)
        at = (100.0, 120.0)
        land = ground(view, at, 0.0)
        assert land.along[120, 100] == pytest.approx(0, abs=1e-3)
        assert land.across[120, 100] == pytest.approx(0, abs=1e-3)
        x, y = view.along(at, 1.0, 1.0)
        assert land.along[round(y), round(x)] == pytest.approx(1.0, abs=0.15)
        assert land.across[round(y), round(x)] == pytest.approx(1.0, abs=0.3)


def test_a_part_of_the_ground_is_that_part() -> None:
    view = guess_view(100, 120, np.random.default_rng(0), oblique=True)
    whole, part = ground(view, (40.0, 60.0), 25.0), ground(view, (40.0, 60.0), 25.0, (10, 20, 70, 90))
    assert np.array_equal(whole.along[20:90, 10:70], part.along)
    assert np.array_equal(whole.px_m[20:90, 10:70], part.px_m)


def test_nothing_lies_above_the_horizon() -> None:
    view = View(200, 200, 8.0, 85.0, 400.0, 0.0, 45.0, 0.0)
    land = ground(view, (100.0, 150.0), 0.0)
    above = int(view.horizon_px)
    assert above > 20 and not land.inside(land.along - 1e9)[:above].any()
    for seed in range(30):
        assert spot(view, np.random.default_rng(seed))[1] > above


def test_a_hull_covers_its_area_and_a_stamp_stays_within_it() -> None:
    square = np.array([(20.0, 30.0), (60.0, 30.0), (60.0, 50.0), (20.0, 50.0)])
    area = filled((80, 100), square).sum()  # OpenCV takes the pixels of the edge itself whole
    assert 800 <= area <= 800 + 0.8 * 120
    image = earth(80, 100)
    drawn = image.copy()
    stamp(drawn, square, np.zeros(3))
    changed = (drawn != image).any(axis=2)
    assert changed[32:48, 22:58].all() and not changed[:27].any() and not changed[:, 64:].any()


@pytest.mark.parametrize("points", [[(-50, -50), (-20, -20)], [(500, 10), (600, 40)], [(10, 10), (10, 10)]])
def test_the_part_around_points_outside_is_never_empty(points: list[tuple[int, int]]) -> None:
    part, (x0, y0, x1, y1) = near(earth(60, 80), np.array(points, float))
    assert part.shape == (y1 - y0, x1 - x0, 3) and part.size


def test_sizes_stay_between_their_shares_of_the_picture() -> None:
    view = replace(guess_view(320, 320, np.random.default_rng(0), oblique=False), tilt_deg=0.0, px_per_m=10.0)
    assert metres(view, (160.0, 160.0), 1000.0, 0.1, 0.5) == pytest.approx(16)
    assert metres(view, (160.0, 160.0), 0.001, 0.1, 0.5) == pytest.approx(3.2)
    corners = quad(view, (160.0, 160.0), (2.0, 1.0), 90.0)
    assert np.ptp(corners[:, 0]) == pytest.approx(20) and np.ptp(corners[:, 1]) == pytest.approx(40)


def test_soft_noise_stays_within_its_bounds() -> None:
    for coarse in (3.0, 40.0, 500.0):
        field = lumps((150, 170), np.random.default_rng(1), coarse)
        assert field.shape == (150, 170) and field.min() >= -0.01 and field.max() <= 1.01
    patch = blob((100, 100), np.random.default_rng(1), (50.0, 50.0), (30.0, 30.0), 0.0)
    assert patch[50, 50] == pytest.approx(1) and abs(patch[50, 80]) < 0.05
