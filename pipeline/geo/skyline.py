"""Where sky ends in a picture: the line that a horizon may be, or None.

In narrow blocks of the columns of a strip about the expected horizon (`geo.panorama`) the places are noted where
brightness falls, everything above being as smooth as sky, cloud or haze. The line that runs through most of them side
by side is taken (a Hough transform that counts runs): sharply drawn and over something like water, for the rim of the
sea, which is exact; else, drawn strongly but roughly, for a skyline of land, which is not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.geo.camera import project
from pipeline.geo.panorama import BLOCK_DEG, LEAST_GROUND_DEG, LEAST_SPAN_DEG, Strip, directions, make_strip
from pipeline.geo.rotation import enu_R_cam
from pipeline.types import Attitude, Camera

Array = NDArray[np.float64]
Image = NDArray[np.uint8]

SEA, LAND = "sea", "land"

LEAST_SKY_DEG = 0.5  # over the line, in the picture
NEXT_DEG = 0.8  # what lies next to the line
SMOOTH = 1.6  # mean texture of sky, in grey levels
MOST_WARM, LEAST_BRIGHT = 30.0, 80.0  # R - B and grey level of sky
SMOOTH_WATER = 2.0  # of what lies next below the rim of the sea
MOST_GREEN = 16.0  # 2 G - B - R of water
GAP = 8  # rows next to the line that are neither
MOST_TEXTURE = 10.0  # of one place
RUNS = (6, 12, 24)  # blocks side by side: the longer the runs that show a line, the more they count
CANDIDATES = 24  # lines looked at closely
CLEAR_FALLS = 5.0  # a fall of so many times the least counts no more than that
MOST_GAP = 8  # blocks within a line where nothing shows it
LEAST_SEEN = 0.6  # of a block's columns, under clear sky


@dataclass(frozen=True, eq=False)
class SkyLine:
    """A line between sky and what lies under it.

    kind: SEA or LAND; px: (N, 2) pixels of the full picture that lie on it; rms_deg: how far they stray from a
    straight horizon; share: of the columns that could show it.
    """

    kind: str
    px: Array
    rms_deg: float
    share: float


@dataclass(frozen=True, slots=True)
class _Pen:
    """How finely a line is drawn: brightness is compared over `step_deg`, places on the line lie within `near_deg`."""

    kind: str
    step_deg: float
    near_deg: float
    least_fall: float  # grey levels


FINE = _Pen(SEA, 0.05, 0.05, 0.8)
BROAD = _Pen(LAND, 0.2, 0.15, 8.0)


@dataclass(frozen=True, eq=False)
class _Points:
    """(N,) places where brightness falls: elevation over the expected horizon, azimuth in radians, block of columns.

    weight: the fall, up to a limit, shared with the falls next above: under a sky there are none.
    """

    elevation_deg: Array
    azimuth: Array
    block: NDArray[np.intp]
    weight: Array

    def of(self, which: NDArray[np.bool_]) -> _Points:
        return _Points(self.elevation_deg[which], self.azimuth[which], self.block[which], self.weight[which])


def find_line(
    image: Image, camera: Camera, attitude: Attitude, dip_deg: float, reach_deg: tuple[float, float] = (7.0, 7.0)
) -> SkyLine | None:
    """The line between sky and ground or sea in a picture, or None.

    image: (h, w, 3) uint8, blue first, of the camera's full frame, in full or reduced size; attitude: as recorded;
    dip_deg: of the horizon below level; reach_deg: how far pitch and roll may be wrong. Nothing is searched where the
    horizon cannot be in the picture. Raises GeometryError when the picture has another shape than the camera.
    """
    strip = make_strip(image, camera, attitude, dip_deg, reach_deg[0])
    if strip is None:
        return None
    rough = _rough(strip)
    clear = _clear(strip, rough)
    for pen, open_to in ((FINE, clear & _like_water(strip, rough)), (BROAD, clear)):
        points = _falls(strip, open_to, pen)
        shown = _line(points, len(strip.block_azimuth), pen, reach_deg)
        if shown is not None:
            return _as_line(strip, camera, attitude, dip_deg, pen, shown)
    return None


def _rough(strip: Strip) -> Array:
    """(R, C) texture: how far the grey levels stray from their surroundings, within reason; zero where unknown."""
    import cv2

    stray = np.abs(strip.grey - cv2.GaussianBlur(strip.grey, (0, 0), 2.0))
    return np.asarray(np.minimum(stray, MOST_TEXTURE) * strip.known)


def _clear(strip: Strip, rough: Array) -> NDArray[np.bool_]:
    """(R, C) whether all that is seen above a place, and what lies next above it, is as smooth as sky."""
    n, gap = round(NEXT_DEG / strip.step_deg), GAP
    total = np.cumsum(np.pad(rough, ((n + gap, 0), (0, 0))), axis=0)
    seen = np.cumsum(np.pad(strip.known, ((n + gap, 0), (0, 0))).astype(float), axis=0)
    rows = len(rough)
    upto, before, many, few = total[n : n + rows], total[:rows], seen[n : n + rows], seen[:rows]
    smooth = (upto <= SMOOTH * many) & (upto - before <= SMOOTH * (many - few))
    sky = seen[n + gap :] >= LEAST_SKY_DEG / strip.step_deg
    ground = np.roll(strip.known, -round(LEAST_GROUND_DEG / strip.step_deg), axis=0)
    return np.asarray(smooth & sky & ground & strip.known & _bright(strip, n))


def _bright(strip: Strip, n: int) -> NDArray[np.bool_]:
    """(R, C) whether the n rows above a place are as bright as a sky by day, and not lit by a fire."""
    warm = np.nan_to_num(strip.colour[..., 2] - strip.colour[..., 0]).astype(np.float64)
    warm_above, grey_above = (_next_below(v[::-1], n)[::-1] for v in (warm, strip.grey))
    return np.asarray((warm_above <= MOST_WARM) & (grey_above >= LEAST_BRIGHT))


def _like_water(strip: Strip, rough: Array) -> NDArray[np.bool_]:
    """(R, C) whether what lies next below a place is smooth, and not green."""
    n = round(NEXT_DEG / strip.step_deg)
    green = 2.0 * strip.colour[..., 1] - strip.colour[..., 0] - strip.colour[..., 2]
    rough_below, green_below = (_next_below(v, n) for v in (rough, np.nan_to_num(green).astype(np.float64)))
    return np.asarray((rough_below <= SMOOTH_WATER) & (green_below <= MOST_GREEN))


def _next_below(values: Array, n: int) -> Array:
    """(R, C) means over the n rows that begin GAP rows below each."""
    total = np.cumsum(np.pad(values, ((0, n + GAP), (0, 0)), mode="edge"), axis=0)
    total = np.pad(total, ((1, 0), (0, 0)))
    rows = len(values)
    return np.asarray((total[GAP + n : GAP + n + rows] - total[GAP : GAP + rows]) / n)


def _falls(strip: Strip, clear: NDArray[np.bool_], pen: _Pen) -> _Points:
    """Where brightness falls most, downwards, under clear sky, in each block of columns."""
    import cv2

    k = max(2, round(pen.step_deg / strip.step_deg))
    grey, open_sky = strip.in_blocks(strip.grey), strip.in_blocks(clear.astype(np.float64))
    total = np.cumsum(np.pad(grey, ((k + 1, k), (0, 0)), mode="edge"), axis=0)
    rows = len(grey)
    fall = (2.0 * total[k : k + rows] - total[:rows] - total[2 * k : 2 * k + rows]) / k
    peak = (fall >= cv2.dilate(fall, np.ones((2 * k + 1, 1)))) & (fall >= pen.least_fall) & (open_sky > LEAST_SEEN)
    peak[0] = peak[-1] = False
    row, block = np.nonzero(peak)
    vertex = _vertex(fall[row - 1, block], fall[row, block], fall[row + 1, block])
    total = np.cumsum(np.pad(peak.astype(float), ((round(NEXT_DEG / strip.step_deg), 0), (0, 0))), axis=0)
    alike = (total[-rows:] - total[:rows])[row, block]
    weight = np.minimum(fall[row, block], CLEAR_FALLS * pen.least_fall) / alike
    return _Points(strip.top_deg[row] - vertex * strip.step_deg, strip.block_azimuth[block], block, weight)


def _vertex(before: Array, at: Array, after: Array) -> Array:
    """Where parabolas through three values have their tops, in steps from the middle one."""
    bend = np.minimum(before - 2.0 * at + after, -1e-9)
    return np.clip(0.5 * (before - after) / bend, -0.5, 0.5)


def _line(points: _Points, blocks: int, pen: _Pen, reach_deg: tuple[float, float]) -> _Points | None:
    """The points of the line on which most brightness falls; None when no line shows over LEAST_SPAN_DEG."""
    lines = (_straightened(points, blocks, pen, tilt) for tilt in _candidates(points, blocks, pen, reach_deg))
    shown = (points.of(near) for near in lines if near is not None)
    return max(shown, key=lambda p: float(p.weight.sum()), default=None)


def _candidates(points: _Points, blocks: int, pen: _Pen, reach_deg: tuple[float, float]) -> list[Array]:
    """(ahead, right) tilts in degrees of the best lines of as many slopes."""
    edges = np.arange(-reach_deg[0], reach_deg[0] + pen.near_deg, pen.near_deg)
    found: list[tuple[float, float, float]] = []
    for right_deg in np.arange(-reach_deg[1], reach_deg[1] + 1e-9, pen.near_deg):
        ahead = (points.elevation_deg - right_deg * np.sin(points.azimuth)) / np.cos(points.azimuth)
        weight = np.zeros((len(edges) + 1, blocks))
        np.maximum.at(weight, (np.digitize(ahead, edges), points.block), points.weight)
        paired = np.maximum(weight[1:-2], weight[2:-1])
        votes = np.sum([_in_runs(paired, run).sum(axis=1) for run in RUNS], axis=0)
        found.append((float(votes.max()), float(edges[1 + int(votes.argmax())]), float(right_deg)))
    return [np.array(f[1:]) for f in sorted(found, reverse=True)[:CANDIDATES] if f[0] > 0.0]


def _in_runs(weight: Array, run: int) -> Array:
    """(L, B) weights of the places that lie in a row of at least `run` blocks, zero elsewhere."""
    import cv2

    row = np.ones((1, run), np.uint8)
    runs = cv2.morphologyEx((weight > 0).astype(np.uint8), cv2.MORPH_OPEN, row, borderValue=0)
    return np.asarray(weight * runs)


def _stretch(shown: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(B,) the stretch with most blocks that show the line, of those that gaps wider than MOST_GAP set apart."""
    at = np.flatnonzero(shown)
    if not len(at):
        return shown
    stretches = np.split(at, np.flatnonzero(np.diff(at) > MOST_GAP) + 1)
    kept = np.zeros_like(shown)
    kept[max(stretches, key=len)] = True
    return kept


