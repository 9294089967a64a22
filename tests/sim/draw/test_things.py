"""One thing more in a picture: the answer that comes with it is the answer."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.sim.draw import LABELS, decoy, draw, guess_view
from pipeline.sim.draw.paint import blend, contrast_de, darkened, extent, noise
from pipeline.sim.draw.things import LEAST_CONTRAST_DE, LEAST_PX, any_strength


def ground(side: int = 200, seed: int = 2) -> np.ndarray:
    """Something like earth and grass."""
    rng = np.random.default_rng(seed)
    return np.clip(rng.normal((90, 110, 100), 15, (side, side + 40, 3)), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize("seed", range(6))
def test_the_box_is_that_of_the_mask_and_what_is_told_holds(label: str, seed: int) -> None:
    drawn = draw(ground(), label, np.random.default_rng(seed))
    x0, y0, x1, y1 = drawn.box_px
    assert extent(drawn.mask) == drawn.box_px
    assert -0.5 <= x0 < x1 <= 239.5 and -0.5 <= y0 < y1 <= 199.5
    assert min(x1 - x0, y1 - y0) >= LEAST_PX
    assert drawn.image.dtype == np.uint8 and drawn.image.shape == (200, 240, 3)
    assert drawn.contrast_de >= LEAST_CONTRAST_DE and 0 < drawn.opacity <= 1
    assert drawn.size_px == pytest.approx(np.sqrt((x1 - x0) * (y1 - y0)))


@pytest.mark.parametrize("label", LABELS)
def test_the_seed_decides_and_the_picture_given_stays_as_it_is(label: str) -> None:
    before = ground()
    kept = before.copy()
    one, same, other = (draw(before, label, np.random.default_rng(s)) for s in (4, 4, 5))
    assert np.array_equal(before, kept)
    assert np.array_equal(one.image, same.image) and one.box_px == same.box_px and one.source_px == same.source_px
    assert not np.array_equal(one.image, other.image)


@pytest.mark.parametrize("label", LABELS)
def test_more_strength_is_more_to_see(label: str) -> None:
    view = guess_view(200, 240, np.random.default_rng(3))
    contrasts = [
        np.mean([draw(ground(), label, np.random.default_rng(s), view, strength).contrast_de for s in range(8)])
        for strength in (0.25, 0.95)
    ]
    assert contrasts[0] < contrasts[1]


def test_a_third_of_the_things_are_faint() -> None:
    rng = np.random.default_rng(0)
    assert np.mean([any_strength(rng) < 0.4 for _ in range(3000)]) == pytest.approx(1 / 3, abs=0.03)


def test_a_decoy_changes_the_picture_and_is_repeatable() -> None:
    for seed in range(8):
        one, same = (decoy(ground(), np.random.default_rng(seed)) for _ in range(2))
        assert np.array_equal(one, same) and not np.array_equal(one, ground())


def test_too_small_a_picture_is_refused() -> None:
    with pytest.raises(ValueError, match="48 px"):
        draw(ground()[:40, :40], "smoke", np.random.default_rng(0))


def test_noise_keeps_its_range_and_shape() -> None:
    field = noise((37, 90), np.random.default_rng(0), 20)
    assert field.shape == (37, 90) and field.min() >= 0 and field.max() <= 1
    assert abs(float(field.mean()) - 0.5) < 0.15


def test_contrast_is_that_of_the_colours() -> None:
    cover = np.zeros((200, 240), np.float32)
    cover[50:100, 60:120] = 1
    grey = np.full((200, 240, 3), 119, np.uint8)  # L* = 50
    assert contrast_de(grey, blend(grey, np.full(3, 255.0), cover), cover) == pytest.approx(50, abs=0.5)
    assert contrast_de(grey, grey, cover) == 0
    assert contrast_de(grey, grey, np.zeros_like(cover)) == 0


@pytest.mark.parametrize(
    "part", [(slice(50, 100), slice(60, 120)), (slice(7, 8), slice(239, 240)), (slice(0), slice(0))]
)
def test_covering_and_darkening_reach_every_pixel_of_a_cover_and_no_other(part: tuple[slice, slice]) -> None:
    cover = np.zeros((200, 240), np.float32)
    cover[part] = 0.5
    before = ground()
    for after in (blend(before, np.full(3, 255.0), cover), darkened(before, cover)):
        assert np.array_equal((after != before).any(axis=2), cover > 0)
