"""Score sheets and result tables in a real browser: wide, narrow, on paper, and for who cannot see them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.contest.keys import TEST_COST, new_key, open_key
from pipeline.contest.sheets.table_sheet import write_tables
from pipeline.contest.sheets.team_sheet import write_score_sheets
from tests.contest.making import HOLDERS, JUDGES, PASSPHRASE, SURVEYORS, Officials
from tests.contest.sheets.day import NASTY, play

PAGES = ("team-T01-zh", "team-T02-en", "person-P031-zh", "results-zh", "results-en")


@pytest.fixture(scope="module")
def sheets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sheets of a contest in which a team's name is an attack."""
    root, found = tmp_path_factory.mktemp("单 sheets"), Officials()
    for names, signers in ((JUDGES, found.judges), (HOLDERS, found.holders), (SURVEYORS, found.surveyors)):
        for name in names:
            found.files[name] = root / f"{name}.key"
            new_key(found.files[name], name, PASSPHRASE, cost=TEST_COST)
            signers.append(open_key(found.files[name], PASSPHRASE))
    contest = play(root, found, team_name=NASTY)
    for lang in ("zh", "en"):
        write_score_sheets(contest, 1, root / "out", lang)
        write_tables(contest, 1, root / "out", lang)
    return root / "out"


@pytest.fixture
def reader(browser: Any, request: pytest.FixtureRequest) -> Iterator[Any]:
    """A page as wide as the test asks, deaf to nothing: whatever it says or loads is noted."""
    context = browser.new_context(viewport={"width": request.param, "height": 800}, bypass_csp=True)
    one = context.new_page()
    one.noted = []
    one.on("console", lambda said: one.noted.append(said.text))
    one.on("pageerror", lambda why: one.noted.append(str(why)))
    one.on("dialog", lambda box: one.noted.append(box.message))
    one.on("request", lambda asked: one.noted.append(asked.url) if not asked.url.startswith("file:") else None)
    yield one
    context.close()


@pytest.mark.parametrize("reader", [1366, 375], indirect=True)
@pytest.mark.parametrize("name", PAGES)
def test_a_sheet_fits_and_everybody_can_read_it(
    reader: Any, sheets: Path, name: str, axe: Callable[[Any], list[str]]
) -> None:
    reader.goto((sheets / f"{name}.html").as_uri())
    assert reader.evaluate("document.documentElement.scrollWidth") <= reader.viewport_size["width"]
    assert axe(reader) == [] and reader.noted == []
    assert reader.evaluate("[...document.querySelectorAll('svg text')].every(t => t.getBBox().width > 0)")


@pytest.mark.parametrize("reader", [1366], indirect=True)
def test_a_printed_sheet_has_all_its_pages(reader: Any, sheets: Path) -> None:
    reader.goto((sheets / "team-T01-zh.html").as_uri())
    paper = reader.pdf(prefer_css_page_size=True)
    assert paper.startswith(b"%PDF") and 3 <= paper.count(b"/Type /Page\n") <= 12
    reader.emulate_media(media="print")
    shown = reader.evaluate("getComputedStyle(document.querySelector('.card h4 span')).printColorAdjust")
    assert shown == "exact"  # white words on a badge need its colour
