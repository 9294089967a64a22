"""`qianliyan live`: what it refuses, Ctrl-C in a process of its own, and the demo."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from pipeline.cli import _use_one_blas_thread
from pipeline.cli.live import _utc_ns, live, show_demo
from pipeline.sim import FlightConfig, fly
from pipeline.sim.route import route_of
from pipeline.sim.vehicle import Habits, SimVehicle

APP = typer.Typer()
APP.command()(live)
LIVE = "import typer; from pipeline.cli.live import live; typer.run(live)"
ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["udp:127.0.0.1:1", "--demo"],
        ["udp:127.0.0.1:1", "--video-start", "yesterday"],
        ["udp:127.0.0.1:1", "--video-start", "2026-02-30T00:00:00Z"],
        ["udp:127.0.0.1:1", "--dem-datum", "sea"],
        ["udp:127.0.0.1:1", "--fps", "0"],
    ],
)
def test_mistaken_words_are_exit_code_2(words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert CliRunner().invoke(APP, words).exit_code == 2
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("1970-01-01T00:00:01Z", 10**9),
        ("2026-11-21T12:00:00.25+08:00", 1_795_233_600_250_000_000),
        ("2026-11-21 04:00", 1_795_233_600_000_000_000),
    ],
)
def test_times(text, ns):
    assert _utc_ns(text) == ns


@pytest.mark.parametrize(("told", "threads"), [(None, "1"), ("4", "4")])
def test_blas_has_one_thread_unless_told(told, threads, monkeypatch):
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", told or "")
    if told is None:
        monkeypatch.delenv("OPENBLAS_NUM_THREADS")
    _use_one_blas_thread()
    assert os.environ["OPENBLAS_NUM_THREADS"] == threads


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="a console's Ctrl-C cannot be sent to one process alone")
def test_ctrl_c_writes_the_folder_and_ends_well(tmp_path):
    tiny = {"strips": 1, "photos_per_strip": 3, "width_px": 400, "height_px": 300, "n_markers": 1}
    route = route_of(fly(FlightConfig(seed=3, profile="exact", n_smoke=0, n_dust=0, n_outfalls=0, **tiny)), 1.0)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    run, words = tmp_path / "现场", [f"udp:127.0.0.1:{port}", "--detector", "marker"]
    with SimVehicle(route, f"udp:127.0.0.1:{port}", Habits(lead_s=6.0)):
        child = subprocess.Popen(
            [sys.executable, "-c", LIVE, *words, "-o", str(run)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        try:
            partial, end = run.with_name(run.name + ".partial"), time.monotonic() + 180
            while not (partial / "link.jsonl").is_file() or b"vehicle" not in (partial / "link.jsonl").read_bytes():
                assert time.monotonic() < end and child.poll() is None
                time.sleep(0.1)
            time.sleep(1.0)
            child.send_signal(signal.SIGINT)
            said, complained = child.communicate(timeout=180)
        finally:
            child.kill()
            child.wait(10)
    assert child.returncode == 0, complained.decode()
    assert "interrupted" in said.decode()
    told = json.loads((run / "provenance.json").read_bytes())["live"]
    assert told["events"][-1]["what"] == "interrupted"
    assert (run / "hits.geojson").is_file()
    assert not partial.exists()


@pytest.mark.slow
def test_the_demo_ends_by_itself_with_its_findings(tmp_path, capsys):
    show_demo(tmp_path / "run", tmp_path / "a.tlog")
    said = capsys.readouterr().out
    assert "发现 found: marker" in said
    assert "延迟 from a frame to its findings on disk" in said
    told = json.loads((tmp_path / "run" / "provenance.json").read_bytes())["live"]
    assert told["recorded_messages"] == told["messages"]
    assert json.loads((tmp_path / "run" / "hits.geojson").read_bytes())["features"]
