"""Outfalls: a bank with a pipe or box mouth, the wet streak below it and what drifts off, cast by rays."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from benchmarks.second_pen.camera import Camera
from benchmarks.second_pen.drift import Drift, drift
from benchmarks.second_pen.light import Light
from benchmarks.second_pen.plumes import Place
from benchmarks.second_pen.values import Floats, Layer
from benchmarks.second_pen.windows import Window, brought_to, coarse, inside

FINE = 2.0
# Albedos, blue first: silt, grey, milk, black, rust, algae, foam, clear but darker.
LIQUIDS = ((0.28, 0.42, 0.55), (0.50, 0.52, 0.52), (0.86, 0.88, 0.86), (0.07, 0.08, 0.09), (0.10, 0.30, 0.62),
           (0.20, 0.50, 0.34), (0.92, 0.94, 0.94), (0.22, 0.24, 0.22))  # fmt: skip
CONCRETE, EARTH, STONE = (0.72, 0.75, 0.76), (0.36, 0.46, 0.54), (0.62, 0.65, 0.65)
POOLS = ((0.42, 0.47, 0.40), (0.30, 0.36, 0.30), (0.66, 0.66, 0.62), (0.40, 0.50, 0.52))
KINDS = ("pipe", "headwall", "culvert", "revetment")


@dataclass(frozen=True, slots=True)
class Scene:
    """Lengths in widths of the mouth: bank plane y = -z·lean of half width `wide` and height `high` behind the water.

    `out` is how far the pipe stands out of the bank at height `lift`; a box mouth has none.
    """

    kind: str
    lean: float
    wide: float
    high: float
    lift: float
    out: float
    box: bool
    pool: bool
    still: tuple[float, float, float]
    water: Drift
    noise: Floats

    def corners(self) -> Floats:
        """Points (n, 3) that enclose all of it."""
        reach = self.water.reach
        water = [(a * reach, b, 0.0) for a in (-1, 1) for b in (0, reach)]
        bank = [
            (a * max(self.wide, 0.8), -z * self.lean, z) for a in (-1, 1) for z in (0, max(self.high, self.lift + 1))
        ]
        return np.array(water + bank + [(0, self.out, self.lift + 0.5)])


def _scene(rng: np.random.Generator) -> Scene:
    kind = str(rng.choice(KINDS))
    slope = np.radians({"pipe": rng.uniform(30, 60), "headwall": rng.uniform(80, 90), "culvert": rng.uniform(75, 90),
                        "revetment": rng.uniform(30, 55)}[kind])  # fmt: skip
    wide = {"pipe": rng.uniform(0.8, 1.5), "headwall": rng.uniform(1.1, 2.6), "culvert": rng.uniform(1.0, 1.6),
            "revetment": rng.uniform(2.2, 4.5)}[kind]  # fmt: skip
    lift = rng.uniform(0.15, 0.5) if kind == "culvert" else rng.uniform(0.6, 1.4)
    out = {"pipe": rng.uniform(0.3, 1.4), "headwall": rng.uniform(0, 0.4), "culvert": 0.0,
           "revetment": rng.uniform(0.1, 0.8)}[kind]  # fmt: skip
    box = kind == "culvert" or (kind == "headwall" and rng.random() < 0.3)
    noise = cv2.GaussianBlur(rng.standard_normal((128, 128)).astype(np.float32), (0, 0), 1.2) * 3
    pool = bool(rng.random() < 0.6)
    return Scene(kind, float(1 / np.tan(slope)), wide, lift + rng.uniform(0.8, 1.6), lift, 0.0 if box else out, box,
                 pool, POOLS[rng.integers(len(POOLS))], drift(rng.uniform(3.5, 12), rng), noise)  # fmt: skip


def outfall(size_px: float, side: tuple[int, int], camera: Camera, light: Light,
            rng: np.random.Generator) -> Place:  # fmt: skip
    """Build a scene; what comes back puts its water line's middle under a pixel, mouth towards the camera."""
    scene = _scene(rng)
    liquid = np.clip(np.array(LIQUIDS[rng.integers(len(LIQUIDS))]) * rng.uniform(0.85, 1.1), 0, 1)
    most = np.pi if camera.depression_rad(side[0] / 2) > 1.0 else 1.1
    turn = rng.uniform(-most, most)

    def place(u: float, v: float) -> Layer | None:
        at = camera.ground(u, v)
        outward = np.arctan2(-at[1], -at[0]) + turn
        axes = np.array([[-np.sin(outward), np.cos(outward), 0], [np.cos(outward), np.sin(outward), 0], [0, 0, 1.0]])

        def seen(width: float) -> tuple[Floats, Window]:
            window = coarse(camera.seen(at + scene.corners() @ axes * width), 64)
            return _cast(scene, *_rays(camera, at, axes, width, window), light, liquid, axes)[1], window

        width = brought_to(size_px, size_px / camera.px_per_unit(at) / 8, seen)
        if width is None:
            return None
        window = inside(camera.seen(at + scene.corners() @ axes * width), *side, FINE, 2000)
        if window is None:
            return None
        cast = _cast(scene, *_rays(camera, at, axes, width, window), light, liquid, axes)
        mouth = camera.seen(at + np.array([0, scene.out - scene.lift * scene.lean, scene.lift]) @ axes * width)
        return _layer(scene.kind, window, cast, side, (float(mouth[0]), float(mouth[1])))

    return place


