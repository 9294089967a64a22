"""By how much a camera's clock is ahead of a log's, from pairs of a written time and a moment in the log.

A camera writes whole seconds (or hundredths) and drops the rest, so that what it wrote lags its clock by a uniform
0 … step. With many photos the offset is known far better than a step: every pair bounds it from both sides. The
likelihood of a pair is that uniform blurred by the moment's own σ; offset and drift are their mean under the product
of all pairs, on a grid that zooms in. A pair that no offset explains counts as an outlier and pulls nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.ingest.track import Positions

DRIFT_SIGMA = 1e-4  # of two quartz clocks against each other, before anything is measured
LEAST_SIGMA_S = 0.003  # shutter lag and time stamps in whole milliseconds
_OUTLIER = 1e-3  # density of a pair that is wrong, per second
_GRID, _QUICK_GRID = 33, 15
_ROUNDS = 5
ALL = 1500  # pairs that a round looks at
NEAR_M = 12.0  # EXIF positions and the log's may differ by that much and be the same place
LEAST_SPEED_MPS = 1.0
_COARSE_S = 0.5
_ROW_NS = 200_000_000  # of the track, one row in that time votes
_M_PER_DEG = 111_320.0

Ns = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Offset:
    """Camera clock = log clock + `ahead_ns` + `drift` · (log clock - `origin_ns`)."""

    origin_ns: int
    ahead_ns: int
    drift: float = 0.0
    sigma_s: float = 0.0  # of `ahead_ns`, with the drift's at the ends of the flight

    def to_log(self, camera_ns: Ns) -> Ns:
        """The log's time of moments in the camera's."""
        log = np.asarray(camera_ns, np.int64) - self.ahead_ns
        return np.asarray(log - np.round((log - self.origin_ns) * (self.drift / (1 + self.drift))).astype(np.int64))

    def to_camera(self, log_ns: Ns) -> Ns:
        """The camera's time of moments in the log's."""
        log = np.asarray(log_ns, np.int64)
        return np.asarray(log + self.ahead_ns + np.round((log - self.origin_ns) * self.drift).astype(np.int64))


def estimate(
    written_ns: Ns, log_ns: Ns, step_s: Floats, sigma_s: Floats, start: Offset, reach_s: float, most: int = ALL
) -> Offset:
    """Offset and drift from (N,) pairs: what the camera wrote, the moment in the log, the steps of the camera's
    clock, the moments' own σ. Searched within `reach_s` of `start`; quicker and coarser where fewer than `ALL`
    pairs are to be looked at.
    """
    some = np.unique(np.linspace(0, len(written_ns) - 1, min(len(written_ns), most)).astype(int))
    origin = int(np.median(log_ns))
    tau = (log_ns[some] - origin) / 1e9
    ahead_ns = int(start.to_camera(np.array([origin]))[0]) - origin
    lag = (written_ns[some] - log_ns[some] - ahead_ns) / 1e9  # in [x - step, x] for an offset of x more than the start
    step, noise = step_s[some], np.maximum(sigma_s[some], LEAST_SIGMA_S)
    slack = 3 * noise + 2 * DRIFT_SIGMA * np.abs(tau)
    low, high = _most_covered(np.maximum(lag - slack, -reach_s), np.minimum(lag + step + slack, reach_s))
    mean, spread = np.array([(low + high) / 2, 0.0]), np.array([max((high - low) / 3, LEAST_SIGMA_S), DRIFT_SIGMA])
    axis = np.linspace(-3.5, 3.5, _GRID if most >= ALL else _QUICK_GRID)
    for _ in range(_ROUNDS):
        mean, spread = _posterior(lag, tau, step, noise, mean, spread, axis)
    at_ends = spread[1] * float(np.max(np.abs(tau), initial=0.0))
    return Offset(origin, ahead_ns + round(mean[0] * 1e9), float(mean[1]), float(np.hypot(spread[0], at_ends)))


def _most_covered(low: Floats, high: Floats) -> tuple[float, float]:
    """The stretch that most of the intervals share; those that end before they begin count for nothing."""
    real = low <= high
    if not real.any():
        return 0.0, 0.0
    ends = np.concatenate([low[real], high[real]])
    steps = np.concatenate([np.ones(real.sum()), -np.ones(real.sum())])
    order = np.lexsort((-steps, ends))
    depth = np.cumsum(steps[order])
    k = int(np.argmax(depth))
    return float(ends[order[k]]), float(ends[order[k + 1]])


def _posterior(
    lag: Floats, tau: Floats, step: Floats, noise: Floats, mean: Floats, spread: Floats, axis: Floats
) -> tuple[Floats, Floats]:
    """(mean, σ) of offset and drift on a grid around the mean, whose `axis` is in spreads."""
    from scipy.special import ndtr

    offsets, drifts = mean[0] + axis * spread[0], mean[1] + axis * spread[1]
    log_p = np.empty((len(axis), len(axis)))
    for j, drift in enumerate(drifts):
        # (grid, N): from the true camera time back to what was written, in [0, step] but for noise
        dropped = offsets[:, None] + drift * tau[None, :] - lag[None, :]
        inside = ndtr(dropped / noise) - ndtr((dropped - step) / noise)
        density = np.where(step > 0, inside / np.maximum(step, 1e-9), _normal(dropped, noise))
        log_p[:, j] = np.log(density + _OUTLIER).sum(1) - 0.5 * (drift / DRIFT_SIGMA) ** 2
    p = np.exp(log_p - log_p.max())
    p /= p.sum()
    by_offset, by_drift = p.sum(1), p.sum(0)
    centre = np.array([by_offset @ offsets, by_drift @ drifts])
    sigma = np.sqrt([by_offset @ (offsets - centre[0]) ** 2, by_drift @ (drifts - centre[1]) ** 2])
    cell = spread * (axis[1] - axis[0])
    return centre, np.maximum(sigma, cell / 2)


def _normal(x: Floats, sigma: Floats) -> Floats:
    return np.asarray(np.exp(-0.5 * (x / sigma) ** 2) / (sigma * math.sqrt(2 * math.pi)))


# --- EXIF GPS against the track ----------------------------------------------------------------------------------


def level(positions: Positions) -> tuple[Ns, Floats]:
    """((N,) times, (N, 2) metres east and north of the first row) of a track, one row a moment."""
    t, first = np.unique(positions.t_ns, return_index=True)
    return t, metres(positions.lat_deg[first], positions.lon_deg[first], positions)


def metres(lat_deg: Floats, lon_deg: Floats, positions: Positions) -> Floats:
    """(N, 2) metres east and north of a track's first row, on a locally flat Earth."""
    lat0, lon0 = float(positions.lat_deg[0]), float(positions.lon_deg[0])
    east = np.mod(np.asarray(lon_deg) - lon0 + 180.0, 360.0) - 180.0
    return np.column_stack([east * math.cos(math.radians(lat0)), np.asarray(lat_deg) - lat0]) * _M_PER_DEG


