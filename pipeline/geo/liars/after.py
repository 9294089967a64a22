"""The second look: what a fine adjustment had to correct by more than the poses claimed.

An adjusted value is pulled towards what was recorded. With prior variance P and posterior variance V, an honest
correction has variance P - V, and the data alone said correction / (1 - V/P) with variance V / (1 - V/P).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.geo.ground import Surface
from pipeline.geo.liars.examine import claimed, declination_of
from pipeline.geo.liars.finding import Finding, Repair, clean, names, unknown
from pipeline.geo.liars.headings import Headings, heading_findings
from pipeline.geo.liars.heights import common_height
from pipeline.types import OWN, Frame

Array = NDArray[np.float64]

TOLD = 0.1  # share of a prior variance that the data must take away to say anything
LEAST_GAIN = 0.02
LEAST_DEG = 1.0
DRIFT = 4.0  # sigmas of a drift
LEAST_DRIFT_M = 1.0
LEAST_PHOTOS = 5
ALONE = 5.0  # sigmas of one photo's tilt or place
LEAST = (1.0, 1.0, 1.0, 1.0, 3.0, 3.0)  # m and degrees of a correction that is worth a sentence
COMMON = 3.0
COMMON_TILT, COMMON_TILT_LEVEL = 3.8, 4.5  # level ground that slopes in truth tilts all
ONE_WAY = 0.9  # mean resultant length of the headings
PITCH = OWN.index("pitch")
YAW, UP = OWN.index("yaw"), OWN.index("up")


def liars_after(
    frames: Sequence[Frame],
    correction: Array,
    sigma: Array,
    prior_sigma: Array,
    shared: Array,
    shared_sigma: Array,
    tied: NDArray[np.intp],
    surface: Surface,
) -> tuple[Finding, ...]:
    """What an adjustment of `frames` (as they went in) betrays.

    correction, sigma, prior_sigma: (N, 6) adjusted minus recorded, rows as `types.OWN`, m and degrees; shared,
    shared_sigma: (6,) the flight's common part, in its claimed sigmas; tied: (N,) how many ties hold each frame.
    """
    if not len(frames) or not np.any(tied):
        return (unknown("heading", "no overlaps"), unknown("height", "no overlaps"))
    off, spread = _data_alone(correction, sigma, prior_sigma, tied)
    found, _ = heading_findings(
        frames, _headings(frames, off, spread, _surprise(shared, shared_sigma)[YAW]), declination_of(frames), "heading"
    )
    found += _heights(frames, shared, shared_sigma, surface) + _drift(frames, correction, sigma, prior_sigma, tied)
    found += _tilts(frames, shared, shared_sigma, tied, surface.level)
    return (*found, *_single(frames, correction, sigma, prior_sigma, tied))


def _data_alone(correction: Array, sigma: Array, prior: Array, tied: NDArray[np.intp]) -> tuple[Array, Array]:
    """(N, 6) what the data alone say, and its sigma; NaN and inf where they say nothing."""
    gain = 1.0 - np.clip(sigma / np.maximum(prior, 1e-12), 0.0, 1.0) ** 2
    told = (gain > TOLD) & (tied > 0)[:, None]
    safe = np.where(told, gain, 1.0)
    return np.where(told, correction / safe, np.nan), np.where(told, sigma / np.sqrt(safe), np.inf)


def _surprise(shared: Array, shared_sigma: Array) -> Array:
    """(6,) the common corrections in sigmas of what they may honestly be; 0 where the data say nothing."""
    gain = 1.0 - np.minimum(1.0, shared_sigma) ** 2
    return np.asarray(np.where(gain > LEAST_GAIN, shared / np.sqrt(np.maximum(gain, LEAST_GAIN)), 0.0))


def _headings(frames: Sequence[Frame], off: Array, spread: Array, common_z: float) -> Headings:
    own, shared = claimed(frames, "yaw_deg")
    known = np.isfinite(spread[:, YAW])
    common = float(np.median(spread[known, YAW])) if known.any() else np.inf
    return Headings(off[:, YAW], spread[:, YAW], common, own, shared, LEAST_DEG, common_z=float(common_z))


def _heights(frames: Sequence[Frame], shared: Array, shared_sigma: Array, surface: Surface) -> list[Finding]:
    gain = 1.0 - min(1.0, float(shared_sigma[UP])) ** 2
    if gain < TOLD:
        return [unknown("height", "nothing holds the flight's height but its own record")]
    _, claimed_m = claimed(frames, "up_m")
    prior_m = float(np.median(claimed_m))
    off_m = float(shared[UP]) * prior_m / gain
    sigma_m = prior_m / np.sqrt(gain)
    if abs(off_m) < COMMON * sigma_m:
        return [clean("height", f"the adjustment moved all heights by {off_m:+.1f} m of ± {prior_m:.1f} m")]
    own_m = prior_m * float(shared_sigma[UP]) / np.sqrt(gain)
    return [common_height(frames, np.ones(len(frames), np.bool_), off_m, float(sigma_m), own_m, surface)]


def _tilts(
    frames: Sequence[Frame], shared: Array, shared_sigma: Array, tied: NDArray[np.intp], level: bool
) -> list[Finding]:
    """A pitch or roll that all photos had too much of."""
    z = _surprise(shared, shared_sigma)[PITCH:]
    if level and _one_way(frames):  # ground that slopes across a single strip is a roll
        z = z[:1]
    if np.abs(z).max() < (COMMON_TILT_LEVEL if level else COMMON_TILT):
        return []
    claimed_deg = [float(np.median(claimed(frames, part)[1])) for part in ("pitch_deg", "roll_deg")]
    worst = int(np.argmax(np.abs(z)))
    size = float(shared[PITCH + worst]) * claimed_deg[worst]
    ids = tuple(f.id for f, n in zip(frames, tied, strict=True) if n)
    sentence = (
        f"{names(ids, frames)}: {('pitch', 'roll')[worst]} had to be corrected by {size:+.1f}° throughout, where "
        f"{claimed_deg[worst]:.1f}° was claimed: tilts, heights or times are wrong"
    )
    repair: Repair = "refuse" if _one_way(frames) else ""
    return [Finding("tilt", "found", sentence, ids, size, claimed_deg[worst], "deg", repair=repair)]


def _one_way(frames: Sequence[Frame]) -> bool:
    """Whether all cameras look one way, so that a common tilt cannot be told from other errors."""
    yaw = np.radians([f.pose.attitude.yaw_deg for f in frames if f.pose is not None and f.pose.attitude is not None])
    return bool(abs(np.exp(1j * yaw).mean()) > ONE_WAY)


def _drift(
    frames: Sequence[Frame], correction: Array, sigma: Array, prior: Array, tied: NDArray[np.intp]
) -> list[Finding]:
    """Heights that had to be corrected by more and more (or less and less) along the flight."""
    some = np.flatnonzero(tied > 0)
    if len(some) < LEAST_PHOTOS:
        return []
    t = (some - some.mean()) / np.ptp(some)
    own_m = float(np.median(claimed(frames, "up_m")[0]))
    drift_m = float(t @ correction[some, UP] / (t @ t))
    honest_m = max(LEAST_DRIFT_M, DRIFT * own_m / float(np.sqrt(t @ t)))
    if abs(drift_m) < honest_m:
        return []
    ids = tuple(frames[int(k)].id for k in some)
    sentence = f"{names(ids, frames)}: the adjustment lets heights drift by {drift_m:+.1f} m over the flight"
    return [Finding("barometer-drift", "found", sentence, ids, drift_m, float(sigma[some, UP].max()), "m")]


def _single(
    frames: Sequence[Frame], correction: Array, sigma: Array, prior: Array, tied: NDArray[np.intp]
) -> list[Finding]:
    """Photos whose tilt or place was corrected by far more than they claimed; the adjustment has put them right."""
    honest = np.sqrt(np.maximum(prior**2 - sigma**2, (0.05 * prior) ** 2))
    wild = np.asarray((np.abs(correction) > np.maximum(ALONE * honest, LEAST)) & (tied > 0)[:, None])
    found = []
    for kind, columns, unit in (("tilt", [4, 5], "deg"), ("place", [0, 1, 2], "m")):
        some = np.asarray(wild[:, columns].any(axis=1))
        if some.any():
            ids = tuple(f.id for f, s in zip(frames, some, strict=True) if s)
            size = float(np.abs(correction[some][:, columns]).max())
            sentence = f"{names(ids, frames)}: {kind} off by up to {size:.1f} {unit}, far more than it claims"
            found.append(Finding(kind, "found", sentence, ids, size, float(sigma[some].max()), unit))
    return found