def _layer(kind: str, window: Window, cast: tuple[Floats, Floats, Floats, Floats], side: tuple[int, int],
           mouth: tuple[float, float]) -> Layer:  # fmt: skip
    pasted = []
    for colour, cover in (cast[:2], cast[2:]):
        covered = window.pasted(cover, *side)
        mixed = window.pasted(colour * cover[..., None], *side) / np.maximum(covered, 1e-3)[..., None]
        pasted.append((mixed, covered))
    return Layer("outfall", kind, pasted[0][1], pasted[0][0], (np.ones(3),), mouth, False, pasted[1])


def _rays(camera: Camera, at: Floats, axes: Floats, width: float, window: Window) -> tuple[Floats, Floats]:
    """The camera (3,) and the window's rays (rows, columns, 3) in the scene's axes and widths of its mouth."""
    return axes @ (np.array([0, 0, 1.0]) - at) / width, camera.rays(*window.pixels()) @ axes.T / width


def _cast(scene: Scene, start: Floats, rays: Floats, light: Light, liquid: Floats, axes: Floats
          ) -> tuple[Floats, Floats, Floats, Floats]:  # fmt: skip
    """Colour and cover of the outfall, and of the bank and water that it stands in."""
    shape = rays.shape[:2]
    near = np.full(shape, np.inf)
    albedo, cover = np.zeros((*shape, 3)), np.zeros(shape)
    below, under = np.zeros((*shape, 3)), np.zeros(shape)
    parts = [_water(scene, start, rays, liquid), _bank(scene, start, rays, light, liquid, axes)]
    parts += [] if scene.box else _pipe(scene, start, rays, light, axes)
    for far, colour, solid, ground, share in parts:
        nearer = (far > 0) & (far < near) & ((solid > 0) | (share > 0))
        near = np.where(nearer, far, near)
        albedo[nearer], cover[nearer] = colour[nearer], solid[nearer]
        below[nearer], under[nearer] = ground[nearer], share[nearer]
    return light.colour(albedo), cover, light.colour(below), under


Part = tuple[Floats, Floats, Floats, Floats, Floats]  # way, albedo, cover, scenery's albedo, scenery's cover


def _noise(scene: Scene, x: Floats, y: Floats) -> Floats:
    col, row = ((v * 9) % 126 for v in (x, y))
    return np.asarray(cv2.remap(scene.noise, col.astype(np.float32), row.astype(np.float32), cv2.INTER_LINEAR))


def _water(scene: Scene, start: Floats, rays: Floats, liquid: Floats) -> Part:
    """The plume, foam near the mouth, and the pool it runs into where the photo has no water."""
    down = np.minimum(rays[..., 2], -1e-6)
    far = -start[2] / down
    x, y = start[0] + rays[..., 0] * far, start[1] + rays[..., 1] * far
    dense = scene.water.at(x, y) * (y >= 0)
    rough = _noise(scene, x, y)
    cover = 1 - np.exp(-2.4 * dense * (1 + 0.25 * rough))
    foam = np.clip(3 * (dense * np.exp(-np.hypot(x, y - 0.5) / 1.8) + 0.25 * rough - 0.45), 0, 1) * (dense > 0.05)
    albedo = liquid * (1 + 0.05 * rough[..., None]) * (1 - foam[..., None]) + 0.93 * foam[..., None]
    cover = np.clip(np.maximum(cover, 0.85 * foam), 0, 0.97)
    share = _pool(scene, x, y, rough) if scene.pool else np.zeros_like(cover)
    return far, np.clip(albedo, 0, 1), cover, _still(scene, rough), share


def _still(scene: Scene, rough: Floats) -> Floats:
    """The colour of the pool's water: what it holds, or the sky in it."""
    return np.asarray(np.array(scene.still) * (1 + 0.03 * rough[..., None]))


