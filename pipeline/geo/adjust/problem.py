"""What is to be adjusted, as arrays: poses, lenses, ties, ground, and what is known of each beforehand.

Unknown are, in this order: six corrections of every exposure's pose (east, north, up in m; yaw, pitch, roll in rad
about the axes of `rotation.error_axes_enu`); five of every lens (`LENS`); the six errors that the flight's poses share,
in their own sigmas, with the shift of the ground as it is known (east, north, up in m) and its lean (rise towards east
and north); and how the ground differs from that: a height for each cell of `cell_m`, a height and two slopes for each
patch of `PATCH_CELLS` cells a side.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

import numpy as np
from numpy.typing import NDArray

from pipeline.geo.adjust.matches import Ties
from pipeline.geo.geodesy import ecef_R_enu, from_enu, to_enu
from pipeline.geo.ground import Surface
from pipeline.geo.locate import usable
from pipeline.geo.rotation import enu_R_cam, error_axes_enu
from pipeline.types import LENS, Attitude, Camera, ControlPoint, Frame, GeoPoint, PoseError

Array = NDArray[np.float64]
Indices = NDArray[np.intp]

POSE = 6
CENTRE_SIGMA = 0.002  # of the picture's width: how far a principal point may lie from where it is said to be
DISTORTION_SIGMA = (0.01, 0.01)  # of k1 and k2
CLICK_SIGMA_PX = 1.0  # of a control point's pixel, each axis
COMMON = POSE + 5
SHIFT_SIGMA_M = 5.0  # of a terrain model's place, or two of its cells: slopes must not tell where satellites were wrong
SHIFT_CELLS = 2.0
LEAST_SIGMA_M = 0.005
LEAST_SIGMA_RAD = 1e-4
ROUGH_M = 0.5  # by which things on the ground stand apart from it, beside ROUGH_SHARE of the ground's own sigma
ROUGH_SHARE = 0.3
CELL_SHARE = 0.5  # of the ground's own sigma: what cells differ in, beside what they have in common
PATCH_CELLS = 4  # a side: relief is no noise, a whole hillside leans one way
CELL_HEIGHTS = 0.5  # side of a cell of the ground, in heights above it


@dataclass(frozen=True, slots=True)
class Levelled:
    """Pitch and roll of one frame as its horizon tells them; a focal length longer by a share x adds its part of x."""

    attitude: Attitude
    pitch_sigma_deg: float
    roll_sigma_deg: float
    pitch_by_focal_deg: float = 0.0


@dataclass(frozen=True, eq=False)
class Problem:
    """B exposures, F frames, G lenses, M observations, P points. Lengths in m, angles in rad, axes of `origin`."""

    origin: GeoPoint
    surface: Surface
    frames: tuple[Frame, ...]
    block_of: Indices  # (F,) exposure of each frame
    lens_of: Indices  # (F,)
    at: Array  # (B, 3) recorded positions
    local: Array  # (B, 3, 3) columns: east, north, up at each exposure
    axes: Array  # (B, 3, 3) rows: axes of yaw, pitch and roll errors
    rotation: Array  # (F, 3, 3) recorded axes of the cameras, columns right, down, forward
    cameras: tuple[Camera, ...]  # (G,)
    own: Array  # (B, 6) one-sigma errors
    shared: Array  # (B, 6)
    lens_sigma: Array  # (G, 5)
    ties: Ties
    cell_m: float
    fixed: Mapping[int, ControlPoint] = field(default_factory=dict)  # point -> what is known of it
    lasers: Mapping[int, int] = field(default_factory=dict)  # point -> the frame whose laser met it
    level: Mapping[int, Levelled] = field(default_factory=dict)  # frame -> its horizon

    @property
    def size(self) -> int:
        """How many of the unknowns are poses."""
        return POSE * len(self.at)

    @property
    def common(self) -> slice:
        """Where the unknowns stand that photos have in common: lenses, shared errors, shift of the terrain model."""
        return slice(self.size, self.size + len(LENS) * len(self.cameras) + COMMON)

    @property
    def slope_sigma(self) -> float:
        """Of a patch, and of all the ground: its sigma over half a patch's side."""
        return self.surface.sigma_m / (0.5 * self.cell_m * PATCH_CELLS)

    @property
    def shift_sigma(self) -> Array:
        """(5,) of the ground as it is known, and of its lean."""
        aside = max(SHIFT_SIGMA_M, SHIFT_CELLS * self.surface.cell_m)
        return np.array([aside, aside, self.surface.sigma_m, self.slope_sigma, self.slope_sigma])


