"""From the close to the final table: reveal, judge, sheets, appeals, a rejudge applied and one cancelled."""

from __future__ import annotations

from pathlib import Path

from pipeline.contest.heads import head_text, write_head
from pipeline.contest.judging.appeals import decide_appeal, file_appeal
from pipeline.contest.judging.fields import close_field
from pipeline.contest.judging.finalise import finalise
from pipeline.contest.judging.judged import judge_first
from pipeline.contest.judging.rejudge import apply_set, cancel_set, propose
from pipeline.contest.judging.verify import Report, verify_contest
from pipeline.contest.marks import enter_marks
from pipeline.contest.mirror import mirror
from pipeline.contest.panels import open_panel
from pipeline.contest.sheets.table_sheet import write_tables
from pipeline.contest.sheets.team_sheet import write_score_sheets
from pipeline.contest.truth.reveal import reveal
from pipeline.rehearse.office import Office, passphrase
from pipeline.rehearse.plan import FIELDS, FLIGHT, HOLDERS, JUDGES, RECORDS, THEORY, team_ids, write_marks
from pipeline.words import Lang

APPEAL_HOURS = 3.5


def close(office: Office, teams: int) -> None:
    """Both fields are closed, marks and panel sheets are in, the head is published."""
    for place in FIELDS:
        office.act(close_field, FLIGHT, place)
    enter_papers(office, teams)
    write_head(office.contest, office.read().state.head, "freeze")


def enter_papers(office: Office, teams: int) -> None:
    """The written test's marks, and the panel's sheets opened together."""
    office.act(enter_marks, THEORY, write_marks(office.folder / "papers" / "theory.csv", team_ids(teams), office.seed))
    office.act(open_panel, RECORDS, office.signers(*JUDGES))


def reveal_fields(office: Office) -> None:
    """Two of the three key holders open each vault."""
    for n, place in enumerate(FIELDS):
        two = {name: passphrase(name) for name in (HOLDERS[n], HOLDERS[2])}
        office.act(reveal, FLIGHT, place, office.vault(place), two)


def judge(office: Office) -> None:
    """The first results."""
    office.act(judge_first)


def print_out(office: Office, lang: Lang) -> list[Path]:
    """Every team's and person's sheet, and the tables, of the set that stands."""
    contest = office.read()
    standing = contest.state.applied
    assert standing is not None
    name = f"set-{standing.number}-{lang}"
    return [
        *write_score_sheets(contest, standing.number, office.contest / "sheets" / name, lang),
        *write_tables(contest, standing.number, office.contest / "tables" / name, lang),
    ]


def appeals(office: Office, voided: str) -> None:
    """One appeal is upheld: a target did not count. Another is rejected. A second rejudge is looked at and dropped."""
    judges, order = office.two_judges(), office.read().state.draws[FLIGHT].order
    office.act(file_appeal, FLIGHT, order[1], f"目标 {voided} 被篷布遮盖", order[1])
    office.act(file_appeal, FLIGHT, order[2], "申诉：定位误差计算有误", order[2])
    office.act(decide_appeal, 1, "upheld", "现场核实，目标确被遮盖", judges)
    office.act(decide_appeal, 2, "rejected", "复算一致", judges)
    first = office.act(propose, f"申诉 1：目标 {voided} 不计", rules=None, void=[(FLIGHT, voided[0], voided)])
    office.act(apply_set, first.body["set"], judges)
    second = office.act(propose, "误操作：再次重评", rules=None, void=[])
    office.act(cancel_set, second.body["set"], judges)


def finish(office: Office) -> None:
    """Final after the window for appeals; the second laptop has all of it."""
    office.now(60 * APPEAL_HOURS)
    office.act(finalise, office.two_judges())
    mirror(office.contest, office.mirror)


def verify(office: Office) -> Report:
    """The whole folder, against the last published head, every receipt and the second laptop."""
    receipts = sorted(office.contest.glob("receipts/*.json"))
    return verify_contest(office.contest, [head_text(office.read().state.head)], receipts, office.mirror)
