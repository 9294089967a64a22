"""Small flight logs written by hand, so that readers are tested without real ones."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Sequence
from typing import Any

from pymavlink.dialects.v20 import ardupilotmega as mavlink

from pipeline.ingest.dataflash import HEAD

BOOT_US = 1_700_000_000_000_000  # when the autopilots of these logs started, by the receiver's clock


def tlog(messages: Iterable[tuple[Any, ...]], *, version: int = 2, signed: bool = False) -> bytes:
    """Rows of (time of receipt in ms since BOOT_US, message, system = 1, component = 1) as pymavlink packs them."""
    rows = []
    for at_ms, message, *source in messages:
        system, component = source or (1, 1)
        link = mavlink.MAVLink(None, srcSystem=system, srcComponent=component)
        if signed:
            link.signing.secret_key = b"k" * 32
            link.signing.sign_outgoing = True
            link.signing.timestamp = 1
        packed = message.pack(link, force_mavlink1=version == 1)
        rows.append(struct.pack(">Q", BOOT_US + round(at_ms * 1000)) + packed)
    return b"".join(rows)


def heartbeat(autopilot: int = mavlink.MAV_AUTOPILOT_ARDUPILOTMEGA) -> Any:
    return mavlink.MAVLink_heartbeat_message(mavlink.MAV_TYPE_QUADROTOR, autopilot, 0, 0, 4, 3)


def place(boot_ms: int, *, lat: float = 34.75, lon: float = 113.62, alt_m: float = 150.0, up_m: float = 50.0) -> Any:
    e7 = round(lat * 1e7), round(lon * 1e7)
    return mavlink.MAVLink_global_position_int_message(
        boot_ms, *e7, round(alt_m * 1e3), round(up_m * 1e3), 310, -40, 5, 9_000
    )


def turn(boot_ms: int, *, yaw: float = 1.0, pitch: float = 0.1, roll: float = -0.2) -> Any:
    return mavlink.MAVLink_attitude_message(boot_ms, roll, pitch, yaw, 0.0, 0.0, 0.0)


def flight(start_ms: int = 20_000, count: int = 20, step_ms: int = 200) -> list[tuple[Any, ...]]:
    """A heartbeat, then places and attitudes; received 30 ms after they were made."""
    rows: list[tuple[Any, ...]] = [(start_ms, heartbeat())]
    for i in range(count):
        t = start_ms + i * step_ms
        rows += [(t + 30, place(t, lat=34.75 + i * 1e-5)), (t + 31, turn(t + 5, yaw=0.01 * i))]
    return rows


def dataflash(formats: Sequence[tuple[int, str, str, str]], rows: Iterable[tuple[int, Sequence[Any]]]) -> bytes:
    """(type, name, letters, fields) and (type, stored values)."""
    made = [_fmt(128, "FMT", "BBnNZ", "Type,Length,Name,Format,Columns")]
    made += [_fmt(*f) for f in formats]
    layouts = {kind: "<" + "".join(STRUCT[c] for c in letters) for kind, _, letters, _ in formats}
    made += [HEAD + bytes([kind]) + struct.pack(layouts[kind], *values) for kind, values in rows]
    return b"".join(made)


_LETTERS = "abBhHiIfdnNZcCeELMqQg"
_CODES = "64s b B h H i I f d 4s 16s 64s h H i I i B q Q e"
STRUCT = dict(zip(_LETTERS, _CODES.split(), strict=True))


def _fmt(kind: int, name: str, letters: str, fields: str) -> bytes:
    size = 3 + struct.calcsize("<" + "".join(STRUCT[c] for c in letters))
    texts = (name.encode(), letters.encode(), fields.encode())
    return HEAD + b"\x80" + struct.pack("<BB4s16s64s", kind, size, *texts)


FORMATS = [
    (130, "GPS", "QBIHBcLLefffB", "TimeUS,Status,GMS,GWk,NSats,HDop,Lat,Lng,Alt,Spd,GCrs,VZ,U"),
    (131, "POS", "QLLfff", "TimeUS,Lat,Lng,Alt,RelHomeAlt,RelOriginAlt"),
    (132, "ATT", "QccccCCCC", "TimeUS,DesRoll,Roll,DesPitch,Pitch,DesYaw,Yaw,ErrRP,ErrYaw"),
    (133, "CAM", "QIHLLeeeccC", "TimeUS,GPSTime,GPSWeek,Lat,Lng,Alt,RelAlt,GPSAlt,Roll,Pitch,Yaw"),
    (134, "TRIG", "QIHLLeeeccC", "TimeUS,GPSTime,GPSWeek,Lat,Lng,Alt,RelAlt,GPSAlt,Roll,Pitch,Yaw"),
    (135, "MNT", "QBffffffff", "TimeUS,I,DesRoll,Roll,DesPitch,Pitch,DesYawB,YawB,DesYawE,YawE"),
    (136, "ORGN", "QBLLe", "TimeUS,Type,Lat,Lng,Alt"),
    (137, "MSG", "QZ", "TimeUS,Message"),
]


def dataflash_rows(count: int = 20) -> list[tuple[int, Sequence[Any]]]:
    rows: list[tuple[int, Sequence[Any]]] = [
        (137, (900_000, b"ArduCopter V4.5.0")),
        (136, (950_000, 0, 0, 0, 0)),
        (136, (960_000, 1, 347_500_000, 1_136_200_000, 10_000)),
    ]
    for i in range(count):
        t = 1_000_000 + i * 100_000
        rows.append((131, (t, 347_500_000 + 100 * i, 1_136_200_000, 150.5, 50.5, 50.0)))
        rows.append((132, (t + 500, 0, -250, 0, 300, 0, 9_000 + i % 20_000, 0, 0)))
        gps = t + 900, 3, 219_552_200 + 100 * i, 2382, 12, 102, 347_500_000, 1_136_200_000, 15_000, 5.0, 90.0, 0.25, 1
        rows.append((130, gps))
    return rows


def ulog(structs: Sequence[str], topics: Sequence[tuple[int, int, str]], rows: Iterable[tuple[int, bytes]]) -> bytes:
    """Structs as "name:type field;…", topics (instance, number, struct) and values (number, bytes)."""
    made = [b"ULog\x01\x12\x35\x01" + struct.pack("<Q", 1_000_000)]
    made.append(message("B", bytes(40)))
    made += [message("F", s.encode()) for s in structs]
    made += [message("A", struct.pack("<BH", i, n) + s.encode()) for i, n, s in topics]
    made += [message("D", struct.pack("<H", n) + value) for n, value in rows]
    return b"".join(made)


def message(kind: str, body: bytes) -> bytes:
    return struct.pack("<HB", len(body), ord(kind)) + body


STRUCTS = [
    "vehicle_global_position:uint64_t timestamp;double lat;double lon;float alt;float eph;",
    "vehicle_attitude:uint64_t timestamp;float[4] q;uint8_t quat_reset_counter;uint8_t[7] _padding0;",
    "home_position:uint64_t timestamp;double lat;double lon;float alt;bool valid_alt;bool valid_hpos;",
    "sensor_gps:uint64_t timestamp;uint64_t time_utc_usec;int32_t lat;int32_t lon;int32_t alt;int32_t "
    "timestamp_time_relative;uint8_t fix_type;",
    "camera_trigger:uint64_t timestamp;uint32_t seq;bool feedback;",
]
TOPICS = [(0, i, s.partition(":")[0]) for i, s in enumerate(STRUCTS)]
UTC_US = 1_765_000_000_000_000


def ulog_rows(count: int = 20) -> list[tuple[int, bytes]]:
    made = [(2, struct.pack("<QddfBB", 900_000, 34.75, 113.62, 100.0, 1, 1))]
    for i in range(count):
        t = 1_000_000 + i * 100_000
        made.append((0, struct.pack("<Qddff", t, 34.75 + i * 1e-5, 113.62, 150.0, 0.75)))
        made.append((1, struct.pack("<Q4fB", t + 500, 2**-0.5, 0.0, 0.0, 2**-0.5, 0)))  # yaw 90, without its padding
        made.append((3, struct.pack("<QQ4iB", t + 900, UTC_US + t, 347_500_000, 1_136_200_000, 150_000, -400, 3)))
    return made


LINE = (
    "{n}\t{s:.6f}\t[2211]\t     3,N\t    -4,E\t    75,V\t47.6436873208,Lat\t16.4759271684,Lon\t512.998,Ellh\t"
    "0.014391, 0.013698, 0.029694\t{q},Q"
)


def exposures(count: int = 3, quality: int = 50) -> list[bytes]:
    return [(LINE.format(n=i + 2, s=296_288.25 + 1.5 * i, q=quality) + "\n").encode() for i in range(count)]


def quaternion(yaw_deg: float, pitch_deg: float, roll_deg: float) -> list[float]:
    """w, x, y, z of R = yaw · pitch · roll."""
    y, p, r = (math.radians(a) / 2 for a in (yaw_deg, pitch_deg, roll_deg))
    return [
        math.cos(r) * math.cos(p) * math.cos(y) + math.sin(r) * math.sin(p) * math.sin(y),
        math.sin(r) * math.cos(p) * math.cos(y) - math.cos(r) * math.sin(p) * math.sin(y),
        math.cos(r) * math.sin(p) * math.cos(y) + math.sin(r) * math.cos(p) * math.sin(y),
        math.cos(r) * math.cos(p) * math.sin(y) - math.sin(r) * math.sin(p) * math.cos(y),
    ]
