"""Pixel -> ground: cast the ray, meet the ground, say how sure we are.

The error of a ground point is linearised on the ground's tangent plane. A ray from C along d meets a plane with
normal n; moving the camera by dC, turning the ray by dd (scaled to the ground's distance) or lifting the ground by dh
moves the point by

    dG = dC - d (n·dC)/(n·d),   dG = t dd - d (n·t dd)/(n·d),   dG = d n_up dh/(n·d)

(Kraus, Photogrammetry, 2nd ed., §4: the differential of the collinearity equations). Errors stay apart by who shares
them: this image alone, the whole flight, or every sighting of the same place.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import GeometryError, NoPoseError
from pipeline.geo.camera import rays
from pipeline.geo.geodesy import to_enu
from pipeline.geo.ground import REASONS, Surface, open_ground
from pipeline.geo.rotation import enu_R_cam, error_axes_enu
from pipeline.types import Attitude, Camera, Covariance, Detection, Frame, GeoPoint, Ground, Pose, Posterior, Sighting

Array = NDArray[np.float64]

UNKNOWN_YAW_DEG = 45.0  # beyond this a heading error is no longer a small turn
CIRCLE_90 = 2.1460  # r90 of a circular normal error, in sigmas
GRAZING_SIGMAS = 2.5
UNMODELLED = 0.15  # share of a turn's effect that curvature of ground and angles leaves out of the linear model
GRAZING = "the line of sight grazes the ground: within the attitude's error it may miss it altogether"
TURNED = "turn"  # in `Frame.assumed`: the pixels are taken as turned against their metadata
NO_ATTITUDE = "the photo does not say where the camera looked (no attitude)"


@dataclass(frozen=True, slots=True)
class Aim:
    """A frame ready for rays: rotation, and the axes (3, 3) about which its attitude errs, rows in east, north, up."""

    at: GeoPoint
    enu_R_cam: Array
    axes_enu: Array
    own_deg: Array  # (3,) one sigma about each axis, this image alone
    shared_deg: Array  # (3,) the same, common to the flight
    ground_alt_m: float | None = None  # level ground that a laser measured
    posterior: Posterior | None = None  # of an adjustment; it goes before the angles' sigmas


@dataclass(frozen=True, slots=True)
class Located:
    """Ground points of N pixels of one frame.

    points: (N, 3) latitude, longitude in degrees, ellipsoidal height in m, NaN where there is none; why: (N,)
    sentences, empty where there is a point; alone_m2: (N, 2, 2); image_m: (N, 6, 2) rows as `types.OWN`; shared_m:
    (N, 7, 2) rows as `types.SHARED`, or both by the sources of the frame's posterior; ground_m: (N, 2); doubt_m: (N,).
    """

    points: Array
    why: tuple[str, ...]
    alone_m2: Array
    image_m: Array
    shared_m: Array
    ground_m: Array
    doubt_m: Array

    @property
    def covariance(self) -> Array:
        """(N, 2, 2) east, north in m²: all errors together."""
        rows = np.concatenate([self.image_m, self.shared_m, self.ground_m[:, None]], axis=1)
        alone = self.alone_m2 + self.doubt_m[:, None, None] ** 2 * np.eye(2)
        return np.asarray(alone + np.einsum("nki,nkj->nij", rows, rows))


def locate(detection: Detection, frame: Frame, ground: Ground) -> Sighting:
    """Put a detection on the ground.

    Raises NoPoseError when the frame has no pose, GeometryError when its ray does not meet the ground.
    """
    found = locate_pixels(frame, np.array([detection.point_px]), ground, detection.point_sigma_px)
    if found.why[0]:
        raise GeometryError(
            f"{frame.id}: pixel ({detection.point_px[0]:.0f}, {detection.point_px[1]:.0f}): {found.why[0]}"
        )
    lat_deg, lon_deg, alt_m = (float(v) for v in found.points[0])
    return Sighting(
        detection=detection,
        at=GeoPoint(lat_deg, lon_deg, alt_m),
        covariance=as_covariance(found.covariance[0]),
        alone_m2=as_covariance(found.alone_m2[0]),
        image_m=tuple((float(e), float(n)) for e, n in found.image_m[0]),
        shared_m=tuple((float(e), float(n)) for e, n in found.shared_m[0]),
        ground_m=(float(found.ground_m[0, 0]), float(found.ground_m[0, 1])),
        exposure=frame.exposure or frame.id,
        t_ns=frame.pose.t_ns if frame.pose else None,
        assumed=frame.assumed,
        doubt_m=float(found.doubt_m[0]),
        ground_sigma_m=open_ground(ground).sigma_m,
    )


def locate_pixels(frame: Frame, px: Array, ground: Ground, pixel_sigma_px: float = 1.0) -> Located:
    """Ground points and their errors for (N, 2) pixels, x then y.

    Raises NoPoseError when the frame has no position, attitude or lens.
    """
    pose, camera = usable(frame)
    surface = open_ground(ground)
    aim = take_aim(frame, pose, camera, surface)
    if aim.ground_alt_m is not None:
        surface = open_ground(replace(ground, plane_alt_m=aim.ground_alt_m))
    px = np.asarray(px, float).reshape(-1, 2)
    cam = rays(camera, px)
    outside: NDArray[np.bool_] = np.asarray(np.isnan(cam).any(axis=1))
    directions = np.where(outside[:, None], [0.0, 0.0, 1.0], cam) @ aim.enu_R_cam.T
    meeting = surface.meet(aim.at, directions)
    why = [REASONS[int(code)] if code else "" for code in meeting.why]
    why = ["the lens model does not reach this pixel" if out else w for out, w in zip(outside, why, strict=True)]
    grazing = _grazing(aim, surface, directions, meeting.points)
    why = [GRAZING if not w and g else w for w, g in zip(why, grazing, strict=True)]
    points = np.where(np.array([bool(w) for w in why])[:, None], np.nan, meeting.points)
    with np.errstate(divide="ignore", invalid="ignore"):  # rays that miss have no errors
        found = _errors(aim, pose, camera, surface, cam, directions, points, pixel_sigma_px)
    doubt_m = _any_turn_m(aim, points) if TURNED in frame.assumed else np.zeros(len(px))
    return replace(found, why=tuple(why), doubt_m=doubt_m)


def usable(frame: Frame) -> tuple[Pose, Camera]:
    """The frame's pose and lens; raises NoPoseError with the reason when a position cannot be given."""
    if frame.problem:
        raise NoPoseError(f"{frame.id}: {frame.problem}")
    if frame.pose is None or frame.camera is None:
        raise NoPoseError(f"{frame.id}: the photo does not say where it was taken or with what lens")
    if frame.pose.attitude is None:
        raise NoPoseError(f"{frame.id}: {NO_ATTITUDE}")
    return frame.pose, frame.camera


