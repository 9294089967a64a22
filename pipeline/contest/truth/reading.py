"""Survey files as tables of text: CSV as controllers write it, and XLSX."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.contest.encodings import table_text
from pipeline.contest.truth.columns import in_millimetres, meanings, twice
from pipeline.contest.truth.workbook import xlsx_rows
from pipeline.errors import ContestError, ScoreError
from pipeline.score.strict import read_bytes

MAX_BYTES = 16 * 2**20
MAX_ROWS = 20_000
TITLE_ROWS = 20  # above the headings
_SEPARATORS = ",\t;，"


@dataclass(frozen=True, slots=True, repr=False)
class Line:
    """One row: its cells by column, as text. Its repr shows no cell."""

    file: str
    number: int
    cells: dict[str, str]

    def wrong(self, what: str) -> ContestError:
        """The error to raise; `what` must not tell a coordinate."""
        return ContestError(f"{self.file}: row {self.number}: {what}")


@dataclass(frozen=True, slots=True, repr=False)
class Table:
    """A file's rows, and what is known of its columns."""

    file: str
    sha256: str
    columns: frozenset[str]
    millimetres: frozenset[str]  # columns whose headings say mm
    lines: tuple[Line, ...]


def read_table(path: Path) -> Table:
    """A survey file: CSV, TXT, DAT, TSV (UTF-8, UTF-16 with its mark, or GB 18030; comma, tab or semicolon), or XLSX.

    Raises:
        ContestError: unreadable, too large, without headings that name the points, or a row has too many cells.
    """
    data = _bytes(path)
    rows = xlsx_rows(path.name, data, MAX_ROWS) if path.suffix.lower() == ".xlsx" else _csv_rows(path, data)
    if len(rows) > MAX_ROWS:
        raise ContestError(f"{path.name}: more than {MAX_ROWS} rows")
    return _table(path.name, hashlib.sha256(data).hexdigest(), rows)


def _bytes(path: Path) -> bytes:
    try:
        data = read_bytes(path)
    except ScoreError as why:
        raise ContestError(str(why)) from None
    if len(data) > MAX_BYTES:
        raise ContestError(f"{path.name}: larger than {MAX_BYTES // 2**20} MiB")
    return data


def _table(name: str, sha256: str, rows: Sequence[tuple[int, list[str]]]) -> Table:
    start = next((i for i, (_, cells) in enumerate(rows[:TITLE_ROWS]) if "name" in meanings(cells)), None)
    if start is None:
        raise ContestError(f"{name}: no row of headings with a column such as 点名 or Name")
    number, headings = rows[start]
    if twice(headings):
        raise ContestError(f"{name}: row {number}: two columns are headed as {twice(headings)!r}")
    columns = meanings(headings)
    lines = [_line(name, number, cells, headings, columns) for number, cells in rows[start + 1 :] if any(cells)]
    millimetres = frozenset(c for c, i in columns.items() if in_millimetres(headings[i]))
    return Table(name, sha256, frozenset(columns), millimetres, tuple(lines))


def _line(name: str, number: int, cells: list[str], headings: list[str], columns: dict[str, int]) -> Line:
    line = Line(name, number, {c: cells[i] for c, i in columns.items() if i < len(cells) and cells[i]})
    if any(cells[len(headings) :]):
        raise line.wrong("more cells than headings")
    return line


def _csv_rows(path: Path, data: bytes) -> list[tuple[int, list[str]]]:
    text = table_text(data)
    if text is None:
        raise ContestError(f"{path.name}: is neither UTF-8 nor GBK text")
    head = "\n".join(text.splitlines()[:TITLE_ROWS])
    separator = max(_SEPARATORS, key=head.count)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        return [(lines.line_num, [c.strip() for c in cells]) for cells in lines]
    except csv.Error:
        raise ContestError(f"{path.name}: row {lines.line_num}: is not CSV") from None
