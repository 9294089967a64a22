"""Markers and ground control panels, put into a photo as if they lay in its light."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.sim.draw.paint import GAMMA
from pipeline.sim.draw.panel_ink import inked
from pipeline.sim.draw.panel_light import out_of_focus, reflecting, shades, softness_px, sunlight
from pipeline.sim.draw.panel_patterns import PATTERNS, Design, any_pattern
from pipeline.sim.draw.panel_plane import REACH, Spot, plane
from pipeline.sim.draw.panel_wear import Cloth, worn
from pipeline.sim.draw.values import Colour, Field, Image, Painted
from pipeline.sim.draw.view import View
from pipeline.types import Pixel

LEAST_PX, MOST_PX = 12.0, 220.0  # of a panel's side
Corners = NDArray[np.float64]  # (4, 2), clockwise from the panel's own upper left


@dataclass(frozen=True, slots=True)
class Window:
    """The part of the picture that is worked on: x, y, width, height in pixels, `fine` cells to a pixel."""

    x: int
    y: int
    width: int
    height: int
    fine: int


def paint_panel(image: Image, view: View, rng: np.random.Generator, strength: float) -> Painted:
    """The picture with a panel of any kind; `strength` scales how much it differs from the ground it lies on.

    A panel is 12 px to about 200 px wide and may be cut by the border; its centre stays within the picture.
    """
    kind, corners = any_pattern(rng), _laid(image, view, rng)
    window = _window(image, corners)
    cells = int(np.clip(_wide(corners) * window.fine, 40, 320))
    p = plane(cells, rng, bulge=float(rng.choice([0.0, 0.03, 0.08])))
    design = PATTERNS[kind][0](p, rng)
    lit = sunlight(image, rng)
    light = np.ones_like(design.cover)
    cloth = Cloth(inked(design, rng), design.cover, light, np.zeros_like(light))
    cloth = worn(cloth, p, rng, reflecting(_part(image, window), lit), design.flat, 1 - strength)
    tone, cover = _seen(cloth, corners, window, lit, softness_px(image) * float(np.exp(rng.normal(0, 0.25))), rng)
    return _placed(image, view, rng, window, tone, cover, strength, (kind, _centre(corners, design), design.flat))


def _laid(image: Image, view: View, rng: np.random.Generator) -> Corners:
    """The panel's corners: turned anyhow, foreshortened as the ground is, on ground that is not quite level."""
    h, w = image.shape[:2]
    size = _size_px(min(h, w), view.px_per_m, rng)
    margin = 0.03 if rng.random() < 0.25 else min(0.45, 0.7 * size / min(h, w))
    at = (w * float(rng.uniform(margin, 1 - margin)), h * float(rng.uniform(margin, 1 - margin)))
    flat = max(math.cos(math.radians(view.tilt_deg + rng.normal(0, 4))), 0.2)
    size = max(size, LEAST_PX / flat)
    turn, reach = float(rng.uniform(0, 2 * math.pi)), size / 2
    corners = []
    for sx, sy in ((-1, -1), (1, -1), (1, 1), (-1, 1)):
        east = reach * (sx * math.cos(turn) - sy * math.sin(turn))
        south = reach * (sx * math.sin(turn) + sy * math.cos(turn)) * flat
        near = float(np.clip(view.scale(at[1] + south) / max(view.scale(at[1]), 1e-6), 0.7, 1.4))
        corners.append((at[0] + east * near, at[1] + south * near))
    uneven = rng.normal(0, 0.02 * size * float(rng.choice([0.3, 1.0, 2.0])), (4, 2)) * (1, flat)
    return np.array(corners) + uneven


def _size_px(side: int, px_per_m: float, rng: np.random.Generator) -> float:
    """Half of them as a panel of 0.3 to 1.5 m would be, the others of any size that a flight may bring."""
    most = min(MOST_PX, 0.6 * side)
    free = math.exp(rng.uniform(math.log(LEAST_PX), math.log(most)))
    real = float(rng.uniform(0.3, 1.5)) * px_per_m
    return float(np.clip(real if rng.random() < 0.5 and real >= LEAST_PX else free, LEAST_PX, most))


def _wide(corners: Corners) -> float:
    """The longest side in pixels."""
    return float(np.linalg.norm(corners - np.roll(corners, 1, axis=0), axis=1).max())


