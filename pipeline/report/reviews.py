"""Officers' verdicts beside a run: RUN.reviews/reviews.jsonl, one JSON object a line, only ever added to.

An entry: schema_version, hit (id), source, sha256 (of the original), frame_id, box_px, at ([lon, lat, height]),
verdict, value, who, when (UTC), note. `value` by verdict:
  confirmed, rejected   null
  moved                 {"coordinates": [lon, lat, height], "r90_m"?, "cov_m2"?}
  reclassed             the new class
  added                 the complete hit as a GeoJSON feature
Of several entries on one hit the later wins: a verdict after `rejected` brings the hit back; place and class are kept
apart, so that a hit can be moved and reclassed.
"""

from __future__ import annotations

import copy
import json
import math
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipeline.errors import MissionError, OutputError
from pipeline.report.shapes import wrapped_lon_deg
from pipeline.report.tables import best_evidence

SCHEMA_VERSION = 1
VERDICTS = ("confirmed", "rejected", "moved", "reclassed", "added")
MAX_FILE_BYTES = 256 * 1024 * 1024
MAX_LINE_BYTES = 4 * 1024 * 1024
CLASS = re.compile(r"[a-z0-9-]+(/[a-z0-9-]+)*")
Entry = dict[str, Any]


def reviews_folder(run: Path) -> Path:
    """RUN.reviews, beside the run folder; a folder that holds a reviews.jsonl itself stands for itself."""
    run = Path(os.path.abspath(run))
    return run if (run / "reviews.jsonl").is_file() else run.with_name(run.name + ".reviews")


def review_entry(
    feature: Mapping[str, Any], verdict: str, who: str, value: Any = None, note: str = "", when: datetime | None = None
) -> Entry:
    """A verdict on a hit of a run, with what a later run needs to find the hit again; `when` defaults to now."""
    props, seen = feature["properties"], best_evidence(feature["properties"].get("evidence", ())) or {}
    return {
        "schema_version": SCHEMA_VERSION,
        "hit": props["id"],
        "source": seen.get("source"),
        "sha256": seen.get("sha256"),
        "frame_id": seen.get("frame_id"),
        "box_px": seen.get("box_px"),
        "at": list(feature["geometry"]["coordinates"]),
        "verdict": verdict,
        "value": value,
        "who": who,
        "when": (when or datetime.now(UTC)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "note": note,
    }


def append_review(run: Path, entry: Entry) -> None:
    """Add one entry and force it to the disk; a line torn by a crash before is taken out first.

    Raises MissionError when the entry makes no sense, OutputError when it cannot be written.
    """
    check_entry(entry, "the review")
    line = (json.dumps(entry, ensure_ascii=False, allow_nan=False) + "\n").encode()
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


def check_entry(entry: Any, where: str) -> None:
    """Raise MissionError, beginning with `where`, unless the entry is as this module's head says."""
    if not isinstance(entry, dict) or not isinstance(entry.get("hit"), str) or entry.get("verdict") not in VERDICTS:
        raise MissionError(f"{where}: not a review (it needs a hit and one of the verdicts {', '.join(VERDICTS)})")
    if not _finds_its_hit(entry):
        raise MissionError(f"{where}: not a review (its who, source, sha256, frame_id, box_px or at make no sense)")
    verdict, value = entry["verdict"], entry.get("value")
    if verdict == "reclassed" and not is_class(value):
        raise MissionError(f"{where}: 'reclassed' needs a class such as outfall/discharging as its value")
    if verdict == "moved" and not is_move(value):
        raise MissionError(f"{where}: 'moved' needs a value with coordinates [lon, lat, height]")
    if verdict == "added" and not is_hit_feature(value, entry["hit"]):
        raise MissionError(f"{where}: 'added' needs the whole hit as its value, as hits.geojson would hold it")


def _finds_its_hit(entry: Entry) -> bool:
    """Whether what a later run needs is of the right kind; all but `who` and `at` may be missing."""
    texts = all(isinstance(entry.get(key), str | None) for key in ("source", "sha256", "frame_id"))
    box_px = entry.get("box_px")
    boxed = box_px is None or (isinstance(box_px, list) and len(box_px) == 4 and all(map(_is_number, box_px)))
    return texts and boxed and isinstance(entry.get("who"), str) and is_position(entry.get("at"))


def is_class(value: Any) -> bool:
    """Whether this is a class path."""
    return isinstance(value, str) and CLASS.fullmatch(value) is not None


def is_position(value: Any) -> bool:
    """Whether this is [lon, lat] or [lon, lat, height] on the globe."""
    if not isinstance(value, list) or len(value) not in (2, 3) or not all(map(_is_number, value)):
        return False
    return bool(abs(value[0]) <= 180 and abs(value[1]) <= 90)


def is_move(value: Any) -> bool:
    """Whether this is the value of `moved`."""
    if not isinstance(value, dict) or not is_position(value.get("coordinates")):
        return False
    return _is_number(value.get("r90_m", 0)) and _is_covariance(value.get("cov_m2", [0, 0, 0]))


def is_hit_feature(value: Any, hit: str) -> bool:
    """Whether this is the hit of that id as hits.geojson holds it."""
    if not isinstance(value, dict) or value.get("type") != "Feature" or not isinstance(value.get("properties"), dict):
        return False
    props, geometry = value["properties"], value.get("geometry")
    placed = isinstance(geometry, dict) and geometry.get("type") == "Point" and is_position(geometry.get("coordinates"))
    named = props.get("id") == hit and is_class(props.get("class"))
    measured = _is_number(props.get("r90_m")) and _is_covariance(props.get("cov_m2"))
    evidence = props.get("evidence")
    return placed and named and measured and isinstance(evidence, list) and all(isinstance(e, dict) for e in evidence)


def _is_number(value: Any) -> bool:
    # A whole number may be too large for a float; nothing that is measured here is.
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e15 and math.isfinite(value)


def _is_covariance(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 3 and all(map(_is_number, value))


def apply_reviews(collection: Mapping[str, Any], reviews: Iterable[Entry]) -> dict[str, Any]:
    """The collection as officers see it: rejected hits gone, others moved, reclassed or added, sorted by id.

    Every hit with a verdict carries `review` {verdict, who, when}. Entries on hits that are not there change nothing.
    """
    features = {f["properties"]["id"]: copy.deepcopy(f) for f in collection["features"]}
    rejected: set[str] = set()
    for entry in reviews:
        hit, verdict = entry["hit"], entry["verdict"]
        if verdict == "added":
            features[hit] = copy.deepcopy(entry["value"])
        if hit not in features:
            continue
        _apply(features[hit], entry)
        (rejected.add if verdict == "rejected" else rejected.discard)(hit)
    kept = [features[i] for i in sorted(features) if i not in rejected]
    return {**collection, "features": kept}


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


def hits_reviewed(entries: Sequence[Entry]) -> dict[str, list[Entry]]:
    """Entries by hit id, each in the order they were made."""
    grouped: dict[str, list[Entry]] = {}
    for entry in entries:
        grouped.setdefault(entry["hit"], []).append(entry)
    return grouped
