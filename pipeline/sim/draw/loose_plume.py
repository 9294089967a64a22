"""Smoke and dust drawn loosely: any matte in any colour, blended in any way, with or without a source."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from pipeline.sim.draw.loose_mattes import FAMILIES, between, fractal, log_between, matte
from pipeline.sim.draw.paint import FAINT, GAMMA, any_of, darkened, shifted
from pipeline.sim.draw.values import Colour, Field, Image, Painted, Tone
from pipeline.types import Pixel

SMALLEST_PX = 14.0  # a plume's length
PLANE_PX = (32, 224)  # sides of the plane that a matte is made on
DUSTS: tuple[Colour, ...] = ((120, 165, 200), (70, 130, 190), (70, 95, 165), (150, 165, 175), (190, 210, 220),
                             (95, 140, 170), (130, 150, 190), (60, 85, 120))  # fmt: skip
BEGUN = 0.4  # of a matte's fullest, from which on a plume has begun
LEAST_ISLE = 0.03  # of a plume's largest part; smaller flecks are left out: nobody's box would reach for them


def paint_loose_plume(image: Image, label: str, rng: np.random.Generator) -> Painted:
    """A plume of any family on a picture (h, w, 3); `label` "smoke" or "dust" is its range of colours."""
    family = any_of(rng, sorted(FAMILIES))
    alpha, source_px, size = _placed(family, image.shape[:2], rng)
    alpha = _without_isles(alpha * np.float32(between(rng, 0.15, 0.95)))
    base = _shadowed(image, alpha, size, rng) if rng.random() < 0.3 else image.copy()
    base = SOURCES[any_of(rng, sorted(SOURCES))](base, source_px, size, label, rng)
    tone = _tone(alpha, _colour(label, rng), rng)
    done, cover = _blended(base, tone, alpha, rng)
    return Painted(done, base, cover, source_px, f"loose-{family}")


def _placed(family: str, shape: tuple[int, ...], rng: np.random.Generator) -> tuple[Field, Pixel, float]:
    """The matte (h, w) anywhere in the picture, at any turn; where its source lies; how long it is, px."""
    import cv2

    h, w = shape[0], shape[1]
    size = log_between(rng, SMALLEST_PX, 1.3 * max(h, w))
    side = int(np.clip(size, *PLANE_PX))
    turn, tall = between(rng, 0, 2 * np.pi), log_between(rng, 0.35, 1.2)
    c, s = np.cos(turn) * size / side, np.sin(turn) * size / side
    move = np.array([[c, -s * tall, 0], [s, c * tall, 0]])
    at = np.array((rng.uniform(0, w), rng.uniform(0, h)))
    move[:, 2] = at - move[:, :2] @ np.full(2, side / 2)
    plane = matte(family, side, rng)
    laid = cv2.warpAffine(plane, move, (w, h), flags=cv2.INTER_LINEAR)
    x, y = move @ np.array((*_first(plane), 1))
    return np.asarray(laid, np.float32), (float(np.clip(x, 0, w - 1)), float(np.clip(y, 0, h - 1))), size


def _first(plane: Field) -> Pixel:
    """Where a matte begins: the leftmost column that is seen, at the middle of what is seen there."""
    seen = plane >= BEGUN * plane.max()
    x = int(seen.any(axis=0).argmax())
    return float(x), float(np.flatnonzero(seen[:, x]).mean())


def _without_isles(alpha: Field) -> Field:
    import cv2

    count, parts, stats, _ = cv2.connectedComponentsWithStats((alpha >= FAINT).astype(np.uint8))
    if count < 3:
        return alpha
    areas = stats[1:, cv2.CC_STAT_AREA]
    kept = np.concatenate(([True], areas >= LEAST_ISLE * areas.max()))
    return np.asarray(np.where(kept[parts], alpha, 0), np.float32)


def _shadowed(image: Image, alpha: Field, size_px: float, rng: np.random.Generator) -> Image:
    import cv2

    angle, far = between(rng, 0, 2 * np.pi), size_px * between(rng, 0.05, 0.4)
    cast = shifted(alpha, far * np.cos(angle), far * np.sin(angle))
    soft = cv2.GaussianBlur(cast, (0, 0), 0.5 + size_px * between(rng, 0.005, 0.05))
    return darkened(image, np.asarray(soft * between(rng, 0.1, 0.6), np.float32))


def _colour(label: str, rng: np.random.Generator) -> NDArray[np.float64]:
    """Smoke any grey, a little blue, brown or yellow; dust of any soil, darker or paler."""
    if label == "dust":
        return np.clip(np.array(any_of(rng, DUSTS)) * rng.uniform(0.7, 1.25) + rng.normal(0, 10, 3), 0, 255)
    grey = between(rng, 5, 255)
    tint = any_of(rng, ((0, 0, 0), (0, 0, 0), (18, 4, -8), (-20, -4, 12), (-24, 4, 8)))
    return np.clip(grey + np.array(tint) * rng.uniform(0, 1) + rng.normal(0, 3, 3), 0, 255)


def _tone(alpha: Field, colour: NDArray[np.float64], rng: np.random.Generator) -> Tone:
    """(h, w, 3) the plume's colour everywhere: flat, with a light and a dark side, lumpy, or paler where thin."""
    import cv2

    light = np.ones(alpha.shape, np.float32)
    if rng.random() < 0.5:
        soft = cv2.GaussianBlur(alpha, (0, 0), log_between(rng, 1.5, 12))
        down, right = np.gradient(soft)
        lean = between(rng, 0, 2 * np.pi)
        slope = down * np.sin(lean) + right * np.cos(lean)
        light += slope / max(float(np.abs(slope).max()), 1e-6) * between(rng, 0.1, 0.5)
    if rng.random() < 0.4:
        lumps = cv2.resize(fractal(128, rng), alpha.shape[::-1], interpolation=cv2.INTER_LINEAR)
        light += (lumps - 0.5) * between(rng, 0.1, 0.6)
    if rng.random() < 0.3:
        light += (alpha - 0.5) * between(rng, -0.5, 0.3)
    return np.asarray(np.clip(light[..., None] * colour, 0, 255), np.float32)


