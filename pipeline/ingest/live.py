"""A live MAVLink link through DroneKit: the only file that knows DroneKit.

It listens. A gate lets out two things: what `Link.send` is given, which is requests for the planned mission and nothing
else, and one heartbeat a second, without which some routers send nothing back. That heartbeat is of no ground station
(MAV_TYPE_GENERIC, a system number of its own), so that its coming and going is nobody's lost ground station to a
vehicle's failsafe. DroneKit's own start-up is left out, and its later requests for parameters stop at the gate: it
would set stream rates (REQUEST_DATA_STREAM), send a command, ask for all parameters and wait for them for ever. A
vehicle whose port is silent until asked must be told its rates by its owner.

DroneKit 2.9.2 gives a link up after 30 s without a heartbeat and never opens one again; `Link` does both itself.
"""

from __future__ import annotations

import collections
import collections.abc
import contextlib
import errno
import io
import logging
import re
import sys
import threading
import time
import types
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from pipeline.errors import MissionError

Listener = Callable[[Any, int], None]  # a pymavlink message and when it came (UTC, ns)

SAYABLE = frozenset({"MISSION_REQUEST_LIST", "MISSION_REQUEST_INT", "MISSION_ACK"})
OWN_SYSTEM, OWN_COMPONENT = 247, 191
GENERIC, GCS, NO_AUTOPILOT = 0, 6, 8  # MAV_TYPE, MAV_AUTOPILOT
SILENCE_S = 3.0  # without a message of the vehicle: the link counts as lost
RETRY_S = 1.0
CLOSE_S = 10.0
MOST_FAILURES = 10  # that are noted
BAUD = 57600
_NETWORK = re.compile(r"(udp|udpin|udpout|tcp):([^:/\s]+):(\d{1,5})")
_SERIAL = re.compile(r"(?:serial:)?(COM\d{1,3}|/dev/[\w./-]+)(?:[:,](\d{3,8}))?")
_LOGGERS = ("dronekit", "dronekit.mavlink", "autopilot")


