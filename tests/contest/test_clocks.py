"""Clocks: what ran is the ledger's times less the pauses, whatever anybody does to them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.contest.clocks import at_receipt, clock, elapsed_ms, over, ran_ms, void_clock
from pipeline.contest.folder import Contest
from pipeline.contest.keys import Signer
from pipeline.contest.records import Act, Clock
from pipeline.errors import ContestError
from tests.contest.making import Officials, Ticks, hand_in

MIN = 60_000


@pytest.fixture
def flying(bring: Callable[[str], Contest]) -> Contest:
    return bring("open")


def test_pauses_do_not_count_and_the_clocks_are_separate(flying: Contest, desk: Signer, now_ms: Ticks) -> None:
    start = clock(flying, "drone", "T01", "flight", "start", "", desk, now_ms()).t_ms
    clock(flying, "drone", "T01", "flight", "pause", "空域管制", desk, start + 5 * MIN)
    clock(flying, "drone", "T01", "analysis", "start", "", desk, start + 6 * MIN)
    clock(flying, "drone", "T01", "flight", "resume", "", desk, start + 9 * MIN)
    clock(flying, "drone", "T01", "flight", "stop", "", desk, start + 20 * MIN)

    def ran(which: str, at: int) -> int | None:
        return elapsed_ms(flying.state, "drone", "T01", which, start + at * MIN)

    assert [ran("flight", at) for at in (0, 4, 7, 10, 20, 500)] == [at * MIN for at in (0, 4, 5, 6, 16, 16)]
    assert [ran("analysis", at) for at in (6, 16)] == [0, 10 * MIN]
    assert elapsed_ms(flying.state, "drone", "T02", "flight", start) is None
    assert flying.state.clocks["drone", "T01", "flight"].acts[1].why == "空域管制"


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=40), st.integers(0, 10**7))
def test_time_ran_is_the_sum_of_the_running_stretches(gaps: list[int], later: int) -> None:
    times = [sum(gaps[: n + 1]) for n in range(len(gaps))]
    names = ["start", *("pause", "resume") * len(gaps)]
    known = Clock("drone", "T01", "flight", tuple(Act(t, a, "x") for t, a in zip(times, names, strict=False)))
    at = times[-1] + later
    ends = [*times, at]
    assert ran_ms(known, at) == sum(ends[n + 1] - ends[n] for n in range(0, len(times), 2))
    assert ran_ms(known, times[0]) == 0


@pytest.mark.parametrize(
    ("before", "act", "sentence"),
    [
        ((), "pause", "was not started: pause is not possible"),
        ((), "stop", "was not started"),
        (("start",), "start", "is running: start is not possible"),
        (("start",), "resume", "is running"),
        (("start", "pause"), "pause", "is paused"),
        (("start", "pause"), "start", "is paused"),
        (("start", "stop"), "start", "was stopped for good"),
        (("start", "stop"), "resume", "was stopped for good"),
        (("start", "pause", "stop"), "resume", "was stopped for good"),
    ],
)
def test_an_act_that_cannot_follow_is_refused(
    flying: Contest, desk: Signer, now_ms: Ticks, before: tuple[str, ...], act: str, sentence: str
) -> None:
    for earlier in before:
        clock(flying, "drone", "T02", "analysis", earlier, "原因", desk, now_ms())
    with pytest.raises(ContestError, match=sentence):
        clock(flying, "drone", "T02", "analysis", act, "原因", desk, now_ms())


def test_a_pause_needs_a_reason(flying: Contest, desk: Signer, now_ms: Ticks) -> None:
    clock(flying, "drone", "T01", "flight", "start", "", desk, now_ms())
    with pytest.raises(ContestError, match="needs a reason"):
        clock(flying, "drone", "T01", "flight", "pause", "  ", desk, now_ms())


def test_only_on_an_open_field_of_a_drone_leg(bring: Callable[[str], Contest], desk: Signer, now_ms: Ticks) -> None:
    contest = bring("sealed")
    for leg, entrant, sentence in (("drone", "T01", "is not open"), ("theory", "P011", "of the kind marks"),
                                   ("drone", "T09", "not registered")):  # fmt: skip
        with pytest.raises(ContestError, match=sentence):
            clock(contest, leg, entrant, "flight", "start", "", desk, now_ms())
    bring("closed")
    with pytest.raises(ContestError, match="is closed"):
        clock(contest, "drone", "T01", "flight", "start", "", desk, now_ms())


def test_limits_mark_late_and_the_judges_clock_is_on_the_receipt(flying: Contest, desk: Signer, now_ms: Ticks) -> None:
    start = clock(flying, "drone", "T01", "analysis", "start", "", desk, now_ms()).t_ms
    assert at_receipt(flying.state, "drone", "T01", start + 60 * MIN) == (60 * MIN, False)
    assert at_receipt(flying.state, "drone", "T01", start + 60 * MIN + 1) == (60 * MIN + 1, True)
    assert over(flying.state, "drone", "T01", start + 60 * MIN + 1) == ("analysis",)
    now_ms.skip(61 * MIN)
    hand_in(flying, "drone", "T01", desk, now_ms)
    found = flying.state.submissions[-1]
    assert found.late and found.elapsed_ms == found.t_ms - start


@pytest.mark.parametrize("changed", [{"late": True}, {"elapsed_ms": 5}])
def test_a_receipt_with_other_times_than_the_clocks_is_refused(
    flying: Contest, desk: Signer, now_ms: Ticks, changed: dict[str, object]
) -> None:
    with pytest.raises(ContestError, match="not what the clocks say"):
        hand_in(flying, "drone", "T01", desk, now_ms, **changed)


def test_no_clock_runs_past_the_close(
    flying: Contest, desk: Signer, now_ms: Ticks, bring: Callable[[str], Contest]
) -> None:
    clock(flying, "drone", "T01", "flight", "start", "", desk, now_ms())
    bring("closed")
    closed = flying.state.closed["drone", flying.state.assignment["drone", "T01"]]
    now_ms.skip(10 * MIN)
    assert elapsed_ms(flying.state, "drone", "T01", "flight", now_ms()) == elapsed_ms(
        flying.state, "drone", "T01", "flight", closed)  # fmt: skip


def test_a_clock_of_the_wrong_team_is_taken_back_by_two_judges(
    flying: Contest, desk: Signer, officials: Officials, now_ms: Ticks
) -> None:
    with pytest.raises(ContestError, match="was not started"):
        void_clock(flying, "drone", "T01", "flight", "按错", officials.two, desk, now_ms())
    clock(flying, "drone", "T01", "flight", "start", "", desk, now_ms())
    with pytest.raises(ContestError, match="of the 2 signatures"):
        void_clock(flying, "drone", "T01", "flight", "按错", officials.judges[:1], desk, now_ms())
    void_clock(flying, "drone", "T01", "flight", "按错", officials.two, desk, now_ms())
    assert elapsed_ms(flying.state, "drone", "T01", "flight", now_ms()) is None
    clock(flying, "drone", "T01", "flight", "start", "", desk, now_ms())


def test_a_clock_that_ran_back_stands_still(flying: Contest, desk: Signer, now_ms: Ticks) -> None:
    start = clock(flying, "drone", "T01", "flight", "start", "", desk, now_ms()).t_ms
    event = clock(flying, "drone", "T01", "flight", "stop", "", desk, start - 5 * MIN)
    assert (event.t_ms, event.body["clock_back_ms"]) == (start, 5 * MIN)
    assert elapsed_ms(flying.state, "drone", "T01", "flight", start + MIN) == 0
