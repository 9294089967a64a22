"""What an entry of reviews.jsonl is: an officer's verdict on one hit, with what a later run needs to find it again.

An entry: schema_version, hit (id), source, sha256 (of the original), frame_id, box_px, at ([lon, lat, height]),
verdict, value, who, when (UTC), note. `value` by verdict:
  confirmed, rejected   null
  commented             null; what is said stands in `note`
  moved                 {"coordinates": [lon, lat, height], "r90_m"?, "cov_m2"?}
  reclassed             the new class
  added                 the complete hit as a GeoJSON feature
  undone, redone        {"entry": n}: the n-th entry of the file, from 1, is taken back, or holds again
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from pipeline.errors import MissionError
from pipeline.report.tables import best_evidence

SCHEMA_VERSION = 1
VERDICTS = ("confirmed", "rejected", "moved", "reclassed", "added", "commented", "undone", "redone")
TAKING_BACK = ("undone", "redone")
CLASS = re.compile(r"[a-z0-9-]+(/[a-z0-9-]+)*")
Entry = dict[str, Any]


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


def check_entry(entry: Any, where: str) -> None:
    """Raise MissionError, beginning with `where`, unless the entry is as this module's head says."""
    if not isinstance(entry, dict) or not isinstance(entry.get("hit"), str) or entry.get("verdict") not in VERDICTS:
        raise MissionError(f"{where}: not a review (it needs a hit and one of the verdicts {', '.join(VERDICTS)})")
    if not _finds_its_hit(entry):
        raise MissionError(f"{where}: not a review (its who, source, sha256, frame_id, box_px or at make no sense)")
    if not _says_when(entry):
        raise MissionError(f"{where}: not a review (its when or note make no sense)")
    verdict, value = entry["verdict"], entry.get("value")
    test, needs = _NEEDS.get(verdict, (_anything, ""))
    if not test(value, entry):
        raise MissionError(f"{where}: '{verdict}' needs {needs}")


def _finds_its_hit(entry: Entry) -> bool:
    """Whether what a later run needs is of the right kind; all but `who` and `at` may be missing."""
    texts = all(isinstance(entry.get(key), str | None) for key in ("source", "sha256", "frame_id"))
    box_px = entry.get("box_px")
    boxed = box_px is None or (isinstance(box_px, list) and len(box_px) == 4 and all(map(_is_number, box_px)))
    return texts and boxed and isinstance(entry.get("who"), str) and is_position(entry.get("at"))


def _says_when(entry: Entry) -> bool:
    return isinstance(entry.get("when"), str | None) and isinstance(entry.get("note"), str | None)


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


def is_reference(value: Any) -> bool:
    """Whether this is the value of `undone` and `redone`."""
    number = value.get("entry") if isinstance(value, dict) else None
    return isinstance(number, int) and not isinstance(number, bool) and number >= 1


def is_hit_feature(value: Any, hit: str) -> bool:
    """Whether this is the hit of that id as hits.geojson holds it: all that the lists and the sheets read."""
    if not isinstance(value, dict) or value.get("type") != "Feature" or not isinstance(value.get("properties"), dict):
        return False
    props, geometry = value["properties"], value.get("geometry")
    at = geometry.get("coordinates") if isinstance(geometry, dict) and geometry.get("type") == "Point" else None
    placed = isinstance(at, list) and len(at) == 3 and is_position(at)
    named = value.get("id") == props.get("id") == hit and is_class(props.get("class"))
    measured = all(map(_is_number, (props.get("r90_m"), props.get("confidence"), props.get("sightings"))))
    told = all(isinstance(props.get(key), str | None) for key in ("origin", "first_seen", "last_seen"))
    assumed = _all_are(props.get("assumed"), lambda a: isinstance(a, str))
    sure = measured and _is_covariance(props.get("cov_m2"))
    return placed and named and sure and told and assumed and _all_are(props.get("evidence"), is_evidence)


def is_evidence(value: Any) -> bool:
    """Whether this is an entry of a hit's evidence list."""
    if not isinstance(value, dict) or not isinstance(value.get("frame_id"), str):
        return False
    texts = all(isinstance(value.get(key), str | None) for key in ("source", "sha256", "t", "detector", "crop"))
    boxed = _all_are(value.get("box_px"), _is_number) and len(value["box_px"]) == 4
    pointed = _all_are(value.get("point_px"), _is_number) and len(value["point_px"]) == 2
    return texts and boxed and pointed and _is_number(value.get("confidence"))


def _all_are(values: Any, test: Callable[[Any], bool]) -> bool:
    return isinstance(values, list) and all(map(test, values))


def _is_number(value: Any) -> bool:
    # A whole number may be too large for a float; nothing that is measured here is.
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e15 and math.isfinite(value)


def _is_covariance(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 3 and all(map(_is_number, value))


def _anything(_value: Any, _entry: Entry) -> bool:
    return True


_ENTRY_NUMBER = "the number of an entry as its value, such as {'entry': 3}"
_NEEDS: dict[str, tuple[Callable[[Any, Entry], bool], str]] = {
    "reclassed": (lambda value, _: is_class(value), "a class such as outfall/discharging as its value"),
    "moved": (lambda value, _: is_move(value), "a value with coordinates [lon, lat, height]"),
    "added": (lambda value, e: is_hit_feature(value, e["hit"]), "the whole hit as its value, as hits.geojson holds it"),
    "commented": (lambda _, e: bool((e.get("note") or "").strip()), "a note"),
    "undone": (lambda value, _: is_reference(value), _ENTRY_NUMBER),
    "redone": (lambda value, _: is_reference(value), _ENTRY_NUMBER),
}