def pose_the_problem(
    frames: Sequence[Frame],
    ties: Ties,
    surface: Surface,
    fixed: Sequence[ControlPoint] = (),
    level: Mapping[str, Levelled] | None = None,
) -> Problem:
    """Arrays from frames that can all be used (`locate.usable`), in the order that `ties` counts them.

    Control points and the laser's ground points become ties of their own. Raises NoPoseError for a frame without pose.
    """
    told = [usable(f) for f in frames]
    exposures = {e: None for e in (f.exposure or f.id for f in frames)}
    number = {e: k for k, e in enumerate(exposures)}
    block_of = np.array([number[f.exposure or f.id] for f in frames], np.intp)
    first = np.unique(block_of, return_index=True)[1]
    lenses, lens_of = _lenses([camera for _, camera in told])
    places = np.array([[p.at.lat_deg, p.at.lon_deg, p.at.alt_m] for p, _ in told])
    origin = GeoPoint(*(float(v) for v in places.mean(axis=0))) if np.ptp(places[:, 1]) < 180 else told[0][0].at
    turn = ecef_R_enu(origin.lat_deg, origin.lon_deg).T
    local = np.array([turn @ ecef_R_enu(lat, lon) for lat, lon, _ in places])
    attitudes = [p.attitude or Attitude(0.0, -90.0) for p, _ in told]
    ties, known, lasers = _with_known(frames, ties, fixed)
    ids = {f.id: k for k, f in enumerate(frames)}
    return Problem(
        origin, surface, tuple(frames), block_of, lens_of,
        to_enu(places, origin)[first], local[first],
        np.array([error_axes_enu(attitudes[k]) @ local[k].T for k in first]),
        np.array([local[k] @ enu_R_cam(a) for k, a in enumerate(attitudes)]),
        lenses,
        np.array([_sigmas(told[k][0].own, LEAST_SIGMA_M, LEAST_SIGMA_RAD) for k in first]),
        np.array([_sigmas(told[k][0].shared, 0.0, 0.0) for k in first]),
        np.array([_lens_sigma(camera) for camera in lenses]),
        ties, _cell_m(surface, places), known, lasers,
        {ids[name]: x for name, x in (level or {}).items() if name in ids},
    )  # fmt: skip


def _lenses(cameras: Sequence[Camera]) -> tuple[tuple[Camera, ...], Indices]:
    """The different lenses (a zoom step is one), and which one each frame has."""
    number: dict[Camera, int] = {}
    of = [number.setdefault(camera, len(number)) for camera in cameras]
    return tuple(number), np.array(of, np.intp)


def _lens_sigma(camera: Camera) -> Array:
    centre_px = CENTRE_SIGMA * max(camera.width_px, camera.height_px)
    return np.array([max(camera.focal_sigma, 1e-4), centre_px, centre_px, *DISTORTION_SIGMA])


def _sigmas(error: PoseError, least_m: float, least_rad: float) -> Array:
    """(6,) m and rad."""
    metres = np.maximum([error.east_m, error.north_m, error.up_m], least_m)
    return np.concatenate([metres, np.maximum(np.radians([error.yaw_deg, error.pitch_deg, error.roll_deg]), least_rad)])


def _cell_m(surface: Surface, places: Array) -> float:
    height_m = places[:, 2] - surface.height_m(places[:, 0], places[:, 1])
    above = [float(h) for h in height_m if np.isfinite(h) and h > 0]
    return max(5.0, CELL_HEIGHTS * median(above)) if above else 30.0


def _with_known(
    frames: Sequence[Frame], ties: Ties, fixed: Sequence[ControlPoint]
) -> tuple[Ties, dict[int, ControlPoint], dict[int, int]]:
    """The ties with control points and laser points behind them, and which points these are."""
    ids = {f.id: k for k, f in enumerate(frames)}
    rows: list[tuple[int, int, float, float, float]] = []
    known: dict[int, ControlPoint] = {}
    lasers: dict[int, int] = {}
    point = ties.points
    for control in fixed:
        seen = [(ids[name], point, x, y, CLICK_SIGMA_PX) for name, x, y in control.pixels if name in ids]
        if seen:
            known[point] = control
            rows += seen
            point += 1
    for k, frame in enumerate(frames):
        if frame.laser is not None and frame.camera is not None:
            lasers[point] = k
            rows.append((k, point, frame.camera.cx_px, frame.camera.cy_px, 1.0))
            point += 1
    if not rows:
        return ties, known, lasers
    more = np.array(rows)
    return (
        Ties(
            np.concatenate([ties.frame, more[:, 0].astype(np.intp)]),
            np.concatenate([ties.point, more[:, 1].astype(np.intp)]),
            np.concatenate([ties.px, more[:, 2:4]]),
            np.concatenate([ties.sigma_px, more[:, 4]]),
        ),
        known,
        lasers,
    )


def heights(problem: Problem, xyz: Array, shift: Array) -> tuple[Array, Array]:
    """(P,) by how much points stand above the ground, shifted and leant by (5,), and (P, 3) how that changes."""
    lla = from_enu(xyz, problem.origin)
    under = from_enu(xyz - [shift[0], shift[1], 0.0], problem.origin)
    ground = problem.surface.height_m(under[:, 0], under[:, 1])
    up = np.column_stack([np.zeros((len(xyz), 2)), np.ones(len(xyz))])
    up[:, :2] = -np.nan_to_num(problem.surface.slope(under[:, 0], under[:, 1]))
    return np.asarray(lla[:, 2] - ground - shift[2] - xyz[:, :2] @ shift[3:]), up - [shift[3], shift[4], 0.0]
