"""PX4's topics as a Track, in the autopilot's time since boot.

vehicle_global_position, else a GPS topic, for places; vehicle_attitude; gimbal_device_attitude_status;
camera_capture and camera_trigger for exposures; a GPS topic's time_utc_usec for UTC. Heights are above the sea as the
receiver's geoid has it. Fields: https://github.com/PX4/PX4-Autopilot/tree/main/msg.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pipeline.ingest import gimbal
from pipeline.ingest.columns import (
    Mask,
    Table,
    Tables,
    attitudes,
    bare_triggers,
    epochs,
    euler_deg,
    filled,
    in_step,
    nearest,
    ns,
    positions,
    stack,
)
from pipeline.ingest.columns import triggers as in_order
from pipeline.ingest.salvage import Bytes, Faults
from pipeline.ingest.track import Attitudes, Epochs, Floats, Ns, Positions, Track, Triggers
from pipeline.ingest.ulog import read_topics

_GPS = ("vehicle_gps_position", "sensor_gps", "vehicle_gps_position/1", "sensor_gps/1")
_PLACE = ("vehicle_global_position", "vehicle_local_position", "home_position")
_TURN = ("vehicle_attitude", "gimbal_device_attitude_status")
_CAMERA = ("camera_trigger", "camera_capture")
WANTED = frozenset((*_PLACE, *_TURN, *_CAMERA, "vehicle_gps_position", "sensor_gps"))
_FIX_3D = 3
_NEAR_NS = 2_000_000_000

Home = tuple[float, float, float]


@np.errstate(all="ignore")  # a damaged number may be any
def read_ulog(data: Bytes, id: str) -> Track:
    """The Track of a ULog's bytes; without positions or attitudes where it holds none. Raises nothing."""
    faults = Faults()
    topics, whole, infos = read_topics(data, WANTED, faults)
    steps = {name: in_step(_times(table), name, faults) for name, table in topics.items()}
    tables = {name: table.where(steps[name]) for name, table in topics.items() if steps[name].any()}
    home = _home(tables)
    made = _fused(tables, faults, home) or _raw(tables, faults, home)
    return Track(
        id,
        "ulog",
        positions=made,
        body=_body(tables),
        gimbal=_gimbal(tables, faults),
        triggers=_captured(tables) + _triggered(tables),
        epochs=_epochs(tables),
        home=home or gimbal.home_of(made),
        vehicle=" ".join(infos[k] for k in ("sys_name", "ver_hw") if k in infos),
        messages=whole,
        faults=faults.told(),
    )


def _times(table: Table) -> Ns:
    return ns(table.whole("timestamp", missing=0), 1_000)


def _home(tables: Tables) -> Home | None:
    table = tables.get("home_position")
    if table is None:
        return None
    sure = np.ones(len(table), dtype=bool)
    for flag in ("valid_alt", "valid_hpos"):
        sure &= (table.column(flag) != 0) | (flag not in table)
    places = table.where(sure)
    if not len(places):
        return None
    last = [float(places.column(n)[-1]) for n in ("lat", "lon", "alt")]
    return (last[0], last[1], last[2]) if np.isfinite(last).all() else None


def _fused(tables: Tables, faults: Faults, home: Home | None) -> Positions | None:
    table = tables.get("vehicle_global_position")
    if table is None:
        return None
    t_ns, alt_m = _times(table), table.column("alt")
    made = Positions(
        t_ns,
        table.column("lat"),
        table.column("lon"),
        alt_m,
        alt_m - (home[2] if home else np.nan),
        _velocity(tables, table, t_ns),
        _sigma(table),
        "vehicle_global_position",
    )
    return positions(faults, made, (table.column("lat_lon_valid") != 0) | ("lat_lon_valid" not in table))


def _velocity(tables: Tables, table: Table, t_ns: Ns) -> Floats:
    """(N, 3) of the message itself (old firmware), else of the local position at the nearest time."""
    if "vel_n" in table:
        return stack([table.column(n) for n in ("vel_n", "vel_e", "vel_d")])
    local = tables.get("vehicle_local_position")
    if local is None:
        return np.full((len(t_ns), 3), np.nan)
    at = _times(local)
    order = np.argsort(at, kind="stable")
    return stack([nearest(t_ns, at[order], local.column(n)[order], _NEAR_NS) for n in ("vx", "vy", "vz")])


