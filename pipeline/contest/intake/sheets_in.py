"""Hit lists from XLSX: our own form and hits.xlsx, or any sheet with headings for latitude, longitude and class.

The archive is unpacked and counted before openpyxl sees it. The first sheet with such headings among its first rows is
read. A formula in a column that is read is refused with its cell's name: its value would be whatever program last
computed it. Cells beside headings that mean nothing here are passed over.
"""

from __future__ import annotations

import io
import warnings
import zlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

from pipeline.contest.intake.columns import Table, field_of, is_header, matters
from pipeline.contest.intake.formats import MAX_BLANK_ROWS
from pipeline.contest.intake.taken import Limits, Rows, Taken, notice
from pipeline.contest.intake.zips import check_xml, entries, unpack
from pipeline.errors import ScoreError

if TYPE_CHECKING:
    from openpyxl.cell import Cell

HEADER_WITHIN = 20  # rows
MAX_COLUMNS = 200
MAX_SHEETS = 50
MAX_TAGS = 400_000  # openpyxl takes some 20 µs and 700 bytes for each
_SHEET_BYTES = 32 * 2**20
_OTHER_BYTES = 2**20  # styles and the like, which openpyxl turns into many objects
_LARGE = ("xl/worksheets/", "xl/sharedStrings", "xl/media/")
# openpyxl has no error of its own for damaged workbooks; these came up when workbooks were damaged at random.
_STUMBLES = (BadZipFile, zlib.error, ArithmeticError, AssertionError, AttributeError, LookupError, MemoryError, OSError,
             RecursionError, SyntaxError, TypeError, ValueError)  # fmt: skip
Cells = tuple["Cell", ...]


def read_xlsx(data: bytes, name: str, limits: Limits) -> Taken:
    """The hits of a workbook; raises ScoreError with the row's or the cell's name."""
    check_parts(data, name)
    rows = Rows(name, "row", limits.hits)
    try:
        table = _read(data, rows)
    except ScoreError:
        raise
    except _STUMBLES:
        raise ScoreError(f"{name}: is not a workbook that can be read") from None
    return rows.taken("xlsx", data, [] if table.stated else [notice("datum_not_stated")])


def check_parts(data: bytes, name: str) -> None:
    """Unpack and count a workbook's parts before openpyxl sees it; ScoreError for one that could fill the memory."""
    for entry in entries(data, name):
        part = unpack(data, name, entry, _SHEET_BYTES if entry.startswith(_LARGE) else _OTHER_BYTES)
        check_xml(part, name, MAX_TAGS)


def _read(data: bytes, rows: Rows) -> Table:
    from openpyxl import load_workbook

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # openpyxl tells of extensions that it passes over
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=False, keep_links=False, keep_vba=False)
        try:
            return _first_table([s for s in book.worksheets[:MAX_SHEETS] if s.sheet_state == "visible"], rows)
        finally:
            book.close()


def _first_table(sheets: Sequence[Any], rows: Rows) -> Table:
    for sheet in sheets:
        lines = _lines(sheet, rows)
        datum = ""
        for number, cells in lines:
            if is_header([field_of(c.value)[0] for c in cells]):
                return _filled(lines, number, cells, rows, datum)
            datum = datum or _datum(cells)
            if number >= HEADER_WITHIN:
                break
    raise ScoreError(f"{rows.name}: no sheet has the columns lat_deg, lon_deg and class in its first rows")


def _lines(sheet: Any, rows: Rows) -> Iterator[tuple[int, Cells]]:
    """(row number, cells), as far as a list of so many hits can go."""
    sheet.reset_dimensions()
    most = MAX_BLANK_ROWS + 10 * rows.most
    for number, cells in enumerate(sheet.iter_rows(max_col=MAX_COLUMNS), 1):
        if number > most:
            raise ScoreError(f"{rows.name}: row {number}: more rows than {rows.most} hits can need")
        yield number, cells


def _datum(cells: Cells) -> str:
    """The datum stated above the headings: a cell that says so, and its value to the right."""
    said = [c.value for c in cells if c.value not in (None, "")]
    return str(said[1]).strip() if len(said) > 1 and field_of(said[0])[0] == "datum" else ""


def _filled(lines: Iterator[tuple[int, Cells]], head: int, headings: Cells, rows: Rows, datum: str) -> Table:
    table = Table(rows, [c.value for c in headings], head, datum or None)
    for number, cells in lines:
        values = [_value(rows.name, c, field) for c, field in zip(cells, table.fields, strict=False)]
        table.add(number, values)
    return table


def _value(name: str, cell: Cell, field: str) -> object:
    """A cell's value; one that a formula or an error stands in is refused where its column is read."""
    if not matters(field):
        return None
    if cell.data_type == "f":
        raise ScoreError(f"{name}: cell {cell.coordinate}: holds a formula; write the value itself")
    if cell.data_type == "e":
        raise ScoreError(f"{name}: cell {cell.coordinate}: holds an error")
    return cell.value
