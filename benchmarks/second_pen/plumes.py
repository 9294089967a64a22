"""Smoke and dust: a flow in the plane that faces the camera or lies on the ground, or a volume marched by rays."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from benchmarks.second_pen import fluid, volume
from benchmarks.second_pen.camera import Camera
from benchmarks.second_pen.difficulty import box_of
from benchmarks.second_pen.light import Light, displayed
from benchmarks.second_pen.values import Floats, Layer
from benchmarks.second_pen.windows import brought_to, coarse, inside

Place = Callable[[float, float], Layer | None]  # a pixel for its source -> the layer

FROM_ABOVE_RAD = np.radians(50)
# As shares of a white surface's pixel, blue first. Clouds scatter light many times: sunlit, they are bright.
SHADES = {
    "chimney": ((1.00, 1.00, 1.00), (0.94, 0.94, 0.93), (0.80, 0.80, 0.80), (0.42, 0.42, 0.43), (0.20, 0.20, 0.21),
                (0.60, 0.75, 0.83)),
    "fire": ((0.98, 0.95, 0.92), (0.86, 0.83, 0.80), (0.62, 0.61, 0.61), (0.24, 0.24, 0.25), (0.68, 0.74, 0.78)),
    "smoulder": ((1.00, 0.98, 0.95), (0.90, 0.88, 0.85), (0.74, 0.73, 0.72), (0.50, 0.50, 0.50)),
    "road": ((0.78, 0.88, 0.95), (0.86, 0.92, 0.96), (0.66, 0.78, 0.88), (0.94, 0.97, 0.99), (0.55, 0.67, 0.82)),
    "works": ((0.80, 0.87, 0.92), (0.92, 0.95, 0.97), (0.70, 0.78, 0.86), (0.64, 0.69, 0.74)),
    "tip": ((0.72, 0.83, 0.92), (0.88, 0.91, 0.94), (0.58, 0.66, 0.75), (0.97, 0.98, 0.99)),
}  # fmt: skip
KINDS = {"smoke": ("chimney", "fire", "smoulder"), "dust": ("road", "works", "tip")}


def plume(label: str, size_px: float, side: tuple[int, int], camera: Camera, light: Light,
          rng: np.random.Generator) -> Place:  # fmt: skip
    """Simulate a plume once; what comes back places it, with its source under a pixel."""
    kind = str(rng.choice(KINDS[label]))
    shades = tuple(
        light.colour(np.clip(np.array(s) * rng.uniform(0.9, 1.08) + rng.normal(0, 0.015, 3), 0.03, 1))
        for s in rng.permutation(np.array(SHADES[kind]))
    )
    draw = _flowing if rng.random() < 0.5 else _marched
    return draw(label, kind, size_px, side, camera, light, shades, rng)


def _flow(kind: str, above: bool, rng: np.random.Generator) -> fluid.Flow:
    """Winds and lifts in cells a step; seen from above there is no lift, the ground's wind is everywhere."""
    wind = rng.uniform(0.5, 1.3)
    shear, lift, radius = {
        "chimney": (0.3, rng.uniform(0.008, 0.03), rng.uniform(1.2, 2.0)),
        "fire": (0.6, rng.uniform(0.006, 0.018), rng.uniform(2.5, 5.0)),
        "smoulder": (0.5, rng.uniform(0.002, 0.008), rng.uniform(2.0, 5.0)),
        "road": (0.4, 0.002, rng.uniform(1.6, 2.6)),
        "works": (0.4, rng.uniform(0.002, 0.008), rng.uniform(4.0, 8.0)),
        "tip": (0.5, rng.uniform(0.004, 0.012), rng.uniform(2.5, 5.0)),
    }[kind]
    start = (24.0, 64.0 if above else 112.0, radius)
    moves = 0.0
    if kind == "road":
        start, moves, wind = (14.0, start[1], radius), rng.uniform(1.2, 1.7), rng.uniform(-0.3, 0.3)
    if above:
        shear, lift = 0.0, 0.0
    return fluid.Flow(wind, shear, lift, rng.uniform(0.1, 0.4), start, moves)


