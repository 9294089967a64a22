"""One object, one box, though several tiles saw it: nothing doubled at a seam, nothing swallowed.

The law: where two tiles overlap, both look at the same pixels; two boxes are one object when they agree *there*, cut
to what both tiles see. That covers an object whole in both, whole in one and cut in the other, cut in both (the parts
agree in the shared strip, and their union is the object), and a plume larger than a tile beside the look at the whole
picture. Each tile lends an object at most one box, the best agreement first, so that two near objects, which one tile
told apart, stay two. A box that a tile's border cuts, and that agrees with none, is taken for a part of what mostly
covers it in another tile; a box that no border cuts is never swallowed so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from pipeline.detect.found import (
    SLACK_PX,
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
from pipeline.detect.join import Pairs, joined
from pipeline.detect.near import touching

LEAST_AGREEMENT = 0.5  # IoU of two boxes, cut to what both tiles see
LEAST_ALIKE = 0.4  # IoU of two boxes as they are, where no border cuts either
LEAST_COVERED = 0.7  # of a cut box by a larger one from another tile
MOST_OVERLAP = 0.7  # of two objects of one class
MOST_HELD = 2_000_000  # pairs

Rectangle = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Seen:
    """What one tile holds: its rectangle (x0, y0, x1, y1), the boxes in it, and which of them its border cuts (N,)."""

    rectangle: Rectangle
    found: Found
    cut: Mask
    near: float  # how far off a box may end


def seen(rectangle: Rectangle, found: Found, size: tuple[float, float], near: float) -> Seen:
    """A tile's boxes; those within `near` of a border that is not the border of the picture (width, height) are cut."""
    if not len(found):
        return Seen(rectangle, found, np.zeros(0, bool), near)
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
    pairs = _held(partial(_pairs, tiles, found, cut, tile_of), len(found))
    of_box = joined(pairs, tile_of)
    objects, whole = _objects(found, cut, of_box)
    return suppressed(objects[_kept(objects, of_box, whole, pairs)], most_overlap)


def _held(make: Callable[[Mask], Iterable[Pairs]], boxes: int) -> Callable[[Mask], Iterable[Pairs]]:
    """The pairs in memory; those of a crowd, which would not fit, made anew each time they are gone through."""
    held: list[Pairs] = []
    for pairs in make(np.ones(boxes, bool)):
        held.append(pairs)
        if sum(len(p.one) for p in held) > MOST_HELD:
            return make
    return lambda among: held


def _pairs(tiles: Sequence[Seen], found: Found, cut: Mask, tile_of: Ints, among: Mask) -> Iterator[Pairs]:
    """All pairs of some boxes between two tiles that are one object, or part and whole."""
    near = np.array([t.near for t in tiles], np.float32)[tile_of]
    corners = np.array([t.rectangle for t in tiles], np.float32)
    low, high = _reaching(found.boxes, cut, near)
    which = np.flatnonzero(among)
    for pair in touching(low[which], high[which], found.labels[which]):
        one, other = np.sort(which[np.stack(pair)], axis=0)
        apart = tile_of[one] != tile_of[other]
        one, other = one[apart], other[apart]
        shared = _clipped(corners[tile_of[one]], corners[tile_of[other]])
        inside = _reaches(found.boxes[one], shared) & _reaches(found.boxes[other], shared)
        yield _judged(found.boxes, cut, near, one[inside], other[inside], shared[inside])


def _reaching(boxes: Floats, cut: Mask, near: Floats) -> tuple[Floats, Floats]:
    """Corners (N, 2) of boxes, cut ones grown by what may lie between them and the larger box that covers them."""
    room = np.where(areas(boxes) > 0, near / 2 + SLACK_PX, np.ptp(boxes))  # what has no area lies in anything
    room = np.where(cut & (boxes[:, 2:] > boxes[:, :2]).all(1), room, 0)[:, None]
    return np.asarray(boxes[:, :2] - room, np.float32), np.asarray(boxes[:, 2:] + room, np.float32)


