"""Lots: they follow from secret and contributions, favour nobody, and can be recomputed by anyone."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.contest.draws import below, commit_draw, commitment, dealt, drawn, numbers, run_draw, seed_of, shuffled
from pipeline.contest.folder import Contest
from pipeline.contest.keys import Signer
from pipeline.errors import ContestError
from pipeline.score.canonical import nfc
from tests.contest.making import Officials, Ticks

SECRET = "5e" * 32


def by_hand(contest: str, name: str, secret: str, said: list[str], ids: list[str], fields: list[str]) -> object:
    """The drawing as its description says it, written a second time."""
    value = {"contest": contest, "contributions": said, "draw": name, "secret": secret, "version": 1}
    seed = hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode())
    blocks = b"".join(hashlib.sha256(b"qianliyan draw 1 block\0" + seed.digest() + n.to_bytes(8, "big")).digest()
                      for n in range(100))  # fmt: skip
    words = [int.from_bytes(blocks[i : i + 8], "big") for i in range(0, len(blocks), 8)]

    def shuffle(items: list[str]) -> list[str]:
        for i in reversed(range(1, len(items))):
            k = i + 1
            while (x := words.pop(0)) >= 2**64 - 2**64 % k:
                pass
            items[i], items[x % k] = items[x % k], items[i]
        return items

    order = shuffle(sorted(ids))
    lots = shuffle(sorted(fields))
    return order, {e: lots[n % len(lots)] for n, e in enumerate(order)}


def test_anyone_can_recompute_the_lots(contest: Contest, desk: Signer, now_ms: Ticks) -> None:
    secret = commit_draw(contest, "drone", desk, now_ms())
    assert secret not in (contest.folder / "events.jsonl").read_text("utf-8")
    said = ["7", "  十二 ", "e\u0301"]
    event = run_draw(contest, "drone", secret, said, desk, now_ms())
    draw = contest.state.draws["drone"]
    assert draw.contributions == ("7", "十二", "é")
    assert by_hand(contest.state.id, "drone", secret, list(draw.contributions), ["T03", "T01", "T02"], ["B", "A"]) == (
        list(draw.order), draw.fields)  # fmt: skip
    assert event.body["fields"] == draw.fields
    assert contest.state.assignment == {("drone", entrant): place for entrant, place in draw.fields.items()}


def test_what_nobody_can_say_is_no_contribution(contest: Contest, desk: Signer, now_ms: Ticks) -> None:
    """Signs that nobody sees would let a desk that knows the secret try until the lots please it."""
    secret = commit_draw(contest, "drone", desk, now_ms())
    for said in (["7\u200b"], [" 7"], ["7", "\u2028"]):
        order, fields = drawn(contest.state, "drone", secret, said)
        body = {"contributions": said, "draw": "drone", "fields": fields, "order": order, "secret": secret}
        with pytest.raises(ContestError, match="contribution"):
            contest.append("draw", body, desk, now_ms())


def test_golden_lots(contest: Contest) -> None:
    """Computed once by `by_hand`: a change of the rule would change what past contests drew."""
    assert contest.state.id == "testcontest1"
    assert commitment("testcontest1", "drone", SECRET) == hashlib.sha256(
        b"qianliyan draw 1 commit\0testcontest1\0drone\0" + SECRET.encode()).hexdigest()  # fmt: skip
    found = drawn(contest.state, "drone", SECRET, ["7", "十二"])
    assert found == by_hand("testcontest1", "drone", SECRET, ["7", "十二"], ["T01", "T02", "T03"], ["A", "B"])
    assert found == GOLDEN


GOLDEN = (["T01", "T03", "T02"], {"T01": "A", "T03": "B", "T02": "A"})


@given(st.integers(1, 200), st.integers(1, 7), st.binary(min_size=32, max_size=32))
def test_order_is_a_permutation_and_fields_are_balanced(count: int, fields: int, seed: bytes) -> None:
    ids, lots = [f"T{n:03d}" for n in range(count)], [f"F{n}" for n in range(fields)]
    stream = numbers(seed)
    order = shuffled(ids, stream)
    assert sorted(order) == ids
    shares = Counter(dealt(order, shuffled(lots, stream)).values())
    assert max(shares.values()) - min(shares.get(f, 0) for f in lots) <= 1


def test_no_number_is_favoured() -> None:
    def words(*values: int) -> Iterator[int]:
        return iter(values)

    assert below(3, words(2**64 - 1, 5)) == 2  # 2^64 - 1 = 3 · k: it would make 0 likelier
    assert below(3, words(2**64 - 2)) == 2
    assert below(2**63 + 1, words(2**63 + 1, 7)) == 7
    counts = Counter(
        tuple(shuffled(["a", "b", "c"], numbers(hashlib.sha256(n.to_bytes(4, "big")).digest()))) for n in range(6000)
    )
    assert len(counts) == 6
    assert sum((c - 1000) ** 2 / 1000 for c in counts.values()) < 20.5  # χ², 5 degrees of freedom, 0.1 %


@given(st.lists(st.text(min_size=1, max_size=5), min_size=1, max_size=5), st.integers(0, 4), st.text(max_size=5))
def test_each_contribution_counts(said: list[str], at: int, other: str) -> None:
    changed = [*said]
    changed[at % len(said)] = other
    same = seed_of("c", "d", SECRET, said) == seed_of("c", "d", SECRET, changed)
    assert same == ([nfc(s) for s in said] == [nfc(s) for s in changed])


def test_a_draw_that_was_steered_is_refused(contest: Contest, desk: Signer, now_ms: Ticks) -> None:
    with pytest.raises(ContestError, match="nothing was committed"):
        run_draw(contest, "drone", SECRET, ["1"], desk, now_ms())
    commit_draw(contest, "drone", desk, now_ms(), secret=SECRET)
    with pytest.raises(ContestError, match="not the one that was committed"):
        run_draw(contest, "drone", "ab" * 32, ["1"], desk, now_ms())
    with pytest.raises(ContestError, match="at least one entrant"):
        run_draw(contest, "drone", SECRET, [], desk, now_ms())
    order, fields = drawn(contest.state, "drone", SECRET, ["1"])
    body = {"draw": "drone", "secret": SECRET, "contributions": ["1"], "order": order[::-1], "fields": fields}
    with pytest.raises(ContestError, match="not those that follow from the secret"):
        contest.append("draw", body, desk, now_ms())
    swapped = {e: "A" if f == "B" else "B" for e, f in fields.items()}
    with pytest.raises(ContestError, match="not those that follow from the secret"):
        contest.append("draw", {**body, "order": order, "fields": swapped}, desk, now_ms())
    run_draw(contest, "drone", SECRET, ["1"], desk, now_ms())
    with pytest.raises(ContestError, match="the lots are drawn"):
        run_draw(contest, "drone", SECRET, ["2"], desk, now_ms())
    with pytest.raises(ContestError, match="the lots are drawn"):
        commit_draw(contest, "drone", desk, now_ms())


def test_a_lost_secret_is_committed_anew_by_two_judges(
    contest: Contest, desk: Signer, officials: Officials, now_ms: Ticks
) -> None:
    commit_draw(contest, "drone", desk, now_ms())
    with pytest.raises(ContestError, match="committed before: this needs the signatures of two judges"):
        commit_draw(contest, "drone", desk, now_ms())
    with pytest.raises(ContestError, match="has 1 of the 2 signatures"):
        commit_draw(contest, "drone", desk, now_ms(), signers=officials.judges[:1])
    secret = commit_draw(contest, "drone", desk, now_ms(), signers=officials.two)
    run_draw(contest, "drone", secret, ["1"], desk, now_ms())


def test_other_legs_draw_an_order_only(contest: Contest, desk: Signer, now_ms: Ticks) -> None:
    secret = commit_draw(contest, "theory", desk, now_ms())
    run_draw(contest, "theory", secret, ["1"], desk, now_ms())
    assert sorted(contest.state.draws["theory"].order) == sorted(contest.state.persons)
    assert contest.state.draws["theory"].fields == {}


def test_nothing_opens_before_it_is_drawn(bring: Callable[[str], Contest], desk: Signer, now_ms: Ticks) -> None:
    contest = bring("registered")
    with pytest.raises(ContestError, match="there is no leg 'boat'"):
        commit_draw(contest, "boat", desk, now_ms())
