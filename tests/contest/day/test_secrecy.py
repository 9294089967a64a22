"""Targets' coordinates are nowhere where the desk's process could read or leave them."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipeline.contest.truth.seal import seal
from pipeline.contest.truth.sign import sign_truth
from pipeline.contest.truth.survey import import_targets
from pipeline.rehearse import morning
from pipeline.rehearse.files import WRITERS, write_hits
from pipeline.rehearse.office import DESK, Office
from pipeline.rehearse.plan import FLIGHT, SURVEYORS
from pipeline.rehearse.world import plant, system_of, write_surveys
from pipeline.score.hits import Row
from tests.contest.day.conftest import TARGETS, Day
from tests.contest.day.scanning import Canary, files_under, found, found_in_files, memory_of, surveyed

ROOT = Path(__file__).resolve().parents[3]
FORBIDDEN = ("pipeline.contest.truth", "pipeline.contest.judging", "pipeline.score.targets", "pipeline.score.verdict")
LEAVES = ("subprocess.Popen", "os.exec", "os.system", "socket.connect", "socket.bind")


@dataclass(frozen=True)
class Watched:
    """What a desk in its own process did, said and kept."""

    noted: dict[str, list[str]]
    modules: list[str]
    output: str
    env: dict[str, str]
    memory: list[str]  # canaries in it
    saw_memory: bool


def watch(canaries: Sequence[Canary], tmp: Path, *arguments: str, typed: str = "") -> Watched:
    """Run `watched.py`, and look into its memory while it waits."""
    tmp.mkdir(exist_ok=True)
    env = {**os.environ, "TMPDIR": str(tmp), "TEMP": str(tmp), "TMP": str(tmp)}
    command = [sys.executable, "-m", "tests.contest.day.watched", *arguments]
    errors = tmp.with_name("stderr.txt")
    with errors.open("wb") as stderr, subprocess.Popen(command, cwd=ROOT, env=env, stdin=subprocess.PIPE,
                                                       stdout=subprocess.PIPE, stderr=stderr) as process:  # fmt: skip
        assert process.stdout is not None and process.stdin is not None
        process.stdin.write(typed.encode())
        process.stdin.flush()
        lines = []
        for line in process.stdout:
            lines.append(line.decode())
            if line.startswith(b"NOTED "):
                break
        memory, saw = _memory(canaries, process.pid)
        process.communicate(b"\n")
    assert process.returncode == 0, errors.read_text("utf-8")
    told = json.loads(lines.pop().removeprefix("NOTED "))
    output = "".join(lines) + errors.read_text("utf-8")
    return Watched(told["noted"], told["modules"], output, told["env"], memory, saw)


def _memory(canaries: Sequence[Canary], pid: int) -> tuple[list[str], bool]:
    try:
        return [what for part in memory_of(pid) for what in found(canaries, part)], True
    except (FileNotFoundError, PermissionError):
        return [], False


def check_blind(seen: Watched, office: Office, canaries: Sequence[Canary], tmp: Path) -> None:
    """Nothing secret was opened, said, left or kept."""
    opened = seen.noted["open"]
    assert any(path.endswith("events.jsonl") for path in opened)  # the hook does hear
    for secret in ("surveyors", "safe"):
        assert not [p for p in opened if Path(p).is_relative_to(office.folder / secret)]
    assert not set(LEAVES) & set(seen.noted)
    assert found(canaries, seen.output.encode()) == []
    assert found(canaries, json.dumps(seen.env).encode()) == []
    readable = {Path(p) for p in opened if Path(p).is_file() and not p.startswith((sys.prefix, sys.base_prefix))}
    assert found_in_files(canaries, [*files_under(office.contest, tmp), *sorted(readable)]) == []
    assert seen.memory == []


@pytest.fixture
def tmp(tmp_path: Path) -> Path:
    return tmp_path / "tmp"


@pytest.fixture
def office(opened: Day, at: Callable[[Day], Day]) -> Office:
    """As on the day, with the surveyors' plain truth left beside it by mistake."""
    office = at(opened).office
    _survey(office, "A")
    return office


def _survey(office: Office, place: str) -> None:
    files = write_surveys(office.folder / "surveyors" / "controller", place, plant(place, TARGETS, 0), 0)
    import_targets(files, office.truth(place), system_of(place))


@pytest.fixture
def canaries(office: Office, opened: Day) -> list[Canary]:
    """One target in all forms: the memory of a process is large."""
    return surveyed(opened.planted["A"][:1], office.truth("A") / "targets.geojson")


