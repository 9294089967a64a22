"""After the reveal: results, sheets, appeals, rejudging, the end."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from pipeline.cli import show
from pipeline.cli.contest.ask import Entrant, Folder, Keys, Leg, Why, desk_of, now_ms, signers_of
from pipeline.cli.contest.status import DECISIONS
from pipeline.cli.options import one_of
from pipeline.errors import ContestError
from pipeline.types import points_text
from pipeline.words import Lang

if TYPE_CHECKING:
    from pipeline.contest.folder import Contest

Number = Annotated[int, typer.Argument(metavar="SET", help="The number of a set of results.")]


def judge(folder: Folder) -> None:
    """Judge all legs, once every field is closed and revealed; the results are provisional until `finalise`."""
    from pipeline.contest.folder import changing
    from pipeline.contest.judging.judged import judge_first

    with changing(folder) as contest:
        judge_first(contest, desk_of(contest), now_ms())
        _standings(contest)


def results(folder: Folder) -> None:
    """The table that stands."""
    from pipeline.contest.folder import Contest

    _standings(Contest.open(folder))


def _standings(contest: Contest) -> None:
    import json

    applied = contest.state.applied
    if applied is None:
        raise ContestError(f"{contest.folder}: there are no results yet")
    found = json.loads(contest.load(applied.object))
    legs = [leg.id for leg in contest.state.plan.legs]
    heads = ("名次 place", "编号 id", "名称 name", "总分 total", *legs, "90% 名次 places")
    rows = [_row(team, legs) for team in found["teams"]]
    show.table(f"成绩 results, set {applied.number}", heads, rows)


def _row(team: dict[str, Any], legs: Sequence[str]) -> tuple[str, ...]:
    place = "none" if team["place"] is None else f"{team['place']}{'=' if team['shared'] else ''}"
    parts = (points_text(team["legs"].get(leg)) for leg in legs)
    low, high = team.get("place_low"), team.get("place_high")
    span = "" if low is None else str(low) if low == high else f"{low}–{high}"
    return (place, team["entrant"], team["name"], points_text(team["total_u"]), *parts, span)


def sheets(
    folder: Folder,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FOLDER", help="[default: sheets/set-N-LANG in the contest]"),
    ] = None,
    lang: Annotated[str, typer.Option("--lang", metavar="zh|en")] = "zh",
    number: Annotated[int | None, typer.Option("--set", metavar="N", help="[default: the set that stands]")] = None,
) -> None:
    """Score sheets (PDF and HTML) of every team and person, and the result tables (also CSV and XLSX)."""
    from pipeline.contest.folder import Contest
    from pipeline.contest.sheets.table_sheet import write_tables
    from pipeline.contest.sheets.team_sheet import write_score_sheets

    one_of(lang, ("zh", "en"), "--lang")
    contest = Contest.open(folder)
    applied = contest.state.applied
    wanted = number if number is not None else applied.number if applied else None
    if wanted is None:
        raise ContestError(f"{folder}: there are no results yet")
    target = out or folder / "sheets" / f"set-{wanted}-{lang}"
    if contest.state.final and folder.resolve() in target.resolve().parents:
        raise ContestError(f"{folder}: is final and changes no more; give a folder outside of it with --output")
    language = cast(Lang, lang)
    made = [
        *write_score_sheets(contest, wanted, target, language, show.complain),
        *write_tables(contest, wanted, target, language, show.complain),
    ]
    show.say(f"已生成 written: {len(made)} files in {target}")


def rejudge(
    folder: Folder,
    why: Why = "",
    rules: Annotated[list[str] | None, typer.Option("--rules", metavar="LEG=FILE", help="A leg's new rules.")] = None,
    void: Annotated[
        list[str] | None, typer.Option("--void", metavar="LEG/FIELD/TARGET", help="A target that no longer counts.")
    ] = None,
    restore: Annotated[
        list[str] | None, typer.Option("--restore", metavar="LEG/FIELD/TARGET", help="A voided target counts again.")
    ] = None,
    apply: Annotated[int | None, typer.Option("--apply", metavar="SET", help="Apply a proposal, whole.")] = None,
    cancel: Annotated[int | None, typer.Option("--cancel", metavar="SET", help="Cancel a proposal, whole.")] = None,
    keys: Keys = None,
) -> None:
    """Propose results anew and show what would change; two judges apply or cancel it whole."""
    from pipeline.contest.folder import changing
    from pipeline.contest.judging.rejudge import apply_set, cancel_set, propose

    if apply is not None and cancel is not None:
        raise ContestError("give --apply or --cancel, not both")
    with changing(folder) as contest:
        desk, signers = desk_of(contest), signers_of(keys)
        if apply is not None:
            apply_set(contest, apply, signers, desk, now_ms())
            _standings(contest)
        elif cancel is not None:
            cancel_set(contest, cancel, signers, desk, now_ms())
            show.say(f"已撤销 cancelled: {cancel}")
        else:
            event = propose(contest, why, desk, now_ms(), rules=_rules(rules), void=_targets(void),
                            restore=_targets(restore))  # fmt: skip
            _show_diff(contest, event.body)


def _rules(given: list[str] | None) -> dict[str, Path]:
    pairs = [text.partition("=") for text in given or ()]
    if not all(leg and file for leg, _, file in pairs):
        raise ContestError("new rules are given as LEG=FILE")
    return {leg: Path(file) for leg, _, file in pairs}


def _targets(given: list[str] | None) -> list[tuple[str, str, str]]:
    parts = [tuple(text.split("/", 2)) for text in given or ()]
    if not all(len(p) == 3 for p in parts):
        raise ContestError("a target is given as LEG/FIELD/TARGET")
    return [(p[0], p[1], p[2]) for p in parts]


def _show_diff(contest: Contest, body: Any) -> None:
    from pipeline.contest.judging.rejudge import diff_lines

    show.say(f"重评方案 proposal {body['set']}; 尚未生效 not in force yet")
    for line in diff_lines(contest, int(body["set"])):
        show.say(line)


def appeal(
    folder: Folder,
    leg: Leg,
    entrant: Entrant,
    text: Annotated[str, typer.Option("--text", metavar="TEXT", help="What is appealed against, and why.")],
    by: Annotated[str, typer.Option("--by", metavar="NAME", help="Who appeals.")],
) -> None:
    """Record a team's appeal; it gets a number and a deadline."""
    from pipeline.contest.folder import changing
    from pipeline.contest.judging.appeals import file_appeal

    with changing(folder) as contest:
        event = file_appeal(contest, leg, entrant, text, by, desk_of(contest), now_ms())
    show.say(f"申诉编号 appeal number: {event.body['number']}")


def decide(
    folder: Folder,
    number: Annotated[int, typer.Argument(metavar="APPEAL", help="The appeal's number.")],
    decision: Annotated[str, typer.Option("--decision", metavar="upheld|rejected")],
    why: Why,
    keys: Keys = None,
) -> None:
    """Two judges decide an appeal."""
    from pipeline.contest.folder import changing
    from pipeline.contest.judging.appeals import decide_appeal

    one_of(decision, ("upheld", "rejected"), "--decision")
    with changing(folder) as contest:
        desk, signers = desk_of(contest), signers_of(keys)
        decide_appeal(contest, number, decision, why, signers, desk, now_ms())
    show.say(f"申诉 appeal {number}: {DECISIONS[decision]}")


def finalise(folder: Folder, keys: Keys = None, why: Why = "") -> None:
    """The end: two judges sign the set that stands and the hash of every file."""
    from pipeline.contest.folder import changing
    from pipeline.contest.judging.finalise import finalise as end

    with changing(folder) as contest:
        desk, signers = desk_of(contest), signers_of(keys)
        end(contest, signers, desk, now_ms(), why=why)
        head = contest.state.head
    show.say(f"已定稿 final: event {head.seq}")
    show.say(f"{head.contest} {head.seq} {head.head}")
