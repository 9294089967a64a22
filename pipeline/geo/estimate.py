"""Places from their sightings by generalised least squares with the covariance that the sightings really have.

    z = A x + e,   Cov(e) = C = alone + sum over photos O Oᵀ + S Sᵀ + sum over places g gᵀ
    x = (Aᵀ C⁻¹ A)⁻¹ Aᵀ C⁻¹ z,   Cov(x) = (Aᵀ C⁻¹ A)⁻¹              (Aitken's estimator)

O are the errors of a photo's own pose, common to all that it shows; S those that the whole flight shares; g that of the
ground's height, common to all sightings of a place. So places seen together correct each other's photos and opposing
strips reveal a common tilt, without a word being said twice. Dense within a window of some hundred sightings; a longer
flight is a row of windows, each with its own estimate of the shared errors. After an adjustment the photos' own errors
hang together as its `Joint` says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

from pipeline.geo.associate import Known, Stack, nothing_known
from pipeline.geo.joint import Common, together

Array = NDArray[np.float64]

WINDOW = 400  # sightings
OUTLIER = 20.0  # chi-square, 2 degrees of freedom: 1 in 20,000
MOST_OUTLIERS = 25  # a window
MOST_A_PLACE = 60  # sightings of one place that are heard; more add nothing but time


@dataclass(frozen=True, slots=True)
class Estimate:
    """Positions (J, 2) and covariances (J, 2, 2) of the places.

    together: (2 J, 2 J) covariance of all places; lift: (J,) by how much each lies above the ground as it was known, in
    m, as rays from different sides tell. Of the M sightings heard, by `index`: shift (M, 2), the error that their photo
    and flight made, spread (M, 2, 2), how unsure that is, and surprise (M,), how far each lies from what all others say
    of it (chi-square, 2 degrees of freedom; 0 where nothing checks it).
    """

    at: Array
    covariance: Array
    together: Array
    lift: Array
    index: NDArray[np.intp]
    shift: Array
    spread: Array
    surprise: Array


def windows(s: Stack, places: Sequence[list[int]]) -> list[list[int]]:
    """Indices of places in runs of about WINDOW sightings, in the order of their first photo."""
    order = sorted(range(len(places)), key=lambda p: (s.sightings[places[p][0]].exposure, places[p]))
    runs: list[list[int]] = [[]]
    size = 0
    for p in order:
        n = min(len(places[p]), MOST_A_PLACE)
        if size + n > WINDOW and runs[-1]:
            runs.append([])
            size = 0
        runs[-1].append(p)
        size += n
    return runs


def heard(s: Stack, members: list[int]) -> list[int]:
    """The most certain sightings of a place, at most MOST_A_PLACE."""
    if len(members) <= MOST_A_PLACE:
        return members
    by_error = sorted(members, key=lambda i: (round(float(np.trace(s.own[i])), 9), i))
    return sorted(by_error[:MOST_A_PLACE])


def estimate(s: Stack, places: Sequence[list[int]], errors: Common) -> Estimate:
    """Solve one window; `places` holds the sightings' indices of each place."""
    spoken = [heard(s, members) for members in places]
    index = np.array([i for members in spoken for i in members])
    owner = np.array([p for p, members in enumerate(spoken) for _ in members])
    n, j = len(index), len(places)
    design = np.zeros((n, 2, j, 2))
    design[np.arange(n), :, owner] = np.eye(2)
    a = design.reshape(2 * n, 2 * j)
    z = s.z[index].reshape(-1)
    common = errors.of(index)
    factor = cho_factor(common + apart(s, index, owner), lower=True)
    ca = cho_solve(factor, a)
    normal = cho_factor(a.T @ ca, lower=True)
    x = cho_solve(normal, ca.T @ z)
    inverse = np.asarray(cho_solve(normal, np.eye(2 * j)))
    check = cho_solve(factor, np.eye(2 * n)) - ca @ inverse @ ca.T  # C⁻¹ of what is left when the places are solved for
    gain = common @ check  # best guess of the common part: gain z
    return Estimate(
        x.reshape(-1, 2),
        _blocks(inverse),
        inverse,
        _lift(s, index, owner, check @ z, j),
        index,
        (gain @ z).reshape(-1, 2),
        _blocks(common - gain @ common),
        _surprise(_blocks(check), (check @ z).reshape(-1, 2)),
    )


def _lift(s: Stack, index: Array, owner: Array, told: Array, places: int) -> Array:
    """(J,) best guesses of the ground's height error, in m: gᵀ C⁻¹ (z - A x) sigmas."""
    sigmas = np.einsum("ni,ni->n", s.ground[index], told.reshape(-1, 2))
    return np.asarray(np.bincount(owner, sigmas * s.ground_sigma[index], minlength=places), np.float64)


def _surprise(weight: Array, told: Array) -> Array:
    """(M,) each sighting against all others: told' weight⁻¹ told (data snooping; Baarda 1968, in blocks of two)."""
    size = np.trace(weight, axis1=1, axis2=2)
    checked = np.linalg.det(weight) > 1e-6 * size**2
    safe = np.where(checked[:, None, None], weight, np.eye(2))
    return np.asarray(
        np.where(checked, np.einsum("ni,ni->n", told, np.linalg.solve(safe, told[..., None])[..., 0]), 0.0)
    )


def estimate_without_outliers(
    s: Stack, places: Sequence[list[int]], errors: Common
) -> tuple[Estimate, list[list[int]]]:
    """Solve one window, taking out of their places, worst first, sightings that all others contradict.

    Returns the estimate and the places, those taken out as places of their own: one sighting given to the wrong place
    bends a net that is stiff to a decimetre by metres.
    """
    kept = [list(members) for members in places]
    for _ in range(MOST_OUTLIERS):
        found = estimate(s, kept, errors)
        worst = int(np.argmax(found.surprise))
        if found.surprise[worst] < OUTLIER:
            break
        lone = int(found.index[worst])
        kept = [[i for i in members if i != lone] for members in kept] + [[lone]]
    return found, kept


def _blocks(m: Array) -> Array:
    """(2N, 2N) -> (N, 2, 2) on the diagonal."""
    n = len(m) // 2
    return np.asarray(m.reshape(n, 2, n, 2)[np.arange(n), :, np.arange(n)])


def apart(s: Stack, index: NDArray[np.intp], owner: Array) -> Array:
    """(2M, 2M) covariance of the sightings' own errors and of the ground's height at each place."""
    n = len(index)
    c = together(s.ground[index][:, None, :], owner) + together(doubts(s.doubt[index], owner), owner)
    c.reshape(n, 2, n, 2)[np.arange(n), :, np.arange(n)] += s.alone[index]
    return c


def doubts(doubt: Array, owner: Array) -> Array:
    """(M, 2, 2) shifts east and north of the doubted sightings: an assumption that is wrong is wrong for all of them.

    One size for a place, since different ones would pretend to reveal by their differences whether it is wrong.
    """
    largest = np.array([doubt[owner == p].max() for p in owner])
    return np.asarray(np.where(doubt > 0, largest, 0.0)[:, None, None] * np.eye(2))


def learnt(s: Stack, found: Sequence[Estimate]) -> Known:
    """What the estimates say of the sightings' errors; of those that were not heard nothing is known."""
    known = nothing_known(s)
    shift, own, shared = known.shift.copy(), known.own.copy(), known.shared.copy()
    for e in found:
        shift[e.index], own[e.index], shared[e.index] = e.shift, s.alone[e.index] + e.spread, 0.0
    return Known(shift, own, shared)
