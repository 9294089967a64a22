"""What look-alikes are made of: ground coordinates in metres, quads on the ground and above it, soft patches."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.sim.draw.paint import FIXED_BITS, GAMMA, any_of, blend, darkened, fixed_point, noise
from pipeline.sim.draw.values import Colour, Field, Image
from pipeline.sim.draw.view import LEAST_NEAR, View
from pipeline.types import Pixel

Decoy = Callable[[Image, View, np.random.Generator], Image]
DAYLIGHT = 225.0  # what `sunlit` says of a photo of bright daylight, which the colours here are of
Quad = NDArray[np.float64]  # (n, 2) pixels
Part = tuple[int, int, int, int]  # x0, y0, x1, y1 of some pixels


@dataclass(frozen=True, slots=True)
class Ground:
    """Metres over the ground from a point, along (`along`) and across (`across`) a bearing, for every pixel.

    `px_m` is a pixel's width in metres there; `land` 0..1 is 0 above the horizon.
    """

    along: Field
    across: Field
    px_m: Field
    land: Field

    def inside(self, distance_m: NDArray[np.floating], soft_m: float = 0.0) -> Field:
        """Cover of a shape, of the distance to its edge in metres (less than 0 inside)."""
        width = np.maximum(self.px_m, soft_m)
        return (np.clip(0.5 - distance_m / width, 0, 1) * self.land).astype(np.float32)


def ground(view: View, at: Pixel, turn_deg: float, part: Part | None = None) -> Ground:
    """The ground under every pixel, or those of a part; its rows' depth goes with one over the way to the horizon."""
    x0, y0, x1, y1 = part or (0, 0, view.width_px, view.height_px)
    rows = np.arange(y0, y1, dtype=np.float32)[:, None]
    columns = np.arange(x0, x1, dtype=np.float32)[None, :]
    if view.tilt_deg <= 1:
        scale, south = np.full_like(rows, view.px_per_m), (rows - at[1]) / (view.px_per_m * view.flat)
    else:
        below = np.maximum(rows - view.horizon_px, 1.0)
        middle = view.height_px / 2 - view.horizon_px
        scale = view.px_per_m * np.maximum(below / middle, LEAST_NEAR)
        depth = middle * middle / (view.px_per_m * view.flat)
        south = depth * (1 / max(at[1] - view.horizon_px, 1.0) - 1 / below)
    east = (columns - view.width_px / 2) / scale - (at[0] - view.width_px / 2) / view.scale(at[1])
    c, s = math.cos(math.radians(turn_deg)), math.sin(math.radians(turn_deg))
    land = np.clip(rows - view.horizon_px - 2, 0, 1) if view.tilt_deg > 1 else np.ones_like(rows)
    wide = np.broadcast_to(1 / scale, east.shape)
    return Ground(
        (east * c + south * s).astype(np.float32),
        (south * c - east * s).astype(np.float32),
        np.asarray(wide, np.float32),
        np.broadcast_to(land, east.shape).astype(np.float32),
    )


def spot(view: View, rng: np.random.Generator) -> Pixel:
    """A place on the ground within the picture."""
    top = max(view.horizon_px + 0.1 * view.height_px, 0.15 * view.height_px)
    low = float(rng.uniform(min(top, 0.8 * view.height_px), 0.9 * view.height_px))
    return float(rng.uniform(0.1, 0.9)) * view.width_px, low


def metres(view: View, at: Pixel, real_m: float, least: float, most: float) -> float:
    """A real size, but between two shares of the picture's shorter side as it appears at a place."""
    side_m = min(view.height_px, view.width_px) / view.scale(at[1])
    return float(np.clip(real_m, least * side_m, most * side_m))


def quad(view: View, at: Pixel, half: tuple[float, float], turn_deg: float, height_m: float = 0.0) -> Quad:
    """The corners of a rectangle of half sides `half` (m), on the ground or `height_m` above it."""
    c, s = math.cos(math.radians(turn_deg)), math.sin(math.radians(turn_deg))
    found = []
    for sx, sy in ((-1, -1), (1, -1), (1, 1), (-1, 1)):
        east, south = sx * half[0] * c - sy * half[1] * s, sx * half[0] * s + sy * half[1] * c
        found.append(view.up(view.along(at, east, south), height_m))
    return np.array(found)


def near(image: Image, points: Quad) -> tuple[Image, Part]:
    """The part of a picture around points, at least 5 px wide: its pixels (a view, not a copy) and where it lies."""
    most = np.array((image.shape[1] - 1, image.shape[0] - 1))
    x0, y0 = np.clip(np.clip(points.min(axis=0), 0, most).astype(int) - 3, 0, None)
    x1, y1 = np.minimum(np.clip(points.max(axis=0), 0, most).astype(int) + 5, most + 1)
    return image[y0:y1, x0:x1], (int(x0), int(y0), int(x1), int(y1))


def filled(shape: tuple[int, ...], points: Quad) -> Field:
    """Cover (h, w) of the convex hull of points, smooth at its edge."""
    import cv2

    cover = np.zeros(shape[:2], np.uint8)
    hull = cv2.convexHull(np.clip(points, -4000, 4000).astype(np.float32))
    cv2.fillConvexPoly(cover, fixed_point(hull), 255, cv2.LINE_AA, FIXED_BITS)
    return np.asarray(cover / np.float32(255), np.float32)