def far_hits(folder: Path, office: Office) -> list[str]:
    """TEAM=FILE of hit lists that come nowhere near a target, neither in latitude nor in longitude; bad ones too."""
    rows = [Row(f"H{n}", "dust/pile", 34.7512 + n * 1e-4, 113.6031 + n * 1e-4, 0.5, 2.0, None, None) for n in range(5)]
    teams = sorted(office.read().state.teams)
    turns = itertools.product((1, 2), teams)
    given = [f"{t}={write_hits(folder / f'{t}-{n}{s}', rows)}" for (n, t), s in zip(turns, WRITERS, strict=True)]
    bad = {
        "nan.csv": "lat_deg,lon_deg,class\nnan,113.6031,dust\n",
        "half.geojson": '{"type": "FeatureColl',
        "x.zip": "PK",
    }
    for name, text in bad.items():
        (folder / name).write_text(text, encoding="utf-8")
        given.append(f"{teams[0]}={folder / name}")
    return given


def test_the_scanner_sees_every_form(canaries: list[Canary]) -> None:
    for one in canaries:
        for form in one.alone:
            assert found(canaries, b"x" * 100 + form + b"y")
            if form.decode("latin-1").replace(".", "").isdigit():  # a text
                assert found(canaries, form.decode().encode("utf-16-le"))
        for north, east in one.pairs:
            assert found(canaries, b"?" + north + b" , " + east)
    assert found(canaries, b"34.7512 113.6031" + struct.pack("<dd", 34.7512, 113.6031)) == []


def test_a_leak_would_be_seen(office: Office, canaries: list[Canary], tmp: Path) -> None:
    targets = office.truth("A") / "targets.geojson"
    seen = watch(canaries, tmp, "leak", str(office.folder), DESK, str(targets))
    assert str(targets) in seen.noted["open"]
    assert seen.memory or not seen.saw_memory
    assert found_in_files(canaries, [targets])


def test_the_desk_that_takes_hit_lists_knows_no_target(office: Office, canaries: list[Canary], tmp: Path) -> None:
    given = far_hits(tmp.parent, office)
    seen = watch(canaries, tmp, "submit", str(office.folder), DESK, *given)
    check_blind(seen, office, canaries, tmp)
    assert len(office.read().state.submissions) == len(WRITERS)
    assert "Traceback" in seen.output  # the bad files, with all local variables shown
    assert not [m for m in seen.modules if m.startswith(FORBIDDEN)]


def test_nor_does_the_command_line(office: Office, canaries: list[Canary], tmp: Path) -> None:
    given = far_hits(tmp.parent, office)
    given = [given[0], given[-1]]  # one that is taken, one that is refused
    seen = watch(canaries, tmp, "command", str(office.folder), DESK, *given, typed=f"{DESK}\n" * 2)
    check_blind(seen, office, canaries, tmp)
    assert len(office.read().state.submissions) == 1
    assert "EXIT 1" in seen.output
    assert DESK not in seen.output
    assert not [m for m in seen.modules if m.startswith(FORBIDDEN)]


def test_nor_does_it_when_the_disk_fails(office: Office, canaries: list[Canary], tmp: Path) -> None:
    given = far_hits(tmp.parent, office)[:1]
    seen = watch(canaries, tmp, "failing", str(office.folder), DESK, *given)
    check_blind(seen, office, canaries, tmp)
    assert seen.output.count("SAYS") >= 5
    assert len(office.read().state.submissions) == 1


def test_nor_does_the_one_that_closes(office: Office, canaries: list[Canary], tmp: Path) -> None:
    seen = watch(canaries, tmp, "close", str(office.folder), DESK)
    check_blind(seen, office, canaries, tmp)
    assert len(office.read().state.closed) == 2


def test_a_seal_that_fails_says_nothing(opened: Day, tmp_path: Path, tmp: Path) -> None:
    """The one process that holds plain targets, with the disk failing at every touch: no word, no file, no rest."""
    office = Office(tmp_path / "office", cost=opened.office.cost)
    morning.set_up(office, 2, 1)
    _survey(office, "A")
    for name in SURVEYORS:
        sign_truth(office.truth("A"), office.signer(name), office.read().state.id, FLIGHT, "A")
    office.vault("A").parent.mkdir()
    canaries = surveyed(plant("A", TARGETS, 0), office.truth("A") / "targets.geojson")
    seen = watch(canaries[:1], tmp, "seal", str(office.folder), DESK)
    assert seen.output.count("SAYS") >= 5
    assert (FLIGHT, "A") in office.read().state.seals
    shutil.rmtree(office.folder / "surveyors")
    assert found(canaries, seen.output.encode()) == []
    assert found_in_files(canaries, files_under(office.folder, tmp)) == []
    assert seal.__module__ in seen.modules


def test_a_reveal_that_fails_says_nothing(opened: Day, at: Callable[[Day], Day], tmp: Path) -> None:
    from pipeline.contest.judging.fields import close_field

    office = at(opened).office
    office.act(close_field, FLIGHT, "A")
    seen = watch(opened.canaries[:1], tmp, "reveal", str(office.folder), DESK)
    assert seen.output.count("SAYS") >= 2
    assert (FLIGHT, "A") in office.read().state.revealed
    assert found(opened.canaries, seen.output.encode()) == []
    assert found_in_files(opened.canaries, files_under(tmp)) == []
