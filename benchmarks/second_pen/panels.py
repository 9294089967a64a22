"""Marker panels: textured squares that lie on the ground, a little tilted, cast by rays, lit after Lambert."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from benchmarks.second_pen.camera import Camera
from benchmarks.second_pen.light import Light
from benchmarks.second_pen.plumes import Place
from benchmarks.second_pen.values import Floats, Layer
from benchmarks.second_pen.windows import Window, brought_to, coarse, inside

N = 160
FINE = 3.0  # samples a pixel
FARTHEST_TILT = 0.17  # radians
Texture = tuple[Floats, Floats]  # where the panel is painted 0..1 (N, N), and where it is at all
PAIRS = (((0.06, 0.06, 0.07), (0.95, 0.95, 0.95)), ((0.05, 0.06, 0.06), (0.10, 0.80, 0.95)),
         ((0.95, 0.95, 0.95), (0.10, 0.15, 0.80)), ((0.10, 0.45, 0.95), (0.95, 0.95, 0.95)),
         ((0.70, 0.25, 0.10), (0.95, 0.95, 0.95)), ((0.25, 0.60, 0.15), (0.95, 0.95, 0.95)),
         ((0.75, 0.20, 0.85), (0.95, 0.95, 0.95)))  # fmt: skip


def _grid() -> tuple[Floats, Floats]:
    y, x = np.mgrid[:N, :N] / (N - 1) * 2 - 1
    return x, y


def _cross(rng: np.random.Generator) -> Texture:
    x, y = _grid()
    wide = rng.uniform(0.12, 0.3)
    arms = (np.abs(x) < wide) | (np.abs(y) < wide)
    bare = rng.random() < 0.3  # sprayed or laid without a panel below
    return arms.astype(float), (arms if bare else np.ones_like(arms)).astype(float)


def _checks(rng: np.random.Generator) -> Texture:
    x, y = _grid()
    fields = int(rng.integers(2, 6))
    odd = (np.floor((x + 1) / 2 * fields * 0.9999) + np.floor((y + 1) / 2 * fields * 0.9999)) % 2
    return odd, np.ones_like(x)


def _quarters(rng: np.random.Generator) -> Texture:
    x, y = _grid()
    inside_disc = np.hypot(x, y) < rng.uniform(0.8, 0.98)
    quarter = ((x > 0) == (y > 0)) & inside_disc
    whole = inside_disc if rng.random() < 0.5 else np.ones_like(inside_disc)
    return quarter.astype(float), whole.astype(float)


def _rings(rng: np.random.Generator) -> Texture:
    x, y = _grid()
    r = np.hypot(x, y)
    rings = np.floor(r * int(rng.integers(2, 5))) % 2
    return rings, (r < 1).astype(float) if rng.random() < 0.6 else np.ones_like(r)


def _letter(rng: np.random.Generator) -> Texture:
    face = int(rng.choice([cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_COMPLEX]))
    text, thick = str(rng.choice(list("ABCDEFHKLNPRTXYZ0123456789"))), int(rng.integers(8, 18))
    (wide, high), _ = cv2.getTextSize(text, face, 4.0, thick)
    paper = np.zeros((N, N), np.uint8)
    cv2.putText(paper, text, ((N - wide) // 2, (N + high) // 2), face, 4.0, 255, thick, cv2.LINE_AA)
    return paper / 255.0, np.ones((N, N))


def _sheet(rng: np.random.Generator) -> Texture:
    folds = cv2.resize(rng.random((6, 6)), (N, N), interpolation=cv2.INTER_CUBIC)
    return 0.75 + 0.25 * folds, np.ones((N, N))


def _aruco(rng: np.random.Generator) -> Texture:
    words = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_50)
    code = cv2.aruco.generateImageMarker(words, int(rng.integers(50)), N * 3 // 4 // 6 * 6)
    edge = (N - code.shape[0]) // 2
    rest = N - code.shape[0] - edge
    return np.pad(code / 255.0, ((edge, rest), (edge, rest)), constant_values=1.0), np.ones((N, N))


KINDS: dict[str, Callable[[np.random.Generator], Texture]] = {
    "cross": _cross, "checks": _checks, "quarters": _quarters, "rings": _rings, "letter": _letter, "sheet": _sheet,
    "aruco": _aruco,
}  # fmt: skip


def _painted(kind: str, texture: Texture, light: Light, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Albedo (N, N, 3) and cover (N, N), worn and stained."""
    dark, bright = (np.array(c) for c in PAIRS[0 if kind == "aruco" else rng.integers(len(PAIRS))])
    if kind != "aruco" and rng.random() < 0.5:
        dark, bright = bright, dark
    paint = texture[0][..., None] * bright + (1 - texture[0][..., None]) * dark
    stains = cv2.resize(rng.random((9, 9)), (N, N), interpolation=cv2.INTER_CUBIC)
    return np.clip(paint * (0.8 + 0.2 * stains[..., None]) + rng.uniform(0, 0.06), 0, 1), texture[1]


