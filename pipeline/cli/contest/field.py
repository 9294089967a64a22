"""On the day: fields, clocks, cards, submissions, and what judges see with their own eyes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, cast

import typer

from pipeline.cli import show
from pipeline.cli.contest.ask import Entrant, Field, Folder, Keys, Leg, Why, desk_of, now_ms, signers_of
from pipeline.cli.contest.status import shown
from pipeline.cli.options import not_over, one_of
from pipeline.errors import ContestError
from pipeline.words import Lang

Hits = Annotated[Path | None, typer.Argument(metavar="HITS", help="GeoJSON, CSV, XLSX, KML, KMZ or GeoPackage.")]
Typed = Annotated[
    list[str] | None,
    typer.Option("--hit", metavar='"LAT LON CLASS"', help="A hit typed in; degrees, minutes and seconds will do."),
]

CLOCKS = {"flight": "飞行计时 flight", "analysis": "研判计时 analysis"}
ACTS = {"start": "开始 start", "pause": "暂停 pause", "resume": "继续 resume", "stop": "停止 stop"}


def open_(folder: Folder, leg: Leg, field: Field) -> None:
    """Open a sealed field: from now on its teams fly and hand in."""
    from pipeline.contest.folder import changing
    from pipeline.contest.judging.fields import open_field

    with changing(folder) as contest:
        open_field(contest, leg, field, desk_of(contest), now_ms())
    show.say(f"已开放 open: {leg}/{field}")


def close(folder: Folder, leg: Leg, field: Field) -> None:
    """Close a field: nothing is taken any more, and its targets may be revealed."""
    from pipeline.contest.folder import changing
    from pipeline.contest.judging.fields import close_field

    with changing(folder) as contest:
        close_field(contest, leg, field, desk_of(contest), now_ms())
    show.say(f"已关闭 closed: {leg}/{field}")


def clock(
    folder: Folder,
    act: Annotated[str, typer.Argument(metavar="start|pause|resume|stop", help="What happens to it.")],
    leg: Leg,
    entrant: Entrant,
    which: Annotated[str, typer.Option("--clock", metavar="flight|analysis")] = "flight",
    why: Why = "",
) -> None:
    """Start, pause, resume or stop a team's clock; the judge's computer tells the time."""
    from pipeline.contest.clocks import clock as touch
    from pipeline.contest.clocks import elapsed_ms
    from pipeline.contest.folder import changing

    one_of(act, ("start", "pause", "resume", "stop"), "ACT")
    one_of(which, ("flight", "analysis"), "--clock")
    with changing(folder) as contest:
        event = touch(contest, leg, entrant, which, act, why, desk_of(contest), now_ms())
        so_far = elapsed_ms(contest.state, leg, entrant, which, event.t_ms) or 0
    show.say(f"{entrant} {CLOCKS[which]}: {ACTS[act]}; 已用 used {shown(so_far)}")


def clock_void(
    folder: Folder,
    leg: Leg,
    entrant: Entrant,
    why: Why,
    which: Annotated[str, typer.Option("--clock", metavar="flight|analysis")] = "flight",
    keys: Keys = None,
) -> None:
    """Two judges take back a clock that was started by mistake."""
    from pipeline.contest.clocks import void_clock
    from pipeline.contest.folder import changing

    one_of(which, ("flight", "analysis"), "--clock")
    with changing(folder) as contest:
        desk, signers = desk_of(contest), signers_of(keys)
        void_clock(contest, leg, entrant, which, why, signers, desk, now_ms())
    show.say(f"已作废 taken back: {entrant}, {CLOCKS[which]}")


def card(
    folder: Folder,
    originals: Annotated[Path, typer.Argument(metavar="FOLDER", help="The card as it was handed over.")],
    leg: Leg,
    entrant: Entrant,
) -> None:
    """Take the hashes of a team's card when it is handed over, so that evidence is not the team's word alone."""
    from pipeline.contest.folder import changing
    from pipeline.contest.intake.cards import scan_card, take_card

    found = scan_card(originals)  # minutes for a large card: the contest goes on meanwhile
    with changing(folder) as contest:
        event = take_card(contest, leg, entrant, found, desk_of(contest), now_ms())
    show.say(f"存储卡 card of {entrant}: {event.body['files']} files, {event.body['bytes']} bytes")


def submit(
    folder: Folder,
    leg: Leg,
    entrant: Entrant,
    hits: Hits = None,
    typed: Typed = None,
) -> None:
    """Take a team's hit list and give a receipt, never a score. The last one counts."""
    from pipeline.contest.folder import changing
    from pipeline.contest.intake.submit import submit as take

    if (hits is None) == (not typed):
        raise ContestError("give one hit list, or hits typed in with --hit")
    with changing(folder) as contest:
        receipt = take(contest, leg, entrant, hits, desk_of(contest), now_ms(), typed=typed or ())
    for line in receipt.text("zh").splitlines():
        show.say(line)
    for path in receipt.paths:
        show.say(f"回执 receipt: {path}")
    for warning in receipt.unmirrored:
        show.complain(f"warning: {warning}")


def echo(
    folder: Folder,
    leg: Leg,
    entrant: Entrant,
    out: Annotated[Path, typer.Option("-o", "--output", metavar="ECHO.html", help="Page to write.")],
    hits: Hits = None,
    typed: Typed = None,
    lang: Annotated[str, typer.Option("--lang", metavar="zh|en")] = "zh",
) -> None:
    """Show on a map what would be understood of a hit list; nothing is handed in."""
    from pipeline.contest.folder import Contest
    from pipeline.contest.intake.echo import write_echo
    from pipeline.contest.intake.submit import preview

    one_of(lang, ("zh", "en"), "--lang")
    if hits is not None:
        not_over(out, hits)
    contest, language = Contest.open(folder), cast(Lang, lang)
    taken, warned, cards = preview(contest, leg, entrant, hits, typed=typed or ())
    write_echo(out, taken, warned, contest.state.plan.area, cards.track, language)
    show.say(f"回显 echo: {out}")


