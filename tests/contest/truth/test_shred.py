"""The plain truth is removed when asked, and only once it is safely sealed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pipeline.contest.truth import shred as module
from pipeline.contest.truth.shred import shred
from pipeline.errors import ContestError
from tests.contest.truth.truth_day import Day


def test_nothing_is_removed_before_the_seal(day: Day) -> None:
    truth = day.survey()
    with pytest.raises(ContestError, match="not sealed in this contest; nothing was removed"):
        shred(truth, day.contest, day.root / "A.vault")
    day.seal(truth)
    (day.root / "other.vault").write_bytes(b"something else")
    with pytest.raises(ContestError, match="is not the vault of these targets"):
        shred(truth, day.contest, day.root / "other.vault")
    other = day.survey(name="B")
    with pytest.raises(ContestError, match="not sealed"):
        shred(other, day.contest, day.root / "A.vault")
    assert len(list(truth.iterdir())) == 4 and len(list(other.iterdir())) == 4


def test_files_are_overwritten_before_they_go(day: Day, monkeypatch: pytest.MonkeyPatch) -> None:
    truth = day.survey()
    day.seal(truth)
    plain = {f.name: f.read_bytes() for f in truth.iterdir()}
    last: dict[str, bytes] = {}
    unlink = Path.unlink

    def seen(path: Path, missing_ok: bool = False) -> None:
        if path.parent == truth:
            last[path.name] = path.read_bytes()
        unlink(path, missing_ok)

    monkeypatch.setattr(module.Path, "unlink", seen)
    assert shred(truth, day.contest, day.root / "A.vault") == []
    assert not truth.exists() and last.keys() == plain.keys()
    for name, data in plain.items():
        assert len(last[name]) == len(data) and last[name] != data and data[:40] not in last[name]


def test_what_is_not_ours_stays_and_is_named(day: Day) -> None:
    truth = day.survey()
    day.seal(truth)
    (truth / "照片.txt").write_text("field notes", "utf-8")
    assert shred(truth, day.contest, day.root / "A.vault") == ["照片.txt"]
    assert os.listdir(truth) == ["照片.txt"]