def take_aim(frame: Frame, pose: Pose, camera: Camera, surface: Surface) -> Aim:
    """How the lens stands, with a laser's ground point on the optical axis taken in when there is one."""
    attitude = pose.attitude or Attitude(0.0, -90.0)
    own, shared = pose.own, pose.shared
    aim = Aim(
        pose.at,
        enu_R_cam(attitude),
        error_axes_enu(attitude),
        np.array([own.yaw_deg, own.pitch_deg, own.roll_deg]),
        np.array([shared.yaw_deg, shared.pitch_deg, shared.roll_deg]),
        posterior=frame.posterior,
    )
    return aim if frame.laser is None or frame.posterior else _aim_by_laser(aim, frame, camera, surface)


def _aim_by_laser(aim: Aim, frame: Frame, camera: Camera, surface: Surface) -> Aim:
    """Turn the camera, by the smallest turn, so that its optical axis passes through the laser's point.

    The camera and the laser's point share their height error, so a DEM at that point lifts or lowers both; without a
    DEM the ground becomes level at the laser's height. What remains unsure is the turn about the optical axis.
    """
    assert frame.laser is not None
    spot = frame.laser.at
    height_m = float(surface.height_m(np.array([spot.lat_deg]), np.array([spot.lon_deg]))[0])
    lift_m = 0.0 if surface.level or np.isnan(height_m) else height_m - spot.alt_m
    at = replace(aim.at, alt_m=aim.at.alt_m + lift_m)
    sight = to_enu(np.array([[spot.lat_deg, spot.lon_deg, spot.alt_m + lift_m]]), at)[0]
    turn = smallest_turn(aim.enu_R_cam[:, 2], sight / np.linalg.norm(sight))
    rotation = turn @ aim.enu_R_cam
    spot_deg = float(np.degrees(frame.laser.sigma_m / np.linalg.norm(sight)))
    about_sight_deg = float(np.hypot(max(aim.own_deg[0], aim.own_deg[2]), max(aim.shared_deg[0], aim.shared_deg[2])))
    return Aim(
        at,
        rotation,
        np.array([rotation[:, 2], rotation[:, 0], rotation[:, 1]]),
        np.array([about_sight_deg, spot_deg, spot_deg]),
        np.zeros(3),
        spot.alt_m if surface.level else None,
    )


