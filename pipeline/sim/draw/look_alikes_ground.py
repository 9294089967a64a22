"""Roads, sand, snow, heaps, tarpaulins, painted lines and thin shadows: what lies on the ground."""

from __future__ import annotations

import math

import numpy as np

from pipeline.sim.draw.look_alikes_kit import (
    DAYLIGHT,
    Ground,
    any_tone,
    blob,
    daylight,
    filled,
    grain,
    ground,
    lumps,
    metres,
    near,
    quad,
    spot,
    sunlit,
)
from pipeline.sim.draw.paint import blend, darkened, shifted
from pipeline.sim.draw.values import Colour, Field, Image
from pipeline.sim.draw.view import View
from pipeline.types import Pixel

TANS: tuple[Colour, ...] = ((130, 166, 190), (150, 176, 192), (112, 150, 182), (166, 182, 190), (104, 132, 160))
GREYS: tuple[Colour, ...] = ((150, 152, 154), (122, 126, 130), (178, 180, 182), (120, 140, 156))
NETS: tuple[Colour, ...] = ((58, 110, 56), (48, 88, 40), (34, 34, 34), (50, 48, 46), (150, 92, 44), (96, 140, 92))


def pale_road(image: Image, view: View, rng: np.random.Generator) -> Image:
    """A dirt road from border to border, its gravel sharp, often with two wheel tracks."""
    at, shape = spot(view, rng), image.shape[:2]
    land = ground(view, at, float(rng.uniform(0, 180)))
    wide = metres(view, at, float(rng.uniform(2.5, 9)), 0.05, 0.3)
    side_m = wide * 6
    bend = side_m * float(rng.uniform(-0.4, 0.4)) * np.sin(land.along / side_m + float(rng.uniform(0, 6)))
    off = land.across + bend.astype(np.float32)
    ragged = (lumps(shape, rng, 18, 4) - 0.5) * wide * float(rng.uniform(0.15, 0.7))
    cover = land.inside(np.abs(off) - wide / 2 + ragged, wide * float(rng.uniform(0.05, 0.4)))
    tone = _earth(image, rng, TANS)
    if rng.random() < 0.6:
        tracks = np.exp(-(((np.abs(off) - wide * 0.24) / (wide * 0.09)) ** 2))
        tone = tone * (1 + float(rng.choice([-0.16, 0.12])) * tracks)[..., None]
        if rng.random() < 0.5:
            grass = 0.75 * np.exp(-((off / (wide * 0.11)) ** 2)) * lumps(shape, rng, 8, 2)
            cover = cover * (1 - grass).astype(np.float32)
    return blend(image, tone, cover * np.float32(rng.uniform(0.8, 1.0)))


def sand_patch(image: Image, view: View, rng: np.random.Generator) -> Image:
    """Bare tan ground: what lies on it stays sharp, and its own grain is fine."""
    at, shape = spot(view, rng), image.shape[:2]
    radius = metres(view, at, float(rng.uniform(3, 40)), 0.15, 0.7) * view.scale(at[1])
    flat = max(math.cos(math.radians(view.tilt_deg)), 0.2)
    body = blob(shape, rng, at, (radius, radius * flat), float(rng.uniform(0.6, 1.6)))
    cover = np.clip(body * float(rng.uniform(1.5, 8)), 0, 1) * float(rng.uniform(0.75, 1.0))
    return blend(image, _earth(image, rng, TANS), cover.astype(np.float32))


def _earth(image: Image, rng: np.random.Generator, tones: tuple[Colour, ...]) -> Field:
    """(h, w, 3) ground of a colour with its own grain and a part of the texture that it covers."""
    import cv2

    shape = image.shape[:2]
    tone = any_tone(image, rng, tones, (0.8, 1.1))
    tone = tone + (tone.mean() - tone) * float(rng.uniform(0, 0.7))
    fine = grain(shape, rng) * 0.05 + grain(shape, rng, 2.5) * 0.04 + (lumps(shape, rng, 50, 4) - 0.5) * 0.3
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY).astype(np.float32)
    relief = (grey - cv2.blur(grey, (15, 15))) / max(float(grey.mean()), 12.0) * 0.35
    return np.asarray(tone * (1 + fine + np.clip(relief, -0.3, 0.3))[..., None], np.float32)


def snow_patch(image: Image, view: View, rng: np.random.Generator) -> Image:
    """What is left of snow: white patches with hard thawed edges, blue in their hollows."""
    shape, side = image.shape[:2], min(image.shape[:2])
    at = spot(view, rng)
    radius = side * float(rng.uniform(0.12, 0.5))
    body = blob(shape, rng, at, (radius, radius * float(rng.uniform(0.4, 1))), 1.4)
    body += (lumps(shape, rng, side * 0.1, 4) - 0.5) * float(rng.uniform(0.4, 1.4))
    cover = np.clip(body * float(rng.uniform(8, 30)), 0, 1) * 0.96
    hollow = np.clip((lumps(shape, rng, 0.15 * side, 4) - 0.4) * 3, 0, 1)[..., None]
    tone = (
        np.array((240.0, 238.0, 236.0), np.float32) * (1 - hollow)
        + np.array((214.0, 196.0, 182.0), np.float32) * hollow
    )
    return blend(image, tone * daylight(image) + 3 * grain(shape, rng)[..., None], cover.astype(np.float32))


