"""Panels drawn loosely: a flat shape with any pattern in any colours, seen from anywhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from pipeline.sim.draw.loose_mattes import between, fractal, log_between
from pipeline.sim.draw.paint import any_of, blend, darkened, shifted
from pipeline.sim.draw.values import Field, Image, Painted, Tone

SIZES_PX = (10.0, 120.0)
Inks = list[list[float]]
GLYPHS = "ABCDEFGHKLMNPRSTUVXYZ0123456789"


def paint_loose_panel(image: Image, _label: str, rng: np.random.Generator) -> Painted:
    """A panel of any family anywhere on a picture (h, w, 3); it may be cut by the picture's edge."""
    family = any_of(rng, sorted(PATTERNS))
    h, w = image.shape[:2]
    size = log_between(rng, SIZES_PX[0], min(SIZES_PX[1], 0.8 * min(h, w)))
    face, alpha = _face(family, int(np.clip(1.5 * size, 24, 180)), rng)
    corners, at = _corners(size, (h, w), rng)
    tone, cover = _seen(_worn(face, rng), alpha, corners, (h, w), rng)
    base = image.copy()
    if rng.random() < 0.3:
        far = size * between(rng, 0.02, 0.12)
        base = darkened(image, shifted(cover, any_of(rng, (-far, far)), any_of(rng, (-far, far))) * np.float32(0.4))
    return Painted(blend(base, tone, cover), base, cover, at, f"loose-{family}")


def _face(family: str, side: int, rng: np.random.Generator) -> tuple[Image, Field]:
    """(side, side, 3) pattern and (side, side) outline; letters and crosses may stand without a ground of their own."""
    inks: Inks = [rng.uniform(0, 255, 3).tolist() for _ in range(3)]
    if rng.random() < 0.4:
        inks[:2] = [[between(rng, 200, 255)] * 3, [between(rng, 0, 60)] * 3]
    face = np.full((side, side, 3), 0, np.uint8)
    face[:] = np.uint8(np.round(inks[0]))
    mark = np.zeros((side, side), np.uint8)
    PATTERNS[family](face, mark, inks, rng)
    bare = family in ("letter", "cross", "strokes") and rng.random() < 0.5
    return face, np.asarray(mark / np.float32(255), np.float32) if bare else _outline(side, rng)


def _outline(side: int, rng: np.random.Generator) -> Field:
    """A square, mostly; a disc or a regular polygon."""
    import cv2

    mask, middle = np.zeros((side, side), np.uint8), side // 2
    shape = any_of(rng, ("square", "square", "square", "disc", "polygon"))
    if shape == "square":
        mask[:] = 255
    elif shape == "disc":
        cv2.circle(mask, (middle, middle), middle - 1, 255, -1, cv2.LINE_AA)
    else:
        angles = np.arange(n := int(rng.integers(3, 9))) * 2 * np.pi / n + between(rng, 0, 6.3)
        cv2.fillPoly(mask, [_ints(middle + (middle - 1) * np.stack((np.cos(angles), np.sin(angles)), 1))], 255)
    return np.asarray(mask / np.float32(255), np.float32)


def _ints(points: NDArray[np.floating]) -> NDArray[np.int32]:
    return np.asarray(np.round(points), np.int32)


def _corners(
    size: float, shape: tuple[int, int], rng: np.random.Generator
) -> tuple[NDArray[np.float32], tuple[float, float]]:
    """Where the face's corners come to lie (4, 2), px, and its middle: turned, foreshortened, and not quite square."""
    x, y = between(rng, 0.02, 0.98) * (shape[1] - 1), between(rng, 0.02, 0.98) * (shape[0] - 1)
    half = size / 2 * np.array(((-1, -1), (1, -1), (1, 1), (-1, 1)), float)
    half[:, 1] *= any_of(rng, (1.0, between(rng, 0.35, 1), between(rng, 0.7, 1)))
    turn, lean = between(rng, 0, 2 * np.pi), between(rng, 0, 2 * np.pi)
    squash = between(rng, 0.45, 1)
    for angle, flat in ((turn, squash), (lean, 1.0)):
        c, s = np.cos(angle), np.sin(angle)
        half = half @ np.array(((c, s), (-s, c))) * (1, flat)
    half += rng.uniform(-0.08, 0.08, (4, 2)) * size
    return np.asarray(half + np.array((x, y)), np.float32), (x, y)


