"""Every format gives the same hit list; what is hostile or mistaken is refused with its row."""

from __future__ import annotations

import json
import random
import sqlite3
import tracemalloc
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.contest.intake.canonical import canonical_hits, read_canonical
from pipeline.contest.intake.form import form_bytes
from pipeline.contest.intake.formats import parse, read_submission
from pipeline.contest.intake.gpkg_in import opened
from pipeline.contest.intake.taken import Caps, Taken
from pipeline.contest.intake.typed import read_typed
from pipeline.errors import ContestError, ScoreError
from tests.contest.intake import written

CAPS = Caps(hits=20, bytes=2**20)


def read(data: bytes, name: str) -> Taken:
    """With the caps of these tests."""
    return parse(data, name, CAPS)


def refused(data: bytes, name: str, why: str) -> None:
    """It is refused, in one sentence that names the file."""
    with pytest.raises(ScoreError, match=why) as caught:
        read(data, name)
    assert str(caught.value).startswith(name) and "\n" not in str(caught.value)


def _typed() -> bytes:
    lines = (f"{r['lat']} {r['lon']} {r['class']} {r['r90_m']}m {r['confidence']} #{r['id']}" for r in written.ROWS)
    return "\n".join(lines).encode()


MADE: dict[str, Callable[[Path], bytes]] = {
    "geojson": lambda _: written.geojson(),
    "csv": lambda _: written.csv(),
    "xlsx": lambda _: written.xlsx(),
    "kml": lambda _: written.kml(),
    "kmz": lambda _: written.zipped(doc__kml=written.kml()),
    "gpkg": lambda folder: written.gpkg(folder / "x.gpkg"),
    "typed": lambda _: _typed(),
}


@pytest.mark.parametrize("name", ["a.geojson", "b.csv", "c.xlsx", "d.kml", "e.kmz", "f.gpkg", "g.typed"])
def test_all_formats_hold_the_same_list(name: str, tmp_path: Path) -> None:
    taken = read(MADE[name.partition(".")[2]](tmp_path), name)
    assert taken.hits().digest() == read(written.geojson(), "x.geojson").hits().digest()
    assert taken.format == name.partition(".")[2]
    assert len(taken.numbers) == len(taken.rows) == 2


latitudes, longitudes = st.integers(-90 * 10**9, 90 * 10**9), st.integers(-180 * 10**9, 180 * 10**9)
labels, confidences = st.sampled_from(("dust", "粉尘/堆")), st.none() | st.integers(0, 10**6)


@given(st.lists(st.tuples(latitudes, longitudes, labels, confidences), max_size=8))
def test_canonical_hits_come_back_to_the_byte(rows: list[tuple[int, int, str, int | None]]) -> None:
    given_rows = [{"id": None, "class": label, "lat": lat / 1e9, "lon": lon / 1e9,
                   "confidence": None if p is None else p / 1e6} for lat, lon, label, p in rows]  # fmt: skip
    hits = read(written.geojson(given_rows), "x.geojson").hits()
    data = canonical_hits(hits)
    again = read_canonical(data)
    assert canonical_hits(again) == data and again.digest() == hits.digest() == read_canonical(data).digest()


def test_canonical_hits_with_evidence_come_back() -> None:
    evidence = [{"sha256": "a" * 64, "t": "2026-01-01T00:00:00Z", "point_px": [1, 2], "crop_px": [0, 0, 9, 9],
                 "sharpness": 1.5}, {}]  # fmt: skip
    hits = read(written.geojson([{**written.ROWS[0], "evidence": evidence}]), "x.geojson").hits()
    assert read_canonical(canonical_hits(hits)).evidence == hits.evidence and hits.evidence[0][0].sha256 == "a" * 64


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"[]", b'{"columns":[],"rows":[],"schema_version":1}', b"\xff", b"1" * 99]
)
def test_other_bytes_are_no_canonical_list(data: bytes) -> None:
    with pytest.raises(ContestError, match="canonical"):
        read_canonical(data)


