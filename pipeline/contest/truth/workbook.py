"""A survey in XLSX as rows of text: the one sheet that holds anything, values only, capped as it is unpacked."""

from __future__ import annotations

import io
import warnings
from datetime import date, datetime, time
from typing import Any

from pipeline.contest.intake.sheets_in import check_parts
from pipeline.errors import ContestError, ScoreError

MOST_COLUMNS = 200
Rows = list[tuple[int, list[str]]]


def xlsx_rows(name: str, data: bytes, most_rows: int) -> Rows:
    """(row number, cells) of the only sheet that is not empty.

    Raises:
        ContestError: no workbook, too large, more than one sheet in use, or a formula (whose value may be stale).
    """
    from openpyxl import load_workbook

    try:
        check_parts(data, name)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about styles and extensions that do not matter here
            book = load_workbook(io.BytesIO(data), read_only=True, data_only=False, keep_links=False)
            sheets = [_rows(name, sheet, most_rows) for sheet in book.worksheets]
            book.close()
    except ContestError:
        raise
    except ScoreError as why:
        raise ContestError(str(why)) from None
    except Exception:  # openpyxl has no error of its own for files that are none
        raise ContestError(f"{name}: is not an XLSX workbook, or is damaged") from None
    used = [rows for rows in sheets if rows]
    if len(used) > 1:
        raise ContestError(f"{name}: {len(used)} sheets hold something; keep only the one with the survey")
    return used[0] if used else []


def _rows(name: str, sheet: Any, most_rows: int) -> Rows:
    """The rows that are not empty; what the file says of its own size is not believed."""
    sheet.reset_dimensions()
    found: Rows = []
    for number, cells in enumerate(sheet.iter_rows(max_col=MOST_COLUMNS), 1):
        texts = [_text(f"{name}: row {number}", cell) for cell in cells]
        if any(texts):
            found.append((number, texts))
        if number > most_rows:
            raise ContestError(f"{name}: more than {most_rows} rows")
    return found


def _text(where: str, cell: Any) -> str:
    value = cell.value
    if cell.data_type == "f":
        raise ContestError(f"{where}: a cell holds a formula; paste values only")
    if cell.data_type == "e" or isinstance(value, bool):
        raise ContestError(f"{where}: a cell holds an error or a truth value")
    if isinstance(value, datetime):
        return value.isoformat(" ")
    if isinstance(value, (date, time)):
        return value.isoformat()
    return "" if value is None else (value.strip() if isinstance(value, str) else repr(value))
