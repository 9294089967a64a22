"""kill -9 at any moment of submit, close, reveal, judge and rejudge: nothing acknowledged is lost, nothing doubled."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipeline.contest.clocks import clock
from pipeline.contest.folder import Contest
from pipeline.contest.judging.verify import verify_contest
from pipeline.rehearse.evening import enter_papers
from pipeline.rehearse.field import sit
from pipeline.rehearse.files import write_hits
from pipeline.rehearse.teams import hit_rows
from tests.contest.day.conftest import TEAMS as TEAMS_THERE
from tests.contest.day.conftest import Day, copied
from tests.contest.day.driving import TEAMS, steps

ROOT = Path(__file__).resolve().parents[3]
VERIFIER = str(ROOT / "pipeline" / "contest" / "verify_contest.py")
MOST_CRASHES = 1_000  # more touches of the disk than all steps together make


@dataclass(frozen=True)
class Desk:
    """A day whose teams have their files ready, what an undisturbed desk makes of them, and how long it takes."""

    day: Day
    expected: list[tuple[str, str]]
    took_s: float


@pytest.fixture(scope="session")
def desk(opened: Day, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    folder = tmp_path_factory.mktemp("kills")
    day = copied(opened, folder / "ready")
    for n, team in enumerate(TEAMS):
        field = day.office.read().state.assignment["flight", team]
        for number, suffix in ((1, ".csv"), (2, ".geojson")):
            path = day.office.folder / "teams" / team / f"{number}{suffix}"
            write_hits(path, hit_rows(day.planted[field], n, number, 0))
    sit(day.office)
    enter_papers(day.office, TEAMS_THERE)
    whole = copied(day, folder / "undisturbed").office.folder
    with subprocess.Popen(command(whole, 0), cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        start = time.monotonic()
        assert len(process.stdout.readlines()) == len(steps(whole))
        took_s = time.monotonic() - start
    assert process.returncode == 0
    return Desk(day, story(whole), took_s)


def command(folder: Path, begin: int, crash: int = 0, which: str = "any") -> list[str]:
    return [sys.executable, "-m", "tests.contest.day.driving", str(folder), str(begin), str(crash), which]


def story(folder: Path) -> list[tuple[str, str]]:
    """(kind, what it is about) of all events but those that tell of a recovery."""
    events = Contest.open(folder / "contest").events
    about = ("entrant", "number", "object", "field", "set", "state", "elapsed_ms", "hits_digest")
    return [(e.kind, str([e.body.get(k) for k in about])) for e in events if e.kind != "recovered"]


def acknowledged(output: str) -> dict[int, str]:
    """step -> head, of every whole line that was printed."""
    lines = (line.split() for line in output.splitlines(keepends=True) if line.endswith("\n"))
    return {int(words[0]): words[1] for words in lines if len(words) == 2}


def killed_after(folder: Path, begin: int, wait_s: float) -> tuple[dict[int, str], bool]:
    """Go on from a step, and be killed so much later: what was acknowledged, and whether all was done before."""
    with subprocess.Popen(command(folder, begin), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        with suppress(subprocess.TimeoutExpired):
            process.wait(wait_s)
        process.kill()
        out, error = process.communicate()
    assert not error, error
    return acknowledged(out), process.returncode == 0


def crashed_at(folder: Path, begin: int, crash: int, which: str) -> tuple[dict[int, str], bool]:
    """The same, at a touch of the disk."""
    done = subprocess.run(command(folder, begin, crash, which), cwd=ROOT, capture_output=True, text=True, check=False)
    assert not done.stderr, done.stderr
    return acknowledged(done.stdout.partition("\n")[2]), done.returncode == 0


def check_kept(folder: Path, heads: dict[int, str]) -> None:
    """Everything acknowledged so far is in the ledger, which can be read as it is."""
    there = {e.head for e in Contest.open(folder / "contest").events}
    assert set(heads.values()) <= there


def check_whole(folder: Path, heads: dict[int, str], expected: list[tuple[str, str]]) -> None:
    """In the end it is the undisturbed story, event for event and object for object; and all of it verifies."""
    assert story(folder) == expected
    assert len(set(heads.values())) == len(heads) == len(steps(folder))
    contest = Contest.open(folder / "contest")
    assert {e.head for e in contest.events} >= set(heads.values())
    report = verify_contest(folder / "contest", receipts=sorted((folder / "contest" / "receipts").glob("*.json")))
    assert report.good, [f.line() for f in report.findings]
    assert len(list((folder / "contest" / "receipts").glob("*.json"))) == len(contest.state.submissions)
    assert not [p for p in (folder / "contest").rglob("*.aside*") if p.suffix in (".json", ".txt", ".pdf")]


def endure(desk: Desk, tmp_path: Path, kills: int, seed: int) -> None:
    """Kill desks until so many were killed, each folder as often as it takes."""
    r, killed, n = random.Random(seed), 0, 0
    while killed < kills:
        n += 1
        folder, heads = copied(desk.day, tmp_path / f"day {n}").office.folder, {}
        finished = False
        while not finished:
            left = 1 - len(heads) / len(steps(folder))
            found, finished = killed_after(
                folder, len(heads), r.uniform(0, 0.4 * left * desk.took_s) if killed < kills else 60
            )
            killed += not finished
            assert all(heads.get(step, head) == head for step, head in found.items())
            heads |= found
            check_kept(folder, heads)
        check_whole(folder, heads, desk.expected)


@pytest.mark.slow
def test_twenty_kills(desk: Desk, tmp_path: Path) -> None:
    endure(desk, tmp_path, 20, seed=6)


@pytest.mark.acceptance
def test_two_hundred_kills(desk: Desk, tmp_path: Path) -> None:
    endure(desk, tmp_path, 200, seed=7)


def crash_everywhere(desk: Desk, tmp_path: Path, touches: Iterable[int], which: str = "any") -> int:
    """End the process at chosen touches of the disk, let another one finish; returns how many touches there are."""
    for crash in touches:
        folder = copied(desk.day, tmp_path / f"crash {which} {crash}").office.folder
        heads, finished = crashed_at(folder, 0, crash, which)
        if finished:
            return crash - 1
        check_kept(folder, heads)
        rest, finished = crashed_at(folder, len(heads), 0, "any")
        assert finished
        check_whole(folder, heads | rest, desk.expected)
    return MOST_CRASHES


@pytest.mark.slow
def test_a_crash_in_the_middle_of_a_line_of_the_ledger(desk: Desk, tmp_path: Path) -> None:
    """Of a submission, a close and a rejudge: half a line is no event; the next one reports it and goes on."""
    crash_everywhere(desk, tmp_path, (2, 5, 10), "write")


@pytest.mark.slow
@pytest.mark.parametrize("crash", [13, 16, 19])
def test_nobody_tries_again_after_a_crash(desk: Desk, tmp_path: Path, crash: int) -> None:
    """The team goes home without its receipt, another one flies: what was left half-written does no harm."""
    office = copied(desk.day, tmp_path / "day").office
    folder = office.folder
    _, finished = crashed_at(folder, 0, crash, "any")
    assert not finished
    office.act(clock, "flight", "T03", "flight", "start", "")
    assert verify_contest(folder / "contest").good
    small = subprocess.run([sys.executable, VERIFIER, str(folder / "contest")], capture_output=True, check=False)
    assert small.returncode == 0, small.stdout


@pytest.mark.slow
def test_a_crash_at_touches_of_the_disk(desk: Desk, tmp_path: Path) -> None:
    """Objects without their event, events without their receipt."""
    crash_everywhere(desk, tmp_path, (9, 22, 41, 77))


@pytest.mark.acceptance
@pytest.mark.parametrize("which", ["any", "write"])
def test_a_crash_at_every_touch_of_the_disk(desk: Desk, tmp_path: Path, which: str) -> None:
    print(crash_everywhere(desk, tmp_path, range(1, MOST_CRASHES), which), "touches of the disk")
