"""Pictures of ground markers: grey levels of the painted panel, seen square from above."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]

MARKER_KINDS = ("cross-light", "cross-dark", "checkerboard", "iron-cross", "aruco", "apriltag")
SIDE_PX = 360
DARK, LIGHT = 30, 235


@cache
def pattern(kind: str, code: int = 0) -> Grey:
    """(360, 360) uint8 of a kind in `MARKER_KINDS`; the marked point is its exact centre."""
    if kind in ("cross-light", "cross-dark"):
        return _cross(kind == "cross-light")
    if kind == "checkerboard":
        y, x = np.mgrid[:SIDE_PX, :SIDE_PX] // (SIDE_PX // 2)
        return np.where((x + y) % 2, LIGHT, DARK).astype(np.uint8)
    if kind == "iron-cross":
        return _iron_cross()
    return _tag(kind, code)


def _cross(light: bool) -> Grey:
    """An upright cross from edge to edge, its arms a sixth of the panel wide."""
    ink, paper = (LIGHT, DARK) if light else (DARK, LIGHT)
    panel = np.full((SIDE_PX, SIDE_PX), paper, np.uint8)
    arm = slice(SIDE_PX * 5 // 12, SIDE_PX * 7 // 12)
    reach = slice(SIDE_PX // 12, SIDE_PX * 11 // 12)
    panel[arm, reach] = panel[reach, arm] = ink
    return panel


def _iron_cross() -> Grey:
    """Four dark wedges that meet in the middle, on a light panel."""
    y, x = np.mgrid[:SIDE_PX, :SIDE_PX] - (SIDE_PX - 1) / 2
    bearing = np.degrees(np.arctan2(y, x)) % 90
    wedge = (np.abs(bearing - 45) < 22.5) & (np.hypot(x, y) < 0.47 * SIDE_PX)
    return np.where(wedge, DARK, LIGHT).astype(np.uint8)


def _tag(kind: str, code: int) -> Grey:
    """A tag of a dictionary (4×4 ArUco, 36h11 AprilTag) with a light rim one module wide."""
    import cv2

    name = cv2.aruco.DICT_4X4_50 if kind == "aruco" else cv2.aruco.DICT_APRILTAG_36h11
    modules = 6 if kind == "aruco" else 8
    side = SIDE_PX * modules // (modules + 2) // modules * modules
    tag = cv2.aruco.generateImageMarker(cv2.aruco.getPredefinedDictionary(name), code, side, borderBits=1)
    rim = (SIDE_PX - side) // 2
    panel = cv2.copyMakeBorder(
        tag, rim, SIDE_PX - side - rim, rim, SIDE_PX - side - rim, cv2.BORDER_CONSTANT, value=255
    )
    return np.asarray(np.where(panel > 127, LIGHT, DARK), np.uint8)
