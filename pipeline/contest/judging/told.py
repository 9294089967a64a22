"""A ledger as it was read for a check: its events, and the state after each."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from pipeline.contest.ledger import Event
from pipeline.contest.records import State
from pipeline.contest.store import load


@dataclass(slots=True)
class Told:
    """`states[n]` is the state after event n; fewer than there are events where one cannot follow."""

    folder: Path
    events: tuple[Event, ...]
    states: list[State] = field(default_factory=list)
    made: dict[str, dict[str, bytes]] = field(default_factory=dict)  # derived copies that were made again, by path

    @property
    def last(self) -> State:
        """The state at the end."""
        return self.states[-1]

    def load(self, sha256: str) -> bytes:
        """The bytes of an object, checked against its name."""
        return load(self.folder, sha256)

    def before(self, event: Event) -> State:
        """The state that the event met."""
        return self.states[event.seq - 1]


def line_of(event: Event) -> str:
    """How findings name an event."""
    return f"events.jsonl, line {event.seq + 1} ({event.kind})"
