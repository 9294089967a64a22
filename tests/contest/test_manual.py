"""Manual rules and overruled evidence: two different judges, as often as the plan allows, each signature once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.contest.approvals import approved
from pipeline.contest.folder import Contest
from pipeline.contest.keys import Signer
from pipeline.contest.manual import manual_event, overrule
from pipeline.contest.plan import EXAMPLE
from pipeline.errors import ContestError
from tests.contest.making import Officials, Ticks, hand_in


def test_a_rule_applies_as_often_as_the_plan_allows(
    contest: Contest, desk: Signer, officials: Officials, now_ms: Ticks
) -> None:
    for _ in range(4):
        manual_event(contest, "drone", "T01", "outside", "越界", officials.two, desk, now_ms())
    with pytest.raises(ContestError, match="applies to T01 at most 4 times"):
        manual_event(contest, "drone", "T01", "outside", "越界", officials.two, desk, now_ms())
    manual_event(contest, "drone", "T02", "outside", "越界", officials.two, desk, now_ms())
    found = contest.state.manual[-1]
    assert (found.entrant, found.points_u, found.by) == (
        "T02",
        -5_000_000,
        tuple(sorted(o.name for o in officials.two)),
    )


@pytest.mark.parametrize(
    ("leg", "entrant", "rule", "sentence"),
    [
        ("theory", "P011", "crash", "belongs to leg drone, not theory"),
        ("drone", "P011", "crash", "P011 is not registered as a team"),
        ("drone", "T09", "crash", "T09 is not registered"),
        ("drone", "T01", "bribe", "no manual rule 'bribe'"),
        ("boat", "T01", "crash", "there is no leg 'boat'"),
    ],
)
def test_only_rules_of_the_plan(
    contest: Contest,
    desk: Signer,
    officials: Officials,
    now_ms: Ticks,
    leg: str,
    entrant: str,
    rule: str,
    sentence: str,
) -> None:
    with pytest.raises(ContestError, match=sentence):
        manual_event(contest, leg, entrant, rule, "坠毁", officials.two, desk, now_ms())


def test_two_different_judges_sign(contest: Contest, desk: Signer, officials: Officials, now_ms: Ticks) -> None:
    one, two = officials.two
    for signers, sentence in (
        ([], "has 0 of the 2 signatures"),
        ([one], "has 1 of the 2 signatures"),
        ([one, one], "signed twice"),
        ([one, officials.holders[0]], "not an official who may"),
        ([one, officials.surveyors[0]], "not an official who may"),
        ([one, desk], "not an official who may"),
    ):
        with pytest.raises(ContestError, match=sentence):
            manual_event(contest, "drone", "T01", "crash", "坠毁", signers, desk, now_ms())
    with pytest.raises(ContestError, match="why"):
        manual_event(contest, "drone", "T01", "crash", " ", [one, two], desk, now_ms())


def test_signatures_count_once_and_for_their_words_only(
    contest: Contest, desk: Signer, officials: Officials, now_ms: Ticks
) -> None:
    words = {"entrant": "T01", "leg": "drone", "points_u": -5_000_000, "rule": "outside", "why": "越界"}
    body = approved(officials.two, contest.state.id, "manual", words)
    with pytest.raises(ContestError, match="does not fit"):
        contest.append("manual", {**body, "entrant": "T02"}, desk, now_ms())
    with pytest.raises(ContestError, match="does not fit"):
        contest.append("manual", {**body, "nonce": "ab" * 16}, desk, now_ms())
    other = approved(officials.two, "another-contest", "manual", words)
    with pytest.raises(ContestError, match="does not fit"):
        contest.append("manual", other, desk, now_ms())
    with pytest.raises(ContestError, match="is worth -5000000"):
        contest.append("manual", {**body, "points_u": 5_000_000}, desk, now_ms())
    contest.append("manual", body, desk, now_ms())
    with pytest.raises(ContestError, match="a nonce counts once"):
        contest.append("manual", body, desk, now_ms())


def test_evidence_is_overruled_after_the_close(
    bring: Callable[[str], Contest], desk: Signer, officials: Officials, now_ms: Ticks
) -> None:
    contest = bring("open")
    hand_in(contest, "drone", "T01", desk, now_ms)
    with pytest.raises(ContestError, match="after the close of T01's field"):
        overrule(contest, "drone", "T01", "h1", False, "照片不是本次飞行", officials.two, desk, now_ms())
    bring("closed")
    overrule(contest, "drone", "T01", "h1", False, "照片不是本次飞行", officials.two, desk, now_ms())
    overrule(contest, "drone", "T01", "h1", True, "复核后认可", officials.two, desk, now_ms())
    assert [o.evidence for o in contest.state.overrules] == [False, True]
    for entrant, hit in (("T01", "h01"), ("T02", "h1")):
        with pytest.raises(ContestError, match=f"{entrant} that counts has no hit '{hit}'"):
            overrule(contest, "drone", entrant, hit, True, "笔误", officials.two, desk, now_ms())
    with pytest.raises(ContestError, match="of the 2 signatures"):
        overrule(contest, "drone", "T01", "h1", False, "x", officials.judges[:1], desk, now_ms())


class TestWithoutEvidence:
    @pytest.fixture
    def plan_path(self, tmp_path: Path) -> Path:
        path = tmp_path / "plan.toml"
        path.write_text(EXAMPLE.read_text("utf-8").replace('"drone-rules.toml"', '"drill-example"'), "utf-8")
        return path

    def test_there_is_nothing_to_overrule(
        self, bring: Callable[[str], Contest], desk: Signer, officials: Officials, now_ms: Ticks
    ) -> None:
        with pytest.raises(ContestError, match="do not ask for evidence"):
            overrule(bring("closed"), "drone", "T01", "h1", True, "x", officials.two, desk, now_ms())
