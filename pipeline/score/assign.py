"""One to one matching, exactly: the largest total of points, then the smallest total distance, then the ids.

All keys are Python integers, so that a tie is a tie. Indices stand for ids: both lists come sorted by id.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.score.canonical import Ints


def best_matching(target: Ints, hit: Ints, value: Ints, distance: Ints) -> Ints:
    """Indices of the chosen pairs among the candidates, all (N,), in order of target.

    Pairs of value 0 add nothing: they are taken last, nearest first, from what is left over.
    """
    useful = np.flatnonzero(value > 0)
    chosen = _by_component(*(c[useful] for c in (target, hit, value, distance)))
    taken = useful[chosen]
    rest = _leftovers(target, hit, value, distance, taken)
    both = np.concatenate([taken, rest])
    return both[np.argsort(target[both], kind="stable")]


def _leftovers(target: Ints, hit: Ints, value: Ints, distance: Ints, taken: Ints) -> Ints:
    worthless = np.flatnonzero(value == 0)
    order = worthless[np.lexsort((hit[worthless], target[worthless], distance[worthless]))]
    targets, hits = set(target[taken].tolist()), set(hit[taken].tolist())
    found: list[int] = []
    for k, t, h in zip(order.tolist(), target[order].tolist(), hit[order].tolist(), strict=True):
        if t not in targets and h not in hits:
            targets.add(t)
            hits.add(h)
            found.append(k)
    return np.array(found, dtype=np.int64)


def _by_component(target: Ints, hit: Ints, value: Ints, distance: Ints) -> Ints:
    """A target alone with its hits takes the best; where hits can choose, the component is solved as a whole."""
    if not len(target):
        return np.empty(0, dtype=np.int64)
    order = np.lexsort((hit, distance, -value, target))
    shared = shared_targets(target, hit)
    alone = order[~shared[order]]
    first = np.ones(len(alone), dtype=bool)
    first[1:] = target[alone][1:] != target[alone][:-1]
    solved = [_solve(part, target, hit, value, distance) for part in _components(order[shared[order]], target, hit)]
    return np.concatenate([alone[first], *solved]).astype(np.int64)


def shared_targets(target: Ints, hit: Ints) -> npt.NDArray[np.bool_]:
    """(N,) booleans: the pair's target has a hit that another target wants too."""
    wanted = np.bincount(hit)[hit] > 1
    touched = np.zeros(int(target.max()) + 1, dtype=bool)
    touched[target[wanted]] = True
    marked: npt.NDArray[np.bool_] = touched[target]
    return marked


def _components(pairs: Ints, target: Ints, hit: Ints) -> list[Ints]:
    """`pairs`, cut where no hit joins two targets, each still best first within a target."""
    if not len(pairs):
        return []
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    size = int(target.max()) + int(hit.max()) + 2
    ones = np.ones(len(pairs), dtype=np.int8)
    graph = coo_array((ones, (target[pairs], hit[pairs] + int(target.max()) + 1)), shape=(size, size))
    label = connected_components(graph, directed=False)[1][target[pairs]]
    by_label = np.argsort(label, kind="stable")
    cuts = np.flatnonzero(np.diff(label[by_label])) + 1
    return [pairs[part] for part in np.split(by_label, cuts)]


def _solve(pairs: Ints, target: Ints, hit: Ints, value: Ints, distance: Ints) -> Ints:
    """The best matching of one component.

    A target needs only its n best hits, n being the number of targets: whatever the others take, one is free.
    """
    rows = np.unique(target[pairs])
    kept = np.concatenate([pairs[target[pairs] == t][: len(rows)] for t in rows])
    columns = np.unique(hit[kept])
    keys = _keys(np.searchsorted(rows, target[kept]), np.searchsorted(columns, hit[kept]),
                 value[kept], distance[kept], len(rows), len(columns))  # fmt: skip
    found = max_assignment(keys, len(rows), len(columns))
    index = {(int(t), int(h)): int(k) for k, t, h in zip(kept, target[kept], hit[kept], strict=True)}
    return np.array([index[int(rows[i]), int(columns[j])] for i, j in found], dtype=np.int64)


def _keys(i: Ints, j: Ints, value: Ints, distance: Ints, n: int, m: int) -> dict[tuple[int, int], int]:
    """Points, distance and ids in one integer each, so that sums compare as (points, -distance, ids) do."""
    far = n * int(distance.max()) + 1
    last = (m + 1) ** n
    return {
        (a, b): (v * far - d) * last + (m - b) * (m + 1) ** (n - 1 - a)
        for a, b, v, d in zip(i.tolist(), j.tolist(), value.tolist(), distance.tolist(), strict=True)
    }


def max_assignment(keys: dict[tuple[int, int], int], n: int, m: int) -> list[tuple[int, int]]:
    """(row, column) pairs of the largest total key; a row may stay alone for 0. Hungarian algorithm on integers.

    Shortest augmenting paths with potentials (Kuhn 1955, Munkres 1957; the O(n²m) form of Jonker and Volgenant).
    Column m + i is row i's own "nothing".
    """
    cost = [[0] * (m + n) for _ in range(n)]
    for (i, j), key in keys.items():
        cost[i][j] = -key
    impossible = 1 + sum(abs(k) for k in keys.values())
    for i in range(n):
        for other in range(n):
            if other != i:
                cost[i][m + other] = impossible
    row_of = min_assignment(cost)
    return sorted((i, j) for j, i in row_of.items() if (i, j) in keys)


def min_assignment(cost: list[list[int]]) -> dict[int, int]:
    """{column: row} of the smallest total cost; every row gets a column. (n, m) integers, n ≤ m."""
    u: dict[int, int] = {}
    v = [0] * (len(cost[0]) if cost else 0)
    row_of: dict[int, int] = {}
    for row in range(len(cost)):
        u[row] = 0
        _augment(cost, row, u, v, row_of)
    return row_of


def _augment(cost: list[list[int]], row: int, u: dict[int, int], v: list[int], row_of: dict[int, int]) -> None:
    columns = len(v)
    slack: list[Any] = [None] * columns
    before = [-1] * columns
    seen: list[int] = []
    free = set(range(columns))
    i, last = row, -1
    while True:
        for j in free:
            reduced = cost[i][j] - u[i] - v[j]
            if slack[j] is None or reduced < slack[j]:
                slack[j], before[j] = reduced, last
        best = min(free, key=lambda j: (slack[j], j))
        step = slack[best]
        u[row] += step
        for j in seen:
            u[row_of[j]] += step
            v[j] -= step
        for j in free:
            slack[j] -= step
        free.remove(best)
        seen.append(best)
        last = best
        if best not in row_of:
            break
        i = row_of[best]
    while last != -1:
        previous = before[last]
        row_of[last] = row if previous == -1 else row_of[previous]
        last = previous
