"""One object, one box, though several tiles saw it: nothing doubled at a seam, nothing swallowed.

The law: where two tiles overlap, both look at the same pixels; two boxes are one object when they agree *there*, cut
to what both tiles see. That covers an object whole in both, whole in one and cut in the other, cut in both (the parts
agree in the shared strip, and their union is the object), and a plume larger than a tile beside the look at the whole
picture. Each tile lends an object at most one box, the best agreement first, so that two near objects, which one tile
told apart, stay two. A box that a tile's border cuts, and that agrees with none, is taken for a part of what mostly
covers it in another tile; a box that no border cuts is never swallowed so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.detect.found import (
    Floats,
    Found,
    Ints,
    Mask,
    areas,
    nothing,
    overlaps,
    ranked,
    shared_areas,
    suppressed,
    together,
)

LEAST_AGREEMENT = 0.5  # IoU of two boxes, cut to what both tiles see
LEAST_ALIKE = 0.4  # IoU of two boxes as they are, where no border cuts either
LEAST_COVERED = 0.7  # of a cut box by a larger one from another tile
MOST_OVERLAP = 0.7  # of two objects of one class

Rectangle = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Seen:
    """What one tile holds: its rectangle (x0, y0, x1, y1), the boxes in it, and which of them its border cuts (N,)."""

    rectangle: Rectangle
    found: Found
    cut: Mask
    near: float  # how far off a box may end


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Pairs of boxes of one class from two tiles, by their numbers in all boxes."""

    one: Ints
    other: Ints
    agreement: Floats  # 0 where they are not one object
    covers: Ints  # 1: `one` is cut and lies in the larger `other`; -1: the other way round; 0: neither


def seen(rectangle: Rectangle, found: Found, size: tuple[float, float], near: float) -> Seen:
    """A tile's boxes; those within `near` of a border that is not the border of the picture (width, height) are cut."""
    found = ranked(found)
    x0, y0, x1, y1 = rectangle
    inside = np.array([x0 > 0.5, y0 > 0.5, x1 < size[0] - 0.5, y1 < size[1] - 0.5])
    depth = found.boxes - np.array(rectangle, np.float32)
    touches = np.concatenate([depth[:, :2] <= near, depth[:, 2:] >= -near], axis=1)
    return Seen(rectangle, found, np.asarray((touches & inside).any(1)), near)


def merged(tiles: Sequence[Seen], most_overlap: float = MOST_OVERLAP) -> Found:
    """The objects that overlapping tiles saw, ranked; the tiles' order does not matter.

    An object has the box of its surest sight that no border cuts, else the union of its parts, and the confidence of
    its surest sight. At the end no two of a class overlap by more than `most_overlap`; what one tile alone saw is left
    as it is.
    """
    if len(tiles) == 1:
        return tiles[0].found
    tiles = sorted((t for t in tiles if len(t.found)), key=lambda t: t.rectangle)
    if not tiles:
        return nothing()
    found, cut = together([t.found for t in tiles]), np.concatenate([t.cut for t in tiles])
    tile_of = np.repeat(np.arange(len(tiles)), [len(t.found) for t in tiles])
    pairs = _all_pairs(tiles)
    of_box = _joined(pairs, tile_of)
    objects = _objects(found, cut, of_box)
    whole = np.zeros(len(objects), bool)
    np.logical_or.at(whole, of_box, ~cut)
    return suppressed(objects[_kept(objects, of_box, whole, pairs)], most_overlap)


def _all_pairs(tiles: Sequence[Seen]) -> _Pairs:
    starts = np.concatenate([[0], np.cumsum([len(t.found) for t in tiles])])
    found = [_pairs(tiles[i], tiles[j], int(starts[i]), int(starts[j]), shared) for i, j, shared in _overlapping(tiles)]
    none = np.zeros(0, np.int64)
    return _Pairs(
        np.concatenate([none, *(p.one for p in found)]),
        np.concatenate([none, *(p.other for p in found)]),
        np.concatenate([np.zeros(0, np.float32), *(p.agreement for p in found)]),
        np.concatenate([none, *(p.covers for p in found)]),
    )


def _overlapping(tiles: Sequence[Seen]) -> Iterator[tuple[int, int, Floats]]:
    """Pairs of tiles that share a rectangle, and that."""
    r = np.array([t.rectangle for t in tiles], np.float32)
    for i in range(len(tiles) - 1):
        low, high = np.maximum(r[i, :2], r[i + 1 :, :2]), np.minimum(r[i, 2:], r[i + 1 :, 2:])
        for k in np.flatnonzero((high > low).all(1)):
            yield i, int(i + 1 + k), np.concatenate([low[k], high[k]])


