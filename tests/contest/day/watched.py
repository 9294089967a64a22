"""A desk that is watched: `python -m tests.contest.day.watched WHAT FOLDER PASSPHRASE ARGUMENT…`.

An audit hook notes every file that is opened and everything else that leaves the process; at the end the process
prints what it noted and waits, so that its memory can be looked at. WHAT: submit (hit lists), command (the same by the
command line), failing (the same, with the disk failing at every touch in turn), close, seal, reveal (failing as well),
or leak, which reads the truth and so shows that the test would see it.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

LEG = "flight"
NOTED: dict[str, set[str]] = {}
WATCHED = ("open", "sqlite3.connect", "os.rename", "os.scandir", "os.listdir", "subprocess.Popen", "os.exec",
           "os.system", "socket.connect", "socket.bind", "tempfile.mkstemp", "tempfile.mkdtemp")  # fmt: skip


def note(event: str, given: tuple[Any, ...]) -> None:
    if event in WATCHED:
        NOTED.setdefault(event, set()).update(str(os.fsdecode(g) if isinstance(g, bytes) else g) for g in given[:2])


def failing(work: Callable[[], object], most: int) -> None:
    """Do it while the disk fails at its first, second … touch; print each error as a program would that lost it."""
    for touch in range(1, most):
        kept = {name: getattr(os, name) for name in ("write", "fsync", "replace")}
        left = [touch]
        for name, call in kept.items():
            setattr(os, name, partial(_touched, left, call))
        try:
            work()
            return
        except Exception as why:
            traceback.print_exc()
            print("SAYS", why)
        finally:
            for name, call in kept.items():
                setattr(os, name, call)


def _touched(left: list[int], call: Callable[..., Any], *given: Any, **named: Any) -> Any:
    left[0] -= 1
    if left[0] == 0:
        raise OSError(5, "the disk failed")
    return call(*given, **named)


def refused(work: Callable[[], object]) -> None:
    """Do what must be refused, and show all that the error knows, local variables too."""
    try:
        work()
    except Exception as why:
        told = traceback.TracebackException.from_exception(why, capture_locals=True)
        print("".join(told.format()), file=sys.stderr)


def act(folder: Path, passphrase: str, verb: Callable[..., Any], *given: Any) -> Any:
    """One command of the desk, at the time of the ledger's last event."""
    from pipeline.contest.folder import changing

    with changing(folder / "contest") as contest:
        return verb(contest, *given, desk=contest.desk(passphrase), now_ms=contest.state.head.t_ms)


def submits(folder: Path, passphrase: str, *files: str) -> None:
    from pipeline.contest.intake.submit import submit

    for team, file in (f.split("=") for f in files):
        refused(lambda t=team, f=file: print(act(folder, passphrase, submit, LEG, t, Path(f)).text("zh")))


def submits_on_a_failing_disk(folder: Path, passphrase: str, *files: str) -> None:
    from pipeline.contest.intake.submit import submit

    for team, file in (f.split("=") for f in files):
        failing(lambda t=team, f=file: act(folder, passphrase, submit, LEG, t, Path(f)), 200)


def commands(folder: Path, passphrase: str, *files: str) -> None:
    """The same as a user types it; the passphrase comes by standard input."""
    from pipeline.cli import main

    for team, file in (f.split("=") for f in files):
        sys.argv = ["qianliyan", "contest", "submit", str(folder / "contest"), file, "--leg", LEG, "--entrant", team]
        try:
            main()
        except SystemExit as done:
            print("EXIT", done.code)


def closes(folder: Path, passphrase: str) -> None:
    from pipeline.contest.judging.fields import close_field

    for field in "AB":
        failing(lambda f=field: act(folder, passphrase, close_field, LEG, f), 100)


def seals(folder: Path, passphrase: str) -> None:
    from pipeline.contest.keys import TEST_COST
    from pipeline.contest.truth.seal import seal
    from pipeline.rehearse.office import Office
    from pipeline.rehearse.office import passphrase as of
    from pipeline.rehearse.plan import HOLDERS

    office = Office(folder)
    holders = [(office.key(n), of(n)) for n in HOLDERS]

    def work() -> None:
        office.vault("A").unlink(missing_ok=True)
        where = (office.truth("A"), office.vault("A"), holders)
        act(folder, passphrase, partial(seal, cost=TEST_COST), LEG, "A", *where)

    failing(work, 100)


def reveals(folder: Path, passphrase: str) -> None:
    from pipeline.contest.truth.reveal import reveal
    from pipeline.rehearse.office import Office
    from pipeline.rehearse.office import passphrase as of
    from pipeline.rehearse.plan import HOLDERS

    two = {name: of(name) for name in HOLDERS[:2]}
    failing(lambda: act(folder, passphrase, reveal, LEG, "A", Office(folder).vault("A"), two), 100)


def leaks(folder: Path, passphrase: str, targets: str) -> None:
    """What no desk may do."""
    from pipeline.score import read_targets

    global KEPT
    KEPT = read_targets(Path(targets))


KEPT: Any = None
WORK: dict[str, Callable[..., None]] = {
    "submit": submits,
    "command": commands,
    "failing": submits_on_a_failing_disk,
    "close": closes,
    "seal": seals,
    "reveal": reveals,
    "leak": leaks,
}


if __name__ == "__main__":
    sys.addaudithook(note)
    WORK[sys.argv[1]](Path(sys.argv[2]), *sys.argv[3:])
    told = {"noted": {k: sorted(v) for k, v in NOTED.items()}, "modules": sorted(sys.modules), "env": dict(os.environ)}
    print("NOTED " + json.dumps(told), flush=True)
    sys.stdin.readline()
