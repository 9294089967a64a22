"""The error model: one-sigma errors of what photos say of themselves.

Of drones without RTK: a satellite position wanders by 0.3 m an axis from photo to photo about an error of 1.2 m
that the whole flight shares. A barometer holds height above take-off to 0.1 m between photos and 0.5 m over the
flight; absolute heights are off by 3 m. A gimbal's pitch and roll are off by 1.4° from photo to photo and by up
to 1.8° over the flight (uniform: σ 1.04°), its yaw by 2.25° and, over the flight, 0.5°. Focal lengths: 0.5 % from
the lens's own calibration, ±4 % (uniform: σ 2.3 %) from nominal values, 4 % from the 35 mm equivalent alone.
"""

from __future__ import annotations

from dataclasses import replace

from pipeline.types import PoseError

POSITION_OWN = PoseError(east_m=0.3, north_m=0.3)
POSITION_SHARED = PoseError(east_m=1.2, north_m=1.2)
RTK_SHARED_M = 0.02
RTK_FIXED = 50

UP_OWN_M = 0.1
UP_RELATIVE_SHARED_M = 0.5
UP_ABSOLUTE_SHARED_M = 3.0
TERRAIN_UNKNOWN_M = 3.0
ASSUMED_ABOVE_GROUND_M = 100.0  # drones may fly to 120 m in China, Europe and the USA; surveys keep well above 50 m
ASSUMED_SHARED_M = 50.0

GIMBAL_OWN = PoseError(yaw_deg=2.25, pitch_deg=1.4, roll_deg=1.4)
BODY_OWN = PoseError(yaw_deg=5.0, pitch_deg=3.0, roll_deg=3.0)
ATTITUDE_SHARED = PoseError(yaw_deg=0.5, pitch_deg=1.04, roll_deg=1.04)
NADIR_TILT_DEG = 10.0
NADIR_YAW_DEG = 20.0
UNKNOWN_YAW_DEG = 104.0  # uniform over the circle: 360 / √12

EXPOSURE_S = 0.01  # of an exposure that the log noted by the camera's own feedback
COMMAND_S = 0.05  # from the command to the exposure

FOCAL_CALIBRATED = 0.005
FOCAL_NOMINAL = 0.023
FOCAL_35MM = 0.04
FOCAL_RESIZED = 0.10  # resampled or cropped by an unknown amount


def position_errors(rtk_flag: int | None, std_m: tuple[float, float, float] | None) -> tuple[PoseError, PoseError]:
    """(own, shared) errors of the horizontal position.

    RTK's standard deviations are each photo's own; without a fixed solution most of them lasts through the flight,
    so that there they count as shared.
    """
    if rtk_flag is None or std_m is None:
        return POSITION_OWN, POSITION_SHARED
    east_m, north_m, _ = std_m
    if rtk_flag == RTK_FIXED:
        return PoseError(east_m=east_m, north_m=north_m), PoseError(east_m=RTK_SHARED_M, north_m=RTK_SHARED_M)
    own = PoseError(east_m=min(east_m, POSITION_OWN.east_m), north_m=min(north_m, POSITION_OWN.north_m))
    return own, PoseError(east_m=max(east_m, RTK_SHARED_M), north_m=max(north_m, RTK_SHARED_M))


def with_up(error: PoseError, up_m: float) -> PoseError:
    """The error with its height part set."""
    return replace(error, up_m=up_m)


def with_angles(error: PoseError, angles: PoseError) -> PoseError:
    """The error with the angles of another."""
    return replace(error, yaw_deg=angles.yaw_deg, pitch_deg=angles.pitch_deg, roll_deg=angles.roll_deg)


def nadir_error(course_known: bool) -> PoseError:
    """Own error of an assumed straight-down view."""
    yaw_deg = NADIR_YAW_DEG if course_known else UNKNOWN_YAW_DEG
    return PoseError(yaw_deg=yaw_deg, pitch_deg=NADIR_TILT_DEG, roll_deg=NADIR_TILT_DEG)
