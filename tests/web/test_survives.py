"""The network cut and the server killed, again and again: all files whole, one result, the same bytes."""

from __future__ import annotations

import hashlib
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.config import RunConfig
from pipeline.flow.run import run
from pipeline.sim import SimFlight
from tests.web.conftest import Served, set_up
from tests.web.proxy import Proxy, proxied
from tests.web.roads import choose, new_flight, start_search
from tests.web.test_end_to_end import card

__all__ = ["card"]

SAME = ("hits.geojson", "hits.csv", "hits.xlsx", "hits.kml", "hits.gpkg")
CUT_S = (0.1, 2.0)
LIMIT_S = 900.0


@pytest.fixture(scope="module")
def undisturbed(card: SimFlight, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run(card.flight, tmp_path_factory.mktemp("undisturbed") / "run", RunConfig()).folder


def contents(folder: Path) -> dict[str, str]:
    files = (p for p in folder.rglob("*") if p.is_file())
    return {p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


class Trouble:
    """Cuts and kills in a random order, one at a time, each after a random pause."""

    def __init__(self, server: Served, proxy: Proxy, seed: int) -> None:
        self._server, self._proxy, self._random = server, proxy, random.Random(seed)

    def make(self, kinds: list[str], over: Callable[[], bool], pause_s: tuple[float, float]) -> int:
        """Do what `kinds` says until `over`; how many were done before that."""
        kinds = self._random.sample(kinds, len(kinds))
        for number, kind in enumerate(kinds):
            time.sleep(self._random.uniform(*pause_s))
            if over():
                return number
            if kind == "cut":
                self._proxy.cut(self._random.uniform(*CUT_S))
            else:
                self._server.kill()
                self._server.start()
        return len(kinds)


def asked(page: Any, path: str) -> Any:
    """What the API says, asked from the page until it can be reached."""
    end = time.monotonic() + LIMIT_S
    while time.monotonic() < end:
        found = page.evaluate("path => fetch(path).then(r => r.ok ? r.json() : null).catch(() => null)", path)
        if found is not None:
            return found
        page.wait_for_timeout(300)
    raise AssertionError(f"{path}: no answer")


def until(page: Any, done: Callable[[], bool]) -> None:
    end = time.monotonic() + LIMIT_S
    while not done():
        assert time.monotonic() < end, page.inner_text("body")
        page.wait_for_timeout(300)


@pytest.fixture
def troubled(
    browser: Any, make_server: Callable[..., Served]
) -> Iterator[Callable[[float], tuple[Any, Served, Proxy]]]:
    """A page in front of a server behind a slow line."""
    opened: list[Any] = []

    def open_page(rate_bytes_s: float) -> tuple[Any, Served, Proxy]:
        server = make_server()
        line = proxied(server.port, rate_bytes_s)
        proxy = line.__enter__()
        context = browser.new_context(locale="zh-CN", timezone_id="Asia/Shanghai")
        opened.extend((context.close, lambda: line.__exit__(None, None, None)))
        page = context.new_page()
        server.setup_link = server.setup_link.replace(f":{server.port}/", f":{proxy.port}/")
        set_up(page, server)
        return page, server, proxy

    yield open_page
    for close in opened:
        close()


def disturbed(
    open_page: Any, folder: Path, count: int, rate_bytes_s: float, seed: int, rest_s: tuple[float, float]
) -> tuple[Path, dict[str, int]]:
    """Upload and search with `count` cuts and `count` kills; the data folder, and how many fell into each half.

    rest_s: between two blows to the search, which lasts some ten seconds if left alone.
    """
    page, server, proxy = open_page(rate_bytes_s)
    trouble, kinds = Trouble(server, proxy, seed), ["cut", "kill"] * count
    new_flight(page, "断网 断电")
    flight = page.url.rpartition("/")[2]
    choose(page, folder)
    ended = page.locator("[data-upload=ended]")
    early = trouble.make(kinds[: len(kinds) // 2], lambda: ended.count() > 0, (0.5, 2.5))
    until(page, lambda: ended.count() > 0)
    start_search(page)
    late = trouble.make(kinds[early:], lambda: asked(page, "/api/runs")["runs"][0]["state"] == "done", rest_s)
    until(page, lambda: asked(page, "/api/runs")["runs"][0]["state"] in ("done", "failed"))
    found = asked(page, f"/api/flights/{flight}/runs")["runs"]
    assert [r["state"] for r in found] == ["done"], found
    return server.data, {"uploading": early, "searching": late}


def must_be_whole(data: Path, folder: Path, undisturbed: Path) -> None:
    (stored,) = (data / "cards").iterdir()
    assert contents(stored) == contents(folder)
    (job,) = (data / "runs").iterdir()
    found, expected = contents(job / "run"), contents(undisturbed)
    assert found.keys() == expected.keys()
    same = [name for name in expected if name in SAME or name.startswith("crops/")]
    assert {name: found[name] for name in same} == {name: expected[name] for name in same}


@pytest.mark.slow
def test_three_cuts_and_three_kills(troubled: Any, card: SimFlight, undisturbed: Path) -> None:
    data, when = disturbed(troubled, card.flight, 3, 400_000, seed=1, rest_s=(0.5, 3.0))
    must_be_whole(data, card.flight, undisturbed)
    assert when["uploading"] == 3 and when["searching"] >= 2, when


@pytest.mark.acceptance
def test_twenty_cuts_and_twenty_kills(troubled: Any, card: SimFlight, undisturbed: Path) -> None:
    data, when = disturbed(troubled, card.flight, 20, 60_000, seed=2, rest_s=(0.0, 0.6))
    must_be_whole(data, card.flight, undisturbed)
    print(f"cuts and kills: {when}")
    assert when["uploading"] == 20 and when["searching"] >= 10, when
