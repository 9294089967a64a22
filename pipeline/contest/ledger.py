"""The ledger: one signed line of canonical JSON an event, each naming the one before; only ever added to.

line = canonical JSON of {"body", "contest", "key", "kind", "prev", "seq", "sig", "t_ms"}; `sig` is the Ed25519
signature by `key` over canonical JSON of the same without `sig`; head = SHA-256 of the line without its newline; `prev`
is the head of the line before, 64 zeros in the first. The first event is of the kind "contest": it names the contest's
id and the desk's key; an event "machine" {"name", "key"} signed by a known desk brings in another's.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.contest.keys import Signer, is_signed
from pipeline.contest.store import store, sync_folder
from pipeline.errors import ContestError, OutputError
from pipeline.score.canonical import canonical_json

LEDGER = "events.jsonl"
NOTHING = "0" * 64  # `prev` of the first event
END_OF_TIME_MS = 253_402_300_800_000  # the year 10000
LARGEST_LINE = 8 * 1024 * 1024  # a final manifest of fifty thousand files
LARGEST_LEDGER = 256 * 1024 * 1024
_FIELDS = {"body": dict, "contest": str, "key": str, "kind": str, "prev": str, "seq": int, "sig": str, "t_ms": int}
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_KIND = re.compile(r"[a-z][a-z-]{0,31}")


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the ledger, checked."""

    seq: int
    t_ms: int  # UTC by the desk's clock
    kind: str
    body: Mapping[str, Any]
    prev: str
    key: str  # of the desk that wrote it, 64 hex
    head: str
    line: bytes  # without its newline
    contest: str


def read_events(path: Path, known: Sequence[Event] = ()) -> tuple[Event, ...]:
    """All events of a ledger, checked; bytes after the last newline are a torn line and no event (`torn_tail`).

    known: events read before, of this file or one that it was copied from; lines that begin both alike are not checked
    again.
    Raises ContestError naming the line and what is wrong with it.
    """
    return events_of(_read(path), str(path), known)


def events_of(data: bytes, name: str, known: Sequence[Event] = ()) -> tuple[Event, ...]:
    """`read_events` of bytes; `name` is what errors call them."""
    lines = data.split(b"\n")[:-1]
    events = list(known[: _alike(lines, known)])
    keys = {key for event in events for key in desk_keys(event)}
    for number in range(len(events), len(lines)):
        last = events[-1] if events else None
        event = _event(lines[number], f"{name}, line {number + 1}", last, keys)
        keys.update(desk_keys(event))
        events.append(event)
    return tuple(events)


def read_line(line: bytes, name: str) -> Event:
    """One line by itself: its form and its signature by the key it names; whose key that is, is not known.

    Raises ContestError; `name` is what it calls the line.
    """
    content = _content(line, name)
    _check_signature(content, line, name)
    return _of(content, line)


def desk_keys(event: Event) -> list[str]:
    """The desks' keys that an event brings in."""
    named: Any = event.body
    if event.seq == 0:
        named = event.body.get("desk")
    elif event.kind != "machine":
        return []
    return [str(named["key"])] if isinstance(named, Mapping) and "key" in named else []


def torn_tail(path: Path) -> bytes:
    """What lies behind the last newline: a line whose writing was cut off, or b""."""
    data = _read(path)
    return data[data.rfind(b"\n") + 1 :]


def cut_tail(path: Path) -> None:
    """Cut off a torn line; for a copy, which is completed from its source. A contest's own is recorded first."""
    tail = torn_tail(path) if path.exists() else b""
    if not tail:
        return
    try:
        with path.open("rb+") as file:
            file.truncate(path.stat().st_size - len(tail))
            os.fsync(file.fileno())
    except OSError as why:
        raise OutputError(f"{path}: cannot be written ({why.strerror or why})") from why


