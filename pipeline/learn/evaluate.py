"""Measuring: our own engine over a data set's test pictures and over whole photos in which there is nothing."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from pipeline import imagery
from pipeline.detect.models import AS_THEY_ARE, DEFAULT_THRESHOLD
from pipeline.detect.yolo import Yolo
from pipeline.errors import MissionError
from pipeline.files import write_json_atomic
from pipeline.learn.breakdown import Find, Truth, breakdown, read_things, size_of, source_distances
from pipeline.learn.dataset import TESTS
from pipeline.learn.labels import box_px, label_path, read_boxes, read_labelled
from pipeline.learn.metrics import Seen, average_precision, matched, recall_at, threshold_at
from pipeline.learn.tiles import CLASSES
from pipeline.types import Box

SCHEMA_VERSION = 1
LEAST_CONFIDENCE = 0.01  # raw score below which nothing is asked for
IOUS = (0.3, 0.5)
RECALL = 0.8  # at which false alarms are told, too
RATES = (10.0, 5.0, 2.0, 1.0, 0.5, 0.2, 0.1)  # false alarms a clean photo
Tell = Callable[[str, int, int], None]


@dataclass(slots=True)
class Answers:
    """What is known and what was found in one set of pictures, by class."""

    pictures: int = 0
    truths: dict[str, list[Truth]] = field(default_factory=lambda: {c: [] for c in CLASSES})
    found: dict[str, list[Find]] = field(default_factory=lambda: {c: [] for c in CLASSES})

    def seen(self, label: str) -> list[Seen]:
        """The finds of a class as `metrics` takes them."""
        return [find[:3] for find in self.found[label]]

    def boxes(self, label: str) -> dict[str, list[Box]]:
        """Picture -> the boxes that are known in it."""
        known: dict[str, list[Box]] = {}
        for truth in self.truths[label]:
            known.setdefault(truth.picture, []).append(truth.box_px)
        return known


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
            sets[folder.name] = sets.get(folder.name, ()) + tuple(p.path for p in read_labelled(folder))
    return Asked({name: paths for name, paths in sets.items() if paths}, tuple(clean))


def _lines(path: Path) -> list[str]:
    try:
        return [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, ValueError) as why:
        raise MissionError(f"{path}: cannot be read; is the data set whole?") from why


@dataclass(frozen=True, slots=True)
class Measured:
    """Everything that was asked and answered: what eval.json, the sheets and the calibration are made from."""

    model: str
    digest: str
    threshold: float
    raw: bool  # the scores are the network's own
    least: float  # confidence below which nothing was asked for
    answers: dict[str, Answers]
    alarms: tuple[tuple[str, Find], ...]  # (class, find) where there is nothing
    clean: tuple[Path, ...]


def evaluate(model: str, data: Sequence[Path], tell: Tell = lambda stage, done, total: None) -> dict[str, Any]:
    """`measured` and its `figures` in one."""
    return figures(measure(model, data, tell))


def measure(
    model: str, data: Sequence[Path], tell: Tell = lambda stage, done, total: None, raw: bool = False
) -> Measured:
    """Ask a model about every test picture and clean photo; `raw`: without the registry's calibration.

    Raises ModelError for weights that cannot be used, MissionError and ImageryError for pictures that cannot.
    """
    asked = asked_of(data)
    detector = Yolo(model)
    threshold = DEFAULT_THRESHOLD if raw else detector.threshold
    if raw:
        if not asked.clean:
            raise MissionError("--calibrate wants clean photos, which a data set with --held-out photos has")
        detector.calibration = AS_THEY_ARE
    detector.threshold = detector.calibration.least_confidence(LEAST_CONFIDENCE)
    facts = {
        (folder / picture).as_posix(): t for folder in _folders(data) for picture, t in read_things(folder).items()
    }
    answers = {name: _answers(detector, paths, name, facts, tell) for name, paths in asked.sets.items()}
    alarms = _false_alarms(detector, asked.clean, tell)
    return Measured(detector.name, detector.digest, threshold, raw, detector.threshold, answers, alarms, asked.clean)


def figures(told: Measured) -> dict[str, Any]:
    """AP by set and class, false alarms on clean photos and what is found at a number of them: eval.json."""
    return {
        "schema_version": SCHEMA_VERSION,
        "model": told.model,
        "digest": told.digest,
        "threshold": told.threshold,
        "raw_scores": told.raw,
        "sets": {name: _figures(a, told.threshold) for name, a in told.answers.items()},
        "clean_photos": len(told.clean),
        "at_false_alarms": [_at(rate, told) for rate in RATES] if told.clean else [],
        "at_recall": [_at_recall(name, label, told) for name in told.answers for label in CLASSES]
        if told.clean
        else [],
    }


def _folders(data: Sequence[Path]) -> list[Path]:
    return [given.parent if given.is_file() else given for given in data]


def _answers(
    detector: Yolo, paths: Sequence[Path], name: str, facts: Mapping[str, Sequence[Truth]], tell: Tell
) -> Answers:
    answers = Answers(len(paths))
    for n, path in enumerate(paths, 1):
        image = imagery.decode(imagery.read_bytes(path), path.name)
        picture = path.as_posix()
        for truth in facts[picture] if picture in facts else _labelled(path, image):
            if truth.label in CLASSES:
                answers.truths[truth.label].append(replace(truth, picture=picture))
        for label, find in _found(detector, image, picture):
            answers.found[label].append(find)
        tell(name, n, len(paths))
    return answers


def _labelled(path: Path, image: imagery.Image) -> list[Truth]:
    """What a picture's label file knows: boxes alone."""
    height, width = image.shape[:2]
    shares = read_boxes(label_path_of(path))
    if any(s[0] >= len(CLASSES) for s in shares):
        raise MissionError(f"{label_path_of(path)}: a class beyond {len(CLASSES) - 1}; there are {', '.join(CLASSES)}")
    return [
        Truth("", CLASSES[s[0]], box_px(s, width, height), size_px=size_of(box_px(s, width, height))) for s in shares
    ]


