"""Controllers' files in: what they are called, how they are written, and what two occupations must be."""

from __future__ import annotations

import io
import json
import math
import re
import traceback
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.contest.truth.columns import meanings, plain_heading
from pipeline.contest.truth.folder import SHEET, SURVEY, TARGETS, Truth, read_truth
from pipeline.contest.truth.survey import import_targets
from pipeline.errors import ContestError
from pipeline.score.targets import read_targets
from tests.contest.truth.truth_day import CRS, HEAD, ROWS

Take = Callable[..., Truth]
# EPSG:4547 of the mean of T1's two occupations
T1_LAT, T1_LON = 34.839442720, 114.134975330
SECRET = re.compile(r"38567|38569|5123\d|12345|34[.°]8|114[.°]1|789\.1")


def two(row: str, again: str = "") -> str:
    """A row, and the same an hour later, `again` in its place."""
    return row.replace("TIME", "2026-05-01 09:00:00") + (again or row).replace("TIME", "2026-05-01 10:00:00")


# --- how files are written -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
@pytest.mark.parametrize("separator", [",", "\t", ";"])
def test_encodings_and_separators(surveyed: Take, encoding: str, separator: str) -> None:
    truth = surveyed((HEAD + ROWS).replace(",", separator).replace("\n", "\r\n").encode(encoding))
    assert [t.id for t in truth.targets] == ["T1", "T2"]
    assert truth.targets[0].at.lat_deg == pytest.approx(T1_LAT, abs=1.1e-9)
    assert truth.targets[0].at.lon_deg == pytest.approx(T1_LON, abs=1.1e-9)


def test_titles_above_the_headings_and_blank_rows(surveyed: Take) -> None:
    text = "项目：环境执法大练兵\n导出时间 2026-05-02\n\n" + HEAD + ROWS.replace("\n", "\n,,,,,,\n")
    assert len(surveyed(text).targets) == 2


def book(rows: list[list[Any]], more: list[list[Any]] | None = None) -> bytes:
    made = openpyxl.Workbook()
    for row in rows:
        made.active.append(row)
    second = made.create_sheet("Sheet2")
    for row in more or []:
        second.append(row)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def cells_of_rows() -> list[list[Any]]:
    rows: list[list[Any]] = [HEAD.strip().split(",")]
    for line in ROWS.strip().split("\n"):
        name, label, north, east, hrms, status, when = line.split(",")
        rows.append([name, label, float(north), float(east), float(hrms), status, datetime.fromisoformat(when)])
    return rows


def test_a_workbook_gives_the_same_targets(surveyed: Take) -> None:
    assert surveyed(book(cells_of_rows()), name="测量.xlsx").targets == surveyed(HEAD + ROWS).targets


def test_workbooks_that_are_refused(surveyed: Take) -> None:
    rows = cells_of_rows()
    with pytest.raises(ContestError, match="2 sheets hold something"):
        surveyed(book(rows, rows), name="two.xlsx")
    formula = [*rows[:2], ["T9", "dust", "=3856789.123+0", *rows[1][3:]], *rows[2:]]
    with pytest.raises(ContestError, match=r"f\.xlsx: row 3: a cell holds a formula"):
        surveyed(book(formula), name="f.xlsx")
    truth_value = [*rows[:2], ["T9", True, *rows[1][2:]]]
    with pytest.raises(ContestError, match="row 3: a cell holds an error or a truth value"):
        surveyed(book(truth_value), name="b.xlsx")
    for damaged in (b"PK\x03\x04 no book", b"", book(rows)[:900]):
        with pytest.raises(ContestError, match="no archive of this kind, or damaged"):
            surveyed(damaged, name="d.xlsx")


def test_a_bomb_is_not_unpacked(surveyed: Take) -> None:
    import zipfile

    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as parts:
        parts.writestr("xl/worksheets/sheet1.xml", b"0" * (65 * 2**20))
    with pytest.raises(ContestError, match="when unpacked"):
        surveyed(out.getvalue(), name="bomb.xlsx")


# --- what columns are called ---------------------------------------------------------------------------------------

