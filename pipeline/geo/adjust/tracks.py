"""Pairwise matches become ties: things that two or more photos see, few enough to compute with, spread over them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.geo.adjust.matches import Array, Features, Indices, Pair, Ties
from pipeline.geo.adjust.ranks import rank_within

SIGMA_PX = 0.25  # of the searched copy, each axis
ON_EVERY_PAIR = 20
CELLS = 8  # along each side of a photo
CELL_SHARE = 3.0  # times its fair share, what a cell may hold
LONG_ENOUGH = 6  # photos; a longer track is no better

Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class _Tracks:
    """N observations sorted by track: track (N,), frame (N,), px (N, 2), cell (N,); starts (P + 1,) of each track."""

    track: Indices
    frame: Indices
    px: Array
    cell: Indices
    starts: Indices

    @property
    def lengths(self) -> Indices:
        return np.diff(self.starts)


def tie(features: Sequence[Features | None], pairs: Sequence[Pair], most_per_photo: int = 350) -> Ties:
    """The matches of all pairs, joined and thinned.

    A thing that one photo would see twice is dropped: two different things were taken for one. Of the rest every pair
    keeps up to `ON_EVERY_PAIR`, and every photo is filled up to `most_per_photo`, long tracks first, over the picture.
    """
    tracks, at_pair = _joined(features, pairs)
    kept = np.zeros(len(tracks.lengths), np.bool_)
    _keep_every_pair(tracks, at_pair, kept)
    _fill(tracks, kept, len(features), most_per_photo)
    chosen = kept[tracks.track]
    number = np.cumsum(kept) - 1
    frame = tracks.frame[chosen]
    step = np.array([f.step_px if f is not None else np.nan for f in features])
    return Ties(frame, number[tracks.track[chosen]].astype(np.intp), tracks.px[chosen], SIGMA_PX * step[frame])


def _joined(features: Sequence[Features | None], pairs: Sequence[Pair]) -> tuple[_Tracks, list[Indices]]:
    """All tracks that touch no photo twice, and those of each pair. A node is a feature of a photo."""
    counts = [len(f.px) if f is not None else 0 for f in features]
    start = np.concatenate([np.zeros(1, np.intp), np.cumsum(np.array(counts, np.intp))])
    ends = [start[[p.first, p.second]] + p.rows for p in pairs]
    edges = np.concatenate([np.empty((0, 2), np.intp), *ends])
    label = _components(edges, int(start[-1]))
    seen = np.unique(edges)
    number = _numbers(label, seen, _frame_of(seen, start))
    track = np.full(len(label), -1, np.intp)
    track[seen] = number[label[seen]]
    node = seen[track[seen] >= 0]
    node = node[np.lexsort((node, track[node]))]
    px, cell = _places(features, node)
    starts = np.searchsorted(track[node], np.arange(number.max(initial=-1) + 2))
    at_pair = [track[e[:, 0]] for e in ends]
    return _Tracks(track[node], _frame_of(node, start), px, cell, starts), [np.unique(t[t >= 0]) for t in at_pair]


def _components(edges: Indices, nodes: int) -> Indices:
    """(nodes,) which connected component each belongs to."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    graph = coo_array((np.ones(len(edges), np.bool_), edges.T), shape=(nodes, nodes))
    return np.asarray(connected_components(graph, directed=False)[1], np.intp)


def _frame_of(node: Indices, start: Indices) -> Indices:
    return np.asarray(np.searchsorted(start, node, side="right") - 1, np.intp)


def _numbers(label: Indices, seen: Indices, frame: Indices) -> Indices:
    """Component -> number of its track, in order of the components; -1 where it is none."""
    size = label.max(initial=-1) + 1
    order = np.lexsort((frame, label[seen]))
    twice = (np.diff(label[seen][order]) == 0) & (np.diff(frame[order]) == 0)
    good = np.zeros(size, np.bool_)
    good[label[seen]] = True
    good[label[seen][order][1:][twice]] = False
    return np.where(good, np.cumsum(good) - 1, -1)


def _places(features: Sequence[Features | None], node: Indices) -> tuple[Array, Indices]:
    """Pixels, and the cell of the photo that each lies in."""
    every = [f.px if f is not None else np.empty((0, 2)) for f in features]
    cells = [_cells(px) for px in every]
    return np.concatenate([np.empty((0, 2)), *every])[node], np.concatenate([np.empty(0, np.intp), *cells])[node]


def _cells(px: Array) -> Indices:
    if not len(px):
        return np.empty(0, np.intp)
    low, high = px.min(axis=0), px.max(axis=0)
    at = np.clip((px - low) / np.maximum(high - low, 1.0) * CELLS, 0, CELLS - 1).astype(np.intp)
    return np.asarray(at[:, 1] * CELLS + at[:, 0], np.intp)


def _keep_every_pair(tracks: _Tracks, at_pair: Sequence[Indices], kept: Bools) -> None:
    """The weakest pairs first, since their tracks may serve the stronger ones too."""
    for of_pair in sorted(at_pair, key=len):
        missing = ON_EVERY_PAIR - int(kept[of_pair].sum())
        if missing > 0:
            free = of_pair[~kept[of_pair]]
            best = _spread(tracks, free)
            kept[free[best[:missing]]] = True


def _spread(tracks: _Tracks, of_pair: Indices) -> Indices:
    """An order in which long tracks of different cells of their first photo come first."""
    length = np.minimum(tracks.lengths[of_pair], LONG_ENOUGH)
    cell = tracks.cell[tracks.starts[of_pair]]
    turn = rank_within(cell, -length, of_pair)
    return np.lexsort((of_pair, -length, turn))


def _fill(tracks: _Tracks, kept: Bools, photos: int, most: int) -> None:
    """Tracks whose photos all have room, and of which one has room in the cell where it lies."""
    chosen = kept[tracks.track]
    count = np.bincount(tracks.frame[chosen], minlength=photos)
    held = np.zeros((photos, CELLS * CELLS), np.intp)
    np.add.at(held, (tracks.frame[chosen], tracks.cell[chosen]), 1)
    room = max(1, round(CELL_SHARE * most / CELLS**2))
    for track in np.argsort(-np.minimum(tracks.lengths, LONG_ENOUGH), kind="stable"):
        at = slice(tracks.starts[track], tracks.starts[track + 1])
        frame, cell = tracks.frame[at], tracks.cell[at]
        if not kept[track] and (count[frame] < most).all() and (held[frame, cell] < room).any():
            kept[track] = True
            count[frame] += 1
            held[frame, cell] += 1
