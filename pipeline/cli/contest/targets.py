"""The judge's truth: survey in, two signatures, the seal, and at the end the reveal."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from pipeline.cli import show
from pipeline.cli.contest.ask import Field, Folder, Leg, desk_of, now_ms, passphrase, signers_of
from pipeline.cli.options import one_of
from pipeline.errors import ContestError
from pipeline.words import Lang

if TYPE_CHECKING:
    from pipeline.types import Target

targets = typer.Typer(no_args_is_help=True, help="The surveyed targets, before they are sealed.", rich_markup_mode=None)
Vault = Annotated[Path, typer.Option("--vault", metavar="FILE", help="The encrypted targets, outside of the contest.")]


@targets.command("import")
def import_(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="The controllers' CSV or XLSX exports.")],
    out: Annotated[Path, typer.Option("-o", "--output", metavar="TRUTH", help="Folder to make; keep it offline.")],
    crs: Annotated[
        str, typer.Option("--crs", metavar="CRS", help="wgs84, cgcs2000/gk3:CM=114, or cgcs2000/gk3 with zone prefix.")
    ],
    areas: Annotated[
        Path | None, typer.Option("--areas", metavar="GEOJSON", help="Areas: targets, and where hits do not count.")
    ] = None,
    details: Annotated[
        Path | None, typer.Option("--details", metavar="CSV", help="Class, weight, r90 and times by point name.")
    ] = None,
    tz: Annotated[str, typer.Option("--tz", metavar="ZONE", help="Of times without an offset.")] = "Asia/Shanghai",
    contest: Annotated[
        Path | None, typer.Option("--contest", metavar="CONTEST", help="Its area must hold every target.")
    ] = None,
    lang: Annotated[str, typer.Option("--lang", metavar="zh|en", help="Of the sheet.")] = "zh",
) -> None:
    """Read a survey with two occupations of each target, and draw the sheet that two people sign."""
    from pipeline.contest.truth.survey import import_targets

    one_of(lang, ("zh", "en"), "--lang")
    area, language = _area(contest), cast(Lang, lang)
    truth = import_targets(files, out, crs, areas=areas, details=details, tz=tz, area=area, lang=language)
    for warning in truth.warnings:
        show.complain(f"warning: {warning}")
    show.say(f"目标 targets: {_count(truth.targets)}")
    show.say(f"请两人核对并签字 to be checked and signed by two: {out / 'sheet.pdf'}")


def _area(contest: Path | None) -> tuple[float, float, float, float] | None:
    from pipeline.contest.folder import Contest

    area = None if contest is None else Contest.open(contest).state.plan.area
    return None if area is None else (area.west_deg, area.south_deg, area.east_deg, area.north_deg)


def _count(targets: Sequence[Target]) -> int:
    return sum(t.kind == "target" for t in targets)


@targets.command()
def sign(
    truth: Annotated[Path, typer.Argument(metavar="TRUTH", help="What `targets import` made.")],
    contest: Annotated[Path, typer.Option("--contest", metavar="CONTEST", help="The contest they are for.")],
    leg: Leg,
    field: Field,
    keys: Annotated[
        list[Path] | None, typer.Option("--key", metavar="KEYFILE", help="Key of a surveyor or judge who signs.")
    ] = None,
) -> None:
    """Sign the surveyed targets; two different surveyors or judges have to."""
    from pipeline.contest.folder import Contest
    from pipeline.contest.truth.sign import check_may_sign, sign_truth

    if not keys:
        raise ContestError("give the key of each who signs: --key KEYFILE")
    state = Contest.open(contest).state
    signers = signers_of(keys)
    for signer in signers:
        check_may_sign(state, leg, field, signer)
    for signer in signers:
        sign_truth(truth, signer, state.id, leg, field)
        show.say(f"已签 signed: {signer.name}")


@targets.command()
def shred(
    truth: Annotated[Path, typer.Argument(metavar="TRUTH", help="The plain targets.")],
    contest: Annotated[Path, typer.Option("--contest", metavar="CONTEST", help="The contest that has sealed them.")],
    vault: Vault,
) -> None:
    """Overwrite and remove the plain targets once they are sealed. On an SSD that is a wish, no guarantee."""
    from pipeline.contest.folder import Contest
    from pipeline.contest.truth.shred import shred as shred_truth

    left = shred_truth(truth, Contest.open(contest), vault)
    show.say(f"已删除 removed: {truth}")
    if left:
        show.say(f"未删除的其他文件 other files stay: {', '.join(left)}")


def seal(
    folder: Folder,
    leg: Leg,
    field: Field,
    truth: Annotated[Path, typer.Option("--truth", metavar="TRUTH", help="The signed targets.")],
    vault: Vault,
    holders: Annotated[
        list[Path], typer.Option("--holder", metavar="KEYFILE", help="The three key holders' keys; any two open it.")
    ],
    pad_to: Annotated[
        int | None, typer.Option("--pad-to", metavar="N", help="Publish N commitments, however many targets there are.")
    ] = None,
    close_why: Annotated[
        str | None, typer.Option("--allow-close", metavar="WHY", help="Why targets may be closer than twice R.")
    ] = None,
) -> None:
    """Commit to a field's targets before anyone flies."""
    from pipeline.contest.folder import changing
    from pipeline.contest.keys import read_public
    from pipeline.contest.truth.seal import seal as seal_field

    with changing(folder) as contest:
        desk = desk_of(contest)
        opened = [(path, passphrase(read_public(path)[0])) for path in holders]
        event = seal_field(contest, leg, field, truth, vault, opened, desk, now_ms(),
                           pad_to=pad_to, override_close=close_why)  # fmt: skip
    show.say(f"已封存 sealed: {event.body['count']} commitments, root {event.body['root']}")
    show.say(f"保险库 vault: {vault}；请移走明文目标文件 take the plain targets away: {truth}")


def reveal(
    folder: Folder,
    leg: Leg,
    field: Field,
    vault: Vault,
    holders: Annotated[
        list[Path], typer.Option("--holder", metavar="KEYFILE", help="Two of the three key holders' keys.")
    ],
) -> None:
    """After the close: open the vault with two key holders, and publish targets and salts."""
    from pipeline.contest.folder import changing
    from pipeline.contest.keys import read_public
    from pipeline.contest.truth.reveal import reveal as reveal_field

    with changing(folder) as contest:
        desk = desk_of(contest)
        names = [read_public(path)[0] for path in holders]
        said = {name: passphrase(name) for name in names}
        reveal_field(contest, leg, field, vault, said, desk, now_ms())
    show.say(f"已公开 revealed: {leg}/{field}; 与封存一致 as it was sealed")
