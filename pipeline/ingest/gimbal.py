"""A gimbal's angles out of MAVLink's three messages about them, and what they count from.

Angles are as `types.Attitude`: zero looks along the nose (or north), pitch -90 straight down.
"""

from __future__ import annotations

import numpy as np

from pipeline.ingest.columns import Table, attitudes, euler_deg
from pipeline.ingest.salvage import Faults
from pipeline.ingest.track import Attitudes, Floats, Ns, Positions

_YAW_LOCK = 16  # GIMBAL_DEVICE_FLAGS: yaw counts from north, if neither of the next two says otherwise
_IN_VEHICLE_FRAME = 32
_IN_EARTH_FRAME = 64
_TURNED_DEG = 1.0  # scatter of the aircraft's own angles from which a gimbal's frame can be seen


def from_device(t_ns: Ns, wxyz: Floats, flags: Ns, faults: Faults) -> Attitudes | None:
    """GIMBAL_DEVICE_ATTITUDE_STATUS: quaternions (N, 4) whose horizon is the Earth's, and flags that say what yaw is.

    https://mavlink.io/en/messages/common.html#GIMBAL_DEVICE_ATTITUDE_STATUS
    """
    framed = flags & (_IN_VEHICLE_FRAME | _IN_EARTH_FRAME)
    earth = np.where(framed != 0, framed == _IN_EARTH_FRAME, flags & _YAW_LOCK != 0)
    mostly = bool(earth.mean() >= 0.5)
    kept = earth == mostly
    if not kept.all():
        faults.add(f"{int((~kept).sum())} of {len(kept)} gimbal angles count yaw from elsewhere and are left out")
    yaw, pitch, roll = euler_deg(wxyz[kept])
    reference = "earth" if mostly else "vehicle yaw"
    return attitudes(Attitudes(t_ns[kept], yaw, pitch, roll, "GIMBAL_DEVICE_ATTITUDE_STATUS", reference))


def from_orientation(t_ns: Ns, table: Table) -> Attitudes | None:
    """MOUNT_ORIENTATION: degrees, roll and pitch from the horizon, yaw from the nose and, where told, from north."""
    absolute = table.column("yaw_absolute")
    told = bool(np.isfinite(absolute).all() and absolute.any())  # version 1 of the message had no such field
    yaw = absolute if told else table.column("yaw")
    made = Attitudes(t_ns, yaw, table.column("pitch"), table.column("roll"), table.name)
    return attitudes(_counted_from(made, "earth" if told else "vehicle yaw"))


def from_status(t_ns: Ns, table: Table, body: Attitudes | None) -> Attitudes | None:
    """MOUNT_STATUS: hundredths of a degree; a is pitch, b roll, c yaw.

    ArduPilot writes roll and pitch from the horizon for most gimbals, but the servos' angles from the airframe for
    servo gimbals of old; those move against the aircraft, and that is how they are told apart.
    """
    pitch, roll, yaw = (table.column(f"pointing_{i}") / 1e2 for i in "abc")
    made = attitudes(Attitudes(t_ns, yaw, pitch, roll, table.name, "vehicle yaw"))
    return _counted_from(made, "vehicle") if made is not None and _follows_airframe(made, body) else made


def _counted_from(made: Attitudes, reference: str) -> Attitudes:
    return Attitudes(made.t_ns, made.yaw_deg, made.pitch_deg, made.roll_deg, made.source, reference)


def _follows_airframe(made: Attitudes, body: Attitudes | None) -> bool:
    """Whether angles move against the aircraft's: adding those makes them quieter."""
    if body is None or len(made.t_ns) < 10:
        return False
    votes = [_against(made, body, "roll_deg"), _against(made, body, "pitch_deg")]
    return any(v is True for v in votes) and not any(v is False for v in votes)


def _against(made: Attitudes, body: Attitudes, angle: str) -> bool | None:
    """True: moves against the aircraft; False: it stands still while the aircraft moves; None: cannot be seen."""
    own = getattr(made, angle)
    turned = np.interp(made.t_ns.astype(np.float64), body.t_ns.astype(np.float64), getattr(body, angle))
    steps, turns = np.diff(own), np.diff(turned)
    if _scatter(turns) < _TURNED_DEG:
        return None
    if _scatter(own) == 0.0:
        return False
    return _scatter(steps + turns) < 0.7 * _scatter(steps)


def _scatter(values: Floats) -> float:
    return float(np.sqrt(np.mean(values**2))) if len(values) else 0.0


def home_of(made: Positions | None) -> tuple[float, float, float] | None:
    """The first place, at the height that the relative heights count from; None when that is not told."""
    if made is None:
        return None
    heights = made.alt_m - made.relative_m
    if not np.isfinite(heights).any():
        return None
    return float(made.lat_deg[0]), float(made.lon_deg[0]), float(np.nanmedian(heights))
