"""Hits typed at the desk, one a line: latitude, longitude, class, then what else is known, in any order.

    34°44'47.8"N 113°37'31.4"E outfall/industrial 3m
    34.746611, 113.625389 dust/pile ±5 m 80% #7

`3m`, `±3 m`, `3米`: the radius that holds the source nine times in ten; `80%` or `0.8`: confidence; `#7`: id.
WGS 84, or CGCS2000, which is taken as equal.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from pipeline.contest.intake.columns import check_degrees
from pipeline.contest.intake.dms import NANO, read_pair
from pipeline.contest.intake.taken import Limits, Rows, Taken
from pipeline.errors import ScoreError
from pipeline.score.hits import Row, row_of
from pipeline.score.strict import Place

NAME = "hits.typed"
_LONGEST_LINE = 500
_PATTERNS = {
    "r90_m": re.compile(r"(?:±|\+-|r90=?)?(\d{1,7}(?:\.\d{1,6})?)(?:m|M|米)", re.ASCII),
    "percent": re.compile(r"(\d{1,3}(?:\.\d{1,6})?)[%％]", re.ASCII),
    "confidence": re.compile(r"([01]?\.\d{1,9}|[01])", re.ASCII),
    "id": re.compile(r"#(\S+)"),
}
_UNIT = re.compile(r"(?<=\d)\s+(?=(?:m|M|米)(?:$|[\s,;，；]))")


def typed_bytes(lines: Sequence[str]) -> tuple[bytes, str]:
    """(the lines as the file that is kept, its name)."""
    return "".join(f"{' '.join(line.split())}\n" for line in lines).encode(), NAME


def read_typed(lines: Sequence[str], limits: Limits) -> Taken:
    """Hits from typed lines; raises ScoreError with the row's number."""
    return read_typed_bytes(*typed_bytes(lines), limits)


def read_typed_bytes(data: bytes, name: str, limits: Limits) -> Taken:
    """The same from the bytes that were kept."""
    if len(data) > limits.bytes:
        raise ScoreError(f"{name}: larger than the {limits.bytes} bytes that this contest takes")
    rows = Rows(name, "row", limits.hits)
    for number, line in enumerate(_lines(data, name), 1):
        if line.strip():
            rows.add(number, _row(Place(name, "row", number), line, rows))
    return rows.taken("typed", data)


def _lines(data: bytes, name: str) -> list[str]:
    try:
        return data.decode("utf-8-sig").split("\n")
    except UnicodeDecodeError:
        raise ScoreError(f"{name}: is not UTF-8 text") from None


def _row(place: Place, line: str, rows: Rows) -> Row:
    if len(line) > _LONGEST_LINE:
        raise place.wrong(f"is longer than {_LONGEST_LINE} characters")
    try:
        lat, lon, rest = read_pair(line)
    except ValueError as why:
        raise place.wrong(str(why)) from None
    for angle in (lat, lon):
        if angle.sexagesimal:
            rows.note_dms(place.number, angle.step)
    at = (lat.e9() / NANO, lon.e9() / NANO)
    check_degrees(place, *at)
    return row_of(place, _rest(place, rest), at)


def _rest(place: Place, text: str) -> dict[str, Any]:
    """Class, radius, confidence and id from the words behind the coordinates."""
    given: dict[str, Any] = {}
    words = [w for w in re.split(r"[\s,;，；、]+", _UNIT.sub("", text)) if w]
    for number, said in enumerate(words, 1):
        name, value = _meant(said)
        if name in given:
            raise place.wrong(f"word {number} behind the coordinates says {name} a second time")
        given[name] = value
    return given


def _meant(said: str) -> tuple[str, Any]:
    for name, pattern in _PATTERNS.items():
        found = pattern.fullmatch(said)
        if found and name == "id":
            return "id", found[1]
        if found:
            return ("confidence", float(found[1]) / 100) if name == "percent" else (name, float(found[1]))
    return "class", said
