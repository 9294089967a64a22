"""Is it a panel? What a fitted pattern must show beyond fitting: contrast, even parts, and an end at its border."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.detect.fit import MARGIN, Fit
from pipeline.detect.patterns import Floats, size_of

SURE = 0.75  # a sample that one part covers at least so much speaks for it


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for a panel."""

    explained: float  # share of the variance over panel and margin
    inner: float  # the same inside the panel, pattern alone
    contrast: float  # grey levels between arms and rest
    even: float  # gap between light and dark sectors over the contrast: 1 for flat parts, negative when mixed
    ends: float  # share of the margin (by eighths) that is better explained as ground than as the pattern going on
    ground: float  # difference of the ground from the nearer of the two levels, over the contrast


def evidence(fit: Fit) -> Evidence:
    """The evidence for a fitted panel."""
    arms, rest, outside = fit.levels
    contrast = abs(arms - rest)
    ground = min(abs(outside - arms), abs(outside - rest)) / max(contrast, 1.0)
    return Evidence(fit.explained, _inner(fit), contrast, _even(fit), _ends(fit), ground)


def _inner(fit: Fit) -> float:
    inside = fit.cover.outside < 0.25
    values = fit.grey[inside]
    if len(values) < 9:
        return 0.0
    model = _model(fit)[inside]
    spread = float(((values - values.mean()) ** 2).sum())
    return 1 - float(((values - model) ** 2).sum()) / max(spread, 1.0)


def _model(fit: Fit) -> Floats:
    arms, rest, outside = (np.float32(level) for level in fit.levels)
    return np.asarray(fit.cover.arms * arms + fit.cover.rest * rest + fit.cover.outside * outside)


def _sectors(fit: Fit) -> NDArray[np.int64]:
    """Which eighth of the panel a sample lies in: sides and corners in turns."""
    angle = np.arctan2(fit.v, fit.u)
    return np.round(angle * (4 / np.pi)).astype(np.int64) % 8


def _even(fit: Fit) -> float:
    """Each eighth's light part has to be lighter than every eighth's dark part."""
    arms, rest = _means(fit, fit.cover.arms), _means(fit, fit.cover.rest)
    if not arms or not rest:
        return 0.0
    light, dark = (arms, rest) if fit.levels[0] > fit.levels[1] else (rest, arms)
    return (min(light) - max(dark)) / max(abs(fit.levels[0] - fit.levels[1]), 1.0)


def _means(fit: Fit, part: Floats) -> list[float]:
    sector = _sectors(fit)
    chosen = [(part > SURE) & (sector == k) for k in range(8)]
    return [float(fit.grey[c].mean()) for c in chosen if c.sum() >= 3]


def _ends(fit: Fit) -> float:
    """Compare, eighth by eighth of the margin, ground of one grey value with the border's greys going on outwards."""
    size = size_of(fit.panel.pattern, fit.u, fit.v)
    band = (size > 1.08) & (size <= MARGIN)
    sector = _sectors(fit)
    goes_on = _border_grey(fit, size)
    ended = [
        float(((fit.grey - fit.levels[2])[here] ** 2).sum()) < 0.5 * float(((fit.grey - goes_on)[here] ** 2).sum())
        for k in range(8)
        if (here := band & (sector == k)).sum() >= 2
    ]
    return float(np.mean(ended)) if ended else 0.0


def _border_grey(fit: Fit, size: Floats) -> Floats:
    """The model's grey just inside the border in the direction of each sample."""
    border = np.float32(0.9) / np.maximum(size, np.float32(0.1))
    u, v = fit.u * border, fit.v * border
    arms = fit.panel.arm_coverage(u.astype(np.float32), v.astype(np.float32))
    return np.asarray(arms * np.float32(fit.levels[0]) + (1 - arms) * np.float32(fit.levels[1]))
