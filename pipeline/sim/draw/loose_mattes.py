"""Mattes of loosely drawn plumes: an outline of some family, broken up by some noise, on a square plane."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from pipeline.sim.draw.paint import any_of
from pipeline.sim.draw.values import Field

Floats32 = NDArray[np.float32]
GUARD = 0.15  # of the half plane, over which a matte fades out towards the plane's edge
LEVELS = 5  # of sizes of discs in a heap
EDGES = (0.3, 1.6)  # how wide an edge is, in half widths of what it ends: nothing in the air ends as paint does
BLUR = (0.004, 0.03)  # of the plane's side


def between(rng: np.random.Generator, low: float, high: float) -> float:
    return float(rng.uniform(low, high))


def log_between(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def spread(field: NDArray[np.floating]) -> Field:
    """The field from 0 to 1."""
    low, high = float(field.min()), float(field.max())
    return np.asarray((field - low) / max(high - low, 1e-6), np.float32)


def fractal(side: int, rng: np.random.Generator, ridged: bool = False) -> Field:
    """(side, side) noise 0..1 of 2 to 7 octaves, longer one way than the other; `ridged` has creases."""
    import cv2

    keep, stretch, cells = between(rng, 0.3, 0.8), log_between(rng, 0.3, 3), log_between(rng, 1.5, 6)
    total = np.zeros((side, side), np.float32)
    for octave in range(int(rng.integers(2, 8))):
        across, down = (min(side, max(2, round(cells * 2**octave * s))) for s in (stretch, 1 / stretch))
        grid = rng.random((down + 2, across + 2)).astype(np.float32)
        one = cv2.resize(grid, (side, side), interpolation=cv2.INTER_CUBIC)
        total += (np.abs(one - 0.5) * 2 if ridged else one) * keep**octave
    return spread(total)


def matte(family: str, side: int, rng: np.random.Generator) -> Field:
    """(side, side) of 0..1, its source at the left and its tail to the right; nothing at the plane's edge."""
    import cv2

    axis = (np.arange(side, dtype=np.float32) + 0.5) * 2 / side - 1
    x, y = np.meshgrid(axis, axis)
    warp = between(rng, 0, 0.5) * (rng.random() < 0.7)
    bent = [np.asarray(v + warp * (fractal(side, rng) - 0.5), np.float32) for v in (x, y)]
    outline = FAMILIES[family](bent[0], bent[1], rng)
    broken = _broken(outline, rng)
    if rng.random() < 0.5:
        broken *= 1 - between(rng, 0.2, 0.9) * np.clip((x + 0.8) / 1.6, 0, 1)
    fade = np.clip((1 - np.abs(x)) / GUARD, 0, 1) * np.clip((1 - np.abs(y)) / GUARD, 0, 1)
    full = np.asarray(broken * fade, np.float32)
    full[:] = cv2.GaussianBlur(full, (0, 0), max(0.5, side * log_between(rng, *BLUR)))
    if rng.random() < 0.8:  # a plume is seldom even: fine lumps on what is left
        full *= 1 - between(rng, 0.1, 0.6) * fractal(side, rng)
    return np.asarray(np.clip(full / max(float(np.quantile(full, 0.995)), 1e-3), 0, 1), np.float32)


def _broken(outline: Field, rng: np.random.Generator) -> Field:
    """An outline with noise in it: as clear as it was, thinner in places, or torn at its edge."""
    how = any_of(rng, ("clear", "thinned", "torn", "torn", "thinned"))
    if how == "clear":
        return np.asarray(outline ** between(rng, 0.5, 2), np.float32)
    noise = fractal(outline.shape[0], rng, bool(rng.random() < 0.4))
    noise = 1 - noise if rng.random() < 0.5 else noise
    if how == "thinned":
        return np.asarray(outline * (1 - between(rng, 0.2, 1) * noise) ** between(rng, 0.6, 2), np.float32)
    torn = outline + between(rng, 0.3, 1) * (noise - 0.5) - between(rng, 0.2, 0.45)
    hard = log_between(rng, *EDGES)
    return np.asarray(np.clip(torn / hard, 0, 1) * np.clip(outline * 8, 0, 1), np.float32)