def test_the_same_list_written_otherwise_is_not_canonical() -> None:
    data = canonical_hits(read(written.geojson(), "x.geojson").hits())
    for other in (json.dumps(json.loads(data)).encode(), data + b" ", data.replace(b"null", b"null ", 1)):
        with pytest.raises(ContestError, match="canonical form"):
            read_canonical(other)


NUMBERS = [
    ("NaN", "finite"),
    ("Infinity", "finite"),
    ("-Infinity", "finite"),
    ("1e999", "finite"),
    ("true", "finite|number"),
    ('"34.7"', "finite"),
    ("null", "finite"),
    ("90.0001", r"outside \[-90, 90\]"),
    ("113.6", "outside"),
    ("3846000.5", "metres"),
]


@pytest.mark.parametrize(("value", "why"), NUMBERS)
def test_geojson_numbers_that_are_none(value: str, why: str) -> None:
    data = written.geojson().replace(b"34.7501", value.encode())
    refused(data, "x.geojson", f"x.geojson: feature 2: .*({why})")


@pytest.mark.parametrize("value", ["NaN", "inf", "1e999", "TRUE", "３４.7", "34,7", "0x22", "1_0", "--1", "=34.7", "٣"])
@pytest.mark.parametrize("column", ["lat", "lon", "confidence", "r90_m"])
def test_cells_that_are_no_numbers(value: str, column: str) -> None:
    rows = [dict(r) for r in written.ROWS]
    rows[1][column] = f'"{value}"'
    refused(written.csv(rows), "x.csv", "x.csv: row 3: ")
    line = ["b-2", "dust", 34.75, 113.63, 0.4, 12.0]
    line[{"lat": 2, "lon": 3, "confidence": 4, "r90_m": 5}[column]] = value
    if value != "=34.7":
        refused(written.xlsx([["id", "class", "lat", "lon", "confidence", "r90_m"], line]), "x.xlsx", "x.xlsx: row 2: ")


def test_swapped_columns_and_metres_are_told_apart() -> None:
    refused(b"class,lat,lon\ndust,113.6,34.7\n", "x.csv", "row 2: .*swapped")
    refused(b"class,lat,lon\ndust,3846123.1,38557123.2\n", "x.csv", "row 2: .*metres")
    refused(written.kml([{**written.ROWS[0], "lat": 113.6, "lon": 34.7}]), "x.kml", "placemark 1: .*swapped")


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b'{"type":"FeatureCollection","features":[{"type":"Feature","type":"Feature"}]}', "feature 1: a key is given"),
        (b'{"type":"FeatureCollection","features":[],"features":[]}', "twice"),
        (b'{"type":"FeatureCollection","features":[', "JSON"),
        (b"[" * 100_000, "JSON"),
        (b'{"type":"FeatureCollection","features":[' + b"9" * 5000 + b"]}", "JSON"),
        (b'{"type":"FeatureCollection","features":[1]}', "feature 1"),
        (b"\xff\xfe\x00", "UTF-8"),
        (b"", "JSON"),
        (b'{"type":"FeatureCollection","features":[' + b"[]," * 300_000 + b"[]]}", "feature 201: more than 20 hits"),
    ],
)
def test_json_that_is_malformed(data: bytes, why: str) -> None:
    refused(data, "x.geojson", why)


@pytest.mark.parametrize("datum", ["GCJ-02", "BD-09", "Beijing 1954", "EPSG:3857", "Xian80"])
def test_other_datums_are_refused(datum: str, tmp_path: Path) -> None:
    refused(written.geojson(datum=datum), "x.geojson", "datum")
    refused(f"class,lat,lon,datum\ndust,34.7,113.6,{datum}\n".encode(), "x.csv", "row 2: datum")
    refused(written.xlsx([["坐标系", datum], ["class", "lat", "lon"], ["dust", 34.7, 113.6]]), "x.xlsx", "row 3: datum")
    refused(f"class,纬度 ({datum}),经度 ({datum})\n".encode(), "x.csv", "columns")
    refused(written.gpkg(tmp_path / "x.gpkg", srs=3857), "x.gpkg", "neither in WGS 84")


