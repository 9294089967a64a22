"""Panels: nobody sees a mark before the last sheet is in, nobody changes one after, and the sums are exact."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.contest.approvals import approved
from pipeline.contest.folder import Contest
from pipeline.contest.keys import Signer
from pipeline.contest.panels import commitment, enter_sheet, open_panel, panel_points, void_sheet
from pipeline.contest.plan import EXAMPLE, Item, read_plan
from pipeline.errors import ContestError
from pipeline.score.canonical import canonical_json
from tests.contest.making import Officials, Ticks

LEG = read_plan(EXAMPLE).leg("casefile")
MARKS = ([31, 21, 27], [32, 22, 26], [33, 23, 25], [34, 24, 29], [35, 25, 28])


def enter_all(contest: Contest, officials: Officials, desk: Signer, now_ms: Ticks, entrant: str = "T01") -> None:
    for judge, values in zip(officials.judges, MARKS, strict=True):
        enter_sheet(contest, "casefile", entrant, judge, values, desk, now_ms())


def test_sheets_are_opened_together(contest: Contest, officials: Officials, desk: Signer, now_ms: Ticks) -> None:
    enter_all(contest, officials, desk, now_ms)
    assert contest.state.panels["casefile"].values == {}
    open_panel(contest, "casefile", officials.judges, desk, now_ms())
    values = contest.state.panels["casefile"].values
    assert values == {"T01": {j.public: tuple(v) for j, v in zip(officials.judges, MARKS, strict=True)}}
    assert panel_points(values["T01"], LEG) == (100_000_000 * (80 + 81 + 87) // 300, ())
    assert Contest.open(contest.folder).state == contest.state


def test_nothing_on_the_disk_shows_a_mark_before(
    contest: Contest, officials: Officials, desk: Signer, now_ms: Ticks
) -> None:
    enter_sheet(contest, "casefile", "T01", officials.judges[0], [17, 13, 19], desk, now_ms())
    everything = b"".join(p.read_bytes() for p in contest.folder.rglob("*") if p.is_file() and p.suffix != ".lock")
    assert b"[17,13,19]" not in everything and b'"values"' not in everything
    entry = next(iter(contest.state.panels["casefile"].entries.values()))
    sizes = {len(contest.load(entry.box))}
    enter_sheet(contest, "casefile", "T02", officials.judges[0], [17, 13, 19], desk, now_ms())
    enter_sheet(contest, "casefile", "T03", officials.judges[0], [0, 0, 5], desk, now_ms())
    third = contest.state.panels["casefile"].entries["T03", officials.judges[0].public]
    again = contest.state.panels["casefile"].entries["T02", officials.judges[0].public]
    assert again.commitment != entry.commitment
    assert {len(contest.load(e.box)) for e in (entry, again, third)} == sizes


def test_the_desk_and_other_judges_cannot_open_a_box(
    contest: Contest, officials: Officials, desk: Signer, now_ms: Ticks
) -> None:
    enter_all(contest, officials, desk, now_ms)
    with pytest.raises(ContestError, match=f"the key of {officials.judges[4].name} is needed"):
        open_panel(contest, "casefile", [*officials.judges[:4], desk], desk, now_ms())
    pretender = replace(officials.judges[0], public=officials.judges[4].public)
    with pytest.raises(ContestError, match="is damaged"):
        open_panel(contest, "casefile", [*officials.judges[:4], pretender], desk, now_ms())


def test_not_before_all_are_in(contest: Contest, officials: Officials, desk: Signer, now_ms: Ticks) -> None:
    with pytest.raises(ContestError, match="no sheet was entered"):
        open_panel(contest, "casefile", officials.judges, desk, now_ms())
    enter_all(contest, officials, desk, now_ms)
    enter_sheet(contest, "casefile", "T02", officials.judges[0], [1, 2, 3], desk, now_ms())
    with pytest.raises(ContestError, match="T02 has 1 of 5 sheets"):
        open_panel(contest, "casefile", officials.judges, desk, now_ms())


def test_a_sheet_is_entered_once_and_taken_out_by_two(
    contest: Contest, officials: Officials, desk: Signer, now_ms: Ticks
) -> None:
    judge = officials.judges[0]
    enter_sheet(contest, "casefile", "T01", judge, [1, 2, 3], desk, now_ms())
    with pytest.raises(ContestError, match="this judge's sheet for T01 is in"):
        enter_sheet(contest, "casefile", "T01", judge, [1, 2, 4], desk, now_ms())
    with pytest.raises(ContestError, match="there is no such sheet"):
        void_sheet(contest, "casefile", "T02", judge.public, "录错", officials.two, desk, now_ms())
    with pytest.raises(ContestError, match="of the 2 signatures"):
        void_sheet(contest, "casefile", "T01", judge.public, "录错", [judge], desk, now_ms())
    void_sheet(contest, "casefile", "T01", judge.public, "录错", officials.two, desk, now_ms())
    enter_all(contest, officials, desk, now_ms)
    open_panel(contest, "casefile", officials.judges, desk, now_ms())
    for late in (lambda: enter_sheet(contest, "casefile", "T02", judge, [1, 2, 3], desk, now_ms()),
                 lambda: void_sheet(contest, "casefile", "T01", judge.public, "x", officials.two, desk, now_ms()),
                 lambda: open_panel(contest, "casefile", officials.judges, desk, now_ms())):  # fmt: skip
        with pytest.raises(ContestError, match="the panel's sheets are open"):
            late()


def test_no_more_sheets_than_judges(contest: Contest, officials: Officials, desk: Signer, now_ms: Ticks) -> None:
    from pipeline.contest.people import register_official

    enter_all(contest, officials, desk, now_ms)
    path = officials.files["裁判甲"].with_name("裁判己.key")
    from pipeline.contest.keys import TEST_COST, new_key, open_key

    if not path.exists():
        new_key(path, "裁判己", officials.passphrase, cost=TEST_COST)
    register_official(contest, path, "裁判己", "judge", desk, now_ms(), signers=officials.two)
    with pytest.raises(ContestError, match="T01 has 5 sheets already"):
        enter_sheet(contest, "casefile", "T01", open_key(path, officials.passphrase), [1, 2, 3], desk, now_ms())


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ([1, 2], "one mark for each of 3 items"),
        ([1, 2, 31], "form must be a whole number from 0 to 30"),
        ([-1, 2, 3], "facts must be a whole number from 0 to 40"),
        ([True, 2, 3], "facts must be a whole number"),
        ([1.0, 2, 3], "facts must be a whole number"),
    ],
)
def test_marks_fit_their_items(
    contest: Contest, officials: Officials, desk: Signer, now_ms: Ticks, values: list[int], sentence: str
) -> None:
    with pytest.raises(ContestError, match=sentence):
        enter_sheet(contest, "casefile", "T01", officials.judges[0], values, desk, now_ms())


def test_only_registered_judges_enter(contest: Contest, officials: Officials, desk: Signer, now_ms: Ticks) -> None:
    for signer in (officials.holders[0], officials.surveyors[0], desk):
        with pytest.raises(ContestError, match="not an official who may"):
            enter_sheet(contest, "casefile", "T01", signer, [1, 2, 3], desk, now_ms())


def test_no_judge_enters_in_the_name_of_another(
    contest: Contest, officials: Officials, desk: Signer, now_ms: Ticks
) -> None:
    enter_sheet(contest, "casefile", "T01", officials.judges[0], [1, 2, 3], desk, now_ms())
    entry = contest.state.panels["casefile"].entries["T01", officials.judges[0].public]
    words = {"leg": "casefile", "entrant": "T02", "judge": officials.judges[1].public, "box": entry.box,
             "commitment": entry.commitment}  # fmt: skip
    for signers in (officials.judges[:1], officials.judges[:2]):
        with pytest.raises(ContestError, match="a sheet is signed by its judge alone"):
            body = approved(signers, contest.state.id, "panel-entry", words)
            contest.append("panel-entry", body, desk, now_ms())


@pytest.mark.parametrize("change", ["value", "salt", "entrant", "missing", "contest", "junk"])
def test_opened_sheets_must_be_those_that_were_entered(
    contest: Contest, officials: Officials, desk: Signer, now_ms: Ticks, change: str
) -> None:
    judges = {j.public: j for j in officials.judges}
    enter_all(contest, officials, desk, now_ms)
    from pipeline.contest.panels import _opened

    entries = contest.state.panels["casefile"].entries
    content = {"contest": contest.state.id, "leg": "casefile",
               "sheets": [_opened(contest, e, judges) for e in entries.values()]}  # fmt: skip
    sheet = content["sheets"][0]
    if change == "value":
        sheet["values"][0] += 1
    elif change == "salt":
        sheet["salt"] = "00" * 32
    elif change == "entrant":
        sheet["entrant"] = "T02"
    elif change == "missing":
        content["sheets"].pop()
    elif change == "contest":
        content["contest"] = "other"
    data = b"[1" if change == "junk" else canonical_json(content)
    with pytest.raises(ContestError, match=r"the one that was entered|those that were entered|malformed"):
        contest.append("panel", {"leg": "casefile", "object": contest.store(data)}, desk, now_ms())


def test_the_commitment_binds_every_part() -> None:
    parts = ("c", "leg", "T01", "judge", "salt", [1, 2])
    others = ("d", "gel", "T02", "egduj", "tlas", [1, 3])
    found = {commitment(*parts)} | {commitment(*parts[:n], others[n], *parts[n + 1 :]) for n in range(6)}
    assert len(found) == 7


totals = st.lists(st.integers(0, 40), min_size=3, max_size=15)


@given(totals, st.sampled_from(["mean", "trimmed"]), st.integers(0, 1_000_000))
def test_points_are_exact_and_in_any_order(marks: list[int], combine: str, outlier_ppm: int) -> None:
    leg = replace(LEG, items=(Item("a", "a", 40), Item("b", "b", 7)), combine=combine, outlier_ppm=outlier_ppm)
    values = {f"j{n:02d}": (m, m % 8) for n, m in enumerate(marks)}
    points_u, outliers = panel_points(values, leg)
    ranked = sorted(m + m % 8 for m in marks)
    counted = ranked[1:-1] if combine == "trimmed" else ranked
    assert points_u == (Fraction(sum(counted), len(counted)) / 47 * 100_000_000).__floor__()
    assert panel_points(dict(reversed(values.items())), leg) == (points_u, outliers)
    middle = Fraction(ranked[(len(ranked) - 1) // 2] + ranked[len(ranked) // 2], 2)
    far = [j for j, v in values.items() if abs(sum(v) - middle) > Fraction(47 * outlier_ppm, 1_000_000)]
    assert list(outliers) == (far if outlier_ppm else [])


def test_one_wild_judge_is_flagged_and_dropped() -> None:
    values = {"a": (30, 20, 20), "b": (31, 20, 20), "c": (0, 0, 1), "d": (30, 21, 20), "e": (40, 30, 30)}
    assert panel_points(values, LEG) == (100_000_000 * (70 + 71 + 71) // 300, ("c", "e"))
    assert panel_points(dict.fromkeys("abcde", (40, 30, 30)), LEG)[0] == 100_000_000


def test_a_total_exactly_at_the_limit_is_no_outlier() -> None:
    values = {"a": (30, 20, 20), "b": (30, 20, 20), "c": (15, 20, 20), "d": (14, 20, 20), "e": (30, 30, 25)}
    assert panel_points(values, LEG)[1] == ("d",)  # median 70, limit 15: 55 and 85 are in, 54 is out


def test_the_opened_object_is_canonical(contest: Contest, officials: Officials, desk: Signer, now_ms: Ticks) -> None:
    enter_all(contest, officials, desk, now_ms)
    event = open_panel(contest, "casefile", officials.judges[::-1], desk, now_ms())
    data = contest.load(event.body["object"])
    assert canonical_json(json.loads(data)) == data
