"""Pipes and culverts: what stands in the bank, drawn as solid things seen from where the camera is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from pipeline.sim.draw.paint import FIXED_BITS, fixed_point
from pipeline.sim.draw.shore import Shore
from pipeline.sim.draw.solids import Solids, times
from pipeline.sim.draw.values import Colour, Field
from pipeline.types import Pixel

CONCRETES: tuple[Colour, ...] = ((168, 174, 176), (138, 144, 146), (196, 200, 202), (112, 118, 120), (136, 152, 164))
STEELS: tuple[Colour, ...] = (
    (150, 152, 150), (70, 92, 130), (52, 68, 104), (60, 62, 62), (176, 150, 110), (206, 208, 208), (84, 108, 70),
    (40, 40, 42), (70, 110, 190),
)  # fmt: skip
HOLE: Colour = (20, 21, 20)
FROM_BEHIND = -0.1  # `Waterline.facing` below which a mouth's front is hidden


@dataclass(frozen=True, slots=True)
class Mouth:
    """An opening in the bank, `climb_m` up it, `wide_m` by `high_m`; its foot is at `y_m` and `z_m` of the shore.

    A pipe sticks out by `out_m`, and what leaves it flies on by `throw_m` (0: it runs down the bank).
    """

    x_m: float
    climb_m: float
    y_m: float
    z_m: float
    wide_m: float
    high_m: float
    out_m: float
    throw_m: float
    colour: Colour

    @property
    def falls_at_m(self) -> float:
        """Where its water meets the river's, into the water."""
        return self.y_m + self.out_m + self.throw_m if self.throw_m > 0 else 0.0


def any_mouth(shore: Shore, kind: str, rng: np.random.Generator) -> Mouth:
    """A mouth whose size suits both the world (0.2 to 4 m) and the picture (3 px to a seventh of it)."""
    bank, scale = shore.bank, shore.line.px_per_m
    culvert = "culvert" in kind
    wide = float(np.exp(rng.uniform(*np.log((1.0, 4.0) if culvert else (0.25, 1.5)))))
    wide = float(np.clip(wide, 3.5 / scale, max(0.14 * min(shore.y.shape), 4.0) / scale))
    high = wide * float(rng.uniform(0.6, 1.1)) if culvert else wide
    climb = _climb(shore, kind, wide, rng)
    share = min(climb / bank.slant_m, 1.0)
    y, z = -share * bank.width_m - max(climb - bank.slant_m, 0), share * bank.height_m
    out = 0.0 if culvert else wide * float(rng.uniform(0.2, 4.0))
    throw = 0.0
    if not culvert and kind in ("pipe", "pipes") and y + out > -0.4 * z - 0.4 * wide and rng.random() < 0.8:
        throw = max(-y - out, 0.0) + float(rng.uniform(0.15, 0.7)) * max(z, 0.5 * wide)
    colours = CONCRETES if culvert or rng.random() < 0.5 else STEELS
    colour = times(colours[rng.integers(len(colours))], float(rng.uniform(0.8, 1.15)))
    return Mouth(0.0, climb, y, z, wide, high, out, throw, colour)


def _climb(shore: Shore, kind: str, wide_m: float, rng: np.random.Generator) -> float:
    """How far up the bank: culverts at its foot, pipes anywhere, ditches from the land above."""
    slant = shore.bank.slant_m
    if kind == "ditch":
        return slant + float(rng.uniform(3, 25)) * wide_m
    if "culvert" in kind:
        return slant * float(rng.uniform(0.2, 1.0) if kind.startswith("dry") else rng.uniform(0.0, 0.25))
    if shore.line.facing < FROM_BEHIND:
        return slant * float(rng.uniform(0.85, 1.3))  # what is lower is hidden behind the bank's edge
    if shore.bank.kind != "wall" and rng.random() < 0.25:
        return slant * float(rng.uniform(0.8, 1.8))
    return slant * float(rng.uniform(0.05, 0.8))


