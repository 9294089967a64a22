"""The `plume` detector: smoke and dust in one still, candidates for an officer's eye.

Smoke and dust veil what is behind them: within them there is little texture and little colour (dust is tan), their
light swells without edges, and they end softly. Regions of such cells are found at several levels and weighed by
named features (`explain` tells them). The weights are a logistic regression on training pictures of smoke, on photos
of two flights without any, on plumes drawn over these and on simulated flights; `benchmarks/candidates.py --fit` makes
them again.
"""

from __future__ import annotations

import math

import cv2
import numpy as np

from pipeline.detect import candidates
from pipeline.detect.candidates import Candidate, Cells, Floats, Mask, Region
from pipeline.imagery import Image
from pipeline.types import Box, Detection, Pixel

VERSION = "1"
WEIGHTS = {
    "": 0.34,
    "texture": -1.54,
    "veil": -0.26,
    "colour": -0.66,
    "tan": 0.93,
    "step": 0.29,
    "softness": 0.60,
    "billow": 1.80,
    "fill": -0.57,
    "slim": -1.58,
    "size": 1.17,
    "edge": -2.76,
}
PARAMETERS = {
    "texture_levels": 2.5,  # grey levels a pixel: as smooth as smoke
    "grey_chroma": 14.0,  # L*a*b*: as grey as smoke
    "tan_chroma": 30.0,  # as colourful as dust
    "least_billow": 0.8,  # L*: less is a wall, a lake or a clear sky
    "most": 4,  # candidates a photo
}
GRID = 160  # cells along the picture's longer side
LEVELS = (0.15, 0.25, 0.35, 0.45, 0.55, 0.65, 0.75, 0.85)
LIFTS = (4.0, 8.0, 14.0, 22.0)  # L* brighter or darker than what is around
AROUND_CELLS = 61
TAN_DEG = (50.0, 95.0)  # hue in L*a*b*
FOOT_SIGMA = 0.5  # of the region's length
# (confidence, false candidates a photo above it): on the 21 photos of those two flights, where from 0.4 on there was
# none; 0.05 is what that can show.
FALSE_CANDIDATES = ((0.2, 0.38), (0.3, 0.14), (0.4, 0.05))
DEFAULT_THRESHOLD, STRICTEST = 0.4, 0.7


class Plume:
    """Proposes smoke and dust; a `Detector`."""

    name = "plume"

    def __init__(self, false_alarms_per_photo: float | None = None) -> None:
        """Raises ModelError when the wanted false alarms are not a positive number."""
        self.threshold = candidates.threshold(false_alarms_per_photo, DEFAULT_THRESHOLD, FALSE_CANDIDATES, STRICTEST)
        constants = (GRID, LEVELS, LIFTS, AROUND_CELLS, TAN_DEG)
        self.digest = candidates.digest(Plume.name, VERSION, PARAMETERS, constants, WEIGHTS)

    def find(self, image: Image, frame_id: str) -> tuple[Detection, ...]:
        """Candidates in (h, w, 3) uint8, blue first; the surest first, those under the threshold left out."""
        grid = candidates.cells(image, GRID)
        if grid is None:
            return ()
        found = [c for region in proposals(grid) if (c := _candidate(grid, region)).confidence >= self.threshold]
        best = candidates.ranked(found, int(PARAMETERS["most"]))
        return tuple(candidates.detection(c, grid.scale, frame_id, self.name) for c in best)


def explain(image: Image, box_px: Box) -> dict[str, float]:
    """The features of a box of a picture, those of its region that fits the box best; empty where there is none."""
    grid = candidates.cells(image, GRID)
    if grid is None:
        return {}
    wanted = candidates.in_cells(box_px, grid.scale)
    near = max(proposals(grid), key=lambda r: candidates.overlap(r.box, wanted), default=None)
    return {} if near is None or not candidates.overlap(near.box, wanted) else features(grid, near)


def proposals(grid: Cells) -> list[Region]:
    """Regions that are smooth and grey or tan, the bright and the dark ones within, and grey ones that stand out.

    Flat ones are left out.
    """
    veiled = _veiled(grid)
    light = np.asarray(grid.light / 100, np.float32)
    bright, dark = veiled * light, veiled * (1 - light)
    lift = (grid.light - candidates.around(grid.light, AROUND_CELLS)) * _grey(grid)
    found = candidates.regions([(veiled, LEVELS), (bright, LEVELS), (dark, LEVELS), (lift, LIFTS), (-lift, LIFTS)])
    return [r for r in found if _billow(grid, r) >= PARAMETERS["least_billow"]]


def _veiled(grid: Cells) -> Floats:
    """0 to 1: how smooth and how grey or tan each cell is."""
    smooth = 1 / (1 + (grid.texture / PARAMETERS["texture_levels"]) ** 2)
    return np.asarray(cv2.GaussianBlur((smooth * _grey(grid)).astype(np.float32), (5, 5), 0), np.float32)


