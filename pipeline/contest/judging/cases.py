"""Everything that one entrant's hit list on one leg is judged with, from the ledger and its objects.

Targets come from the reveal, hits from the last submission's canonical list, originals and the time of the flight from
the manifests of the cards that were handed over, the elapsed time from the judge's clock at receipt, and overruled
evidence from two judges.

A voided target counts neither for nor against anybody: it is taken out, and with it every hit that stands within the
gate it had and in no other target's; under the method "suas", which has no gates, the hits that took or repeated it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from pipeline.contest.intake.canonical import read_canonical
from pipeline.contest.intake.cards import Manifest, read_manifest
from pipeline.contest.judging.changes import Changes
from pipeline.contest.records import Load, State, Submission
from pipeline.contest.rulebooks import stored_rules
from pipeline.contest.truth.reveal import targets_of_state
from pipeline.errors import ContestError
from pipeline.score import hits
from pipeline.score.distance import double_gates_mm, pairs_within
from pipeline.score.verdict import judge
from pipeline.types import Rules, Target


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """One entrant's list on one field, as it is judged."""

    sent: hits.Submission  # without the hits that stand on voided targets
    targets: tuple[Target, ...]  # kind "target", by id; voided ones left out
    ignore: tuple[Target, ...]
    rules: Rules
    originals: frozenset[str] | None = None
    flight_ms: tuple[int, int] | None = None
    elapsed_ms: int | None = None
    overruled: Mapping[str, bool] | None = None
    whole: hits.Submission | None = None  # as it was handed in
    submission: Submission | None = None
    warnings: tuple[str, ...] = ()


def cases_of(state: State, load: Load, leg: str, changes: Changes) -> dict[str, Case]:
    """{entrant: case} of those who handed in on a drone leg.

    Raises:
        ContestError: no field was drawn or opened, one is not revealed, or has no target left.
    """
    rules = rules_of_leg(state, load, leg, changes)
    known = {f: field_targets(state, load, leg, f) for f in sorted(_used_fields(state, leg))}
    if not known:
        raise ContestError(f"leg {leg}: nobody has flown: its lots are not drawn")
    for field, targets in known.items():
        _check_voided(leg, field, targets, changes.of_field(leg, field))
    last = {entrant: state.last_submission(leg, entrant) for entrant in state.entrants(leg)}
    return {
        entrant: _case(state, load, sent, rules, known[sent.field], changes)
        for entrant, sent in last.items()
        if sent is not None
    }


def rules_of_leg(state: State, load: Load, leg: str, changes: Changes) -> Rules:
    """The rules that a leg is judged by: the plan's, or those of a rejudge."""
    if leg not in changes.rules:
        return state.rules[leg]
    return stored_rules(load(changes.rules[leg]), f"the new rules of leg {leg}")


def _used_fields(state: State, leg: str) -> set[str]:
    flown = {state.assignment[leg, e] for e in state.entrants(leg) if (leg, e) in state.assignment}
    return flown | {f for where, f in state.opened if where == leg}


def field_targets(state: State, load: Load, leg: str, field: str) -> tuple[Target, ...]:
    """The targets of a field that is closed for everybody and revealed; ContestError before."""
    if (leg, field) not in state.closed:
        raise ContestError(f"leg {leg}: field {field} is not closed: no score of it exists before")
    return targets_of_state(state, load, leg, field)


def _check_voided(leg: str, field: str, targets: Sequence[Target], voided: frozenset[str]) -> None:
    real = {t.id for t in targets if t.kind == "target"}
    if voided - real:
        raise ContestError(f"leg {leg}: field {field} has no target {min(voided - real)!r}")
    if not real - voided:
        raise ContestError(f"leg {leg}: field {field} has no target left")


def _case(
    state: State, load: Load, sent: Submission, rules: Rules, targets: Sequence[Target], changes: Changes
) -> Case:
    leg, entrant = sent.leg, sent.entrant
    whole = read_canonical(load(sent.canonical))
    real = [t for t in targets if t.kind == "target"]
    voided = changes.of_field(leg, sent.field)
    originals, flight_ms = _flown(state, load, leg, entrant) if rules.evidence else (None, None)
    elapsed_ms, warnings = _elapsed(rules, sent)
    return Case(
        sent=_without(whole, _on_voided(whole, real, voided, rules)),
        targets=tuple(t for t in real if t.id not in voided),
        ignore=tuple(t for t in targets if t.kind != "target"),
        rules=rules,
        originals=originals,
        flight_ms=flight_ms,
        elapsed_ms=elapsed_ms,
        overruled={o.hit: o.evidence for o in state.overrules if (o.leg, o.entrant) == (leg, entrant)},
        whole=whole,
        submission=sent,
        warnings=warnings,
    )


def _flown(state: State, load: Load, leg: str, entrant: str) -> tuple[frozenset[str] | None, tuple[int, int] | None]:
    """(hashes of the entrant's originals, first and last capture time). Where cards were taken from anybody on the leg,
    who handed none over has no originals; where from nobody, hashes are compared with nothing and the score says so."""
    if not any(where == leg for where, _ in state.cards):
        return None, None
    manifests = [read_manifest(load(card.manifest)) for card in state.cards.get((leg, entrant), ())]
    together = Manifest(tuple(f for manifest in manifests for f in manifest.files))
    return together.originals, together.span_ms


def _elapsed(rules: Rules, sent: Submission) -> tuple[int | None, tuple[str, ...]]:
    if rules.time and sent.elapsed_ms is None:
        return rules.time_max_ms, ("the entrant's clock was never started: no points for time",)
    return sent.elapsed_ms, ()


def _on_voided(whole: hits.Submission, real: Sequence[Target], voided: frozenset[str], rules: Rules) -> set[int]:
    """Indices of the hits that leave with voided targets."""
    if not voided:
        return set()
    return _took(whole, real, voided, rules) if rules.method == "suas" else _within(whole, real, voided, rules)


def _within(whole: hits.Submission, real: Sequence[Target], voided: frozenset[str], rules: Rules) -> set[int]:
    """Hits strictly within the gate that a voided target had. Gates that overlap (`half_gate = false`) may hold a hit
    of a target that still counts: it stays."""
    pairs = pairs_within(whole, real, rules, rules.radius_mm)
    inside = pairs.where(2 * pairs.distance_mm < double_gates_mm(real, rules)[pairs.target])
    gone = np.array([t.id in voided for t in real], dtype=bool)[inside.target]
    return set(inside.hit[gone].tolist()) - set(inside.hit[~gone].tolist())


def _took(whole: hits.Submission, real: Sequence[Target], voided: frozenset[str], rules: Rules) -> set[int]:
    """Hits that take a voided target while all count, and those that are excused only beside them. The best matching of
    the others stays the best: were there a better one, it would be better with the voided targets' pairs too."""
    score = judge(whole, real, rules)
    took = {pair.hit for pair in score.pairs if pair.target in voided}
    rest = _without(whole, {i for i, name in enumerate(whole.ids) if name in took})
    after = judge(rest, [t for t in real if t.id not in voided], rules)
    names = took | (set(score.ignored) - set(after.ignored))
    return {i for i, name in enumerate(whole.ids) if name in names}


def _without(sent: hits.Submission, gone: set[int]) -> hits.Submission:
    kept = [i for i in range(len(sent)) if i not in gone]
    return hits.Submission(*(_taken(getattr(sent, f.name), kept) for f in fields(sent)))


def _taken(column: Any, kept: list[int]) -> Any:
    return column[kept] if isinstance(column, np.ndarray) else tuple(column[i] for i in kept)
