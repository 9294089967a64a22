from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from pipeline.contest.approvals import approve, approved, check_approved, new_nonce
from pipeline.contest.keys import Signer
from pipeline.errors import ContestError
from tests.contest.chain import chain

BODY = {"leg": "river", "entrant": "T01", "why": "提前起飞"}


def official(name: str) -> Signer:
    key = Ed25519PrivateKey.generate()
    return Signer(name, key.public_key().public_bytes_raw().hex(), key.sign)


ZHANG, LI, WANG = official("张三"), official("李四"), official("王五")
OFFICIALS = {s.public: s.name for s in (ZHANG, LI)}


def test_two_officials_are_enough() -> None:
    check_approved("c1", "manual", approved([ZHANG, LI], "c1", "manual", BODY), OFFICIALS)


def test_what_the_ledger_adds_later_does_not_undo_an_approval() -> None:
    body = approved([ZHANG, LI], "c1", "manual", BODY)
    check_approved("c1", "manual", {**body, "clock_back_ms": 5}, OFFICIALS)


@pytest.mark.parametrize(
    "signers, told",
    [
        ([], "has 0 of the 2 signatures that it needs"),
        ([ZHANG], "has 1 of the 2 signatures that it needs"),
        ([ZHANG, ZHANG], "one official has signed twice"),
        ([ZHANG, WANG], "not an official"),
    ],
)
def test_fewer_than_two_different_officials_are_refused(signers: list[Signer], told: str) -> None:
    with pytest.raises(ContestError, match=told):
        check_approved("c1", "manual", approved(signers, "c1", "manual", BODY), OFFICIALS)


@pytest.mark.parametrize("contest, kind, change", [
    ("c2", "manual", {}),
    ("c1", "overrule", {}),
    ("c1", "manual", {"entrant": "T02"}),
    ("c1", "manual", {"nonce": "0" * 32}),
    ("c1", "manual", {"more": 1}),
])  # fmt: skip
def test_an_approval_holds_for_one_contest_kind_and_body_only(contest: str, kind: str, change: dict[str, Any]) -> None:
    body = {**approved([ZHANG, LI], "c1", "manual", BODY), **change}
    with pytest.raises(ContestError, match="does not fit"):
        check_approved(contest, kind, body, OFFICIALS)


def test_an_approval_counts_once() -> None:
    body = approved([ZHANG, LI], "c1", "manual", BODY)
    with pytest.raises(ContestError, match="counted once already"):
        check_approved("c1", "manual", body, OFFICIALS, nonces={body["nonce"]})


@pytest.mark.parametrize("nonce", [None, "", "x" * 32, "0" * 31, 5])
def test_without_a_nonce_nothing_is_approved(nonce: Any) -> None:
    with pytest.raises(ContestError, match="no nonce"):
        approve(ZHANG, "c1", "manual", {**BODY, "nonce": nonce})


junk = st.recursive(
    st.none() | st.integers() | st.text(max_size=5), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
)


@given(junk)
def test_whatever_stands_in_place_of_approvals_is_refused_in_a_sentence(said: Any) -> None:
    with pytest.raises(ContestError):
        check_approved("c1", "manual", {**BODY, "nonce": new_nonce(), "approved": said}, OFFICIALS)


def test_approvals_survive_the_ledger(tmp_path: Path) -> None:
    made = chain(tmp_path, 1)
    made.add("manual", approved([ZHANG, LI], made.id, "manual", BODY))
    made.add("manual", approved([LI, ZHANG], made.id, "manual", BODY), now_ms=0)
    for event in made.read()[1:]:
        check_approved(made.id, event.kind, event.body, OFFICIALS)
