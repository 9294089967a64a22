"""A bilinear surface made ready for rays: how steeply can it rise from here?

Every block of cells knows a slope that the ground, seen from anywhere in the block, nowhere exceeds: a cone that
stands on the ground and stays free of it (cone step mapping, Dummer 2006, here with a bound instead of samples:
rings of doubling size, each limited by the steepest cell within it and by its highest node). `march` jumps by it.

Distances over the grid are Chebyshev's, the larger of |dx| and |dy| in cells, since blocks and rings are squares.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.geo.dem import OUTSIDE, Dem, Heights, Kinds

Array = NDArray[np.float64]
Index = NDArray[np.intp]
Mask = NDArray[np.bool_]

MAX_BLOCKS = 4_000_000
_STRIP = 512  # rows of cells at a time
_SLACK = 1e-6  # cells: rounding at the rim of the grid


@dataclass(frozen=True, eq=False)
class Relief:
    """A grid of heights made ready for rays; see `build_relief`."""

    nodes: Heights  # flat, row by row
    kinds: Kinds  # flat, one a cell
    cone: Heights  # flat, one a block: metres a cell
    width: int  # nodes a row
    height: int  # rows of nodes
    block: int  # cells along a block's side
    blocks_wide: int
    highest_m: float


def build_relief(dem: Dem) -> Relief:
    """Find the cone of every block; takes about 0.2 s for a million cells."""
    height, width = dem.heights_m.shape
    block = 1
    while (-(-height // block)) * (-(-width // block)) > MAX_BLOCKS:
        block *= 2
    cone = _cones(dem.heights_m, block)
    top = float(dem.heights_m.max())
    return Relief(dem.heights_m.ravel(), dem.kinds.ravel(), cone.ravel(), width, height, block, cone.shape[1], top)


def _cones(heights: Heights, block: int) -> Heights:
    """(blocks down, blocks across): the ground rises by no more than this, a cell's width, from anywhere in a block."""
    highest, lowest, steepest = _block_facts(heights, block)
    radius, highest, steepest = 1, _spread(highest, 1), _spread(steepest, 1)
    cone = steepest
    while radius < max(cone.shape):
        highest, steepest = _spread(highest, radius), _spread(steepest, radius)
        ring = np.minimum(steepest, (highest - lowest) / np.float32(radius * block))
        cone = np.maximum(cone, ring)
        radius *= 2
    return np.asarray(cone * np.float32(1.0 + 1e-5), np.float32)


def _block_facts(heights: Heights, block: int) -> list[Heights]:
    """`_cell_facts` joined block by block; in strips, to spare memory."""
    rows = block * max(1, _STRIP // block)
    tops = range(0, heights.shape[0] - 1, rows)
    strips = [[_blocks(a, block, pick) for a, pick in _cell_facts(heights[t : t + rows + 1])] for t in tops]
    return [np.concatenate(parts) for parts in zip(*strips, strict=True)]


def _cell_facts(z: Heights) -> list[tuple[Heights, np.ufunc]]:
    """Of every cell: its highest and lowest node, and the steepest rise a Chebyshev cell; how to join cells."""
    corners = (z[:-1, :-1], z[:-1, 1:], z[1:, :-1], z[1:, 1:])
    across, down = np.abs(np.diff(z, axis=1)), np.abs(np.diff(z, axis=0))
    rise = np.maximum(across[:-1], across[1:]) + np.maximum(down[:, :-1], down[:, 1:])
    return [(np.maximum.reduce(corners), np.maximum), (np.minimum.reduce(corners), np.minimum), (rise, np.maximum)]


def _blocks(a: Heights, block: int, pick: np.ufunc) -> Heights:
    if block == 1:
        return a
    a = pick.reduceat(a, np.arange(0, a.shape[0], block), axis=0)
    return np.asarray(pick.reduceat(a, np.arange(0, a.shape[1], block), axis=1))


def _spread(a: Heights, by: int) -> Heights:
    """The maximum over a window that reaches `by` further on all sides."""
    for axis in (0, 1):
        a = np.moveaxis(a, axis, 0)
        wide = a.copy()
        np.maximum(wide[by:], a[:-by], out=wide[by:])
        np.maximum(wide[:-by], a[by:], out=wide[:-by])
        a = np.moveaxis(wide, 0, axis)
    return a


def inside(relief: Relief, x: Array, y: Array) -> Mask:
    """Whether grid coordinates lie on the ground: half a cell around the file's outermost centres."""
    low = 0.5 - _SLACK
    across = (x >= low) & (x <= relief.width - 1.5 + _SLACK)
    return np.asarray(across & (y >= low) & (y <= relief.height - 1.5 + _SLACK))


def patch(relief: Relief, i: Index, j: Index) -> tuple[Array, Array, Array, Array]:
    """z0, a, b, c of the cells in column i, row j, where z = z0 + a fx + b fy + c fx fy."""
    at = j * relief.width + i
    z0 = relief.nodes[at].astype(np.float64)
    below = at + relief.width
    a, b = relief.nodes[at + 1] - z0, relief.nodes[below] - z0
    return z0, a, b, relief.nodes[below + 1] - z0 - a - b


def kinds_at(relief: Relief, i: Index, j: Index) -> Kinds:
    """What the cells in column i, row j are."""
    return np.asarray(relief.kinds[j * (relief.width - 1) + i])


def cones_at(relief: Relief, i: Index, j: Index) -> Heights:
    """The steepest rise, in m a cell, of the ground seen from the cells in column i, row j."""
    if relief.block == 1:
        return np.asarray(relief.cone[j * relief.blocks_wide + i])
    return np.asarray(relief.cone[(j // relief.block) * relief.blocks_wide + i // relief.block])


def sample(relief: Relief, x: Array, y: Array) -> tuple[Array, Array, Array, Kinds]:
    """Height, its slopes along x and y (m a cell), and the kind of cell, at grid coordinates; OUTSIDE off the grid."""
    on = inside(relief, x, y)
    x, y = np.where(on, x, 1.0), np.where(on, y, 1.0)
    i, j = x.astype(np.intp), y.astype(np.intp)
    z0, a, b, c = patch(relief, i, j)
    fx, fy = x - i, y - j
    kinds = np.where(on, kinds_at(relief, i, j), OUTSIDE).astype(np.uint8)
    return z0 + fx * a + fy * (b + fx * c), a + fy * c, b + fx * c, kinds
