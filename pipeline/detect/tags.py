"""ArUco and AprilTag: dark quadrilaterals found by their outline, decoded by OpenCV on an enlarged crop."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.detect.rings import Grey

# Of 4×4 bits a random pattern in 160 passes already, so no larger dictionary of those, and no AprilTag 16h5.
DICTIONARIES = (
    "DICT_4X4_100",
    "DICT_5X5_1000",
    "DICT_6X6_1000",
    "DICT_ARUCO_ORIGINAL",
    "DICT_APRILTAG_36h11",
    "DICT_APRILTAG_25h9",
)
WINDOW_PX = 41
DARKER_BY = 14  # grey levels than the mean of the window
CORRECTED = 0.45  # of the wrong bits that a dictionary can correct: 2 of AprilTag 36h11, 1 of 6×6, none of 4×4
PERIMETER_PX = (30, 300)  # in the level's pixels; larger tags are found at a coarser level
FILLED = 0.78  # outline's area over its hull's, and the hull's over its quadrilateral's
CROPS = ((0.75, 160), (0.9, 130), (0.65, 220))  # half a crop over the tag's extent, and its side in pixels
LEAST_CONTRAST = 30.0
MOST_SLIM = 2.2  # 2 is a square seen from 30° above the horizon; a dark car with two light windows is 2.4


@dataclass(frozen=True, slots=True)
class Tag:
    """A decoded tag: corners (4, 2) of its dark square in pixels, and the modules along a side."""

    corners_px: NDArray[np.float64]
    modules: int

    @property
    def centre_px(self) -> tuple[float, float]:
        """Where the diagonals meet: the centre, in perspective too."""
        a, b, c, d = self.corners_px
        p, q = c - a, d - b
        t = float((b - a)[0] * q[1] - (b - a)[1] * q[0]) / float(p[0] * q[1] - p[1] * q[0])
        x, y = a + t * p
        return float(x), float(y)

    def panel_corners(self) -> NDArray[np.float64]:
        """Corners with the quiet zone of one module around the square."""
        centre = np.array(self.centre_px)
        return np.asarray(centre + (self.corners_px - centre) * (1 + 2 / self.modules))


def tags(levels: list[tuple[float, Grey]]) -> list[Tag]:
    """Tags in a pyramid of (scale, picture) levels, finest first; each tag once, in pixels of scale 1."""
    detector, modules = _detector()
    full = levels[0][1]
    found: list[Tag] = []
    for scale, grey in levels:
        for quad in _quads(grey):
            corners = (quad + 0.5) / scale - 0.5
            if any(_inside(corners.mean(0), t) for t in found):
                continue
            tag = _decode(full, corners, detector, modules)
            if tag is not None:
                found.append(tag)
    return found


def _detector() -> tuple[cv2.aruco.ArucoDetector, list[int]]:
    dictionaries = [cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, name)) for name in DICTIONARIES]
    wanted = cv2.aruco.DetectorParameters()
    wanted.errorCorrectionRate = CORRECTED
    wanted.perspectiveRemovePixelPerCell, wanted.perspectiveRemoveIgnoredMarginPerCell = 8, 0.3
    wanted.maxErroneousBitsInBorderRate = 0.1
    wanted.cornerRefinementMethod = cv2.aruco.CORNER_REFINE_SUBPIX
    wanted.minMarkerPerimeterRate = 0.8
    wanted.adaptiveThreshWinSizeMin, wanted.adaptiveThreshWinSizeMax, wanted.adaptiveThreshWinSizeStep = 33, 73, 40
    return cv2.aruco.ArucoDetector(dictionaries, wanted), [d.markerSize + 2 for d in dictionaries]


def _quads(grey: Grey) -> list[NDArray[np.float64]]:
    """Corners (4, 2) of dark, compact quadrilaterals."""
    dark = cv2.adaptiveThreshold(grey, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, WINDOW_PX, DARKER_BY)
    outlines, _ = cv2.findContours(dark, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    quads = (_quad(np.asarray(o, np.int32)) for o in outlines if PERIMETER_PX[0] <= len(o) <= PERIMETER_PX[1])
    return [q for q in quads if q is not None]


def _quad(outline: NDArray[np.int32]) -> NDArray[np.float64] | None:
    hull = cv2.convexHull(outline)
    area = cv2.contourArea(hull)
    if area < 60 or cv2.contourArea(outline) < FILLED * area:
        return None
    corners = cv2.approxPolyDP(hull, 0.06 * cv2.arcLength(hull, True), True)
    if len(corners) != 4 or not FILLED * area < cv2.contourArea(corners) < area / FILLED:
        return None
    return corners[:, 0].astype(np.float64)


def _inside(point: NDArray[np.float64], tag: Tag) -> bool:
    polygon = tag.corners_px.astype(np.float32).reshape(-1, 1, 2)
    return cv2.pointPolygonTest(polygon, (float(point[0]), float(point[1])), False) >= 0


def _slimness(square: NDArray[np.float64]) -> float:
    """How much longer than wide the square looks."""
    long, short = np.linalg.svd(np.array([square[1] - square[0], square[2] - square[1]]), compute_uv=False)
    return float(long / max(short, 1e-6))


def _decode(
    grey: Grey, corners: NDArray[np.float64], detector: cv2.aruco.ArucoDetector, modules: list[int]
) -> Tag | None:
    """Let OpenCV read the quadrilateral's surroundings, enlarged; what it misses in one crop it reads in another."""
    centre, extent = corners.mean(0), float(np.ptp(corners, axis=0).max())
    for room, side_px in CROPS:
        half = extent * room + 2
        zoom = side_px / (2 * half)
        onto = np.array([[zoom, 0, (half - centre[0]) * zoom], [0, zoom, (half - centre[1]) * zoom]])
        crop = cv2.warpAffine(grey, onto, (side_px, side_px), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        if float(np.ptp(np.percentile(crop, (10, 90)))) < LEAST_CONTRAST:
            return None
        squares, ids, _, which = detector.detectMarkersMultiDict(crop)
        if ids is not None and len(squares):
            square = np.asarray(squares[0], np.float64).reshape(4, 2)
            if _slimness(square) > MOST_SLIM:
                return None
            return Tag(square / zoom + (centre - half), modules[int(np.ravel(which)[0])])
    return None
