"""What is painted on a marker panel: ink and paper of every kind, seen square from above."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from pipeline.sim.draw.paint import any_weighted
from pipeline.sim.draw.panel_letters import CHARACTERS, lettered, strokes
from pipeline.sim.draw.panel_plane import Plane, Spot
from pipeline.sim.draw.values import Field


@dataclass(frozen=True, slots=True)
class Design:
    """`ink` (n, n) 0..1 is the share of ink against paper, `cover` (n, n) 0..1 where there is a panel at all.

    `flat` designs are painted on the ground itself: no folds, no edge; `hues`: which colours suit ("grey", "any").
    """

    ink: Field
    cover: Field
    centre: Spot = (0.0, 0.0)
    hues: str = "grey"
    flat: bool = False


Maker = Callable[[Plane, np.random.Generator], Design]


def _cross_arms(p: Plane, rng: np.random.Generator, turn_deg: float, reach: float) -> Field:
    """Two arms of about the same width that cross in the middle, thick or thin."""
    wide = float(np.exp(rng.uniform(np.log(0.07), np.log(0.32))))
    one = p.box(reach, wide, turn_deg=turn_deg)
    other = p.box(wide * rng.uniform(0.9, 1.1), reach * rng.uniform(0.92, 1.0), turn_deg=turn_deg + rng.normal(0, 1.5))
    return np.maximum(one, other)


def _full(p: Plane) -> Field:
    return p.box(1, 1)


def _cross(p: Plane, rng: np.random.Generator) -> Design:
    """On cloth, its arms often to the edge and with a short mark in one quarter, as surveyors number their panels."""
    reach = 1.0 if rng.random() < 0.6 else float(rng.uniform(0.6, 0.95))
    ink = _cross_arms(p, rng, 0.0, reach)
    if rng.random() < 0.35:
        start = (float(rng.uniform(0.05, 0.5)), float(rng.uniform(0.05, 0.5)))
        angle, long = rng.uniform(0, np.pi / 2), rng.uniform(0.25, 0.6)
        tip = (start[0] + float(np.cos(angle) * long), start[1] + float(np.sin(angle) * long))
        ink = np.maximum(ink, p.line([start, tip], float(rng.uniform(0.08, 0.18))))
    return Design(ink, _full(p), hues="any" if rng.random() < 0.25 else "grey")


def _saltire(p: Plane, rng: np.random.Generator) -> Design:
    return Design(_cross_arms(p, rng, 45.0, float(rng.uniform(0.9, 1.5))), _full(p))


def _cross_bare(p: Plane, rng: np.random.Generator) -> Design:
    """Two strips of cloth, or paint on asphalt, and no panel."""
    cover = _cross_arms(p, rng, float(rng.choice([0.0, 45.0])), 1.0)
    return Design(np.ones_like(cover), cover, hues="any", flat=bool(rng.random() < 0.5))


def _l_shape(p: Plane, rng: np.random.Generator) -> Design:
    wide = float(rng.uniform(0.12, 0.3))
    shape = np.maximum(p.box(wide, 1.0, (wide - 1, 0.0)), p.box(1.0, wide, (0.0, 1 - wide)))
    return _bare_or_sheet(p, rng, shape, _middle(p, shape))


def _t_shape(p: Plane, rng: np.random.Generator) -> Design:
    wide = float(rng.uniform(0.12, 0.26))
    shape = np.maximum(p.box(1.0, wide, (0.0, wide - 1)), p.box(wide, 1.0))
    return _bare_or_sheet(p, rng, shape, _middle(p, shape))


def _triangle(p: Plane, rng: np.random.Generator) -> Design:
    tip = float(rng.uniform(-0.3, 0.3))
    outer = p.polygon([(tip, -0.95), (0.95, 0.8), (-0.95, 0.8)])
    if rng.random() < 0.4:
        hole = float(rng.uniform(0.35, 0.7))
        at = (tip / 3, 0.22)
        inner = p.polygon([(at[0] + (x - at[0]) * hole, at[1] + (y - at[1]) * hole)
                           for x, y in ((tip, -0.95), (0.95, 0.8), (-0.95, 0.8))])  # fmt: skip
        return Design(1 - inner, outer, _middle(p, outer), "any")
    return _bare_or_sheet(p, rng, outer, _middle(p, outer))


def _bare_or_sheet(p: Plane, rng: np.random.Generator, shape: Field, middle: Spot) -> Design:
    if rng.random() < 0.5:
        return Design(np.ones_like(shape), shape, middle, "any", bool(rng.random() < 0.5))
    return Design(shape, p.box(1.08, 1.08), middle)


def _middle(p: Plane, shape: Field) -> Spot:
    """The centroid of a shape."""
    weight = float(shape.sum()) or 1.0
    return float((p.x * shape).sum() / weight), float((p.y * shape).sum() / weight)


def _checkerboard(p: Plane, rng: np.random.Generator) -> Design:
    cells = int(rng.choice([2, 2, 2, 3, 4, 5]))
    wave = np.sin(np.pi * (p.x + 1) * cells / 2) * np.sin(np.pi * (p.y + 1) * cells / 2)
    ink = p.inside(-wave / (np.pi * cells / 2))
    reach = 1.0 if rng.random() < 0.6 else float(rng.uniform(1.03, 1.1))
    cover = p.disc(1.0) if cells < 4 and rng.random() < 0.1 else p.box(reach, reach)
    return Design(np.where(_full(p) > 0, ink, 1).astype(np.float32), cover, hues=_mostly_grey(rng))


def _mostly_grey(rng: np.random.Generator) -> str:
    return "any" if rng.random() < 0.2 else "grey"


def _iron_cross(p: Plane, rng: np.random.Generator) -> Design:
    half, radius = float(rng.uniform(15, 26)), float(rng.uniform(0.85, 1.3))
    turn = float(rng.choice([0.0, 45.0]))
    ink = np.max([p.wedge(turn + 90 * i, half, radius) for i in range(4)], axis=0)
    return Design(1 - ink, _full(p))


def _bow_tie(p: Plane, rng: np.random.Generator) -> Design:
    """Two opposite quarters of a disc or a square, as on survey targets; or a slimmer hourglass."""
    radius = float(rng.choice([0.95, 2.0])) if rng.random() < 0.7 else float(rng.uniform(0.8, 1.0))
    half = 45.0 if rng.random() < 0.7 else float(rng.uniform(22, 45))
    turn = float(rng.choice([0.0, 45.0, 90.0]))
    ink = np.maximum(p.wedge(turn, half, radius), p.wedge(turn + 180, half, radius))
    cover = p.disc(1.0) if rng.random() < 0.35 else _full(p)
    return Design(ink, cover, hues=_mostly_grey(rng))


def _circle(p: Plane, rng: np.random.Generator) -> Design:
    ink = p.disc(float(rng.uniform(0.3, 0.85)))
    if rng.random() < 0.4:
        ink = np.maximum(ink - p.disc(float(rng.uniform(0.1, 0.28))), 0)
    return Design(ink, _full(p) if rng.random() < 0.6 else p.disc(1.0), hues="any")


def _rings(p: Plane, rng: np.random.Generator) -> Design:
    """A target: two to five rings about a dot."""
    count = int(rng.integers(2, 6))
    radius = np.hypot(p.x, p.y)
    wave = np.cos(np.pi * radius * count / float(rng.uniform(0.85, 1.0)))
    ink = p.inside(-wave / (np.pi * count)) * p.disc(1.0)
    return Design(ink.astype(np.float32), p.disc(1.0) if rng.random() < 0.6 else _full(p), hues="any")


def _circled_x(p: Plane, rng: np.random.Generator) -> Design:
    wide = float(rng.uniform(0.1, 0.25))
    ring = np.minimum(p.disc(0.95), 1 - p.disc(0.95 - wide))
    arms = np.maximum(p.box(0.9, wide / 2, turn_deg=45), p.box(wide / 2, 0.9, turn_deg=45))
    ink = np.maximum(ring, arms * p.disc(0.9))
    if rng.random() < 0.4:
        return Design(np.ones_like(ink), ink, hues="any", flat=True)
    return Design(ink, _full(p) if rng.random() < 0.6 else p.disc(1.0), hues="any")


def _aruco(p: Plane, rng: np.random.Generator) -> Design:
    import cv2

    return _tag(p, cv2.aruco.DICT_4X4_50 if rng.random() < 0.6 else cv2.aruco.DICT_5X5_50, rng)


def _apriltag(p: Plane, rng: np.random.Generator) -> Design:
    import cv2

    return _tag(p, cv2.aruco.DICT_APRILTAG_36h11 if rng.random() < 0.6 else cv2.aruco.DICT_APRILTAG_16h5, rng)


def _tag(p: Plane, dictionary: int, rng: np.random.Generator) -> Design:
    import cv2

    words = cv2.aruco.getPredefinedDictionary(dictionary)
    modules = words.markerSize + 2
    picture = cv2.aruco.generateImageMarker(words, int(rng.integers(30)), modules * 24, borderBits=1)
    half = float(rng.uniform(0.72, 0.9))
    dark = p.raster(np.asarray(255 - picture, np.uint8), half)
    return Design(1 - dark, _full(p))


def _numbered(p: Plane, rng: np.random.Generator) -> Design:
    """One to three digits or letters on a sheet, often with a rim."""
    ink = p.raster(lettered(rng), float(rng.uniform(0.8, 1.0)))
    if rng.random() < 0.3:
        ink = np.maximum(ink, np.minimum(p.box(0.92, 0.92), 1 - p.box(0.84, 0.84)))
    return Design(ink, _full(p), hues="any")


def _characters(p: Plane, rng: np.random.Generator) -> Design:
    """One to three Chinese characters on a board."""
    words = CHARACTERS[int(rng.integers(len(CHARACTERS)))]
    high = min(1.0, 1.3 / len(words)) if len(words) > 1 else 1.0
    cell = 0.9 / len(words)
    wide = cell * float(rng.uniform(0.16, 0.24))
    ink = np.zeros_like(p.x)
    for i, word in enumerate(words):
        middle = (2 * i + 1 - len(words)) * cell
        for points in strokes(word):
            ink = np.maximum(ink, p.line([(middle + x * cell * 0.88, y * cell * 0.88) for x, y in points], wide))
    return Design(ink, p.box(1.0, high), hues="any")


def _sheet(p: Plane, rng: np.random.Generator) -> Design:
    """A plain coloured square or rectangle, often with a rim."""
    high = 1.0 if rng.random() < 0.6 else float(rng.uniform(0.45, 0.95))
    cover = p.box(1.0, high)
    rim = float(rng.uniform(0.06, 0.25)) if rng.random() < 0.4 else 0.0
    ink = p.box(1 - rim, high - rim) if rim else np.ones_like(cover)
    return Design(ink, cover, hues="any")


def _banner(p: Plane, rng: np.random.Generator) -> Design:
    """A long strip, plain or with marks like a line of writing."""
    high = float(rng.uniform(0.16, 0.35))
    paper = p.box(1.0, high)
    ink = np.ones_like(paper)
    if rng.random() < 0.6:
        count = int(rng.integers(4, 9))
        for i in range(count):
            at = ((2 * i + 1 - count) * 0.9 / count, 0.0)
            block = [p.line(_scribble(rng, at, 0.6 * min(high, 0.9 / count)), 0.03) for _ in range(2)]
            ink = np.minimum(ink, 1 - np.maximum(block[0], block[1]))
    return Design(ink, paper, hues="any")


def _scribble(rng: np.random.Generator, at: Spot, half: float) -> list[Spot]:
    return [(at[0] + float(dx), at[1] + float(dy)) for dx, dy in rng.uniform(-half, half, (4, 2))]


def _lid(p: Plane, rng: np.random.Generator) -> Design:
    """A bucket's lid: a disc with a raised rim."""
    rim = np.minimum(p.disc(0.97), 1 - p.disc(float(rng.uniform(0.82, 0.9))))
    return Design((1 - 0.35 * rim).astype(np.float32), p.disc(1.0), hues="any")


