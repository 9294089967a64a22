"""Frames out of a live link: what the vehicle told around a moment, made a pose over the ground that the user gave."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from pipeline.errors import MissionError
from pipeline.geo.datum import to_ellipsoidal
from pipeline.ingest import sigma
from pipeline.ingest.mission_file import CameraSpec, MissionFile
from pipeline.ingest.poses import LogPose, pose_at
from pipeline.ingest.telemetry import Telemetry
from pipeline.types import Camera, Frame, GeoPoint, Ground, Pose

NO_CAMERA = "nobody says what the camera is; give width_px and focal_px under [camera] in a mission file"
SAME_SHAPE = 0.01  # by which a scaled-down stream's sides may differ in proportion


@dataclass(slots=True)
class Placer:
    """Gives frames their poses; without ground of its own it takes the plane at the vehicle's take-off."""

    telemetry: Telemetry
    told: MissionFile
    ground: Ground
    from_home: bool = False  # the ground is the plane at take-off

    def pose(self, t_ns: int, sigma_t_s: float) -> LogPose:
        """What the vehicle told of a moment (UTC by its clock)."""
        track = self.telemetry.track(t_ns)
        clock_s = track.clock.sigma_s if track.clock else 0.0
        return pose_at(track, t_ns, sigma_t_s, self.told.mount, clock_s)

    def frame(self, index: int, t_ns: int, sigma_t_s: float, frame_id: str, path: str, size: tuple[int, int]) -> Frame:
        """A frame of `size` (width, height) with its pose; `problem` says why it cannot be located."""
        told = self.pose(t_ns, sigma_t_s)
        problem = told.problem or told.attitude_problem
        pose = None if told.problem else self._over_ground(told, t_ns)
        if not problem and pose is None:
            problem = "the vehicle does not tell its height"
        camera, unfit = self._camera(size)
        problem = problem or unfit
        sources = (*told.sources, ("time", self.telemetry.clock_source))
        return Frame(
            frame_id, path, index, pose, camera, exposure=frame_id, problem=problem, sources=sources,
            height_above_takeoff_m=told.relative_m if math.isfinite(told.relative_m) else None,
        )  # fmt: skip

    def _camera(self, size: tuple[int, int]) -> tuple[Camera | None, str]:
        """(camera, why there is none); a stream may change its size while it runs."""
        if min(size) == 0:
            return None, ""
        try:
            return camera_of(self.told.camera, *size), ""
        except MissionError as why:
            return None, str(why)

    def _over_ground(self, told: LogPose, t_ns: int) -> Pose | None:
        self._settle_ground(told)
        alt_m, shared = told.alt_m, told.shared
        if self.from_home:
            assert self.ground.plane_alt_m is not None
            alt_m = self.ground.plane_alt_m + told.relative_m
            shared = sigma.with_up(shared, sigma.UP_RELATIVE_SHARED_M)
        if not math.isfinite(alt_m):
            return None
        return Pose(t_ns, GeoPoint(told.lat_deg, told.lon_deg, alt_m), told.attitude, told.own, shared)

    def _settle_ground(self, told: LogPose) -> None:
        """With the first place that the vehicle tells."""
        if self.ground.dem is not None or self.ground.plane_alt_m is not None:
            return
        if self.told.plane_alt_m is not None:
            datum = self.told.datum or "egm96"
            plane = to_ellipsoidal(self.told.plane_alt_m, datum, told.lat_deg, told.lon_deg, self.ground.geoid)
            self.ground = replace(self.ground, plane_alt_m=float(plane))
        elif math.isfinite(told.alt_m) and math.isfinite(told.relative_m):
            plane_m = told.alt_m - told.relative_m
            self.ground = replace(self.ground, plane_alt_m=plane_m, sigma_m=sigma.TERRAIN_UNKNOWN_M)
            self.from_home = True


def camera_of(spec: CameraSpec | None, width_px: int, height_px: int) -> Camera:
    """The mission file's camera for pictures of this size; raises MissionError where it does not fit.

    A stream that shows the same picture in fewer pixels keeps its angles.
    """
    if spec is None or (spec.focal_px is None and spec.focal_mm is None):
        raise MissionError(f"the video cannot be located: {NO_CAMERA}")
    told_w, told_h = spec.width_px or width_px, spec.height_px or height_px
    scale = width_px / told_w
    if abs(told_h * scale - height_px) > SAME_SHAPE * height_px:
        raise MissionError(f"the video has {width_px} × {height_px} pixels, [camera] {told_w} × {told_h}")
    if spec.focal_px is not None:
        focal_px, relative = spec.focal_px * scale, sigma.FOCAL_CALIBRATED
    else:
        assert spec.focal_mm is not None and spec.sensor_width_mm is not None
        focal_px, relative = spec.focal_mm / spec.sensor_width_mm * width_px, sigma.FOCAL_NOMINAL
    cx = (told_w - 1) / 2 if spec.cx_px is None else spec.cx_px
    cy = (told_h - 1) / 2 if spec.cy_px is None else spec.cy_px
    k1, k2, p1, p2, k3 = spec.distortion or (0.0,) * 5
    return Camera(
        width_px, height_px, focal_px, focal_px, (cx + 0.5) * scale - 0.5, (cy + 0.5) * scale - 0.5,
        (k1, k2, p1, p2, k3), relative, spec.model,
    )  # fmt: skip