MAKERS = {
    "CHCNAV": "点名,编码,北坐标,东坐标,高程,纬度,经度,大地高,HRMS,VRMS,解状态,本地时间",
    "South": "点名,属性,纵坐标X,横坐标Y,高程H,纬度,经度,状态,HRMS,VRMS,日期,时间",
    "Hi-Target": "点名,x(北坐标),y(东坐标),h,描述,解类型,平面精度(m),高程精度(m),采集时间",
    "Trimble": "Point ID,Northing,Easting,Elevation,Code,H Prec,V Prec,Solution type,Start Time",
    "short": "Name, N (m), E (m), Z (m), Code, HRMS, VRMS, Status, Date/Time",
}


@pytest.mark.parametrize("maker", MAKERS)
def test_makers_headings_are_known(maker: str) -> None:
    found = meanings(MAKERS[maker].split(","))
    assert {"name", "code", "north", "east", "height", "hrms", "vrms", "status", "time"} <= set(found)


@pytest.mark.parametrize(
    "heading", ["北坐标", "北坐标X", "X坐标", "纵坐标X(m)", "X（北）", " x ", "N", "Northing", "NORTHING (m)"]
)
def test_north_by_many_names(heading: str) -> None:
    assert meanings([heading]) == {"north": 0}
    assert plain_heading(heading) == plain_heading(heading.lower())


def test_a_heading_never_means_two_things() -> None:
    from pipeline.contest.truth.columns import HEADINGS

    words = [w for names in HEADINGS.values() for w in names.split()]
    assert len(words) == len(set(words)) and all(w == plain_heading(w) for w in words)


def test_millimetres_by_their_heading(surveyed: Take) -> None:
    text = (HEAD + ROWS).replace("HRMS", "HRMS(mm)").replace("0.010", "10").replace("0.012", "12")
    assert [t.r90_m for t in surveyed(text).targets] == [t.r90_m for t in surveyed(HEAD + ROWS).targets]


@pytest.mark.parametrize(
    ("head", "why"),
    [
        ("类别,北坐标X,东坐标Y\n", "no row of headings"),
        ("点名,类别,北坐标X,HRMS,解状态,时间,东\n".replace("东", "备注"), "no columns for east and north"),
        ("点名,类别,纬度,经度,HRMS,解状态,时间\n", "no columns for east and north; it has the other kind"),
        ("点名,类别,北坐标X,N,东坐标Y,解状态,时间\n", "two columns are headed as 'north'"),
    ],
)
def test_headings_that_do_not_do(surveyed: Take, head: str, why: str) -> None:
    with pytest.raises(ContestError, match=why):
        surveyed(head + ROWS)


# --- places --------------------------------------------------------------------------------------------------------


def test_degrees_decimal_and_sexagesimal(surveyed: Take) -> None:
    head = "Name,Class,Latitude,Longitude,Time\n"
    decimal = head + two("T1,dust,34.839442720,114.134975330,TIME\n", "T1,dust,34.8394427,114.1349753,TIME\n")
    dms = head + two(
        "T1,dust,34°50'21.993792\"N,114°08'05.911188\"E,TIME\n", "T1,dust,34:50:21.9937,114 08 05.9111,TIME\n"
    )
    one, other = surveyed(decimal, "wgs84").targets[0], surveyed(dms, "cgcs2000").targets[0]
    assert one.at.lat_deg == pytest.approx(other.at.lat_deg, abs=3e-8)
    assert one.at.lon_deg == pytest.approx(other.at.lon_deg, abs=3e-8)
    assert one.at.lat_deg == pytest.approx(34.83944271, abs=2e-9)


@pytest.mark.parametrize(
    ("lat", "lon", "why"),
    [
        ("114.134975330", "34.839442720", "swapped"),
        ("34.839442720E", "114.134975330N", "lat is not an angle"),
        ("91.5", "114.1", "beyond the globe"),
        ("34.83", "180.5", "beyond the globe"),
        ("３４.8", "114.1", "lat is not an angle"),
        ("nan", "114.1", "lat is not an angle"),
        ("34°61'00\"N", "114.1", "minutes or seconds of 60"),
        ("", "114.1", "lat is missing"),
        ("=34.8", "114.1", "lat is not an angle"),
    ],
)
def test_angles_that_are_none(surveyed: Take, lat: str, lon: str, why: str) -> None:
    with pytest.raises(ContestError, match=f"survey.csv: row 2: .*{why}") as caught:
        surveyed("Name,Class,Latitude,Longitude,Time\n" + two(f"T1,dust,{lat},{lon},TIME\n"), "wgs84")
    assert not SECRET.search(str(caught.value))


