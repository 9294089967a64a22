"""Tiles: everything is covered, neighbours overlap, boxes come back to where they were."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.detect.tiles import MOST_TILES, Tile, Tiling, back, letterbox, passes, resized
from pipeline.errors import ModelError

SIDES = st.integers(1, 5000)


@given(SIDES, SIDES, st.sampled_from([320, 416, 640]), st.floats(0, 0.6))
def test_tiles_cover_every_pixel_and_overlap_their_neighbours(w: int, h: int, side: int, overlap: float) -> None:
    for look in passes(w, h, (side, side), Tiling(overlap=overlap, scales=(1.0, 0.4))):
        for start, end, length in (("x0", "x1", look.width_px), ("y0", "y1", look.height_px)):
            spans = sorted({(getattr(t, start), getattr(t, end)) for t in look.tiles})
            assert spans[0][0] == 0
            assert spans[-1][1] == length
            assert all(a[1] - b[0] >= overlap * side - 1 for a, b in pairwise(spans))
        assert len(set(look.tiles)) == len(look.tiles)


def test_a_12_megapixel_photo() -> None:
    fine, whole = passes(4000, 3000, (640, 640), Tiling())
    assert len(fine.tiles) == 8 * 6
    assert all((t.x1 - t.x0, t.y1 - t.y0) == (640, 640) for t in fine.tiles)
    assert (whole.width_px, whole.height_px, len(whole.tiles)) == (640, 480, 1)


@pytest.mark.parametrize("size", [(640, 640), (300, 200), (640, 100)])
def test_a_small_picture_is_one_look_as_it_is(size: tuple[int, int]) -> None:
    (look,) = passes(*size, (640, 640), Tiling(scales=(1.0, 0.5)))
    assert (look.width_px, look.height_px) == size
    assert look.tiles == (Tile(0, 0, *size),)


def test_what_is_small_may_be_told() -> None:
    assert len(passes(640, 480, (320, 320), Tiling(small_px=640))) == 1
    assert len(passes(640, 480, (320, 320), Tiling())) == 2
    assert len(passes(4000, 3000, (320, 320), Tiling(scales=()))) == 1
    assert len(passes(4000, 3000, (320, 320), Tiling(whole=False))) == 1


def test_pictures_of_endless_tiles_are_refused() -> None:
    with pytest.raises(ModelError, match=f"more than {MOST_TILES} tiles"):
        passes(15_000, 15_000, (64, 64), Tiling())


@given(st.integers(2, 900), st.integers(2, 900), st.booleans())
def test_boxes_come_back(w: int, h: int, centred: bool) -> None:
    image = np.zeros((h, w, 3), np.uint8)
    canvas, place = letterbox(image, (320, 416), centred)
    assert canvas.shape == (320, 416, 3)
    there = np.array([[place.pad_x, place.pad_y, place.pad_x + w * place.gain_x, place.pad_y + h * place.gain_y]])
    here = back(there.astype(np.float32), place, Tile(50, 70, 50 + w, 70 + h))
    np.testing.assert_allclose(here, [[50, 70, 50 + w, 70 + h]], atol=0.01)


def test_the_border_is_grey_on_both_sides_or_below_alone() -> None:
    image = np.zeros((100, 200, 3), np.uint8)
    centred, _ = letterbox(image, (200, 200), True)
    corner, _ = letterbox(image, (200, 200), False)
    assert [int(v) for v in centred[[0, 49, 50, 149, 150, 199], 0, 0]] == [114, 114, 0, 0, 114, 114]
    assert [int(v) for v in corner[[0, 99, 100, 199], 0, 0]] == [0, 0, 114, 114]


def test_pixels_of_a_tile_of_the_networks_size_are_left_alone() -> None:
    image = np.random.default_rng(1).integers(0, 255, (64, 64, 3), np.uint8)
    canvas, place = letterbox(image, (64, 64), True)
    assert canvas is image
    assert (place.gain_x, place.gain_y, place.pad_x, place.pad_y) == (1, 1, 0, 0)


def test_a_shrunk_picture_is_an_average() -> None:
    image = (np.indices((256, 256)).sum(0) % 2 * 255).astype(np.uint8)[..., None].repeat(3, 2)
    look = passes(256, 256, (64, 64), Tiling(scales=()))[0]
    assert np.ptp(resized(image, look)) <= 1


def test_photos_of_the_same_ground_are_cut_alike_whatever_their_pixels() -> None:
    tiling = Tiling(long_px=(2560, 960), small_px=640)
    fine, coarse = (passes(w, h, (320, 320), tiling) for w, h in ((8000, 6000), (4000, 3000)))
    assert fine == coarse
    assert [max(look.width_px, look.height_px) for look in fine[:2]] == [2560, 960]
    assert len(passes(2000, 1500, (320, 320), tiling)) == 3  # no picture is made larger
    assert [look.width_px for look in passes(900, 700, (320, 320), tiling)][:1] == [900]
    assert len(passes(900, 700, (320, 320), tiling)) == 2  # nor looked at twice at its own size
