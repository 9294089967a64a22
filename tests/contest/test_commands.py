"""A contest day by the command line alone, as judges type it: passphrases come on standard input."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipeline.cli.app import app
from pipeline.contest.folder import Contest
from pipeline.contest.keys import TEST_COST, new_key
from pipeline.contest.truth import seal as sealing
from pipeline.rehearse.files import write_hits
from pipeline.rehearse.plan import HOLDERS, ITEMS, JUDGES, SURVEYORS, team_ids, write_entrants, write_marks, write_plan
from pipeline.rehearse.teams import hit_rows
from pipeline.rehearse.world import plant, system_of, write_surveys

DESK = "工作台 passphrase 1"
TEAMS = team_ids(3)


def secret_of(name: str) -> str:
    return f"{name} keeps this"


@dataclass
class Table:
    """The judges' table: the folder, the sticks, and a way to type commands."""

    folder: Path

    @property
    def contest(self) -> Path:
        return self.folder / "竞赛 2026"

    def stick(self, name: str) -> str:
        return str(self.folder / f"{name}.key")

    def types(self, *words: object, said: Sequence[str] = (), code: int = 0) -> str:
        command, *rest = (str(w) for w in words)
        done = CliRunner().invoke(app, ["contest", command, *rest], input="".join(f"{s}\n" for s in said))
        shown = f"{done.output}\n{done.exception!r}"
        assert not any(s in shown for s in (DESK, *map(secret_of, (*JUDGES, *HOLDERS)))), "a passphrase was shown"
        assert done.exit_code == code, shown
        return done.output + (str(done.exception) if done.exception else "")

    def desk(self, command: str, *words: object, keys: Sequence[str] = (), option: str = "--key", code: int = 0) -> str:
        """A command of the desk; `keys` are plugged in and their holders type their passphrases."""
        sticks = [part for name in keys for part in (option, self.stick(name))]
        said = [DESK, *map(secret_of, keys)]
        return self.types(command, self.contest, *words, *sticks, said=said, code=code)


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Table:
    """Officials have their keys; two fields are surveyed; nothing else was done. Passphrases cost next to nothing."""
    for made in (Contest.create, sealing.seal):
        monkeypatch.setitem(made.__kwdefaults__, "cost", TEST_COST)
    table = Table(tmp_path)
    for name in (*JUDGES, *HOLDERS, *SURVEYORS):
        new_key(Path(table.stick(name)), name, secret_of(name), cost=TEST_COST)
    for field in "AB":
        write_surveys(tmp_path / "survey", field, plant(field, 5, 7), 7)
    return table


def register(table: Table) -> None:
    plan = write_plan(table.folder / "contest.toml", 3)
    table.types("new", table.contest, "--plan", plan, said=[DESK])
    for role, names in (("judge", JUDGES), ("keyholder", HOLDERS), ("surveyor", SURVEYORS)):
        for name in names:
            table.desk("official", table.stick(name), "--name", name, "--role", role)
    table.desk("entrants", write_entrants(table.folder / "entrants.csv", TEAMS))
    secret = re.findall(r"[0-9a-f]{64}", table.desk("draw-commit", "--leg", "flight"))[0]
    page = next((table.contest / "heads").glob("*-draw-flight.txt"))  # a head that the teams see before they speak
    assert secret not in page.read_text("utf-8")
    drawn = table.types("draw", table.contest, "--leg", "flight", "--said", "七", "--said", "42", said=[DESK, secret])
    assert all(team in drawn for team in TEAMS)


def seal(table: Table, field: str) -> None:
    truth, vault = table.folder / f"truth {field}", table.folder / "safe" / f"{field}.vault"
    files = sorted((table.folder / "survey").glob(f"{field}*.csv"))
    table.types("targets", "import", *files, "-o", truth, "--crs", system_of(field))
    keys = [part for name in SURVEYORS for part in ("--key", table.stick(name))]
    place = ("--contest", table.contest, "--leg", "flight", "--field", field)
    table.types("targets", "sign", truth, *place, *keys, said=[secret_of(n) for n in SURVEYORS])
    here = ("--leg", "flight", "--field", field, "--vault", vault)
    vault.parent.mkdir(exist_ok=True)
    table.desk("seal", *here, "--truth", truth, "--pad-to", 16, keys=HOLDERS, option="--holder")
    table.types("targets", "shred", truth, "--contest", table.contest, "--vault", vault)
    assert not truth.exists()


