"""The map of the truth sheet, as SVG: every target with its number, and the areas. No picture of the ground, no grid of
degrees: it serves to see that no target is missing, doubled or in the wrong corner."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pipeline.contest.maps import marks
from pipeline.contest.maps.labels import Room
from pipeline.contest.maps.svg import Place, circle, drawing, line, rectangle, rings, text
from pipeline.contest.maps.window import Window, window_about
from pipeline.report.plane import Plane, plane_about, scale_bar
from pipeline.types import Target

WIDTH = 1000.0
SHAPE = (0.55, 0.78)  # height as a share of the width
LABEL = 19.0
MARGIN_M = 40.0
_TARGET = f'fill="{marks.MISSED}" stroke="#fff" stroke-width="1.2"'
_OUTLINE = f'fill="{marks.MISSED}" fill-opacity="0.2" stroke="{marks.MISSED}" stroke-width="1.4"'


def truth_map(targets: Sequence[Target], title: str) -> str:
    """Targets (areas too) numbered from 1 in their order; ignore areas grey and without a number."""
    plane = plane_about([t.at.lat_deg for t in targets], [t.at.lon_deg for t in targets])
    window = window_about([p for t in targets for p in _places(t, plane)], MARGIN_M, WIDTH, SHAPE)
    real = [t for t in targets if t.kind == "target"]
    body = [
        rectangle(0, 0, window.width, window.height, f'fill="{marks.PAPER}"'),
        *_grid(window),
        *(marks.area(_outlines(t, plane, window)) for t in targets if t.kind != "target"),
        *(rings(_outlines(t, plane, window), _OUTLINE) for t in real if t.polygons),
        *_numbered([window.at(_at(t, plane)) for t in real], window),
        marks.bar(24, window.height - 14, bar_length(window), scale_bar(window.width / window.scale)["words"]),
        marks.north(window.width - 22, 12),
        rectangle(0.5, 0.5, window.width - 1, window.height - 1, f'fill="none" stroke="{marks.QUIET}"'),
    ]
    return drawing(window.width, window.height, title, body)


def bar_length(window: Window) -> float:
    """The scale bar's length in units."""
    return float(scale_bar(window.width / window.scale)["share"]) * window.width


def _at(target: Target, plane: Plane) -> Place:
    x, y = plane.xy(target.at.lat_deg, target.at.lon_deg)[0].tolist()
    return x, y


def _ring(ring: Sequence[tuple[float, float]], plane: Plane) -> list[Place]:
    return [(x, y) for x, y in plane.xy([p[0] for p in ring], [p[1] for p in ring]).tolist()]


def _places(target: Target, plane: Plane) -> list[Place]:
    return [_at(target, plane), *(p for rings_ in target.polygons for ring in rings_ for p in _ring(ring, plane))]


def _outlines(target: Target, plane: Plane, window: Window) -> list[list[Place]]:
    return [window.ring(_ring(ring, plane)) for rings_ in target.polygons for ring in rings_]


def _grid(window: Window) -> Iterator[str]:
    side, style = window.grid_m * window.scale, f'stroke="{marks.GRID}" stroke-width="1"'
    for i in range(1, int(window.width // side) + 1):
        yield line((i * side, 0), (i * side, window.height), style)
    for i in range(1, int(window.height // side) + 1):
        yield line((0, i * side), (window.width, i * side), style)


def _numbered(places: Sequence[Place], window: Window) -> Iterator[str]:
    room = Room(window.width, window.height)
    room.take((0, window.height - 44, 340, window.height))
    room.take((window.width - 44, 0, window.width, 60))
    room.take_marks(places, 8)
    for number, at in enumerate(places, 1):
        yield circle(at, 5.5, _TARGET)
        label = room.label(str(number), at, LABEL, must=True)
        if label is not None and label.leader is not None:
            yield line(at, label.leader, f'stroke="{marks.QUIET}" stroke-width="0.8"')
        if label is not None:
            yield text(label.at, label.words, LABEL, 'font-weight="bold" fill="#222"')
