"""The hit list as officers left it, nothing left out: every hit says what became of it.

`apply_reviews` gives the list that counts; this one is for the map and for what is handed over, where a rejected hit is
shown as rejected.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pipeline.report.review_entries import Entry
from pipeline.report.reviews import hits_reviewed, judged_features

STATES = ("open", "confirmed", "rejected", "added")


def reviewed_hits(collection: Mapping[str, Any], entries: Iterable[Entry]) -> dict[str, Any]:
    """The collection with every hit, pins too, sorted by id; `entries` is the whole of reviews.jsonl.

    Properties beside those of hits.geojson: `verdict` (open, confirmed, rejected, added), `moved` and `reclassed`
    (bool), `comments` [{who, when, verdict, note}], `reviewed_by` and `reviewed_at` (of the last verdict, else null).
    A hit that was rejected and then moved or reclassed is as before its rejection: open, or added.
    """
    listed = list(entries)
    features, _ = judged_features(collection, listed)
    said = hits_reviewed(listed)
    for hit, feature in features.items():
        feature["properties"].pop("review", None)
        feature["properties"].update(_state(said.get(hit, ())))
    return {**collection, "features": [features[i] for i in sorted(features)]}


def hit_numbers(found: Iterable[str], entries: Iterable[Entry]) -> dict[str, int]:
    """The numbers by which people call hits, by id: the machine's from 1 in the run's order, then pins as they came.

    A pin that is taken back keeps its number, so that the others keep theirs.
    """
    pins = (e["hit"] for e in entries if e["verdict"] == "added")
    return {hit: n for n, hit in enumerate(dict.fromkeys([*found, *pins]), start=1)}


def counts_by_verdict(collection: Mapping[str, Any]) -> dict[str, int]:
    """How many hits of a reviewed collection are open, confirmed, rejected and added."""
    states = [f["properties"]["verdict"] for f in collection["features"]]
    return {state: states.count(state) for state in STATES}


def without_rejected(collection: Mapping[str, Any]) -> dict[str, Any]:
    """A reviewed collection less its rejected hits."""
    kept = [f for f in collection["features"] if f["properties"]["verdict"] != "rejected"]
    return {**collection, "features": kept}


def _state(entries: Sequence[Entry]) -> dict[str, Any]:
    """What the standing entries on one hit make of it."""
    base = state = "open"
    moved = reclassed = False
    last: Entry | None = None
    for entry in (e for e in entries if e["verdict"] != "commented"):
        last, verdict = entry, entry["verdict"]
        if verdict == "added":
            base, moved, reclassed = "added", False, False
        moved, reclassed = moved or verdict == "moved", reclassed or verdict == "reclassed"
        state = verdict if verdict in STATES else base if state == "rejected" else state
    return {
        "verdict": state,
        "moved": moved,
        "reclassed": reclassed,
        "comments": [{k: e.get(k) for k in ("who", "when", "verdict", "note")} for e in entries if e.get("note")],
        "reviewed_by": last["who"] if last else None,
        "reviewed_at": last.get("when") if last else None,
    }
