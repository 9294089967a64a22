"""The pose at a moment, from a log: between two of its rows, never beyond its ends.

Places follow a cubic Hermite curve through two rows and their velocities, or a line where the log tells none;
attitudes turn at a constant rate about one axis (SLERP), the aircraft's and the gimbal's each between its own rows.
Rows that lie more than 1.1 s apart (one a second, with its jitter) have nothing between them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.ingest import sigma
from pipeline.ingest.track import Attitudes, Positions, Track
from pipeline.types import Attitude, PoseError

MAX_GAP_S = 1.1
ACCELERATION_MPS2 = 2.0  # of a drone on a survey: how far a line strays from the flown curve is a·dt²/8
RTK_SIGMA_M = 0.1  # a receiver that says less than this has a fixed solution
_VELOCITY_SLACK_M = 1.0  # velocities that contradict the places by more than this are not used
FASTEST_MPS = 100.0  # of what drones can do; a receiver that jumps shows more
JUMP_M = 20.0  # a receiver that comes back from a loss may shift by less
_LONG_S = 0.3  # a time error in which a drone may begin a turn
_M_PER_DEG = 111_320.0  # for differences of metres between neighbouring rows

Floats = NDArray[np.float64]
NO_ERROR = PoseError()


@dataclass(frozen=True, slots=True)
class LogPose:
    """What a log says of one moment; NaN and None where it says nothing.

    `shared.up_m` is that of `alt_m`; `relative_m` shares `sigma.UP_RELATIVE_SHARED_M` instead.
    """

    lat_deg: float = math.nan
    lon_deg: float = math.nan
    alt_m: float = math.nan  # ellipsoidal
    relative_m: float = math.nan  # above home
    velocity_mps: tuple[float, float, float] = (math.nan, math.nan, math.nan)  # north, east, down
    attitude: Attitude | None = None  # of the lens
    body: Attitude | None = None  # of the aircraft
    own: PoseError = NO_ERROR
    shared: PoseError = NO_ERROR
    sources: tuple[tuple[str, str], ...] = ()
    problem: str = ""  # why there is no place
    attitude_problem: str = ""  # why there is no attitude


@dataclass(frozen=True, slots=True)
class _Place:
    lat_deg: float
    lon_deg: float
    alt_m: float
    relative_m: float
    velocity_mps: Floats  # (3,) north, east, down
    sigma_m: float
    stray_m: float  # by how much the curve between the rows may be wrong


def pose_at(track: Track, t_ns: int, sigma_t_s: float, mount: Attitude | None, common_t_s: float = 0.0) -> LogPose:
    """The pose at `t_ns` in the track's clock.

    `sigma_t_s` is this moment's own time error, `common_t_s` what all moments of the flight have in common; the
    latter counts as shared and as own, since its shift turns with the course, so that neither alone would hold it.
    `mount` is the camera's in the body, for one that is fixed there; without, the log's gimbal is asked. Never
    raises: what cannot be told is named in `problem` and `attitude_problem`.
    """
    place = _place(track.positions, t_ns)
    if isinstance(place, str):
        return LogPose(problem=f"{track.id}: {place}", attitude_problem=f"{track.id}: {place}")
    body, body_rate = _attitude(track.body, t_ns)
    lens, rate_dps, source, problem = _lens(track, t_ns, mount, body, body_rate)
    turned_deg = _turned_deg(track, t_ns, mount, lens, rate_dps, math.hypot(sigma_t_s, common_t_s))
    own, shared = _errors(place, lens is not None and mount is None, turned_deg, sigma_t_s, common_t_s)
    assert track.positions is not None
    return LogPose(
        place.lat_deg, place.lon_deg, _ellipsoidal(place, track.positions.datum), place.relative_m,
        (float(place.velocity_mps[0]), float(place.velocity_mps[1]), float(place.velocity_mps[2])),
        lens, body, own, shared,
        (("position", f"log {track.id} {track.positions.source}"), *((("attitude", source),) if lens else ())),
        attitude_problem=problem,
    )  # fmt: skip


def _bracket(times_ns: NDArray[np.int64], t_ns: int) -> tuple[int, int, float] | None:
    """(row before, row after, fraction between them), or None outside the rows and inside a gap."""
    n = len(times_ns)
    if n == 0 or not times_ns[0] <= t_ns <= times_ns[-1]:
        return None
    after = min(int(np.searchsorted(times_ns, t_ns, "right")), n - 1)
    before = max(after - 1, 0)
    span = int(times_ns[after]) - int(times_ns[before])
    if 0 < span <= MAX_GAP_S * 1e9:
        return before, after, (t_ns - int(times_ns[before])) / span
    for row in (before, after):
        if times_ns[row] == t_ns:
            return row, row, 0.0
    return None


def _outside(times_ns: NDArray[np.int64], t_ns: int, what: str) -> str:
    """The sentence for a moment without rows around it."""
    if len(times_ns) == 0:
        return f"the log holds no {what}"
    start, end = int(times_ns[0]), int(times_ns[-1])
    if t_ns < start:
        return f"taken {_span(start - t_ns)} before the log's first {what}"
    if t_ns > end:
        return f"taken {_span(t_ns - end)} after the log's last {what}"
    after = int(np.searchsorted(times_ns, t_ns))
    gap_s = (int(times_ns[after]) - int(times_ns[after - 1])) / 1e9
    return f"the log has a gap of {gap_s:.1f} s in its {what}s"


def _span(ns: int) -> str:
    """A span of time for people."""
    seconds = ns / 1e9
    return f"{seconds:.1f} s" if seconds < 7200 else f"{seconds / 86400:.1f} days"


def _place(rows: Positions | None, t_ns: int) -> _Place | str:
    if rows is None:
        return "the log holds no position"
    found = _bracket(rows.t_ns, t_ns)
    if found is None:
        return _outside(rows.t_ns, t_ns, "position")
    a, b, f = found
    dt_s = (int(rows.t_ns[b]) - int(rows.t_ns[a])) / 1e9
    east_scale = _M_PER_DEG * max(math.cos(math.radians(rows.lat_deg[a])), 1e-9)
    step = np.array([
        (rows.lat_deg[b] - rows.lat_deg[a]) * _M_PER_DEG,
        math.remainder(float(rows.lon_deg[b] - rows.lon_deg[a]), 360.0) * east_scale,
        -_difference(rows, a, b),
    ])  # fmt: skip
    if _is_jump(step, dt_s):
        return f"the log's position jumps by {float(np.linalg.norm(step)):.0f} m in {dt_s:.2f} s"
    moved, velocity = _between(step, rows.velocity_mps[a], rows.velocity_mps[b], dt_s, f)
    lon = float(rows.lon_deg[a]) + float(moved[1]) / east_scale
    return _Place(
        float(rows.lat_deg[a]) + float(moved[0]) / _M_PER_DEG,
        lon if -180.0 <= lon < 180.0 else math.remainder(lon, 360.0),
        float(rows.alt_m[a] - moved[2]) if np.isfinite(rows.alt_m[[a, b]]).all() else math.nan,
        float(rows.relative_m[a] - moved[2]) if np.isfinite(rows.relative_m[[a, b]]).all() else math.nan,
        velocity,
        float(np.nanmax([rows.sigma_m[a], rows.sigma_m[b], 0.0])),
        ACCELERATION_MPS2 * dt_s * dt_s / 8 * 4 * f * (1 - f),
    )


def _is_jump(step: Floats, dt_s: float) -> bool:
    """Whether no drone can have moved so: what lies between such rows is nowhere it has been."""
    return float(np.linalg.norm(step)) > max(JUMP_M, FASTEST_MPS * dt_s)


def _difference(rows: Positions, a: int, b: int) -> float:
    """How much higher row b is, in m, by whichever height both tell; 0 where neither does."""
    for heights in (rows.relative_m, rows.alt_m):
        rise = float(heights[b] - heights[a])
        if math.isfinite(rise):
            return rise
    return 0.0


def _between(step: Floats, v0: Floats, v1: Floats, dt_s: float, f: float) -> tuple[Floats, Floats]:
    """((3,) metres from the first row, (3,) velocity), axes north, east, down."""
    known = bool(np.isfinite(v0).all() and np.isfinite(v1).all())
    if dt_s <= 0.0:
        return np.zeros(3), np.array(v0, np.float64)
    line = step / dt_s
    if not known or float(np.linalg.norm(step - (v0 + v1) * (dt_s / 2))) > _VELOCITY_SLACK_M:
        return step * f, line
    h01, h10, h11 = f * f * (3 - 2 * f), f * (1 - f) ** 2, f * f * (f - 1)
    return step * h01 + dt_s * (v0 * h10 + v1 * h11), v0 + (v1 - v0) * f


def _ellipsoidal(place: _Place, datum: str) -> float:
    if datum == "ellipsoid" or not math.isfinite(place.alt_m):
        return place.alt_m
    from pipeline.geo.datum import egm96_m

    return place.alt_m + float(egm96_m(place.lat_deg, place.lon_deg))


def _attitude(rows: Attitudes | None, t_ns: int) -> tuple[Attitude | None, float]:
    """(attitude, turning rate in degrees a second); None where the rows do not tell."""
    found = None if rows is None else _bracket(rows.t_ns, t_ns)
    if rows is None or found is None:
        return None, 0.0
    a, b, f = found
    first, last = _row(rows, a), _row(rows, b)
    if first is None or last is None:
        return None, 0.0
    attitude, turn_deg = slerp(first, last, f)
    span_s = (int(rows.t_ns[b]) - int(rows.t_ns[a])) / 1e9
    return attitude, turn_deg / span_s if span_s > 0.0 else 0.0


def _row(rows: Attitudes, i: int) -> Attitude | None:
    angles = (float(rows.yaw_deg[i]), float(rows.pitch_deg[i]), float(rows.roll_deg[i]))
    return Attitude(*angles) if all(map(math.isfinite, angles)) else None


def slerp(first: Attitude, last: Attitude, fraction: float) -> tuple[Attitude, float]:
    """(the attitude a fraction of the way along the shortest turn, the whole turn in degrees); Shoemake 1985."""
    from pipeline.geo.rotation import attitude_of, enu_R_cam, turn_about

    start = enu_R_cam(first)
    turn = start.T @ enu_R_cam(last)
    twice = np.array([turn[2, 1] - turn[1, 2], turn[0, 2] - turn[2, 0], turn[1, 0] - turn[0, 1]])
    sine = float(np.linalg.norm(twice))
    angle_deg = math.degrees(math.atan2(sine, float(np.trace(turn)) - 1.0))
    if sine < 1e-12:  # no turn, or half a turn, whose axis nobody knows
        return (first if fraction < 0.5 else last), angle_deg
    if fraction == 0.0:
        return first, angle_deg
    return attitude_of(start @ turn_about(twice / sine, fraction * angle_deg)), angle_deg


def _lens(
    track: Track, t_ns: int, mount: Attitude | None, body: Attitude | None, body_rate: float
) -> tuple[Attitude | None, float, str, str]:
    """(attitude, rate in degrees a second, source, problem)."""
    from pipeline.geo.rotation import compose_mount

    if mount is not None:
        if body is None or track.body is None:
            return None, 0.0, "", f"{track.id}: {_no_rows(track.body, t_ns, 'attitude')}"
        return compose_mount(body, mount), body_rate, f"log {track.id} {track.body.source}, mission file's mount", ""
    gimbal, rate = _attitude(track.gimbal, t_ns)
    if gimbal is None or track.gimbal is None:
        missing = _no_rows(track.gimbal, t_ns, "gimbal angle")
        return None, 0.0, "", f"{track.id}: {missing}, and the mission file has no [mount]"
    if gimbal == Attitude(0.0, 0.0, 0.0):
        return None, 0.0, "", f"{track.id}: all gimbal angles are zero, as a gimbal that is not there reports them"
    source = f"log {track.id} {track.gimbal.source}"
    if track.gimbal.reference == "earth":
        return gimbal, rate, source, ""
    if body is None or track.body is None:
        return None, 0.0, "", f"{track.id}: gimbal angles count from the airframe, whose own the log does not tell here"
    source = f"{source} on {track.body.source}"
    if track.gimbal.reference == "vehicle yaw":
        yaw = math.remainder(body.yaw_deg + gimbal.yaw_deg, 360.0)
        return Attitude(yaw, gimbal.pitch_deg, gimbal.roll_deg), rate + body_rate, source, ""
    return compose_mount(body, gimbal), rate + body_rate, source, ""


def _turned_deg(
    track: Track, t_ns: int, mount: Attitude | None, lens: Attitude | None, rate_dps: float, t_s: float
) -> float:
    """How far a time error of `t_s` turns the lens: by its rate, or, over a turn ahead or behind, by what was flown."""
    turned = rate_dps * t_s
    if lens is None or t_s < _LONG_S:
        return turned
    for other_ns in (t_ns - round(t_s * 1e9), t_ns + round(t_s * 1e9)):
        body, body_rate = _attitude(track.body, other_ns)
        other = _lens(track, other_ns, mount, body, body_rate)[0]
        turned = max(turned, slerp(lens, other, 0.0)[1] if other is not None else 0.0)
    return min(turned, 180.0)


def _no_rows(rows: Attitudes | None, t_ns: int, what: str) -> str:
    if rows is None:
        return f"the log holds no {what}"
    return f"the log's {what}s are not numbers here" if _bracket(rows.t_ns, t_ns) else _outside(rows.t_ns, t_ns, what)


def _errors(
    place: _Place, gimbal: bool, turned: float, own_t_s: float, common_t_s: float
) -> tuple[PoseError, PoseError]:
    own_m, shared_m = position_sigmas(place.sigma_m)
    angles, up_m = (sigma.GIMBAL_OWN if gimbal else sigma.BODY_OWN), sigma.UP_OWN_M
    up_shared_m = sigma.UP_ABSOLUTE_SHARED_M if shared_m > RTK_SIGMA_M else 2 * shared_m
    common = _moved(PoseError(shared_m, shared_m, up_shared_m), place.velocity_mps, common_t_s)
    t_s = math.hypot(own_t_s, common_t_s)
    own_m = math.hypot(own_m, place.stray_m)
    own = _moved(PoseError(own_m, own_m, up_m), place.velocity_mps, t_s)
    own_angles = PoseError(
        yaw_deg=math.hypot(angles.yaw_deg, turned),
        pitch_deg=math.hypot(angles.pitch_deg, turned),
        roll_deg=math.hypot(angles.roll_deg, turned),
    )
    return sigma.with_angles(own, own_angles), sigma.with_angles(common, sigma.ATTITUDE_SHARED)


def position_sigmas(said_m: float) -> tuple[float, float]:
    """(own, shared) σ in m of a receiver that says `said_m`; only a fixed RTK solution is taken at its word."""
    if 0.0 < said_m < RTK_SIGMA_M:
        return said_m, sigma.RTK_SHARED_M
    return sigma.POSITION_OWN.east_m, max(sigma.POSITION_SHARED.east_m, said_m)


def _moved(error: PoseError, velocity_mps: Floats, t_s: float) -> PoseError:
    north, east, down = (abs(float(v)) * t_s if math.isfinite(v) else 0.0 for v in velocity_mps)
    return PoseError(math.hypot(error.east_m, east), math.hypot(error.north_m, north), math.hypot(error.up_m, down))
