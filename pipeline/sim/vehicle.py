"""A simulated vehicle that speaks MAVLink over UDP or TCP: a known flight, as its telemetry tells it.

It answers requests for parameters and for the planned mission, loses messages at a seeded rate, falls silent and boots
anew when told to, and counts all that is said to it, so that a test can see that nobody commanded it. pymavlink alone;
nothing of the ground side is shared.
"""

from __future__ import annotations

import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import numpy as np

from pipeline.sim.radio import Radio, open_radio
from pipeline.sim.route import Item, Route, plan_of, quaternion, velocity

GIMBALS = ("gimbal_device", "mount_orientation", "mount_status", "none")
CAMERAS = ("feedback", "trigger", "captured", "none")
PARAMETERS = (("SYSID_THISMAV", 1.0), ("CAM_TRIGG_TYPE", 1.0), ("MNT1_TYPE", 4.0), ("RTL_ALT", 1500.0))
YAW_IN_VEHICLE, YAW_IN_EARTH = 32, 64  # GIMBAL_DEVICE_FLAGS
HORIZON = 4 | 8  # roll and pitch count from the horizon
TICK_S = 0.01


@dataclass(frozen=True, slots=True)
class Habits:
    """How a vehicle speaks. Times count from its start in seconds."""

    rate_hz: float = 5.0  # of position, attitude and gimbal
    gimbal: str = "gimbal_device"
    vehicle_yaw: bool = False  # the gimbal device's yaw counts from the nose
    body_yaw_offset_deg: float = 0.0  # the nose beside the way the lens points
    camera: str = "feedback"
    system_time: bool = True
    version: int = 2  # of MAVLink; 1 cannot carry the gimbal device's messages
    loss: float = 0.0  # share of messages lost, each way
    seed: int = 1
    lead_s: float = 2.0  # from start to the first press of the shutter
    boot_ahead_s: float = 60.0  # how long it had been running when it starts to speak
    silences: tuple[tuple[float, float], ...] = ()  # (from, to): nothing is sent or heard
    reboots: tuple[float, ...] = ()  # moments at which its clock starts anew


