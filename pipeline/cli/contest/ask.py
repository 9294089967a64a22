"""What a contest's commands ask for: passphrases, keys, the time."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.errors import ContestError

if TYPE_CHECKING:
    from pipeline.contest.folder import Contest
    from pipeline.contest.keys import Signer

Folder = Annotated[Path, typer.Argument(metavar="CONTEST", help="The contest's folder.")]
Leg = Annotated[str, typer.Option("--leg", metavar="LEG", help="A leg of the plan.")]
Field = Annotated[str, typer.Option("--field", metavar="FIELD", help="A field of that leg.")]
Entrant = Annotated[str, typer.Option("--entrant", metavar="ID", help="The team's or the person's id.")]
Why = Annotated[str, typer.Option("--why", metavar="TEXT", help="The reason; it stays in the ledger.")]
Keys = Annotated[
    list[Path] | None, typer.Option("--key", metavar="KEYFILE", help="Key of a judge who signs; give two judges'.")
]


def now_ms() -> int:
    """The judge's clock, UTC."""
    return time.time_ns() // 1_000_000


def passphrase(whose: str) -> str:
    """Asked on a terminal without being shown; in a pipe the next line of standard input."""
    if sys.stdin.isatty():
        return str(typer.prompt(f"口令 passphrase ({whose})", hide_input=True, err=True))
    line = sys.stdin.readline()
    if not line:
        raise ContestError(f"the passphrase of {whose} is missing: standard input holds one a line")
    return line.rstrip("\r\n")


def new_passphrase(whose: str) -> str:
    """The same, asked twice on a terminal: what is mistyped here is lost."""
    if not sys.stdin.isatty():
        return passphrase(whose)
    return str(typer.prompt(f"新口令 new passphrase ({whose})", hide_input=True, confirmation_prompt=True, err=True))


def desk_of(contest: Contest) -> Signer:
    """The desk's own key, opened."""
    return contest.desk(passphrase("受理台 the desk"))


def signers_of(keys: Sequence[Path] | None) -> list[Signer]:
    """The officials' keys, opened in the order given."""
    from pipeline.contest.keys import open_key, read_public

    return [open_key(key, passphrase(read_public(key)[0])) for key in keys or ()]
