"""A ground station's MAVLink log (`.tlog`) as a Track, in the autopilot's time since boot.

Read from the autopilot: GLOBAL_POSITION_INT, else GPS_RAW_INT; ATTITUDE, else ATTITUDE_QUATERNION, else AHRS2; from
any component of its system: gimbal and camera messages. Where one link carried several vehicles, that with most
positions is read; where the autopilot restarted, the stretch with most positions. What is left out is said.

A message that brings no time of its own is timed by its receipt, against that of the message beside it that does.
"""

from __future__ import annotations

import numpy as np

from pipeline.ingest import gimbal, link
from pipeline.ingest.columns import (
    Table,
    Tables,
    attitudes,
    bare_triggers,
    euler_deg,
    nearest,
    ns,
    positions,
    stack,
)
from pipeline.ingest.columns import triggers as in_order
from pipeline.ingest.mavlink import read_frames
from pipeline.ingest.salvage import Bytes, Faults
from pipeline.ingest.track import Attitudes, Floats, Positions, Track, Triggers

_BODY = ("ATTITUDE", "ATTITUDE_QUATERNION", "AHRS2")
_GIMBAL = ("GIMBAL_DEVICE_ATTITUDE_STATUS", "MOUNT_ORIENTATION", "MOUNT_STATUS")
_CAMERA = ("CAMERA_FEEDBACK", "CAMERA_IMAGE_CAPTURED", "CAMERA_TRIGGER")
_PLACE = ("GLOBAL_POSITION_INT", "GPS_RAW_INT", "HOME_POSITION")
WANTED = frozenset(("HEARTBEAT", "SYSTEM_TIME", *_PLACE, *_BODY, *_GIMBAL, *_CAMERA))
_MS = 1_000_000
_US = 1_000
_FIX_3D = 3
_OPEN_LOOP = 4  # CAMERA_FEEDBACK_OPENLOOP: the picture was asked for, nothing more is known


@np.errstate(all="ignore")  # a damaged number may be any
def read_tlog(data: Bytes, id: str) -> Track:
    """The Track of a tlog's bytes; without positions or attitudes where it holds none. Raises nothing."""
    faults = Faults()
    tables, whole = read_frames(data, WANTED, faults)
    tables, vehicle = link.one_vehicle(tables, faults)
    tables, clock = link.one_stretch(tables, faults)
    if clock is None:
        faults.add("no message tells the autopilot's time")
        return Track(id, "tlog", vehicle=vehicle, messages=whole, faults=faults.told())
    body = _body(tables, clock)
    made = _positions(tables, clock, faults)
    return Track(
        id,
        "tlog",
        positions=made,
        body=body,
        gimbal=_gimbal(tables, clock, body, faults),
        triggers=_feedback(tables, clock, faults) + _captured(tables, clock) + _commanded(tables, clock),
        epochs=link.all_epochs(tables, clock, faults),
        home=_home(tables, made),
        vehicle=vehicle,
        messages=whole,
        faults=faults.told(),
    )


def _positions(tables: Tables, clock: link.Clock, faults: Faults) -> Positions | None:
    made = _fused(tables, clock, faults) if "GLOBAL_POSITION_INT" in tables else None
    return made or (_raw(tables["GPS_RAW_INT"], clock, faults) if "GPS_RAW_INT" in tables else None)


def _fused(tables: Tables, clock: link.Clock, faults: Faults) -> Positions | None:
    table = tables["GLOBAL_POSITION_INT"]
    t_ns = link.boot_ns(table, clock)
    alt_m, relative_m = table.column("alt") / 1e3, table.column("relative_alt") / 1e3
    sigma_m = np.full(len(table), np.nan)
    if "GPS_RAW_INT" in tables:
        gps = tables["GPS_RAW_INT"]
        at, places = gps.rows["_offset"].astype(np.int64), table.rows["_offset"].astype(np.int64)
        sigma_m = nearest(places, at, _accuracy(gps), 2**62)
        fixed = gps.column("fix_type") >= _FIX_3D
        sea_m = nearest(places, at, np.where(fixed, gps.column("alt") / 1e3, np.nan), 2**62)
        alt_m = _above_sea(alt_m, relative_m, sea_m, faults)
    made = Positions(
        t_ns,
        table.column("lat") / 1e7,
        table.column("lon") / 1e7,
        alt_m,
        relative_m,
        stack([table.column(n) / 1e2 for n in ("vx", "vy", "vz")]),
        sigma_m,
        "GLOBAL_POSITION_INT",
    )
    return positions(faults, made)


def _above_sea(alt_m: Floats, relative_m: Floats, gps_m: Floats, faults: Faults) -> Floats:
    """Heights above the sea: before it knows its home, ArduPilot writes the height above the start there too."""
    with np.errstate(invalid="ignore"):
        wrong = (alt_m == relative_m) & (np.abs(gps_m - alt_m) > 50.0)
    if wrong.any():
        faults.add(f"{int(wrong.sum())} heights of GLOBAL_POSITION_INT are above the start, not the sea: left out")
    return np.where(wrong, np.nan, alt_m)