def _window(image: Image, corners: Corners) -> Window:
    """Room for the panel, its bulges, its blur and its shadow, cut at the border."""
    h, w = image.shape[:2]
    room = 4 + 0.12 * _wide(corners)
    x0, y0 = (max(0, int(v - room)) for v in corners.min(axis=0))
    x1, y1 = corners.max(axis=0) + room
    x1, y1 = min(w, int(x1) + 1), min(h, int(y1) + 1)
    wide = _wide(corners)
    return Window(x0, y0, x1 - x0, y1 - y0, 4 if wide < 40 else 3 if wide < 90 else 2)


def _part(image: Image, window: Window) -> Image:
    return image[window.y : window.y + window.height, window.x : window.x + window.width]


def _homography(corners: Corners) -> NDArray[np.float64]:
    """From the panel's square -1..1 to the picture."""
    import cv2

    square = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)], np.float32)
    return np.asarray(cv2.getPerspectiveTransform(square, corners.astype(np.float32)), np.float64)


def _centre(corners: Corners, design: Design) -> Pixel:
    return _through(_homography(corners), design.centre)


def _through(onto: NDArray[np.float64], at: Spot) -> Pixel:
    x, y, scale = onto @ (at[0], at[1], 1.0)
    return float(x / scale), float(y / scale)


def _seen(
    cloth: Cloth, corners: Corners, window: Window, lit: Colour, soft_px: float, rng: np.random.Generator
) -> tuple[Field, Field]:
    """What the camera makes of it: tone (h, w, 3) 0..255 and cover (h, w) within the window."""
    import cv2

    light = cloth.albedo * cloth.light[..., None] + cloth.gloss[..., None]
    four = np.dstack([light * np.array(lit, np.float32) * cloth.cover[..., None], cloth.cover]).astype(np.float32)
    n = cloth.cover.shape[0]
    cells = np.array([[n * REACH / 2, 0, (n - 1) / 2], [0, n * REACH / 2, (n - 1) / 2], [0, 0, 1]])
    f = window.fine
    fine = np.array([[f, 0, (0.5 - window.x) * f - 0.5], [0, f, (0.5 - window.y) * f - 0.5], [0, 0, 1]])
    onto = fine @ _homography(corners) @ np.linalg.inv(cells)
    large = cv2.warpPerspective(four, onto, (window.width * f, window.height * f), flags=cv2.INTER_LINEAR)
    whole = cv2.resize(large, (window.width, window.height), interpolation=cv2.INTER_AREA)
    small = out_of_focus(np.asarray(whole, np.float32), soft_px, rng)
    cover = np.where(small[..., 3] > 0.004, np.clip(small[..., 3], 0, 1), 0)
    tone = np.clip(small[..., :3] / np.maximum(small[..., 3:], 1e-3), 0, 1) ** (1 / GAMMA) * 255
    return tone.astype(np.float32), cover.astype(np.float32)


def _placed(
    image: Image, view: View, rng: np.random.Generator, window: Window, tone: Field, cover: Field, strength: float,
    what: tuple[str, Pixel, bool],
) -> Painted:  # fmt: skip
    """The panel and the shadows about it in the picture."""
    import cv2

    kind, centre, flat = what
    part = _part(image, window).astype(np.float32)
    shade = shades(view, cover, rng, flat)
    under = part * (1 - shade[..., None])
    coarse = cv2.resize(cv2.resize(part, (4, 4), interpolation=cv2.INTER_AREA), part.shape[1::-1])
    much = 0.04 + 0.96 * strength**0.85
    look = coarse + (part - coarse) * (0.8 if flat else 0.3) + 1.5 * rng.standard_normal(part.shape, dtype=np.float32)
    seen = (look + (tone - look) * much) * (1 - shade[..., None])
    mixed = under * (1 - cover[..., None]) + seen * cover[..., None]
    base, after, whole = image.copy(), image.copy(), np.zeros(image.shape[:2], np.float32)
    for picture, content in ((base, under), (after, mixed)):
        _part(picture, window)[:] = np.clip(content + 0.5, 0, 255).astype(np.uint8)
    whole[window.y : window.y + window.height, window.x : window.x + window.width] = cover
    return Painted(after, base, whole, _within(centre, image), kind)


def _within(at: Pixel, image: Image) -> Pixel:
    return float(np.clip(at[0], 0, image.shape[1] - 1)), float(np.clip(at[1], 0, image.shape[0] - 1))
