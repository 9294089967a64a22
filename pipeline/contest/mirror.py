"""A contest's second copy on another disk or laptop, going on from it, and two copies that both went on."""

from __future__ import annotations

import json
import platform
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pipeline.contest.keys import open_key
from pipeline.contest.ledger import LEDGER, Event, append_event, cut_tail, read_events, write_lines
from pipeline.contest.store import OBJECTS, load, object_path, store, stored
from pipeline.errors import ContestError, OutputError, PipelineError
from pipeline.files import write_bytes_atomic
from pipeline.hold import held

DESK_KEY = "desk.key"
LOCK = ".lock"
MIRRORS = "mirror.toml"
OWN = frozenset({LEDGER, OBJECTS, DESK_KEY, MIRRORS})  # copied otherwise, or about one copy only
_NOTE = "# 本副本在下列位置有镜像,每次回执后自动同步。 Mirrors of this copy, brought up to date after each receipt.\n"
_WAIT_S = 30.0


@dataclass(frozen=True, slots=True)
class Fork:
    """Where two ledgers of one contest part: the first event that differs, and how many each has from there on."""

    seq: int
    common: str  # head of the last event that both have
    a: tuple[Event, ...]
    b: tuple[Event, ...]

    def text(self, a_name: str, b_name: str) -> str:
        """A sentence for the judges, naming the line, and each side's first own event and its time."""
        sides = (_side(name, events) for name, events in ((a_name, self.a), (b_name, self.b)))
        return f"fork at line {self.seq + 1}: {'; '.join(sides)}; the judges decide which one counts"


def mirror(folder: Path, dest: Path, known: Sequence[Event] = ()) -> int:
    """Bring the copy `dest` up to date: objects first, then the ledger's lines, then receipts, sheets and other files.

    All is on the disk before it returns. What an interrupted copy left is completed. Nothing is ever removed from
    `dest`. Returns how many events were copied. known: events of `folder` read before, as for `read_events`.

    Raises ContestError when the source's ledger is not in order, an object it has is damaged, `dest` holds something
    else, is ahead, or went on by itself (a fork); OutputError when `dest` cannot be written.
    """
    _check_apart(folder, dest)
    events = read_events(folder / LEDGER, known)
    if not events:
        raise ContestError(f"{folder / LEDGER}: there is no event in it yet")
    _make(dest)
    with held(dest / LOCK, _WAIT_S):
        at = _in_common(folder, dest, events)
        try:
            _bring(folder, dest, events[at:])
        except OSError as why:
            raise OutputError(f"{dest}: the mirror is incomplete ({why.strerror or why}); do it again") from why
    return len(events) - at


def remember(folder: Path, dest: Path) -> None:
    """Note in mirror.toml that `dest` is a mirror, for `mirror_all`; other notes stay."""
    places = dict.fromkeys([*mirrors_of(folder), dest.resolve()])
    listed = ", ".join(json.dumps(str(place), ensure_ascii=False) for place in places)
    write_bytes_atomic(folder / MIRRORS, f"{_NOTE}mirrors = [{listed}]\n".encode())


def mirrors_of(folder: Path) -> tuple[Path, ...]:
    """Where this copy of a contest is mirrored, by its mirror.toml; ContestError when that is damaged."""
    path = folder / MIRRORS
    if not path.exists():
        return ()
    try:
        places = tomllib.loads(path.read_text("utf-8"))["mirrors"]
    except (OSError, ValueError, KeyError):
        places = None
    if not isinstance(places, list) or not all(isinstance(place, str) for place in places):
        raise ContestError(f"{path}: damaged; delete it, and mirror again")
    return tuple(Path(place) for place in places)


def mirror_all(folder: Path, known: Sequence[Event] = ()) -> list[str]:
    """Bring every remembered mirror up to date; returns a sentence for each that could not be.

    It never raises: what was acknowledged stands, whether or not a disk is plugged in.
    """
    try:
        return [told for place in mirrors_of(folder) if (told := _followed(folder, place, known))]
    except PipelineError as why:
        return [str(why)]


def _followed(folder: Path, place: Path, known: Sequence[Event]) -> str:
    """What kept a mirror from being brought up to date; nothing when it was.

    A mirror that is not there is not made anew: without its disk, its place may be a folder of this very disk.
    """
    try:
        if not (place / LEDGER).is_file():
            return f"{place}: the mirror is not there; is its disk plugged in?"
        mirror(folder, place, known)
    except PipelineError as why:
        return str(why)
    except (OSError, RuntimeError) as why:  # a failing disk; Path.resolve raises RuntimeError for links in a circle
        return f"{place}: cannot be read ({type(why).__name__})"
    return ""


