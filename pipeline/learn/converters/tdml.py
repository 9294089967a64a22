"""OGC TrainingDML-AI in JSON: `data` with `dataURL` and `labels`, of which AI_ObjectLabel has a class and a shape.

Written after the standard's classes; a shape is a bbox [left, top, right, bottom] or a polygon in pixels.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from pipeline.errors import MissionError
from pipeline.learn.converters.guard import SPLITS, json_of
from pipeline.learn.converters.values import Source, Theirs


def of_file(file: Path, pictures: list[Path], tally: Counter[str]) -> Iterator[Source]:
    """Pictures of a TrainingDML-AI file, found by bare names that only one has; one that is named again counts once."""
    often = Counter(p.name for p in pictures)
    by_name = {p.name: p for p in pictures if often[p.name] == 1}
    seen: set[Path] = set()
    told = json_of(file)
    data = told.get("data") if isinstance(told, dict) else None
    if not isinstance(data, list):
        raise MissionError(f"{file.name}: is no TrainingDML-AI (it has no list `data`)")
    for entry in data:
        path = by_name.get(_picture(entry))
        if path is None or path in seen:
            tally["pictures not there" if path is None else "pictures named twice"] += 1
            continue
        seen.add(path)
        split = SPLITS.get(str(entry.get("trainingType", "")).lower(), "")
        try:
            yield Source(path, split, tuple(_box(x) for x in entry.get("labels", []) if _is_object(x)), in_px=True)
        except (LookupError, TypeError, ValueError, AttributeError, OverflowError):
            yield Source(path, split, (), fault=f"{path.name}: a label has no shape that can be read")


def _picture(entry: Any) -> str:
    urls = entry.get("dataURL") if isinstance(entry, dict) else None
    first = urls[0] if isinstance(urls, list) and urls else urls
    return PurePosixPath(str(first).replace("\\", "/")).name


def _is_object(label: Any) -> bool:
    return isinstance(label, dict) and label.get("type") == "AI_ObjectLabel"


def _box(label: Mapping[str, Any]) -> Theirs:
    shape = label["object"]
    corners = shape.get("bbox") or shape.get("geometry", {}).get("bbox")
    if corners:
        left, top, right, bottom = (float(v) for v in corners)
    else:
        points = [(float(x), float(y)) for x, y, *_ in shape["geometry"]["coordinates"][0]]
        xs, ys = [p[0] for p in points], [p[1] for p in points]
        left, top, right, bottom = min(xs), min(ys), max(xs), max(ys)
    if not all(map(math.isfinite, (left, top, right, bottom))):
        raise ValueError("not finite")
    return Theirs(str(label.get("class", label.get("labelClass", ""))), (left, top, right, bottom))
