"""Angles as people write them, converted exactly: 34°44′47.8″N, N34 44 47.8, 北纬34度44分47.8秒, 34°44.797', 34.7466.

All arithmetic is on fractions; the result is rounded once, half up, to 1e-9 degrees (0.1 mm).
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from fractions import Fraction

NANO = 1_000_000_000
_LETTERS = {"北纬": "N", "南纬": "S", "东经": "E", "西经": "W", "北": "N", "南": "S", "东": "E", "西": "W"}
_HALF = r"北纬|南纬|东经|西经|[NSEWnsew](?![A-Za-z])"
_DECIMALS = r"(?:\.\d{1,15})?"
_DEGREE, _MINUTE, _SECOND = r"[°º˚度]", r"['′’‘´分]", r"(?:''|′′|’’|[\"″”“秒])"
_BETWEEN = r"\s*[:\-]\s*|\s+"
_ANGLE = re.compile(
    rf"""\s*(?P<pre>{_HALF})?\s*(?P<sign>[+\-−])?(?:
        (?P<d>\d{{1,3}})(?:\s*{_DEGREE}\s*|{_BETWEEN})
        (?:(?P<m>\d{{1,2}})(?:\s*{_MINUTE}\s*|{_BETWEEN})(?P<s>\d{{1,2}}{_DECIMALS})(?:\s*{_SECOND})?
          |(?P<dm>\d{{1,2}}{_DECIMALS})(?:\s*{_MINUTE})?)
        |(?P<dd>\d{{1,3}}{_DECIMALS})(?:\s*{_DEGREE})?
    )(?![\d.'′’´"″”分秒度°])(?:\s*(?P<post>{_HALF}|[北南东西]))?""",
    re.ASCII | re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Angle:
    """An angle that was read. `axis` is NS, EW or empty where no letter said it; `step` the last digit's unit."""

    degrees: Fraction
    axis: str
    step: Fraction
    sexagesimal: bool

    def e9(self) -> int:
        """In 1e-9 degrees, rounded half up."""
        return math.floor(self.degrees * NANO + Fraction(1, 2))


def read_angle(text: str) -> Angle | None:
    """A text that is one angle and nothing else, or None. Raises ValueError with a sentence for a faulty angle."""
    found = _next(text, 0)
    return found[0] if found and not text[found[1] :].strip() else None


def read_pair(text: str) -> tuple[Angle, Angle, str]:
    """(latitude, longitude, the rest of the text); without letters the latitude comes first.

    Raises:
        ValueError: what is wrong, in a few words.
    """
    if any(c.isdigit() and not c.isascii() for c in text):
        raise ValueError("full-width or foreign digits; plain 0–9 are needed")
    first = _next(text, 0)
    second = first and _next(text, first[1])
    if not first or not second:
        raise ValueError("latitude and longitude are not understood")
    rest = text[second[1] :]
    if rest and not re.match(r"[\s,;，；、]", rest):
        raise ValueError("latitude and longitude are not understood")
    return (*_in_order(first[0], second[0]), rest)


def _in_order(first: Angle, second: Angle) -> tuple[Angle, Angle]:
    axes = (first.axis, second.axis)
    if axes in (("", ""), ("NS", "EW")):
        return first, second
    if axes == ("EW", "NS"):
        return second, first
    raise ValueError("one of latitude and longitude lacks its letter, or both have the same")


def _next(text: str, at: int) -> tuple[Angle, int] | None:
    """The angle that begins at `at`, blanks and commas skipped, and where it ends."""
    skipped = re.compile(r"[\s,;，；、]*").match(text, at)
    found = _ANGLE.match(text, skipped.end() if skipped else at)
    if not found:
        return None
    end = found.end()
    if found["pre"] and found["post"]:
        end = found.start("post")
    return _angle(found, found["pre"] or found["post"] or ""), end


def _angle(found: re.Match[str], letter: str) -> Angle:
    letter = _LETTERS.get(letter, letter.upper())
    size, step = _size(found)
    if found["sign"] and letter:
        raise ValueError("a sign and a letter both say the hemisphere")
    negative = letter in ("S", "W") or found["sign"] in ("-", "−")
    axis = "" if not letter else "NS" if letter in "NS" else "EW"
    return Angle(-size if negative else size, axis, step, found["dd"] is None)


def _size(found: re.Match[str]) -> tuple[Fraction, Fraction]:
    if found["dd"]:
        return Fraction(found["dd"]), _unit(found["dd"])
    minutes, seconds = Fraction(found["m"] or found["dm"]), Fraction(found["s"] or 0)
    if minutes >= 60 or seconds >= 60:
        raise ValueError("minutes or seconds of 60 and more")
    step = _unit(found["s"]) / 3600 if found["s"] else _unit(found["dm"]) / 60
    return Fraction(found["d"]) + minutes / 60 + seconds / 3600, step


def _unit(digits: str) -> Fraction:
    return Fraction(1, 10 ** len(digits.partition(".")[2]))


def dms_text(e9: int, letters: str) -> str:
    """1e-9 degrees as degrees, minutes and seconds to 0.001″ (3 cm), rounded half up; `letters` is "NS" or "EW"."""
    thousandths = (abs(e9) * 3_600_000 + NANO // 2) // NANO
    degrees, rest = divmod(thousandths, 3_600_000)
    minutes, seconds = divmod(rest, 60_000)
    return f"{degrees}°{minutes:02d}′{seconds // 1000:02d}.{seconds % 1000:03d}″{letters[0 if e9 >= 0 else 1]}"


def degrees_text(e9: int) -> str:
    """1e-9 degrees as degrees with 7 decimals (1 cm), rounded half up."""
    tenths = (abs(e9) + 50) // 100
    sign = "-" if e9 < 0 and tenths else ""
    return f"{sign}{tenths // 10**7}.{tenths % 10**7:07d}"
