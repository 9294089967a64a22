"""What the log readers share: tables of messages by field name, and their columns put into a `Track`'s values.

A reader sorts a log's messages into one `Table` a kind; nothing is ever taken by its place in a row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.ingest.salvage import Faults
from pipeline.ingest.track import Attitudes, Epochs, Floats, Ns, Positions, Triggers

_APART_NS = 10_000_000_000
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """All messages of one kind: `rows` is (N,) structured, by field name; stored numbers are values times `scales`."""

    name: str
    rows: NDArray[Any]
    scales: Mapping[str, float] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.rows)

    def __contains__(self, column: str) -> bool:
        return column in (self.rows.dtype.names or ())

    def column(self, *names: str) -> Floats:
        """(N,) values of the first of these fields that there is, scaled; NaN where there is none."""
        for name in names:
            if name in self and self.rows.dtype[name].kind in "iufb":
                return np.asarray(self.rows[name], dtype=np.float64) / self.scales.get(name, 1.0)
        return np.full(len(self.rows), np.nan)

    def whole(self, *names: str, missing: int = -1) -> Ns:
        """(N,) integers of the first of these fields that there is, unscaled; `missing` where there is none."""
        for name in names:
            if name in self and self.rows.dtype[name].kind in "iub":
                return self.rows[name].astype(np.int64)
            if name in self and self.rows.dtype[name].kind == "f":
                told = np.abs(self.rows[name]) < 2.0**62
                return np.where(told, np.rint(np.where(told, self.rows[name], 0)), missing).astype(np.int64)
        return np.full(len(self.rows), missing, dtype=np.int64)

    def words(self, column: str, most: int = 1_000) -> list[str]:
        """The first values of a field of text."""
        if column not in self or self.rows.dtype[column].kind != "S":
            return []
        return [label(w) for w in self.rows[column][:most]]

    def where(self, good: Mask) -> Table:
        return self if good.all() else replace(self, rows=self.rows[good])


Tables = Mapping[str, Table]


def filled(tables: Tables, *names: str) -> Table | None:
    """The first of these tables that holds anything."""
    return next((tables[n] for n in names if n in tables and len(tables[n])), None)


def ascending(t_ns: Ns) -> NDArray[np.int64]:
    """Indices that sort times, the first of equals kept."""
    order = np.argsort(t_ns, kind="stable")
    return order[np.diff(t_ns[order], prepend=-(2**63)) != 0] if len(order) else order


def on_earth(lat_deg: Floats, lon_deg: Floats) -> Mask:
    """(N,) whether these are places; 0, 0 is what a receiver writes when it has none."""
    with np.errstate(invalid="ignore"):
        return np.asarray((np.abs(lat_deg) <= 90) & (np.abs(lon_deg) <= 180) & ((lat_deg != 0) | (lon_deg != 0)))


def positions(faults: Faults, made: Positions, usable: Mask | None = None) -> Positions | None:
    """Positions in order of time, without those that are none; None when nothing is left."""
    good = on_earth(made.lat_deg, made.lon_deg)
    _count(faults, made.source, ~good, "are 0, 0 or not on Earth")
    if usable is not None:
        _count(faults, made.source, good & ~usable, "had no fix")
        good &= usable
    jumps = _jumps(made, good)
    _count(faults, made.source, jumps, "jump away from those around them in place or time")
    good &= ~jumps
    order = np.flatnonzero(good)[ascending(made.t_ns[good])]
    return _taken(made, order, "t_ns lat_deg lon_deg alt_m relative_m velocity_mps sigma_m") if len(order) else None


def _jumps(made: Positions, good: Mask) -> Mask:
    """(N,) which of the good are more than a kilometre or ten seconds from their neighbours, in the file's order."""
    at = np.flatnonzero(good)
    wild = np.zeros(len(at), dtype=bool)
    for values, most in ((made.lat_deg, 0.01), (made.t_ns, _APART_NS)):
        wild |= outliers(values[at], most)
    wild |= outliers(np.unwrap(made.lon_deg[at], period=360.0), 0.01 / np.cos(np.radians(made.lat_deg[at])).clip(0.01))
    jumps = np.zeros(len(good), dtype=bool)
    jumps[at] = wild
    return jumps


def outliers(values: NDArray[Any], most: float | Floats) -> Mask:
    """(N,) which values lie further than `most` from the median of the five around them; none of fewer than five."""
    if len(values) < 5:
        return np.zeros(len(values), dtype=bool)
    around = np.lib.stride_tricks.sliding_window_view(np.pad(values, 2, mode="edge"), 5)
    middle = np.partition(around, 2, axis=1)[:, 2]
    return np.asarray(np.abs(values - middle) > most)


def in_step(times: Ns, name: str, faults: Faults) -> Mask:
    """(N,) which times of a message, in the file's order, are times and lie near their neighbours'.

    None where time starts anew in the middle: two flights in one file would be mixed by sorting.
    """
    wild = (times <= 0) | outliers(times, _APART_NS)
    if wild.any():
        faults.add(f"{int(wild.sum())} of {len(wild)} times of {name} are out of order and are left out")
    if (np.diff(times[~wild]) < -_APART_NS).any():
        faults.add(f"times of {name} start anew within the log: which flight they belong to cannot be told")
        return np.zeros(len(times), dtype=bool)
    return np.asarray(~wild)


