"""Seams: what tiles saw becomes objects again, nothing doubled, nothing swallowed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.detect.found import Found, overlaps, suppressed, together
from pipeline.detect.merge import Seen, merged, seen
from pipeline.detect.tiles import Tiling, passes

WIDTH, HEIGHT, SIDE = 1700, 1300, 640
NEAR = 10.0


def rows(*boxes: tuple[float, ...], score: float = 0.5, label: int = 0) -> Found:
    n = len(boxes)
    corners = np.array([b[:4] for b in boxes], np.float32).reshape(-1, 4)
    scores = np.array([b[4] if len(b) > 4 else score for b in boxes], np.float32)
    return Found(corners, scores, np.full(n, label, np.int64))


def looked(
    objects: Found, width: int = WIDTH, height: int = HEIGHT, jitter_px: float = 0.0, seed: int = 0
) -> list[Seen]:
    """What a perfect network sees of the objects in each tile, its boxes off by some pixels."""
    rng, out = np.random.default_rng(seed), []
    for look in passes(width, height, (SIDE, SIDE), Tiling()):
        gain = look.width_px / width
        for t in look.tiles:
            tile = np.array([t.x0, t.y0, t.x1, t.y1], np.float32) / gain
            out.append(_seen_in(tile, objects, gain, rng.normal(0, jitter_px, objects.boxes.shape), width, height))
    return out


def _seen_in(tile: np.ndarray, objects: Found, gain: float, off: np.ndarray, width: int, height: int) -> Seen:
    clipped = np.concatenate(
        [np.maximum(objects.boxes[:, :2], tile[:2]), np.minimum(objects.boxes[:, 2:], tile[2:])], 1
    )
    sides = clipped[:, 2:] - clipped[:, :2]
    visible = (sides > 0).all(1) & (np.minimum(*sides.T) * gain >= 6)
    noisy = np.clip(clipped + off, np.tile(tile[:2], 2), np.tile(tile[2:], 2))
    found = Found(noisy[visible].astype(np.float32), objects.scores[visible], objects.labels[visible])
    return seen(tuple(tile.tolist()), found, (width, height), NEAR)


def same(one: Found, other: Found, least: float = 0.999) -> bool:
    """Whether the two hold the same boxes, one to one."""
    if len(one) != len(other):
        return False
    best = [
        max(overlaps(np.repeat(one.boxes[i : i + 1], len(other), 0), other.boxes), default=0) for i in range(len(one))
    ]
    return min(best, default=1) >= least


@st.composite
def scenes(draw: st.DrawFn) -> Found:
    """Objects of 12 to 1,200 px that overlap each other little."""
    boxes: list[tuple[float, ...]] = []
    for _ in range(draw(st.integers(1, 25))):
        w, h = (draw(st.floats(2.5, 7.0)) for _ in range(2))
        w, h = float(np.exp(w)), float(np.exp(h))
        x, y = draw(st.floats(0, WIDTH - 12)), draw(st.floats(0, HEIGHT - 12))
        box = (x, y, min(x + w, WIDTH), min(y + h, HEIGHT))
        if box[2] - box[0] >= 12 and box[3] - box[1] >= 12 and not any(_near(box, b) for b in boxes):
            boxes.append((*box, draw(st.floats(0.3, 1.0))))
    return rows(*boxes)


def _near(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    """Whether the two could be taken for one by an eye, too: they overlap by more than a tenth of the smaller."""
    w = min(one[2], other[2]) - max(one[0], other[0])
    h = min(one[3], other[3]) - max(one[1], other[1])
    smaller = min((b[2] - b[0]) * (b[3] - b[1]) for b in (one, other))
    return w > 0 and h > 0 and w * h > 0.1 * smaller


@given(scenes())
def test_what_a_perfect_network_sees_in_tiles_is_what_is_there(objects: Found) -> None:
    found = merged(looked(objects))
    assert same(found, objects), (found.boxes, objects.boxes)


@given(scenes(), st.randoms(use_true_random=False))
def test_the_order_of_the_tiles_does_not_matter(objects: Found, random: object) -> None:
    tiles = looked(objects, jitter_px=1.0)
    shuffled = list(tiles)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    one, other = merged(tiles), merged(shuffled)
    assert np.array_equal(one.boxes, other.boxes)
    assert np.array_equal(one.scores, other.scores)


@pytest.mark.parametrize("seed", range(20))
def test_boxes_that_are_off_by_pixels_are_still_one(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, y = (g.ravel() for g in np.meshgrid(np.arange(40, WIDTH - 90, 100.0), np.arange(40, HEIGHT - 90, 100.0)))
    w, h = rng.uniform(30, 80, (2, len(x)))
    objects = rows(*zip(x, y, x + w, y + h, strict=True))
    assert same(merged(looked(objects, jitter_px=1.5, seed=seed)), objects, 0.65)


@pytest.mark.parametrize("gap_px", [1, 3, 10])
@pytest.mark.parametrize("size_px", [8, 20, 60])
def test_two_near_objects_stay_two_wherever_the_seam_runs(gap_px: int, size_px: int) -> None:
    for x in range(480, 660, 7):
        side_by_side = rows((x, 200, x + size_px, 240), (x + size_px + gap_px, 200, x + 2 * size_px + gap_px, 240))
        assert same(merged(looked(side_by_side)), side_by_side), x


def test_a_small_thing_before_a_large_one_is_not_swallowed() -> None:
    objects = rows((100, 100, 1500, 1200), (600, 500, 640, 530), (300, 700, 380, 780))
    assert same(merged(looked(objects)), objects)


def test_parts_without_a_whole_are_joined_and_the_surest_counts() -> None:
    left = seen((0, 0, 640, 640), rows((300, 100, 640, 200), score=0.6), (1152, 640), NEAR)
    right = seen((512, 0, 1152, 640), rows((512, 102, 900, 199), score=0.8), (1152, 640), NEAR)
    found = merged([left, right])
    assert found.boxes.tolist() == [[300, 100, 900, 200]]
    assert found.scores.tolist() == pytest.approx([0.8])


def test_a_part_that_fits_badly_belongs_to_the_whole_that_covers_it() -> None:
    whole = seen((0, 0, 2000, 2000), rows((200, 200, 1500, 1500)), (2000, 2000), NEAR)
    part = seen((600, 600, 1240, 1240), rows((600, 900, 900, 1240)), (2000, 2000), NEAR)
    uncut = seen((600, 600, 1240, 1240), rows((700, 900, 900, 1100)), (2000, 2000), NEAR)
    assert len(merged([whole, part])) == 1
    assert len(merged([whole, uncut])) == 2


def test_a_long_thing_of_which_one_part_lies_before_a_large_one_stays() -> None:
    whole = seen((0, 0, 1152, 640), rows((250, 50, 660, 400)), (1152, 640), NEAR)
    left = seen((0, 0, 640, 640), rows((300, 100, 640, 110)), (1152, 640), NEAR)
    right = seen((512, 0, 1152, 640), rows((512, 100, 900, 110)), (1152, 640), NEAR)
    assert [300, 100, 900, 110] in merged([whole, left, right]).boxes.tolist()


def test_classes_are_never_mixed() -> None:
    left = seen((0, 0, 640, 640), rows((300, 100, 640, 200), label=0), (1152, 640), NEAR)
    right = seen((512, 0, 1152, 640), rows((512, 100, 900, 200), label=1), (1152, 640), NEAR)
    assert len(merged([left, right])) == 2


def test_what_a_tile_told_apart_stays_apart_though_the_other_saw_one() -> None:
    left = seen((0, 0, 640, 640), rows((540, 100, 590, 150, 0.9), (555, 100, 605, 150, 0.8)), (1152, 640), NEAR)
    right = seen((512, 0, 1152, 640), rows((545, 100, 595, 150, 0.7)), (1152, 640), NEAR)
    assert len(merged([left, right])) == 2


def test_the_border_of_the_picture_cuts_nothing() -> None:
    corner = seen((0, 0, 640, 640), rows((0, 0, 50, 50), (600, 0, 640, 30), (600, 300, 625, 330)), (2000, 640), NEAR)
    by_place = {tuple(box[:2]): cut for box, cut in zip(corner.found.boxes.tolist(), corner.cut.tolist(), strict=True)}
    assert by_place == {(0, 0): False, (600, 0): True, (600, 300): False}


@pytest.mark.parametrize("limit", [0.3, 0.5, 0.7])
def test_suppression_is_the_plain_greedy_one(limit: float) -> None:
    rng = np.random.default_rng(4)
    corner, size = rng.uniform(0, 300, (600, 2)), rng.uniform(5, 120, (600, 2))
    boxes = np.concatenate([corner, corner + size], 1).astype(np.float32)
    found = Found(boxes, rng.random(600).astype(np.float32), rng.integers(0, 3, 600))
    kept: list[int] = []
    for i in np.argsort(-found.scores):
        others = [k for k in kept if found.labels[k] == found.labels[i]]
        if not others or overlaps(np.repeat(boxes[i : i + 1], len(others), 0), boxes[others]).max() <= limit:
            kept.append(int(i))
    assert np.array_equal(suppressed(found, limit).boxes, boxes[kept])


def test_thousands_of_boxes_in_one_place_take_bounded_memory() -> None:
    one = rows((10, 10, 50, 50))
    assert len(suppressed(together([one] * 5000), 0.5)) == 1


def test_nothing_is_nothing() -> None:
    assert len(merged([])) == 0
    empty = seen((0, 0, 640, 640), rows(), (2000, 640), NEAR)
    assert len(merged([empty, empty])) == 0
