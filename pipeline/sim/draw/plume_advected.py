"""Smoke that was let go at a source and carried off through swirls."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pipeline.sim.draw.paint import noise
from pipeline.sim.draw.plume_field import Cloud, add_ball, swirls, swollen, warped
from pipeline.sim.draw.plume_path import Path
from pipeline.sim.draw.values import Field

MOST_CELLS = 104  # along the longer side: the wind needs no more
Flow = tuple[Field, Field]


def advected(path: Path, shape: tuple[int, int], rng: np.random.Generator) -> Cloud:
    """A puffing source carried off by the wind along the path, through swirls (semi-Lagrangian, Stam 1999)."""
    import cv2

    small = min(1.0, MOST_CELLS / max(shape))
    size = (max(int(shape[0] * small), 8), max(int(shape[1] * small), 8))
    smoke = _carried(replace(path, px=path.px * small, radii_px=path.radii_px * small), size, rng)
    depth = cv2.resize(smoke, shape[::-1], interpolation=cv2.INTER_CUBIC)
    lump = max(float(np.median(path.radii_px)) * 0.5, 4.0)
    grain = warped(noise(shape, rng, lump), rng, lump, 0.3 * lump)
    depth = np.clip(depth / max(float(np.quantile(depth, 0.995)), 1e-6), 0, 2)
    fine = np.float32(rng.uniform(0.4, 1.4))
    depth = np.clip(depth * (1 + fine * (grain - 0.5)) - 0.12 * (1 - grain), 0, None)
    return swollen(depth.astype(np.float32), path, grain)


def _carried(path: Path, shape: tuple[int, int], rng: np.random.Generator) -> Field:
    """Density after 30 to 45 steps of wind, swirls that change twice, and spreading."""
    import cv2

    steps = int(rng.integers(30, 46))
    ways = _ways(path, shape, steps, rng)
    young = max(int(len(path.px) * rng.uniform(0.08, 0.5)), 1)
    blur = 0.5 * float(path.radii_px[-1]) * rng.uniform(0.3, 1.0) / np.sqrt(steps / 4)
    smoke: Field = np.zeros(shape, np.float32)
    for step in range(steps):
        k = int(rng.integers(young))
        r = max(float(path.radii_px[k]) * rng.uniform(0.5, 0.9), 1.3)
        add_ball(smoke, path.px[k] + rng.normal(0, 0.3, 2) * r, r, r * path.flat, float(rng.uniform(0.3, 1.0)))
        blown = cv2.remap(smoke, *ways[3 * step // steps], cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
        spread = cv2.GaussianBlur(blown, (0, 0), blur) if step % 4 == 3 and blur > 0.3 else blown
        smoke = np.asarray(spread, np.float32)
    return smoke


def _ways(path: Path, shape: tuple[int, int], steps: int, rng: np.random.Generator) -> list[Flow]:
    """Three maps, one for each third of the time: where the smoke of each cell was a step ago."""
    u, v = _wind(path, shape)
    speed = path.length_px * 1.15 / steps
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    swirls = [_swirl(shape, rng, float(np.median(path.radii_px)) * rng.uniform(1.0, 2.5)) for _ in range(3)]
    wild = np.float32(speed * rng.uniform(0.3, 0.8))
    return [(x - u * speed - sx * wild, y - v * speed - sy * wild) for sx, sy in swirls]


def _wind(path: Path, shape: tuple[int, int]) -> Flow:
    """A unit wind along the path everywhere, spreading as the path widens."""

    tangent = np.gradient(path.px, axis=0)
    tangent /= np.maximum(np.linalg.norm(tangent, axis=1, keepdims=True), 1e-6)
    opening = np.gradient(path.radii_px) / np.maximum(np.linalg.norm(np.gradient(path.px, axis=0), axis=1), 1e-3)
    y, x = np.mgrid[0 : shape[0] : 3, 0 : shape[1] : 3].astype(np.float32)
    u, v, near = (np.full(x.shape, 1e-6, np.float32) for _ in range(3))
    for at, t, r, wider in zip(path.px, tangent, path.radii_px, np.clip(opening, 0, 0.8), strict=True):
        dx, dy = (x - at[0]) / r, (y - at[1]) / r
        w = 1 / (0.3 + dx * dx + dy * dy) ** 2
        u += w * (t[0] + wider * dx * 0.7)
        v += w * (t[1] + wider * dy * 0.7)
        near += w
    return _fine(u / near, shape), _fine(v / near, shape)


def _fine(field: NDArray[np.floating], shape: tuple[int, int]) -> Field:
    import cv2

    return np.asarray(cv2.resize(field, shape[::-1], interpolation=cv2.INTER_LINEAR), np.float32)


def _swirl(shape: tuple[int, int], rng: np.random.Generator, lump: float) -> Flow:
    """A flow without sources of mean speed 1."""
    u, v = swirls(noise(shape, rng, max(lump, 5.0), 2), lump)
    mean = max(float(np.hypot(u, v).mean()), 1e-6)
    return np.asarray(u / mean, np.float32), np.asarray(v / mean, np.float32)
