"""Dense smoke as balls upon balls, the way a cauliflower is made."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.sim.draw.paint import noise
from pipeline.sim.draw.plume_field import Cloud, warped
from pipeline.sim.draw.plume_path import Path
from pipeline.sim.draw.values import Field, Floats


def lumps(path: Path, shape: tuple[int, int], rng: np.random.Generator) -> Cloud:
    """Balls upon balls, as in a cauliflower: opaque, with a surface to be lit."""
    import cv2

    height, depth = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    for ball in _florets(path, rng):
        _raise_ball(height, depth, ball)
    lump = max(float(np.median(path.radii_px)) * 0.6, 5.0)
    grain = warped(noise(shape, rng, lump), rng, lump, 0.3 * lump)
    billow = np.abs(2 * noise(shape, rng, 0.8 * lump, 2) - 1)  # round, with sharp creases
    frayed = np.float32(rng.uniform(0.15, 0.7))
    depth = warped(depth, rng, 0.5 * lump, 0.12 * lump)
    rough = height + (grain - 0.5) * np.float32(0.3 * lump) + billow * np.float32(rng.uniform(0, 0.45) * lump)
    surface = np.asarray(cv2.GaussianBlur(rough, (0, 0), max(0.04 * lump, 0.6)), np.float32)
    return Cloud(np.clip(depth * (1 + 0.8 * (grain - 0.5)) - frayed * (1 - grain), 0, None), surface)


@dataclass(frozen=True, slots=True)
class Ball:
    """at (2,) and radius in cells, `z` how much nearer to the camera its centre lies than the plume's middle."""

    at: Floats
    z: float
    radius: float
    much: float


def _florets(path: Path, rng: np.random.Generator) -> list[Ball]:
    """Some big balls at each step, smaller ones on their skins."""
    out = []
    step = np.gradient(path.px, axis=0)
    for at, r, much, ahead in zip(path.px, path.radii_px, path.weight, step, strict=True):
        for _ in range(3):
            big = float(r * rng.uniform(0.35, 0.8))
            off = rng.uniform(-1, 1, 2) * max(r - 0.6 * big, 0) * (1, path.flat)
            core = Ball(at + ahead * rng.uniform(-1, 1) + off, float(rng.uniform(-0.3, 0.5) * r), big, float(much))
            out += [core, *(_on_skin(core, rng) for _ in range(5))]
    return out


def _on_skin(core: Ball, rng: np.random.Generator) -> Ball:
    angle, part = rng.uniform(0, 2 * np.pi), float(rng.uniform(0.25, 1.0))
    at = core.at + np.array([np.cos(angle), np.sin(angle)]) * core.radius * part
    z = core.z + core.radius * (0.8 * float(np.sqrt(1 - part * part)))
    return Ball(at, z, core.radius * float(rng.uniform(0.22, 0.5)), core.much)


def _raise_ball(height: Field, depth: Field, ball: Ball) -> None:
    """Let a ball stand out of the surface and thicken the smoke, in place."""
    (cx, cy), r = ball.at, ball.radius
    x0, x1 = max(int(cx - r), 0), min(int(cx + r) + 2, height.shape[1])
    y0, y1 = max(int(cy - r), 0), min(int(cy + r) + 2, height.shape[0])
    if x1 <= x0 or y1 <= y0 or r < 0.5:
        return
    dx = (np.arange(x0, x1, dtype=np.float32) - np.float32(cx)) / np.float32(r)
    dy = (np.arange(y0, y1, dtype=np.float32) - np.float32(cy)) / np.float32(r)
    inside = np.clip(1 - dx[None] ** 2 - dy[:, None] ** 2, 0, 1)
    patch = height[y0:y1, x0:x1]
    surface = np.where(inside > 0, ball.z + np.sqrt(inside) * np.float32(r), patch)
    np.maximum(patch, surface, out=patch)
    depth[y0:y1, x0:x1] += inside * np.float32(ball.much)
