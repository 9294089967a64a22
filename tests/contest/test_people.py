"""Who takes part: strict lists, unique names and ids, and no stranger once lots are drawn."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.contest.folder import Contest
from pipeline.contest.keys import TEST_COST, Signer, new_key
from pipeline.contest.people import entrants_of, register_entrants, register_official
from pipeline.errors import ContestError
from tests.contest.making import ENTRANTS, Officials, Ticks


def test_teams_and_persons_from_one_list(contest: Contest) -> None:
    state = contest.state
    assert state.teams["T01"].persons == ("P011", "P012")
    assert state.persons["P032"].team == "T03"
    assert state.entrants("drone") == ("T01", "T02", "T03")
    assert state.entrants("theory") == tuple(sorted(state.persons))


def test_names_are_in_the_list_alone(contest: Contest) -> None:
    ledger = (contest.folder / "events.jsonl").read_text("utf-8")
    assert "张三" not in ledger and "郑州" not in ledger and "裁判甲" in ledger


def test_columns_in_any_order_and_teams_without_persons() -> None:
    teams, persons = entrants_of("organisation,person_name,person,team,team_name\n局,,,T1,一队\n".encode(), "x.csv")
    assert teams["T1"].name == "一队" and teams["T1"].persons == () and persons == {}


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("P012", "P011", "row 3: the id P011 is given twice"),
        ("P012", "T01", "an id is given twice"),
        ("P012", "p011", "an id is given twice"),
        ("P012", "t02", "an id is given twice"),
        (
            "T01,郑州一队,郑州市生态环境局,P012",
            "T01,郑州二队,郑州市生态环境局,P012",
            "row 3: team T01 has another name",
        ),
        ("P011,张三", "P011,", "row 2: person_name is empty"),
        ("P011,张三", ",张三", "row 2: person must be 1 to 32 letters"),
        ("P011", "../../etc", "row 2: person must be"),
        ("T01", "NUL", "row 2: team must be"),
        ("张三", "张\x00三", "x.csv: is neither UTF-8 nor GBK text"),
        ("张三", "张" * 201, "row 2: person_name is empty, longer than 200"),
        ("张三", "张三,x", "row 2: has 6 cells, not 5"),
        ("person_name\n", "name\n", "row 1: the columns must be team, team_name"),
    ],
)
def test_a_wrong_row_is_named(old: str, new: str, sentence: str) -> None:
    with pytest.raises(ContestError) as why:
        entrants_of(ENTRANTS.replace(old, new, 1).encode(), "x.csv")
    assert sentence in str(why.value)


def test_a_list_saved_by_a_chinese_spreadsheet_program_is_read() -> None:
    assert entrants_of(ENTRANTS.encode("gbk"), "x.csv") == entrants_of(ENTRANTS.encode("utf-8-sig"), "x.csv")


def test_two_teams_are_not_called_the_same() -> None:
    with pytest.raises(ContestError, match=r"x\.csv: two teams are called 郑州一队"):
        entrants_of(ENTRANTS.replace("开封队", "郑州一队").encode(), "x.csv")


@given(st.binary(max_size=200))
def test_junk_is_refused_in_one_sentence(data: bytes) -> None:
    with pytest.raises(ContestError):
        entrants_of(data, "x.csv")


def test_too_many_rows() -> None:
    rows = "".join(f"T{n},队{n},局,,\n" for n in range(10_001))
    with pytest.raises(ContestError, match="more than 10000 rows"):
        entrants_of(ENTRANTS.splitlines()[0].encode() + b"\n" + rows.encode(), "x.csv")


def test_a_later_list_replaces_the_whole_until_lots_are_drawn(
    contest: Contest, bring: Callable[[str], Contest], desk: Signer, officials: Officials, now_ms: Ticks, tmp_path: Path
) -> None:
    path = tmp_path / "again.csv"
    path.write_text(ENTRANTS.replace("张三", "张珊"), "utf-8")
    register_entrants(contest, path, desk, now_ms())
    assert contest.state.persons["P011"].name == "张珊" and len(contest.state.persons) == 6
    bring("drawn")
    before = contest.state
    path.write_text(ENTRANTS.replace("李四", "李司"), "utf-8")
    with pytest.raises(ContestError, match="marks are in: this needs the signatures of two judges"):
        register_entrants(contest, path, desk, now_ms())
    register_entrants(contest, path, desk, now_ms(), signers=officials.two)
    assert contest.state.persons["P012"].name == "李司" and contest.state.assignment == before.assignment
    for old, new in (("P012", "P019"), ("T03,洛阳队", "T09,洛阳队"), ("T02,开封队,开封市生态环境局,P021",
                     "T01,郑州一队,郑州市生态环境局,P021"), (ENTRANTS.splitlines()[-1], "")):  # fmt: skip
        path.write_text(ENTRANTS.replace(old, new), "utf-8")
        with pytest.raises(ContestError, match="the list of entrants is fixed"):
            register_entrants(contest, path, desk, now_ms(), signers=officials.two)


def test_an_event_with_other_counts_than_its_list_is_refused(contest: Contest, desk: Signer, now_ms: Ticks) -> None:
    body = contest.events[-1].body
    assert (body["teams"], body["persons"]) == (3, 6)
    for change in ({"teams": 4}, {"persons": 5}):
        with pytest.raises(ContestError, match="other numbers of teams or persons"):
            contest.append("entrants", {**body, **change}, desk, now_ms())


def test_officials_have_one_key_and_one_name(
    contest: Contest, desk: Signer, officials: Officials, now_ms: Ticks, tmp_path: Path
) -> None:
    judge = officials.judges[0]
    for key, name, role, sentence in (
        (officials.files[judge.name], judge.name, "surveyor", "is registered already"),
        (judge.public, "另一人", "judge", "is registered already"),
        ("ab" * 32, judge.name, "judge", "is registered already"),
        (officials.files[judge.name], "另一人", "judge", f"is the key of {judge.name}, not of 另一人"),
        (desk.public, "录入员", "judge", "is registered already"),
        ("ab" * 32, "某人", "king", "role must be one of"),
        (tmp_path / "none.key", "某人", "judge", "cannot be read"),
    ):
        with pytest.raises(ContestError, match=sentence):
            register_official(contest, key, name, role, desk, now_ms())


def test_a_late_judge_needs_two(
    bring: Callable[[str], Contest], desk: Signer, officials: Officials, now_ms: Ticks, tmp_path: Path
) -> None:
    contest = bring("drawn")
    new_key(tmp_path / "late.key", "替补裁判", officials.passphrase, cost=TEST_COST)
    with pytest.raises(ContestError, match=r"lots are being drawn, .* this needs the signatures of two judges"):
        register_official(contest, tmp_path / "late.key", "替补裁判", "judge", desk, now_ms())
    register_official(contest, tmp_path / "late.key", "替补裁判", "judge", desk, now_ms(), signers=officials.two)
    assert sum(o.role == "judge" for o in contest.state.officials.values()) == 6
