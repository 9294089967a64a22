"""Things drawn by another hand: the answer is the answer, and the families are many."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.sim.draw import LABELS, draw_loosely
from pipeline.sim.draw.loose_mattes import FAMILIES, matte
from pipeline.sim.draw.paint import FAINT, extent
from pipeline.sim.draw.things import LEAST_CONTRAST_DE, LEAST_PX
from tests.sim.draw.test_things import ground


@pytest.mark.parametrize("label", LABELS)
def test_the_box_is_that_of_the_mask_and_what_is_told_holds(label: str) -> None:
    for seed in range(12):
        drawn = draw_loosely(ground(), label, np.random.default_rng(seed))
        x0, y0, x1, y1 = drawn.box_px
        assert drawn.label == label and drawn.kind.startswith("loose-")
        assert extent(drawn.mask) == drawn.box_px and min(x1 - x0, y1 - y0) >= LEAST_PX
        assert -0.5 <= x0 < x1 <= 239.5 and -0.5 <= y0 < y1 <= 199.5
        assert drawn.contrast_de >= LEAST_CONTRAST_DE and 0 < drawn.opacity <= 1
        assert drawn.image.dtype == np.uint8 and drawn.image.shape == (200, 240, 3)


@pytest.mark.parametrize("label", LABELS)
def test_the_seed_decides_and_the_picture_given_stays_as_it_is(label: str) -> None:
    before = ground()
    kept = before.copy()
    for seed in range(8):
        one, same, other = (draw_loosely(before, label, np.random.default_rng(s)) for s in (seed, seed, seed + 1))
        assert np.array_equal(before, kept)
        assert np.array_equal(one.image, same.image) and one.box_px == same.box_px and one.source_px == same.source_px
        assert not np.array_equal(one.image, other.image)


@pytest.mark.parametrize("label", ["outfall", "marker"])
def test_far_from_an_outfall_or_a_panel_the_picture_is_as_before(label: str) -> None:
    """Shadows reach no farther than the thing is long."""
    for seed in range(8):
        drawn = draw_loosely(ground(), label, np.random.default_rng(seed))
        x0, y0, x1, y1 = drawn.box_px
        reach = 8 + max(x1 - x0, y1 - y0)
        y, x = np.mgrid[:200, :240]
        beyond = (x < x0 - reach) | (x > x1 + reach) | (y < y0 - reach) | (y > y1 + reach)
        assert np.array_equal(drawn.image[beyond], ground()[beyond])


@pytest.mark.parametrize("label", LABELS)
def test_the_hands_are_many(label: str) -> None:
    kinds = {draw_loosely(ground(), label, np.random.default_rng(s)).kind for s in range(60)}
    assert len(kinds) >= 8


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_a_matte_is_whole_within_its_plane_and_does_not_end_as_paint_does(family: str) -> None:
    for seed in range(4):
        alpha = matte(family, 96, np.random.default_rng(seed))
        border = np.concatenate((alpha[0], alpha[-1], alpha[:, 0], alpha[:, -1]))
        assert alpha.min() >= 0 and alpha.max() <= 1 and border.max() < 0.5
        assert float((alpha >= FAINT).mean()) > 0.002
        seen = alpha > 0.02
        assert float(np.mean(alpha[seen] < 0.9)) > 0.2  # an edge that is mostly full cover would be paint


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(sorted(LABELS)), st.integers(0, 2**31), st.integers(40, 90), st.integers(40, 90))
def test_any_small_picture_gives_a_thing_or_a_value_error(label: str, seed: int, height: int, width: int) -> None:
    picture = ground()[:height, :width]
    try:
        drawn = draw_loosely(picture, label, np.random.default_rng(seed))
    except ValueError:
        return
    assert min(height, width) >= 48 and drawn.image.shape == picture.shape


def test_what_nobody_draws_is_refused() -> None:
    with pytest.raises(ValueError, match="nobody draws a tree"):
        draw_loosely(ground(), "tree", np.random.default_rng(0))


def test_each_family_is_a_shape_of_its_own() -> None:
    assert len({matte(f, 64, np.random.default_rng(3)).tobytes() for f in FAMILIES}) == len(FAMILIES)


@pytest.mark.parametrize("label", ["smoke", "dust"])
def test_a_plume_mostly_begins_within_its_box(label: str) -> None:
    """Not always: the picture's border and a faint beginning cut some."""
    near = 0
    for seed in range(40):
        drawn = draw_loosely(ground(), label, np.random.default_rng(seed))
        (x0, y0, x1, y1), (x, y) = drawn.box_px, drawn.source_px
        near += x0 - 2 <= x <= x1 + 2 and y0 - 2 <= y <= y1 + 2
    assert near >= 34
