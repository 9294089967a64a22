"""Result tables of teams and of persons: as PDF and HTML to be hung up, as CSV and XLSX to go on with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.contest.sheets.book import Book, open_book
from pipeline.contest.sheets.html import html_of
from pipeline.contest.sheets.numbers import exact, moment_of, when_text
from pipeline.contest.sheets.origin import origin_blocks, page_of, set_told
from pipeline.contest.sheets.page import Block, Page, heading, masthead, note, signatures, table
from pipeline.contest.sheets.pdf import Warn, pdf_of, unheard
from pipeline.contest.sheets.places import held_told, sure_note
from pipeline.contest.sheets.reasons import told
from pipeline.files import write_bytes_atomic
from pipeline.report.tables import Cell, csv_bytes, text_cell
from pipeline.types import points_text
from pipeline.words import Lang, joint, word

if TYPE_CHECKING:
    from pipeline.contest.folder import Contest

Row = Mapping[str, Any]
GROUPS = ("teams", "persons")
MOST_UPRIGHT = 5  # legs, beyond which the page is turned


def write_tables(contest: Contest, set_number: int, out: Path, lang: Lang = "zh", warn: Warn = unheard) -> list[Path]:
    """Write results-LANG.pdf, .html and .xlsx, and teams.csv and persons.csv, to `out`; returns the paths.

    warn: as for `write_score_sheets`.

    Raises ContestError where there is no such set, OutputError where `out` cannot be written.
    """
    book, out = open_book(contest, set_number), Path(out)
    out.mkdir(parents=True, exist_ok=True)
    page = table_page(book, lang)
    files = {
        f"results-{lang}.pdf": pdf_of(page, moment_of(book.event.t_ms), warn),
        f"results-{lang}.html": html_of(page),
        f"results-{lang}.xlsx": tables_xlsx(book, lang),
        **{f"{group}.csv": table_csv(book, group) for group in _groups(book)},
    }
    for name, data in files.items():
        write_bytes_atomic(out / name, data)
    return [out / name for name in files]


def _groups(book: Book) -> list[str]:
    return [group for group in GROUPS if book.results[group]]


def table_page(book: Book, lang: Lang) -> Page:
    """Both tables on one sheet, the method of the certainty as a footnote."""
    page = page_of(book, "table_title", lang)
    page.flipped = len(book.state.plan.legs) > MOST_UPRIGHT
    organised = [book.state.plan.organiser, set_told(book, lang), when_text(book.event.t_ms, book.state.plan.tz)]
    page.blocks.append(masthead(["  ".join(organised)]))
    for group in _groups(book):
        page.blocks += [heading(word(f"scores_{group}", lang)), _table(book, group, lang)]
    if book.results["certainty"]["resamples"]:
        page.blocks.append(note(sure_note(book.results, lang)))
    signers = [word(f"scores_{key}", lang) for key in ("chief", "supervisor", "dated")]
    page.blocks += [note(told("rounding", lang)), signatures(signers), *origin_blocks(book, lang)]
    return page


def _legs(book: Book, rows: Sequence[Row]) -> list[str]:
    """The legs of a table in the plan's order."""
    return [leg.id for leg in book.state.plan.legs if rows and leg.id in rows[0]["legs"]]


def _table(book: Book, group: str, lang: Lang) -> Block:
    rows, sure = book.results[group], bool(book.results["certainty"]["resamples"])
    legs = _legs(book, rows)
    whose = ["team", "organisation"] if group == "teams" else ["person", "team"]
    head = [word(f"scores_{key}", lang) for key in ("place", *whose)]
    head += [f"{book.state.plan.leg(leg).title} ({book.state.plan.leg(leg).weight})" for leg in legs]
    head += [word(f"scores_{key}", lang) for key in ("total", *(["certainty"] if sure else []))]
    totals = shown_totals([row["total_u"] for row in rows], lang)
    lines = [_line(book, group, row, total, sure, lang) for row, total in zip(rows, totals, strict=True)]
    align = "lll" + "r" * (len(legs) + 1) + ("l" if sure else "")
    return table(head, lines, align, {1: 1, 2: 1}, word(f"scores_{group}", lang))


