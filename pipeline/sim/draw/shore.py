"""A stretch of water with its bank, laid into a photo."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from pipeline.sim.draw.banks import Bank, any_bank, bank_look, cap_look
from pipeline.sim.draw.paint import blend, window
from pipeline.sim.draw.shore_light import Lighting, lighting, softened
from pipeline.sim.draw.textures import sample
from pipeline.sim.draw.values import Field, Image, Tone
from pipeline.sim.draw.view import View
from pipeline.sim.draw.waterline import Waterline
from pipeline.sim.draw.waters import water_look
from pipeline.types import Pixel


@dataclass(frozen=True, slots=True, eq=False)
class Shore:
    """A photo with water laid into it. Fields are (h, w).

    `x`, `y`: metres along the shore and into the water, at the water's height; `face_x` metres along the bank and
    `climb` metres up it from the waterline, over its edge and on over the land; `water`: the share of it that is seen;
    `laid`: of anything that was laid; `ripples`: the waves' light and dark in grey values.
    """

    image: Image
    line: Waterline
    bank: Bank
    light: Lighting
    x: Field
    y: Field
    face_x: Field
    climb: Field
    water: Field
    laid: Field
    ripples: Field

    def pixel(self, x_m: float, climb_m: float, up_m: float = 0.0) -> Pixel:
        """Where a point of the bank, or one `up_m` above it, is seen."""
        bank = self.bank
        share = min(climb_m / bank.slant_m, 1.0)
        back_m = max(climb_m - bank.slant_m, 0.0)
        return self.line.pixel(x_m, -share * bank.width_m - back_m, share * bank.height_m + up_m)


def lay_shore(image: Image, view: View, rng: np.random.Generator) -> Shore:
    """Water of any kind with a bank of any kind, somewhere in the picture."""
    light, line = lighting(image, rng), any_waterline(view, rng)
    bank = any_bank(0.2 * min(image.shape[:2]) / line.px_per_m, rng)
    x, y, top_x, top_y = _coordinates(line, bank, rng)
    water, laid, up = _shares(line, bank, y, top_y)
    cap = _cap(line, bank, top_y)
    seen, laid = np.maximum(water - cap, 0), np.maximum(laid, cap)
    face_x = x + up * (top_x - x)
    tone = image.astype(np.float32)
    _lay_bank(tone, line, bank, face_x, up, laid - seen, light, rng)
    if bank.cap_m:
        tone += cap[..., None] * (cap_look(bank, light, rng) - tone)
    ripples = _lay_water(tone, line, bank, x, y, seen, light, rng)
    done = softened(image, blend(image, tone, laid), laid, light, rng)
    climb = up * np.float32(bank.slant_m) + np.maximum(0, -top_y - np.float32(bank.width_m))
    climb = np.where(y < 0.5 * min(line.width_m, 1e6), climb, np.float32(1e6))
    return Shore(done, line, bank, light, x, y, face_x, climb, seen, laid, ripples)


def _lay_bank(
    tone: Tone,
    line: Waterline,
    bank: Bank,
    face_x: Field,
    up: Field,
    share: Field,
    light: Lighting,
    rng: np.random.Generator,
) -> None:
    """Puts the bank's look into `tone`, in the window where any of it is seen."""
    part = window(share)
    tone[part] = bank_look(bank, line, face_x[part], up[part], light, rng)


def _lay_water(
    tone: Tone, line: Waterline, bank: Bank, x: Field, y: Field, share: Field, light: Lighting, rng: np.random.Generator
) -> Field:
    """Puts the water over `tone`, in the window where any of it is seen; returns its ripples (h, w)."""
    part, ripples = window(share), np.zeros_like(y)
    look = water_look(line, x[part], np.minimum(y, line.width_m - y)[part], light, part[0], rng)
    shaded = look.tone * _shade(line, bank, y[part], part[0], rng)[..., None]
    tone[part] += share[part][..., None] * (shaded - tone[part])
    ripples[part] = look.ripples
    return ripples


def bare_shore(image: Image, view: View, rng: np.random.Generator) -> Shore:
    """The photo as it is, with a shore's metres over its ground and no water."""
    line = replace(any_waterline(view, rng), bend=0.0, swells=(), corner=0.0)
    outwards = math.degrees(math.atan2(line.at_px[1] - 0.6 * view.height_px, line.at_px[0] - 0.5 * view.width_px))
    line = replace(line, into_deg=outwards)  # its land lies in the picture
    x, y = line.fields()
    none = np.zeros_like(y)
    flat = Bank("earth", 0.0, 0.0, 0.0, (90.0, 100.0, 110.0), 0.0)
    return Shore(image, line, flat, lighting(image, rng), x, y, x, -y, none, none, none)


