"""Which sightings show the same place: one to one in every photo, within what their errors allow."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from pipeline.geo.geodesy import to_enu
from pipeline.types import OWN, Covariance, GeoPoint, Sighting

Array = NDArray[np.float64]

GATE = 13.8  # chi-square, 2 degrees of freedom, 99.9 %
CELL_M = 25.0
FARTHEST_CELLS = 6


@dataclass(frozen=True, slots=True)
class Stack:
    """N sightings as arrays, in metres east and north of `origin`.

    z, ground: (N, 2); ground_sigma: (N,) m; up: (N,) heights above the ellipsoid; alone, own: (N, 2, 2) covariances
    without and with the photo's own pose errors; doubt: (N,) in m, which is no reason to take one place for another;
    image: (N, 6, 2) and shared: (N, K, 2) as in `types.Sighting`.
    """

    origin: GeoPoint
    sightings: tuple[Sighting, ...]
    z: Array
    up: Array
    alone: Array
    own: Array
    image: Array
    shared: Array
    ground: Array
    doubt: Array
    ground_sigma: Array


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the sightings' errors: estimated shifts (N, 2), to be taken off, and what they leave unsure.

    own: (N, 2, 2) covariances; shared: (N, K, 2) shifts by one sigma of errors that sightings have in common.
    """

    shift: Array
    own: Array
    shared: Array


def nothing_known(s: Stack) -> Known:
    """Before anything was estimated: no shift, all of the errors."""
    return Known(np.zeros_like(s.z), s.own, s.shared)


def stack(ordered: tuple[Sighting, ...]) -> Stack:
    """Sightings as arrays."""
    origin, n = ordered[0].at, len(ordered)
    enu = to_enu(np.array([[s.at.lat_deg, s.at.lon_deg, s.at.alt_m] for s in ordered]), origin)
    alone = np.array([matrix(s.alone_m2) for s in ordered]) + 1e-8 * np.eye(2)  # never singular
    image = np.array([s.image_m for s in ordered]).reshape(n, len(OWN), 2)
    return Stack(
        origin,
        ordered,
        enu[:, :2],
        np.array([s.at.alt_m for s in ordered]),
        alone,
        alone + np.einsum("nki,nkj->nij", image, image),
        image,
        _padded([s.shared_m for s in ordered]),
        np.array([s.ground_m for s in ordered]),
        np.array([s.doubt_m for s in ordered]),
        np.array([s.ground_sigma_m for s in ordered]),
    )


def _padded(rows: list[tuple[tuple[float, float], ...]]) -> Array:
    """(N, K, 2) with zeros where a sighting knows fewer sources of error than another."""
    out = np.zeros((len(rows), max(map(len, rows)), 2))
    for k, told in enumerate(rows):
        out[k, : len(told)] = told
    return out


def matrix(c: Covariance) -> Array:
    """(east-east, east-north, north-north) -> (2, 2)."""
    return np.array([[c[0], c[1]], [c[1], c[2]]])


def associate(s: Stack, known: Known) -> list[list[int]]:
    """Indices of sightings, place by place; sharp photos come first, so that they found the places."""
    by_frame: dict[tuple[str, str], list[int]] = defaultdict(list)
    for i, sighting in enumerate(s.sightings):
        by_frame[(sighting.detection.label.split("/")[0], sighting.detection.frame_id)].append(i)
    spread = np.trace(known.own, axis1=1, axis2=2)
    groups = sorted(by_frame.items(), key=lambda g: (round(float(spread[g[1]].min()), 6), g[0]))
    columns = np.concatenate([(s.z - known.shift)[:, :, None], s.ground[:, :, None], known.shared.swapaxes(1, 2)], 2)
    maps: dict[str, _Map] = defaultdict(_Map)
    for (kind, _), members in groups:
        maps[kind].take(members, columns, known)
    return [sorted(p.members) for kind in sorted(maps) for p in maps[kind].places]


class _Place:
    """One source while its sightings gather: information-weighted means of position and sensitivities."""

    def __init__(self, columns: int) -> None:
        self.members: list[int] = []
        self.information = np.zeros((2, 2))
        self.sums = np.zeros((2, columns))

    def add(self, i: int, own: Array, columns: Array) -> None:
        weight = np.linalg.inv(own)
        self.members.append(i)
        self.information += weight
        self.sums += weight @ columns

    def state(self) -> tuple[Array, Array]:
        """Means (2, 2 + K) of the position, ground and shared columns, and that position's own covariance (2, 2)."""
        own = np.asarray(np.linalg.inv(self.information))
        return own @ self.sums, own


class _Map:
    """Places of one class, found by cell."""

    def __init__(self) -> None:
        self.places: list[_Place] = []
        self.cells: dict[tuple[int, int], set[int]] = defaultdict(set)
        self.cell_of: list[tuple[int, int]] = []

    def near(self, at: Array, reach_m: float) -> list[int]:
        n = min(FARTHEST_CELLS, int(reach_m // CELL_M) + 1)
        cx, cy = (int(v // CELL_M) for v in at)
        found = (self.cells.get((cx + i, cy + j), ()) for i in range(-n, n + 1) for j in range(-n, n + 1))
        return sorted(p for cell in found for p in cell)

    def take(self, members: list[int], columns: Array, known: Known) -> None:
        """Match one photo's sightings to the places within the gate, or found new ones."""
        costs: dict[tuple[int, int], float] = {}
        for i in members:
            reach_m = float(np.sqrt(GATE * 2 * (np.trace(known.own[i]) + (known.shared[i] ** 2).sum())))
            for p in self.near(columns[i, :, 0], reach_m):
                cost = _mahalanobis(columns[i], known.own[i], *self.places[p].state())
                if cost < GATE:
                    costs[i, p] = cost
        given = assign(members, costs)
        for i in members:
            self._put(given.get(i), i, known.own[i], columns[i])

    def _put(self, p: int | None, i: int, own: Array, columns: Array) -> None:
        if p is None:
            p = len(self.places)
            self.places.append(_Place(columns.shape[1]))
            self.cell_of.append((0, 0))
        self.places[p].add(i, own, columns)
        mean, _ = self.places[p].state()
        self.cells[self.cell_of[p]].discard(p)
        self.cell_of[p] = (int(mean[0, 0] // CELL_M), int(mean[1, 0] // CELL_M))
        self.cells[self.cell_of[p]].add(p)


def _mahalanobis(columns: Array, own: Array, mean: Array, mean_own: Array) -> float:
    """Squared distance of a sighting from a place; only what they do not share separates them."""
    d = columns - mean
    c = own + mean_own + d[:, 1:] @ d[:, 1:].T
    return float(d[:, 0] @ np.linalg.solve(c, d[:, 0]))


def assign(members: list[int], costs: dict[tuple[int, int], float]) -> dict[int, int]:
    """Cheapest one-to-one assignment; leaving a sighting alone costs the gate."""
    places = sorted({p for _, p in costs})
    if not places:
        return {}
    table = np.full((len(members), len(places) + len(members)), GATE)
    table[:, : len(places)] = 1e6
    for (i, p), cost in costs.items():
        table[members.index(i), places.index(p)] = cost
    rows, chosen = linear_sum_assignment(table)
    return {members[r]: places[c] for r, c in zip(rows, chosen, strict=True) if c < len(places)}