def _count(faults: Faults, source: str, bad: Mask, why: str) -> None:
    if bad.any():
        faults.add(f"{int(bad.sum())} of {len(bad)} positions of {source} {why} and are left out")


def attitudes(made: Attitudes) -> Attitudes | None:
    """Attitudes in order of time, without those that are no numbers; None when nothing is left."""
    good = np.isfinite(made.yaw_deg) & np.isfinite(made.pitch_deg) & np.isfinite(made.roll_deg)
    order = np.flatnonzero(good)[ascending(made.t_ns[good])]
    return _taken(made, order, "t_ns yaw_deg pitch_deg roll_deg") if len(order) else None


def bare_triggers(t_ns: Ns, sequence: Ns, source: str) -> Triggers:
    """Moments of which nothing else is told: those of commands, not of exposures."""
    unknown = np.full(len(t_ns), np.nan)
    return Triggers(
        *(t_ns, sequence, unknown, unknown, unknown, unknown, unknown, unknown, unknown, source), photo_time=False
    )


def triggers(made: Triggers) -> tuple[Triggers, ...]:
    """Triggers in order of time, each once; places that are none become NaN. Empty when there are none."""
    keys = np.stack([made.t_ns, made.sequence], axis=1)
    order = np.unique(keys, axis=0, return_index=True)[1] if len(keys) else np.empty(0, np.int64)
    if not len(order):
        return ()
    columns = "t_ns sequence lat_deg lon_deg alt_m relative_m yaw_deg pitch_deg roll_deg sigma_m arm_m fixed"
    taken = _taken(made, order, columns)
    nowhere = ~on_earth(taken.lat_deg, taken.lon_deg)
    blank = {n: np.where(nowhere, np.nan, getattr(taken, n)) for n in ("lat_deg", "lon_deg", "alt_m")}
    return (replace(taken, **blank),)


def epochs(log_ns: Ns, utc_ns: Ns, source: str) -> tuple[Epochs, ...]:
    """Pairs of log time and UTC, without those whose UTC is not told."""
    told = utc_ns > 0
    return (Epochs(log_ns[told], utc_ns[told], source),) if told.any() else ()


def _taken(made: Any, order: NDArray[np.int64], columns: str) -> Any:
    values = {name: getattr(made, name) for name in columns.split()}
    return replace(made, **{name: None if v is None else v[order] for name, v in values.items()})


def ns(values: NDArray[Any], unit_ns: int) -> Ns:
    """Integer times in nanoseconds; what does not fit becomes 0, which is never a time."""
    wide = values.astype(np.uint64) if values.dtype.kind == "u" else values.astype(np.int64)
    fits = (wide >= 0) & (wide <= (2**62) // unit_ns)
    return np.where(fits, wide, 0).astype(np.int64) * unit_ns


def euler_deg(wxyz: Floats) -> tuple[Floats, Floats, Floats]:
    """Yaw, pitch, roll (N,) of unit quaternions (N, 4) that turn body (forward, right, down) to north, east, down.

    R = yaw · pitch · roll, intrinsic (MAVLink's and PX4's convention). Within 0.06° of the vertical yaw and roll turn
    about one axis: roll is 0 there. NaN for what is no quaternion.
    """
    norm = np.linalg.norm(wxyz, axis=1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        w, x, y, z = np.where(np.abs(norm - 1.0) < 0.1, wxyz / norm, np.nan).T
    sine = np.clip(2 * (w * y - z * x), -1.0, 1.0)
    upright = np.abs(sine) < 1.0 - 5e-7
    yaw = np.where(
        upright,
        np.arctan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z)),
        np.arctan2(2 * (w * z - x * y), 1 - 2 * (x * x + z * z)),
    )
    roll = np.where(upright, np.arctan2(2 * (w * x + y * z), 1 - 2 * (x * x + y * y)), w * 0)
    return np.degrees(yaw), np.degrees(np.arcsin(sine)), np.degrees(roll)


def nearest(t_ns: Ns, of: Ns, values: Floats, within_ns: int) -> Floats:
    """(N,) the value at the nearest of the ascending times `of`; NaN where that is further than `within_ns`."""
    if not len(of):
        return np.full(len(t_ns), np.nan)
    after = np.clip(np.searchsorted(of, t_ns), 0, len(of) - 1)
    before = np.maximum(after - 1, 0)
    index = np.where(np.abs(of[before] - t_ns) <= np.abs(of[after] - t_ns), before, after)
    return np.where(np.abs(of[index] - t_ns) <= within_ns, values[index], np.nan)


def label(raw: bytes) -> str:
    """What a log calls something, fit to be shown: printable, and no longer than a line."""
    return "".join(c for c in raw.decode("utf-8", "replace") if c.isprintable())[:80].strip()


def stack(columns: Sequence[Floats]) -> Floats:
    """(N, k) from k columns."""
    return np.stack(columns, axis=1)
