"""What moves in a hover clip after the camera's own motion is taken away: smoke drifts, its look-alikes lie still.

The frames are laid over the first one by a homography of tracked corners. A cell keeps changing when the median over
time of its change from frame to frame stands out against sensor noise and against what the picture's own edges can
cause when the frames lie a little off (parallax, leaves in the wind). A vehicle changes each cell for a moment only,
which a median over time does not see. Water that glitters or breaks keeps changing, too. `verdict` therefore stays
silent where the surroundings keep changing as well, and where the change has no memory: smoke that drifts has changed
more after two steps than after one, a glitter as much. Slow waves on a pond that lies wholly in a box pass for smoke.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline import imagery
from pipeline.errors import ImageryError
from pipeline.imagery import Image
from pipeline.types import Box, Detection

Floats = NDArray[np.float32]

LOOK_PX = 480  # long side at which frames are compared
MOST_FRAMES, LEAST_FRAMES = 24, 4
CORNERS, LEAST_INLIERS, LEAST_INLIER_SHARE = 400, 20, 0.4
OFF_PX = 0.35  # how far frames that lie well may still be off
NOISE = 0.4  # grey levels, of cells that nothing moves in
STANDS_OUT, LEAST_USUAL = 4.0, 0.1  # times as much change as around the box, and the least that is counted there
ENOUGH = 0.2  # share of a box that moves where a slanting plume drifts in it
LOG_ODDS = 4.0  # of a plume that moves against one that lies still
RESTLESS = 0.3  # share of the surroundings that changes where water or leaves do
REMEMBERS = (
    1.35  # change after two steps over that after one: 1.8 of drifting smoke, 1.0 of a glitter, 1.1 to 1.4 of surf
)


@dataclass(frozen=True, slots=True, eq=False)
class Watched:
    """A clip laid over its first frame, (h, w) each, reduced, NaN where fewer than half of the frames look.

    `changing`: median change from frame to frame over what noise and edges explain; `memory`: the change after two
    steps over that after one.
    """

    changing: Floats
    memory: Floats


def raised(found: Detection, moving: float) -> Detection:
    """A detection whose log-odds go up or down by LOG_ODDS / 2 at most, by the share of its box that moves (0 to 1)."""
    sure = min(max(found.confidence, 1e-6), 1 - 1e-6)
    odds = math.log(sure / (1 - sure)) + LOG_ODDS * (min(moving / ENOUGH, 1) - 0.5)
    return replace(found, confidence=1 / (1 + math.exp(-odds)))


def verdict(box_px: Box, watched: Watched, first: Image) -> float | None:
    """Share (0 to 1) of a box of the first frame that keeps changing while its surroundings do not.

    None where that does not tell smoke from what lies still.

    This is where fewer than half of the box or nothing around it was seen throughout, and at water, as the module says.
    """
    inside, near = _inside_and_near(box_px, watched.changing, first)
    if not inside.size or np.isfinite(inside).mean() < 0.5 or not np.isfinite(near).any():
        return None
    if np.mean(near[np.isfinite(near)] > STANDS_OUT * LEAST_USUAL) > RESTLESS:
        return None
    moving = inside > _much(near)
    memory = _inside_and_near(box_px, watched.memory, first)[0]
    if moving.mean() >= ENOUGH / 2 and np.median(memory[moving]) < REMEMBERS:
        return None
    return float(np.mean(moving[np.isfinite(inside)]))


def _much(near: Floats) -> float:
    """Change that stands out against what is around."""
    return STANDS_OUT * max(float(np.nanmedian(near)), LEAST_USUAL)


def _inside_and_near(box_px: Box, values: Floats, first: Image) -> tuple[Floats, Floats]:
    """Values in a box of the first frame, and those around it, with NaN in the box's place."""
    scale = values.shape[1] / first.shape[1]
    height, width = values.shape
    x0, y0, x1, y1 = ((v + 0.5) * scale for v in box_px)
    inside, around = _cut(values, x0, y0, x1, y1), values.copy()
    margin = 0.5 * max(x1 - x0, y1 - y0)
    left, top = max(0, int(x0 - margin)), max(0, int(y0 - margin))
    around[max(0, int(y0)) : max(0, math.ceil(y1)), max(0, int(x0)) : max(0, math.ceil(x1))] = np.nan
    return inside, around[top : min(height, math.ceil(y1 + margin)), left : min(width, math.ceil(x1 + margin))]