def stamp(image: Image, points: Quad, tone: NDArray[np.floating]) -> None:
    """The hull of points in one colour (3,), into the picture itself."""
    part, (x0, y0, _, _) = near(image, points)
    part[:] = blend(part, tone, filled(part.shape, points - (x0, y0)))


def shade(image: Image, points: Quad, missing: float) -> None:
    """The hull of points darker, soft at its edge, into the picture itself."""
    import cv2

    part, (x0, y0, _, _) = near(image, points)
    cover = cv2.GaussianBlur(filled(part.shape, points - (x0, y0)), (0, 0), 0.7)
    part[:] = darkened(part, cover * np.float32(missing))


def lay(image: Image, texture: Field, onto: Quad, rng: np.random.Generator) -> None:
    """A texture (n, m, 3 or 4: its cover 0..1) over a quad, into the picture itself, with a photo's grain."""
    import cv2

    part, (x0, y0, _, _) = near(image, onto)
    inner = onto - (x0, y0)
    n, m = texture.shape[:2]
    long = float(np.linalg.norm(inner - np.roll(inner, 1, axis=0), axis=1).max())
    step = min(1.0, 1.5 * long / max(n, m))
    if step < 0.7:  # a texture finer than the picture would crawl
        size = (max(4, int(m * step)), max(4, int(n * step)))
        texture = np.asarray(cv2.resize(texture, size, interpolation=cv2.INTER_AREA), np.float32)
        n, m = texture.shape[:2]
    square = np.array([(0, 0), (m, 0), (m, n), (0, n)], np.float32) - 0.5
    way = cv2.getPerspectiveTransform(square, inner.astype(np.float32))
    size = (part.shape[1], part.shape[0])
    picture = cv2.warpPerspective(texture, way, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    cover = filled(part.shape, inner)
    if texture.shape[2] == 4:
        cover = cover * np.clip(picture[..., 3], 0, 1)
    grainy = picture[..., :3] + 2 * grain(part.shape, rng)[..., None]
    part[:] = blend(part, grainy, cover)


def fallen(view: View, points: Quad, height_m: float) -> Quad:
    """Where the shadow of ground points raised by `height_m` falls, with the points themselves: its hull."""
    long = height_m / math.tan(math.radians(max(view.sun_height_deg, 15)))
    turn = math.radians(view.shadow_deg)
    east, south = long * math.cos(turn), long * math.sin(turn)
    moved = [view.along((float(x), float(y)), east, south) for x, y in points]
    return np.vstack([points, np.array(moved)])


def sunlit(image: Image) -> float:
    """How bright a middling white thing looks in this picture, 0..255."""
    import cv2

    small = cv2.resize(image, (16, 16), interpolation=cv2.INTER_AREA).mean()
    return float(255 * np.clip((float(small) / 255) ** GAMMA / 0.2, 0.06, 1.0) ** (1 / GAMMA))


def daylight(image: Image) -> float:
    """What colours of bright daylight are to be multiplied with in this picture."""
    return sunlit(image) / DAYLIGHT


def any_tone(
    image: Image, rng: np.random.Generator, tones: Sequence[Colour], bright: tuple[float, float]
) -> NDArray[np.float32]:
    """(3,) a colour of bright daylight as this picture would show it, darker or brighter by a share within `bright`."""
    tone = np.array(any_of(rng, tones), np.float32)
    return tone * daylight(image) * float(rng.uniform(*bright))


def lumps(shape: tuple[int, int], rng: np.random.Generator, coarse_px: float, octaves: int = 4) -> Field:
    """Soft noise as `noise`, worked out on fewer pixels where its finest lumps allow."""
    import cv2

    step = int(np.clip(coarse_px / 2**octaves, 1, 4)) if min(shape) > 64 else 1
    small = noise((-(-shape[0] // step), -(-shape[1] // step)), rng, max(2.0, coarse_px / step), octaves)
    return np.asarray(cv2.resize(small, (shape[1], shape[0])), np.float32) if step > 1 else small


def grain(shape: tuple[int, ...], rng: np.random.Generator, size_px: float = 1.0) -> Field:
    """Fine noise of mean 0 and deviation about 1, its lumps about `size_px`."""
    import cv2

    small = rng.standard_normal((int(shape[0] / size_px) + 2, int(shape[1] / size_px) + 2), dtype=np.float32)
    return np.asarray(cv2.resize(small, (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR), np.float32)


def blob(
    shape: tuple[int, int], rng: np.random.Generator, at: Pixel, radii: tuple[float, float], ragged: float
) -> Field:
    """(h, w) distance-like field of a ragged patch: 1 in the middle, 0 at its edge, less outside."""
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    off = np.hypot((x - at[0]) / max(radii[0], 1), (y - at[1]) / max(radii[1], 1))
    ragged_edge = (lumps(shape, rng, max(6.0, 0.6 * min(radii))) - 0.5) * ragged
    return np.asarray(1 - off + ragged_edge, np.float32)
