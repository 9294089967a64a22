"""What lies between the land and the water: earth, reeds, stones, slanting plates, walls."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from pipeline.sim.draw.shore_light import Lighting
from pipeline.sim.draw.textures import sample
from pipeline.sim.draw.values import Colour, Field, Tone, as_colour
from pipeline.sim.draw.waterline import Waterline


@dataclass(frozen=True, slots=True)
class Bank:
    """From the water to the edge of the land above: `height_m` up over `width_m`; `cap_m` of edging on top."""

    kind: str
    height_m: float
    width_m: float
    cap_m: float
    colour: Colour
    ragged_m: float  # how far the waterline swings

    @property
    def slant_m(self) -> float:
        """From the water to the upper edge, over the bank's face."""
        return max(math.hypot(self.height_m, self.width_m), 1e-3)

    @property
    def built(self) -> bool:
        return self.kind in ("wall", "plates", "stones")


SHAPES: Mapping[str, tuple[tuple[float, float], tuple[float, float]]] = {  # height in metres, width for each of it
    "wall": ((1.2, 5.0), (0.0, 0.12)),
    "plates": ((1.2, 5.0), (1.0, 2.2)),
    "stones": ((0.8, 3.0), (1.2, 2.5)),
    "earth": ((0.4, 2.5), (0.8, 3.0)),
    "green": ((0.5, 2.5), (0.8, 3.0)),
    "reeds": ((0.3, 1.0), (1.5, 5.0)),
    "mud": ((0.2, 0.8), (3.0, 10.0)),
    "sand": ((0.2, 1.0), (4.0, 10.0)),
}
ODDS = (0.2, 0.15, 0.15, 0.13, 0.15, 0.07, 0.09, 0.06)
COLOURS: Mapping[str, tuple[Colour, ...]] = {
    "wall": ((150, 156, 160), (118, 124, 128), (176, 182, 184), (98, 104, 108), (88, 108, 136), (120, 140, 150)),
    "plates": ((160, 166, 168), (134, 142, 146), (182, 188, 190), (110, 120, 122)),
    "stones": ((128, 132, 134), (106, 110, 114), (150, 160, 168), (92, 98, 100), (110, 126, 142)),
    "earth": ((84, 108, 132), (66, 84, 100), (104, 132, 152), (74, 92, 120)),
    "green": ((56, 92, 82), (52, 104, 84), (44, 72, 64), (70, 110, 112)),
    "reeds": ((72, 124, 116), (94, 148, 160), (60, 104, 92)),
    "mud": ((76, 88, 98), (96, 110, 122), (58, 66, 72)),
    "sand": ((140, 172, 190), (128, 154, 170), (164, 186, 196)),
}


def any_bank(most_m: float, rng: np.random.Generator) -> Bank:
    """A bank of any kind, no higher nor wider than `most_m`."""
    kind = list(SHAPES)[int(rng.choice(len(SHAPES), p=ODDS))]
    heights, slopes = SHAPES[kind]
    height_m = min(float(rng.uniform(*heights)), most_m)
    colour = np.array(COLOURS[kind][rng.integers(len(COLOURS[kind]))]) * rng.uniform(0.8, 1.15)
    cap_m = float(rng.uniform(0.25, 0.7)) if kind == "wall" or (rng.random() < 0.3 and kind == "plates") else 0.0
    straight = kind in ("wall", "plates")
    ragged_m = 0.0 if straight else height_m * rng.uniform(0.15, 0.7)
    width_m = min(height_m * float(rng.uniform(*slopes)), 1.5 * most_m)
    return Bank(kind, height_m, width_m, cap_m, as_colour(colour), float(ragged_m))


def bank_look(bank: Bank, line: Waterline, x: Field, up: Field, light: Lighting, rng: np.random.Generator) -> Tone:
    """The bank's face: `x` metres along it, `up` (h, w) 0 at the water to 1 at its upper edge."""
    z = up * np.float32(bank.slant_m)
    grey = _grain(bank, line, x, z, rng)
    tone = light.tone(np.array(bank.colour) * _lit(bank, line, rng))[None, None] + grey[..., None]
    if bank.kind in ("green", "reeds", "earth"):
        tone = tone + _tufts(bank, line, x, z, up, light, rng)
    if bank.kind == "plates":
        tone = tone - _joints(line, x, z, rng)[..., None]
    if bank.kind == "wall":
        tone = tone - _runs(line, x, up, rng)[..., None]
    return np.asarray(tone * _wet(bank, line, x, up, rng)[..., None], np.float32)


