"""`ingest` and `run` of a flight whose photos take their poses from a log."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from pipeline.cli.app import app
from pipeline.sim import FlightConfig, SimFlight, make_flight

RUNNER = CliRunner()


@pytest.fixture(scope="module")
def flight(tmp_path_factory: pytest.TempPathFactory) -> SimFlight:
    config = FlightConfig(
        seed=3, log="tlog", exif_gps=False, even_spacing=True, clock_offset_s=3603.4, pixels=False, width_px=400,
        height_px=300, strips=2, photos_per_strip=6, turned_strip=False,
    )  # fmt: skip
    return make_flight(tmp_path_factory.mktemp("日志") / "f", config)


def test_the_table_shows_logs_clocks_and_ambiguity(flight: SimFlight) -> None:
    shown = RUNNER.invoke(app, ["ingest", str(flight.flight)])
    assert shown.exit_code == 0, shown.output
    for words in ("飞行日志 flight logs", "时钟对齐", "曝光记录 triggers", "歧义 ambiguous", "evenly spaced"):
        assert words in shown.output


def test_json_lines_carry_logs_and_clocks(flight: SimFlight) -> None:
    shown = RUNNER.invoke(app, ["ingest", str(flight.flight), "--json"])
    lines: list[dict[str, Any]] = [json.loads(line) for line in shown.stdout.splitlines()]
    by_kind = {kind: [x for x in lines if x["kind"] == kind] for kind in ("frame", "log", "clock", "mission")}
    assert len(by_kind["frame"]) == 12 and lines[-1]["kind"] == "mission"
    assert by_kind["log"][0]["format"] == "tlog" and by_kind["log"][0]["triggers"] == 12
    assert by_kind["clock"][0]["method"] == "triggers" and by_kind["clock"][0]["ambiguous"]


def test_a_run_tells_its_logs_and_clocks(
    flight: SimFlight, tmp_path: Path, schema: Callable[[str], Draft202012Validator]
) -> None:
    out = tmp_path / "run"
    done = RUNNER.invoke(
        app, ["run", str(flight.flight), "-o", str(out), "--boxes", str(flight.boxes), "--workers", "1"]
    )
    assert done.exit_code == 0, done.output
    told = json.loads((out / "provenance.json").read_bytes())
    schema("provenance").validate(told)
    assert told["clock"][0]["method"] == "triggers" and told["logs"][0]["kind"] == "tlog"
    assert len([x for x in told["inputs"] if x["sha256"]]) == 13  # twelve photos and the log
    assert json.loads((out / "hits.geojson").read_bytes())["features"]


def test_subtitles_without_their_video_are_told_and_serve_nothing(tmp_path: Path) -> None:
    text = "1\n00:00:01,000 --> 00:00:02,000\n[latitude: 34.75] [longitude: 113.62] [rel_alt: 55.1 abs_alt: 150.2]\n"
    (tmp_path / "DJI_0007.SRT").write_text(text, encoding="utf-8")
    (tmp_path / "空.srt").write_bytes(b"")
    shown = RUNNER.invoke(app, ["ingest", str(tmp_path)])
    assert shown.exit_code == 0, shown.output
    assert "no video called DJI_0007 lies beside it" in shown.output and "空.srt: the file is empty" in shown.output
    assert "张 frames" not in shown.output
    alone = RUNNER.invoke(app, ["ingest", str(tmp_path / "DJI_0007.SRT"), "--json"])
    log, *_ = (json.loads(line) for line in alone.stdout.splitlines())
    assert (log["kind"], log["format"], log["positions"]) == ("log", "srt", 1)
