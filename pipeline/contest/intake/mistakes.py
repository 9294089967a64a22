"""What is probably wrong with a hit list, told at the desk: from the public area and the drone's own photos alone.

Nothing is changed and nothing refused; every test says when it speaks.

Distances are metres on a sphere of 6371 km around the field, good to 1 % there. The *offset* of a hit is its distance
to the nearest place where the drone took a photo, or without photos its distance to the area (0 inside).

Whole-list readings (GCJ-02, BD-09, degrees-minutes-seconds typed as decimals): the list is read as if the mistake had
been made throughout, and that reading is told when the mean offset (each hit counted to `WILD_M` at most) falls to less
than `BETTER` of what it is and by `least_gain_m`, and no hit leaves the area by it. Of several readings the best is
told. Measured on random fields in China, 200 to 1500 m wide, with photos on a grid: hits within 150 m of the photos
raise a false alarm in up to 1 % of lists; hits seen obliquely, 400 m off, in 14 % (one hit), 7 % (three), none (ten).
BD-09 is found in 97 to 100 % of lists on fields to 500 m, GCJ-02 in 65 to 92 % of lists of three hits and more there,
in 31 to 57 % on 1500 m, where most shifted hits still lie under the flight. Without photos only what leaves the area is
found.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from pipeline.contest.intake.taken import Notice, Taken, notice
from pipeline.contest.plan import Area
from pipeline.geo.coordinates import bd09_to_gcj02, gcj02_to_wgs84
from pipeline.score.canonical import Floats, half_up
from pipeline.score.evidence import own_original
from pipeline.words import CLASSES

BETTER = 0.5
LEAST_GAIN_M, ALONE_GAIN_M = 50.0, 150.0
WILD_M = 1_000.0
FAR_M = 2_000.0  # from the nearest photo: no drone of a contest looks that far
NEAR_ZERO_DEG = 1e-4
FEW_DECIMALS = 4  # 0.0001° is 11 m
_SPHERE_M = 6_371_000.0
Track = Sequence[tuple[float, float]]


def mistakes(taken: Taken, area: Area | None, track: Track = ()) -> tuple[Notice, ...]:
    """Warnings about the rows, whole list first; `track`: (lat_deg, lon_deg) of the photos of the drone's card."""
    placed = [(n, r.lat_deg, r.lon_deg) for n, r in zip(taken.numbers, taken.rows, strict=True)
              if r.lat_deg is not None and r.lon_deg is not None]  # fmt: skip
    at = np.array([[lat, lon] for _, lat, lon in placed], dtype=np.float64).reshape(-1, 2)
    numbers = [n for n, _, _ in placed]
    field = _Field(area, np.array(track, dtype=np.float64).reshape(-1, 2))
    found = [*_readings(at, field), *_written(at), *_one_place(taken, numbers, at), *_fields(taken)]
    return (*found, *_rows(numbers, at, field))


def evidence_doubts(taken: Taken, originals: frozenset[str]) -> tuple[Notice, ...]:
    """Warnings where the rules count evidence: none at all, or a hit's names nothing on the team's own cards."""
    if taken.rows and not any(row.evidence for row in taken.rows):
        return (notice("no_evidence"),)
    return tuple(
        notice("not_on_card", number)
        for number, row in zip(taken.numbers, taken.rows, strict=True)
        if originals and not any(own_original(e, originals) for e in row.evidence)
    )


class _Field:
    """Where hits can be: near the drone's photos, inside the area."""

    def __init__(self, area: Area | None, track: Floats) -> None:
        self.area, self.track = area, track

    def outside(self, at: Floats) -> Floats:
        """(N,) metres outside of the area, 0 inside or without an area."""
        if self.area is None:
            return np.zeros(len(at))
        a, (lat, lon) = self.area, at.T
        north_m = np.maximum(0.0, np.maximum(a.south_deg - lat, lat - a.north_deg))
        east_m = np.maximum(0.0, np.maximum(a.west_deg - lon, lon - a.east_deg)) * np.cos(np.radians(lat))
        return np.asarray(np.radians(np.hypot(north_m, east_m)) * _SPHERE_M)

    def offset(self, at: Floats) -> Floats:
        """(N,) metres to the nearest photo, or to the area where there are no photos."""
        return np.array([self._nearest(p) for p in at]) if len(self.track) else self.outside(at)

    def mean_offset(self, at: Floats) -> float:
        """Mean offset in metres, each counted to a kilometre at most, so that one wild hit does not decide."""
        return float(np.minimum(self.offset(at), WILD_M).mean())

    def _nearest(self, point: Floats) -> float:
        north, east = (self.track - point).T
        east = ((east + 180.0) % 360.0 - 180.0) * math.cos(math.radians(float(point[0])))
        return math.radians(float(np.hypot(north, east).min())) * _SPHERE_M


