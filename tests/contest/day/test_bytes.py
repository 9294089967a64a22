"""A single byte changed anywhere in a finalised contest folder is found, by the whole verifier and by the small one."""

from __future__ import annotations

import importlib.util
import io
import re
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from pathlib import Path
from types import ModuleType
from unittest.mock import patch

import pytest

from pipeline.contest.heads import head_text
from pipeline.contest.judging.verify import verify_contest
from pipeline.errors import ContestError
from pipeline.rehearse.office import Office
from tests.contest.day.bytes_changed import Change, changed, changes, changes_of_every_kind
from tests.contest.day.conftest import Day, copied

VERIFIER = Path(__file__).resolve().parents[3] / "pipeline" / "contest" / "verify_contest.py"
LOCK = re.compile(r"\.lock(-journal)?")
LAST_HEAD = re.compile(r"heads/\d+-final\.(svg|txt)")
Verify = Callable[[Path, list[str], list[Path]], bool]  # folder, published heads, receipts in the teams' hands -> sound


@pytest.fixture(scope="module")
def folder(final: Day, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str], list[Path]]:
    """A finalised folder of its own, its published last head, and the receipts that the teams took home."""
    office: Office = copied(final, tmp_path_factory.mktemp("bytes") / "office").office
    home = shutil.copytree(office.contest / "receipts", office.folder / "home")
    return office.contest, [head_text(office.read().state.head)], sorted(home.glob("*.json"))


def whole(contest: Path, heads: list[str], receipts: list[Path]) -> bool:
    try:
        return verify_contest(contest, heads=heads, receipts=receipts).good
    except ContestError:
        return False


def stand_alone() -> ModuleType:
    """verify_contest.py as it is given away, not as part of the package."""
    spec = importlib.util.spec_from_file_location("stand_alone_verifier", VERIFIER)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def small(module: ModuleType) -> Verify:
    def verify(contest: Path, heads: list[str], receipts: list[Path]) -> bool:
        given = [*(w for h in heads for w in ("--head", h)), *(w for r in receipts for w in ("--receipt", str(r)))]
        with patch.object(sys, "argv", ["verify_contest.py", str(contest), *given]), redirect_stdout(_nowhere()):
            return bool(module.main() == 0)

    return verify


def _nowhere() -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding="utf-8")


def undetected(where: tuple[Path, list[str], list[Path]], wanted: Sequence[Change], verify: Verify) -> list[Change]:
    """Changes that a verifier does not find."""
    contest, heads, receipts = where
    missed = []
    for change in wanted:
        with changed(change):
            if verify(contest, heads, receipts):
                missed.append(change)
    return missed


def half_and_half(contest: Path, count: int, seed: int) -> list[Change]:
    """Half of the changes with every file equally likely, half with every byte."""
    return [*changes(contest, count // 2, seed, "files"), *changes(contest, count - count // 2, seed, "bytes")]


def has_effect(change: Change, contest: Path) -> bool:
    """No verifier has to find a change of the lock: an empty database of which only the system's lock is used."""
    return not LOCK.fullmatch(change.path.relative_to(contest).as_posix())


def has_effect_for_the_small(change: Change, contest: Path) -> bool:
    """Nor the small one, which has no words and draws no pictures, some of the very last head's page.

    That page is written after the last line, so that nothing in the ledger can hold its hash. Its first two lines say
    the head, and are checked. Below is prose for people. The picture shows the two lines; only a camera reads it, and
    what a camera reads goes to --head: a change either leaves that text as it is, or makes one that no ledger has.
    The whole verifier makes both anew and finds any change.
    """
    if not LAST_HEAD.fullmatch(change.path.relative_to(contest).as_posix()):
        return has_effect(change, contest)
    return change.path.suffix == ".txt" and change.offset < change.path.read_bytes().index(b"\n\n")


@pytest.mark.slow
def test_the_small_verifier_finds_three_hundred_changes(folder) -> None:
    verify = small(stand_alone())
    assert verify(*folder)
    missed = undetected(folder, half_and_half(folder[0], 300, seed=1), verify)
    assert [str(c) for c in missed if has_effect_for_the_small(c, folder[0])] == []


@pytest.mark.slow
def test_the_whole_verifier_finds_a_change_in_every_kind_of_file(folder) -> None:
    """And in any byte; it judges all anew for each, so that the hundreds are test_a_thousand_changes'."""
    assert whole(*folder)
    wanted = [*changes_of_every_kind(folder[0], seed=2), *changes(folder[0], 20, seed=2, even_over="bytes")]
    missed = undetected(folder, wanted, whole)
    assert [str(c) for c in missed if has_effect(c, folder[0])] == []


def test_the_lock_is_without_effect(folder) -> None:
    """Why it may be changed: it holds no byte that anything reads, and taking it away changes nothing."""
    contest, heads, receipts = folder
    lock = contest / ".lock"
    assert not lock.exists() or lock.stat().st_size == 0
    lock.unlink(missing_ok=True)
    assert whole(contest, heads, receipts)


@pytest.mark.acceptance
@pytest.mark.parametrize("verifier", ["small", "whole"])
def test_a_thousand_changes(folder, verifier: str, capsys) -> None:
    verify, matters = (small(stand_alone()), has_effect_for_the_small) if verifier == "small" else (whole, has_effect)
    start = time.monotonic()
    missed = undetected(folder, half_and_half(folder[0], 1_000, seed=3), verify)
    serious = [str(c) for c in missed if matters(c, folder[0])]
    with capsys.disabled():
        took_s = time.monotonic() - start
        print(f"\n{verifier}: of 1,000 changes {len(missed) - len(serious)} without effect, {len(serious)} missed")
        print(f"{took_s:.0f} s")
    assert serious == []


@pytest.mark.parametrize(
    "way", ["a file more", "a file less", "the last line cut", "two lines exchanged", "a line twice"]
)
@pytest.mark.parametrize("verifier", ["small", "whole"])
def test_larger_changes(folder, way: str, verifier: str, tmp_path) -> None:
    """What a byte cannot do: whole files and lines."""
    contest, heads, receipts = folder
    copy = shutil.copytree(contest, tmp_path / "contest")
    _WAYS[way](copy)
    verify = small(stand_alone()) if verifier == "small" else whole
    assert not verify(copy, heads, receipts)


def _a_file_less(contest: Path) -> None:
    next(contest.glob("objects/??/*")).unlink()


def _lines(contest: Path, change: Callable[[list[bytes]], list[bytes]]) -> None:
    ledger = contest / "events.jsonl"
    ledger.write_bytes(b"".join(change(ledger.read_bytes().splitlines(keepends=True))))


_WAYS: dict[str, Callable[[Path], object]] = {
    "a file more": lambda c: (c / "tables" / "更正 result.csv").write_text("T01,100\n", encoding="utf-8"),
    "a file less": _a_file_less,
    "the last line cut": lambda c: _lines(c, lambda lines: lines[:-1]),
    "two lines exchanged": lambda c: _lines(c, lambda lines: [*lines[:7], lines[8], lines[7], *lines[9:]]),
    "a line twice": lambda c: _lines(c, lambda lines: [*lines[:7], lines[6], *lines[7:]]),
}
