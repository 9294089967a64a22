"""ArduPilot's on-board messages as a Track, in the autopilot's time since boot.

POS, else GPS, for places; ATT, else the filter's XKF1 or NKF1, else AHR2, for attitudes; MNT for the gimbal; CAM and
TRIG for exposures; GPS week and time for UTC. Message fields: https://ardupilot.org/copter/docs/logmessages.html.
GPS's time of week is that of its measurement, and the message is written when it arrives, some 0.1 to 0.2 s later.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from pipeline.ingest import leap
from pipeline.ingest.columns import Table, Tables, attitudes, epochs, in_step, nearest, ns, positions, stack
from pipeline.ingest.columns import triggers as in_order
from pipeline.ingest.dataflash import read_messages, read_text
from pipeline.ingest.gimbal import home_of
from pipeline.ingest.salvage import Bytes, Faults
from pipeline.ingest.track import Attitudes, Epochs, Floats, Ns, Positions, Track, Triggers

_FILTERS = ("XKF1", "NKF1", "EKF1")
WANTED = frozenset((*_FILTERS, "POS", "GPS", "GPA", "ATT", "AHR2", "MNT", "CAM", "TRIG", "ORGN", "VER", "MSG"))
_FIX_3D = 3
_HOME = 1  # ORGN.Type: 0 is the filter's origin
_NEAR_NS = 2_000_000_000


@dataclass(frozen=True, slots=True)
class _Log:
    """The messages of one log, each with its times."""

    tables: Tables
    faults: Faults

    def get(self, name: str) -> tuple[Ns, Table] | None:
        """Times (N,) and rows of a message; None where there is none."""
        table = self.tables.get(name)
        if table is None:
            return None
        times = _times(table)
        good = in_step(times, name, self.faults)
        return (times[good], table.where(good)) if good.any() else None


def read_dataflash(data: Bytes, id: str) -> Track:
    """The Track of a binary log's bytes; without positions or attitudes where it holds none. Raises nothing."""
    faults = Faults()
    tables, whole = read_messages(data, WANTED, faults)
    return _track(_Log(tables, faults), id, whole, _firmware(tables))


def read_dataflash_text(lines: Iterable[bytes], id: str) -> Track:
    """The same of a text log's lines."""
    faults = Faults()
    tables, whole, firmware = read_text(lines, WANTED, faults)
    return _track(_Log(tables, faults), id, whole, firmware)


@np.errstate(all="ignore")  # a damaged number may be any
def _track(log: _Log, id: str, whole: int, firmware: str) -> Track:
    made = _positions(log)
    return Track(
        id,
        "dataflash",
        positions=made,
        body=_body(log),
        gimbal=_gimbal(log),
        triggers=_cameras(log),
        epochs=_epochs(log),
        home=_home(log, made),
        vehicle=firmware,
        messages=whole,
        faults=log.faults.told(),
    )


def _firmware(tables: Tables) -> str:
    for name, field in (("VER", "FWS"), ("MSG", "Message")):
        table = tables.get(name)
        words = [] if table is None else table.words(field)
        found = next((w for w in words if w.startswith("Ardu")), "")
        if found:
            return found
    return ""


def _times(table: Table) -> Ns:
    """(N,) time since boot; old firmware counted milliseconds, and its GPS message had both times."""
    if "TimeUS" in table:
        return ns(table.whole("TimeUS", missing=0), 1_000)
    return ns(table.whole("T" if table.name == "GPS" else "TimeMS", missing=0), 1_000_000)


def _first_instance(times: Ns, table: Table, *columns: str) -> tuple[Ns, Table]:
    """The rows of the first of several sensors or filters that write the same message."""
    for column in columns:
        if column in table:
            first = table.column(column) == np.min(table.column(column))
            return times[first], table.where(first)
    return times, table


# --- places -----------------------------------------------------------------------------------------------------


def _positions(log: _Log) -> Positions | None:
    made = _fused(log)
    return made if made is not None else _raw(log)


def _fused(log: _Log) -> Positions | None:
    found = log.get("POS")
    if found is None:
        return None
    t_ns, table = found
    made = Positions(
        t_ns,
        table.column("Lat"),
        table.column("Lng"),
        table.column("Alt"),
        table.column("RelHomeAlt", "RelAlt"),
        _velocity(log, t_ns),
        _sigma(log, t_ns),
        "POS",
    )
    return positions(log.faults, made)


def _raw(log: _Log) -> Positions | None:
    gps = _gps(log)
    if gps is None:
        return None
    t_ns, table = gps
    made = Positions(
        t_ns,
        table.column("Lat"),
        table.column("Lng"),
        table.column("Alt"),
        np.full(len(table), np.nan),
        _over_ground(table),
        _sigma(log, t_ns),
        "GPS",
    )
    return positions(log.faults, made, table.column("Status") >= _FIX_3D)


