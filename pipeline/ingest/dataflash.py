"""ArduPilot's on-board log read into tables: the binary `.bin`, and the text `.log` made from it.

A binary log is a row of messages, each 0xA3 0x95, a type, and fields as the type's FMT message says (length, name, a
letter a field, names of the fields): https://github.com/ArduPilot/ardupilot/blob/master/libraries/AP_Logger/README.md.
There are no checksums. A message that is not followed by another and holds the start of one is taken as broken, and
so is an FMT whose letters do not add up to its length; a damaged number inside of a whole message cannot be seen here.
The letters c, C, e, E stand for hundredths and L for 1e-7; other multipliers (FMTU) only tell units.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline.ingest.columns import Table, label
from pipeline.ingest.salvage import MOST_BYTES, Bytes, Faults, salvage

HEAD = b"\xa3\x95"
_START = re.compile(re.escape(HEAD))
_FMT = 128
_FMT_SIZE = 89
_MOST_FORMATS = 1_000
_LETTERS = {
    **{"a": "(32,)<i2", "b": "i1", "B": "u1", "h": "<i2", "H": "<u2", "i": "<i4", "I": "<u4", "q": "<i8", "Q": "<u8"},
    **{"g": "<f2", "f": "<f4", "d": "<f8", "n": "S4", "N": "S16", "Z": "S64", "M": "u1"},
    **{"c": "<i2", "C": "<u2", "e": "<i4", "E": "<u4", "L": "<i4"},
}
_SCALES = {**dict.fromkeys("cCeE", 100.0), "L": 1e7}


@dataclass(slots=True)
class _Format:
    name: str
    size: int
    letters: str
    fields: tuple[str, ...]
    kept: bytearray | None  # None: not wanted

    def sound(self) -> bool:
        """Whether letters and names of the fields fit each other and the size."""
        named = len(self.fields) == len(self.letters) == len(set(self.fields)) and all(self.fields)
        return named and set(self.letters) <= set(_LETTERS) and self.dtype().itemsize == self.size

    def dtype(self) -> np.dtype[Any]:
        types = [_LETTERS[c] for c in self.letters]
        return np.dtype([("_head", "V3"), *zip(self.fields, types, strict=True)])

    def table(self) -> Table:
        scales = {f: _SCALES[c] for f, c in zip(self.fields, self.letters, strict=True) if c in _SCALES}
        return Table(self.name, np.frombuffer(self.kept or b"", self.dtype()), scales)


def read_messages(data: Bytes, wanted: Collection[str], faults: Faults) -> tuple[dict[str, Table], int]:
    """The wanted messages of a binary log, by name, and how many messages of any kind were whole.

    At most `salvage.MOST_BYTES` are kept; nothing that the file holds raises.
    """
    log = _Log(data, wanted, faults)
    salvage(data, 0, faults, log.take, log.seek, lambda: log.room)
    return {f.name: f.table() for f in log.formats.values() if f.kept}, log.whole


class _Log:
    """What has been read of a binary log."""

    def __init__(self, data: Bytes, wanted: Collection[str], faults: Faults) -> None:
        self._data, self._size = data, len(data)
        self._wanted, self._faults = wanted, faults
        self.formats = {_FMT: _Format("FMT", _FMT_SIZE, "BBnNZ", ("Type", "Length", "Name", "Format", "Columns"), None)}
        self.whole = 0
        self.room = MOST_BYTES

    def take(self, at: int, lost: bool) -> int:
        """Take over the whole message at `at`; its end, or 0."""
        head = self._data[at : at + 3]
        found = self.formats.get(head[2]) if head[:2] == HEAD and len(head) == 3 else None
        end = at + found.size if found else 0
        if found is None or end > self._size:
            return 0
        message = self._data[at:end]
        if end < self._size and self._data[end : end + 2] != HEAD and self._broken(message):
            return 0
        if found.name == "FMT" and not self._define(message, at):
            return 0
        self.whole += 1
        if found.kept is not None:
            found.kept += message
            self.room -= found.size
        return end

    def seek(self, at: int) -> int:
        found = _START.search(self._data, at)  # type: ignore[call-overload]
        return found.start() if found else self._size

    def _broken(self, message: bytes) -> bool:
        """Whether the start of another message lies inside of this one."""
        inside = (m.end() for m in _START.finditer(message, 3))
        return any(i < len(message) and message[i] in self.formats for i in inside)

    def _define(self, message: bytes, at: int) -> bool:
        """Take over one FMT, if it makes sense; once messages of its type are kept, the first counts."""
        kind, size = message[3], message[4]
        name, letters, columns = (_text(message[a:b]) for a, b in ((5, 9), (9, 25), (25, 89)))
        old = self.formats.get(kind)
        if kind == _FMT or (old is not None and (old.kept or (old.name, old.letters) == (name, letters))):
            return True
        fields = tuple(columns.split(",")) if columns else ()
        new = _Format(name, size, letters, fields, bytearray() if name in self._wanted else None)
        taken = name in {f.name for f in self.formats.values() if f is not old}
        if taken or not new.sound():
            self._faults.add(f"the format of message type {kind} at offset {at} makes no sense: it is not read")
            return False
        self.formats[kind] = new
        return True


def _text(raw: bytes) -> str:
    return raw.split(b"\0")[0].decode("ascii", "replace")


def read_text(lines: Iterable[bytes], wanted: Collection[str], faults: Faults) -> tuple[dict[str, Table], int, str]:
    """The wanted messages of a text log, how many lines were whole, and the firmware's name.

    Values stand there scaled; words are left out, and NaN stands in their place.
    """
    formats: dict[str, tuple[str, ...]] = {}
    kept: dict[str, array[float]] = {}
    whole, room, bad, firmware = 0, MOST_BYTES, 0, ""
    for line in lines:
        parts = [p.strip() for p in line.decode("utf-8", "replace").split(",")]
        name = parts[0]
        if name == "FMT" and len(parts) > 5 and len(formats) < _MOST_FORMATS:
            formats.setdefault(parts[3], tuple(parts[5:]))
        elif name not in formats or (len(parts) - 1 != len(formats[name]) and name != "MSG"):
            bad += bool(line.strip())
            continue
        whole += 1
        if name == "MSG" and not firmware and parts[-1].startswith("Ardu"):
            firmware = label(parts[-1].encode())
        if name in wanted and name != "MSG" and room > 0:
            kept.setdefault(name, array("d")).extend(_number(p) for p in parts[1:])
            room -= 8 * len(parts)
    if bad:
        faults.add(f"lines that are no whole message and are skipped: {bad}")
    if room <= 0:
        faults.add("only the first messages are read: what follows is more than one flight needs")
    return {n: _text_table(n, formats[n], values) for n, values in kept.items()}, whole, firmware


def _number(word: str) -> float:
    try:
        return float(word)
    except ValueError:
        return float("nan")


def _text_table(name: str, fields: tuple[str, ...], values: array[float]) -> Table:
    unique = [f or f"_{i}" if fields.index(f) == i else f"_{i}" for i, f in enumerate(fields)]
    return Table(name, np.frombuffer(values, np.dtype([(f, "<f8") for f in unique])))
