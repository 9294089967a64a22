"""One telemetry link: which vehicle is read, between which two starts of its autopilot, and whose time is whose.

Times of the autopilot count from its start in milliseconds; gimbals and cameras count from their own, or tell UTC.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.ingest.columns import Table, Tables, epochs, filled, ns
from pipeline.ingest.salvage import Faults
from pipeline.ingest.track import Epochs, Ns

TIMED = ("SYSTEM_TIME", "GLOBAL_POSITION_INT", "ATTITUDE", "ATTITUDE_QUATERNION")
_OWN = frozenset((*TIMED, "GPS_RAW_INT", "AHRS2", "HOME_POSITION"))  # taken from the autopilot only
_MS = 1_000_000
_US = 1_000
_WRAP_NS = 2**32 * _MS
_HOUR_NS = 3_600_000 * _MS
_BACK_NS = 3_000 * _MS  # messages of one link may overtake each other by less
_BESIDE_NS = 1_000 * _MS  # further apart than this, receipt says little
_APART_NS = 5_000 * _MS
_NO_AUTOPILOT = 8  # MAV_AUTOPILOT_INVALID: a ground station, gimbal or radio
UNIX_NS = 10**18  # September 2001; no autopilot runs for thirty years


@dataclass(frozen=True, slots=True, eq=False)
class Clock:
    """Time since boot along the file, of the stretch that is read; all (N,), by offset in the file."""

    offset: NDArray[np.int64]
    t_ns: Ns
    receive_ns: Ns

    def near(self, table: Table) -> Ns:
        """(M,) times of messages by their receipt: after or before that of the one beside them that has a time.

        Of the one before and the one after in the file that is taken whose receipt is nearer.
        """
        after = np.searchsorted(self.offset, table.rows["_offset"].astype(np.int64))
        before, after = np.maximum(after - 1, 0), np.minimum(after, len(self.offset) - 1)
        receive = ns(table.rows["_receive_us"], _US)
        late, early = receive - self.receive_ns[before], receive - self.receive_ns[after]
        nearer = np.abs(late) <= np.abs(early)
        beside, apart = np.where(nearer, before, after), np.where(nearer, late, early)
        return self.t_ns[beside] + np.where(np.abs(apart) < _BESIDE_NS, apart, 0)


def one_vehicle(tables: Tables, faults: Faults) -> tuple[dict[str, Table], str]:
    """The messages of one system, what only the autopilot knows from its own component."""
    beats = tables.get("HEARTBEAT")
    pilots = _pilots(beats) if beats is not None else {}
    counts = _positions_by_system(tables)
    candidates = {s: n for s, n in counts.items() if s in pilots} or counts or dict.fromkeys(pilots, 0)
    if not candidates:
        return dict(tables), ""
    system = max(candidates, key=lambda s: (candidates[s], -s))
    for other, n in sorted(counts.items()):
        if other != system and n:
            faults.add(f"system {other} sent {n} positions too and is left out: system {system} is read")
    component, name = pilots.get(system, (None, ""))
    kept = {}
    for kind, table in tables.items():
        mine = table.rows["_system"] == system
        if kind in _OWN and component is not None:
            mine &= table.rows["_component"] == component
        kept[kind] = table.where(mine)
    return {k: t for k, t in kept.items() if len(t)}, name


def _positions_by_system(tables: Tables) -> dict[int, int]:
    table = filled(tables, "GLOBAL_POSITION_INT", "GPS_RAW_INT", "ATTITUDE")
    if table is None:
        return {}
    systems, counts = np.unique(table.rows["_system"], return_counts=True)
    return {int(s): int(n) for s, n in zip(systems, counts, strict=True)}


def _pilots(beats: Table) -> dict[int, tuple[int, str]]:
    """System -> (component, name) of its autopilot, by its heartbeats."""
    flying = beats.rows[beats.rows["autopilot"] != _NO_AUTOPILOT]
    keys, counts = np.unique(flying[["_system", "_component", "autopilot", "type"]], return_counts=True)
    found: dict[int, tuple[int, str]] = {}
    for key in keys[np.argsort(counts, kind="stable")]:
        found[int(key["_system"])] = (int(key["_component"]), _vehicle_name(int(key["autopilot"]), int(key["type"])))
    return found


def _vehicle_name(autopilot: int, kind: int) -> str:
    from pymavlink.dialects.v20 import ardupilotmega

    words = []
    for enum, value in (("MAV_AUTOPILOT", autopilot), ("MAV_TYPE", kind)):
        entry = ardupilotmega.enums[enum].get(value)
        words.append(entry.name.removeprefix(f"{enum}_").replace("_", " ").lower() if entry else str(value))
    return " ".join(words)


def one_stretch(tables: Tables, faults: Faults) -> tuple[dict[str, Table], Clock | None]:
    """The longest stretch between two starts of the autopilot, by positions, and its clock."""
    timed = [tables[n].rows for n in TIMED if n in tables]
    if not timed:
        return dict(tables), None
    offset = np.concatenate([r["_offset"] for r in timed]).astype(np.int64)
    order = np.argsort(offset)
    boot = np.concatenate([r["time_boot_ms"] for r in timed]).astype(np.int64)[order] * _MS
    receive = ns(np.concatenate([r["_receive_us"] for r in timed])[order], _US)
    offset, boot = offset[order], boot + _wraps(boot)
    stretch = np.cumsum(_restarts(boot, receive))
    starts = offset[np.flatnonzero(np.diff(stretch, prepend=-1))]
    best = _busiest(tables, starts, faults)
    chosen = stretch == best
    kept = {k: t.where(_stretch_of(t, starts) == best) for k, t in tables.items()}
    clock = Clock(offset[chosen], boot[chosen], receive[chosen])
    return {k: t for k, t in kept.items() if len(t)}, clock


def _wraps(boot_ns: Ns) -> Ns:
    """What to add to a 32-bit count of milliseconds that starts again after 49.7 days."""
    return np.cumsum(np.diff(boot_ns, prepend=boot_ns[:1]) < _HOUR_NS - _WRAP_NS) * _WRAP_NS


def _restarts(boot_ns: Ns, receive_ns: Ns) -> NDArray[np.bool_]:
    """(N,) whether the autopilot started anew before this message.

    Its time went back; or it went on by something else than the receiver's did, over a pause that was long enough
    for a start and the time since.
    """
    on, passed = np.diff(boot_ns, prepend=boot_ns[:1]), np.diff(receive_ns, prepend=receive_ns[:1])
    fresh: NDArray[np.bool_] = (on < -_BACK_NS) | ((passed >= boot_ns) & (np.abs(passed - on) > _APART_NS))
    fresh[:1] = False
    return fresh


def _stretch_of(table: Table, starts: NDArray[np.int64]) -> NDArray[np.int64]:
    offset = table.rows["_offset"].astype(np.int64)
    return np.maximum(np.searchsorted(starts, offset, side="right") - 1, 0)


def _busiest(tables: Tables, starts: NDArray[np.int64], faults: Faults) -> int:
    table = filled(tables, "GLOBAL_POSITION_INT", "GPS_RAW_INT", *TIMED)
    assert table is not None
    counts = np.bincount(_stretch_of(table, starts), minlength=len(starts))
    best = int(np.argmax(counts))
    for i in range(len(starts)):
        if i != best:
            faults.add(
                f"the autopilot restarted: {counts[i]} positions of the stretch from offset {starts[i]} are left out"
            )
    return best


def boot_ns(table: Table, clock: Clock) -> Ns:
    """Times of an autopilot's message that has `time_boot_ms`, without its wraps."""
    own = table.whole("time_boot_ms") * _MS
    return own + np.round((clock.near(table) - own) / _WRAP_NS).astype(np.int64) * _WRAP_NS


