"""What panels look like: light and dark parts, softened as a lens does, in the coordinates of their own two axes.

A panel has a centre and two half-axes in pixels, e1 and e2, not necessarily at right angles (an oblique view). A
point is centre + u·e1 + v·e2. In the *square* frame the axes run to the middles of the sides and the panel is
|u| ≤ 1, |v| ≤ 1; in the *diamond* frame they run to the corners and it is |u| + |v| ≤ 1. Which part is the light
one is not said: the fit gives each part a grey value.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

SOFT_PX = 1.8  # width of an edge: pixel, lens and the detector's own smoothing together
WEDGE = np.float32(np.tan(np.pi / 8))  # an iron cross's arms are 45° wide


@dataclass(frozen=True, slots=True)
class Pattern:
    """One look of a panel.

    `shape` is "cross" (arms are `arm` half-axes wide to each side and `reach` half-axes long), "iron" (a cross whose
    arms are wedges), or "board" with `fields` fields along a side.
    """

    shape: str
    diamond: bool
    arm: float = 0.0
    reach: float = 1.0
    fields: int = 0


@dataclass(frozen=True, slots=True)
class Parts:
    """Coverage of each sample point by the panel's arms (or first quarters), its rest, and what lies outside; sum 1."""

    arms: Floats
    rest: Floats
    outside: Floats


def parts(
    pattern: Pattern,
    u: Floats,
    v: Floats,
    height_u_px: Floats | float,
    height_v_px: Floats | float,
    arm: Floats | float,
) -> Parts:
    """Coverages at (…) points u, v; `height_u_px` is the distance in pixels between the lines u = 0 and u = 1."""
    x, y = np.abs(u), np.abs(v)
    inside = _inside(pattern.diamond, x, y, height_u_px, height_v_px)
    if pattern.shape == "board":
        light = 0.5 + 0.5 * _stripes(u, pattern.fields, height_u_px) * _stripes(v, pattern.fields, height_v_px)
    elif pattern.shape == "iron":
        light = np.maximum(_step((WEDGE * x - y) * height_v_px), _step((WEDGE * y - x) * height_u_px))
    else:
        light = _cross(x, y, height_u_px, height_v_px, arm, pattern.reach)
    return Parts(inside * light, inside * (1 - light), 1 - inside)


def size_of(pattern: Pattern, u: Floats, v: Floats) -> Floats:
    """How far out a point is: 1 on the panel's border."""
    x, y = np.abs(u), np.abs(v)
    return np.asarray(x + y if pattern.diamond else np.maximum(x, y))


def _inside(diamond: bool, x: Floats, y: Floats, height_u_px: Floats | float, height_v_px: Floats | float) -> Floats:
    if diamond:
        across = height_u_px * height_v_px / np.hypot(height_u_px, height_v_px)
        return _step((1 - x - y) * across)
    return np.asarray(_step((1 - x) * height_u_px) * _step((1 - y) * height_v_px))


def _cross(
    x: Floats, y: Floats, height_u_px: Floats | float, height_v_px: Floats | float, arm: Floats | float, reach: float
) -> Floats:
    along_u, along_v = _step((arm - y) * height_v_px), _step((arm - x) * height_u_px)
    if reach < 1:
        along_u = along_u * _step((reach - x) * height_u_px)
        along_v = along_v * _step((reach - y) * height_v_px)
    return np.asarray(np.maximum(along_u, along_v))


def _step(distance_px: Floats) -> Floats:
    return np.asarray(np.clip(distance_px * np.float32(1 / SOFT_PX) + np.float32(0.5), 0, 1))


def _stripes(u: Floats, fields: int, height_px: Floats | float) -> Floats:
    """+1 and -1 in turns in `fields` stripes between u = -1 and u = 1, going on outside."""
    width = 2.0 / fields
    place = np.mod((u + 1) / width, 2)  # the edges are at 0 and 1
    to_edge = np.minimum(np.minimum(place, np.abs(place - 1)), 2 - place) * width
    sign = np.where(place < 1, np.float32(1), np.float32(-1))
    return np.asarray(sign * np.clip(to_edge * height_px * np.float32(2 / SOFT_PX), 0, 1))