def cap_look(bank: Bank, light: Lighting, rng: np.random.Generator) -> Tone:
    """(3,) the edging on top, which catches more light than the face."""
    return light.tone(np.array(bank.colour) * rng.uniform(1.0, 1.3) + 10)


def _lit(bank: Bank, line: Waterline, rng: np.random.Generator) -> float:
    """How much of the day's light the face has: the sun's side is bright."""
    steep = bank.height_m / bank.slant_m
    towards = -np.cos(np.radians(line.view.shadow_deg - line.into_deg))
    return float(np.clip(1 - 0.1 * steep + 0.35 * steep * towards, 0.45, 1.2) * rng.uniform(0.92, 1.08))


def _grain(bank: Bank, line: Waterline, x: Field, z: Field, rng: np.random.Generator) -> Field:
    scale = line.px_per_m
    if bank.kind == "stones":
        texel_m = max(rng.uniform(0.25, 1.1), 2.5 / scale) / 14
        return sample("stones", x, z, texel_m, scale, rng) * np.float32(rng.uniform(14, 30))
    fine = sample("leaves", x, z, max(0.06, 0.7 / scale), scale, rng)
    return fine * np.float32(rng.uniform(3, 9) if bank.built else rng.uniform(8, 18))


def _tufts(
    bank: Bank, line: Waterline, x: Field, z: Field, up: Field, light: Lighting, rng: np.random.Generator
) -> Tone:
    """Clumps of plants, thicker towards the top; reeds stand in streaks at the water."""
    field = sample("leaves", x, z, max(0.12, 0.8 / line.px_per_m), line.px_per_m, rng)
    lean = up - 0.5 if bank.kind != "reeds" else 0.4 - up
    share = np.clip((field * 0.8 + lean * np.float32(2.0) + np.float32(rng.uniform(-0.6, 0.8))) * 1.5, 0, 1)
    plant = np.array(COLOURS["green"][rng.integers(4)]) * rng.uniform(0.6, 1.2) - np.array(bank.colour)
    dark = sample("grain", x, z, max(0.1, 0.8 / line.px_per_m), line.px_per_m, rng) * np.float32(12)
    return np.asarray(share[..., None] * (light.gain * plant.astype(np.float32) + dark[..., None]), np.float32)


def _joints(line: Waterline, x: Field, z: Field, rng: np.random.Generator) -> Field:
    """Dark lines between the plates, and plates of slightly different age."""
    wide_m, high_m = (max(float(rng.uniform(1.5, 6.0)), 6 / line.px_per_m) for _ in range(2))
    line_m = max(0.04, 0.5 / line.px_per_m)
    off_x, off_z = np.abs((x / wide_m) % 1 - 0.5) * wide_m, np.abs((z / high_m) % 1 - 0.5) * high_m
    lines = np.clip(1 - np.minimum(off_x, off_z) / np.float32(line_m), 0, 1) * np.float32(rng.uniform(12, 40))
    age = np.sin(np.floor(x / wide_m + 0.5) * 12.9 + np.floor(z / high_m + 0.5) * 78.2) * np.float32(rng.uniform(0, 8))
    return np.asarray(lines + age, np.float32)


def _runs(line: Waterline, x: Field, up: Field, rng: np.random.Generator) -> Field:
    """Dark runs down a wall, some courses of stone, weather."""
    run = sample("leaves", x, up * np.float32(0.4), max(0.1, 0.8 / line.px_per_m), line.px_per_m, rng)
    return np.asarray(np.clip(run - 0.3, 0, 2) * np.float32(rng.uniform(0, 16)), np.float32)


def _wet(bank: Bank, line: Waterline, x: Field, up: Field, rng: np.random.Generator) -> Field:
    """Share of light left: the foot is wet and dark, its edge uneven."""
    reach, dark = rng.uniform(0.05, 0.5), rng.uniform(0.0, 0.5)
    swing = sample("leaves", x, up, max(0.15, 1 / line.px_per_m), line.px_per_m, rng) * np.float32(
        (0.08 if bank.built else 0.25) * reach
    )
    return np.asarray(
        1 - np.clip((reach + swing - up) / np.float32(0.3 * reach) + 0.5, 0, 1) * np.float32(dark), np.float32
    )
