"""Before anyone flies: keys, the folder, officials, entrants, lots."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli import show
from pipeline.cli.contest.ask import Folder, Keys, Leg, desk_of, new_passphrase, now_ms, passphrase, signers_of


def key(
    out: Annotated[Path, typer.Argument(metavar="KEYFILE", help="File to make, best on the holder's own USB stick.")],
    name: Annotated[str, typer.Option("--name", metavar="NAME", help="Who holds it.")],
) -> None:
    """Make an official's or key holder's key, which only a passphrase opens."""
    from pipeline.contest.keys import new_key

    public = new_key(out, name, new_passphrase(name))
    show.say(f"密钥 key of {name}: {out}")
    show.say(f"公钥 public key: {public}")


def new(
    folder: Folder,
    plan: Annotated[
        Path | None,
        typer.Option("--plan", metavar="contest.toml", help="Legs, weights, rules. [default: the example plan]"),
    ] = None,
) -> None:
    """Make a contest's folder from its plan; the desk's passphrase is asked for."""
    from pipeline.contest.folder import Contest
    from pipeline.contest.plan import EXAMPLE

    contest = Contest.create(folder, plan or EXAMPLE, new_passphrase("受理台 the desk"), now_ms())
    show.say(f"竞赛 contest: {contest.state.name} ({contest.state.id})")
    show.say(f"文件夹 folder: {folder}")
    if plan is None:
        show.say("示例方案，非官方规则 the example plan; no official rules")


def example(
    out: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where the example plan and rules are copied to.")],
) -> None:
    """Copy the example plan, its rules, and an example list of entrants, to start your own from."""
    from pipeline.contest.plans import copy_example

    for path in copy_example(out):
        show.say(str(path))


def official(
    folder: Folder,
    keyfile: Annotated[str, typer.Argument(metavar="KEY", help="A key file, or a public key (64 hex digits).")],
    name: Annotated[str, typer.Option("--name", metavar="NAME", help="As in the key file.")],
    role: Annotated[str, typer.Option("--role", metavar="judge|keyholder|surveyor")] = "judge",
    keys: Keys = None,
) -> None:
    """Register somebody who signs; after lots were committed two judges must agree (--key)."""
    from pipeline.contest.folder import changing
    from pipeline.contest.people import register_official

    with changing(folder) as contest:
        desk, signers = desk_of(contest), signers_of(keys)
        register_official(contest, keyfile, name, role, desk, now_ms(), signers=signers)
    show.say(f"已登记 registered: {name} ({role})")


def entrants(
    folder: Folder,
    table: Annotated[
        Path,
        typer.Argument(metavar="ENTRANTS.csv", help="Columns team, team_name, organisation, person, person_name."),
    ],
    keys: Keys = None,
) -> None:
    """Register all teams and persons; after the draw two judges may put names right (--key)."""
    from pipeline.contest.folder import changing
    from pipeline.contest.people import register_entrants

    with changing(folder) as contest:
        desk, signers = desk_of(contest), signers_of(keys)
        register_entrants(contest, table, desk, now_ms(), signers=signers)
        teams, persons = len(contest.state.teams), len(contest.state.persons)
    show.say(f"参赛队 teams: {teams}; 队员 persons: {persons}")


def draw_commit(folder: Folder, leg: Leg, keys: Keys = None) -> None:
    """Commit to a secret before the teams say their numbers; keep what it prints. Lost, two judges commit anew."""
    from pipeline.contest.draws import commit_draw
    from pipeline.contest.folder import changing
    from pipeline.contest.heads import write_head

    with changing(folder) as contest:
        desk, signers = desk_of(contest), signers_of(keys)
        secret = commit_draw(contest, leg, desk, now_ms(), signers=signers)
        show.say("抽签密数，请抄下并保管，抽签时输入；它没有写入任何文件")
        show.say("the secret of this draw; keep it, `contest draw` asks for it; it is written nowhere:")
        show.say(secret)
        page = write_head(contest.folder, contest.state.head, f"draw-{leg}")
    show.say(f"请各队报数之前先公布账本头，以证明密数在先 show the teams this head before they speak: {page}")


def draw(
    folder: Folder,
    leg: Leg,
    said: Annotated[
        list[str] | None, typer.Option("--said", metavar="TEXT", help="What a team said aloud; once for each team.")
    ] = None,
) -> None:
    """Draw order and fields from the committed secret and what the teams said."""
    from pipeline.contest.draws import run_draw
    from pipeline.contest.folder import changing

    with changing(folder) as contest:
        desk, secret = desk_of(contest), passphrase("抽签密数 the draw's secret").strip()
        event = run_draw(contest, leg, secret, said or [], desk, now_ms())
        state = contest.state
    names = {t.id: t.name for t in state.teams.values()} | {p.id: p.name for p in state.persons.values()}
    fields = event.body["fields"]
    rows = [(n, e, names[e], fields.get(e, "")) for n, e in enumerate(event.body["order"], 1)]
    show.table("抽签结果 drawn", ("次序 order", "编号 id", "名称 name", "场地 field"), rows)
