"""Dust: raised by vehicles on bare roads, blown off heaps and fields, let go by belts, diggers and wreckers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from pipeline.sim.draw.paint import any_of, any_weighted
from pipeline.sim.draw.plume_light import Light, light_of
from pipeline.sim.draw.plume_paint import Plume, Scene, put
from pipeline.sim.draw.plume_path import STEPS, Course, Path, drift, foot, length_m, seen
from pipeline.sim.draw.plume_sources import belt, heap, solid, vehicle
from pipeline.sim.draw.values import Colour, Image, Painted, as_colour
from pipeline.sim.draw.view import View
from pipeline.types import Pixel

TAN: Colour = (158, 192, 218)
OCHRE: Colour = (118, 168, 212)
RED: Colour = (118, 146, 206)
SAND: Colour = (182, 208, 226)
CONCRETE: Colour = (196, 202, 206)
CHALK: Colour = (224, 230, 234)
COAL: Colour = (58, 60, 64)
EARTH = (TAN, TAN, OCHRE, RED, SAND, SAND, CONCRETE)


def paint_dust(image: Image, view: View, rng: np.random.Generator, strength: float) -> Painted:
    """Dust of any kind of `KINDS`, with what raises it; `strength` 0..1 from hardly seen to dense."""
    kind = any_weighted(rng, {name: odds for name, (odds, _) in KINDS.items()})
    light = light_of(image, view, rng)
    with_source, plume = KINDS[kind][1](image, view, light, rng)
    relief = float(rng.uniform(0.1, 0.6))
    return put(with_source, view, replace(plume, kind=kind, relief=relief), light, strength, rng)


def _haul_road(image: Image, view: View, light: Light, rng: np.random.Generator) -> tuple[Image, Plume]:
    """A lorry and the dust that its wheels leave behind, widening and drifting off the road."""
    at = foot(image, view, rng)
    long = length_m(view, at, rng, (10, 120))
    heading = float(rng.uniform(0, 360))
    size = float(np.clip(rng.uniform(0.06, 0.3) * long, 3.0, 9.0))
    size = _shown(size, view, at)
    tail = view.along(
        at, -0.45 * size * math.cos(math.radians(heading)), -0.45 * size * math.sin(math.radians(heading))
    )
    course = _trail(rng, heading + 180, view.wind_deg, long, size)
    path = seen(course, view, tail, _flat(view))
    image = vehicle(image, view, at, size, heading, light, rng)
    return image, Plume([path], any_of(rng, _HOW), _colours(image, at, rng, EARTH), tail, "")


def _trail(rng: np.random.Generator, behind_deg: float, wind_deg: float, long_m: float, size_m: float) -> Course:
    """Older dust lies farther behind, is wider, and has drifted farther with the wind."""
    s = np.linspace(0, 1, STEPS)
    turn, wind = math.radians(behind_deg), math.radians(wind_deg)
    bend = rng.uniform(-0.25, 0.25) * s**2
    along = np.array([math.cos(turn), math.sin(turn)])
    bend = bend + 0.05 * s * np.sin(2 * np.pi * (rng.uniform(1, 4) * s + rng.uniform()))
    off = rng.uniform(0.0, 0.45) * s[:, None] ** 1.3 * np.array([math.cos(wind), math.sin(wind)])
    ground = long_m * (s[:, None] * along + bend[:, None] * np.array([-along[1], along[0]]) + off)
    radius = 0.3 * size_m + (rng.uniform(0.08, 0.25) * long_m) * s**0.7
    radius = radius * (1 + np.repeat(rng.uniform(-0.35, 0.35, STEPS // 4), 4))
    height = 0.35 * radius
    return Course(ground, height, radius, (1 - s**1.5) ** rng.uniform(0.3, 1.0) * (0.25 + np.minimum(s * 8, 1)))


def _pile(image: Image, view: View, light: Light, rng: np.random.Generator) -> tuple[Image, Plume]:
    """A heap that nobody has covered: the wind takes dust off its crest to the lee side."""
    at = foot(image, view, rng)
    long = length_m(view, at, rng, (8, 90))
    high = min(float(np.clip(long * rng.uniform(0.12, 0.35), 2, 15)), 0.4 * long)
    wide = min(high * rng.uniform(2.0, 3.5), 0.35 * min(image.shape[:2]) / view.scale(at[1]))
    high = min(high, 0.5 * wide)
    stuff = any_of(rng, (*EARTH, COAL, COAL, CHALK))
    image = heap(image, view, at, (wide, high), _dull(stuff), light, rng)
    course = drift(
        rng,
        view.wind_deg,
        long,
        rise=float(rng.uniform(0.0, 0.2)),
        from_m=0.7 * high,
        wide=_wide(rng, 0.3 * wide / long),
    )
    path = seen(course, view, at, _flat(view))
    return image, Plume([path], any_of(rng, _HOW), _colours(image, at, rng, (stuff,)), view.up(at, high), "")


def _works(image: Image, view: View, light: Light, rng: np.random.Generator) -> tuple[Image, Plume]:
    """Loading or wrecking: a digger, rubble, and a cloud that swells where the bucket falls."""
    at = foot(image, view, rng)
    long = length_m(view, at, rng, (6, 60))
    stuff = any_of(rng, (CONCRETE, CONCRETE, CHALK, TAN, OCHRE, COAL))
    size = _shown(float(np.clip(0.25 * long, 3, 9)), view, at)
    image = heap(
        image, view, at, (size * rng.uniform(0.8, 2.0), size * rng.uniform(0.15, 0.4)), _dull(stuff), light, rng
    )
    side = rng.uniform(0, 2 * math.pi)
    beside = view.along(at, size * math.cos(side), size * math.sin(side))
    image = digger(image, view, beside, size, math.degrees(side) + 180, light, rng)
    course = drift(
        rng, view.wind_deg, long, rise=float(rng.uniform(0.1, 0.7)), from_m=0.3, wide=_wide(rng, rng.uniform(0.1, 0.25))
    )
    path = seen(course, view, at, max(_flat(view), 0.6))
    return image, Plume([path], any_of(rng, ("puffs", "lumps", "advected")), _colours(image, at, rng, (stuff,)), at, "")


def digger(
    image: Image, view: View, at: Pixel, size_m: float, turn_deg: float, light: Light, rng: np.random.Generator
) -> Image:
    """Tracks, a cab and an arm that reaches out along `turn_deg`."""
    paint = (
        np.array(any_of(rng, ((40, 170, 230), (60, 190, 235), (60, 100, 220), (190, 190, 190))))
        / 255
        * np.array(light.white)
    )
    c, s = math.cos(math.radians(turn_deg)), math.sin(math.radians(turn_deg))
    image = solid(
        image, view, at, (0.6 * size_m, 0.45 * size_m, 0.12 * size_m), turn_deg, 0.25 * np.array(light.white), light
    )
    image = solid(image, view, at, (0.42 * size_m, 0.36 * size_m, 0.35 * size_m), turn_deg, paint * 0.9, light)
    arm = view.along(at, 0.5 * size_m * c, 0.5 * size_m * s)
    return solid(image, view, arm, (0.6 * size_m, 0.08 * size_m, 0.3 * size_m), turn_deg, paint * 0.8, light)


def _conveyor(image: Image, view: View, light: Light, rng: np.random.Generator) -> tuple[Image, Plume]:
    """A belt that lets its load fall on a heap."""
    at = foot(image, view, rng)
    long = length_m(view, at, rng, (5, 50))
    high = min(
        float(np.clip(long * rng.uniform(0.1, 0.3), 2, 12)), 0.35 * long, 0.2 * min(image.shape[:2]) / view.scale(at[1])
    )
    stuff = any_of(rng, (CONCRETE, CHALK, TAN, SAND, COAL))
    turn = float(rng.uniform(0, 360))
    image = heap(image, view, at, (high * 2.6, high * 0.8), _dull(stuff), light, rng)
    image = belt(image, view, at, high * rng.uniform(2.0, 4.5), turn, high * 1.15, light)
    course = drift(
        rng,
        view.wind_deg,
        long,
        rise=float(rng.uniform(0, 0.25)),
        from_m=0.9 * high,
        wide=_wide(rng, rng.uniform(0.06, 0.15)),
    )
    path = seen(course, view, at, _flat(view))
    return image, Plume([path], any_of(rng, _HOW), _colours(image, at, rng, (stuff,)), view.up(at, high), "")


def _bare_ground(image: Image, view: View, light: Light, rng: np.random.Generator) -> tuple[Image, Plume]:
    """A sheet of dust that the wind takes off bare ground along a wide front."""
    at = foot(image, view, rng)
    long = length_m(view, at, rng, (15, 150))
    front = math.radians(view.wind_deg + 90 + rng.uniform(-25, 25))
    reach = long * rng.uniform(0.3, 0.9)
    paths: list[Path] = []
    for t in np.linspace(-0.5, 0.5, int(rng.integers(3, 7))) + rng.normal(0, 0.05):
        base = view.along(at, math.cos(front) * reach * t, math.sin(front) * reach * t)
        own = long * rng.uniform(0.5, 1.1)
        course = drift(
            rng,
            view.wind_deg + rng.normal(0, 6),
            own,
            rise=0.05,
            from_m=0.2,
            wide=(rng.uniform(0.06, 0.14), rng.uniform(0.12, 0.22)),
        )
        path = seen(course, view, base, _flat(view))
        paths.append(replace(path, weight=path.weight * rng.uniform(0.3, 1.0)))
    return image, Plume(paths, "sheet", _colours(image, at, rng, EARTH), at, "", most=0.85)


_HOW = ("puffs", "puffs", "sheet", "sheet", "advected")
KINDS: dict[str, tuple[float, Scene]] = {
    "haul-road": (0.36, _haul_road),
    "pile": (0.18, _pile),
    "works": (0.2, _works),
    "conveyor": (0.08, _conveyor),
    "bare-ground": (0.18, _bare_ground),
}


def _shown(size_m: float, view: View, at: Pixel) -> float:
    """A machine's length, at least 5 px and at most a fifth of the picture."""
    scale = view.scale(at[1])
    return min(max(size_m, 5.0 / scale), 0.2 * min(view.height_px, view.width_px) / scale)


