"""A practice field: public targets, the judge's own points at once, and a sheet."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings

from pipeline.contest.sheets.html import html_of
from pipeline.contest.sheets.numbers import moment_of
from pipeline.contest.sheets.pdf import pdf_of
from pipeline.contest.sheets.practice import practice, practice_page
from pipeline.contest.sheets.scene import Judged
from pipeline.errors import ScoreError
from pipeline.report.sheet_text import GAP
from pipeline.score import judge, read_hits, read_rules, read_targets
from tests.contest.sheets.fields import fields
from tests.contest.sheets.test_sheets import read
from tests.report.pdf_text import pages_of


def written(folder: Path, name: str, features: list[dict[str, object]]) -> Path:
    path = folder / name
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), "utf-8")
    return path


def point(ident: str, lon: float, lat: float, **more: object) -> dict[str, object]:
    return {"type": "Feature", "geometry": {"type": "Point", "coordinates": [lon, lat]},
            "properties": {"id": ident, "class": "dust", **more}}  # fmt: skip


def test_the_score_is_the_judge_s_and_the_sheet_says_it(tmp_path: Path) -> None:
    targets = written(tmp_path, "targets.geojson", [point("T1", 113.6, 34.7), point("T2", 113.61, 34.7, weight=3)])
    hits = written(tmp_path, "练习.geojson", [point("h1", 113.60005, 34.7), point("x", 113.6, 34.71)])
    score = practice(hits, targets, "drill-example", tmp_path / "sheet.html")
    assert score == judge(read_hits(hits), read_targets(targets), read_rules("drill-example"))
    said = "".join(read((tmp_path / "sheet.html").read_bytes()).said).replace(GAP, "")
    assert str(score).split()[0] in said and "练习.geojson" in said and "示例规则，非官方评分标准" in said
    assert "不进入任何成绩" in said and "T2" in said and score.hits_digest in said
    practice(hits, targets, "drill-example", tmp_path / "en.html", "en")
    assert "these points enter no result" in (tmp_path / "en.html").read_text("utf-8")
    assert practice(hits, targets) == score and not list(tmp_path.glob("*.tmp"))


@pytest.mark.parametrize("count", [0, 1])
def test_nothing_sent_or_nothing_hidden(tmp_path: Path, count: int) -> None:
    one = written(tmp_path, "one.geojson", [point("a", 113.6, 34.7)][:count])
    other = written(tmp_path, "other.geojson", [point("a", 113.6, 34.7)][: 1 - count])
    score = practice(one, other, "drill-example", tmp_path / "s.html")
    assert score.points_u == (None if count else 0)
    said = "".join(read((tmp_path / "s.html").read_bytes()).said)
    assert ("没有目标" in said) == bool(count) and "nan" not in said.lower()


def test_a_flood_of_hits_is_counted_not_listed(tmp_path: Path) -> None:
    targets = written(tmp_path, "t.geojson", [point("T1", 113.6, 34.7)])
    hits = written(tmp_path, "h.geojson", [point(f"h{n}", 113.5 + n / 1e5, 34.7 + n % 7 / 1e4) for n in range(6000)])
    score = practice(hits, targets, "drill-example", tmp_path / "s.html")
    data = (tmp_path / "s.html").read_text("utf-8")
    assert data.count("<tr>") < 400 and "另有 1000 个未画出" in data and len(data) < 3_000_000
    assert f"另有 {len(score.extra) - 300} 个，见 RESULT.json" in data


def test_a_field_of_areas_only(tmp_path: Path) -> None:
    ring = [[113.6, 34.7], [113.61, 34.7], [113.61, 34.71], [113.6, 34.7]]
    area = {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [ring]}, "properties": {"kind": "ignore"}}
    targets = written(tmp_path, "t.geojson", [area])
    hits = written(tmp_path, "h.geojson", [point("a", 113.605, 34.702)])
    practice(hits, targets, "drill-example", tmp_path / "s.html")
    assert "位于免计区域内" in (tmp_path / "s.html").read_text("utf-8")


def test_bad_files_are_one_sentence(tmp_path: Path) -> None:
    good = written(tmp_path, "t.geojson", [point("a", 113.6, 34.7)])
    with pytest.raises(ScoreError, match="there is no such file"):
        practice(tmp_path / "none.geojson", good, out=tmp_path / "s.html")
    assert not (tmp_path / "s.html").exists()


@settings(max_examples=40, deadline=None)
@given(fields())
def test_every_field_has_a_page(judged: Judged) -> None:
    for lang in ("zh", "en"):
        read(html_of(practice_page(judged, "list", lang)))


@settings(max_examples=8, deadline=None)
@given(fields())
def test_every_field_can_be_set(judged: Judged) -> None:
    page = practice_page(judged, "#let x = [*a* @b $c$]", "zh")
    said = "".join(pages_of(pdf_of(page, moment_of(0)))).replace(" ", "")
    assert "#letx=[*a*@b$c$]" in said