def _judged(boxes: Floats, cut: Mask, near: Floats, one: Ints, other: Ints, shared: Floats) -> Pairs:
    """Of pairs of boxes that reach into what both their tiles see (N, 4): those that the law speaks of."""
    a, b = boxes[one], boxes[other]
    inter, area, other_area = shared_areas(a, b), areas(a), areas(b)
    agreement = np.where(inter > 0, overlaps(_clipped(a, shared), _clipped(b, shared)), np.float32(0))
    both_whole = ~cut[one] & ~cut[other]
    alike = inter / np.maximum(area + other_area - inter, 1e-9) >= LEAST_ALIKE
    agreement[(agreement < LEAST_AGREEMENT) | (both_whole & ~alike)] = 0
    in_other = cut[one] & _lies_in(a, b, near[one]) & (other_area > area)
    in_one = cut[other] & _lies_in(b, a, near[other]) & (area > other_area)
    covers = np.where(in_other, 1, np.where(in_one, -1, 0))
    keep = (agreement > 0) | (covers != 0)
    return Pairs(one[keep], other[keep], agreement[keep], covers[keep])


def _lies_in(small: Floats, large: Floats, near: Floats) -> Mask:
    """Whether most of each box lies in its partner, whose sides may be off by half of `near`: slivers are thin."""
    grown = large + near[:, None] * np.array([-0.5, -0.5, 0.5, 0.5], np.float32)
    return np.asarray(shared_areas(small, grown) >= LEAST_COVERED * areas(small))


def _reaches(boxes: Floats, rectangles: Floats) -> Mask:
    low, high = np.maximum(boxes[:, :2], rectangles[:, :2]), np.minimum(boxes[:, 2:], rectangles[:, 2:])
    return np.asarray((high > low).all(1))


def _clipped(boxes: Floats, rectangles: Floats) -> Floats:
    low, high = np.maximum(boxes[:, :2], rectangles[:, :2]), np.minimum(boxes[:, 2:], rectangles[:, 2:])
    return np.concatenate([low, high], axis=1)


def _objects(found: Found, cut: Mask, of_box: Ints) -> tuple[Found, Mask]:
    """One box an object, in the order of their numbers, and which of them some tile saw uncut."""
    order = np.lexsort((-found.scores, cut, of_box))  # the surest uncut sight of each object comes first
    starts = np.flatnonzero(np.diff(of_box[order], prepend=-1))
    boxes, first = found.boxes[order], order[starts]
    low, high = np.minimum.reduceat(boxes[:, :2], starts), np.maximum.reduceat(boxes[:, 2:], starts)
    whole = ~cut[first]
    corners = np.where(whole[:, None], found.boxes[first], np.concatenate([low, high], axis=1))
    return Found(corners, np.maximum.reduceat(found.scores[order], starts), found.labels[first]), whole


def _kept(objects: Found, of_box: Ints, whole: Mask, pairs: Callable[[Mask], Iterable[Pairs]]) -> Mask:
    """Which objects stand: all that some tile saw uncut, and those with a part that no standing larger one covers."""
    place = np.empty(len(objects), np.int64)
    place[np.argsort(-areas(objects.boxes), kind="stable")] = np.arange(len(objects))
    place[whole] = -1
    stands, open_ = whole.copy(), ~whole
    all_boxes = np.ones(len(of_box), bool)
    while open_.any():  # the largest open one is decided each time, most of them at once
        covered, doubtful = np.zeros((2, len(of_box)), bool)
        for small, large in _covering(pairs(all_boxes), of_box):
            earlier = place[large] < place[of_box[small]]
            covered[small[earlier & stands[large]]] = True
            doubtful[small[earlier & open_[large]]] = True
        free, bound = np.zeros(len(objects), bool), np.ones(len(objects), bool)
        free[of_box[~covered & ~doubtful]] = True
        bound[of_box[~covered]] = False
        stands |= free & open_
        open_ &= ~free & ~bound
    return stands


def _covering(pairs: Iterable[Pairs], of_box: Ints) -> Iterator[tuple[Ints, Ints]]:
    """Cut boxes, and the numbers of the objects whose boxes cover them."""
    for p in pairs:
        one, other = p.covers > 0, p.covers < 0
        yield np.concatenate([p.one[one], p.other[other]]), of_box[np.concatenate([p.other[one], p.one[other]])]
