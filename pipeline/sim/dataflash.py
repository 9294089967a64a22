"""An ArduPilot dataflash log: packets that begin A3 95, described by FMT packets at the beginning; or the same as text.

Formats, numbers, units and multipliers are those that ArduCopter 4.6 writes. Two of its habits matter to a reader:
CAM's GPS time is that of the receiver's last fix, up to 200 ms before the exposure (TimeUS is the exposure's), and
GPS packets are written some milliseconds after the moment they tell.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline.sim.logs import NO_FIX_S, Recorder
from pipeline.sim.noise import stream
from pipeline.sim.space import Floats

POSITION_HZ, ATTITUDE_HZ, GIMBAL_HZ, GPS_HZ = 10.0, 25.0, 10.0, 5.0
GPS_LATE_S = (0.001, 0.006)
GPS_EPOCH_UNIX_S = 315_964_800  # 1980-01-06
LEAP_S = 18  # GPS - UTC, since 2017
WEEK_MS = 604_800_000
HEAD = b"\xa3\x95"

# A letter's struct code, and by how much its value is multiplied before it is stored.
CODES: dict[str, tuple[str, float]] = {
    "Q": ("Q", 1), "B": ("B", 1), "b": ("b", 1), "H": ("H", 1), "I": ("I", 1), "i": ("i", 1), "f": ("f", 1),
    "d": ("d", 1), "c": ("h", 100), "C": ("H", 100), "e": ("i", 100), "L": ("i", 1e7), "M": ("B", 1),
    "n": ("4s", 1), "N": ("16s", 1), "Z": ("64s", 1),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Packet:
    """One kind of packet: its number, letters, columns, and a unit and a multiplier for each."""

    number: int
    name: str
    letters: str
    columns: str
    units: str
    multipliers: str

    @property
    def size(self) -> int:
        return 3 + struct.calcsize("<" + "".join(CODES[c][0] for c in self.letters))


CAMERA_COLUMNS = "TimeUS,I,Img,GPSTime,GPSWeek,Lat,Lng,Alt,RelAlt,GPSAlt,R,P,Y"
CAMERA = ("QBHIHLLeeeccC", CAMERA_COLUMNS, "s#---DUmmmddd", "F----GGBBBBBB")
PACKETS = {
    p.name: p
    for p in (
        Packet(128, "FMT", "BBnNZ", "Type,Length,Name,Format,Columns", "-b---", "-----"),
        Packet(118, "FMTU", "QBNN", "TimeUS,FmtType,UnitIds,MultIds", "s---", "F---"),
        Packet(119, "UNIT", "QbZ", "TimeUS,Id,Label", "s--", "F--"),
        Packet(120, "MULT", "Qbd", "TimeUS,Id,Mult", "s--", "F--"),
        Packet(32, "PARM", "QNff", "TimeUS,Name,Value,Default", "s---", "F---"),
        Packet(59, "MSG", "QZ", "TimeUS,Message", "s-", "F-"),
        Packet(122, "MODE", "QMBB", "TimeUS,Mode,ModeNum,Rsn", "s---", "F---"),
        Packet(73, "ORGN", "QBLLe", "TimeUS,Type,Lat,Lng,Alt", "s#DUm", "F-GGB"),
        Packet(94, "GPS", "QBBIHBcLLeffffB", "TimeUS,I,Status,GMS,GWk,NSats,HDop,Lat,Lng,Alt,Spd,GCrs,VZ,Yaw,U",
               "s#-s-S-DUmnhnh-", "F--C-0BGGB000--"),
        Packet(95, "GPA", "QBCCCCfBIHfHH", "TimeUS,I,VDop,HAcc,VAcc,SAcc,YAcc,VV,SMS,Delta,AEl,RTCMFU,RTCMFD",
               "s#-mmnd-ssm--", "F-BBBB0-CCB--"),
        Packet(72, "ATT", "QffffffB", "TimeUS,DesRoll,Roll,DesPitch,Pitch,DesYaw,Yaw,AEKF", "sddddhh-", "F000000-"),
        Packet(74, "POS", "QLLfff", "TimeUS,Lat,Lng,Alt,RelHomeAlt,RelOriginAlt", "sDUmmm", "FGG000"),
        Packet(83, "MNT", "QBfffffffff", "TimeUS,I,DRoll,Roll,DPitch,Pitch,DYawB,YawB,DYawE,YawE,Dist",
               "s#ddddddddm", "F---------0"),
        Packet(81, "CAM", *CAMERA),
        Packet(82, "TRIG", *CAMERA),
    )
}  # fmt: skip
UNITS = {
    "-": "", "?": "UNKNOWN", "d": "deg", "b": "B", "D": "deglatitude", "h": "degheading", "m": "m", "n": "m/s",
    "S": "satellites", "s": "s", "U": "deglongitude", "#": "instance",
}  # fmt: skip
MULTIPLIERS = {"-": 0.0, "?": 1.0, "0": 1.0, "B": 0.01, "C": 0.001, "F": 1e-6, "G": 1e-7}

Row = tuple[int, str, tuple[Any, ...]]  # µs since boot, packet, values behind TimeUS in natural units


def dataflash_bytes(recorder: Recorder) -> bytes:
    """The whole log, binary or as text."""
    rows = [
        *_positions(recorder), *_gps(recorder), *_attitudes(recorder), *_gimbal(recorder), *_exposures(recorder),
    ]  # fmt: skip
    rows.sort(key=lambda row: row[0])
    whole = [*_preamble(rows[0][0] - 5_000), *_hello(recorder, rows[0][0] - 1_000), *rows]
    if recorder.truth.config.log_text:
        return "".join(text_line(name, values) for name, values in _stamped(whole)).encode()
    return b"".join(pack(name, values) for name, values in _stamped(whole))


def _stamped(rows: Iterable[Row]) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Names with all their values; FMT alone has no time."""
    for t_us, name, values in rows:
        yield name, values if name == "FMT" else (t_us, *values)


