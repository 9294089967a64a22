"""The planned mission of a live vehicle, by MISSION_REQUEST_INT with retries of our own.

The protocol is https://mavlink.io/en/services/mission.html: MISSION_REQUEST_LIST, MISSION_COUNT, then one
MISSION_REQUEST_INT and one MISSION_ITEM_INT an item, and MISSION_ACK. DroneKit's own download waits for ever for a lost
reply, and asks for items whose coordinates are single floats: 0.35 m off. A reply that does not come is asked for
again, after a time that follows the link's own pace (RFC 6298).
"""

from __future__ import annotations

import math
import queue
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from pipeline.errors import MissionError

TRIES = 12
FIRST_WAIT_S, LEAST_WAIT_S, MOST_WAIT_S = 0.7, 0.1, 2.0
MOST_S = 180.0
MOST_ITEMS = 5000
REPLIES = frozenset({"MISSION_COUNT", "MISSION_ITEM_INT", "MISSION_ITEM", "MISSION_ACK"})
FLIGHT_PLAN = 0  # MAV_MISSION_TYPE; geofence and rally points are others
ABOVE_SEA, ABOVE_HOME, ABOVE_GROUND = (0, 5), (3, 6), (10, 11)  # MAV_FRAME


class Talk(Protocol):
    """What a download needs of a link."""

    system: int
    own_system: int

    def send(self, message: Any) -> None: ...

    def listen(self, listener: Callable[[Any, int], None]) -> None: ...

    def unlisten(self, listener: Callable[[Any, int], None]) -> None: ...


@dataclass(frozen=True, slots=True)
class PlanItem:
    """One item of a planned mission; coordinates are NaN where the command has none."""

    seq: int
    command: int  # MAV_CMD
    frame: int  # MAV_FRAME
    lat_deg: float
    lon_deg: float
    alt_m: float  # above what `frame` says
    parameters: tuple[float, float, float, float]
    exact: bool = True  # False: told in single floats, up to 0.35 m off (or 0.7 m near 180°)


@dataclass(frozen=True, slots=True)
class Plan:
    """A planned mission and how it came."""

    items: tuple[PlanItem, ...]
    seconds: float
    repeats: int  # requests that had to be sent again


def download_plan(link: Talk, stop: Callable[[], bool] = lambda: False) -> Plan:
    """Ask for the planned mission; blocks for MOST_S at most.

    Raises MissionError when the vehicle does not answer, refuses, or plans more than MOST_ITEMS items.
    """
    asking = _Asking(link, stop)
    link.listen(asking.hear)
    try:
        return asking.whole_plan()
    finally:
        link.unlisten(asking.hear)


