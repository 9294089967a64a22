"""A straight ray as a curve over a grid.

Around a camera, grid coordinates and ellipsoidal height are smooth functions of east, north and up. A cubic in the
three, fitted to the exact way on a cube of nodes, follows them within a millimetre over 20 km at mid latitudes (and
far closer nearby), so that along a ray each becomes a cubic in the distance: cheap to evaluate a million times.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations_with_replacement

import numpy as np
from numpy.typing import NDArray

from pipeline.geo.geodesy import from_enu
from pipeline.types import GeoPoint

Array = NDArray[np.float64]
Cells = Callable[[Array, Array], tuple[Array, Array]]

_POWERS = [list(combinations_with_replacement(range(3), k)) for k in (1, 2, 3)]
_NODES = np.cos(np.pi * (np.arange(7) + 0.5) / 7.0)  # Chebyshev's: the fit is nearly the best there is


@dataclass(frozen=True, eq=False)
class Chart:
    """Cubic map from metres east, north, up of a camera to grid x, grid y and ellipsoidal height."""

    start: Array  # (3,) at the camera
    terms: tuple[Array, Array, Array]  # (3, 3), (6, 3), (10, 3): of first, second and third order

    def along(self, directions: Array) -> Array:
        """(N, 3) unit directions -> (3, 3, N): for x, y and height, the factors of t, t² and t³."""
        columns = np.ascontiguousarray(directions.T)
        return np.stack([t.T @ m for t, m in zip(self.terms, _monomials(columns), strict=True)], axis=1)


def _monomials(columns: Array) -> list[Array]:
    """(3, N) east, north, up -> their products of first, second and third order, each (K, N)."""
    seconds = {pair: columns[pair[0]] * columns[pair[1]] for pair in _POWERS[1]}
    thirds = [seconds[(a, b)] * columns[c] for a, b, c in _POWERS[2]]
    return [columns, np.stack(list(seconds.values())), np.stack(thirds)]


def fit_chart(origin: GeoPoint, cells: Cells, reach_m: float) -> Chart:
    """The chart about a camera, good to `reach_m`; NaN where the grid's projection does not reach."""
    nodes = np.stack(np.meshgrid(_NODES, _NODES, _NODES, indexing="ij"), axis=-1).reshape(-1, 3)
    values = _exact(nodes * reach_m, origin, cells)
    start = _exact(np.zeros((1, 3)), origin, cells)[0]
    if not (np.isfinite(values).all() and np.isfinite(start).all()):
        return Chart(np.full(3, np.nan), (np.zeros((3, 3)), np.zeros((6, 3)), np.zeros((10, 3))))
    monomials = np.concatenate(_monomials(np.ascontiguousarray(nodes.T)))
    factors = np.linalg.lstsq(monomials.T, values - start, rcond=None)[0]
    return Chart(start, (factors[:3] / reach_m, factors[3:9] / reach_m**2, factors[9:] / reach_m**3))


def _exact(enu_m: Array, origin: GeoPoint, cells: Cells) -> Array:
    lat, lon, height = from_enu(enu_m, origin).T
    x, y = cells(lat, lon)
    return np.stack([x, y, height], axis=-1)
