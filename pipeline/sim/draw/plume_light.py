"""The colour of a plume: its own, under the light, the shadow and the air of the picture that it is drawn into."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from pipeline.sim.draw.paint import noise, shifted
from pipeline.sim.draw.plume_field import Cloud, Window
from pipeline.sim.draw.plume_path import Path
from pipeline.sim.draw.values import Colour, Field, Floats, Image, Tone, as_colour
from pipeline.sim.draw.view import View


@dataclass(frozen=True, slots=True)
class Light:
    """What the photo tells: `white` is the colour of a white sheet in it; `haze` the colour of its far air.

    `sun` (x, y) is where the light comes from in the picture, towards; its third part is how much from the camera.
    """

    white: Colour
    haze: Colour
    sun: tuple[float, float, float]
    plain: bool  # sunshine: crowns, undersides and shadows


def light_of(image: Image, view: View, rng: np.random.Generator) -> Light:
    """A guess: white is not far above the brightest parts, and leans as the whole picture does."""
    small = image[:: max(1, image.shape[0] // 64), :: max(1, image.shape[1] // 64)].astype(np.float32)
    grey = small.mean(axis=2)
    mean, bright = float(grey.mean()), float(np.quantile(grey, 0.95))
    level = float(np.clip(max(1.05 * bright, 2.3 * mean), 105, 250) * rng.uniform(0.88, 1.06))
    cast = small.reshape(-1, 3).mean(axis=0) / max(mean, 1.0)
    cast = 1 + 0.22 * (np.clip(cast, 0.6, 1.5) - 1)
    white = np.clip(level * cast, 0, 255)
    sky = view.tilt_deg > 60 and view.horizon_px > 4
    far = small[: max(1, len(small) // 8)].reshape(-1, 3).mean(axis=0) if sky else white * 0.85
    plain = bool(rng.random() < 0.65)
    return Light(as_colour(white), as_colour(0.6 * far + 0.4 * white * 0.85), _sun(view), plain)


def _sun(view: View) -> tuple[float, float, float]:
    """Unit vector to the light in picture axes: x right, y down, z to the camera."""
    low, away = math.radians(view.sun_height_deg), math.radians(view.shadow_deg + 180)
    east, south, up = math.cos(low) * math.cos(away), math.cos(low) * math.sin(away), math.sin(low)
    lean = math.radians(view.tilt_deg)
    return east, south * math.cos(lean) - up * math.sin(lean), south * math.sin(lean) + up * math.cos(lean)


def shaded(cloud: Cloud, cover: Field, light: Light, rng: np.random.Generator) -> Field:
    """(h, w) brightness about 1: crowns to the light, undersides away from it, and the plume's shadow on itself."""
    import cv2

    dx = cv2.Sobel(cloud.height, cv2.CV_32F, 1, 0) / 8
    dy = cv2.Sobel(cloud.height, cv2.CV_32F, 0, 1) / 8
    sx, sy, sz = np.float32(light.sun[0]), np.float32(light.sun[1]), np.float32(max(light.sun[2], 0.25))
    facing = (-dx * sx - dy * sy + sz) / np.sqrt(dx * dx + dy * dy + 1)
    behind = _towards(cloud.depth, light.sun, 0.06 * max(cloud.depth.shape))
    hard = np.float32(rng.uniform(0.3, 0.75) if light.plain else rng.uniform(0.08, 0.25))
    dim = np.float32(rng.uniform(0.15, 0.45) if light.plain else 0.12)
    lit = 1 + hard * (np.clip(facing, -0.3, 1) - 0.6) - dim * np.tanh(behind)
    lit *= 1 + np.float32(rng.uniform(0.05, 0.22)) * (noise(lit.shape, rng, 0.25 * max(lit.shape), 4) - 0.5)
    mean = float((lit * cover).sum() / max(float(cover.sum()), 1e-6))
    return np.asarray(np.clip(lit / max(mean, 0.2) * rng.uniform(0.86, 1.0), 0.35, 1.3), np.float32)


