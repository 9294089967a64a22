"""When a photo was taken, in UTC.

A photo that knows UTC says it itself: UTCAtExposure, EXIF's OffsetTimeOriginal, or GPS date and time, from which
the camera clock's zone follows. What has none takes the zone that the other photos of the flight agree on, else
the zone given, else Asia/Shanghai, named as an assumption. Times read from file names are in the given zone, else UTC.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo

from pipeline.errors import MissionError
from pipeline.ingest.exif import text
from pipeline.ingest.photo import Photo

DEFAULT_ZONE = "Asia/Shanghai"
_ZONE_STEP = timedelta(minutes=15)
_CLOCK_ERROR = timedelta(minutes=5)  # a camera clock that is off by more says nothing of its zone
_WIDEST = timedelta(hours=14)
_OFFSET = re.compile(r"(?:UTC)?([+-])(\d{1,2})(?::?(\d{2}))?")
_PARTS = {"%Y": r"\d{4}", "%f": r"\d{1,6}", "%j": r"\d{3}"} | {f"%{c}": r"\d{2}" for c in "mdHMSy"}


@dataclass(frozen=True, slots=True)
class Moment:
    """When a photo was taken: UTC ns since 1970 where known, and how it is known."""

    t_ns: int | None
    source: str


def parse_zone(name: str) -> tzinfo:
    """A zone from "Asia/Shanghai" or "+08:00"; raises MissionError."""
    from zoneinfo import ZoneInfo

    offset = _offset_zone(name)
    if offset is not None:
        return offset
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError) as why:
        if name == DEFAULT_ZONE:  # no zone database here; China has kept UTC+8 without summer time since 1991
            return timezone(timedelta(hours=8))
        raise MissionError(f"there is no time zone called {name!r} (examples: Asia/Shanghai, +08:00)") from why


def _offset_zone(text: str) -> timezone | None:
    """The zone of "+08:00", "UTC-5" or "+0545"; None for anything else and for what no place on Earth has."""
    found = _OFFSET.fullmatch(text.strip())
    if not found:
        return None
    ahead = timedelta(hours=int(found[2]), minutes=int(found[3] or 0))
    return timezone(ahead if found[1] == "+" else -ahead) if ahead <= _WIDEST else None


def moments(
    photos: Sequence[Photo], zone: str | None, names: str | None, ahead_s: float = 0.0
) -> tuple[list[Moment], list[str]]:
    """When each photo was taken, and what had to be assumed.

    `names` is a strptime pattern searched in file names; `ahead_s` is by how much the cameras' clocks are fast.
    """
    given = None if zone is None else parse_zone(zone)
    if names is not None:
        pattern = name_pattern(names)
        named = [_from_name(p, pattern, names, given or UTC, ahead_s) for p in photos]
        rest, warnings = moments([p for p, m in zip(photos, named, strict=True) if m is None], zone, None, ahead_s)
        unnamed = iter(rest)
        return [next(unnamed) if m is None else m for m in named], warnings
    clocks = [_camera_clock(p) for p in photos]
    known = [_known_utc(p, local) for p, local in zip(photos, clocks, strict=True)]
    flight = _flight_zone(clocks, known)
    fallback, label = (flight, "zone of the flight's GPS times") if flight else (given, f"zone {zone}")
    warnings = []
    if fallback is None:
        fallback, label = parse_zone(DEFAULT_ZONE), f"zone {DEFAULT_ZONE}, assumed"
        if any(local and not utc for local, utc in zip(clocks, known, strict=True)):
            warnings = [f"assumed: camera clocks show the time of {DEFAULT_ZONE}, since nothing says their zone"]
    return [_moment(c, k, fallback, label, ahead_s) for c, k in zip(clocks, known, strict=True)], warnings


def _moment(
    local: datetime | None, known: tuple[datetime, str] | None, zone: tzinfo, label: str, ahead_s: float
) -> Moment:
    if known is not None:
        exact = known[1] == "XMP UTCAtExposure"
        return Moment(_ns(known[0]) - (0 if exact else round(ahead_s * 1e9)), known[1])
    if local is None:
        return Moment(None, "unknown")
    return Moment(_ns(local.replace(tzinfo=zone)) - round(ahead_s * 1e9), f"EXIF DateTimeOriginal, {label}")


def _ns(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * 1000


def _camera_clock(photo: Photo) -> datetime | None:
    stamp = _parse(text(photo.tags, "DateTimeOriginal")) or _parse(text(photo.tags, "DateTime"))
    digits = text(photo.tags, "SubSecTimeOriginal")
    if stamp is not None and digits.isascii() and digits.isdigit():
        return stamp.replace(microsecond=int(digits[:6].ljust(6, "0")))
    return stamp


def _parse(stamp: str) -> datetime | None:
    """EXIF's "2017:02:03 08:21:04", or the same with fractions, dashes and T."""
    day, _, time = stamp.strip().replace("T", " ").partition(" ")
    try:
        return _sane(datetime.fromisoformat(f"{day.replace(':', '-')}T{time}").replace(tzinfo=None))
    except ValueError:
        return None


