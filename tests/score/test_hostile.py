"""What a stranger may send, and the one sentence that names the place. No sentence about targets holds a coordinate."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import ScoreError
from pipeline.score import judge, read_hits, read_rules, read_targets, strict
from pipeline.types import GeoPoint, Target

GOOD = '{"type":"Feature","geometry":{"type":"Point","coordinates":[113.6,34.7]},"properties":{"class":"dust"}}'


def collection(feature: str) -> str:
    return f'{{"type":"FeatureCollection","features":[{GOOD},{feature}]}}'


def with_coordinates(text: str) -> str:
    return GOOD.replace("[113.6,34.7]", text)


def with_properties(text: str) -> str:
    return GOOD.replace('{"class":"dust"}', text)


BAD_FEATURES = [
    with_coordinates("[NaN,34.7]"),
    with_coordinates("[113.6,Infinity]"),
    with_coordinates("[113.6,1e999]"),
    with_coordinates("[113.6,true]"),
    with_coordinates('["113.6","34.7"]'),
    with_coordinates('["113.6","34.7"]'),
    with_coordinates("[34.7,113.6]"),  # swapped: a latitude of 113.6
    with_coordinates("[1" + "0" * 400 + ",34]"),
    with_coordinates("[113.6]"),
    with_coordinates("null"),
    with_properties("{}"),
    with_properties('{"class":""}'),
    with_properties('{"class":"dust//pile"}'),
    with_properties('{"class":7}'),
    with_properties('{"class":"a\\u0000b"}'),
    with_properties('{"class":"\\ud800"}'),
    with_properties('{"class":"dust","class":"smoke"}'),
    with_properties('{"class":"dust","confidence":true}'),
    with_properties('{"class":"dust","confidence":87}'),
    with_properties('{"class":"dust","r90_m":-1}'),
    with_properties('{"class":"dust","note":[1e999]}'),
    with_properties('{"class":"dust","datum":"GCJ-02"}'),
    with_properties('{"class":"dust","first_seen":"2026-05-01 10:00"}'),
    with_properties('{"class":"dust","evidence":"yes"}'),
    GOOD.replace("Point", "LineString"),
    "7",
    "null",
]

BAD_WEIGHTS = [
    with_properties('{"id":"t","class":"dust","weight":' + weight + "}")
    for weight in ("true", "0", "1.5", "-1", "1e999", '"2"')
]


@pytest.mark.parametrize("feature", BAD_FEATURES)
def test_a_bad_hit_is_named_by_its_number(tmp_path: Path, feature: str) -> None:
    path = tmp_path / "排污口 1号.geojson"
    path.write_text(collection(feature), encoding="utf-8")
    with pytest.raises(ScoreError, match=r"排污口 1号\.geojson: feature 2: .+") as caught:
        read_hits(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("feature", BAD_FEATURES[:6] + BAD_WEIGHTS)
def test_a_bad_target_is_named_and_its_place_is_not(tmp_path: Path, feature: str) -> None:
    path = tmp_path / "targets.geojson"
    path.write_text(collection(feature).replace('"class":"dust"', '"id":"a","class":"dust"', 1), encoding="utf-8")
    with pytest.raises(ScoreError, match="feature 2: ") as caught:
        read_targets(path)
    assert "113" not in str(caught.value) and "34.7" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "nul",
        '{"type":"FeatureCollection"}',
        '{"type":"FeatureCollection","features":{}}',
        "[" * 100_000,
        '{"type":"FeatureCollection","features":[],"features":[]}',
        '{"type":"FeatureCollection","features":[],"datum":"BD-09"}',
        '{"type":"FeatureCollection","features":[],"datum":"GCJ-02"}',
        '{"type":"FeatureCollection","features":[' + "9" * 5000 + "]}",
        '{"type":"FeatureCollection","features":[],"crs":{"properties":{"name":"urn:ogc:def:crs:EPSG::3857"}}}',
    ],
)
def test_a_bad_file_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "hits.geojson"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ScoreError, match=r"hits\.geojson"):
        read_hits(path)


@pytest.mark.parametrize(
    "row",
    [
        "３４.7,113.6,dust,",
        "nan,113.6,dust,",
        "inf,113.6,dust,",
        "1e999,113.6,dust,",
        "1_0,113.6,dust,",
        "34.7,,dust,",
        "34°42′,113.6,dust,",
        "91,113.6,dust,",
        "34.7,113.6,,",
        "34.7,113.6,dust,1.5",
        "34.7,113.6,dust,0.5,more",
        '34.7,113.6,"dust,',
        "34.7,113.6,dust\x00,",
        "0x10,113.6,dust,",
        "True,113.6,dust,",
    ],
)
def test_a_bad_row_is_named_by_its_number(tmp_path: Path, row: str) -> None:
    path = tmp_path / "hits.csv"
    path.write_text(f"lat_deg,lon_deg,class,confidence\n34.7,113.6,dust,0.5\n{row}\n", encoding="utf-8")
    with pytest.raises(ScoreError, match=r"hits\.csv: row [34]: .+"):
        read_hits(path)


@pytest.mark.parametrize("header", ["", "lat,lon,class", "lat_deg,lon_deg,lat_deg,class", "lat_deg,lon_deg,name"])
def test_a_bad_header_is_refused(tmp_path: Path, header: str) -> None:
    path = tmp_path / "hits.csv"
    path.write_text(header + "\n", encoding="utf-8")
    with pytest.raises(ScoreError, match="row 1"):
        read_hits(path)


def test_csv_of_a_spreadsheet(tmp_path: Path) -> None:
    path = tmp_path / "名单.csv"
    path.write_bytes("\ufeffid,备注,class,lat_deg,lon_deg,confidence\r\na,河边,dust,34.7,113.6,\r\n,,,,,\r\n".encode())
    hits = read_hits(path)
    assert (hits.ids, hits.labels, hits.lat_e9.tolist()) == (("a",), ("dust",), [34_700_000_000])


def test_text_that_is_not_utf8(tmp_path: Path) -> None:
    path = tmp_path / "hits.csv"
    path.write_bytes("lat_deg,lon_deg,class,备注\n34.7,113.6,dust,河".encode("gbk"))
    with pytest.raises(ScoreError, match="UTF-8"):
        read_hits(path)


def test_sizes_are_checked_before_parsing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "hits.geojson"
    with path.open("wb") as file:
        file.truncate(strict.MAX_BYTES + 1)
    with pytest.raises(ScoreError, match="64 MiB"):
        read_hits(path)
    monkeypatch.setattr(strict, "MAX_ROWS", 1)
    path.write_text(collection(GOOD), encoding="utf-8")
    with pytest.raises(ScoreError, match="more than 1 rows"):
        read_hits(path)


@pytest.mark.parametrize("read", [read_hits, read_targets, read_rules])
def test_what_is_no_file(tmp_path: Path, read: Callable[[Any], Any]) -> None:
    for path in (tmp_path / "missing.geojson", tmp_path):
        with pytest.raises(ScoreError):
            read(path)


def test_an_id_twice(tmp_path: Path) -> None:
    path = tmp_path / "x.geojson"
    same = with_properties('{"class":"dust","id":"a"}')
    path.write_text(f'{{"type":"FeatureCollection","features":[{same},{same}]}}', encoding="utf-8")
    with pytest.raises(ScoreError, match="id"):
        read_hits(path)
    with pytest.raises(ScoreError, match="'a'"):
        read_targets(path)


def test_cgcs2000_is_taken_and_polygons_must_close(tmp_path: Path) -> None:
    path = tmp_path / "t.geojson"
    area = {"type": "Polygon", "coordinates": [[[113, 34], [113.1, 34], [113.1, 34.1], [113, 34]]]}
    feature = {"type": "Feature", "geometry": area, "properties": {"id": "a", "class": "dust"}}
    whole = {"type": "FeatureCollection", "datum": "CGCS2000", "features": [feature]}
    path.write_text(json.dumps(whole), encoding="utf-8")
    assert read_targets(path)[0].polygons
    for ring in (
        [[113, 34], [113.1, 34], [113, 34]],
        [[113, 34], [113.1, 34], [113.1, 34.1], [113, 34.1]],
        [[113, 34], [113.1, 34.1], [113.1, 34], [113, 34.1], [113, 34]],
    ):
        area["coordinates"] = [ring]
        path.write_text(json.dumps(whole), encoding="utf-8")
        with pytest.raises(ScoreError, match=r"feature 1: .*ring"):
            read_targets(path)


def test_hits_in_memory_are_checked_too() -> None:
    target = [Target("t", "dust", GeoPoint(34, 113))]
    with pytest.raises(ScoreError, match=r"hits: feature 1: .*latitude"):
        judge([json.loads(with_coordinates("[113.6,95]"))], target)
    with pytest.raises(ScoreError, match="no position"):
        judge([{"type": "Feature", "geometry": None, "properties": {"class": "dust"}}], target)
    with pytest.raises(ScoreError, match="weight"):
        judge([], [Target("t", "dust", GeoPoint(34, 113), weight=0)])


@pytest.mark.parametrize(
    "text",
    [
        "name = 7",
        'name = "x"\nradius = 3',
        'name = "x"\nradius_mm = 3.5',
        'name = "x"\nradius_mm = true',
        "",
        "name =",
        'name = "x"\nfind_ppm = 500000',
        'name = "x"\nmethod = "best"',
        'name = "x"\nfull_mm = 40000',
        'name = "x"\nschema_version = 2',
        'name = "x"\nap_m = [0]',
        'name = "x"\n[source]\nnothing = "a"',
        'name = "x"\nclass_one_ppm = 190000',
    ],
)
def test_a_bad_rule_book_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ScoreError, match=r"rules\.toml"):
        read_rules(path)
