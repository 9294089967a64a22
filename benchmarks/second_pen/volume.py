"""A cloud in three dimensions: a bent plume filled with fractal noise, marched along the camera's rays.

Its axis rises after Briggs' two-thirds law; its width grows linearly. Light is scattered once: what reaches a voxel is
what the voxels towards the sun leave over.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.second_pen.camera import Camera
from benchmarks.second_pen.values import Floats

CELLS = (72, 40, 40)  # along the wind, across it, up
STEPS = 36


@dataclass(frozen=True, slots=True)
class Plume:
    """Shape in its own lengths: 1 is its reach downwind."""

    rise: float  # height of the axis at the end
    width0: float
    growth: float
    lumps: float  # 0 smooth .. 1 torn
    wander: float


def noise3(rng: np.random.Generator, steepness: float) -> Floats:
    """Fractal noise over CELLS, mean 0, deviation 1: amplitudes that fall with the wave number's power."""
    waves = np.fft.fftn(rng.standard_normal(CELLS).astype(np.float32))
    k = np.sqrt(sum(np.square(f) for f in np.meshgrid(*(np.fft.fftfreq(n) for n in CELLS), indexing="ij")))
    k[0, 0, 0] = np.inf
    field = np.fft.ifftn(waves * k**-steepness).real
    return np.asarray((field / field.std()).astype(np.float32))


def cloud(plume: Plume, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Corners (2, 3) of the box it fills in its own lengths, and density CELLS; the source is at the origin."""
    wide = plume.width0 + plume.growth + plume.wander
    corners = np.array([[-0.06, -1.9 * wide, -0.02], [1.06, 1.9 * wide, plume.rise + 1.9 * wide]])
    x, y, z = np.meshgrid(*(np.linspace(a, b, n) for a, b, n in zip(*corners, CELLS, strict=True)), indexing="ij")
    along = np.clip(x, 0.002, 1)
    sigma = plume.width0 + plume.growth * along
    sway = plume.wander * along * np.sin(2 * np.pi * (along * rng.uniform(0.6, 1.8) + rng.random()))
    off = (y - sway) ** 2 + (z - plume.rise * along ** (2 / 3)) ** 2
    rough = noise3(rng, 1.9)
    off = off / sigma**2 * np.exp(-0.9 * plume.lumps * rough)
    torn = np.clip(1 + 1.1 * plume.lumps * rough, 0, None)
    ends = np.clip((x + 0.5 * plume.width0) / (0.5 * plume.width0), 0, 1) * np.clip((1.05 - x) / 0.5, 0, 1)
    return corners, (np.exp(-off) * (off < 4) * torn * ends * (plume.width0 / sigma) ** 1.5 * (z >= 0)).astype(
        np.float32
    )


def sunlit(filled: Floats, sun: Floats, thickness: float) -> Floats:
    """The share of sunlight 0..1 left at each voxel, for a cloud that is `thickness` optical depths thick.

    The way to the sun is taken along the axes, weighed by the sun's direction.
    """
    deep = np.zeros_like(filled)
    for axis in range(3):
        piled = np.cumsum(filled, axis=axis)
        rest = piled.take([-1], axis=axis) - piled if sun[axis] > 0 else piled
        deep += float(sun[axis] ** 2) * rest
    return np.asarray(np.exp(-thickness * deep / max(float(deep.max()), 1e-9)))


def marched(
    camera: Camera,
    at: Floats,
    turn_rad: float,
    length: float,
    corners: Floats,
    fields: tuple[Floats, Floats],
    pixels: tuple[Floats, Floats],
) -> tuple[Floats, Floats]:
    """Optical depth and mean light (both like the pixels) of a cloud (density, light) placed at a world point."""
    from scipy.ndimage import map_coordinates

    rays, start = _own(camera.rays(*pixels), turn_rad), _own(np.array([0, 0, 1.0]) - at, turn_rad) / length
    rays = rays / length
    with np.errstate(divide="ignore", invalid="ignore"):
        sides = np.sort((corners[:, None, None] - start) / rays, axis=0)
    near, far = np.maximum(sides[0].max(axis=-1), 0), sides[1].min(axis=-1)
    hit = far > near
    reach, rays, near = (far - near)[hit] / STEPS, rays[hit], near[hit]
    scale = (np.array(CELLS) - 1) / (corners[1] - corners[0])
    depth, light = np.zeros(pixels[0].shape), np.zeros(pixels[0].shape)
    at_steps = near[:, None] + reach[:, None] * (np.arange(STEPS) + 0.5)
    cells = ((start - corners[0]) + rays[:, None] * at_steps[..., None]) * scale
    dense, lit = (map_coordinates(f, np.moveaxis(cells, -1, 0), order=1) for f in fields)
    dense = dense * (reach * np.linalg.norm(rays, axis=1))[:, None]
    front = np.exp(-1.5 * np.cumsum(dense, axis=1) / max(float(dense.sum(axis=1).max(initial=0)), 1e-9))
    depth[hit] = dense.sum(axis=1)
    light[hit] = (dense * front * lit).sum(axis=1) / np.maximum((dense * front).sum(axis=1), 1e-9)
    return depth, light


def _own(vectors: Floats, turn_rad: float) -> Floats:
    """World vectors in axes whose first lies along the wind."""
    cos, sin = np.cos(turn_rad), np.sin(turn_rad)
    x, y, z = vectors[..., 0], vectors[..., 1], vectors[..., 2]
    return np.stack([x * cos + y * sin, -x * sin + y * cos, z], axis=-1)
