"""Measuring: our own engine over a data set's test pictures and over whole photos in which there is nothing."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline import imagery
from pipeline.detect.yolo import Yolo
from pipeline.errors import MissionError
from pipeline.files import write_json_atomic
from pipeline.learn.dataset import TESTS
from pipeline.learn.labels import box_px, label_path, read_boxes, read_labelled
from pipeline.learn.metrics import Seen, average_precision, recall_at, threshold_at
from pipeline.learn.tiles import CLASSES
from pipeline.types import Box

SCHEMA_VERSION = 1
LEAST_CONFIDENCE = 0.01  # below it nothing is asked for
IOUS = (0.3, 0.5)
RATES = (10.0, 5.0, 2.0, 1.0, 0.5, 0.2, 0.1)  # false alarms a clean photo
Tell = Callable[[str, int, int], None]


@dataclass(slots=True)
class Answers:
    """What is known and what was found in one set of pictures, by class."""

    pictures: int = 0
    truths: dict[str, dict[str, list[Box]]] = field(default_factory=lambda: {c: {} for c in CLASSES})
    seen: dict[str, list[Seen]] = field(default_factory=lambda: {c: [] for c in CLASSES})


@dataclass(frozen=True, slots=True)
class Asked:
    """What a model is asked about: pictures with known boxes by set, and clean photos."""

    sets: dict[str, tuple[Path, ...]]
    clean: tuple[Path, ...] = ()


def asked_of(data: Sequence[Path]) -> Asked:
    """Data sets (a folder of `dataset`, or its data.yaml) and folders of labelled pictures, put together."""
    sets: dict[str, tuple[Path, ...]] = {}
    clean: list[Path] = []
    for given in data:
        folder = given.parent if given.is_file() else given
        if (folder / "lists.json").is_file():
            for name in TESTS:
                sets[name] = sets.get(name, ()) + tuple(folder / line for line in _lines(folder / f"{name}.txt"))
            clean += [Path(line) for line in _lines(folder / "clean.txt")]
        else:
            sets[folder.name] = tuple(p.path for p in read_labelled(folder))
    return Asked({name: paths for name, paths in sets.items() if paths}, tuple(clean))


def _lines(path: Path) -> list[str]:
    try:
        return [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, ValueError) as why:
        raise MissionError(f"{path}: cannot be read; is the data set whole?") from why


def evaluate(model: str, data: Sequence[Path], tell: Tell = lambda stage, done, total: None) -> dict[str, Any]:
    """AP by set and class, false alarms on clean photos, and what is found at a number of them; what eval.json holds.

    Raises ModelError for weights that cannot be used, MissionError and ImageryError for pictures that cannot.
    """
    asked = asked_of(data)
    detector = Yolo(model)
    detector.threshold = LEAST_CONFIDENCE
    answers = {name: _answers(detector, paths, name, tell) for name, paths in asked.sets.items()}
    false = _false_alarms(detector, asked.clean, tell)
    return {
        "schema_version": SCHEMA_VERSION,
        "model": detector.name,
        "digest": detector.digest,
        "sets": {name: _figures(a) for name, a in answers.items()},
        "clean_photos": len(asked.clean),
        "at_false_alarms": [_at(rate, false, asked.clean, answers) for rate in RATES] if asked.clean else [],
    }


def _answers(detector: Yolo, paths: Sequence[Path], name: str, tell: Tell) -> Answers:
    answers = Answers(len(paths))
    for n, path in enumerate(paths, 1):
        image = imagery.decode(imagery.read_bytes(path), path.name)
        picture = path.as_posix()
        for share in read_boxes(label_path_of(path)):
            known = answers.truths[CLASSES[share[0]]].setdefault(picture, [])
            known.append(box_px(share, image.shape[1], image.shape[0]))
        for label, seen in _found(detector, image, picture):
            answers.seen[label].append(seen)
        tell(name, n, len(paths))
    return answers


def label_path_of(picture: Path) -> Path:
    """Labels of a picture of a data set (`images/SET/a.jpg`: `labels/SET/a.txt`) or of a folder of labelled ones."""
    if picture.parent.parent.name == "images":
        return picture.parent.parent.parent / "labels" / picture.parent.name / f"{picture.stem}.txt"
    return label_path(picture)


def _found(detector: Yolo, image: imagery.Image, picture: str) -> list[tuple[str, Seen]]:
    found = [(d.label.split("/")[0], d) for d in detector.find(image, picture)]
    return [(label, (picture, d.confidence, d.box_px)) for label, d in found if label in CLASSES]


def _false_alarms(detector: Yolo, clean: Sequence[Path], tell: Tell) -> list[tuple[str, float]]:
    """(class, confidence) of everything that is found where there is nothing."""
    alarms = []
    for n, path in enumerate(clean, 1):
        image = imagery.decode(imagery.read_bytes(path), path.name)
        alarms += [(label, seen[1]) for label, seen in _found(detector, image, path.as_posix())]
        tell("clean", n, len(clean))
    return alarms


def _figures(answers: Answers) -> dict[str, Any]:
    told: dict[str, Any] = {"pictures": answers.pictures}
    for label in CLASSES:
        truths, seen = answers.truths[label], answers.seen[label]
        boxes = sum(len(b) for b in truths.values())
        ap = {f"ap_{iou:g}": _number(average_precision(seen, truths, iou)) for iou in IOUS}
        told[label] = {"boxes": boxes, **ap}
    return told


def _at(
    rate: float, false: Sequence[tuple[str, float]], clean: Sequence[Path], answers: dict[str, Answers]
) -> dict[str, Any]:
    """The threshold at a number of false alarms a photo, and the recall at IoU 0.3 there, by set and class."""
    threshold = max(LEAST_CONFIDENCE, threshold_at((c for _, c in false), len(clean), rate))
    left = [label for label, c in false if c >= threshold]
    recall = {
        name: {c: _number(recall_at(a.seen[c], a.truths[c], IOUS[0], threshold)) for c in CLASSES}
        for name, a in answers.items()
    }
    return {"asked": rate, "false_alarms": len(left) / len(clean), "threshold": round(threshold, 4),
            "by_class": {c: left.count(c) for c in CLASSES}, "recall": recall}  # fmt: skip


def _number(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 4)


def write_figures(figures: dict[str, Any], folder: Path) -> Path:
    """FOLDER/eval.json; the folder is made."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "eval.json"
    write_json_atomic(path, figures)
    return path