def _sigma(table: Table) -> Floats:
    told = table.column("eph")
    return np.where((told > 0) & (told < 1_000), told, np.nan)


def _raw(tables: Tables, faults: Faults, home: Home | None) -> Positions | None:
    table = filled(tables, *_GPS)
    if table is None:
        return None
    old = "latitude_deg" not in table  # before 1.14 degrees were 1e-7 and heights millimetres, as integers
    alt_m = table.column("alt") / 1e3 if old else table.column("altitude_msl_m")
    made = Positions(
        _times(table),
        table.column("lat") / 1e7 if old else table.column("latitude_deg"),
        table.column("lon") / 1e7 if old else table.column("longitude_deg"),
        alt_m,
        alt_m - (home[2] if home else np.nan),
        stack([table.column(n) for n in ("vel_n_m_s", "vel_e_m_s", "vel_d_m_s")]),
        _sigma(table),
        table.name,
    )
    return positions(faults, made, table.column("fix_type") >= _FIX_3D)


def _body(tables: Tables) -> Attitudes | None:
    table = tables.get("vehicle_attitude")
    if table is None or "q" not in table:
        return None
    return attitudes(Attitudes(_times(table), *euler_deg(_quaternions(table)), "vehicle_attitude"))


def _quaternions(table: Table) -> Floats:
    q = table.rows["q"].astype(np.float64)
    return q if q.ndim == 2 and q.shape[1] == 4 else np.full((len(table), 4), np.nan)


def _gimbal(tables: Tables, faults: Faults) -> Attitudes | None:
    table = tables.get("gimbal_device_attitude_status")
    if table is None or "q" not in table:
        return None
    return gimbal.from_device(_times(table), _quaternions(table), table.whole("device_flags", missing=0), faults)


def _captured(tables: Tables) -> tuple[Triggers, ...]:
    """camera_capture: at the camera's own signal where one is wired, else at the command."""
    table = tables.get("camera_capture")
    if table is None:
        return ()
    table = table.where(table.column("result") != 0)
    asked = tables.get("camera_trigger")
    answered = asked is not None and bool((asked.column("feedback") == 1).any())
    moving = "gimbal_device_attitude_status" in tables or "q" not in table  # its attitude is then the camera's
    unknown = np.full(len(table), np.nan)
    yaw, pitch, roll = (unknown, unknown, unknown) if moving else euler_deg(_quaternions(table))
    made = Triggers(
        _times(table),
        table.whole("seq"),
        table.column("lat"),
        table.column("lon"),
        table.column("alt"),
        unknown,
        yaw,
        pitch,
        roll,
        "camera_capture",
        photo_time=answered,
    )
    return in_order(made)


def _triggered(tables: Tables) -> tuple[Triggers, ...]:
    """camera_trigger: the camera's answers first, then the commands."""
    table = tables.get("camera_trigger")
    if table is None:
        return ()
    answer = table.column("feedback") == 1
    made = bare_triggers(_times(table), table.whole("seq"), "camera_trigger")
    answers = [replace(t, source="camera_trigger feedback", photo_time=True) for t in _some(made, answer)]
    return (*answers, *_some(made, ~answer))


def _some(made: Triggers, chosen: Mask) -> tuple[Triggers, ...]:
    columns = ("t_ns", "sequence", "lat_deg", "lon_deg", "alt_m", "relative_m", "yaw_deg", "pitch_deg", "roll_deg")
    return in_order(replace(made, **{n: getattr(made, n)[chosen] for n in columns}))


def _epochs(tables: Tables) -> tuple[Epochs, ...]:
    """The receiver's UTC, at the moment of the log's clock that it belongs to."""
    table = filled(tables, *_GPS)
    if table is None:
        return ()
    late_us = table.whole("timestamp_time_relative", missing=0)
    return epochs(_times(table) + late_us * 1_000, ns(table.whole("time_utc_usec", missing=0), 1_000), "GPS time")