def test_the_datum_that_is_not_stated_is_warned_of() -> None:
    def codes(data: bytes, name: str) -> list[str]:
        return [w.code for w in read(data, name).warnings]

    assert codes(written.csv(), "x.csv") == ["datum_not_stated"]
    assert codes("类别,纬度（WGS84）,经度（WGS84）\ndust,34.7,113.6\n".encode(), "x.csv") == []
    assert codes(b"class,lat,lon,datum\ndust,34.7,113.6,CGCS2000\n", "x.csv") == []
    assert codes(written.xlsx(), "x.xlsx") == ["datum_not_stated"]
    assert codes(form_bytes(), "x.xlsx") == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
@pytest.mark.parametrize("sign", [",", ";", "\t"])
def test_tables_in_the_encodings_of_spreadsheets(encoding: str, sign: str) -> None:
    text = sign.join(["编号", "类别", "纬度", "经度"]) + "\r\n" + sign.join(["甲一", "扬尘", "34.7", "113.6"]) + "\r\n"
    row = read(text.encode(encoding), "表.csv").rows[0]
    assert (row.id, row.label, row.lat_deg, row.lon_deg) == ("甲一", "扬尘", 34.7, 113.6)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("class,lat,lon,lat\n", "row 1: a column is given twice"),
        ("class,lat,纬度,lon\n", "row 1: a column is given twice"),
        ("class,lat\ndust,1\n", "row 1: the columns"),
        ("", "row 1: the columns"),
        ("id,class,lat,lon\na,dust,1,2\na,dust,3,4\n", "row 3: has the id of row 2"),
        ("class,lat,lon\ndust,1\n", "row 2: one of"),
        ("class,lat,lon\n,1,2\n", "row 2: class is missing"),
        ("class,lat,lon\ndust,1,2,3\n", "row 2: more cells"),
        ('class,lat,lon\n"dust,1,2\n', "is not CSV"),
        ("class,lat,lon\na//b,1,2\n", "row 2: class has an empty level"),
        ("class,lat,lon\nd\u202e,1,2\n", "row 2: class is"),
        ("class,lat,lon\n" + "d" * 300 + ",1,2\n", "row 2: class is"),
        ("class,lat,lon,first_seen\ndust,1,2,2026-01-01 10:00\n", "row 2: first_seen"),
        ("class,lat,lon\n" + "dust,1,2\n" * 21, "row 22: more than 20 hits"),
    ],
)
def test_tables_that_are_wrong(text: str, why: str) -> None:
    refused(text.encode(), "x.csv", why)


def test_columns_are_counted_before_they_are_read() -> None:
    with pytest.raises(ScoreError, match=r"a\.csv: row 1: more than 1000 columns"):
        parse(b"lat_deg,lon_deg,class" + b",x" * 1_000, "a.csv", CAPS)


def test_rows_are_counted_while_they_are_read() -> None:
    """The cap speaks at its row, not after a million of them were made."""
    refused(b"class,lat,lon\n" + b"d,1,2\n" * 100_000, "x.csv", "row 22: more than 20 hits")
    refused(b"class,lat,lon\n" + b"\n" * 300_000, "x.csv", "more rows than")
    features = b",".join([b'{"type":"Feature"}'] * 30_000)
    refused(
        b'{"type":"FeatureCollection","features":[' + features + b"]}", "x.geojson", "feature 201: more than 20 hits"
    )


def test_the_file_is_capped_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(b"class,lat,lon\n" + b" " * 2**20)
    with pytest.raises(ScoreError, match="larger than the 1 MiB"):
        read_submission(path, CAPS)
    with pytest.raises(ScoreError, match="no such file"):
        read_submission(tmp_path / "none.csv", CAPS)
    refused(b"x", "x.xls", "save it as .xlsx")
    refused(b"x", "x.exe", "none of")
    refused(b"x", "x", "none of")


