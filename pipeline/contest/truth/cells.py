"""What a survey's cells say: names, lengths, angles, times and kinds of solution. No error repeats a cell."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta, tzinfo

from pipeline.contest.intake.dms import read_angle
from pipeline.contest.truth.reading import Line
from pipeline.score.canonical import half_up, nfc

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)", re.ASCII)
LEAST_HRMS_MM, MOST_HRMS_MM = 1, 500
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIXED = re.compile(
    r"4|narrow_?int|l1_?int|(?:[a-z0-9]+[ -])*fix(?:ed)?(?:[ -]?(?:rtk|solution))?|(?:rtk|窄巷|网络)*固定解?(?:rtk)?"
)
_NOT_FIXED = re.compile(r"\b(?:not?|non|un|float|auto\w*)\b")
_LIKE_A_PLACE = re.compile(r"\d[°º˚度:′'分]|\d\.\d{3}|(?<!\d)\d{7,8}(?!\d)")
_DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?", re.ASCII)
_CLOCK = re.compile(r"(\d{1,2})[:时](\d{1,2})(?:[:分](\d{1,2})(?:\.(\d{1,6}))?秒?)?", re.ASCII)


def plain_number(text: str) -> float | None:
    """A plain decimal number; None for anything else."""
    return float(text) if len(text) <= 40 and _NUMBER.fullmatch(text) else None


def number(line: Line, column: str) -> float:
    """A cell as a plain decimal number; ContestError otherwise."""
    text = line.cells.get(column, "")
    value = plain_number(text)
    if value is None:
        raise line.wrong(f"{column} is {'not a plain number' if text else 'missing'}")
    return value


def latitude_longitude(line: Line) -> tuple[float, float]:
    """(lat_deg, lon_deg); ContestError when they are swapped or beyond the globe."""
    lat, lon = _angle(line, "lat", "NS"), _angle(line, "lon", "EW")
    if 73 <= lat <= 136 and 3 <= lon <= 54:
        raise line.wrong("latitude and longitude are swapped")
    if not (-90 <= lat <= 90 and -180 <= lon < 180):
        raise line.wrong("latitude or longitude is beyond the globe")
    return lat, lon


def _angle(line: Line, column: str, axis: str) -> float:
    """Decimal degrees, or degrees, minutes and seconds with their signs; ContestError otherwise."""
    try:
        found = read_angle(line.cells.get(column, ""))
    except ValueError as why:
        raise line.wrong(f"{column}: {why}") from None
    if found is None or found.axis not in ("", axis):
        raise line.wrong(f"{column} is {'not an angle' if column in line.cells else 'missing'}")
    return float(found.degrees)


def millimetres(line: Line, column: str, in_mm: bool) -> int | None:
    """A length in mm, from metres unless the heading says mm; None when the cell is empty."""
    if column not in line.cells:
        return None
    return half_up(number(line, column) * (1 if in_mm else 1000))


def hrms_mm(line: Line, in_mm: bool) -> int | None:
    """The horizontal RMS in mm; ContestError for one that no fixed solution has, mostly a wrong unit; None without."""
    found = millimetres(line, "hrms", in_mm)
    if found is not None and not LEAST_HRMS_MM <= found <= MOST_HRMS_MM:
        raise line.wrong(
            f"its HRMS is not from {LEAST_HRMS_MM} to {MOST_HRMS_MM} mm; it is in metres unless the heading says mm"
        )
    return found


def is_fixed(line: Line) -> bool:
    """Whether the solution is a fixed one, in the words of Trimble, South, Hi-Target and CHCNAV."""
    text = unicodedata.normalize("NFKC", line.cells.get("status", "")).lower()
    plain = " ".join(text.replace("(", " ").replace(")", " ").split())
    return _FIXED.fullmatch(plain) is not None and not _NOT_FIXED.search(plain)


def time_ms(line: Line, zone: tzinfo) -> int | None:
    """When it was measured, UTC ms since 1970, from a UTC column, or local ones read in `zone`; None without."""
    column = "utc" if "utc" in line.cells else "time"
    text = line.cells.get(column)
    if text is None:
        return None
    whole = text if _DATE.search(text) else f"{line.cells.get('date', '')} {text}"
    found = moment_ms(whole, UTC if column == "utc" else zone)
    if found is None:
        raise line.wrong(f"{column} is not a date with a time, such as 2026-05-01 09:30:00")
    return found


def moment_ms(text: str, zone: tzinfo) -> int | None:
    """UTC ms since 1970 of a date with a time, with its own offset or in `zone`; None for anything else."""
    moment = _iso(text) or _written(text)
    if moment is None:
        return None
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)
    return (aware - _EPOCH) // timedelta(milliseconds=1)


def _iso(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text.strip()) if ":" in text else None
    except ValueError:
        return None


def _written(text: str) -> datetime | None:
    date, clock = _DATE.search(text), _CLOCK.search(text)
    if date is None or clock is None:
        return None
    hour, minute, second, fraction = clock.groups(default="0")
    try:
        day = [int(g) for g in date.groups()]
        return datetime(day[0], day[1], day[2], int(hour), int(minute), int(second), int(fraction.ljust(6, "0")))
    except ValueError:
        return None


def plain_name(line: Line) -> str:
    """A point's name: printable, NFC without blanks around it, at most 60 characters; ContestError otherwise."""
    name = nfc(line.cells.get("name", "")).strip()
    if not name or len(name) > 60 or not name.isprintable():
        raise line.wrong("the point's name is empty, too long or not printable")
    if _LIKE_A_PLACE.search(name):
        raise line.wrong("the point's name looks like a coordinate; are the columns shifted?")
    return name
