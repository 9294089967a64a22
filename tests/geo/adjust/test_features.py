"""extract: what a picture shows decides what is found, not how it is turned, cut into threads or reduced."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from pipeline.geo.adjust.features import CELLS, extract
from tests.geo.adjust.pictures import blobs


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    return blobs(4, 900)


def spot(picture: np.ndarray, x: float, y: float, sigma_px: float, height: int) -> np.ndarray:
    rows, columns = np.mgrid[: picture.shape[0], : picture.shape[1]]
    bump = height * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * sigma_px**2))
    return np.clip(picture + bump[..., None], 0, 255).astype(np.uint8)


def test_the_same_picture_gives_the_same_features_with_any_number_of_threads(picture):
    before = cv2.getNumThreads()
    found = []
    for threads in (1, 2, 4):
        cv2.setNumThreads(threads)
        found.append(extract(picture))
    cv2.setNumThreads(before)
    for other in found[1:]:
        np.testing.assert_array_equal(other.px, found[0].px)
        np.testing.assert_array_equal(other.descriptors, found[0].descriptors)


def test_features_come_sorted_one_a_place_and_not_more_than_asked_for(picture):
    found = extract(picture, most=500)
    assert len(found.px) == len(found.descriptors) == 500
    assert found.descriptors.dtype == np.uint8
    assert len(np.unique(found.px, axis=0)) == 500
    np.testing.assert_array_equal(np.lexsort((found.px[:, 1], found.px[:, 0])), np.arange(500))


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_turned_picture_has_the_same_features_turned(picture, turns):
    """Half a pixel lost in a convention would show: it turns with the picture."""
    side = len(picture) - 1
    straight, turned = extract(picture, 2000), extract(np.rot90(picture, turns), 2000)
    back = turned.px
    for _ in range(turns):  # rot90 takes (x, y) to (y, side - x)
        back = np.stack([side - back[:, 1], back[:, 0]], axis=-1)
    apart = np.linalg.norm(back[:, None] - straight.px[None], axis=2).min(axis=1)
    same = back[apart < 1] - straight.px[np.linalg.norm(back[:, None] - straight.px, axis=2).argmin(axis=1)][apart < 1]
    assert len(same) > 0.9 * len(back)
    np.testing.assert_allclose(same.mean(axis=0), 0, atol=0.01)


@pytest.mark.parametrize("side_px", [900, 600, 450])
def test_a_spot_is_found_where_it_is_in_pixels_of_the_full_picture(side_px):
    x, y = 403.3, 517.8
    found = extract(spot(np.full((900, 900, 3), 90, np.uint8), x, y, 5.0, 120), long_side_px=side_px)
    assert found.step_px == pytest.approx(900 / side_px)
    np.testing.assert_allclose(found.px, [[x, y]], atol=0.06 * found.step_px)


def test_both_sides_of_an_uneven_reduction_are_mapped_by_their_own_factor():
    picture = spot(np.full((601, 1001, 3), 90, np.uint8), 900.0, 500.0, 6.0, 120)
    found = extract(picture, long_side_px=333)
    np.testing.assert_allclose(found.px, [[900.0, 500.0]], atol=0.06 * found.step_px)


def test_one_bright_hedge_does_not_take_all(picture):
    faint = (picture.astype(float) * 0.5 + 60).astype(np.uint8)
    faint[:, :150] = picture[:, :150]
    share = (extract(faint, most=300).px[:, 0] < 150).mean()
    assert share < 0.25  # it covers a sixth


@pytest.mark.parametrize("shape", [(1, 1, 3), (20, 4000, 3), (300, 300, 3)])
def test_pictures_with_nothing_to_see_have_no_features(shape):
    found = extract(np.full(shape, 128, np.uint8))
    assert found.px.shape == (0, 2)
    assert found.descriptors.shape == (0, 128)


def test_every_part_of_the_picture_is_heard(picture):
    found = extract(picture, most=600)
    cell = np.floor(found.px / (len(picture) / CELLS)).astype(int)
    assert len(np.unique(cell, axis=0)) == CELLS**2
