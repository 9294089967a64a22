"""Buckets: never more than they hold, filled with time, and never many."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.server import limits
from pipeline.server.limits import Limit, check
from pipeline.server.problems import Problem


class Clock:
    def __init__(self) -> None:
        self.s = 0.0

    def __call__(self) -> float:
        return self.s


@given(st.integers(1, 20), st.lists(st.floats(0, 5), max_size=60))
def test_never_more_than_the_bucket_and_what_flowed_in(most: int, pauses: list[float]) -> None:
    clock = Clock()
    limit = Limit(most, 10, clock)
    taken = 0
    for pause in pauses:
        clock.s += pause
        taken += limit.take("a") == 0
        assert taken <= most + clock.s * most / 10 + 1e-6


def test_the_wait_it_tells_is_enough_and_not_too_long() -> None:
    clock = Clock()
    limit = Limit(3, 30, clock)
    assert [limit.take("a") for _ in range(3)] == [0, 0, 0]
    wait_s = limit.take("a")
    clock.s += wait_s - 0.01
    assert limit.take("a") > 0
    clock.s += 0.02
    assert limit.take("a") == 0


def test_keys_do_not_share_and_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "KEYS_MAX", 10)
    limit = Limit(1, 10, Clock())
    assert all(limit.take(f"k{i}") == 0 for i in range(1000))
    assert len(limit._left) == 10
    assert limit.take("k999") > 0


def test_what_is_stopped_first_uses_up_nothing_further() -> None:
    mine, everybody_s = Limit(1, 10, Clock()), Limit(5, 10, Clock())
    for _ in range(20):
        try:
            check((mine, "me"), (everybody_s, "x"))
        except Problem as why:
            assert why.status == 429
    assert [everybody_s.take("x") for _ in range(4)] == [0] * 4


def test_threads_take_no_more_than_there_is() -> None:
    limit = Limit(100, 1e9, Clock())
    taken: list[float] = []
    threads = [threading.Thread(target=lambda: taken.extend(limit.take("a") for _ in range(50))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert taken.count(0) == 100
