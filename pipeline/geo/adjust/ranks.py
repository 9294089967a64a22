"""Taking turns: each one's rank among those of its group."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.geo.adjust.matches import Indices


def rank_within(group: Indices, *by: NDArray[np.generic]) -> Indices:
    """(N,) ranks 0, 1 … within each group, by the first of `by`, then the next; equals keep their order."""
    order = np.lexsort((*by[::-1], group))
    ordered = group[order]
    starts = np.flatnonzero(np.diff(ordered, prepend=ordered[:1] - 1))
    rank = np.empty(len(group), np.intp)
    rank[order] = np.arange(len(group)) - np.repeat(starts, np.diff(starts, append=len(group)))
    return rank
