"""The form that a team without a program of ours fills in: an XLSX that the desk reads back as it is."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.files import write_bytes_atomic
from pipeline.words import CLASSES, both, word

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

ROWS = 200
DATUMS = ("WGS 84", "CGCS2000")
HEADINGS = ("id", "latitude", "longitude", "class", "confidence", "intake_form_r90", "intake_form_note")
_WIDTHS = (12, 26, 26, 26, 14, 22, 40)
_HEAD_ROW = 4
_TEXT = "@"  # so that a spreadsheet leaves degrees, minutes and seconds as they are typed


def write_form(path: Path, rows: int = ROWS) -> None:
    """Write the empty form for so many hits; the same bytes each time.

    Raises OutputError when it cannot be written.
    """
    write_bytes_atomic(path, form_bytes(rows))


def form_bytes(rows: int = ROWS) -> bytes:
    """The form as bytes."""
    from openpyxl import Workbook

    from pipeline.report.spreadsheet import timeless

    book = Workbook()
    book.remove(book.active)
    _fill_in(book.create_sheet("填报 Form"), rows)
    _explain(book.create_sheet("说明 How"))
    out = io.BytesIO()
    book.save(out)
    return timeless(out.getvalue())


def _fill_in(sheet: Worksheet, rows: int) -> None:
    from openpyxl.styles import Alignment, Border, Font, PatternFill, Side

    sheet["A1"], sheet["A1"].font = both("intake_form_title"), Font(bold=True, size=14)
    sheet["A2"], sheet["A2"].font = both("intake_form_hint"), Font(color="666666")
    sheet["A3"], sheet["B3"] = both("intake_form_datum"), DATUMS[0]
    sheet["A3"].font = Font(bold=True)
    line = Side(style="thin", color="BBBBBB")
    for column, (key, width) in enumerate(zip(HEADINGS, _WIDTHS, strict=True), 1):
        head = sheet.cell(_HEAD_ROW, column, both(key))
        head.font, head.fill = Font(bold=True, color="FFFFFF"), PatternFill("solid", fgColor="1F4E5F")
        head.alignment = Alignment(wrap_text=True, vertical="center")
        sheet.column_dimensions[head.column_letter].width = width
        for row in range(_HEAD_ROW + 1, _HEAD_ROW + 1 + rows):
            cell = sheet.cell(row, column)
            cell.border = Border(line, line, line, line)
            cell.number_format = "General" if key in ("confidence", "intake_form_r90") else _TEXT
    sheet.freeze_panes = f"A{_HEAD_ROW + 1}"
    _validate(sheet, rows)


def _validate(sheet: Worksheet, rows: int) -> None:
    """What a spreadsheet can check while it is filled in; the desk checks all again."""
    first, last = _HEAD_ROW + 1, _HEAD_ROW + rows
    _rule(sheet, "B3", "list", f'"{",".join(DATUMS)}"', strict=True)
    _rule(sheet, f"D{first}:D{last}", "list", f'"{",".join(CLASSES)}"', strict=False)
    _rule(sheet, f"E{first}:E{last}", "decimal", "0", strict=True, high="1")
    _rule(sheet, f"F{first}:F{last}", "decimal", "0", strict=True, high="10000")


def _rule(sheet: Worksheet, cells: str, kind: str, low: str, *, strict: bool, high: str | None = None) -> None:
    from openpyxl.worksheet.datavalidation import DataValidation

    rule = DataValidation(type=kind, formula1=low, formula2=high, allow_blank=True,
                          operator="between" if high else None)  # fmt: skip
    rule.errorStyle, rule.showErrorMessage = ("stop" if strict else "warning"), True
    rule.error = word("intake_form_wrong", "zh")
    rule.add(cells)
    sheet.add_data_validation(rule)


def _explain(sheet: Worksheet) -> None:
    """How coordinates and classes may be written; without headings, so that it is never read as a list."""
    from openpyxl.styles import Font

    lines: list[Sequence[str]] = [(both("intake_form_title"),), ()]
    lines += [(word(f"intake_form_how_{n}", lang),) for lang in ("zh", "en") for n in range(1, 6)]
    lines += [(), (both("intake_form_classes"),)]
    lines += [(path, zh, en) for path, (zh, en) in CLASSES.items()]
    for line in lines:
        sheet.append(list(line))
    sheet["A1"].font = Font(bold=True, size=14)
    sheet.column_dimensions["A"].width = 30
    for letter in "BC":
        sheet.column_dimensions[letter].width = 28
