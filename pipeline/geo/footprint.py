"""What a picture saw of the ground."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.geo.camera import rays
from pipeline.geo.geodesy import to_enu
from pipeline.geo.ground import Surface
from pipeline.geo.rotation import enu_R_cam
from pipeline.types import Attitude, Camera, Frame, GeoPoint

Array = NDArray[np.float64]

CAP_M = 2000.0  # what is farther away cannot be searched, and a horizon would make the outline endless
_HALVINGS = 10  # of the way from a pixel that sees ground to one that does not: a thousandth is left


@dataclass(frozen=True, slots=True)
class Footprint:
    """A picture's outline on the ground.

    outline: (latitude, longitude) in degrees, counter-clockwise, not closed; gsd_m: metres a pixel at the picture's
    centre, the root of the level area that a pixel covers; incidence_deg: of the line of sight at the centre from the
    vertical; truncated: part of the picture sees no ground, or none within 2 km.
    """

    outline: tuple[tuple[float, float], ...]
    gsd_m: float | None  # None: the centre sees no ground
    incidence_deg: float
    truncated: bool = False


@dataclass(frozen=True, eq=False)
class _Eye:
    """A frame that can look: pixels in, ground out."""

    at: GeoPoint
    camera: Camera
    turn: Array
    surface: Surface

    def ground(self, px: Array) -> Array:
        """(N, 2) pixels -> (N, 3) lat, lon, alt; NaN where there is no ground within CAP_M."""
        found = self.surface.meet(self.at, rays(self.camera, px) @ self.turn.T)
        return np.where((found.range_m <= CAP_M)[:, None], found.points, np.nan)


def footprint(frame: Frame, surface: Surface, per_side: int = 8) -> Footprint | None:
    """The outline of a frame on the ground, from `per_side` points a side of the picture.

    Where the picture's edge sees no ground, its outline follows the last pixels that do. None when the frame has no
    attitude, no lens, or sees no ground at all.
    """
    if frame.pose is None or frame.pose.attitude is None or frame.camera is None:
        return None
    eye = _Eye(frame.pose.at, frame.camera, enu_R_cam(frame.pose.attitude), surface)
    edge = _edge_px(frame.camera, per_side)
    points = eye.ground(edge)
    lost = np.isnan(points[:, 0])
    if lost.any():
        anchor = _anchor(eye, edge, points)
        if anchor is None:
            return None
        points[lost] = _last_ground(eye, anchor, edge[lost])
    gsd_m = _gsd_m(eye, frame.camera)
    return Footprint(_outline(points, eye.at), gsd_m, _incidence_deg(frame.pose.attitude), bool(lost.any()))


def _edge_px(camera: Camera, per_side: int) -> Array:
    """(4 · per_side, 2) pixels around the picture, corners included once."""
    share = np.arange(per_side) / per_side
    right, bottom = camera.width_px - 0.5, camera.height_px - 0.5
    across, down = -0.5 + share * camera.width_px, -0.5 + share * camera.height_px
    top = np.stack([across, np.full(per_side, -0.5)], axis=-1)
    side = np.stack([np.full(per_side, right), down], axis=-1)
    return np.concatenate([top, side, [right - 0.5, bottom - 0.5] - top, [right - 0.5, bottom - 0.5] - side])


def _anchor(eye: _Eye, edge: Array, points: Array) -> Array | None:
    """A pixel (2,) that sees ground, as deep in the picture as can be."""
    middle = edge.mean(axis=0)
    seen = np.flatnonzero(~np.isnan(points[:, 0]))
    tries = [middle, *(middle + (edge[k] - middle) * 0.5 for k in seen), *edge[seen]]
    ground = eye.ground(np.array(tries))
    good = np.flatnonzero(~np.isnan(ground[:, 0]))
    return np.asarray(tries[int(good[0])]) if good.size else None


def _last_ground(eye: _Eye, anchor: Array, lost: Array) -> Array:
    """(N, 3) ground points of the last pixels that see ground on the way from the anchor to pixels that do not."""
    good, bad = np.zeros(len(lost)), np.ones(len(lost))
    ground = np.repeat(eye.ground(anchor[None]), len(lost), axis=0)
    for _ in range(_HALVINGS):
        middle = (good + bad) / 2.0
        found = eye.ground(anchor + (lost - anchor) * middle[:, None])
        seen = ~np.isnan(found[:, 0])
        good, bad = np.where(seen, middle, good), np.where(seen, bad, middle)
        ground[seen] = found[seen]
    return ground


def _outline(points: Array, at: GeoPoint) -> tuple[tuple[float, float], ...]:
    x, y, _ = to_enu(points, at).T
    turns_left = np.sum(x * np.roll(y, -1) - y * np.roll(x, -1)) >= 0
    return tuple((float(lat), float(lon)) for lat, lon, _ in (points if turns_left else points[::-1]))


def _gsd_m(eye: _Eye, camera: Camera) -> float | None:
    middle = np.array([camera.width_px - 1.0, camera.height_px - 1.0]) / 2.0
    steps = np.array([[0.5, 0.0], [-0.5, 0.0], [0.0, 0.5], [0.0, -0.5]])
    right, left, down, up = to_enu(eye.ground(middle + steps), eye.at)[:, :2]
    across, along = right - left, down - up
    area_m2 = abs(across[0] * along[1] - across[1] * along[0])
    return float(np.sqrt(area_m2)) if np.isfinite(area_m2) else None


def _incidence_deg(attitude: Attitude) -> float:
    return abs((attitude.pitch_deg + 270.0) % 360.0 - 180.0)
