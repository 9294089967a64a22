"""The rule by which new weights are refused that may have got worse.

**The new model is refused** when one of these holds, and else accepted:

1. in a set its mean average precision is lower and the whole interval of the difference lies below 0;
2. a class, in a set or in all sets together, loses average precision as a row of `LOSSES` says: with 20 boxes or more
   over 0.05; with 10 to 19 over 0.25, or anything where the whole interval lies below 0;
3. in a set, at the old model's recall it raises more false alarms, over `MOST_RISEN` more, and the whole interval lies
   above 0; where the old model finds nothing, those count that are as sure as it is where it speaks, and surer than
   the new one's first find;
4. all sets together hold under `FEWEST` boxes: then nothing shows that it is no worse;
5. a class that the old model knows was not asked about, all sets together holding under `FEWEST` boxes of it, and under
   `FEWEST` boxes of it were learned from: it may be forgotten.

What 4 and 5 need is known before a training (`beforehand`). A class that was not asked about and was learned from is
told, not refused.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline import imagery
from pipeline.errors import ImageryError, ModelError

FEWEST = 10
LOSSES = ((20, 0.05, False), (FEWEST, 0.25, True))  # boxes from which on; most that may be lost; any for sure refuses
MOST_RISEN = 0.1


def not_asked(known: Sequence[str], boxes: Mapping[str, int]) -> list[str]:
    """The classes of a model of which too few boxes are held out to tell whether they are forgotten."""
    return [c for c in known if boxes[c] < FEWEST]


def beforehand(known: Sequence[str], boxes: Mapping[str, int], learned: Mapping[str, int]) -> list[str]:
    """Why new weights would be refused whatever they find, a sentence each (4 and 5 of the rule)."""
    held = sum(boxes.values())
    few = f"only {held} boxes are held out, under {FEWEST}: nothing shows that it is no worse"
    return [few] * (held < FEWEST) + [
        f"of {c} {boxes[c]} boxes are held out and {learned[c]} are learned from, both under {FEWEST}: it may be "
        "forgotten; give pictures of it with --rehearse DATA"
        for c in not_asked(known, boxes)
        if learned[c] < FEWEST
    ]


def refusals(told: Mapping[str, Any]) -> list[str]:
    """Why the new model is refused, a sentence each; none: it is accepted. The rule is in the module's head.

    `told` holds `sets`, `classes` and `not_asked` of compare.json.
    """
    boxes, learned = ({c: of[key] for c, of in told["classes"].items()} for key in ("boxes", "learned"))
    why = [reason for s in told["sets"] for reason in _refusals_of(s)]
    for label, of in told["classes"].items():
        if sum(label in s["ap"] for s in told["sets"]) > 1:
            why += _lost("all sets together", label, of["boxes"], of["ap"])
    return why + beforehand(told["not_asked"], boxes, learned)


def _refusals_of(told: Mapping[str, Any]) -> list[str]:
    name, mean, alarms = told["set"], told["mean_ap"], told["false_alarms_at_equal_recall"]
    why = []
    if mean["old"] is not None and mean["new"] < mean["old"] and _below(mean["difference"][1]):
        why.append(f"{name}: mean AP falls from {mean['old']:.3f} to {mean['new']:.3f}, beyond the noise")
    for label, pair in told["ap"].items():
        why += _lost(name, label, told["boxes"][label], pair)
    lower = alarms["difference"][0]
    if lower is not None and lower > 0 and alarms["new"] > alarms["old"] * (1 + MOST_RISEN):
        why.append(f"{name}: false alarms at the same recall rise from {alarms['old']:g} to {alarms['new']:g}")
    return why


def _lost(where: str, label: str, boxes: int, pair: Mapping[str, Any]) -> list[str]:
    """The first row of `LOSSES` that has enough boxes decides."""
    _, most, sure = next((row for row in LOSSES if boxes >= row[0]), (0, math.inf, False))
    if pair["new"] < pair["old"] - most or (sure and pair["new"] < pair["old"] and _below(pair["difference"][1])):
        return [f"{where}: AP of {label} falls from {pair['old']:.3f} to {pair['new']:.3f} ({boxes} boxes)"]
    return []


def _below(end: float | None) -> bool:
    return end is not None and end < 0


def check_not_refused(source: Path) -> None:
    """Raise ModelError for weights that were found worse than the old ones: a run folder, or a file in one.

    A compare.json that says nothing of `accepted` is somebody else's; one that cannot be read may say anything.
    """
    for run in (source, *source.absolute().parents[:3]):
        path = run / "compare.json"
        try:
            told = json.loads(imagery.read_bytes(path)) if path.is_file() else None
        except (ValueError, RecursionError, ImageryError) as why:
            raise ModelError(f"{path}: cannot be read; it may say that {source} was refused") from why
        if isinstance(told, dict) and "accepted" in told and told["accepted"] is not True:
            raise ModelError(f"{source}: was refused, being worse than the old weights (see {path.name} of its run)")
