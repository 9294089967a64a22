"""A judged hit list on a flat map: targets with their gates, and what became of every hit. Metres east and north."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline.contest.maps.svg import Place
from pipeline.report.plane import Array, Plane, plane_about
from pipeline.score.distance import double_gates_mm, positions_deg
from pipeline.score.hits import NONE, Submission
from pipeline.score.targets import ordered
from pipeline.types import Rules, Target

MOST_DOTS = 5_000


@dataclass(frozen=True, slots=True)
class Judged:
    """A hit list as it was judged: RESULT.json's object and all that it came from."""

    score: Mapping[str, Any]
    targets: Sequence[Target]
    hits: Submission
    rules: Rules
    originals: frozenset[str] | None = None  # of the team's own flight; None: not compared
    flight_ms: tuple[int, int] | None = None
    elapsed_ms: int | None = None
    overruled: Mapping[str, bool] | None = None  # by hit: whether two judges took its evidence
    voided: Sequence[Target] = ()  # taken out by a rejudge: they count neither for nor against anybody
    on_voided: frozenset[str] = frozenset()  # hits that went with them


@dataclass(frozen=True, slots=True)
class Spot:
    """A target on the map."""

    number: str
    target: Target
    at: Place
    outlines: tuple[tuple[Place, ...], ...]  # of an area; empty for a point
    gate2_mm: int  # twice the gate, a whole number
    hit: int | None  # the hit that took it
    distance_mm: int | None


@dataclass(frozen=True, slots=True)
class Dot:
    """A hit on the map."""

    number: str  # empty for one that took a target
    index: int
    at: Place
    fate: str  # "taken", "extra", "ignored"
    r90_m: float | None


@dataclass(frozen=True, slots=True)
class Scene:
    """Targets by id, hits with a position by id, and the outlines of areas where hits do not count."""

    plane: Plane
    spots: tuple[Spot, ...]
    dots: tuple[Dot, ...]
    areas: tuple[tuple[tuple[Place, ...], ...], ...]
    voided: tuple[Place, ...]
    undrawn: int  # hits beyond MOST_DOTS, which stand in no drawing
    radius_m: float
    full_m: float


def scene_of(judged: Judged) -> Scene:
    """The map's content, numbered as the tables number it: targets 1, 2, …; hits that took none ×1, ×2, …."""
    known = ordered(judged.targets)
    real = [t for t in known if t.kind == "target"]
    areas = [t for t in known if t.kind != "target"]
    plane = _plane(known, judged.hits)
    dots = _dots(judged, plane)
    return Scene(
        plane=plane,
        spots=tuple(_spots(judged, real, plane)),
        dots=tuple(dots),
        areas=tuple(_outlines(t, plane) for t in areas),
        voided=tuple(_place(plane, t.at.lat_deg, t.at.lon_deg) for t in judged.voided),
        undrawn=int((judged.hits.lat_e9 != NONE).sum()) - len(dots),
        radius_m=judged.rules.radius_mm / 1e3,
        full_m=judged.rules.full_mm / 1e3,
    )


def _plane(known: Sequence[Target], hits: Submission) -> Plane:
    """About the targets; where there are none, about the hits."""
    if known:
        return plane_about([t.at.lat_deg for t in known], [t.at.lon_deg for t in known])
    at = positions_deg(hits)
    some = at[~np.isnan(at[:, 0])]
    return plane_about(some[:, 0], some[:, 1])


def _spots(judged: Judged, real: Sequence[Target], plane: Plane) -> list[Spot]:
    index = {ident: i for i, ident in enumerate(judged.hits.ids)}
    pairs = {pair["target"]: pair for pair in judged.score["pairs"]}
    gates = double_gates_mm(real, judged.rules).tolist()
    return [
        Spot(
            number=str(i),
            target=t,
            at=_place(plane, t.at.lat_deg, t.at.lon_deg),
            outlines=_outlines(t, plane),
            gate2_mm=gate2_mm,
            hit=index[pairs[t.id]["hit"]] if t.id in pairs else None,
            distance_mm=pairs[t.id]["distance_mm"] if t.id in pairs else None,
        )
        for i, (t, gate2_mm) in enumerate(zip(real, gates, strict=True), start=1)
    ]


def _dots(judged: Judged, plane: Plane) -> list[Dot]:
    hits, numbers = judged.hits, hit_numbers(judged.score)
    fates = {**dict.fromkeys(judged.score["extra"], "extra"), **dict.fromkeys(judged.score["ignored"], "ignored")}
    placed = np.array(_drawn_hits(judged), dtype=np.int64)
    at: Array = plane.xy(hits.lat_e9[placed] / 1e9, hits.lon_e9[placed] / 1e9)
    return [
        Dot(
            number=numbers.get(hits.ids[i], ""),
            index=i,
            at=(float(x), float(y)),
            fate=fates.get(hits.ids[i], "taken"),
            r90_m=None if hits.r90_mm[i] == NONE else int(hits.r90_mm[i]) / 1e3,
        )
        for i, (x, y) in zip(placed.tolist(), at, strict=True)
    ]


def _drawn_hits(judged: Judged) -> list[int]:
    """Indices, rising, of hits with a position: those that took a target, then others as far as there is room."""
    hits, score = judged.hits, judged.score
    index = {ident: i for i, ident in enumerate(hits.ids)}
    order = [*(pair["hit"] for pair in score["pairs"]), *score["extra"], *score["ignored"]]
    placed = [i for ident in order if hits.lat_e9[i := index[ident]] != NONE]
    return sorted(placed[:MOST_DOTS])


def hit_numbers(score: Mapping[str, Any]) -> dict[str, str]:
    """Hits that took no target, by id: ×1, ×2, … and those in ignored areas ○1, ○2, …"""
    extra = {ident: f"×{n}" for n, ident in enumerate(score["extra"], start=1)}
    return {**extra, **{ident: f"○{n}" for n, ident in enumerate(score["ignored"], start=1)}}


def _place(plane: Plane, lat_deg: float, lon_deg: float) -> Place:
    ((x, y),) = plane.xy([lat_deg], [lon_deg])
    return float(x), float(y)


def _outlines(target: Target, plane: Plane) -> tuple[tuple[Place, ...], ...]:
    return tuple(tuple(_place(plane, *corner) for corner in ring) for rings in target.polygons for ring in rings)