def test_swapped_columns_are_refused(surveyed: Take) -> None:
    swapped = HEAD.replace("北坐标X,东坐标Y", "东坐标Y,北坐标X")
    with pytest.raises(ContestError, match="row 2: north and east are swapped") as caught:
        surveyed(swapped + ROWS)
    assert not SECRET.search(str(caught.value))


def test_a_wrong_meridian_shows_against_the_rows_own_degrees(surveyed: Take) -> None:
    head = "点名,类别,北坐标X,东坐标Y,纬度,经度,时间\n"
    row = "T1,dust,3856789.128,512345.6745,34.839442720,114.134975330,TIME\n"
    text = head + two(row, row.replace("9.128", "9.138"))
    assert surveyed(text).targets[0].id == "T1"
    with pytest.raises(ContestError, match=r"row 2: .*two places: is the crs right"):
        surveyed(text, "cgcs2000/gk3:CM=117")


def test_targets_outside_the_contests_area_are_refused(surveyed: Take) -> None:
    assert surveyed(HEAD + ROWS, area=(114.1, 34.8, 114.2, 34.9))
    with pytest.raises(ContestError, match="target 'T1': lies outside the contest's area") as caught:
        surveyed(HEAD + ROWS, area=(114.2, 34.8, 114.3, 34.9))
    assert not SECRET.search(str(caught.value))


# --- two occupations -----------------------------------------------------------------------------------------------


def test_the_mean_is_taken(surveyed: Take) -> None:
    row = "T1,dust,3856789.{n},512345.{e},0.010,固定解,TIME\n"
    text = HEAD + two(row.format(n=100, e=600), row.format(n=120, e=640))
    middle = HEAD + two(row.format(n="1099", e="6201"), row.format(n="1101", e="6199"))
    one, other = surveyed(text).targets[0].at, surveyed(middle).targets[0].at
    assert (one.lat_deg, one.lon_deg) == pytest.approx((other.lat_deg, other.lon_deg), abs=1.1e-9)


@pytest.mark.parametrize(("north", "east", "fits"), [(0.03, 0.04, True), (0.0301, 0.0401, False), (0, 0.0505, False)])
def test_at_most_five_centimetres_apart(surveyed: Take, north: float, east: float, fits: bool) -> None:
    row = "T1,dust,{:.4f},{:.4f},0.010,固定解,TIME\n"
    # on the central meridian a grid metre is a metre
    text = HEAD + two(row.format(3_856_789, 500_000), row.format(3_856_789 + north, 500_000 + east))
    if fits:
        assert surveyed(text).survey["measured"][0]["apart_mm"] == 50
        return
    with pytest.raises(ContestError, match=r"target 'T1': .* 51 mm apart") as caught:
        surveyed(text)
    assert not SECRET.search(str(caught.value))


def test_pairs_by_name_by_suffix_and_by_file(surveyed: Take, tmp_path: Path) -> None:
    suffixed = ROWS.replace("T1", "T1-1", 1).replace("T2", "T2_1", 1)
    suffixed = re.sub(r"^T(\d),", r"T\1-2,", suffixed, flags=re.M).replace("T2-2", "T2_2")
    by_suffix = surveyed(HEAD + suffixed).targets
    lines = ROWS.splitlines(keepends=True)
    for name, rows in (("第一次.csv", lines[:2]), ("第二次.csv", lines[2:])):
        (tmp_path / name).write_text(HEAD + "".join(rows), "utf-8")
    by_file = import_targets([tmp_path / "第二次.csv", tmp_path / "第一次.csv"], tmp_path / "T", CRS).targets
    assert by_suffix == by_file == surveyed(HEAD + ROWS).targets


def test_targets_may_themselves_be_called_dash_one_and_dash_two(surveyed: Take) -> None:
    text = HEAD + ROWS.replace("T1", "T-1").replace("T2", "T-2")
    assert [t.id for t in surveyed(text).targets] == ["T-1", "T-2"]


@pytest.mark.parametrize("count", [1, 3])
def test_exactly_two(surveyed: Take, count: int) -> None:
    rows = "".join(
        f"T1,dust,3856789.{n}23,512345.678,0.010,固定解,2026-05-01 {9 + n:02d}:00:00\n" for n in range(count)
    )
    with pytest.raises(ContestError, match=f"target 'T1': {count} occupations?, and two"):
        surveyed(HEAD + rows)


