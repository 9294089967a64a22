"""What weather, handling and light do to a panel: folds, dirt, fading, grass over it, a turned corner, glare."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from pipeline.sim.draw.panel_plane import Plane, lumps
from pipeline.sim.draw.values import Colour, Field


@dataclass(frozen=True, slots=True)
class Cloth:
    """`albedo` (n, n, 3) linear reflectance, `cover` (n, n) 0..1, `light` (n, n) factor, `gloss` (n, n) white added."""

    albedo: Field
    cover: Field
    light: Field
    gloss: Field


def worn(cloth: Cloth, p: Plane, rng: np.random.Generator, ground: Colour, flat: bool, much: float) -> Cloth:
    """A panel as found outdoors; `flat` ones are paint on the ground; `much` 0..1 is how bad it may get."""
    cloth = _stained(cloth, p, rng, ground, much)
    if flat:
        return _rubbed(cloth, p, rng, much)
    if rng.random() < 0.75:
        cloth = _wrinkled(cloth, p, rng)
    if rng.random() < 0.35:
        cloth = _creased(cloth, p, rng)
    if rng.random() < 0.15:
        cloth = _turned_corner(cloth, p, rng)
    if rng.random() < 0.2:
        cloth = _overgrown(cloth, p, rng)
    if rng.random() < 0.15:
        cloth = _pegged(cloth, p, rng)
    return _glaring(cloth, p, rng) if rng.random() < 0.15 else cloth


def _stained(cloth: Cloth, p: Plane, rng: np.random.Generator, ground: Colour, much: float) -> Cloth:
    """Dust all over, patches of dirt, splashes of mud, all of the ground's own colour."""
    dust = float(rng.uniform(0, 0.15)) * (0.4 + much)
    patches = np.clip((lumps(p.side, rng, float(rng.uniform(0.2, 0.7)), 4) - float(rng.uniform(0.5, 0.75))) * 5, 0, 1)
    soil = dust + patches * float(rng.uniform(0, 0.5)) * (0.3 + much)
    if rng.random() < 0.3:
        for _ in range(int(rng.integers(3, 18))):
            at = (float(rng.uniform(-1, 1)), float(rng.uniform(-1, 1)))
            soil = np.maximum(soil, 0.8 * p.disc(float(rng.exponential(0.04) + 0.01), at))
    mud = np.array(ground, np.float32) * float(rng.uniform(0.5, 1.1))
    share = np.clip(soil, 0, 0.92)[..., None]
    return replace(cloth, albedo=(cloth.albedo * (1 - share) + mud * share).astype(np.float32))


def _rubbed(cloth: Cloth, p: Plane, rng: np.random.Generator, much: float) -> Cloth:
    """Paint that has come off in grains and patches: the ground looks through."""
    grain = lumps(p.side, rng, float(rng.uniform(0.05, 0.3)), 4)
    left = np.clip((grain - 0.5) * 4 + float(rng.uniform(0.5, 2.5)) * (1.2 - 0.6 * much), 0.15, 1)
    return replace(cloth, cover=(cloth.cover * left).astype(np.float32))