class SimVehicle:
    """A vehicle that flies and speaks in a thread of its own between `with` and its end.

    `address` is "udp:HOST:PORT" (it speaks to a ground station that listens there) or "tcp:HOST:PORT" (it listens;
    port 0 takes a free one, see `port`). `start_ns` is the UTC of the first press of the shutter once it has started.
    """

    def __init__(
        self, route: Route, address: str, habits: Habits | None = None, plan: tuple[Item, ...] | None = None
    ) -> None:
        self.route, self.habits = route, habits or Habits()
        self.plan = plan_of(route) if plan is None else plan
        self.heard: Counter[str] = Counter()  # types of all messages that arrived, before any loss
        self._radio: Radio = open_radio(address)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._live, name="simulated vehicle", daemon=True)
        self._random = np.random.default_rng(self.habits.seed)
        self._mav = _mavlink()
        self._utc_ns, self._started_s = 0, 0.0

    @property
    def port(self) -> int:
        return self._radio.port

    @property
    def start_ns(self) -> int:
        return self._utc_ns + round(self.habits.lead_s * 1e9)

    @property
    def length_s(self) -> float:
        """From its start to a second after the last press of the shutter."""
        return float(self.route.t_s[-1]) + self.habits.lead_s + 1.0

    def __enter__(self) -> SimVehicle:
        self._utc_ns, self._started_s = time.time_ns(), time.monotonic()
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, why: BaseException | None, at: TracebackType | None) -> None:
        self._stop.set()
        self._thread.join(10)
        self._radio.close()

    def _live(self) -> None:
        agenda: list[_Rhythm | _Shutter] = [
            _Rhythm(1.0, self._beat),
            _Rhythm(1 / self.habits.rate_hz, self._tell),
            _Shutter(self),
        ]
        while not self._stop.wait(TICK_S):
            now_s = time.monotonic() - self._started_s
            for m in self._parsed(self._radio.receive()):
                self._answer(m, now_s)
            for task in agenda:
                task.due(now_s)

    def _parsed(self, data: bytes) -> Iterator[Any]:
        for m in self._mav.parse_buffer(data) or () if data else ():
            if m.get_type() != "BAD_DATA":
                self.heard[m.get_type()] += 1
                yield m

    def _lost(self, now_s: float) -> bool:
        silent = any(start <= now_s < end for start, end in self.habits.silences)
        return silent or bool(self._random.random() < self.habits.loss)

    def send(self, message: Any, now_s: float) -> None:
        """Say something, unless the air swallows it."""
        data = message.pack(self._mav, force_mavlink1=self.habits.version == 1)
        self._mav.seq = (self._mav.seq + 1) % 256
        if not self._lost(now_s):
            self._radio.send(data)

    def boot_ms(self, now_s: float) -> int:
        """Milliseconds since the last boot."""
        last = max((t for t in self.habits.reboots if t <= now_s), default=-self.habits.boot_ahead_s)
        return round((now_s - last) * 1000)

    def utc_us(self, now_s: float) -> int:
        return (self._utc_ns + round(now_s * 1e9)) // 1000

    def _beat(self, now_s: float) -> None:
        self.send(self._mav.heartbeat_encode(2, 3, 209, 3, 4), now_s)  # a quadrotor by ArduPilot, armed, in AUTO
        if self.habits.system_time:
            self.send(self._mav.system_time_encode(self.utc_us(now_s), self.boot_ms(now_s)), now_s)

    def _tell(self, now_s: float) -> None:
        t_s, boot_ms = now_s - self.habits.lead_s, self.boot_ms(now_s)
        lat, lon, msl_m, relative_m, yaw, pitch, roll = self.route.at(t_s)
        north, east, down = velocity(self.route, t_s)
        nose = (yaw + self.habits.body_yaw_offset_deg + 180) % 360 - 180
        centimetres = [round(v * 100) for v in (north, east, down)]
        self.send(
            self._mav.global_position_int_encode(
                boot_ms, round(lat * 1e7), round(lon * 1e7), round(msl_m * 1000), round(relative_m * 1000),
                *centimetres, round(nose % 360 * 100) % 36000,
            ),
            now_s,
        )  # fmt: skip
        self.send(self._mav.attitude_encode(boot_ms, 0.0, 0.0, math.radians(nose), 0.0, 0.0, 0.0), now_s)
        self._tell_gimbal(now_s, (yaw, pitch, roll), nose)

    def _tell_gimbal(self, now_s: float, lens: tuple[float, float, float], nose: float) -> None:
        (yaw, pitch, roll), mav, boot_ms = lens, self._mav, self.boot_ms(now_s)
        beside = (yaw - nose + 180) % 360 - 180
        if self.habits.gimbal == "mount_status":
            angles = [round(v * 100) for v in (pitch, roll, beside)]
            self.send(mav.mount_status_encode(255, 0, *angles), now_s)
        elif self.habits.gimbal == "mount_orientation":
            self.send(mav.mount_orientation_encode(boot_ms, roll, pitch, beside, (yaw + 180) % 360 - 180), now_s)
        elif self.habits.gimbal == "gimbal_device":
            from_nose = self.habits.vehicle_yaw
            q = quaternion(beside if from_nose else yaw, pitch, roll)
            flags = HORIZON | (YAW_IN_VEHICLE if from_nose else YAW_IN_EARTH)
            self.send(mav.gimbal_device_attitude_status_encode(0, 0, boot_ms, flags, q, 0.0, 0.0, 0.0, 0), now_s)

    def press(self, index: int, now_s: float) -> None:
        """Tell of a press of the shutter at its own moment."""
        at_s = float(self.route.t_s[index]) + self.habits.lead_s
        lat, lon, msl_m, relative_m, yaw, pitch, roll = self.route.at(at_s - self.habits.lead_s)
        place, mav, utc_us = (round(lat * 1e7), round(lon * 1e7)), self._mav, self.utc_us(at_s)
        if self.habits.camera == "feedback":
            angles = (roll, pitch, (yaw + 180) % 360 - 180)
            message = mav.camera_feedback_encode(
                utc_us, 1, 0, index, *place, msl_m, relative_m, *angles, 0.0, 0, index + 1
            )
        elif self.habits.camera == "trigger":
            message = mav.camera_trigger_encode(utc_us, index)
        else:
            heights = (round(msl_m * 1000), round(relative_m * 1000))
            message = mav.camera_image_captured_encode(
                self.boot_ms(at_s), utc_us, 1, *place, *heights, [1.0, 0.0, 0.0, 0.0], index, 1, b""
            )
        self.send(message, now_s)

    def _answer(self, m: Any, now_s: float) -> None:
        if self._lost(now_s):
            return
        kind, mav, back = m.get_type(), self._mav, (m.get_srcSystem(), m.get_srcComponent())
        if kind == "PARAM_REQUEST_LIST":
            for index in range(len(PARAMETERS)):
                self._tell_parameter(index, now_s)
        elif kind == "PARAM_REQUEST_READ" and 0 <= m.param_index < len(PARAMETERS):
            self._tell_parameter(m.param_index, now_s)
        elif kind == "MISSION_REQUEST_LIST":
            self.send(mav.mission_count_encode(*back, len(self.plan)), now_s)
        elif kind in ("MISSION_REQUEST_INT", "MISSION_REQUEST") and m.seq < len(self.plan):
            self.send(self._item(m.seq, back, kind == "MISSION_REQUEST_INT"), now_s)

    def _tell_parameter(self, index: int, now_s: float) -> None:
        name, value = PARAMETERS[index]
        self.send(self._mav.param_value_encode(name.encode(), value, 9, len(PARAMETERS), index), now_s)

    def _item(self, seq: int, back: tuple[int, int], whole_numbers: bool) -> Any:
        item = self.plan[seq]
        head = (*back, seq, item.frame, item.command, 0, 1, *item.parameters)
        if whole_numbers:
            return self._mav.mission_item_int_encode(
                *head, round(item.lat_deg * 1e7), round(item.lon_deg * 1e7), item.alt_m
            )
        return self._mav.mission_item_encode(*head, item.lat_deg, item.lon_deg, item.alt_m)


class _Rhythm:
    """Something done at equal intervals of the vehicle's own time."""

    def __init__(self, every_s: float, act: Callable[[float], None]) -> None:
        self._every_s, self._act, self._next_s = every_s, act, 0.0

    def due(self, now_s: float) -> None:
        while self._next_s <= now_s:
            self._act(self._next_s)
            self._next_s += self._every_s


class _Shutter:
    """The presses of the shutter, each once."""

    def __init__(self, vehicle: SimVehicle) -> None:
        self._vehicle, self._next = vehicle, 0

    def due(self, now_s: float) -> None:
        times, lead_s = self._vehicle.route.t_s, self._vehicle.habits.lead_s
        while self._next < len(times) and times[self._next] + lead_s <= now_s:
            if self._vehicle.habits.camera != "none":
                self._vehicle.press(self._next, now_s)
            self._next += 1


def _mavlink() -> Any:
    """A codec of its own, apart from pymavlink's process-wide dialect; it reads both versions."""
    from pymavlink.dialects.v20 import ardupilotmega

    mav = ardupilotmega.MAVLink(None, srcSystem=1, srcComponent=1)
    mav.robust_parsing = True
    return mav
