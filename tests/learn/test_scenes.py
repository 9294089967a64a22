"""No scene lies in both halves."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.learn.scenes import ALIKE, NEAR, SIDE_PX, held_out, scenes, sequence_of, thinned

RNG = np.random.default_rng(3)


def thumbs(count: int) -> np.ndarray:
    """Thumbnails unlike each other."""
    raw = RNG.normal(size=(count, SIDE_PX * SIDE_PX)).astype(np.float32)
    return raw / np.linalg.norm(raw, axis=1, keepdims=True)


def named(*names: str) -> list[Path]:
    return [Path("images") / f"{name}.jpg" for name in names]


@pytest.mark.parametrize(
    ("name", "sequence"),
    [
        ("img_12_jpg.rf.0a1b2c", ("img_", 12)),
        ("smoke2_mp4-7_jpg.rf.ff", ("smoke2_mp4-", 7)),
        ("pexels-a-8365993_mp4-16_jpg.rf.0", ("pexels-a-_mp4-", 16)),
        ("烟雾_0003", ("烟雾_", 3)),
        ("no number", ("", 0)),
        ("9" * 40, ("", 0)),
    ],
)
def test_sequence(name: str, sequence: tuple[str, int]) -> None:
    assert sequence_of(Path(f"{name}.jpg")) == sequence


def test_frames_of_a_video_are_one_scene_however_far_apart() -> None:
    paths = named("a_mp4-1_jpg", "a_mp4-900_jpg", "b_mp4-2_jpg")
    assert scenes(paths, thumbs(3)) == [[0, 1], [2]]


def test_neighbours_in_a_sequence_are_one_scene() -> None:
    paths = named("img_1", f"img_{1 + NEAR}", f"img_{2 + 2 * NEAR}", "other_2")
    assert scenes(paths, thumbs(4)) == [[0, 1], [2], [3]]


def test_pictures_that_look_alike_are_one_scene_whatever_their_names() -> None:
    seen = thumbs(3)
    seen[2] = seen[0] * ALIKE + seen[1] * (1 - ALIKE**2) ** 0.5 * 0.9
    seen[2] /= np.linalg.norm(seen[2])
    assert scenes(named("x", "y", "z"), seen) == [[0, 2], [1]]


def test_likeness_is_found_across_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.learn.scenes.BLOCK", 2)
    seen = thumbs(7)
    seen[6] = seen[1]
    assert [1, 6] in scenes(named(*"abcdefg"), seen)


sizes = st.lists(st.integers(1, 9), min_size=1, max_size=20)


@given(sizes, st.floats(0.05, 0.5), st.integers(0, 100))
def test_whole_scenes_are_held_out_by_seed_alone(counts: list[int], share: float, seed: int) -> None:
    bounds = np.cumsum([0, *counts])
    groups = [list(range(a, b)) for a, b in pairwise(bounds)]
    paths = named(*(f"p{i:03d}" for i in range(int(bounds[-1]))))
    test = held_out(groups, paths, share, seed)
    assert all(set(g) <= test or not set(g) & test for g in groups)
    assert len(test) <= 1.5 * share * len(paths)
    assert held_out(groups[::-1], paths, share, seed) == test


def test_another_seed_holds_out_others() -> None:
    groups = [[i] for i in range(40)]
    paths = named(*(f"p{i}" for i in range(40)))
    assert held_out(groups, paths, 0.3, 1) != held_out(groups, paths, 0.3, 2)


def test_thinned_keeps_one_of_those_that_look_the_same() -> None:
    seen = thumbs(4)
    seen[3] = seen[1]
    assert thinned([0, 1, 2, 3], seen) == [0, 1, 2]
    assert thinned([3, 2, 1], seen) == [3, 2]