def label_path_of(picture: Path) -> Path:
    """Labels of a picture of a data set (`images/SET/a.jpg`: `labels/SET/a.txt`) or of a folder of labelled ones."""
    if picture.parent.parent.name == "images":
        return picture.parent.parent.parent / "labels" / picture.parent.name / f"{picture.stem}.txt"
    return label_path(picture)


def _found(detector: Yolo, image: imagery.Image, picture: str) -> list[tuple[str, Find]]:
    found = [(d.label.split("/")[0], d) for d in detector.find(image, picture)]
    return [(label, (picture, d.confidence, d.box_px, d.point_px)) for label, d in found if label in CLASSES]


def _false_alarms(detector: Yolo, clean: Sequence[Path], tell: Tell) -> tuple[tuple[str, Find], ...]:
    """(class, find) of everything that is found where there is nothing."""
    alarms: list[tuple[str, Find]] = []
    for n, path in enumerate(clean, 1):
        image = imagery.decode(imagery.read_bytes(path), path.name)
        alarms += _found(detector, image, path.as_posix())
        tell("clean", n, len(clean))
    return tuple(alarms)


def _figures(answers: Answers, threshold: float) -> dict[str, Any]:
    told: dict[str, Any] = {"pictures": answers.pictures}
    for label in CLASSES:
        seen, truths = answers.seen(label), answers.truths[label]
        ap = {f"ap_{iou:g}": _number(average_precision(seen, answers.boxes(label), iou)) for iou in IOUS}
        told[label] = {"boxes": len(truths), **ap}
        if any(t.source_px is not None for t in truths):
            told[label]["source"] = source_distances(answers.found[label], truths, threshold)
            told[label]["by"] = breakdown(seen, truths, IOUS[0])
    return told


def _at(rate: float, told: Measured) -> dict[str, Any]:
    """The threshold at a number of false alarms a photo, and the recall at IoU 0.3 there, by set and class."""
    false = [find[1] for _, find in told.alarms]
    threshold = max(told.least, threshold_at(false, len(told.clean), rate))
    left = [label for label, find in told.alarms if find[1] >= threshold]
    recall = {
        name: {c: _number(recall_at(a.seen(c), a.boxes(c), IOUS[0], threshold)) for c in CLASSES}
        for name, a in told.answers.items()
    }
    return {"asked": rate, "false_alarms": len(left) / len(told.clean), "threshold": round(threshold, 4),
            "by_class": {c: left.count(c) for c in CLASSES}, "recall": recall}  # fmt: skip


def _at_recall(name: str, label: str, told: Measured) -> dict[str, Any]:
    """The false alarms of a class a photo at the highest threshold that finds `RECALL` of it in a set."""
    answers = told.answers[name]
    confidences, right = matched(answers.seen(label), answers.boxes(label), IOUS[0])
    wanted = math.ceil(RECALL * len(answers.truths[label]))
    hits = np.flatnonzero(right)
    row: dict[str, Any] = {"set": name, "class": label, "recall": RECALL, "threshold": None, "false_alarms": None}
    if not wanted or len(hits) < wanted:
        return row
    threshold = float(confidences[hits[wanted - 1]])
    left = sum(find[1] >= threshold for c, find in told.alarms if c == label)
    return {**row, "threshold": round(threshold, 4), "false_alarms": round(left / len(told.clean), 4)}


def _number(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 4)


def write_figures(told: dict[str, Any], folder: Path) -> Path:
    """FOLDER/eval.json; the folder is made."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "eval.json"
    write_json_atomic(path, told)
    return path
