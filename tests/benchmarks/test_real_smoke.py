"""The folds of real smoke: each picture is asked about once, by weights that saw nothing of its scene. No torch."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks.real_smoke import TABLE, Wish, arguments, check_same, gather, rehearsed, summary, table, wish_of
from pipeline import imagery
from pipeline.learn.labels import read_labelled
from pipeline.learn.scene_table import indices, read_scene_table
from pipeline.learn.scenes import fold_of, scenes, thumbnails

FOLDS = 3


@pytest.fixture(scope="module")
def smoke(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seven films of two frames, a picture that was drawn, and a table that says which two films are one scene."""
    root = tmp_path_factory.mktemp("烟雾 smoke")
    (root / "images").mkdir()
    (root / "labels").mkdir()
    for n, name in enumerate([*(f"{film}_mp4-{k}" for film in "abcdefg" for k in (1, 2)), "drawn"]):
        coarse = np.random.default_rng(n).integers(20, 220, (6, 6, 3)).astype(np.uint8)
        picture = cv2.resize(coarse, (96, 96), interpolation=cv2.INTER_NEAREST)
        (root / "images" / f"{name}.jpg").write_bytes(imagery.encode_jpeg(picture, 90))
        (root / "labels" / f"{name}.txt").write_text("0 0.5 0.5 0.5 0.5\n")
    text = 'joins = [["a_mp4-1.jpg", "b_mp4-2.jpg"]]\nleft_out = ["images/drawn.jpg"]\n'
    (root / "scenes.toml").write_text(text, encoding="utf-8")
    (root / "base.safetensors").write_bytes(b"no weights")
    return root


def wish(smoke: Path, *more: str) -> Wish:
    given = ["--base", str(smoke / "base.safetensors"), "-o", "out", "--scenes", str(smoke / "scenes.toml")]
    return wish_of(arguments().parse_args([str(smoke), "--folds", str(FOLDS), *given, *more]))


def entries(data: Path) -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads((data / "lists.json").read_bytes())["pictures"]
    return found


def test_folds_ask_about_every_picture_once_and_learn_from_no_scene_they_ask_about(smoke: Path, tmp_path: Path) -> None:
    asked = []
    for number in range(1, FOLDS + 1):
        gather(number, wish(smoke), tmp_path / str(number))
        told = entries(tmp_path / str(number))
        films = {name: {Path(e["from"]).name[0] for e in told if e["set"] == name} for name in ("train", "real")}
        assert films["train"] and films["real"] and not films["train"] & films["real"]
        assert len(films["real"] & {"a", "b"}) in (0, 2)
        assert {e["set"] for e in told} == {"train", "real"}
        asked += [Path(e["from"]).name for e in told if e["set"] == "real"]
    assert sorted(asked) == sorted(f"{film}_mp4-{k}.jpg" for film in "abcdefg" for k in (1, 2))


def test_a_fold_learns_from_its_own_as_often_as_asked_from_others_and_from_nothing(smoke: Path, tmp_path: Path) -> None:
    nothing, other = tmp_path / "nothing", tmp_path / "other"
    nothing.mkdir()
    (nothing / "n.jpg").write_bytes(imagery.encode_jpeg(np.full((64, 64, 3), 90, np.uint8), 90))
    other.mkdir()
    (other / "train.txt").write_text("".join(f"./images/train/{k}.jpg\n" for k in range(10)), encoding="utf-8")
    more = ("--repeat", "3", "--negatives", str(nothing), "--rehearse", str(other), "--rehearse-tiles", "4")
    gather(1, wish(smoke, *more), tmp_path / "data")
    lines = (tmp_path / "data" / "train.txt").read_text(encoding="utf-8").splitlines()
    learned = [e for e in entries(tmp_path / "data") if e["set"] == "train"]
    assert len(lines) == 3 * (len(learned) - 1) + 1 + 4
    assert [Path(line).stem for line in lines[-4:]] == ["0", "2", "5", "7"]
    assert all(Path(line).is_absolute() for line in lines[-4:])
    assert "boxes" in learned[-1] and not learned[-1]["boxes"]


def test_rehearsal_is_taken_evenly_and_whole_where_it_is_small(tmp_path: Path) -> None:
    (tmp_path / "train.txt").write_text("".join(f"./{k}.jpg\n" for k in range(1000)), encoding="utf-8")
    told = [int(Path(line).stem) for line in rehearsed(tmp_path, 300)]
    assert len(told) == len(set(told)) == 300
    assert set(np.diff(told)) <= {3, 4}
    assert len(rehearsed(tmp_path, None)) == len(rehearsed(tmp_path, 5000)) == 1000


def test_other_options_want_another_folder(smoke: Path, tmp_path: Path) -> None:
    check_same(wish(smoke), tmp_path / "1")
    check_same(wish(smoke, "--threads", "7"), tmp_path / "1")
    with pytest.raises(SystemExit, match="other options"):
        check_same(wish(smoke, "--epochs", "9"), tmp_path / "1")


def test_mean_and_range_over_folds() -> None:
    rows = [{"fold": k, "pictures": 10, "boxes": 9, "ap_0.3": ap, "ap_0.5": ap / 2} for k, ap in ((1, 0.8), (2, 0.4))]
    told = summary(rows)
    assert told["ap_0.3"] == {"mean": 0.6, "least": 0.4, "most": 0.8}
    assert told["ap_0.5"]["mean"] == pytest.approx(0.3)
    assert "mean" in table(told) and "0.600" in table(told)


def test_folds_of_the_shared_sets_hold_every_picture_but_those_left_out_once(
    real_data: Callable[[str], Path],
) -> None:
    every = [p.path for p in read_labelled(real_data("smoke"))]
    told = read_scene_table(TABLE)
    paths = [every[i] for i in told.kept(every)]
    assert len(every) - len(paths) == len(told.left_out) == 16
    groups = scenes(paths, thumbnails(paths), told)
    parts = [fold_of(groups, paths, (k, 5), 1) for k in range(1, 6)]
    assert sorted(i for part in parts for i in part) == list(range(len(paths)))
    assert all(set(group) <= part or not set(group) & part for group in groups for part in parts)
    assert all(any(set(joined) <= set(group) for group in groups) for joined in told.joined(paths))
    (alone,) = indices(told.apart[0], paths)
    assert [alone] in groups
    assert max(len(part) for part in parts) < 1.2 * min(len(part) for part in parts)
