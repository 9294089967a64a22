"""GPS time to UTC: weeks since 6 January 1980 without leap seconds, less the leap seconds since.

The table holds every leap second since 1980, from the IERS's leap-seconds.list of 6 July 2026 (Bulletin C,
https://hpiers.obspm.fr/iers/bul/bulc/); it is good until `KNOWN_UNTIL`, after which a time may be a second off.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

GPS_START = datetime(1980, 1, 6)
WEEK_S = 604_800
# The first day that counts one second more.
LEAP_DAYS = tuple(
    date(year, month, 1)
    for year, month in (
        *((1981, 7), (1982, 7), (1983, 7), (1985, 7), (1988, 1), (1990, 1), (1991, 1), (1992, 7), (1993, 7)),
        *((1994, 7), (1996, 1), (1997, 7), (1999, 1), (2006, 1), (2009, 1), (2012, 7), (2015, 7), (2017, 1)),
    )
)
KNOWN_UNTIL = date(2027, 6, 28)
_UNIX_OF_GPS_NS = 315_964_800 * 10**9


def _gps_s(day: date, seconds: int) -> int:
    """GPS seconds at which `seconds` leap seconds begin to count."""
    return (day - GPS_START.date()) // timedelta(seconds=1) + seconds


_STEPS_NS = np.array([_gps_s(day, i + 1) for i, day in enumerate(LEAP_DAYS)], dtype=np.int64) * 10**9


def leap_seconds(gps_ns: NDArray[np.int64]) -> NDArray[np.int64]:
    """(N,) GPS minus UTC in seconds, at GPS times in nanoseconds since 6 January 1980."""
    return np.searchsorted(_STEPS_NS, gps_ns, side="right").astype(np.int64)


def utc_ns(week: NDArray[np.int64], of_week_ns: NDArray[np.int64]) -> NDArray[np.int64]:
    """(N,) UTC in ns since 1970 of GPS weeks and the time within; 0 for what is no GPS time (week 0 or past 6000)."""
    told = (week > 0) & (week < 6_000) & (of_week_ns >= 0) & (of_week_ns <= WEEK_S * 10**9)
    gps_ns = np.where(told, week, 0) * (WEEK_S * 10**9) + np.where(told, of_week_ns, 0)
    return np.where(told, gps_ns - leap_seconds(gps_ns) * 10**9 + _UNIX_OF_GPS_NS, 0)
