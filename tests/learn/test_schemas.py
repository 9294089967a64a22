"""What is written of data sets and of models is what docs/schemas says."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from jsonschema import Draft202012Validator, ValidationError

from pipeline import imagery
from pipeline.detect.models import AS_THEY_ARE
from pipeline.learn import compare as comparing
from pipeline.learn import evaluate as asking
from pipeline.learn.breakdown import read_things
from pipeline.learn.dataset import Recipe, build
from pipeline.learn.tiles import CLASSES
from pipeline.types import Box, Detection

Schema = Callable[[str], Draft202012Validator]


class Known:
    """Finds what things.jsonl knows, as surely as it is told to by its name, and one thing more a picture."""

    data: Path

    def __init__(self, model: str) -> None:
        self.name, self.digest, self.threshold = Path(model).stem, "0" * 64, 0.25
        self.calibration: Any = AS_THEY_ARE
        self.labels = CLASSES
        self._things = {(self.data / picture).as_posix(): t for picture, t in read_things(self.data).items()}

    def find(self, image: imagery.Image, frame_id: str) -> tuple[Detection, ...]:
        there = [] if self.name == "bad" else self._things.get(frame_id, [])
        known = [self._one(frame_id, t.label, 0.9, t.box_px) for t in there]
        return (*known, self._one(frame_id, "smoke", 0.6, (0.0, 0.0, 9.0, 9.0)))

    def _one(self, frame_id: str, label: str, confidence: float, box: Box) -> Detection:
        return Detection(frame_id, label, confidence, box, (box[0], box[3]))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("图集 set")
    for flight, seed in (("甲", 1), ("乙", 2)):
        rng = np.random.default_rng(seed)
        image = np.clip(rng.normal((70, 110, 95), 30, (12, 16, 3)), 0, 255).astype(np.uint8)
        path = root / flight / "images" / "p.jpg"
        path.parent.mkdir(parents=True)
        path.write_bytes(imagery.encode_jpeg(np.kron(image, np.ones((20, 20, 1), np.uint8)), 92))
    photos, held_out = (((root / flight).as_posix(),) for flight in ("甲", "乙"))
    return build(Recipe((), photos, held_out, size_px=128, tiles=4, test_tiles=30, seed=3), root / "data").parent


@pytest.fixture(autouse=True)
def known(data: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(Known, "data", data, raising=False)
    for module in (asking, comparing):
        monkeypatch.setattr(module, "Yolo", Known)
    yield


def test_lines_of_things(data: Path, schema: Schema) -> None:
    lines = [json.loads(line) for line in (data / "things.jsonl").read_text("utf-8").splitlines()]
    validator = schema("things")
    for line in lines:
        validator.validate(line)
    assert any(line["things"] for line in lines) and any(not line["things"] for line in lines)
    with pytest.raises(ValidationError):
        validator.validate({"picture": "a.jpg", "things": [{"class": "smoke"}]})


def test_eval_json(data: Path, tmp_path: Path, schema: Schema) -> None:
    path = asking.write_figures(asking.evaluate("known", [data]), tmp_path)
    told = json.loads(path.read_bytes())
    schema("eval").validate(told)
    drawn = told["sets"]["drawn"]
    assert told["clean_photos"] == 1 and told["at_recall"]
    assert any("by" in drawn[label] and drawn[label]["source"]["found"] for label in drawn if label != "pictures")
    with pytest.raises(ValidationError):
        schema("eval").validate({**told, "sets": {"drawn": {"pictures": 1, "smoke": {"boxes": 1}}}})


def test_compare_json_accepted_and_refused(data: Path, schema: Schema) -> None:
    validator = schema("compare")
    for new, accepted in (("good.onnx", True), ("bad.onnx", False)):
        learned = dict.fromkeys(CLASSES, 10)
        told = json.loads(json.dumps(comparing.compare("good.onnx", new, [data], learned=learned)))
        validator.validate(told)
        assert told["accepted"] is accepted
        with pytest.raises(ValidationError):
            validator.validate({**told, "accepted": not accepted})
