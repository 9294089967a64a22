"""What smoke and dust come from, drawn small and simple: chimneys, burning lines, vehicles, heaps, belts, diggers."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

from pipeline.sim.draw.paint import FIXED_BITS, any_of, blend, darkened, fixed_point, noise
from pipeline.sim.draw.plume_light import Light
from pipeline.sim.draw.values import Colour, Field, Floats, Image
from pipeline.sim.draw.view import View
from pipeline.types import Pixel

STACKS: tuple[Colour, ...] = ((1, 1, 1), (0.75, 0.85, 1), (0.6, 0.7, 1))  # grey, pale brick, brick; of white
BODIES: tuple[Colour, ...] = (
    (40, 150, 215), (60, 60, 180), (215, 215, 215), (190, 120, 60), (90, 90, 95), (50, 190, 230), (70, 110, 60),
)  # fmt: skip


def polygon(image: Image, corners: Floats, colour: Floats, soft_px: float = 0.45) -> Image:
    """A filled outline (N, 2), its edge as soft as a photo's."""
    where, alpha = _filled(image, corners, soft_px)
    out = image.copy()
    out[where] = blend(image[where], colour, alpha)
    return out


def dimmed(image: Image, corners: Floats, share: float) -> Image:
    """A shadow over an outline."""
    where, alpha = _filled(image, corners, 0.7)
    out = image.copy()
    out[where] = darkened(image[where], alpha * np.float32(share))
    return out


def _filled(image: Image, corners: Floats, soft_px: float) -> tuple[tuple[slice, slice], Field]:
    """The part of the picture about an outline, and how much of each of its pixels the outline covers."""
    import cv2

    h, w = image.shape[:2]
    low, high = np.floor(corners.min(axis=0)).astype(int) - 3, np.ceil(corners.max(axis=0)).astype(int) + 4
    (x0, y0), (x1, y1) = (np.clip(corner, 0, (w, h)).tolist() for corner in (low, high))
    where = (slice(y0, y1), slice(x0, x1))
    cover = np.zeros((y1 - y0, x1 - x0), np.uint8)
    if cover.size == 0:
        return where, cover.astype(np.float32)
    cv2.fillPoly(cover, [fixed_point(corners - (x0, y0))], 255, cv2.LINE_AA, FIXED_BITS)
    alpha = cv2.GaussianBlur(cover.astype(np.float32) / 255, (0, 0), soft_px)
    return where, np.where(alpha > 0.01, alpha, 0).astype(np.float32)


def disc(at: Pixel, rx: float, ry: float, turn_deg: float = 0.0, n: int = 20) -> Floats:
    angle = np.linspace(0, 2 * np.pi, n, endpoint=False)
    c, s = math.cos(math.radians(turn_deg)), math.sin(math.radians(turn_deg))
    x, y = rx * np.cos(angle), ry * np.sin(angle)
    return np.column_stack([at[0] + c * x - s * y, at[1] + s * x + c * y])


def chimney(image: Image, view: View, at: Pixel, height_m: float, light: Light, rng: np.random.Generator) -> Image:
    """A stack from the ground to its top, with its shadow; banded now and then."""
    top, scale = view.up(at, height_m), view.scale(at[1])
    wide = max(height_m * rng.uniform(0.02, 0.045) * scale, 1.2)
    thin = wide * rng.uniform(0.6, 0.9)
    tone = np.array(light.white) * rng.uniform(0.35, 0.9) * np.array(any_of(rng, STACKS))
    image = _pole_shadow(image, view, at, height_m, wide) if light.plain else image
    if math.hypot(top[0] - at[0], top[1] - at[1]) > 2:
        image = _trunk(image, np.array(at), np.array(top), (wide, thin), tone, rng)
    flat = max(math.cos(math.radians(view.tilt_deg)), 0.25)
    image = polygon(image, disc(top, max(thin, 1.0), max(thin * flat, 0.8)), tone * 0.9)
    return polygon(image, disc(top, 0.6 * max(thin, 1.0), 0.6 * max(thin * flat, 0.8)), tone * 0.2)


def _trunk(
    image: Image, foot: Floats, top: Floats, half_px: tuple[float, float], tone: Floats, rng: np.random.Generator
) -> Image:
    """The stack from the side, one half in its own shadow."""
    along = top - foot
    across = np.array([-along[1], along[0]]) / float(np.hypot(*along))
    low, high = across * half_px[0], across * half_px[1]
    image = polygon(image, np.array([foot - low, foot + low, top + high, top - high]), tone)
    image = polygon(image, np.array([foot, foot + low, top + high, top]), tone * 0.7)
    return _bands(image, foot, along, (low + high) / 2, tone) if rng.random() < 0.35 else image


