"""Officers' verdicts beside a run: RUN.reviews/reviews.jsonl, one JSON object a line, only ever added to.

What an entry is stands in `review_entries`. Of several entries on one hit the later wins: a verdict after `rejected`
brings the hit back; place and class are kept apart, so that a hit can be moved and reclassed. What was taken back by an
`undone` entry counts as never said, until it is `redone`; then it holds in its old place.
"""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline.errors import MissionError, OutputError
from pipeline.report.review_entries import TAKING_BACK, Entry, check_entry
from pipeline.report.shapes import wrapped_lon_deg

MAX_FILE_BYTES = 256 * 1024 * 1024
MAX_LINE_BYTES = 4 * 1024 * 1024


def reviews_folder(run: Path) -> Path:
    """RUN.reviews, beside the run folder; a folder that holds a reviews.jsonl itself stands for itself."""
    run = Path(os.path.abspath(run))
    return run if (run / "reviews.jsonl").is_file() else run.with_name(run.name + ".reviews")


def append_review(run: Path, entry: Entry) -> None:
    """Add one entry and force it to the disk; a line torn by a crash before is taken out first.

    Raises MissionError when the entry makes no sense, OutputError when it cannot be written.
    """
    check_entry(entry, "the review")
    try:
        line = (json.dumps(entry, ensure_ascii=False, allow_nan=False) + "\n").encode()
    except ValueError as why:  # half a character, or a number that is none
        raise MissionError(f"the review of {entry['hit']!r}: holds what is neither text nor a number") from why
    if len(line) > MAX_LINE_BYTES:
        raise MissionError(f"the review of {entry['hit']}: more than {MAX_LINE_BYTES // 1024 // 1024} MB")
    path = reviews_folder(run) / "reviews.jsonl"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _mend_tail(path)
        with path.open("ab", buffering=0) as file:
            file.write(line)
            os.fsync(file.fileno())
    except OSError as why:
        raise OutputError(f"{path}: cannot be written ({why.strerror or why})") from why


def read_reviews(run: Path) -> list[Entry]:
    """All entries in the order they were made; none when nobody reviewed.

    Raises MissionError naming the line that makes no sense; a last line torn by a crash is left out.
    """
    path = reviews_folder(run) / "reviews.jsonl"
    if not path.is_file():
        return []
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise MissionError(f"{path}: more than {MAX_FILE_BYTES // 1024 // 1024} MB of reviews")
        lines: list[bytes] = path.read_bytes().split(b"\n")[:-1]
    except OSError as why:
        raise MissionError(f"{path}: cannot be read ({why.strerror or why})") from why
    return [_parsed(line, f"{path}, line {n}") for n, line in enumerate(lines, start=1) if line.strip()]


def _parsed(line: bytes, where: str) -> Entry:
    if len(line) > MAX_LINE_BYTES:
        raise MissionError(f"{where}: the line is too long")
    try:
        entry = json.loads(line, parse_constant=_no_constants)
    except (ValueError, RecursionError) as why:
        raise MissionError(f"{where}: not JSON") from why
    check_entry(entry, where)
    found: Entry = entry
    return found


def _no_constants(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _mend_tail(path: Path) -> None:
    """Cut off a last line without its end: a crash tore it, and nobody was told that it was kept."""
    if not path.is_file() or path.stat().st_size == 0:
        return
    with path.open("rb+") as file:
        size = file.seek(0, os.SEEK_END)
        tail_from = max(0, size - MAX_LINE_BYTES)
        file.seek(tail_from)
        tail = file.read()
        if not tail.endswith(b"\n"):
            file.truncate(tail_from + tail.rfind(b"\n") + 1)


def taken_back(entries: Sequence[Entry]) -> frozenset[int]:
    """Numbers (from 1) of the entries that were undone and not redone; `entries` is the whole file, in its order.

    A number that names no earlier verdict takes nothing back.
    """
    back: set[int] = set()
    for number, entry in enumerate(entries, start=1):
        if entry["verdict"] not in TAKING_BACK:
            continue
        named: int = entry["value"]["entry"]
        if named < number and entries[named - 1]["verdict"] not in TAKING_BACK:
            (back.add if entry["verdict"] == "undone" else back.discard)(named)
    return frozenset(back)


def standing(entries: Iterable[Entry]) -> list[Entry]:
    """The entries that still hold, in their order, of the whole file's; none of them is an undone or redone one."""
    listed = list(entries)
    back = taken_back(listed)
    return [e for n, e in enumerate(listed, start=1) if n not in back and e["verdict"] not in TAKING_BACK]


def hits_reviewed(entries: Iterable[Entry]) -> dict[str, list[Entry]]:
    """The standing entries by hit id, each in the order they were made."""
    grouped: dict[str, list[Entry]] = {}
    for entry in standing(entries):
        grouped.setdefault(entry["hit"], []).append(entry)
    return grouped


def apply_reviews(collection: Mapping[str, Any], reviews: Iterable[Entry]) -> dict[str, Any]:
    """The collection as officers see it: rejected hits gone, others moved, reclassed or added, sorted by id.

    Every hit with a verdict carries `review` {verdict, who, when}. Entries on hits that are not there, and comments,
    change nothing.
    """
    features, rejected = judged_features(collection, reviews)
    return {**collection, "features": [features[i] for i in sorted(features) if i not in rejected]}


def judged_features(
    collection: Mapping[str, Any], reviews: Iterable[Entry]
) -> tuple[dict[str, dict[str, Any]], frozenset[str]]:
    """(every hit by id, added ones too, as moved and reclassed; ids of the rejected ones). The originals stay."""
    features = {f["properties"]["id"]: copy.deepcopy(f) for f in collection["features"]}
    rejected: set[str] = set()
    for entry in standing(reviews):
        hit, verdict = entry["hit"], entry["verdict"]
        if verdict == "added":
            features[hit] = copy.deepcopy(entry["value"])
        if hit not in features or verdict == "commented":
            continue
        _apply(features[hit], entry)
        (rejected.add if verdict == "rejected" else rejected.discard)(hit)
    return features, frozenset(rejected)


def _apply(feature: dict[str, Any], entry: Entry) -> None:
    props = feature["properties"]
    if entry["verdict"] == "moved":
        _move(feature, entry["value"])
    if entry["verdict"] == "reclassed":
        props["class"] = entry["value"]
    props["review"] = {key: entry.get(key) for key in ("verdict", "who", "when")}


def _move(feature: dict[str, Any], value: Mapping[str, Any]) -> None:
    """Put a hit elsewhere; its height and error stay unless the value names new ones."""
    lon, lat, *height = value["coordinates"]
    old = feature["geometry"]["coordinates"]
    feature["geometry"]["coordinates"] = [wrapped_lon_deg(round(lon, 9)), round(lat, 9), *(height or old[2:])]
    feature["properties"].update({key: value[key] for key in ("r90_m", "cov_m2") if key in value})
