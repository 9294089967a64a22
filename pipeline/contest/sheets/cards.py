"""The map of one target: its gate, the full-points circle, the hit that took it and the hits around."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pipeline.contest.maps import marks
from pipeline.contest.maps.marks import FOUND, INK, MISSED, PAPER, QUIET
from pipeline.contest.maps.svg import Place, circle, drawing, line, rectangle, rings, text, width_of
from pipeline.contest.maps.window import Window, window_about
from pipeline.contest.sheets.scene import Dot, Scene, Spot
from pipeline.report.plane import scale_bar

SIDE = 300.0
LABEL = 15.0
MOST_DOTS = 400
CLOSE = 0.35  # of the radius: the window's half side where the hit is near and nothing else is around


def card(scene: Scene, spot: Spot, nearest: int | None, distance: str, title: str) -> str:
    """A square map about a target; `nearest`: the hit that did not take it and that words beside tell of."""
    window = _window(scene, spot, nearest)
    dots = [d for d in scene.dots if window.holds(d.at, 4)][:MOST_DOTS]
    body = [
        rectangle(0, 0, SIDE, SIDE, f'fill="{PAPER}"'),
        *(marks.area([window.ring(r) for r in outlines]) for outlines in scene.areas),
        *_rings(scene, spot, window),
        *_others(scene, spot, window),
        *_link(scene, spot, nearest, distance, window),
        *(_dot(d, spot, window) for d in dots),
        _spot(spot, window),
        *_numbers(dots, window),
        *_frame(window),
    ]
    return drawing(SIDE, SIDE, title, body)


def _window(scene: Scene, spot: Spot, nearest: int | None) -> Window:
    """As wide as the radius asks, or to the hit that words tell of where that is not far."""
    around = [spot.at, *(place for ring in spot.outlines for place in ring)]
    away = [d.at for d in scene.dots if d.index in (nearest, spot.hit) and _apart(d.at, spot.at) < 2.5 * scene.radius_m]
    gate_m = min(1.12 * scene.radius_m, spot.gate2_mm / 900)
    reach = max(gate_m, CLOSE * scene.radius_m, *(1.15 * _apart(p, spot.at) for p in away))
    margin_m = reach if not spot.outlines else 1.1 * scene.radius_m
    close_m = CLOSE * scene.radius_m
    alone = all(d.index == spot.hit or _apart(d.at, spot.at) > scene.radius_m for d in scene.dots)
    if spot.hit is not None and not spot.outlines and alone and all(_apart(p, spot.at) < 0.8 * close_m for p in away):
        margin_m = close_m
    return window_about(around, margin_m, SIDE, (1.0, 1.0))


def _apart(one: Place, other: Place) -> float:
    return float(((one[0] - other[0]) ** 2 + (one[1] - other[1]) ** 2) ** 0.5)


def _rings(scene: Scene, spot: Spot, window: Window) -> Iterator[str]:
    at = window.at(spot.at)
    if spot.outlines:
        colour = MISSED if spot.hit is None else FOUND
        yield rings([window.ring(r) for r in spot.outlines], f'fill="{colour}" fill-opacity="0.22" stroke="{colour}"')
        return
    yield circle(at, scene.full_m * window.scale, f'fill="{FOUND}" fill-opacity="0.13"')
    yield marks.gate(at, spot.gate2_mm / 2e3 * window.scale)


def _others(scene: Scene, spot: Spot, window: Window) -> Iterator[str]:
    for other in scene.spots:
        if other is not spot and window.holds(other.at, 10):
            at = window.at(other.at)
            yield circle(at, 5, f'fill="#fff" stroke="{QUIET}" stroke-width="1.6"')
            yield text((at[0] + 9, at[1] + 5), other.number, LABEL, f'fill="{QUIET}"')


def _link(scene: Scene, spot: Spot, nearest: int | None, distance: str, window: Window) -> Iterator[str]:
    wanted = spot.hit if spot.hit is not None else nearest
    for dot in scene.dots:
        if dot.index == wanted:
            start, end = window.at(spot.at), window.clamped(dot.at, 8)
            dashes = "" if spot.hit is not None else ' stroke-dasharray="3 3"'
            yield line(start, end, f'stroke="{INK}" stroke-width="1.8"{dashes}')
            yield _along(start, end, distance)


def _along(start: Place, end: Place, distance: str) -> str:
    """The distance beside the middle of the line, kept inside the card."""
    x, y = (start[0] + end[0]) / 2, (start[1] + end[1]) / 2
    wide = width_of(distance, LABEL)
    x = x + 9 if abs(end[0] - start[0]) < abs(end[1] - start[1]) else x - wide / 2
    y = y + 5 if abs(end[0] - start[0]) < abs(end[1] - start[1]) else max(start[1], end[1]) + LABEL + 9
    at = min(max(6.0, x), SIDE - wide - 6), min(max(LABEL + 6, y), SIDE - 30)
    return text(at, distance, LABEL, f'fill="{INK}" font-weight="bold"')


def _dot(dot: Dot, spot: Spot, window: Window) -> str:
    at = window.at(dot.at)
    if dot.fate == "taken":
        own = dot.index == spot.hit
        radius = (dot.r90_m or 0.0) * window.scale
        halo = circle(at, radius, f'fill="none" stroke="{INK}" stroke-width="0.8" opacity="0.5"') if own else ""
        return (halo if 3 < radius < 2 * SIDE else "") + marks.taken(at, 5.5 if own else 4)
    return marks.extra(at) if dot.fate == "extra" else marks.ignored(at)


def _spot(spot: Spot, window: Window) -> str:
    at = window.at(spot.at)
    return marks.missed(at) if spot.hit is None else marks.found(at, 4.5)


def _numbers(dots: Sequence[Dot], window: Window) -> Iterator[str]:
    """Names of hits that took nothing, where they are few enough to be read."""
    named = [d for d in dots if d.number]
    for dot in named if len(named) <= 12 else ():
        x, y = window.at(dot.at)
        if x < SIDE - 40:
            yield text((x + 7, y - 5), dot.number, 13, f'fill="{marks.colour(dot.fate)}"')


def _frame(window: Window) -> Iterator[str]:
    length = scale_bar(SIDE / window.scale)
    yield marks.bar(12, SIDE - 10, length["share"] * SIDE, length["words"], 14)
    yield marks.north(SIDE - 14, 8, 12)
    yield rectangle(0.5, 0.5, SIDE - 1, SIDE - 1, f'fill="none" stroke="{QUIET}" stroke-width="1"')
