"""What photos and the flight do to their sightings together, with or without an adjustment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline.geo.associate import Stack
from pipeline.imagery import video_and_number
from pipeline.types import Sighting

Array = NDArray[np.float64]
Indices = NDArray[np.intp]

LASTS_S = 20.0  # of a film's pose errors: satellite positions and gimbals wander, they do not jump between frames


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
            return flight + weighted(s.image[index], alike([s.sightings[i] for i in index]))
        return flight + self.joint.covariance([s.sightings[i].detection.frame_id for i in index], s.image[index])


def alike(sightings: Sequence[Sighting]) -> Array:
    """(M, M) correlations of the pose errors that are each photo's own.

    1 within one exposure; between frames of one film exp(-seconds / LASTS_S), as of a Gauss-Markov process, since a
    hundred frames of a film are not a hundred witnesses; else 0.
    """
    exposure = np.array([s.exposure for s in sightings])
    named = [video_and_number(s.detection.frame_id) for s in sightings]
    film = np.array([name if number is not None else "" for name, number in named])
    t_s = np.array([(s.t_ns or 0) / 1e9 for s in sightings])
    lasting = np.exp(-np.abs(t_s[:, None] - t_s) / LASTS_S)
    same_film = (film[:, None] == film) & (film != "")
    return np.asarray(np.where(exposure[:, None] == exposure, 1.0, np.where(same_film, lasting, 0.0)))


def together(rows: Array, kind: Array) -> Array:
    """(2 M, 2 M) covariance from (M, K, 2) shifts by one sigma, common to the sightings of one kind."""
    return weighted(rows, np.asarray(kind[:, None] == kind, np.float64))


def weighted(rows: Array, correlation: Array) -> Array:
    """(2 M, 2 M) covariance from (M, K, 2) shifts by one sigma of errors that hang together by (M, M) correlations."""
    flat = rows.transpose(0, 2, 1).reshape(2 * len(rows), -1)
    return np.asarray((flat @ flat.T) * np.kron(correlation, np.ones((2, 2))))
