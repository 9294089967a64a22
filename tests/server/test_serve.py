"""`qianliyan serve` as people start it: a process of its own, from the first line to Ctrl-C."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.server.conftest import PASSWORD
from tests.test_architecture import HEAVY, fresh

WAIT_S = 180

pytestmark = pytest.mark.slow


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "pipeline", "serve", *arguments]


def started(folder: Path, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command("--port", "0", *arguments), cwd=folder, env={**os.environ, "PYTHONUTF8": "1", **environment},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8",
    )  # fmt: skip


@contextmanager
def serving(
    folder: Path, *arguments: str, **environment: str
) -> Iterator[tuple[subprocess.Popen[str], list[str], str]]:
    """The process, the lines it greeted with, and its address."""
    process = started(folder, *arguments, **environment)
    try:
        lines = []
        assert process.stdout is not None
        while not lines or "listening" not in lines[-1]:
            line = process.stdout.readline()
            assert line, process.communicate()[1]
            lines.append(line.rstrip("\n"))
        found = re.search(r"http://\S+:\d+", lines[-1])
        assert found is not None
        yield process, lines, found[0]
    finally:
        if process.poll() is None:
            process.terminate()
        process.communicate(timeout=WAIT_S)


def interrupt(process: subprocess.Popen[str]) -> tuple[str, str]:
    process.send_signal(signal.SIGINT)
    return process.communicate(timeout=WAIT_S)


def refused(folder: Path, *arguments: str, **environment: str) -> str:
    """What a start says that cannot be: one sentence and exit code 1."""
    done = subprocess.run(
        command(*arguments), cwd=folder, env={**os.environ, "PYTHONUTF8": "1", **environment},
        capture_output=True, text=True, encoding="utf-8", timeout=WAIT_S, check=False,
    )  # fmt: skip
    assert done.returncode == 1 and done.stdout == "", done
    (sentence,) = done.stderr.splitlines()
    return sentence


def test_from_the_link_to_an_account_and_to_the_end(tmp_path: Path) -> None:
    with serving(tmp_path) as (process, lines, address):
        token = lines[0].partition(f"{address}/setup#")[2]
        assert "set-up link" in lines[0] and len(token) == 43
        assert str(tmp_path / "qianliyan-data") in lines[1]
        assert httpx.get(f"{address}/healthz").json()["status"] == "ok"
        asked = {"organisation": "总队", "name": "管理员", "login": "admin", "password": PASSWORD}
        assert httpx.post(f"{address}/auth/setup", json={"token": token, **asked}).status_code == 200
        if sys.platform != "win32":
            out, err = interrupt(process)
            assert (process.returncode, out, err) == (0, "已停止 stopped\n", "")
    with serving(tmp_path) as (_, lines, address):  # nobody is asked to set it up again
        assert len(lines) == 1
        asked = {"login": "admin", "password": PASSWORD}
        assert httpx.post(f"{address}/auth/sign-in", json=asked).status_code == 200


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert f"127.0.0.1, port {port}" in refused(tmp_path, "--port", port)
    assert not (tmp_path / "qianliyan-data").exists()


def test_a_data_folder_that_another_server_uses(tmp_path: Path) -> None:
    with serving(tmp_path):
        assert "another process works in it" in refused(tmp_path, "--port", "0")


def test_a_host_that_is_not_ours(tmp_path: Path) -> None:
    assert "cannot listen at 192.0.2.1" in refused(tmp_path, "--host", "192.0.2.1", "--port", "0")


def test_a_data_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    assert "cannot be used as the data folder" in refused(tmp_path, "--port", "0", "--data", "file")


@pytest.mark.parametrize(
    "url",
    [
        "nonsense",
        "postgresql://u:topsecret@127.0.0.1:1/x",
        "postgresql://u:topsecret@[::1/x",
        "mysql://u:topsecret@h/x",
    ],
)
def test_a_database_that_cannot_be(tmp_path: Path, url: str) -> None:
    assert "topsecret" not in refused(tmp_path, "--port", "0", QLY_DATABASE_URL=url)


LOADED = """
import sys
from pathlib import Path
from pipeline.cli.app import app
from pipeline.server.app import create_app
from pipeline.server.settings import Settings
made = create_app(Settings(Path(sys.argv[1])))
made.openapi()
made.state.services.database.close()
print(*sorted({name.split(".")[0] for name in sys.modules}))
"""


def test_nothing_heavy_is_loaded_before_it_listens(tmp_path: Path) -> None:
    assert not (HEAVY | {"PIL", "typst", "shapely", "av"}) & set(fresh(LOADED, str(tmp_path)).split())
