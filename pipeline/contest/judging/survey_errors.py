"""Where the targets may stand instead: shifts drawn from their own survey errors, in whole micrometres.

A target's error is a circular normal with σ = r90 / 2.1460 on each axis (2.1460 = √(2 ln 10)). One target, one shift a
resample, whoever flew over it: teams are compared on the same ground. A target without r90, or an area, stays.

Words come from Philox-4x64 keyed with the results' inputs and the target, so that every machine draws the same, and a
target that stands in two legs moves the same in both. The normal is a table of 65,536 equally likely quantiles, so the
draws are whole numbers without a logarithm that could end in another last bit elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from statistics import NormalDist

import numpy as np

from pipeline.score.canonical import Ints, digest, half_up
from pipeline.types import Target

METHOD = "survey-errors-1"
R90_OF_SIGMA_E4 = 21_460
STEPS = 65_536


@cache
def normal_quantiles_e6() -> Ints:
    """(65536,) the standard normal at the middle of each of as many equal shares, in millionths, rising."""
    normal = NormalDist()
    upper = [half_up(1e6 * normal.inv_cdf((STEPS // 2 + k + 0.5) / STEPS)) for k in range(STEPS // 2)]
    return np.array([-v for v in reversed(upper)] + upper, dtype=np.int64)


def sigma_um(target: Target) -> int:
    """σ of one axis in micrometres, rounded half up; 0 for a target that stays."""
    if target.r90_m is None or target.polygons:
        return 0
    return (half_up(target.r90_m * 1e3) * 10_000_000 + R90_OF_SIGMA_E4 // 2) // R90_OF_SIGMA_E4


def greatest_shift_um(targets: Sequence[Target]) -> int:
    """No draw moves any of the targets farther than this."""
    farthest = 3 * int(normal_quantiles_e6()[-1]) // 2  # √2 < 3/2
    return max((sigma_um(t) for t in targets), default=0) * farthest // 1_000_000 + 2


def shifts_um(targets: Sequence[Target], resamples: int, seed: str) -> Ints:
    """(S, T, 2) how far each target stands to the east and north of where it was surveyed; `seed` is any text."""
    found = np.zeros((resamples, len(targets), 2), dtype=np.int64)
    for i, target in enumerate(targets):
        sigma = sigma_um(target)
        if sigma:
            found[:, i] = (_normal_e6(target, resamples, seed) * sigma + 500_000) // 1_000_000
    return found


def _normal_e6(target: Target, resamples: int, seed: str) -> Ints:
    name = {"seed": seed, "id": target.id, "lat_e9": half_up(target.at.lat_deg * 1e9),
            "lon_e9": half_up(target.at.lon_deg * 1e9)}  # fmt: skip
    words = np.random.Philox(key=int(digest(name)[:32], 16)).random_raw(2 * resamples)
    return normal_quantiles_e6()[(words >> np.uint64(48)).astype(np.int64)].reshape(resamples, 2)
