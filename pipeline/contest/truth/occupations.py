"""Two independent occupations of each target become one place, or are refused.

One occupation tells nothing of a wrong point, a tilted pole or a false fix; the second one, set up anew, does. The
place is their mean.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.errors import ContestError
from pipeline.score.canonical import half_up

MOST_APART_MM = 50
LEAST_BETWEEN_MS = 60_000  # between the rounds of a point by RTK, with a new initialisation
R90_PER_SIGMA = math.sqrt(2 * math.log(10))  # of a circular normal: 90 % lie within 2.146 sigma
_SUFFIX = re.compile(r"(.+?)[-_]([12])")


@dataclass(frozen=True, slots=True, repr=False)
class Occupation:
    """One stay on a target. Its repr shows nothing."""

    name: str  # as the controller has it
    file: str
    row: int
    lat_deg: float
    lon_deg: float
    height_mm: int | None
    hrms_mm: int | None  # horizontal, of both axes together: σ_east² + σ_north² = hrms²
    vrms_mm: int | None
    t_ms: int | None
    fixed: bool  # whether the file said that it is a fixed solution
    facts: Mapping[str, str]  # class, weight …: as text

    @property
    def where(self) -> str:
        """For a sentence."""
        return f"{self.file}: row {self.row}"


@dataclass(frozen=True, slots=True, repr=False)
class Mean:
    """What two occupations give."""

    name: str
    lat_deg: float
    lon_deg: float
    apart_mm: int
    north_mm: int  # of the second, seen from the first
    east_mm: int
    up_mm: int | None
    r90_m: float | None  # None: no HRMS was recorded
    pair: tuple[Occupation, Occupation]


def means(occupations: Sequence[Occupation], most_apart_mm: int = MOST_APART_MM) -> tuple[Mean, ...]:
    """One mean a target, by name.

    Two rows belong together that have one name, or NAME-1 and NAME-2.

    Raises:
        ContestError: a target has not exactly two occupations, they are one copied, carry one time, or lie too far
            apart; the sentence names the target and never a coordinate.
    """
    times_named = Counter(o.name for o in occupations)
    groups: dict[str, list[Occupation]] = defaultdict(list)
    for occupation in occupations:
        groups[_target_name(occupation.name, times_named)].append(occupation)
    return tuple(_mean(name, groups[name], most_apart_mm) for name in sorted(groups))


def _target_name(name: str, times_named: Mapping[str, int]) -> str:
    """NAME of NAME-1 where NAME-2 is there too, each once: a target may itself be called T-1."""
    found = _SUFFIX.fullmatch(name)
    if found is None:
        return name
    other = name[:-1] + ("2" if found[2] == "1" else "1")
    return found[1] if times_named[name] == 1 and times_named.get(other) == 1 else name


def _mean(name: str, group: Sequence[Occupation], most_apart_mm: int) -> Mean:
    if len(group) != 2:
        raise ContestError(
            f"target {name!r}: {len(group)} occupation{'s' * (len(group) != 1)}, and two independent ones are needed"
            f" ({', '.join(o.where for o in group)})"
        )
    first, second = sorted(group, key=lambda o: (o.t_ms or 0, o.name, o.file, o.row))
    north_m, east_m = offset_m((first.lat_deg, first.lon_deg), (second.lat_deg, second.lon_deg))
    apart_mm = math.ceil(math.hypot(north_m, east_m) * 1e3 - 1e-6)
    _check_independent(name, first, second, apart_mm)
    if apart_mm > most_apart_mm:
        raise ContestError(f"target {name!r}: its two occupations are {apart_mm} mm apart, more than {most_apart_mm}")
    return Mean(
        name=name,
        lat_deg=(first.lat_deg + second.lat_deg) / 2,
        lon_deg=(first.lon_deg + second.lon_deg) / 2,
        apart_mm=apart_mm,
        north_mm=half_up(north_m * 1e3),
        east_mm=half_up(east_m * 1e3),
        up_mm=None if first.height_mm is None or second.height_mm is None else second.height_mm - first.height_mm,
        r90_m=_r90_m(first, second, apart_mm),
        pair=(first, second),
    )


def _check_independent(name: str, first: Occupation, second: Occupation, apart_mm: int) -> None:
    one_place = apart_mm == 0 and first.height_mm == second.height_mm
    if one_place and (first.height_mm is not None or None in (first.t_ms, second.t_ms)):
        raise ContestError(f"target {name!r}: both occupations are equal to the millimetre: one was copied")
    if first.t_ms is None or second.t_ms is None:
        return
    between_ms = abs(second.t_ms - first.t_ms)
    if between_ms < 1000:
        raise ContestError(f"target {name!r}: both occupations carry one time: one was copied, not measured again")
    if between_ms < LEAST_BETWEEN_MS:
        raise ContestError(
            f"target {name!r}: its occupations are less than {LEAST_BETWEEN_MS // 1000} s apart in time; set up anew"
        )


def offset_m(first: tuple[float, float], second: tuple[float, float]) -> tuple[float, float]:
    """(north, east) metres from the first (lat_deg, lon_deg) to the second, by the geodesic on GRS 80."""
    import numpy as np

    from pipeline.score.distance import geodesic_m

    length, azimuth = geodesic_m(*(np.array([v]) for v in (*first, *second)))
    turn = math.radians(float(azimuth[0]))
    return float(length[0]) * math.cos(turn), float(length[0]) * math.sin(turn)


def _r90_m(first: Occupation, second: Occupation, apart_mm: int) -> float | None:
    """The mean's 90 % radius from both HRMS, and at least half of what the occupations differ by."""
    if first.hrms_mm is None or second.hrms_mm is None:
        return None
    sigma_mm = math.sqrt((first.hrms_mm**2 + second.hrms_mm**2) / 8)  # of one axis of the mean
    return max(R90_PER_SIGMA * sigma_mm, apart_mm / 2) / 1e3
