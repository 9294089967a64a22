"""What looks like an outfall and is none: water without a mouth, and dark round or long things on the ground."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from pipeline.sim.draw.discharge import WASTES
from pipeline.sim.draw.dressing import lay_scene
from pipeline.sim.draw.look_alikes_kit import Decoy
from pipeline.sim.draw.mouths import CONCRETES
from pipeline.sim.draw.paint import blend
from pipeline.sim.draw.shore import Shore, bare_shore
from pipeline.sim.draw.solids import Corner, Solids, times
from pipeline.sim.draw.textures import sample
from pipeline.sim.draw.values import Colour, Field, Image
from pipeline.sim.draw.view import View
from pipeline.sim.draw.waters import DEEPS, SKIES

Spot = tuple[float, float, float]  # along the shore, towards the water, above it
HULLS: tuple[Colour, ...] = (
    (200, 204, 204), (120, 90, 60), (60, 70, 140), (70, 110, 130), (150, 130, 70), (60, 64, 66), (60, 130, 170),
)  # fmt: skip
WOODS: tuple[Colour, ...] = ((92, 112, 130), (130, 142, 150), (60, 74, 88), (158, 168, 174))


def water(image: Image, view: View, rng: np.random.Generator) -> Image:
    """A stretch of water with its bank, laid as for an outfall."""
    return lay_scene(image, view, rng).image


def shoal(image: Image, view: View, rng: np.random.Generator) -> Image:
    """Light or dark ground that shows through, or silt drawn out along the shore: colour without a source."""
    shore = lay_scene(image, view, rng)
    side_m = min(shore.y.shape) / shore.line.px_per_m
    wide_m = side_m * rng.uniform(0.04, 0.2)
    away = (shore.y - _wander(shore, side_m, rng) - np.float32(rng.uniform(0, 0.3) * side_m)) / np.float32(wide_m)
    torn = sample("clouds", shore.x, shore.y, side_m * rng.uniform(0.1, 0.4) / 40, shore.line.px_per_m, rng)
    share = np.clip(np.exp(-away * away) * (0.7 + torn * np.float32(0.5)), 0, 1) * np.float32(rng.uniform(0.2, 0.8))
    tone = shore.light.tone(WASTES[rng.integers(len(WASTES))]) + (0.7 * shore.ripples)[..., None]
    return blend(shore.image, tone, share * shore.water)


def foam_line(image: Image, view: View, rng: np.random.Generator) -> Image:
    """Drift foam or surf in lines, with no mouth that feeds them."""
    shore = lay_scene(image, view, rng)
    side_m, scale = min(shore.y.shape) / shore.line.px_per_m, shore.line.px_per_m
    share = np.zeros_like(shore.y)
    for _ in range(int(rng.integers(1, 4))):
        wide_m = max(side_m * rng.uniform(0.004, 0.03), 1.2 / scale)
        away = (shore.y - _wander(shore, side_m, rng) - np.float32(rng.uniform(0, 0.35) * side_m)) / np.float32(wide_m)
        torn = sample("leaves", shore.x / np.float32(rng.uniform(1, 4)), shore.y, max(0.04, 0.6 / scale), scale, rng)
        share = np.maximum(share, np.exp(-away * away) * np.clip(torn + np.float32(rng.uniform(0, 1)), 0, 1))
    white = shore.light.tone(np.array((226, 232, 232)) * rng.uniform(0.8, 1.05))
    return blend(shore.image, white, share * shore.water * np.float32(rng.uniform(0.4, 0.95)))


def concrete_rings(image: Image, view: View, rng: np.random.Generator) -> Image:
    """Shaft rings or short pipes that stand about: a light rim around a dark round."""
    solids, colour = _ground(image, view, rng), _tinted(CONCRETES, rng)
    wide_m = _size(solids, 0.8, 2.0, rng)
    for spot in _spots(solids, wide_m, int(rng.integers(1, 7)), rng):
        x, y, z = spot
        top = z + wide_m * float(rng.uniform(0.2, 0.7))
        _disc(solids, (x, y, z), wide_m / 2, times(colour, 0.7))
        _disc(solids, (x, y, (z + top) / 2), wide_m / 2, times(colour, 0.8))
        _disc(solids, (x, y, top), wide_m / 2, times(colour, 1.1))
        _disc(solids, (x, y, top), wide_m * float(rng.uniform(0.36, 0.44)), (36, 38, 40))
    return solids.finished(rng)


def manholes(image: Image, view: View, rng: np.random.Generator) -> Image:
    """Covers of shafts, round or square, flush with the ground."""
    solids = _ground(image, view, rng)
    wide_m, lid = _size(solids, 0.6, 1.2, rng), times((92, 94, 96), float(rng.uniform(0.4, 1.4)))
    for spot in _spots(solids, 2 * wide_m, int(rng.integers(1, 4)), rng):
        shape = _disc if rng.random() < 0.7 else _square
        shape(solids, spot, wide_m * float(rng.uniform(0.52, 0.75)), _tinted(CONCRETES, rng))
        shape(solids, spot, wide_m / 2, lid)
        shape(solids, spot, wide_m * 0.3, times(lid, float(rng.uniform(0.8, 1.2))))
    return solids.finished(rng)


def tyres(image: Image, view: View, rng: np.random.Generator) -> Image:
    """Old tyres: dark rings, lone or in a heap."""
    solids = _ground(image, view, rng)
    wide_m = _size(solids, 0.6, 1.4, rng)
    for x, y, z in _spots(solids, wide_m * 0.8, int(rng.integers(1, 10)), rng):
        black = times((44, 44, 46), float(rng.uniform(0.6, 1.5)))
        _disc(solids, (x, y, z), wide_m / 2, times(black, 0.7))
        _disc(solids, (x, y, z + 0.2 * wide_m), wide_m / 2, black)
        inside = (24, 25, 26) if rng.random() < 0.5 else times((104, 120, 132), float(rng.uniform(0.6, 1.2)))
        _disc(solids, (x, y, z + 0.2 * wide_m), wide_m * float(rng.uniform(0.22, 0.3)), inside)
    return solids.finished(rng)


def boat(image: Image, view: View, rng: np.random.Generator) -> Image:
    """Small boats moored at a bank or drawn up on it."""
    solids = Solids(lay_scene(image, view, rng), 1.0)
    long_m = _size(solids, 3.0, 8.0, rng, least_px=10)
    for number in range(int(rng.integers(1, 4))):
        turn = float(rng.normal(0, 0.5)) + (np.pi / 2 if rng.random() < 0.5 else 0.0)
        middle = (number * long_m * float(rng.uniform(0.5, 1.4)), float(rng.uniform(0.1, 0.8)) * long_m, 0.0)
        colour = _tinted(HULLS, rng)
        _boat_outline(solids, middle, long_m, turn, times(colour, 0.7))
        _boat_outline(solids, (middle[0], middle[1], 0.08 * long_m), long_m, turn, colour)
        _boat_outline(
            solids,
            (middle[0], middle[1], 0.08 * long_m),
            long_m * 0.82,
            turn,
            times(colour, float(rng.uniform(0.4, 0.9))),
        )
        _bar(solids, (middle[0], middle[1], 0.1 * long_m), (0.05 * long_m, 0.3 * long_m), turn, times(colour, 1.1))
    return solids.finished(rng)


def log(image: Image, view: View, rng: np.random.Generator) -> Image:
    """Driftwood at the waterline: bars like pipes, without a hole."""
    solids = Solids(lay_scene(image, view, rng), 1.0)
    long_m = _size(solids, 2.0, 8.0, rng, least_px=10)
    for _ in range(int(rng.integers(1, 5))):
        at = (float(rng.normal(0, 0.4)) * long_m, float(rng.normal(0, 0.25)) * long_m, 0.0)
        wide_m, turn, wood = long_m * float(rng.uniform(0.03, 0.1)), float(rng.uniform(0, np.pi)), _tinted(WOODS, rng)
        _bar(solids, at, (long_m, wide_m), turn, times(wood, 0.5))
        _bar(solids, (at[0], at[1], wide_m * 0.4), (long_m * 0.97, wide_m * 0.7), turn, wood)
        _bar(solids, (at[0], at[1], wide_m * 0.7), (long_m * 0.9, wide_m * 0.25), turn, times(wood, 1.25))
    return solids.finished(rng)


def shadow_gap(image: Image, view: View, rng: np.random.Generator) -> Image:
    """A slab or a stone over a dark gap, as a culvert's edge has; nothing runs from it."""
    solids = _ground(image, view, rng)
    wide_m, colour = _size(solids, 1.0, 5.0, rng), _tinted(CONCRETES, rng)
    for x, y, z in _spots(solids, wide_m, int(rng.integers(1, 4)), rng):
        deep, high = wide_m * float(rng.uniform(0.2, 0.9)), wide_m * float(rng.uniform(0.05, 0.3))
        turn = float(rng.uniform(0, np.pi))
        out = deep * float(rng.uniform(0.2, 0.45))
        _bar(solids, (x - out * np.sin(turn), y + out * np.cos(turn), z), (wide_m, deep), turn, (26, 28, 28))
        _bar(solids, (x, y, z + high * 0.5), (wide_m, deep), turn, times(colour, 0.7))
        _bar(solids, (x, y, z + high), (wide_m, deep), turn, colour)
    return solids.finished(rng)