def append_event(
    path: Path,
    last: Event | None,
    contest_id: str,
    kind: str,
    body: Mapping[str, Any],
    signer: Signer,
    now_ms: int,
) -> Event:
    """Write one event behind `last` and force it to the disk; when this returns, it counts.

    A torn line at the end is first kept as an object, cut off and reported by an event "recovered" {"bytes", "sha256"}
    of its own; the event returned then has `seq` = last.seq + 2. The time is never before `last`'s: where the clock
    ran back the body says so in `clock_back_ms`. Not safe against two writers: hold the folder's lock.

    Raises ContestError when the file does not end with `last`; OutputError when it cannot be written (nothing is left).
    """
    data = _read(path) if path.exists() else b""
    whole = data[: data.rfind(b"\n") + 1]
    keys = _check_end(path, whole, last, signer)
    if len(whole) < len(data):
        last = _recover(path, last, data[len(whole) :], signer, now_ms)
    event = _made(last, contest_id, kind, body, signer, now_ms)
    _event(event.line, f"{path}: event {event.seq} ({kind})", last, keys)
    write_lines(path, event.line + b"\n")
    return event


def write_lines(path: Path, lines: bytes) -> None:
    """Add whole lines in one write, on the disk when this returns; on failure the file is cut back to what it was."""
    new = not path.exists()
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o644)
        try:
            _write(handle, lines)
        finally:
            os.close(handle)
        if new:
            sync_folder(path.parent)
    except OSError as why:
        raise OutputError(f"{path}: cannot be written ({why.strerror or why})") from why


def _write(handle: int, lines: bytes) -> None:
    before = os.fstat(handle).st_size
    try:
        if os.write(handle, lines) != len(lines):
            raise OSError(0, "the disk is full")
        os.fsync(handle)
    except OSError:
        os.ftruncate(handle, before)
        raise


def _made(
    last: Event | None, contest_id: str, kind: str, body: Mapping[str, Any], signer: Signer, now_ms: int
) -> Event:
    t_ms = max(now_ms, last.t_ms) if last else now_ms
    if "clock_back_ms" in body:
        raise ContestError(f"{kind}: only the ledger itself says that the clock ran back")
    said = {**body, "clock_back_ms": t_ms - now_ms} if t_ms > now_ms else dict(body)
    content: dict[str, Any] = {"body": said, "contest": contest_id, "key": signer.public, "kind": kind, "t_ms": t_ms}
    content |= {"prev": last.head if last else NOTHING, "seq": last.seq + 1 if last else 0}
    line = canonical_json({**content, "sig": signer.sign(canonical_json(content))})
    return _of(json.loads(line), line)


def _check_end(path: Path, lines: bytes, last: Event | None, signer: Signer) -> set[str]:
    """The keys of the ledger's desks; ContestError when it does not end with `last`, or `signer` is no desk."""
    if not (lines.endswith(last.line + b"\n") if last else lines == b""):
        raise ContestError(f"{path}: it no longer ends with the event that this was to follow; read it again")
    keys = _keys_in(lines)
    if last is not None and signer.public not in keys:
        raise ContestError(f"{path}: {signer.name!r} ({signer.public[:16]}) is no desk of this contest")
    return keys


def _keys_in(lines: bytes) -> set[str]:
    """The desks' keys in a ledger that was checked; only lines that may bring one in are read."""
    found = lines.split(b"\n", 1)[:1] if lines else []
    if b'"kind":"machine"' in lines:
        found += [line for line in lines.split(b"\n")[1:] if b'"kind":"machine"' in line]
    return {key for line in found for key in desk_keys(_of(json.loads(line), line))}


def _recover(path: Path, last: Event | None, torn: bytes, signer: Signer, now_ms: int) -> Event | None:
    """Cut a torn line off; before there is a first event there is nothing that could report it."""
    if last is None:
        cut_tail(path)
        return None
    body = {"bytes": len(torn), "sha256": store(path.parent, torn)}
    cut_tail(path)
    event = _made(last, last.contest, "recovered", body, signer, now_ms)
    write_lines(path, event.line + b"\n")
    return event


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_LEDGER + 1)
    except OSError as why:
        raise ContestError(f"{path}: cannot be read ({why.strerror or why})") from None
    if len(data) > LARGEST_LEDGER:
        raise ContestError(f"{path}: larger than a ledger may be ({LARGEST_LEDGER} bytes)")
    return data


