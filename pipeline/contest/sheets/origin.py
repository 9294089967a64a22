"""What sheets of a contest rest on: rules, set of results, ledger; and the empty page that says so at its foot."""

from __future__ import annotations

from pipeline.contest.sheets.book import Book
from pipeline.contest.sheets.numbers import when_text
from pipeline.contest.sheets.page import Block, Page, facts, heading
from pipeline.contest.sheets.reasons import told
from pipeline.words import Lang, joint, word


def page_of(book: Book, title: str, lang: Lang) -> Page:
    """A page that is still empty."""
    foot = (
        f"{_said('contest', lang)} {book.state.name} ({book.state.id})  {set_told(book, lang)}",
        head_told(book, lang),
    )
    return Page(lang, f"{book.state.name} · {word(f'scores_{title}', lang)}", book.notice, foot)


def _said(key: str, lang: Lang) -> str:
    return word(f"scores_{key}", lang)


def set_told(book: Book, lang: Lang) -> str:
    """成绩第 1 版, with its state where that is not "applied"."""
    return f"{_said('set', lang)} {_set_alone(book, lang)}"


def _set_alone(book: Book, lang: Lang) -> str:
    shown = told("set_told", lang, number=book.found.number)
    if book.found.state == "applied":
        return shown
    return shown + joint("state", lang).format(state=_said(f"state_{book.found.state}", lang))


def head_told(book: Book, lang: Lang) -> str:
    return f"{_said('ledger', lang)} {book.event.seq} {book.event.head}"


def origin_blocks(book: Book, lang: Lang) -> list[Block]:
    """At the end of a sheet."""
    event = book.event
    rows = [[_said("contest", lang), f"{book.state.name} ({book.state.id})"]]
    rows += [[_rules_name(book, leg, lang), digest] for leg, digest in book.results["rules"].items()]
    rows.append([_said("set", lang), _set_alone(book, lang)])
    rows += [[_said("rejudged", lang), text] for text in _rejudged(book, lang)]
    at = told("ledger_told", lang, seq=event.seq, time=when_text(event.t_ms, book.state.plan.tz))
    rows += [[_said("ledger", lang), f"{at}\n{event.head}"], [_said("software", lang), book.results["software"]]]
    return [heading(_said("origin", lang)), facts(rows)]


def _rules_name(book: Book, leg: str, lang: Lang) -> str:
    rules = book.rules[leg]
    return f"{_said('rules', lang)} {book.state.plan.leg(leg).title}: {rules.name} v{rules.version}"


def _rejudged(book: Book, lang: Lang) -> list[str]:
    """Why the results were computed again, each time that stood; what a rejudge took out."""
    applied = [s for s in (*book.earlier, book.found) if s.why and (s.state == "applied" or s is book.found)]
    told_of = [told("rejudged_told", lang, number=s.number, why=s.why) for s in applied]
    for leg, field, target in book.results["changes"]["voided"]:
        told_of.append(told("voided_told", lang, leg=book.state.plan.leg(leg).title, field=field, target=target))
    for leg in book.results["changes"]["rules"]:
        told_of.append(told("rules_told", lang, leg=book.state.plan.leg(leg).title))
    return told_of