def pack(name: str, values: tuple[Any, ...]) -> bytes:
    """One packet; values are in natural units."""
    kind = PACKETS[name]
    codes = [CODES[letter] for letter in kind.letters]
    stored = [_stored(value, code, scale) for value, (code, scale) in zip(values, codes, strict=True)]
    return HEAD + bytes([kind.number]) + struct.pack("<" + "".join(code for code, _ in codes), *stored)


def _stored(value: Any, code: str, scale: float) -> Any:
    if isinstance(value, str):
        return value.encode("ascii")
    return float(value) if code in "fd" else round(value * scale)


def text_line(name: str, values: tuple[Any, ...]) -> str:
    """As ground stations turn a binary log into text: integers and names as they are, the rest in natural units."""
    places = {"c": 2, "C": 2, "e": 2, "L": 7, "f": 6, "d": 9}
    letters = PACKETS[name].letters
    told = [v if isinstance(v, str) else f"{v:.{places.get(k, 0)}f}" for k, v in zip(letters, values, strict=True)]
    return ", ".join([name, *told]) + "\n"


def _preamble(t_us: int) -> Iterator[Row]:
    """FMT of everything, then units and multipliers."""
    for p in PACKETS.values():
        yield t_us, "FMT", (p.number, p.size, p.name, p.letters, p.columns)
    yield from ((t_us, "UNIT", (ord(letter), label)) for letter, label in UNITS.items())
    yield from ((t_us, "MULT", (ord(letter), value)) for letter, value in MULTIPLIERS.items())
    yield from ((t_us, "FMTU", (p.number, p.units, p.multipliers)) for p in PACKETS.values())


def _hello(recorder: Recorder, t_us: int) -> Iterator[Row]:
    lat, lon, height = recorder.home
    pin = 54 if recorder.truth.config.triggers in ("CAM+TRIG", "TRIG") else -1
    for name, value in (("FORMAT_VERSION", 120), ("SYSID_THISMAV", 1), ("CAM1_FEEDBAK_PIN", pin), ("MNT1_TYPE", 4)):
        yield t_us, "PARM", (name, value, value)
    yield from ((t_us, "MSG", (text,)) for text in ("ArduCopter V4.6.2 (1ebd4d99)", "Frame: QUAD/X"))
    yield t_us, "MODE", (3, 3, 1)
    # The origin of the filter and home, taken at the same moment.
    yield from ((t_us, "ORGN", (kind, lat, lon, height)) for kind in (0, 1))


