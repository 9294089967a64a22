"""The `marker` detector: panels with a cross, checkerboards, iron crosses, ArUco and AprilTag, by OpenCV alone.

From coarse to strict: pixels whose ring is symmetric and has contrast (`rings`); the best of a bank of panels there
(`bank`); a least-squares fit of that panel (`fit`); evidence that it is one (`verify`), turned into a confidence by
a logistic function whose weights were fitted on drawn panels and on photos without any. Only then is the panel
fitted again at full resolution. Tags are decoded (`tags`) and need no more proof.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.detect import weights
from pipeline.detect.bank import bank, compare, patches
from pipeline.detect.boards import grown
from pipeline.detect.fit import Fit, Panel, fit
from pipeline.detect.rings import Axes, Grey, axes, centres
from pipeline.detect.tags import DICTIONARIES, Tag, tags
from pipeline.detect.verify import evidence
from pipeline.errors import ModelError
from pipeline.imagery import Image
from pipeline.types import Detection

VERSION = "1"
PARAMETERS = {
    "least_contrast": 24,  # grey levels on the ring
    "most_peaks": 12000,  # a level
    "most_axes": 2500,  # a level and family
    "least_explained": 0.62,  # by the bank, before fitting
    "most_fits": 60,  # a photo
    "coarsest_px": 40,  # the pyramid ends when its short side is less
    "squeeze": 0.6,  # across, so that panels seen obliquely under a level horizon become square again
}
FIT_SIDE_PX, FINAL_SIDE_PX = 26.0, 60.0
CROSSING, LEAST_CROSSING_PX = 0.45, 40.0  # part of the half-axes around the centre; panels with room for it
TAG_CONFIDENCE = 0.98
LEAST_SIGMA_PX, RELATIVE_SIGMA = 0.2, 0.008  # of the centre: drawn panels, and real ones that lie crumpled
LABEL = "marker"


class Marker:
    """Finds marker panels of 12 to 400 px; a `Detector`."""

    name = "marker"

    def __init__(self, false_alarms_per_photo: float | None = None) -> None:
        """Raises ModelError when the wanted false alarms are not a positive number."""
        if false_alarms_per_photo is not None and not false_alarms_per_photo > 0:
            raise ModelError(f"false alarms per photo must be more than 0, not {false_alarms_per_photo}")
        self.threshold = weights.threshold(false_alarms_per_photo)
        self.digest = _digest()

    def find(self, image: Image, frame_id: str) -> tuple[Detection, ...]:
        """Detections in (h, w, 3) uint8, blue first; most confident first, those under the threshold left out."""
        levels = _pyramid(image)
        found = [(_tag_detection(t, frame_id), t.panel_corners()) for t in tags(levels[::2])]
        for confidence, panel in sorted(_panels(levels, self.threshold), key=_whole_before_part):
            if not any(_covers(corners, panel) for _, corners in found):
                panel = _sharpened(levels, panel)
                found.append((_detection(panel.centre_px, panel.corners(), confidence, frame_id), panel.corners()))
        return tuple(sorted((d for d, _ in found), key=lambda d: (-d.confidence, d.point_px)))


def _digest() -> str:
    what = [Marker.name, VERSION, PARAMETERS, weights.WEIGHTS, DICTIONARIES]
    return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()


def _pyramid(image: Image) -> list[tuple[float, Grey]]:
    """Grey levels, slightly smoothed, each √2 coarser than the one before."""
    grey = cv2.GaussianBlur(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), (3, 3), 0.8)
    levels: list[tuple[float, Grey]] = [(1.0, np.asarray(grey, np.uint8))]
    while min(grey.shape) * levels[-1][0] >= PARAMETERS["coarsest_px"] * 2**0.5 and len(levels) < 11:
        # Two levels up is exactly half: OpenCV averages 2 × 2 pixels many times faster than √2 × √2.
        (scale, finer), factor = (levels[-2], 0.5) if len(levels) > 1 else (levels[0], 0.5**0.5)
        coarser = cv2.resize(finer, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        levels.append((scale * factor, np.asarray(coarser, np.uint8)))
    return levels


def _panels(levels: list[tuple[float, Grey]], threshold: float) -> list[tuple[float, Panel]]:
    """Fitted panels with their confidence, in pixels of the photo."""
    rough = _distinct(sorted((c for level in levels for c in _candidates(*level)), key=lambda c: -c[0]))
    corners = [p for p in rough if p.pattern.fields == 2 and not p.pattern.diamond]
    fitted = [_fitted(levels, p, FIT_SIDE_PX) for p in [*grown(corners), *rough]]
    judged = [
        (weights.confidence(evidence(f), f.panel.scaled(1 / scale)), f.panel.scaled(1 / scale)) for f, scale in fitted
    ]
    return [j for j in judged if j[0] >= threshold]


def _whole_before_part(judged: tuple[float, Panel]) -> tuple[int, float]:
    """A board's corners look like boards themselves: the one with more fields first, then the surer one."""
    confidence, panel = judged
    return -panel.pattern.fields if panel.pattern.fields > 2 else 0, -confidence


def _candidates(scale: float, grey: Grey) -> Iterator[tuple[float, Panel]]:
    """Panels (share of variance explained, panel in pixels of the photo) in one level, as it is and squeezed."""
    squeeze = float(PARAMETERS["squeeze"])
    yield from _search(grey, scale, scale)
    squeezed = cv2.resize(grey, None, fx=squeeze, fy=1.0, interpolation=cv2.INTER_LINEAR)
    yield from _search(np.asarray(squeezed, np.uint8), scale * squeeze, scale)


