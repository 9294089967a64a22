"""A whole contest day, rehearsed through the public verbs."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from pipeline.contest.folder import Contest
from pipeline.contest.keys import TEST_COST
from pipeline.errors import ContestError
from pipeline.rehearse import STAGES, Rehearsed, rehearse
from pipeline.rehearse.files import WRITERS, write_hits
from pipeline.rehearse.plan import FLIGHT, write_plan
from pipeline.rehearse.teams import hit_rows, skill_of
from pipeline.rehearse.world import CLASSES, SPACING_M, plant, write_surveys
from pipeline.words import WORDS

KINDS = {"contest", "official", "entrants", "draw-commit", "draw", "seal", "open", "clock", "card", "submission",
         "refused", "manual", "marks", "panel-entry", "panel", "close", "reveal", "judged", "rejudge", "rejudge-apply",
         "rejudge-cancel", "appeal", "appeal-decision", "final"}  # fmt: skip


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Rehearsed:
    return rehearse(tmp_path_factory.mktemp("day") / "演 练", teams=9, submissions=2, seed=4, targets=4, cost=TEST_COST)


def results(held: Rehearsed) -> dict[str, Any]:
    contest = Contest.open(held.contest)
    assert contest.state.applied is not None
    found: dict[str, Any] = json.loads(contest.load(contest.state.applied.object))
    return found


def test_a_day_ends_with_records_that_agree(held: Rehearsed) -> None:
    assert held.good
    assert held.report.findings == []
    assert held.stand_alone


def test_everything_that_can_happen_happened(held: Rehearsed) -> None:
    """All kinds of events but the evidence, which these rules do not ask for, and what tells of an accident."""
    contest = Contest.open(held.contest)
    assert {e.kind for e in contest.events} == KINDS
    assert {s.format for s in contest.state.submissions} == {suffix.removeprefix(".") for suffix in WRITERS}
    assert any(s.late for s in contest.state.submissions)
    assert {a.decision for a in contest.state.appeals} == {"upheld", "rejected"}
    assert [s.state for s in contest.state.sets] == ["applied", "applied", "cancelled"]


def test_every_team_has_all_its_receipts(held: Rehearsed) -> None:
    state = Contest.open(held.contest).state
    assert Counter(s.entrant for s in state.submissions) == dict.fromkeys(state.teams, 2)
    assert held.tally.receipts == len(state.submissions) == len(list((held.contest / "receipts").glob("*.json")))


def test_mistakes_are_refused_in_one_sentence_each(held: Rehearsed) -> None:
    assert len(held.tally.refused) >= 7
    assert all("\n" not in sentence and len(sentence) < 200 for sentence in held.tally.refused)
    told = {w["code"] for s in Contest.open(held.contest).state.submissions for w in s.warnings}
    assert {"zero", "dms_read"} <= told


def test_the_second_laptop_has_it_all(held: Rehearsed) -> None:
    mirror = held.folder / "second laptop"
    assert (mirror / "events.jsonl").read_bytes() == (held.contest / "events.jsonl").read_bytes()


def test_sheets_for_everybody(held: Rehearsed) -> None:
    state = Contest.open(held.contest).state
    names = [p.name for p in (held.contest / "sheets").rglob("*.pdf")]
    assert len(names) == 2 * (len(state.teams) + len(state.persons))  # of both sets that stood


def test_better_teams_come_first(held: Rehearsed) -> None:
    """Not a law, but a judge that ranks the worst eye above the best is wrong."""
    flown = results(held)["legs"][FLIGHT]["entrants"]
    order = Contest.open(held.contest).state.draws[FLIGHT].order
    eyes = [(skill_of(n, 4), flown[team]["before_manual_u"]) for n, team in enumerate(order)]
    good = [points for skill, points in eyes if skill.found > 0.8 and skill.sigma_m < 2.5]
    bad = [points for skill, points in eyes if skill.found < 0.7]
    assert max(good) > min(bad)


def test_the_penalty_shows(held: Rehearsed) -> None:
    first = Contest.open(held.contest).state.draws[FLIGHT].order[0]
    row = results(held)["legs"][FLIGHT]["entrants"][first]
    assert row["points_u"] == max(0, row["before_manual_u"] - 5_000_000)


def test_it_can_be_told_in_both_languages(held: Rehearsed) -> None:
    for lang in ("zh", "en"):
        lines = held.lines(lang)
        assert len(lines) == len(STAGES) + 5 + 9 + 1
    assert {f"rehearse_{name}" for name in STAGES} <= WORDS.keys()
    assert list(held.stages) == list(STAGES)


def test_one_seed_makes_one_day(tmp_path: Path) -> None:
    """Keys and salts differ, lots are drawn anew; who flies which field decides, so hit lists are compared."""
    for field in "AB":
        assert plant(field, 5, 1) == plant(field, 5, 1) != plant(field, 5, 2)
    planted = plant("A", 5, 1)
    assert hit_rows(planted, 2, 1, 1) == hit_rows(planted, 2, 1, 1) != hit_rows(planted, 3, 1, 1)
    files = [write_surveys(tmp_path / name, "A", planted, 1) for name in ("one", "two")]
    assert [p.read_bytes() for p in files[0]] == [p.read_bytes() for p in files[1]]


@pytest.mark.parametrize("suffix", [s for s in WRITERS if s not in (".gpkg", ".xlsx", ".kmz")])
def test_one_list_gives_one_file(tmp_path: Path, suffix: str) -> None:
    """The formats that carry no time of writing."""
    rows = hit_rows(plant("B", 6, 3), 0, 1, 3)
    made = [write_hits(tmp_path / name / f"h{suffix}", rows).read_bytes() for name in ("one", "two")]
    assert made[0] == made[1]


def test_targets_are_far_enough_apart_for_the_default_rules() -> None:
    for field in "AB":
        places = [(t.north_m, t.east_m) for t in plant(field, 30, 9)]
        apart = [((a - c) ** 2 + (b - d) ** 2) ** 0.5 for n, (a, b) in enumerate(places) for c, d in places[:n]]
        assert min(apart) > SPACING_M - 0.01 > 60
    assert {t.label for t in plant("A", 30, 9)} == set(CLASSES)


@pytest.mark.parametrize("wrong", [{"teams": 2}, {"teams": 100}, {"targets": 2}, {"targets": 31}, {"submissions": 0}])
def test_a_day_that_cannot_be(tmp_path: Path, wrong: dict[str, int]) -> None:
    with pytest.raises(ContestError, match="a rehearsal has"):
        rehearse(tmp_path / "day", cost=TEST_COST, **wrong)


def test_it_needs_a_folder_of_its_own(tmp_path: Path) -> None:
    write_plan(tmp_path / "mine.toml", 3)
    with pytest.raises(ContestError, match="not empty"):
        rehearse(tmp_path, cost=TEST_COST)
    assert [p.name for p in tmp_path.iterdir()] == ["mine.toml"]


@pytest.mark.acceptance
def test_twelve_teams_with_three_submissions(tmp_path: Path) -> None:
    """With the real cost of every passphrase: under two minutes."""
    found = rehearse(tmp_path / "day", teams=12, submissions=3)
    print("\n" + "\n".join(found.lines("en")))
    assert found.good
    assert found.tally.receipts == 36
    assert sum(found.stages.values()) < 120