def _blended(base: Image, tone: Tone, alpha: Field, rng: np.random.Generator) -> tuple[Image, Field]:
    """The picture, and how much of the way from the ground to the full colour each pixel went as it is seen."""
    below, full, power = base.astype(np.float32), tone, GAMMA if rng.random() < 0.3 else 1.0
    middle = float(tone.mean())
    if middle > 150 and rng.random() < 0.3:
        full = np.asarray(255 - (255 - tone) * (255 - below) / 255, np.float32)
    elif middle < 90 and rng.random() < 0.3:
        full = np.asarray(tone * below / 255, np.float32)
    share = alpha[..., None]
    light = (below / 255) ** power * (1 - share) + (full / 255) ** power * share
    mixed = np.where(share > 0, 255 * light ** (1 / power), below)
    way = np.abs(full - below).max(axis=2)
    seen = np.where(way > 1, np.abs(mixed - below).max(axis=2) / np.maximum(way, 1), alpha)
    return np.asarray(np.clip(mixed + 0.5, 0, 255), np.uint8), np.asarray(np.clip(seen, 0, 1), np.float32)


def _nothing(image: Image, _at: Pixel, _size: float, _label: str, _rng: np.random.Generator) -> Image:
    return image


def _spot(image: Image, at: Pixel, size: float, label: str, rng: np.random.Generator) -> Image:
    """A dark place, or a burning one under smoke."""
    import cv2

    radius = max(1, round(size * between(rng, 0.01, 0.06)))
    burning = label == "smoke" and rng.random() < 0.5
    colour = (between(rng, 0, 120), between(rng, 100, 220), 255) if burning else (between(rng, 5, 60),) * 3
    cv2.circle(image, (round(at[0]), round(at[1])), radius, colour, -1, cv2.LINE_AA)
    return image


def _stack(image: Image, at: Pixel, size: float, _label: str, rng: np.random.Generator) -> Image:
    """A straight bar that ends where the plume begins."""
    import cv2

    long, angle = size * between(rng, 0.1, 0.5), between(rng, 0, 2 * np.pi)
    foot = round(at[0] + long * np.cos(angle)), round(at[1] + long * np.sin(angle))
    wide = max(1, round(size * between(rng, 0.01, 0.06)))
    cv2.line(image, (round(at[0]), round(at[1])), foot, rng.uniform(20, 235, 3).tolist(), wide, cv2.LINE_AA)
    return image


def _vehicle(image: Image, at: Pixel, size: float, _label: str, rng: np.random.Generator) -> Image:
    """A box on a pale or dark track."""
    import cv2

    long, angle = max(3.0, size * between(rng, 0.03, 0.12)), between(rng, 0, 360)
    ahead = size * 2 * np.array((np.cos(np.radians(angle)), np.sin(np.radians(angle))))
    ends = [tuple(int(v) for v in np.round(np.array(at) + k * ahead)) for k in (-1, 1)]
    track = image.copy()
    cv2.line(track, ends[0], ends[1], rng.uniform(60, 220, 3).tolist(), max(1, round(long / 2)), cv2.LINE_AA)
    image = cv2.addWeighted(image, 0.6, track, 0.4, 0).astype(np.uint8)
    box = cv2.boxPoints((at, (long, long * between(rng, 0.4, 0.7)), angle))
    cv2.fillConvexPoly(image, np.int32(np.round(box)), rng.uniform(10, 245, 3).tolist(), cv2.LINE_AA)  # type: ignore[call-overload]
    return image


SOURCES: Mapping[str, Callable[[Image, Pixel, float, str, np.random.Generator], Image]] = {
    "nothing": _nothing,
    "spot": _spot,
    "stack": _stack,
    "vehicle": _vehicle,
}
