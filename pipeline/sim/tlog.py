"""A telemetry log as a ground station keeps it: MAVLink 2 packets, each after the station's time of receipt.

What stands in one is what ArduPilot sends: the station's own heartbeat and SYSTEM_TIME lie among the vehicle's, there
is neither position nor UTC before the first fix, and MOUNT_STATUS brings no time of its own.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline.sim.clocks import Ns
from pipeline.sim.logs import NO_FIX_S, Recorder
from pipeline.sim.noise import stream
from pipeline.sim.sites import local_time
from pipeline.sim.space import Floats

POSITION_HZ, ATTITUDE_HZ, GIMBAL_HZ, MOUNT_HZ = 5.0, 10.0, 10.0, 5.0
LATENCY_S = (0.005, 0.15)
QUADROTOR, ARDUPILOT, STATION_TYPE, STATION = 2, 3, 6, 255
# Roll and pitch count from the horizon, yaw from the nose: ROLL_LOCK, PITCH_LOCK, YAW_IN_VEHICLE_FRAME.
GIMBAL_FLAGS = 4 | 8 | 32

Event = tuple[float, int, Any]  # seconds since the first exposure, system, message


def tlog_name(recorder: Recorder) -> str:
    """As Mission Planner names them, by the local time of the beginning."""
    begin = int(recorder.clocks.utc_ns(np.array(recorder.span_s))[0])
    return local_time(begin, recorder.truth.terrain.site.utc_offset_h).strftime("%Y-%m-%d %H-%M-%S") + ".tlog"


def tlog_bytes(recorder: Recorder) -> bytes:
    """The whole log."""
    from pymavlink.dialects.v20 import ardupilotmega as mavlink

    events = [
        *_times(recorder, mavlink), *_positions(recorder, mavlink), *_receiver(recorder, mavlink),
        *_home(recorder, mavlink), *_attitudes(recorder, mavlink), *_devices(recorder, mavlink),
        *_mounts(recorder, mavlink), *_exposures(recorder, mavlink), *_station(recorder, mavlink),
    ]  # fmt: skip
    events.sort(key=lambda event: event[0])
    receipts = _receipts_us(recorder, np.array([t for t, _, _ in events]))
    links = {system: mavlink.MAVLink(None, srcSystem=system, srcComponent=1) for system in (1, STATION)}
    out = bytearray()
    for receipt, (_, system, message) in zip(receipts, events, strict=True):
        link = links[system]
        out += struct.pack(">Q", int(receipt)) + message.pack(link)
        link.seq = (link.seq + 1) % 256
    return bytes(out)


def _receipts_us(recorder: Recorder, t_s: Floats) -> Floats:
    """(N,) the station's clock, which is right, when a packet comes in: late by the radio, never out of order."""
    rng = stream(recorder.truth.config, "radio")
    late = np.clip(LATENCY_S[0] + rng.exponential(0.02, len(t_s)), *LATENCY_S)
    return np.asarray(np.maximum.accumulate(recorder.clocks.utc_ns(t_s + late) // 1000))


def _boot_ms(recorder: Recorder, t_s: Floats) -> Ns:
    return np.asarray(recorder.clocks.boot_ns(recorder.clocks.utc_ns(t_s)) // 1_000_000)


def _times(recorder: Recorder, mavlink: Any) -> Iterator[Event]:
    t = recorder.ticks(1.0, 0.013)
    utc_us = recorder.clocks.utc_ns(t) // 1000
    utc_us[t < t[0] + NO_FIX_S] = 0
    for when, utc, boot in zip(t, utc_us, _boot_ms(recorder, t), strict=True):
        yield when, 1, mavlink.MAVLink_heartbeat_message(QUADROTOR, ARDUPILOT, 0x51, 3, 4, 3)
        yield when, 1, mavlink.MAVLink_system_time_message(int(utc), int(boot))


@dataclass(frozen=True, slots=True, eq=False)
class _Sent:
    """Fixes in the integers of MAVLink, (N,) each; 0 until there is a fix."""

    t_s: Floats
    boot_ms: Ns
    known: Ns  # 0 or 1
    lat: Ns  # 1e-7 degrees
    lon: Ns
    amsl_mm: Ns
    relative_mm: Ns
    ellipsoidal_mm: Ns
    speed_cmps: Ns  # (N, 3) north, east, down


def _sent(recorder: Recorder) -> _Sent:
    t = recorder.ticks(POSITION_HZ, 0.031)
    fixes, known = recorder.fixes(t), (t >= t[0] + NO_FIX_S).astype(np.int64)
    lat, lon = (np.rint(v * 1e7).astype(np.int64) * known for v in (fixes.lat_deg, fixes.lon_deg))
    heights = (fixes.amsl_m, fixes.relative_m, fixes.ellipsoidal_m)
    amsl, relative, alt = (np.rint(v * 1000).astype(np.int64) * known for v in heights)
    speed = np.rint(fixes.velocity_mps * 100).astype(np.int64)
    return _Sent(t, _boot_ms(recorder, t), known, lat, lon, amsl, relative, alt, speed)


def _positions(recorder: Recorder, mavlink: Any) -> Iterator[Event]:
    """What the filter makes of it all."""
    sent = _sent(recorder)
    heading = np.rint(recorder.body_deg(sent.t_s)[:, 0] * 100).astype(np.int64) % 36_000
    rows = np.column_stack([sent.boot_ms, sent.lat, sent.lon, sent.amsl_mm, sent.relative_mm, sent.speed_cmps, heading])
    for when, row in zip(sent.t_s, rows.tolist(), strict=True):
        yield when, 1, mavlink.MAVLink_global_position_int_message(*row)


def _receiver(recorder: Recorder, mavlink: Any) -> Iterator[Event]:
    """What the GPS says itself."""
    sent, sigma_mm = _sent(recorder), round(1000 * (recorder.errors.sigma_m or 1.2))
    ground = np.hypot(sent.speed_cmps[:, 0], sent.speed_cmps[:, 1]).astype(np.int64)
    rows = np.column_stack(
        [sent.boot_ms * 1000, 1 + 2 * sent.known, sent.lat, sent.lon, sent.amsl_mm, ground, sent.ellipsoidal_mm]
    )
    for when, (us, fix, lat, lon, amsl, speed, alt) in zip(sent.t_s, rows.tolist(), strict=True):
        yield when, 1, mavlink.MAVLink_gps_raw_int_message(
            us, fix, lat, lon, amsl, 80, 120, speed, 0, 15, alt, sigma_mm, 2 * sigma_mm, 300
        )  # fmt: skip


def _home(recorder: Recorder, mavlink: Any) -> Iterator[Event]:
    lat_deg, lon_deg, height_m = recorder.home
    home = mavlink.MAVLink_home_position_message(
        round(lat_deg * 1e7), round(lon_deg * 1e7), round(height_m * 1000), 0, 0, 0, [1, 0, 0, 0], 0, 0, 0
    )
    t = recorder.ticks(0.1, 0.031)
    yield from ((float(when), 1, home) for when in t[t >= t[0] + 2 * NO_FIX_S])


def _attitudes(recorder: Recorder, mavlink: Any) -> Iterator[Event]:
    t = recorder.ticks(ATTITUDE_HZ, 0.007)
    yaw, pitch, roll = _wrapped_rad(recorder.body_deg(t)).T
    for when, boot, *angles in zip(t, _boot_ms(recorder, t), roll, pitch, yaw, strict=True):
        yield when, 1, mavlink.MAVLink_attitude_message(int(boot), *map(float, angles), 0, 0, 0)


def _devices(recorder: Recorder, mavlink: Any) -> Iterator[Event]:
    if recorder.truth.config.gimbal not in ("both", "device"):
        return
    t = recorder.ticks(GIMBAL_HZ, 0.019)
    looks = quaternions(_from_nose(recorder, t)).tolist()
    for when, boot, q in zip(t, _boot_ms(recorder, t).tolist(), looks, strict=True):
        yield when, 1, mavlink.MAVLink_gimbal_device_attitude_status_message(
            0, 0, boot, GIMBAL_FLAGS, q, 0, 0, 0, 0
        )  # fmt: skip


def _mounts(recorder: Recorder, mavlink: Any) -> Iterator[Event]:
    if recorder.truth.config.gimbal not in ("both", "mount"):
        return
    t = recorder.ticks(MOUNT_HZ, 0.023)
    for when, (yaw, pitch, roll) in zip(t, np.rint(_from_nose(recorder, t) * 100).astype(int).tolist(), strict=True):
        yield when, 1, mavlink.MAVLink_mount_status_message(0, 0, pitch, roll, yaw)


def _from_nose(recorder: Recorder, t_s: Floats) -> Floats:
    """(N, 3) the gimbal's yaw from the nose in [-180, 180), pitch, roll."""
    angles = recorder.gimbal_deg(t_s)
    angles[:, 0] = (angles[:, 0] - recorder.body_deg(t_s)[:, 0] + 180) % 360 - 180
    return angles


def _wrapped_rad(angles_deg: Floats) -> Floats:
    out: Floats = np.radians((angles_deg + 180) % 360 - 180)
    return out


def quaternions(angles_deg: Floats) -> Floats:
    """(N, 4) w, x, y, z of yaw · pitch · roll, (N, 3), about down, right, forward."""
    (cy, cp, cr), (sy, sp, sr) = np.cos(np.radians(angles_deg) / 2).T, np.sin(np.radians(angles_deg) / 2).T
    return np.column_stack([
        cr * cp * cy + sr * sp * sy, sr * cp * cy - cr * sp * sy,
        cr * sp * cy + sr * cp * sy, cr * cp * sy - sr * sp * cy,
    ])  # fmt: skip


def _exposures(recorder: Recorder, mavlink: Any) -> Iterator[Event]:
    """CAMERA_FEEDBACK: UTC, the position then, and the airframe's attitude."""
    t = recorder.since_s(recorder.notes.utc_ns)
    fixes, body = recorder.fixes(t), recorder.body_deg(t)
    for i, (when, utc) in enumerate(zip(t, recorder.notes.utc_ns // 1000, strict=True)):
        yaw, pitch, roll = (float(v) for v in body[i])
        yield when, 1, mavlink.MAVLink_camera_feedback_message(
            int(utc), 1, 0, int(recorder.notes.sequence[i]), round(fixes.lat_deg[i] * 1e7),
            round(fixes.lon_deg[i] * 1e7), float(fixes.amsl_m[i]), float(fixes.relative_m[i]), roll, pitch,
            yaw % 360, 0.0, 0,
        )  # fmt: skip


def _station(recorder: Recorder, mavlink: Any) -> Iterator[Event]:
    """The ground station's own packets, with a boot time of its own."""
    t = recorder.ticks(1.0, 0.5)
    for when, utc in zip(t, recorder.clocks.utc_ns(t) // 1000, strict=True):
        yield when, STATION, mavlink.MAVLink_heartbeat_message(STATION_TYPE, 8, 0, 0, 4, 3)
        yield when, STATION, mavlink.MAVLink_system_time_message(int(utc), int((when - t[0] + 3600) * 1000))
