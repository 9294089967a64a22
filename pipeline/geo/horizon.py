"""Pitch and roll from the horizon, where a picture shows it.

Seen from h metres above a sea, its rim lies below the level by

    dip = sqrt(2 h (1 - k) / R)

(refraction k of the light near the horizon 0.13, Torge, Geodesy, §5.1.2; R the earth's radius). Every pixel on the rim
looks along a direction d with d · up = -sin(dip), so that two parts of the horizon tell which way is up in the camera's
axes: that is pitch and roll. A skyline of land stands above the geometric horizon by what grows and lies there, haze
ends below it: it is taken as a rough measurement, moved by what is usual.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.geo.camera import rays
from pipeline.geo.datum import egm96_m
from pipeline.geo.panorama import BLOCK_DEG
from pipeline.geo.rotation import enu_R_cam
from pipeline.geo.skyline import LAND, SEA, SkyLine, find_line
from pipeline.types import Attitude, Camera, Frame, Pose, PoseError

Array = NDArray[np.float64]
Image = NDArray[np.uint8]

EARTH_M = 6.371e6
REFRACTION, REFRACTION_SIGMA = 0.13, 0.1
LEAST_HEIGHT_M = 2.0
MOST_SEA_HEIGHT_M = 1_000.0  # from higher up, what looks like a sea is none
SURFACE_SIGMA_M = 2.0  # tide, waves and geoid

UNEVEN_DEG = {SEA: 0.1, LAND: 0.2}  # haze, swell, trees: how far the line strays together
TOGETHER_DEG = 10.0  # over this much azimuth
LAND_RISE_DEG, LAND_RISE_SIGMA_DEG = 0.3, 0.6  # of a skyline over the horizon: hills and trees, less what haze hides
LAND_TILT_SIGMA_DEG = 0.7

REACH_SIGMAS = 4.0
REACH_DEG = (3.0, 12.0)  # the search's least and most
VAGUE_DEG = 1.2  # a line too short to say more than this says nothing
STEEPEST_DEG = 75.0  # below this no picture of a drone's lens shows a horizon, and roll has no meaning


@dataclass(frozen=True, slots=True)
class Horizon:
    """What the horizon says of a photo's attitude, in the convention of `types.Attitude`.

    The sigmas are this photo's own and hold for a focal length that is true; one that is longer by a share x moves the
    measured pitch by `pitch_by_focal_deg` · x. kind: `skyline.SEA` or `skyline.LAND`; why: a sentence for the user.
    """

    pitch_deg: float
    roll_deg: float
    pitch_sigma_deg: float
    roll_sigma_deg: float
    why: str
    kind: str = SEA
    pitch_by_focal_deg: float = 0.0


def measure(image: Image, frame: Frame, surface_alt_m: float | None = None) -> Horizon | None:
    """Pitch and roll of a photo from the horizon in it; None where none is seen or none can be in the picture.

    image: (h, w, 3) uint8, blue first, the whole picture in full or reduced size; surface_alt_m: ellipsoidal height of
    the sea or plain that ends at the horizon; None: the ground at take-off where it is known, else mean sea level.
    Raises GeometryError when the picture has another shape than the camera's.
    """
    pose, camera = frame.pose, frame.camera
    if frame.problem or pose is None or pose.attitude is None or camera is None:
        return None
    if pose.attitude.pitch_deg < -STEEPEST_DEG:
        return None
    dip_deg, dip_sigma_deg = dip(frame, pose, surface_alt_m)
    line = find_line(image, camera, pose.attitude, dip_deg, _reach(pose))
    if line is None:
        return None
    found = attitude_from(line, camera, pose.attitude, dip_deg, dip_sigma_deg)
    return found if found.roll_sigma_deg <= VAGUE_DEG and found.pitch_sigma_deg <= VAGUE_DEG else None


def _reach(pose: Pose) -> tuple[float, float]:
    """How far pitch and roll may be from what was recorded, in degrees."""
    pitch, roll = (REACH_SIGMAS * np.hypot(*s) for s in _sigmas_deg(pose))
    return float(np.clip(pitch, *REACH_DEG)), float(np.clip(roll, *REACH_DEG))


def _sigmas_deg(pose: Pose) -> tuple[tuple[float, float], tuple[float, float]]:
    """(own, shared) sigmas of pitch, and of roll."""
    return (pose.own.pitch_deg, pose.shared.pitch_deg), (pose.own.roll_deg, pose.shared.roll_deg)


def dip(frame: Frame, pose: Pose, surface_alt_m: float | None = None) -> tuple[float, float]:
    """(dip, sigma) of the horizon in degrees. Where the surface's height has to be guessed, sigma tells of it."""
    sea_m = pose.at.alt_m - float(egm96_m(pose.at.lat_deg, pose.at.lon_deg))
    up_m = frame.height_above_takeoff_m
    if surface_alt_m is not None:
        height_m, other_m = pose.at.alt_m - surface_alt_m, None
    elif up_m is not None:
        height_m, other_m = up_m, sea_m if 0.0 < sea_m < MOST_SEA_HEIGHT_M else None
    else:
        height_m, other_m = sea_m, None
    height_m = max(height_m, LEAST_HEIGHT_M)
    dip_deg = dip_at(height_m)
    guess_deg = 0.0 if other_m is None else abs(dip_at(max(other_m, LEAST_HEIGHT_M)) - dip_deg) / 2.0
    height_sigma_m = np.sqrt(pose.own.up_m**2 + pose.shared.up_m**2 + SURFACE_SIGMA_M**2)
    share = np.hypot(height_sigma_m / height_m, REFRACTION_SIGMA / (1.0 - REFRACTION)) / 2.0
    return dip_deg, float(np.hypot(dip_deg * share, guess_deg))