def fly(table: Table) -> list[str]:
    """Receipts' texts."""
    shown = []
    for n, team in enumerate(TEAMS):
        here = ("--leg", "flight", "--entrant", team)
        for clock, act in (("flight", "start"), ("flight", "stop"), ("analysis", "start")):
            table.desk("clock", act, *here, "--clock", clock)
        card = table.folder / f"card {n}"
        card.mkdir()
        (card / "DJI_0001.JPG").write_bytes(b"\xff\xd8 a photo \xff\xd9")
        table.desk("card", card, *here)
        field = json.loads((table.contest / "events.jsonl").read_text("utf-8").splitlines()[-1])["body"]["entrant"]
        assert field == team
        hits = write_hits(table.folder / f"{team}.xlsx", hit_rows(plant("A", 5, 7), n, 1, 7))
        shown.append(table.desk("submit", hits, *here))
    return shown


def test_a_whole_day(table: Table) -> None:
    register(table)
    for field in "AB":
        seal(table, field)
        table.desk("open", "--leg", "flight", "--field", field)
    start = table.desk("head", "--at", "start")
    table.types("mirror", table.contest, table.folder / "second laptop")
    receipts = fly(table)
    assert all("SHA-256" in text or re.search(r"[0-9a-f]{64}", text) for text in receipts)
    assert not any(word in text for text in receipts for word in ("得分", "points"))
    table.desk(
        "manual", "--rule", "out-of-bounds", "--leg", "flight", "--entrant", TEAMS[0], "--why", "越线", keys=JUDGES[:2]
    )
    table.desk("judge", code=1)
    for field in "AB":
        place = ("--leg", "flight", "--field", field)
        vault = ("--vault", table.folder / "safe" / f"{field}.vault")
        table.desk("reveal", *place, *vault, keys=HOLDERS[:2], option="--holder", code=1)  # before the close
        table.desk("close", *place)
        table.desk("reveal", *place, *vault, keys=HOLDERS[1:2], option="--holder", code=1)  # one alone
        table.desk("reveal", *place, *vault, keys=HOLDERS[1:], option="--holder")
    table.desk("marks", write_marks(table.folder / "theory.csv", TEAMS, 7), "--leg", "theory")
    sheet = [part for item, most in ITEMS for part in ("--mark", f"{item}={most - 3}")]
    for team in TEAMS:
        for judge in JUDGES:
            table.desk("panel", "--leg", "records", "--entrant", team, *sheet, keys=[judge])
    table.desk("panel-open", "--leg", "records", keys=JUDGES)
    judged = table.desk("judge")
    assert all(team in judged for team in TEAMS)
    assert table.types("results", table.contest) == judged
    table.types("sheets", table.contest)
    assert len(list((table.contest / "sheets" / "set-1-zh").glob("*.pdf"))) >= len(TEAMS) + 1
    table.desk("appeal", "--leg", "flight", "--entrant", TEAMS[1], "--text", "目标被遮盖", "--by", "领队")
    table.desk("decide", 1, "--decision", "upheld", "--why", "属实", keys=JUDGES[:2])
    proposal = table.desk("rejudge", "--why", "申诉 1", "--void", "flight/A/A02")
    assert "2" in proposal
    table.desk("rejudge", "--apply", 2, keys=JUDGES[1:])
    table.desk("finalise", "--why", "领队均放弃申诉期", keys=JUDGES[:2])
    assert "is final" in table.types("sheets", table.contest, code=1)
    head = next(line for line in start.splitlines() if re.fullmatch(r"\S+ \d+ [0-9a-f]{64}", line))
    kept = [part for path in sorted((table.contest / "receipts").glob("*.json")) for part in ("--receipt", path)]
    table.types("verify", table.contest, "--head", head, *kept)
    assert "已定稿" in table.types("status", table.contest)
    ledger = table.contest / "events.jsonl"
    ledger.write_bytes(ledger.read_bytes().replace("越线".encode(), "没有".encode()))
    table.types("verify", table.contest, "--head", head, code=1)