def puddle(image: Image, view: View, rng: np.random.Generator) -> Image:
    """Standing water on the land, with the sky in it or mud."""
    shore = bare_shore(image, view, rng)
    side_m, scale = min(shore.y.shape) / shore.line.px_per_m, shore.line.px_per_m
    share = np.zeros_like(shore.y)
    for _ in range(int(rng.integers(1, 5))):
        at, size_m = rng.normal(0, 0.15, 2) * side_m, max(side_m * rng.uniform(0.02, 0.12), 5 / scale)
        far = np.hypot((shore.x - np.float32(at[0])) / np.float32(rng.uniform(1, 3)), shore.y - np.float32(at[1]))
        far += sample("clouds", shore.x, shore.y, size_m / 25, scale, rng) * np.float32(0.3 * size_m)
        share = np.maximum(share, np.clip((np.float32(size_m) - far) * np.float32(scale) * 0.7, 0, 1))
    wet = blend(shore.image, shore.image * np.float32(0.6), np.clip(share * 2, 0, 1) * np.float32(0.6))
    kinds = (DEEPS, SKIES, WASTES[:3])[int(rng.integers(3))]
    tone = shore.light.tone(np.array(kinds[rng.integers(len(kinds))]) * rng.uniform(0.7, 1.05))
    return blend(wet, tone, share * np.float32(rng.uniform(0.6, 0.97)))