def _edge(inside: NDArray[np.floating], rng: np.random.Generator) -> Field:
    """From how far inside (1 in the middle, 0 at the edge) to a matte, hard or soft."""
    return np.asarray(np.clip(inside / log_between(rng, *EDGES), 0, 1), np.float32)


def _ellipse(x: Field, y: Field, rng: np.random.Generator) -> Field:
    flat = between(rng, 0.3, 0.8)
    return _edge(1 - np.hypot(x / 0.85, y / flat), rng)


def _blob(x: Field, y: Field, rng: np.random.Generator) -> Field:
    """A round outline that goes in and out with its angle."""
    angle, radius = np.arctan2(y, x), np.full(x.shape, 0.65, np.float32)
    for n in range(2, int(rng.integers(3, 8))):
        radius += between(rng, 0, 0.25) / n * np.cos(n * angle + between(rng, 0, 6.3))
    return _edge(1 - np.hypot(x, y) / radius, rng)


def _along(x: Field) -> Field:
    return np.asarray(np.clip((x + 0.85) / 1.7, 0, 1), np.float32)


def _cone(x: Field, y: Field, rng: np.random.Generator) -> Field:
    t = _along(x)
    wide = between(rng, 0.02, 0.15) + between(rng, 0.2, 0.65) * t ** between(rng, 0.4, 1.8)
    return np.asarray(_edge(1 - np.abs(y) / wide, rng) * (x > -0.85), np.float32)


def _ribbon(x: Field, y: Field, rng: np.random.Generator) -> Field:
    """A band that winds more and grows wider the farther it goes."""
    t = _along(x)
    middle = between(rng, -0.5, 0.5) * t**2 + between(rng, 0, 0.3) * t * np.sin(between(rng, 2, 14) * t)
    wide = between(rng, 0.03, 0.1) + between(rng, 0.05, 0.35) * t
    return np.asarray(_edge(1 - np.abs(y - middle) / wide, rng) * (x > -0.85), np.float32)


def _mushroom(x: Field, y: Field, rng: np.random.Generator) -> Field:
    """A narrow stem under a wide head."""
    at, half = between(rng, 0.1, 0.5), between(rng, 0.3, 0.5)
    stem = 1 - np.abs(y) / (between(rng, 0.05, 0.2) + 0.1 * _along(x))
    head = 1 - np.hypot((x - at) / half, y / min(0.85, half * between(rng, 1, 1.8)))
    return _edge(np.maximum(np.where((x > -0.85) & (x < at), stem, 0), head), rng)


def _veil(x: Field, y: Field, rng: np.random.Generator) -> Field:
    """Low and long, with a straight foot or none."""
    tall = between(rng, 0.1, 0.4)
    up = np.where(y > 0, y / (tall * between(rng, 0.1, 1)), -y / tall)
    return np.asarray(_edge(1 - up, rng) * np.clip((0.9 - np.abs(x)) / between(rng, 0.05, 0.5), 0, 1), np.float32)


def _arc(x: Field, y: Field, rng: np.random.Generator) -> Field:
    """What a wheel or a gust throws up: part of a ring, wider at one end."""
    radius, angle = between(rng, 0.4, 0.65), np.arctan2(y, x)
    reach = between(rng, 0.8, 2.8)
    wide = 0.08 + between(rng, 0.05, 0.25) * np.clip(angle / reach + 0.5, 0, 1)
    return np.asarray(_edge(1 - np.abs(np.hypot(x, y) - radius) / wide, rng) * (np.abs(angle) < reach), np.float32)


def _cloudlets(x: Field, y: Field, rng: np.random.Generator) -> Field:
    """Noise over a level, within a wide soft ellipse."""
    noise = fractal(x.shape[0], rng)
    return np.asarray(np.clip((noise - between(rng, 0.3, 0.5)) * 4, 0, 1) * _ellipse(x, y, rng), np.float32)


