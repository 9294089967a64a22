"""Two models on the same held-out pictures, and the rule by which the new one is refused. Needs no torch.

Both answer through our own engine, in tiles as weights that are in no registry, and with the confidences of the network
itself: a calibration is the old model's own. A set is told apart from the others, so that what was forgotten shows even
where something else was learned. Of each: average precision at IoU 0.3 by class and its mean over the classes that are
there; the recall at as many false alarms as the old model raises at its own threshold; and the false alarms at the
recall that the old model has there. A data set's clean photos are asked in each of its sets, as pictures with nothing
in them.

How sure the differences are: the pictures are drawn again by whole scenes (`drawn_again`), `ROUNDS` times; an interval
holds `INSIDE` of the draws.

**The new model is refused** when for any set one of these holds, and else accepted:

1. its mean average precision is lower and the whole interval of the difference lies below 0;
2. a class with `ENOUGH` boxes or more loses over `MOST_LOST` of average precision;
3. at the old model's recall it raises more false alarms, over `MOST_RISEN` more, and the whole interval lies above 0;

and when all sets together hold under `FEWEST` boxes: then nothing shows that it is no worse.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pipeline import imagery
from pipeline.detect.models import find_model
from pipeline.detect.yolo import Yolo
from pipeline.errors import MissionError, ModelError
from pipeline.learn.drawn_again import ROUNDS, Array, Ranked, at_equal, draws, mean_of, precisions
from pipeline.learn.evaluate import IOUS, LEAST_CONFIDENCE, asked_of, label_path_of
from pipeline.learn.labels import box_px, read_boxes
from pipeline.learn.metrics import Seen, matched
from pipeline.learn.tiles import CLASSES
from pipeline.types import Box

SCHEMA_VERSION = 1
IOU = IOUS[0]
INSIDE = 0.9
ENOUGH, MOST_LOST = 20, 0.05
MOST_RISEN = 0.1
FEWEST = 10
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


def compare(old: str, new: str, data: Sequence[Path], tell: Tell = lambda stage, done, total: None) -> dict[str, Any]:
    """What compare.json holds; `accepted` and `reasons` say what became of the new model.

    Raises ModelError for weights that cannot be used, MissionError where nothing is held out.
    """
    sets = [s for given in data for s in asked_in(given)]
    if not sets:
        raise MissionError("nothing is held out: there is nothing to compare the models on")
    told_of = find_model(old)
    threshold = told_of.calibration.least_raw(told_of.threshold)
    models = {"old": Yolo(str(told_of.path)), "new": Yolo(new)}
    found = {which: [_answers(model, s, tell) for s in sets] for which, model in models.items()}
    told = [_told(s, found["old"][n], found["new"][n], threshold) for n, s in enumerate(sets)]
    reasons = refusals(told)
    return {
        "schema_version": SCHEMA_VERSION,
        "old": {"model": models["old"].name, "digest": models["old"].digest, "threshold": threshold},
        "new": {"model": models["new"].name, "digest": models["new"].digest},
        "iou": IOU, "rounds": ROUNDS, "inside": INSIDE,
        "sets": told, "accepted": not reasons, "reasons": reasons,
    }  # fmt: skip


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


def _told(
    pictures: Pictures, old: dict[str, list[Seen]], new: dict[str, list[Seen]], threshold: float
) -> dict[str, Any]:
    """One set's figures, with the intervals of their differences."""
    models = ranked(pictures, old), ranked(pictures, new)
    weights = draws(len(set(pictures.scenes)))
    plain = np.ones((1, weights.shape[1]))
    labels = [c for c in CLASSES if pictures.boxes(c)]
    once, drawn = (np.stack([precisions(m, labels, w) for m in models]) for w in (plain, weights))
    equal, equal_drawn = (at_equal(models, threshold, w) for w in (plain, weights))
    means = mean_of(once[0])[0], mean_of(once[1])[0]
    return {
        "set": pictures.name,
        "pictures": len(pictures.paths),
        "scenes": weights.shape[1],
        "boxes": {c: pictures.boxes(c) for c in CLASSES},
        "ap": {c: _pair(once[0, i, 0], once[1, i, 0], drawn[1, i] - drawn[0, i]) for i, c in enumerate(labels)},
        "mean_ap": _pair(means[0], means[1], mean_of(drawn[1]) - mean_of(drawn[0])),
        "recall_at_equal_false_alarms": _pair(equal[0, 0], equal[1, 0], equal_drawn[1] - equal_drawn[0]),
        "false_alarms_at_equal_recall": _pair(equal[2, 0], equal[3, 0], equal_drawn[3] - equal_drawn[2]),
    }


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


def refusals(sets: Sequence[Mapping[str, Any]]) -> list[str]:
    """Why the new model is refused, a sentence each; none: it is accepted. The rule is in the module's head."""
    why = [reason for s in sets for reason in _refusals_of(s)]
    boxes = sum(sum(s["boxes"].values()) for s in sets)
    if boxes < FEWEST:
        why.append(f"only {boxes} boxes are held out, under {FEWEST}: nothing shows that it is no worse")
    return why


def _refusals_of(told: Mapping[str, Any]) -> list[str]:
    name, mean, alarms = told["set"], told["mean_ap"], told["false_alarms_at_equal_recall"]
    why = []
    if mean["old"] is not None and mean["new"] < mean["old"] and _below(mean["difference"][1]):
        why.append(f"{name}: mean AP falls from {mean['old']:.3f} to {mean['new']:.3f}, beyond the noise")
    for label, pair in told["ap"].items():
        if told["boxes"][label] >= ENOUGH and pair["new"] < pair["old"] - MOST_LOST:
            why.append(f"{name}: AP of {label} falls from {pair['old']:.3f} to {pair['new']:.3f}")
    lower = alarms["difference"][0]
    if lower is not None and lower > 0 and alarms["new"] > alarms["old"] * (1 + MOST_RISEN):
        why.append(f"{name}: false alarms at the same recall rise from {alarms['old']:g} to {alarms['new']:g}")
    return why


def _below(end: float | None) -> bool:
    return end is not None and end < 0


def check_not_refused(source: Path) -> None:
    """Raise ModelError for weights that were found worse than the old ones: a run folder, or a file in one."""
    for run in (source, *source.absolute().parents[:3]):
        path = run / "compare.json"
        if path.is_file() and not json.loads(imagery.read_bytes(path)).get("accepted"):
            raise ModelError(f"{source}: was refused, being worse than the old weights (see {path.name} of its run)")
