"""What photos and the flight do to their sightings together, with or without an adjustment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline.geo.associate import Stack

Array = NDArray[np.float64]
Indices = NDArray[np.intp]


class Joint(Protocol):
    """What an adjustment knows of its photos together; `geo.adjust.Block` is one."""

    def covariance(self, frame_ids: Sequence[str], image_m: Array) -> Array:
        """(2 M, 2 M) in m² from the photos' own errors, by (M, 6, 2) shifts as in `Sighting.image_m`."""


class Common:
    """Covariances of what sightings have in common; the last one is kept, since it is asked for again and again."""

    def __init__(self, stack: Stack, joint: Joint | None = None) -> None:
        self.stack, self.joint = stack, joint
        self._index: tuple[int, ...] = ()
        self._found = np.zeros((0, 0))

    def of(self, index: Indices) -> Array:
        """(2 M, 2 M) for the sightings of an (M,) index."""
        order = np.argsort(index)
        key = tuple(int(i) for i in index[order])
        if self._index != key:
            self._index, self._found = key, self._compute(index[order])
        at = np.empty_like(order)
        at[order] = np.arange(len(order))
        both = (2 * at[:, None] + np.arange(2)).ravel()
        return np.asarray(self._found[np.ix_(both, both)])

    def _compute(self, index: Indices) -> Array:
        s = self.stack
        flight = together(s.shared[index], np.zeros(len(index)))
        if self.joint is None:
            return flight + together(s.image[index], np.array([s.sightings[i].exposure for i in index]))
        return flight + self.joint.covariance([s.sightings[i].detection.frame_id for i in index], s.image[index])


def together(rows: Array, kind: Array) -> Array:
    """(2 M, 2 M) covariance from (M, K, 2) shifts by one sigma, common to the sightings of one kind."""
    flat = rows.transpose(0, 2, 1).reshape(2 * len(rows), -1)
    return np.asarray((flat @ flat.T) * np.kron(kind[:, None] == kind, np.ones((2, 2))))
