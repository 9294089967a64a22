"""Seamless patterns of ground and water, sampled in metres so that they lie in the picture's perspective."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache

import numpy as np

from pipeline.sim.draw.values import Field

SIDE = 256  # texels of a pattern
LEVELS = 5  # of its pyramid
SEED = 20250


def sample(name: str, x_m: Field, y_m: Field, texel_m: float, px_per_m: float, rng: np.random.Generator) -> Field:
    """(h, w) float32 of a pattern of `PATTERNS` at ground coordinates, shifted at random; about mean 0, σ 1.

    `px_per_m` of the picture chooses the level of the pattern's pyramid, so that what is far does not flicker.
    """
    import cv2

    level = int(np.clip(np.log2(max(1.0, 1 / (texel_m * px_per_m))), 0, LEVELS - 1))
    step = np.float32(1 / (texel_m * 2**level))
    shift = rng.uniform(0, SIDE, 2) / 2**level
    size = SIDE >> level
    u, v = x_m * step + np.float32(shift[0]), y_m * step + np.float32(shift[1])
    u -= np.floor(u / size) * size
    v -= np.floor(v / size) * size
    return np.asarray(cv2.remap(_pyramid(name)[level], u, v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP), np.float32)


@lru_cache
def _pyramid(name: str) -> tuple[Field, ...]:
    """The pattern at full size and halved again and again; every level as strong as the first averaged down."""
    levels = [PATTERNS[name]()]
    for _ in range(LEVELS - 1):
        last = levels[-1]
        levels.append((last[::2, ::2] + last[1::2, ::2] + last[::2, 1::2] + last[1::2, 1::2]) / np.float32(4))
    return tuple(levels)


def _spectrum(falls: float, seed: int) -> Field:
    """Noise whose amplitude falls with the given power of the wave number."""
    rng = np.random.default_rng(SEED + seed)
    wave = np.hypot(np.fft.rfftfreq(SIDE)[None], np.fft.fftfreq(SIDE)[:, None]) * SIDE
    grey = np.fft.irfft2(np.fft.rfft2(rng.standard_normal((SIDE, SIDE))) / np.maximum(wave, 3.0) ** falls)
    return np.asarray((grey - grey.mean()) / grey.std(), np.float32)


def _waves() -> Field:
    """Ripples that mostly run along the first axis: crests of some 8 to 24 texels."""
    rng = np.random.default_rng(SEED + 1)
    fx, fy = np.fft.rfftfreq(SIDE)[None], np.fft.fftfreq(SIDE)[:, None]
    wave = np.hypot(fx, fy)
    band = sum(np.exp(-0.5 * ((wave * length - 1) / 0.4) ** 2) * length**0.7 for length in (7.0, 13.0, 26.0))
    spread = 0.15 + np.where(wave > 0, fx / np.maximum(wave, 1e-9), 0) ** 4
    grey = np.fft.irfft2(np.fft.rfft2(rng.standard_normal((SIDE, SIDE))) * band * spread)
    return np.asarray(grey / grey.std(), np.float32)


def _stones() -> Field:
    """Blocks of some 14 texels, each of its own grey, lit from one side, with dark gaps."""
    from scipy.spatial import cKDTree

    rng = np.random.default_rng(SEED + 2)
    seeds = rng.uniform(0, SIDE, (360, 2))
    y, x = np.mgrid[:SIDE, :SIDE]
    at = np.stack([x, y], -1).reshape(-1, 2) + 0.5
    far, which = cKDTree(seeds, boxsize=SIDE).query(at, k=2)
    gap = np.clip((far[:, 1] - far[:, 0]) / 3.5, 0, 1)
    away = (at - seeds[which[:, 0]] + SIDE / 2) % SIDE - SIDE / 2
    lit = away @ np.array([0.6, 0.8]) / 9
    grey = (rng.uniform(-1, 1, len(seeds))[which[:, 0]] - 0.6 * lit) * gap - 2.6 * (1 - gap)
    return np.asarray(((grey - grey.mean()) / grey.std()).reshape(SIDE, SIDE), np.float32)


PATTERNS: Mapping[str, Callable[[], Field]] = {
    "waves": _waves,
    "stones": _stones,
    "leaves": lambda: _spectrum(1.1, 3),
    "clouds": lambda: _spectrum(1.8, 4),
    "grain": lambda: _spectrum(0.4, 5),
}
