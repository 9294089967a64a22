"""A small simulated vehicle in the air over loopback, and messages as they come from one."""

from __future__ import annotations

import socket
import time
from contextlib import contextmanager
from functools import cache

from pymavlink.dialects.v20 import ardupilotmega as words

from pipeline.ingest.live import Link
from pipeline.sim import FlightConfig, fly
from pipeline.sim.route import Route, route_of
from pipeline.sim.vehicle import Habits, SimVehicle

PATIENCE_S = 20.0
MAY_BE_HEARD = {"HEARTBEAT", "MISSION_REQUEST_LIST", "MISSION_REQUEST_INT", "MISSION_ACK"}
TINY = {"strips": 1, "photos_per_strip": 3, "width_px": 400, "height_px": 300, "n_markers": 1, "turned_strip": False}


@cache
def small_route() -> Route:
    """Three presses of the shutter, a second apart."""
    return route_of(fly(FlightConfig(seed=3, profile="exact", n_smoke=0, n_dust=0, n_outfalls=0, **TINY)), 1.0)


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until(happened, patience_s: float = PATIENCE_S) -> None:
    end = time.monotonic() + patience_s
    while not happened():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


@contextmanager
def linked(*listeners, kind="udp", habits=None, plan=None):
    """A flying vehicle and a link to it that has heard it."""
    address = f"{kind}:127.0.0.1:{free_port() if kind == 'udp' else 0}"
    vehicle = SimVehicle(small_route(), address, habits or Habits(), plan)
    with Link(f"{kind}:127.0.0.1:{vehicle.port}", listeners) as link, vehicle:  # nothing that it says is missed
        until(lambda: link.system)
        yield vehicle, link


def heartbeat(system: int = 1):
    return from_system(words.MAVLink_heartbeat_message(2, 3, 0, 0, 4, 3), system)


def from_system(message, system: int = 1, component: int = 1):
    mav = words.MAVLink(None, srcSystem=system, srcComponent=component)
    return words.MAVLink(None).parse_buffer(message.pack(mav))[0]
