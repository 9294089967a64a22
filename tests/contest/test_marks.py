"""Marks from a CSV: everybody once, nobody else, never above the maximum; corrections keep what was."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.contest.folder import Contest
from pipeline.contest.keys import Signer
from pipeline.contest.marks import enter_marks, marks_of
from pipeline.contest.plan import EXAMPLE, read_plan
from pipeline.errors import ContestError
from tests.contest.making import Officials, Ticks, judge_bare

LEG = read_plan(EXAMPLE).leg("theory")
PERSONS = ("P011", "P012", "P021", "P022", "P031", "P032")
GOOD = "entrant,points\n" + "".join(f"{p},{80 + n}.5\n" for n, p in enumerate(PERSONS))


def sheet(folder: Path, text: str) -> Path:
    path = folder / "理论 成绩.csv"
    path.write_text(text, "utf-8")
    return path


def test_marks_stand_on_a_hundred(contest: Contest, desk: Signer, now_ms: Ticks, tmp_path: Path) -> None:
    enter_marks(contest, "theory", sheet(tmp_path, "\ufeff" + GOOD), desk, now_ms())
    assert contest.state.marks["theory"] == {p: 80_500_000 + n * 1_000_000 for n, p in enumerate(PERSONS)}
    assert Contest.open(contest.folder).state == contest.state


@given(st.integers(0, 100_000), st.integers(1, 100_000))
def test_points_are_floored_once(thousandths: int, most: int) -> None:
    from dataclasses import replace
    from fractions import Fraction

    thousandths %= 1000 * most + 1
    text = f"entrant,points\nX,{thousandths // 1000}.{thousandths % 1000:03d}\n"
    found = marks_of(text.encode(), "x.csv", replace(LEG, max=most), ["X"])["X"]
    assert found == Fraction(thousandths * 100_000_000, 1000 * most).__floor__() <= 100_000_000


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("P021,", "P999,", "row 4: 'P999' does not take part"),
        ("P021,", "T02,", "row 4: 'T02' does not take part"),
        ("P021,", "P012,", "row 4: P012 is given twice"),
        ("P021,82.5\n", "", "P021 is missing"),
        ("82.5", "100.001", "row 4: more than the 100 points"),
        ("82.5", "-1", "row 4: points must be a plain number"),
        ("82.5", "1e2", "row 4: points must be a plain number"),
        ("82.5", "８２", "row 4: points must be a plain number"),
        ("82.5", "nan", "row 4: points must be a plain number"),
        ("82.5", "", "row 4: points must be a plain number"),
        ("82.5", "=1+1", "row 4: points must be a plain number"),
        ("82.5", "82.5,7", "row 4: has 3 cells, not 2"),
        ("82.5", '"82', "is not CSV"),
        ("entrant,points", "entrant,points,points", "row 1: the columns must be entrant, points"),
        ("entrant,points", "name,points", "row 1: the columns must be entrant, points"),
    ],
)
def test_a_wrong_row_is_named(
    contest: Contest, desk: Signer, now_ms: Ticks, tmp_path: Path, old: str, new: str, sentence: str
) -> None:
    path = sheet(tmp_path, GOOD.replace(old, new, 1))
    with pytest.raises(ContestError) as why:
        enter_marks(contest, "theory", path, desk, now_ms())
    assert sentence in str(why.value) and str(path) in str(why.value)
    assert "theory" not in contest.state.marks


def test_an_event_with_other_counts_than_its_list_is_refused(contest: Contest, desk: Signer, now_ms: Ticks) -> None:
    body = {"leg": "theory", "object": contest.store(GOOD.encode()), "rows": 5}
    with pytest.raises(ContestError, match="have 6 rows"):
        contest.append("marks", body, desk, now_ms())


def test_other_encodings_are_named(contest: Contest, desk: Signer, now_ms: Ticks, tmp_path: Path) -> None:
    (tmp_path / "gbk.csv").write_bytes("entrant,points\n张三,1\n".encode("gbk"))
    with pytest.raises(ContestError, match=r"row 2.*张三"):
        enter_marks(contest, "theory", tmp_path / "gbk.csv", desk, now_ms())
    (tmp_path / "torn.csv").write_bytes(b"entrant,points\n\xff\xff,1\n")
    with pytest.raises(ContestError, match="neither UTF-8 nor GBK"):
        enter_marks(contest, "theory", tmp_path / "torn.csv", desk, now_ms())
    with pytest.raises(ContestError, match="of the kind drone, not marks"):
        enter_marks(contest, "drone", sheet(tmp_path, GOOD), desk, now_ms())


def test_a_correction_has_two_signatures_and_keeps_the_old(
    contest: Contest, desk: Signer, officials: Officials, now_ms: Ticks, tmp_path: Path
) -> None:
    enter_marks(contest, "theory", sheet(tmp_path, GOOD), desk, now_ms())
    better = sheet(tmp_path, GOOD.replace("80.5", "90"))
    with pytest.raises(ContestError, match="leg theory has its marks: this needs the signatures of two judges"):
        enter_marks(contest, "theory", better, desk, now_ms())
    with pytest.raises(ContestError, match="not an official who may"):
        enter_marks(contest, "theory", better, desk, now_ms(), signers=officials.holders[:2])
    with pytest.raises(ContestError, match="signed twice"):
        enter_marks(contest, "theory", better, desk, now_ms(), signers=[officials.judges[0]] * 2)
    enter_marks(contest, "theory", better, desk, now_ms(), signers=officials.two)
    assert contest.state.marks["theory"]["P011"] == 90_000_000
    first, second = contest.state.mark_sheets
    assert contest.load(first.object) == GOOD.encode()
    assert (first.by, second.by) == ((), tuple(sorted(o.name for o in officials.two)))


def test_signatures_that_nobody_asked_for_must_be_right_too(
    contest: Contest, desk: Signer, officials: Officials, now_ms: Ticks, tmp_path: Path
) -> None:
    with pytest.raises(ContestError, match="not an official who may"):
        enter_marks(contest, "theory", sheet(tmp_path, GOOD), desk, now_ms(), signers=officials.holders[:2])


def test_marks_after_the_results_need_two(
    bring: Callable[[str], Contest], desk: Signer, officials: Officials, now_ms: Ticks, tmp_path: Path
) -> None:
    contest = bring("revealed")
    judge_bare(contest, desk, now_ms)
    with pytest.raises(ContestError, match="results were published: this needs"):
        enter_marks(contest, "theory", sheet(tmp_path, GOOD), desk, now_ms())
    enter_marks(contest, "theory", sheet(tmp_path, GOOD), desk, now_ms(), signers=officials.two)
