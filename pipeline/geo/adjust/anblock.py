"""The linear block behind `coarse`: C_i + a_i w_i + c_i = X for all photos i and points X, solved at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]
Indices = NDArray[np.intp]

WORTH = 12  # photos' ties err together: so many of them are worth all


@dataclass(frozen=True, eq=False)
class Looks:
    """Ties as level views: frame, point (M,); w (M,) complex; stretch (M,) how much faster than at the picture's
    middle a tilt moves the point, in heights a radian; heading (N,) unit complex; middle (N,) that rate there."""

    frame: Indices
    point: Indices
    w: Complex
    stretch: Array
    heading: Complex
    middle: Array


@dataclass(frozen=True, eq=False)
class Solution:
    """a, c: (N,); a_var: (N,) variance of either component of a, infinite of a photo without ties; points: (P,);
    residual: (M,); lean: the shared shift along and its variance."""

    a: Complex
    a_var: Array
    c: Complex
    points: Complex
    residual: Complex
    lean: complex
    lean_var: float


def solve(
    place: Complex,
    looks: Looks,
    w: Complex,
    weight: Array,
    shift_sigma_m: Array,
    lean_along: Complex,
    lean_sigma_m: float,
) -> Solution:
    """One weighted solution; `lean_along` (N,) is 1 m of the shared shift in each photo, zeros: there is none.

    Unknown are a, c and the lean; the points X, of which each observation has one, are eliminated beforehand.
    """
    from scipy import sparse
    from scipy.sparse.linalg import splu

    n, m = len(place), len(looks.frame)
    centre = place[looks.frame].mean()
    b = place[looks.frame] - centre
    share = _equal_worth(looks.frame, n) * weight
    a = _coefficients(looks, w, lean_along)
    sums = sparse.csr_array((share, (looks.point, np.arange(m))), shape=(int(looks.point.max()) + 1, m))
    total = np.bincount(looks.point, share)
    by_point = sums @ a
    known = np.concatenate([np.full(n, 1e-12), shift_sigma_m**-2.0, [lean_sigma_m**-2.0]])
    weighted, mean = sparse.diags_array(share), sparse.diags_array(1.0 / total)
    normal = a.conj().T @ (weighted @ a) - by_point.conj().T @ (mean @ by_point) + sparse.diags_array(known)
    right = by_point.conj().T @ ((sums @ b) / total) - a.conj().T @ (share * b)
    factors = splu(sparse.csc_array(normal))
    x = factors.solve(right)
    points = (sums @ (a @ x + b)) / total
    heard = np.bincount(looks.frame, minlength=n) > 0
    variance = np.where(heard, _diagonal(factors, n, 2 * n + 1), np.inf)
    lean_var = float(_diagonal(factors, 2 * n + 1, 2 * n + 1, 2 * n)[0])
    return Solution(x[:n], variance, x[n : 2 * n], points + centre, a @ x + b - points[looks.point], x[2 * n], lean_var)


def _coefficients(looks: Looks, w: Complex, lean_along: Complex) -> Any:
    """(M, 2 N + 1) sparse: what a, c and the lean do to each observation."""
    from scipy import sparse

    n, m = len(lean_along), len(w)
    values = np.concatenate([w, np.ones(m), lean_along[looks.frame]])
    columns = np.concatenate([looks.frame, n + looks.frame, np.full(m, 2 * n)])
    return sparse.csr_array((values, (np.tile(np.arange(m), 3), columns)), shape=(m, 2 * n + 1))


def _equal_worth(frame: Indices, n: int) -> Array:
    """(M,) so that a photo's many ties weigh as WORTH of them."""
    count = np.bincount(frame, minlength=n)
    return np.asarray(np.minimum(1.0, WORTH / np.maximum(count, 1))[frame])


def _diagonal(factors: Any, stop: int, size: int, start: int = 0, step: int = 256) -> Array:
    """Diagonal elements start … stop of the inverse, some columns at a time."""
    found = []
    for k in range(start, stop, step):
        some = np.arange(k, min(stop, k + step))
        unit = np.zeros((size, len(some)), np.complex128)
        unit[some, np.arange(len(some))] = 1.0
        found.append(factors.solve(unit)[some, np.arange(len(some))].real)
    return np.concatenate(found)
