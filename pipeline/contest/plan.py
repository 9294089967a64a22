"""A contest's plan, `contest.toml`: legs, weights, limits, manual rules, appeals; each number with its source."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pipeline.contest.sources import check_sources, sources_of
from pipeline.contest.tables import Table, safe_id
from pipeline.errors import ContestError

EXAMPLE = Path(__file__).parent / "plans" / "example.toml"
KINDS = ("drone", "marks", "panel")
WHOLE_U = 100_000_000  # 100 points in micro-points: what a leg can bring at most
MAX_BYTES = 2**20
_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Area:
    """The contest's public area of interest, WGS 84 degrees: what intake warns against."""

    west_deg: float
    south_deg: float
    east_deg: float
    north_deg: float


@dataclass(frozen=True, slots=True)
class Limits:
    """What one entrant may hand in on one drone leg."""

    submissions: int = 3
    hits: int = 200
    bytes: int = 8_388_608


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a panel's sheet: whole marks from 0 to `max`."""

    id: str
    title: str
    max: int


@dataclass(frozen=True, slots=True)
class Leg:
    """One part of the contest, normalised to 100 points and weighted. What its kind does not have is empty or None."""

    id: str
    title: str
    kind: str  # of KINDS
    weight: int
    entrants: str  # "team" or "person"
    team_from: str = ""  # of a person's leg: "mean" or "best" of the team's members
    for_persons: bool = False  # a team's points stand in its members' table too
    rules: str = ""  # drone: a file beside the plan, or a profile
    fields: tuple[str, ...] = ()  # drone
    flight_ms: int | None = None
    analysis_ms: int | None = None
    max: int = 0  # marks: points of a perfect paper
    judges: int = 0  # panel
    items: tuple[Item, ...] = ()
    combine: str = ""  # panel: "mean", or "trimmed" (the highest and the lowest total dropped)
    outlier_ppm: int = 0  # panel: a total farther from the median than this share of the maximum is flagged; 0: none


@dataclass(frozen=True, slots=True)
class ManualRule:
    """Something that judges saw: points on a leg's 100, negative for a penalty."""

    id: str
    title: str
    leg: str
    points_u: int
    most: int  # times an entrant