def smallest_turn(a: Array, b: Array) -> Array:
    """(3, 3) rotation by the smallest angle that takes unit vector a to unit vector b (Rodrigues)."""
    axis, cosine = np.cross(a, b), float(a @ b)
    if cosine < -0.999999:
        raise GeometryError("the laser's point lies behind the camera")
    k = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    return np.asarray(np.eye(3) + k + k @ k / (1 + cosine))


def _errors(
    aim: Aim, pose: Pose, camera: Camera, surface: Surface, cam: Array, d: Array, points: Array, pixel_sigma_px: float
) -> Located:
    """Carry every error of the pose, lens, pixel and ground to the ground's tangent plane."""
    reach = to_enu(points, aim.at)  # (N, 3) from the camera to the ground; NaN where there is none
    t = np.linalg.norm(reach, axis=1)
    normal = _normals(surface, points)
    along = np.einsum("ni,ni->n", normal, d)

    def on_ground(shift: Array) -> Array:
        """(N, K, 3) displacements -> (N, K, 2) east, north on the tangent plane."""
        slide = np.einsum("nki,ni->nk", shift, normal) / along[:, None]
        return np.asarray((shift - slide[..., None] * d[:, None, :])[..., :2])

    n = len(d)
    moved = on_ground(np.broadcast_to(np.eye(3), (n, 3, 3)))  # rows: east, north, up of the camera
    moved[:, :2] = np.eye(2)  # a slope must not seem to tell where the satellites were wrong
    turned = on_ground(np.radians(1.0) * np.cross(aim.axes_enu[None], d[:, None, :]) * t[:, None, None])
    bent = on_ground(_lens_shifts(camera, cam, aim.enu_R_cam) * t[:, None, None])
    image_rows, shared_rows, turns = _by_source(pose, camera, aim, moved, turned, bent)
    pixel_rows = bent[:, 1:3] * pixel_sigma_px
    alone_m2 = np.einsum("nki,nkj->nij", pixel_rows, pixel_rows) + _unmodelled(turns)
    if aim.own_deg[0] > UNKNOWN_YAW_DEG:
        image_rows[:, 3] = 0.0
        alone_m2 = alone_m2 + _any_turn_m(aim, points)[:, None, None] ** 2 * np.eye(2)
    lifted = d[:, :2] * (normal[:, 2] / along * surface.sigma_m)[:, None]
    return Located(points, ("",) * n, alone_m2, image_rows, shared_rows, lifted, np.zeros(n))


