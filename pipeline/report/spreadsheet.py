"""hits.xlsx: hits, sightings and skipped photos as sheets; the same content gives the same bytes."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pipeline.report.tables import HIT_COLUMNS, Cell, Columns, headings, hit_rows, text_cell
from pipeline.types import Skipped
from pipeline.words import both

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)
MAX_ROWS = 1_000_000  # a sheet holds 1,048,576
MAX_TEXT = 32_000  # a cell holds 32,767 characters
_STAMPS = re.compile(rb"(<dcterms:(created|modified)[^>]*>)[^<]*(</dcterms:)")


def hits_xlsx(collection: Mapping[str, Any], skipped: Iterable[Skipped], columns: Columns = HIT_COLUMNS) -> bytes:
    """The workbook's bytes, with fixed time stamps inside; a column `crop` links to the pictures."""
    names = [name for name, _ in columns]
    rows = [[row[name] for name in names] for row in hit_rows(collection)]
    sighted = ["hit", "frame_id", "t", "confidence", "x_px", "y_px", "sha256"]
    unused: list[list[Cell]] = [[s.frame_id, s.reason] for s in skipped]
    return workbook(
        [
            ("污染点 Hits", headings(columns), rows),
            ("目击 Sightings", sighted, _sighting_rows(collection)),
            ("未使用 Skipped", [both("photo"), both("reason")], unused),
        ],
        links=names.index("crop") + 1 if "crop" in names else 0,
    )


def workbook(sheets: Sequence[tuple[str, Sequence[str], Sequence[Sequence[Cell]]]], links: int = 0) -> bytes:
    """A workbook of (title, headings, rows), with fixed time stamps inside; texts are no formulas.

    links: the column of the first sheet, from 1, whose texts are paths to link to; 0: none.
    """
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.active)
    for number, (title, names, rows) in enumerate(sheets):
        _sheet(book.create_sheet(title), names, rows, links if number == 0 else 0)
    out = io.BytesIO()
    book.save(out)
    return timeless(out.getvalue())


def _sighting_rows(collection: Mapping[str, Any]) -> list[list[Cell]]:
    return [
        [f["id"], e["frame_id"], e["t"], e["confidence"], *e["point_px"], e["sha256"]]
        for f in collection["features"]
        for e in f["properties"]["evidence"]
    ]


def _sheet(sheet: Worksheet, names: Sequence[str], rows: Sequence[Sequence[Cell]], crop_column: int = 0) -> None:
    from openpyxl.styles import Alignment, Font, PatternFill
    from openpyxl.utils import get_column_letter

    sheet.append(list(names))
    for row in rows[:MAX_ROWS]:
        sheet.append([text_cell(v)[:MAX_TEXT] if isinstance(v, str) else v for v in row])
    for cell in sheet[1]:
        cell.font, cell.fill = Font(bold=True, color="FFFFFF"), PatternFill("solid", fgColor="1F4E5F")
        cell.alignment = Alignment(wrap_text=True, vertical="center")
    for column, name in enumerate(names, start=1):
        longest = max((len(str(r[column - 1])) for r in rows[:200] if r[column - 1] is not None), default=0)
        sheet.column_dimensions[get_column_letter(column)].width = min(40, max(10, longest + 2, len(name) * 0.8))
    sheet.freeze_panes = "B2"
    sheet.auto_filter.ref = sheet.dimensions
    for index, row in enumerate(rows[:MAX_ROWS], start=2) if crop_column else ():
        if row[crop_column - 1]:
            sheet.cell(index, crop_column).hyperlink = str(row[crop_column - 1])


def timeless(workbook: bytes) -> bytes:
    """The same workbook with every clock inside set to 1980."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in sorted(old.namelist(), key=lambda n: (n != "[Content_Types].xml", n)):
            data = old.read(name)
            if name == "docProps/core.xml":
                data = _STAMPS.sub(rb"\g<1>1980-01-01T00:00:00Z\g<3>", data)
            entry = zipfile.ZipInfo(name, ZIP_EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(entry, data)
    return out.getvalue()