def _flowing(label: str, kind: str, size_px: float, side: tuple[int, int], camera: Camera, light: Light,
             shades: tuple[Floats, ...], rng: np.random.Generator) -> Place:  # fmt: skip
    above = camera.depression_rad(side[0] / 2) > FROM_ABOVE_RAD
    dense, source = fluid.density(_flow(kind, above, rng), rng)
    lit = _lit(dense, light)
    turn = rng.uniform(0, 2 * np.pi) if above else 0.0
    flip = -1.0 if rng.random() < 0.5 else 1.0
    detail = _detail(side, rng)

    def place(u: float, v: float) -> Layer | None:
        down = camera.depression_rad(v)
        squash = np.sin(down) if above else max(np.cos(down), 0.3)
        turned = np.array([[np.cos(turn) * flip, -np.sin(turn)], [np.sin(turn) * flip, np.cos(turn)]])
        matrix = np.diag([1, squash]) @ turned
        scale = size_px / _reach(dense, matrix)
        full = np.hstack([matrix * scale, (np.array([[u], [v]]) - matrix @ np.array(source)[:, None] * scale)])
        height, width = side
        depth = cv2.warpAffine(dense, full, (width, height), flags=cv2.INTER_LINEAR)
        shone = cv2.warpAffine(lit, full, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return Layer(label, kind, depth * detail, shone[..., None].repeat(3, axis=2), shades, (u, v), True)

    return place


def _reach(dense: Floats, matrix: Floats) -> float:
    """The size in pixels that the plume has at a scale of 1."""
    middle = matrix @ np.full((2, 1), fluid.SIDE / 2)
    shifted = np.hstack([matrix, 128 - middle])
    seen = cv2.warpAffine(dense, shifted, (256, 256), flags=cv2.INTER_LINEAR)
    box = box_of(_at_half(seen)) or (0, 0, 1, 1)
    return float(np.sqrt((box[2] - box[0]) * (box[3] - box[1])))


def _at_half(depth: Floats) -> Floats:
    """Cover of a plume whose dense parts hide half of what is below."""
    there = depth[depth > 0.05 * depth.max()]
    return 1 - np.exp(-0.7 * depth / max(float(np.percentile(there, 95)) if len(there) else 0, 1e-9))


def _lit(dense: Floats, light: Light) -> Floats:
    """0.73..1: what the flow's own thickness towards the sun leaves of its light."""
    soft = cv2.GaussianBlur(dense, (0, 0), 1.5)
    across = np.cumsum(soft, axis=1)
    across = across if light.sun[0] < 0 else across[:, -1:] - across
    deep = light.sun[2] * np.cumsum(soft, axis=0) + abs(light.sun[0]) * across
    return displayed(0.5 + 0.5 * np.exp(-2.2 * deep / max(float(deep.max()), 1e-9))).astype(np.float32)


def _detail(side: tuple[int, int], rng: np.random.Generator) -> Floats:
    """Wisps that are finer than the grid of the flow."""
    height, width = side
    field = np.zeros(side, np.float32)
    for cell, share in ((24, 1.0), (10, 0.7), (4, 0.5)):
        rough = rng.standard_normal((height // cell + 2, width // cell + 2), dtype=np.float32)
        field += share * cv2.resize(rough, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.exp(0.3 * field))


def _shape(kind: str, rng: np.random.Generator) -> volume.Plume:
    lumps, wander = rng.uniform(0.4, 1.0), rng.uniform(0, 0.08)
    rise, width0, growth = {
        "chimney": (rng.uniform(0.15, 0.9), rng.uniform(0.03, 0.05), rng.uniform(0.08, 0.22)),
        "fire": (rng.uniform(0.3, 1.1), rng.uniform(0.06, 0.14), rng.uniform(0.12, 0.3)),
        "smoulder": (rng.uniform(0.03, 0.15), rng.uniform(0.06, 0.12), rng.uniform(0.10, 0.22)),
        "road": (rng.uniform(0.02, 0.08), rng.uniform(0.03, 0.05), rng.uniform(0.04, 0.11)),
        "works": (rng.uniform(0.06, 0.2), rng.uniform(0.12, 0.2), rng.uniform(0.10, 0.25)),
        "tip": (rng.uniform(0.1, 0.35), rng.uniform(0.08, 0.16), rng.uniform(0.15, 0.3)),
    }[kind]
    return volume.Plume(rise, width0, growth, lumps, wander)


def _marched(label: str, kind: str, size_px: float, side: tuple[int, int], camera: Camera, light: Light,
             shades: tuple[Floats, ...], rng: np.random.Generator) -> Place:  # fmt: skip
    corners, dense = volume.cloud(_shape(kind, rng), rng)
    turn = rng.uniform(0, 2 * np.pi)
    sun = np.array([light.sun[0] * np.cos(turn) + light.sun[1] * np.sin(turn),
                    light.sun[1] * np.cos(turn) - light.sun[0] * np.sin(turn), light.sun[2]])  # fmt: skip
    fields = (dense, displayed(0.5 + 0.5 * volume.sunlit(dense, sun, 2.5)))
    eight = np.array([[corners[i, 0], corners[j, 1], corners[k, 2]] for i in (0, 1) for j in (0, 1) for k in (0, 1)])
    spun = eight @ np.array([[np.cos(turn), np.sin(turn), 0], [-np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
    detail = _detail(side, rng)

    def place(u: float, v: float) -> Layer | None:
        at = camera.ground(u, v)

        def seen(length: float) -> tuple[Floats, object]:
            window = coarse(camera.seen(at + spun * length))
            return _at_half(volume.marched(camera, at, turn, length, corners, fields, window.pixels())[0]), window

        length = brought_to(size_px, size_px / camera.px_per_unit(at), seen)  # type: ignore[arg-type]
        if length is None or length * spun[:, 2].max() > 0.7:
            return None
        window = inside(camera.seen(at + spun * length), *side, 1.0, 110)
        if window is None:
            return None
        depth, shone = volume.marched(camera, at, turn, length, corners, fields, window.pixels())
        lit = np.where(shone > 0, shone, 0.7)[..., None].repeat(3, axis=2)
        return Layer(label, kind, window.pasted(depth, *side) * detail, window.pasted(lit, *side), shades, (u, v), True)

    return place