def _us(recorder: Recorder, t_s: Floats) -> list[int]:
    return [int(v) for v in recorder.clocks.boot_ns(recorder.clocks.utc_ns(t_s)) // 1000]


def _positions(recorder: Recorder) -> Iterator[Row]:
    start = recorder.span_s[0] + NO_FIX_S
    t = np.array([t for t in recorder.ticks(POSITION_HZ, 0.031) if t > start])
    fixes = recorder.fixes(t)
    columns = (fixes.lat_deg, fixes.lon_deg, fixes.amsl_m, fixes.relative_m, fixes.relative_m)
    yield from ((us, "POS", values) for us, values in zip(_us(recorder, t), zip(*columns, strict=True), strict=True))


def gps_time(utc_ns: int) -> tuple[int, int]:
    """GPS week, and milliseconds in it."""
    since_ms = utc_ns // 1_000_000 - (GPS_EPOCH_UNIX_S - LEAP_S) * 1000
    return since_ms // WEEK_MS, since_ms % WEEK_MS


def _last_fix_s(recorder: Recorder, t_s: Floats) -> Floats:
    """The receiver works at whole fifths of a GPS second."""
    utc = recorder.clocks.utc_ns(t_s)
    return np.asarray((utc - utc % round(1e9 / GPS_HZ) - recorder.clocks.first_utc_ns) / 1e9)


def _gps(recorder: Recorder) -> Iterator[Row]:
    t = _last_fix_s(recorder, recorder.ticks(GPS_HZ, 0.3))
    late = stream(recorder.truth.config, "gps").uniform(*GPS_LATE_S, len(t))
    fixes, utc = recorder.fixes(t), recorder.clocks.utc_ns(t + 1e-6)
    north, east, down = fixes.velocity_mps.T
    course = np.degrees(np.arctan2(east, north)) % 360
    accuracy = recorder.errors.sigma_m or 1.2
    for i, us in enumerate(_us(recorder, t + late)):
        known = t[i] >= t[0] + NO_FIX_S
        week, ms = gps_time(int(utc[i])) if known else (0, 0)
        place = (fixes.lat_deg[i], fixes.lon_deg[i], fixes.amsl_m[i]) if known else (0.0, 0.0, 0.0)
        yield us, "GPS", (
            0, 3 if known else 1, ms, week, 15, 0.8, *place, np.hypot(north[i], east[i]), course[i], down[i], 0.0, 1
        )  # fmt: skip
        yield us, "GPA", (0, 1.2, accuracy, 2 * accuracy, 0.3, 0.0, 1, us // 1000, 200, 0.0, 0, 0)


def _attitudes(recorder: Recorder) -> Iterator[Row]:
    t = recorder.ticks(ATTITUDE_HZ, 0.007)
    for us, (yaw, pitch, roll) in zip(_us(recorder, t), recorder.body_deg(t), strict=True):
        yield us, "ATT", (roll, roll, pitch, pitch, yaw % 360, yaw % 360, 3)


def _gimbal(recorder: Recorder) -> Iterator[Row]:
    if recorder.truth.config.gimbal == "none":
        return
    t = recorder.ticks(GIMBAL_HZ, 0.019)
    nose = recorder.body_deg(t)[:, 0]
    for us, body, (yaw, pitch, roll) in zip(_us(recorder, t), nose, recorder.gimbal_deg(t), strict=True):
        turned, north = (yaw - body + 180) % 360 - 180, (yaw + 180) % 360 - 180
        yield us, "MNT", (0, roll, roll, pitch, pitch, turned, turned, north, north, float("nan"))


def _exposures(recorder: Recorder) -> Iterator[Row]:
    """CAM and TRIG: position then, and the airframe's attitude."""
    notes, kinds = recorder.notes, recorder.truth.config.triggers
    if kinds == "CAM+TRIG":
        yield from _noted(recorder, "TRIG", recorder.since_s(notes.command_ns))
    yield from _noted(recorder, "TRIG" if kinds == "TRIG" else "CAM", recorder.since_s(notes.utc_ns))


def _noted(recorder: Recorder, name: str, t: Floats) -> Iterator[Row]:
    fixes, body = recorder.fixes(t), recorder.body_deg(t)
    fix_utc = recorder.clocks.utc_ns(_last_fix_s(recorder, t) + 1e-6)
    for i, us in enumerate(_us(recorder, t)):
        week, ms = gps_time(int(fix_utc[i]))
        yaw, pitch, roll = body[i]
        yield us, name, (
            0, recorder.notes.sequence[i], ms, week, fixes.lat_deg[i], fixes.lon_deg[i], fixes.amsl_m[i],
            fixes.relative_m[i], fixes.amsl_m[i], roll, pitch, yaw % 360,
        )  # fmt: skip