def other_ns(table: Table, clock: Clock, own: Ns) -> Ns:
    """Times (N,) by another clock, put into the autopilot's: shifted by what most messages say, if it is steady."""
    near = clock.near(table)
    ahead = near - own
    shift = int(np.median(ahead))
    steady = np.median(np.abs(ahead - shift)) < 1_000 * _MS
    if not steady or not own.any():
        return near
    return own if abs(shift) < 2_000 * _MS else own + shift


def unix_ns(table: Table, clock: Clock, tables: Tables) -> Ns:
    """Times of a message whose `time_usec` is UTC or since boot.

    UTC is put back into time since boot by the autopilot's own pairs of both, so that an autopilot that is wrong about
    UTC is wrong about both alike.
    """
    own = ns(table.rows["time_usec"], _US)
    pairs = system_time(tables, clock)
    if np.median(own) < UNIX_NS or not pairs:
        return other_ns(table, clock, own)
    utc, boot = pairs[0].utc_ns, pairs[0].log_ns
    order = np.argsort(utc)
    behind = np.interp(own.astype(np.float64), utc[order].astype(np.float64), (boot - utc)[order] - (boot - utc)[0])
    made = own + (boot - utc)[0] + np.round(behind).astype(np.int64)
    wild = np.abs(made - clock.near(table)) > 2 * _APART_NS
    return np.where(wild, clock.near(table), made)


def system_time(tables: Tables, clock: Clock) -> tuple[Epochs, ...]:
    table = tables.get("SYSTEM_TIME")
    if table is None:
        return ()
    return epochs(boot_ns(table, clock), ns(table.rows["time_unix_usec"], _US), "SYSTEM_TIME")


def all_epochs(tables: Tables, clock: Clock, faults: Faults) -> tuple[Epochs, ...]:
    """Pairs with UTC: the autopilot's own, then the receiver's, which are late by the link's delay."""
    table = tables.get("SYSTEM_TIME")
    if table is not None:
        told = table.rows["time_unix_usec"]
        absurd = (told > 0) & (ns(told, _US) == 0)
        if absurd.any():
            faults.add(f"{int(absurd.sum())} of {len(absurd)} times of SYSTEM_TIME lie after 2116 and are left out")
    return system_time(tables, clock) + epochs(clock.t_ns, clock.receive_ns, "receive time")
