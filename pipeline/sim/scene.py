"""What lies on the ground around a flight, as shapes in metres: fields, roads, roofs, trees, water, stains."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from pipeline.sim.noise import stream
from pipeline.sim.space import Floats
from pipeline.sim.terrain import River
from pipeline.sim.truth import Truth

Colour = tuple[int, int, int]  # blue, green, red

FIELDS: tuple[Colour, ...] = (
    (70, 118, 104), (84, 128, 136), (98, 138, 158), (72, 104, 96), (104, 134, 150), (88, 132, 116),
    (120, 152, 168), (66, 98, 108),
)  # fmt: skip
ROOFS: tuple[Colour, ...] = ((92, 96, 150), (150, 146, 142), (168, 120, 96), (110, 112, 116), (182, 182, 178))
LEAVES: tuple[Colour, ...] = ((42, 74, 60), (48, 86, 66), (36, 66, 58), (56, 92, 84))
WATER: Colour = (112, 132, 128)
SHORE: Colour = (128, 152, 166)
GRAVEL: Colour = (142, 150, 156)
ASPHALT: Colour = (104, 104, 102)
WET: Colour = (58, 66, 72)
PIPE: Colour = (158, 160, 160)
SHADOW_M = np.array([1.1, -1.4])  # the sun stands in the north-west, as in `canvas.SUN`


@dataclass(frozen=True, slots=True)
class Shape:
    """A filled polygon, (K, 2) east and north, or a line when it has a width. `rough` is its share of the texture."""

    en_m: Floats
    colour: Colour
    width_m: float = 0.0
    rough: float = 1.0


def draw_scene(truth: Truth) -> list[Shape]:
    """All shapes, in the order they are painted."""
    rng, river, plan = stream(truth.config, "scene"), truth.river, truth.plan
    keep_off = np.array([t.world_m[:2] for t in truth.scored]).reshape(-1, 2)
    reach_m = truth.plan.reach_m
    shapes = _fields(rng, plan.heading_deg + rng.uniform(10, 35), reach_m)
    shapes += _ways(rng, plan.heading_deg, reach_m)
    shapes += banks(river, reach_m) + roofs(rng, truth, keep_off, 14) + trees(rng, truth, keep_off, 110)
    return shapes + outfalls(truth)


def water_edge(river: River, reach_m: float, beyond_m: float = 0.0) -> Floats:
    """(K, 2) the rim of the water, or of what lies up to `beyond_m` ashore."""
    along = np.arange(-reach_m, reach_m, 4.0)
    half = np.full(len(along), river.half_width_m + beyond_m)
    half += 0.8 * np.sin(along / 5.3) * (beyond_m > 0)
    return np.concatenate([river.at(along, half), river.at(along, -half)[::-1]])


def banks(river: River, reach_m: float) -> list[Shape]:
    """Shore, wet rim and water, `reach_m` up and down the river."""
    bands = ((5.0, SHORE, 0.8), (1.0, (96, 116, 122), 0.5), (0.0, WATER, 0.22))
    return [Shape(water_edge(river, reach_m, beyond), colour, rough=rough) for beyond, colour, rough in bands]


def outfalls(truth: Truth) -> list[Shape]:
    return [s for t in truth.scored if t.kind == "outfall" for s in _outfall(t.parts_m)]


def _fields(rng: np.random.Generator, heading_deg: float, reach_m: float) -> list[Shape]:
    """A patchwork with ragged edges and furrows."""
    a = np.radians(heading_deg)
    frame = np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]])
    us, vs = np.arange(-reach_m, reach_m + 1, 46.0), np.arange(-reach_m, reach_m + 1, 31.0)
    nodes = np.stack(np.meshgrid(us, vs, indexing="ij"), axis=-1) + rng.uniform(-7, 7, (len(us), len(vs), 2))
    shapes = []
    for i in range(len(us) - 1):
        for j in range(len(vs) - 1):
            quad = np.array([nodes[i, j], nodes[i + 1, j], nodes[i + 1, j + 1], nodes[i, j + 1]])
            colour = FIELDS[rng.integers(len(FIELDS))]
            shapes.append(Shape(quad @ frame, colour))
            if np.hypot(*quad.mean(axis=0)) < 170 and rng.random() < 0.7:
                shapes += furrows(rng, quad @ frame, colour)
    return shapes


def furrows(rng: np.random.Generator, quad: Floats, colour: Colour) -> list[Shape]:
    """Darker lines across a field given by its corners."""
    rows = int(rng.integers(14, 34))
    darker = (int(colour[0] * 0.86), int(colour[1] * 0.88), int(colour[2] * 0.84))
    t = (np.arange(rows) + 0.5)[:, None] / rows
    starts, ends = quad[0] + (quad[3] - quad[0]) * t, quad[1] + (quad[2] - quad[1]) * t
    width = float(rng.uniform(0.2, 0.4))
    return [Shape(np.array([a, b]), darker, width) for a, b in zip(starts, ends, strict=True)]


def _ways(rng: np.random.Generator, heading_deg: float, reach_m: float) -> list[Shape]:
    """Two gravel tracks with wheel ruts and one road with a dashed middle."""
    shapes = []
    for i in range(3):
        a = np.radians(heading_deg + (95 if i else 20) + rng.uniform(-25, 25))
        t = np.arange(-reach_m, reach_m, 8.0)
        side = rng.uniform(-60, 60) + 6 * np.sin(t / rng.uniform(30, 60))
        line = np.column_stack([t * np.sin(a) + side * np.cos(a), t * np.cos(a) - side * np.sin(a)])
        right = np.array([np.cos(a), -np.sin(a)])
        if i == 0:
            shapes += [Shape(line, (124, 132, 136), 7.5), Shape(line, ASPHALT, 5.5, 0.4)]
            shapes += [Shape(np.array([p, p + 0.4 * (q - p)]), (205, 210, 210), 0.15, 0.3) for p, q in pairwise(line)]
        else:
            shapes += [Shape(line, GRAVEL, 3.2, 1.2)]
            shapes += [Shape(line + s * 0.8 * right, (158, 166, 172), 0.5) for s in (-1, 1)]
    return shapes


def _free(rng: np.random.Generator, truth: Truth, keep_off: Floats, apart_m: float) -> Floats | None:
    """(2,) a dry place at a distance from every target, or None."""
    plan = truth.plan
    reach = np.array([plan.half_along_m + plan.footprint_m[0], plan.half_across_m + plan.footprint_m[1]])
    along, across = rng.uniform(-1, 1, 2) * reach
    spot = plan.place(np.array([along]), np.array([across]))
    wet = abs(truth.river.along_across(spot)[1][0]) < truth.river.half_width_m + apart_m
    near = len(keep_off) > 0 and np.hypot(*(keep_off - spot[0]).T).min() < apart_m
    return None if wet or near else spot[0]


def roofs(rng: np.random.Generator, truth: Truth, keep_off: Floats, tries: int) -> list[Shape]:
    """Houses in pairs of slopes, with their shadows."""
    shapes = []
    spots = [_free(rng, truth, keep_off, 13.0) for _ in range(tries)]
    for spot in (s for s in spots if s is not None):
        a, length, width = rng.uniform(0, np.pi), rng.uniform(8, 14), rng.uniform(5, 8)
        u, v = np.array([np.cos(a), np.sin(a)]) * length / 2, np.array([-np.sin(a), np.cos(a)]) * width / 2
        colour = ROOFS[rng.integers(len(ROOFS))]
        lit = (min(255, colour[0] + 28), min(255, colour[1] + 28), min(255, colour[2] + 28))
        box = np.array([spot - u - v, spot + u - v, spot + u + v, spot - u + v])
        shapes += [Shape(box + SHADOW_M, (58, 64, 62), rough=0.6), Shape(box, colour, rough=0.35)]
        shapes.append(Shape(np.array([spot - u, spot + u, spot + u + v, spot - u + v]), lit, rough=0.35))
    return shapes


def trees(rng: np.random.Generator, truth: Truth, keep_off: Floats, tries: int) -> list[Shape]:
    """Crowns made of leafy balls, darker below, in loose groups."""
    circle = np.linspace(0, 2 * np.pi, 14, endpoint=False)
    disc = np.column_stack([np.cos(circle), np.sin(circle)])
    shapes = []
    spots = [_free(rng, truth, keep_off, 5.0) for _ in range(tries)]
    for spot in (s for s in spots if s is not None):
        radius, leaf = rng.uniform(1.2, 3.2), LEAVES[rng.integers(len(LEAVES))]
        shapes.append(Shape(spot + SHADOW_M / 2 + radius * disc, (44, 56, 54), rough=0.7))
        for k in range(16):
            at = spot + radius * 0.75 * np.sqrt(rng.random()) * np.array([np.cos(k * 2.4), np.sin(k * 2.4)])
            bright = rng.uniform(0.8, 1.35)
            colour = (int(leaf[0] * bright), int(leaf[1] * bright), int(leaf[2] * bright))
            shapes.append(Shape(at + radius * rng.uniform(0.2, 0.42) * disc, colour, rough=1.3))
    return shapes


def _outfall(parts_m: Floats) -> list[Shape]:
    """A wet patch, the stained fan on the water and the concrete pipe."""
    mouth, back, left, right = parts_m[:, :2]
    t = np.linspace(0, 1, 9)[:, None]
    shapes = []
    for share, colour in ((1.0, (98, 112, 108)), (0.75, (80, 92, 92)), (0.5, WET)):
        a, b = mouth + (left - mouth) * share, mouth + (right - mouth) * share
        rim = a + (b - a) * t + (a + b - 2 * mouth) * 0.08 * np.sin(np.pi * t)
        shapes.append(
            Shape(
                np.concatenate([mouth[None] + 0.5 * (a - b)[None] * 0.3, rim, mouth[None] - 0.15 * (a - b)[None]]),
                colour,
                rough=0.3,
            )
        )
    shapes.append(Shape(np.array([mouth + 0.6 * (back - mouth) * 0.3, mouth]), WET, 1.6, 0.5))
    return [
        *shapes,
        Shape(np.array([back, mouth]), (96, 98, 98), 0.9, 0.3),
        Shape(np.array([back, mouth]), PIPE, 0.55, 0.2),
    ]
