"""Water that moves: ripples that the current carries on, others that are new in every photo, and the sun's glint.

Nothing on the water stays where it was, so that whoever matches two photos there is wrong.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.sim.canvas import SUN, Canvas, Picture
from pipeline.sim.noise import stream
from pipeline.sim.space import Floats
from pipeline.sim.truth import Truth

Field = NDArray[np.float32]

SIDE, RES_M = 4096, 0.05  # of a tile: 205 m, more than two photos that overlap see, without a seam
CARRIED_M, NEW_M = (2.4, 1.1), (1.5, 0.6, 0.3)  # wavelengths
CURRENT_MPS = (0.5, 1.5)
DEPTH = 0.15  # of the light and dark of the waves, one sigma of either part
GLINT_DEG = 11.0  # how far from the mirror's direction the waves throw the sun
GLINT = 90.0
SPARKLE_OVER = 1.2


@dataclass(frozen=True, slots=True, eq=False)
class Ripples:
    """The water of one flight. `flow_mps`: along and to the right of the canvases' heading."""

    carried: Field
    new: Field
    flow_mps: tuple[float, float]


def draw_ripples(truth: Truth) -> Ripples:
    """Waves and current of a flight; the water flows against the river's heading, which is where it rises."""
    rng = stream(truth.config, "ripples")
    a = np.radians(truth.river.heading_deg + 180 - truth.plan.heading_deg)
    speed = rng.uniform(*CURRENT_MPS)
    flow = float(speed * np.cos(a)), float(speed * np.sin(a))
    return Ripples(_waves(CARRIED_M, rng), _waves(NEW_M, rng), flow)


def _waves(lengths_m: tuple[float, ...], rng: np.random.Generator) -> Field:
    """(SIDE, SIDE) of mean 0 and σ 1: noise about a few wavelengths, coming mostly from one side."""
    fx, fy = np.fft.rfftfreq(SIDE, RES_M)[None], np.fft.fftfreq(SIDE, RES_M)[:, None]
    noise = np.fft.rfft2(rng.standard_normal((SIDE, SIDE)))
    wind, per_m = rng.uniform(0, np.pi), np.hypot(fx, fy)
    spread = 0.4 + np.cos(np.arctan2(fy, fx) - wind) ** 2
    band = sum(np.exp(-0.5 * ((per_m * length - 1) / 0.35) ** 2) * length for length in lengths_m)
    out = np.fft.irfft2(noise * spread * band, s=(SIDE, SIDE))
    return np.asarray(out / out.std(), np.float32)


def ripple(
    ripples: Ripples, truth: Truth, photo: int, seen: Picture, canvas: Canvas, x: Field, y: Field, mirror: Field
) -> None:
    """Change what a photo sees of the water. `x`, `y`: (h, w) canvas pixels; `mirror`: (h, w) as `mirror` gives it."""
    if canvas.water is None:
        return
    wet = cv2.remap(canvas.water, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    left, top, width, height = cv2.boundingRect(wet)
    if not width:
        return
    part = slice(top, top + height), slice(left, left + width)
    share = wet[part].astype(np.float32)[..., None] / 255
    waves = _at(ripples, truth, photo, canvas, x[part], y[part])
    sparkle = np.maximum(waves - np.float32(SPARKLE_OVER), 0) * mirror[part] * np.float32(GLINT)
    here = seen[part].astype(np.float32)
    there = here * (1 + np.float32(DEPTH) * waves[..., None]) + sparkle[..., None]
    seen[part] = np.clip(here + (there - here) * share, 0, 255)


def _at(ripples: Ripples, truth: Truth, photo: int, canvas: Canvas, x: Field, y: Field) -> Field:
    """(h, w) the waves at canvas pixels, at the moment of the photo: σ about 1.4."""
    shot = int(truth.shot[photo])
    t_s = (truth.plan.t_ns[shot] - truth.plan.t_ns[0]) / 1e9
    anew = np.random.default_rng([truth.config.seed, photo, SIDE]).uniform(0, SIDE * RES_M, 2)
    gone = np.array(ripples.flow_mps) * t_s
    return _look(ripples.carried, canvas, x, y, -gone) + _look(ripples.new, canvas, x, y, anew)


def _look(tile: Field, canvas: Canvas, x: Field, y: Field, shift_m: Floats) -> Field:
    """A tile laid over the ground again and again, moved by a shift."""
    scale = canvas.res_m / RES_M
    # Whole tiles are taken off in double precision, so that kilometres away nothing is rounded.
    off = [float((start + shift) / RES_M % SIDE) for start, shift in zip(canvas.start_m, shift_m, strict=True)]
    u, v = (_wrapped(np.float32(scale) * c + np.float32(o)) for c, o in zip((x, y), off, strict=True))
    return np.asarray(cv2.remap(tile, u, v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP), np.float32)


def _wrapped(c: Field) -> Field:
    """Into one tile; faster than np.mod."""
    return np.asarray(c - np.float32(SIDE) * np.floor(c / np.float32(SIDE)), np.float32)


def mirror(rays: Floats) -> Floats:
    """(N,) how much of the sun level water throws back along (N, 3) rays in world axes, 0 to 1."""
    sun = SUN / np.linalg.norm(SUN)
    off_deg = np.degrees(np.arccos(np.clip((rays * [1, 1, -1]) @ sun, -1, 1)))
    out: Floats = 0.03 + 0.97 * np.exp(-0.5 * (off_deg / GLINT_DEG) ** 2)
    return out
