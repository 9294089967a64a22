"""A folder's way from a browser to the server: seen by a person, cut off, killed, reloaded, and whole in the end."""

from __future__ import annotations

import hashlib
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.web.conftest import Served, becomes

END_MS = 90_000
MB = 1_000_000


def card(folder: Path, photos: int, size: int, seed: int = 1) -> dict[str, str]:
    """A card with JPEGs that are such only by their first bytes; path -> SHA-256."""
    made: dict[str, str] = {}
    draw = random.Random(seed)
    for number in range(photos):
        path = folder / "DCIM" / "100MEDIA 航拍" / f"DJI_{number:04}.JPG"
        path.parent.mkdir(parents=True, exist_ok=True)
        content = b"\xff\xd8\xff\xe0" + draw.randbytes(size - 4)
        path.write_bytes(content)
        made[path.relative_to(folder).as_posix()] = hashlib.sha256(content).hexdigest()
    return made


def new_flight(page: Any, name: str = "2026-11-22 秦淮河") -> str:
    page.goto(page.url.partition("/flights")[0])
    page.get_by_role("button", name="新建航次").first.click()
    page.locator("dialog input").first.fill(name)
    page.get_by_role("button", name="建立并上传").click()
    page.wait_for_selector("[data-choose=folder]", state="attached")
    return str(page.url.rpartition("/")[2])


def choose(page: Any, folder: Path) -> None:
    page.locator("[data-choose=folder]").set_input_files(str(folder))


def slow(page: Any, bytes_per_second: int, offline: bool = False) -> None:
    """An office line in place of loopback."""
    if not hasattr(page, "line"):
        page.line = page.context.new_cdp_session(page)
        page.line.send("Network.enable")
    told = {"offline": offline, "latency": 5, "downloadThroughput": -1, "uploadThroughput": bytes_per_second}
    page.line.send("Network.emulateNetworkConditions", told)


def wait_share(page: Any, percent: int) -> None:
    """The content policy lets nothing be evaluated in the page that waits, so that the asking is done here."""
    until = time.monotonic() + END_MS / 1000
    while time.monotonic() < until:
        shown = page.locator(".upload-part").all_inner_texts()
        if shown and int(shown[0].rstrip(" %")) >= percent:
            return
        page.wait_for_timeout(100)
    pytest.fail(f"never reached {percent} %: {page.inner_text('main')}")


def wait_end(page: Any) -> None:
    page.wait_for_selector("[data-upload=ended]", timeout=END_MS)


def stored(page: Any, flight: str) -> dict[str, str]:
    """What the server has, by its own account: path -> SHA-256."""
    files = page.evaluate(
        "async (url) => (await (await fetch(url)).json()).files", f"/api/flights/{flight}/files?limit=2000"
    )
    return {file["path"]: file["sha256"] for file in files if file["state"] == "stored"}


def test_whole_folder_with_what_does_not_belong(visitor: Any, axe: Callable[[Any], list[str]], tmp_path: Path) -> None:
    folder = tmp_path / "存储卡"
    want = card(folder, 5, 200_000)
    (folder / "DCIM" / ".DS_Store").write_bytes(b"x")
    (folder / "说明.docx").write_bytes(b"x")
    flight = new_flight(visitor)
    choose(visitor, folder)
    wait_end(visitor)
    assert stored(visitor, flight) == want
    visitor.get_by_text("1 个文件未被接收").click()
    assert "说明.docx" in visitor.locator(".reasons").inner_text()
    assert visitor.get_by_role("button", name="开始检索").is_visible()
    visitor.get_by_text("高级选项").click()
    visitor.get_by_text("全部文件（").click()
    visitor.wait_for_selector("td:has-text('DJI_0004')")
    assert axe(visitor) == []
    visitor.set_viewport_size({"width": 375, "height": 812})
    assert visitor.evaluate("document.documentElement.scrollWidth") <= 375


def test_dropped_folders_are_read_to_their_depths(visitor: Any, tmp_path: Path) -> None:
    """What the browser hands out when folders are dropped: in batches, and folders within folders."""
    flight = new_flight(visitor)
    visitor.evaluate(
        """() => {
            const start = [0xff, 0xd8, 0xff, 0xe0];
            const file = (name, path) => ({
                isFile: true, isDirectory: false, name, fullPath: path + name,
                file: (ok) => ok(new File([new Uint8Array([...start, ...new TextEncoder().encode(name)])], name))});
            const folder = (name, path, inside) => ({
                isFile: false, isDirectory: true, name, fullPath: path + name,
                createReader: () => {
                    const left = [...inside];
                    return {readEntries: (ok) => ok(left.splice(0, 100))};
                }});
            const many = Array.from({length: 130}, (_, i) => file(`${i}.JPG`, '/卡/DCIM/101MEDIA/'));
            const media = folder('101MEDIA', '/卡/DCIM/', many);
            const dcim = folder('DCIM', '/卡/', [media, file('.DS_Store', '/卡/DCIM/')]);
            const root = folder('卡', '/', [dcim, file('a.SRT', '/卡/')]);
            const event = new Event('drop', {bubbles: true, cancelable: true});
            event.dataTransfer = {items: [{kind: 'file', webkitGetAsEntry: () => root}]};
            document.querySelector('.drop').dispatchEvent(event);
        }"""
    )
    wait_end(visitor)
    assert {"DCIM/101MEDIA/0.JPG", "DCIM/101MEDIA/129.JPG"} <= set(stored(visitor, flight))
    shown = visitor.evaluate("async (url) => (await (await fetch(url)).json()).files", f"/api/flights/{flight}")
    assert shown["count"] == 131


