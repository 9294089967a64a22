"""The look of water from above: colour, shallows, sky, ripples, slicks, glint, surf and weed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.sim.draw.shore_light import Lighting
from pipeline.sim.draw.textures import sample
from pipeline.sim.draw.values import Colour, Field, Tone
from pipeline.sim.draw.waterline import Waterline

DEEPS: tuple[Colour, ...] = (
    (72, 84, 62), (60, 78, 70), (88, 104, 92), (62, 58, 44), (38, 42, 36), (96, 84, 58), (120, 104, 62),
    (84, 118, 128), (104, 136, 150), (128, 152, 158), (132, 138, 112), (70, 100, 92), (60, 92, 110), (150, 146, 132),
    (110, 120, 112), (80, 72, 66), (140, 120, 84), (54, 74, 52),
)  # fmt: skip
BEDS: tuple[Colour, ...] = ((130, 160, 172), (84, 104, 118), (70, 96, 92), (112, 128, 128), (60, 70, 74))
SKIES: tuple[Colour, ...] = ((222, 200, 172), (214, 210, 204), (236, 232, 228), (188, 176, 164), (206, 180, 146))
WEEDS: tuple[Colour, ...] = ((62, 128, 108), (52, 104, 78), (70, 146, 140))


@dataclass(frozen=True, slots=True, eq=False)
class Water:
    """`tone` as the photo would show it; `ripples` (h, w) is the light and dark of its waves, in grey values."""

    tone: Tone
    ripples: Field


def water_look(line: Waterline, x: Field, y: Field, light: Lighting, rows: slice, rng: np.random.Generator) -> Water:
    """Water of any kind at the shore's coordinates `x`, `y` (h, w), in metres, in those rows of the picture."""
    tone = light.tone(_body(y, rng))
    slick = _slicks(line, x, y, rng)
    tone += (slick * np.float32(rng.uniform(0, 7)))[..., None]
    tone += _sky_share(line, rng)[rows][..., None] * (light.tone(SKIES[rng.integers(len(SKIES))]) - tone)
    if rng.random() < 0.12:
        tone = _weed(tone, line, x, y, light, rng)
    bright = np.float32(np.clip(tone[::8, ::8].mean() / 110, 0.35, 1.2))
    ripples = _ripples(line, x, y, rng) * np.clip(1 - 0.5 * slick, 0.1, 2.0) * bright
    tone += ripples[..., None]
    if rng.random() < 0.3:
        tone += _glint(ripples, rng)[..., None]
    if rng.random() < 0.25:
        tone = _surf(tone, line, x, y, light, rng)
    return Water(tone, ripples)


def _body(y: Field, rng: np.random.Generator) -> Tone:
    """The deep's colour, and the bed's where it is shallow."""
    deep = np.array(DEEPS[rng.integers(len(DEEPS))], np.float32) * np.float32(rng.uniform(0.65, 1.25))
    deep += rng.uniform(-10, 10, 3).astype(np.float32)
    bed = np.array(BEDS[rng.integers(len(BEDS))], np.float32) * np.float32(rng.uniform(0.7, 1.1))
    reach_m = float(np.exp(rng.uniform(np.log(0.2), np.log(8.0))))
    share = np.exp(np.maximum(y, 0) * np.float32(-1 / reach_m)) * np.float32(rng.uniform(0, 0.8))
    return np.asarray(deep + (bed - deep) * share[..., None], np.float32)


def _slicks(line: Waterline, x: Field, y: Field, rng: np.random.Generator) -> Field:
    """Broad patches that the current draws out along the shore."""
    lump_m = 60 / line.px_per_m * rng.uniform(0.5, 2.0)
    drawn = rng.uniform(1.0, 5.0)
    return sample("clouds", x / np.float32(drawn), y, lump_m / 60, line.px_per_m, rng)


def _sky_share(line: Waterline, rng: np.random.Generator) -> Field:
    """Schlick's share of the sky in the mirror, row by row, and a little for rough water."""
    down = np.arctan2(line.view.height_px / 2 - np.arange(line.view.height_px), line.view.focal_px)
    cosine = np.cos(np.clip(np.radians(line.view.tilt_deg) + down, 0, 1.5))
    share = 0.02 + 0.98 * (1 - cosine) ** 5
    return np.asarray(np.clip(share * rng.uniform(0.5, 1.6) + rng.uniform(0, 0.25) ** 1.5, 0, 0.85), np.float32)[
        :, None
    ]


def _ripples(line: Waterline, x: Field, y: Field, rng: np.random.Generator) -> Field:
    """Waves across the wind; many waters are nearly smooth."""
    much = rng.uniform(0.5, 3) if rng.random() < 0.45 else rng.uniform(3, 11)
    turn = rng.uniform(0, np.pi)
    c, s = np.float32(np.cos(turn)), np.float32(np.sin(turn))
    texel_m = max(float(np.exp(rng.uniform(np.log(0.015), np.log(0.15)))), rng.uniform(0.15, 0.4) / line.px_per_m)
    return sample("waves", x * c + y * s, y * c - x * s, texel_m, line.px_per_m, rng) * np.float32(much)


def _glint(ripples: Field, rng: np.random.Generator) -> Field:
    """The sun on the crests, in one part of the picture."""
    h, w = ripples.shape
    y, x = np.ogrid[:h, :w]
    size = min(h, w) * rng.uniform(0.2, 0.8)
    near = np.exp(-((x - rng.uniform(0, w)) ** 2 + (y - rng.uniform(0, h)) ** 2) / (2 * size * size))
    crest = np.clip(ripples / max(1.0, float(ripples.std())) - np.float32(rng.uniform(0.8, 1.8)), 0, 1)
    return np.asarray(crest * near * rng.uniform(60, 150), np.float32)


def _weed(tone: Tone, line: Waterline, x: Field, y: Field, light: Lighting, rng: np.random.Generator) -> Tone:
    """Duckweed or algae in patches."""
    field = sample("leaves", x, y, rng.uniform(0.3, 1.5) / line.px_per_m, line.px_per_m, rng)
    share = np.clip((field - rng.uniform(0.2, 1.6)) * 2, 0, 1) * np.float32(rng.uniform(0.3, 0.9))
    return np.asarray(tone + share[..., None] * (light.tone(WEEDS[rng.integers(len(WEEDS))]) - tone), np.float32)


def _surf(tone: Tone, line: Waterline, x: Field, y: Field, light: Lighting, rng: np.random.Generator) -> Tone:
    """White lines of small breakers along the shore, torn here and there."""
    reach_m, wave_m = rng.uniform(1, 9), rng.uniform(1.5, 6)
    bent = y + sample("clouds", x, y, max(0.1, 1 / line.px_per_m), line.px_per_m, rng) * np.float32(0.25 * wave_m)
    crest = np.sin(bent * np.float32(2 * np.pi / wave_m)) - np.float32(rng.uniform(0.6, 0.9))
    torn = sample("leaves", x, y, max(0.05, 0.5 / line.px_per_m), line.px_per_m, rng)
    share = np.clip(crest * 5, 0, 1) * np.clip(torn + 0.7, 0, 1) * np.exp(-np.maximum(y, 0) / np.float32(reach_m))
    white = light.tone((232, 234, 232))
    return np.asarray(tone + (share * np.float32(rng.uniform(0.4, 0.9)))[..., None] * (white - tone), np.float32)
