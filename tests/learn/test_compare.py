"""Old against new: the figures are those of `metrics`, a draw counts a scene as often as it says, the rule refuses."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import imagery
from pipeline.errors import MissionError, ModelError
from pipeline.learn import compare as module
from pipeline.learn.compare import (
    ENOUGH,
    FEWEST,
    IOU,
    Pictures,
    check_not_refused,
    compare,
    ranked,
    refusals,
)
from pipeline.learn.drawn_again import at_equal, draws, weighted_precision
from pipeline.learn.labels import share_of, write_boxes
from pipeline.learn.metrics import Seen, average_precision, recall_at
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


def figures(old: float, new: float, low: float, high: float) -> dict[str, Any]:
    return {"old": old, "new": new, "difference": [low, high]}


def a_set(**changed: Any) -> dict[str, Any]:
    told = {"set": "s", "boxes": {"smoke": ENOUGH, "dust": 0}, "ap": {"smoke": figures(0.5, 0.6, 0, 0.2)},
            "mean_ap": figures(0.5, 0.6, 0.0, 0.2), "false_alarms_at_equal_recall": figures(9, 3, -8, -1)}  # fmt: skip
    return {**told, **changed}


WORSE = figures(0.5, 0.4, -0.2, -0.01)
RISEN = figures(10, 20, 2, 18)


@pytest.mark.parametrize(
    ("changed", "word"),
    [({}, None), ({"mean_ap": WORSE}, "mean AP falls"), ({"mean_ap": figures(0.5, 0.4, -0.2, 0.01)}, None),
     ({"ap": {"smoke": figures(0.5, 0.44, -0.2, 0.1)}}, "AP of smoke"),
     ({"ap": {"smoke": figures(0.5, 0.46, -0.2, 0.1)}}, None),
     ({"ap": {"smoke": WORSE}, "boxes": {"smoke": ENOUGH - 1}}, None),
     ({"false_alarms_at_equal_recall": RISEN}, "rise from 10 to 20"),
     ({"false_alarms_at_equal_recall": figures(10, 20, -1, 18)}, None),
     ({"false_alarms_at_equal_recall": figures(100, 105, 2, 8)}, None),
     ({"boxes": {"smoke": FEWEST - 1}}, "nothing shows")],
)  # fmt: skip
def test_the_rule(changed: dict[str, Any], word: str | None) -> None:
    why = refusals([a_set(**changed)])
    assert (why == []) if word is None else (len(why) == 1 and word in why[0])


def test_one_set_that_got_worse_is_enough() -> None:
    assert len(refusals([a_set(), a_set(mean_ap=WORSE)])) == 1


class Known:
    """A detector that finds the square in a picture, more or less surely, and dreams where it is told to."""

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


def test_refused_weights_are_not_exported(tmp_path: Path) -> None:
    check_not_refused(tmp_path)
    (tmp_path / "compare.json").write_text('{"accepted": true}')
    check_not_refused(tmp_path)
    (tmp_path / "compare.json").write_text('{"accepted": false}')
    with pytest.raises(ModelError, match="was refused"):
        check_not_refused(tmp_path)