@dataclass(frozen=True, slots=True)
class Appeals:
    """How long after the results an appeal may come in, and how long the judges may take."""

    window_ms: int = 7_200_000
    decide_ms: int = 86_400_000


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole plan. `sources` names, for each rule or table of rules, where it comes from."""

    name: str
    organiser: str
    tz: str
    version: int
    area: Area | None
    limits: Limits
    legs: tuple[Leg, ...]
    manual: tuple[ManualRule, ...]
    appeals: Appeals
    individual: bool
    sources: Mapping[str, str]

    def leg(self, leg_id: str) -> Leg:
        """The leg of that id; ContestError where there is none."""
        for leg in self.legs:
            if leg.id == leg_id:
                return leg
        raise ContestError(f"there is no leg {leg_id!r}; the plan has {', '.join(leg.id for leg in self.legs)}")

    def rule(self, rule_id: str) -> ManualRule:
        """The manual rule of that id; ContestError where there is none."""
        for rule in self.manual:
            if rule.id == rule_id:
                return rule
        raise ContestError(f"the plan has no manual rule {rule_id!r}")


def read_plan(path: str | Path) -> Plan:
    """The plan in a TOML file; rules files that it names are not opened here (`rulebooks.read_rule_books`).

    Raises:
        ContestError: missing, not TOML, an unknown key, a rule without source, or rules that contradict each other.
    """
    return plan_of(plan_bytes(path), str(path))


def plan_bytes(path: str | Path) -> bytes:
    """The file as it is, at most 1 MiB."""
    try:
        with Path(path).open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as why:
        raise ContestError(f"{path}: cannot be read ({why.strerror or why})") from None
    if len(data) > MAX_BYTES:
        raise ContestError(f"{path}: larger than 1 MiB")
    return data


def plan_of(data: bytes, name: str = "contest.toml") -> Plan:
    """The same from the bytes of the file; `name` stands for it in errors."""
    try:
        value = tomllib.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as why:
        raise ContestError(f"{name}: is not TOML in UTF-8 ({_first_line(why)})") from None
    return _plan(Table(value, name), value)


def _first_line(why: Exception) -> str:
    return str(why).partition("\n")[0][:120]


def _plan(top: Table, value: Mapping[str, Any]) -> Plan:
    top.whole("schema_version", 1, 1, default=1)
    head = top.table("contest")
    plan = Plan(
        name=head.text("name"),
        organiser=head.text("organiser"),
        tz=_zone(head),
        version=head.whole("version", 1, 10**6, default=1),
        area=_area(top.table("area")) if top.has("area") else None,
        limits=_limits(top.table("limits")),
        legs=tuple(_leg(t) for t in top.tables("leg")),
        manual=tuple(_manual(t) for t in top.tables("manual")),
        appeals=_appeals(top.table("appeals")),
        individual=_individual(top.table("tables")),
        sources=sources_of(top.raw("source", {}), top.where),
    )
    head.done()
    top.done()
    _check_together(plan, top)
    check_sources(value, plan.sources, top.where)
    return plan


def _zone(head: Table) -> str:
    name = head.text("tz", "Asia/Shanghai")
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        raise head.wrong(f"tz: {name!r} is no time zone, such as Asia/Shanghai") from None
    return name


def _area(t: Table) -> Area:
    area = Area(t.degrees("west", 180), t.degrees("south", 90), t.degrees("east", 180), t.degrees("north", 90))
    t.done()
    if not (area.west_deg < area.east_deg and area.south_deg < area.north_deg):
        raise t.wrong("west must be below east, and south below north")
    return area


def _limits(t: Table) -> Limits:
    usual = Limits()
    limits = Limits(t.whole("submissions", 1, 100, usual.submissions), t.whole("hits", 1, 100_000, usual.hits),
                    t.whole("bytes", 1024, 64 * 2**20, usual.bytes))  # fmt: skip
    t.done()
    return limits


def _leg(t: Table) -> Leg:
    kind, entrants = t.choice("kind", KINDS), t.choice("entrants", ("team", "person"))
    common: dict[str, Any] = {"id": t.id(), "title": t.text("title"), "kind": kind, "entrants": entrants,
                              "weight": t.whole("weight", 1, 10_000), **_whose(t, entrants)}  # fmt: skip
    leg = Leg(**common, **{"drone": _drone, "marks": _marks, "panel": _panel}[kind](t))
    t.done()
    return leg


def _whose(t: Table, entrants: str) -> dict[str, Any]:
    if entrants == "person":
        return {"team_from": t.choice("team_from", ("mean", "best"))}
    return {"for_persons": t.flag("for_persons", False)}


def _drone(t: Table) -> dict[str, Any]:
    fields = t.raw("fields")
    if not isinstance(fields, list) or not 1 <= len(fields) <= 50:
        raise t.wrong('fields must be a list of 1 to 50 names, such as ["A", "B"]')
    names = tuple(safe_id(f, f"{t.where}: fields") for f in fields)
    _check_distinct(names, t, "fields")
    return {"rules": t.text("rules"), "fields": names, "flight_ms": t.maybe_whole("flight_ms", 1, _DAY_MS),
            "analysis_ms": t.maybe_whole("analysis_ms", 1, _DAY_MS)}  # fmt: skip


def _marks(t: Table) -> dict[str, Any]:
    return {"max": t.whole("max", 1, 100_000)}


def _panel(t: Table) -> dict[str, Any]:
    combine, judges = t.choice("combine", ("mean", "trimmed")), t.whole("judges", 1, 25)
    if combine == "trimmed" and judges < 3:
        raise t.wrong("trimmed drops the highest and the lowest total, so judges must be 3 or more")
    items = tuple(_item(i) for i in t.tables("items"))
    if not items:
        raise t.wrong("a panel needs items")
    _check_distinct([i.id for i in items], t, "items")
    return {"judges": judges, "combine": combine, "items": items,
            "outlier_ppm": t.whole("outlier_ppm", 0, 1_000_000, 0)}  # fmt: skip


def _item(t: Table) -> Item:
    item = Item(t.id(), t.text("title"), t.whole("max", 1, 10_000))
    t.done()
    return item


def _manual(t: Table) -> ManualRule:
    rule = ManualRule(t.id(), t.text("title"), t.text("leg"), t.whole("points_u", -WHOLE_U, WHOLE_U),
                      t.whole("most", 1, 1000, 1))  # fmt: skip
    t.done()
    if rule.points_u == 0:
        raise t.wrong("points_u is 0: the rule would change nothing")
    return rule


def _appeals(t: Table) -> Appeals:
    usual = Appeals()
    appeals = Appeals(t.whole("window_ms", 0, 30 * _DAY_MS, usual.window_ms),
                      t.whole("decide_ms", 0, 30 * _DAY_MS, usual.decide_ms))  # fmt: skip
    t.done()
    return appeals


def _individual(t: Table) -> bool:
    individual = t.flag("individual", False)
    t.done()
    return individual


def _check_together(plan: Plan, top: Table) -> None:
    if not plan.legs:
        raise top.wrong("a contest needs at least one [[leg]]")
    _check_distinct([leg.id for leg in plan.legs], top, "leg")
    _check_distinct([rule.id for rule in plan.manual], top, "manual")
    legs = {leg.id for leg in plan.legs}
    for rule in plan.manual:
        if rule.leg not in legs:
            raise top.wrong(f"manual {rule.id}: there is no leg {rule.leg!r}")
    if plan.individual and not any(leg.entrants == "person" or leg.for_persons for leg in plan.legs):
        raise top.wrong("[tables]: individual is true, but no leg gives points to persons")


def _check_distinct(names: Sequence[str], table: Table, what: str) -> None:
    """File names must differ on systems that do not tell A from a."""
    if len({n.lower() for n in names}) < len(names):
        raise table.wrong(f"{what}: an id is given twice (capital and small letters count as the same)")