def form(out: Annotated[Path, typer.Argument(metavar="FORM.xlsx", help="File to make.")]) -> None:
    """Make an empty form that a team fills in."""
    from pipeline.contest.intake.form import write_form

    if out.exists():
        raise ContestError(f"{out}: is there already; a form that may be filled in is never overwritten")
    write_form(out)
    show.say(f"表格 form: {out}")


def manual(
    folder: Folder,
    rule: Annotated[str, typer.Option("--rule", metavar="RULE", help="A manual rule of the plan.")],
    leg: Leg,
    entrant: Entrant,
    why: Why,
    keys: Keys = None,
) -> None:
    """What two judges saw: a crash, out of bounds, points for a manoeuvre."""
    from pipeline.contest.folder import changing
    from pipeline.contest.manual import manual_event

    with changing(folder) as contest:
        desk, signers = desk_of(contest), signers_of(keys)
        manual_event(contest, leg, entrant, rule, why, signers, desk, now_ms())
    show.say(f"已记录 recorded: {rule}, {entrant}")


def overrule(
    folder: Folder,
    leg: Leg,
    entrant: Entrant,
    hit: Annotated[str, typer.Option("--hit", metavar="HIT", help="The id of the hit.")],
    counts: Annotated[bool, typer.Option("--counts/--does-not-count", help="Whether its evidence counts.")],
    why: Why,
    keys: Keys = None,
) -> None:
    """Two judges looked at a hit's evidence and decide themselves."""
    from pipeline.contest.folder import changing
    from pipeline.contest.manual import overrule as decide

    with changing(folder) as contest:
        desk, signers = desk_of(contest), signers_of(keys)
        decide(contest, leg, entrant, hit, counts, why, signers, desk, now_ms())
    show.say(f"已裁定 decided: {hit}")


def marks(
    folder: Folder,
    table: Annotated[Path, typer.Argument(metavar="MARKS.csv", help="Columns entrant, points.")],
    leg: Leg,
    keys: Keys = None,
) -> None:
    """Enter the marks of a leg that never flies; a correction takes two judges (--key)."""
    from pipeline.contest.folder import changing
    from pipeline.contest.marks import enter_marks

    with changing(folder) as contest:
        desk, signers = desk_of(contest), signers_of(keys)
        event = enter_marks(contest, leg, table, desk, now_ms(), signers=signers)
    show.say(f"已录入 entered: {event.body['rows']}")


def panel(
    folder: Folder,
    leg: Leg,
    entrant: Entrant,
    values: Annotated[list[str], typer.Option("--mark", metavar="ITEM=POINTS", help="One for each item of the sheet.")],
    keys: Annotated[list[Path] | None, typer.Option("--key", metavar="KEYFILE", help="The judge's own key.")] = None,
) -> None:
    """A judge's own sheet, blind: nobody sees it before all sheets are in."""
    from pipeline.contest.folder import changing
    from pipeline.contest.panels import enter_sheet

    with changing(folder) as contest:
        desk, signers = desk_of(contest), signers_of(keys)
        if len(signers) != 1:
            raise ContestError("one judge's own key: --key KEYFILE")
        in_order = _in_order(_marks(values), [item.id for item in contest.state.plan.leg(leg).items])
        enter_sheet(contest, leg, entrant, signers[0], in_order, desk, now_ms())
    show.say(f"已密封 kept closed: {entrant}, {signers[0].name}")


def _marks(values: list[str]) -> dict[str, int]:
    pairs = [value.partition("=") for value in values]
    if len({item for item, _, _ in pairs}) < len(pairs):
        raise ContestError("an item of the sheet is given twice")
    if not all(points.isascii() and points.isdigit() for _, _, points in pairs):
        raise ContestError("a mark is ITEM=POINTS with whole points, such as completeness=18")
    return {item: int(points) for item, _, points in pairs}


def _in_order(marks: dict[str, int], items: list[str]) -> list[int]:
    if sorted(marks) != sorted(items):
        raise ContestError(f"the sheet has the items {', '.join(items)}; give each once")
    return [marks[item] for item in items]


def panel_void(
    folder: Folder,
    leg: Leg,
    entrant: Entrant,
    judge: Annotated[str, typer.Option("--judge", metavar="NAME", help="Whose sheet is taken out.")],
    why: Why,
    keys: Keys = None,
) -> None:
    """Two judges take out a sheet that is still closed, so that it can be entered again."""
    from pipeline.contest.folder import changing
    from pipeline.contest.panels import void_sheet
    from pipeline.contest.people import official_named

    with changing(folder) as contest:
        named = official_named(contest.state.officials, judge)
        if named is None:
            raise ContestError(f"{judge!r} is no official of this contest")
        desk, signers = desk_of(contest), signers_of(keys)
        void_sheet(contest, leg, entrant, named.key, why, signers, desk, now_ms())
    show.say(f"已作废 taken out: {entrant}, {judge}")


def panel_open(
    folder: Folder,
    leg: Leg,
    keys: Annotated[
        list[Path] | None, typer.Option("--key", metavar="KEYFILE", help="Every judge's key: give it for each.")
    ] = None,
) -> None:
    """Open all sheets of a panel leg together, once all are in; each judge's key is needed."""
    from pipeline.contest.folder import changing
    from pipeline.contest.panels import open_panel

    with changing(folder) as contest:
        desk, signers = desk_of(contest), signers_of(keys)
        open_panel(contest, leg, signers, desk, now_ms())
    show.say(f"评分表已启封 sheets are open: {leg}")