def any_waterline(view: View, rng: np.random.Generator) -> Waterline:
    """A waterline of any shape through the middle part of the picture, below the horizon."""
    h, w = view.height_px, view.width_px
    top = max(0.15 * h, view.horizon_px + 0.18 * h) if view.tilt_deg > 1 else 0.15 * h
    at = float(w * rng.uniform(0.18, 0.82)), float(rng.uniform(min(top, 0.8 * h), 0.85 * h))
    into = float(rng.uniform(0, 360))
    if view.tilt_deg > 25 and rng.random() < 0.6:
        into = float(rng.uniform(20, 160))
    scale = view.scale(at[1])
    reach_m = min(h, w) / scale
    width_m = float(reach_m * rng.uniform(0.12, 0.9)) if rng.random() < 0.45 else math.inf
    return _bent(Waterline(view, at, into, width_m=width_m), reach_m, rng)


def _bent(line: Waterline, reach_m: float, rng: np.random.Generator) -> Waterline:
    """Straight as a canal, bent, wavy, or with a corner."""
    kind = rng.random()
    if kind < 0.25:
        return line
    if kind < 0.4:
        return replace(line, corner=float(rng.uniform(-1.2, 1.2)), corner_m=float(reach_m * rng.uniform(0.12, 0.4)))
    swells = tuple(
        (float(reach_m * rng.uniform(0.01, 0.05) / n), float(n * 2 * math.pi / reach_m * rng.uniform(0.5, 1.2)),
         float(rng.uniform(0, 6.3))) for n in (1, 3)
    )  # fmt: skip
    bend = float(rng.normal(0, 0.5) / reach_m) if kind > 0.6 else 0.0
    return replace(line, bend=bend, swells=swells)


def _coordinates(line: Waterline, bank: Bank, rng: np.random.Generator) -> tuple[Field, Field, Field, Field]:
    """x and y at the water's height and at the land's, both swung alike where the bank is ragged."""
    x, y = line.fields()
    top_x, top_y = line.fields(bank.height_m)
    if bank.ragged_m:
        texel_m = max(0.12, 0.8 / line.px_per_m)
        state = rng.integers(2**63)
        for along, across, share in ((x, y, 1.0), (top_x, top_y, 1.6)):
            swing = sample("leaves", along, across, texel_m, line.px_per_m, np.random.default_rng(state))
            across += swing * np.float32(bank.ragged_m * share * 0.5)
    return x, y, top_x, top_y


def _shares(line: Waterline, bank: Bank, y: Field, top_y: Field) -> tuple[Field, Field, Field]:
    """How much of each pixel is water, how much is laid at all, and how far up the bank it lies."""
    flat = np.float32(max(math.cos(math.radians(line.view.tilt_deg)), 0.3)) * line.scales()
    sides = [_side(bank, y, top_y, flat)]
    if math.isfinite(line.width_m):
        sides.append(_side(bank, np.float32(line.width_m) - y, np.float32(line.width_m) - top_y, flat))
    water, laid, up = zip(*sides, strict=True)
    return np.minimum.reduce(water), np.minimum.reduce(laid), np.maximum.reduce(up)


def _side(bank: Bank, y: Field, top_y: Field, px_per_m: Field) -> tuple[Field, Field, Field]:
    """The shares that one bank leaves: water, what is not the land above, and how far up its face."""
    land = np.clip((top_y + np.float32(bank.width_m)) * px_per_m + np.float32(0.5), 0, 1)
    wet = np.clip(y * px_per_m + np.float32(0.5), 0, 1)
    rise = np.clip(-y / np.maximum(top_y - y + np.float32(bank.width_m), np.float32(1e-3)), 0, 1)
    return wet * land, land, rise


def _cap(line: Waterline, bank: Bank, top_y: Field) -> Field:
    """(h, w) share of the edging, which is never thinner than half a pixel."""
    if not bank.cap_m:
        return np.zeros_like(top_y)
    flat = np.float32(max(math.cos(math.radians(line.view.tilt_deg)), 0.3)) * line.scales()
    cap = np.zeros_like(top_y)
    for above in (top_y, line.width_m - top_y):
        back = -above - np.float32(bank.width_m)
        cap = np.maximum(cap, np.clip(back * flat + 0.5, 0, 1) * np.clip((bank.cap_m - back) * flat + 0.5, 0, 1))
        if not math.isfinite(line.width_m):
            break
    return np.asarray(cap, np.float32)


def _shade(line: Waterline, bank: Bank, y: Field, rows: slice, rng: np.random.Generator) -> Field:
    """Share of light that the water has: the bank's shadow, or its dark mirror image, lies at the foot."""
    towards = math.cos(math.radians(line.view.shadow_deg - line.into_deg))
    long_m = bank.height_m / math.tan(math.radians(line.view.sun_height_deg)) * towards - bank.width_m
    light = np.ones_like(y)
    if long_m > 0.1:
        light -= np.clip((long_m - y) * line.scales()[rows] + 0.5, 0, 1) * np.float32(rng.uniform(0.15, 0.5))
    mirror_m = bank.height_m * max(line.facing, 0.05) * rng.uniform(0.3, 1.5)
    light -= np.exp(np.maximum(y, 0) * np.float32(-1 / max(mirror_m, 1e-3))) * np.float32(rng.uniform(0, 0.35))
    return np.maximum(light, np.float32(0.2))
