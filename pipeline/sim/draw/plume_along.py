"""Plumes of simulated flights: balls that were placed in space, drawn so that they look like smoke or dust.

The noise that tears a plume is laid out from its foot to its tail, so that it looks the same from photo to photo.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.sim.draw.paint import noise
from pipeline.sim.draw.values import Colour, Field, Floats, Image

MOST_GRID_PX = 150  # a plume that is larger is worked out coarser: it has no finer detail
LEAST_RADIUS_PX = 0.5  # smaller balls show nothing
TEXTURE_PX = 200  # of the noise, along as across; it spans a little more than the plume's length
SUN = (-0.45, -0.6, 0.66)  # x, y, to the camera
OPACITY = {"smoke": 2.0, "dust": 1.4}
COLOURS: dict[str, tuple[Colour, ...]] = {
    "smoke": ((232, 231, 229), (214, 213, 212), (196, 196, 196)),
    "dust": ((150, 186, 212), (122, 168, 206), (168, 196, 214)),
}


def paint_along(picture: Image, px: Floats, radii_px: Floats, label: str, rng: np.random.Generator) -> Image | None:
    """Smoke or dust along balls, drawn into `picture` in place and handed back; None where none of it is in sight.

    Balls that the lens does not see (NaN) are left out.

    px: (N, 2) centres from the foot on; radii_px: (N,). Nothing changes outside the balls' outlines.
    """
    colour = np.array(COLOURS[label][int(rng.integers(len(COLOURS[label])))], np.float32)
    texture = _texture(rng)
    weight = rng.uniform(0.3, 1.2, len(px)) * (1 - 0.5 * np.arange(len(px)) / len(px))
    sharp = np.isfinite(px).all(axis=1) & (radii_px >= LEAST_RADIUS_PX)
    px, radii_px = px[sharp], radii_px[sharp]
    window = _window(px, radii_px, picture.shape) if len(px) else None
    if window is None:
        return None
    x0, y0, x1, y1 = window
    grid, inner, r = _on_grid(window, px, radii_px)
    body, height = _balls(grid, inner, r, weight[sharp] * _apart(px, radii_px))
    grain = _laid_out(texture, grid, inner)
    depth = _torn(body, grain) * np.float32(OPACITY[label])
    height += (grain - 0.5) * np.float32(0.5 * np.median(r))
    _lay(picture[y0:y1, x0:x1], *_seen(depth, height, colour, label))
    return picture


def _on_grid(window: tuple[int, int, int, int], px: Floats, radii_px: Floats) -> tuple[tuple[int, int], Floats, Floats]:
    """Rows and columns of a grid over the window, and the balls in its cells."""
    x0, y0, x1, y1 = window
    step = max(1.0, max(x1 - x0, y1 - y0) / MOST_GRID_PX)
    grid = (max(round((y1 - y0) / step), 2), max(round((x1 - x0) / step), 2))
    scale = np.array([grid[1] / (x1 - x0), grid[0] / (y1 - y0)])
    return grid, (px - (x0, y0) + 0.5) * scale - 0.5, radii_px * scale.mean()


def _apart(px: Floats, radii_px: Floats) -> Floats:
    """(N,) share of its radius that each ball lies from its neighbours: balls that crowd are thin each."""
    after, before = np.diff(px, axis=0, append=px[-1:]), np.diff(px, axis=0, prepend=px[:1])
    gap = np.maximum(np.linalg.norm(after, axis=1), np.linalg.norm(before, axis=1))
    return np.asarray(np.clip(gap / radii_px, 0.08, 1))


def _window(px: Floats, radii_px: Floats, shape: tuple[int, ...]) -> tuple[int, int, int, int] | None:
    """Whole pixels around the balls that are in the picture, ends excluded."""
    low = np.ceil((px - radii_px[:, None]).min(axis=0))
    high = np.floor((px + radii_px[:, None]).max(axis=0)) + 1
    x0, y0 = np.clip(low, 0, shape[1::-1]).astype(int)
    x1, y1 = np.clip(high, 0, shape[1::-1]).astype(int)
    return (int(x0), int(y0), int(x1), int(y1)) if x1 - x0 > 1 and y1 - y0 > 1 else None


def _texture(rng: np.random.Generator) -> Field:
    """Noise with more contrast than it has by nature."""
    rough = noise((TEXTURE_PX, TEXTURE_PX), rng, TEXTURE_PX / rng.uniform(5, 10), 5)
    return np.asarray(np.clip((rough - 0.5) * np.float32(rng.uniform(1.3, 2.2)) + 0.5, 0, 1), np.float32)


def _laid_out(texture: Field, grid: tuple[int, int], px: Floats) -> Field:
    """The noise over the grid, its first axis from the plume's foot to its tail."""
    import cv2

    along = px[-1] - px[0]
    length = max(float(np.hypot(*along)), 2 * float(np.abs(px - px[0]).max()) / 3, 2.0)
    (c, s), k = along / max(float(np.hypot(*along)), 1e-6), TEXTURE_PX / (1.6 * length)
    turned = np.array([[c, s], [-s, c]]) * k
    start = np.array([0.2, 0.5]) * TEXTURE_PX - turned @ px[0]
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    matrix = np.column_stack([turned, start])
    return np.asarray(
        cv2.warpAffine(texture, matrix, grid[::-1], flags=flags, borderMode=cv2.BORDER_REFLECT), np.float32
    )


