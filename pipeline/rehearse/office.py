"""The contest office of a rehearsal: its folders, keys on their sticks, and a clock that nobody has to wait for."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.contest.folder import Contest, changing
from pipeline.contest.keys import COST, Signer, new_key, open_key
from pipeline.rehearse.plan import HOLDERS, JUDGES, SURVEYORS
from pipeline.words import both

Tell = Callable[[str, int, int], None]  # stage in words, done, of how many
START_MS = 1_792_108_800_000  # 2026-10-16 08:00 in Zhengzhou, the day before
DESK = "演练用的受理台密钥口令"


@dataclass
class Office:
    """Where everything lies. Nothing but `contest` is a contest's folder; sticks and laptops are folders beside it."""

    folder: Path
    seed: int = 0
    cost: int = COST
    t_ms: int = START_MS
    stages: dict[str, float] = field(default_factory=dict)  # name -> seconds
    tell: Tell | None = None

    @property
    def contest(self) -> Path:
        return self.folder / "contest"

    @property
    def mirror(self) -> Path:
        return self.folder / "second laptop"

    def truth(self, place: str) -> Path:
        return self.folder / "surveyors" / f"truth {place}"

    def vault(self, place: str) -> Path:
        return self.folder / "safe" / f"field-{place}.vault"

    def key(self, name: str) -> Path:
        return self.folder / "sticks" / f"{name}.key"

    def now(self, minutes: float = 0.5) -> int:
        """The simulated clock, moved on."""
        self.t_ms += round(minutes * 60_000)
        return self.t_ms

    def signer(self, name: str) -> Signer:
        """An official plugs in the stick and types the passphrase."""
        return open_key(self.key(name), passphrase(name))

    def signers(self, *names: str) -> list[Signer]:
        return [self.signer(name) for name in names]

    def two_judges(self) -> list[Signer]:
        return self.signers(*JUDGES[:2])

    def act(self, verb: Callable[..., Any], *given: Any, **named: Any) -> Any:
        """One command as the desk gives it: lock, read the ledger, unlock the desk's key, act."""
        with changing(self.contest) as contest:
            return verb(contest, *given, desk=contest.desk(DESK), now_ms=self.now(), **named)

    def read(self) -> Contest:
        return Contest.open(self.contest)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Its wall time counts as that of the stage."""
        self.say(name, 0, 1)
        start = time.perf_counter()
        try:
            yield
        finally:
            self.stages[name] = self.stages.get(name, 0.0) + time.perf_counter() - start
        self.say(name, 1, 1)

    def say(self, stage: str, done: int, total: int) -> None:
        """How far a stage is."""
        if self.tell is not None:
            self.tell(both(f"rehearse_{stage}"), done, total)


def passphrase(name: str) -> str:
    """A rehearsal's passphrases are no secret."""
    return f"{name}的演练专用口令"


def make_keys(office: Office) -> None:
    """A key file for every official."""
    for name in (*JUDGES, *HOLDERS, *SURVEYORS):
        office.key(name).parent.mkdir(parents=True, exist_ok=True)
        new_key(office.key(name), name, passphrase(name), cost=office.cost)
