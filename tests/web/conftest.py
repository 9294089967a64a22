"""The real server in a process of its own, and Chromium in front of it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "correct horse 电池"
START_S = 60
WINDOW: dict[str, Any] = {"viewport": {"width": 1366, "height": 768}, "timezone_id": "Asia/Shanghai", "locale": "zh-CN"}
SOFTWARE_GL = ("--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist")
CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "chrome")


@dataclass
class Served:
    """`qianliyan serve` on a free port of loopback; its data stay when it is stopped, killed and started again."""

    data: Path
    options: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    port: int = 0
    setup_link: str = ""  # of the first start
    lines: list[str] = field(default_factory=list)
    process: subprocess.Popen[str] | None = None
    reader: threading.Thread | None = None
    state: Any = None  # cookies of an administrator, once it is set up

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Returns when the server listens; the port of the first start is kept."""
        command = [sys.executable, "-m", "pipeline", "serve", "--port", str(self.port), "--data", str(self.data)]
        environment = {**os.environ, "PYTHONUTF8": "1", **self.environment}
        self.process = subprocess.Popen(
            [*command, *self.options], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8",
            env=environment, cwd=ROOT,
        )  # fmt: skip
        listening = threading.Event()
        self.reader = threading.Thread(target=self._read, args=(self.process, listening), daemon=True)
        self.reader.start()
        if not listening.wait(START_S):
            self.stop()
            pytest.fail("the server did not start:\n" + "".join(self.lines))

    def _read(self, process: subprocess.Popen[str], listening: threading.Event) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            self.lines.append(line)
            if found := re.search(r"set-up link.*?(http\S+)", line):
                self.setup_link = found[1]
            if found := re.search(r"listening: http://127\.0\.0\.1:(\d+)", line):
                self.port = int(found[1])
                listening.set()
        listening.set()

    def kill(self) -> None:
        """As a power cut would."""
        if self.process is not None:
            self.process.kill()
            self._gone()

    def stop(self) -> None:
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self._gone()

    def _gone(self) -> None:
        assert self.process is not None and self.reader is not None
        self.process.wait()
        self.reader.join(30)
        if self.process.stdout is not None:
            self.process.stdout.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium without a window, drawing WebGL without a graphics card; one for all: Playwright allows no second."""
    found = os.environ.get("QLY_CHROMIUM") or next((path for name in CHROMIUM if (path := shutil.which(name))), None)
    try:
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError:
        found = None
    if found is None:
        missing("Chromium with the Python package playwright")
    with sync_playwright() as playwright:
        one = playwright.chromium.launch(
            executable_path=found, args=["--no-sandbox", "--disable-dev-shm-usage", *SOFTWARE_GL]
        )
        yield one
        one.close()


@pytest.fixture
def make_server(tmp_path: Path) -> Iterator[Callable[..., Served]]:
    """`make_server(*options, **environment)`: a server on a data folder of its own, started."""
    made: list[Served] = []

    def make(*options: str, **environment: str) -> Served:
        one = Served(tmp_path / f"数据 data {len(made)}", options, environment)
        made.append(one)
        one.start()
        return one

    yield make
    for one in made:
        one.stop()


@pytest.fixture
def server(make_server: Callable[..., Served]) -> Served:
    """A fresh server that nobody has set up yet."""
    return make_server()


@dataclass
class Watched:
    """What went wrong in a page's console, and what it asked of anybody but its server."""

    errors: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)


def becomes(ask: Callable[[], Any], wanted: Any, seconds: float = 10.0) -> None:
    """A page changes a moment after what changes it; the last look is the one that counts."""
    end = time.monotonic() + seconds
    while ask() != wanted and time.monotonic() < end:
        time.sleep(0.05)
    assert ask() == wanted


def watch(page: Any, server: Served) -> Watched:
    """Listen to a page; a failed load that the test itself brings about is the test's to expect."""
    seen = Watched()
    page.on("pageerror", lambda why: seen.errors.append(str(why)))
    page.on("console", lambda said: seen.errors.append(said.text) if said.type == "error" else None)
    page.on(
        "request",
        lambda asked: (
            None if asked.url.startswith((server.url, "data:", "blob:")) else seen.strangers.append(asked.url)
        ),
    )
    return seen


def set_up(page: Any, server: Served, language: str = "zh") -> None:
    """Found the organisation by the set-up link; ends on the list of flights."""
    page.add_init_script(f"localStorage.setItem('qly-language', '{language}')")
    page.goto(server.setup_link)
    fields = page.locator("form input")
    for number, text in enumerate(("某市生态环境执法支队", "张三", "zhangsan", PASSWORD, PASSWORD)):
        fields.nth(number).fill(text)
    page.locator("form button[type=submit]").click()
    page.wait_for_selector("nav.bar-links")


def missing(what: str) -> None:
    """On a machine that must have it (CI), its absence is a failure, not a skip."""
    sentence = f"{what} is needed for this test"
    pytest.fail(sentence) if os.environ.get("CI") else pytest.skip(sentence)


@pytest.fixture(scope="session")
def axe() -> Callable[[Any], list[str]]:
    """`axe(page)`: what axe-core calls serious or critical on a page, as lines; none is what is wanted."""
    try:
        script = files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
    except ModuleNotFoundError:
        missing("the Python package axe-playwright-python")

    def serious(page: Any) -> list[str]:
        page.evaluate(script)
        found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
        bad = [each for each in found if each["impact"] in ("serious", "critical")]
        return [f"{each['id']}: {node['html'][:150]}" for each in bad for node in each["nodes"]]

    return serious


@pytest.fixture(scope="session")
def office(tmp_path_factory: pytest.TempPathFactory, browser: Any) -> Iterator[Served]:
    """A server that is set up, for all tests that neither kill it nor need it empty."""
    one = Served(tmp_path_factory.mktemp("office") / "数据 data")
    one.start()
    context = browser.new_context()
    set_up(context.new_page(), one)
    one.state = context.storage_state()
    context.close()
    yield one
    one.stop()


@pytest.fixture
def visitor(browser: Any, office: Served) -> Iterator[Any]:
    """A page of a window of 1366×768 in front of `office`, signed in as its administrator, in Chinese."""
    context = browser.new_context(**WINDOW, storage_state=office.state)
    one = context.new_page()
    one.goto(office.url)
    one.wait_for_selector("nav.bar-links")
    yield one
    context.close()


@pytest.fixture
def page(browser: Any, server: Served) -> Iterator[Any]:
    """A page of a window of 1366×768 in front of `server`, set up and signed in as its administrator, in Chinese."""
    context = browser.new_context(**WINDOW)
    one = context.new_page()
    set_up(one, server)
    yield one
    context.close()
