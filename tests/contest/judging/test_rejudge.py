"""A rejudge is a set: whole or not at all, by two judges, of what the ledger says now."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline.contest.folder import Contest
from pipeline.contest.judging.changes import Changes
from pipeline.contest.judging.differences import sentences
from pipeline.contest.judging.judged import judge_all, judge_first, results_of, standing_changes
from pipeline.contest.judging.rejudge import apply_set, cancel_set, diff_lines, diff_of, propose
from pipeline.contest.keys import Signer
from pipeline.contest.manual import manual_event
from pipeline.contest.marks import enter_marks
from pipeline.errors import ContestError
from pipeline.score.rules import read_rules
from tests.contest.judging.flying import marks_file, targets
from tests.contest.making import Officials, Ticks


@pytest.fixture
def judged(flown: Contest, desk: Signer, now_ms: Ticks) -> Contest:
    judge_first(flown, desk, now_ms())
    return flown


def standing(contest: Contest) -> dict:
    applied = contest.state.applied
    assert applied is not None
    return results_of(contest.state, contest.load, applied.number)


def field_of(contest: Contest, team: str) -> str:
    return contest.state.assignment["drone", team]


def test_a_voided_target_counts_neither_for_nor_against(judged: Contest, desk, now_ms, officials) -> None:
    field = field_of(judged, "T02")
    propose(judged, "申诉 1 成立", desk, now_ms(), void=[("drone", field, f"{field}01")])
    assert standing(judged)["set"] == 1, "a proposal does not stand"
    apply_set(judged, 2, officials.two, desk, now_ms())
    found = standing(judged)
    score = found["legs"]["drone"]["entrants"]["T02"]["score"]
    assert found["changes"]["voided"] == [["drone", field, f"{field}01"]]
    assert f"{field}01" not in [*score["missed"], *(p["target"] for p in score["pairs"])]
    assert (score["extra"], score["ignored"]) == (["x0"], ["h1"]), "who found it is not punished for an extra hit"
    assert len(score["pairs"]) == 8


def test_old_sets_are_kept(judged: Contest, desk, now_ms, officials) -> None:
    before = standing(judged)
    field = field_of(judged, "T01")
    propose(judged, "再判", desk, now_ms(), void=[("drone", field, f"{field}05")])
    apply_set(judged, 2, officials.two, desk, now_ms())
    assert results_of(judged.state, judged.load, 1) == before
    assert (judged.folder / "results" / "set-1.json").is_file()
    assert [s.state for s in judged.state.sets] == ["applied", "applied"]


def test_changes_go_on_until_they_are_taken_back(judged: Contest, desk, now_ms, officials) -> None:
    field = field_of(judged, "T01")
    void = ("drone", field, f"{field}05")
    propose(judged, "作废", desk, now_ms(), void=[void])
    apply_set(judged, 2, officials.two, desk, now_ms())
    propose(judged, "再看", desk, now_ms())
    assert diff_lines(judged, 3) == ["没有任何变化 nothing changes"]
    apply_set(judged, 3, officials.two, desk, now_ms())
    assert standing_changes(judged.state, judged.load).voided == {void}
    propose(judged, "恢复", desk, now_ms(), restore=[void])
    apply_set(judged, 4, officials.two, desk, now_ms())
    assert standing_changes(judged.state, judged.load) == Changes()
    assert judge_all(judged.state, judged.load, number=1) == results_of(judged.state, judged.load, 1)


def test_new_rules_and_what_they_change(judged: Contest, desk, now_ms, officials, tmp_path: Path) -> None:
    book = tmp_path / "new.toml"
    book.write_text('schema_version = 1\nname = "strict"\nnotice = ""\nevidence = false\nradius_mm = 6000\n'
                    '[source]\nradius_mm = "t"\n', "utf-8")  # fmt: skip
    propose(judged, "规则更正", desk, now_ms(), rules={"drone": book})
    diff = diff_of(judged, 2)
    assert {e for e in diff["legs"]["drone"]} == {"T02", "T03"}, "T01 was 1 m off"
    assert diff["legs"]["drone"]["T03"]["points_u"][1] == 0, "6.5 m is beyond the new radius"
    pairs = diff["legs"]["drone"]["T03"]["pairs"]
    assert len(pairs) == 9 and all(p["hit"][1] is None for p in pairs)
    assert {t["entrant"] for t in diff["teams"]} == {"T02", "T03"}
    apply_set(judged, 2, officials.two, desk, now_ms())
    assert standing(judged)["rules"] != results_of(judged.state, judged.load, 1)["rules"]


def test_new_rules_stay_good_when_a_later_version_brings_a_profile_of_that_name(
    judged: Contest, desk, now_ms, officials, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = tmp_path / "new.toml"
    book.write_text('schema_version = 1\nname = "national"\nevidence = false\nradius_mm = 6000\n'
                    '[source]\nradius_mm = "t"\n', "utf-8")  # fmt: skip
    propose(judged, "规则更正", desk, now_ms(), rules={"drone": book})
    monkeypatch.setattr("pipeline.contest.rulebooks.profiles", lambda: ("drill-example", "national"))
    monkeypatch.setattr("pipeline.contest.rulebooks.read_rules", lambda name: read_rules("drill-example"))
    apply_set(judged, 2, officials.two, desk, now_ms())
    with pytest.raises(ContestError, match="is not the profile 'national' any more"):
        propose(judged, "规则更正", desk, now_ms(), rules={"drone": book})


def test_the_difference_names_what_differs_and_nothing_else(judged: Contest, desk, now_ms, officials) -> None:
    manual_event(judged, "drone", "T02", "crash", "坠毁", officials.two, desk, now_ms())
    propose(judged, "补登坠毁", desk, now_ms())
    old, new, diff = (
        results_of(judged.state, judged.load, 1),
        results_of(judged.state, judged.load, 2),
        diff_of(judged, 2),
    )
    assert set(diff["legs"]) == {"drone"}
    changed = {e for e, one in new["legs"]["drone"]["entrants"].items() if one != old["legs"]["drone"]["entrants"][e]}
    assert set(diff["legs"]["drone"]) == changed
    totals = {t["entrant"]: t["total_u"] for t in old["teams"]}
    moved = {t["entrant"] for t in new["teams"] if t["total_u"] != totals[t["entrant"]]}
    assert {t["entrant"] for t in diff["teams"] if "total_u" in t} == moved == {"T02"}
    assert any("80.46 → 60.46" in line for line in diff_lines(judged, 2))


def test_corrected_marks_count_in_the_next_set_only(judged: Contest, desk, now_ms, officials, tmp_path: Path) -> None:
    enter_marks(judged, "theory", marks_file(tmp_path, judged, P011=100), desk, now_ms(), signers=officials.two)
    assert standing(judged)["legs"]["theory"]["entrants"]["P011"]["points_u"] == 60_000_000
    propose(judged, "更正成绩", desk, now_ms())
    apply_set(judged, 2, officials.two, desk, now_ms())
    assert standing(judged)["legs"]["theory"]["entrants"]["P011"]["points_u"] == 100_000_000


def test_a_proposal_of_a_state_that_has_moved_on_is_refused(judged: Contest, desk, now_ms, officials) -> None:
    propose(judged, "再判", desk, now_ms())
    manual_event(judged, "drone", "T02", "crash", "坠毁", officials.two, desk, now_ms())
    with pytest.raises(ContestError, match="the ledger has gone on since set 2 was proposed"):
        apply_set(judged, 2, officials.two, desk, now_ms())
    assert standing(judged)["set"] == 1
    cancel_set(judged, 2, officials.two, desk, now_ms())
    propose(judged, "再判", desk, now_ms())
    apply_set(judged, 3, officials.two, desk, now_ms())
    assert [s.state for s in judged.state.sets] == ["applied", "cancelled", "applied"]


def test_two_different_judges_decide(judged: Contest, desk, now_ms, officials: Officials) -> None:
    propose(judged, "再判", desk, now_ms())
    for signers in ([], officials.judges[:1], [officials.judges[0]] * 2, officials.holders[:2]):
        with pytest.raises(ContestError):
            apply_set(judged, 2, signers, desk, now_ms())
        with pytest.raises(ContestError):
            cancel_set(judged, 2, signers, desk, now_ms())
    assert [s.state for s in judged.state.sets] == ["applied", "proposed"]


def test_one_decision_a_proposal_and_one_proposal_at_a_time(judged: Contest, desk, now_ms, officials) -> None:
    propose(judged, "再判", desk, now_ms())
    with pytest.raises(ContestError, match="apply or cancel it first"):
        propose(judged, "又判", desk, now_ms())
    cancel_set(judged, 2, officials.two, desk, now_ms())
    for decide in (apply_set, cancel_set):
        with pytest.raises(ContestError, match="set 2 is not proposed"):
            decide(judged, 2, officials.two, desk, now_ms())


def test_the_signatures_bind_the_very_results(judged: Contest, desk, now_ms, officials) -> None:
    propose(judged, "再判", desk, now_ms())
    event = apply_set(judged, 2, officials.two, desk, now_ms())
    assert event.body["object"] == judged.state.sets[1].object


@pytest.mark.parametrize("kind", ["rejudge", "rejudge-apply"])
def test_killed_before_the_event_nothing_has_happened(
    judged: Contest, desk, now_ms, officials, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    def killed(self: Contest, wanted: str, *rest: object) -> object:
        if wanted == kind:
            raise KeyboardInterrupt
        return original(self, wanted, *rest)

    original = Contest.append
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Contest, "append", killed)
        propose(
            judged, "再判", desk, now_ms(), void=[("drone", field_of(judged, "T01"), f"{field_of(judged, 'T01')}05")]
        )
        apply_set(judged, 2, officials.two, desk, now_ms())
    again = Contest.open(judged.folder)
    applied = again.state.applied
    assert applied is not None and applied.number == 1
    assert len(again.state.sets) == (1 if kind == "rejudge" else 2)


@pytest.mark.parametrize(("given", "says"), [
    ({"void": [("drone", "A", "Z99")]}, "field A has no target 'Z99'"),
    ({"void": [("drone", "C", "A01")]}, "no field 'C'"),
    ({"void": [("theory", "A", "A01")]}, "no field 'A'"),
    ({"void": [("drone", "A", t.id) for t in targets("A") if t.id]}, "no target left"),
    ({"restore": [("drone", "A", "A01")]}, "is not voided"),
    ({"rules": {"theory": Path("x.toml")}}, "has no rules file"),
    ({"rules": {"drone": Path("missing.toml")}}, "cannot be read"),
])  # fmt: skip
def test_refused(judged: Contest, desk, now_ms, given: dict, says: str) -> None:
    if "A" not in {judged.state.assignment["drone", t] for t in judged.state.teams}:
        pytest.skip("nobody flew on A")
    with pytest.raises(ContestError, match=says):
        propose(judged, "再判", desk, now_ms(), **given)
    assert len(judged.state.sets) == 1


def test_no_rejudge_before_the_first_results_and_no_diff_of_those(flown: Contest, desk, now_ms) -> None:
    with pytest.raises(ContestError, match="was not judged yet"):
        propose(flown, "再判", desk, now_ms())
    judge_first(flown, desk, now_ms())
    with pytest.raises(ContestError, match="set 1 is no rejudge"):
        diff_of(flown, 1)


def test_the_copy_of_a_diff_is_the_object(judged: Contest, desk, now_ms) -> None:
    event = propose(judged, "再判", desk, now_ms())
    assert (judged.folder / "results" / "set-2-diff.json").read_bytes() == judged.load(event.body["diff"])
    assert json.loads(judged.load(event.body["diff"]))["from_set"] == 1


def test_time_counts_from_the_judges_clock_and_who_has_none_gets_nothing_for_it(
    judged: Contest, desk, now_ms, tmp_path: Path
) -> None:
    book = tmp_path / "timed.toml"
    book.write_text('schema_version = 1\nname = "timed"\nnotice = ""\nevidence = false\ntime = true\n'
                    '[source]\ntime = "t"\n', "utf-8")  # fmt: skip
    propose(judged, "计时", desk, now_ms(), rules={"drone": book})
    one = results_of(judged.state, judged.load, 2)["legs"]["drone"]["entrants"]["T01"]
    assert one["elapsed_ms"] is None and one["points_u"] == 90_000_000
    assert one["warnings"] == ["the entrant's clock was never started: no points for time"]


def test_a_rejudge_keeps_the_draws(judged: Contest, desk, now_ms) -> None:
    """A team that the change does not touch is as sure of its points as before."""
    field, other = field_of(judged, "T01"), {"A": "B", "B": "A"}
    propose(judged, "作废", desk, now_ms(), void=[("drone", field, f"{field}05")])
    old, new = (results_of(judged.state, judged.load, n)["legs"]["drone"]["entrants"] for n in (1, 2))
    away = [t for t in old if old[t]["field"] == other[field] and old[t]["score"]]
    names = ("points_u", "points_low_u", "points_high_u")
    assert away and all(old[t][name] == new[t][name] for t in away for name in names)


def test_a_difference_below_two_decimals_is_shown() -> None:
    row = {"entrant": "T01", "name": "一队", "total_u": [80_461_200, 80_461_900]}
    pair = {"target": "P1", "points_u": [None, 990_000]}
    legs = {"drone": {"T01": {"points_u": [80_000_000, 90_000_000], "pairs": [pair]}}}
    lines = sentences({"teams": [row], "persons": [], "legs": legs})
    assert lines[0].endswith("80.461200 → 80.461900")
    assert lines[1].endswith("80.00 → 90.00") and lines[2].endswith("0.00 → 0.99")
