"""`qianliyan sim` with logs and clips: the options reach the flight."""

from __future__ import annotations

import csv


def test_a_log_flight_has_the_clocks_that_were_asked_for(qly, tmp_path):
    out = tmp_path / "航次 一"
    options = ("--log", "dataflash", "--clock-offset", "3613.4", "--drift", "80", "--missed", "0.05", "--no-exif-gps")
    said = qly("sim", out, "--no-pixels", *options)
    assert said.code == 0 and "24 photos, 00000012.BIN" in said.out
    with (out / "judge" / "truth_clock.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert float(rows[0]["photos_minus_log_s"]) == 3613.4
    assert sum(not row["sequence"] for row in rows) == 1


def test_a_card_of_clips_alone(qly, tmp_path):
    said = qly("sim", tmp_path / "v", "--video", "--no-photos", "--no-pixels")
    assert said.code == 0 and "3 clips, 240 frames" in said.out
    assert {p.suffix for p in (tmp_path / "v" / "flight").iterdir()} == {".MP4", ".SRT"}


def test_what_cannot_be_flown_is_one_sentence(qly, tmp_path):
    assert "one lens" in qly("sim", tmp_path / "x", "--log", "tlog", "--laser").sentence()
    assert "without photos" in qly("sim", tmp_path / "x", "--no-photos").sentence()
    assert qly("sim", tmp_path / "x", "--log", "ulog").code == 2
