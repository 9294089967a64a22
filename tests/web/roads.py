"""An officer's steps in the page, as the tests of whole roads take them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from pipeline.words import word

LONG_MS = 180_000


def zh(key: str) -> str:
    return word(key, "zh")


def button(page: Any, key: str) -> Any:
    return page.get_by_role("button", name=zh(key), exact=True)


def new_flight(page: Any, name: str) -> None:
    button(page, "new_flight").first.click()
    page.get_by_label(zh("flight_name")).fill(name)
    button(page, "create_and_upload").click()
    page.wait_for_url(re.compile(r"/flights/[0-9a-f]{16}$"))


def choose(page: Any, folder: Path) -> None:
    """Begin the upload of a folder."""
    page.locator("input[data-choose=folder]").set_input_files(folder)


def uploaded(page: Any) -> None:
    """Returns when all has arrived."""
    page.wait_for_selector("[data-upload=ended]", timeout=LONG_MS)


def start_search(page: Any) -> None:
    """Start the search and go to its page."""
    button(page, "run_start").click()
    page.get_by_role("link", name=zh("open_map")).first.click()
    page.wait_for_url(re.compile(r"/runs/[0-9a-f]{16}"))


def searched(page: Any) -> None:
    """Returns when the page shows the result."""
    page.get_by_text(zh("map_state_done"), exact=True).first.wait_for(timeout=LONG_MS)


def options(page: Any) -> Any:
    """The rows of the list of hits."""
    return page.get_by_role("listbox", name=zh("map_hit_list")).get_by_role("option")


def must_show(page: Any, count: int) -> None:
    from playwright.sync_api import expect

    expect(options(page)).to_have_count(count, timeout=30_000)


def judge(page: Any, number: int, key: str, verdict: str) -> None:
    """Choose a hit of the list and judge it by its key; returns when the list says so."""
    options(page).nth(number).click()
    page.get_by_role("listbox", name=zh("map_hit_list")).press(key)
    options(page).nth(number).get_by_text(zh(f"map_verdict_{verdict}")).wait_for()


def open_photo_of_centre(page: Any) -> None:
    """Ask the map which photos show its middle, and open the first."""
    page.locator(".maplibregl-canvas").press("Enter")
    page.get_by_role("button", name=re.compile(zh("map_open_photo"))).first.click()


def mark(page: Any, x: int, y: int) -> None:
    """In an open photo click a point, say that it is an outfall, save."""
    stage = page.locator(".photo-stage[data-ready=yes]")
    stage.wait_for()
    page.keyboard.press("a")
    stage.click(position={"x": x, "y": y})
    page.get_by_text(re.compile("90 % 的把握")).first.wait_for()
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    page.locator(".mark-panel").wait_for(state="detached")


def export(page: Any, key: str, to: Path) -> Path:
    """Save one of the menu's files."""
    with page.expect_download() as saved:
        page.locator("summary", has_text=zh("map_export")).click()
        page.get_by_text(zh(key)).click()
    saved.value.save_as(to)
    return to