def _worn(face: Image, rng: np.random.Generator) -> Tone:
    """The face with a gradient of light, crumples, dirt, part of it in shadow, each or none."""
    side = face.shape[0]
    axis = np.linspace(-1, 1, side, dtype=np.float32)
    lean = between(rng, 0, 2 * np.pi)
    across = axis[None, :] * np.float32(np.cos(lean)) + axis[:, None] * np.float32(np.sin(lean))
    light = np.float32(between(rng, 0.6, 1.1)) + across * np.float32(between(rng, 0, 0.2))
    if rng.random() < 0.4:
        light += (fractal(side, rng, ridged=True) - 0.5) * np.float32(between(rng, 0.1, 0.5))
    if rng.random() < 0.2:
        light *= np.where(across > between(rng, -0.6, 0.6), np.float32(between(rng, 0.4, 0.8)), 1)
    tone = face * light[..., None]
    if rng.random() < 0.4:
        dirt = np.clip(fractal(side, rng) - between(rng, 0.3, 0.6), 0, 1)[..., None] * between(rng, 0.5, 2)
        tone += (rng.uniform(40, 140, 3) - tone) * np.clip(dirt, 0, 0.8)
    return np.asarray(np.clip(tone, 0, 255), np.float32)


def _seen(
    tone: Tone, alpha: Field, corners: NDArray[np.float32], shape: tuple[int, int], rng: np.random.Generator
) -> tuple[Tone, Field]:
    """Tone (h, w, 3) and cover (h, w) in the picture, softened; up to a quarter of the cover may be hidden."""
    import cv2

    side = alpha.shape[0]
    alpha = _hidden(alpha, rng) if rng.random() < 0.2 else alpha
    flat = np.array(((0, 0), (side, 0), (side, side), (0, side)), np.float32) - np.float32(0.5)
    view, size = cv2.getPerspectiveTransform(flat, corners), shape[::-1]
    laid = cv2.warpPerspective(np.dstack((tone * alpha[..., None], alpha)), view, size, flags=cv2.INTER_LINEAR)
    sigma = between(rng, 0, 1.5)
    laid = cv2.GaussianBlur(laid, (0, 0), sigma) if sigma > 0.3 else laid
    cover = np.clip(laid[..., 3], 0, 1)
    return np.asarray(laid[..., :3] / np.maximum(laid[..., 3:], 1e-3), np.float32), np.asarray(cover, np.float32)


def _hidden(alpha: Field, rng: np.random.Generator) -> Field:
    """A bar across it, or a corner of it, is not to be seen: no more than a quarter."""
    side, kept = alpha.shape[0], alpha.copy()
    wide = max(1, round(side * between(rng, 0.05, 0.25)))
    at = any_of(rng, (0, int(rng.integers(0, side - wide + 1))))
    if rng.random() < 0.5:
        kept[:, at : at + wide] = 0
    else:
        kept[at : at + wide] = 0
    return kept


def _checks(face: Image, _mark: NDArray[np.uint8], inks: Inks, rng: np.random.Generator) -> None:
    side, n, m = face.shape[0], int(rng.integers(2, 8)), int(rng.integers(2, 8))
    row, column = np.arange(side) * n // side, np.arange(side) * m // side
    face[(row[:, None] + column) % 2 == 1] = np.uint8(np.round(inks[1]))


def _stripes(face: Image, _mark: NDArray[np.uint8], inks: Inks, rng: np.random.Generator) -> None:
    across = np.arange(face.shape[0]) * between(rng, 2, 8) / face.shape[0] % 1
    face[:, across < between(rng, 0.2, 0.8)] = np.uint8(np.round(inks[1]))


def _rings(face: Image, _mark: NDArray[np.uint8], inks: Inks, rng: np.random.Generator) -> None:
    import cv2

    half, count = face.shape[0] // 2, int(rng.integers(1, 5))
    for n in range(count):
        cv2.circle(face, (half, half), round(half * 0.9 * (1 - n / count)), inks[1 - n % 2], -1, cv2.LINE_AA)


def _quarters(face: Image, _mark: NDArray[np.uint8], inks: Inks, rng: np.random.Generator) -> None:
    import cv2

    half = face.shape[0] // 2
    if rng.random() < 0.5:
        face[:half, half:] = face[half:, :half] = np.uint8(np.round(inks[1]))
        return
    for n in range(4):
        ink = inks[1 + (n % 2) * int(rng.integers(2))]
        if n % 2 == 0:
            cv2.ellipse(face, (half, half), (half, half), 0, 90 * n, 90 * n + 90, ink, -1, cv2.LINE_AA)