def gravel_heap(image: Image, view: View, rng: np.random.Generator) -> Image:
    """One to four heaps of gravel or sand: lit on one side, dark on the other, a sharp shadow."""
    at = spot(view, rng)
    radius = metres(view, at, float(rng.uniform(1.5, 12)), 0.05, 0.25)
    tones = GREYS if rng.random() < 0.6 else TANS
    tone = any_tone(image, rng, tones, (0.75, 1.1))
    image = image.copy()
    for _ in range(int(rng.integers(1, 5))):
        place = view.along(at, *(float(v) for v in rng.normal(0, 1.3 * radius, 2)))
        _heap(image, view, rng, place, radius * float(rng.uniform(0.5, 1.2)), tone)
    return image


def _heap(image: Image, view: View, rng: np.random.Generator, at: Pixel, radius: float, tone: Field) -> None:
    """A cone of loose stuff at its angle of rest and its shadow, into the picture itself."""
    room = 2.6 * radius * view.scale(at[1]) + 4
    part, place = near(image, np.array([(at[0] - room, at[1] - room), (at[0] + room, at[1] + room)]))
    land = ground(view, at, 0.0, place)
    turn, high = math.radians(view.shadow_deg), 0.6 * radius
    lean = min(math.tan(math.radians(min(view.tilt_deg, 80))), 3.0) * 0.35
    drop = np.clip(1 - np.hypot(land.along, land.across) / radius, 0, 1) * high * 0.9
    east, south = land.along, (land.across + lean * drop).astype(np.float32)
    shadow = land.inside(_cone_shadow(east, south, turn, radius, high, view.sun_height_deg))
    off = np.hypot(east, south) + (lumps(part.shape[:2], rng, 16, 3) - 0.5) * radius * 0.35
    facing = -(east * math.cos(turn) + south * math.sin(turn)) / np.maximum(np.hypot(east, south), 0.25 * radius)
    light = 0.85 + 0.3 * facing + 0.09 * grain(part.shape, rng, 1.3) + 0.5 * (lumps(part.shape[:2], rng, 12, 3) - 0.5)
    dark = darkened(part, shadow * np.float32(0.5))
    part[:] = blend(dark, tone * light[..., None], land.inside(off - radius, 0.06 * radius))


def _cone_shadow(east: Field, south: Field, turn: float, radius: float, high: float, sun_deg: float) -> Field:
    """Distance in metres to the edge of a cone's shadow: a wedge from its foot to where its tip's shadow falls."""
    long = max(high / math.tan(math.radians(max(sun_deg, 20))), radius)
    down = east * math.cos(turn) + south * math.sin(turn)
    beside = np.abs(south * math.cos(turn) - east * math.sin(turn))
    taper = radius * (1 - np.clip(down / long, 0, 1))
    return np.asarray(np.maximum(beside - taper, np.maximum(-down, down - long)), np.float32)


def tarpaulin(image: Image, view: View, rng: np.random.Generator) -> Image:
    """A net or sheet over a pile, more than 3 m wide: lumps below, folds, tyres or seams on it."""
    at, shape = spot(view, rng), image.shape[:2]
    radius = metres(view, at, float(rng.uniform(3, 20)), 0.14, 0.5) * view.scale(at[1])
    flat = max(math.cos(math.radians(view.tilt_deg)), 0.35)
    body = blob(shape, rng, at, (radius, radius * flat * float(rng.uniform(0.5, 1.0))), float(rng.uniform(0.4, 1.0)))
    cover = np.clip(body * radius / 2.5, 0, 1).astype(np.float32)
    turn = math.radians(view.shadow_deg)
    image = darkened(
        image,
        shifted(cover, math.cos(turn) * (0.1 * radius), math.sin(turn) * (0.1 * radius))
        * (1 - cover)
        * np.float32(0.5),
    )
    relief = np.clip(body, 0, 0.5) * radius * 0.5 + (lumps(shape, rng, 0.3 * radius + 4, 5) - 0.5) * radius * 0.3
    slope = np.gradient(relief, axis=1) * math.cos(turn) + np.gradient(relief, axis=0) * math.sin(turn)
    folds = grain(shape, rng, 2.5) * float(rng.uniform(0.02, 0.07))
    light = 1 - 0.3 * np.tanh(slope) + 0.04 * grain(shape, rng) + folds + (lumps(shape, rng, 60, 3) - 0.5) * 0.4
    tone = any_tone(image, rng, NETS, (0.7, 1.15))
    return blend(image, tone * light[..., None], cover * np.float32(rng.uniform(0.85, 1.0)))


