"""The fold: what a ledger means, and that a ledger which could not have happened is refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.contest.approvals import approved
from pipeline.contest.clocks import clock
from pipeline.contest.folder import Contest
from pipeline.contest.keys import Signer
from pipeline.contest.ledger import Event
from pipeline.contest.manual import manual_event, overrule
from pipeline.contest.marks import enter_marks
from pipeline.contest.panels import enter_sheet, open_panel
from pipeline.contest.people import register_entrants
from pipeline.contest.shapes import BODIES, OPTIONAL
from pipeline.contest.state import check, fold
from pipeline.errors import ContestError, OutputError
from tests.contest.making import ENTRANTS, STAGES, Officials, Ticks, hand_in, judge_bare, list_body, seal_body

HOUR = 3_600_000


@pytest.fixture
def whole(
    bring: Callable[[str], Contest], officials: Officials, desk: Signer, now_ms: Ticks, tmp_path: Path
) -> Contest:
    """A whole day up to the end, each kind of event at least once but those of repairs."""
    contest = bring("open")
    clock(contest, "drone", "T01", "flight", "start", "", desk, now_ms())
    manifest = contest.store(b"manifest")
    contest.append(
        "card", {"leg": "drone", "entrant": "T01", "manifest": manifest, "files": 3, "bytes": 9}, desk, now_ms()
    )
    for entrant in ("T01", "T02", "T01", "T03"):
        hand_in(contest, "drone", entrant, desk, now_ms)
    manual_event(contest, "drone", "T02", "crash", "坠毁", officials.two, desk, now_ms())
    bring("revealed")
    overrule(contest, "drone", "T01", "h1", False, "非本次飞行", officials.two, desk, now_ms())
    marks = tmp_path / "marks.csv"
    marks.write_text("entrant,points\n" + "".join(f"{p},50\n" for p in contest.state.persons), "utf-8")
    enter_marks(contest, "theory", marks, desk, now_ms())
    for judge in officials.judges:
        enter_sheet(contest, "casefile", "T01", judge, [10, 10, 10], desk, now_ms())
    open_panel(contest, "casefile", officials.judges, desk, now_ms())
    judge_bare(contest, desk, now_ms)
    appeal(contest, desk, now_ms)
    decide(contest, desk, now_ms, officials)
    judge_bare(contest, desk, now_ms, "rejudge")
    settle(contest, "rejudge-apply", 2, desk, now_ms, officials)
    now_ms.skip(3 * HOUR)
    end(contest, 2, desk, now_ms, officials)
    contest.append("head", {"at": "final"}, desk, now_ms())
    return contest


def appeal(contest: Contest, desk: Signer, now_ms: Ticks, number: int = 1) -> None:
    body = {"number": number, "leg": "drone", "entrant": "T01", "text": "目标 3 有误", "by": "领队"}
    contest.append("appeal", body, desk, now_ms())


def decide(contest: Contest, desk: Signer, now_ms: Ticks, officials: Officials, number: int = 1) -> None:
    body = {"number": number, "decision": "upheld", "why": "属实"}
    contest.append(
        "appeal-decision", approved(officials.two, contest.state.id, "appeal-decision", body), desk, now_ms()
    )


def settle(contest: Contest, kind: str, number: int, desk: Signer, now_ms: Ticks, officials: Officials) -> None:
    contest.append(kind, approved(officials.two, contest.state.id, kind, {"set": number}), desk, now_ms())


def end(contest: Contest, number: int, desk: Signer, now_ms: Ticks, officials: Officials) -> None:
    body = {"set": number, "head": contest.state.head.head, "manifest": {"plan.toml": "ab" * 32}}
    contest.append("final", approved(officials.two, contest.state.id, "final", body), desk, now_ms())


def test_the_fold_tells_the_day(whole: Contest) -> None:
    state = whole.state
    assert fold(whole.events, whole.load) == state == Contest.open(whole.folder).state
    assert [(s.entrant, s.number) for s in state.submissions] == [("T01", 1), ("T02", 1), ("T01", 2), ("T03", 1)]
    last = state.last_submission("drone", "T01")
    assert last is not None and last.number == 2 and state.last_submission("drone", "T99") is None
    assert [(s.number, s.state) for s in state.sets] == [(1, "applied"), (2, "applied")]
    assert state.applied is not None and state.applied.number == 2
    assert state.appeals[0].decision == "upheld" and state.final is not None and state.final.set == 2
    assert state.head.kind == "head" and len(state.nonces) == 12
    assert state.cards["drone", "T01"][0].files == 3


# Without one of these the day could not have gone on as it did.
NEEDED = {"contest", "entrants", "draw-commit", "draw", "seal", "open", "close", "reveal", "panel-entry", "judged",
          "appeal", "appeal-decision", "rejudge", "rejudge-apply"}  # fmt: skip


def test_a_day_with_a_needed_event_cut_out_is_refused(whole: Contest) -> None:
    for gone, event in enumerate(whole.events):
        if event.kind in NEEDED:
            rest = [*whole.events[:gone], *whole.events[gone + 1 :]]
            with pytest.raises(ContestError, match=r"events\.jsonl: event \d+ \([a-z-]+\): "):
                fold(rest, whole.load)


def test_a_day_with_an_event_twice_is_refused(whole: Contest) -> None:
    for at, event in enumerate(whole.events):
        if event.kind not in ("head", "card", "entrants", "clock"):
            with pytest.raises(ContestError, match=rf"event {event.seq} \({event.kind}\): "):
                fold([*whole.events[: at + 1], event], whole.load)


def needs() -> dict[str, set[str]]:
    """What must be cut out together with an event: all that cannot be without it."""
    found: dict[str, set[str]] = {}
    for _ in range(len(PAIRS)):
        for needed, kind in PAIRS:
            found.setdefault(kind, set()).update({needed}, found.get(needed, set()))
    return found


PAIRS = (("entrants", "draw-commit"), ("draw-commit", "draw"), ("draw", "open"), ("seal", "open"), ("open", "clock"),
         ("open", "card"), ("open", "submission"), ("open", "close"), ("close", "overrule"), ("close", "reveal"),
         ("reveal", "judged"), ("panel-entry", "panel"), ("panel", "judged"), ("judged", "appeal"),
         ("judged", "rejudge"), ("appeal", "appeal-decision"), ("rejudge", "rejudge-apply"),
         ("rejudge-apply", "final"))  # fmt: skip


def test_no_event_may_come_before_what_it_needs(whole: Contest) -> None:
    first = {event.kind: event for event in reversed(whole.events)}
    for needed, kind in PAIRS:
        before = whole.events[: first[kind].seq]
        without = [e for e in before if e.kind != needed and needed not in needs().get(e.kind, ())]
        with pytest.raises(ContestError, match=rf"\({kind}\): "):
            fold([*without, first[kind]], whole.load)


ALLOWED = {  # kind -> stages at which it may happen
    "official": STAGES[:1], "entrants": STAGES[:1], "draw-commit": STAGES[:1], "seal": STAGES[:2], "open": STAGES[2:3],
    "clock": STAGES[3:4], "card": STAGES[3:4], "submission": STAGES[3:4], "refused": STAGES[3:4],
    "close": STAGES[3:4], "reveal": STAGES[4:5], "overrule": STAGES[4:], "manual": STAGES, "head": STAGES,
    "judged": STAGES[5:], "recovered": STAGES, "restored": STAGES, "machine": STAGES,
}  # fmt: skip


def bodies(contest: Contest, officials: Officials, at_ms: int) -> dict[str, Mapping[str, Any]]:
    """A body of each kind that is right but for the moment."""
    state, place = contest.state, {"leg": "drone", "field": "A"}
    slot = {"leg": "drone", "entrant": "T01"}
    own = {**slot, "field": state.assignment.get(("drone", "T01"), "A")}
    some = contest.store(b"some bytes")
    both = officials.two
    entrants = contest.events[-1].body if contest.events[-1].kind == "entrants" else next(
        e.body for e in contest.events if e.kind == "entrants")  # fmt: skip
    listed = list_body(contest, "drone", "T01", at_ms) if ("drone", "T01") in state.assignment else {
        **own, "object": some, "number": 1, "bytes": 1, "format": "csv", "hits": 1, "hits_digest": some,
        "canonical": some, "warnings": [], "late": False, "elapsed_ms": None}  # fmt: skip
    return {
        "official": {"name": "新人", "key": "0a" * 32, "role": "judge"},
        "entrants": entrants,
        "draw-commit": {"draw": "drone", "commitment": "ab" * 32},
        "seal": seal_body(contest, "drone", "A", officials),
        "open": place,
        "clock": {**slot, "clock": "flight", "act": "start", "why": ""},
        "card": {**slot, "manifest": some, "files": 1, "bytes": 1},
        "submission": listed,
        "refused": {**own, "object": some, "bytes": 1, "format": "csv", "reason": "row 3"},
        "close": place,
        "reveal": {**place, "object": some},
        "manual": approved(both, state.id, "manual", {**slot, "rule": "crash", "why": "坠毁"}),
        "overrule": approved(both, state.id, "overrule", {**slot, "hit": "h", "evidence": False, "why": "x"}),
        "judged": {"set": 1, "object": some, "state": "applied"},
        "head": {"at": "now"},
        "recovered": {"bytes": 1, "sha256": some},
        "restored": {"machine": "laptop 2"},
        "machine": {"name": "laptop 2", "key": "0b" * 32},
    }


@pytest.mark.parametrize("stage", STAGES)
def test_each_event_at_its_stages_only(
    bring: Callable[[str], Contest], officials: Officials, desk: Signer, now_ms: Ticks, stage: str
) -> None:
    contest = bring(stage)
    for kind, body in bodies(contest, officials, now_ms.at_ms).items():
        if stage in ALLOWED[kind]:
            check(contest.state, kind, body, contest.at_ms(now_ms.at_ms))
        else:
            with pytest.raises(ContestError):
                check(contest.state, kind, body, contest.at_ms(now_ms.at_ms))


def test_fields_open_and_close_by_themselves(bring: Callable[[str], Contest], desk: Signer, now_ms: Ticks) -> None:
    contest = bring("sealed")
    on = {place: entrant for (_, entrant), place in contest.state.assignment.items()}
    contest.append("open", {"leg": "drone", "field": "A"}, desk, now_ms())
    hand_in(contest, "drone", on["A"], desk, now_ms)
    with pytest.raises(ContestError, match="field B is not open"):
        hand_in(contest, "drone", on["B"], desk, now_ms)
    with pytest.raises(ContestError, match=f"{on['A']} does not fly on field B"):
        hand_in(contest, "drone", on["A"], desk, now_ms, field="B")
    contest.append("close", {"leg": "drone", "field": "A"}, desk, now_ms())
    contest.append("open", {"leg": "drone", "field": "B"}, desk, now_ms())
    with pytest.raises(ContestError, match="field A is closed"):
        hand_in(contest, "drone", on["A"], desk, now_ms)
    contest.append("reveal", {"leg": "drone", "field": "A", "object": contest.store(b"t")}, desk, now_ms())
    with pytest.raises(ContestError, match="field B is not revealed"):
        judge_bare(contest, desk, now_ms)


def test_caps_and_numbers(bring: Callable[[str], Contest], desk: Signer, now_ms: Ticks) -> None:
    contest = bring("open")
    for changed, sentence in (
        ({"number": 2}, "the next submission of T01 has number 1"),
        ({"hits": 201}, "more than 200 hits"),
        ({"bytes": 8_388_609}, "more than 8388608 bytes"),
        ({"entrant": "T09"}, "T09 is not registered as a team"),
        ({"leg": "theory"}, "of the kind marks, not drone"),
    ):
        with pytest.raises(ContestError, match=sentence):
            hand_in(contest, "drone", "T01", desk, now_ms, **changed)
    for _ in range(3):
        hand_in(contest, "drone", "T01", desk, now_ms)
    with pytest.raises(ContestError, match="more than 3 submissions"):
        hand_in(contest, "drone", "T01", desk, now_ms)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"holders": ["保管人一", "保管人二"]}, "three different key holders"),
        ({"holders": ["保管人一", "保管人二", "保管人二"]}, "three different key holders"),
        ({"holders": ["保管人一", "保管人二", "裁判甲"]}, "裁判甲 is not registered as a key holder"),
        ({"rules_digest": "ab" * 32}, "sealed under other rules"),
        ({"field": "B"}, "signed for another field"),
        ({"field": "C"}, "there is no field 'C'"),
        ({"leg": "theory"}, "of the kind marks"),
        ({"count": 0}, "has a count that makes no sense"),
    ],
)
def test_a_seal_needs_holders_surveyors_and_the_contests_rules(
    bring: Callable[[str], Contest], officials: Officials, desk: Signer, now_ms: Ticks, change: Any, sentence: str
) -> None:
    contest = bring("drawn")
    with pytest.raises(ContestError, match=sentence):
        contest.append("seal", {**seal_body(contest, "drone", "A", officials), **change}, desk, now_ms())


def test_a_survey_is_signed_by_two_who_are_no_key_holders(
    bring: Callable[[str], Contest], officials: Officials, desk: Signer, now_ms: Ticks
) -> None:
    contest = bring("drawn")
    body = seal_body(contest, "drone", "A", officials)
    for signers, sentence in ((officials.surveyors[:1], "of the 2"), (officials.surveyors[:1] * 2, "signed twice"),
                              (officials.holders[:2], "not an official who may")):  # fmt: skip
        signed = approved(signers, contest.state.id, "survey", body["survey"])
        with pytest.raises(ContestError, match=sentence):
            contest.append("seal", {**body, "surveyed": signed["approved"]}, desk, now_ms())
    forged = [{**s, "sig": "00" * 64} for s in body["surveyed"]]
    with pytest.raises(ContestError, match="does not fit"):
        contest.append("seal", {**body, "surveyed": forged}, desk, now_ms())


@pytest.fixture
def judged(bring: Callable[[str], Contest], desk: Signer, now_ms: Ticks) -> Contest:
    contest = bring("revealed")
    judge_bare(contest, desk, now_ms)
    return contest


def test_one_proposal_at_a_time_applied_or_cancelled_by_two(
    judged: Contest, officials: Officials, desk: Signer, now_ms: Ticks
) -> None:
    with pytest.raises(ContestError, match="a change is a rejudge"):
        judge_bare(judged, desk, now_ms)
    with pytest.raises(ContestError, match="set 1 is not proposed"):
        settle(judged, "rejudge-cancel", 1, desk, now_ms, officials)
    judge_bare(judged, desk, now_ms, "rejudge")
    with pytest.raises(ContestError, match="set 2 is proposed"):
        judge_bare(judged, desk, now_ms, "rejudge")
    with pytest.raises(ContestError, match="of the 2 signatures"):
        body = approved(officials.judges[:1], judged.state.id, "rejudge-apply", {"set": 2})
        judged.append("rejudge-apply", body, desk, now_ms())
    with pytest.raises(ContestError, match="does not fit"):
        body = approved(officials.two, judged.state.id, "rejudge-cancel", {"set": 2})
        judged.append("rejudge-apply", body, desk, now_ms())
    settle(judged, "rejudge-cancel", 2, desk, now_ms, officials)
    assert judged.state.applied == judged.state.sets[0] and judged.state.sets[1].state == "cancelled"
    with pytest.raises(ContestError, match="set 2 is not proposed"):
        settle(judged, "rejudge-apply", 2, desk, now_ms, officials)


def test_a_set_that_does_not_know_the_latest_cannot_stand(
    judged: Contest, officials: Officials, desk: Signer, now_ms: Ticks
) -> None:
    judge_bare(judged, desk, now_ms, "rejudge")
    seq = manual_event(judged, "drone", "T01", "crash", "坠毁", officials.two, desk, now_ms()).seq
    with pytest.raises(ContestError, match=f"set 2 does not know of event {seq}"):
        settle(judged, "rejudge-apply", 2, desk, now_ms, officials)
    settle(judged, "rejudge-cancel", 2, desk, now_ms, officials)
    now_ms.skip(3 * HOUR)
    with pytest.raises(ContestError, match=f"set 1 does not know of event {seq}"):
        end(judged, 1, desk, now_ms, officials)


def test_names_put_right_after_the_results_ask_for_new_results(
    judged: Contest, officials: Officials, desk: Signer, now_ms: Ticks, tmp_path: Path
) -> None:
    (tmp_path / "again.csv").write_text(ENTRANTS.replace("张三", "张珊"), "utf-8")
    seq = register_entrants(judged, tmp_path / "again.csv", desk, now_ms(), signers=officials.two).seq
    now_ms.skip(3 * HOUR)
    with pytest.raises(ContestError, match=f"set 1 does not know of event {seq}"):
        end(judged, 1, desk, now_ms, officials)


def test_appeals_have_a_window_and_the_end_waits_for_it(
    judged: Contest, officials: Officials, desk: Signer, now_ms: Ticks
) -> None:
    appeal(judged, desk, now_ms)
    with pytest.raises(ContestError, match="the next appeal has number 2"):
        appeal(judged, desk, now_ms)
    with pytest.raises(ContestError, match="appeal 1 is not decided"):
        end(judged, 1, desk, now_ms, officials)
    decide(judged, desk, now_ms, officials)
    with pytest.raises(ContestError, match="appeal 1 is decided"):
        decide(judged, desk, now_ms, officials)
    with pytest.raises(ContestError, match="there is no appeal 2"):
        decide(judged, desk, now_ms, officials, 2)
    with pytest.raises(ContestError, match="the window for appeals is open"):
        end(judged, 1, desk, now_ms, officials)
    now_ms.skip(2 * HOUR)
    with pytest.raises(ContestError, match="an appeal after it is kept, marked as late"):
        appeal(judged, desk, now_ms, 2)
    with pytest.raises(ContestError, match="final names the set"):
        end(judged, 2, desk, now_ms, officials)
    end(judged, 1, desk, now_ms, officials)


def test_a_desk_sets_no_deadline_of_its_own(judged: Contest, officials: Officials, desk: Signer, now_ms: Ticks) -> None:
    body = {"number": 1, "leg": "drone", "entrant": "T01", "text": "x", "by": "y"}
    at_ms, decide_ms = now_ms(), judged.state.plan.appeals.decide_ms
    with pytest.raises(ContestError, match="is to be decided by"):
        judged.append("appeal", {**body, "deadline_ms": at_ms + decide_ms - 1}, desk, at_ms)
    judged.append("appeal", {**body, "deadline_ms": at_ms + decide_ms}, desk, at_ms)
    now_ms.skip(decide_ms)
    said = approved(officials.two, judged.state.id, "appeal-decision",
                    {"number": 1, "decision": "upheld", "why": "属实", "overdue": False})  # fmt: skip
    with pytest.raises(ContestError, match="is overdue"):
        judged.append("appeal-decision", said, desk, now_ms())


def test_nothing_but_heads_and_repairs_follows_the_end(
    whole: Contest, officials: Officials, desk: Signer, now_ms: Ticks
) -> None:
    for kind in BODIES:
        if kind in ("head", "recovered", "restored", "machine"):
            continue
        with pytest.raises(ContestError, match=r"the contest is final|lacks|makes no sense"):
            check(whole.state, kind, {})
    with pytest.raises(ContestError, match="the contest is final since event"):
        manual_event(whole, "drone", "T01", "crash", "x", officials.two, desk, now_ms())


def test_the_end_is_signed_over_every_line_before_it(
    judged: Contest, officials: Officials, desk: Signer, now_ms: Ticks
) -> None:
    """A desk alone cannot take out an appeal under signatures that stand."""
    appeal(judged, desk, now_ms)
    body = {"set": 1, "head": judged.events[-2].head, "manifest": {}, "override": "无人申诉"}
    with pytest.raises(ContestError, match="signed over another ledger"):
        judged.append("final", approved(officials.two, judged.state.id, "final", body), desk, now_ms())


def test_the_end_waits_for_a_field_that_was_opened_since(
    bring: Callable[[str], Contest], officials: Officials, desk: Signer, now_ms: Ticks
) -> None:
    contest = bring("sealed")
    for kind in ("open", "close", "reveal"):
        contest.append(kind, {"leg": "drone", "field": "A", "object": contest.store(b"targets")}, desk, now_ms())
    judge_bare(contest, desk, now_ms)
    contest.append("open", {"leg": "drone", "field": "B"}, desk, now_ms())
    now_ms.skip(3 * HOUR)
    with pytest.raises(ContestError, match="field B is not revealed"):
        end(contest, 1, desk, now_ms, officials)


def test_a_key_is_a_desks_or_an_officials(contest: Contest, officials: Officials, desk: Signer, now_ms: Ticks) -> None:
    for key in (officials.judges[0].public, desk.public):
        with pytest.raises(ContestError, match="is registered already"):
            contest.append("machine", {"key": key, "name": "备机"}, desk, now_ms())
    contest.append("machine", {"key": "ab" * 32, "name": "备机"}, desk, now_ms())
    with pytest.raises(ContestError, match="is registered already"):
        contest.append("official", {"key": "ab" * 32, "name": "备机", "role": "judge"}, desk, now_ms())


def test_no_desk_alone_registers_who_corrects_marks(
    contest: Contest, desk: Signer, now_ms: Ticks, tmp_path: Path
) -> None:
    """Also where nothing flies, and so neither lots nor a field come first."""
    marks = tmp_path / "marks.csv"
    marks.write_text("entrant,points\n" + "".join(f"{p},50\n" for p in contest.state.persons), "utf-8")
    enter_marks(contest, "theory", marks, desk, now_ms())
    with pytest.raises(ContestError, match="needs the signatures of two judges"):
        contest.append("official", {"key": "ab" * 32, "name": "新裁判", "role": "judge"}, desk, now_ms())


def test_the_signatures_of_a_survey_count_once(
    bring: Callable[[str], Contest], officials: Officials, desk: Signer, now_ms: Ticks
) -> None:
    contest = bring("sealed")
    nonce = contest.events[-1].body["survey"]["nonce"]
    body = {"leg": "drone", "entrant": "T01", "rule": "crash", "why": "坠毁", "nonce": nonce}
    with pytest.raises(ContestError, match="used before"):
        contest.append("manual", approved(officials.two, contest.state.id, "manual", body), desk, now_ms())


def test_keys_that_an_event_has_no_right_to_mean_nothing(judged: Contest, desk: Signer, now_ms: Ticks) -> None:
    body = {"number": 1, "leg": "drone", "entrant": "T01", "text": "x", "by": "y", "decision": "rejected", "t_ms": 5,
            "decided_ms": 5}  # fmt: skip
    judged.append("appeal", body, desk, now_ms())
    assert judged.state.appeals[0].decision is None and judged.state.appeals[0].decided_ms is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4) | st.just("ab" * 32),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(data=st.data())
def test_no_body_ends_in_a_traceback(contest: Contest, officials: Officials, data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(sorted(BODIES)))
    body = dict(bodies(contest, officials, contest.at_ms(0)).get(kind, {}))
    for name in data.draw(
        st.lists(st.sampled_from([*BODIES[kind], *OPTIONAL.get(kind, {}), "nonce", "approved", "x"]), max_size=4)
    ):
        body[name] = data.draw(JSON)
    last = contest.events[-1]
    event = Event(last.seq + 1, last.t_ms, kind, body, last.head, last.key, "00" * 32, b"", last.contest)
    try:
        fold([*contest.events, event], contest.load)
    except ContestError as why:
        assert str(why).startswith(f"events.jsonl: event {event.seq} ({kind}): ") and "\n" not in str(why)


@pytest.mark.parametrize("kind", sorted(BODIES))
def test_each_key_of_a_body_is_needed(contest: Contest, kind: str) -> None:
    good: dict[str, Any] = {name: None for name in BODIES[kind]}
    for name in BODIES[kind]:
        with pytest.raises(ContestError, match=f"the event {kind} lacks {name}|makes no sense"):
            check(contest.state, kind, {k: v for k, v in good.items() if k != name})


def test_strange_ledgers(contest: Contest) -> None:
    with pytest.raises(ContestError, match="holds no event"):
        fold([], contest.load)
    with pytest.raises(ContestError, match=r"event 1 \(official\): a ledger begins with"):
        fold(contest.events[1:], contest.load)
    first = contest.events[0]
    for changed, sentence in (({"rules": {}}, "not those of the plan"), ({"name": "x"}, "not those of the plan"),
                              ({"plan": "ab" * 32}, "this object is missing")):  # fmt: skip
        with pytest.raises(ContestError, match=sentence):
            fold([replace(first, body={**first.body, **changed})], contest.load)
    with pytest.raises(ContestError, match="there is no event called 'bribe'"):
        check(contest.state, "bribe", {})


def test_two_processes_do_not_change_a_contest_at_once(contest: Contest, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipeline.contest import folder

    monkeypatch.setattr(folder, "WAIT_S", 0.1)
    with pytest.raises(OutputError, match="another process works in it"), folder.changing(contest.folder):
        pass