def _cut(values: Floats, x0: float, y0: float, x1: float, y1: float) -> Floats:
    return values[max(0, int(y0)) : max(0, math.ceil(y1)), max(0, int(x0)) : max(0, math.ceil(x1))]


def watch(clip: Sequence[Image]) -> Watched:
    """How a clip's places change.

    Raises ImageryError for fewer than 4 frames, for frames of several sizes, and when they cannot be laid over each
    other.
    """
    if len(clip) < LEAST_FRAMES:
        raise ImageryError(f"a clip of {len(clip)} frames is too short to see what moves; {LEAST_FRAMES} are needed")
    if len({image.shape for image in clip}) > 1:
        raise ImageryError("the frames of a clip differ in size")
    chosen = np.unique(np.linspace(0, len(clip) - 1, min(len(clip), MOST_FRAMES)).astype(int))
    greys = [_grey(clip[i]) for i in chosen]
    laid = np.stack([greys[0], *(_laid_over(greys[0], g) for g in greys[1:])])
    one, two = _median(np.abs(laid[1:] - laid[:-1])), _median(np.abs(laid[2:] - laid[:-2]))
    changing = one / (NOISE + OFF_PX * _slope(greys[0]))
    return Watched(np.asarray(changing, np.float32), np.asarray(two / np.maximum(one, NOISE / 8), np.float32))


def _median(change: Floats) -> Floats:
    """(h, w) of (n, h, w) over time; NaN where fewer than half are known."""
    seen = np.isfinite(change).mean(0) >= 0.5
    median = np.full(change.shape[1:], np.nan, np.float32)
    median[seen] = np.nanmedian(change[:, seen], axis=0)
    return median


def _grey(image: Image) -> Floats:
    grey = cv2.cvtColor(imagery.reduced(image, LOOK_PX), cv2.COLOR_BGR2GRAY)
    return np.asarray(cv2.GaussianBlur(grey.astype(np.float32), (0, 0), 1.5), np.float32)


def _slope(grey: Floats) -> Floats:
    """Grey levels a pixel: the largest near by, since what lies off may be off in any direction."""
    slope = np.hypot(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)) / 8
    return np.asarray(cv2.dilate(slope, np.ones((3, 3), np.uint8)), np.float32)


def _laid_over(first: Floats, other: Floats) -> Floats:
    """A frame as the first one's camera would have seen it, in the first's light; NaN where it did not look."""
    warp = _homography(first, other)
    size, flags = (first.shape[1], first.shape[0]), cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    laid = cv2.warpPerspective(other, warp, size, flags=flags)
    covered = cv2.warpPerspective(np.ones_like(other), warp, size, flags=flags) > 0.999
    light = float(np.median(first[covered] - laid[covered])) if covered.any() else 0.0
    return np.where(covered, laid + light, np.nan).astype(np.float32)


def _homography(first: Floats, other: Floats) -> NDArray[np.float64]:
    """From pixels of the first to pixels of the other."""
    level = np.median(first) - np.median(other)  # tracking takes a change of light for motion
    one, two = (np.clip(g, 0, 255).astype(np.uint8) for g in (first, other + level))
    corners = cv2.goodFeaturesToTrack(one, CORNERS, 0.01, 6)
    if corners is None or len(corners) < LEAST_INLIERS:
        raise ImageryError("the frames of a clip hold too little to lay them over each other")
    moved, good, _ = cv2.calcOpticalFlowPyrLK(one, two, corners, np.empty_like(corners), winSize=(21, 21), maxLevel=4)
    kept = good.ravel() > 0
    if np.count_nonzero(kept) < LEAST_INLIERS:
        raise ImageryError("the frames of a clip hold too little to lay them over each other")
    warp, inliers = cv2.findHomography(corners[kept], moved[kept], cv2.RANSAC, 1.5)
    if warp is None or np.count_nonzero(inliers) < max(LEAST_INLIERS, LEAST_INLIER_SHARE * len(corners)):
        raise ImageryError("the frames of a clip cannot be laid over each other")
    return np.asarray(warp, np.float64)
