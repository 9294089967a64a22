"""Whether a hit's evidence holds: the original is the team's own, the source lies inside a sharp crop, in time.

What a hit list can say is tested here. Whether the crop really shows the source is for human judges: the pictures
themselves are not opened.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.score.canonical import half_up
from pipeline.score.strict import Place

MAX_ENTRIES = 1_000
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_FAR_PX = 1e7


@dataclass(frozen=True, slots=True)
class Evidence:
    """One original that shows the source. Pixels in hundredths; None where the hit list says nothing."""

    sha256: str = ""
    t_ms: int | None = None
    point_cpx: tuple[int, ...] | None = None  # x, y
    crop_cpx: tuple[int, ...] | None = None  # x0, y0, x1, y1
    sharpness_ppm: int | None = None

    def plain(self) -> list[Any]:
        """For the canonical form."""
        return [self.sha256, self.t_ms, _listed(self.point_cpx), _listed(self.crop_cpx), self.sharpness_ppm]


def _listed(values: tuple[int, ...] | None) -> list[int] | None:
    return None if values is None else list(values)


def read_evidence(place: Place, value: Any) -> tuple[Evidence, ...]:
    """The `evidence` property of a hit. Raises ScoreError with the place when it is not what `formats.md` says."""
    if value is None:
        return ()
    if not isinstance(value, list) or len(value) > MAX_ENTRIES or not all(isinstance(e, dict) for e in value):
        raise place.wrong(f"evidence is not a list of at most {MAX_ENTRIES} objects")
    return tuple(_entry(place, e) for e in value)


def _entry(place: Place, entry: Mapping[str, Any]) -> Evidence:
    sha256 = entry.get("sha256")
    sharpness = place.optional(entry.get("sharpness"), "sharpness", 0, 1e9)
    return Evidence(
        sha256=sha256 if isinstance(sha256, str) and _SHA256.fullmatch(sha256) else "",
        t_ms=place.time_ms(entry.get("t"), "evidence time"),
        point_cpx=_pixels(place, entry.get("point_px"), 2, "point_px"),
        crop_cpx=_pixels(place, entry.get("crop_px"), 4, "crop_px"),
        sharpness_ppm=None if sharpness is None else half_up(sharpness * 1e6),
    )


def _pixels(place: Place, value: Any, count: int, name: str) -> tuple[int, ...] | None:
    if value is None:
        return None
    if not isinstance(value, (list, tuple)) or len(value) != count:
        raise place.wrong(f"{name} is not a list of {count} numbers")
    return tuple(half_up(100 * place.number_of(v, name, -_FAR_PX, _FAR_PX)) for v in value)


def own_original(entry: Evidence, originals: frozenset[str] | None) -> bool:
    """The entry names an original by its SHA-256, and it is one of the team's own flight (None: not compared)."""
    return bool(entry.sha256) and (originals is None or entry.sha256 in originals)


def inside_crop(entry: Evidence) -> bool:
    """The source's pixel lies inside the crop, edges included; false where either is missing."""
    if entry.point_cpx is None or entry.crop_cpx is None:
        return False
    (x, y), (x0, y0, x1, y1) = entry.point_cpx, entry.crop_cpx
    return x0 <= x <= x1 and y0 <= y <= y1


def sharp_enough(entry: Evidence, least_ppm: int) -> bool:
    """The stated sharpness reaches the rule's; with a rule of 0 nothing has to be stated."""
    return least_ppm == 0 or (entry.sharpness_ppm is not None and entry.sharpness_ppm >= least_ppm)


def in_flight(entry: Evidence, flight_ms: tuple[int, int] | None) -> bool:
    """The capture time is inside the flight (None: nobody said when it was, so not tested)."""
    return flight_ms is None or (entry.t_ms is not None and flight_ms[0] <= entry.t_ms <= flight_ms[1])


def verdict(
    entries: Sequence[Evidence],
    originals: frozenset[str] | None,
    flight_ms: tuple[int, int] | None,
    least_ppm: int,
) -> tuple[bool, bool]:
    """(an original of the team's own flight is there, one such entry passes every test)."""
    own = [e for e in entries if own_original(e, originals)]
    good = any(inside_crop(e) and sharp_enough(e, least_ppm) and in_flight(e, flight_ms) for e in own)
    return bool(own), good
