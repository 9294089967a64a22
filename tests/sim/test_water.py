"""A river that is followed: how much of the pictures it fills, that it moves, and strips of kilometres."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.errors import PipelineError
from pipeline.sim import FlightConfig, Truth, fly
from pipeline.sim.pieces import Pieces, far_pieces, near_pieces
from pipeline.sim.render import open_studio, photo
from pipeline.sim.ties import draw_ties

STRIP = FlightConfig(
    seed=2, profile="exact", strips=1, photos_per_strip=4, width_px=800, height_px=600, overlap=0.7, river_width_m=48.0,
    moving_water=True, turned_strip=False, dem_cell_m=4.0, n_checks=0, n_markers=2, n_smoke=0, n_dust=0,
)  # fmt: skip
LONG = replace(STRIP, site="kaifeng", photos_per_strip=430, overlap=0.67, profile="real")


@pytest.fixture(scope="module")
def strip() -> Truth:
    return fly(STRIP)


@pytest.fixture(scope="module")
def long() -> Truth:
    return fly(LONG)


def likeness(one: NDArray[np.uint8], other: NDArray[np.uint8], px: NDArray[np.float64]) -> NDArray[np.float64]:
    """Correlation of patches about (N, 2, 2) pixels of the same places in two grey pictures."""
    found = []
    for pair in px:
        a, b = (
            cv2.getRectSubPix(g, (25, 25), (float(x), float(y))) for g, (x, y) in zip((one, other), pair, strict=True)
        )
        found.append(cv2.matchTemplate(a, b, cv2.TM_CCOEFF_NORMED)[0, 0])
    return np.array(found)


def common(truth: Truth, first: int, second: int) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """(N, 2, 2) pixels of things that two photos see well inside, and (N,) whether they lie on water."""
    ties = draw_ties(truth, 300, sigma_px=0.0)
    pairs, wet = [], []
    for k in range(len(ties.world_m)):
        px = [ties.px[(ties.point == k) & (ties.frame == i)] for i in (first, second)]
        if all(len(p) and (p > 20).all() and (p < [780, 580]).all() for p in px):
            pairs.append(np.concatenate(px))
            wet.append(truth.water(ties.world_m[k : k + 1])[0])
    return np.array(pairs), np.array(wet)


def test_ground_can_be_matched_and_water_cannot(strip: Truth) -> None:
    studio = open_studio(strip)
    one, other = (np.asarray(cv2.cvtColor(photo(studio, i), cv2.COLOR_BGR2GRAY), np.uint8) for i in (1, 2))
    px, wet = common(strip, 1, 2)
    assert wet.sum() > 30 and (~wet).sum() > 30
    alike = likeness(one, other, px)
    assert np.median(alike[~wet]) > 0.8
    assert np.median(np.abs(alike[wet])) < 0.25


def test_still_water_stays_as_it_was() -> None:
    """Moving water changes nothing but the water, and no answer."""
    config = FlightConfig(seed=5, strips=2, photos_per_strip=2, width_px=500, height_px=375, turned_strip=False)
    still, moving = (fly(replace(config, moving_water=moves)) for moves in (False, True))
    np.testing.assert_array_equal(still.px, moving.px)
    studios = open_studio(still), open_studio(moving)
    changed = 0
    for i in range(4):
        one, other = (photo(studio, i).astype(int) for studio in studios)
        y, x = np.nonzero(np.abs(one - other).max(axis=2) > 3)
        shot, lens = still.shot[i], still.lenses[i]
        rays = lens.rays(np.column_stack([x, y]).astype(float)) @ still.world_R_cam[shot].T
        at = np.broadcast_to(still.world_m[shot], rays.shape)
        ground = at + rays * still.terrain.first_hit(at, rays)[:, None]
        across = np.abs(still.river.along_across(ground[:, :2])[1])
        assert len(x) == 0 or across.max() < still.river.half_width_m + 1.0
        changed += len(x)
    assert changed > 5000


def test_glint_is_brighter_towards_the_mirrored_sun(strip: Truth) -> None:
    from pipeline.sim.canvas import SUN
    from pipeline.sim.ripples import mirror

    down = SUN * [1, 1, -1] / np.linalg.norm(SUN)
    assert mirror(np.array([down]))[0] == pytest.approx(1)
    assert mirror(np.array([[0.0, 0.0, -1.0]]))[0] < 0.05


def test_half_of_a_long_strip_s_pictures_is_water(long: Truth) -> None:
    assert 2 * long.plan.half_along_m > 10_000
    ties = draw_ties(long)
    wet = long.water(ties.world_m)[ties.point]
    share = np.bincount(ties.frame, wet, 430) / np.bincount(ties.frame, minlength=430)
    assert 0.4 < share.mean() < 0.6
    assert share.min() > 0.25 and share.max() < 0.75


def test_a_long_strip_s_dem_is_no_square(long: Truth) -> None:
    rows, cols = long.terrain.orthometric.shape
    long_m, wide_m = (2 * half for half in long.plan.ground_half_m)
    a = np.radians(long.plan.heading_deg)
    assert rows * 4 == pytest.approx(long_m * abs(np.cos(a)) + wide_m * abs(np.sin(a)), abs=20)
    assert cols * 4 == pytest.approx(long_m * abs(np.sin(a)) + wide_m * abs(np.cos(a)), abs=20)
    assert long.terrain.gap_m(long.world_m).min() > 45 and long.terrain.gap_m(long.world_m).max() < 70


def test_pieces_show_one_ground(strip: Truth) -> None:
    pieces = Pieces(strip)
    for look in (near_pieces(strip, pieces), far_pieces(strip, pieces)):
        ends = strip.plan.place(np.array([-1.0, 1.0]), np.zeros(2))
        left, right = look(ends[:1]), look(ends[1:])
        assert left.start_m != right.start_m and left.res_m == right.res_m
        shift = round((right.start_m[0] - left.start_m[0]) / left.res_m)
        one, other = left.picture[:, shift + 16 : -16], right.picture[:, 16 : left.picture.shape[1] - shift - 16]
        # The slopes' light is drawn a little differently in the last rows of a piece, everything else is the same.
        assert one.shape == other.shape and one.shape[1] > 100
        assert (np.abs(one.astype(int) - other).max(axis=2) > 1).mean() < 0.001


@pytest.mark.parametrize(
    "wrong",
    [
        {"river_width_m": 1.0},
        {"river_width_m": 400.0},  # no dry ground for targets
        {"site": "henan", "photos_per_strip": 430},  # the geoid ends
        {"site": "kaifeng", "photos_per_strip": 1000},
        {"site": "kaifeng", "photos_per_strip": 430, "dem_cell_m": 0.5},
    ],
)
def test_impossible_rivers_are_refused_with_a_sentence(wrong: dict[str, object]) -> None:
    with pytest.raises(PipelineError, match=r"\w+ \w+"):
        fly(replace(STRIP, **wrong))  # type: ignore[arg-type]
