"""What a live link tells, by message time: a bounded buffer that becomes a `Track` whenever one is asked for.

A vehicle's clock counts from its boot. SYSTEM_TIME ties it to UTC; until one has come that is sane, the time of
receipt does, by the message that came with the least delay. A clock that goes back is a vehicle that booted anew: what
it told before keeps its own tie. Messages without a time of their own (MOUNT_STATUS), and those of a gimbal or camera
whose clock is not the vehicle's, have that of the autopilot's last message, plus what passed since it came.
"""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import takewhile
from statistics import median
from typing import Any

import numpy as np

from pipeline.ingest.columns import Table
from pipeline.ingest.gimbal import from_device, from_orientation, from_status
from pipeline.ingest.salvage import Faults
from pipeline.ingest.track import Attitudes, LogClock, Positions, Track

ROWS = 40_000  # kept of each kind: over an hour at 10 a second
TIES = 61  # pairs of SYSTEM_TIME that vote
REBOOT_NS = 2_000_000_000  # a clock that goes back by more has started anew; less is a message out of order
MOST_SINCE_NS = 500_000_000  # that may have passed since the message before
SANE_US = (1_262_304_000_000_000, 4_102_444_800_000_000)  # 2010 to 2100
CLOCK_SIGMA_S, RECEIPT_SIGMA_S = 0.02, 0.2
GCS, NO_AUTOPILOT = 6, 8
AUTOPILOTS = frozenset({"SYSTEM_TIME", "GLOBAL_POSITION_INT", "ATTITUDE", "GPS_RAW_INT", "HOME_POSITION"})
OTHER_CLOCK_NS = 3_000_000_000  # a part whose time since boot differs by more has a clock of its own


@dataclass(slots=True)
class _Boot:
    """One life of the vehicle: its clock, tied to UTC and to this computer's clock."""

    ties_ns: deque[int] = field(default_factory=lambda: deque(maxlen=TIES))
    least_lag_ns: int | None = None  # receipt minus boot time
    last_ns: int = 0
    last_receipt_ns: int = 0

    def utc_minus_boot_ns(self) -> int:
        return round(median(self.ties_ns)) if self.ties_ns else self.least_lag_ns or 0


Row = tuple[_Boot, int, tuple[float, ...]]  # whose clock, time on it, values


@dataclass(frozen=True, slots=True)
class Exposure:
    """A press of the shutter, as the link told it; NaN where it does not say."""

    t_ns: int  # UTC
    sequence: int
    source: str
    lat_deg: float = math.nan
    lon_deg: float = math.nan
    msl_m: float = math.nan
    relative_m: float = math.nan


