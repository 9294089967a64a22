"""Two machines that both went on: reported with the line, never silently chosen; a restored one goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.contest.clocks import clock
from pipeline.contest.ledger import LEDGER, read_events
from pipeline.contest.mirror import fork_of, mirror, restore
from pipeline.errors import ContestError
from pipeline.rehearse.office import DESK, Office
from pipeline.rehearse.plan import FLIGHT
from tests.contest.day.conftest import Day


def go_on(office: Office, team: str, act: str = "start") -> None:
    office.act(clock, FLIGHT, team, "flight", act, "测试 pause")


def restored(office: Office, folder: str) -> Office:
    """Another laptop that goes on from the mirror."""
    other = replace(office, folder=office.folder.with_name(folder))
    other.folder.mkdir()
    restore(office.mirror, other.contest, DESK, office.now(), machine=folder)
    return other


def ledger(folder: Path) -> bytes:
    return (folder / LEDGER).read_bytes()


@pytest.fixture
def office(opened: Day, at: Callable[[Day], Day]) -> Office:
    """A desk that has flown one team and has its mirror."""
    office = at(opened).office
    go_on(office, "T01")
    mirror(office.contest, office.mirror)
    return office


def test_a_mirror_is_the_same_ledger_and_can_be_made_again_and_again(office: Office) -> None:
    assert ledger(office.mirror) == ledger(office.contest)
    assert mirror(office.contest, office.mirror) == 0
    go_on(office, "T02")
    assert mirror(office.contest, office.mirror) == 1
    assert ledger(office.mirror) == ledger(office.contest)


def test_a_restored_contest_continues_the_same_chain(office: Office) -> None:
    before = ledger(office.contest)
    other = restored(office, "second")
    go_on(other, "T01", "stop")
    assert ledger(other.contest).startswith(before)
    events = read_events(other.contest / LEDGER)
    assert [e.kind for e in events[-2:]] == ["restored", "clock"]
    assert events[-2].body["machine"] == "second"
    assert fork_of(office.contest, other.contest) is None  # the first has not gone on: only more of the same
    assert mirror(other.contest, office.contest) == 2  # and may become the mirror of the second


def test_both_went_on_is_a_fork_that_names_line_and_both_sides(office: Office) -> None:
    other = restored(office, "second")
    go_on(office, "T02")
    go_on(other, "T03")
    first, second = ledger(office.contest), ledger(other.contest)
    fork = fork_of(office.contest, other.contest)
    assert fork is not None
    assert [e.kind for e in fork.a] == ["clock"]
    assert [e.kind for e in fork.b] == ["restored", "clock"]
    line = len(first.splitlines())
    assert fork.seq + 1 == line
    assert f"fork at line {line}" in fork.text("one", "other")
    for source, dest in ((office.contest, other.contest), (other.contest, office.contest)):
        with pytest.raises(ContestError, match=f"fork at line {line}"):
            mirror(source, dest)
    assert (ledger(office.contest), ledger(other.contest)) == (first, second)


def test_the_mirror_follows_one_side_only(office: Office) -> None:
    """Whoever mirrors first; the other is told, and the mirror is left as it was."""
    other = restored(office, "second")
    go_on(other, "T03")
    mirror(other.contest, office.mirror)
    kept = ledger(office.mirror)
    go_on(office, "T02")
    with pytest.raises(ContestError, match="fork at line"):
        mirror(office.contest, office.mirror)
    assert ledger(office.mirror) == kept


def test_an_old_laptop_cannot_overwrite_a_newer_mirror(office: Office) -> None:
    other = restored(office, "second")
    mirror(other.contest, office.mirror)
    with pytest.raises(ContestError, match="ahead"):
        mirror(office.contest, office.mirror)


def test_restored_twice_is_a_fork(office: Office) -> None:
    second, third = restored(office, "second"), restored(office, "third")
    fork = fork_of(second.contest, third.contest)
    assert fork is not None
    assert [e.kind for e in (*fork.a, *fork.b)] == ["restored", "restored"]
    go_on(second, "T02")
    go_on(third, "T02")
    fork = fork_of(second.contest, third.contest)
    assert fork is not None
    assert len(fork.a) == len(fork.b) == 2


def test_a_restore_never_lands_on_a_contest_that_went_on(office: Office) -> None:
    go_on(office, "T02")
    before = ledger(office.contest)
    with pytest.raises(ContestError):
        restore(office.mirror, office.contest, DESK, office.now())
    assert ledger(office.contest) == before


def test_a_restore_needs_the_desks_passphrase(office: Office) -> None:
    with pytest.raises(ContestError, match="passphrase"):
        restore(office.mirror, office.folder.with_name("second"), "not the passphrase", office.now())
    assert not (office.folder.with_name("second") / LEDGER).exists()


def test_a_mirror_cut_off_in_the_middle_is_completed(office: Office) -> None:
    """The second laptop's battery died while it copied: half a line, an object missing."""
    whole = ledger(office.contest)
    (office.mirror / LEDGER).write_bytes(whole[: len(whole) - 100])
    lost = next((office.mirror / "objects").glob("??/*"))
    lost.unlink()
    assert mirror(office.contest, office.mirror) == 1
    assert ledger(office.mirror) == whole
    assert lost.exists()


def test_forks_of_two_contests_are_not_compared(opened: Day, office: Office, tmp_path: Path) -> None:
    from pipeline.rehearse import morning

    other = replace(opened.office, folder=tmp_path / "other")
    morning.set_up(other, 2, 1)
    with pytest.raises(ContestError, match="another contest"):
        fork_of(office.contest, other.contest)
    with pytest.raises(ContestError, match="another contest"):
        mirror(other.contest, office.mirror)