def dip_at(height_m: float) -> float:
    """Degrees by which the rim of a sea `height_m` below the eye lies under the level."""
    return float(np.degrees(np.sqrt(2.0 * height_m * (1.0 - REFRACTION) / EARTH_M)))


def attitude_from(
    line: SkyLine, camera: Camera, recorded: Attitude, dip_deg: float, dip_sigma_deg: float = 0.0
) -> Horizon:
    """Pitch and roll that lay a line on the horizon, with their sigmas."""
    pitch_deg, roll_deg, covariance = _fit(line, camera, recorded, dip_deg)
    longer = replace(camera, fx_px=camera.fx_px * 1.001, fy_px=camera.fy_px * 1.001)
    by_focal_deg = (_fit(line, longer, recorded, dip_deg)[0] - pitch_deg) / 0.001
    on_land = line.kind == LAND
    rise_deg, rise_sigma_deg = (LAND_RISE_DEG, LAND_RISE_SIGMA_DEG) if on_land else (0.0, 0.0)
    pitch_sigma_deg = float(np.sqrt(covariance[0, 0] + dip_sigma_deg**2 + rise_sigma_deg**2))
    roll_sigma_deg = float(np.hypot(np.sqrt(covariance[1, 1]), LAND_TILT_SIGMA_DEG if on_land else 0.0))
    pitch_deg += rise_deg
    why = (
        f"the {'skyline' if on_land else 'rim of the sea'} says pitch {pitch_deg:.1f}° and roll {roll_deg:.1f}°, where "
        f"{recorded.pitch_deg:.1f}° and {recorded.roll_deg:.1f}° were recorded"
    )
    return Horizon(pitch_deg, roll_deg, pitch_sigma_deg, roll_sigma_deg, why, line.kind, by_focal_deg)