def _accuracy(gps: Table) -> Floats:
    """(N,) horizontal accuracy in m; 0 says that the receiver told none."""
    told = gps.column("h_acc") / 1e3
    return np.where((told > 0) & (told < 1_000), told, np.nan)


def _raw(table: Table, clock: link.Clock, faults: Faults) -> Positions | None:
    own = ns(table.rows["time_usec"], _US)
    speed, course = table.column("vel"), np.radians(table.column("cog") / 1e2)
    speed = np.where((speed == 65_535) | (table.column("cog") == 65_535), np.nan, speed / 1e2)
    unknown = np.full(len(table), np.nan)
    made = Positions(
        clock.near(table) if np.median(own) >= link.UNIX_NS else link.other_ns(table, clock, own),
        table.column("lat") / 1e7,
        table.column("lon") / 1e7,
        table.column("alt") / 1e3,
        unknown,
        stack([speed * np.cos(course), speed * np.sin(course), unknown]),
        _accuracy(table),
        "GPS_RAW_INT",
    )
    return positions(faults, made, table.column("fix_type") >= _FIX_3D)


def _home(tables: Tables, made: Positions | None) -> tuple[float, float, float] | None:
    """The last HOME_POSITION; else the first place, at the height that heights are relative to."""
    table = tables.get("HOME_POSITION")
    if table is not None:
        last = table.rows[-1]
        if last["latitude"] or last["longitude"]:
            return float(last["latitude"]) / 1e7, float(last["longitude"]) / 1e7, float(last["altitude"]) / 1e3
    return gimbal.home_of(made)


def _body(tables: Tables, clock: link.Clock) -> Attitudes | None:
    for name in _BODY:
        table = tables.get(name)
        if table is None:
            continue
        if name == "ATTITUDE_QUATERNION":
            yaw, pitch, roll = euler_deg(stack([table.column(f"q{i}") for i in (1, 2, 3, 4)]))
        else:
            yaw, pitch, roll = (np.degrees(table.column(n)) for n in ("yaw", "pitch", "roll"))
        t_ns = clock.near(table) if name == "AHRS2" else link.boot_ns(table, clock)
        made = attitudes(Attitudes(t_ns, yaw, pitch, roll, name))
        if made is not None:
            return made
    return None


def _gimbal(tables: Tables, clock: link.Clock, body: Attitudes | None, faults: Faults) -> Attitudes | None:
    device, oriented, status = (tables.get(name) for name in _GIMBAL)
    made = None
    if device is not None:
        t_ns = link.other_ns(device, clock, device.whole("time_boot_ms") * _MS)
        made = gimbal.from_device(t_ns, device.rows["q"].astype(np.float64), device.whole("flags"), faults)
    if made is None and oriented is not None:
        made = gimbal.from_orientation(link.other_ns(oriented, clock, oriented.whole("time_boot_ms") * _MS), oriented)
    if made is None and status is not None:
        made = gimbal.from_status(clock.near(status), status, body)
    return made


def _feedback(tables: Tables, clock: link.Clock, faults: Faults) -> tuple[Triggers, ...]:
    table = tables.get("CAMERA_FEEDBACK")
    if table is None:
        return ()
    made = Triggers(
        link.unix_ns(table, clock, tables),
        table.whole("img_idx"),
        table.column("lat") / 1e7,
        table.column("lng") / 1e7,
        table.column("alt_msl"),
        table.column("alt_rel"),
        table.column("yaw"),
        table.column("pitch"),
        table.column("roll"),
        "CAMERA_FEEDBACK",
        photo_time=not bool((table.rows["flags"] == _OPEN_LOOP).all()),
    )
    return in_order(made)


def _captured(tables: Tables, clock: link.Clock) -> tuple[Triggers, ...]:
    table = tables.get("CAMERA_IMAGE_CAPTURED")
    if table is None:
        return ()
    table = table.where(table.rows["capture_result"] != 0)
    if not len(table):
        return ()
    unknown = np.full(len(table), np.nan)
    made = Triggers(
        link.other_ns(table, clock, table.whole("time_boot_ms") * _MS),
        table.whole("image_index"),
        table.column("lat") / 1e7,
        table.column("lon") / 1e7,
        table.column("alt") / 1e3,
        table.column("relative_alt") / 1e3,
        unknown,
        unknown,
        unknown,
        "CAMERA_IMAGE_CAPTURED",
    )
    return in_order(made)


def _commanded(tables: Tables, clock: link.Clock) -> tuple[Triggers, ...]:
    table = tables.get("CAMERA_TRIGGER")
    if table is None:
        return ()
    return in_order(bare_triggers(link.unix_ns(table, clock, tables), table.whole("seq"), "CAMERA_TRIGGER"))
