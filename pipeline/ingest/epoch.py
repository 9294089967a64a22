"""A log's own clock put into UTC: a straight line through pairs of log time and UTC, robustly.

GPS time goes before SYSTEM_TIME, and both before the receive time of a ground station, which lags by what the radio
needs. Pairs before 2000 or after 2100 are no time of day. Of the rest the largest group that one line can explain
counts: what jumped (a clock set in flight, a wrong week) is left out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from pipeline.ingest.track import Attitudes, Epochs, LogClock, Positions, Track, Triggers

SANE_NS = (946_684_800_000_000_000, 4_102_444_800_000_000_000)  # 2000-01-01 and 2100-01-01
WORST_DRIFT = 1e-3  # crystals are good to 1e-4; more is a fault, not a drift
JUMP_S = 0.5
MARK_S = 0.001  # the camera's flash sync, time-stamped by the receiver
_MOST = 400  # pairs that the slope is taken from: its cost grows with their square
# By how much time stamps of each source are off as a whole: a receiver's fix is logged a tenth of a second late.
_FLOOR_S = {"gps": 0.1, "system": 0.05, "other": 0.2, "receive": 0.1}
_RANK = ("gps", "system", "other", "receive")
_LATENCY = 0.05  # quantile of the receive times' lag: the quickest packets

Floats = NDArray[np.float64]
Timed = TypeVar("Timed", Positions, Attitudes, Triggers)


@dataclass(frozen=True, slots=True)
class Line:
    """UTC = log time + offset + slope · (log time - origin)."""

    origin_ns: int
    offset_ns: int
    slope: float
    sigma_s: float
    kept: int
    residuals_s: Floats  # (kept,) absolute


def in_utc(track: Track) -> Track:
    """The track with its times in UTC and `clock` filled; unchanged where that is so already.

    Where no pair makes sense, the times stay the log's own, `clock` stays None, and a fault says so.
    """
    if track.clock is not None:
        return track
    if track.kind == "mrk":  # its lines carry GPS weeks and seconds, made UTC as they are read
        return replace(track, clock=LogClock("GPS week and time", MARK_S))
    ordered = sorted(track.epochs, key=lambda e: _RANK.index(kind_of(e.source)))
    notes = []
    for epochs in ordered:
        line = fit_line(epochs)
        if isinstance(line, str):
            notes.append(f"{epochs.source}: {line}")
            continue
        notes += [_residuals(line), *_contradictions(line, epochs, ordered)]
        clock = LogClock(epochs.source, line.sigma_s, round(line.slope * 1e6, 3), "; ".join(notes))
        return _moved(track, line, clock)
    fault = "; ".join(notes) or "nothing in it tells the time of day"
    return replace(track, faults=(*track.faults, f"its clock cannot be tied to UTC ({fault})"))


def kind_of(source: str) -> str:
    """gps, system, receive or other: what a source's name says of its worth."""
    name = source.lower()
    if "receive" in name:
        return "receive"
    return "gps" if "gps" in name or "utc_usec" in name else "system" if "system" in name else "other"


def fit_line(epochs: Epochs) -> Line | str:
    """The line through the pairs, or a sentence why there is none."""
    utc = np.asarray(epochs.utc_ns, np.int64)
    sane = (utc >= SANE_NS[0]) & (utc < SANE_NS[1])
    if not sane.any():
        return "no time of day between 2000 and 2100" if len(utc) else "no pairs"
    log, utc = np.asarray(epochs.log_ns, np.int64)[sane], utc[sane]
    origin, first = int(log[len(log) // 2]), int(np.median(utc - log))
    x, y = (log - origin) / 1e9, ((utc - log) - first) / 1e9
    group = _largest_group(x, y)
    x, y = x[group], y[group]
    slope = _slope(x, y)
    kind = kind_of(epochs.source)
    rest = y - slope * x
    offset = float(np.quantile(rest, _LATENCY) if kind == "receive" else np.median(rest))
    scatter = 1.4826 * float(np.median(np.abs(rest - np.median(rest))))
    noise = scatter if kind == "receive" else scatter / np.sqrt(len(x))
    sigma_s = float(np.hypot(noise, _FLOOR_S[kind]))
    return Line(origin, first + round(offset * 1e9), slope, sigma_s, len(x), np.abs(rest - offset))


def _largest_group(x: Floats, y: Floats) -> NDArray[np.bool_]:
    """The pairs of the offset that most pairs share, give or take the worst drift."""
    width = JUMP_S + WORST_DRIFT * float(np.ptp(x))
    ordered = np.sort(y)
    counts = np.searchsorted(ordered, ordered + width, "right") - np.arange(len(ordered))
    low = ordered[int(np.argmax(counts))]
    return np.asarray((y >= low) & (y <= low + width))


def _slope(x: Floats, y: Floats) -> float:
    """The median slope over pairs of points (Theil 1950, Sen 1968); 0 where it cannot be told from none."""
    if len(x) < 5 or np.ptp(x) <= 0:
        return 0.0
    some = np.unique(np.linspace(0, len(x) - 1, min(len(x), _MOST)).astype(int))
    a, b = x[some], y[some]
    dx = a[None, :] - a[:, None]
    far = dx > np.ptp(a) / 4  # neighbours tell nothing but noise
    if not far.any():
        return 0.0
    slope = float(np.median((b[None, :] - b[:, None])[far] / dx[far]))
    rest = y - slope * x
    scatter = 1.4826 * float(np.median(np.abs(rest - np.median(rest))))
    error = scatter / (max(float(np.std(x)), 1e-9) * np.sqrt(len(x)))
    return slope if 3 * error < abs(slope) <= WORST_DRIFT else 0.0


def _residuals(line: Line) -> str:
    middle, most, worst = (float(np.quantile(line.residuals_s, q)) for q in (0.5, 0.9, 1.0))
    return f"{line.kept} pairs, residuals {middle:.3f} s in the median, {most:.3f} s at 90 %, {worst:.3f} s at most"


def _contradictions(line: Line, used: Epochs, all_epochs: list[Epochs]) -> list[str]:
    """What the other sources, and the pairs left out of this one, say otherwise by more than a second."""
    found = []
    left_out = len(used.log_ns) - line.kept
    if left_out:
        found.append(f"{used.source}: {left_out} of {len(used.log_ns)} pairs contradict the others and are left out")
    for epochs in all_epochs[all_epochs.index(used) + 1 :]:
        other = fit_line(epochs)
        if isinstance(other, str):
            found.append(f"{epochs.source}: {other}")
            continue
        apart_s = (other.offset_ns - line.offset_ns) / 1e9 - line.slope * (other.origin_ns - line.origin_ns) / 1e9
        if abs(apart_s) > 1.0:
            found.append(f"{epochs.source} is {apart_s:+.1f} s off {used.source}")
    return found


def _moved(track: Track, line: Line, clock: LogClock) -> Track:
    return replace(
        track,
        positions=None if track.positions is None else _times(track.positions, line),
        body=None if track.body is None else _times(track.body, line),
        gimbal=None if track.gimbal is None else _times(track.gimbal, line),
        triggers=tuple(_times(t, line) for t in track.triggers),
        clock=clock,
    )


def _times(rows: Timed, line: Line) -> Timed:
    drift = np.round((rows.t_ns - line.origin_ns) * line.slope).astype(np.int64)
    return replace(rows, t_ns=rows.t_ns + line.offset_ns + drift)
