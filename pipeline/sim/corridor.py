"""What lies on the ground along a strip of kilometres: the same things as in `scene`, along its whole length."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from pipeline.sim.noise import stream
from pipeline.sim.scene import ASPHALT, FIELDS, GRAVEL, Shape, banks, furrows, outfalls, roofs, trees
from pipeline.sim.space import Floats
from pipeline.sim.truth import Truth

FIELD_M = (46.0, 31.0)
FURROWS_WITHIN_M = 60.0  # of the edge of the strips
WAY_EVERY_M = 180.0
ROOFS_EVERY_M, TREES_EVERY_M = 18.0, 2.2


def draw_corridor(truth: Truth) -> list[Shape]:
    """All shapes, in the order they are painted."""
    rng, plan = stream(truth.config, "corridor"), truth.plan
    keep_off = np.array([t.world_m[:2] for t in truth.scored]).reshape(-1, 2)
    length_m = 2 * (plan.half_along_m + plan.footprint_m[0])
    shapes = _fields(rng, truth) + _ways(rng, truth) + banks(truth.river, plan.ground_half_m[0])
    shapes += roofs(rng, truth, keep_off, int(length_m / ROOFS_EVERY_M))
    shapes += trees(rng, truth, keep_off, int(length_m / TREES_EVERY_M))
    return shapes + outfalls(truth)


def _fields(rng: np.random.Generator, truth: Truth) -> list[Shape]:
    """A patchwork with ragged edges, and furrows where they can be seen from the strips."""
    plan, (far, wide) = truth.plan, truth.plan.ground_half_m
    us, vs = np.arange(-far, far + FIELD_M[0], FIELD_M[0]), np.arange(-wide, wide + FIELD_M[1], FIELD_M[1])
    nodes = np.stack(np.meshgrid(us, vs, indexing="ij"), axis=-1) + rng.uniform(-7, 7, (len(us), len(vs), 2))
    seen_m = plan.half_across_m + plan.footprint_m[1] / 2 + FURROWS_WITHIN_M
    shapes = []
    for i, j in np.ndindex(len(us) - 1, len(vs) - 1):
        quad = plan.place(*np.array([nodes[i, j], nodes[i + 1, j], nodes[i + 1, j + 1], nodes[i, j + 1]]).T)
        colour = FIELDS[rng.integers(len(FIELDS))]
        shapes.append(Shape(quad, colour))
        if abs(vs[j]) < seen_m and rng.random() < 0.7:
            shapes += furrows(rng, quad, colour)
    return shapes


def _ways(rng: np.random.Generator, truth: Truth) -> list[Shape]:
    """Gravel tracks across the strips, every fourth a road with a dashed middle."""
    far, wide = truth.plan.ground_half_m
    shapes: list[Shape] = []
    for k, middle_m in enumerate(np.arange(-far, far, WAY_EVERY_M)):
        line = _way(rng, truth, middle_m + rng.uniform(-50, 50), wide)
        if k % 4:
            shapes += [Shape(line, GRAVEL, 3.2, 1.2), *_ruts(line)]
        else:
            shapes += [Shape(line, (124, 132, 136), 7.5), Shape(line, ASPHALT, 5.5, 0.4)]
            shapes += [Shape(np.array([p, p + 0.4 * (q - p)]), (205, 210, 210), 0.15, 0.3) for p, q in pairwise(line)]
    return shapes


def _way(rng: np.random.Generator, truth: Truth, middle_m: float, half_m: float) -> Floats:
    """(K, 2) a winding line across the strips."""
    across = np.arange(-half_m, half_m, 8.0)
    bends = 6 * np.sin(across / rng.uniform(30, 60)) + rng.uniform(-0.4, 0.4) * across
    return truth.plan.place(middle_m + bends, across)


def _ruts(line: Floats) -> list[Shape]:
    along = np.gradient(line, axis=0)
    right = np.column_stack([along[:, 1], -along[:, 0]]) / np.linalg.norm(along, axis=1, keepdims=True)
    return [Shape(line + side * 0.8 * right, (158, 166, 172), 0.5) for side in (-1, 1)]
