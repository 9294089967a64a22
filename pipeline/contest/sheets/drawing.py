"""The map of a hit list: every target with its gate, the hit that took it, and what became of the other hits.

It needs no picture of the ground and no network: a grid, a scale, north up. Hits far from the field stand at the
border, on the way to where they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pipeline.contest.maps import marks
from pipeline.contest.maps.labels import Label, Room
from pipeline.contest.maps.marks import FOUND, GRID, INK, MISSED, PAPER, QUIET
from pipeline.contest.maps.svg import Place, drawing, line, number, rectangle, rings, text
from pipeline.contest.maps.window import Window, letter, window_about
from pipeline.contest.sheets.scene import Dot, Scene, Spot
from pipeline.report.plane import scale_bar
from pipeline.words import Lang, word

WIDTH = 1000.0
SHAPE = (0.5, 0.8)  # height of the map as a share of its width
LEGEND = 34.0
LABEL, SMALL = 15.0, 12.0
LEAST_MARGIN_M = 20.0
EDGE = 7.0  # no sign stands nearer to the border


def overview(scene: Scene, lang: Lang) -> tuple[str, Window, dict[str, int]]:
    """(the map, its window, how many hits stand beyond its border and how many labels found no room)."""
    window = window_of(scene)
    inside = [d for d in scene.dots if window.holds(d.at, EDGE)]
    labels, left_out = _labels(scene, inside, window)
    body = [*_ground(scene, window), *_hits(scene, window), *_targets(scene, window), *_written(labels)]
    body += [*_frame(window), marks.legend(window.height + LEGEND / 2, window.width, lang)]
    counts = {"beyond": len(scene.dots) - len(inside), "unlabelled": left_out, "undrawn": scene.undrawn}
    return drawing(window.width, window.height + LEGEND, word("scores_map", lang), body), window, counts


def _ground(scene: Scene, window: Window) -> Iterator[str]:
    yield rectangle(0, 0, window.width, window.height, f'fill="{PAPER}"')
    yield from _grid(window)
    yield from (marks.area([window.ring(r) for r in outlines]) for outlines in scene.areas)
    yield from _gates(scene, window)


def _hits(scene: Scene, window: Window) -> Iterator[str]:
    yield from _links(scene, window)
    yield from (_dot(dot, window.clamped(dot.at, EDGE)) for dot in scene.dots)


def _targets(scene: Scene, window: Window) -> Iterator[str]:
    yield from (_spot(spot, window) for spot in scene.spots)
    yield from (marks.voided(window.at(at)) for at in scene.voided)


def window_of(scene: Scene) -> Window:
    """All targets and areas, and a margin; hits only where there is nothing else."""
    places = [s.at for s in scene.spots] + [p for s in scene.spots for ring in s.outlines for p in ring]
    places += [*scene.voided, *(p for outlines in scene.areas for ring in outlines for p in ring)]
    places = places or [d.at for d in scene.dots] or [(0.0, 0.0)]
    span_m = max(max(v) - min(v) for v in zip(*places, strict=True))
    return window_about(places, max(LEAST_MARGIN_M, 1.6 * scene.radius_m, 0.04 * span_m), WIDTH, SHAPE)


def _grid(window: Window) -> Iterator[str]:
    side, style = window.grid_m * window.scale, f'stroke="{GRID}" stroke-width="1"'
    for i in range(int(window.width // side) + 1):
        yield line((i * side, 0), (i * side, window.height), style)
        middle = min((i + 0.5) * side, (i * side + window.width) / 2)
        yield text((middle, 13), letter(i), SMALL, f'fill="{QUIET}"', "middle", halo=False)
    for i in range(int(window.height // side) + 1):
        yield line((0, i * side), (window.width, i * side), style)
        middle = min((i + 0.5) * side, (i * side + window.height) / 2)
        yield text((5, middle + 4), str(i + 1), SMALL, f'fill="{QUIET}"', halo=False)


def _gates(scene: Scene, window: Window) -> Iterator[str]:
    for spot in scene.spots:
        if spot.outlines:
            yield rings([window.ring(r) for r in spot.outlines], f'fill="{_colour(spot)}" fill-opacity="0.25"')
        radius = spot.gate2_mm / 2e3 * window.scale
        if not spot.outlines and radius > 2:
            yield marks.gate(window.at(spot.at), radius)


def _links(scene: Scene, window: Window) -> Iterator[str]:
    at = {dot.index: dot.at for dot in scene.dots}
    for spot in scene.spots:
        if spot.hit in at:
            yield line(window.at(spot.at), window.at(at[spot.hit]), f'stroke="{INK}" stroke-width="1.6"')


def _dot(dot: Dot, at: Place) -> str:
    signs = {"taken": marks.taken, "extra": marks.extra, "ignored": marks.ignored}
    return signs[dot.fate](at)


def _spot(spot: Spot, window: Window) -> str:
    return (marks.missed if spot.hit is None else marks.found)(window.at(spot.at))


def _colour(spot: Spot) -> str:
    return MISSED if spot.hit is None else FOUND


def _labels(scene: Scene, inside: Iterable[Dot], window: Window) -> tuple[list[tuple[Label, Place, str]], int]:
    """Targets first, which are always named; other hits where there is room."""
    room = Room(window.width, window.height)
    _take_furniture(room, window)
    named = [d for d in inside if d.number]
    room.take_marks((window.at(s.at) for s in scene.spots), 8)
    room.take_marks((window.at(d.at) for d in scene.dots if window.holds(d.at)), 5)
    wanted = [(s.number, window.at(s.at), LABEL, _colour(s), True) for s in scene.spots]
    wanted += [(d.number, window.at(d.at), SMALL, marks.colour(d.fate), False) for d in named]
    found = [(room.label(words, at, size, must), at, colour) for words, at, size, colour, must in wanted]
    placed = [(label, at, colour) for label, at, colour in found if label is not None]
    return placed, len(found) - len(placed)


def _take_furniture(room: Room, window: Window) -> None:
    """The scale and the arrow, and the grid's letters and numbers along the border."""
    room.take((0, window.height - 40, 340, window.height))
    room.take((window.width - 40, 0, window.width, 60))
    room.take((0, 0, window.width, 17))
    room.take((0, 0, 17, window.height))


def _written(labels: Iterable[tuple[Label, Place, str]]) -> Iterator[str]:
    for label, mark, colour in labels:
        if label.leader is not None:
            yield line(mark, label.leader, f'stroke="{colour}" stroke-width="0.8"')
        size = label.box[3] - label.box[1]
        yield text(label.at, label.words, size, f'fill="{colour}" font-weight="bold"')


def _frame(window: Window) -> Iterator[str]:
    length = scale_bar(window.width / window.scale)
    yield marks.bar(24, window.height - 12, length["share"] * window.width, length["words"])
    yield marks.north(window.width - 20, 22)
    yield rectangle(0.5, 0.5, window.width - 1, window.height - 1, f'fill="none" stroke="{QUIET}" stroke-width="1"')


def metres(length_m: float) -> str:
    """A grid's side in words."""
    return f"{number(length_m / 1000)} km" if length_m >= 1000 else f"{length_m:g} m"
