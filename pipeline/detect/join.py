"""Boxes that are one object, joined: the best agreement first, one box a tile."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from pipeline.detect.found import Floats, Ints, Mask

MOST_AT_ONCE = 2_000_000  # pairs held
MOST_IN_TURN = 100_000  # pairs joined without asking again which can be


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of boxes of one class from two tiles, by their numbers in all boxes; `one` is smaller than `other`."""

    one: Ints
    other: Ints
    agreement: Floats  # 0 where they are not one object
    covers: Ints  # 1: `one` is cut and lies in the larger `other`; -1: the other way round; 0: neither


def joined(pairs: Callable[[Mask], Iterable[Pairs]], tile_of: Ints) -> Ints:
    """For each box the number of its object: pairs that agree are joined, the best first, one box a tile.

    pairs: gives all pairs among some boxes, in batches, each time it is called. Only the MOST_AT_ONCE best that are
    not decided yet are held at a time, so that a crowd costs time and no memory.
    """
    root = np.arange(len(tile_of))
    last: _Agreeing | None = None
    left = np.ones(len(root), bool)
    while left.any():
        best, left = _best(pairs(left), last, root, tile_of)
        for start in range(0, len(best.one), MOST_IN_TURN):
            part = best[start : start + MOST_IN_TURN]
            _join(root, part[_can_join(part, root, tile_of)] if start else part, tile_of)
        last = best[-1:]
    return np.asarray((np.cumsum(root == np.arange(len(root))) - 1)[root])


@dataclass(frozen=True, slots=True)
class _Agreeing:
    one: Ints
    other: Ints
    agreement: Floats

    def __getitem__(self, which: Ints | Mask | slice) -> _Agreeing:
        return _Agreeing(self.one[which], self.other[which], self.agreement[which])


def _best(pairs: Iterable[Pairs], last: _Agreeing | None, root: Ints, tile_of: Ints) -> tuple[_Agreeing, Mask]:
    """The best pairs after `last` that can still be joined, ranked; and which boxes (N,) are in worse ones."""
    best = _Agreeing(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float32))
    in_worse = np.zeros(len(root), bool)
    for p in pairs:
        new = _Agreeing(p.one, p.other, p.agreement)[p.agreement > 0]
        if last is not None:
            new = new[_after(new, last)]
            new = new[_can_join(new, root, tile_of)]
        best = _Agreeing(*(np.concatenate([getattr(x, c) for x in (best, new)]) for c in _Agreeing.__slots__))
        if len(best.one) > 2 * MOST_AT_ONCE:
            best = _cut_off(best, in_worse)
    return _cut_off(best, in_worse), in_worse


def _cut_off(pairs: _Agreeing, in_worse: Mask) -> _Agreeing:
    """The best MOST_AT_ONCE, ranked; the boxes of the others are marked."""
    pairs = _ranked(pairs)
    worse = pairs[MOST_AT_ONCE:]
    in_worse[worse.one] = in_worse[worse.other] = True
    return pairs[:MOST_AT_ONCE]


def _ranked(pairs: _Agreeing) -> _Agreeing:
    return pairs[np.lexsort((pairs.other, pairs.one, -pairs.agreement))]


def _after(pairs: _Agreeing, last: _Agreeing) -> Mask:
    """Which pairs come after the one in `last`."""
    same, same_one = pairs.agreement == last.agreement, pairs.one == last.one
    later = (pairs.one > last.one) | (same_one & (pairs.other > last.other))
    return np.asarray((pairs.agreement < last.agreement) | (same & later))


def _can_join(pairs: _Agreeing, root: Ints, tile_of: Ints) -> Mask:
    """False where one box's object holds a box of the other's tile already, itself maybe."""
    tiles = int(tile_of.max()) + 1
    taken = np.sort(root * tiles + tile_of)
    wanted = np.stack([root[pairs.one] * tiles + tile_of[pairs.other], root[pairs.other] * tiles + tile_of[pairs.one]])
    at = np.minimum(np.searchsorted(taken, wanted), len(taken) - 1)
    return np.asarray((taken[at] != wanted).all(0))


def _join(root: Ints, pairs: _Agreeing, tile_of: Ints) -> None:
    """Join ranked pairs into `root`, where no tile would lend two boxes."""
    size = np.bincount(root, minlength=len(root))[root]
    met = np.bincount(np.concatenate([pairs.one, pairs.other]), minlength=len(root)) + size
    alone = (met[pairs.one] == 2) & (met[pairs.other] == 2)  # two single boxes that no other pair speaks of
    root[pairs.other[alone]] = pairs.one[alone]
    _join_in_turn(root, pairs[~alone], tile_of)


def _join_in_turn(root: Ints, pairs: _Agreeing, tile_of: Ints) -> None:
    touched = np.zeros(len(root), bool)
    touched[root[np.concatenate([pairs.one, pairs.other])]] = True
    boxes = np.flatnonzero(touched[root])
    parent = dict(zip(boxes.tolist(), root[boxes].tolist(), strict=True))
    tiles: dict[int, set[int]] = {}
    for i, t in zip(parent.values(), tile_of[boxes].tolist(), strict=True):
        tiles.setdefault(i, set()).add(t)
    for i, j in zip(pairs.one.tolist(), pairs.other.tolist(), strict=True):
        a, b = _root(parent, i), _root(parent, j)
        if a != b and tiles[a].isdisjoint(tiles[b]):
            parent[b] = a
            tiles[a] |= tiles[b]
    root[boxes] = [_root(parent, i) for i in parent]


def _root(parent: dict[int, int], i: int) -> int:
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = parent[i]
    return i