def _line(book: Book, group: str, row: Row, total: str, sure: bool, lang: Lang) -> list[str]:
    place = "—" if row["place"] is None else str(row["place"])
    place += joint("shared", lang) if row["shared"] else ""
    second = row["organisation"] if group == "teams" else book.state.teams[row["team"]].name
    points = [row["legs"][leg] for leg in _legs(book, [row])]
    legs = [told("none", lang) if u is None else points_text(u) for u in points]
    return [place, row["name"], second, *legs, total, *([_certain(row, lang)] if sure else [])]


def _certain(row: Row, lang: Lang) -> str:
    """The share in which the place stays, and the middle nine tenths of the places."""
    if row["place_held_ppm"] is None:
        return "—"
    held, low, high = held_told(row["place_held_ppm"], lang), row["place_low"], row["place_high"]
    return held if low == high else told("certainty_told", lang, percent=held, low=low, high=high)


def shown_totals(totals_u: Sequence[int | None], lang: Lang) -> list[str]:
    """Two decimals; all six where two totals differ that would look alike."""
    seen: dict[str, set[int]] = {}
    for u in totals_u:
        if u is not None:
            seen.setdefault(points_text(u), set()).add(u)
    return [
        told("none", lang) if u is None else points_text(u) if len(seen[points_text(u)]) == 1 else exact(u)
        for u in totals_u
    ]


def table_csv(book: Book, group: str) -> bytes:
    """Keys of the results for columns; points with all their decimals; texts that no spreadsheet runs."""
    rows = book.results[group]
    second = "organisation" if group == "teams" else "team"
    legs = _legs(book, rows)
    names = ["place", "shared", "entrant", "name", second, *legs, "total", "place_low", "place_high", "place_held"]
    return csv_bytes(names, ([_cell(v) for v in _values(row, second, legs)] for row in rows))


def _values(row: Row, second: str, legs: Sequence[str]) -> list[Cell]:
    held = None if row["place_held_ppm"] is None else exact(row["place_held_ppm"])
    points = [None if row["legs"][leg] is None else exact(row["legs"][leg]) for leg in legs]
    total = None if row["total_u"] is None else exact(row["total_u"])
    front: list[Cell] = [row["place"], "yes" if row["shared"] else "no", row["entrant"], row["name"], row[second]]
    return [*front, *map(_number, points), _number(total), row["place_low"], row["place_high"], _number(held)]


def _in_words(values: list[Cell], lang: Lang) -> list[Cell]:
    """The same for people: a shared place is named, any other is not remarked upon."""
    return [values[0], word("scores_shared", lang) if values[1] == "yes" else None, *values[2:]]


def _number(text: str | None) -> float | None:
    """Six decimals survive a float and its shortest text."""
    return None if text is None else float(text)


def _cell(value: Cell) -> Cell:
    return text_cell(value) if isinstance(value, str) else value


def tables_xlsx(book: Book, lang: Lang) -> bytes:
    """A workbook with a sheet a table."""
    from pipeline.report.spreadsheet import workbook

    sheets = []
    for group in _groups(book):
        rows = book.results[group]
        second, legs = ("organisation" if group == "teams" else "team"), _legs(book, rows)
        keys = ["place", "shared", "id", "team" if group == "teams" else "person", second]
        head = [word(f"scores_{key}", lang) for key in keys] + [book.state.plan.leg(leg).title for leg in legs]
        head += [word(f"scores_{key}", lang) for key in ("total", "place_low", "place_high", "certainty")]
        sheets.append(
            (word(f"scores_{group}", lang), head, [_in_words(_values(row, second, legs), lang) for row in rows])
        )
    return workbook(sheets)
