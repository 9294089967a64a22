"""match: the same things in two pictures however these are turned, and nothing that is not fixed to the ground."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.geo.adjust.features import extract
from pipeline.geo.adjust.match import LEAST, RATIO, match, nearest, together
from pipeline.geo.adjust.matches import Features
from pipeline.types import Camera
from tests.geo.adjust.pictures import blobs

CAMERA = Camera(800, 600, 700.0, 700.0, 399.5, 299.5)
UPRIGHT = Camera(600, 800, 700.0, 700.0, 299.5, 399.5)


@pytest.fixture(scope="module")
def world() -> np.ndarray:
    return blobs(7, 2000)


def seen(world: np.ndarray, x: int, y: int) -> np.ndarray:
    """A nadir view of level ground; no two have the same noise."""
    noise = np.random.default_rng([x, y]).normal(0, 3, (600, 800, 1))
    return np.clip(world[y : y + 600, x : x + 800] + noise, 0, 255).astype(np.uint8)


def matched(a: np.ndarray, b: np.ndarray, first: Camera = CAMERA, second: Camera = CAMERA) -> np.ndarray:
    """(M, 2, 2) pixels in the first and the second picture."""
    fa, fb = extract(a), extract(b)
    rows = match(fa, fb, first, second)
    return np.stack([fa.px[rows[:, 0]], fb.px[rows[:, 1]]], axis=1)


def views(seed: int, count: int = 400) -> tuple[Features, Features, np.ndarray]:
    """Two views of uneven ground with the right descriptors, and the pixels of both, (count, 2, 2)."""
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(-25, 25, count), rng.uniform(-20, 20, count)
    z = 60 + 3 * np.sin(x / 9) * np.cos(y / 7)
    px = np.stack([np.stack([(x - e) / z * 700 + 399.5, y / z * 700 + 299.5], axis=-1) for e in (-6, 6)], axis=1)
    descriptors = rng.integers(0, 120, (count, 128)).astype(np.uint8)
    noisy = px + rng.normal(0, 0.2, px.shape)
    return Features(noisy[:, 0], descriptors, 1.0), Features(noisy[:, 1], descriptors, 1.0), noisy


def test_two_views_of_the_ground_match_where_they_should(world):
    pairs = matched(seen(world, 500, 500), seen(world, 680, 590))
    apart = np.linalg.norm(pairs[:, 0] - pairs[:, 1] - [180, 90], axis=1)
    assert len(pairs) > 300
    assert np.median(apart) < 0.3
    assert apart.max() < 3


def test_which_comes_first_does_not_matter(world):
    a, b = seen(world, 500, 500), seen(world, 680, 590)
    there = {tuple(p.ravel()) for p in matched(a, b)}
    back = {tuple(p[::-1].ravel()) for p in matched(b, a)}
    assert len(there & back) > 0.97 * len(there | back)


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
@pytest.mark.parametrize("scale", [1.0, 0.8])
def test_a_picture_matches_itself_turned_and_smaller(world, turns, scale):
    a = seen(world, 500, 500)
    b = np.ascontiguousarray(np.rot90(cv2.resize(a, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), turns))
    camera = Camera(b.shape[1], b.shape[0], 700 * scale, 700 * scale, (b.shape[1] - 1) / 2, (b.shape[0] - 1) / 2)
    pairs = matched(a, b, CAMERA, camera)
    expected, (w, h) = (pairs[:, 0] + 0.5) * scale - 0.5, (800 * scale, 600 * scale)
    for _ in range(turns):
        expected = np.stack([expected[:, 1], w - 1 - expected[:, 0]], axis=-1)
        w, h = h, w
    assert len(pairs) > 300
    assert np.median(np.linalg.norm(expected - pairs[:, 1], axis=1)) < 0.3


def test_unrelated_pictures_give_nothing(world):
    assert matched(seen(world, 500, 500), seen(blobs(8, 2000), 500, 500)).shape == (0, 2, 2)


def test_repeated_things_are_not_taken_for_each_other():
    tile = blobs(3, 120)
    again = np.tile(tile, (5, 7, 1))[:600, :800]
    assert len(matched(again, np.roll(again, (0, 40), axis=(0, 1)))) == 0


def test_the_result_is_the_same_every_time(world):
    a, b = extract(seen(world, 500, 500)), extract(seen(world, 680, 590))
    before, found = cv2.getNumThreads(), []
    for threads in (1, 4):
        cv2.setNumThreads(threads)
        cv2.setRNGSeed(threads)
        found.append(match(a, b, CAMERA, CAMERA))
    cv2.setNumThreads(before)
    np.testing.assert_array_equal(found[0], found[1])


@pytest.mark.parametrize("side_px", [40, 120])
@pytest.mark.parametrize("turned", [False, True])
def test_the_drones_own_shadow_does_not_enter(world, side_px, turned):
    """It stays where it is in the picture, and when the drone has turned, in the same direction."""
    shadow = blobs(9, side_px)
    a, b = seen(world, 500, 500), seen(world, 650, 580)
    for picture in (a, b):
        picture[200 : 200 + side_px, 460 : 460 + side_px] = shadow
    pairs = matched(a, b[::-1, ::-1] if turned else b)
    there = [799, 599] - pairs[:, 1] if turned else pairs[:, 1]
    assert len(pairs) > 200
    assert np.linalg.norm(pairs[:, 0] - there - [150, 80], axis=1).max() < 3


def rippled(seed: int) -> np.ndarray:
    """(600, 800, 3) water whose ripples have moved everything on it by several pixels, everywhere otherwise."""
    rng = np.random.default_rng(seed)
    x, y = (
        at + cv2.resize(rng.normal(0, 4, (15, 20)).astype(np.float32), (800, 600), interpolation=cv2.INTER_CUBIC)
        for at in np.meshgrid(np.arange(800, dtype=np.float32), np.arange(600, dtype=np.float32))
    )
    return cv2.remap(blobs(10, 1000), x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)


def test_moving_water_hardly_enters(world):
    """A third of both pictures is water, moved otherwise in each, but not so much that nothing is found again."""
    a, b = seen(world, 500, 500), seen(world, 700, 500)
    a[400:], b[400:] = rippled(1)[400:], rippled(2)[400:]
    fa, fb = extract(a), extract(b)
    offered, taken = nearest(fa.descriptors, fb.descriptors), match(fa, fb, CAMERA, CAMERA)
    wet = fa.px[:, 1] > 405
    assert wet[offered[:, 0]].sum() > 300
    assert wet[taken[:, 0]].mean() < 0.02
    assert (~wet[taken[:, 0]]).sum() > 0.95 * (~wet[offered[:, 0]]).sum()


def test_water_that_drifts_as_a_whole_does_not_enter():
    """Over uneven ground, whose relief tells the epipolar geometry; a plane's views would allow for the drift."""
    a, b, px = views(2)
    water = px[:, 0, 1] > 400
    drifted = b.px + np.where(water[:, None], [0.0, 12.0], 0.0)
    rows = match(a, Features(drifted, b.descriptors, 1.0), CAMERA, CAMERA)
    assert water.sum() > 80
    assert not water[rows[:, 0]].any()
    assert len(rows) > 0.9 * (~water).sum()


