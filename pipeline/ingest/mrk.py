"""DJI's list of RTK exposures (`…_Timestamp.MRK`) as a Track whose times are UTC.

One line an exposure: number, GPS seconds of the week, [week], the way from antenna to lens in mm to the north, east
and down, latitude, longitude, ellipsoidal height, one sigma north, east, up in m, and how the receiver was fixed (50
fixed, 34 or another of 32 to 49 floating, 16 alone, 0 not at all). The values are known by the letters behind them
(`N`, `E`, `V`, `Lat`, `Lon`, `Ellh`, `Q`), whatever parts the columns. Places are the lens's already: DJI calls them
"after compensation" (Matrice 4 series user manual, "Image Log File"), so that the way from the antenna is needed only
by those who compute the antenna's place anew.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np

from pipeline.ingest import leap
from pipeline.ingest.columns import triggers as in_order
from pipeline.ingest.salvage import Faults
from pipeline.ingest.track import Floats, Ns, Track, Triggers

_MOST_LINES = 200_000
_N = r"([-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?)"
_GAP = r"[\s,;]+"
_LINE = re.compile(
    rf"\s*(\d+){_GAP}{_N}{_GAP}\[\s*(\d+)\s*\]{_GAP}"
    rf"(?:{_N}[\s,]*N{_GAP}{_N}[\s,]*E{_GAP}{_N}[\s,]*V{_GAP})?"
    rf"{_N}[\s,]*Lat{_GAP}{_N}[\s,]*Lon{_GAP}{_N}[\s,]*Ellh"
    rf"(?:{_GAP}{_N}{_GAP}{_N}{_GAP}{_N})?{_GAP}(\d+)[\s,]*Q\s*",
    re.ASCII,
)
_FIXED = 50
_NO_FIX = 0


def read_mrk(lines: Iterable[bytes], id: str) -> Track:
    """The Track of an MRK's lines: triggers only, with their places and errors. Raises nothing."""
    faults = Faults()
    rows, bad = [], []
    for number, line in enumerate(lines, 1):
        if number > _MOST_LINES:
            faults.add(f"only the first {_MOST_LINES} lines are read")
            break
        text = line.decode("utf-8-sig", "replace").strip("\x00\r\n\t ")
        row = _row(text)
        if row is not None:
            rows.append(row)
        elif text:
            bad.append(number)
    if bad:
        faults.add(f"lines that are no exposure and are skipped: {len(bad)}, the first is line {bad[0]}")
    made = _triggers(np.array(rows, dtype=np.float64), faults) if rows else ()
    return Track(id, "mrk", triggers=made, messages=len(rows), faults=faults.told())


def _row(text: str) -> list[float] | None:
    """Number, seconds, week, N, E, V, lat, lon, height, three sigmas, flag; NaN where a part is missing."""
    found = _LINE.fullmatch(text)
    if found is None:
        return None
    values = [float(v) if v is not None else float("nan") for v in found.groups()]
    return values if abs(values[0]) < 2**53 and 0 <= values[1] <= leap.WEEK_S else None


@np.errstate(all="ignore")  # a damaged number may be any
def _triggers(rows: Floats, faults: Faults) -> tuple[Triggers, ...]:
    utc_ns = leap.utc_ns(_whole(rows[:, 2]), _whole(rows[:, 1] * 1e9))
    good = (rows[:, 12] != _NO_FIX) & (utc_ns > 0)
    if not good.all():
        faults.add(f"{int((~good).sum())} exposures had no fix or no time and are left out")
    number, _, _, _, _, _, lat, lon, height, north, east, up, flag = rows[good].T
    unknown = np.full(len(lat), np.nan)
    made = Triggers(
        utc_ns[good],
        _whole(number),
        lat,
        lon,
        height,
        unknown,
        unknown,
        unknown,
        unknown,
        "MRK",
        "ellipsoid",
        sigma_m=np.stack([east, north, up], axis=1),
        fixed=flag == _FIXED,
    )
    return in_order(made)


def _whole(values: Floats) -> Ns:
    made: Ns = np.rint(values.clip(0, 2.0**52)).astype(np.int64)
    return made
