"""A score sheet per team and per person: the place, each leg with every reason, and what it all rests on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.contest.plan import Leg
from pipeline.contest.sheets.book import Book, open_book
from pipeline.contest.sheets.html import html_of
from pipeline.contest.sheets.leg_parts import leg_blocks, members_blocks
from pipeline.contest.sheets.numbers import exact, moment_of
from pipeline.contest.sheets.origin import origin_blocks, page_of
from pipeline.contest.sheets.page import Block, Page, banner, facts, heading, new_page, note, steps, table
from pipeline.contest.sheets.pdf import Warn, pdf_of, unheard
from pipeline.contest.sheets.places import place_told, sure_note, sure_told
from pipeline.contest.sheets.reasons import told
from pipeline.files import write_bytes_atomic
from pipeline.types import points_text
from pipeline.words import Lang, word

if TYPE_CHECKING:
    from pipeline.contest.folder import Contest

Row = Mapping[str, Any]  # of the result table


def write_score_sheets(
    contest: Contest, set_number: int, out: Path, lang: Lang = "zh", warn: Warn = unheard
) -> list[Path]:
    """Write ENTRANT's sheets to `out` as team-ENTRANT-LANG.pdf and .html, likewise person-…; returns the paths.

    warn: hears of characters that no font of this computer has, a sentence a sheet. The same ledger gives the same
    bytes. Raises ContestError where there is no such set, OutputError where `out` cannot be written.
    """
    book, out = open_book(contest, set_number), Path(out)
    out.mkdir(parents=True, exist_ok=True)
    written = []
    for kind, row in _everybody(book):
        page = (team_page if kind == "team" else person_page)(book, row, lang)
        path = out / f"{kind}-{row['entrant']}-{lang}.pdf"
        write_bytes_atomic(path, pdf_of(page, moment_of(book.event.t_ms), warn))
        write_bytes_atomic(path.with_suffix(".html"), html_of(page))
        written += [path, path.with_suffix(".html")]
    return written


def _everybody(book: Book) -> list[tuple[str, Row]]:
    """Teams, then persons where any leg is theirs."""
    state, ranked = book.state, {row["entrant"]: row for row in book.results["persons"]}
    own = any(leg.entrants == "person" for leg in state.plan.legs)
    persons = [ranked.get(p) or _unranked(book, p) for p in sorted(state.persons)] if own or ranked else []
    return [("team", row) for row in book.results["teams"]] + [("person", row) for row in persons]


def _unranked(book: Book, person: str) -> Row:
    """A person of a contest without an individual table."""
    legs = {leg.id: book.entry(leg.id, person) for leg in book.state.plan.legs if leg.entrants == "person"}
    points = {leg: None if entry is None else entry["points_u"] for leg, entry in legs.items()}
    return {"entrant": person, "total_u": None, "legs": points, "place": None, "shared": False}


def team_page(book: Book, row: Row, lang: Lang) -> Page:
    """The sheet of a team, from its row of the result table."""
    team, page = book.state.teams[row["entrant"]], page_of(book, "title", lang)
    members = "、".join(book.state.persons[p].name for p in team.persons)
    page.blocks.append(_banner(book, row, team.name, [team.organisation], lang))
    page.blocks.append(facts(_who(book, row, "teams", [("members", members)], lang)))
    page.blocks += _overview(book, row, lang)
    for leg in _short_first(book.state.plan.legs):
        page.blocks += [*([new_page()] if leg.kind == "drone" else []), heading(leg.title)]
        if leg.entrants == "team":
            page.blocks += leg_blocks(book, leg, team.id, page)
        else:
            page.blocks += members_blocks(book, leg, team.persons, row["legs"][leg.id], lang)
    page.blocks += origin_blocks(book, lang)
    return page


def _short_first(legs: Sequence[Leg]) -> list[Leg]:
    """In the plan's order; those with maps, which take pages, last."""
    return sorted(legs, key=lambda leg: leg.kind == "drone")


def person_page(book: Book, row: Row, lang: Lang) -> Page:
    """The sheet of a person; of the team's legs it gives the points, their reasons stand on the team's sheet."""
    person, page = book.state.persons[row["entrant"]], page_of(book, "title", lang)
    team = book.state.teams[person.team]
    page.blocks.append(_banner(book, row, person.name, [team.name, team.organisation], lang))
    page.blocks.append(facts(_who(book, row, "persons", [("team", team.name)], lang)))
    page.blocks += _overview(book, row, lang)
    for leg in _short_first([leg for leg in book.state.plan.legs if leg.id in row["legs"]]):
        own = leg.kind == "drone" and leg.entrants == "person"
        page.blocks += [*([new_page()] if own else []), heading(leg.title)]
        if leg.entrants == "person":
            page.blocks += leg_blocks(book, leg, person.id, page)
        else:
            page.blocks.append(note(told("see_team", lang, team=team.name)))
    page.blocks += origin_blocks(book, lang)
    return page


def _banner(book: Book, row: Row, name: str, under: Sequence[str], lang: Lang) -> Block:
    total = told("none", lang) if row["total_u"] is None else points_text(row["total_u"])
    lines = [*(line for line in under if line), f"{book.state.name}  {book.state.plan.organiser}"]
    return banner(name, lines, total, told("of", lang, most="100.00"), place_told(row, lang), sure_told(row, lang))


def _who(book: Book, row: Row, group: str, more: Sequence[tuple[str, str]], lang: Lang) -> list[list[str]]:
    rows = [("id", row["entrant"]), *more, ("before", _before(book, row, group, lang))]
    if row.get("total_low_u") is not None:
        low, high = points_text(row["total_low_u"]), points_text(row["total_high_u"])
        rows.append(("interval", told("interval_told", lang, low=low, high=high)))
    return [[word(f"scores_{key}", lang), value] for key, value in rows]


def _before(book: Book, row: Row, group: str, lang: Lang) -> str:
    """Points and place in the results that stood before a rejudge; empty without one."""
    former = book.previous[group] if book.previous else []
    found = next((r for r in former if r["entrant"] == row["entrant"]), None)
    if found is None or book.previous is None:
        return ""
    total = told("none", lang) if found["total_u"] is None else points_text(found["total_u"])
    return told("before_told", lang, set=book.previous["set"], total=total, place=place_told(found, lang))


def _overview(book: Book, row: Row, lang: Lang) -> list[Block]:
    """The legs with their weights, and the total as arithmetic."""
    legs = [leg for leg in book.state.plan.legs if leg.id in row["legs"]]
    weights = sum(leg.weight for leg in legs)
    rows = []
    for leg in legs:
        points_u = row["legs"][leg.id]
        share = exact((points_u or 0) * leg.weight // weights)
        shown = told("none", lang) if points_u is None else exact(points_u)
        rows.append([leg.title, word(f"scores_kind_{leg.kind}", lang), shown, f"{leg.weight} / {weights}", share])
    head = [word(f"scores_{key}", lang) for key in ("leg", "kind", "points", "weight", "share")]
    blocks = [heading(word("scores_legs", lang)), table(head, rows, "llrrr", {0: 1}, word("scores_legs", lang))]
    if row["total_u"] is None:
        return blocks
    sums = " + ".join(f"{exact(row['legs'][leg.id] or 0)} × {leg.weight}" for leg in legs)
    blocks.append(steps([[told("step_total", lang, sum=sums, weights=weights), exact(row["total_u"])]]))
    return [*blocks, *([note(sure_note(book.results, lang))] if row.get("place_held_ppm") is not None else [])]
