"""What is drawn over photos, and that its box holds it."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.sim import plumes
from pipeline.sim.plumes import LABELS, draw, noise, shade, water


def ground(side: int = 200, seed: int = 2) -> np.ndarray:
    """Something like earth and grass."""
    rng = np.random.default_rng(seed)
    return np.clip(rng.normal((90, 110, 100), 15, (side, side + 40, 3)), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize("seed", range(12))
def test_the_box_lies_in_the_picture_and_is_no_dot(label: str, seed: int) -> None:
    drawn = draw(ground(), label, np.random.default_rng(seed))
    x0, y0, x1, y1 = drawn.box_px
    assert -0.5 <= x0 < x1 <= 239.5 and -0.5 <= y0 < y1 <= 199.5
    assert min(x1 - x0, y1 - y0) >= plumes.LEAST_PX
    assert drawn.image.dtype == np.uint8 and drawn.image.shape == (200, 240, 3)


@pytest.mark.parametrize("label", ["smoke", "dust", "marker"])
@pytest.mark.parametrize("seed", range(12))
def test_nothing_changes_outside_the_box(label: str, seed: int) -> None:
    before = ground()
    drawn = draw(before, label, np.random.default_rng(seed))
    rows, columns = np.nonzero((drawn.image != before).any(axis=2))
    x0, y0, x1, y1 = drawn.box_px
    assert len(rows) and columns.min() > x0 and columns.max() < x1 and rows.min() > y0 and rows.max() < y1


@pytest.mark.parametrize(("label", "least"), [("smoke", 0.6), ("dust", 0.45), ("marker", 0.9)])  # dust fades out
def test_the_box_is_not_much_larger_than_what_is_seen(label: str, least: float) -> None:
    spare = []
    for seed in range(12):
        before = ground()
        drawn = draw(before, label, np.random.default_rng(seed))
        moved = np.abs(drawn.image.astype(int) - before).max(axis=2) > 12
        rows, columns = np.nonzero(moved)
        seen = (np.ptp(rows) + 1) * (np.ptp(columns) + 1) if len(rows) else 0
        x0, y0, x1, y1 = drawn.box_px
        spare.append(seen / ((x1 - x0) * (y1 - y0)))
    assert np.median(spare) > least


@pytest.mark.parametrize("seed", range(12))
def test_an_outfalls_box_holds_pipe_and_fan_but_not_the_river(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    shores = []
    real = plumes._shore
    monkeypatch.setattr(plumes, "_shore", lambda image, rng: shores.append(real(image, rng)) or shores[-1])
    drawn = draw(ground(), "outfall", np.random.default_rng(seed))
    rows, columns = np.nonzero((drawn.image != shores[-1].image).any(axis=2))
    x0, y0, x1, y1 = drawn.box_px
    assert columns.min() > x0 and columns.max() < x1 and rows.min() > y0 and rows.max() < y1


@pytest.mark.parametrize("label", LABELS)
def test_the_seed_decides_and_the_picture_given_stays_as_it_is(label: str) -> None:
    before = ground()
    kept = before.copy()
    one, same, other = (draw(before, label, np.random.default_rng(s)) for s in (4, 4, 5))
    assert np.array_equal(before, kept)
    assert np.array_equal(one.image, same.image) and one.box_px == same.box_px
    assert not np.array_equal(one.image, other.image)


def test_decoys_change_the_picture_and_are_repeatable() -> None:
    for decoy in (water, shade):
        one, same = (decoy(ground(), np.random.default_rng(1)) for _ in range(2))
        assert np.array_equal(one, same) and not np.array_equal(one, ground())


def test_noise_keeps_its_range_and_shape() -> None:
    field = noise((37, 90), np.random.default_rng(0), 20)
    assert field.shape == (37, 90) and field.min() >= 0 and field.max() <= 1
    assert abs(float(field.mean()) - 0.5) < 0.15


def test_too_small_a_picture_is_refused() -> None:
    with pytest.raises(ValueError, match="48 px"):
        draw(ground()[:40, :40], "smoke", np.random.default_rng(0))
