"""One leg of a contest on a score sheet: what was handed in, how the points came about, what judges decided."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipeline.contest.clocks import counting, elapsed_ms, limit_ms
from pipeline.contest.plan import Leg
from pipeline.contest.records import CLOCKS
from pipeline.contest.sheets.book import Book, Entry
from pipeline.contest.sheets.leg_page import list_blocks
from pipeline.contest.sheets.numbers import clock_text, exact, when_text
from pipeline.contest.sheets.page import Block, Page, facts, heading, note, steps, table
from pipeline.contest.sheets.practice import digests
from pipeline.contest.sheets.reasons import told
from pipeline.types import points_text
from pipeline.words import Lang, joint, word

Steps = list[list[str]]


def leg_blocks(book: Book, leg: Leg, entrant: str, page: Page) -> list[Block]:
    """A leg that the entrant took part in itself."""
    entry, lang = book.entry(leg.id, entrant), page.lang
    if entry is None:
        return [note(told("unscored", lang))]
    blocks = [facts(_handed_in(book, leg, entrant, entry, lang))]
    if leg.kind == "panel":
        blocks += _panel(entry, lang)
    blocks += _points(book, leg, entrant, entry, page)
    return [*blocks, *_decided(entry, lang), *_appeals(book, leg, entrant, lang)]


def _points(book: Book, leg: Leg, entrant: str, entry: Entry, page: Page) -> list[Block]:
    judged, last = book.judged.get((leg.id, entrant)), after_steps(entry, page.lang)
    if judged is not None:
        blocks = list_blocks(judged, page, last)
        warnings = [*entry["score"]["warnings"], *entry["warnings"]]
        return [*blocks, facts(digests(judged, page.lang)), *(note(w) for w in warnings)]
    if entry["points_u"] is None and leg.kind == "drone":
        return [note(told("unscored", page.lang))]
    first = _panel_steps(entry, page.lang) if entry["panel"] else []
    return [heading(word("scores_arithmetic", page.lang), 3), steps([*first, *last])]


def after_steps(entry: Entry, lang: Lang) -> Steps:
    """From the points of the leg as such to those that count."""
    before, after = entry["before_manual_u"], entry["points_u"]
    if not entry["manual"]:
        return [[told("step_plain", lang), _or_none(after, lang)]]
    rows = [[told("step_before", lang), _or_none(before, lang)]]
    for event in entry["manual"]:
        plus = "+" if event["points_u"] > 0 else ""
        rows.append([told("step_manual", lang, title=event["title"]), plus + exact(event["points_u"])])
    return [*rows, [told("step_leg", lang), _or_none(after, lang)]]


def _or_none(points_u: int | None, lang: Lang) -> str:
    return told("none", lang) if points_u is None else exact(points_u)


def _handed_in(book: Book, leg: Leg, entrant: str, entry: Entry, lang: Lang) -> list[list[str]]:
    rows = [["kind", word(f"scores_kind_{leg.kind}", lang)], ["field", entry["field"] or ""]]
    sent = book.state.last_submission(leg.id, entrant) if leg.kind == "drone" else None
    if sent is not None:
        late = f"{joint('comma', lang)}{word('scores_late', lang)}" if sent.late else ""
        rows.append(["submission", told("submission_told", lang, number=sent.number, hits=sent.hits) + late])
        rows.append(["time", when_text(sent.t_ms, book.state.plan.tz)])
        rows.append(["sha256", sent.object])
    rows += [[f"clock_{which}", _clock(book, leg, entrant, which, lang)] for which in CLOCKS]
    if entry.get("points_low_u") is not None:
        low, high = points_text(entry["points_low_u"]), points_text(entry["points_high_u"])
        rows.append(["interval", told("interval_told", lang, low=low, high=high)])
    return [[word(f"scores_{key}", lang), value] for key, value in rows]


def _clock(book: Book, leg: Leg, entrant: str, which: str, lang: Lang) -> str:
    """How long it ran of how much, and why it was paused."""
    known, ran = book.state.clocks.get((leg.id, entrant, which)), _ran_ms(book, leg, entrant, which)
    if ran is None:
        return ""
    limit = limit_ms(book.state, leg.id, which)
    parts = [clock_text(ran) if limit is None else told("clock_of", lang, ran=clock_text(ran), limit=clock_text(limit))]
    parts += [told("clock_paused", lang, why=act.why) for act in (known.acts if known else ()) if act.act == "pause"]
    return joint("and", lang).join(parts)


def _ran_ms(book: Book, leg: Leg, entrant: str, which: str) -> int | None:
    """The clock that counts as it was read when the list came in, also if taken back since; the other at the end."""
    sent = book.state.last_submission(leg.id, entrant)
    if sent is not None and counting(book.state, leg.id, entrant) == which:
        return sent.elapsed_ms
    return elapsed_ms(book.state, leg.id, entrant, which, book.event.t_ms)


def _panel(entry: Entry, lang: Lang) -> list[Block]:
    """Judges' sheets, item by item; which totals were dropped, and which lie far off."""
    panel = entry["panel"]
    if not panel:
        return [note(told("unscored", lang))]
    dropped = _dropped(panel)
    head = [word("scores_judge", lang), *(f"{i['title']} ({i['max']})" for i in panel["items"])]
    head += [word("scores_sum", lang), word("scores_remark", lang)]
    rows = []
    for number, sheet in enumerate(panel["sheets"]):
        marks = [word("scores_dropped", lang)] if number in dropped else []
        marks += [word("scores_outlier", lang)] if sheet["outlier"] else []
        said = joint("and", lang).join(marks)
        rows.append([sheet["judge"], *map(str, sheet["values"]), str(sum(sheet["values"])), said])
    align = "l" + "r" * (len(panel["items"]) + 1) + "l"
    return [table(head, rows, align, dict.fromkeys(range(1, len(panel["items"]) + 1), 1), word("scores_panel", lang))]