def test_a_copy_is_no_second_occupation(surveyed: Take) -> None:
    row = "T1,dust,3856789.123,512345.678,0.010,固定解,TIME\n"
    same = row.replace("TIME", "2026-05-01 09:00:00")
    with pytest.raises(ContestError, match=r"target 'T1': .*one was copied"):
        surveyed(HEAD + same + same)
    with pytest.raises(ContestError, match=r"target 'T1': .*one time"):
        surveyed(HEAD + same + same.replace("9.123", "9.125"))
    with pytest.raises(ContestError, match="less than 60 s apart"):
        surveyed(HEAD + same + same.replace("9.123", "9.125").replace("00:00", "00:30"))
    untimed = HEAD.replace(",时间", "") + "T1,dust,3856789.123,512345.678,0.010,固定解\n" * 2
    with pytest.raises(ContestError, match="equal to the millimetre"):
        surveyed(untimed)
    with_height = HEAD.replace("HRMS", "高程") + two(row)
    with pytest.raises(ContestError, match="equal to the millimetre"):
        surveyed(with_height)


@pytest.mark.parametrize(
    "status",
    [
        "浮点解",
        "单点解",
        "Float",
        "DGPS",
        "5",
        "",
        "固定？",
        "未固定",
        "not fixed",
        "固定解?",
        "fixed?",
        "unfixed",
        "no fix",
        "14",
    ],
)
def test_only_fixed_solutions(surveyed: Take, status: str) -> None:
    with pytest.raises(ContestError, match=r"row 2: is not a fixed solution"):
        surveyed(HEAD + ROWS.replace("固定解", status, 1))


@pytest.mark.parametrize(
    "status",
    [
        "固定解",
        "固定",
        "窄巷固定解",
        "Fixed",
        "FIX",
        "RTK Fixed",
        "RTK-Fix",
        "4",
        "RTK固定解",
        "Fixed (RTK)",
        "L1 Fixed",
        "NARROW_INT",
    ],
)
def test_fixed_in_many_words(surveyed: Take, status: str) -> None:
    assert len(surveyed(HEAD + ROWS.replace("固定解", status)).targets) == 2


@pytest.mark.parametrize("hrms", ["12", "0.0004", "-0.01", "0.51"])
def test_an_rms_in_the_wrong_unit_is_noticed(surveyed: Take, hrms: str) -> None:
    with pytest.raises(ContestError, match="row 2: its HRMS is not from 1 to 500 mm"):
        surveyed(HEAD + ROWS.replace("0.010", hrms, 1))


def test_r90_from_both_rms(surveyed: Take) -> None:
    """σ of an axis of the mean is √((h₁² + h₂²)/8), and 90 % of a circular normal lie within √(2 ln 10) σ."""
    row = "T1,dust,3856789.12{},512345.678,{},固定解,TIME\n"
    truth = surveyed(HEAD + two(row.format(3, "0.020"), row.format(5, "0.030")))
    wanted = math.sqrt(2 * math.log(10)) * math.sqrt((0.020**2 + 0.030**2) / 8)
    assert truth.targets[0].r90_m == pytest.approx(wanted, abs=0.0006)
    far = surveyed(HEAD + two(row.format(3, "0.001"), row.format(3, "0.001").replace("9.123", "9.163")))
    assert far.targets[0].r90_m == pytest.approx(0.020, abs=0.0006)
    none = surveyed((HEAD + ROWS).replace("HRMS", "备注"))
    assert [t.r90_m for t in none.targets] == [None, None]


