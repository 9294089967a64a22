"""No scene lies in both halves."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import MissionError
from pipeline.learn.scene_table import SceneTable, read_scene_table
from pipeline.learn.scenes import AKIN, ALIKE, NEAR, SIDE_PX, held_out, scenes, sequence_of, thinned

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


def akin(correlation: float, count: int) -> np.ndarray:
    """Thumbnails of which each has one correlation with the one before it, and none with the others."""
    seen = np.zeros((count, SIDE_PX * SIDE_PX), np.float32)
    share = (1 - (1 - 4 * correlation**2) ** 0.5) / 2
    for i in range(count):
        seen[i, [i, i + 1]] = (1 - share) ** 0.5, share**0.5
    return seen


def test_neighbours_in_a_sequence_are_one_scene() -> None:
    paths = named("img_1", f"img_{1 + NEAR}", f"img_{2 + 2 * NEAR}", "other_2")
    assert scenes(paths, akin(1.1 * AKIN, 4)) == [[0, 1], [2], [3]]


def test_neighbours_by_number_that_look_nothing_alike_are_of_two_films() -> None:
    assert scenes(named("img_1", "img_2", "img_3"), akin(0.9 * AKIN, 3)) == [[0], [1], [2]]


def test_eyes_join_and_part_what_the_rule_cannot_tell() -> None:
    paths = named("a_mp4-1", "a_mp4-2", "b_mp4-1", "b_mp4-2", "c", "d")
    seen = thumbs(6)
    seen[4] = seen[0]
    assert scenes(paths, seen) == [[0, 1, 4], [2, 3], [5]]
    table = SceneTable(joins=(("a_mp4-2.jpg", "images/b_mp4-1.jpg"),), apart=(("c.jpg", "d.jpg"),))
    assert scenes(paths, seen, table) == [[0, 1, 2, 3], [4], [5]]


def test_what_is_joined_by_eye_is_joined_over_a_border_too() -> None:
    paths = named("a", "b")
    assert scenes(paths, thumbs(2), SceneTable(joins=(("a.jpg", "b.jpg"),), apart=(("a.jpg",),))) == [[0, 1]]


@pytest.mark.parametrize("name", ["x.jpg", "mages/a.jpg", "a.JPG", "a.jpg/", "*"])
def test_a_name_that_fits_no_picture_is_told(name: str) -> None:
    with pytest.raises(MissionError, match="fits 0 pictures"):
        scenes(named("a", "b"), thumbs(2), SceneTable(joins=((name, "b.jpg"),)))


def test_a_name_that_fits_two_pictures_is_told() -> None:
    with pytest.raises(MissionError, match="fits 2 pictures"):
        SceneTable(left_out=("a.jpg",)).kept([Path("x/a.jpg"), Path("y/a.jpg")])


def test_a_table_is_read_as_it_was_meant(tmp_path: Path) -> None:
    path = tmp_path / "场景 scenes.toml"
    path.write_text('joins = [["a.jpg", "烟/b.jpg"]]\nleft_out = ["c.jpg"]\n', encoding="utf-8")
    table = read_scene_table(path)
    assert table == SceneTable(joins=(("a.jpg", "烟/b.jpg"),), left_out=("c.jpg",))
    assert table.kept([Path("a.jpg"), Path("c.jpg"), Path("b.jpg")]) == [0, 2]


@pytest.mark.parametrize(
    "text",
    ["joins = ", "joins = 3", "joins = ['a']", "joins = [[3]]", "apart = [['']]", "left_out = 'a'", "left = []", "\x00",
     "joins = " + "[" * 5000],
)  # fmt: skip
def test_a_table_that_is_none_is_refused_in_one_sentence(tmp_path: Path, text: str) -> None:
    path = tmp_path / "t.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(MissionError, match=r"t\.toml"):
        read_scene_table(path)


def test_no_table_at_all_is_told(tmp_path: Path) -> None:
    with pytest.raises(MissionError, match="cannot be read"):
        read_scene_table(tmp_path / "none.toml")


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