def _wander(shore: Shore, side_m: float, rng: np.random.Generator) -> Field:
    """A line's slow swing along the shore, in metres."""
    wave, start = 2 * np.pi / (side_m * rng.uniform(0.4, 1.5)), rng.uniform(0, 6.3)
    swing = np.sin(shore.x * np.float32(wave) + np.float32(start))
    return np.asarray(swing * np.float32(side_m * rng.uniform(0, 0.08)), np.float32)


def _ground(image: Image, view: View, rng: np.random.Generator) -> Solids:
    """Some of the things stand on a bank, most somewhere in the photo as it is."""
    return Solids((lay_scene if rng.random() < 0.3 else bare_shore)(image, view, rng), 1.0)


def _size(solids: Solids, low_m: float, high_m: float, rng: np.random.Generator, least_px: float = 5.0) -> float:
    scale, side = solids.shore.line.px_per_m, min(solids.image.shape[:2])
    return float(np.clip(rng.uniform(low_m, high_m), least_px / scale, 0.25 * side / scale))


def _spots(solids: Solids, apart_m: float, count: int, rng: np.random.Generator) -> list[Spot]:
    """Places on the land behind the bank, those in the front last."""
    bank, axis = solids.shore.bank, solids.shore.line.axes[1][1]
    spread = apart_m * 0.6 * np.sqrt(count)
    back = bank.width_m + 0.6 * apart_m + spread
    spots = [
        (float(rng.normal(0, spread)), -back + float(rng.normal(0, 0.6 * spread)), bank.height_m) for _ in range(count)
    ]
    return sorted(spots, key=lambda spot: spot[1] * (1 if axis >= 0 else -1))


def _tinted(colours: tuple[Colour, ...], rng: np.random.Generator) -> Colour:
    return times(colours[rng.integers(len(colours))], float(rng.uniform(0.75, 1.15)))


def _disc(solids: Solids, at: Spot, radius_m: float, colour: Colour) -> None:
    turns = np.linspace(0, 2 * np.pi, 20, endpoint=False)
    solids.face(
        [(at[0] + radius_m * float(np.cos(a)), at[1] + radius_m * float(np.sin(a)), at[2]) for a in turns], colour
    )


def _square(solids: Solids, at: Spot, half_m: float, colour: Colour) -> None:
    _bar(solids, at, (2 * half_m, 2 * half_m), 0.3, colour)


def _bar(solids: Solids, at: Spot, size_m: tuple[float, float], turn: float, colour: Colour) -> None:
    """A rectangle, `size_m` long and wide, turned from the shore's line."""
    half_l, half_w = size_m[0] / 2, size_m[1] / 2
    solids.face(_turned(at, ((-half_l, -half_w), (half_l, -half_w), (half_l, half_w), (-half_l, half_w)), turn), colour)


def _boat_outline(solids: Solids, at: Spot, long_m: float, turn: float, colour: Colour) -> None:
    """A boat's outline: pointed before, blunt behind."""
    outline = ((-0.5, -0.13), (0.1, -0.18), (0.38, -0.1), (0.5, 0.0), (0.38, 0.1), (0.1, 0.18), (-0.5, 0.13))
    solids.face(_turned(at, tuple((a * long_m, b * long_m) for a, b in outline), turn), colour)


def _turned(at: Spot, outline: tuple[tuple[float, float], ...], turn: float) -> list[Corner]:
    c, s = float(np.cos(turn)), float(np.sin(turn))
    return [(at[0] + a * c - b * s, at[1] + a * s + b * c, at[2]) for a, b in outline]


NO_OUTFALLS: Mapping[str, Decoy] = {
    "water": water,
    "shoal": shoal,
    "foam-line": foam_line,
    "concrete-rings": concrete_rings,
    "manholes": manholes,
    "tyres": tyres,
    "boat": boat,
    "log": log,
    "shadow-gap": shadow_gap,
    "puddle": puddle,
}
