"""What each entrant gets on one leg, before manual events: a drone leg's score, marks, or a panel's points."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from pipeline.contest.judging.cases import Case, cases_of
from pipeline.contest.judging.certainty import can_move, resampled_points
from pipeline.contest.judging.changes import Changes
from pipeline.contest.judging.survey_errors import shifts_um
from pipeline.contest.judging.totals import normalised
from pipeline.contest.panels import panel_points
from pipeline.contest.plan import Leg
from pipeline.contest.records import Load, State
from pipeline.errors import ContestError
from pipeline.score.canonical import Ints
from pipeline.score.sheet import result
from pipeline.score.verdict import judge
from pipeline.types import Score

NOTHING: dict[str, Any] = {"submission": None, "sha256": None, "late": False, "field": None, "elapsed_ms": None,
                           "score": None, "panel": None, "warnings": []}  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """What stands in the results, and the points as columns: the verdict, then those under resampled survey errors."""

    facts: Mapping[str, Any]
    points: Ints | None


def leg_scores(state: State, leg: Leg, cases: Mapping[str, Case], resamples: int, seed: str) -> dict[str, Scored]:
    """{entrant: scored} for everybody who takes part. `cases` are those of a drone leg (`drone_cases`).

    Raises:
        ContestError: the leg has no marks yet, or its panel's sheets are closed.
    """
    if leg.kind == "drone":
        return {e: _drone(state, leg, e, cases.get(e), resamples, seed) for e in state.entrants(leg.id)}
    if leg.kind == "marks":
        return _marks(state, leg)
    return _panel(state, leg)


def drone_cases(state: State, load: Load, changes: Changes) -> dict[str, dict[str, Case]]:
    """{leg: {entrant: case}} of all drone legs."""
    return {leg.id: cases_of(state, load, leg.id, changes) for leg in state.plan.legs if leg.kind == "drone"}


def score_of(case: Case) -> Score:
    """The verdict on a case, with the hits on voided targets listed as ignored."""
    score = judge(
        case.sent,
        (*case.targets, *case.ignore),
        case.rules,
        originals=case.originals,
        flight_ms=case.flight_ms,
        elapsed_ms=case.elapsed_ms,
        overruled=case.overruled,
    )
    if case.whole is None or len(case.whole) == len(case.sent):
        return score
    dropped = set(case.whole.ids) - set(case.sent.ids)
    return replace(score, ignored=tuple(sorted({*score.ignored, *dropped})), hits_digest=case.whole.digest())


def _drone(state: State, leg: Leg, entrant: str, case: Case | None, resamples: int, seed: str) -> Scored:
    field = state.assignment.get((leg.id, entrant))
    if case is None or case.submission is None:
        return Scored({**NOTHING, "field": field}, None)
    sent, score = case.submission, score_of(case)
    facts = {**NOTHING, "submission": sent.number, "sha256": sent.object, "late": sent.late, "field": field,
             "elapsed_ms": sent.elapsed_ms, "score": result(score), "warnings": list(case.warnings)}  # fmt: skip
    return Scored(facts, _columns(case, score, resamples, seed))


def _columns(case: Case, score: Score, resamples: int, seed: str) -> Ints:
    points = np.array([score.points_u], dtype=np.int64)
    if resamples and can_move(case.targets, case.rules):
        shifted = resampled_points(case, shifts_um(case.targets, resamples, seed))
        points = np.concatenate([points, shifted])
    return normalised(points, score.points_max_u)


def _marks(state: State, leg: Leg) -> dict[str, Scored]:
    if leg.id not in state.marks:
        raise ContestError(f"leg {leg.id}: its marks are not in")
    found = state.marks[leg.id]  # one for everybody: `marks_of` refuses a list without
    return {e: Scored(NOTHING, np.array([found[e]], dtype=np.int64)) for e in state.entrants(leg.id)}


def _panel(state: State, leg: Leg) -> dict[str, Scored]:
    panel = state.panels.get(leg.id)
    if panel is None or panel.object is None:
        raise ContestError(f"leg {leg.id}: the panel's sheets are not open")
    return {e: _sheets(state, leg, panel.values.get(e)) for e in state.entrants(leg.id)}


def _sheets(state: State, leg: Leg, values: Mapping[str, tuple[int, ...]] | None) -> Scored:
    if not values:
        return Scored(NOTHING, None)
    points, outliers = panel_points(values, leg)
    sheets = [
        {"judge": state.officials[key].name, "key": key, "values": list(marks), "outlier": key in outliers}
        for key, marks in sorted(values.items())
    ]
    items = [{"id": i.id, "title": i.title, "max": i.max} for i in leg.items]
    panel = {"combine": leg.combine, "items": items, "sheets": sheets}
    return Scored({**NOTHING, "panel": panel}, np.array([points], dtype=np.int64))
