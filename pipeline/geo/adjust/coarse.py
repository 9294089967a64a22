"""Headings and heights from satellite positions and overlaps alone, before any recorded heading is believed.

A camera at C whose ray meets level ground one metre below it at w (east + i·north, by the recorded attitude) sees the
ground point C + a w, where a = height above ground · e^{i·heading correction} is one complex number a photo: 1 · height
where the record is right. Its tilt's error moves all that it sees by some c. Photos i and j that see one point X say

    C_i + a_i w_i + c_i = X = C_j + a_j w_j + c_j

which is linear in a, c and X, whatever the headings: the planimetric block of independent models (van den Hout 1966,
"The Anblock method of planimetric block adjustment", Photogrammetria 21), with positions as its control.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.geo.adjust.anblock import Looks, Solution, solve
from pipeline.geo.adjust.matches import Ties
from pipeline.geo.camera import rays
from pipeline.geo.geodesy import from_enu, to_enu
from pipeline.geo.ground import Surface
from pipeline.geo.rotation import enu_R_cam
from pipeline.types import Attitude, Camera, Frame, GeoPoint

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]

LEAST_TIES = 10  # of a photo
MOST_TIES = 200  # a photo, on average
LEAST_SLOPE = 0.14  # sine of the angle at which a ray must go down
TILT_SIGMA_DEG = 1.75  # own and shared, as the error model has them
SHIFT_SIGMA_M = 0.5  # beside the tilt's
BASE_SIGMA_M = 0.3
RELIEF_SHARE = 0.4  # of the ground's sigma: parallax of relief over the usual baseline
LEAN_SIGMA_M = 100.0  # of a shift that all cameras share: as good as unknown
LEAN_SEEN_M = 3.0  # where it cannot be seen better than this, it is held to what tilts make of it
ROUNDS = 6
ASTRAY = 4.0  # sigmas of its shift from which a photo's position is believed less
LOOSEST = 3.0  # how many times less: were positions free, all photos could be one
TALL_M = (8.0, 2000.0)  # heights above ground that errors are reckoned by
SHIFTS = 0.25  # what photos' shifts weigh in the cost beside the ties
TALLEST = 0.6  # relief, as a share of the height above ground, that is believed


@dataclass(frozen=True, eq=False)
class Coarse:
    """What N photos' overlaps say of their poses; NaN, with infinite sigma, of a photo without ties.

    yaw_deg: (N,) true heading minus the recorded one, in [-180, 180); height_m: (N,) above the ground's mean;
    shift_m: (N, 2) by how much more than the ground says a photo's picture lies forward and to the right of it, along
    the corrected heading, with `lean_m` (2,), its common part, included; ground_m: the ground's mean, above the
    ellipsoid; residual_m: median disagreement of the ties on the ground; used: share of the ties whose rays meet the
    ground; cost: disagreement against what is expected of it, to compare attitudes by.
    """

    yaw_deg: Array
    yaw_sigma_deg: Array
    height_m: Array
    height_sigma_m: Array
    shift_m: Array
    lean_m: Array
    lean_sigma_m: float  # either axis; what the flight's headings let see of it
    ground_m: float
    residual_m: float
    used: float
    cost: float

    @property
    def tied(self) -> NDArray[np.bool_]:
        return np.isfinite(self.yaw_deg)


def coarse(
    frames: Sequence[Frame], ties: Ties, surface: Surface, attitudes: Sequence[Attitude | None] | None = None
) -> Coarse:
    """Headings and heights of the frames that `ties` count; `attitudes` stand in place of the recorded ones.

    Frames without position, lens or attitude take no part.
    """
    told = [f.pose.attitude if f.pose else None for f in frames] if attitudes is None else list(attitudes)
    places = np.array([_place(f) for f in frames])
    placed = np.flatnonzero(np.isfinite(places[:, 0]))
    if not len(placed) or not len(ties.frame):
        return _nothing(len(frames))
    origin = GeoPoint(*(float(v) for v in places[placed[0]]))
    at = to_enu(places, origin)
    ties = _thinned(ties, len(frames))
    looks = level_looks(frames, ties, told)
    heard = np.bincount(looks.frame, minlength=len(frames)) >= LEAST_TIES
    looks = _only(looks, heard[looks.frame])
    if not len(looks.frame):
        return _nothing(len(frames))
    free = _settle(looks, at, origin, surface, len(ties.frame), LEAN_SIGMA_M)
    if free.lean_sigma_m < LEAN_SEEN_M:
        return free
    held = _settle(looks, at, origin, surface, len(ties.frame), SHIFT_SIGMA_M)
    return replace(held, lean_sigma_m=free.lean_sigma_m)


def _thinned(ties: Ties, photos: int) -> Ties:
    """Every k-th thing, where there are many more than are needed here."""
    step = 1 + len(ties.frame) // max(1, MOST_TIES * photos)
    if step == 1:
        return ties
    keep = ties.point % step == 0
    return Ties(ties.frame[keep], ties.point[keep] // step, ties.px[keep], ties.sigma_px[keep])


def _place(frame: Frame) -> tuple[float, float, float]:
    if frame.pose is None:
        return (np.nan, np.nan, np.nan)
    return frame.pose.at.lat_deg, frame.pose.at.lon_deg, frame.pose.at.alt_m


def level_looks(frames: Sequence[Frame], ties: Ties, attitudes: Sequence[Attitude | None]) -> Looks:
    """The ties whose rays go down to the ground, as if it were level and one metre below each camera."""
    w = np.full(len(ties.frame), np.nan, np.complex128)
    stretch = np.zeros(len(w))
    heading, middle = np.ones(len(frames), np.complex128), np.ones(len(frames))
    order = np.argsort(ties.frame, kind="stable")
    bounds = np.searchsorted(ties.frame[order], np.arange(len(frames) + 1))
    for k, (frame, attitude) in enumerate(zip(frames, attitudes, strict=True)):
        some = order[bounds[k] : bounds[k + 1]]
        if not len(some) or attitude is None or frame.camera is None or frame.pose is None:
            continue
        heading[k] = np.exp(1j * np.radians(90.0 - attitude.yaw_deg))
        w[some], rate, middle[k] = _level(frame.camera, attitude, ties.px[some])
        stretch[some] = np.abs(rate - middle[k])
    good = np.isfinite(w)
    return Looks(ties.frame[good], ties.point[good], w[good], stretch[good], heading, middle)


def _level(camera: Camera, attitude: Attitude, px: Array) -> tuple[Complex, Array, float]:
    """(w, how fast a tilt moves each, the same at the picture's middle)."""
    rotation = enu_R_cam(attitude)
    d = rays(camera, px) @ rotation.T
    down = -d[:, 2] > LEAST_SLOPE
    sine = np.where(down, -d[:, 2], 1.0)
    w = np.where(down, (d[:, 0] + 1j * d[:, 1]) / sine, np.nan)
    axis = max(LEAST_SLOPE, -float(rotation[2, 2]))
    return w, 1.0 / sine**2, 1.0 / axis**2


def _only(looks: Looks, keep: NDArray[np.bool_]) -> Looks:
    """The looks to keep, of points that still have two."""
    _, back, views = np.unique(looks.point[keep], return_inverse=True, return_counts=True)
    kept = np.flatnonzero(keep)[views[back] > 1]
    point = np.unique(looks.point[kept], return_inverse=True)[1]
    return Looks(looks.frame[kept], point, looks.w[kept], looks.stretch[kept], looks.heading, looks.middle)


def _nothing(n: int) -> Coarse:
    lost, vast = np.full(n, np.nan), np.full(n, np.inf)
    return Coarse(lost, vast, lost, vast, np.full((n, 2), np.nan), np.zeros(2), np.inf, np.nan, np.inf, 0.0, np.inf)


def _settle(looks: Looks, at: Array, origin: GeoPoint, surface: Surface, asked: int, lean_sigma_m: float) -> Coarse:
    """Reweighted least squares; from the second round on with heights of the ground, and the lean that all share."""
    place = np.where(np.isfinite(at[:, 0]), at[:, 0] + 1j * at[:, 1], 0.0)
    weight, loose = np.ones(len(looks.w)), np.ones(len(place))
    w, tall, ground_m = looks.w, np.full(len(place), 50.0), 0.0
    lean_along = np.zeros(len(place), np.complex128)
    for _ in range(ROUNDS):
        sigma = _sigmas(looks, tall, surface)
        found = solve(place, looks, w, weight / sigma**2, loose * _shift_sigmas(looks, tall), lean_along, lean_sigma_m)
        tall = np.clip(np.abs(found.a), *TALL_M)
        turned = np.where(np.abs(found.a) > 0, found.a / np.maximum(np.abs(found.a), 1e-9), 1.0)
        lean_along = looks.heading * turned
        weight = 1.0 / (1.0 + (np.abs(found.residual) / sigma) ** 2 / 4.0)
        astray = np.abs(found.c) / _shift_sigmas(looks, tall)
        loose = np.minimum(LOOSEST, np.sqrt(1.0 + (astray / ASTRAY) ** 2))
        relief, ground_m = _relief(found.points, origin, surface)
        share = relief[looks.point] / tall[looks.frame]
        w = looks.w * (1.0 - np.clip(share, -TALLEST, TALLEST))
    summary = _summary(found, looks, lean_along, sigma, _shift_sigmas(looks, tall))
    return replace(summary, ground_m=ground_m, used=len(looks.frame) / asked)


def _sigmas(looks: Looks, tall: Array, surface: Surface) -> Array:
    """(M,) metres on the ground: tilt where it is not one shift of all, and relief."""
    bend = np.radians(TILT_SIGMA_DEG) * looks.stretch * tall[looks.frame]
    relief = RELIEF_SHARE * surface.sigma_m
    return np.asarray(np.sqrt(BASE_SIGMA_M**2 + bend**2 + relief**2))


def _shift_sigmas(looks: Looks, tall: Array) -> Array:
    return np.asarray(np.hypot(SHIFT_SIGMA_M, np.radians(TILT_SIGMA_DEG) * looks.middle * tall))


def _relief(points: Complex, origin: GeoPoint, surface: Surface) -> tuple[Array, float]:
    """(P,) heights of ground points above their mean, and that mean."""
    lla = from_enu(np.column_stack([points.real, points.imag, np.zeros(len(points))]), origin)
    height = surface.height_m(lla[:, 0], lla[:, 1])
    known = np.isfinite(height)
    if not known.any():
        return np.zeros(len(points)), np.nan
    mean = float(height[known].mean())
    return np.asarray(np.where(known, height - mean, 0.0)), mean


def _summary(found: Solution, looks: Looks, along: Complex, sigma: Array, shift_sigma: Array) -> Coarse:
    heard = np.isfinite(found.a_var)
    tall = np.where(heard, np.abs(found.a), np.nan)
    spread = np.where(heard, np.sqrt(found.a_var), np.inf)
    shift = (found.c + along * found.lean) / along
    yaw = np.where(heard, (-np.degrees(np.angle(found.a)) + 180.0) % 360.0 - 180.0, np.nan)
    return Coarse(
        yaw_deg=yaw,
        yaw_sigma_deg=np.where(heard, np.degrees(spread / np.maximum(np.abs(found.a), 1e-9)), np.inf),
        height_m=tall,
        height_sigma_m=spread,
        shift_m=np.where(heard[:, None], np.column_stack([shift.real, -shift.imag]), np.nan),
        lean_m=np.array([found.lean.real, -found.lean.imag]),
        lean_sigma_m=float(np.sqrt(found.lean_var)),
        ground_m=np.nan,
        residual_m=float(np.median(np.abs(found.residual))),
        used=1.0,
        cost=_cost(found, sigma, shift_sigma),
    )


def _cost(found: Solution, sigma: Array, shift_sigma: Array) -> float:
    """Mean of log(1 + r²/σ²) over ties, which few gross errors cannot swell, and the shifts' share beside it."""
    heard = np.isfinite(found.a_var)
    ties = np.log1p((np.abs(found.residual) / sigma) ** 2).mean()
    shifts = np.log1p((np.abs(found.c[heard]) / shift_sigma[heard]) ** 2).mean()
    return float(ties + SHIFTS * shifts)
