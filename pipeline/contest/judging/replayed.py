"""Every set of results judged again from the state that the ledger had then, and compared byte for byte."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pipeline.contest.judging.changes import Changes, changes_of
from pipeline.contest.judging.differences import difference
from pipeline.contest.judging.judged import judge_all, results_of, software
from pipeline.contest.judging.report import Report
from pipeline.contest.judging.told import Told, line_of
from pipeline.contest.ledger import Event
from pipeline.contest.records import State
from pipeline.errors import ContestError
from pipeline.score.canonical import canonical_json


def check_sets(told: Told, report: Report) -> None:
    """First results, proposals, what was applied, and what stands at the end."""
    kinds = {"judged": _judged, "rejudge": _rejudge, "rejudge-apply": _applied, "final": _applied}
    for event in told.events[: len(told.states)]:
        work = kinds.get(event.kind)
        if work is not None and report.guard(line_of(event), work, told, event, report):
            report.count("results")


def _judged(told: Told, event: Event, report: Report) -> None:
    _same(told, event, told.load(event.body["object"]), Changes(), report)


def _rejudge(told: Told, event: Event, report: Report) -> None:
    body, before = event.body, told.before(event)
    data = told.load(body["object"])
    results = json.loads(data)
    if results["changes"] != body["changes"] or before.applied is None:
        raise ContestError("the results were judged with other changes than the event says")
    _same(told, event, data, changes_of(results), report)
    standing = results_of(before, told.load, before.applied.number)
    if canonical_json(difference(standing, results, body["why"])) != told.load(body["diff"]):
        raise ContestError("its difference is not the one between the two sets")


def _applied(told: Told, event: Event, report: Report) -> None:
    """The judges signed for these very results, and the ledger still gives them."""
    found = told.before(event).sets[event.body["set"] - 1]
    if event.body.get("object") != found.object:
        raise ContestError("the judges signed for other results than those of the set")
    data = told.load(found.object)
    _same(told, event, data, changes_of(json.loads(data)), report)


def _same(told: Told, event: Event, data: bytes, changes: Changes, report: Report) -> None:
    """Raises ContestError unless the state before the event gives these very bytes."""
    number, theirs = event.body["set"], str(json.loads(data)["software"])
    again = _again(told.before(event), told, changes, number, theirs)
    if again == data:
        if theirs != software():
            report.say("note", line_of(event), f"set {number} was judged by {theirs}; {software()} gives the same")
        return
    by = "" if theirs == software() else f" (it was judged by {theirs}, this is {software()})"
    raise ContestError(f"set {number} judged again gives other results{by}")


def _again(state: State, told: Told, changes: Changes, number: int, name: str) -> bytes:
    return canonical_json(signed_by(judge_all(state, told.load, changes=changes, number=number), name))


def signed_by(results: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The same results as if that software had written them."""
    legs = {leg: {**of, "entrants": {e: _score_by(one, name) for e, one in of["entrants"].items()}}
            for leg, of in results["legs"].items()}  # fmt: skip
    return {**results, "software": name, "legs": legs}


def _score_by(one: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {**one, "score": {**one["score"], "software": name}} if one["score"] else dict(one)
