"""A sky over the ground: above the horizon nothing of the photo is left, far below it all of it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pipeline.learn import tiles
from pipeline.sim.draw import under_sky
from pipeline.sim.draw.sky import LEAST_HORIZON, MOST_HORIZON
from tests.sim.draw.test_things import ground

SEEDS = range(24)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_horizon_lies_in_the_picture_where_the_view_has_it(seed: int) -> None:
    photo = ground()
    _, view = under_sky(photo, np.random.default_rng(seed))
    assert LEAST_HORIZON * len(photo) - 0.01 <= view.horizon_px <= MOST_HORIZON * len(photo) + 0.01
    up_deg = math.degrees(math.atan((len(photo) / 2 - view.horizon_px) / view.focal_px))
    assert view.tilt_deg == pytest.approx(90 - up_deg) and (view.height_px, view.width_px) == photo.shape[:2]


@pytest.mark.parametrize("seed", SEEDS)
def test_above_the_ridge_nothing_of_the_photo_is_left_and_near_ground_stays(seed: int) -> None:
    photo = ground()
    other = np.ascontiguousarray(photo[::-1, ::-1])
    (one, view), (two, _) = (under_sky(p, np.random.default_rng(seed)) for p in (photo, other))
    top = max(int(view.horizon_px - 0.12 * len(photo)) - 3, 1)
    assert np.array_equal(one[:top], two[:top])
    assert not np.array_equal(one[-40:], two[-40:])
    near, before = one[-10:].astype(float), photo[-10:].astype(float)
    assert np.corrcoef(near.ravel(), before.ravel())[0, 1] > 0.9


def test_the_seed_decides_and_the_picture_given_stays_as_it_is() -> None:
    photo = ground()
    kept = photo.copy()
    one, same, other = (under_sky(photo, np.random.default_rng(s))[0] for s in (1, 1, 2))
    assert np.array_equal(photo, kept)
    assert np.array_equal(one, same) and not np.array_equal(one, other)


def test_some_training_tiles_have_a_sky(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    views = [tiles._seen(ground(), rng)[1] for _ in range(200)]
    inside = sum(0 < v.horizon_px < MOST_HORIZON * 200 + 1 for v in views)
    assert inside / len(views) > 0.5 * tiles.SKY
    monkeypatch.setattr(tiles, "SKY", 0.0)
    photo = ground()
    assert tiles._seen(photo, rng)[0] is photo
