"""The fast merge does what the plain statement of its law does, to the last bit; and a crowd stays within bounds."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from pipeline.detect import found as found_module
from pipeline.detect import join, merge, near
from pipeline.detect.found import Found, suppressed
from pipeline.detect.merge import Seen, merged, seen
from pipeline.detect.near import touching
from tests.detect.plain_merge import plainly_merged, plainly_suppressed, rows_of

BOUNDS = ((near, "MOST_PAIRS_AT_ONCE"), (join, "MOST_AT_ONCE"), (join, "MOST_IN_TURN"), (merge, "MOST_HELD"))


def tiles_over(rng: np.random.Generator, width: int, height: int) -> list[tuple[float, ...]]:
    """Overlapping tiles, now and then touching ones only, and mostly a look at the whole."""
    side = int(rng.integers(max(width, height) // 3, 160))
    step = max(int(side * rng.choice([0.5, 0.8, 1.0])), 1)
    starts = [sorted({min(v, max(n - side, 0)) for v in range(0, n, step)}) for n in (width, height)]
    rectangles = [(x, y, min(x + side, width), min(y + side, height)) for x in starts[0] for y in starts[1]]
    whole = [(0, 0, width, height)] if rng.random() < 0.6 else []
    return [tuple(float(v) for v in r) for r in rectangles + whole]


def objects_in(rng: np.random.Generator, width: int, height: int) -> np.ndarray:
    """Corners (N, 4) of small and large things, some in one place, some on whole pixels, some damaged."""
    n = int(rng.integers(2, 14))
    centre = rng.uniform((0, 0), (width, height), (n, 2))
    if rng.random() < 0.3:
        centre = centre[:1] + rng.normal(0, 2, (n, 2))
    half = np.exp(rng.uniform(0, np.log(rng.choice([60, 300])), (n, 2))) / 2
    boxes = np.concatenate([centre - half, centre + half], 1)
    if rng.random() < 0.5:
        boxes = np.round(boxes / 5) * 5
    if rng.random() < 0.2:
        boxes[0], boxes[1] = boxes[0][[2, 3, 0, 1]], (0, 0, 1e-30, 1e-30)
    return boxes


def looks(seed: int) -> list[Seen]:
    """What tiles saw of one scene: noise, ties of boxes and of confidences, objects missed."""
    rng = np.random.default_rng(seed)
    width, height = (int(v) for v in rng.integers(60, 260, 2))
    objects, margin = objects_in(rng, width, height), float(rng.choice([0, 1, 10]))
    n, out = len(objects), []
    scores, labels = rng.random(n).round(int(rng.choice([1, 6]))), rng.integers(0, int(rng.integers(1, 4)), n)
    for r in tiles_over(rng, width, height):
        boxes = np.clip(objects + rng.normal(0, rng.choice([0, 1]), objects.shape), r[:2] * 2, r[2:] * 2)
        hit = rng.random(n) < 0.9
        found = Found(boxes[hit].astype(np.float32), scores[hit].astype(np.float32), labels[hit])
        out.append(seen((r[0], r[1], r[2], r[3]), found, (width, height), margin))
    return out


@pytest.mark.parametrize("first", range(0, 200, 50))
def test_it_is_the_law(first: int) -> None:
    for seed in range(first, first + 50):
        tiles, most = looks(seed), (0.3, 0.5, 0.7, 1.0)[seed % 4]
        assert rows_of(merged(tiles, most)) == plainly_merged(tiles, most), seed


@pytest.mark.parametrize("bound", [1, 7, 40])
def test_it_is_the_law_where_a_crowd_is_taken_in_pieces(bound: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name in BOUNDS:
        monkeypatch.setattr(module, name, bound)
    for seed in range(1000, 1040):
        tiles = looks(seed)
        assert rows_of(merged(tiles, 0.5)) == plainly_merged(tiles, 0.5), seed


@pytest.mark.parametrize("held", [5, 60, 1_000_000])
@pytest.mark.parametrize("most", [0.1, 0.5, 0.8])
def test_suppression_is_the_plain_one_in_one_go_and_in_halves(
    held: int, most: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(found_module, "MOST_HELD", held)
    rng = np.random.default_rng(held)
    corner = rng.uniform(0, 60, (120, 2))
    boxes = np.concatenate([corner, corner + rng.uniform(20, 60, (120, 2))], 1).astype(np.float32)
    found = Found(boxes, rng.random(120).round(1).astype(np.float32), rng.integers(0, 2, 120))
    assert rows_of(suppressed(found, most)) == plainly_suppressed(rows_of(found), most)


@pytest.mark.parametrize("seed", range(10))
def test_all_pairs_that_touch_come_once(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(near, "MOST_PAIRS_AT_ONCE", 100)
    rng = np.random.default_rng(seed)
    low = rng.integers(-50, 50, (120, 2)).astype(np.float32)
    high = low + rng.integers(-1, int(rng.integers(3, 80)), (120, 2)).astype(np.float32)
    groups = rng.integers(0, 3, 120)
    told = [tuple(sorted(p)) for pair in touching(low, high, groups) for p in np.stack(pair, axis=1).tolist()]
    meet = (groups[:, None] == groups) & (low[:, None] <= high).all(2) & (low <= high[:, None]).all(2)
    real = (high > low).all(1)
    wanted = np.argwhere(np.triu(meet & real[:, None] & real, 1)).tolist()
    assert sorted(told) == [tuple(p) for p in wanted]


def test_a_crowd_on_one_spot_takes_bounded_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """1,600 boxes in four tiles, a million pairs: 60 MB would be held at once without the bounds."""
    for module, name in (*BOUNDS, (found_module, "MOST_HELD")):
        monkeypatch.setattr(module, name, 50_000)
    rng = np.random.default_rng(1)
    tiles = []
    for r in ((0, 0, 640, 640), (512, 0, 1152, 640), (0, 512, 640, 1152), (512, 512, 1152, 1152)):
        boxes = np.clip(np.array([520, 520, 630, 630]) + rng.normal(0, 6, (400, 4)), r[:2] * 2, r[2:] * 2)
        found = Found(boxes.astype(np.float32), rng.random(400).astype(np.float32), np.zeros(400, np.int64))
        tiles.append(seen((r[0], r[1], r[2], r[3]), found, (1152, 1152), 10.0))
    tracemalloc.start()
    left = merged(tiles)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(left) < 20
    assert peak < 40e6


def test_a_cut_box_without_area_is_a_part_of_anything_in_both_tiles() -> None:
    speck = Found(
        np.array([[639.99994, 0, 640, 1e-44]], np.float32), np.full(1, 0.9, np.float32), np.zeros(1, np.int64)
    )
    thing = Found(np.array([[600, 300, 620, 320]], np.float32), np.full(1, 0.5, np.float32), np.zeros(1, np.int64))
    tiles = [
        seen((0.0, 0.0, 640.0, 640.0), speck, (1152, 640), 10.0),
        seen((512.0, 0.0, 1152.0, 640.0), thing, (1152, 640), 10.0),
    ]
    assert rows_of(merged(tiles)) == plainly_merged(tiles, merge.MOST_OVERLAP) == rows_of(thing)