@settings(max_examples=20, deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_order_of_rows_and_files_never_matters(tmp_path_factory: pytest.TempPathFactory, rng: Any) -> None:
    rows = (ROWS + ROWS.replace("T1", "郑1").replace("T2", "t2")).splitlines(keepends=True)
    cut = rng.randrange(1, len(rows))
    rng.shuffle(rows)
    folder = tmp_path_factory.mktemp("order")
    for name, part in (("a.csv", rows[:cut]), ("b.csv", rows[cut:])):
        (folder / name).write_text(HEAD + "".join(part), "utf-8")
    found = import_targets([folder / "a.csv", folder / "b.csv"], folder / "T", CRS, salt=bytes(32))
    assert [t.id for t in found.targets] == ["T1", "T2", "t2", "郑1"]
    assert found.digest == "7c17ac4030eb5e3e0ba9f6d8dd69c89bfa5f6418adb58224cbdca8b907dc8c60"


# --- what a target is beside where it is -----------------------------------------------------------------------------


def test_classes_in_words_and_as_paths(surveyed: Take) -> None:
    text = HEAD + ROWS.replace("outfall/industrial", "秸秆焚烧").replace("dust", "Uncovered pile")
    assert [t.label for t in surveyed(text).targets] == ["smoke/straw", "dust/pile"]
    assert surveyed((HEAD + ROWS).replace("类别", "编码")).targets[0].label == "outfall/industrial"
    with pytest.raises(ContestError, match="target 'T1': has no class"):
        surveyed((HEAD + ROWS).replace("类别", "备注"))
    with pytest.raises(ContestError, match="target 'T1': its two occupations differ in class"):
        surveyed(HEAD + ROWS.replace("outfall/industrial", "dust", 1))
    with pytest.raises(ContestError, match="target 'T1': its class is no path"):
        surveyed(HEAD + ROWS.replace("outfall/industrial", "outfall//x"))


def test_details_come_from_a_table_of_their_own(surveyed: Take, tmp_path: Path) -> None:
    details = tmp_path / "details.csv"
    details.write_text(
        "点名,类别,权重,r90(m),可见开始,可见结束\nT1,扬尘,3,0.5,2026/5/1 8:00,2026-05-01 18:00:00\nT2,,2,,,\n", "utf-8"
    )
    one, other = surveyed(HEAD + ROWS, details=details).targets
    assert (one.label, one.weight, one.r90_m) == ("dust", 3, 0.5)
    assert one.visible_from_ms == 1_777_593_600_000 and one.visible_to_ms == 1_777_629_600_000
    assert (other.label, other.weight, other.visible_from_ms) == ("dust", 2, None)
    for text, why in (
        ("点名,权重\nT9,2\n", "row 2: there is no target 'T9'"),
        ("点名,权重\nT1,2\nT1,3\n", "row 3: target 'T1' is told twice"),
        ("点名,权重\nT1,2.5\n", "target 'T1': its weight is not a whole number"),
        ("点名,权重\nT1,0\n", "target 'T1': its weight is not a whole number"),
        ("点名,r90\nT1,-1\n", "target 'T1': its r90 is not"),
        ("点名,可见开始\nT1,下午\n", "target 'T1': visible_from is not a date"),
        ("点名,可见开始,可见结束\nT1,2026-05-02 08:00,2026-05-01 08:00\n", "target 'T1': visible_from is after"),
    ):
        details.write_text(text, "utf-8")
        with pytest.raises(ContestError, match=why):
            surveyed(HEAD + ROWS, details=details)


@pytest.mark.parametrize(
    ("text", "t_ms"),
    [
        ("2026-05-01 09:00:00", 1_777_597_200_000),
        ("2026/5/1 9:00", 1_777_597_200_000),
        ("2026年5月1日 9时0分0秒", 1_777_597_200_000),
        ("2026-05-01T09:00:00.250+08:00", 1_777_597_200_250),
        ("2026-05-01T01:00:00Z", 1_777_597_200_000),
    ],
)
def test_times_as_controllers_write_them(surveyed: Take, text: str, t_ms: int) -> None:
    truth = surveyed(HEAD + ROWS.replace("2026-05-01 09:00:00", text))
    assert truth.survey["measured"][0]["occupations"][0]["t_ms"] == t_ms


def test_a_day_in_one_column_and_a_time_in_another(surveyed: Take) -> None:
    text = (HEAD + ROWS).replace("时间", "日期,时间").replace("2026-05-01 ", "2026-05-01,")
    assert surveyed(text).targets == surveyed(HEAD + ROWS).targets
    with pytest.raises(ContestError, match="row 2: time is not a date with a time"):
        surveyed(HEAD + ROWS.replace("2026-05-01 09:00:00", "09:00:00"))


def ring(west: float, south: float, side: float = 0.001) -> list[list[list[float]]]:
    east, north = west + side, south + side
    return [[[west, south], [east, south], [east, north], [west, north], [west, south]]]


def areas_file(path: Path, *features: tuple[dict[str, Any], dict[str, Any]]) -> Path:
    listed = [{"type": "Feature", "properties": p, "geometry": g} for p, g in features]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": listed}), "utf-8")
    return path


def test_areas_come_from_geojson(surveyed: Take, tmp_path: Path) -> None:
    polygon = {"type": "Polygon", "coordinates": ring(114.13, 34.84)}
    path = areas_file(
        tmp_path / "areas.geojson",
        ({"kind": "ignore", "id": "工地"}, polygon),
        ({"id": "料场", "class": "dust/pile", "weight": 2}, polygon),
    )
    found = surveyed(HEAD + ROWS, areas=path)
    assert [(t.id, t.kind) for t in found.targets] == [
        ("T1", "target"), ("T2", "target"), ("料场", "target"), ("工地", "ignore")
    ]  # fmt: skip
    areas_file(path, ({"id": "T3", "class": "dust"}, {"type": "Point", "coordinates": [114.135, 34.8399]}))
    with pytest.raises(ContestError, match="holds a point; points need two occupations"):
        surveyed(HEAD + ROWS, areas=path)
    areas_file(path, ({"id": "T1", "class": "dust"}, polygon))
    with pytest.raises(ContestError, match="two targets have the id 'T1'"):
        surveyed(HEAD + ROWS, areas=path)


# --- the folder ------------------------------------------------------------------------------------------------------


def test_the_folder_holds_what_was_read(surveyed: Take) -> None:
    truth = surveyed(HEAD + ROWS)
    assert sorted(f.name for f in truth.folder.iterdir()) == sorted([SURVEY, TARGETS, SHEET])
    assert read_truth(truth.folder) == truth
    assert read_targets(truth.folder / TARGETS) == truth.targets
    assert surveyed(HEAD + ROWS).digest != truth.digest  # another salt


def test_a_survey_is_never_overwritten(surveyed: Take, tmp_path: Path) -> None:
    truth = surveyed(HEAD + ROWS)
    with pytest.raises(ContestError, match="never overwritten"):
        import_targets([tmp_path / "none.csv"], truth.folder, CRS)


@pytest.mark.parametrize("name", [SURVEY, TARGETS])
def test_what_was_changed_by_hand_is_refused(surveyed: Take, name: str) -> None:
    truth = surveyed(HEAD + ROWS)
    path = truth.folder / name
    path.write_bytes(path.read_bytes().replace(b"dust", b"duSt"))
    with pytest.raises(ContestError, match="changed after the import"):
        _ = read_truth(truth.folder).digest


@pytest.mark.parametrize(
    "name", ["3856789.123", "38512345", "34.839442720", "34°50'21.99", "T1 512345.678", "34:50:21"]
)
def test_shifted_columns_do_not_get_a_coordinate_told_as_a_name(surveyed: Take, name: str) -> None:
    with pytest.raises(ContestError, match="row 2: the point's name looks like a coordinate") as caught:
        surveyed(HEAD + f"{name},dust,3856789.123,512345.678,0.010,固定解,2026-05-01 09:00:00\n")
    assert not SECRET.search(str(caught.value))


@pytest.mark.parametrize(
    "name", ["1", "12", "3.1", "100001", "2026-05-01-3", "T1", "郑州 2 号", "A.12", "P20260501001"]
)
def test_ordinary_names_are_taken(surveyed: Take, name: str) -> None:
    assert surveyed(HEAD + ROWS.replace("T1", name)).targets[0].id in (name, "T2")


# --- whatever is in a file, no sentence tells a place ----------------------------------------------------------------

CELLS = st.sampled_from(
    ["T1", "dust", "3856789.123", "512345.678", "38512345.678", "34.839442720", "114.134975330", "0.010", "固定解",
     "2026-05-01 09:00:00", "", "x", "=1", '"', "34°50'21.99\"", "nan", "1e999"]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(st.lists(CELLS, max_size=9).map(",".join), max_size=5), st.sampled_from([CRS, "wgs84", "cgcs2000/gk6"]),
       st.sampled_from([HEAD, "点名,纬度,经度,类别,时间\n", "Name,N,E,Class,Lat,Lon\n"]))  # fmt: skip
def test_no_refusal_repeats_a_coordinate(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], crs: str, head: str
) -> None:
    folder = tmp_path_factory.mktemp("fuzz")
    (folder / "s.csv").write_text(head + "\n".join(lines), "utf-8")
    try:
        import_targets([folder / "s.csv"], folder / "T", crs)
    except ContestError as why:
        assert not SECRET.search("".join(traceback.format_exception(why))) and "\n" not in str(why)
        assert not (folder / "T").exists()


def test_reprs_show_no_place(surveyed: Take) -> None:
    truth = surveyed(HEAD + ROWS)
    assert not SECRET.search(repr(truth)) and not SECRET.search(str(truth))
