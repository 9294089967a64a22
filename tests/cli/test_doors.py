"""Exit codes, streams, locales and signals: what every command owes its caller."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

COMMANDS = ("demo", "run", "ingest", "detect", "locate", "pin", "score", "sim")


def process(*args: object, **more) -> subprocess.CompletedProcess[str]:
    call = [sys.executable, "-m", "pipeline", *map(str, args)]
    return subprocess.run(call, capture_output=True, encoding="utf-8", check=False, **more)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_explains_every_option(qly, command):
    ended = qly(command, "--help")
    assert ended.code == 0
    assert "<str>" not in ended.out and "<float>" not in ended.out  # every value has a name of its own


@pytest.mark.parametrize(
    "args",
    [
        ("nosuch",),
        (),
        ("run",),
        ("run", "x"),
        ("run", "x", "-o", "y", "--nosuch"),
        ("run", "x", "-o", "y", "--workers", "0"),
        ("run", "x", "-o", "y", "--workers", "two"),
        ("run", "x", "-o", "y", "--false-alarms", "0.2/foto"),
        ("run", "x", "-o", "y", "--false-alarms", "0"),
        ("run", "x", "-o", "y", "--dem-datum", "egm"),
        ("run", "x", "-o", "y", "--assume", "zenith"),
        ("run", "x", "-o", "y", "--adjust", "perhaps"),
        ("run", "x", "-o", "y", "--boxes", "b", "--detector", "marker"),
        ("locate", "x.JPG"),
        ("locate", "--pixel", "1,1"),
        ("locate", "x.JPG", "--pixel", "a,b"),
        ("locate", "x.JPG", "--pixel", "1"),
        ("locate", "x.JPG", "--pixel", "１,２"),
        ("locate", "x.JPG", "--pixel", "nan,1"),
        ("locate", "x.JPG", "--pixel", "9" * 400 + ",1"),
        ("locate", "--pixels", "p.csv"),
        ("locate", "x.JPG", "--pixels", "p.csv", "-o", "o.csv"),
        ("pin", "r", "p.JPG", "--pixel", "1,1"),
        ("score", "h"),
        ("sim", "o", "--profile", "perfect"),
        ("sim", "o", "--height", "-3"),
        ("sim", "o", "--seed", "-1"),
    ],
)
def test_malformed_options_are_2(qly, args, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ended = qly(*args)
    assert ended.code == 2
    assert not list(tmp_path.iterdir())


def test_python_dash_m_is_the_same(flight):
    ended = process("ingest", flight.flight, "--json")
    assert ended.returncode == 0
    assert process("nosuch").returncode == 2
    gone = process("score", "没有", "--targets", flight.targets)
    assert (gone.returncode, gone.stderr) == (1, "没有: there is no such file\n")


def test_a_c_locale_does_not_end_it(flight, made):
    plain = {k: v for k, v in os.environ.items() if k not in ("PYTHONIOENCODING", "PYTHONUTF8", "LANG")}
    for told in ({"LC_ALL": "C"}, {"PYTHONIOENCODING": "ascii"}):
        ended = process("score", made, "--targets", flight.targets, env=plain | told)
        assert ended.returncode == 0, ended.stderr
        assert "得分 Points: 100.00" in ended.stdout


def test_a_pipe_gets_plain_lines(flight, made):
    ended = process("score", made, "--targets", flight.targets, env=os.environ | {"TERM": "xterm", "FORCE_COLOR": "1"})
    assert "\x1b" not in ended.stdout + ended.stderr
    assert not set("━│┃└") & set(ended.stdout)


def test_a_reader_that_leaves_is_no_bug(flight):
    call = [sys.executable, "-m", "pipeline", "ingest", str(flight.flight), "--json"]
    child = subprocess.Popen(call, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    child.stdout.close()
    errors = child.stderr.read().decode()
    child.stderr.close()
    child.wait()
    assert "Traceback" not in errors


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no full device")
def test_a_full_disk_behind_stdout_is_one_sentence(flight, made):
    call = [sys.executable, "-m", "pipeline", "score", str(made), "--targets", str(flight.targets)]
    with open("/dev/full", "w") as full:
        child = subprocess.run(call, stdout=full, stderr=subprocess.PIPE, encoding="utf-8", check=False)
    assert child.returncode == 1 and "No space left" in child.stderr and "Traceback" not in child.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent otherwise there")
def test_ctrl_c_leaves_what_resume_needs(drawn, tmp_path, qly):
    photos = tmp_path / "many"
    photos.mkdir()
    first = sorted(drawn.flight.iterdir())[0].read_bytes()
    for i in range(24):
        (photos / f"a{i:02d}.JPG").write_bytes(first)
    words = ["run", str(photos), "-o", str(tmp_path / "r"), "--workers", "1", "--adjust", "off"]
    call = [sys.executable, "-m", "pipeline", *words]
    child = subprocess.Popen(call, stderr=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8")
    journal = tmp_path / "r.partial" / "work" / "looked.jsonl"
    while child.poll() is None and not (journal.exists() and journal.read_bytes().count(b"\n") > 4):
        time.sleep(0.02)
    child.send_signal(signal.SIGINT)
    _, errors = child.communicate(timeout=60)
    assert child.returncode == 130
    assert "--resume" in errors.splitlines()[-1] and "Traceback" not in errors
    assert qly(*words).code == 1
    assert qly(*words, "--resume").code == 0
