"""Sums of weighted legs: floored where the docstring says, and nowhere else."""

from __future__ import annotations

from fractions import Fraction
from math import floor

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.contest.judging.totals import (
    normalised,
    person_legs,
    team_legs,
    team_points,
    total_u,
    with_manual,
)
from pipeline.contest.plan import WHOLE_U, Appeals, Leg, Limits, Plan

POINTS = st.integers(0, WHOLE_U)
MAYBE = st.none() | POINTS


def leg(ident: str, weight: int, **more: object) -> Leg:
    return Leg(ident, ident, "marks", weight, **{"entrants": "team", **more})  # type: ignore[arg-type]


def plan(*legs: Leg) -> Plan:
    return Plan("n", "o", "UTC", 1, None, Limits(), legs, (), Appeals(), True, {})


def column(value: int | None) -> np.ndarray | None:
    return None if value is None else np.array([value], dtype=np.int64)


def number(found: np.ndarray | None) -> int | None:
    return None if found is None else int(found[0])


@given(st.lists(st.tuples(st.integers(1, 10_000), MAYBE), min_size=1, max_size=6))
def test_the_total_is_the_exact_weighted_mean_floored_once(legs: list[tuple[int, int | None]]) -> None:
    whole = plan(*(leg(f"l{n}", w) for n, (w, _) in enumerate(legs)))
    found = number(total_u(whole, {f"l{n}": column(p) for n, (_, p) in enumerate(legs)}))
    if all(p is None for _, p in legs):
        assert found is None
    else:
        assert found == floor(Fraction(sum(w * (p or 0) for w, p in legs), sum(w for w, _ in legs)))


@given(st.lists(MAYBE, max_size=5))
def test_a_team_has_the_mean_or_the_best_of_its_members(members: list[int | None]) -> None:
    mean = number(team_points(leg("l", 1, entrants="person", team_from="mean"), [column(m) for m in members]))
    best = number(team_points(leg("l", 1, entrants="person", team_from="best"), [column(m) for m in members]))
    known = [m for m in members if m is not None]
    assert best == (max(known) if known else None)
    assert mean == (sum(known) // len(members) if known else None)


@given(MAYBE, st.integers(-WHOLE_U, WHOLE_U))
def test_manual_events_stay_within_the_leg(points: int | None, manual_u: int) -> None:
    found = number(with_manual(column(points), manual_u))
    if points is None and manual_u <= 0:
        assert found is None, "a penalty is no reason to rank before those who have nothing"
    else:
        assert found == min(max((points or 0) + manual_u, 0), WHOLE_U)


def test_legs_of_other_scales_are_brought_to_a_hundred() -> None:
    suas = normalised(np.array([-50_000, 0, 333_333, 1_000_000]), 1_000_000)
    assert suas.tolist() == [0, 0, 33_333_300, WHOLE_U]
    assert normalised(np.array([12_345_678]), WHOLE_U).tolist() == [12_345_678]


def test_who_counts_in_which_table() -> None:
    whole = plan(leg("fly", 2, for_persons=True), leg("talk", 1), leg("exam", 1, entrants="person", team_from="mean"))
    points = {"fly": {"T": column(60)}, "talk": {"T": column(10)}, "exam": {"P1": column(41), "P2": column(90)}}
    team = team_legs(whole, points, "T", ("P1", "P2"))
    assert {k: number(v) for k, v in team.items()} == {"fly": 60, "talk": 10, "exam": 65}
    person = person_legs(whole, points, "P1", "T")
    assert {k: number(v) for k, v in person.items()} == {"fly": 60, "exam": 41}
    assert number(total_u(whole, person)) == (2 * 60 + 41) // 3


def test_columns_of_different_length_are_summed_column_by_column() -> None:
    whole = plan(leg("fly", 1), leg("exam", 1))
    found = total_u(whole, {"fly": np.array([10, 20, 31]), "exam": np.array([40])})
    assert found is not None and found.tolist() == [25, 30, 35]