def _balls(grid: tuple[int, int], px: Floats, radii: Floats, weight: Floats) -> tuple[Field, Field]:
    """How much of the plume lies behind each cell (0 outside all balls), and height of its surface, in cells."""
    body, height = np.zeros(grid, np.float32), np.zeros(grid, np.float32)
    for (cx, cy), r, much in zip(px, radii, weight, strict=True):
        x0, x1 = max(int(np.ceil(cx - r)), 0), min(int(np.floor(cx + r)) + 1, grid[1])
        y0, y1 = max(int(np.ceil(cy - r)), 0), min(int(np.floor(cy + r)) + 1, grid[0])
        if x1 <= x0 or y1 <= y0:
            continue
        dx = (np.arange(x0, x1, dtype=np.float32) - np.float32(cx)) / np.float32(r)
        dy = (np.arange(y0, y1, dtype=np.float32) - np.float32(cy)) / np.float32(r)
        ball = np.clip(1 - dx[None] ** 2 - dy[:, None] ** 2, 0, 1)
        dome = np.sqrt(ball)
        body[y0:y1, x0:x1] += dome * np.float32(much)
        patch = height[y0:y1, x0:x1]
        np.maximum(patch, dome * np.float32(0.8 * r), out=patch)
    return body, height


def _torn(body: Field, grain: Field) -> Field:
    """Dense where much is, eaten at its edges, with gaps."""
    full = np.minimum(body, 1)
    return np.asarray(np.clip(body * (0.3 + 1.1 * grain) - 0.12 * (1 - grain) * (1 - full), 0, None), np.float32)


def _seen(depth: Field, height: Field, colour: NDArray[np.float32], label: str) -> tuple[Field, NDArray[np.float32]]:
    """Cover (h, w) and colours (h, w, 3), lit from one side."""
    import cv2

    relief = 0.8 if label == "smoke" else 0.4
    dx, dy = (cv2.Sobel(height, cv2.CV_32F, *way) / 8 * np.float32(relief) for way in ((1, 0), (0, 1)))
    facing = (-dx * SUN[0] - dy * SUN[1] + SUN[2]) / np.sqrt(dx * dx + dy * dy + 1)
    lit = np.clip(0.72 + 0.42 * facing, 0.55, 1.12)
    alpha = np.minimum(1 - np.exp(-depth.astype(np.float64)), 0.93)
    return alpha.astype(np.float32), (lit[..., None] * colour).astype(np.float32)


def _lay(patch: Image, alpha: Field, tone: NDArray[np.float32]) -> None:
    """Blend into a part of the picture, in place."""
    import cv2

    size = patch.shape[1::-1]
    share = cv2.resize(alpha, size, interpolation=cv2.INTER_LINEAR)
    share = np.where(share > 0.015, share, 0)[..., None]
    fine = cv2.resize(tone, size, interpolation=cv2.INTER_LINEAR)
    patch[:] = np.clip(patch + (fine - patch) * share + 0.5 * (share > 0), 0, 255)