def test_wrong_descriptors_on_the_epipolar_line_are_found_by_their_neighbours():
    a, b, _ = views(1)
    wrong = np.arange(0, 400, 8)
    there = b.px.copy()
    there[wrong, 0] += np.random.default_rng(2).choice([-1, 1], len(wrong)) * np.linspace(25, 120, len(wrong))
    rows = match(a, Features(there, b.descriptors, 1.0), CAMERA, CAMERA)
    assert (rows[:, 0] == rows[:, 1]).all()
    assert len(set(rows[:, 0]) & set(wrong)) <= 1
    assert len(rows) > 0.95 * (400 - len(wrong))


def test_relief_is_no_reason_to_drop_a_match():
    a, b, _ = views(3)
    assert len(match(a, b, CAMERA, CAMERA)) > 390


def test_a_hover_keeps_its_matches(world):
    """Nothing moves, so that what stays is not suspicious."""
    rng = np.random.default_rng(1)
    a = seen(world, 500, 500)
    b = np.clip(a + rng.normal(0, 3, a.shape), 0, 255).astype(np.uint8)
    assert len(matched(a, b)) > 300


def test_fewer_than_the_least_is_nothing():
    a, b, _ = views(4)
    few = slice(0, LEAST - 1)
    short = [Features(f.px[few], f.descriptors[few], 1.0) for f in (a, b)]
    assert match(*short, CAMERA, CAMERA).shape == (0, 2)
    nothing = Features(np.empty((0, 2)), np.empty((0, 128), np.uint8), 1.0)
    assert match(a, nothing, CAMERA, CAMERA).shape == (0, 2)
    assert match(nothing, b, CAMERA, CAMERA).shape == (0, 2)


def test_pixels_that_the_lens_model_does_not_reach_are_left_out():
    folded = Camera(800, 600, 700.0, 700.0, 399.5, 299.5, (-2.0, 0.0, 0.0, 0.0, 0.0))
    a, b, _ = views(5)
    assert len(match(a, b, folded, folded)) in range(len(a.px))


@given(st.integers(0, 2**32 - 1), st.integers(2, 40), st.integers(2, 40))
def test_nearest_is_what_exact_integers_say(seed, n, k):
    rng = np.random.default_rng(seed)
    a, b = (rng.integers(0, 256, (m, 128)).astype(np.uint8) for m in (n, k))
    shared = min(n, k) // 2
    b[:shared] = np.clip(a[:shared].astype(int) + rng.integers(-60, 60, (shared, 128)), 0, 255)
    d2 = ((a[:, None].astype(np.int64) - b[None]) ** 2).sum(axis=2)
    expected = []
    for i in range(n):
        j = int(d2[i].argmin())
        row, column = np.sort(d2[i]), np.sort(d2[:, j])
        clear = row[0] < RATIO**2 * row[1] and column[0] < RATIO**2 * column[1]
        if int(d2[:, j].argmin()) == i and clear:
            expected.append((i, j))
    np.testing.assert_array_equal(nearest(a, b), np.array(expected, np.intp).reshape(-1, 2))


def test_together_wants_neighbours_in_both_pictures():
    rng = np.random.default_rng(6)
    a = rng.uniform(0, 1000, (300, 2))
    b = a + np.array([30, 5]) + rng.normal(0, 0.3, a.shape)
    b[::30] = rng.uniform(0, 1000, (10, 2))
    kept = together(a, b)
    assert not kept[::30].any()
    assert kept.sum() == 290
