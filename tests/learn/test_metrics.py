"""Average precision and its neighbours, against cases worked out by hand."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.learn.metrics import average_precision, overlap, recall_at, threshold_at

A, B, C = (0.0, 0.0, 10.0, 10.0), (20.0, 0.0, 30.0, 10.0), (100.0, 100.0, 110.0, 110.0)
TRUTHS = {"one": [A, B], "two": [A]}


def test_overlap_by_hand() -> None:
    assert overlap(A, A) == 1.0
    assert overlap(A, (5.0, 0.0, 15.0, 10.0)) == pytest.approx(50 / 150)
    assert overlap(A, (10.0, 0.0, 20.0, 10.0)) == 0.0
    assert overlap(A, (3.0, 3.0, 3.0, 9.0)) == 0.0


def test_average_precision_by_hand() -> None:
    # right, wrong, right, wrong, right: recall 1/3, 2/3, 1 at precision 1, 2/3, 3/5
    seen = [("one", 0.9, A), ("one", 0.8, C), ("one", 0.7, B), ("two", 0.6, C), ("two", 0.5, A)]
    assert average_precision(seen, TRUTHS, 0.5) == pytest.approx((1 + 2 / 3 + 3 / 5) / 3)


def test_precision_is_the_best_at_that_recall_or_a_higher_one() -> None:
    # wrong, right, right: precision 1/2 and 2/3, and the first counts as 2/3 too; the third truth is never found
    seen = [("one", 0.9, C), ("one", 0.8, A), ("one", 0.7, B)]
    assert average_precision(seen, TRUTHS, 0.5) == pytest.approx(2 * (2 / 3) / 3)


def test_a_truth_is_found_once() -> None:
    twice = [("two", 0.9, A), ("two", 0.8, A)]
    assert average_precision(twice, {"two": [A]}, 0.5) == 1.0  # the double comes after all recall is reached
    assert average_precision(twice, {"two": [A], "one": [B]}, 0.5) == 0.5
    assert average_precision([*twice, ("one", 0.7, B)], {"two": [A], "one": [B]}, 0.5) == pytest.approx((1 + 2 / 3) / 2)


def test_equal_confidences_say_nothing_by_their_order() -> None:
    right, wrong = ("two", 0.5, A), ("two", 0.5, C)
    expected = 0.5
    assert average_precision([right, wrong], {"two": [A]}, 0.5) == expected
    assert average_precision([wrong, right], {"two": [A]}, 0.5) == expected


def test_the_overlap_asked_for_decides() -> None:
    half = [("two", 0.9, (0.0, 0.0, 10.0, 4.0))]
    assert average_precision(half, {"two": [A]}, 0.3) == 1.0
    assert average_precision(half, {"two": [A]}, 0.5) == 0.0


def test_empty_cases() -> None:
    assert math.isnan(average_precision([("one", 0.9, A)], {}, 0.5))
    assert math.isnan(recall_at([], {"one": []}, 0.5, 0.0))
    assert average_precision([], TRUTHS, 0.5) == 0.0


boxes = st.builds(
    lambda x, y, w, h: (x, y, x + w, y + h), *[st.integers(0, 40)] * 2, *[st.integers(1, 20)] * 2
)  # fmt: skip
seen_boxes = st.lists(st.tuples(st.sampled_from("ab"), st.integers(1, 9).map(lambda v: v / 10), boxes), max_size=12)


@given(seen_boxes, st.lists(boxes, min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_order_of_the_list_is_nothing_and_ap_is_a_share(seen: list, known: list, rng: object) -> None:
    truths = {"a": known}
    shuffled = list(seen)
    rng.shuffle(shuffled)  # type: ignore[attr-defined]
    ap = average_precision(seen, truths, 0.5)
    assert ap == average_precision(shuffled, truths, 0.5)
    assert 0.0 <= ap <= 1.0


@given(seen_boxes, st.lists(boxes, min_size=1, max_size=5))
def test_a_perfect_answer_at_the_top_is_worth_full_marks(seen: list, known: list) -> None:
    truths = {"a": sorted(set(known))}
    perfect = [("a", 0.99, box) for box in truths["a"]]
    assert average_precision([*perfect, *seen], truths, 1.0) == 1.0


@given(st.lists(st.floats(0, 1), max_size=30), st.integers(1, 10), st.floats(0, 4))
def test_threshold_keeps_its_promise_and_is_the_lowest(alarms: list[float], pictures: int, a_picture: float) -> None:
    threshold = threshold_at(alarms, pictures, a_picture)
    allowed = math.floor(a_picture * pictures + 1e-9)
    assert sum(a >= threshold for a in alarms) <= allowed
    if threshold > 0:
        lower = max(a for a in alarms if a < threshold)
        assert sum(a >= lower for a in alarms) > allowed


def test_recall_counts_what_reaches_the_threshold() -> None:
    seen = [("one", 0.9, A), ("one", 0.4, B), ("two", 0.6, C)]
    assert recall_at(seen, TRUTHS, 0.3, 0.5) == pytest.approx(1 / 3)
    assert recall_at(seen, TRUTHS, 0.3, 0.4) == pytest.approx(2 / 3)
