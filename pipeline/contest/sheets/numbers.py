"""Numbers in words: exact, or rounded half up; never by way of a binary fraction."""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

from pipeline.report.sheet_text import local_time
from pipeline.types import iso_utc


def exact(micro: int) -> str:
    """Millionths with all their digits, at least two: 950000 → 0.95, 199285 → 0.199285."""
    sign, micro = "-" if micro < 0 else "", abs(micro)
    digits = f"{micro % 1_000_000:06d}".rstrip("0").ljust(2, "0")
    return f"{sign}{micro // 1_000_000}.{digits}"


def exact_m(length_mm: int) -> str:
    """Millimetres as metres with all their digits: 11400 → 11.4, 30000 → 30."""
    digits = f"{length_mm % 1000:03d}".rstrip("0")
    return f"{length_mm // 1000}.{digits}" if digits else str(length_mm // 1000)


def feet_text(length_mm: int) -> str:
    """Millimetres as feet of 304.8 mm with one decimal, rounded half up: 762 → 2.5."""
    tenths = (200 * length_mm + 3048) // 6096
    return f"{tenths // 10}.{tenths % 10}"


def micro_text(value: Fraction) -> str:
    """A fraction to the millionth, rounded down, with … where that cut something off."""
    micro = (value * 1_000_000).__floor__()
    return exact(micro) + ("" if Fraction(micro, 1_000_000) == value else "…")


def clock_text(length_ms: int) -> str:
    """A length of time as minutes and seconds, rounded half up to the second: 12:05."""
    seconds = (length_ms + 500) // 1000
    return f"{seconds // 60}:{seconds % 60:02d}"


def when_text(t_ms: int, zone: str) -> str:
    """A moment in the contest's zone, with the offset."""
    return local_time(iso_utc(t_ms * 1_000_000), ZoneInfo(zone)).partition("\n")[0]


def moment_of(t_ms: int) -> datetime:
    return datetime.fromtimestamp(t_ms // 1000, UTC)