def _fit(line: SkyLine, camera: Camera, recorded: Attitude, dip_deg: float) -> tuple[float, float, Array]:
    """Pitch and roll in degrees by Gauss-Newton, and their (2, 2) covariance in square degrees."""
    d = rays(camera, line.px)
    angles = np.array([recorded.pitch_deg, recorded.roll_deg])
    for _ in range(6):
        off = _elevations(d, angles) + dip_deg
        slopes = np.column_stack([(_elevations(d, angles + s) + dip_deg - off) / 1e-4 for s in 1e-4 * np.eye(2)])
        angles = angles - np.linalg.lstsq(slopes, off, rcond=None)[0]
    independent = max(1.0, len(d) * BLOCK_DEG / TOGETHER_DEG)
    sigma2 = (UNEVEN_DEG[line.kind] ** 2 + line.rms_deg**2) * len(d) / independent
    return float(angles[0]), float(angles[1]), np.asarray(sigma2 * np.linalg.inv(slopes.T @ slopes))


def _elevations(d: Array, pitch_roll_deg: Array) -> Array:
    """(N,) elevations above the level, in degrees, of camera directions."""
    up = enu_R_cam(Attitude(0.0, float(pitch_roll_deg[0]), float(pitch_roll_deg[1])))[2]
    return np.asarray(np.degrees(np.arcsin(np.clip(d @ up, -1.0, 1.0))))


def corrected(frame: Frame, horizon: Horizon) -> Frame:
    """The frame with pitch and roll weighed between what was recorded and what the horizon says.

    Each angle moves by the share K = σ² / (σ² + h²) of the difference, σ² = own² + shared² the recorded one's variance
    and h² the horizon's; (1 - K) of the recorded errors and K of the horizon's remain. An error of the focal length
    moves the horizon and the ground below it the same way: for that the horizon's part of it counts twice. A frame
    that an adjustment has been through stays as it is: the horizon is one of the adjustment's measurements.
    """
    pose, camera = frame.pose, frame.camera
    if pose is None or pose.attitude is None or camera is None or frame.posterior is not None:
        return frame
    level = float(np.cos(np.radians(pose.attitude.pitch_deg)))  # an error about the level axis, a turn of the roll
    focal_deg = np.sqrt(2.0) * abs(horizon.pitch_by_focal_deg) * camera.focal_sigma
    pitch = _weighed(pose.own.pitch_deg, pose.shared.pitch_deg, horizon.pitch_sigma_deg, focal_deg)
    roll = _weighed(pose.own.roll_deg, pose.shared.roll_deg, horizon.roll_sigma_deg * level, 0.0)
    was = pose.attitude
    attitude = replace(
        was,
        pitch_deg=was.pitch_deg + pitch[0] * (horizon.pitch_deg - was.pitch_deg),
        roll_deg=was.roll_deg + roll[0] * _turn_deg(horizon.roll_deg - was.roll_deg),
    )
    own: PoseError = replace(pose.own, pitch_deg=pitch[1], roll_deg=roll[1])
    shared: PoseError = replace(pose.shared, pitch_deg=pitch[2], roll_deg=roll[2])
    sources = (*frame.sources, ("pitch and roll", "horizon of the sea" if horizon.kind == SEA else "skyline"))
    return replace(frame, pose=replace(pose, attitude=attitude, own=own, shared=shared), sources=sources)


def _turn_deg(angle_deg: float) -> float:
    """The same turn in [-180, 180)."""
    return (angle_deg + 180.0) % 360.0 - 180.0


def _weighed(own: float, shared: float, seen_own: float, seen_shared: float) -> tuple[float, float, float]:
    """(share of the way to what was seen, own sigma left, shared sigma left)."""
    recorded, seen = own**2 + shared**2, seen_own**2 + seen_shared**2
    share = recorded / (recorded + seen) if recorded > 0.0 else 0.0
    own_left, shared_left = np.hypot(
        [(1.0 - share) * own, (1.0 - share) * shared], [share * seen_own, share * seen_shared]
    )
    return float(share), float(own_left), float(shared_left)
