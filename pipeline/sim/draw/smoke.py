"""Smoke: from chimneys, open fires, burning fields, and what hangs over the land."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from pipeline.sim.draw.paint import any_of, any_weighted
from pipeline.sim.draw.plume_light import Light, light_of
from pipeline.sim.draw.plume_paint import Plume, Scene, put
from pipeline.sim.draw.plume_path import Path, drift, foot, length_m, seen
from pipeline.sim.draw.plume_sources import char, chimney
from pipeline.sim.draw.values import Colour, Floats, Image, Painted
from pipeline.sim.draw.view import View
from pipeline.types import Pixel

Colours = tuple[Colour, Colour]
WHITE: Colours = ((250, 249, 247), (236, 234, 230))
PALE: Colours = ((214, 213, 210), (206, 204, 200))
GREY: Colours = ((158, 157, 155), (176, 174, 170))
DARK: Colours = ((92, 92, 92), (132, 130, 128))
BLUE: Colours = ((196, 184, 174), (206, 184, 164))
BROWN: Colours = ((112, 128, 144), (132, 148, 160))
YELLOW: Colours = ((172, 194, 204), (176, 194, 202))
BLACK: Colours = ((30, 31, 33), (84, 88, 92))


def paint_smoke(image: Image, view: View, rng: np.random.Generator, strength: float) -> Painted:
    """Smoke of any kind of `KINDS`, with what it comes from; `strength` 0..1 from hardly seen to dense."""
    kind = any_weighted(rng, {name: odds for name, (odds, _) in KINDS.items()})
    light = light_of(image, view, rng)
    with_source, plume = KINDS[kind][1](image, view, light, rng)
    relief = float(rng.uniform(0.3, 1.0)) * (1.0 if plume.grown == "lumps" else 0.7)
    return put(with_source, view, replace(plume, kind=kind, relief=relief), light, strength, rng)


def _chimney(image: Image, view: View, light: Light, rng: np.random.Generator) -> tuple[Image, Plume]:
    return _stacks(image, view, light, rng, 1)


def _stacks(
    image: Image, view: View, light: Light, rng: np.random.Generator, many: int | None = None
) -> tuple[Image, Plume]:
    """Chimneys in a row, each with its plume, blown the same way."""
    at = foot(image, view, rng)
    long = length_m(view, at, rng, (10, 160))
    high, rise = float(np.clip(long * rng.uniform(0.12, 0.5), 3, 110)), _rise(rng)
    course = drift(rng, view.wind_deg, long, rise=rise, from_m=high, wide=_wide(rng, 0.012, 0.03))
    turn, gap = rng.uniform(0, 2 * math.pi), high * rng.uniform(0.2, 0.6)
    paths, tops = [], []
    for k in range(many or int(rng.integers(2, 5))):
        base = view.along(at, math.cos(turn) * gap * k, math.sin(turn) * gap * k)
        image = chimney(image, view, base, high, light, rng)
        paths.append(seen(course, view, base))
        tops.append(view.up(base, high))
    return image, Plume(
        paths, any_of(rng, _THIN), any_of(rng, (WHITE, WHITE, PALE, GREY, YELLOW, BROWN, DARK, BLUE)), tops[0], ""
    )


def _fire(image: Image, view: View, light: Light, rng: np.random.Generator) -> tuple[Image, Plume]:
    """Rubbish, tyres or a shed on fire: dense and lumpy, dark or pale."""
    at = foot(image, view, rng, beyond=True)
    long = length_m(view, at, rng, (6, 120))
    course = drift(rng, view.wind_deg, long, rise=_rise(rng), from_m=0.5, wide=_wide(rng, 0.03, 0.07))
    path = seen(course, view, at)
    burning = view.tilt_deg < 70 and rng.random() < 0.6
    image = _scorched(image, view, path, light, rng) if burning else image
    colours = any_of(rng, (BLACK, BLACK, DARK, GREY, PALE, WHITE, BROWN, YELLOW))
    return image, Plume([path], any_of(rng, ("lumps", "lumps", "puffs", "advected")), colours, _pixel(path), "")


def _column(image: Image, view: View, light: Light, rng: np.random.Generator) -> tuple[Image, Plume]:
    """A convective column that stands up, dense as a cauliflower."""
    at = foot(image, view, rng, beyond=True)
    long = length_m(view, at, rng, (20, 300))
    rise = float(rng.uniform(1.2, 5.0))
    course = drift(rng, view.wind_deg, long, rise=rise, from_m=0.5, wide=_wide(rng, 0.04, 0.1, 1.2))
    path = seen(course, view, at)
    colours = any_of(rng, (BLACK, DARK, DARK, GREY, GREY, PALE, WHITE, BROWN))
    return image, Plume([path], any_of(rng, ("lumps", "lumps", "lumps", "puffs")), colours, _pixel(path), "")


def _burn_line(image: Image, view: View, light: Light, rng: np.random.Generator) -> tuple[Image, Plume]:
    """Straw burnt off a field: many small plumes along a front, char behind it, now and then a line of fire."""
    at = foot(image, view, rng)
    long = length_m(view, at, rng, (5, 120))
    line, places, reach = _front(view, at, long, rng)
    paths = []
    for t in places:
        own, turn = long * rng.uniform(0.5, 1.0), view.wind_deg + rng.normal(0, 8)
        course = drift(rng, turn, own, rise=_rise(rng), from_m=0.2, wide=_wide(rng, 0.03, 0.06))
        path = seen(course, view, line[round((float(t) + 0.5) * (len(line) - 1))])
        paths.append(replace(path, weight=path.weight * rng.uniform(0.4, 1.0)))
    wind = math.radians(view.wind_deg)
    back = np.array(view.along(at, -math.cos(wind), -math.sin(wind))) - at
    back = back / max(float(np.hypot(*back)), 1e-6)
    deep_px = 0.5 * reach * view.scale(at[1]) * rng.uniform(0.2, 1.2)
    image = char(image, np.array(line), deep_px, back, _flames(rng), light, rng)
    colours = any_of(rng, (WHITE, PALE, PALE, GREY, BLUE, BLUE, YELLOW, YELLOW, BROWN))
    return image, Plume(paths, any_of(rng, ("puffs", "puffs", "advected")), colours, line[len(line) // 2], "")


def _front(view: View, at: Pixel, long_m: float, rng: np.random.Generator) -> tuple[list[Pixel], Floats, float]:
    """A bowed, uneven line across the wind: its 24 points, where on it (-0.5..0.5) it smokes, its length in metres."""
    front, wind = math.radians(view.wind_deg + rng.uniform(60, 120)), math.radians(view.wind_deg)
    reach = long_m * rng.uniform(0.3, 1.1)
    bow = rng.uniform(-0.2, 0.2) * reach
    places = np.sort(rng.uniform(-0.5, 0.5, int(rng.integers(4, 9))))
    line = []
    for t in np.linspace(-0.5, 0.5, 24):
        off = bow * (0.25 - t * t) + rng.normal(0, 0.012) * reach
        east, south = (way(front) * reach * t + way(wind) * off for way in (math.cos, math.sin))
        line.append(view.along(at, east, south))
    return line, places, reach


def _smoulder(image: Image, view: View, light: Light, rng: np.random.Generator) -> tuple[Image, Plume]:
    """Smoke too cool to rise, that creeps over the ground and spreads."""
    at = foot(image, view, rng)
    long = length_m(view, at, rng, (8, 150))
    wide = _wide(rng, 0.05, 0.12, 1.6)
    course = drift(rng, view.wind_deg, long, rise=float(rng.uniform(0.02, 0.15)), from_m=0.3, wide=wide)
    path = seen(course, view, at, flat=max(math.cos(math.radians(view.tilt_deg)), 0.35))
    colours = any_of(rng, (WHITE, PALE, PALE, BLUE, BLUE, YELLOW, GREY))
    return image, Plume([path], any_of(rng, ("fog", *_THIN)), colours, _pixel(path), "", most=0.85)


def _veil(image: Image, view: View, light: Light, rng: np.random.Generator) -> tuple[Image, Plume]:
    """A thin veil over most of the picture, denser near its source."""
    side = min(view.height_px, view.width_px)
    at = foot(image, view, rng)
    long = side * rng.uniform(0.9, 1.5) / view.scale(at[1])
    course = drift(
        rng,
        view.wind_deg,
        long,
        rise=float(rng.uniform(0.05, 0.6)),
        from_m=0.3,
        wide=(rng.uniform(0.06, 0.3), rng.uniform(0.3, 0.6)),
    )
    path = seen(course, view, at)
    colours = any_of(rng, (WHITE, PALE, PALE, BLUE, BLUE, YELLOW, GREY, BROWN))
    return image, Plume([path], any_of(rng, ("fog", "fog", *_THIN)), colours, _pixel(path), "", most=0.85)


def _puff(image: Image, view: View, light: Light, rng: np.random.Generator) -> tuple[Image, Plume]:
    """A cloud of smoke that has left its source, as wide as it is long."""
    at = foot(image, view, rng)
    long = length_m(view, at, rng, (5, 80)) * 0.5
    r = rng.uniform(0.25, 0.45)
    course = drift(
        rng,
        view.wind_deg,
        long,
        rise=_rise(rng),
        from_m=long * rng.uniform(0.1, 1.0),
        wide=(r, r * rng.uniform(0.8, 1.4)),
    )
    path = seen(course, view, at)
    colours = any_of(rng, (WHITE, PALE, GREY, DARK, BLUE, BROWN, YELLOW))
    return image, Plume(
        [path], any_of(rng, ("puffs", "puffs", "advected", "lumps")), colours, _pixel(path), "", rooted=False
    )


_THIN = ("puffs", "advected", "advected")
KINDS: dict[str, tuple[float, Scene]] = {
    "chimney": (0.22, _chimney),
    "stacks": (0.07, _stacks),
    "fire": (0.2, _fire),
    "column": (0.13, _column),
    "burn-line": (0.14, _burn_line),
    "smoulder": (0.12, _smoulder),
    "veil": (0.08, _veil),
    "puff": (0.06, _puff),
}


def _rise(rng: np.random.Generator) -> float:
    """From bent over flat to nearly upright."""
    return float(np.exp(rng.uniform(np.log(0.08), np.log(3.0))))


def _wide(rng: np.random.Generator, low: float, high: float, more: float = 1.0) -> tuple[float, float]:
    return float(rng.uniform(low, high)), float(rng.uniform(0.08, 0.26)) * more


def _flames(rng: np.random.Generator) -> float:
    return float(rng.uniform(0.2, 1.0)) if rng.random() < 0.4 else 0.0


def _scorched(image: Image, view: View, path: Path, light: Light, rng: np.random.Generator) -> Image:
    """Black ground about a fire, and the fire itself now and then."""
    r = max(float(path.radii_px[0]) * rng.uniform(0.7, 1.6), 1.5)
    flat = max(math.cos(math.radians(view.tilt_deg)), 0.3)
    x, y = path.px[0]
    line = np.column_stack([x + np.linspace(-r, r, 8), y - r * flat + rng.normal(0, 0.2 * r, 8) * flat])
    return char(image, line, 2 * r * flat, np.array([0.0, 1.0]), _flames(rng), light, rng)


def _pixel(path: Path) -> Pixel:
    return float(path.px[0, 0]), float(path.px[0, 1])
