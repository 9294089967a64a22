"""Places: 1, 1, 3; whoever has no total has no place and stands last. Pure integers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from pipeline.score.canonical import Ints, ratio_ppm


def places(totals: Mapping[str, int | None]) -> dict[str, int | None]:
    """One more than the number of entrants with a larger total; None without one."""
    first: dict[int, int] = {}
    for place, total in enumerate(sorted((t for t in totals.values() if t is not None), reverse=True), 1):
        first.setdefault(total, place)
    return {entrant: None if t is None else first[t] for entrant, t in totals.items()}


def in_order(totals: Mapping[str, int | None]) -> list[str]:
    """Entrants by falling total, those of equal total by id; without a total last."""
    return sorted(totals, key=lambda entrant: (totals[entrant] is None, -(totals[entrant] or 0), entrant))


def shared(places_of: Mapping[str, int | None]) -> set[str]:
    """Entrants whose place another has too."""
    held = Counter(places_of.values())
    return {entrant for entrant, p in places_of.items() if p is not None and held[p] > 1}


def columns_of_places(totals: Sequence[Ints]) -> list[Ints]:
    """Places in each column of (S,) totals, one sequence an entrant; the same rule as `places`."""
    if not totals:
        return []
    lost = -np.stack(totals, axis=1)
    ahead = np.stack([np.searchsorted(np.sort(column), column) for column in lost], axis=1)
    return list(1 + ahead.astype(np.int64))


def middle(values: Ints) -> tuple[int, int]:
    """The least and the greatest of the middle 90 % of (S,) integers, S > 0."""
    ordered = np.sort(values)
    return int(ordered[len(ordered) * 5 // 100]), int(ordered[(len(ordered) * 95 - 1) // 100])


def held_ppm(resampled: Ints, place: int) -> int | None:
    """In what share of the resamples the place is this one, in millionths; None without resamples."""
    return ratio_ppm(int((resampled == place).sum()), len(resampled))