def _by_source(
    pose: Pose, camera: Camera, aim: Aim, moved: Array, turned: Array, bent: Array
) -> tuple[Array, Array, Array]:
    """Shifts on the ground by one sigma of each source of error: (this image's, the flight's, those of turns alone).

    moved, turned: (N, 3, 2) by a metre and a degree; bent: (N, 5, 2) by a unit of `types.LENS`.
    """
    posterior, own, shared = aim.posterior, pose.own, pose.shared
    if posterior is None:
        own_m = np.array([own.east_m, own.north_m, own.up_m, *aim.own_deg])
        shared_m = np.array([shared.east_m, shared.north_m, shared.up_m, *aim.shared_deg])
        by_pose = np.concatenate([moved, turned], axis=1)
        image, flight = by_pose * own_m[:, None], by_pose * shared_m[:, None]
        turns = np.concatenate([image[:, 3:], flight[:, 3:]], axis=1)
        return image, np.concatenate([flight, bent[:, :1] * camera.focal_sigma], axis=1), turns
    by_all = np.concatenate([moved, turned, bent], axis=1)
    mine, common = np.array(posterior.own), np.array(posterior.shared)
    image = np.einsum("ks,nsj->nkj", mine, by_all[:, :6])
    angles = np.concatenate([mine[:, 3:], common[:, 3:6]])
    return image, np.einsum("ks,nsj->nkj", common, by_all), np.einsum("ks,nsj->nkj", angles, turned)


def _unmodelled(turns: Array) -> Array:
    """(N, 2, 2) what the linear model leaves over: UNMODELLED of the turns' effect, in every direction."""
    return np.asarray((UNMODELLED**2 / 2 * (turns**2).sum(axis=(1, 2)))[:, None, None] * np.eye(2))


def _any_turn_m(aim: Aim, points: Array) -> Array:
    """(N,) sigma of a circle whose r90 holds the point however the camera was turned about the vertical."""
    reach = to_enu(points, aim.at)
    return np.asarray(2.0 * np.hypot(reach[:, 0], reach[:, 1]) / CIRCLE_90)


def _normals(surface: Surface, points: Array) -> Array:
    """(N, 3) upward normals (not of unit length) of the ground at the points."""
    slope = surface.slope(points[:, 0], points[:, 1])
    return np.column_stack([-slope, np.ones(len(points))])


def _lens_shifts(camera: Camera, cam: Array, rotation: Array) -> Array:
    """(N, 5, 3) changes of the unit ray, in ENU, by a unit of each of `types.LENS`.

    A principal point (or a pixel's error) one pixel to the right turns the ray to the left (to the right); only the
    size matters here. k1 and k2 move ideal coordinates x by -x r² and -x r⁴.
    """
    scale = cam[:, 2:3]
    zero = np.zeros(len(cam))
    plane = np.column_stack([cam[:, :2], zero])
    r2 = ((cam[:, :2] / scale) ** 2).sum(axis=1)[:, None]
    right = np.column_stack([scale[:, 0] / camera.fx_px, zero, zero])
    down = np.column_stack([zero, scale[:, 0] / camera.fy_px, zero])
    return np.asarray(np.stack([-plane, -right, -down, -plane * r2, -plane * r2**2], axis=1) @ rotation.T)


def _grazing(aim: Aim, surface: Surface, d: Array, points: Array) -> NDArray[np.bool_]:
    """(N,) whether the attitude's error, GRAZING_SIGMAS times, could turn the ray into the ground's tangent plane."""
    normal = _normals(surface, points)
    normal /= np.linalg.norm(normal, axis=1)[:, None]
    rates = np.einsum("nki,ni->nk", np.cross(aim.axes_enu[None], d[:, None, :]), normal)
    sigma = np.radians(np.sqrt(rates**2 @ (aim.own_deg**2 + aim.shared_deg**2)))
    return np.asarray(-np.einsum("ni,ni->n", normal, d) < np.sin(np.minimum(GRAZING_SIGMAS * sigma, np.pi / 2)))


def as_covariance(m: Array) -> Covariance:
    """(2, 2) matrix -> (east-east, east-north, north-north)."""
    return float(m[0, 0]), float(m[0, 1]), float(m[1, 1])
