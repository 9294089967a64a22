"""Old against new: the figures are those of `metrics`, and a draw counts a scene as often as it says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import imagery
from pipeline.detect.calibration import Calibration
from pipeline.errors import MissionError
from pipeline.learn import compare as module
from pipeline.learn.compare import (
    IOU,
    Pictures,
    compare,
    held_out_boxes,
    ranked,
    scaled,
)
from pipeline.learn.drawn_again import Ranked, at_equal, draws, pooled, weighted_precision
from pipeline.learn.labels import share_of, write_boxes
from pipeline.learn.metrics import Seen, average_precision, recall_at
from pipeline.learn.refusal import FEWEST
from pipeline.learn.tiles import CLASSES
from pipeline.types import Box, Detection

BOX: Box = (10.0, 10.0, 20.0, 20.0)
OFF: Box = (60.0, 60.0, 70.0, 70.0)

one = st.tuples(st.integers(0, 5), st.sampled_from([0.1, 0.3, 0.5, 0.9]), st.booleans())
answers = st.lists(one, max_size=12)
known = st.lists(st.integers(0, 5), min_size=1, max_size=6, unique=True)


def asked(pictures: list[int], copies: Mapping[int, int] | None = None) -> tuple[Pictures, list[str]]:
    """Six pictures, each a scene of its own, a truth in those named; each as often as `copies` says."""
    names = [f"{n}-{k}" for n in range(6) for k in range((copies or {}).get(n, 1) if copies is not None else 1)]
    truths: dict[str, dict[str, list[Box]]] = {c: {} for c in CLASSES}
    truths["smoke"] = {name: [BOX] for name in names if int(name[0]) in pictures}
    return Pictures("x", tuple(map(Path, names)), tuple(n[0] for n in names), truths), names


def seen(told: list[tuple[int, float, bool]], names: list[str]) -> dict[str, list[Seen]]:
    found = [(name, c, BOX if right else OFF) for n, c, right in told for name in names if int(name[0]) == n]
    return {c: found if c == "smoke" else [] for c in CLASSES}


@given(known, answers, st.lists(st.integers(0, 3), min_size=6, max_size=6))
def test_a_draw_is_the_same_as_copies_of_its_scenes(
    truths: list[int], told: list[tuple[int, float, bool]], often: list[int]
) -> None:
    plain, names = asked(truths)
    drawn = weighted_precision(ranked(plain, seen(told, names))["smoke"], np.array([often, [1] * 6], float))
    copied, more = asked(truths, dict(enumerate(often)))
    expected = average_precision(seen(told, more)["smoke"], copied.truths["smoke"], IOU)
    assert drawn[0] == pytest.approx(expected, nan_ok=True)
    assert drawn[1] == pytest.approx(average_precision(seen(told, names)["smoke"], plain.truths["smoke"], IOU))


@given(known, answers, answers, st.sampled_from([0.2, 0.4, 0.95]))
def test_at_equal_false_alarms_and_at_equal_recall(
    truths: list[int], old: list[tuple[int, float, bool]], new: list[tuple[int, float, bool]], threshold: float
) -> None:
    pictures, names = asked(truths)
    models = ranked(pictures, seen(old, names)), ranked(pictures, seen(new, names))
    recall, quiet, false, needed = at_equal(models, threshold, np.ones((1, 6)))[:, 0]
    assert recall == pytest.approx(recall_at(seen(old, names)["smoke"], pictures.truths["smoke"], IOU, threshold))
    assert 0 <= quiet <= 1 and false <= len(old) and needed <= len(new)
    same = at_equal((models[0], models[0]), threshold, np.ones((1, 6)))[:, 0]
    assert same[1] >= same[0] - 1e-12 and same[3] <= same[2]


def test_draws_are_always_the_same_and_hold_as_many_scenes() -> None:
    first, second = draws(7), draws(7)
    assert (first == second).all() and (first.sum(axis=1) == 7).all() and first.shape == (1000, 7)


class Known:
    """A detector that finds the square in a picture, more or less surely, and dreams where it is told to."""

    labels: tuple[str, ...] = ("smoke/straw",)

    def __init__(self, path: str) -> None:
        self.name = Path(path).stem
        self.digest, self.threshold = "0" * 64, 0.25

    def find(self, image: imagery.Image, frame_id: str) -> tuple[Detection, ...]:
        number = int(Path(frame_id).stem)
        sees = number % 4 == 1 or (number % 2 == 1 and self.name in ("good", "crier"))
        found = [Detection(frame_id, "smoke/straw", 0.9, BOX, (0.0, 0.0))] if sees else []
        if "clean" in frame_id:
            sees = False
        dreaming = (self.name == "bad" and number % 2) or (self.name == "crier" and "clean" in frame_id)
        dreams = [Detection(frame_id, "smoke", 0.95, OFF, (0.0, 0.0))] if dreaming else []
        return tuple([*found, *dreams])


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data set of 40 pictures in twenty scenes, a source in half of them."""
    entries = []
    for n in range(40):
        picture = tmp_path / "data" / "images" / "real" / f"{n}.jpg"
        labels = tmp_path / "data" / "labels" / "real" / f"{n}.txt"
        for path in (picture, labels):
            path.parent.mkdir(parents=True, exist_ok=True)
        picture.write_bytes(imagery.encode_jpeg(np.full((80, 80, 3), 9, np.uint8)))
        write_boxes(labels, [share_of(0, BOX, 80, 80)] if n % 2 else [])
        entries.append({"set": "real", "picture": f"images/real/{n}.jpg", "scene": n // 2})
    folder = tmp_path / "data"
    (folder / "lists.json").write_text(json.dumps({"pictures": entries}))
    (folder / "real.txt").write_text("".join(f"./{e['picture']}\n" for e in entries))
    for name in ("drawn.txt", "clean.txt"):
        (folder / name).write_text("")
    return folder


@pytest.fixture
def known_models(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "Yolo", Known)


@pytest.mark.usefixtures("known_models")
def test_a_better_model_is_accepted_and_a_worse_one_refused(data: Path) -> None:
    told = compare("mean.onnx", "good.onnx", [data])
    assert told["accepted"] and told["sets"][0]["scenes"] == 20
    assert told["sets"][0]["mean_ap"]["new"] > told["sets"][0]["mean_ap"]["old"]
    back = compare("good.onnx", "bad.onnx", [data])
    assert not back["accepted"] and any("mean AP falls" in r for r in back["reasons"])
    assert compare("good.onnx", "good.onnx", [data])["accepted"]
    assert compare("good.onnx", "bad.onnx", [data]) == back


@pytest.mark.usefixtures("known_models")
def test_a_model_that_cries_wolf_on_clean_photos_is_refused(data: Path) -> None:
    clean = [data.parent / "clean" / f"{n}.jpg" for n in range(20)]
    for path in clean:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(imagery.encode_jpeg(np.full((80, 80, 3), 200, np.uint8)))
    assert compare("good.onnx", "crier.onnx", [data])["accepted"]
    (data / "clean.txt").write_text("".join(f"{p.as_posix()}\n" for p in clean))
    told = compare("good.onnx", "crier.onnx", [data])
    assert not told["accepted"] and any("false alarms at the same recall rise" in r for r in told["reasons"])
    assert compare("good.onnx", "good.onnx", [data])["accepted"]


@pytest.mark.usefixtures("known_models")
def test_with_nothing_held_out_there_is_nothing_to_say(data: Path) -> None:
    (data / "real.txt").write_text("")
    with pytest.raises(MissionError, match="nothing is held out"):
        compare("good.onnx", "good.onnx", [data])


@pytest.mark.usefixtures("known_models")
def test_a_class_beyond_ours_is_one_sentence(data: Path) -> None:
    (data / "labels" / "real" / "1.txt").write_text("4 0.5 0.5 0.1 0.1\n")
    with pytest.raises(MissionError, match=r"1\.txt: a class beyond 3"):
        compare("good.onnx", "good.onnx", [data])


@pytest.mark.usefixtures("known_models")
def test_what_was_not_asked_about_is_named_and_refused_unless_it_was_learned_from(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Known, "labels", ("smoke/straw", "dust", "person", ""))
    told = compare("good.onnx", "good.onnx", [data])
    assert told["not_asked"] == ["dust"] and not told["accepted"]
    (why,) = told["reasons"]
    assert "of dust 0 boxes are held out and 0 are learned from" in why and "--rehearse DATA" in why
    rehearsed = compare("good.onnx", "good.onnx", [data], learned={"dust": FEWEST})
    assert rehearsed["accepted"] and rehearsed["not_asked"] == ["dust"]
    assert rehearsed["classes"]["dust"]["learned"] == FEWEST


@pytest.mark.usefixtures("known_models")
def test_a_class_is_told_over_all_sets_together(data: Path) -> None:
    told = compare("mean.onnx", "good.onnx", [data, data])
    one, smoke = told["sets"][0], told["classes"]["smoke"]
    assert smoke["boxes"] == 2 * one["boxes"]["smoke"] == held_out_boxes([data, data])["smoke"]
    assert (smoke["ap"]["old"], smoke["ap"]["new"]) == (one["ap"]["smoke"]["old"], one["ap"]["smoke"]["new"])
    (low, high), (less, more) = smoke["ap"]["difference"], one["ap"]["smoke"]["difference"]
    assert less < low < high < more  # twice as many witnesses


def test_the_old_model_speaks_where_each_of_its_classes_does() -> None:
    of = Ranked(np.array([0.9, 0.4, 0.2]), np.array([False] * 3), np.zeros(3, np.int64), np.ones(1))
    calibration = Calibration((("dust", ((0.0, 0.0), (0.8, 0.1), (1.0, 1.0))),))
    on_a_scale = scaled({"smoke": of, "dust": of}, calibration)
    nothing = {c: Ranked(of.confidence[:0], of.right[:0], of.scene[:0], np.ones(1)) for c in ("smoke", "dust")}
    false = at_equal((on_a_scale, nothing), 0.3, np.ones((1, 1)))[2, 0]
    assert false == 3  # smoke at 0.9 and 0.4, dust at 0.9 alone


def of(confidences: list[float], right: list[bool], truths: int = 2) -> dict[str, Ranked]:
    scene = np.zeros(len(right), np.int64)
    return {"smoke": Ranked(np.array(confidences, float), np.array(right, bool), scene, np.array([float(truths)]))}


def test_answers_of_one_confidence_are_told_together() -> None:
    old = of([0.9, 0.8], [True, False])
    for new in (of([0.5, 0.5], [True, False]), of([0.5, 0.5], [False, True])):
        assert at_equal((old, new), 0.3, np.ones((1, 1)))[:, 0].tolist() == [0.5, 0.5, 1, 1]
    strict = of([0.9], [True])
    assert at_equal((strict, of([0.5, 0.5], [True, False])), 0.3, np.ones((1, 1)))[1, 0] == 0


@pytest.mark.parametrize(
    ("new", "alarms"),
    [(of([0.9, 0.8, 0.2], [False, False, False]), 2), (of([0.9, 0.8, 0.7], [False, True, False]), 1), (of([], []), 0)],
)
def test_where_the_old_model_finds_nothing_the_new_one_may_not_cry_first(new: dict[str, Ranked], alarms: int) -> None:
    for old in (of([], []), of([0.5], [False])):
        assert at_equal((old, new), 0.3, np.ones((1, 1)))[3, 0] == alarms


def test_sets_are_drawn_by_themselves_and_a_draw_without_a_box_does_not_count() -> None:
    assert (draws(7, 1) != draws(7)).any()
    a, b = np.array([0.5, np.nan, np.nan]), np.array([0.2, 0.2, np.nan])
    assert pooled([a, b], [10, 20]) == pytest.approx([0.3, 0.2, np.nan], nan_ok=True)
    assert np.isnan(pooled([], [])).all()
