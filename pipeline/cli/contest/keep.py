"""Looking at a contest, keeping a second copy of it, checking it, and rehearsing one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, cast

import typer

from pipeline.cli import show
from pipeline.cli.contest.ask import Folder, desk_of, now_ms, passphrase
from pipeline.cli.options import not_over, one_of
from pipeline.words import Lang

Dest = Annotated[Path, typer.Argument(metavar="DEST", help="The second copy, on another disk or computer.")]


def head(
    folder: Folder,
    at: Annotated[str, typer.Option("--at", metavar="WORD", help="Why: start, freeze, …")] = "now",
) -> None:
    """Publish the ledger's head: text and QR code to print, read out or photograph."""
    from pipeline.contest.folder import changing
    from pipeline.contest.heads import head_text, publish_head

    with changing(folder) as contest:
        event, path = publish_head(contest, at, desk_of(contest), now_ms())
    show.say(head_text(event))
    show.say(str(path))


def mirror(folder: Folder, dest: Dest) -> None:
    """Bring a second copy up to date; once it is there, each receipt does so by itself."""
    from pipeline.contest.mirror import mirror as copy
    from pipeline.contest.mirror import remember

    copied = copy(folder, dest)
    remember(folder, dest)
    show.say(f"已同步 copied: {copied} events to {dest}")


def restore(
    copy: Annotated[Path, typer.Argument(metavar="MIRROR", help="The second copy.")],
    folder: Folder,
) -> None:
    """Make a second copy the contest again, on this computer; the chain goes on."""
    from pipeline.contest.folder import Contest
    from pipeline.contest.intake.receipt import write_missing
    from pipeline.contest.mirror import restore as bring_back

    bring_back(copy, folder, passphrase("受理台 the desk"), now_ms())
    missing = write_missing(Contest.open(folder))
    show.say(f"已恢复 restored: {folder}; 补写回执 receipts written again: {missing}")


def verify(
    folder: Folder,
    heads: Annotated[
        list[str] | None, typer.Option("--head", metavar='"ID SEQ HEAD"', help="A head that was published.")
    ] = None,
    receipts: Annotated[
        list[Path] | None, typer.Option("--receipt", metavar="FILE", help="A receipt (JSON) that a team holds.")
    ] = None,
    against: Annotated[
        Path | None, typer.Option("--against", metavar="FOLDER", help="Another copy: is there a fork?")
    ] = None,
) -> None:
    """Check everything: chain, signatures, seals, receipts, files, and every result judged again."""
    from pipeline.contest.judging.verify import verify_contest

    report = verify_contest(folder, heads=heads or (), receipts=receipts or (), against=against)
    for line in report.lines():
        show.say(line)
    if not report.good:
        raise typer.Exit(1)


def practice(
    hits: Annotated[Path, typer.Argument(metavar="HITS", help="A hit list.")],
    targets: Annotated[Path, typer.Option("--targets", metavar="TARGETS", help="Public targets of a practice field.")],
    rules: Annotated[str, typer.Option("--rules", metavar="FILE-OR-PROFILE")] = "drill-example",
    out: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="SHEET.html", help="The sheet with the map.")
    ] = None,
    lang: Annotated[str, typer.Option("--lang", metavar="zh|en", help="Of the sheet.")] = "zh",
) -> None:
    """Score at once against public targets, to learn the rules."""
    from pipeline.cli.score import print_score
    from pipeline.contest.sheets.practice import practice as judged

    if out is not None:
        not_over(out, hits, targets)
    one_of(lang, ("zh", "en"), "--lang")
    print_score(judged(hits, targets, rules, out, cast(Lang, lang)))
    if out is not None:
        show.say(f"评分单 sheet: {out}")


def rehearse(
    out: Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder to make.")],
    teams: Annotated[int, typer.Option("--teams", metavar="N", min=3, max=99)] = 12,
    submissions: Annotated[int, typer.Option("--submissions", metavar="N", min=1, max=10)] = 3,
    seed: Annotated[
        int, typer.Option("--seed", metavar="N", min=0, help="Of places and hit lists; keys and lots are always new.")
    ] = 0,
) -> None:
    """A whole contest day on made-up teams, from the survey to the final table, and its check."""
    from pipeline.rehearse import rehearse as play

    with show.progress() as tell:
        done = play(out, teams=teams, submissions=submissions, seed=seed, tell=tell)
    for line in done.lines():
        show.say(line)
