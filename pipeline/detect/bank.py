"""A bank of panels of many shapes and sizes, compared with a patch of the photo by one matrix product."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from pipeline.detect.patterns import Floats, Parts, Pattern, parts, size_of
from pipeline.detect.rings import Axes, Grey, sample

STEP_PX = 1.2
SIDE = 27  # samples along a patch's side
MARGIN = 1.3  # ground around a panel that is compared too: the pattern has to end
HALF_AXES_PX = (3.6, 4.4, 5.3, 6.4, 7.7, 9.2, 11.0)
MOST_OBLIQUE = 2.6  # longer over shorter half-axis
ARMS = (0.12, 0.19, 0.3)
REACHES = (1.0, 0.72)


@dataclass(frozen=True, slots=True)
class Bank:
    """Templates: (P, T) matrices, and what each template is."""

    patterns: tuple[Pattern, ...]
    half_axes_px: Floats  # (T, 2)
    domain: Floats  # 1 where the template is compared
    level: Floats  # unit vector: constant over the domain
    contrast: Floats  # two orthonormal vectors, orthogonal to the constant
    ground: Floats


@dataclass(frozen=True, slots=True)
class Best:
    """For each hypothesis the index of its best template and the share of the variance it explains."""

    template: NDArray[np.int64]
    explained: Floats


@lru_cache(maxsize=2)
def bank(quarters: bool) -> Bank:
    """The bank of patterns whose axes part light from dark (even boards), or of those whose axes are arms."""
    grid = (np.arange(SIDE, dtype=np.float32) - SIDE // 2) * np.float32(STEP_PX)
    s, t = (m.ravel() for m in np.meshgrid(grid, grid))
    rows = [
        (p, a, b) for p in _patterns(quarters) for a in _sizes(p) for b in _sizes(p) if max(a / b, b / a) < MOST_OBLIQUE
    ]
    columns = [_columns(p, s, t, a, b) for p, a, b in rows]
    stack = [np.ascontiguousarray(np.stack(c, axis=1), np.float32) for c in zip(*columns, strict=True)]
    return Bank(tuple(r[0] for r in rows), np.array([r[1:] for r in rows], np.float32), *stack)


def _patterns(quarters: bool) -> list[Pattern]:
    if quarters:
        return [Pattern("board", False, fields=2), Pattern("board", True, fields=2), Pattern("board", False, fields=4)]
    crosses = [Pattern("cross", diamond, arm, reach) for diamond in (False, True) for arm in ARMS for reach in REACHES]
    boards = [Pattern("board", False, fields=n) for n in (3, 5)]
    return [*crosses, Pattern("iron", False), Pattern("iron", True), *boards]


def _sizes(pattern: Pattern) -> tuple[float, ...]:
    return tuple(h * 1.3 for h in HALF_AXES_PX) if pattern.diamond else HALF_AXES_PX


def _columns(pattern: Pattern, s: Floats, t: Floats, a: float, b: float) -> tuple[Floats, Floats, Floats, Floats]:
    """Domain, and an orthonormal basis (Gram–Schmidt within the domain) of the template's three grey levels."""
    u, v = s / np.float32(a), t / np.float32(b)
    domain = (size_of(pattern, u, v) <= MARGIN).astype(np.float32)
    cover: Parts = parts(pattern, u, v, a, b, pattern.arm)
    level = domain / np.linalg.norm(domain)
    contrast = _orthonormal((cover.arms - cover.rest) * domain, level)
    ground = _orthonormal(cover.outside * domain, level, contrast)
    return domain, level, contrast, ground


def _orthonormal(vector: Floats, *others: Floats) -> Floats:
    for other in others:
        vector = vector - other * float(vector @ other)
    return vector / np.float32(np.linalg.norm(vector))


def patches(grey: Grey, found: Axes) -> Floats:
    """Grey values (N, P) around each hypothesis, sampled along its axes."""
    grid = (np.arange(SIDE, dtype=np.float32) - SIDE // 2) * np.float32(STEP_PX)
    s, t = (m.ravel()[None] for m in np.meshgrid(grid, grid))
    c, d = np.cos(found.angle), np.sin(found.angle)
    x = found.centre_px[:, :1] + c[:, :1] * s + c[:, 1:] * t
    y = found.centre_px[:, 1:] + d[:, :1] * s + d[:, 1:] * t
    return sample(grey, x.astype(np.float32), y.astype(np.float32))


def compare(patch: Floats, templates: Bank) -> Best:
    """The template that explains most of each patch's variance within its own domain."""
    patch = patch - patch.mean(1, keepdims=True)
    contrast, ground, level = patch @ templates.contrast, patch @ templates.ground, patch @ templates.level
    spread = (patch * patch) @ templates.domain - level * level
    explained = (contrast * contrast + ground * ground) / np.maximum(spread, 1.0)
    template = explained.argmax(1)
    return Best(template, explained[np.arange(len(patch)), template])