@dataclass(frozen=True, slots=True)
class Address:
    """Where a vehicle speaks, in DroneKit's words."""

    text: str
    baud: int = BAUD


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a link."""

    t_ns: int  # UTC of this computer
    what: str  # opened, lost, back, failed
    note: str = ""


def address_of(connection: str) -> Address:
    """ "udp:HOST:PORT", "udpin:…", "udpout:…", "tcp:…", "/dev/ttyUSB0[:BAUD]" or "COM5[:BAUD]".

    Raises MissionError for anything else: pymavlink would take a file name for a log.
    """
    network = _NETWORK.fullmatch(connection.strip())
    if network and 0 < int(network[3]) <= 65535:
        scheme = "udpin" if network[1] == "udp" else network[1]
        return Address(f"{scheme}:{network[2]}:{int(network[3])}")
    serial = _SERIAL.fullmatch(connection.strip())
    if serial:
        return Address(serial[1], int(serial[2] or BAUD))
    raise MissionError(
        f"{connection!r} is no connection; say udp:HOST:PORT, udpout:HOST:PORT, tcp:HOST:PORT, "
        "or a serial port such as /dev/ttyUSB0:57600 or COM5:57600"
    )


@contextlib.contextmanager
def _names_of_old() -> Iterator[None]:
    """What DroneKit 2.9.2 looks for at its import and Python has dropped, in place only meanwhile."""
    builtins = types.ModuleType("past.builtins")
    builtins.basestring = str  # type: ignore[attr-defined]
    put = {"past": types.ModuleType("past"), "past.builtins": builtins}
    before = {name: sys.modules.get(name) for name in put}
    had_mapping = hasattr(collections, "MutableMapping")
    sys.modules.update(put)
    if not had_mapping:
        collections.MutableMapping = collections.abc.MutableMapping  # type: ignore[attr-defined]
    try:
        yield
    finally:
        for name, module in before.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module
        if not had_mapping:
            del collections.MutableMapping  # type: ignore[attr-defined]


def load_dronekit() -> Any:
    """The module `dronekit`; Python is left as it was. Raises MissionError when it is not installed."""
    if "dronekit" in sys.modules:
        return sys.modules["dronekit"]
    try:
        with _names_of_old():
            import dronekit
    except ImportError as why:
        raise MissionError(f"a live link needs DroneKit, which cannot be imported ({why}); install dronekit") from why
    return dronekit


class Link:
    """A link that opens itself anew when it is lost, until it is closed.

    Listeners are called in DroneKit's thread with every whole message; they must be quick. Used with `with`.
    """

    own_system = OWN_SYSTEM

    def __init__(self, connection: str, listeners: tuple[Listener, ...] = (), baud: int | None = None) -> None:
        self.address = address_of(connection)
        if baud is not None:
            self.address = Address(self.address.text, baud)
        self.events: list[Event] = []
        self.messages = 0
        self.system = 0  # id of the vehicle; 0 until its first heartbeat
        self.version = 1  # of MAVLink, as the vehicle speaks it
        self._listeners = list(listeners)
        self._lock = threading.Lock()
        self._closing, self._dead = threading.Event(), threading.Event()
        self._vehicle: Any = None
        self._heard_s: float | None = None
        self._lost = False
        self._watch = threading.Thread(target=self._keep_open, name="link", daemon=True)

    def __enter__(self) -> Link:
        """Open the link; raises MissionError when that cannot be done at all."""
        self._quiet = _quiet_loggers()
        self._quiet.__enter__()
        try:
            with ThreadPoolExecutor(1) as aside:  # DroneKit, left half open by Ctrl-C, shows a traceback at the end
                aside.submit(self._open).result()
        except BaseException:
            self._shut()
            self._quiet.__exit__(None, None, None)
            raise
        self._watch.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._watch.join(CLOSE_S)
        self._shut()
        self._quiet.__exit__(None, None, None)

    def listen(self, listener: Listener) -> None:
        """Have every message from now on told to `listener` too."""
        self._listeners = [*self._listeners, listener]

    def unlisten(self, listener: Listener) -> None:
        """The end of `listen`."""
        self._listeners = [x for x in self._listeners if x != listener]

    def send(self, message: Any) -> None:
        """Say one of SAYABLE to the vehicle; ValueError for anything else."""
        if message.get_type() not in SAYABLE:
            raise ValueError(f"{message.get_type()} is never sent: a live link only listens")
        with self._lock:
            if self._vehicle is not None:
                self._vehicle.send_mavlink(message)

    def _note(self, what: str, note: str = "") -> None:
        self.events.append(Event(time.time_ns(), what, note))

    def _open(self) -> None:
        dronekit = load_dronekit()
        try:
            with contextlib.redirect_stdout(io.StringIO()):  # pymavlink prints each failed attempt
                vehicle = dronekit.connect(
                    self.address.text, _initialize=False, wait_ready=False, baud=self.address.baud,
                    source_system=OWN_SYSTEM, source_component=OWN_COMPONENT,
                )  # fmt: skip
        except (OSError, ValueError, ImportError) as why:  # pyserial's errors are OSErrors
            reason = getattr(why, "strerror", None) or str(why) or type(why).__name__
            raise MissionError(f"{self.address.text}: cannot be opened ({reason})") from why
        self._dead.clear()
        self._speak_both_versions(vehicle)
        vehicle.add_message_listener("*", self._hear)
        with self._lock:
            self._vehicle = vehicle
        vehicle._handler.start()
        self._note("opened", self.address.text)

    def _speak_both_versions(self, vehicle: Any) -> None:
        """Read MAVLink 1 and 2 from the first byte, and answer in the vehicle's, through the gate.

        pymavlink would switch from 1 to 2 by replacing its codec, DroneKit's writer with it, and by setting an
        environment variable for the whole process.
        """
        from pymavlink.dialects.v20 import ardupilotmega

        handler, master = vehicle._handler, vehicle._handler.master
        mav = ardupilotmega.MAVLink(master.mav.file, srcSystem=OWN_SYSTEM, srcComponent=OWN_COMPONENT)
        mav.robust_parsing = True
        plain_send = mav.send

        def send(message: Any, force_mavlink1: bool = False) -> None:
            if message.get_type() == "HEARTBEAT":
                message.type = GENERIC
            elif message.get_type() not in SAYABLE:
                return
            handler.fix_targets(message)
            plain_send(message, force_mavlink1=self.version == 1)

        mav.send = send
        master.mav, master.first_byte = mav, False
        master.handle_eof = master.handle_disconnect = self._hung_up

    def _hung_up(self) -> None:
        """In place of pymavlink's own attempts, which print and try for ever: DroneKit's threads end at this error."""
        self._dead.set()
        raise ConnectionAbortedError(errno.ECONNABORTED, "the other end hung up")

    def _hear(self, vehicle: Any, name: str, message: Any) -> None:
        if name == "BAD_DATA":
            return
        now_ns = time.time_ns()
        self.messages += 1
        if self.system in (0, message.get_srcSystem()):  # a router's or ground station's own words are no vehicle's
            self._heard_from_vehicle(message)
        if name == "HEARTBEAT" and self.system == 0 and message.type != GCS and message.autopilot != NO_AUTOPILOT:
            self.system = message.get_srcSystem()
        vehicle._handler.target_system = self.system
        for listener in self._listeners:
            try:
                listener(message, now_ns)
            except Exception as why:  # DroneKit would log it where nobody looks
                self._failed(f"{name}: {type(why).__name__}: {why}")

    def _heard_from_vehicle(self, message: Any) -> None:
        self._heard_s = time.monotonic()
        if self._lost:
            self._lost = False
            self._note("back")
        if message.get_msgbuf()[:1] == b"\xfd":
            self.version = 2

    def _failed(self, note: str) -> None:
        if sum(e.what == "failed" for e in self.events) < MOST_FAILURES:
            self._note("failed", note)

    def _keep_open(self) -> None:
        while not self._closing.wait(0.1):
            silent = self._heard_s is not None and time.monotonic() - self._heard_s > SILENCE_S
            dead = self._dead.is_set() or self._vehicle is None or not self._vehicle._handler._alive
            if (silent or dead) and not self._lost:
                self._lost = True
                self._note("lost", "the connection was closed" if dead else f"no message for {SILENCE_S:.0f} s")
            if dead:
                self._shut()
                self._try_again()

    def _try_again(self) -> None:
        try:
            self._open()
        except MissionError:
            self._closing.wait(RETRY_S)

    def _shut(self) -> None:
        with self._lock:
            vehicle, self._vehicle = self._vehicle, None
        if vehicle is None:
            return
        handler = vehicle._handler
        handler._alive = False
        handler.stop_threads()
        with contextlib.suppress(OSError):
            handler.master.close()


@contextlib.contextmanager
def _quiet_loggers() -> Iterator[None]:
    """DroneKit logs what `Link` tells in its events, some of it with tracebacks; silence, while a link is open."""

    def nothing(record: logging.LogRecord) -> bool:
        return False

    for name in _LOGGERS:
        logging.getLogger(name).addFilter(nothing)
    try:
        yield
    finally:
        for name in _LOGGERS:
            logging.getLogger(name).removeFilter(nothing)
