"""The sheet that two people sign by hand: it says what is sealed, and nothing in a name is taken for markup."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.contest.truth.drawing import truth_map
from pipeline.contest.truth.folder import SHEET, Truth
from pipeline.contest.truth.truth_sheet import truth_sheet
from pipeline.errors import ContestError
from pipeline.types import GeoPoint, Target
from pipeline.words import word
from tests.contest.truth.test_survey import areas_file, ring
from tests.contest.truth.truth_day import HEAD, ROWS
from tests.report.pdf_text import pages_of

Take = Callable[..., Truth]


def said(pdf: bytes) -> str:
    """All its text without blanks, which a PDF keeps only in part."""
    return "".join("".join(page.split()) for page in pages_of(pdf))


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_it_says_all_that_is_sealed(surveyed: Take, lang: Any) -> None:
    truth = surveyed(HEAD + ROWS)
    pdf, warnings = truth_sheet(truth, lang)
    wanted = ["T1", "T2", "34.839442720°", "114.134975330°", "X3856789.128", "Y512345.675", "0.011", "0.013",
              truth.digest, word("truth_title", lang), word("truth_secret", lang), "2026-05-0109:00:00", "HRMS10",
              "ΔN+10ΔE-7", "outfall/industrial"]  # fmt: skip
    text = said(pdf)
    assert warnings == [] and not [w for w in wanted if "".join(w.split()) not in text]


def test_the_same_truth_gives_the_same_bytes(surveyed: Take) -> None:
    truth = surveyed(HEAD + ROWS)
    assert truth_sheet(truth)[0] == truth_sheet(truth)[0] == (truth.folder / SHEET).read_bytes()


@pytest.mark.parametrize("name", ["#panic()", "*x*_y_", "$x$", "\\#[", "<b>&amp;", "@a", "= x", "目标①"])
def test_names_stay_names(surveyed: Take, name: str) -> None:
    pdf, _ = truth_sheet(surveyed(HEAD + ROWS.replace("T1", name)))
    assert "".join(name.split()) in said(pdf)


@pytest.mark.parametrize("name", ["T\u202e1", "x" * 61, "T\x001"])
def test_names_that_would_deceive_are_refused(surveyed: Take, name: str) -> None:
    with pytest.raises(ContestError, match=r"row 2: the point's name|neither UTF-8"):
        surveyed(HEAD + ROWS.replace("T1", name))


def test_areas_are_drawn_and_listed(surveyed: Take, tmp_path: Path) -> None:
    polygon = {"type": "Polygon", "coordinates": ring(114.13, 34.84)}
    path = areas_file(
        tmp_path / "areas.geojson",
        ({"kind": "ignore", "id": "施工区"}, polygon),
        ({"id": "料场", "class": "dust/pile"}, polygon),
    )
    truth = surveyed(HEAD + ROWS, areas=path)
    text = said(truth_sheet(truth)[0])
    assert "施工区" in text and "面状目标" in text and "4个角点" in text
    assert truth_map(truth.targets, "map").count("<path") > truth_map(truth.targets[:2], "map").count("<path")


def test_the_map_numbers_every_target_once() -> None:
    targets = [Target(f"T{i}", "dust", GeoPoint(34.8 + 1e-4 * (i % 7), 114.1 + 1e-4 * (i % 11))) for i in range(60)]
    drawn = truth_map(targets, "map")
    assert all(drawn.count(f">{n}</text>") >= 1 for n in range(1, 61))


def test_one_target_alone_and_targets_in_one_spot_have_a_map() -> None:
    spot = GeoPoint(34.8, 114.1)
    for targets in ([Target("T", "dust", spot)], [Target("T", "dust", spot), Target("U", "dust", spot)]):
        assert truth_map(targets, "map").startswith("<svg")
