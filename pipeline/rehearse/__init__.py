"""A whole contest day on made-up flights: every public verb, people's mistakes included, in a minute.

It is what a contest's office does once before the day, and what shows that the parts fit: the only place beside the
doors that sees a search's hit lists and the truth.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.contest.heads import head_text
from pipeline.contest.judging.report import Report
from pipeline.contest.keys import COST
from pipeline.contest.ledger import LEDGER
from pipeline.errors import ContestError
from pipeline.rehearse import evening, field, morning
from pipeline.rehearse.field import Tally
from pipeline.rehearse.office import Office, Tell
from pipeline.rehearse.plan import FIELDS
from pipeline.rehearse.world import Planted, plant
from pipeline.types import points_text
from pipeline.words import Lang, word

__all__ = ["STAGES", "Rehearsed", "rehearse"]

STAGES = ("set_up", "survey", "seal", "draw", "open", "fly", "sit", "close", "reveal", "judge", "print", "appeal",
          "finish", "verify")  # fmt: skip
TEAMS, TARGETS = (3, 99), (3, 30)  # smallest and largest
Row = tuple[int, str, str]  # place, name, points


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """How the day went. `stages`: seconds of wall time by name, in the order of `STAGES`."""

    folder: Path  # holds the contest, the second laptop, the safe, the sticks and the teams' files
    contest: Path
    stages: Mapping[str, float]
    tally: Tally
    events: int
    ledger_bytes: int
    head: str  # as it would be published
    report: Report
    stand_alone: bool  # whether verify_contest.py found nothing
    table: tuple[Row, ...]

    @property
    def good(self) -> bool:
        """Both verifiers are content."""
        return self.report.good and self.stand_alone

    def lines(self, lang: Lang = "zh") -> list[str]:
        """The figures for people: stage times, what came in, the table, the verdict."""
        told = [f"{word(f'rehearse_{name}', lang)}: {took:.1f} s" for name, took in self.stages.items()]
        facts = {
            "total": f"{sum(self.stages.values()):.1f} s",
            "receipts": str(self.tally.receipts),
            "refused": str(len(self.tally.refused)),
            "events": str(self.events),
            "ledger": f"{self.ledger_bytes / 1024:.0f} KiB",
        }
        told += [f"{word(f'rehearse_{name}', lang)}: {value}" for name, value in facts.items()]
        told += [f"{place:3d}  {name}  {points}" for place, name, points in self.table]
        return [*told, word("rehearse_good" if self.good else "rehearse_bad", lang)]


def rehearse(
    folder: str | Path,
    teams: int = 12,
    submissions: int = 3,
    seed: int = 0,
    *,
    targets: int = 16,
    lang: Lang = "zh",
    cost: int = COST,
    tell: Tell | None = None,
) -> Rehearsed:
    """Hold a contest in `folder`, which must not exist yet or be empty: two fields of `targets`, `teams` teams.

    Teams, places and hit lists follow from `seed`; keys and salts never repeat. `tell` hears of each stage in
    words how much of it is done. Tests lower `cost` (scrypt's), a rehearsal keeps it.

    Raises:
        ContestError: the folder is not empty or lies where no vault may, too few or too many teams or targets, or the
            contest refuses what it should take.
    """
    office = Office(_free(Path(folder)), seed, cost, tell=tell)
    _check(teams, TEAMS, "teams")
    _check(targets, TARGETS, "targets")
    _check(submissions, (1, 20), "submissions")
    planted = {place: plant(place, targets, seed) for place in FIELDS}
    _before(office, planted, teams, submissions)
    tally = _during(office, planted, submissions)
    _after(office, teams, lang)
    return _judged(office, tally)


def _free(folder: Path) -> Path:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ContestError(f"{folder}: is there already and not empty; a rehearsal needs a folder of its own")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _check(value: int, span: tuple[int, int], what: str) -> None:
    if not span[0] <= value <= span[1]:
        raise ContestError(f"a rehearsal has {span[0]} to {span[1]} {what}, not {value}")


def _before(office: Office, planted: Mapping[str, Sequence[Planted]], teams: int, submissions: int) -> None:
    with office.stage("set_up"):
        morning.set_up(office, teams, submissions)
    with office.stage("survey"):
        morning.survey(office, planted)
    with office.stage("seal"):
        morning.seal_fields(office)
    with office.stage("draw"):
        morning.draw_lots(office)
    with office.stage("open"):
        morning.open_fields(office)


def _during(office: Office, planted: Mapping[str, Sequence[Planted]], submissions: int) -> Tally:
    with office.stage("fly"):
        tally = field.fly(office, planted, submissions)
    with office.stage("sit"):
        field.sit(office)
    return tally


def _after(office: Office, teams: int, lang: Lang) -> None:
    with office.stage("close"):
        evening.close(office, teams)
    with office.stage("reveal"):
        evening.reveal_fields(office)
    with office.stage("judge"):
        evening.judge(office)
    with office.stage("print"):
        evening.print_out(office, lang)
    with office.stage("appeal"):
        evening.appeals(office, "A01")
    with office.stage("print"):
        evening.print_out(office, lang)
    with office.stage("finish"):
        evening.finish(office)


def _judged(office: Office, tally: Tally) -> Rehearsed:
    """Both verifiers, and what there is to tell."""
    with office.stage("verify"):
        report, stand_alone = evening.verify(office), _stands_alone(office)
    contest = office.read()
    return Rehearsed(
        folder=office.folder,
        contest=office.contest,
        stages={name: office.stages[name] for name in STAGES},
        tally=tally,
        events=len(contest.events),
        ledger_bytes=(office.contest / LEDGER).stat().st_size,
        head=head_text(contest.state.head),
        report=report,
        stand_alone=stand_alone,
        table=_table(office),
    )


def _stands_alone(office: Office) -> bool:
    """The folder's own small verifier, as a stranger runs it."""
    command = [sys.executable, str(office.contest / "verify_contest.py"), str(office.contest), "--head",
               head_text(office.read().state.head)]  # fmt: skip
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _table(office: Office) -> tuple[Row, ...]:
    contest = office.read()
    assert contest.state.applied is not None
    results = json.loads(contest.load(contest.state.applied.object))
    return tuple((row["place"], row["name"], points_text(row["total_u"])) for row in results["teams"])
