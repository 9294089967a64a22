"""Results: what every entrant gets, from the state of the ledger and its objects, as canonical JSON.

`judge_all` is pure. Equal ledgers give equal bytes, whatever the order of files, the machine, locale, time zone or
number of threads. How sure a place is: the same contest judged `RESAMPLES` times with the targets moved within their
own survey errors (survey_errors.py); `place_low` and `place_high` hold the middle 90 % of the places, `place_held_ppm`
is the share in which the place is the one of the results. That says nothing of a team's luck on the day.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.contest.check_results import check_judgeable
from pipeline.contest.judging.cases import Case, rules_of_leg
from pipeline.contest.judging.certainty import can_move
from pipeline.contest.judging.changes import Changes, changes_of
from pipeline.contest.judging.ranking import columns_of_places, held_ppm, in_order, middle, places, shared
from pipeline.contest.judging.score_leg import Scored, drone_cases, leg_scores
from pipeline.contest.judging.survey_errors import METHOD, sigma_um
from pipeline.contest.judging.totals import person_legs, team_legs, total_u, with_manual
from pipeline.contest.records import Load, State
from pipeline.score.canonical import Ints, canonical_json, digest
from pipeline.score.rules import rules_digest

if TYPE_CHECKING:
    from pipeline.contest.folder import Contest
    from pipeline.contest.keys import Signer
    from pipeline.contest.ledger import Event

RESAMPLES = 1_000
LEVEL_PPM = 900_000
Points = Mapping[str, Mapping[str, Ints | None]]  # leg, entrant -> columns after manual events


def judge_first(contest: Contest, desk: Signer, now_ms: int) -> Event:
    """Judge the contest and publish set 1, which stands at once; returns the event `judged`.

    Raises:
        ContestError: a field is not closed and revealed, marks or panel sheets are missing, or it was judged before.
    """
    number = len(contest.state.sets) + 1
    data = results_bytes(contest.state, contest.load, Changes(), number)
    body = {"set": number, "object": contest.store(data), "state": "applied"}
    event = contest.append("judged", body, desk, now_ms)
    write_results(contest, number)
    return event


def write_results(contest: Contest, number: int) -> None:
    """results/set-N.json and, of a rejudge, set-N-diff.json: readable copies of the objects."""
    from pipeline.files import write_bytes_atomic

    found = contest.state.sets[number - 1]
    folder = contest.folder / "results"
    folder.mkdir(exist_ok=True)
    write_bytes_atomic(folder / f"set-{number}.json", contest.load(found.object))
    if found.diff is not None:
        write_bytes_atomic(folder / f"set-{number}-diff.json", contest.load(found.diff))


def results_of(state: State, load: Load, number: int) -> dict[str, Any]:
    """The results of a set as they were kept."""
    found: dict[str, Any] = json.loads(load(state.sets[number - 1].object))
    return found


def standing_changes(state: State, load: Load) -> Changes:
    """Those of the set that stands; none before there is one."""
    return Changes() if state.applied is None else changes_of(results_of(state, load, state.applied.number))


def results_bytes(state: State, load: Load, changes: Changes, number: int) -> bytes:
    """A set of results as it is kept: canonical JSON."""
    return canonical_json(judge_all(state, load, changes=changes, number=number))


def judge_all(state: State, load: Load, *, changes: Changes | None = None, number: int | None = None) -> dict[str, Any]:
    """The results object (docs/schemas/contest-results.schema.json): integers, texts, booleans and None.

    changes: what a rejudge changes; None: what the set that stands was judged with. number: of the set; None: the next.

    Raises:
        ContestError: a field is not closed and revealed, or marks or panel sheets are missing.
    """
    check_judgeable(state)
    changes = standing_changes(state, load) if changes is None else changes
    cases = drone_cases(state, load, changes)
    seed = _seed(state)
    resamples = RESAMPLES if any(can_move(c.targets, c.rules) for of in cases.values() for c in of.values()) else 0
    scored = {leg.id: leg_scores(state, leg, cases.get(leg.id, {}), resamples, seed) for leg in state.plan.legs}
    points = {leg: {e: with_manual(s.points, _manual_u(state, leg, e)) for e, s in of.items()}
              for leg, of in scored.items()}  # fmt: skip
    return {
        "schema_version": 1,
        "contest": state.id,
        "name": state.name,
        "set": len(state.sets) + 1 if number is None else number,
        "software": software(),
        "rules": {leg: rules_digest(rules_of_leg(state, load, leg, changes)) for leg in sorted(state.rules)},
        "changes": changes.plain(),
        "legs": {leg.id: _leg(state, leg.id, scored[leg.id], points[leg.id]) for leg in state.plan.legs},
        "teams": _teams(state, points, resamples),
        "persons": _persons(state, points, resamples),
        "certainty": _certainty(cases, resamples, seed),
    }


def software() -> str:
    """The name and version that results are signed with."""
    return f"qianliyan {version('qianliyan')}"


def _seed(state: State) -> str:
    """SHA-256 of what was revealed and handed in. Nobody chooses the draws, and a rejudge keeps them."""
    lists = [(leg.id, e, state.last_submission(leg.id, e)) for leg in state.plan.legs for e in state.entrants(leg.id)]
    return digest({
        "contest": state.id,
        "revealed": [[*place, revealed] for place, revealed in sorted(state.revealed.items())],
        "lists": sorted([leg, e, sent.canonical] for leg, e, sent in lists if sent is not None),
    })  # fmt: skip


def _manual_u(state: State, leg: str, entrant: str) -> int:
    return sum(m.points_u for m in state.manual if (m.leg, m.entrant) == (leg, entrant))


def _verdict(points: Ints | None) -> int | None:
    return None if points is None else int(points[0])


def _leg(state: State, leg: str, scored: Mapping[str, Scored], points: Mapping[str, Ints | None]) -> dict[str, Any]:
    planned = state.plan.leg(leg)
    placed = places({e: _verdict(p) for e, p in points.items()})
    entrants = {e: {**s.facts, **_points(s.points, points[e]), "manual": _manual(state, leg, e),
                    "overrules": _overrules(state, leg, e), "place": placed[e]}
                for e, s in scored.items()}  # fmt: skip
    return {"title": planned.title, "kind": planned.kind, "weight": planned.weight, "of": planned.entrants,
            "entrants": entrants}  # fmt: skip


def _points(before: Ints | None, after: Ints | None) -> dict[str, Any]:
    return {"points_u": _verdict(after), "before_manual_u": _verdict(before), **_interval("points", after)}


def _interval(name: str, columns: Ints | None) -> dict[str, Any]:
    """The middle 90 % under resampled survey errors; None where nothing was resampled."""
    low, high = (None, None) if columns is None or len(columns) == 1 else middle(columns[1:])
    return {f"{name}_low_u": low, f"{name}_high_u": high}


def _manual(state: State, leg: str, entrant: str) -> list[dict[str, Any]]:
    return [{"rule": m.rule, "title": state.plan.rule(m.rule).title, "points_u": m.points_u, "why": m.why,
             "by": list(m.by), "seq": m.seq}
            for m in state.manual if (m.leg, m.entrant) == (leg, entrant)]  # fmt: skip


def _overrules(state: State, leg: str, entrant: str) -> list[dict[str, Any]]:
    return [{"hit": o.hit, "evidence": o.evidence, "why": o.why, "by": list(o.by), "seq": o.seq}
            for o in state.overrules if (o.leg, o.entrant) == (leg, entrant)]  # fmt: skip


def _teams(state: State, points: Points, resamples: int) -> list[dict[str, Any]]:
    legs = {t.id: team_legs(state.plan, points, t.id, t.persons) for t in state.teams.values()}
    rows = _table(state, legs, resamples)
    return [{**row, "name": state.teams[row["entrant"]].name, "organisation": state.teams[row["entrant"]].organisation}
            for row in rows]  # fmt: skip


def _persons(state: State, points: Points, resamples: int) -> list[dict[str, Any]]:
    if not state.plan.individual:
        return []
    legs = {p.id: person_legs(state.plan, points, p.id, p.team) for p in state.persons.values()}
    rows = _table(state, legs, resamples)
    return [{**row, "name": state.persons[row["entrant"]].name, "team": state.persons[row["entrant"]].team}
            for row in rows]  # fmt: skip


def _table(state: State, legs: Mapping[str, Mapping[str, Ints | None]], resamples: int) -> list[dict[str, Any]]:
    """Rows in order of place, of teams or of persons."""
    columns = {e: total_u(state.plan, of) for e, of in legs.items()}
    totals = {e: _verdict(c) for e, c in columns.items()}
    placed, sure = places(totals), _sureness(columns, resamples)
    tied = shared(placed)
    return [{"entrant": e, "total_u": totals[e], "legs": {leg: _verdict(p) for leg, p in legs[e].items()},
             "place": placed[e], "shared": e in tied, **_interval("total", columns[e]),
             **_places(sure.get(e), placed[e])}
            for e in in_order(totals)]  # fmt: skip


def _sureness(columns: Mapping[str, Ints | None], resamples: int) -> dict[str, Ints]:
    """Places in each resample, of those who have a total."""
    known = {e: np.broadcast_to(c[1:] if len(c) > 1 else c, resamples) for e, c in columns.items() if c is not None}
    return dict(zip(known, columns_of_places(list(known.values())), strict=True)) if resamples else {}


def _places(resampled: Ints | None, place: int | None) -> dict[str, int | None]:
    if resampled is None or place is None:
        return {"place_low": None, "place_high": None, "place_held_ppm": None}
    low, high = middle(resampled)
    return {"place_low": low, "place_high": high, "place_held_ppm": held_ppm(resampled, place)}


def _certainty(cases: Mapping[str, Mapping[str, Case]], resamples: int, seed: str) -> dict[str, Any]:
    """What was resampled and how; `moved` and `held` count the surveyed targets that entrants' fields have."""
    fields = {(leg, c.submission.field): c for leg, of in cases.items() for c in of.values() if c.submission}
    moves = {place: c for place, c in fields.items() if resamples and can_move(c.targets, c.rules)}
    moved = sum(sigma_um(t) > 0 for c in moves.values() for t in c.targets)
    whole = sum(len(c.targets) for c in fields.values())
    return {"method": METHOD, "resamples": resamples, "seed": seed, "level_ppm": LEVEL_PPM, "moved": moved,
            "held": whole - moved}  # fmt: skip