def _grey(grid: Cells) -> Floats:
    allowed = np.where(_tan(grid), PARAMETERS["tan_chroma"], PARAMETERS["grey_chroma"])
    return np.asarray(np.exp(-0.5 * (grid.chroma / allowed) ** 2), np.float32)


def _tan(grid: Cells) -> Mask:
    hue_deg = np.degrees(np.arctan2(grid.b, grid.a))
    return np.asarray((hue_deg >= TAN_DEG[0]) & (hue_deg <= TAN_DEG[1]))


def features(grid: Cells, region: Region) -> dict[str, float]:
    """What the confidence is made of.

    texture: log of the gradient inside; veil: log of it around less that inside; colour: chroma / 10; tan: share of
    coloured cells with the hue of dust; step: |difference of L*| to what is around / 10; softness: log of that step
    over the steepest part of the border; billow: log of the deviation of L* from a plane; fill: cells over box; slim:
    log of length over width; size: log of the share of the picture; edge: share of the picture's edge that it takes.
    """
    inside, ring = region.inside, region.ring
    texture, around = (float(np.log(grid.texture[m].mean() + 0.3)) for m in (inside, ring))
    step = abs(float(grid.light[inside].mean() - grid.light[ring].mean()))
    x0, y0, x1, y1 = region.box
    long, wide = _axes(inside)[1:3]
    return {
        "texture": texture,
        "veil": around - texture,
        "colour": float(grid.chroma[inside].mean()) / 10,
        "tan": float(np.mean(_tan(grid)[inside] & (grid.chroma[inside] > 6))),
        "step": step / 10,
        "softness": math.log((step + 1) / (_border_slope(grid, inside) + 1)),
        "billow": math.log(_billow(grid, region)),
        "fill": region.cells / ((x1 - x0) * (y1 - y0)),
        "slim": math.log(max(long, 0.5) / max(wide, 0.5)),
        "size": math.log(region.cells / inside.size),
        "edge": _edge_share(inside),
    }


def _billow(grid: Cells, region: Region) -> float:
    """Standard deviation of L* from the plane that fits it best: an even wall or sky has none."""
    y, x = np.nonzero(region.inside)
    design = np.column_stack([x, y, np.ones(len(x))]).astype(np.float64)
    values = grid.light[region.inside].astype(np.float64)
    plane = np.linalg.lstsq(design, values, rcond=None)[0]
    return max(float(np.std(values - design @ plane)), 1e-3)


def _border_slope(grid: Cells, inside: Mask) -> float:
    """Upper quartile of L* a cell along the border."""
    border = cv2.morphologyEx(inside.astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0
    slope = np.hypot(cv2.Scharr(grid.light, cv2.CV_32F, 1, 0), cv2.Scharr(grid.light, cv2.CV_32F, 0, 1)) / 32
    steep: Floats = np.sort(np.asarray(slope[border], np.float32))
    return float(steep[3 * len(steep) // 4]) if len(steep) else 0.0


def _edge_share(inside: Mask) -> float:
    edges = (inside[0], inside[-1], inside[:, 0], inside[:, -1])
    return float(sum(np.count_nonzero(e) for e in edges) / sum(len(e) for e in edges))


def _axes(inside: Mask) -> tuple[Floats, float, float, Floats]:
    """Centre (2,), standard deviations along and across (cells), unit vector along (2,); x then y."""
    y, x = np.nonzero(inside)
    at = np.column_stack([x, y]).astype(np.float32)
    values, vectors = np.linalg.eigh(np.cov(at.T) + 1e-6 * np.eye(2))
    return at.mean(0), float(np.sqrt(values[1])), float(np.sqrt(values[0])), vectors[:, 1].astype(np.float32)


def _candidate(grid: Cells, region: Region) -> Candidate:
    told = features(grid, region)
    point, sigma = foot(region)
    return Candidate(region, "dust" if told["tan"] > 0.5 else "smoke", candidates.weighed(told, WEIGHTS), point, sigma)


def foot(region: Region) -> tuple[Pixel, float]:
    """Where a plume begins: the middle of the narrower of its two ends, in cells, and one sigma of it.

    An end is the outer seventh of the region along its longer axis. Often it is the wrong end, or the region lacks the
    thin one: sigma is FOOT_SIGMA of the length, by which nine of ten drawn plumes begin within 2.15 sigma.
    """
    y, x = np.nonzero(region.inside)
    centre, _, _, along = _axes(region.inside)
    at = np.column_stack([x, y]) - centre
    run, side = at @ along, at @ np.array([-along[1], along[0]])
    length = float(np.ptp(run)) + 1
    ends = [run <= run.min() + length / 7, run >= run.max() - length / 7]
    widths = [float(np.ptp(side[e])) + 1 for e in ends]
    narrow = int(widths[1] < widths[0])
    px, py = at[ends[narrow]].mean(0) + centre
    return (float(px), float(py)), FOOT_SIGMA * length