def _triangles(face: Image, _mark: NDArray[np.uint8], inks: Inks, rng: np.random.Generator) -> None:
    import cv2

    side = face.shape[0]
    corners = _ints(np.array(((0, 0), (1, 0), (1, 1), (0, 1))) * side)
    tip = _ints(rng.uniform(0.3, 0.7, 2) * side)
    for n in (0, 2) if rng.random() < 0.6 else (0,):
        cv2.fillPoly(face, [np.stack((corners[n], corners[n + 1], tip))], inks[1], cv2.LINE_AA)


def _cross(face: Image, mark: NDArray[np.uint8], inks: Inks, rng: np.random.Generator) -> None:
    import cv2

    side, arm = face.shape[0], max(2, round(face.shape[0] * between(rng, 0.08, 0.4)))
    middle, end = side // 2, round(side * between(rng, 0, 0.15))
    slanted = rng.random() < 0.5
    lines = (((end, end), (side - end, side - end)), ((side - end, end), (end, side - end)))
    for a, b in lines if slanted else (((middle, end), (middle, side - end)), ((end, middle), (side - end, middle))):
        cv2.line(face, a, b, inks[1], arm, cv2.LINE_AA)
        cv2.line(mark, a, b, 255, arm, cv2.LINE_AA)


def _letter(face: Image, mark: NDArray[np.uint8], inks: Inks, rng: np.random.Generator) -> None:
    import cv2

    side, font = face.shape[0], any_of(rng, (0, 1, 2, 3, 4))
    text = "".join(any_of(rng, GLYPHS) for _ in range(int(rng.integers(1, 3))))
    bold = max(2, round(side * between(rng, 0.05, 0.18)))
    (w, h), _ = cv2.getTextSize(text, font, 1, 1)
    scale = (0.9 * side - bold) / max(w, h)
    at = round((side - w * scale) / 2), round((side + h * scale) / 2)
    for canvas, ink in ((face, inks[1]), (mark, [255.0])):
        cv2.putText(canvas, text, at, font, scale, ink, bold, cv2.LINE_AA)


def _strokes(face: Image, mark: NDArray[np.uint8], inks: Inks, rng: np.random.Generator) -> None:
    """A sign of two to five straight strokes, one after the other."""
    import cv2

    side = face.shape[0]
    points = _ints(rng.uniform(0.1, 0.9, (int(rng.integers(3, 7)), 2)) * side)
    bold = max(2, round(side * between(rng, 0.06, 0.2)))
    for canvas, ink in ((face, inks[1]), (mark, [255.0])):
        cv2.polylines(canvas, [points], bool(len(points) % 2), ink, bold, cv2.LINE_AA)


def _dots(face: Image, _mark: NDArray[np.uint8], inks: Inks, rng: np.random.Generator) -> None:
    import cv2

    n = int(rng.integers(1, 6))
    cell = face.shape[0] / n
    radius = max(1, round(cell * between(rng, 0.2, 0.45)))
    for k in range(n * n):
        at = round((k % n + 0.5) * cell), round((k // n + 0.5) * cell)
        cv2.circle(face, at, radius, inks[1 + k % 2], -1, cv2.LINE_AA)


def _frame(face: Image, _mark: NDArray[np.uint8], inks: Inks, rng: np.random.Generator) -> None:
    side = face.shape[0]
    for n in range(1, int(rng.integers(2, 4))):
        rim = round(side * 0.45 * n / 3 * between(rng, 0.5, 1))
        face[rim : side - rim, rim : side - rim] = np.uint8(np.round(inks[n]))


def _blocks(face: Image, _mark: NDArray[np.uint8], inks: Inks, rng: np.random.Generator) -> None:
    """Random cells of a grid, as coded targets have them."""
    n = int(rng.integers(3, 8))
    codes = rng.random((n, n)) < 0.5
    row = np.arange(face.shape[0]) * n // face.shape[0]
    face[codes[row[:, None], row[None, :]]] = np.uint8(np.round(inks[1]))


PATTERNS: Mapping[str, Callable[[Image, NDArray[np.uint8], Inks, np.random.Generator], None]] = {
    "checks": _checks,
    "stripes": _stripes,
    "rings": _rings,
    "quarters": _quarters,
    "triangles": _triangles,
    "cross": _cross,
    "letter": _letter,
    "strokes": _strokes,
    "dots": _dots,
    "frame": _frame,
    "blocks": _blocks,
}