def _dropped(panel: Any) -> set[int]:
    """Places of the sheets of one highest and one lowest total, where the rule drops them."""
    totals = [sum(sheet["values"]) for sheet in panel["sheets"]]
    if panel["combine"] != "trimmed":
        return set()
    ranked = sorted(range(len(totals)), key=lambda i: (totals[i], i))
    return {ranked[0], ranked[-1]}


def _panel_steps(entry: Entry, lang: Lang) -> Steps:
    panel = entry["panel"]
    dropped, most = _dropped(panel), sum(item["max"] for item in panel["items"])
    counted = [sum(s["values"]) for i, s in enumerate(panel["sheets"]) if i not in dropped]
    values = {"sum": " + ".join(map(str, counted)), "n": len(counted), "most": most}
    return [[told("step_panel", lang, **values), exact(100_000_000 * sum(counted) // (len(counted) * most))]]


def _decided(entry: Entry, lang: Lang) -> list[Block]:
    """What two judges signed: events, and evidence that they looked at themselves."""
    rows = [_event(e, e["title"], exact(e["points_u"])) for e in entry["manual"]]
    says = {True: word("scores_overruled_yes", lang), False: word("scores_overruled_no", lang)}
    rows += [_event(o, told("overruled", lang, hit=o["hit"]), says[o["evidence"]]) for o in entry["overrules"]]
    if not rows:
        return []
    head = [word(f"scores_{key}", lang) for key in ("event", "points", "why", "signed", "ledger_event")]
    title = word("scores_events", lang)
    return [heading(title, 3), table(head, rows, "lrlll", {0: 1, 2: 2}, title)]


def _event(event: Any, title: str, points: str) -> list[str]:
    return [title, points, event["why"], "、".join(event["by"]), str(event["seq"])]


def _appeals(book: Book, leg: Leg, entrant: str, lang: Lang) -> list[Block]:
    """What was asked, and what the judges answered."""
    mine = [a for a in book.state.appeals if (a.leg, a.entrant) == (leg.id, entrant)]
    if not mine:
        return []
    answers = {None: "appeal_open", "upheld": "appeal_upheld", "rejected": "appeal_rejected"}
    rows = [[str(a.number), a.text, a.by, word(f"scores_{answers[a.decision]}", lang), a.why] for a in mine]
    head = [word(f"scores_{key}", lang) for key in ("number", "appeal", "appeal_by", "appeal_decision", "why")]
    title = word("scores_appeals", lang)
    return [heading(title, 3), table(head, rows, "lllll", {1: 2, 4: 2}, title)]


def members_blocks(book: Book, leg: Leg, members: Sequence[str], points_u: int | None, lang: Lang) -> list[Block]:
    """What a team has of its members' points on a person's leg."""
    entries = book.results["legs"][leg.id]["entrants"]
    found = {p: entries[p]["points_u"] for p in members if p in entries}
    rows = [[book.state.persons[p].name, p, _or_none(u, lang)] for p, u in found.items()]
    head = [word(f"scores_{key}", lang) for key in ("person", "id", "points")]
    sums = " + ".join(exact(u or 0) for u in found.values())
    done = told(f"step_{leg.team_from}", lang, sum=sums, n=len(found))
    return [
        table(head, rows, "llr", {0: 1}, leg.title),
        steps([[done, _or_none(points_u, lang)]]),
    ]