class Telemetry:
    """Fed by the link's thread, asked by others."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rows: dict[str, deque[Row]] = {}
        self._boot, self._boots = _Boot(), 1
        self._exposures: list[tuple[_Boot, int | None, Exposure]] = []
        self._sigma_m = math.nan
        self._home: tuple[float, float, float] | None = None
        self._system, self._component = 0, 0  # the autopilot's
        self.exposures_lost = 0
        self._handlers: dict[str, Callable[[Any, int], None]] = {
            "HEARTBEAT": self._heartbeat, "SYSTEM_TIME": self._system_time, "GLOBAL_POSITION_INT": self._position,
            "ATTITUDE": self._attitude, "MOUNT_STATUS": self._mount_status,
            "MOUNT_ORIENTATION": self._mount_orientation, "GIMBAL_DEVICE_ATTITUDE_STATUS": self._gimbal_device,
            "CAMERA_FEEDBACK": self._feedback, "CAMERA_TRIGGER": self._trigger,
            "CAMERA_IMAGE_CAPTURED": self._captured, "GPS_RAW_INT": self._gps, "HOME_POSITION": self._home_position,
        }  # fmt: skip

    def feed(self, message: Any, receipt_ns: int) -> None:
        """Take one pymavlink message that came at `receipt_ns` (this computer's UTC)."""
        handler = self._handlers.get(message.get_type())
        if handler is None:
            return
        with self._lock:
            if self._system == 0 and handler != self._heartbeat:
                return
            if self._system in (0, message.get_srcSystem()) and self._may_tell(message):
                handler(message, receipt_ns)

    def _may_tell(self, message: Any) -> bool:
        """A gimbal and a camera may be parts of their own; all else only the autopilot knows."""
        return message.get_type() not in AUTOPILOTS or message.get_srcComponent() == self._component

    # --- what was told -----------------------------------------------------------------------------------------------

    @property
    def boots(self) -> int:
        """How often the vehicle has started, as far as it could be seen."""
        with self._lock:
            return self._boots

    @property
    def clock_source(self) -> str:
        """What ties the vehicle's clock to UTC."""
        with self._lock:
            return "SYSTEM_TIME" if self._boot.ties_ns else "time of receipt"

    def newest_ns(self) -> int | None:
        """UTC of the newest position, None before the first."""
        with self._lock:
            return self._utc(self._rows["position"][-1]) if self._rows.get("position") else None

    def utc_of(self, receipt_ns: int) -> int | None:
        """A moment of this computer's clock in the vehicle's UTC, which may differ; None before the first message."""
        with self._lock:
            boot = self._boot
            if boot.least_lag_ns is None:
                return None
            return receipt_ns - boot.least_lag_ns + boot.utc_minus_boot_ns()

    def track(self, t_ns: int | None = None, around_s: float = 30.0) -> Track:
        """What was told around a moment, or in all, as a Track in UTC."""
        with self._lock:
            rows = {kind: self._near(kept, t_ns, around_s) for kind, kept in self._rows.items()}
            tied, home, sigma_m = bool(self._boot.ties_ns), self._home, self._sigma_m
        clock = LogClock("SYSTEM_TIME" if tied else "time of receipt", CLOCK_SIGMA_S if tied else RECEIPT_SIGMA_S)
        places, body = _positions(rows.get("position", []), sigma_m), _body(rows.get("attitude", []))
        return Track("live", "tlog", places, body, _gimbal(rows, body), home=home, clock=clock)

    def take_exposures(self) -> list[Exposure]:
        """The presses of the shutter since the last call."""
        with self._lock:
            taken, self._exposures = self._exposures, []
            return [
                e if t_ns is None else Exposure(
                    t_ns + boot.utc_minus_boot_ns(), e.sequence, e.source, e.lat_deg, e.lon_deg, e.msl_m, e.relative_m
                )
                for boot, t_ns, e in taken
            ]  # fmt: skip

    def _near(self, kept: deque[Row], t_ns: int | None, around_s: float) -> list[tuple[int, tuple[float, ...]]]:
        """(UTC, values) in order of time, each time once."""
        timed: Iterable[tuple[int, tuple[float, ...]]] = ((self._utc(row), row[2]) for row in reversed(kept))
        if t_ns is not None:
            first, last = t_ns - round(around_s * 1e9), t_ns + round(around_s * 1e9)
            timed = (x for x in takewhile(lambda x: x[0] >= first, timed) if x[0] <= last)
        return sorted(dict(timed).items())

    @staticmethod
    def _utc(row: Row) -> int:
        return row[1] + row[0].utc_minus_boot_ns()

    # --- how it is told ----------------------------------------------------------------------------------------------

    def _heartbeat(self, m: Any, receipt_ns: int) -> None:
        if self._system == 0 and m.type != GCS and m.autopilot != NO_AUTOPILOT:
            self._system, self._component = m.get_srcSystem(), m.get_srcComponent()

    def _at(self, m: Any, receipt_ns: int) -> tuple[_Boot, int]:
        """The clock and the time of a message that tells its time since boot."""
        boot, t_ns = self._boot, int(m.time_boot_ms) * 1_000_000
        if boot.least_lag_ns is not None and t_ns < boot.last_ns - REBOOT_NS:
            boot = self._boot = _Boot()
            self._boots += 1
        if t_ns >= boot.last_ns:
            boot.last_ns, boot.last_receipt_ns = t_ns, receipt_ns
        lag_ns = receipt_ns - t_ns
        boot.least_lag_ns = lag_ns if boot.least_lag_ns is None else min(boot.least_lag_ns, lag_ns)
        return boot, t_ns

    def _since_last(self, receipt_ns: int) -> tuple[_Boot, int] | None:
        """The same for a message without a time; None before the first that has one."""
        boot = self._boot
        if boot.least_lag_ns is None:
            return None
        return boot, boot.last_ns + min(max(receipt_ns - boot.last_receipt_ns, 0), MOST_SINCE_NS)

    def _at_part(self, m: Any, receipt_ns: int) -> tuple[_Boot, int] | None:
        """The same for a gimbal's or camera's message, whose time since boot may be its own."""
        here, t_ns = self._since_last(receipt_ns), int(m.time_boot_ms) * 1_000_000
        if here is None or abs(t_ns - here[1]) > OTHER_CLOCK_NS:
            return here
        return here[0], t_ns

    def _keep(self, kind: str, at: tuple[_Boot, int] | None, *values: float) -> None:
        if at is not None and all(map(math.isfinite, values[:2])):
            self._rows.setdefault(kind, deque(maxlen=ROWS)).append((*at, values))

    def _system_time(self, m: Any, receipt_ns: int) -> None:
        boot, t_ns = self._at(m, receipt_ns)
        if SANE_US[0] < m.time_unix_usec < SANE_US[1]:
            boot.ties_ns.append(int(m.time_unix_usec) * 1000 - t_ns)

    def _position(self, m: Any, receipt_ns: int) -> None:
        at = self._at(m, receipt_ns)
        if (m.lat, m.lon) != (0, 0) and abs(m.lat) <= 900_000_000 and abs(m.lon) <= 1_800_000_000:
            velocity = (m.vx / 100, m.vy / 100, m.vz / 100)
            self._keep("position", at, m.lat / 1e7, m.lon / 1e7, m.alt / 1000, m.relative_alt / 1000, *velocity)

    def _attitude(self, m: Any, receipt_ns: int) -> None:
        self._keep("attitude", self._at(m, receipt_ns), *map(math.degrees, (m.yaw, m.pitch, m.roll)))

    def _mount_status(self, m: Any, receipt_ns: int) -> None:
        self._keep("MOUNT_STATUS", self._since_last(receipt_ns), m.pointing_a, m.pointing_b, m.pointing_c)

    def _mount_orientation(self, m: Any, receipt_ns: int) -> None:
        self._keep("MOUNT_ORIENTATION", self._at_part(m, receipt_ns), m.roll, m.pitch, m.yaw, m.yaw_absolute)

    def _gimbal_device(self, m: Any, receipt_ns: int) -> None:
        self._keep("GIMBAL_DEVICE_ATTITUDE_STATUS", self._at_part(m, receipt_ns), m.flags, *m.q)

    def _gps(self, m: Any, receipt_ns: int) -> None:
        h_acc_mm = getattr(m, "h_acc", 0)
        self._sigma_m = h_acc_mm / 1000 if 0 < h_acc_mm < 1_000_000 else math.nan

    def _home_position(self, m: Any, receipt_ns: int) -> None:
        if (m.latitude, m.longitude) != (0, 0):
            self._home = (m.latitude / 1e7, m.longitude / 1e7, m.altitude / 1000)

    def _press(self, at: tuple[_Boot, int] | None, exposure: Exposure) -> None:
        if len(self._exposures) >= ROWS:
            self.exposures_lost += 1
        else:
            self._exposures.append((self._boot, None, exposure) if at is None else (*at, exposure))

    def _when(self, time_us: int) -> tuple[tuple[_Boot, int] | None, int]:
        """(clock and time on it, UTC) of a camera's time stamp: since 1970 where that makes sense, else since boot."""
        if SANE_US[0] < time_us < SANE_US[1]:
            return None, int(time_us) * 1000
        return (self._boot, int(time_us) * 1000), 0

    def _feedback(self, m: Any, receipt_ns: int) -> None:
        at, t_ns = self._when(m.time_usec)
        place = (m.lat / 1e7, m.lng / 1e7, float(m.alt_msl), float(m.alt_rel))
        self._press(at, Exposure(t_ns, int(m.img_idx), "CAMERA_FEEDBACK", *place))

    def _trigger(self, m: Any, receipt_ns: int) -> None:
        at, t_ns = self._when(m.time_usec)
        self._press(at, Exposure(t_ns, int(m.seq), "CAMERA_TRIGGER"))

    def _captured(self, m: Any, receipt_ns: int) -> None:
        at, t_ns = self._when(m.time_utc)
        if at is not None:  # since 1970 it does not say
            at = self._at_part(m, receipt_ns)
        place = (m.lat / 1e7, m.lon / 1e7, m.alt / 1000, m.relative_alt / 1000)
        self._press(at, Exposure(t_ns, int(m.image_index), "CAMERA_IMAGE_CAPTURED", *place))


Timed = list[tuple[int, tuple[float, ...]]]  # UTC and values, in order of time


def _columns(rows: Timed) -> tuple[Any, Any]:
    """(N,) times and (N, k) values."""
    return np.array([t for t, _ in rows], np.int64), np.array([v for _, v in rows], np.float64)


def _positions(rows: Timed, sigma_m: float) -> Positions | None:
    if not rows:
        return None
    t_ns, v = _columns(rows)
    return Positions(
        t_ns, v[:, 0], v[:, 1], v[:, 2], v[:, 3], v[:, 4:7], np.full(len(v), sigma_m), "GLOBAL_POSITION_INT"
    )


def _body(rows: Timed) -> Attitudes | None:
    if not rows:
        return None
    t_ns, v = _columns(rows)
    return Attitudes(t_ns, v[:, 0], v[:, 1], v[:, 2], "ATTITUDE")


def _gimbal(rows: Mapping[str, Timed], body: Attitudes | None) -> Attitudes | None:
    """The gimbal's newest way of telling its angles before the older ones, where it tells them at all."""
    if told := rows.get("GIMBAL_DEVICE_ATTITUDE_STATUS"):
        t_ns, v = _columns(told)
        return from_device(t_ns, v[:, 1:5], v[:, 0].astype(np.int64), Faults())
    if told := rows.get("MOUNT_ORIENTATION"):
        return from_orientation(*_table("MOUNT_ORIENTATION", told, ("roll", "pitch", "yaw", "yaw_absolute")))
    if told := rows.get("MOUNT_STATUS"):
        return from_status(*_table("MOUNT_STATUS", told, ("pointing_a", "pointing_b", "pointing_c")), body)
    return None


def _table(name: str, rows: Timed, fields: tuple[str, ...]) -> tuple[Any, Table]:
    """Times, and the messages as the log readers hold them."""
    t_ns, v = _columns(rows)
    table = np.zeros(len(v), [(f, np.float64) for f in fields])
    for i, field_name in enumerate(fields):
        table[field_name] = v[:, i]
    return t_ns, Table(name, table)