def _flat(view: View) -> float:
    """Dust hugs the ground: seen from the side it is a third as high as wide."""
    return max(math.cos(math.radians(view.tilt_deg)), 0.33)


def _wide(rng: np.random.Generator, first: float) -> tuple[float, float]:
    return float(np.clip(first, 0.03, 0.35)), float(np.clip(first, 0.03, 0.35) + rng.uniform(0.08, 0.22))


def _dull(stuff: Colour) -> Colour:
    """What lies still is darker than its dust."""
    return stuff[0] * 0.7, stuff[1] * 0.69, stuff[2] * 0.68


def _colours(image: Image, at: Pixel, rng: np.random.Generator, stuffs: Sequence[Colour]) -> tuple[Colour, Colour]:
    """Of the dust, partly of the ground that it came from, as the core and the edge have it."""
    x, y = int(np.clip(at[0], 0, image.shape[1] - 1)), int(np.clip(at[1], 0, image.shape[0] - 1))
    r = max(6, min(image.shape[:2]) // 8)
    ground = np.median(image[max(0, y - r) : y + r, max(0, x - r) : x + r].reshape(-1, 3), axis=0)
    stuff = np.array(any_of(rng, stuffs))
    bare = ground / max(float(ground.mean()), 1.0) * float(stuff.mean())
    grown = ground[1] > ground[2]  # what grows on the ground lends the dust no colour
    own = stuff + (bare - stuff) * rng.uniform(0.15, 0.65) * (0.3 if grown else 1.0) + rng.normal(0, 5, 3)
    core, edge = np.clip(own * rng.uniform(0.92, 1.06), 0, 255), np.clip(own * rng.uniform(0.88, 1.02), 0, 255)
    return as_colour(core), as_colour(edge)
