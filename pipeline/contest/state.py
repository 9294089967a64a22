"""What a ledger means: `fold` turns its events into a `State`, and refuses a ledger that could not have happened.

`records.py` holds the values, `checks.py` says what may happen when, `folding.py` what each event changes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from pipeline.contest.checks import check
from pipeline.contest.folding import begin, changes
from pipeline.contest.ledger import Event
from pipeline.contest.records import Load, State
from pipeline.errors import ContestError, ScoreError

__all__ = ["State", "check", "fold", "step"]


def fold(events: Iterable[Event], load: Load) -> State:
    """The state after all events. Pure: the same events and objects give an equal state.

    Raises:
        ContestError: there is none, or one could not happen; the sentence names its seq and kind.
    """
    state: State | None = None
    for event in events:
        try:
            state = step(state, event, load)
        except (ContestError, ScoreError) as why:
            raise ContestError(f"events.jsonl: event {event.seq} ({event.kind}): {why}") from None
    if state is None:
        raise ContestError("events.jsonl: holds no event")
    return state


def step(state: State | None, event: Event, load: Load) -> State:
    """The state after one more event; ContestError or ScoreError when it cannot follow."""
    if state is None:
        return begin(event, load)
    check(state, event.kind, event.body, event.t_ms)
    return replace(state, head=event, **changes(state, event, load))
