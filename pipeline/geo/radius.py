"""One number for an error ellipse: the radius of the circle that holds a share of the truths."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.types import Covariance

Array = NDArray[np.float64]

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(96)
_ANGLES = (_NODES + 1.0) * np.pi / 4.0  # a quarter turn: the rest is its mirror image
_SHARES = _WEIGHTS / 2.0


def r90_m(covariance: Covariance) -> float:
    """Radius in m of the circle about the estimate that holds 90 % of a normal error; see `radii_m`."""
    return float(radii_m(np.array([covariance]))[0])


def radii_m(covariances: ArrayLike, share: float = 0.9) -> Array:
    """(N, 3) east-east, east-north, north-north in m² -> (N,) radii in m that hold `share` of the errors.

    In whitened polar coordinates the probability inside R is the mean over the angle a of
    1 - exp(-R² / 2 (s1² cos² a + s2² sin² a)), with s1 and s2 the sigmas along the ellipse's axes. It is a rising,
    smooth function of R: solved by bisection to 1e-9 of the larger sigma. NaN in, NaN out; no error, no radius.
    """
    major, minor = _variances(covariances)
    unit = np.where(major > 0, major, 1.0)
    spread = np.cos(_ANGLES) ** 2 + np.sin(_ANGLES) ** 2 * (minor / unit)[:, None]
    low, high = np.zeros_like(unit), np.full_like(unit, 40.0)
    for _ in range(36):
        middle = (low + high) / 2.0
        inside = _inside(middle, spread) < share
        low, high = np.where(inside, middle, low), np.where(inside, high, middle)
    return np.asarray((low + high) / 2.0 * np.sqrt(major))


def probability_inside(covariance: Covariance, radius_m: float) -> float:
    """The probability that a normal error with this covariance is shorter than `radius_m`."""
    major, minor = _variances(np.array([covariance]))
    if major[0] <= 0:
        return 1.0
    spread = np.cos(_ANGLES) ** 2 + np.sin(_ANGLES) ** 2 * (minor / major)[:, None]
    return float(_inside(np.array([radius_m]) / np.sqrt(major), spread)[0])


def _variances(covariances: ArrayLike) -> tuple[Array, Array]:
    """Variances along the ellipse's major and minor axis; rounding may not make the smaller one negative."""
    ee, en, nn = np.asarray(covariances, np.float64).reshape(-1, 3).T
    mean, half = (ee + nn) / 2.0, np.hypot((ee - nn) / 2.0, en)
    return np.maximum(mean + half, 0.0), np.clip(mean - half, 0.0, None)


def _inside(radius: Array, spread: Array) -> Array:
    return np.asarray((1.0 - np.exp(-0.5 * radius[:, None] ** 2 / np.maximum(spread, 1e-300))) @ _SHARES)
