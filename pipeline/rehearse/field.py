"""The contest day itself: clocks, cards, hit lists with people's mistakes, panel sheets, a penalty."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.contest.clocks import clock
from pipeline.contest.intake.cards import take_card
from pipeline.contest.intake.receipt import Receipt
from pipeline.contest.intake.submit import submit
from pipeline.contest.manual import manual_event
from pipeline.contest.mirror import mirror
from pipeline.contest.panels import enter_sheet
from pipeline.errors import ContestError, ScoreError
from pipeline.rehearse.files import WRITERS, write_hits
from pipeline.rehearse.office import Office
from pipeline.rehearse.plan import FLIGHT, JUDGES, RECORDS, panel_marks
from pipeline.rehearse.teams import hit_rows, mistakes
from pipeline.rehearse.world import Planted

SUFFIXES = tuple(WRITERS)
LATE = 4  # every so many teams one hands in its last list after time


@dataclass
class Tally:
    """What came of the files that teams handed in."""

    receipts: int = 0
    warned: int = 0
    refused: list[str] = field(default_factory=list)  # the sentences


def fly(office: Office, planted: Mapping[str, Sequence[Planted]], submissions: int) -> Tally:
    """Each team in the order drawn: flight, card, analysis, hit lists."""
    state, tally = office.read().state, Tally()
    for n, team in enumerate(state.draws[FLIGHT].order):
        _in_the_air(office, team, n)
        _hand_over_card(office, team)
        _hand_in_all(office, tally, n, team, planted[state.assignment[FLIGHT, team]], submissions)
        office.say("fly", n + 1, len(state.teams))
    office.act(manual_event, FLIGHT, state.draws[FLIGHT].order[0], "out-of-bounds", "越过南侧警戒线约 20 米",
               office.two_judges())  # fmt: skip
    return tally


def _in_the_air(office: Office, team: str, n: int) -> None:
    office.act(clock, FLIGHT, team, "flight", "start", "")
    if n % LATE == 1:
        office.act(clock, FLIGHT, team, "flight", "pause", "有人驾驶飞机穿越空域")
        office.now(6)
        office.act(clock, FLIGHT, team, "flight", "resume", "空域恢复")
    office.now(15)
    office.act(clock, FLIGHT, team, "flight", "stop", "")


def _hand_over_card(office: Office, team: str) -> None:
    card, r = office.folder / "cards" / team, random.Random(f"card/{office.seed}/{team}")
    card.mkdir(parents=True)
    for n in range(8):
        (card / f"DJI_{n:04d}.JPG").write_bytes(b"\xff\xd8" + r.randbytes(20_000) + b"\xff\xd9")
    office.act(take_card, FLIGHT, team, card)


def _hand_in_all(office: Office, tally: Tally, n: int, team: str, planted: Sequence[Planted], submissions: int) -> None:
    office.act(clock, FLIGHT, team, "analysis", "start", "")
    done = 1 if _hand_in_mistake(office, tally, n, team, planted) else 0
    for number in range(done + 1, submissions + 1):
        office.now(100 if n % LATE == 3 and number == submissions else 4)
        name = f"{team}-{number}{SUFFIXES[(n + number) % len(SUFFIXES)]}"
        path = write_hits(office.folder / "teams" / team / name, hit_rows(planted, n, number, office.seed))
        receipt = _acknowledged(office, tally, team, path)
    if n == 0:
        _try_again(office, tally, team, path, receipt, planted)
    office.act(clock, FLIGHT, team, "analysis", "stop", "")


def _acknowledged(office: Office, tally: Tally, team: str, path: Path) -> Receipt:
    """Handed in, printed, and on the second laptop."""
    receipt: Receipt = office.act(submit, FLIGHT, team, path)
    mirror(office.contest, office.mirror)
    tally.receipts += 1
    tally.warned += bool(receipt.event.body["warnings"])
    return receipt


def _hand_in_mistake(office: Office, tally: Tally, n: int, team: str, planted: Sequence[Planted]) -> bool:
    """A first file with one of people's mistakes in it; whether it was taken all the same."""
    kinds = list(mistakes(hit_rows(planted, n, 1, office.seed)))
    name, text = kinds[n % len(kinds)]
    path = office.folder / "teams" / team / f"{name}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return _is_taken(office, tally, team, path)


def _is_taken(office: Office, tally: Tally, team: str, path: Path) -> bool:
    try:
        _acknowledged(office, tally, team, path)
    except (ContestError, ScoreError) as why:
        tally.refused.append(str(why))
        return False
    return True


def _try_again(
    office: Office, tally: Tally, team: str, path: Path, receipt: Receipt, planted: Sequence[Planted]
) -> None:
    """The same file once more gives the same receipt; another one is over the limit."""
    again: Receipt = office.act(submit, FLIGHT, team, path)
    if again.event != receipt.event:
        raise ContestError(f"rehearsal: {team} got another receipt for the same file")
    more = write_hits(path.with_name("one-more.geojson"), hit_rows(planted, 0, 99, office.seed))
    if _is_taken(office, tally, team, more):
        raise ContestError(f"rehearsal: {team} handed in more than the plan allows")


def sit(office: Office) -> None:
    """Each judge of the panel enters a sheet for each team, unseen by the others."""
    for team in office.read().state.entrants(RECORDS):
        for name in JUDGES:
            office.act(enter_sheet, RECORDS, team, office.signer(name), panel_marks(team, name, office.seed))