def test_no_more_of_a_file_is_read_than_the_cap(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    with path.open("wb") as file:
        file.truncate(200 * 2**20)
    tracemalloc.start()
    try:
        with pytest.raises(ScoreError, match="larger than"):
            read_submission(path, CAPS)
        assert tracemalloc.get_traced_memory()[1] < 10 * 2**20
    finally:
        tracemalloc.stop()


def test_a_run_folder_gives_its_list(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "hits.geojson").write_bytes(written.geojson())
    assert len(read_submission(tmp_path / "run", CAPS).rows) == 2


SCRAPS = (b"<", b'"', b"0", b"-1", b"99999999999", b"\0", b"\xff", b"{", b"]", b",", b"null", b'r="A0"', b't="e"',
          b"<f>1</f>", b's="999999"', b"NaN", b"&amp;", b"e999")  # fmt: skip


def _damaged(data: bytes, rng: random.Random) -> bytes:
    out = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(out) + 1)
        out[at : at + rng.choice((0, 0, 1, 9))] = rng.choice(SCRAPS)
    return bytes(out)


@pytest.mark.parametrize("name", ["a.geojson", "b.csv", "c.xlsx", "d.kml", "e.kmz", "f.gpkg", "g.typed"])
def test_damaged_files_are_read_or_refused_in_a_sentence(name: str, tmp_path: Path) -> None:
    whole = MADE[name.partition(".")[2]](tmp_path)
    rng = random.Random(name)
    for n in range(60):
        packed = name.endswith(("xlsx", "kmz")) and n % 3
        data = written.repacked(whole, rng, _damaged) if packed else _damaged(whole, rng)
        try:
            read(data, name).hits()
        except ScoreError as why:
            assert str(why).startswith(name) and "\n" not in str(why)


def test_dms_in_cells_is_converted_and_told() -> None:
    taken = read("类别,纬度,经度\ndust,34°44′47.80″N,E113°37′31.4″\ndust,34 44 48,113 37 32\n".encode(), "x.csv")
    assert (taken.rows[0].lat_deg, taken.rows[0].lon_deg) == (34.746611111, 113.625388889)
    told = {w.code: w.text_en for w in taken.warnings}
    assert "1 row(s) (3)" in told["dms_coarse"] and "2 row(s) (2, 3)" in told["dms_read"]
    refused("类别,纬度,经度\ndust,113°37′31.4″E,34.7\n".encode(), "x.csv", "row 2: latitude has a letter of the other")


def test_rejected_hits_of_a_reviewed_list_do_not_count_but_are_checked() -> None:
    rows = [{**written.ROWS[0], "verdict": "rejected"}, {**written.ROWS[1], "verdict": "confirmed"}]
    taken = read(written.geojson(rows), "x.geojson")
    assert [r.id for r in taken.rows] == ["b-2"] and taken.numbers == (2,)
    refused(written.geojson([{**rows[0], "confidence": 2}]), "x.geojson", "feature 1: confidence")


def test_html_and_formulas_in_texts_stay_texts() -> None:
    for label in ("<script>alert(1)</script>", "=cmd|' /C calc'!A0", "../../etc/passwd", "{{7*7}}", "#set page()"):
        row = {**written.ROWS[0], "id": label, "class": "dust"}
        assert read(written.geojson([row]), "x.geojson").rows[0].id == label


# --- XLSX ---------------------------------------------------------------------------------------------------------


def test_a_formula_is_refused_with_its_cell() -> None:
    lines: list[list[Any]] = [["id", "class", "lat", "lon", "备注"], ["a", "dust", "=34+0.7", 113.6, ""]]
    refused(written.xlsx(lines), "x.xlsx", "x.xlsx: cell C2: holds a formula")
    lines[1] = ["a", "dust", 34.7, 113.6, "=1+1"]
    assert len(read(written.xlsx(lines), "x.xlsx").rows) == 1


def test_booleans_and_dates_in_cells_are_refused() -> None:
    from datetime import datetime

    head = ["class", "lat", "lon", "confidence", "first_seen"]
    refused(written.xlsx([head, ["dust", True, 113.6]]), "x.xlsx", "row 2: latitude is not a finite number")
    refused(written.xlsx([head, ["dust", 34.7, 113.6, False]]), "x.xlsx", "row 2: confidence")
    refused(written.xlsx([head, ["dust", 34.7, 113.6, None, datetime(2026, 1, 1)]]), "x.xlsx", "row 2: first_seen")
    refused(written.xlsx([head, [5, 34.7, 113.6]]), "x.xlsx", "row 2: class is not text")


