"""What a ledger tells, as values: one record a kind of event, and `State`, the whole at one moment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pipeline.contest.ledger import Event
from pipeline.contest.plan import Plan
from pipeline.types import Rules

ROLES = ("judge", "keyholder", "surveyor")
CLOCKS = ("flight", "analysis")
Load = Callable[[str], bytes]  # SHA-256 in hex -> the bytes stored under it
Place = tuple[str, str]  # leg, field
Slot = tuple[str, str]  # leg, entrant


@dataclass(frozen=True, slots=True)
class Official:
    """A person who signs. One key, one role."""

    name: str
    role: str  # of ROLES
    key: str  # public, 64 hex


@dataclass(frozen=True, slots=True)
class Team:
    """`persons` are ids in the order of the list."""

    id: str
    name: str
    organisation: str
    persons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Person:
    """Names stay in the contest folder."""

    id: str
    name: str
    team: str


@dataclass(frozen=True, slots=True)
class Draw:
    """A drawing of lots for one leg; before it was run `secret` is None and `order` empty."""

    name: str  # the leg's id
    commitment: str
    t_ms: int
    secret: str | None = None
    contributions: tuple[str, ...] = ()
    order: tuple[str, ...] = ()  # entrants, first to fly first
    fields: Mapping[str, str] = field(default_factory=dict)  # entrant -> field


@dataclass(frozen=True, slots=True)
class Seal:
    """What was published of a field's targets before anyone flew."""

    leg: str
    field: str
    count: int  # leaves, decoys included
    root: str
    commitments: str  # object
    vault_sha256: str
    truth_digest: str  # the salted hash of the targets that two people signed
    holders: tuple[str, ...]
    seq: int
    t_ms: int


@dataclass(frozen=True, slots=True)
class Act:
    """One touch of a clock."""

    t_ms: int
    act: str  # start, pause, resume, stop
    why: str


@dataclass(frozen=True, slots=True)
class Clock:
    """One entrant's clock: its acts in order of time."""

    leg: str
    entrant: str
    which: str  # of CLOCKS
    acts: tuple[Act, ...]


@dataclass(frozen=True, slots=True)
class Card:
    """A memory card as it was handed over: `manifest` is the object that lists its originals."""

    leg: str
    entrant: str
    manifest: str
    files: int
    bytes: int
    seq: int
    t_ms: int


@dataclass(frozen=True, slots=True)
class Submission:
    """A hit list that was acknowledged. `object` is the file as received, `canonical` the list that is judged."""

    leg: str
    field: str
    entrant: str
    number: int  # from 1
    object: str
    bytes: int
    format: str
    hits: int
    hits_digest: str
    canonical: str
    warnings: tuple[Mapping[str, Any], ...]
    late: bool
    elapsed_ms: int | None
    seq: int
    t_ms: int


@dataclass(frozen=True, slots=True)
class Manual:
    """A manual rule applied once."""

    leg: str
    entrant: str
    rule: str
    points_u: int
    why: str
    by: tuple[str, ...]  # names of who signed
    seq: int
    t_ms: int


@dataclass(frozen=True, slots=True)
class Overrule:
    """Judges looked at a hit's evidence: `evidence` says what counts from now on."""

    leg: str
    entrant: str
    hit: str
    evidence: bool
    why: str
    by: tuple[str, ...]
    seq: int
    t_ms: int


@dataclass(frozen=True, slots=True)
class MarkSheet:
    """A list of marks as it was entered; the last one of a leg counts, the others are kept."""

    leg: str
    object: str
    rows: int
    by: tuple[str, ...]  # who signed a correction
    seq: int
    t_ms: int


@dataclass(frozen=True, slots=True)
class PanelEntry:
    """A judge's sheet, still closed: a salted commitment and the object with the sealed box."""

    leg: str
    entrant: str
    judge: str  # public key
    commitment: str
    box: str
    seq: int
    t_ms: int