def by_places(written_ns: Ns, places_m: Floats, track_ns: Ns, track_m: Floats) -> tuple[int, int, float] | None:
    """(offset in ns, photos that agree, seconds to either side that do as well) by which most photos were where the
    track was; None where none was there.

    Every moment at which the track passed within `NEAR_M` of a photo's place votes for an offset. Whole hours need no
    guess: any offset can win.
    """
    photos = np.unique(np.linspace(0, len(written_ns) - 1, min(len(written_ns), 200)).astype(int))
    rows = np.unique((track_ns - track_ns[0]) // _ROW_NS, return_index=True)[1]
    who, votes = [], []
    for i in photos:
        near = np.linalg.norm(track_m[rows] - places_m[i], axis=1) <= NEAR_M
        votes.append(written_ns[i] - track_ns[rows][near])
        who.append(np.full(int(near.sum()), i))
    if not sum(len(v) for v in votes):
        return None
    return _most_agreed(np.concatenate(votes), np.concatenate(who))


def _most_agreed(votes: Ns, who: Ns) -> tuple[int, int, float]:
    """(middle of the offsets that most photos vote for, how many photos, half the width of those offsets in s)."""
    base = int(votes.min())
    bins = (votes - base) // round(_COARSE_S * 1e9)
    pairs = np.unique(np.column_stack([bins, who]), axis=0)
    found, counts = np.unique(pairs[:, 0], return_counts=True)
    best = found[counts >= counts.max()]
    # A photo hovering votes for many offsets in a row: the middle of the longest run of the best is meant.
    runs = np.split(best, np.flatnonzero(np.diff(best) > 1) + 1)
    run = max(runs, key=len)
    middle = (float(run[0]) + float(run[-1]) + 1.0) / 2
    width_s = float(run[-1] - run[0] + 1) * _COARSE_S
    return base + round(middle * _COARSE_S * 1e9), int(counts.max()), width_s / 2


def moments_of_places(
    guess_ns: Ns, places_m: Floats, track_ns: Ns, track_m: Floats, reach_s: float = 2.0
) -> tuple[Ns, Floats, Bools]:
    """When the track passed each place, near a guess: ((N,) log times, (N,) metres off the track, (N,) whether told).

    The foot of the perpendicular on the leg that comes nearest within `reach_s`; a place is not told where the
    track is slower than 1 m/s or has a gap there.
    """
    times, off, told = guess_ns.copy(), np.full(len(guess_ns), np.inf), np.zeros(len(guess_ns), bool)
    leg_m, leg_s = np.diff(track_m, axis=0), np.diff(track_ns) / 1e9
    length2 = np.maximum((leg_m**2).sum(1), 1e-12)
    usable = (leg_s <= 1.1) & (np.sqrt(length2) / leg_s >= LEAST_SPEED_MPS)
    reach = round(reach_s * 1e9)
    for i, (guess, place) in enumerate(zip(guess_ns, places_m, strict=True)):
        a = max(int(np.searchsorted(track_ns, guess - reach)) - 1, 0)
        b = min(int(np.searchsorted(track_ns, guess + reach)) + 1, len(leg_s))
        if a >= b or not usable[a:b].any():
            continue
        f = np.clip(((place - track_m[a:b]) * leg_m[a:b]).sum(1) / length2[a:b], 0.0, 1.0)
        gap = np.linalg.norm(track_m[a:b] + f[:, None] * leg_m[a:b] - place, axis=1)
        gap[~usable[a:b]] = np.inf
        k = int(np.argmin(gap))
        times[i] = int(track_ns[a + k]) + round(float(f[k]) * float(leg_s[a + k]) * 1e9)
        off[i], told[i] = gap[k], True
    return times, off, told