def _gps(log: _Log) -> tuple[Ns, Table] | None:
    """The receiver in use: where several write, U says whose values are used."""
    found = log.get("GPS")
    if found is None:
        return None
    t_ns, table = found
    used = table.column("U") == 1
    if "I" in table and used.any():
        return t_ns[used], table.where(used)
    return _first_instance(t_ns, table, "I")


def _over_ground(gps: Table) -> Floats:
    speed, course = gps.column("Spd"), np.radians(gps.column("GCrs"))
    return stack([speed * np.cos(course), speed * np.sin(course), gps.column("VZ")])


def _velocity(log: _Log, t_ns: Ns) -> Floats:
    """(N, 3) the filter's velocity, else the receiver's, at the nearest time."""
    for name in _FILTERS:
        found = log.get(name)
        if found is not None and "VN" in found[1]:
            at, table = _first_instance(*found, "C")
            return _at(t_ns, at, stack([table.column(n) for n in ("VN", "VE", "VD")]))
    gps = _gps(log)
    return np.full((len(t_ns), 3), np.nan) if gps is None else _at(t_ns, gps[0], _over_ground(gps[1]))


def _at(t_ns: Ns, of: Ns, columns: Floats) -> Floats:
    order = np.argsort(of, kind="stable")
    return stack([nearest(t_ns, of[order], columns[order, i], _NEAR_NS) for i in range(columns.shape[1])])


def _sigma(log: _Log, t_ns: Ns) -> Floats:
    """(N,) horizontal accuracy as the receiver says, at the nearest time."""
    found = log.get("GPA")
    if found is None:
        return np.full(len(t_ns), np.nan)
    at, table = _first_instance(*found, "I")
    told = table.column("HAcc")
    return _at(t_ns, at, np.where((told > 0) & (told < 600), told, np.nan)[:, None])[:, 0]  # 655.35: not told


def _home(log: _Log, made: Positions | None) -> tuple[float, float, float] | None:
    found = log.get("ORGN")
    if found is not None:
        homes = found[1].where(found[1].whole("Type") == _HOME)
        if len(homes):
            return tuple(float(homes.column(n)[-1]) for n in ("Lat", "Lng", "Alt"))  # type: ignore[return-value]
    return home_of(made)


# --- attitudes, gimbal, camera, time ----------------------------------------------------------------------------


def _body(log: _Log) -> Attitudes | None:
    for name in ("ATT", *_FILTERS, "AHR2"):
        found = log.get(name)
        if found is None:
            continue
        t_ns, table = _first_instance(*found, "C")
        yaw, pitch, roll = (table.column(n) for n in ("Yaw", "Pitch", "Roll"))
        made = attitudes(Attitudes(t_ns, yaw, pitch, roll, name))
        if made is not None:
            return made
    return None


def _gimbal(log: _Log) -> Attitudes | None:
    """MNT: roll and pitch from the horizon, yaw from north (YawE) or from the nose (YawB)."""
    found = log.get("MNT")
    if found is None:
        return None
    t_ns, table = _first_instance(*found, "I")
    absolute = "YawE" in table and bool(np.isfinite(table.column("YawE")).all())
    yaw = table.column("YawE" if absolute else "YawB")
    reference = "earth" if absolute else "vehicle yaw"
    return attitudes(Attitudes(t_ns, yaw, table.column("Pitch"), table.column("Roll"), "MNT", reference))


def _cameras(log: _Log) -> tuple[Triggers, ...]:
    """CAM, then TRIG. With a feedback pin TRIG is the command and CAM the shutter; without, CAM is the command."""
    answered = "TRIG" in log.tables
    return _exposures(log, "CAM", answered) + _exposures(log, "TRIG", False)


def _exposures(log: _Log, name: str, photo_time: bool) -> tuple[Triggers, ...]:
    found = log.get(name)
    if found is None:
        return ()
    t_ns, table = _first_instance(*found, "I")
    made = Triggers(
        t_ns,
        table.whole("Img"),
        table.column("Lat"),
        table.column("Lng"),
        table.column("Alt"),
        table.column("RelAlt"),
        table.column("Yaw", "Y"),
        table.column("Pitch", "P"),
        table.column("Roll", "R"),
        name,
        photo_time=photo_time,
    )
    return in_order(made)


def _epochs(log: _Log) -> tuple[Epochs, ...]:
    gps = _gps(log)
    if gps is None:
        return ()
    t_ns, table = gps
    fixed = table.column("Status") >= _FIX_3D
    t_ns, table = t_ns[fixed], table.where(fixed)
    of_week = table.whole("GMS") if "GMS" in table else table.whole("TimeMS")
    utc = leap.utc_ns(table.whole("GWk", "Week"), np.clip(of_week, -1, leap.WEEK_S * 1_000) * 1_000_000)
    return epochs(t_ns, utc, "GPS week and time")