def _towards(depth: Field, sun: tuple[float, float, float], step: float) -> Field:
    """How much lies between each cell and the light, in the picture's plane."""
    flat = math.hypot(sun[0], sun[1])
    total = np.zeros_like(depth)
    for k in (1, 2, 3):
        total += shifted(depth, -sun[0] * step * k, -sun[1] * step * k)
    return total * np.float32(flat * 0.35)


def toned(colours: tuple[Colour, Colour], lit: Field, cover: Field, light: Light, rng: np.random.Generator) -> Tone:
    """(h, w, 3): colours are of a plume's dense core and of its thin edge, as parts of 255 in full light."""
    core, edge = (np.array(c, np.float32) / 255 for c in colours)
    patch = np.clip(noise(lit.shape, rng, 0.35 * max(lit.shape), 3) - 0.5, -0.3, 0.3) * np.float32(
        rng.uniform(0.3, 1.2)
    )
    share = np.clip(cover * 1.15 + patch, 0, 1)[..., None]
    own = core * share + edge * (1 - share)
    pale = float(core.mean())  # light that is scattered on fills the shadows of what is white
    soft = 1 + (lit - 1) * np.float32(1.25 - 0.65 * pale)
    full = own * soft[..., None] * np.array(light.white, np.float32)
    return np.asarray(np.minimum(full, 252 + 0.1 * (full - 252)), np.float32)


def aired(tone: Tone, light: Light, far: float) -> Tone:
    """Seen through air: `far` 0 is near, 1 is as far as sight goes."""
    return np.asarray(tone * (1 - far) + np.array(light.haze, np.float32) * far, np.float32)


def farness(view: View, y_px: float) -> float:
    """0 near to about 0.6 by the horizon."""
    if view.tilt_deg < 45:
        return 0.0
    below = (y_px - view.horizon_px) / max(view.height_px - view.horizon_px, 1.0)
    return float(np.clip(0.5 - 1.1 * below, 0, 0.5))


def cast_shadow(cover: Field, path: Path, frame: Window, shape: tuple[int, int], rng: np.random.Generator) -> Field:
    """(h, w) share of light that is missing on the ground: the plume moved to where its shadow falls, softened.

    `cover` lies on the grid, `path` is in the picture's pixels.
    """
    import cv2

    inner = frame.inward(path)
    known = np.column_stack([_ribs(inner.px, inner.radii_px, 1.0), np.ones(5 * len(path.px))])
    affine = np.linalg.lstsq(known, _ribs(path.shadow_px, path.radii_px, path.flat), rcond=None)[0].T
    soft = cv2.GaussianBlur(_feathered(cover), (0, 0), max(0.2 * float(np.median(inner.radii_px)), 0.8))
    moved = cv2.warpAffine(soft, affine, shape[::-1], borderMode=cv2.BORDER_CONSTANT)
    dark = np.float32(rng.uniform(0.2, 0.55)) * np.clip(moved, 0, 1)
    return np.where(dark > 0.008, dark, 0).astype(np.float32)


def _ribs(px: Floats, radii_px: Floats, flat: float) -> Floats:
    """(5 N, 2) the points and those a radius beside, above and below them."""
    side, rise = radii_px[:, None] * (1, 0), radii_px[:, None] * (0, flat)
    return np.concatenate([px, px - side, px + side, px - rise, px + rise])


def _feathered(cover: Field) -> Field:
    """Let out softly towards the grid's edges, lest a shadow show where the grid was cut."""
    out = cover.copy()
    n = max(2, min(cover.shape) // 12)
    ramp = np.linspace(0, 1, n, dtype=np.float32)
    out[:n] *= ramp[:, None]
    out[-n:] *= ramp[::-1, None]
    out[:, :n] *= ramp
    out[:, -n:] *= ramp[::-1]
    return out