def panel(size_px: float, side: tuple[int, int], camera: Camera, light: Light, rng: np.random.Generator) -> Place:
    """Make a panel; what comes back lays it on the ground, with its middle under a pixel."""
    kind = str(rng.choice(list(KINDS)))
    albedo, there = _painted(kind, KINDS[kind](rng), light, rng)
    across, along, normal = _axes(rng)
    colours = light.colour(albedo * light.lambert(normal)).astype(np.float32)

    def place(u: float, v: float) -> Layer | None:
        at = camera.ground(u, v)
        corners = np.array([a * across + b * along for a in (-1, 1) for b in (-1, 1)])

        def seen(half: float) -> tuple[Floats, Window]:
            window = coarse(camera.seen(at + corners * half))
            return _cast(camera, at, (across, along, normal), half, window, there), window

        half = brought_to(size_px, size_px / camera.px_per_unit(at) / 2, seen)
        window = None if half is None else inside(camera.seen(at + corners * half), *side, FINE, 2000)
        if half is None or window is None:
            return None
        cover = _cast(camera, at, (across, along, normal), half, window, there)
        lit = _cast(camera, at, (across, along, normal), half, window, colours)
        covered = window.pasted(cover, *side)
        share = np.maximum(covered, 1e-3)[..., None]
        mixed = window.pasted(lit * cover[..., None], *side) / share
        return Layer("marker", kind, covered, mixed, (np.ones(3),), (u, v), False)

    return place


def _axes(rng: np.random.Generator) -> tuple[Floats, Floats, Floats]:
    """Two sides and the normal of a square on the ground, each of unit length."""
    turn, lean, where = rng.uniform(0, 2 * np.pi), rng.uniform(0, FARTHEST_TILT), rng.uniform(0, 2 * np.pi)
    normal = np.array([np.sin(lean) * np.cos(where), np.sin(lean) * np.sin(where), np.cos(lean)])
    across = np.array([np.cos(turn), np.sin(turn), 0])
    across -= normal * (across @ normal)
    across /= np.linalg.norm(across)
    return across, np.cross(normal, across), normal


def _cast(camera: Camera, at: Floats, axes: tuple[Floats, Floats, Floats], half: float, window: Window,
          texture: Floats) -> Floats:  # fmt: skip
    """The texture where the window's rays meet the square; 0 beside it."""
    across, along, normal = axes
    rays, start = camera.rays(*window.pixels()), np.array([0, 0, 1.0]) - at
    steep = rays @ normal
    far = np.where(np.abs(steep) > 1e-6, -(start @ normal) / np.where(np.abs(steep) > 1e-6, steep, 1), -1)
    met = start + rays * far[..., None]
    x, y = (((met @ axis) / half + 1) / 2 * (N - 1) for axis in (across, -along))
    # Beside the texture nothing is there; behind the camera neither.
    x = np.where(far > 0, x, -9).astype(np.float32)
    return np.asarray(cv2.remap(texture.astype(np.float32), x, y.astype(np.float32), cv2.INTER_LINEAR))
