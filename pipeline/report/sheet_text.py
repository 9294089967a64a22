"""Times and words as a hit sheet says them: in the reader's zone with UTC beside it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from pipeline.errors import MissionError
from pipeline.report.sheet_font import covered
from pipeline.report.tables import printable

LONGEST_WORD = 40  # characters without a place to break, before one is made
GAP = "\u200b"  # a place to break a line that shows nothing
_TURNS = re.compile("[\u00ad\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ue000-\uf8ff\U000e0000-\U0010ffff]")
_LONG = re.compile(rf"[!-~]{{{LONGEST_WORD}}}(?=[!-~])")


def zone(name: str) -> ZoneInfo:
    """A time zone by its name; raises MissionError when there is none such."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as why:
        raise MissionError(f"{name!r} is not a time zone; say for example Asia/Shanghai") from why


def moment(text: str | None) -> datetime | None:
    """An ISO 8601 time in UTC as the run's files have it."""
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def local_time(text: str | None, where: ZoneInfo) -> str:
    """A time to the second in a zone, with its offset; the UTC one beside it, where that is another."""
    found = moment(text)
    if found is None:
        return "—"
    whole = (found + timedelta(microseconds=500_000)).replace(microsecond=0)
    there, utc = whole.astimezone(where), f"{whole:%Y-%m-%d %H:%M:%S} UTC"
    offset = f"{there:%z}"
    return (
        utc if there.utcoffset() == timedelta() else f"{there:%Y-%m-%d %H:%M:%S} (UTC{offset[:3]}:{offset[3:]})\n{utc}"
    )


def plain_text(text: Any) -> str:
    """Text for the sheet: no control characters, no turning of the line, no soft hyphens; long words may be broken."""
    return _LONG.sub(lambda found: found.group() + GAP, _TURNS.sub("", printable(str(text))).expandtabs(4))


def beyond_the_font(texts: Iterable[str]) -> list[str]:
    """Characters that the sheet's own font lacks, sorted."""
    return sorted(set().union(*texts) - covered() - {"\n", GAP})


def texts_in(value: Any) -> Iterable[str]:
    """Every text in a value of JSON."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from texts_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts_in(item)
