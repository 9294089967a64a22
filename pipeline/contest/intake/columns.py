"""Headings that people and our own tables use, and cells made into what a hit needs."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.contest.intake.dms import NANO, read_angle
from pipeline.contest.intake.taken import Notice, Rows, notice
from pipeline.errors import ScoreError
from pipeline.report.tables import HIT_COLUMNS, VERDICT_COLUMNS, headings
from pipeline.score.hits import FIELDS, FLAGS, is_rejected, row_of
from pipeline.score.strict import Place
from pipeline.words import both

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_NUMERIC = {"lat_deg": "latitude", "lon_deg": "longitude", "confidence": "confidence", "r90_m": "r90_m"}
_DATUMS = ("wgs84", "cgcs2000")
_LONGEST_CELL = 1_000
MAX_COLUMNS = 1_000
_SHOWN_COLUMNS, _SHOWN_LETTERS = 8, 40
_OWN_TABLE = {"lat_dms", "cgcs2000_zone3"}  # columns by which our own tables are known, which are in WGS 84

_SAID = {
    "id": ("id", "编号", "hit", "hit id", "污染点编号", both("id")),
    "class": ("class", "类别", "类型", "label", "污染类别", "污染源类别", both("class")),
    "lat_deg": ("lat_deg", "lat", "latitude", "纬度", "北纬", both("latitude"), "lat deg"),
    "lon_deg": ("lon_deg", "lon", "lng", "long", "longitude", "经度", "东经", both("longitude")),
    "confidence": ("confidence", "置信度", "score", both("confidence")),
    "r90_m": (
        "r90_m",
        "r90",
        "误差半径",
        "误差半径m",
        "90%误差半径",
        "90%误差半径m",
        both("r90"),
        both("intake_form_r90"),
    ),
    "first_seen": ("first_seen", "首次发现", both("first_seen")),
    "last_seen": ("last_seen", "最后发现", both("last_seen")),
    "datum": ("datum", "坐标系", "坐标系统", "坐标系 datum", "crs"),
    "verdict": ("verdict", "核查结论", both("sheet_verdict")),
    "lat_dms": ("lat_dms", both("latitude_dms")),
    "cgcs2000_zone3": ("cgcs2000_zone3", both("zone")),
}


def plain(heading: str) -> str:
    """A heading without case, blanks and signs."""
    return "".join(c for c in unicodedata.normalize("NFKC", heading).casefold() if c.isalnum())


_FIELD = {plain(said): name for name, all_said in _SAID.items() for said in all_said}
_FIELD |= {plain(name): name for name in (*FIELDS, *FLAGS)}


def field_of(heading: object) -> tuple[str, bool]:
    """(the field that a heading means, whether it states the datum); the heading itself where it means none."""
    text = heading.strip() if isinstance(heading, str) else ""
    said = plain(text)
    for datum in _DATUMS:
        if said.endswith(datum) and _FIELD.get(said.removesuffix(datum)) in ("lat_deg", "lon_deg"):
            return _FIELD[said.removesuffix(datum)], True
    return _FIELD.get(said, text), False


class Table:
    """Rows of cells under headings, from a CSV, a sheet or a table of a GeoPackage."""

    def __init__(self, rows: Rows, named: Sequence[object], number: int, datum: str | None = None) -> None:
        """`named`: the headings; `number`: their own row; `datum`: as stated for the whole.

        Raises ScoreError for a column that is given twice, and for more columns than a hit list can have.
        """
        if len(named) > MAX_COLUMNS:
            raise ScoreError(f"{rows.name}: row {number}: more than {MAX_COLUMNS} columns")
        found = [field_of(h) for h in named]
        self.rows, self.datum = rows, datum
        self.fields = [name for name, _ in found]
        fields = [name for name in self.fields if name]
        if len(set(fields)) < len(fields):
            raise ScoreError(f"{rows.name}: row {number}: a column is given twice")
        self.rows.notices += _ignored(found, named)
        self.stated = bool(datum) or any(said for _, said in found) or set(fields) >= _OWN_TABLE
        self.stated = self.stated or "datum" in fields

    def check_complete(self, number: int) -> None:
        """Raises ScoreError when a column that is needed is missing."""
        if not is_header(self.fields):
            raise ScoreError(f"{self.rows.name}: row {number}: the columns lat_deg, lon_deg and class are needed")

    def add(self, number: int, cells: Sequence[object], at: tuple[float, float] | None = None) -> None:
        """One row; `at`: its place, where a geometry and no columns says it. An empty row is passed over."""
        place = Place(self.rows.name, self.rows.kind, number)
        if any(c not in (None, "") for c in cells[len(self.fields) :]):
            raise place.wrong("more cells than columns")
        given = self._given(place, cells)
        if not any(name != "datum" for name in given) and at is None:
            return
        row = row_of(place, given, at or self._place(place, given))
        if not is_rejected(given):
            self.rows.add(number, row)

    def _given(self, place: Place, cells: Sequence[object]) -> dict[str, Any]:
        """Field → value of the cells that are not empty."""
        given: dict[str, Any] = {"datum": self.datum} if self.datum else {}
        for name, cell in zip(self.fields, cells, strict=False):
            value = cell.strip() if isinstance(cell, str) else cell
            if matters(name) and value not in (None, ""):
                given[name] = self._value(place, name, value)
        return given

    def _value(self, place: Place, name: str, value: Any) -> Any:
        if name in ("lat_deg", "lon_deg") and isinstance(value, str) and not _NUMBER.fullmatch(value):
            return self._angle(place, name, value)
        return cell_value(place, name, value)

    def _angle(self, place: Place, name: str, value: str) -> float:
        try:
            angle = read_angle(value[:_LONGEST_CELL])
        except ValueError as why:
            raise place.wrong(f"{_NUMERIC[name]}: {why}") from None
        if angle is None:
            raise place.wrong(f"{_NUMERIC[name]} is not a number in plain digits")
        if angle.axis and angle.axis != ("NS" if name == "lat_deg" else "EW"):
            raise place.wrong(f"{_NUMERIC[name]} has a letter of the other direction")
        if angle.sexagesimal:
            self.rows.note_dms(place.number, angle.step)
        return angle.e9() / NANO

    @staticmethod
    def _place(place: Place, given: Mapping[str, Any]) -> tuple[float, float] | None:
        lat, lon = given.get("lat_deg"), given.get("lon_deg")
        if (lat is None) != (lon is None):
            raise place.wrong("one of lat_deg and lon_deg is missing")
        if lat is None or lon is None:
            return None
        check_degrees(place, lat, lon)
        return lat, lon


def cell_value(place: Place, name: str, value: Any) -> Any:
    """What a cell of the column `name` says; text that stands for a number becomes one. Raises ScoreError."""
    if isinstance(value, str) and len(value) > _LONGEST_CELL:
        raise place.wrong(f"{name} is longer than {_LONGEST_CELL} characters")
    if name not in _NUMERIC or not isinstance(value, str):
        return value
    if not _NUMBER.fullmatch(value):
        raise place.wrong(f"{_NUMERIC[name]} is not a number in plain digits")
    return float(value)


def _ignored(found: Sequence[tuple[str, bool]], named: Sequence[object]) -> list[Notice]:
    """A warning that names the columns nobody reads, so that a mistyped heading is seen."""
    unread = [str(h).strip() for (name, _), h in zip(found, named, strict=True)
              if name and not matters(name) and plain(name) not in _PASSED]  # fmt: skip
    shown = ", ".join("".join(c for c in h if c.isprintable())[:_SHOWN_LETTERS] for h in unread[:_SHOWN_COLUMNS])
    return [notice("columns_ignored", names=shown + (" …" if len(unread) > _SHOWN_COLUMNS else ""))] if unread else []


_OWN_COLUMNS = (*HIT_COLUMNS, *VERDICT_COLUMNS)
_PASSED = {plain(said) for said in (*(n for n, _ in _OWN_COLUMNS), *headings(_OWN_COLUMNS), both("intake_form_note"))}
_PASSED |= {plain(n) for n in ("备注", "note", "fid", "geom", "cov_ee_m2", "cov_en_m2", "cov_nn_m2", *_OWN_TABLE)}
_KNOWN = frozenset(_SAID) - _OWN_TABLE | frozenset(FIELDS) | frozenset(FLAGS)


def matters(field: str) -> bool:
    """Whether cells under this heading are read."""
    return field in _KNOWN


def is_header(fields: Sequence[str]) -> bool:
    """Whether these are the headings of a hit list."""
    return {"lat_deg", "lon_deg"} <= set(fields) and bool({"class", "type"} & set(fields))


def check_degrees(place: Place, lat: object, lon: object) -> None:
    """Raises ScoreError with a hint for numbers that are no degrees: swapped, or metres of a grid."""
    if not (type(lat) in (int, float) and type(lon) in (int, float)):
        return
    assert isinstance(lat, (int, float)) and isinstance(lon, (int, float))
    if abs(lat) > 1_000 or abs(lon) > 1_000:
        raise place.wrong("latitude or longitude is no angle; metres of a grid? Degrees are needed")
    if abs(lat) > 90 and abs(lon) <= 90:
        raise place.wrong("latitude is outside [-90, 90]; are latitude and longitude swapped?")
