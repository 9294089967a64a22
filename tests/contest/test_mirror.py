from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.contest import mirror as module
from pipeline.contest.ledger import append_event, read_events
from pipeline.contest.mirror import fork_of, mirror, mirror_all, mirrors_of, remember, restore
from pipeline.contest.store import load, object_path, store, stored
from pipeline.errors import ContestError, OutputError
from tests.contest.chain import PASSPHRASE, START_MS, Chain, chain


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """No waiting for the disk: no plug is pulled here but in play."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)


@pytest.fixture
def made(tmp_path: Path) -> Chain:
    """Five events, each with an object, receipts and heads."""
    made = chain(tmp_path / "比 赛", 1)
    for number in range(4):
        submit(made, number)
    return made


def submit(made: Chain, number: int) -> None:
    name = store(made.folder, f"hits {number}".encode() * 1000)
    event = made.add("note", {"object": name}, START_MS + number)
    for part in ("receipts", "heads"):
        (made.folder / part).mkdir(exist_ok=True)
        (made.folder / part / f"{event.seq}.txt").write_text(event.head)


def files(folder: Path) -> dict[str, bytes]:
    found = (p for p in folder.rglob("*") if p.is_file() and p.name != ".lock")
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in found}


def test_a_mirror_is_the_contest_again(made: Chain, tmp_path: Path) -> None:
    assert mirror(made.folder, tmp_path / "second disk") == 5
    assert files(tmp_path / "second disk") == files(made.folder)
    assert mirror(made.folder, tmp_path / "second disk") == 0


def test_sheets_and_tables_come_along_but_nothing_hidden_and_no_links(made: Chain, tmp_path: Path) -> None:
    (made.folder / "tables" / "set 1").mkdir(parents=True)
    (made.folder / "tables" / "set 1" / "总表.csv").write_bytes(b"1")
    (made.folder / ".aside").write_bytes(b"")
    (tmp_path / "secret").write_bytes(b"x")
    (made.folder / "tables" / "link").symlink_to(tmp_path / "secret")
    mirror(made.folder, tmp_path / "m")
    found = {k for k in files(tmp_path / "m") if not k.startswith(("objects", "receipts", "heads"))}
    assert found == {"events.jsonl", "desk.key", "tables/set 1/总表.csv"}


def test_an_object_that_was_cut_short_in_the_mirror_is_copied_again(made: Chain, tmp_path: Path) -> None:
    mirror(made.folder, tmp_path / "m")
    name = next(stored(made.folder))
    object_path(tmp_path / "m", name).write_bytes(b"hits")
    mirror(made.folder, tmp_path / "m")
    assert load(tmp_path / "m", name)


def test_a_mirror_follows(made: Chain, tmp_path: Path) -> None:
    mirror(made.folder, tmp_path / "m")
    submit(made, 9)
    assert mirror(made.folder, tmp_path / "m") == 1
    assert files(tmp_path / "m") == files(made.folder)


class Pulled(BaseException):
    """The plug of the second disk."""


def pulling(monkeypatch: pytest.MonkeyPatch, after: int, half: bool) -> Callable[[], int]:
    """Let the n-th write, rename, fsync or truncation be the last that happens; writes may be done by half."""
    count = 0

    def wrap(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def step(*args: Any, **more: Any) -> Any:
            nonlocal count
            count += 1
            if count == after:
                if name == "write" and half:
                    real(args[0], args[1][: len(args[1]) // 2])
                raise Pulled
            if count > after:
                raise Pulled
            return real(*args, **more)

        return step

    for name in ("write", "replace", "fsync", "ftruncate"):
        monkeypatch.setattr(os, name, wrap(name, getattr(os, name)))
    return lambda: count


def test_a_mirror_that_was_cut_off_anywhere_is_completed(made: Chain, tmp_path: Path) -> None:
    begun = chain_mirrored_up_to(made, 2, tmp_path / "begun")
    whole, after = files(made.folder), 1
    while True:
        dest = tmp_path / f"m{after}"
        shutil.copytree(begun, dest)
        with pytest.MonkeyPatch.context() as patch:
            pulling(patch, after, half=after % 2 == 0)
            try:
                mirror(made.folder, dest)
                break
            except Pulled:
                pass
        events = read_events(dest / "events.jsonl")
        for event in events[1:]:
            load(dest, event.body["object"])
        mirror(made.folder, dest)
        left = files(dest)
        assert {k: v for k, v in left.items() if ".aside" not in k} == whole, after
        after += 1
    assert after > 12


def chain_mirrored_up_to(made: Chain, count: int, dest: Path) -> Path:
    """A mirror as it was when the ledger had `count` events."""
    lines = made.lines()
    early = dest.with_name("early")
    shutil.copytree(made.folder, early)
    Chain(early, made.desk).write(lines[:count])
    shutil.rmtree(early / "receipts")
    for name in list(stored(early)):
        if name not in {e.body.get("object") for e in read_events(early / "events.jsonl")}:
            object_path(early, name).unlink()
    mirror(early, dest)
    return dest


@pytest.mark.parametrize("cut", [1, 30, 200])
def test_a_mirror_with_a_torn_line_is_completed(made: Chain, tmp_path: Path, cut: int) -> None:
    mirror(made.folder, tmp_path / "m")
    path = tmp_path / "m" / "events.jsonl"
    path.write_bytes(path.read_bytes()[:-cut])
    assert mirror(made.folder, tmp_path / "m") == 1
    assert files(tmp_path / "m") == files(made.folder)


def test_restoring_goes_on_with_the_same_chain(made: Chain, tmp_path: Path) -> None:
    mirror(made.folder, tmp_path / "m")
    event = restore(tmp_path / "m", tmp_path / "laptop 二", PASSPHRASE, START_MS + 99, machine="laptop-2")
    events = read_events(tmp_path / "laptop 二" / "events.jsonl")
    assert events[:5] == made.read() and events[5:] == (event,)
    assert (event.kind, event.body, event.prev) == ("restored", {"machine": "laptop-2"}, made.read()[-1].head)
    again = Chain(tmp_path / "laptop 二", made.desk)
    submit(again, 7)
    assert len(again.read()) == 7
    assert fork_of(made.folder, again.folder) is None
    assert fork_of(again.folder, made.folder) is None


def test_the_machine_names_itself(made: Chain, tmp_path: Path) -> None:
    mirror(made.folder, tmp_path / "m")
    assert restore(tmp_path / "m", tmp_path / "r", PASSPHRASE, START_MS).body["machine"]


def test_restoring_is_taken_up_after_it_was_cut_off(made: Chain, tmp_path: Path) -> None:
    mirror(made.folder, tmp_path / "m")
    after = 1
    while True:
        folder = tmp_path / f"r{after}"
        with pytest.MonkeyPatch.context() as patch:
            pulling(patch, after, half=after % 2 == 0)
            try:
                restore(tmp_path / "m", folder, PASSPHRASE, START_MS + 99)
                break
            except Pulled:
                pass
        kinds = [e.kind for e in read_events(folder / "events.jsonl")] if (folder / "events.jsonl").exists() else []
        if "restored" not in kinds:
            restore(tmp_path / "m", folder, PASSPHRASE, START_MS + 99)
        assert [e.kind for e in read_events(folder / "events.jsonl")].count("restored") == 1
        after += 1
    assert after > 12


def test_restoring_over_a_contest_that_has_gone_on_is_refused(made: Chain, tmp_path: Path) -> None:
    mirror(made.folder, tmp_path / "m")
    submit(made, 8)
    before = files(made.folder)
    with pytest.raises(ContestError, match=r"it is ahead of .* \(events: 1\); nothing was copied"):
        restore(tmp_path / "m", made.folder, PASSPHRASE, START_MS)
    assert files(made.folder) == before


def test_a_wrong_passphrase_restores_nothing(made: Chain, tmp_path: Path) -> None:
    mirror(made.folder, tmp_path / "m")
    with pytest.raises(ContestError, match="wrong passphrase"):
        restore(tmp_path / "m", tmp_path / "r", "something else", START_MS)
    assert not (tmp_path / "r").exists()


def test_another_desks_key_restores_nothing(made: Chain, tmp_path: Path) -> None:
    mirror(made.folder, tmp_path / "m")
    chain(tmp_path / "other")
    shutil.copy(tmp_path / "other" / "desk.key", tmp_path / "m" / "desk.key")
    with pytest.raises(ContestError, match="is no desk of this contest"):
        restore(tmp_path / "m", tmp_path / "r", PASSPHRASE, START_MS)


def forked(made: Chain, tmp_path: Path) -> Chain:
    mirror(made.folder, tmp_path / "m")
    restore(tmp_path / "m", tmp_path / "r", PASSPHRASE, START_MS + 60_000)
    submit(made, 8)
    submit(made, 9)
    return Chain(tmp_path / "r", made.desk)


def test_two_that_went_on_are_a_fork_with_the_place_where_they_part(made: Chain, tmp_path: Path) -> None:
    other = forked(made, tmp_path)
    fork = fork_of(made.folder, other.folder)
    assert fork is not None
    assert (fork.seq, len(fork.a), len(fork.b), fork.common) == (5, 2, 1, made.read()[4].head)
    assert fork.text("desk", "second") == (
        "fork at line 6: desk went on with `note` at 2026-09-21 14:13:20 UTC (events: 2); "
        "second went on with `restored` at 2026-09-21 14:14:20 UTC (events: 1); the judges decide which one counts"
    )


def test_a_fork_is_never_mirrored_either_way(made: Chain, tmp_path: Path) -> None:
    other = forked(made, tmp_path)
    before = files(made.folder), files(other.folder)
    for a, b in ((made.folder, other.folder), (other.folder, made.folder)):
        with pytest.raises(ContestError, match="fork at line 6"):
            mirror(a, b)
    with pytest.raises(ContestError, match="fork at line 6"):
        restore(other.folder, made.folder, PASSPHRASE, START_MS)
    assert (files(made.folder), files(other.folder)) == before


def test_a_mirror_of_another_contest_is_left_alone(made: Chain, tmp_path: Path) -> None:
    chain(tmp_path / "other", id="harbour")
    before = files(tmp_path / "other")
    with pytest.raises(ContestError, match=r"another contest \(harbour\)"):
        mirror(made.folder, tmp_path / "other")
    with pytest.raises(ContestError, match="another contest"):
        fork_of(made.folder, tmp_path / "other")
    assert files(tmp_path / "other") == before


def test_a_folder_with_something_else_in_it_is_left_alone(made: Chain, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").write_bytes(b"")
    with pytest.raises(ContestError, match="neither empty nor a mirror"):
        mirror(made.folder, tmp_path / "photos")


@pytest.mark.parametrize("where", [".", "mirror", ".."])
def test_a_mirror_inside_its_own_contest_is_refused(made: Chain, where: str) -> None:
    with pytest.raises(ContestError, match="outside of its contest's folder"):
        mirror(made.folder, made.folder / where)


def test_a_desks_key_that_differs_is_never_copied_over(made: Chain, tmp_path: Path) -> None:
    mirror(made.folder, tmp_path / "m")
    good = (made.folder / "desk.key").read_bytes()
    (made.folder / "desk.key").write_bytes(good[:-10])
    with pytest.raises(ContestError, match="find out with its passphrase which of the two opens"):
        mirror(made.folder, tmp_path / "m")
    assert (tmp_path / "m" / "desk.key").read_bytes() == good


def test_a_disk_pulled_while_copying_is_said(made: Chain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(module, "load", fails)
    with pytest.raises(OutputError, match=r"the mirror is incomplete \(Input/output error\); do it again"):
        mirror(made.folder, tmp_path / "m")


def test_what_is_damaged_is_not_carried_over(made: Chain, tmp_path: Path) -> None:
    name = next(stored(made.folder))
    object_path(made.folder, name).write_bytes(b"x" * 7)
    with pytest.raises(ContestError, match="damaged"):
        mirror(made.folder, tmp_path / "m")
    made.write([line.replace(b"note", b"nota") for line in made.lines()])
    with pytest.raises(ContestError, match="line 2: its signature does not fit"):
        mirror(made.folder, tmp_path / "n")


def test_an_empty_ledger_has_no_mirror(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "events.jsonl").write_bytes(b"torn")
    with pytest.raises(ContestError, match="no event in it yet"):
        mirror(tmp_path / "a", tmp_path / "m")


def test_a_disk_that_cannot_be_written_is_said(made: Chain, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError, match="cannot be written"):
        mirror(made.folder, tmp_path / "file")


def test_objects_come_before_the_lines_that_name_them(
    made: Chain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    keep, write = module.store, module.write_lines
    monkeypatch.setattr(module, "store", lambda *a: (order.append("object"), keep(*a))[1])
    monkeypatch.setattr(module, "write_lines", lambda *a: (order.append("lines"), write(*a))[1])
    mirror(made.folder, tmp_path / "m")
    assert order == ["object"] * 4 + ["lines"]


def test_remembered_mirrors_follow(made: Chain, tmp_path: Path) -> None:
    assert mirror_all(made.folder) == []
    for name in ("一号", 'b"\\n'):
        mirror(made.folder, tmp_path / name)
        remember(made.folder, tmp_path / name)
        remember(made.folder, tmp_path / name)
    assert mirrors_of(made.folder) == (tmp_path / "一号", tmp_path / 'b"\\n')
    submit(made, 9)
    assert mirror_all(made.folder, made.read()) == []
    for place in mirrors_of(made.folder):
        found = files(made.folder)
        del found["mirror.toml"]
        assert files(place) == found


def test_a_mirror_whose_disk_is_not_plugged_in_is_told_and_not_made_on_this_one(made: Chain, tmp_path: Path) -> None:
    for name in ("m", "n"):
        mirror(made.folder, tmp_path / name)
        remember(made.folder, tmp_path / name)
    shutil.rmtree(tmp_path / "m")
    submit(made, 9)
    assert mirror_all(made.folder) == [f"{tmp_path / 'm'}: the mirror is not there; is its disk plugged in?"]
    assert not (tmp_path / "m").exists()
    assert len(read_events(tmp_path / "n" / "events.jsonl")) == 6


def test_a_place_that_the_system_refuses_is_told(made: Chain) -> None:
    """A disk that fails, or a note that leads nowhere: what was acknowledged stands, and the desk goes on."""
    place = Path("/" + "x" * 5000)
    (made.folder / "mirror.toml").write_text(f'mirrors = ["{place}"]')
    assert [told.startswith(f"{place}: ") for told in mirror_all(made.folder)] == [True]


def test_a_mirror_that_went_on_by_itself_is_told_each_time(made: Chain, tmp_path: Path) -> None:
    other = forked(made, tmp_path)
    remember(made.folder, other.folder)
    assert ["fork at line 6" in told for told in mirror_all(made.folder)] == [True]


@pytest.mark.parametrize("text", ["", "mirrors = 3", "mirrors = [3]", "mirrors = [", "\x00", '[mirrors]\na = "b"'])
def test_a_damaged_note_of_mirrors_is_told(made: Chain, text: str) -> None:
    (made.folder / "mirror.toml").write_text(text)
    with pytest.raises(ContestError, match=r"mirror\.toml: damaged"):
        mirrors_of(made.folder)
    assert mirror_all(made.folder) == [f"{made.folder / 'mirror.toml'}: damaged; delete it, and mirror again"]


def test_events_that_come_while_it_copies_wait_for_the_next(
    made: Chain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = module._copy_objects

    def busy(folder: Path, dest: Path) -> None:
        copy(folder, dest)
        monkeypatch.setattr(module, "_copy_objects", copy)
        submit(made, 9)

    monkeypatch.setattr(module, "_copy_objects", busy)
    assert mirror(made.folder, tmp_path / "m") == 5
    assert mirror(made.folder, tmp_path / "m") == 1


def test_appending_in_a_restored_contest_needs_its_newest_event(made: Chain, tmp_path: Path) -> None:
    mirror(made.folder, tmp_path / "m")
    last = made.read()[-1]
    restore(tmp_path / "m", tmp_path / "r", PASSPHRASE, START_MS)
    with pytest.raises(ContestError, match="read it again"):
        append_event(tmp_path / "r" / "events.jsonl", last, made.id, "note", {}, made.desk, START_MS)