def _wrinkled(cloth: Cloth, p: Plane, rng: np.random.Generator) -> Cloth:
    """Soft folds all over, longer one way, lit from one side."""
    n = p.side
    relief, step = lumps(n, rng, float(rng.uniform(0.15, 0.5)), 3), max(1, n // 40)
    turn = float(rng.uniform(0, 2 * np.pi))
    slope = (np.roll(relief, step, 1) - np.roll(relief, -step, 1)) * float(np.cos(turn))
    slope += (np.roll(relief, step, 0) - np.roll(relief, -step, 0)) * float(np.sin(turn))
    depth = float(rng.uniform(0.06, 0.35))
    return replace(cloth, light=cloth.light * np.clip(1 + depth * np.tanh(slope * 9), 0.4, 1.5))


def _creased(cloth: Cloth, p: Plane, rng: np.random.Generator) -> Cloth:
    """The creases of a sheet that lay folded: bright on one side, dark on the other."""
    light = cloth.light
    folds = int(rng.integers(1, 4))
    for axis in (p.x, p.y):
        for k in range(1, folds + 1):
            off = axis - (2 * k / (folds + 1) - 1) - float(rng.normal(0, 0.02))
            wide = float(rng.uniform(0.02, 0.06)) + p.soft
            light = light * (1 + float(rng.normal(0, 0.25)) * off / wide * np.exp(-((off / wide) ** 2)))
            light = light * (1 + float(rng.normal(0, 0.05)) * np.sign(off))
    return replace(cloth, light=np.clip(light, 0.3, 1.6).astype(np.float32))


def _turned_corner(cloth: Cloth, p: Plane, rng: np.random.Generator) -> Cloth:
    """A corner folded over: its pale back on the panel, its shadow beside it, ground where it lay."""
    sx, sy = (float(v) for v in rng.choice([-1.0, 1.0], 2))
    cut = float(rng.uniform(1.35, 1.75)) / np.sqrt(2)
    along = (p.x * sx + p.y * sy) / np.sqrt(2)
    gone = p.inside(cut - along)
    mirror = 2 * cut - along
    across = np.abs(p.x * sx - p.y * sy) / np.sqrt(2)
    flap = np.minimum(p.inside(along - cut), p.inside(mirror + across - np.sqrt(2)))
    shade = np.clip(1 - np.abs(mirror + across - np.sqrt(2)) / 0.12, 0, 1) * (1 - flap)
    back = np.array((0.4, 0.42, 0.42), np.float32) * float(rng.uniform(0.3, 1.6))
    albedo = cloth.albedo * (1 - flap[..., None]) + np.clip(back, 0, 0.85) * flap[..., None]
    light = cloth.light * (1 - 0.5 * shade) * (1 + flap * float(rng.normal(0, 0.15)))
    return replace(cloth, albedo=albedo, cover=cloth.cover * (1 - gone), light=light.astype(np.float32))


def _overgrown(cloth: Cloth, p: Plane, rng: np.random.Generator) -> Cloth:
    """Blades over an edge, or sand blown onto it: the ground in front of the panel."""
    turn = float(rng.uniform(0, 2 * np.pi))
    out = p.x * np.cos(turn) + p.y * np.sin(turn)
    ragged = (lumps(p.side, rng, float(rng.uniform(0.06, 0.3)), 4) - 0.5) * float(rng.uniform(0.5, 2))
    edge = float(rng.uniform(0.5, 1.0))
    return replace(cloth, cover=cloth.cover * np.clip((edge + ragged - out) / (3 * p.soft), 0, 1).astype(np.float32))


def _pegged(cloth: Cloth, p: Plane, rng: np.random.Generator) -> Cloth:
    """Pegs, stones or bags at the corners."""
    spots, tone = np.zeros_like(cloth.cover), rng.uniform(0.03, 0.5, 3).astype(np.float32)
    reach, size = float(rng.uniform(0.88, 1.0)), float(rng.uniform(0.04, 0.1))
    for sx in (-1, 1):
        for sy in (-1, 1):
            spots = np.maximum(spots, p.disc(size * float(rng.uniform(0.6, 1.2)), (sx * reach, sy * reach)))
    albedo = cloth.albedo * (1 - spots[..., None]) + tone * spots[..., None]
    return replace(cloth, albedo=albedo, cover=np.maximum(cloth.cover, spots))


def _glaring(cloth: Cloth, p: Plane, rng: np.random.Generator) -> Cloth:
    """The sun mirrored in plastic: white where it should be dark."""
    at, radius = rng.uniform(-0.8, 0.8, 2), float(rng.uniform(0.15, 0.7))
    turn = float(rng.uniform(0, np.pi))
    x, y = p.x - float(at[0]), p.y - float(at[1])
    across = (x * np.cos(turn) + y * np.sin(turn)) / radius
    along = (y * np.cos(turn) - x * np.sin(turn)) / (radius * float(rng.uniform(0.3, 1.0)))
    patch = np.exp(-(across**2) - along**2) * lumps(p.side, rng, 0.3, 3) * 2
    return replace(cloth, gloss=(cloth.gloss + patch * float(rng.uniform(0.2, 1.2))).astype(np.float32))
