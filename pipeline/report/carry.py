"""A later run of the same originals takes over what officers said about an earlier one, one to one.

An old hit and a new one are the same when one original (by SHA-256) shows both: their boxes overlap by a third or more
(intersection over union, in one photo or one frame of a video), or they lie on the ground within the sum of 5 m and the
new hit's r90. Overlap goes before distance; the best pairs are made first, and no hit is used twice.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline.errors import OutputError
from pipeline.imagery import original_key
from pipeline.report.review_entries import Entry
from pipeline.report.reviews import append_review, hits_reviewed, read_reviews, reviews_folder
from pipeline.report.shapes import metres_per_degree

LEAST_OVERLAP = 1 / 3
NEAR_M = 5.0


def carry_over(
    old_reviews: Sequence[Entry], collection: Mapping[str, Any], originals: Collection[str] | None = None
) -> tuple[list[Entry], list[Entry]]:
    """(applied, not_applied): entries rewritten to the new run's hit ids, and those whose hit is not there any more.

    A pin that the new run finds by itself becomes `confirmed` on that hit (and `reclassed` where the classes differ);
    one that it does not find stays a pin, unless `originals` (SHA-256 of the new run's inputs) lacks its photo.
    """
    groups = hits_reviewed(old_reviews)
    same = _pairs(groups, collection["features"])
    applied: list[Entry] = []
    left: list[Entry] = []
    for old_id, entries in groups.items():
        pin = entries[0]["verdict"] == "added"
        if old_id in same:
            found = same[old_id]
            renamed = [r for e in entries for r in _renamed(e, found)]
            applied += renamed
        elif pin and (originals is None or entries[0].get("sha256") in originals):
            applied += entries
        else:
            left += entries
    return applied, left


def take_over(
    old: Path, new: Path, collection: Mapping[str, Any], originals: Collection[str] | None = None
) -> list[Entry]:
    """Carry OLD.reviews over into NEW.reviews, crops of pins with them; returns what could not be carried.

    Entries that NEW.reviews holds already are not added again, so that it can be repeated.
    """
    applied, left = carry_over(read_reviews(old), collection, originals)
    there = read_reviews(new)
    for entry in applied:
        if entry not in there:
            if entry["verdict"] == "added":
                _copy_crops(reviews_folder(old), reviews_folder(new), entry)
            append_review(new, entry)
    return left


def _renamed(entry: Entry, found: Mapping[str, Any]) -> Iterator[Entry]:
    hit, label = found["properties"]["id"], found["properties"]["class"]
    moved = {**entry, "hit": hit, "carried_from": entry["hit"]}
    if entry["verdict"] != "added":
        yield moved
        return
    pinned = entry["value"]["properties"]["class"]
    yield {**moved, "verdict": "confirmed", "value": None}
    if pinned != label:
        yield {**moved, "verdict": "reclassed", "value": pinned}


def _pairs(
    groups: Mapping[str, Sequence[Entry]], features: Sequence[Mapping[str, Any]]
) -> dict[str, Mapping[str, Any]]:
    by_photo: dict[str, list[tuple[Mapping[str, Any], Mapping[str, Any]]]] = {}
    for feature in features:
        for evidence in feature["properties"]["evidence"]:
            by_photo.setdefault(evidence["sha256"], []).append((feature, evidence))
    candidates = []
    for old_id, entries in groups.items():
        first = entries[0]
        for feature, evidence in by_photo.get(first.get("sha256") or "", ()):
            same = _picture(first) == _picture(evidence)  # boxes in two frames of a video say nothing of each other
            overlap = _overlap(first.get("box_px"), evidence["box_px"]) if same else 0.0
            metres = _apart_m(first.get("at"), feature)
            if overlap >= LEAST_OVERLAP or metres <= NEAR_M + feature["properties"]["r90_m"]:
                rank = (-overlap if overlap >= LEAST_OVERLAP else 0.0, metres, old_id, feature["properties"]["id"])
                candidates.append((rank, feature))
    return _one_to_one(sorted(candidates, key=lambda c: c[0]))


def _picture(seen: Mapping[str, Any]) -> str:
    """What names the picture: two frames of one video are not the same."""
    return original_key(seen.get("sha256") or "", seen.get("frame_id") or "")


def _one_to_one(
    candidates: Sequence[tuple[tuple[float, float, str, str], Mapping[str, Any]]],
) -> dict[str, Mapping[str, Any]]:
    pairs: dict[str, Mapping[str, Any]] = {}
    taken: set[str] = set()
    for (_, _, old_id, new_id), feature in candidates:
        if old_id not in pairs and new_id not in taken:
            pairs[old_id] = feature
            taken.add(new_id)
    return pairs


def _overlap(a: Sequence[float] | None, b: Sequence[float] | None) -> float:
    """Intersection over union of two boxes; 0 when one is missing or has no area."""
    if not a or not b or len(a) != 4 or len(b) != 4:
        return 0.0
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    shared = max(0.0, width) * max(0.0, height)
    both = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared
    return shared / both if both > 0 else 0.0


def _apart_m(at: Sequence[float] | None, feature: Mapping[str, Any]) -> float:
    if not at or len(at) < 2:
        return math.inf
    lon, lat = feature["geometry"]["coordinates"][:2]
    east_m, north_m = metres_per_degree(lat)
    return math.hypot(((at[0] - lon + 180) % 360 - 180) * east_m, (at[1] - lat) * north_m)


def _copy_crops(old: Path, new: Path, entry: Entry) -> None:
    """Copy a pin's pictures; a name that points out of the folder is left alone."""
    for evidence in entry["value"]["properties"]["evidence"]:
        crop = evidence.get("crop") if isinstance(evidence, dict) else None
        name = crop.removeprefix("crops/") if isinstance(crop, str) else ""
        if not name.endswith(".jpg") or "/" in name or "\\" in name or ":" in name:
            continue
        for picture in (name, name.removesuffix(".jpg") + "-context.jpg"):
            _copy(old / "crops" / picture, new / "crops" / picture)


def _copy(source: Path, target: Path) -> None:
    if not source.is_file():
        return
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    except OSError as why:
        raise OutputError(f"{target}: cannot be written ({why.strerror or why})") from why