def _straightened(points: _Points, blocks: int, pen: _Pen, tilt_deg: Array) -> NDArray[np.bool_] | None:
    """The points near the line, which is straightened by least squares until they no longer change."""
    design = np.column_stack([np.cos(points.azimuth), np.sin(points.azimuth)])
    near = np.zeros(len(points.block), bool)
    for _ in range(10):
        off = np.abs(points.elevation_deg - design @ tilt_deg)
        shown = np.zeros((1, blocks))
        shown[0, points.block[off <= pen.near_deg]] = 1.0
        kept = _stretch(_in_runs(shown, RUNS[0])[0] > 0)
        before, near = near, (off <= pen.near_deg) & kept[points.block]
        if np.unique(points.block[near]).size * BLOCK_DEG < LEAST_SPAN_DEG:
            return None
        if (near == before).all():
            break
        tilt_deg = np.linalg.lstsq(design[near], points.elevation_deg[near], rcond=None)[0]
    return near


def _as_line(strip: Strip, camera: Camera, attitude: Attitude, dip_deg: float, pen: _Pen, points: _Points) -> SkyLine:
    level_R_cam = enu_R_cam(Attitude(0.0, attitude.pitch_deg, attitude.roll_deg))
    cam = directions(points.elevation_deg - dip_deg, np.degrees(points.azimuth)) @ level_R_cam
    design = np.column_stack([np.cos(points.azimuth), np.sin(points.azimuth)])
    off = points.elevation_deg - design @ np.linalg.lstsq(design, points.elevation_deg, rcond=None)[0]
    share = np.unique(points.block).size / len(strip.block_azimuth)
    return SkyLine(pen.kind, project(camera, cam), float(np.sqrt(np.mean(off**2))), share)