def draw_structure(solids: Solids, mouth: Mouth, kind: str, waste: Colour, rng: np.random.Generator) -> Pixel:
    """The mouth of a kind with what runs over it; returns the mouth's centre."""
    shore = solids.shore
    if kind in ("submerged", "ditch"):
        return shore.pixel(0.0, min(mouth.climb_m, shore.bank.slant_m + 2 * mouth.wide_m))
    if "culvert" in kind:
        cells = int(rng.choice((1, 2, 3), p=(0.65, 0.25, 0.1)))
        return draw_culvert(solids, mouth, cells, None if kind.startswith("dry") else waste, rng)
    count = int(rng.integers(2, 5)) if kind == "pipes" else 1
    gap = mouth.wide_m * float(rng.uniform(1.2, 2.5))
    flush = shore.bank.kind == "wall" and rng.random() < 0.5 and shore.line.facing > 0.3
    if rng.random() < 0.3 and not flush:
        _block(solids, mouth, gap * count, rng)
    ends = []
    for number in range(count):
        one = replace(mouth, x_m=(number - (count - 1) / 2) * gap)
        ends.append(draw_hole(solids, one, rng) if flush else draw_pipe(solids, one, rng))
        if mouth.throw_m > 0:
            draw_jet(solids, replace(one, out_m=0.0) if flush else one, waste, rng)
    return ends[count // 2]


def draw_pipe(solids: Solids, mouth: Mouth, rng: np.random.Generator) -> Pixel:
    """A round pipe that sticks out level from where it leaves the bank; returns its mouth's centre."""
    shore, radius = solids.shore, mouth.wide_m / 2
    middle, end_y = mouth.z_m + radius, mouth.y_m + mouth.out_m
    tail = shore.line.pixel(mouth.x_m, mouth.y_m - 0.3 * mouth.out_m, middle)
    end = shore.line.pixel(mouth.x_m, end_y, middle)
    _body(solids, tail, end, radius * shore.line.px_per_m, mouth.colour)
    if shore.line.facing > FROM_BEHIND:
        solids.fill(_circle(shore, mouth.x_m, end_y, middle, radius), times(mouth.colour, rng.uniform(1.0, 1.3)))
        solids.fill(_circle(shore, mouth.x_m, end_y, middle, radius * rng.uniform(0.7, 0.88)), HOLE)
    return end


def draw_hole(solids: Solids, mouth: Mouth, rng: np.random.Generator) -> Pixel:
    """A round opening in the face of a wall, mostly with a lighter rim."""
    shore, radius = solids.shore, mouth.wide_m / 2
    middle = mouth.z_m + radius
    if rng.random() < 0.7:
        solids.fill(_circle(shore, mouth.x_m, mouth.y_m, middle, radius * rng.uniform(1.15, 1.45)), mouth.colour)
    solids.fill(_circle(shore, mouth.x_m, mouth.y_m, middle, radius), HOLE)
    return shore.line.pixel(mouth.x_m, mouth.y_m, middle)


def draw_jet(solids: Solids, mouth: Mouth, waste: Colour, rng: np.random.Generator) -> None:
    """Water that falls in a bow from a pipe, white and a little of the waste's colour."""
    start, half = mouth.y_m + mouth.out_m, mouth.wide_m * float(rng.uniform(0.25, 0.42))
    high = mouth.z_m + 0.4 * mouth.wide_m
    white, wobble = rng.uniform(0.35, 0.9), rng.uniform(0.75, 1.25, 7)
    spread = float(rng.uniform(-0.3, 0.9))
    colour = tuple(float(white * 230 + (1 - white) * c) for c in waste)
    steps = [n / 6 for n in range(7)]
    points = [
        (start + mouth.throw_m * s, high * (1 - s * s), half * (1 + spread * s) * w)
        for s, w in zip(steps, wobble, strict=True)
    ]
    for number, ((y0, z0, w0), (y1, z1, w1)) in enumerate(pairwise(points)):
        bright, x = float(rng.uniform(0.88, 1.1)), mouth.x_m
        strip = [(x - w0, y0, z0), (x + w0, y0, z0), (x + w1, y1, z1), (x - w1, y1, z1)]
        solids.mix(strip, (colour[0] * bright, colour[1] * bright, colour[2] * bright), 0.9 - 0.09 * number)


def draw_culvert(solids: Solids, mouth: Mouth, cells: int, waste: Colour | None, rng: np.random.Generator) -> Pixel:
    """A box culvert: head wall, openings side by side, perhaps wing walls, an apron and flap gates; None: dry."""
    y, z, x, wide = mouth.y_m, mouth.z_m, mouth.x_m, mouth.wide_m
    half = wide * cells * 0.56 + wide * float(rng.uniform(0.1, 0.6))
    top, thick = (
        z + mouth.high_m * float(rng.uniform(1.15, 1.7)),
        max(0.25, mouth.high_m * float(rng.uniform(0.15, 0.4))),
    )
    splay, wing = wide * float(rng.uniform(0.0, 1.2)), wide * float(rng.uniform(0.5, 1.8))
    light, dim = times(mouth.colour, rng.uniform(0.95, 1.15)), times(mouth.colour, rng.uniform(0.6, 0.9))
    if rng.random() < 0.65:
        _apron(solids, mouth, (half, splay, wing), cells, waste, rng)
    if solids.shore.line.facing > FROM_BEHIND:
        solids.face([(x - half, y, z - 0.1), (x + half, y, z - 0.1), (x + half, y, top), (x - half, y, top)], dim)
    gated = bool(rng.random() < 0.25)
    for cell in range(cells):
        _opening(solids, replace(mouth, x_m=x + (cell - (cells - 1) / 2) * wide * 1.12), gated, waste, rng)
    edge = y - thick
    solids.face([(x - half, edge, top), (x + half, edge, top), (x + half, y, top), (x - half, y, top)], light)
    if rng.random() < 0.6:
        for side in (-1, 1):
            ends = (x + side * half, y), (x + side * (half + splay), y + wing)
            _wing(solids, ends, (z, top), side * thick * 0.8, light, dim)
    return solids.shore.line.pixel(x, y, z + mouth.high_m / 2)


def _apron(
    solids: Solids, mouth: Mouth, sizes: tuple[float, float, float], cells: int, waste: Colour | None,
    rng: np.random.Generator,
) -> None:  # fmt: skip
    """The slab before a culvert, wet or stained where the water runs."""
    (half, splay, wing), x, y, z = sizes, mouth.x_m, mouth.y_m, mouth.z_m
    slab = times(mouth.colour, rng.uniform(0.5, 0.9))
    solids.face(
        [(x - half, y, z), (x + half, y, z), (x + half + splay, y + wing, 0.0), (x - half - splay, y + wing, 0.0)], slab
    )
    run = mouth.wide_m * cells * 0.5
    grow = rng.uniform(0.6, 1.5)
    wet = waste if waste is not None else times(slab, rng.uniform(0.4, 0.8))
    corners = [(x - run, y, z), (x + run, y, z), (x + run * grow, y + wing, 0.0), (x - run * grow, y + wing, 0.0)]
    solids.mix(corners, wet, float(rng.uniform(0.4, 0.9)))


def _opening(solids: Solids, mouth: Mouth, gated: bool, waste: Colour | None, rng: np.random.Generator) -> None:
    """One dark cell, water at its foot, perhaps a lid; from above the gap under the head wall's edge."""
    x, y, z, half, high = mouth.x_m, mouth.y_m, mouth.z_m, mouth.wide_m * 0.47, mouth.high_m
    gap = high * 0.5 * (1 - max(solids.shore.line.facing, 0)) + 1.0 / solids.shore.line.px_per_m
    solids.face([(x - half, y, z), (x + half, y, z), (x + half, y + gap, z), (x - half, y + gap, z)], (34, 36, 36))
    if solids.shore.line.facing < FROM_BEHIND:
        return
    solids.face([(x - half, y, z), (x + half, y, z), (x + half, y, z + high), (x - half, y, z + high)], HOLE)
    if waste is not None:
        level = z + high * float(rng.uniform(0.05, 0.35))
        solids.face([(x - half, y, z), (x + half, y, z), (x + half, y, level), (x - half, y, level)], times(waste, 0.6))
    if gated:
        lid, out = STEELS[rng.integers(len(STEELS))], high * float(rng.uniform(0.0, 0.5))
        low = z + high * float(rng.uniform(0.1, 0.4))
        lip = [(x - half, y, z + high), (x + half, y, z + high), (x + half, y + out, low), (x - half, y + out, low)]
        solids.face(lip, lid)


def _wing(
    solids: Solids, ends: tuple[tuple[float, float], tuple[float, float]], heights: tuple[float, float], thick: float,
    light: Colour, dim: Colour,
) -> None:  # fmt: skip
    """A wall that runs out from the head wall's end and falls towards the water."""
    (start, end), (z, top) = ends, heights
    low = max(0.25 * top, z * 0.3)
    solids.face([(*start, z), (*end, 0.0), (*end, low), (*start, top)], dim)
    solids.face([(*start, top), (*end, low), (end[0] + thick, end[1], low), (start[0] + thick, start[1], top)], light)


def _block(solids: Solids, mouth: Mouth, wide_m: float, rng: np.random.Generator) -> None:
    """A small head wall of concrete that pipes come through."""
    half, top = wide_m / 2 + mouth.wide_m * rng.uniform(0.3, 1.0), mouth.z_m + mouth.wide_m * rng.uniform(1.2, 2.0)
    colour, y = times(CONCRETES[rng.integers(len(CONCRETES))], rng.uniform(0.8, 1.1)), mouth.y_m
    thick = max(0.2, 0.4 * mouth.wide_m)
    if solids.shore.line.facing > FROM_BEHIND:
        foot = mouth.z_m - 0.3 * mouth.wide_m
        solids.face([(-half, y, foot), (half, y, foot), (half, y, top), (-half, y, top)], times(colour, 0.85))
    solids.face([(-half, y - thick, top), (half, y - thick, top), (half, y, top), (-half, y, top)], times(colour, 1.15))


def _circle(shore: Shore, x: float, y: float, z: float, radius: float) -> list[Pixel]:
    """An upright circle that faces the water; leaning a little, so that it is no line from above."""
    turns = [(float(np.cos(a)), float(np.sin(a))) for a in np.linspace(0, 2 * np.pi, 20, endpoint=False)]
    return [shore.line.pixel(x + radius * c, y - 0.25 * radius * s, z + radius * s) for c, s in turns]


def _body(solids: Solids, tail: Pixel, end: Pixel, half_px: float, colour: Colour) -> None:
    """The pipe's side in strips, light where it turns to the sky."""
    along = np.subtract(end, tail)
    across = np.array([-along[1], along[0]]) / max(float(np.hypot(*along)), 1e-6)
    if across[1] > 0:
        across = -across
    for low, high, share in ((-1.0, 1.0, 0.55), (-0.6, 1.0, 0.8), (-0.15, 0.9, 1.05), (0.25, 0.7, 1.25)):
        corners = [np.add(p, across * half_px * s) for p, s in ((tail, low), (end, low), (end, high), (tail, high))]
        solids.fill([(float(c[0]), float(c[1])) for c in corners], times(colour, share))


def shadow_mask(shore: Shore, mouth: Mouth, rng: np.random.Generator) -> Field:
    """(h, w) share of light that a mouth's structure takes from the ground beside it."""
    import cv2

    view, scale = shore.line.view, shore.line.px_per_m
    long_m = min((mouth.z_m + mouth.high_m) / float(np.tan(np.radians(view.sun_height_deg))), 2.5 * mouth.high_m)
    turn, flat = np.radians(view.shadow_deg), max(float(np.cos(np.radians(view.tilt_deg))), 0.2)
    cast = np.array([np.cos(turn), np.sin(turn) * flat]) * long_m * scale
    (ax, ay), (ix, iy) = shore.line.axes
    side = np.array([ax, ay * flat]) * 0.55 * mouth.wide_m * scale
    at = np.array(shore.pixel(mouth.x_m, mouth.climb_m))
    out = at + np.array([ix, iy * flat]) * mouth.out_m * scale
    corners = cv2.convexHull(np.array([at - side, at + side, out + side + cast, out - side + cast], np.float32))
    mask = np.zeros(shore.image.shape[:2], np.uint8)
    cv2.fillPoly(mask, [fixed_point(corners)], (255.0,), cv2.LINE_AA, FIXED_BITS)
    soft = cv2.GaussianBlur(mask, (0, 0), 0.8).astype(np.float32)
    return np.asarray(soft * np.float32(rng.uniform(0.2, 0.5) / 255), np.float32)