def _walked(x: Field, y: Field, rng: np.random.Generator) -> Field:
    """Discs along a random walk that drifts to the right, the later the larger."""
    count = round(log_between(rng, 10, 400))
    t = np.linspace(0, 1, count)
    drift = np.cumsum(rng.normal(0, 1, count)) / np.sqrt(count) * between(rng, 0.1, 0.4)
    grown = 0.03 + between(rng, 0.05, 0.25) * t ** between(rng, 0.5, 1.5)
    return _heap(x.shape[0], np.stack((-0.8 + 1.4 * t, drift * t + rng.normal(0, 0.4, count) * grown)), grown, rng)


def _fanned(x: Field, y: Field, rng: np.random.Generator) -> Field:
    count = round(log_between(rng, 10, 400))
    t, angle = np.sqrt(rng.random(count)), rng.normal(0, between(rng, 0.1, 0.5), count)
    at = np.stack((-0.8 + 1.5 * t * np.cos(angle), 1.5 * t * np.sin(angle)))
    return _heap(x.shape[0], at, 0.03 + between(rng, 0.05, 0.2) * t, rng)


def _clustered(x: Field, y: Field, rng: np.random.Generator) -> Field:
    count = round(log_between(rng, 10, 400))
    wide, tall = between(rng, 0.15, 0.35), between(rng, 0.08, 0.3)
    at = np.stack((rng.normal(0, wide, count), rng.normal(0, tall, count)))
    return _heap(x.shape[0], at, rng.uniform(0.03, between(rng, 0.08, 0.25), count), rng)


def _heap(side: int, at: NDArray[np.floating], radius: NDArray[np.floating], rng: np.random.Generator) -> Field:
    """Soft discs about `at` (2, n), of much the same size in each of `LEVELS`; they add up like depth."""
    import cv2

    total = np.zeros((side, side), np.float32)
    cells = np.clip((at + 1) / 2 * side, 0, side - 1).astype(int)
    for part in np.array_split(np.argsort(radius, kind="stable"), LEVELS):
        if len(part):
            dots = np.zeros((side, side), np.float32)
            np.add.at(dots, (cells[1, part], cells[0, part]), np.float32(1))
            sigma = max(0.7, float(radius[part].mean()) * side / 4)
            total += cv2.GaussianBlur(dots, (0, 0), sigma) * np.float32(2 * np.pi * sigma**2)
    return np.asarray(1 - np.exp(-total * between(rng, 0.5, 2.5)), np.float32)


def _threads(x: Field, y: Field, rng: np.random.Generator) -> Field:
    """Strands from one place, each carried its own way, softened."""
    import cv2

    side, t = x.shape[0], np.linspace(0, 1, 24)
    canvas = np.zeros((side, side), np.float32)
    fan = between(rng, 0.1, 0.6)
    for _ in range(int(rng.integers(3, 30))):
        sway = np.cumsum(rng.normal(0, 1, 24)) / 5 * between(rng, 0, 0.4)
        points = np.stack((-0.8 + 1.5 * t, (between(rng, -fan, fan) + sway) * t), axis=1)
        one = np.zeros_like(canvas)
        wide = max(1, round(side * between(rng, 0.01, 0.07)))
        cv2.polylines(one, [np.int32(np.round((points + 1) * side * 8))], False, 1.0, wide, cv2.LINE_8, 4)  # type: ignore[list-item]
        canvas += one * np.float32(between(rng, 0.2, 1))
    soft = cv2.GaussianBlur(canvas, (0, 0), max(0.8, side * between(rng, 0.01, 0.05)))
    return np.asarray(np.clip(soft, 0, 1), np.float32)


FAMILIES: Mapping[str, Callable[[Field, Field, np.random.Generator], Field]] = {
    "ellipse": _ellipse,
    "blob": _blob,
    "cone": _cone,
    "ribbon": _ribbon,
    "mushroom": _mushroom,
    "veil": _veil,
    "arc": _arc,
    "cloudlets": _cloudlets,
    "walked": _walked,
    "fanned": _fanned,
    "clustered": _clustered,
    "threads": _threads,
}
