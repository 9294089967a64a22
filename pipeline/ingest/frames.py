"""A photo's header and the flight's context become a Frame."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from pipeline.ingest import sigma
from pipeline.ingest.attach import Logged
from pipeline.ingest.clock import Moment
from pipeline.ingest.heights import NO_HEIGHT, Height, Told, relative_height
from pipeline.ingest.laser import laser_point
from pipeline.ingest.mission_file import PoseSpec
from pipeline.ingest.nadir import nadir_attitude
from pipeline.ingest.photo import Photo
from pipeline.ingest.position import Position, position_of
from pipeline.types import Attitude, Camera, Frame, GeoPoint, Pose, PoseError

NO_ERROR = PoseError()
NO_ATTITUDE = "no attitude: the photo does not say where the camera looked"


@dataclass(frozen=True, slots=True)
class View:
    """Where the lens looked; without attitude, `problem` says why."""

    attitude: Attitude | None = None
    own: PoseError = NO_ERROR
    shared: PoseError = NO_ERROR
    source: str = ""
    body: Attitude | None = None  # of the aircraft, where the lens is fixed to it
    assumed: bool = False
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything that makes one frame."""

    photo: Photo
    moment: Moment
    position: Position
    height: Height
    view: View
    camera: Camera | None
    camera_source: str
    exposure: str
    lens: str
    spec: PoseSpec | None = None
    lever_arm_m: tuple[float, ...] | None = None
    logged: Logged | None = None

    @property
    def placed(self) -> Logged | None:
        """The log's words, where the position is theirs."""
        by_log = self.logged is not None and self.position is self.logged.position
        return self.logged if by_log else None


def view_of(
    photo: Photo,
    spec: PoseSpec | None,
    mount: Attitude | None,
    assume: str | None,
    course_deg: float | None,
    logged: Logged | None = None,
) -> View:
    """The lens's attitude: the mission file's, the header's, the body's through the mount, the log's, or assumed."""
    reading = photo.reading
    if spec is not None and spec.attitude is not None:
        return _from_spec(spec, spec.attitude, mount)
    if reading.attitude is not None:
        own = sigma.GIMBAL_OWN if reading.gimbal else sigma.BODY_OWN
        return View(reading.attitude, own, sigma.ATTITUDE_SHARED, reading.attitude_name, reading.body)
    if mount is not None and reading.body is not None:
        lens = _mounted(reading.body, mount)
        source = f"XMP {reading.dialect} aircraft angles and the mission file's mount"
        return View(lens, sigma.BODY_OWN, sigma.ATTITUDE_SHARED, source, reading.body)
    if logged is not None and logged.attitude is not None:
        return View(logged.attitude, logged.attitude_own, logged.attitude_shared, logged.attitude_source, logged.body)
    if assume == "nadir":
        own = sigma.nadir_error(course_deg is not None)
        source = f"assumed: straight down, {'along the course' if course_deg is not None else 'course unknown'}"
        return View(nadir_attitude(course_deg), own, sigma.ATTITUDE_SHARED, source, assumed=True)
    asked = "" if logged is None else logged.problem or logged.attitude_problem
    return View(problem=asked or reading.attitude_problem or NO_ATTITUDE)


def _from_spec(spec: PoseSpec, attitude: Attitude, mount: Attitude | None) -> View:
    own, shared = sigma.BODY_OWN, sigma.ATTITUDE_SHARED
    if spec.sigma_deg is not None:
        own, shared = PoseError(yaw_deg=spec.sigma_deg, pitch_deg=spec.sigma_deg, roll_deg=spec.sigma_deg), NO_ERROR
    if mount is None:
        return View(attitude, own, shared, "mission file")
    return View(_mounted(attitude, mount), own, shared, "mission file, with its mount", attitude)


def _mounted(body: Attitude, mount: Attitude) -> Attitude:
    from pipeline.geo.rotation import compose_mount

    return compose_mount(body, mount)


def frame_of(parts: Parts, index: int) -> Frame:
    """The frame; its `problem` names the first thing without which no position can be given."""
    pose = _pose(parts)
    photo, view = parts.photo, parts.view
    problem = parts.position.problem or view.problem or parts.height.problem
    assumed = (("attitude",) if view.assumed else ()) + (("height",) if parts.height.assumed else ())
    assumed += parts.logged.assumed if parts.logged is not None else ()
    if parts.camera is None:
        problem = problem or parts.camera_source
    laser = None if pose is None or parts.height.problem else laser_point(photo, pose.at, view.attitude)
    return Frame(
        id=photo.id,
        path=str(photo.path),
        index=index,
        pose=pose,
        camera=parts.camera,
        exposure=parts.exposure,
        lens=parts.lens,
        laser=laser,
        height_above_takeoff_m=_above_takeoff_m(parts),
        told_at=_told_at(parts),
        body=view.body or photo.reading.body or (parts.logged.body if parts.logged is not None else None),
        sources=_sources(parts, laser is not None),
        assumed=assumed,
        problem=problem,
    )


