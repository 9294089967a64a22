"""From the points of legs to the totals of teams and persons. All in micro-points of 100; each step floors once:

    leg      ⌊points · 100,000,000 / points_max⌋, plus manual events, clipped to 0…100
    team of persons' points   ⌊Σ members / members⌋ (a member without points counts 0), or the best member's
    total    ⌊Σ weight · leg / Σ weight⌋ over all legs of the table; a leg without points counts 0

Nobody has points: None. Points are (N,) integers: the verdict first, then the same under resampled survey errors.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from pipeline.contest.plan import WHOLE_U, Leg, Plan
from pipeline.score.canonical import Ints

Columns = Mapping[str, Mapping[str, Ints | None]]  # leg, entrant


def normalised(points_u: Ints, points_max_u: int) -> Ints:
    """A drone leg's points on the scale of 100; a method that may go below 0 stops there."""
    scaled: Ints = np.clip(points_u * WHOLE_U // points_max_u, 0, WHOLE_U)
    return scaled


def with_manual(points_u: Ints | None, manual_u: int) -> Ints | None:
    """Points after manual events. Without points, only a bonus makes some: a penalty is no reason to rank higher."""
    if points_u is None and manual_u <= 0:
        return None
    changed: Ints = np.clip((np.zeros(1, dtype=np.int64) if points_u is None else points_u) + manual_u, 0, WHOLE_U)
    return changed


def team_points(leg: Leg, members: Sequence[Ints | None]) -> Ints | None:
    """What a team gets from its members' points on a person's leg."""
    if all(m is None for m in members):
        return None
    known = [np.zeros(1, dtype=np.int64) if m is None else m for m in members]
    if leg.team_from == "best":
        return _largest(known)
    total: Ints = sum(known[1:], known[0]) // len(known)
    return total


def _largest(values: Sequence[Ints]) -> Ints:
    most = values[0]
    for value in values[1:]:
        most = np.maximum(most, value)
    return most


def team_legs(plan: Plan, points: Columns, team: str, persons: Sequence[str]) -> dict[str, Ints | None]:
    """A team's points on each leg of the plan; every leg counts for a team."""
    return {
        leg.id: points[leg.id].get(team)
        if leg.entrants == "team"
        else team_points(leg, [points[leg.id].get(p) for p in persons])
        for leg in plan.legs
    }


def person_legs(plan: Plan, points: Columns, person: str, team: str) -> dict[str, Ints | None]:
    """A person's points: on their own legs, and on those of the team that stand in the individual table."""
    return {
        leg.id: points[leg.id].get(person if leg.entrants == "person" else team)
        for leg in plan.legs
        if leg.entrants == "person" or leg.for_persons
    }


def total_u(plan: Plan, legs: Mapping[str, Ints | None]) -> Ints | None:
    """The weighted mean over the legs of the table, floored once; None when there are no points on any of them."""
    if all(p is None for p in legs.values()):
        return None
    weights = {leg: plan.leg(leg).weight for leg in legs}
    summed = sum((p * weights[leg] for leg, p in legs.items() if p is not None), np.zeros(1, dtype=np.int64))
    total: Ints = summed // sum(weights.values())
    return total
