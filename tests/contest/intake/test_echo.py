"""The echo: one page that needs nothing else, escapes everything, and draws each hit where it is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pipeline.contest.intake.echo import echo_html, write_echo
from pipeline.contest.intake.echo_map import HEIGHT, WIDTH, svg, window
from pipeline.contest.intake.mistakes import mistakes
from pipeline.contest.intake.taken import Caps
from pipeline.contest.intake.typed import read_typed
from pipeline.contest.plan import Area

AREA = Area(113.60, 34.72, 113.66, 34.77)
LINES = ["34°44'47.80\"N 113°37'31.40\"E outfall 3m", "34.7501234 113.6401234 dust #<script>alert(1)</script>",
         "10.5 20.5 dust 80%"]  # fmt: skip


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_page_stands_alone(lang: str, tmp_path: Path) -> None:
    taken = read_typed(LINES, Caps())
    write_echo(tmp_path / "回显.html", taken, mistakes(taken, AREA), AREA, [(34.745, 113.63)], lang)  # type: ignore[arg-type]
    page = (tmp_path / "回显.html").read_text("utf-8")
    assert "<script" not in page and "&lt;script&gt;" in page
    assert not re.search(r"(\bsrc=|href|url\(|@import|refresh)", page)
    assert "default-src 'none'" in page
    for text in ("34.7466111", "113.6253889", "34°44′47.800″N", "10.5000000"):
        assert text in page
    assert page == echo_html(taken, mistakes(taken, AREA), AREA, [(34.745, 113.63)], lang)  # type: ignore[arg-type]


def test_hits_are_drawn_where_they_are() -> None:
    seen = window([(34.72, 113.60), (34.77, 113.66)])
    x, y = seen.xy(34.745, 113.63)
    assert (round(x, 6), round(y, 6)) == (WIDTH / 2, HEIGHT / 2)
    assert seen.xy(34.75, 113.63)[1] < y and seen.xy(34.745, 113.64)[0] > x
    drawing = svg(seen, [("7", 34.745, 113.63), ("8", 40.0, 113.63)], AREA, [], "map")
    assert f'class="hit" cx="{WIDTH / 2:.1f}" cy="{HEIGHT / 2:.1f}"' in drawing
    assert drawing.count('class="beyond"') == 1 and ">7<" in drawing and ">8<" in drawing


def test_the_scale_bar_is_to_scale() -> None:
    """A degree of latitude is 111.2 km on a sphere of 6371 km."""
    seen = window([(34.72, 113.60), (34.77, 113.66)])
    drawing = svg(seen, [], AREA, [], "map")
    found = re.search(r"H([\d.]+)V[^>]*/><text[^>]*>(\d+) (km|m)<", drawing)
    assert found is not None
    metres = int(found[2]) * (1000 if found[3] == "km" else 1)
    units = float(found[1]) - 14
    north = (seen.xy(34.72, 113.6)[1] - seen.xy(34.77, 113.6)[1]) / (0.05 * 111_195)
    assert abs(units / metres / north - 1) < 0.01


@pytest.mark.parametrize(
    "lines", [[], ["34.7 113.6 dust"], ["34.7 113.6 dust"] * 3, ["89.99 179.99 x", "-89.99 -179.99 x"]]
)
def test_odd_lists_are_drawn_too(lines: list[str]) -> None:
    taken = read_typed(lines, Caps())
    for area in (AREA, None):
        page = echo_html(taken, (), area, (), "zh")
        assert "nan" not in page and "inf" not in page.replace("info", "")