def test_the_form_that_we_give_out_is_read_back() -> None:
    from openpyxl import load_workbook

    assert form_bytes() == form_bytes()
    book = load_workbook(BytesIO(form_bytes()))
    sheet = book.worksheets[0]
    for column, value in enumerate(("a1", "34°44′47.80″N", "113.6254321", "dust", 0.5, 4), 1):
        sheet.cell(5, column, value)
    sheet["B3"] = "CGCS2000"
    out = BytesIO()
    book.save(out)
    taken = read(out.getvalue(), "填报表.xlsx")
    row = taken.rows[0]
    assert (row.id, row.lat_deg, row.lon_deg, row.label, row.confidence, row.r90_m) == (
        "a1", 34.746611111, 113.6254321, "dust", 0.5, 4.0)  # fmt: skip
    assert taken.numbers == (5,) and [w.code for w in taken.warnings] == ["dms_read"]


def test_rows_far_down_a_sheet_are_not_walked_to() -> None:
    data = written.xlsx([["class", "lat", "lon"], ["dust", 34.7, 113.6]])
    with zipfile.ZipFile(BytesIO(data)) as old:
        parts = {n: old.read(n) for n in old.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    far = parts[sheet].replace(b'<row r="2"', b'<row r="1048576"').replace(b'r="A2"', b'r="A1048576"')
    parts[sheet] = far.replace(b'r="B2"', b'r="B1048576"').replace(b'r="C2"', b'r="C1048576"')
    refused(written.zipped(**parts), "x.xlsx", "more rows than")


def _bomb(size: int) -> bytes:
    """An archive whose entry unpacks to so many bytes."""
    out = BytesIO()
    with (
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive,
        archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as entry,
    ):
        for _ in range(size // 2**20):
            entry.write(b"\0" * 2**20)
    return out.getvalue()


@pytest.mark.parametrize("name", ["x.xlsx", "x.kmz"])
def test_archives_that_explode_are_refused_by_their_directory(name: str) -> None:
    refused(_bomb(65 * 2**20), name, "larger than 64 MiB when unpacked")


def test_archives_that_lie_about_their_size_are_counted() -> None:
    data = bytearray(written.zipped(doc__kml=b"<kml>" + b" " * 2**20))
    at = data.index(b"PK\1\2") + 24
    data[at : at + 4] = (100).to_bytes(4, "little")
    refused(bytes(data), "x.kmz", "damaged|larger|not KML")


@pytest.mark.parametrize("name", ["x.xlsx", "x.kmz"])
@pytest.mark.parametrize("data", [b"", b"PK", b"PK\5\6" + b"\0" * 18, b"PK\3\4" + b"\xff" * 200, b"no archive"])
def test_what_is_no_archive(name: str, data: bytes) -> None:
    refused(data, name, "archive|columns|kml|workbook")


def test_encrypted_and_doubled_entries() -> None:
    data = bytearray(written.zipped(doc__kml=written.kml()))
    data[data.index(b"PK\1\2") + 8] |= 1
    refused(bytes(data), "x.kmz", "encrypted")
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("doc.kml", written.kml())
        archive.writestr("doc.kml", written.kml([]))
    refused(out.getvalue(), "x.kmz", "two entries of one name")


# --- KML ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "head",
    [
        '<!DOCTYPE kml [<!ENTITY a "x">]>',
        '<!DOCTYPE kml [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE kml SYSTEM "http://127.0.0.1/x.dtd">',
        '<!DOCTYPE lolz [<!ENTITY l "l"><!ENTITY m "&l;&l;&l;&l;&l;&l;&l;&l;&l;&l;">]>',
    ],
)
def test_document_types_and_entities_are_refused(head: str) -> None:
    refused(written.kml(head=head), "x.kml", "document type or entities")
    text = written.kml(head=head).decode().replace("UTF-8", "UTF-16").encode("utf-16")
    refused(text, "x.kml", "document type or entities")


def test_links_are_refused() -> None:
    link = "<NetworkLink><Link><href>http://127.0.0.1:9/x.kml</href></Link></NetworkLink>"
    refused(written.kml(more=link), "x.kml", "links to another document")


def test_shapes_are_left_out_and_told() -> None:
    line = "<Placemark><LineString><coordinates>1,2 3,4</coordinates></LineString></Placemark>"
    own = "<Placemark><styleUrl>#r90</styleUrl><Polygon/></Placemark>"
    taken = read(written.kml(more=line * 2 + own), "x.kml")
    assert len(taken.rows) == 2 and [w.text_en[:2] for w in taken.warnings] == ["2 "]


def test_a_placemark_with_nothing_but_a_name_is_of_that_class() -> None:
    bare = (
        b"<kml><Placemark><name>dust/pile</name><Point><coordinates>113.6,34.7</coordinates></Point></Placemark></kml>"
    )
    assert read(bare, "x.kml").rows[0].label == "dust/pile"
    refused(bare.replace(b"dust/pile", b""), "x.kml", "placemark 1: class is missing")
    refused(bare.replace(b"113.6,34.7", b"113.6"), "x.kml", "placemark 1: coordinates")
    refused(bare.replace(b"113.6,34.7", b"nan,34.7"), "x.kml", "placemark 1: coordinates")
    refused(bare.replace(b"113.6,34.7", "１１３,34.7".encode()), "x.kml", "placemark 1: coordinates")


@pytest.mark.parametrize("data", [b"", b"<kml>", b"<kml></kml", b"\xff\xfe", b"<kml>&xxe;</kml>", b"{}"])
def test_what_is_no_kml(data: bytes) -> None:
    refused(data, "x.kml", "not KML")


def test_placemarks_are_counted_while_they_are_read() -> None:
    refused(written.kml(written.ROWS[:1] * 1).replace(b"</Document>", _marks(50) + b"</Document>"), "x.kml",
            "placemark 21: more than 20 hits")  # fmt: skip
    with pytest.raises(ScoreError, match="tags"):
        parse(b"<kml>" + b"<a/>" * 1_000_000 + b"</kml>", "x.kml", Caps(bytes=2**23))
    with pytest.raises(ScoreError, match="objects and lists"):
        parse(b"[" + b"[]," * 600_000 + b"[]]", "x.geojson", Caps(bytes=2**23))


def _marks(count: int) -> bytes:
    mark = b"<Placemark><name>d</name><Point><coordinates>1,2</coordinates></Point></Placemark>"
    return mark * count


# --- GeoPackage ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        (["DROP TABLE points", "CREATE VIEW points AS SELECT 1 AS geom"], "not a plain table"),
        (["DROP TABLE points"], "not a plain table"),
        (["DROP TABLE points", "CREATE VIRTUAL TABLE points USING fts4(geom)"], "not a plain table"),
        (["DROP TABLE gpkg_geometry_columns", "CREATE VIEW gpkg_geometry_columns AS SELECT 1"], "not a plain table"),
        (["DELETE FROM gpkg_geometry_columns"], "0 layers"),
        (["INSERT INTO gpkg_geometry_columns VALUES ('more', 'geom', 'POINT', 4326, 0, 0)"], "2 layers"),
        (["UPDATE gpkg_geometry_columns SET column_name = 'none'"], "lacks its column"),
        (["UPDATE points SET confidence = 'x'"], "row 1: confidence"),
        (["UPDATE points SET confidence = 7 WHERE fid = 2"], "row 2: confidence"),
        (["UPDATE points SET id = 'same'"], "row 2: has the id of row 1"),
        (["UPDATE points SET class = NULL"], "row 1: class is missing"),
        (["UPDATE points SET geom = NULL"], "row 1: has no point"),
        (["DROP TABLE gpkg_spatial_ref_sys"], "not a plain table"),
        (["UPDATE gpkg_spatial_ref_sys SET organization = 'none'"], "neither in WGS 84"),
        (["ALTER TABLE points ADD COLUMN lat_deg AS (abs(-9223372036854775807)) VIRTUAL"], "not a plain table"),
        (["CREATE TRIGGER t AFTER DELETE ON points BEGIN SELECT 1; END", "UPDATE points SET class = ''"], "row 1"),
    ],
)
def test_geopackages_that_are_wrong(sql: list[str], why: str, tmp_path: Path) -> None:
    refused(written.gpkg(tmp_path / "x.gpkg", sql=sql), "x.gpkg", why)