def test_same_photos_in_another_flight_are_not_sent_again(visitor: Any, tmp_path: Path) -> None:
    want = card(tmp_path / "a", 3, 100_000)
    new_flight(visitor)
    choose(visitor, tmp_path / "a")
    wait_end(visitor)
    sent: list[str] = []
    visitor.on("request", lambda asked: sent.append(asked.method) if "/api/uploads" in asked.url else None)
    second = new_flight(visitor, "同一张卡")
    choose(visitor, tmp_path / "a")
    wait_end(visitor)
    assert stored(visitor, second) == want
    assert sent == []


@pytest.mark.slow
def test_killed_server_and_cut_line(page: Any, server: Served, tmp_path: Path) -> None:
    """The page says what it waits for, and goes on by itself."""
    want = card(tmp_path / "卡", 6, 4 * MB)
    flight = new_flight(page)
    slow(page, 5 * MB)
    choose(page, tmp_path / "卡")
    wait_share(page, 15)
    server.kill()
    page.wait_for_selector("text=服务器没有应答", timeout=20_000)
    server.start()
    wait_share(page, 45)
    slow(page, 5 * MB, offline=True)
    page.wait_for_selector("text=本机网络已断开", timeout=20_000)
    slow(page, 20 * MB)
    wait_end(page)
    assert stored(page, flight) == want


@pytest.mark.slow
def test_reload_and_another_folder_level(visitor: Any, tmp_path: Path) -> None:
    """After a reload the page knows what is missing; choosing the folder again sends only that."""
    want = card(tmp_path / "卡", 4, 5 * MB)
    flight = new_flight(visitor)
    slow(visitor, 4 * MB)
    choose(visitor, tmp_path / "卡")
    wait_share(visitor, 55)
    visitor.on("dialog", lambda dialog: dialog.accept())
    visitor.reload()
    visitor.wait_for_selector("text=没有传完")
    assert "再次选择同一文件夹（卡）即可续传" in visitor.inner_text("main")
    patched: list[int] = []
    visitor.on(
        "request",
        lambda asked: patched.append(int(asked.headers["upload-offset"])) if asked.method == "PATCH" else None,
    )
    slow(visitor, 50 * MB)
    choose(visitor, tmp_path / "卡" / "DCIM" / "100MEDIA 航拍")
    wait_end(visitor)
    assert stored(visitor, flight) == want
    assert sum(5 * MB - offset for offset in patched) <= 0.5 * len(want) * 5 * MB


@pytest.mark.slow
def test_pause_and_cancel(visitor: Any, tmp_path: Path) -> None:
    want = card(tmp_path / "卡", 6, 3 * MB)
    flight = new_flight(visitor)
    slow(visitor, 2 * MB)
    choose(visitor, tmp_path / "卡")
    wait_share(visitor, 5)
    visitor.get_by_role("button", name="暂停", exact=True).click()
    visitor.wait_for_selector("text=已暂停")
    before = visitor.inner_text(".upload-part")
    visitor.wait_for_timeout(1_500)
    becomes(lambda: visitor.inner_text(".upload-part"), before)
    visitor.get_by_role("button", name="继续", exact=True).click()
    visitor.get_by_role("button", name="取消 DCIM/100MEDIA 航拍/DJI_0001.JPG").click()
    slow(visitor, 50 * MB)
    wait_end(visitor)
    assert set(want) - set(stored(visitor, flight)) == {"DCIM/100MEDIA 航拍/DJI_0001.JPG"}


@pytest.mark.slow
def test_a_session_that_ends_in_the_middle(visitor: Any, tmp_path: Path) -> None:
    want = card(tmp_path / "卡", 4, 3 * MB, seed=2)
    flight = new_flight(visitor)
    slow(visitor, 2 * MB)
    choose(visitor, tmp_path / "卡")
    wait_share(visitor, 10)
    visitor.context.clear_cookies()
    visitor.wait_for_selector("input[autocomplete=current-password]", timeout=20_000)
    slow(visitor, 50 * MB)
    visitor.locator("input").nth(0).fill("zhangsan")
    visitor.locator("input").nth(1).fill("correct horse 电池")
    visitor.locator("button[type=submit]").click()
    wait_end(visitor)
    assert stored(visitor, flight) == want
