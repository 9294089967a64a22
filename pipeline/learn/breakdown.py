"""Figures by what makes a thing hard to find: contrast, size, kind, and the flight it was drawn over.

AP of a part of the truths counts what was found of the other truths neither for nor against.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.errors import MissionError
from pipeline.learn.metrics import Seen, area_under, overlap
from pipeline.types import Box, Pixel

MAX_TABLE_BYTES = 512 * 1024 * 1024
SIZES_PX = (0.0, 24.0, 60.0, 150.0, math.inf)
LEAST_TRUTHS = 5  # fewer say nothing
SOURCE_IOU = 0.3
Find = tuple[str, float, Box, Pixel]  # picture, confidence, box, point where its source is said to be


@dataclass(frozen=True, slots=True)
class Truth:
    """One thing that is to be found."""

    picture: str
    label: str
    box_px: Box
    background: str = ""
    source_px: Pixel | None = None
    kind: str = ""
    contrast_de: float | None = None
    size_px: float = 0.0


def read_things(data: Path) -> dict[str, list[Truth]]:
    """Picture (its place under DATA) -> what is known in it, from DATA/things.jsonl; empty where there is none.

    Raises MissionError naming the line that makes no sense.
    """
    path = data / "things.jsonl"
    if not path.is_file():
        return {}
    if path.stat().st_size > MAX_TABLE_BYTES:
        raise MissionError(f"{path}: more than {MAX_TABLE_BYTES // 1024**2} MB")
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    return dict(_line(line, f"{path.name}: line {n}") for n, line in enumerate(lines, 1) if line.strip())


def _line(line: str, where: str) -> tuple[str, list[Truth]]:
    try:
        told = json.loads(line)
        picture, background = str(told["picture"]), str(told.get("background", ""))
        return picture, [_truth(picture, background, t) for t in told["things"]]
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as why:
        raise MissionError(f"{where}: is no line of things ({type(why).__name__})") from why


def _truth(picture: str, background: str, told: Mapping[str, Any]) -> Truth:
    x0, y0, x1, y1 = (float(v) for v in told["box_px"])
    x, y = (float(v) for v in told["source_px"])
    box = (x0, y0, x1, y1)
    return Truth(picture, str(told["class"]), box, background, (x, y), str(told.get("kind", "")),
                 float(told["contrast_de"]), size_of(box))  # fmt: skip


def size_of(box: Box) -> float:
    """The square root of a box's area."""
    return math.sqrt(max(box[2] - box[0], 0) * max(box[3] - box[1], 0))


@dataclass(frozen=True, slots=True)
class Judged:
    """One class's finds beside its truths at one IoU: for each find (the surest first) the truth it is, or none."""

    confidences: tuple[float, ...]
    of_truth: tuple[int | None, ...]


def judged(seen: Iterable[Seen], truths: Sequence[Truth], iou: float) -> Judged:
    """Each find takes the best overlapping truth of its picture that is still free, as `metrics.matched` does."""
    ordered = sorted(seen, key=lambda d: (-d[1], d[0], d[2]))
    there: dict[str, list[int]] = {}
    for i, truth in enumerate(truths):
        there.setdefault(truth.picture, []).append(i)
    taken: set[int] = set()
    found: list[int | None] = []
    for picture, _, box in ordered:
        free = [(overlap(box, truths[i].box_px), -i) for i in there.get(picture, ()) if i not in taken]
        best, minus = max(free, default=(0.0, 0))
        found.append(-minus if free and best >= iou else None)
        taken.update(i for i in found[-1:] if i is not None)
    return Judged(tuple(d[1] for d in ordered), tuple(found))


def part_ap(told: Judged, part: set[int]) -> float:
    """Average precision of a part of the truths; NaN where it is empty."""
    kept = [(c, i is not None) for c, i in zip(told.confidences, told.of_truth, strict=True) if i is None or i in part]
    confidences, right = (np.array([k[j] for k in kept]) for j in (0, 1))
    return area_under(confidences.astype(np.float64), right.astype(bool), len(part))


def breakdown(seen: Sequence[Seen], truths: Sequence[Truth], iou: float) -> dict[str, dict[str, dict[str, Any]]]:
    """By contrast tercile, size, background and kind: how many, and the AP; parts of fewer than five are left out."""
    told = judged(seen, truths, iou)
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for name, part_of in _ways(truths).items():
        parts: dict[str, set[int]] = {}
        for i, truth in enumerate(truths):
            parts.setdefault(part_of(truth), set()).add(i)
        found[name] = {
            key: {"boxes": len(part), "ap": round(part_ap(told, part), 4)}
            for key, part in sorted(parts.items())
            if key and len(part) >= LEAST_TRUTHS
        }
    return found


def _ways(truths: Sequence[Truth]) -> dict[str, Callable[[Truth], str]]:
    contrasts = [t.contrast_de for t in truths if t.contrast_de is not None]
    low, high = np.quantile(contrasts, (1 / 3, 2 / 3)).tolist() if contrasts else (0.0, 0.0)

    def contrast(truth: Truth) -> str:
        if truth.contrast_de is None:
            return ""
        return f"1 faint < {low:.1f}" if truth.contrast_de < low else (
            f"2 middle < {high:.1f}" if truth.contrast_de < high else f"3 plain ≥ {high:.1f}"
        )  # fmt: skip

    def size(truth: Truth) -> str:
        n = int(np.searchsorted(SIZES_PX, truth.size_px, "right"))
        return f"{n} {SIZES_PX[n - 1]:.0f} px and more"

    return {"contrast_de": contrast, "size_px": size, "background": lambda t: t.background, "kind": lambda t: t.kind}


def source_distances(found: Sequence[Find], truths: Sequence[Truth], threshold: float) -> dict[str, Any]:
    """How far the points of finds lie from the sources: median and 90th percentile, px and shares of the size."""
    boxes = [(p, c, b) for p, c, b, _ in found if c >= threshold]
    point_of = {(p, c, b): at for p, c, b, at in found}
    told = judged(boxes, truths, SOURCE_IOU)
    ordered = sorted(boxes, key=lambda d: (-d[1], d[0], d[2]))
    off = []
    for find, i in zip(ordered, told.of_truth, strict=True):
        source = None if i is None else truths[i].source_px
        if i is not None and source is not None:
            x, y = point_of[find]
            far = math.hypot(x - source[0], y - source[1])
            off.append((far, far / max(truths[i].size_px, 1.0)))
    if not off:
        return {"found": 0}
    p50, p90 = np.quantile(np.array(off), (0.5, 0.9), axis=0)
    return {"found": len(off), "p50_px": round(float(p50[0]), 1), "p90_px": round(float(p90[0]), 1),
            "p50_size": round(float(p50[1]), 3), "p90_size": round(float(p90[1]), 3)}  # fmt: skip