def test_what_is_typed_wrong_is_one_sentence(table: Table) -> None:
    register(table)
    said = table.types("open", table.contest, "--leg", "flight", "--field", "A", said=["not the passphrase"], code=1)
    assert "passphrase" in said and "Traceback" not in said
    assert "missing" in table.types("open", table.contest, "--leg", "flight", "--field", "A", said=[], code=1)
    assert "flight" in table.desk("open", "--leg", "fly", "--field", "A", code=1)
    table.desk("open", "--leg", "flight", "--field", "A", code=1)  # not sealed
    table.desk("submit", "--leg", "flight", "--entrant", "T01", code=1)  # nothing given
    table.desk("panel", "--leg", "records", "--entrant", "T01", "--mark", "procedure=x", keys=JUDGES[:1], code=1)
    table.types("verify", table.folder / "nowhere", code=1)


def test_mistakes_that_would_cost_the_day(table: Table) -> None:
    register(table)
    files, inside = sorted((table.folder / "survey").glob("A*.csv")), table.contest / "truth"
    refused = table.types("targets", "import", *files, "-o", inside, "--crs", system_of("A"), code=1)
    assert "must not lie inside a contest folder" in refused and not inside.exists()
    truth = table.folder / "truth"
    table.types("targets", "import", *files, "-o", truth, "--crs", system_of("A"))
    place = ("--contest", table.contest, "--leg", "flight", "--field")
    holder = ("--key", table.stick(HOLDERS[0]))
    said = [secret_of(HOLDERS[0])]
    assert "no registered" in table.types("targets", "sign", truth, *place, "A", *holder, said=said, code=1)
    assert "no field" in table.types("targets", "sign", truth, *place, "Z", *holder, said=said, code=1)
    assert not (truth / "signed.json").exists()
    form = table.folder / "form.xlsx"
    table.types("form", form)
    assert "never overwritten" in table.types("form", form, code=1)
    wrong = table.types("draw", table.contest, "--leg", "flight", said=[DESK, "12"], code=1)
    assert "draw-commit printed" in wrong
    assert "cannot be read" in table.types("verify", table.contest, "--receipt", table.folder / "none.json", code=1)


def test_the_status_shows_what_a_judge_looks_for(table: Table) -> None:
    register(table)
    seal(table, "A")
    table.desk("open", "--leg", "flight", "--field", "A")
    team = next(line.split()[2] for line in table.types("status", table.contest).splitlines() if " A  " in f"{line} ")
    table.desk("clock", "start", "--leg", "flight", "--entrant", team)
    table.desk("submit", "--leg", "flight", "--entrant", team, "--hit", "34.78 113.63 outfall")
    shown = table.types("status", table.contest)
    row = next(line for line in shown.splitlines() if team in line)
    assert "计时中 running" in row and "未开始 not started" in row and "1/3" in row
    assert "flight/A: 已开放 open" in shown and "flight/B: 未封存 not sealed" in shown
    assert "records: 评分表 sheets: 0/9" in shown and "镜像 mirrors: 无 none" in shown


def test_the_example_is_complete(tmp_path: Path) -> None:
    plan = tmp_path / "方案"
    run = CliRunner()
    assert run.invoke(app, ["contest", "example", str(plan)]).exit_code == 0
    contest = tmp_path / "contest"
    new = ["contest", "new", str(contest), "--plan", str(plan / "contest.toml")]
    assert run.invoke(app, new, input=f"{DESK}\n").exit_code == 0
    entered = run.invoke(app, ["contest", "entrants", str(contest), str(plan / "entrants.csv")], input=f"{DESK}\n")
    assert entered.exit_code == 0 and "3" in entered.output
    marks = ["contest", "marks", str(contest), str(plan / "theory.csv"), "--leg", "theory"]
    assert run.invoke(app, marks, input=f"{DESK}\n").exit_code == 0
    again = run.invoke(app, ["contest", "example", str(plan)])
    assert again.exit_code == 1 and "there already" in str(again.exception)
