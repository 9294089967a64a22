"""A desk in a process of its own, to be killed: `python -m tests.contest.day.driving FOLDER DONE [CRASH CALL]`.

It takes hit lists, closes, reveals, judges and rejudges, one step after the other from step DONE on, and prints for
each step the head of its event as soon as the step returns: that is the acknowledgement. CRASH = n makes the process
end on the spot at its n-th call of CALL; a write is then cut in half. CALL "any" counts every touch of the disk.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from pipeline.contest.folder import Contest
from pipeline.contest.intake.submit import submit
from pipeline.contest.judging.fields import close_field
from pipeline.contest.judging.judged import judge_first
from pipeline.contest.judging.rejudge import apply_set, cancel_set, propose
from pipeline.contest.keys import TEST_COST
from pipeline.contest.ledger import Event
from pipeline.contest.truth.reveal import reveal
from pipeline.errors import ContestError
from pipeline.rehearse.office import Office, passphrase
from pipeline.rehearse.plan import FLIGHT, HOLDERS

TEAMS = ("T01", "T02")
STEP_MS = 60_000
TOUCHES = ("write", "fsync", "replace", "mkdir", "ftruncate")  # of the module os; ledger lines alone go by os.write
Step = tuple[str, Callable[[Office], Event], Callable[[Event], bool]]  # name, what to do, which event it makes


def steps(folder: Path) -> list[Step]:
    """All of them, in order."""
    return [*_submissions(folder), *(_close(f) for f in "AB"), *(_reveal(f) for f in "AB"), *_judging()]


def _submissions(folder: Path) -> list[Step]:
    return [_submission(team, number, folder) for number in (1, 2) for team in TEAMS]


def _submission(team: str, number: int, folder: Path) -> Step:
    path = next((folder / "teams" / team).glob(f"{number}.*"))

    def hand_in(office: Office) -> Event:
        event: Event = office.act(submit, FLIGHT, team, path).event
        return event

    return f"submit {team} {number}", hand_in, lambda e: False  # handing in again is what a desk does


def _close(field: str) -> Step:
    return f"close {field}", lambda o: o.act(close_field, FLIGHT, field), partial(_is, "close", field=field)


def _reveal(field: str) -> Step:
    two = {name: passphrase(name) for name in HOLDERS[:2]}
    return (
        f"reveal {field}",
        lambda o: o.act(reveal, FLIGHT, field, o.vault(field), two),
        partial(_is, "reveal", field=field),
    )


def _judging() -> list[Step]:
    void = [(FLIGHT, "A", "A01")]
    return [
        ("judge", lambda o: o.act(judge_first), partial(_is, "judged")),
        (
            "propose 2",
            lambda o: o.act(propose, "target covered", rules=None, void=void),
            partial(_is, "rejudge", set=2),
        ),
        ("apply 2", lambda o: o.act(apply_set, 2, o.two_judges()), partial(_is, "rejudge-apply", set=2)),
        ("propose 3", lambda o: o.act(propose, "a slip", rules=None, void=[]), partial(_is, "rejudge", set=3)),
        ("cancel 3", lambda o: o.act(cancel_set, 3, o.two_judges()), partial(_is, "rejudge-cancel", set=3)),
    ]


def _is(kind: str, event: Event, **said: Any) -> bool:
    return event.kind == kind and all(event.body[k] == v for k, v in said.items())


def done(office: Office, step: Step) -> Event:
    """The step's event: it is done now, or it was before and only its acknowledgement got lost."""
    _, act, is_mine = step
    try:
        return act(office)
    except ContestError:
        found = [e for e in Contest.open(office.contest).events if is_mine(e)]
        if not found:
            raise
        return found[-1]


def crash_at(touch: int, which: str) -> None:
    """From now on the `touch`-th call of `which` of `TOUCHES` ("any": of all of them) is this process's last."""
    left = [touch]

    def dying(call: Callable[..., Any], *given: Any, **named: Any) -> Any:
        left[0] -= 1
        if left[0]:
            return call(*given, **named)
        if call is write:
            write(given[0], given[1][: len(given[1]) // 2])
        os._exit(9)

    write = os.write
    for name in TOUCHES if which == "any" else (which,):
        setattr(os, name, partial(dying, getattr(os, name)))


def main(folder: Path, begin: int, crash: int = 0, which: str = "any") -> None:
    """Go on from step `begin`."""
    office = Office(folder, cost=TEST_COST)
    whole, start_ms = steps(folder), Contest.open(office.contest).state.opened[FLIGHT, "B"]
    print("ready", flush=True)
    if crash:
        crash_at(crash, which)
    for n, step in enumerate(whole[begin:], begin):
        event = done(replace(office, t_ms=start_ms + (n + 1) * STEP_MS), step)
        print(n, event.head, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *(int(v) for v in sys.argv[2:4]), *sys.argv[4:])
