"""The sightings of one film and class in time order: how far apart they are, and where they go, by their errors.

Frames of one film share most of their pose error, so that the relative error of two sightings is far smaller than
either's own. What stands above the ground seems to go against the camera, and that too is no motion.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.geo.associate import stack
from pipeline.geo.camera import project
from pipeline.geo.geodesy import as_row, to_enu
from pipeline.geo.joint import LASTS_S, together, weighted
from pipeline.geo.rotation import enu_R_cam
from pipeline.types import Frame, GeoPoint, Sighting

Array = NDArray[np.float64]
Indices = NDArray[np.intp]

FAR_M = 60.0  # beyond this no errors are asked about
THING_M = (
    10.0  # that things stand above the ground, or the ground lies off what is known, when two sightings are compared
)
SEEMS = (-1.5, 0.3)  # of the camera's way, that what lies still may seem to go: 0.6 of the camera's height to 0.4 below
TURN = 0.3  # of a step, by which what moves may leave its line
LINE = 6  # newest sightings of a row that tell where it leads to
HEARD = 24  # sightings of a long row that are asked


class Filmed:
    """N sightings as arrays: `t_s` (N,) since the first, `z` (N, 2) east and north, `camera` (N, 2) where it was.

    frames: by id, for the camera's places; adjusted: poses were corrected from the pictures, and what is left of their
    errors is taken as each frame's own.
    """

    def __init__(self, sightings: tuple[Sighting, ...], frames: Mapping[str, Frame], adjusted: bool) -> None:
        self.stack, self.frames, self._adjusted = stack(sightings), frames, adjusted
        self.z = self.stack.z
        self.t_s = np.array([(x.t_ns or 0) - (sightings[0].t_ns or 0) for x in sightings]) / 1e9
        self.camera, above_m = self._cameras()
        self._parallax = THING_M * self.camera / above_m[:, None]
        self._known: dict[tuple[int, ...], float] = {}

    def _cameras(self) -> tuple[Array, Array]:
        """(N, 2) where the camera was, and (N,) how high above each sighting."""
        shown = [self.frames.get(x.detection.frame_id) for x in self.stack.sightings]
        origin = self.stack.origin
        at = [f.pose.at if f is not None and f.pose is not None else origin for f in shown]
        enu = to_enu(np.concatenate([as_row(x) for x in at]), origin)
        return enu[:, :2], np.maximum(enu[:, 2] - (self.stack.up - origin.alt_m), 1.0)

    def _alike(self, later_s: Array) -> Array:
        """Correlations of the frames' own errors by the time between them, as `joint.alike`."""
        return np.where(later_s == 0, 1.0, 0.0 if self._adjusted else np.exp(-np.abs(later_s) / LASTS_S))

    def apart(self, i: Indices, j: Indices) -> Array:
        """(P,) squared distances of pairs in units of their relative errors; inf for those more than FAR_M apart."""
        d = self.z[j] - self.z[i]
        out = np.full(len(d), np.inf)
        near = np.hypot(d[:, 0], d[:, 1]) <= FAR_M
        if near.any():
            c = self._relative(i[near], j[near])
            out[near] = np.einsum("pi,pi->p", d[near], np.linalg.solve(c, d[near][:, :, None])[..., 0])
        return out

    def _relative(self, i: Indices, j: Indices) -> Array:
        """(P, 2, 2) covariances of the differences of pairs, each taken for one thing."""
        s = self.stack
        like = self._alike(self.t_s[j] - self.t_s[i])[:, None, None]
        a, b = s.image[i] * np.sqrt(like), s.image[j] * np.sqrt(like)
        own = s.own[i] + s.own[j] - np.einsum("pki,pkj->pij", a, b) - np.einsum("pki,pkj->pij", b, a)
        common = [s.shared[j] - s.shared[i], (s.ground[j] - s.ground[i])[:, None]]
        rows = np.concatenate([*common, (self._parallax[j] - self._parallax[i])[:, None]], axis=1)
        return np.asarray(own + np.einsum("pki,pkj->pij", rows, rows))

    def _covariance(self, index: Indices) -> Array:
        """(2 M, 2 M) of sightings of one place."""
        s, n = self.stack, len(index)
        like = self._alike(self.t_s[index][:, None] - self.t_s[index])
        c = weighted(s.image[index], like) + together(s.shared[index], np.zeros(n))
        c += together(s.ground[index][:, None], np.zeros(n))
        c.reshape(n, 2, n, 2)[np.arange(n), :, np.arange(n)] += s.alone[index]
        return c

    def heard(self, row: Sequence[int]) -> Indices:
        """At most HEARD of a row, evenly, the first and the last among them."""
        chosen = np.unique(np.linspace(0, len(row) - 1, min(len(row), HEARD)).astype(int))
        return np.array([row[k] for k in chosen], np.intp)

    def speed_mps(self, row: Sequence[int]) -> float:
        """Of a plain line: a weighted one takes a share of the speed for an error of scale."""
        index = self.heard(row)
        return float(np.hypot(*np.polyfit(self.t_s[index], self.z[index], 1)[0]))

    def unexplained(self, row: Sequence[int]) -> float:
        """Chi-square (2 degrees of freedom) of a row's velocity against all that lies still, at whatever height.

        What stands at h under a camera at height H seems to go -h / (H - h) of the camera's way. Errors that the row
        shows by leaving its line count as well.
        """
        velocity, spread, misfit = self._line(self.heard(row))
        camera = np.polyfit(self.t_s[self.heard(row)], self.camera[self.heard(row)], 1)[0]
        weight = np.linalg.inv(spread)
        share = float(camera @ weight @ velocity) / max(float(camera @ weight @ camera), 1e-9)
        rest = velocity - min(max(share, SEEMS[0]), SEEMS[1]) * camera
        return float(rest @ weight @ rest) / max(1.0, misfit)

    def _line(self, index: Indices) -> tuple[Array, Array, float]:
        """Velocity (m/s) by generalised least squares, its covariance, and the misfit a degree of freedom."""
        t = self.t_s[index] - self.t_s[index].mean()
        design = np.kron(np.stack([np.ones_like(t), t], axis=1), np.eye(2))
        c, z = self._covariance(index), self.z[index].ravel()
        told = np.linalg.solve(c, design)
        spread = np.linalg.inv(design.T @ told)
        x = spread @ told.T @ z
        rest = z - design @ x
        misfit = float(rest @ np.linalg.solve(c, rest)) / max(1, len(z) - 4)
        return x[2:], spread[2:, 2:], misfit

    def off_line(self, row: Sequence[int], k: int) -> float:
        """Squared distance from where the newest of a row lead to, in units of the errors and of a gentle turn."""
        asked = (*row[-LINE:], k)
        if asked not in self._known:
            self._known[asked] = self._off_line(np.array(asked, np.intp))
        return self._known[asked]

    def _off_line(self, index: Indices) -> float:
        t = self.t_s[index] - self.t_s[index[-1]]
        c, z = self._covariance(index), self.z[index].ravel()
        design = np.kron(np.stack([np.ones_like(t), t], axis=1)[:-1], np.eye(2))
        told = np.linalg.solve(c[:-2, :-2], design)
        gain = np.linalg.solve(design.T @ told, told.T)  # (4, 2 M): place at the last moment, and velocity
        off = np.hstack([-gain[:2], np.eye(2)])
        speed = float(np.hypot(*(gain[2:] @ z[:-2])))
        spread = off @ c @ off.T + (TURN * speed * (t[-1] - t[-2])) ** 2 * np.eye(2)
        return float((off @ z) @ np.linalg.solve(spread, off @ z))

    def shows(self, j: int, i: int) -> bool:
        """Whether the frame of sighting j shows the place of sighting i."""
        frame = self.frames.get(self.stack.sightings[j].detection.frame_id)
        return frame is not None and in_view(frame, self.stack.sightings[i].at)


def in_view(frame: Frame, at: GeoPoint) -> bool:
    """Whether a place lies in a frame's picture, what stands before it aside."""
    if frame.pose is None or frame.pose.attitude is None or frame.camera is None:
        return False
    towards = to_enu(as_row(at), frame.pose.at)[0]
    x, y = project(frame.camera, (towards @ enu_R_cam(frame.pose.attitude))[None])[0]
    return bool(0 <= x < frame.camera.width_px and 0 <= y < frame.camera.height_px)