def road_marking(image: Image, view: View, rng: np.random.Generator) -> Image:
    """Paint on a road: lines that run on and cross, zebras, bays, arrows; often with the asphalt below."""
    at, shape = spot(view, rng), image.shape[:2]
    land = ground(view, at, float(rng.uniform(0, 180)))
    unit = metres(view, at, 0.15, 0.006, 0.03)
    if rng.random() < 0.85:
        road = land.inside(np.abs(land.across) - unit * float(rng.uniform(25, 60)), unit)
        asphalt = np.array((118.0, 116.0, 114.0), np.float32) * float(rng.uniform(0.55, 1.0)) * sunlit(image) / DAYLIGHT
        rough = 1 + 0.06 * grain(shape, rng) + 0.2 * (lumps(shape, rng, 40, 3) - 0.5)
        image = blend(image, asphalt * rough[..., None], road * np.float32(0.95))
    marks = (_long_lines, _zebra, _bays, _arrow)[int(rng.integers(4))](land, unit, rng)
    wear = np.clip(0.5 + 1.2 * lumps(shape, rng, 20, 4), 0.2, 1) * float(rng.uniform(0.5, 1.0))
    paint: Colour = (226.0, 228.0, 228.0) if rng.random() < 0.75 else (70.0, 176.0, 214.0)
    tone = np.array(paint, np.float32) * sunlit(image) / DAYLIGHT
    return blend(image, tone, (marks * wear).astype(np.float32))


def _long_lines(land: Ground, unit: float, rng: np.random.Generator) -> Field:
    """Two or three lines that go on beyond the picture and cross."""
    marks = np.zeros_like(land.along)
    for i in range(int(rng.integers(2, 4))):
        lean = 0.0 if i == 0 else float(rng.uniform(0.6, 2.5))
        off = land.across * math.cos(lean) - land.along * math.sin(lean) + unit * float(rng.uniform(-20, 20)) * (i > 0)
        line = land.inside(np.abs(off) - unit / 2)
        if rng.random() < 0.3:
            line = line * (np.mod(land.along, unit * 40) < unit * 22)
        marks = np.maximum(marks, line)
    return marks


def _zebra(land: Ground, unit: float, rng: np.random.Generator) -> Field:
    bars = np.abs(np.mod(land.across, unit * 6) - unit * 3) - unit * 1.5
    return land.inside(np.maximum(bars, np.maximum(np.abs(land.along) - unit * 14, np.abs(land.across) - unit * 30)))


def _bays(land: Ground, unit: float, rng: np.random.Generator) -> Field:
    """Parking bays: a comb of lines along one long line, or a lattice of them."""
    bay, deep = unit * 17, unit * 33
    comb = np.abs(np.mod(land.along, bay) - bay / 2) - unit / 2
    reach = np.maximum(np.abs(land.across) - deep, np.abs(land.along) - bay * int(rng.integers(2, 6)))
    spine = np.maximum(np.abs(land.across) - unit / 2, np.abs(land.along) - bay * 6)
    return np.maximum(land.inside(np.maximum(comb, reach)), land.inside(spine))


def _arrow(land: Ground, unit: float, rng: np.random.Generator) -> Field:
    """A lane's arrow with its lane's edges."""
    shaft = np.maximum(np.abs(land.across) - unit * 0.7, np.abs(land.along) - unit * 12)
    ahead = land.along - unit * 10
    head = np.maximum(np.abs(land.across) - (unit * 8 - ahead) * 0.45, -ahead)
    edges = np.abs(np.abs(land.across) - unit * 12) - unit / 2
    return np.maximum(land.inside(np.minimum(shaft, head)), land.inside(edges))


def pole_shadow(image: Image, view: View, rng: np.random.Generator) -> Image:
    """Thin dark lines that cross: shadows of masts, of their cross-arms and of wires."""
    at, shape = spot(view, rng), image.shape[:2]
    land = ground(view, at, view.shadow_deg)
    high = metres(view, at, float(rng.uniform(6, 40)), 0.25, 1.2)
    thick = max(high * float(rng.uniform(0.005, 0.016)), 0.7 / view.scale(at[1]))
    mast = np.maximum(np.abs(land.across) - thick, np.maximum(-land.along, land.along - high))
    dark = land.inside(mast)
    for k in range(int(rng.integers(1, 4))):
        arm = np.maximum(np.abs(land.along - high * (0.95 - 0.13 * k)) - thick * 0.7,
                         np.abs(land.across) - high * float(rng.uniform(0.05, 0.18)))  # fmt: skip
        dark = np.maximum(dark, land.inside(arm))
    for _ in range(int(rng.integers(0, 4))):
        lean, off = float(rng.normal(0, 0.15)), high * float(rng.uniform(0.6, 1.0))
        dark = np.maximum(dark, 0.7 * land.inside(np.abs(land.along + land.across * lean - off) - thick * 0.2))
    image = darkened(image, dark * np.float32(rng.uniform(0.35, 0.65)))
    post = np.vstack([quad(view, at, (thick, thick), 0.0), quad(view, at, (thick, thick), 0.0, high)])
    tone = np.array((150.0, 152.0, 154.0), np.float32) * float(rng.uniform(0.4, 1.0)) * sunlit(image) / DAYLIGHT
    return blend(image, tone, filled(shape, post)) if view.tilt_deg > 5 else image
