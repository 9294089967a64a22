"""Outfalls drawn loosely: dark mouths in any frame, with something that runs from them or nothing, on any ground."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.sim.draw.loose_mattes import between, fractal, log_between
from pipeline.sim.draw.paint import any_of, blend
from pipeline.sim.draw.values import Field, Image, Painted, Tone

MOUTHS_PX = (4.0, 60.0)
REACH = 4.5  # mouth lengths from the plane's middle to its edge
Ink = list[float]


@dataclass(frozen=True, slots=True)
class Canvas:
    """A square plane about the mouth: colours (n, n, 3) and cover (n, n), 0..255; y down is where the water goes."""

    tone: Image
    cover: NDArray[np.uint8]
    unit: float  # cells that a mouth is long

    def points(self, at: list[tuple[float, float]]) -> NDArray[np.int32]:
        """Places in mouth lengths from the mouth, as cells."""
        return np.asarray(np.round((np.array(at) + REACH) * self.unit), np.int32)

    def polygon(self, at: list[tuple[float, float]], ink: Ink) -> None:
        import cv2

        cv2.fillPoly(self.tone, [self.points(at)], ink)
        cv2.fillPoly(self.cover, [self.points(at)], 255)

    def ellipse(self, at: tuple[float, float], half: tuple[float, float], ink: Ink) -> None:
        import cv2

        middle, axes = self.points([at])[0].tolist(), [max(1, round(v * self.unit)) for v in half]
        cv2.ellipse(self.tone, middle, axes, 0, 0, 360, ink, -1)
        cv2.ellipse(self.cover, middle, axes, 0, 0, 360, 255, -1)

    def box(self, x0: float, y0: float, x1: float, y1: float, ink: Ink) -> None:
        self.polygon([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], ink)


def paint_loose_outfall(image: Image, _label: str, rng: np.random.Generator) -> Painted:
    """An outfall of any family anywhere on a picture (h, w, 3)."""
    mouth, frame, runs = (any_of(rng, sorted(f)) for f in (MOUTHS, FRAMES, DISCHARGES))
    size = log_between(rng, MOUTHS_PX[0], min(MOUTHS_PX[1], min(image.shape[:2]) / 4))
    unit = max(12.0, 1.3 * size)
    side = round(2 * REACH * unit)
    canvas = Canvas(np.zeros((side, side, 3), np.uint8), np.zeros((side, side), np.uint8), unit)
    many, tall = any_of(rng, (1, 1, 1, 2, 3)), between(rng, 0.6, 1)
    FRAMES[frame](canvas, many, rng)
    _mouths(canvas, mouth, many, tall, rng)
    DISCHARGES[runs](canvas, many, rng)
    tone, cover, at = _laid(canvas, size, image.shape[:2], rng)
    return Painted(blend(image, tone, cover), image, cover, at, f"loose-{mouth}-{frame}-{runs}")


def _laid(
    canvas: Canvas, size: float, shape: tuple[int, ...], rng: np.random.Generator
) -> tuple[Tone, Field, tuple[float, float]]:
    """Tone and cover in the picture (h, w), at any turn, flat or foreshortened, and where the mouth is."""
    import cv2

    h, w, scale = shape[0], shape[1], size / canvas.unit
    turn = any_of(rng, (between(rng, -0.5, 0.5), between(rng, 0, 2 * np.pi)))
    lean, flat = any_of(rng, (0.0, between(rng, 0, np.pi))), between(rng, 0.5, 1)
    c, s, k, m = np.cos(turn), np.sin(turn), np.cos(lean), np.sin(lean)
    move = scale * np.array(((k, -m), (m, k))) @ np.diag((1, flat)) @ np.array(((c, -s), (s, c)))
    at = between(rng, 0.03, 0.97) * (w - 1), between(rng, 0.03, 0.97) * (h - 1)
    whole = np.column_stack((move, np.array(at) - move @ np.full(2, REACH * canvas.unit)))
    light = np.float32(1) + (fractal(64, rng) - 0.5) * np.float32(between(rng, 0, 0.5))
    grain = cv2.resize(light, canvas.cover.shape[::-1], interpolation=cv2.INTER_LINEAR)[..., None]
    alpha = canvas.cover[..., None] * np.float32(1 / 255)
    laid = cv2.warpAffine(np.dstack((canvas.tone * grain * alpha, alpha)), whole, (w, h), flags=cv2.INTER_LINEAR)
    laid = cv2.GaussianBlur(laid, (0, 0), between(rng, 0.4, 1.1))
    cover = np.asarray(np.clip(laid[..., 3] * between(rng, 0.75, 1), 0, 1), np.float32)
    return np.asarray(np.clip(laid[..., :3] / np.maximum(laid[..., 3:], 1e-3), 0, 255), np.float32), cover, at


def _middles(many: int) -> list[float]:
    return [(n - (many - 1) / 2) * 1.25 for n in range(many)]


def _mouths(canvas: Canvas, kind: str, many: int, tall: float, rng: np.random.Generator) -> None:
    """Dark openings side by side, half of water or behind bars, some of them."""
    dark = (between(rng, 3, 60) + rng.uniform(0, 15, 3)).tolist()
    water = rng.uniform(50, 150, 3).tolist()
    filled, barred = rng.random() < 0.3, rng.random() < 0.2
    for x in _middles(many):
        MOUTHS[kind](canvas, x, tall, dark)
        if filled:
            canvas.box(x - 0.35, tall * between(rng, 0.05, 0.25), x + 0.35, tall * 0.4, water)
        for n in range(-2, 3) if barred else ():
            canvas.box(x + n * 0.16 - 0.03, -0.35 * tall, x + n * 0.16 + 0.03, 0.35 * tall, water)


def _round(canvas: Canvas, x: float, _tall: float, ink: Ink) -> None:
    canvas.ellipse((x, 0), (0.5, 0.5), ink)


def _oval(canvas: Canvas, x: float, tall: float, ink: Ink) -> None:
    canvas.ellipse((x, 0), (0.5, 0.5 * tall), ink)


def _arch(canvas: Canvas, x: float, tall: float, ink: Ink) -> None:
    canvas.ellipse((x, 0), (0.5, 0.5 * tall), ink)
    canvas.box(x - 0.5, 0, x + 0.5, 0.5 * tall, ink)


def _square(canvas: Canvas, x: float, tall: float, ink: Ink) -> None:
    canvas.box(x - 0.5, -0.5 * tall, x + 0.5, 0.5 * tall, ink)


def _concrete(rng: np.random.Generator) -> Ink:
    """Mostly grey or pale, sometimes of any colour."""
    if rng.random() < 0.2:
        return rng.uniform(30, 230, 3).tolist()  # type: ignore[no-any-return]
    return np.clip(between(rng, 80, 235) + rng.normal(0, 8, 3), 0, 255).tolist()  # type: ignore[no-any-return]


def _no_frame(canvas: Canvas, many: int, rng: np.random.Generator) -> None:
    """A mouth in the bare ground: a rim hardly wider than itself."""
    ink = _concrete(rng)
    for x in _middles(many):
        canvas.ellipse((x, 0), (0.53, 0.53), ink)


def _ring(canvas: Canvas, many: int, rng: np.random.Generator) -> None:
    ink, wide, long = _concrete(rng), between(rng, 0.56, 0.8), between(rng, 0, 2)
    for x in _middles(many):
        if rng.random() < 0.6:
            canvas.box(x - wide, -long, x + wide, 0, [0.8 * v for v in ink])
        canvas.ellipse((x, 0), (wide, wide), ink)


def _wall(canvas: Canvas, many: int, rng: np.random.Generator) -> None:
    half = 0.6 + 0.625 * (many - 1) + between(rng, 0.1, 1)
    canvas.box(-half, -between(rng, 0.6, 1.3), half, between(rng, 0.5, 0.8), _concrete(rng))


def _wings(canvas: Canvas, many: int, rng: np.random.Generator) -> None:
    """A headwall with wings that open, or a trapezium."""
    ink, half, foot = _concrete(rng), 0.7 + 0.625 * (many - 1), between(rng, 0.6, 1.4)
    out = half + between(rng, 0.1, 0.8)
    canvas.polygon([(-half, -0.75), (half, -0.75), (out, foot), (-out, foot)], ink)
    if rng.random() < 0.6:
        inner = [0.7 * v for v in ink]
        canvas.polygon([(-half + 0.2, 0), (half - 0.2, 0), (out - 0.2, foot), (-out + 0.2, foot)], inner)


def _stones(canvas: Canvas, many: int, rng: np.random.Generator) -> None:
    half = 0.6 + 0.625 * (many - 1)
    for _ in range(int(rng.integers(15, 60))):
        angle, far = between(rng, 0, 6.3), between(rng, 0.5, 1.1)
        ink = (between(rng, 60, 210) + rng.normal(0, 6, 3)).tolist()
        at = half * 1.2 * far * float(np.cos(angle)), far * float(np.sin(angle))
        canvas.ellipse(at, (between(rng, 0.08, 0.3), between(rng, 0.08, 0.3)), ink)


def _slab(canvas: Canvas, many: int, rng: np.random.Generator) -> None:
    """A revetment of slabs with joints."""
    half, ink = 0.9 + 0.625 * (many - 1) + between(rng, 0, 0.6), _concrete(rng)
    top, foot = -between(rng, 0.7, 1.2), between(rng, 0.6, 1.5)
    canvas.box(-half, top, half, foot, [0.6 * v for v in ink])
    step = between(rng, 0.35, 0.8)
    for x in np.arange(-half, half, step):
        for y in np.arange(top, foot, step):
            end_x, end_y = min(half, x + step - 0.06), min(foot, y + step - 0.06)
            canvas.box(float(x), float(y), end_x, end_y, [float(v * between(rng, 0.85, 1.1)) for v in ink])


def _dry(_canvas: Canvas, _many: int, _rng: np.random.Generator) -> None:
    """Nothing runs."""


def _flow(canvas: Canvas, many: int, rng: np.random.Generator, ink: Ink, widens: float, most: float) -> None:
    """Water, foam or a stain below the mouths, where nothing is drawn yet or over it; ends within 3 mouth lengths."""
    side = canvas.cover.shape[0]
    axis = np.arange(side, dtype=np.float32) / np.float32(canvas.unit) - np.float32(REACH)
    y, x = axis[:, None], axis[None, :]
    long, start = between(rng, 0.8, 2.8), between(rng, 0.2, 0.45)
    t = np.clip((y - start) / long, 0, 1)
    half = 0.3 + 0.6 * (many - 1) + widens * t
    side_way = between(rng, -0.5, 0.5) * t**2
    inside = np.clip((1 - np.abs(x - side_way) / half) / between(rng, 0.1, 0.6), 0, 1)
    rough = np.clip(1.3 - between(rng, 0, 1.2) * _noise(side, rng), 0, 1)
    share = inside * rough * np.clip((1 - t) * 4, 0, 1) * (y > start) * np.float32(most)
    _over(canvas, np.asarray(share, np.float32), ink)


def _noise(side: int, rng: np.random.Generator) -> Field:
    import cv2

    return np.asarray(cv2.resize(fractal(96, rng), (side, side), interpolation=cv2.INTER_LINEAR), np.float32)


def _over(canvas: Canvas, share: Field, ink: Ink) -> None:
    """A see-through colour over all that was drawn."""
    below = canvas.cover * np.float32(1 / 255)
    total = share + below * (1 - share)
    weight = (share / np.maximum(total, 1e-4))[..., None]
    canvas.tone[:] = np.where(share[..., None] > 0, canvas.tone * (1 - weight) + np.array(ink) * weight, canvas.tone)
    canvas.cover[:] = np.round(total * 255)


def _stain(canvas: Canvas, many: int, rng: np.random.Generator) -> None:
    _flow(canvas, many, rng, rng.uniform(10, 70, 3).tolist(), between(rng, 0, 0.3), between(rng, 0.4, 0.8))


def _fan(canvas: Canvas, many: int, rng: np.random.Generator) -> None:
    """Water of any colour that spreads."""
    _flow(canvas, many, rng, rng.uniform(20, 235, 3).tolist(), between(rng, 0.4, 1.6), between(rng, 0.4, 0.95))


def _foam(canvas: Canvas, many: int, rng: np.random.Generator) -> None:
    """Pale specks in a little water."""
    _flow(canvas, many, rng, rng.uniform(60, 150, 3).tolist(), between(rng, 0.1, 0.9), between(rng, 0.3, 0.7))
    for _ in range(int(rng.integers(10, 60))):
        y = between(rng, 0.35, 1.8)
        at = between(rng, -0.3, 0.3) * (1 + y) + 0.6 * (many - 1) * between(rng, -1, 1), y
        canvas.ellipse(at, (between(rng, 0.02, 0.12), between(rng, 0.02, 0.1)), [between(rng, 190, 255)] * 3)


def _ditch(canvas: Canvas, many: int, rng: np.random.Generator) -> None:
    """A narrow channel, dark or of concrete."""
    ink = any_of(rng, (_concrete(rng), rng.uniform(30, 110, 3).tolist()))
    _flow(canvas, many, rng, ink, 0.0, between(rng, 0.7, 1))


MOUTHS: Mapping[str, Callable[[Canvas, float, float, Ink], None]] = {
    "round": _round,
    "oval": _oval,
    "arch": _arch,
    "square": _square,
}
FRAMES: Mapping[str, Callable[[Canvas, int, np.random.Generator], None]] = {
    "bare": _no_frame,
    "ring": _ring,
    "wall": _wall,
    "wings": _wings,
    "stones": _stones,
    "slab": _slab,
}
DISCHARGES: Mapping[str, Callable[[Canvas, int, np.random.Generator], None]] = {
    "dry": _dry,
    "stain": _stain,
    "fan": _fan,
    "foam": _foam,
    "ditch": _ditch,
}
