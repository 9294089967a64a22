"""MAVLink messages framed and sorted, from a telemetry log (`.tlog`).

A tlog is a row of frames, each after an 8-byte big-endian time of receipt in microseconds since 1970. Frames are
those of https://mavlink.io/en/guide/serialization.html: magic 0xFE (version 1) or 0xFD (version 2, trailing zeros of
the payload cut, 13 bytes of signature where a flag says so), checked by a CRC that also covers the message's own
definition. Names, fields and CRC seeds come from pymavlink's ardupilotmega dialect, which includes the common one.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline.ingest.columns import Table
from pipeline.ingest.salvage import MOST_BYTES, Bytes, Faults, salvage

_MAGIC = re.compile(b"[\xfd\xfe]")
_STAMP = 8
_SIGNED = 0x01
_PREFIX = struct.Struct("<QQBB")  # what is noted of a frame beside its payload
_PREFIX_FIELDS = [("_offset", "<u8"), ("_receive_us", "<u8"), ("_system", "u1"), ("_component", "u1")]
_TYPES = {
    "char": "S",
    "float": "<f4",
    "double": "<f8",
    **{f"{s}int{8 * n}_t": f"<{k}{n}" for s, k in (("", "i"), ("u", "u")) for n in (1, 2, 4, 8)},
    "uint8_t_mavlink_version": "u1",
}
_DAY_US = 86_400_000_000
_CENTURY_US = (946_684_800 * 10**6, 4_102_444_800 * 10**6)


@dataclass(slots=True)
class Frame:
    """Where a whole frame lies and what it carries."""

    start: int  # of the payload
    stop: int
    end: int
    message: int
    system: int
    component: int
    known: bool  # False: the dialect has no such message, so that its CRC says nothing


@dataclass(slots=True)
class _Kind:
    name: str
    dtype: np.dtype[Any]
    size: int
    kept: bytearray


def dialect() -> dict[int, Any]:
    """Message classes by number."""
    from pymavlink.dialects.v20 import ardupilotmega

    known: dict[int, Any] = ardupilotmega.mavlink_map
    return known


def read_frames(data: Bytes, wanted: Collection[str], faults: Faults) -> tuple[dict[str, Table], int]:
    """The wanted messages of a tlog, by name, and how many messages of any kind were whole.

    Beside its own fields a row holds `_offset`, `_receive_us`, `_system` and `_component`. At most
    `salvage.MOST_BYTES` are kept; nothing that the file holds raises.
    """
    sort = _Sorter(data, wanted)
    salvage(data, 0, faults, sort.take, sort.seek, lambda: sort.room)
    return sort.tables(), sort.whole


class _Sorter:
    """Checks frames, and keeps the wanted ones by kind."""

    def __init__(self, data: Bytes, wanted: Collection[str]) -> None:
        from pymavlink.generator.mavcrc import x25crc

        known = dialect()
        self._data, self._size = data, len(data)
        self._crc = x25crc
        self._seeds = {number: bytes([c.crc_extra]) for number, c in known.items()}
        self._kinds = {number: _kind(c) for number, c in known.items() if c.msgname in wanted}
        self._last_us = 0
        self.whole = 0
        self.room = MOST_BYTES

    def take(self, at: int, lost: bool) -> int:
        """Keep the whole frame whose time stamp starts at `at`; its end, or 0."""
        frame = self.frame(at)
        if frame is None:
            return 0
        stamp_us = int.from_bytes(self._data[at : at + _STAMP], "big")
        if lost and not self._plausible(stamp_us) and not self.followed(frame.end):
            return 0  # found by chance inside of something else
        self._last_us = stamp_us
        self.whole += frame.known
        kind = self._kinds.get(frame.message)
        if kind is not None:
            payload = self._data[frame.start : frame.stop][: kind.size].ljust(kind.size, b"\0")
            kind.kept += _PREFIX.pack(at, stamp_us, frame.system, frame.component) + payload
            self.room -= kind.dtype.itemsize
        return frame.end

    def seek(self, at: int) -> int:
        """Where the next frame's time stamp may start."""
        found = _MAGIC.search(self._data, at + _STAMP)  # type: ignore[call-overload]
        return found.start() - _STAMP if found else self._size

    def frame(self, at: int) -> Frame | None:
        """The whole frame whose time stamp starts at `at`, or None."""
        begin = at + _STAMP
        head = self._data[begin : begin + 10]
        if len(head) < 8:
            return None
        tail = 2
        if head[0] == 0xFE:
            message, system, component, start = head[5], head[3], head[4], begin + 6
        elif head[0] == 0xFD and len(head) == 10 and not head[2] & ~_SIGNED:
            message, system, component, start = head[7] | head[8] << 8 | head[9] << 16, head[5], head[6], begin + 10
            tail += 13 if head[2] & _SIGNED else 0
        else:
            return None
        stop = start + head[1]
        seed = self._seeds.get(message)
        frame = Frame(start, stop, stop + tail, message, system, component, seed is not None)
        if frame.end > self._size:
            return None
        if seed is None:
            return frame if self.followed(frame.end) else None
        told = int.from_bytes(self._data[stop : stop + 2], "little")
        return frame if self._crc(self._data[begin + 1 : stop] + seed).crc == told else None

    def _plausible(self, stamp_us: int) -> bool:
        """Whether a time of receipt lies within a day of the last one, or, for a first, in this century."""
        last_us = self._last_us
        return abs(stamp_us - last_us) < _DAY_US if last_us else _CENTURY_US[0] < stamp_us < _CENTURY_US[1]

    def followed(self, end: int) -> bool:
        """Whether another frame, or nothing, comes after `end`."""
        return end == self._size or (end + _STAMP < self._size and self._data[end + _STAMP] in (0xFD, 0xFE))

    def tables(self) -> dict[str, Table]:
        return {k.name: Table(k.name, np.frombuffer(k.kept, k.dtype)) for k in self._kinds.values() if k.kept}


def _kind(message: Any) -> _Kind:
    types = dict(zip(message.fieldnames, message.fieldtypes, strict=True))
    fields: list[Any] = list(_PREFIX_FIELDS)
    for name, count in zip(message.ordered_fieldnames, message.array_lengths, strict=True):
        code = _TYPES[types[name]]
        fields.append((name, f"S{count}") if code == "S" else (name, code, (count,)) if count else (name, code))
    dtype = np.dtype(fields)
    return _Kind(message.msgname, dtype, dtype.itemsize - _PREFIX.size, bytearray())
