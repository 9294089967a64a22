"""Places as people know them: 1, 1, 3; nobody is ranked first for having nothing."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.contest.judging.ranking import columns_of_places, held_ppm, in_order, middle, places, shared

TOTALS = st.dictionaries(st.text("abc123", min_size=1, max_size=3), st.none() | st.integers(0, 5), max_size=12)


def test_example() -> None:
    totals = {"a": 70, "b": 90, "c": None, "d": 90, "e": 0}
    assert places(totals) == {"a": 3, "b": 1, "c": None, "d": 1, "e": 4}
    assert in_order(totals) == ["b", "d", "a", "e", "c"]
    assert shared(places(totals)) == {"b", "d"}


@given(TOTALS)
def test_a_place_is_one_more_than_those_ahead(totals: dict[str, int | None]) -> None:
    found = places(totals)
    for entrant, own in totals.items():
        ahead = sum(t is not None and own is not None and t > own for t in totals.values())
        assert found[entrant] == (None if own is None else 1 + ahead)


@given(TOTALS)
def test_order_follows_places_and_nothing_comes_last(totals: dict[str, int | None]) -> None:
    found, order = places(totals), in_order(totals)
    ranked = [(found[e] is None, found[e] or 0, e) for e in order]
    assert ranked == sorted(ranked)
    assert in_order(dict(reversed(totals.items()))) == order


@given(st.lists(st.lists(st.integers(0, 4), min_size=3, max_size=3), min_size=1, max_size=6))
def test_columns_are_ranked_like_single_lists(rows: list[list[int]]) -> None:
    found = columns_of_places([np.array(r) for r in rows])
    assert len(found) == len(rows)
    for k in range(3):
        assert {str(i): int(f[k]) for i, f in enumerate(found)} == places({str(i): r[k] for i, r in enumerate(rows)})


def test_the_middle_holds_nine_hundred_of_a_thousand() -> None:
    low, high = middle(np.arange(1000)[::-1])
    assert high - low + 1 == 900
    assert low == 1000 - 1 - high


def test_middle_of_one_and_share_of_none() -> None:
    assert middle(np.array([7])) == (7, 7)
    assert held_ppm(np.array([1, 2, 2]), 2) == 666_667
    assert held_ppm(np.array([], dtype=np.int64), 1) is None