def _sane(moment: datetime) -> datetime | None:
    """The moment, unless it lies where no digital photo can be."""
    return moment if 1985 <= moment.year <= 2200 else None


def _known_utc(photo: Photo, local: datetime | None) -> tuple[datetime, str] | None:
    exact = _parse(photo.reading.utc)
    if exact is not None and photo.reading.utc:
        name = "senseFly UTCTime" if photo.reading.dialect == "senseFly" else "UTCAtExposure"
        return exact.replace(tzinfo=UTC), f"XMP {name}"
    offset = _offset_zone(text(photo.tags, "OffsetTimeOriginal"))
    if local is not None and offset is not None:
        return local.replace(tzinfo=offset), "EXIF DateTimeOriginal and OffsetTimeOriginal"
    gps = _gps_time(photo)
    if gps is None:
        return None
    zone = None if local is None else _zone_between(local, gps)
    if local is None or zone is None:
        return gps, "EXIF GPS time"
    return local.replace(tzinfo=zone), "EXIF DateTimeOriginal, zone from GPS time"


def _gps_time(photo: Photo) -> datetime | None:
    day, parts = text(photo.tags, "GPSDateStamp"), photo.tags.get("GPSTimeStamp")
    if not day or not isinstance(parts, tuple) or len(parts) != 3:
        return None
    try:
        start = datetime.strptime(day.replace("-", ":"), "%Y:%m:%d").replace(tzinfo=UTC)
        return _sane(start + timedelta(hours=parts[0], minutes=parts[1], seconds=parts[2]))
    except (ValueError, OverflowError):
        return None


def _zone_between(local: datetime, gps: datetime) -> timezone | None:
    ahead = local.replace(tzinfo=UTC) - gps
    zone = round(ahead / _ZONE_STEP) * _ZONE_STEP
    return timezone(zone) if abs(zone) <= _WIDEST and abs(ahead - zone) <= _CLOCK_ERROR else None


def _flight_zone(clocks: Sequence[datetime | None], known: Sequence[tuple[datetime, str] | None]) -> timezone | None:
    """The zone most photos of the flight agree on."""
    zones = Counter(
        zone
        for local, utc in zip(clocks, known, strict=True)
        if local is not None and utc is not None and (zone := _zone_between(local, utc[0])) is not None
    )
    return zones.most_common(1)[0][0] if zones else None


def name_pattern(names: str) -> re.Pattern[str]:
    """The regular expression of a strptime pattern of digits; raises MissionError for anything else in it."""
    parts = re.split(r"(%.)", names)
    unknown = [p for p in parts if p.startswith("%") and p not in _PARTS]
    if unknown or "%Y" not in names:
        fault = f"{unknown[0]} is not understood" if unknown else "%Y is missing"
        raise MissionError(f"[clock] names = {names!r}: {fault} (understood: {' '.join(sorted(_PARTS))})")
    return re.compile("".join(_PARTS.get(p, re.escape(p)) for p in parts), re.ASCII)


def _from_name(photo: Photo, pattern: re.Pattern[str], names: str, zone: tzinfo, ahead_s: float) -> Moment | None:
    found = pattern.search(photo.path.stem)
    try:
        stamp = _sane(datetime.strptime(found[0], names)) if found else None
    except ValueError:
        stamp = None
    if stamp is None:
        return None
    return Moment(_ns(stamp.replace(tzinfo=zone)) - round(ahead_s * 1e9), "file name")
