"""How hard a thing is to see: bands of contrast and size that are fixed beforehand, and strength fitted to them."""

from __future__ import annotations

import cv2
import numpy as np

from benchmarks.second_pen.values import Floats, Layer, Thing

BANDS_DE = ((4.0, 8.0), (8.0, 16.0), (16.0, 40.0))  # faint, middle, plain
SHARES = {"smoke": (1, 1, 1), "dust": (1, 1, 1), "outfall": (1, 1, 1), "marker": (1, 2, 3)}
SIZES_PX = {"smoke": (24, 300), "dust": (24, 300), "outfall": (16, 160), "marker": (10, 90)}
OPACITIES = (0.13, 0.96)  # of a plume's 95th percentile
SOLID = (0.1, 1.0)
SEEN_THROUGH = 0.2  # a solid thing of strength s has cover s^0.2, and s^0.8 of its own colour
VISIBLE = 0.1
TRIMMED = 0.01
STRENGTHS = 9


def size_px(label: str, side_px: int, rng: np.random.Generator) -> float:
    """The square root of a box's area to aim at."""
    low, high = SIZES_PX[label]
    return float(np.exp(rng.uniform(np.log(low), np.log(high)))) * side_px / 320


def wanted_de(label: str, rng: np.random.Generator) -> float:
    """A contrast to aim at: first the band, then log-uniform inside it."""
    shares = np.array(SHARES[label], float)
    low, high = BANDS_DE[rng.choice(3, p=shares / shares.sum())]
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def lab(image: Floats) -> Floats:
    """CIE 1976 L*a*b* (h, w, 3) of blue-first pixels 0..255."""
    return np.asarray(cv2.cvtColor(np.clip(image, 0, 255).astype(np.float32) / 255, cv2.COLOR_BGR2LAB))


def contrast_de(before_lab: Floats, after: Floats, cover: Floats) -> float:
    """Mean ΔE over the visible pixels, weighed by cover; 0 where nothing is visible."""
    weight = np.where(cover >= VISIBLE, cover, 0)
    if weight.sum() <= 0:
        return 0.0
    return float((np.linalg.norm(lab(after) - before_lab, axis=2) * weight).sum() / weight.sum())


def box_of(cover: Floats) -> tuple[float, float, float, float] | None:
    """The box (edges) of the visible cover less the outermost hundredth of its mass on each side."""
    mass = np.where(cover >= VISIBLE, cover, 0)
    if mass.sum() <= 0:
        return None
    (x0, x1), (y0, y1) = _span(mass.sum(axis=0)), _span(mass.sum(axis=1))
    return x0 - 0.5, y0 - 0.5, x1 + 0.5, y1 + 0.5


def _span(mass: Floats) -> tuple[int, int]:
    """First and last place left after the trimming."""
    share = np.cumsum(mass) / mass.sum()
    first = int(np.searchsorted(share, TRIMMED, side="right"))
    return first, max(first, int(np.searchsorted(share, 1 - TRIMMED - 1e-9, side="left")))


def cover_of(layer: Layer, strength: float) -> Floats:
    """Cover 0..1 (h, w) at a strength."""
    return 1 - np.exp(-strength * layer.depth) if layer.soft else strength**SEEN_THROUGH * layer.depth


def _colour(layer: Layer, shade: Floats, around: Floats, strength: float) -> Floats:
    """A solid thing's colour goes into that of its surroundings when it is faint: it is muddy more than transparent."""
    full = layer.light * shade
    return full if layer.soft else np.asarray(around + strength ** (1 - SEEN_THROUGH) * (full - around))


def over(ground: Floats, colour: Floats, cover: Floats) -> Floats:
    """A colour laid over the ground."""
    return np.asarray(ground + cover[..., None] * (colour - ground))


def laid(ground: Floats, layer: Layer, wanted: float) -> tuple[Floats, Floats, Thing] | None:
    """The tile with the thing as near to the wanted contrast as any of its shades comes: tile, cover, thing.

    None for a thing that cannot come into the wanted band.
    """
    if layer.scenery is not None:
        ground = over(ground, *layer.scenery)
    before, window = lab(ground), _window(layer.depth)
    around = cv2.GaussianBlur(ground, (0, 0), len(ground) / 16)
    best: tuple[float, float, Floats] | None = None
    for shade in layer.shades:
        strength, reached = _fitted(ground[window], before[window], around[window], _cut(layer, window), shade, wanted)
        off = abs(np.log(max(reached, 1e-3) / wanted))
        if best is None or off < best[0]:
            best = (off, strength, shade)
        if off < 0.08:
            break
    return None if best is None else _finished(ground, before, around, layer, best[1:], wanted)


def _finished(
    ground: Floats, before: Floats, around: Floats, layer: Layer, chosen: tuple[float, Floats], wanted: float
) -> tuple[Floats, Floats, Thing] | None:
    strength, shade = chosen
    cover = cover_of(layer, strength)
    after = over(ground, _colour(layer, shade, around, strength), cover)
    reached, box = contrast_de(before, after, cover), box_of(cover)
    low, high = next(b for b in BANDS_DE if b[0] <= wanted <= b[1])
    if box is None or not low <= reached <= high:
        return None
    opacity = float(np.percentile(cover[cover >= VISIBLE], 95))
    return after, cover, Thing(layer.label, layer.kind, box, layer.source_px, reached, opacity)


def _fitted(
    ground: Floats, before: Floats, around: Floats, layer: Layer, shade: Floats, wanted: float
) -> tuple[float, float]:
    """The strength whose contrast is nearest, and that contrast: a search by halves, as contrast grows with it."""
    low, high = _strengths(layer)
    best = (low, 0.0)
    for _ in range(STRENGTHS):
        strength = float(np.sqrt(low * high))
        cover = cover_of(layer, strength)
        reached = contrast_de(before, over(ground, _colour(layer, shade, around, strength), cover), cover)
        if abs(reached - wanted) < abs(best[1] - wanted):
            best = (strength, reached)
        low, high = (strength, high) if reached < wanted else (low, strength)
    return best


def _strengths(layer: Layer) -> tuple[float, float]:
    if not layer.soft:
        return SOLID
    thick = float(np.percentile(layer.depth[layer.depth > 0.05 * layer.depth.max()], 95))
    return -np.log(1 - OPACITIES[0]) / thick, -np.log(1 - OPACITIES[1]) / thick


def _window(depth: Floats) -> tuple[slice, slice]:
    """The part of the tile where there is anything at all."""
    there = depth > 1e-3 * max(float(depth.max()), 1e-9)
    rows, columns = np.flatnonzero(there.any(axis=1)), np.flatnonzero(there.any(axis=0))
    if not len(rows):
        return slice(0, 1), slice(0, 1)
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def _cut(layer: Layer, window: tuple[slice, slice]) -> Layer:
    return Layer(layer.label, layer.kind, layer.depth[window], layer.light[window], layer.shades, layer.source_px,
                 layer.soft)  # fmt: skip