def _pool(scene: Scene, x: Floats, y: Floats, rough: Floats) -> Floats:
    """A ditch along the bank, as wide as what drifts in it."""
    reach = scene.water.reach
    bays = 0.06 * np.sin(3.1 * np.arctan2(y - 0.5 * reach, x) + scene.wide) + 0.03 * np.sin(7 * x / reach + scene.lift)
    off = np.hypot(x / (0.55 * reach), (y - 0.33 * reach) / (0.4 * reach)) + bays + 0.01 * rough
    return np.asarray(0.93 * np.clip((1 - off) / 0.12, 0, 1) * (y >= 0))


def _bank(scene: Scene, start: Floats, rays: Floats, light: Light, liquid: Floats, axes: Floats) -> Part:
    """The plane that the mouth is in; the wall of a headwall is part of the outfall, a slope is not."""
    normal = np.array([0, 1, scene.lean]) / np.hypot(1, scene.lean)
    steep = rays @ normal
    far = np.where(steep < -1e-9, -(start @ normal) / np.minimum(steep, -1e-9), -1)
    x, z = start[0] + rays[..., 0] * far, start[2] + rays[..., 2] * far
    there = (np.abs(x) <= scene.wide) & (z >= 0) & (z <= scene.high)
    rough = _noise(scene, x, z)
    base = {"pipe": EARTH, "revetment": STONE}.get(scene.kind, CONCRETE)
    lit = float(light.lambert(normal @ axes))
    colour = np.array(base) * (1 + 0.06 * rough[..., None]) * lit
    colour = colour * _joints(scene, x, z)[..., None]
    streak = there & (np.abs(x + 0.08 * rough) < 0.32) & (z < scene.lift)
    wet = 0.45 * colour + 0.3 * liquid * lit
    mouth = there & scene.box & (np.abs(x) < 0.5) & (np.abs(z - scene.lift - 0.4) < 0.4)
    paint = np.where(streak[..., None], wet, colour)
    paint = np.where(mouth[..., None], 0.05 + 0.05 * (np.abs(x) * 2)[..., None], paint)
    wall = there & (scene.kind in ("headwall", "culvert"))
    cover = np.where(mouth | wall, 0.95, np.where(streak, 0.75, 0.0))
    soft = np.clip(1.6 - 1.6 * np.hypot(x / scene.wide, (z / scene.high) ** 2) + 0.12 * rough, 0, 1)
    share = np.where(there & ~wall, 0.85 * soft, 0.0)
    return far, np.clip(paint, 0, 1), cover, np.clip(colour, 0, 1), share


def _joints(scene: Scene, x: Floats, z: Floats) -> Floats:
    """Joints between the stones or slabs of a bank; earth has none."""
    if scene.kind == "pipe":
        return np.ones_like(x)
    row = np.floor(z / 0.5)
    gap = (z / 0.5 % 1 < 0.12) | ((x / 0.9 + 0.5 * (row % 2)) % 1 < 0.07)
    return np.where(gap, 0.75 if scene.kind == "revetment" else 0.93, 1.0)


def _pipe(scene: Scene, start: Floats, rays: Floats, light: Light, axes: Floats) -> list[Part]:
    """A cylinder out of the bank along y, and its dark end."""
    none, shape = np.zeros_like(rays), rays.shape[:2]
    root = start - np.array([0, 0, scene.lift])
    a = rays[..., 0] ** 2 + rays[..., 2] ** 2
    b = rays[..., 0] * root[0] + rays[..., 2] * root[2]
    inner = b**2 - a * (root[0] ** 2 + root[2] ** 2 - 0.25)
    far = np.where(inner > 0, (-b - np.sqrt(np.maximum(inner, 0))) / np.maximum(a, 1e-12), -1)
    met = root + rays * far[..., None]
    end = scene.out - scene.lift * scene.lean
    body = (inner > 0) & (met[..., 1] <= end) & (met[..., 1] >= -(met[..., 2] + scene.lift) * scene.lean)
    normals = np.stack([met[..., 0], np.zeros(shape), met[..., 2]], axis=-1) / 0.5
    skin = np.array(CONCRETE) * light.lambert(normals @ axes)[..., None]
    side = (far, np.clip(skin, 0, 1), np.where(body, 0.95, 0.0), none, np.zeros(shape))
    towards = np.minimum(rays[..., 1], -1e-9)
    way = np.where(rays[..., 1] < 0, (end - root[1]) / towards, -1)
    met = root + rays * way[..., None]
    r = np.hypot(met[..., 0], met[..., 2])
    dark = np.where((r < 0.41)[..., None], 0.04 + 0.06 * (r / 0.41)[..., None], np.array(CONCRETE) * 0.9)
    return [side, (way, dark, np.where(r <= 0.5, 0.95, 0.0), none, np.zeros(shape))]