def _tarpaulin(p: Plane, rng: np.random.Generator) -> Design:
    """A small sheet with grommets along its edges, sometimes with a cross taped on it."""
    high = float(rng.uniform(0.65, 1.0))
    ink = np.ones_like(p.x)
    for i in np.linspace(-0.93, 0.93, int(rng.integers(3, 6))):
        for at in (
            (float(i), 0.93 * high),
            (float(i), -0.93 * high),
            (0.93, float(i) * high),
            (-0.93, float(i) * high),
        ):
            ink = np.minimum(ink, 1 - p.disc(0.035, at))
    if rng.random() < 0.3:
        ink = np.minimum(ink, 1 - _cross_arms(p, rng, float(rng.choice([0.0, 45.0])), 0.8 * high))
    return Design(ink, p.box(1.0, high), hues="any")


PATTERNS: Mapping[str, tuple[Maker, float]] = {
    "cross": (_cross, 5.0),
    "saltire": (_saltire, 2.0),
    "bare-cross": (_cross_bare, 3.5),
    "l-shape": (_l_shape, 1.2),
    "t-shape": (_t_shape, 0.8),
    "triangle": (_triangle, 1.0),
    "checkerboard": (_checkerboard, 3.0),
    "iron-cross": (_iron_cross, 1.5),
    "bow-tie": (_bow_tie, 2.0),
    "circle": (_circle, 1.5),
    "rings": (_rings, 1.5),
    "circled-x": (_circled_x, 1.0),
    "aruco": (_aruco, 1.2),
    "apriltag": (_apriltag, 1.2),
    "numbered": (_numbered, 1.8),
    "characters": (_characters, 1.2),
    "sheet": (_sheet, 2.5),
    "banner": (_banner, 0.8),
    "lid": (_lid, 0.8),
    "tarpaulin": (_tarpaulin, 1.0),
}


def any_pattern(rng: np.random.Generator) -> str:
    """A kind of `PATTERNS`, the usual ones more often."""
    return any_weighted(rng, {name: PATTERNS[name][1] for name in sorted(PATTERNS)})
