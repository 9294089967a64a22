"""A server on an empty data folder, set up as an administrator would, and people of every role."""

from __future__ import annotations

import shutil
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import pytest
import uvicorn
from argon2 import PasswordHasher
from fastapi import FastAPI

with warnings.catch_warnings():  # starlette would rather have httpx2; the client for notebooks is built on httpx
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

from pipeline.server import passwords
from pipeline.server.accounts import new_setup_link
from pipeline.server.app import create_app
from pipeline.server.database import Database, upgrade
from pipeline.server.pictures import Pictures
from pipeline.server.settings import Settings
from tests.server.postgres import Postgres, running_postgres
from tests.server.simulated import Searched, install, search

PASSWORD = "correct horse 电池"
SignIn = Callable[..., TestClient]


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests sign in often; how dear a hash is, is tested by itself."""
    monkeypatch.setattr(passwords, "HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server; skips where there is none, fails in CI."""
    with running_postgres() as server:
        yield server


@pytest.fixture
def database_url() -> str:
    """SQLite; modules that mean PostgreSQL have a fixture of this name for themselves."""
    return ""


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty SQLite database that the migrations made, once: making the tables takes longer than most tests."""
    made = Settings(tmp_path_factory.mktemp("migrated"))
    database = Database(made.url)
    upgrade(database)
    database.close()
    return Path(made.url.removeprefix("sqlite:///"))


@pytest.fixture
def settings(tmp_path: Path, database_url: str, migrated: Path) -> Settings:
    """Of a server that was started once before; test_serve.py and test_worker.py begin with nothing."""
    found = Settings(tmp_path / "数据 data", database_url=database_url)
    if not database_url:
        found.data.mkdir()
        shutil.copy(migrated, found.data)
    return found


@pytest.fixture
def app(settings: Settings) -> Iterator[FastAPI]:
    """Routes without background work: no lifespan runs."""
    made = create_app(settings)
    yield made
    made.state.services.database.close()


def browser(app: FastAPI) -> TestClient:
    """A browser that nobody has signed in with."""
    return TestClient(app, base_url="http://localhost:8000", follow_redirects=False)


def with_csrf(client: TestClient, state: dict) -> TestClient:
    client.headers["X-CSRF-Token"] = state["csrf"]
    return client


@pytest.fixture
def stranger(app: FastAPI) -> TestClient:
    return browser(app)


@pytest.fixture
def client(app: FastAPI) -> TestClient:
    """The administrator of the organisation that hosts the server, signed in by the set-up link."""
    one = browser(app)
    asked = {"token": new_setup_link(app.state.services.database), "organisation": "江苏省环境执法总队"}
    done = one.post("/auth/setup", json={**asked, "name": "管理员", "login": "admin", "password": PASSWORD})
    assert done.status_code == 200, done.text
    return with_csrf(one, done.json())


@pytest.fixture
def sign_in_as(app: FastAPI, client: TestClient) -> SignIn:
    """`sign_in_as(role)`: a colleague of that role in a browser of their own; `by` invites, `login` names them."""

    def enter(role: str, login: str | None = None, by: TestClient | None = None) -> TestClient:
        login = login or f"{role}-{len(names)}"
        names.append(login)
        asked = {"login": login, "name": f"{role} 某", "role": role}
        invited = (by or client).post("/api/users", json=asked)
        assert invited.status_code == 201, invited.text
        return join(app, invited.json()["invitation"])

    names: list[str] = []
    return enter


def join(app: FastAPI, invitation: str) -> TestClient:
    """A browser that took an invitation ("/invite#TOKEN")."""
    one = browser(app)
    taken = one.post("/auth/invite", json={"token": invitation.partition("#")[2], "password": PASSWORD})
    assert taken.status_code == 200, taken.text
    return with_csrf(one, taken.json())


@pytest.fixture
def outsider(app: FastAPI, client: TestClient) -> TestClient:
    """The administrator of another organisation on the same server: sees nothing of the first one's."""
    asked = {"name": "邻省执法总队", "administrator": {"login": "outsider", "name": "邻居"}}
    founded = client.post("/api/organisations", json=asked)
    assert founded.status_code == 201, founded.text
    return join(app, founded.json()["invitation"])


@pytest.fixture
def served(app: FastAPI, client: TestClient) -> Iterator[str]:
    """The same application behind uvicorn on loopback, without background work: its address."""
    yield from listening(app, "off")


@pytest.fixture
def working(app: FastAPI, client: TestClient) -> Iterator[str]:
    """As `served`, with what runs in the background: uploads are checked, and a worker process searches."""
    yield from listening(app, "on")


def listening(app: FastAPI, lifespan: Literal["on", "off"]) -> Iterator[str]:
    config = uvicorn.Config(
        app, host="127.0.0.1", port=0, log_level="warning", lifespan=lifespan, timeout_graceful_shutdown=2
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + 30
    while not server.started and time.monotonic() < until:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(30)


@pytest.fixture(scope="session")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Searched:
    """A small flight of photos and video, searched once."""
    return search(tmp_path_factory.mktemp("航次"))


@pytest.fixture(scope="session")
def painters(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pictures]:
    """Processes that open pictures, started once for all tests."""
    made = Pictures(tmp_path_factory.mktemp("cache"))
    yield made
    made.end()


@pytest.fixture
def finished_run(app: FastAPI, client: TestClient, searched: Searched, painters: Pictures) -> str:
    """Its id as a finished run of the host's organisation."""
    app.state.pictures = painters
    return install(app, searched)
