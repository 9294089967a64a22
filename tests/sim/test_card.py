"""`qianliyan sim --lie`: the option reaches the headers."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from pipeline.cli import main


def ended(monkeypatch: pytest.MonkeyPatch, *args: object) -> int:
    monkeypatch.setattr("sys.argv", ["qianliyan", "sim", *map(str, args)])
    with pytest.raises(SystemExit) as end:
        main()
    return int(end.value.code or 0)


def test_lies_are_told_as_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    out = tmp_path / "航次 二"
    lies = ("--lie", "magnetic=6.5", "--lie", "zero-gimbal", "--noise-scale", "2")
    assert ended(monkeypatch, out, "--no-pixels", *lies) == 0
    with (out / "judge" / "truth_lies.csv").open(encoding="utf-8", newline="") as lines:
        told = {(row["lie"], float(row["value"])) for row in csv.DictReader(lines)}
    assert told == {("magnetic", 6.5), ("zero-gimbal", 0.0)}
    assert 'GimbalYawDegree="+0.00"' in next((out / "flight").iterdir()).read_bytes()[:4000].decode("latin-1")


def test_a_lie_nobody_knows_is_a_mistake_of_the_command_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert ended(monkeypatch, tmp_path / "x", "--lie", "flattery") == 2
    assert ended(monkeypatch, tmp_path / "x", "--lie", "magnetic=much") == 1
