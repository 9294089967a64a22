"""PX4's log (`.ulg`) read into tables.

The format is public: https://docs.px4.io/main/en/dev_log/ulog_file_format.html. Sixteen bytes of header, then messages
of a size, a kind and contents: F names the fields of a struct, A subscribes a number to a struct, D is one value of it.
There are no checksums; a message of an unknown kind or a wrong size ends a whole stretch, and reading goes on at the
next place from which a few messages follow each other.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from pipeline.ingest.columns import Table, label
from pipeline.ingest.salvage import MOST_BYTES, Bytes, Faults, salvage

HEADER = 16
_MAGIC = b"ULog\x01\x12\x35"
_KINDS = frozenset(b"BFIMPQARDLCSO")
_KIND = re.compile(b"[BFIMPQARDLCSO]")
_FIXED = {ord("B"): 40, ord("O"): 2, ord("S"): 8, ord("R"): 2}
_TYPES = {f"{s}int{8 * n}_t": f"<{k}{n}" for s, k in (("", "i"), ("u", "u")) for n in (1, 2, 4, 8)} | {
    **{"float": "<f4", "double": "<f8", "bool": "u1", "char": "i1"},
}
_FIELD = re.compile(r"([A-Za-z0-9_/]+)(?:\[(\d{1,5})\])? ([A-Za-z0-9_]+)")
_NAME = re.compile(r"[A-Za-z0-9_/]{1,100}")
_CHAIN = 3  # messages that have to follow each other where reading goes on
_DEEPEST = 8  # structs in structs
_MOST_STRUCTS = 2_000
_MOST_FIELDS = 500


@dataclass(slots=True)
class _Topic:
    name: str
    instance: int
    dtype: np.dtype[Any] | None  # None: its struct is not known
    least: int  # bytes of one value, less padding at its end
    kept: bytearray | None = None


@dataclass(slots=True)
class _Log:
    """What has been read so far."""

    wanted: Collection[str]
    faults: Faults
    structs: dict[str, str] = field(default_factory=dict)
    topics: dict[int, _Topic] = field(default_factory=dict)
    layouts: dict[str, tuple[np.dtype[Any] | None, int]] = field(default_factory=dict)
    infos: dict[str, str] = field(default_factory=dict)
    whole: int = 0
    room: int = MOST_BYTES
    dropouts: int = 0
    dropout_ms: int = 0

    def fits(self, kind: int, size: int, number: int) -> bool:
        """Whether a message of this kind can have contents of this size, whose first two bytes are `number`."""
        if kind not in _KINDS or not size:
            return False
        if kind != ord("D"):
            return size == _FIXED.get(kind, size) or (kind == ord("B") and size > 40)
        topic = self.topics.get(number)
        return topic is not None and (topic.dtype is None or topic.least <= size - 2 <= topic.dtype.itemsize)

    def take(self, kind: int, body: bytes) -> None:
        self.whole += 1
        if kind == ord("D"):
            topic = self.topics[int.from_bytes(body[:2], "little")]
            if topic.kept is not None and topic.dtype is not None:
                topic.kept += body[2:].ljust(topic.dtype.itemsize, b"\0")
                self.room -= topic.dtype.itemsize
        elif kind == ord("F"):
            name, _, fields = body.decode("utf-8", "replace").partition(":")
            if len(self.structs) < _MOST_STRUCTS:
                self.structs.setdefault(name, fields)
        elif kind == ord("A") and len(body) > 3:
            name = body[3:].decode("utf-8", "replace")
            if _NAME.fullmatch(name):
                self._subscribe(body[0], int.from_bytes(body[1:3], "little"), name)
        elif kind == ord("I"):
            key = body[1 : 1 + body[0]].decode("utf-8", "replace")
            if key.startswith("char[") and len(self.infos) < _MOST_STRUCTS:
                self.infos[key.partition(" ")[2]] = label(body[1 + body[0] :])
        elif kind == ord("O"):
            self.dropouts += 1
            self.dropout_ms += int.from_bytes(body, "little")

    def _subscribe(self, instance: int, number: int, name: str) -> None:
        if number in self.topics:
            return
        dtype, least = self._layout(name)
        if dtype is None:
            self.faults.add(f"{name}: its fields are not told or make no sense, and its values are not read")
        kept = bytearray() if name in self.wanted and dtype is not None else None
        self.topics[number] = _Topic(name, instance, dtype, least, kept)

    def _layout(self, name: str) -> tuple[np.dtype[Any] | None, int]:
        if name not in self.layouts:
            fields = _flat(name, self.structs, {})
            self.layouts[name] = _dtype(fields) if fields else (None, 0)
        return self.layouts[name]


Fields = list[tuple[str, str, int]]


def _flat(name: str, structs: Mapping[str, str], seen: dict[str, Fields | None], deep: int = 0) -> Fields | None:
    """Fields (name, type, count; 0: no list) of a struct, an inner one's as "outer.inner"; None if one is unknown."""
    if name in seen:
        return seen[name]
    seen[name] = None  # a struct cannot hold itself
    if name in structs and deep <= _DEEPEST:
        seen[name] = _fields(structs[name], structs, seen, deep)
    return seen[name]


