"""The light and the lens of a photo, as a panel that is put into it must meet them."""

from __future__ import annotations

import math

import numpy as np

from pipeline.sim.draw.paint import GAMMA, noise, shifted
from pipeline.sim.draw.values import Colour, Field, Image, as_colour
from pipeline.sim.draw.view import View

# Mean detail finer than 0.8 px over detail of 0.8 to 2 px, and the blur (Gaussian, px) that leaves a photo with it.
DETAIL = (0.3, 0.45, 0.58, 0.85, 1.1)
BLUR_PX = (1.7, 1.15, 0.8, 0.5, 0.3)


def sunlight(image: Image, rng: np.random.Generator) -> Colour:
    """Linear light that a white thing sends back in this picture, from what its ground sends and may reflect."""
    import cv2

    small = cv2.resize(image, (24, 24), interpolation=cv2.INTER_AREA).reshape(-1, 3).astype(np.float64) / 255
    mean = (small**GAMMA).mean(axis=0)
    grey = float(mean.mean()) / float(rng.uniform(0.1, 0.32))
    cast = ((mean + 1e-3) / (float(mean.mean()) + 1e-3)) ** float(rng.uniform(0, 0.25))
    cast = cast * np.array((1.06, 1.0, 0.96)) ** float(rng.uniform(-0.5, 2.5))
    return as_colour(np.clip(grey, 0.06, 1.3) * cast)


def reflecting(part: Image, lit: Colour) -> Colour:
    """What share of the light the ground sends back, on the mean over a part of the picture."""
    mean = ((part.astype(np.float32) / 255) ** GAMMA).reshape(-1, 3).mean(axis=0)
    return as_colour(np.clip(mean / np.array(lit), 0.01, 0.9))


def softness_px(image: Image) -> float:
    """How blurred a photo is, as the sigma of a Gaussian in pixels, judged by its detail."""
    import cv2

    h, w = image.shape[:2]
    middle = image[h // 2 - min(h, 320) // 2 : h // 2 + 160, w // 2 - min(w, 320) // 2 : w // 2 + 160]
    grey = cv2.cvtColor(middle, cv2.COLOR_BGR2GRAY).astype(np.float32)
    fine, coarse = cv2.GaussianBlur(grey, (0, 0), 0.8), cv2.GaussianBlur(grey, (0, 0), 2.0)
    ratio = float(np.abs(grey - fine).mean()) / max(float(np.abs(fine - coarse).mean()), 0.3)
    return float(np.interp(ratio, DETAIL, BLUR_PX))


def out_of_focus(four: Field, sigma_px: float, rng: np.random.Generator) -> Field:
    """As blurred as the photo; one in ten smeared by the flight besides, one in six with a lens's coloured edges."""
    import cv2

    seen = np.asarray(cv2.GaussianBlur(four, (0, 0), sigma_px), np.float32)
    if rng.random() < 0.1:
        smear = _smear(int(rng.integers(2, 6)), float(rng.uniform(0, math.pi)))
        seen = np.asarray(cv2.filter2D(seen, -1, smear), np.float32)
    if rng.random() < 0.17:
        off, turn = float(rng.uniform(0.2, 0.8)), float(rng.uniform(0, 2 * math.pi))
        for channel, way in ((0, off), (2, -off)):
            seen[..., channel] = shifted(seen[..., channel], way * math.cos(turn), way * math.sin(turn))
    return seen


def _smear(long_px: int, turn: float) -> Field:
    kernel = np.zeros((2 * long_px + 1, 2 * long_px + 1), np.float32)
    for s in np.linspace(-long_px / 2, long_px / 2, 4 * long_px):
        kernel[round(long_px + s * math.sin(turn)), round(long_px + s * math.cos(turn))] += 1
    return np.asarray(kernel / kernel.sum(), np.float32)


def shades(view: View, cover: Field, rng: np.random.Generator, flat: bool) -> Field:
    """Share of light that is missing: the panel's own thin shadow, and sometimes the shade of something tall."""
    import cv2

    shade = np.zeros_like(cover)
    long = 0.0 if flat else float(rng.uniform(0, 0.03)) * max(cover.shape)
    turn = math.radians(view.shadow_deg)
    if long > 0.3:
        cast = shifted(cover, math.cos(turn) * long, math.sin(turn) * long)
        shade = np.clip(cv2.GaussianBlur(cast, (0, 0), 0.4 + long / 3) - cover, 0, 1) * float(rng.uniform(0.2, 0.6))
    if rng.random() < 0.1 and min(cover.shape) > 16:
        shade = np.maximum(shade, _tree_shade(cover.shape, rng))
    return np.where(shade > 0.01, shade, 0).astype(np.float32)


def _tree_shade(shape: tuple[int, int], rng: np.random.Generator) -> Field:
    """Ragged shade over a part of the panel that ends within the window."""
    h, w = shape
    y, x = (v.astype(np.float32) for v in np.mgrid[-1 : 1 : h * 1j, -1 : 1 : w * 1j])
    at = rng.uniform(-0.7, 0.7, 2)
    off = np.hypot(x - at[0], y - at[1]) / float(rng.uniform(0.5, 1.1))
    ragged = (noise((h, w), rng, 0.5 * min(h, w), 5) - 0.5) * 1.6
    rim = np.clip(2.5 * (1 - np.maximum(np.abs(x), np.abs(y))), 0, 1)
    edge = np.clip((1 - off + ragged - 2 * (1 - rim)) * 7, 0, 1) * (rim > 0)
    return np.asarray(edge * float(rng.uniform(0.35, 0.65)), np.float32)