@dataclass(frozen=True, slots=True)
class Panel:
    """A panel leg. `values` is empty until all sheets are opened together: entrant -> judge's key -> marks by item."""

    leg: str
    entries: Mapping[tuple[str, str], PanelEntry] = field(default_factory=dict)  # (entrant, judge)
    object: str | None = None
    values: Mapping[str, Mapping[str, tuple[int, ...]]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ResultSet:
    """Results that were computed: the first set is applied at once, a rejudge waits for two people."""

    number: int
    object: str
    state: str  # proposed, applied, cancelled
    why: str
    diff: str | None
    seq: int
    t_ms: int  # when it was computed
    decided_ms: int | None  # when it was applied or cancelled


@dataclass(frozen=True, slots=True)
class Appeal:
    """An appeal and, once there is one, its decision."""

    number: int
    leg: str
    entrant: str
    text: str
    by: str
    t_ms: int
    late: bool = False  # came after the window: kept, and does not hold up the end
    deadline_ms: int | None = None  # for the decision
    decision: str | None = None  # upheld, rejected
    why: str = ""
    decided_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Final:
    """The end: which set stands, and the SHA-256 of every file of the folder."""

    set: int
    manifest: Mapping[str, str]
    seq: int
    t_ms: int


@dataclass(frozen=True, slots=True)
class State:
    """A contest as its ledger tells it, up to and with the event `head`. Never changed in place."""

    id: str
    name: str
    software: str
    plan: Plan
    plan_object: str
    rules: Mapping[str, Rules]  # drone leg -> rules
    rules_objects: Mapping[str, str]
    desk_keys: Mapping[str, str]  # public key -> name
    head: Event
    officials: Mapping[str, Official] = field(default_factory=dict)  # public key -> official
    teams: Mapping[str, Team] = field(default_factory=dict)
    persons: Mapping[str, Person] = field(default_factory=dict)
    draws: Mapping[str, Draw] = field(default_factory=dict)  # leg ->
    assignment: Mapping[Slot, str] = field(default_factory=dict)  # (leg, entrant) -> field
    seals: Mapping[Place, Seal] = field(default_factory=dict)
    opened: Mapping[Place, int] = field(default_factory=dict)  # (leg, field) -> t_ms
    closed: Mapping[Place, int] = field(default_factory=dict)  # (leg, field) -> t_ms
    revealed: Mapping[Place, str] = field(default_factory=dict)  # (leg, field) -> object
    clocks: Mapping[tuple[str, str, str], Clock] = field(default_factory=dict)  # (leg, entrant, which) ->
    cards: Mapping[Slot, tuple[Card, ...]] = field(default_factory=dict)
    submissions: tuple[Submission, ...] = ()
    counts: Mapping[Slot, int] = field(default_factory=dict)  # submissions so far
    manual: tuple[Manual, ...] = ()
    overrules: tuple[Overrule, ...] = ()
    marks: Mapping[str, Mapping[str, int]] = field(default_factory=dict)  # leg -> entrant -> points_u
    mark_sheets: tuple[MarkSheet, ...] = ()
    panels: Mapping[str, Panel] = field(default_factory=dict)  # leg ->
    sets: tuple[ResultSet, ...] = ()
    appeals: tuple[Appeal, ...] = ()
    final: Final | None = None
    nonces: frozenset[str] = frozenset()
    touched: int = 0  # seq of the last event that changed what results tell

    def entrants(self, leg: str) -> tuple[str, ...]:
        """The ids of who takes part in the leg, sorted: teams or persons, as the plan says."""
        return tuple(sorted(self.persons if self.plan.leg(leg).entrants == "person" else self.teams))

    def last_submission(self, leg: str, entrant: str) -> Submission | None:
        """The submission that counts."""
        mine = [s for s in self.submissions if (s.leg, s.entrant) == (leg, entrant)]
        return mine[-1] if mine else None

    @property
    def applied(self) -> ResultSet | None:
        """The set of results that stands."""
        done = [s for s in self.sets if s.state == "applied"]
        return max(done, key=lambda s: s.number) if done else None