def _shadow_tip(view: View, at: Pixel, height_m: float) -> Pixel:
    """Where the shadow of a point straight above the ground point falls."""
    throw, turn = height_m / math.tan(math.radians(view.sun_height_deg)), math.radians(view.shadow_deg)
    return view.along(at, throw * math.cos(turn), throw * math.sin(turn))


def _bands(image: Image, foot_px: Floats, along: Floats, half: Floats, tone: Floats) -> Image:
    red = np.array([0.35, 0.35, 1.0]) * float(tone.mean()) * 0.9
    for part in (0.62, 0.82):
        low, high = foot_px + along * part, foot_px + along * (part + 0.1)
        image = polygon(image, np.array([low - half, low + half, high + half, high - half]), red)
    return image


def _pole_shadow(image: Image, view: View, at: Pixel, height_m: float, wide: float) -> Image:
    start, end = np.array(at), np.array(_shadow_tip(view, at, height_m))
    along = end - start
    across = np.array([-along[1], along[0]]) / max(float(np.hypot(*along)), 1e-6) * wide * 0.8
    return dimmed(image, np.array([start - across, start + across, end + across, end - across]), 0.45)


def solid(
    image: Image, view: View, at: Pixel, size_m: tuple[float, float, float], turn_deg: float, tone: Floats, light: Light
) -> Image:
    """A box of length, width and height in metres on the ground, turned as seen from above, with its shadow."""
    c, s = math.cos(math.radians(turn_deg)), math.sin(math.radians(turn_deg))
    corners = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]]) * (size_m[0] / 2, size_m[1] / 2)
    ground = [view.along(at, c * x - s * y, s * x + c * y) for x, y in corners]
    low, high = np.array(ground), np.array([view.up(g, size_m[2]) for g in ground])
    if light.plain:
        cast = np.array([_shadow_tip(view, g, size_m[2]) for g in ground])
        image = dimmed(image, _hull(np.concatenate([low, cast])), 0.45)
    image = polygon(image, _hull(np.concatenate([low, high])), tone * 0.6)
    return polygon(image, high, tone)


def _hull(points: Floats) -> Floats:
    import cv2

    return cv2.convexHull(points.astype(np.float32))[:, 0].astype(np.float64)


def vehicle(
    image: Image, view: View, at: Pixel, long_m: float, turn_deg: float, light: Light, rng: np.random.Generator
) -> Image:
    """A lorry or a car that heads along `turn_deg`: its load behind, its cab in front."""
    body = np.array(any_of(rng, BODIES)) / 235 * np.array(light.white) * rng.uniform(0.6, 1.0)
    c, s = math.cos(math.radians(turn_deg)), math.sin(math.radians(turn_deg))
    wide, tall = long_m * rng.uniform(0.34, 0.45), long_m * rng.uniform(0.25, 0.42)
    back, front = (view.along(at, c * x * long_m, s * x * long_m) for x in (-0.16, 0.36))
    parts = [(back, (0.66 * long_m, wide, tall), body), (front, (0.27 * long_m, 0.95 * wide, tall * 0.95), body * 0.85)]
    for place, size, tone in sorted(parts, key=lambda part: part[0][1]):
        image = solid(image, view, place, size, turn_deg, tone, light)
    corners = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]]) * (0.28 * long_m, 0.38 * wide)
    bed = [view.up(view.along(back, c * x - s * y, s * x + c * y), tall) for x, y in corners]
    return polygon(image, np.array(bed), body * rng.uniform(0.35, 0.9))