def _pairs(one: Seen, other: Seen, start: int, other_start: int, shared: Floats) -> _Pairs:
    """Pairs between two tiles, among the boxes that reach into what both see."""
    a = np.flatnonzero(_reaches(one.found.boxes, shared))
    b = np.flatnonzero(_reaches(other.found.boxes, shared))
    i, j = np.nonzero(one.found.labels[a][:, None] == other.found.labels[b][None])
    a, b = a[i], b[j]
    boxes, others = one.found.boxes[a], other.found.boxes[b]
    inter, area, other_area = shared_areas(boxes, others), areas(boxes), areas(others)
    touching = inter > 0
    agreement = np.where(touching, overlaps(_clipped(boxes, shared), _clipped(others, shared)), 0)
    both_whole = ~one.cut[a] & ~other.cut[b]
    alike = inter / np.maximum(area + other_area - inter, 1e-9) >= LEAST_ALIKE
    agreement[(agreement < LEAST_AGREEMENT) | (both_whole & ~alike)] = 0
    in_other = one.cut[a] & _lies_in(boxes, others, one.near) & (other_area > area)
    in_one = other.cut[b] & _lies_in(others, boxes, other.near) & (area > other_area)
    covers = np.where(in_other, 1, np.where(in_one, -1, 0))
    keep = (agreement > 0) | (covers != 0)
    return _Pairs(a[keep] + start, b[keep] + other_start, agreement[keep], covers[keep])


def _lies_in(small: Floats, large: Floats, near: float) -> Mask:
    """Whether most of each box lies in its partner, whose sides may be off by half of `near`: slivers are thin."""
    grown = np.asarray(large + np.array([-near, -near, near, near], np.float32) / 2, np.float32)
    return np.asarray(shared_areas(small, grown) >= LEAST_COVERED * areas(small))


def _reaches(boxes: Floats, rectangle: Floats) -> Mask:
    return np.asarray((np.minimum(boxes[:, 2:], rectangle[2:]) > np.maximum(boxes[:, :2], rectangle[:2])).all(1))


def _clipped(boxes: Floats, rectangle: Floats) -> Floats:
    low, high = np.maximum(boxes[:, :2], rectangle[:2]), np.minimum(boxes[:, 2:], rectangle[2:])
    return np.concatenate([low, high], axis=1)


def _joined(pairs: _Pairs, tile_of: Ints) -> Ints:
    """For each box the number of its object: pairs that agree are joined, the best first, one box a tile."""
    parent = list(range(len(tile_of)))
    tiles = [{t} for t in tile_of.tolist()]
    agree = np.flatnonzero(pairs.agreement > 0)
    order = agree[np.lexsort((pairs.other[agree], pairs.one[agree], -pairs.agreement[agree]))]
    for i, j in zip(pairs.one[order].tolist(), pairs.other[order].tolist(), strict=True):
        a, b = _root(parent, i), _root(parent, j)
        if a != b and tiles[a].isdisjoint(tiles[b]):
            parent[b] = a
            tiles[a] |= tiles[b]
    return np.unique([_root(parent, i) for i in range(len(parent))], return_inverse=True)[1]


def _root(parent: list[int], i: int) -> int:
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = parent[i]
    return i


def _objects(found: Found, cut: Mask, of_box: Ints) -> Found:
    """One box an object, in the order of their numbers."""
    count = int(of_box.max()) + 1
    unions = np.tile(np.array([np.inf, np.inf, -np.inf, -np.inf], np.float32), (count, 1))
    np.minimum.at(unions[:, :2], of_box, found.boxes[:, :2])
    np.maximum.at(unions[:, 2:], of_box, found.boxes[:, 2:])
    scores = np.zeros(count, np.float32)
    np.maximum.at(scores, of_box, found.scores)
    labels = np.zeros(count, np.int64)
    labels[of_box] = found.labels
    least_sure_first = np.lexsort((-np.arange(len(cut)), found.scores))
    whole = least_sure_first[~cut[least_sure_first]]
    unions[of_box[whole]] = found.boxes[whole]  # the last one written is the surest
    return Found(unions, scores, labels)


def _kept(objects: Found, of_box: Ints, whole: Mask, pairs: _Pairs) -> Mask:
    """Which objects stand: all that some tile saw uncut, and those with a part that no standing larger one covers."""
    small = np.where(pairs.covers > 0, pairs.one, pairs.other)[pairs.covers != 0]
    large = np.where(pairs.covers > 0, pairs.other, pairs.one)[pairs.covers != 0]
    covered_by: dict[int, set[int]] = {}  # box -> objects
    for i, j in zip(small.tolist(), of_box[large].tolist(), strict=True):
        covered_by.setdefault(i, set()).add(j)
    parts: dict[int, list[int]] = {}
    for i, k in enumerate(of_box.tolist()):
        if not whole[k]:
            parts.setdefault(k, []).append(i)
    keep = np.ones(len(objects), bool)
    done: set[int] = set(np.flatnonzero(whole).tolist())
    for k in np.argsort(-areas(objects.boxes), kind="stable").tolist():
        if not whole[k]:
            keep[k] = not all(any(keep[j] for j in covered_by.get(i, set()) & done) for i in parts[k])
            done.add(k)
    return keep