def _fields(texts: str, structs: Mapping[str, str], seen: dict[str, Fields | None], deep: int) -> Fields | None:
    found: Fields = []
    for text in filter(None, texts.split(";")):
        match = _FIELD.fullmatch(text)
        if match is None or match[2] == "0" or len(found) > _MOST_FIELDS:
            return None
        kind, count, label = match[1], int(match[2] or 0), match[3]
        if kind in _TYPES:
            found.append((label, _TYPES[kind], count))
            continue
        inner = _flat(kind, structs, seen, deep + 1)
        if inner is None or max(count, 1) * len(inner) > _MOST_FIELDS:
            return None
        places = [f"{label}[{i}]" for i in range(count)] or [label]
        found += [(f"{place}.{n}", t, c) for place in places for n, t, c in inner]
    return found


def _dtype(fields: Fields) -> tuple[np.dtype[Any] | None, int]:
    """The layout of a value, and its size without the padding at the end, which loggers leave out."""
    unique = len({n for n, _, _ in fields}) == len(fields)
    total = _size(fields)
    if not unique or total > 65_535:
        return None, 0
    dtype = np.dtype([(n, t, (c,)) if c else (n, t) for n, t, c in fields])
    end = max((i + 1 for i, (n, _, _) in enumerate(fields) if not n.startswith("_padding")), default=0)
    return dtype, _size(fields[:end])


def _size(fields: Fields) -> int:
    return sum(np.dtype(t).itemsize * max(c, 1) for _, t, c in fields)


def read_topics(data: Bytes, wanted: Collection[str], faults: Faults) -> tuple[dict[str, Table], int, dict[str, str]]:
    """The wanted topics by name (a second instance as "name/1"), how many messages were whole, and what the log says
    of itself.

    At most `salvage.MOST_BYTES` are kept; nothing that the file holds raises.
    """
    log = _Log(wanted, faults)
    if data[: len(_MAGIC)] == _MAGIC:
        walk = _Walk(data, log)
        salvage(data, HEADER, faults, walk.take, walk.seek, lambda: log.room)
    if log.dropouts:
        faults.add(f"the logger dropped out {log.dropouts} times, {log.dropout_ms / 1e3:.3g} s in all")
    tables: dict[str, Table] = {}
    for topic in log.topics.values():
        if topic.kept and topic.dtype is not None:
            name = topic.name if not topic.instance else f"{topic.name}/{topic.instance}"
            tables.setdefault(name, Table(topic.name, np.frombuffer(topic.kept, topic.dtype)))
    return tables, log.whole, log.infos


class _Walk:
    """Messages found one after another."""

    def __init__(self, data: Bytes, log: _Log) -> None:
        self._data, self._size, self._log = data, len(data), log

    def take(self, at: int, lost: bool) -> int:
        """Take over the whole message at `at`; its end, or 0."""
        end = self._whole(at)
        if not end or (lost and not self._chain(at)):
            return 0
        self._log.take(self._data[at + 2], self._data[at + 3 : end])
        return end

    def seek(self, at: int) -> int:
        found = _KIND.search(self._data, at + 2)  # type: ignore[call-overload]
        return found.start() - 2 if found else self._size

    def _whole(self, at: int) -> int:
        """The end of the message that starts at `at`; 0 when there is none."""
        head = self._data[at : at + 5]
        if len(head) < 4:
            return 0
        size = head[0] | head[1] << 8
        end = at + 3 + size
        return end if end <= self._size and self._log.fits(head[2], size, int.from_bytes(head[3:], "little")) else 0

    def _chain(self, at: int) -> bool:
        """Whether whole messages follow each other from here, or up to the end of the file."""
        for _ in range(_CHAIN):
            at = self._whole(at)
            if not at or at == self._size:
                return bool(at)
        return True
