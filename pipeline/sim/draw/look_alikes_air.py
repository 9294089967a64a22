"""What looks like smoke and comes from nowhere: clouds, fog, haze, spray, glints."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from pipeline.sim.draw.look_alikes_kit import Decoy, blob, grain, ground, lumps, metres, spot, sunlit
from pipeline.sim.draw.paint import FIXED_BITS, any_of, blend, darkened, fixed_point
from pipeline.sim.draw.values import Field, Image
from pipeline.sim.draw.view import View
from pipeline.types import Pixel

WATERS = ((92, 88, 66), (70, 74, 60), (108, 104, 84), (118, 104, 72), (84, 76, 62))


def cloud(image: Image, view: View, rng: np.random.Generator) -> Image:
    """Heaps of cloud between camera and ground or along the horizon: large, cut by the border, no root."""
    shape, side = image.shape[:2], min(image.shape[:2])
    body = lumps(shape, rng, side * float(rng.uniform(0.7, 1.6)), 5)
    if view.tilt_deg > 30:
        line = max(view.horizon_px / shape[0], 0.0) + float(rng.uniform(0.1, 0.3))
        body = body - np.clip((np.linspace(0, 1, shape[0], dtype=np.float32)[:, None] - line) * 1.5, -0.3, 1)
    else:
        body = body + _slope(shape, rng) * float(rng.uniform(0.1, 0.4))
    level = float(np.quantile(body, rng.uniform(0.2, 0.85)))
    thick = (body - level) * float(rng.uniform(4, 12))
    cover = np.clip(1 - np.exp(-np.clip(thick, 0, None)), 0, 0.97) * float(rng.uniform(0.55, 1.0))
    tone = np.array((238.0, 234.0, 230.0), np.float32) * _lit_from(thick, rng, 0.12)[..., None] * _bright(image, 1.25)
    return blend(image, tone, cover.astype(np.float32))


def _slope(shape: tuple[int, int], rng: np.random.Generator) -> Field:
    """From -1 to 1 across the picture some way: what has it added comes in from the border."""
    turn = float(rng.uniform(0, 2 * math.pi))
    y, x = (np.linspace(-1, 1, n, dtype=np.float32) for n in shape)
    return np.asarray(x[None, :] * math.cos(turn) + y[:, None] * math.sin(turn), np.float32)


def cloud_shadow(image: Image, view: View, rng: np.random.Generator) -> Image:
    """Dark ground with soft edges, its texture left as it was."""
    side = min(image.shape[:2])
    body = lumps(image.shape[:2], rng, side * float(rng.uniform(0.5, 1.0)), 4)
    level = float(np.quantile(body, rng.uniform(0.3, 0.7)))
    return darkened(image, np.clip((body - level) * rng.uniform(6, 20), 0, 1) * np.float32(rng.uniform(0.25, 0.6)))


def haze(image: Image, view: View, rng: np.random.Generator) -> Image:
    """A veil that thickens with distance, the same all along a row; straight down a thin even one."""
    h, w = image.shape[:2]
    rows = np.arange(h, dtype=np.float32)[:, None]
    top = view.horizon_px if view.tilt_deg > 30 else -float(rng.uniform(0.5, 3)) * h
    away = np.clip(float(rng.uniform(0.05, 0.3)) * h / np.maximum(rows - top, 0.02 * h), 0, 3)
    uneven = 1 + (lumps((h, w), rng, 0.9 * max(h, w), 2) - 0.5) * 0.25
    cover = np.clip(1 - np.exp(-away * uneven), 0.05, 0.92).astype(np.float32)
    tone = np.array(any_of(rng, ((226, 218, 208), (214, 214, 212), (200, 206, 212)))) * _bright(image, 1.1)
    return blend(image, tone * rng.uniform(0.85, 1.05), cover)


def fog(image: Image, view: View, rng: np.random.Generator) -> Image:
    """A patchy veil that lies in the hollows: wide soft banks, no edge that is sharper on one side."""
    shape = image.shape[:2]
    flat = max(math.cos(math.radians(view.tilt_deg)), 0.25)
    tall = lumps((int(shape[0] / flat) + 1, shape[1]), rng, min(shape) * float(rng.uniform(0.5, 1.0)), 3)
    bank = _squeezed(tall, shape)
    depth = np.clip(bank - rng.uniform(0.25, 0.5), 0, 1) * rng.uniform(1.0, 5)
    cover = np.clip(1 - np.exp(-depth), 0.03, 0.93).astype(np.float32)
    tone = np.array((226.0, 224.0, 220.0), np.float32) * _bright(image, 1.1) * rng.uniform(0.85, 1.05)
    return blend(image, tone, cover)


def glint(image: Image, view: View, rng: np.random.Generator) -> Image:
    """Sun on ripples: countless sparkles that run together to blown white in the middle of a path."""
    import cv2

    shape, side = image.shape[:2], min(image.shape[:2])
    at = (shape[1] * float(rng.uniform(0, 1)), shape[0] * float(rng.uniform(0, 1)))
    wide = side * float(rng.uniform(0.08, 0.35))
    image = _wet(image, rng, at, 2.5 * wide) if rng.random() < 0.7 else image
    body = blob(shape, rng, at, (wide, wide * float(rng.uniform(1, 3))), 0.8)
    size = float(rng.uniform(1.2, 3.5)) * side / 320
    rough = grain(shape, rng, max(1.0, size))
    waves = np.asarray(cv2.GaussianBlur(rough, (0, 0), 0.6 + size * 0.5, sigmaY=0.5 + size * 0.2), np.float32)
    waves = waves / max(float(waves.std()), 1e-6)
    bright = np.clip((waves - 2.6 + 2.8 * np.clip(body + 0.3, 0, 1)) * 1.6, 0, 1) * np.clip(body * 2 + 0.6, 0, 1)
    halo = cv2.GaussianBlur(bright, (0, 0), 2 + 3 * size) * 0.35
    tone = np.array((250.0, 252.0, 255.0), np.float32) * rng.uniform(0.88, 1.0)
    return blend(image, tone, np.clip(bright + halo, 0, 1).astype(np.float32))


def steam_pond(image: Image, view: View, rng: np.random.Generator) -> Image:
    """A pond with mist evenly over its whole surface: the mist has no one place that it rises from."""
    shape = image.shape[:2]
    at = spot(view, rng)
    radius = metres(view, at, float(rng.uniform(5, 60)), 0.12, 0.5) * view.scale(at[1])
    flat = max(math.cos(math.radians(view.tilt_deg)), 0.25)
    body = blob(shape, rng, at, (radius, radius * flat * float(rng.uniform(0.6, 1.0))), 0.45)
    tone = np.array(any_of(rng, WATERS), np.float32) * _bright(image, 0.9)
    ripples = (lumps(shape, rng, 10, 2)[..., None] - 0.5) * 10
    pond = blend(image, tone + ripples, np.clip(body * radius / 3, 0, 1).astype(np.float32))
    even = np.clip(1.15 * lumps(shape, rng, 0.4 * radius + 6, 4) + float(rng.uniform(-0.25, 0.25)), 0.05, 1)
    mist = np.clip((body + 0.05) * 3.5, 0, 1) * even * float(rng.uniform(0.35, 1.0))
    return blend(
        pond,
        np.array((224.0, 222.0, 218.0), np.float32) * _bright(image, 1.1),
        np.clip(mist, 0, 0.9).astype(np.float32),
    )


def lens_flare(image: Image, view: View, rng: np.random.Generator) -> Image:
    """A veil from a corner and a row of pale discs through the middle of the picture."""
    import cv2

    h, w = image.shape[:2]
    turn = float(rng.uniform(0, 2 * math.pi))
    sun = np.array((w / 2 + math.cos(turn) * 0.7 * w, h / 2 + math.sin(turn) * 0.7 * h))
    y, x = np.mgrid[:h, :w].astype(np.float32)
    glow = np.exp(-np.hypot(x - sun[0], y - sun[1]) / (max(h, w) * float(rng.uniform(0.15, 0.5))))
    light = glow[..., None] * np.array((215.0, 235.0, 255.0), np.float32) * float(rng.uniform(0.4, 1.0))
    for _ in range(int(rng.integers(2, 7))):
        share, radius = float(rng.uniform(0.3, 2.0)), min(h, w) * float(rng.uniform(0.02, 0.14))
        at = sun + (np.array((w / 2, h / 2)) - sun) * share
        disc = _aperture((h, w), at, radius, rng)
        light += disc[..., None] * rng.uniform(15, 80) * rng.uniform(0.5, 1.0, 3).astype(np.float32)
    return np.asarray(cv2.add(image, np.clip(light + 0.5, 0, 255).astype(np.uint8)), np.uint8)


def spray(image: Image, view: View, rng: np.random.Generator) -> Image:
    """White water: broken lines of foam with lace behind them and a little spray."""
    shape, side = image.shape[:2], min(image.shape[:2])
    at, turn = spot(view, rng), float(rng.uniform(0, 180))
    land = ground(view, at, turn)
    image = _wet(image, rng, at, side * float(rng.uniform(0.4, 1.2))) if rng.random() < 0.7 else image
    side_m = side / view.scale(at[1])
    sway = (lumps(shape, rng, 0.5 * side, 3) - 0.5) * side_m * 0.5
    pitch = side_m * float(rng.uniform(0.25, 0.8))
    phase = np.mod((land.across + sway) / pitch, 1)
    crest = np.exp(-phase / float(rng.uniform(0.05, 0.25))) * np.clip(phase * 25, 0, 1)
    lace = 1 - np.abs(lumps(shape, rng, side * float(rng.uniform(0.04, 0.12)), 4) - 0.5) * 6
    stretch = np.clip((lumps(shape, rng, 0.6 * side, 2) - rng.uniform(0.3, 0.5)) * 6, 0, 1)
    reach = np.clip(2.2 - np.hypot(land.across, land.along) / (side_m * float(rng.uniform(0.2, 0.5))), 0, 1)
    foam = np.clip(crest * 1.6 + lace * 0.7 - 0.75 + 0.25 * grain(shape, rng), 0, 1) * stretch * reach * land.land
    tone = np.array((246.0, 244.0, 240.0), np.float32) * _bright(image, 1.2)
    return blend(image, tone, np.clip(foam * 1.4, 0, 0.96).astype(np.float32))


def contrail(image: Image, view: View, rng: np.random.Generator) -> Image:
    """A soft band of even width from border to border; straight down only its shadow can be seen."""
    shape, side = image.shape[:2], min(image.shape[:2])
    oblique = view.tilt_deg > 30
    at = (shape[1] * float(rng.uniform(0.1, 0.9)), shape[0] * float(rng.uniform(0.05, 0.5 if oblique else 0.95)))
    turn = float(rng.uniform(-0.5, 0.5) if oblique else rng.uniform(0, math.pi))
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    off = (y - at[1]) * np.float32(math.cos(turn)) - (x - at[0]) * np.float32(math.sin(turn))
    wide = side * float(rng.uniform(0.012, 0.06))
    off = (off + (lumps(shape, rng, 0.12 * side, 4) - 0.5) * wide * 1.5) / wide
    cover = np.exp(-(off * off)) * (0.35 + lumps(shape, rng, 0.25 * side, 3)) * float(rng.uniform(0.5, 1.0))
    cover = np.where(cover > 0.01, np.clip(cover, 0, 0.95), 0).astype(np.float32)
    if not oblique:
        return darkened(image, cover * np.float32(0.5))
    return blend(image, np.array((245.0, 242.0, 240.0), np.float32) * _bright(image, 1.25), cover)


def _lit_from(thick: Field, rng: np.random.Generator, relief: float) -> Field:
    """Light on lumps from one side, from the slope of how thick they are."""
    import cv2

    soft = cv2.GaussianBlur(thick.astype(np.float32), (0, 0), 2 + 0.01 * min(thick.shape))
    turn = float(rng.uniform(0, 2 * math.pi))
    slope = cv2.Sobel(soft, cv2.CV_32F, 1, 0) * math.cos(turn) + cv2.Sobel(soft, cv2.CV_32F, 0, 1) * math.sin(turn)
    return np.asarray(1 + relief * np.tanh(slope * 2) - relief * np.clip(thick / 4, 0, 0.8), np.float32)


def _wet(image: Image, rng: np.random.Generator, at: Pixel, radius: float) -> Image:
    """Water about a point, rippled, out to a ragged shore."""
    shape = image.shape[:2]
    cover = np.clip(blob(shape, rng, at, (radius, radius * float(rng.uniform(0.6, 1.0))), 0.9) * radius / 3, 0, 1)
    tone = np.array(any_of(rng, WATERS), np.float32) * _bright(image, 0.9) * float(rng.uniform(0.7, 1.1))
    waves = lumps((shape[0], shape[1] // 3 + 1), rng, float(rng.uniform(3, 12)), 3)
    ripples = (_squeezed(waves, shape) - 0.5)[..., None] * float(rng.uniform(8, 40))
    return blend(image, tone + ripples, cover.astype(np.float32))


def _bright(image: Image, share: float) -> float:
    return float(np.clip(sunlit(image) / 230 * share, 0.25, 1.06))


def _squeezed(field: Field, shape: tuple[int, int]) -> Field:
    """A field of other sides brought to a picture's: its lumps come out flat and long."""
    import cv2

    way = cv2.INTER_AREA if field.shape[0] > shape[0] else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(field, (shape[1], shape[0]), interpolation=way), np.float32)


def _aperture(shape: tuple[int, int], at: np.ndarray, radius: float, rng: np.random.Generator) -> Field:
    """The picture of the lens's stop: a soft polygon or disc, often brighter at its rim."""
    import cv2

    cover = np.zeros(shape, np.uint8)
    corners, turn = int(rng.choice([6, 7, 24])), float(rng.uniform(0, 6.28))
    ring = [at + radius * np.array((math.cos(turn + 6.2832 * i / corners), math.sin(turn + 6.2832 * i / corners)))
            for i in range(corners)]  # fmt: skip
    cv2.fillConvexPoly(cover, fixed_point(np.array(ring)), 255, cv2.LINE_AA, FIXED_BITS)
    disc = cover.astype(np.float32) / 255
    return np.asarray(disc * (0.6 + 0.4 * (1 - cv2.GaussianBlur(disc, (0, 0), max(1.0, radius / 4)))), np.float32)


AIR: Mapping[str, Decoy] = {
    "cloud": cloud,
    "cloud-shadow": cloud_shadow,
    "haze": haze,
    "fog": fog,
    "glint": glint,
    "steam-pond": steam_pond,
    "lens-flare": lens_flare,
    "spray": spray,
    "contrail": contrail,
}
