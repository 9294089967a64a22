"""Two models on the same held-out pictures, and what became of the new one. Needs no torch.

Both answer through our own engine, in tiles as weights that are in no registry, and with the confidences of the network
itself. A set is told apart from the others, so that what was forgotten shows even where something else was learned. Of
each: average precision at IoU 0.3 by class and its mean over the classes that are there; the recall at as many false
alarms as the old model raises at its own threshold; and the false alarms at the recall that the old model has there.
For the last two the answers of both are put on the scale of the old model's calibration, so that it speaks where each
of its classes does in use. A data set's clean photos are asked in each of its sets, as pictures with nothing in them.
Of each class also all sets together: their average precisions, each as heavy as its boxes are many.

How sure the differences are: the pictures are drawn again by whole scenes (`drawn_again`), `ROUNDS` times; an interval
holds `INSIDE` of the draws.

The rule by which the new one is refused is in `refusal`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from pipeline import imagery
from pipeline.detect.calibration import Calibration
from pipeline.detect.models import Model, find_model
from pipeline.detect.yolo import Yolo
from pipeline.errors import MissionError
from pipeline.learn.drawn_again import ROUNDS, Array, Ranked, at_equal, draws, mean_of, pooled, precisions
from pipeline.learn.evaluate import IOUS, LEAST_CONFIDENCE, asked_of, label_path_of
from pipeline.learn.labels import box_px, read_boxes
from pipeline.learn.metrics import Seen, matched
from pipeline.learn.refusal import not_asked, refusals
from pipeline.learn.tiles import CLASSES
from pipeline.types import Box

SCHEMA_VERSION = 1
IOU = IOUS[0]
INSIDE = 0.9
Tell = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Pictures:
    """What is asked in one set: pictures, the scene of each, and what is known in them by class."""

    name: str
    paths: tuple[Path, ...]
    scenes: tuple[str, ...]
    truths: Mapping[str, Mapping[str, Sequence[Box]]]  # class -> picture -> boxes

    def boxes(self, label: str) -> int:
        """How many boxes of a class are known."""
        return sum(len(b) for b in self.truths[label].values())


def compare(
    old: str,
    new: str,
    data: Sequence[Path],
    tell: Tell = lambda stage, done, total: None,
    learned: Mapping[str, int] | None = None,
) -> dict[str, Any]:
    """What compare.json holds; `accepted` and `reasons` say what became of the new model.

    `learned`: how many boxes of each class the new model learned from. Raises ModelError for weights that cannot be
    used, MissionError where nothing is held out.
    """
    sets = [s for given in data for s in asked_in(given)]
    if not sets:
        raise MissionError("nothing is held out: there is nothing to compare the models on")
    told_of = find_model(old)
    models = {"old": Yolo(str(told_of.path)), "new": Yolo(new)}
    found = {which: [_answers(model, s, tell) for s in sets] for which, model in models.items()}
    figures = [_figures(s, found["old"][n], found["new"][n], told_of, n) for n, s in enumerate(sets)]
    boxes, learned = _boxes(sets), {c: (learned or {}).get(c, 0) for c in CLASSES}
    told = {
        "schema_version": SCHEMA_VERSION,
        "old": {"model": models["old"].name, "digest": models["old"].digest, "threshold": told_of.threshold},
        "new": {"model": models["new"].name, "digest": models["new"].digest},
        "iou": IOU, "rounds": ROUNDS, "inside": INSIDE,
        "sets": [_told(f) for f in figures],
        "classes": {c: {"boxes": boxes[c], "learned": learned[c], "ap": _together(c, figures)} for c in CLASSES},
        "not_asked": not_asked(known_classes(models["old"].labels), boxes),
    }  # fmt: skip
    reasons = refusals(told)
    return {**told, "accepted": not reasons, "reasons": reasons}


def known_classes(labels: Iterable[str]) -> list[str]:
    """Which of our classes a model with these labels tells."""
    told = {label.split("/")[0] for label in labels}
    return [c for c in CLASSES if c in told]


def held_out_boxes(data: Sequence[Path]) -> dict[str, int]:
    """How many boxes of each class will be asked about; raises MissionError and ImageryError for what is damaged."""
    return _boxes([s for given in data for s in asked_in(given)])


def _boxes(sets: Sequence[Pictures]) -> dict[str, int]:
    return {c: sum(s.boxes(c) for s in sets) for c in CLASSES}


def asked_in(given: Path) -> list[Pictures]:
    """The held-out pictures of a data set or a labelled folder, by set, each with the clean photos beside them."""
    asked = asked_of([given])
    folder = given.parent if given.is_file() else given
    scenes = _scenes(folder)
    return [_pictures(f"{folder.name}/{name}", p, asked.clean, scenes, folder) for name, p in asked.sets.items()]


def _scenes(folder: Path) -> dict[str, str]:
    """Picture -> its scene, or what it was drawn over, as lists.json tells."""
    path = folder / "lists.json"
    if not path.is_file():
        return {}
    try:
        entries = json.loads(imagery.read_bytes(path))["pictures"]
        return {e["picture"]: str(e.get("scene", e.get("background", e.get("from", e["picture"])))) for e in entries}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as why:
        raise MissionError(f"{path}: damaged ({type(why).__name__})") from why


def _pictures(
    name: str, paths: Sequence[Path], clean: Sequence[Path], scenes: Mapping[str, str], folder: Path
) -> Pictures:
    truths: dict[str, dict[str, list[Box]]] = {c: {} for c in CLASSES}
    for path in paths:
        shares = read_boxes(label_path_of(path))
        if not shares:
            continue
        if any(share[0] >= len(CLASSES) for share in shares):
            there = ", ".join(CLASSES)
            raise MissionError(f"{label_path_of(path)}: a class beyond {len(CLASSES) - 1}; there are {there}")
        height, width = imagery.decode(imagery.read_bytes(path), path.name).shape[:2]
        for share in shares:
            truths[CLASSES[share[0]]].setdefault(path.as_posix(), []).append(box_px(share, width, height))
    every = (*paths, *clean)
    told = tuple(scenes.get(_within(p, folder), p.as_posix()) for p in every)
    return Pictures(name, every, told, truths)


def _within(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.as_posix()


def _answers(model: Yolo, pictures: Pictures, tell: Tell) -> dict[str, list[Seen]]:
    """Every box of a model by class, from the least confidence on."""
    model.threshold = LEAST_CONFIDENCE
    seen: dict[str, list[Seen]] = {c: [] for c in CLASSES}
    for n, path in enumerate(pictures.paths, 1):
        name = path.as_posix()
        for d in model.find(imagery.decode(imagery.read_bytes(path), path.name), name):
            label = d.label.split("/")[0]
            if label in seen:
                seen[label].append((name, d.confidence, d.box_px))
        tell(f"{model.name} {pictures.name}", n, len(pictures.paths))
    return seen


@dataclass(frozen=True, slots=True)
class _Figures:
    """One set's figures of old and new: as they are, and drawn again."""

    pictures: Pictures
    scenes: int
    labels: tuple[str, ...]  # of which there are boxes
    once: Array  # (2, classes) of average precision
    drawn: Array  # (2, classes, draws)
    equal: Array  # (4,) as `at_equal` has it
    equal_drawn: Array  # (4, draws)