class _Asking:
    def __init__(self, link: Talk, stop: Callable[[], bool]) -> None:
        from pymavlink.dialects.v20 import ardupilotmega

        self._link, self._stop, self._words = link, stop, ardupilotmega
        self._heard: queue.Queue[Any] = queue.Queue(1000)
        self._started_s = time.monotonic()
        self._wait_s, self._repeats = FIRST_WAIT_S, 0
        self._mean_s, self._spread_s = math.nan, math.nan  # of the time from a request to its answer

    def hear(self, message: Any, receipt_ns: int) -> None:
        """In the link's thread."""
        if message.get_type() not in REPLIES or message.get_srcSystem() != self._link.system:
            return
        ours = message.target_system in (0, self._link.own_system)  # others may be asking too
        if ours and getattr(message, "mission_type", FLIGHT_PLAN) == FLIGHT_PLAN and not self._heard.full():
            self._heard.put_nowait(message)

    def whole_plan(self) -> Plan:
        words, system = self._words, self._link.system
        count = self._ask(
            words.MAVLink_mission_request_list_message(system, 1, FLIGHT_PLAN),
            lambda m: m.get_type() == "MISSION_COUNT", "how many items its mission has",
        ).count  # fmt: skip
        if count > MOST_ITEMS:
            raise MissionError(f"the vehicle plans {count} items; more than {MOST_ITEMS} are not taken")
        items = tuple(self._item(seq) for seq in range(count))
        self._link.send(words.MAVLink_mission_ack_message(system, 1, 0, FLIGHT_PLAN))
        return Plan(items, time.monotonic() - self._started_s, self._repeats)

    def _item(self, seq: int) -> PlanItem:
        def fits(m: Any) -> bool:
            return m.get_type() in ("MISSION_ITEM_INT", "MISSION_ITEM") and m.seq == seq

        request = self._words.MAVLink_mission_request_int_message(self._link.system, 1, seq, FLIGHT_PLAN)
        return plan_item(self._ask(request, fits, f"item {seq} of its mission"))

    def _ask(self, request: Any, fits: Callable[[Any], bool], what: str) -> Any:
        for attempt in range(TRIES):
            sent_s = time.monotonic()
            self._link.send(request)
            answer = self._answer(fits, sent_s + min(self._wait_s * 1.5 ** max(0, attempt - 2), MOST_WAIT_S))
            if answer is not None:
                if attempt == 0:  # a later answer may be one to an earlier question
                    self._learn(time.monotonic() - sent_s)
                return answer
            self._repeats += 1
            if self._stop() or time.monotonic() - self._started_s > MOST_S:
                break
        raise MissionError(f"the vehicle did not tell {what} when asked {attempt + 1} times")

    def _learn(self, took_s: float) -> None:
        if math.isnan(self._mean_s):
            self._mean_s, self._spread_s = took_s, took_s / 2
        else:
            self._spread_s = 0.75 * self._spread_s + 0.25 * abs(self._mean_s - took_s)
            self._mean_s = 0.875 * self._mean_s + 0.125 * took_s
        self._wait_s = min(max(self._mean_s + 4 * self._spread_s, LEAST_WAIT_S), MOST_WAIT_S)

    def _answer(self, fits: Callable[[Any], bool], until_s: float) -> Any:
        while (left_s := until_s - time.monotonic()) > 0:
            try:
                message = self._heard.get(timeout=left_s)
            except queue.Empty:
                return None
            if message.get_type() == "MISSION_ACK" and message.type != 0:
                raise MissionError(f"the vehicle refuses to tell its mission (MAV_MISSION_RESULT {message.type})")
            if fits(message):
                return message
        return None


def plan_item(m: Any) -> PlanItem:
    """A MISSION_ITEM_INT or MISSION_ITEM as a value."""
    exact = m.get_type() == "MISSION_ITEM_INT"
    lat, lon = (m.x / 1e7, m.y / 1e7) if exact else (float(m.x), float(m.y))
    global_frame = m.frame in (*ABOVE_SEA, *ABOVE_HOME, *ABOVE_GROUND)
    if not global_frame or (lat, lon) == (0.0, 0.0) or abs(lat) > 90 or abs(lon) > 180:
        lat = lon = math.nan
    parameters = (float(m.param1), float(m.param2), float(m.param3), float(m.param4))
    return PlanItem(int(m.seq), int(m.command), int(m.frame), lat, lon, float(m.z), parameters, exact)


def plan_value(plan: Plan) -> dict[str, Any]:
    """A plan as GeoJSON: one feature an item in order (those without a place have no geometry), then the way."""
    placed = [i for i in plan.items if math.isfinite(i.lat_deg)]
    features = [_feature(i) for i in plan.items]
    route = [[round(i.lon_deg, 9), round(i.lat_deg, 9)] for i in placed if i.seq > 0]  # 0 is home
    if len(route) > 1:
        features.append(
            {"type": "Feature", "geometry": {"type": "LineString", "coordinates": route}, "properties": {"route": True}}
        )
    told = {"items": len(plan.items), "seconds": round(plan.seconds, 3), "repeats": plan.repeats}
    return {"type": "FeatureCollection", "schema_version": 1, **told, "features": features}


def _feature(item: PlanItem) -> dict[str, Any]:
    geometry = None
    if math.isfinite(item.lat_deg):
        geometry = {"type": "Point", "coordinates": [round(item.lon_deg, 9), round(item.lat_deg, 9)]}
    heights = {ABOVE_SEA: "sea", ABOVE_HOME: "home", ABOVE_GROUND: "ground"}
    above = next((name for frames, name in heights.items() if item.frame in frames), None)
    properties = {
        "seq": item.seq, "command": item.command, "command_name": command_name(item.command), "frame": item.frame,
        "alt_m": item.alt_m if math.isfinite(item.alt_m) else None, "alt_above": above,
        "parameters": [p if math.isfinite(p) else None for p in item.parameters], "exact": item.exact,
    }  # fmt: skip
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def command_name(command: int) -> str:
    """MAV_CMD by name, "" for one that is not known."""
    from pymavlink.dialects.v20 import ardupilotmega

    entry = ardupilotmega.enums["MAV_CMD"].get(command)
    return "" if entry is None else str(entry.name)
