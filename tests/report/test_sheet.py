"""Hit sheets: all that an officer needs stands on them, whatever people wrote stays text, north is up."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
import typst
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline import imagery
from pipeline.errors import MissionError, OutputError
from pipeline.report import setting, sheet_map
from pipeline.report.map_page import TilePlace
from pipeline.report.places import cgcs2000, dms
from pipeline.report.plane import plane_about, scale_bar
from pipeline.report.rounding import rounded_text
from pipeline.report.sheet import write_sheets
from pipeline.report.sheet_font import FONTS, covered, gb2312, wanted
from pipeline.report.sheet_map import Basemap, Window
from pipeline.report.sheet_text import GAP, local_time, plain_text
from pipeline.words import CLASSES, SUBJECTS
from tests.report.pdf_text import pages_of
from tests.report.reviewed_run import MOVED_TO, NASTY, say

SHANGHAI = ZoneInfo("Asia/Shanghai")


def squeezed(text: str) -> str:
    """Without the spaces and breaks that setting a paragraph takes or adds."""
    return "".join(text.replace(GAP, "").split())


def pages(run: Path, **options: Any) -> list[str]:
    out = run.with_name("sheets.pdf")
    options = {"lang": "zh", **options}
    assert write_sheets(run, out, **options) == []
    return [squeezed(page) for page in pages_of(out.read_bytes())]


def test_a_summary_and_a_page_a_source(run: Path) -> None:
    front, *rest = pages(run)
    assert [page[: page.index("h00") if "h00" in page else page.index("p00")] for page in rest] == [
        "污染点1排污口", "污染点3排污口（正在排放）", "污染点4秸秆焚烧",
    ]  # fmt: skip
    assert "本表列出3处：已确认1，人工新增1，待核查1；另有已驳回1处" in front
    assert "共4张（含视频帧），已检索3张，未检索1张" in front
    assert "h000002" not in "".join([front, *rest])
    assert "dem.tif" in front and "地形" not in front  # the model's name, not whose folder it lay in
    for number, page in enumerate([front, *rest], start=1):
        assert f"m1原始数据摘要{'ab' * 32}" in page and page.endswith(f"{number}/4")
    assert "=damaged" in front and "note.JPG" in front and "核查人（签字）" in front


def test_the_page_says_where_within_what_and_when(run: Path) -> None:
    page = pages(run)[2]
    lon, lat = MOVED_TO
    grid = cgcs2000(lat, lon)
    assert f"纬度(WGS84){rounded_text(lat, 7)}°" in page and f"经度(WGS84){rounded_text(lon, 7)}°" in page
    assert squeezed(dms(lat, "NS") + dms(lon, "EW")) in page
    assert f"第{grid.zone}带，中央子午线{grid.meridian_deg}°" in page
    assert f"{rounded_text(grid.x_north_m, 3)}m" in page and f"{rounded_text(grid.y_east_m, 3)}m" in page
    assert "真实位置有九成把握位于上述坐标周围1.3m以内" in page  # 1.25, rounded half up
    taken = json.loads((run / "hits.geojson").read_bytes())["features"][2]["properties"]
    assert squeezed(local_time(taken["first_seen"], SHANGHAI)) in page and "UTC+08:00" in page
    assert taken["evidence"][0]["sha256"] in page
    assert "核查人李核查时间2026-05-0116:00:00(UTC+08:00)2026-05-0108:00:00UTC" in page
    assert "位置已修正;类别已修正" in page


def test_english_and_another_zone(run: Path) -> None:
    front, page, *_ = pages(run, lang="en", tz="America/New_York")
    assert "3listed:1confirmed,1addedbyofficers,1open;1rejected" in front
    assert "Ninetimesintenthetrueplacelieswithin2.6m" in page and "(UTC-04:00)" in page


def test_what_people_wrote_stays_text(run: Path) -> None:
    page = pages(run)[2]
    assert squeezed(NASTY) in page and "@王" in page
    assert "root:" not in page


@settings(max_examples=8, deadline=None)
@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=60).filter(str.strip))
@example("A soft\xadhyphen" * 9)
def test_any_comment_can_be_set(reviewed_once: Path, tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    run = tmp_path_factory.mktemp("任") / "run"
    for suffix in ("", ".reviews"):
        shutil.copytree(f"{reviewed_once}{suffix}", f"{run}{suffix}")
    say(run, json.loads((run / "hits.geojson").read_bytes())["features"][0], "commented", "王", note=text)
    write_sheets(run, run.with_name("a.pdf"), ["h000001"])
    shown = squeezed("".join(pages_of(run.with_name("a.pdf").read_bytes())))
    assert all(char in shown for char in squeezed(text) if char in covered() - {"\xad"})
    assert "\xad" not in shown  # it would come and go with the width of the page


@pytest.mark.parametrize("text", ["长" * 10_000, "x" * 10_000, "#" * 10_000, "[" * 500 + "{" * 500])
def test_a_long_comment_is_kept_whole(run: Path, text: str) -> None:
    feature = json.loads((run / "hits.geojson").read_bytes())["features"][0]
    before = squeezed("".join(pages(run, hits=["h000001"]))).count(text[0])
    say(run, feature, "commented", "王", note=text)
    after = pages(run, hits=["h000001"])
    assert squeezed("".join(after)).count(text[0]) - before == text.count(text[0])


def test_one_source_alone_and_a_rejected_one_when_named(run: Path) -> None:
    (alone,) = pages(run, hits=["h000002"])
    assert alone.startswith("污染点2秸秆焚烧h000002已驳回") and alone.endswith("1/1")
    with pytest.raises(MissionError, match="there is no hit 'h9'"):
        write_sheets(run, run.with_name("a.pdf"), ["h000001", "h9"])


def test_the_same_bytes_for_the_same_content(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_sheets(run, run.with_name("a.pdf"))
    monkeypatch.setenv("TZ", "America/New_York")
    write_sheets(run, run.with_name("b.pdf"))
    assert run.with_name("a.pdf").read_bytes() == run.with_name("b.pdf").read_bytes()


def test_what_cannot_be_done_is_one_sentence(run: Path, tmp_path: Path) -> None:
    for zone in ("Asia/Nowhere", "../../etc/passwd", "", "a\x00b"):
        with pytest.raises(MissionError, match="is not a time zone"):
            write_sheets(run, tmp_path / "a.pdf", tz=zone)
    with pytest.raises(OutputError, match="cannot be written"):
        write_sheets(run, tmp_path / "no folder" / "a.pdf")
    (run / "map.html").write_bytes(b"<html>")
    with pytest.raises(MissionError, match=r"map\.html"):
        write_sheets(run, tmp_path / "a.pdf")
    assert not (tmp_path / "a.pdf").exists()


def test_a_run_without_hits_or_crops_is_a_summary(run: Path) -> None:
    shutil.rmtree(f"{run}.reviews")
    shutil.rmtree(run / "crops")
    assert "无图片" in pages(run)[1]
    path = run / "hits.geojson"
    path.write_text(json.dumps({**json.loads(path.read_bytes()), "features": []}), "utf-8")
    (front,) = pages(run)
    assert "本表列出0处" in front


def test_a_character_that_no_font_has_is_named(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = typst.Fonts(include_system_fonts=False, include_embedded_fonts=True, font_paths=[FONTS])
    monkeypatch.setattr(setting, "_fonts", lambda of_the_system: own)
    feature = json.loads((run / "hits.geojson").read_bytes())["features"][0]
    say(run, feature, "commented", "龘某", note="喆 č 龘𠮷")
    assert write_sheets(run, run.with_name("a.pdf")) == ["no font on this computer has: 龘 𠮷"]


def test_the_font_has_what_it_says_and_all_our_words(tmp_path: Path) -> None:
    tables = [*SUBJECTS.values(), CLASSES]
    ours = set("".join(text for table in tables for pair in table.values() for text in pair))
    assert ours - covered() <= {"\n"}
    chinese = {char for char in gb2312() if "\u4e00" <= char <= "\u9fff"}
    assert len(chinese) == 6763 and chinese <= covered() and len(wanted() - covered()) < 120
    assert sum(path.stat().st_size for path in FONTS.iterdir()) < 5_000_000
    assert "SIL OPEN FONT LICENSE" in (FONTS / "OFL.txt").read_text("utf-8")
    for weight in ("regular", "bold"):
        lines = [f'#set text(font: "Qianliyan Sans", weight: "{weight}", fallback: false)', '#json("all.json")']
        (tmp_path / "main.typ").write_text("\n".join(lines), "utf-8")
        (tmp_path / "all.json").write_text(json.dumps("".join(sorted(covered()))), "utf-8")
        fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[FONTS])
        typst.compile(tmp_path / "main.typ", root=tmp_path, font_paths=fonts, pdf_standards="a-2u")  # no empty box


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [(0.125, 2, "0.13"), (2.675, 2, "2.68"), (1.005, 2, "1.01"), (-0.004, 2, "0.00"), (-2.5, 0, "-3")],
)
def test_rounded_half_up(value: float, digits: int, text: str) -> None:
    assert rounded_text(value, digits) == text


@given(st.floats(-1e9, 1e9), st.integers(0, 7))
def test_rounding_is_never_further_than_half_a_step(value: float, digits: int) -> None:
    assert abs(float(rounded_text(value, digits)) - value) <= 0.5 * 10.0**-digits * (1 + 1e-6) + abs(value) * 1e-15


def test_times_are_told_in_the_zone_and_in_utc() -> None:
    assert (
        local_time("2026-05-01T08:00:00.500Z", SHANGHAI) == "2026-05-01 16:00:01 (UTC+08:00)\n2026-05-01 08:00:01 UTC"
    )
    assert local_time("2026-05-01T08:00:00.499Z", ZoneInfo("UTC")) == "2026-05-01 08:00:00 UTC"
    assert local_time(None, SHANGHAI) == local_time("tomorrow", SHANGHAI) == "—"


@given(st.text(st.characters(codec="utf-8")))
def test_plain_text_loses_only_what_cannot_be_seen(text: str) -> None:
    told = plain_text(text)
    assert all(len(word) <= 41 for word in told.replace(GAP, " ").split() if word.isascii())
    assert not set(told) & set("\u202e\u2066\x00\x1b")


@given(st.floats(1.0, 1e5))
def test_the_scale_is_round_and_fits(side_m: float) -> None:
    bar = scale_bar(side_m)
    number, unit = bar["words"].split()
    length_m = float(number) * (1000 if unit == "km" else 1)
    assert math.isclose(length_m / side_m, bar["share"], abs_tol=1e-5) and 0.1 < bar["share"] <= 0.30001
    assert f"{length_m:e}"[0] in "125"


def test_a_share_of_the_map_is_a_place_on_the_ground() -> None:
    window = Window(100.0, 50.0, 25.0)
    assert window.share(100.0, 50.0) == [0.5, 0.5]
    assert window.share(125.0, 75.0) == [1.0, 0.0]  # north-east is right and up


@settings(max_examples=30, deadline=None)
@given(st.integers(8, 1015), st.integers(8, 1015), st.sampled_from([12.0, 25.0, 40.0, 120.0]))
def test_the_picture_shows_each_place_where_it_is(column: int, row: int, half_m: float) -> None:
    tile = TilePlace(-40.0, 60.0, 102.4, 0, 0)
    pixels = np.full((1024, 1024, 4), 255, np.uint8)
    pixels[row - 8 : row + 9, column - 8 : column + 9, :3] = 0
    x_m, y_m = tile.west_m + (column + 0.5) * 0.1, tile.north_m - (row + 0.5) * 0.1
    window = Window(x_m + 0.3 * half_m, y_m - 0.2 * half_m, half_m)
    base = Basemap(Path("map.html"), {}, plane_about([30.0], [120.0]), (tile,))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sheet_map, "_pixels", lambda *_: pixels)
        shown = imagery.decode(base.picture(window), "map")[:, :, 0]
    rows, columns = np.nonzero(shown < 128)
    side = sheet_map.SIDE_PX
    centre = (columns.mean() + 0.5) / side, (rows.mean() + 0.5) / side
    assert np.allclose(centre, window.share(x_m, y_m), atol=1.2 / side)