@pytest.mark.parametrize(
    "blob",
    [
        b"",
        b"GP",
        b"\0" * 29,
        written.gpkg_point(113.6, 34.7, kind=2),
        written.gpkg_point(113.6, 34.7, flags=0b10001),
        written.gpkg_point(113.6, 34.7, flags=0b1111),
        written.gpkg_point(113.6, 34.7) + b"\0",
        written.gpkg_point(113.6, 34.7)[:-1],
        written.gpkg_point(float("nan"), 34.7),
        written.gpkg_point(113.6, float("inf")),
        written.gpkg_point(34.7, 113.6),
    ],
)
def test_points_that_are_none(blob: bytes, tmp_path: Path) -> None:
    refused(written.gpkg(tmp_path / "x.gpkg", blob=blob), "x.gpkg", "row 1: ")


def test_points_of_either_byte_order(tmp_path: Path) -> None:
    data = written.gpkg(tmp_path / "x.gpkg", blob=written.gpkg_point(113.6, 34.7, order=">"), srs=4490)
    assert [(r.lat_deg, r.lon_deg) for r in read(data, "x.gpkg").rows] == [(34.7, 113.6)] * 2


def test_a_damaged_geopackage_is_a_sentence(tmp_path: Path) -> None:
    data = written.gpkg(tmp_path / "x.gpkg")
    for at in range(100, len(data), 97):
        broken = bytearray(data)
        broken[at] ^= 0xFF
        try:
            read(bytes(broken), "x.gpkg")
        except ScoreError as why:
            assert str(why).startswith("x.gpkg: ")
    refused(data[:5000], "x.gpkg", "cannot be read|not a plain")
    refused(b"SQLite format 3\0" + b"\0" * 200, "x.gpkg", "cannot be read")
    refused(b"no database", "x.gpkg", "is no GeoPackage")


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT abs(1)",
        "SELECT load_extension('x')",
        "ATTACH 'other.db' AS other",
        "DELETE FROM points",
        "CREATE TABLE t (a)",
        "PRAGMA journal_mode = DELETE",
        "PRAGMA trusted_schema = ON",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n",
        f"SELECT 1 FROM {', '.join(f'points p{n}' for n in range(26))} WHERE p0.confidence + p25.confidence < 0",
    ],
)
def test_a_geopackages_database_can_only_be_read(sql: str, tmp_path: Path) -> None:
    with opened(written.gpkg(tmp_path / "x.gpkg")) as db:
        assert len(db.execute("SELECT * FROM points").fetchall()) == 2
        with pytest.raises(sqlite3.DatabaseError):
            db.execute(sql).fetchall()


