"""OSPA and GOSPA: how far one set of points is from another, wrong places and wrong numbers in one figure.

Schuhmacher, Vo and Vo, "A consistent metric for performance evaluation of multi-object filters", 2008;
Rahmathullah, García-Fernández and Svensson, "Generalized optimal sub-pattern assignment metric", 2017 (α = 2).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.score.assign import shared_targets
from pipeline.score.canonical import Floats, Ints


@dataclass(frozen=True, slots=True)
class Gospa:
    """The parts are powers (length^p); `total` is the p-th root of their sum."""

    total: float
    localisation: float
    missed: float
    false: float


def gospa(target: Ints, hit: Ints, distance: npt.ArrayLike, targets: int, hits: int, cut: float, p: int = 2) -> Gospa:
    """GOSPA with α = 2 from the distances of near pairs, (N,) each; pairs at or beyond `cut` need not be given.

    An optimal assignment pays distance^p a pair, and cut^p / 2 for everyone left alone.
    """
    cost = np.asarray(distance, dtype=np.float64) ** p
    near = cost < cut**p
    chosen = np.flatnonzero(near)[most_saved(target[near], hit[near], cut**p - cost[near])]
    located, half = math.fsum(cost[chosen].tolist()), cut**p / 2
    missed, false = (targets - len(chosen)) * half, (hits - len(chosen)) * half
    return Gospa((located + missed + false) ** (1 / p), located, missed, false)


def most_saved(target: Ints, hit: Ints, saved: Floats) -> Ints:
    """Indices of the pairs of the assignment that saves most; exact for whole numbers below 2^53.

    A target that shares no hit with another takes its nearest; the others are solved together.
    """
    if not len(target):
        return np.empty(0, dtype=np.int64)
    shared = shared_targets(target, hit)
    order = np.lexsort((hit, -saved, target))
    alone = order[~shared[order]]
    first = np.append(True, target[alone][1:] != target[alone][:-1])[: len(alone)]
    some = np.flatnonzero(shared)
    rows, rank = np.unique(target[some], return_inverse=True)
    columns, place = np.unique(hit[some], return_inverse=True)
    return np.concatenate([alone[first], some[_solved(rank, place, saved[some], len(rows), len(columns))]])


def _solved(target: Ints, hit: Ints, saved: Floats, targets: int, hits: int) -> Ints:
    if not targets:
        return np.empty(0, dtype=np.int64)
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import min_weight_full_bipartite_matching

    rows = np.concatenate([target, np.arange(targets)])
    columns = np.concatenate([hit, hits + np.arange(targets)])  # every target may also stay alone
    weights = np.concatenate([saved + 1, np.ones(targets)])  # + 1: an explicit zero would be no edge
    graph = coo_array((weights, (rows, columns)), shape=(targets, hits + targets)).tocsr()
    row, column = min_weight_full_bipartite_matching(graph, maximize=True)
    met = row * (hits + targets) + column
    return np.flatnonzero(np.isin(target * (hits + targets) + hit, met))


def ospa(distance: npt.ArrayLike, cut: float, p: float) -> float:
    """OSPA from the (n, m) matrix of distances. p may be infinite; two empty sets are 0 apart."""
    cost = np.minimum(np.atleast_2d(np.asarray(distance, dtype=np.float64)), cut)
    most = max(cost.shape)
    alone = most - min(cost.shape)
    if cost.size == 0:
        return 0.0 if most == 0 else cut
    if math.isinf(p):
        return cut if alone else _bottleneck(cost)
    from scipy.optimize import linear_sum_assignment

    paid = (cost**p)[linear_sum_assignment(cost**p)].sum()
    return float(((paid + alone * cut**p) / most) ** (1 / p))


def _bottleneck(cost: Floats) -> float:
    """The least largest distance of a full assignment: the first one that allows it, in rising order."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import maximum_bipartite_matching

    levels: Sequence[float] = np.unique(cost).tolist()
    for level in levels:
        if (maximum_bipartite_matching(csr_array(cost <= level)) >= 0).all():
            return level
    raise AssertionError("the largest distance allows every pair")
