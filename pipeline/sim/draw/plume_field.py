"""How much smoke lies behind each pixel, worked out on a grid along a path."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from pipeline.sim.draw.paint import noise
from pipeline.sim.draw.plume_path import Path
from pipeline.sim.draw.values import Field, Floats

MOST_GRID_PX, LEAST_GRID_PX = 224, 72


@dataclass(frozen=True, slots=True)
class Window:
    """A rectangle around a plume, in whole pixels and ends excluded, and the grid that it is worked out on.

    It may reach beyond the picture, by which shadows and light come in from outside. `step_px`: pixels a grid cell.
    """

    x0: int
    y0: int
    x1: int
    y1: int
    step_px: float

    @property
    def grid(self) -> tuple[int, int]:
        size = np.ceil(np.array([self.y1 - self.y0, self.x1 - self.x0]) / self.step_px)
        return max(int(size[0]), 2), max(int(size[1]), 2)

    def inward(self, path: Path) -> Path:
        """The path in cells of the grid."""
        corner = np.array([self.x0, self.y0]) - 0.5
        scale = 1 / self.step_px
        return replace(
            path,
            px=(path.px - corner) * scale - 0.5,
            radii_px=path.radii_px * scale,
            shadow_px=(path.shadow_px - corner) * scale - 0.5,
        )

    def outward(self, field: Field, shape: tuple[int, int]) -> Field:
        """The field of the grid on a picture of (h, w) pixels, 0 beyond the window."""
        import cv2

        size = (self.x1 - self.x0, self.y1 - self.y0)
        how = cv2.INTER_AREA if self.step_px < 1 else cv2.INTER_LINEAR
        fine = cv2.resize(field, size, interpolation=how)
        x0, y0, x1, y1 = max(self.x0, 0), max(self.y0, 0), min(self.x1, shape[1]), min(self.y1, shape[0])
        out = np.zeros(shape + field.shape[2:], np.float32)
        out[y0:y1, x0:x1] = fine[y0 - self.y0 : y1 - self.y0, x0 - self.x0 : x1 - self.x0]
        return out


@dataclass(frozen=True, slots=True)
class Cloud:
    """On a grid: depth, optical and in no unit (0 is none), and height of the surface towards the camera, in cells."""

    depth: Field
    height: Field


def window(paths: list[Path], shape: tuple[int, int], spread: float = 2.3) -> Window | None:
    """Around all balls, cut a little outside the picture; None where none of it is within the picture."""
    reach = spread * np.concatenate([p.radii_px for p in paths])[:, None]
    px = np.concatenate([p.px for p in paths])
    low, high = (px - reach).min(axis=0), (px + reach).max(axis=0)
    margin = 0.12 * max(shape)
    low = np.clip(np.floor(low), -margin, np.array(shape[::-1]) + margin).astype(int)
    high = np.clip(np.ceil(high) + 1, -margin, np.array(shape[::-1]) + margin).astype(int)
    if (high - low).min() < 4 or (low >= shape[::-1]).any() or (high <= 0).any():
        return None
    long = float((high - low).max())
    step = 1.0 if LEAST_GRID_PX <= long <= MOST_GRID_PX else long / min(max(long, LEAST_GRID_PX), MOST_GRID_PX)
    return Window(int(low[0]), int(low[1]), int(high[0]), int(high[1]), step)


def warped(field: Field, rng: np.random.Generator, lump: float, far: float) -> Field:
    """The field pushed about by swirls of size `lump`, as far as `far`, both in cells."""
    import cv2

    y, x = np.mgrid[: field.shape[0], : field.shape[1]].astype(np.float32)
    push_x, push_y = swirls(noise(field.shape, rng, lump, 2), lump)
    scale = np.float32(far / max(float(np.abs(push_x).mean() + np.abs(push_y).mean()), 1e-6))
    way = x + push_x * scale, y + push_y * scale
    pushed = cv2.remap(field, *way, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(pushed, np.float32)


def swirls(rough: Field, lump: float) -> tuple[Field, Field]:
    """A flow without sources around the lumps of a noise: what it carries right and down, in no unit."""
    import cv2

    flow = cv2.GaussianBlur(rough, (0, 0), max(0.12 * lump, 0.8))
    right, down = cv2.Sobel(flow, cv2.CV_32F, 0, 1), -cv2.Sobel(flow, cv2.CV_32F, 1, 0)
    return np.asarray(right, np.float32), np.asarray(down, np.float32)


def streaks(shape: tuple[int, int], rng: np.random.Generator, lump: float, along_deg: float, stretch: float) -> Field:
    """Fractal noise in [0, 1], drawn out along a direction."""
    import cv2

    reach = int(np.hypot(*shape)) + 2
    flat = noise((reach, max(int(reach / stretch) + 4, 8)), rng, max(lump, 4.0), 4)
    turn = np.radians(along_deg)
    c, s = np.cos(turn), np.sin(turn)
    middle = np.array([shape[1] / 2, shape[0] / 2])
    turned = np.array([[c / stretch, s / stretch], [-s, c]])
    start = np.array([flat.shape[1] / 2, reach / 2]) - turned @ middle
    matrix = np.column_stack([turned, start])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    drawn = cv2.warpAffine(flat, matrix, shape[::-1], flags=flags, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(drawn, np.float32)


def envelope(path: Path, shape: tuple[int, int], rng: np.random.Generator, jitter: float) -> Field:
    """Soft balls along the path, jittered by a share of their radii."""
    total = np.zeros(shape, np.float32)
    where = np.linspace(0, len(path.px) - 1, 2 * len(path.px))
    px = np.column_stack([np.interp(where, np.arange(len(path.px)), path.px[:, i]) for i in (0, 1)])
    radii = np.interp(where, np.arange(len(path.px)), path.radii_px)
    weight = np.interp(where, np.arange(len(path.px)), path.weight)
    px = px + rng.normal(0, jitter, px.shape) * radii[:, None] * (1, path.flat)
    radii = radii * rng.uniform(0.75, 1.15, len(radii))
    gap = np.linalg.norm(np.diff(px, axis=0, append=px[-1:]), axis=1)
    for centre, r, much in zip(px, radii, weight * np.clip(gap / radii, 0.12, 1.0), strict=True):
        add_ball(total, centre, float(r), float(r) * path.flat, float(much))
    return total


def add_ball(total: Field, centre: Floats, rx: float, ry: float, much: float) -> None:
    """Add a soft ball to a field, in place."""
    x0, x1 = max(int(centre[0] - 2.2 * rx), 0), min(int(centre[0] + 2.2 * rx) + 2, total.shape[1])
    y0, y1 = max(int(centre[1] - 2.2 * ry), 0), min(int(centre[1] + 2.2 * ry) + 2, total.shape[0])
    if x1 <= x0 or y1 <= y0:
        return
    dx = (np.arange(x0, x1, dtype=np.float32) - np.float32(centre[0])) / np.float32(rx)
    dy = (np.arange(y0, y1, dtype=np.float32) - np.float32(centre[1])) / np.float32(ry)
    total[y0:y1, x0:x1] += np.outer(np.exp(-1.3 * dy * dy) * np.float32(much), np.exp(-1.3 * dx * dx))


def puffs(path: Path, shape: tuple[int, int], rng: np.random.Generator) -> Cloud:
    """Balls whose edges are eaten by warped noise, and torn by gaps."""
    soft = envelope(path, shape, rng, rng.uniform(0.1, 0.35))
    soft /= max(float(soft.max()), 1e-6)
    lump = max(float(np.median(path.radii_px)) * rng.uniform(0.7, 2.0), 5.0)
    grain = warped(noise(shape, rng, lump), rng, 1.2 * lump, 0.3 * lump)
    grain = np.clip((grain - 0.5) * np.float32(rng.uniform(1.6, 2.8)) + 0.5, 0, 1)
    torn = np.float32(rng.uniform(0.25, 0.95))
    body = np.power(soft, np.float32(0.75))
    depth = np.clip(body * (1 - torn + 1.6 * torn * grain) - torn * 0.35 * (1 - grain) * (1 - body), 0, None)
    return swollen(depth, path, grain)


def swollen(depth: Field, path: Path, grain: Field) -> Cloud:
    """A cloud whose surface swells where it is thick."""
    import cv2

    r = float(np.median(path.radii_px))
    thick = cv2.GaussianBlur(np.sqrt(np.maximum(depth, 0)), (0, 0), max(0.25 * r, 0.8))
    bumps = cv2.GaussianBlur(grain, (0, 0), max(0.06 * r, 0.7))
    return Cloud(depth.astype(np.float32), thick * np.float32(0.9 * r) + (bumps - 0.5) * np.float32(0.45 * r))


def sheet(path: Path, shape: tuple[int, int], rng: np.random.Generator) -> Cloud:
    """A low sheet, drawn out into streaks along its way."""
    soft = envelope(path, shape, rng, rng.uniform(0.05, 0.25))
    soft /= max(float(soft.max()), 1e-6)
    way = path.px[-1] - path.px[0]
    along_deg = float(np.degrees(np.arctan2(way[1], way[0])))
    lump = max(float(np.median(path.radii_px)) * rng.uniform(0.5, 1.2), 4.0)
    drawn = streaks(shape, rng, lump, along_deg, rng.uniform(2.0, 5.0))
    grain = warped(drawn, rng, 2 * lump, 0.3 * lump)
    grain = np.clip((grain - 0.5) * np.float32(rng.uniform(1.5, 3.0)) + 0.5, 0, 1)
    torn = np.float32(rng.uniform(0.2, 0.9))
    depth = np.clip(soft * (1 - torn + 1.6 * torn * grain) - torn * 0.3 * (1 - grain) * (1 - soft), 0, None)
    return swollen(depth, path, grain)


def fog(path: Path, shape: tuple[int, int], rng: np.random.Generator) -> Cloud:
    """A soft bank with hardly any edge: what has mixed with the air, or fills a yard."""
    soft = envelope(path, shape, rng, rng.uniform(0.1, 0.3))
    soft = np.sqrt(soft / max(float(soft.max()), 1e-6))
    lump = max(0.5 * max(shape) * rng.uniform(0.3, 1.2), 6.0)
    grain = warped(noise(shape, rng, lump, 4), rng, lump, 0.25 * lump)
    uneven = np.float32(rng.uniform(0.4, 1.8))
    return swollen(np.clip(soft * (1 + uneven * (grain - 0.5)) - 0.05, 0, None), path, 0.5 + 0.4 * (grain - 0.5))