def test_nothing_of_a_geopackage_stays_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import tempfile

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "空 tmp"))
    (tmp_path / "空 tmp").mkdir()
    read(written.gpkg(tmp_path / "x.gpkg"), "x.gpkg")
    assert list((tmp_path / "空 tmp").iterdir()) == []


# --- typed --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("34.7 113.6", "class is missing"),
        ("34.7 113.6 dust smoke", "word 2 .* second time"),
        ("34.7 113.6 dust 3m 4m", "r90_m a second time"),
        ("113.6 34.7 dust", "swapped"),
        ("34.7 113.6 dust 400%", "confidence"),
        ("３４.7 113.6 dust", "full-width"),
        ("34.7 113.6 " + "d" * 600, "longer than"),
        ("999 999 dust", "latitude is outside"),
    ],
)
def test_typed_lines_that_are_wrong(line: str, why: str) -> None:
    with pytest.raises(ScoreError, match=f"row 2: .*{why}"):
        read_typed(["34.7 113.6 dust", line], CAPS)


def test_typed_lines_say_more_in_any_order() -> None:
    row = read_typed(["", "34.7, 113.6; 80% #井-7 ±5 m outfall"], CAPS).rows[0]
    assert (row.id, row.label, row.r90_m, row.confidence) == ("井-7", "outfall", 5.0, 0.8)
    assert json.dumps(row.lat_deg) == "34.7"
