"""A PostgreSQL server of our own for tests: in a temporary folder, reached by a socket that nobody else may open."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

import pytest

WAIT_S = 180
QUICK = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "listen_addresses=", "max_connections=60")


class Postgres:
    """A running server; every test gets a database of its own."""

    def __init__(self, folder: Path, binaries: Path, user: str | None) -> None:
        self.folder, self._binaries, self._user = folder, binaries, user

    def new_database(self) -> str:
        """QLY_DATABASE_URL of an empty database."""
        name = f"test_{secrets.token_hex(6)}"
        self._sql(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'")
        return f"postgresql://postgres@/{name}?host={self.folder}"

    def drop(self, url: str) -> None:
        name = url.partition("@/")[2].partition("?")[0]
        self._sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def _sql(self, statement: str) -> None:
        self.run("psql", "-h", str(self.folder), "-U", "postgres", "-q", "-c", statement, "postgres")

    def run(self, program: str, *arguments: str) -> None:
        """As the owner of the data: PostgreSQL refuses to be root."""
        command = [str(self._binaries / program), *arguments]
        done = subprocess.run(
            command, user=self._user, cwd=self.folder, env=_environment(), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{program}: {done.stderr or done.stdout}"

    def start(self) -> subprocess.Popen[bytes]:
        options = [part for setting in (*QUICK, f"unix_socket_directories={self.folder}") for part in ("-c", setting)]
        command = [str(self._binaries / "postgres"), "-D", str(self.folder / "data"), *options]
        with (self.folder / "log").open("wb") as log:
            return subprocess.Popen(
                command, user=self._user, cwd=self.folder, env=_environment(), stdout=log, stderr=log
            )


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """A server until the end of the block; skips where PostgreSQL is missing, but fails in CI."""
    binaries = _binaries()
    if find_spec("psycopg") is None:
        _missing("psycopg is not installed")
    folder = Path(tempfile.mkdtemp(prefix="qly-postgres-"))
    user = _owner()
    if user is not None:
        shutil.chown(folder, user)
    try:
        server = Postgres(folder, binaries, user)
        server.run("initdb", "-D", str(folder / "data"), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")
        process = server.start()
        try:
            _wait(folder, process)
            yield server
        finally:
            process.terminate()
            process.wait(WAIT_S)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _binaries() -> Path:
    found = shutil.which("initdb")
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
    for path in ([Path(found)] if found else []) + folders[::-1]:
        return path.resolve().parent
    _missing("PostgreSQL is not installed (no initdb)")


def _missing(why: str) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(why)
    pytest.skip(why)


def _owner() -> str | None:
    """Somebody who is not root; None where we are not root ourselves."""
    if sys.platform == "win32":
        _missing("PostgreSQL is tested on POSIX only")
    if os.geteuid() != 0:
        return None
    import pwd

    names = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in ("postgres", "nobody") if name in names)


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "TZ") if name in os.environ}
    return {**kept, "LC_ALL": "C"}


def _wait(folder: Path, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + WAIT_S
    ready = folder / "data" / "postmaster.pid"
    while not (ready.exists() and ready.read_text("utf-8").rstrip().endswith("ready")):
        log = folder / "log"
        assert process.poll() is None and time.monotonic() < until, log.read_text("utf-8", "replace")
        time.sleep(0.05)