def restore(mirror_folder: Path, folder: Path, passphrase: str, now_ms: int, *, machine: str = "") -> Event:
    """Make a mirror a contest again in `folder`, and go on with the same chain: returns its event "restored".

    A restore that was cut off is completed by the next. machine: what the event calls this computer (default: the name
    that its system gives it).

    Raises ContestError for a wrong passphrase, a mirror that is not in order, or a `folder` that holds anything else
    (also a contest that has gone on).
    """
    desk = open_key(mirror_folder / DESK_KEY, passphrase)
    mirror(mirror_folder, folder)
    with held(folder / LOCK, _WAIT_S):
        last = read_events(folder / LEDGER)[-1]
        body = {"machine": machine or platform.node() or "?"}
        return append_event(folder / LEDGER, last, last.contest, "restored", body, desk, now_ms)


def fork_of(a: Path, b: Path) -> Fork | None:
    """Where the contests in the folders `a` and `b` part; None when one has only more of the same.

    Raises ContestError when either ledger is not in order by itself, or they are of different contests.
    """
    ours, theirs = read_events(a / LEDGER), read_events(b / LEDGER)
    if ours and theirs and ours[0].contest != theirs[0].contest:
        raise ContestError(f"{b}: another contest ({theirs[0].contest}) than {a} ({ours[0].contest})")
    at = _common(ours, theirs)
    if at in (len(ours), len(theirs)):
        return None
    return Fork(at, ours[at].prev, ours[at:], theirs[at:])


def _common(a: tuple[Event, ...], b: tuple[Event, ...]) -> int:
    """How many events two ledgers begin with in common."""
    pairs = zip(a, b, strict=False)
    return next((i for i, (x, y) in enumerate(pairs) if x.line != y.line), min(len(a), len(b)))


def _side(name: str, events: tuple[Event, ...]) -> str:
    first = events[0]
    when = datetime.fromtimestamp(first.t_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return f"{name} went on with `{first.kind}` at {when} (events: {len(events)})"


def _check_apart(folder: Path, dest: Path) -> None:
    a, b = folder.resolve(), dest.resolve()
    if a == b or a in b.parents or b in a.parents:
        raise ContestError(f"{dest}: a mirror lies outside of its contest's folder, best on another disk")


def _make(dest: Path) -> None:
    try:
        dest.mkdir(parents=True, exist_ok=True)
        begun = {path.name for path in dest.iterdir() if not path.name.startswith(".")}
    except OSError as why:
        raise OutputError(f"{dest}: cannot be written ({why.strerror or why})") from why
    if LEDGER not in begun and begun - {OBJECTS, DESK_KEY}:
        raise ContestError(f"{dest}: neither empty nor a mirror of a contest; it is left as it is")


def _in_common(folder: Path, dest: Path, events: tuple[Event, ...]) -> int:
    """How many events `dest` has of `events`; ContestError unless that is all it has."""
    path = dest / LEDGER
    there = read_events(path, events) if path.exists() else ()
    at = _common(events, there)
    if at == len(there):
        return at
    if there[0].contest != events[0].contest:
        raise ContestError(f"{dest}: the mirror of another contest ({there[0].contest})")
    if at == len(events):
        raise ContestError(f"{dest}: it is ahead of {folder} (events: {len(there) - at}); nothing was copied")
    raise ContestError(Fork(at, events[at].prev, events[at:], there[at:]).text(str(folder), str(dest)))


def _bring(folder: Path, dest: Path, fresh: tuple[Event, ...]) -> None:
    """Copy in an order that leaves a whole contest at each moment: what events name, the events, what shows them."""
    _copy_objects(folder, dest)
    _copy_key(folder / DESK_KEY, dest / DESK_KEY)
    cut_tail(dest / LEDGER)
    if fresh:
        write_lines(dest / LEDGER, b"".join(event.line + b"\n" for event in fresh))
    for source in _beside(folder):
        _copy(source, dest / source.relative_to(folder))


def _copy_objects(folder: Path, dest: Path) -> None:
    for name in stored(folder):
        there, here = object_path(dest, name), object_path(folder, name)
        if not there.exists() or there.stat().st_size != here.stat().st_size:
            store(dest, load(folder, name))


def _copy_key(source: Path, there: Path) -> None:
    """A desk's key never changes: where the two differ, one is damaged, and copying might spoil the last good one."""
    if source.is_file() and there.exists() and there.read_bytes() != source.read_bytes():
        raise ContestError(f"{there}: not the same as {source}; find out with its passphrase which of the two opens")
    _copy(source, there)


def _copy(source: Path, there: Path) -> None:
    """Copy a small file unless the same bytes are there."""
    if not source.is_file():
        return
    data = source.read_bytes()
    if not there.exists() or there.read_bytes() != data:
        there.parent.mkdir(parents=True, exist_ok=True)
        write_bytes_atomic(there, data)


def _beside(folder: Path) -> Iterator[Path]:
    """All files beside ledger and objects that are no links, and not hidden (locks, files being written)."""
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        hidden = any(part.startswith(".") for part in parts) or parts[0] in OWN
        if not hidden and not path.is_symlink() and path.is_file():
            yield path