def _figures(
    pictures: Pictures, old: dict[str, list[Seen]], new: dict[str, list[Seen]], told_of: Model, number: int
) -> _Figures:
    models = ranked(pictures, old), ranked(pictures, new)
    weights = draws(len(set(pictures.scenes)), number)
    plain = np.ones((1, weights.shape[1]))
    labels = tuple(c for c in CLASSES if pictures.boxes(c))
    once, drawn = (np.stack([precisions(m, labels, w) for m in models]) for w in (plain, weights))
    on_a_scale = scaled(models[0], told_of.calibration), scaled(models[1], told_of.calibration)
    equal, equal_drawn = (at_equal(on_a_scale, told_of.threshold, w) for w in (plain, weights))
    return _Figures(pictures, weights.shape[1], labels, once[:, :, 0], drawn, equal[:, 0], equal_drawn)


def scaled(models: Mapping[str, Ranked], calibration: Calibration) -> dict[str, Ranked]:
    """Answers with the confidences that the old model's calibration gives them."""
    found = {}
    for label, of in models.items():
        numbers = np.zeros(len(of.confidence), np.int64)
        sure = calibration.confidences(of.confidence.astype(np.float32), numbers, [label])
        found[label] = replace(of, confidence=sure.astype(np.float64))
    return found


def _told(f: _Figures) -> dict[str, Any]:
    """One set's figures, with the intervals of their differences."""
    means = [float(mean_of(values[:, None])[0]) for values in f.once]
    return {
        "set": f.pictures.name,
        "pictures": len(f.pictures.paths),
        "scenes": f.scenes,
        "boxes": {c: f.pictures.boxes(c) for c in CLASSES},
        "ap": {c: _pair(f.once[0, i], f.once[1, i], f.drawn[1, i] - f.drawn[0, i]) for i, c in enumerate(f.labels)},
        "mean_ap": _pair(means[0], means[1], mean_of(f.drawn[1]) - mean_of(f.drawn[0])),
        "recall_at_equal_false_alarms": _pair(f.equal[0], f.equal[1], f.equal_drawn[1] - f.equal_drawn[0]),
        "false_alarms_at_equal_recall": _pair(f.equal[2], f.equal[3], f.equal_drawn[3] - f.equal_drawn[2]),
    }


def _together(label: str, figures: Sequence[_Figures]) -> dict[str, Any]:
    """A class's average precision over all sets that hold it."""
    parts = [(f, f.labels.index(label)) for f in figures if label in f.labels]
    boxes = [f.pictures.boxes(label) for f, _ in parts]
    old, new = (pooled([f.once[m, i : i + 1] for f, i in parts], boxes) for m in (0, 1))
    return _pair(old[0], new[0], pooled([f.drawn[1, i] - f.drawn[0, i] for f, i in parts], boxes))


def ranked(pictures: Pictures, seen: Mapping[str, list[Seen]]) -> dict[str, Ranked]:
    """Which answers are right, with the number of the scene of each."""
    names = sorted(set(pictures.scenes))
    number = {p.as_posix(): names.index(s) for p, s in zip(pictures.paths, pictures.scenes, strict=True)}
    found = {}
    for label in CLASSES:
        # `matched` orders its answers so; the scenes have to follow.
        ordered = sorted(seen[label], key=lambda d: (-d[1], d[0], d[2]))
        confidence, right = matched(ordered, pictures.truths[label], IOU)
        truths = np.zeros(len(names))
        for picture, boxes in pictures.truths[label].items():
            truths[number[picture]] += len(boxes)
        scene = np.array([number[d[0]] for d in ordered], np.int64)
        found[label] = Ranked(confidence, right, scene, truths)
    return found


def _pair(old: float, new: float, differences: Array) -> dict[str, Any]:
    known = differences[np.isfinite(differences)]
    ends = np.quantile(known, [(1 - INSIDE) / 2, (1 + INSIDE) / 2]) if len(known) else (math.nan, math.nan)
    return {"old": _number(old), "new": _number(new), "difference": [_number(float(v)) for v in ends]}


def _number(value: float) -> float | None:
    return None if math.isnan(value) else round(float(value), 4)