def heap(
    image: Image, view: View, at: Pixel, size_m: tuple[float, float], colour: Colour, light: Light,
    rng: np.random.Generator,
) -> Image:  # fmt: skip
    """A cone of loose stuff, so wide and so high, lit on the side of the sun, and rough."""
    wide_px, flat = size_m[0] * view.scale(at[1]), max(math.cos(math.radians(view.tilt_deg)), 0.12)
    base = disc(at, wide_px / 2, wide_px / 2 * flat, n=40)
    base = at + (base - at) * (1 + _bumps(rng, 40, 0.1))[:, None]
    peak = np.array(view.up(at, size_m[1]))
    if light.plain:
        image = dimmed(image, _hull(np.vstack([base, _shadow_tip(view, at, size_m[1])])), 0.4)
    where, alpha = _filled(image, _hull(np.vstack([base, peak])), 0.7)
    if alpha.size == 0:
        return image
    y, x = np.mgrid[where].astype(np.float32)
    angle = np.arctan2((y - peak[1]) / flat, x - peak[0])
    lit = 0.82 + (0.28 if light.plain else 0.06) * np.cos(angle - math.radians(view.shadow_deg + 180))
    grain = noise(alpha.shape, rng, max(4.0, wide_px / 4), 6) + noise(alpha.shape, rng, 3.0, 2) - 0.5
    shade = (lit * (0.78 + 0.44 * grain))[..., None] * np.array(colour) / 255 * np.array(light.white)
    out = image.copy()
    out[where] = blend(image[where], shade, alpha)
    return out


def _bumps(rng: np.random.Generator, n: int, much: float) -> Floats:
    """(n,) smooth offsets around a closed outline."""
    angle = np.linspace(0, 2 * np.pi, n, endpoint=False)
    waves = (np.sin(k * angle + rng.uniform(0, 2 * np.pi)) / k for k in range(2, 8))
    return np.asarray(much * sum(waves, np.zeros(n)))


def belt(image: Image, view: View, at: Pixel, long_m: float, turn_deg: float, high_m: float, light: Light) -> Image:
    """A conveyor that comes up from `turn_deg` and ends above `at`."""
    c, s = math.cos(math.radians(turn_deg)), math.sin(math.radians(turn_deg))
    tail, head = np.array(view.along(at, c * long_m, s * long_m)), np.array(view.up(at, high_m))
    along = head - tail
    half = np.array([-along[1], along[0]]) / max(float(np.hypot(*along)), 1e-6)
    half = half * max(0.05 * long_m * view.scale(at[1]), 0.9)
    if light.plain:
        image = dimmed(image, np.array([tail - half, tail + half, np.array(at) + half, np.array(at) - half]), 0.35)
    white = np.array(light.white)
    image = polygon(image, np.array([tail - half, tail + half, head + half, head - half]), white * 0.55)
    return polygon(image, np.array([tail - half / 2, tail + half / 2, head + half / 2, head - half / 2]), white * 0.25)


def char(
    image: Image, line: Floats, wide_px: float, back: Floats, flames: float, light: Light, rng: np.random.Generator
) -> Image:
    """Burnt ground behind a line (N, 2), on its side `back` (2,), and fire on the line itself (0 none, 1 bright)."""
    import cv2

    h, w = image.shape[:2]
    deep = (
        wide_px
        * rng.uniform(0.5, 1.1, len(line))[:, None]
        * np.sin(np.linspace(0.15, np.pi - 0.15, len(line)))[:, None]
    )
    strip = np.concatenate([line, (line + back * deep)[::-1]])
    cover = np.zeros((h, w), np.uint8)
    cv2.fillPoly(cover, [fixed_point(strip)], 255, cv2.LINE_AA, FIXED_BITS)
    grain = noise((h, w), rng, max(6.0, 0.5 * wide_px), 5)
    soft = cv2.GaussianBlur(cover.astype(np.float32) / 255, (0, 0), max(0.12 * wide_px, 0.8))
    alpha = np.clip(soft * 1.6 - 1.5 * (grain - 0.3) - 0.15, 0, 0.9) * np.float32(rng.uniform(0.5, 1.0))
    image = blend(image, np.array(light.white) * 0.13, np.where(alpha > 0.01, alpha, 0).astype(np.float32))
    return flame_line(image, line, flames, rng) if flames > 0 else image


def flame_line(image: Image, line: Floats, flames: float, rng: np.random.Generator) -> Image:
    """Broken tongues of fire along a line."""
    import cv2

    cover = np.zeros(image.shape[:2], np.float32)
    for a, b in pairwise(line):
        if rng.random() < 0.6:
            start, end = fixed_point(np.array([a, b])).tolist()
            cv2.line(cover, start, end, float(rng.uniform(0.5, 1)), max(1, round(flames * 2)), cv2.LINE_AA, FIXED_BITS)
    glow = np.clip(cv2.GaussianBlur(cover, (0, 0), 0.5 + flames) * 1.6, 0, 1)
    hot = np.array([40.0, 130.0, 250.0]) + np.array([60, 90, 5]) * glow[..., None] ** 2
    return blend(image, hot, np.where(glow > 0.02, glow, 0).astype(np.float32))