def _told_at(parts: Parts) -> GeoPoint | None:
    """The photo's own position beside the log's: by both one sees whether it is a place on a Chinese map."""
    if parts.placed is None:
        return None
    own = position_of(parts.photo)
    return None if own.problem else GeoPoint(own.lat_deg, own.lon_deg)


def _above_takeoff_m(parts: Parts) -> float | None:
    told = told_heights(parts.placed)
    return relative_height(parts.photo) if told is None else told.relative_m


def told_heights(logged: Logged | None) -> Told | None:
    """The heights a log tells of a photo that takes its position from there."""
    if logged is None or logged.position is None or (logged.absolute is None and math.isnan(logged.relative_m)):
        return None
    return Told(logged.absolute, None if math.isnan(logged.relative_m) else logged.relative_m, logged.height_source)


def _pose(parts: Parts) -> Pose | None:
    if parts.position.problem:
        return None
    alt_m = 0.0 if parts.height.problem else parts.height.alt_m
    at = GeoPoint(parts.position.lat_deg, parts.position.lon_deg, alt_m)
    at_lens = parts.placed is not None and parts.placed.at_lens
    if parts.lever_arm_m is not None and parts.view.body is not None and not at_lens:
        at = _at_lens(at, parts.view.body, parts.lever_arm_m)
    own, shared = _place_errors(parts)
    own, shared = sigma.with_angles(own, parts.view.own), sigma.with_angles(shared, parts.view.shared)
    return Pose(parts.moment.t_ns, at, parts.view.attitude, own, shared)


def _place_errors(parts: Parts) -> tuple[PoseError, PoseError]:
    reading, spec = parts.photo.reading, parts.spec
    if spec is not None and spec.lat_deg is not None and spec.sigma_m is not None:
        return PoseError(east_m=spec.sigma_m, north_m=spec.sigma_m, up_m=spec.sigma_m), NO_ERROR
    if parts.placed is not None:
        own, shared = parts.placed.own, parts.placed.shared
        return sigma.with_up(own, max(own.up_m, parts.height.own_m)), sigma.with_up(shared, parts.height.shared_m)
    own, shared = sigma.position_errors(reading.rtk_flag, reading.rtk_std_m)
    return sigma.with_up(own, parts.height.own_m), sigma.with_up(shared, parts.height.shared_m)


def _at_lens(antenna: GeoPoint, body: Attitude, arm_m: tuple[float, ...]) -> GeoPoint:
    """The lens's place from the antenna's; `arm_m` is forward, right, down in the body."""
    import numpy as np

    from pipeline.geo.geodesy import from_enu
    from pipeline.geo.rotation import enu_R_cam

    forward_m, right_m, down_m = arm_m
    enu_m = enu_R_cam(body) @ np.array([right_m, down_m, forward_m])
    lat, lon, alt = from_enu(enu_m[None, :], antenna)[0]
    return GeoPoint(float(lat), float(lon), float(alt))


def _sources(parts: Parts, laser: bool) -> tuple[tuple[str, str], ...]:
    named = (
        ("position", parts.position.source),
        ("height", parts.height.source),
        ("attitude", parts.view.source),
        ("focal", parts.camera_source if parts.camera is not None else ""),
        ("time", parts.moment.source if parts.moment.t_ns is not None else ""),
        ("laser", "XMP laser range finder" if laser else ""),
    )
    return tuple((part, source) for part, source in named if source)


def logged_position(position: Position, logged: Logged | None) -> Position:
    """The log's position where it counts more than the photo's, and the log's reason where neither is there."""
    if logged is None:
        return position
    if logged.position is not None:
        return logged.position
    return replace(position, problem=logged.problem) if position.problem and logged.problem else position


def spec_position(position: Position, spec: PoseSpec | None) -> Position:
    """The position with a [[pose]]'s put in its place."""
    if spec is None or spec.lat_deg is None or spec.lon_deg is None:
        return position
    return Position(spec.lat_deg, spec.lon_deg, "mission file", warning=position.warning)


def allowed_height(height: Height, view: View) -> Height:
    """The height, unless it was assumed for a photo whose attitude is known: then nothing may be assumed of it."""
    return Height(problem=NO_HEIGHT) if height.assumed and view.attitude is not None and not view.assumed else height


def spec_height(height: Height, spec: PoseSpec | None, alt_m: float, has_ground: bool) -> Height:
    """The height with a [[pose]]'s (`alt_m`, made ellipsoidal) put in its place, where there is ground to see."""
    if spec is None or not math.isfinite(alt_m) or not has_ground:
        return height
    own_m = sigma.UP_OWN_M if spec.sigma_m is None else spec.sigma_m
    shared_m = sigma.UP_ABSOLUTE_SHARED_M if spec.sigma_m is None else 0.0
    return Height(alt_m, own_m, shared_m, "mission file")