def _search(grey: Grey, across: float, down: float) -> Iterator[tuple[float, Panel]]:
    at = centres(grey, int(PARAMETERS["least_contrast"]), int(PARAMETERS["most_peaks"]))
    if not len(at):
        return
    families = axes(grey, at, float(PARAMETERS["least_contrast"]), int(PARAMETERS["most_axes"]))
    for boards, found in zip((True, False), families, strict=True):
        if len(found.angle):
            for explained, panel in _matches(grey, found, boards):
                yield explained, panel.scaled(1 / across, 1 / down)


def _matches(grey: Grey, found: Axes, boards: bool) -> Iterator[tuple[float, Panel]]:
    templates = bank(boards)
    best = compare(patches(grey, found), templates)
    for k in np.flatnonzero(best.explained > PARAMETERS["least_explained"]):
        pattern = templates.patterns[best.template[k]]
        (a, b), (t1, t2) = templates.half_axes_px[best.template[k]], found.angle[k]
        centre = (float(found.centre_px[k, 0]), float(found.centre_px[k, 1]))
        one, two = (float(a * np.cos(t1)), float(a * np.sin(t1))), (float(b * np.cos(t2)), float(b * np.sin(t2)))
        yield float(best.explained[k]), Panel(pattern, centre, one, two, pattern.arm or 0.2)


def _distinct(candidates: list[tuple[float, Panel]]) -> list[Panel]:
    """The strongest candidates, at most three a place: the same pattern in the same size only once."""
    kept: list[Panel] = []
    for _, panel in candidates:
        if panel.side_px < 0.9 * weights.LEAST_SIDE_PX:
            continue
        here = [k for k in kept if _apart(panel, k) < 0.25 * min(panel.side_px, k.side_px) + 1]
        twin = any(k.pattern == panel.pattern and 0.8 < k.side_px / panel.side_px < 1.25 for k in here)
        if len(here) < 3 and not twin:
            kept.append(panel)
        if len(kept) == PARAMETERS["most_fits"]:
            break
    return kept


def _apart(one: Panel, other: Panel) -> float:
    return _far(one.centre_px, other)


def _fitted(levels: list[tuple[float, Grey]], panel: Panel, side_px: float, samples: int = 26) -> tuple[Fit, float]:
    """Fit in the finest level where the panel is not longer than `side_px`; with that level's scale."""
    scale, grey = _level(levels, panel, side_px)
    return fit(grey, panel.scaled(scale), samples), scale


def _level(levels: list[tuple[float, Grey]], panel: Panel, side_px: float) -> tuple[float, Grey]:
    extent = float(np.ptp(panel.corners(), axis=0).max())
    return next((level for level in levels if extent * level[0] <= side_px * 1.2), levels[-1])


def _sharpened(levels: list[tuple[float, Grey]], panel: Panel) -> Panel:
    """The panel fitted again where it is large, then its centre alone from where the lines cross.

    A panel of cloth lies crumpled: its border says how large it is, not where its lines cross.
    """
    better, scale = _fitted(levels, panel, FINAL_SIDE_PX, samples=44)
    moved = better.panel.scaled(1 / scale)
    panel = moved if _apart(moved, panel) < 0.1 * panel.side_px + 1 else panel
    if panel.pattern.fields % 2 or panel.side_px < LEAST_CROSSING_PX:
        return panel
    scale, grey = _level(levels, panel, FINAL_SIDE_PX / CROSSING)
    crossing = fit(grey, panel.scaled(scale), 44, within=CROSSING * (2 / max(panel.pattern.fields, 2)))
    centre = crossing.panel.scaled(1 / scale).centre_px
    return replace(panel, centre_px=centre) if _far(centre, panel) < 0.1 * panel.side_px else panel


def _far(point: tuple[float, float], panel: Panel) -> float:
    return float(np.hypot(point[0] - panel.centre_px[0], point[1] - panel.centre_px[1]))


def _covers(corners: NDArray[np.float64], panel: Panel) -> bool:
    """Whether the two are one physical panel: one's centre lies in the other."""
    outline = corners.astype(np.float32).reshape(-1, 1, 2)
    if cv2.pointPolygonTest(outline, panel.centre_px, False) >= 0:
        return True
    x, y = corners.mean(0)
    own = panel.corners().astype(np.float32).reshape(-1, 1, 2)
    return cv2.pointPolygonTest(own, (float(x), float(y)), False) >= 0


def _tag_detection(tag: Tag, frame_id: str) -> Detection:
    return _detection(tag.centre_px, tag.panel_corners(), TAG_CONFIDENCE, frame_id)


def _detection(
    centre: tuple[float, float], corners: NDArray[np.float64], confidence: float, frame_id: str
) -> Detection:
    (x0, y0), (x1, y1) = corners.min(0), corners.max(0)
    sigma_px = LEAST_SIGMA_PX + RELATIVE_SIGMA * float(np.sqrt((x1 - x0) * (y1 - y0)))
    box = (float(x0), float(y0), float(x1), float(y1))
    return Detection(frame_id, LABEL, confidence, box, centre, sigma_px, Marker.name)