def _alike(lines: Sequence[bytes], known: Sequence[Event]) -> int:
    """How many of the lines, from the first on, are those of `known`."""
    pairs = zip(lines, known, strict=False)
    return next((i for i, (line, event) in enumerate(pairs) if event.line != line), min(len(lines), len(known)))


def _event(line: bytes, where: str, last: Event | None, keys: set[str]) -> Event:
    content = _content(line, where)
    event = _of(content, line)
    _check_place(event, where, last)
    if last is None:
        _check_first(event, where)
    elif event.key not in keys:
        raise ContestError(f"{where}: signed with a key that no desk of this contest has ({event.key[:16]})")
    _check_signature(content, line, where)
    return event


def _check_signature(content: Mapping[str, Any], line: bytes, where: str) -> None:
    at = line.rindex(b',"sig":"')  # in canonical form `sig` stands before `t_ms`, a number, and is the last text
    unsigned = line[:at] + line[line.index(b',"t_ms":', at) :]
    if not is_signed(content["key"], unsigned, content["sig"]):
        raise ContestError(f"{where}: its signature does not fit; the line was changed after it was signed")


def _content(line: bytes, where: str) -> dict[str, Any]:
    """The line as a mapping whose canonical form is the line itself, byte for byte."""
    if len(line) > LARGEST_LINE:
        raise ContestError(f"{where}: longer than an event may be ({LARGEST_LINE} bytes)")
    try:
        content = json.loads(line.decode())
        same = canonical_json(content) == line
    except (ValueError, TypeError, RecursionError):
        raise ContestError(f"{where}: damaged; it is not JSON of the ledger's form") from None
    if not same:
        raise ContestError(f"{where}: changed; it is not in the ledger's canonical form")
    if not isinstance(content, dict) or content.keys() != _FIELDS.keys():
        raise ContestError(f"{where}: not an event; it has other fields than {', '.join(_FIELDS)}")
    wrong = [name for name, kind in _FIELDS.items() if type(content[name]) is not kind]
    if wrong:
        raise ContestError(f"{where}: not an event; `{wrong[0]}` is of the wrong type")
    return content


def _of(content: Mapping[str, Any], line: bytes) -> Event:
    named = {k: content[k] for k in ("seq", "t_ms", "kind", "body", "prev", "key", "contest")}
    return Event(**named, head=hashlib.sha256(line).hexdigest(), line=line)


def _check_place(event: Event, where: str, last: Event | None) -> None:
    """The event's id, number, link and time against the one before."""
    if not _ID.fullmatch(event.contest) or not _KIND.fullmatch(event.kind):
        raise ContestError(f"{where}: its contest or kind is not a plain word")
    if last is not None and event.contest != last.contest:
        raise ContestError(f"{where}: it belongs to another contest ({event.contest}, not {last.contest})")
    due = last.seq + 1 if last else 0
    if event.seq != due:
        raise ContestError(
            f"{where}: it is event {event.seq} where {due} is due; a line was deleted, moved or inserted"
        )
    if event.prev != (last.head if last else NOTHING):
        raise ContestError(f"{where}: it does not follow the line before it; one of the two was changed or exchanged")
    if not 0 <= event.t_ms < END_OF_TIME_MS:
        raise ContestError(f"{where}: its time is not one that a clock can show")
    if last is not None and event.t_ms < last.t_ms:
        raise ContestError(f"{where}: its time is before that of the line before it")


def _check_first(event: Event, where: str) -> None:
    if event.kind != "contest" or event.body.get("id") != event.contest:
        raise ContestError(f"{where}: the first event must be `contest` and name this contest's id")
    if event.key not in desk_keys(event):
        raise ContestError(f"{where}: not signed with the desk's key that it names")