def _readings(at: Floats, field: _Field) -> Iterator[Notice]:
    """The whole list read as if one mistake had been made throughout."""
    if not len(at) or (field.area is None and not len(field.track)):
        return
    given, outside = field.mean_offset(at), field.outside(at) > 0
    read = {code: undo(at) for code, undo in _UNDO.items()}
    score = {code: field.mean_offset(r) for code, r in read.items()
             if r is not None and not np.any((field.outside(r) > 0) & ~outside)}  # fmt: skip
    best = min(score, key=score.__getitem__, default=None)
    if best and score[best] < BETTER * given and given - score[best] >= least_gain_m(len(at)):
        yield notice(best, metres=half_up(given), undone=half_up(score[best]))


def least_gain_m(hits: int) -> float:
    """By how much a reading must bring a list nearer: the fewer hits, the more chance has to be ruled out."""
    return max(LEAST_GAIN_M, ALONE_GAIN_M / math.sqrt(hits))


def _from_gcj(at: Floats) -> Floats:
    return gcj02_to_wgs84(at[:, 0], at[:, 1])


def _from_bd(at: Floats) -> Floats:
    return _from_gcj(bd09_to_gcj02(at[:, 0], at[:, 1]))


def _from_typed_dms(at: Floats) -> Floats | None:
    """34.4447 read as 34°44′47″; None unless minutes and seconds are below 60 throughout."""
    ten_thousandths = np.floor(np.abs(at) * 1e4 + 1e-6)
    degrees, rest = np.divmod(ten_thousandths, 1e4)
    minutes, whole_seconds = np.divmod(rest, 100.0)
    seconds = whole_seconds + np.maximum(0.0, np.abs(at) * 1e4 - ten_thousandths)
    if np.any(minutes >= 60) or np.any(seconds >= 60):
        return None
    return np.asarray(np.sign(at) * (degrees + minutes / 60 + seconds / 3600))


_UNDO: dict[str, Callable[[Floats], Floats | None]] = {
    "gcj02": _from_gcj,
    "bd09": _from_bd,
    "dms_as_decimal": _from_typed_dms,
}


def _rows(numbers: Sequence[int], at: Floats, field: _Field) -> Iterator[Notice]:
    """What one row shows by itself: zeros, swapped, a sign, outside, far from the drone."""
    outside = field.outside(at) > 0
    offset = field.offset(at) if len(field.track) else np.zeros(len(at))
    for number, point, out, away in zip(numbers, at, outside.tolist(), offset.tolist(), strict=True):
        code = _row_code(point, out, field)
        if code:
            yield notice(code, number)
        elif away > FAR_M:
            yield notice("far_from_track", number, metres=half_up(away))


def _row_code(point: Floats, out: bool, field: _Field) -> str:
    lat, lon = point.tolist()
    if abs(lat) < NEAR_ZERO_DEG or abs(lon) < NEAR_ZERO_DEG:
        return "zero"
    if not out:
        return ""
    if abs(lon) <= 90 and not field.outside(np.array([[lon, lat]])).any():
        return "swapped"
    flipped = np.array([[-lat, lon], [lat, -lon], [-lat, -lon]])
    return "sign" if (field.outside(flipped) == 0).any() else "outside"


def _written(at: Floats) -> Iterator[Notice]:
    """Too few decimals in all latitudes or in all longitudes; the last digit is then 11 m and more."""
    for code, column in (("few_decimals_lat", at[:, 0]), ("few_decimals_lon", at[:, 1])):
        most = max((_decimals(v) for v in column.tolist()), default=FEW_DECIMALS + 1)
        if most <= FEW_DECIMALS:
            yield notice(code, decimals=most, metres=_step_m(most))


def _decimals(value: float) -> int:
    return len(f"{value:.9f}".rstrip("0").partition(".")[2])


def _step_m(decimals: int) -> str:
    return f"{111_000 / 10**decimals:.0f}"


def _one_place(taken: Taken, numbers: Sequence[int], at: Floats) -> Iterator[Notice]:
    """Hits on the very same spot: all of them, or a second of the same class."""
    spots = Counter(map(tuple, at.tolist()))
    if len(at) > 1 and len(spots) == 1:
        yield notice("one_place", count=len(at))
        return
    labels = dict(zip(taken.numbers, (r.label for r in taken.rows), strict=True))
    seen: dict[tuple[float, float, str], int] = {}
    for number, (lat, lon) in zip(numbers, at.tolist(), strict=True):
        first = seen.setdefault((lat, lon, labels[number]), number)
        if first != number:
            yield notice("repeated", number, first=first)


def _fields(taken: Taken) -> Iterable[Notice]:
    """What the other columns say: nothing at all, always the same, not a class's code, no place."""
    if not taken.rows:
        yield notice("empty")
    known = [r.confidence for r in taken.rows if r.confidence is not None]
    if len(known) > 2 and len(set(known)) == 1:
        yield notice("confidence_equal")
    for number, row in zip(taken.numbers, taken.rows, strict=True):
        if row.lat_deg is None:
            yield notice("no_place", number)
        if row.label in _CLASS_NAMES:
            yield notice("class_name", number, path=_CLASS_NAMES[row.label])


_CLASS_NAMES = {name: path for path, names in CLASSES.items() for name in names if name != path}
