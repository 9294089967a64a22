"""Everything that sheets of one set of results are made from: the results, the ledger as it was then, hit lists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.contest.judging.cases import Case, cases_of, field_targets, rules_of_leg
from pipeline.contest.judging.changes import Changes, changes_of
from pipeline.contest.judging.judged import results_of
from pipeline.contest.records import Load, ResultSet, State
from pipeline.contest.sheets.scene import Judged
from pipeline.contest.state import fold
from pipeline.errors import ContestError
from pipeline.types import Rules

if TYPE_CHECKING:
    from pipeline.contest.folder import Contest
    from pipeline.contest.ledger import Event

_OF_A_SET = ("judged", "rejudge", "rejudge-apply", "rejudge-cancel")
Entry = Mapping[str, Any]  # what the results hold of one entrant on one leg


@dataclass(frozen=True, slots=True, eq=False)
class Book:
    """`state` is the ledger's as the set was computed; `event` the last one that tells of the set."""

    results: Mapping[str, Any]
    state: State
    found: ResultSet
    previous: Mapping[str, Any] | None  # results that stood before this set
    earlier: tuple[ResultSet, ...]
    event: Event
    rules: Mapping[str, Rules]  # by drone leg: those that the set was judged by
    judged: Mapping[tuple[str, str], Judged]  # by leg and entrant

    @property
    def notice(self) -> str:
        """What the rules say of themselves, each notice once."""
        return "；".join(sorted({rules.notice for rules in self.rules.values()} - {""}))

    def entry(self, leg: str, entrant: str) -> Entry | None:
        """What the results hold of an entrant on a leg; None for who does not take part in it."""
        found: Entry | None = self.results["legs"][leg]["entrants"].get(entrant)
        return found


def open_book(contest: Contest, set_number: int) -> Book:
    """The book of a set; ContestError where there is no such set."""
    sets = {found.number: found for found in contest.state.sets}
    if set_number not in sets:
        raise ContestError(f"there is no result set {set_number}; there are {len(sets)}")
    found = sets[set_number]
    results = results_of(contest.state, contest.load, set_number)
    state = fold(contest.events[: found.seq], contest.load)
    event = next(e for e in reversed(contest.events) if e.kind in _OF_A_SET and e.body["set"] == set_number)
    earlier = tuple(s for s in contest.state.sets if s.number < set_number)
    stood = [s.number for s in earlier if s.state == "applied"]
    previous = results_of(contest.state, contest.load, stood[-1]) if stood else None
    changes = changes_of(results)
    rules = {leg: rules_of_leg(state, contest.load, leg, changes) for leg in state.rules}
    return Book(results, state, found, previous, earlier, event, rules, _judged(state, contest.load, results, changes))


def _judged(state: State, load: Load, results: Mapping[str, Any], changes: Changes) -> dict[tuple[str, str], Judged]:
    found = {}
    for leg in (leg.id for leg in state.plan.legs if leg.kind == "drone"):
        for entrant, case in cases_of(state, load, leg, changes).items():
            score = results["legs"][leg]["entrants"][entrant]["score"]
            found[leg, entrant] = _list(state, load, leg, case, score)
    return found


def _list(state: State, load: Load, leg: str, case: Case, score: Mapping[str, Any]) -> Judged:
    field = case.submission.field if case.submission else ""
    whole, kept = case.whole or case.sent, {t.id for t in case.targets}
    everything = field_targets(state, load, leg, field)
    return Judged(
        score=score,
        targets=(*case.targets, *case.ignore),
        hits=whole,
        rules=case.rules,
        originals=case.originals,
        flight_ms=case.flight_ms,
        elapsed_ms=case.elapsed_ms,
        overruled=case.overruled,
        voided=tuple(t for t in everything if t.kind == "target" and t.id not in kept),
        on_voided=frozenset(whole.ids) - frozenset(case.sent.ids),
    )
