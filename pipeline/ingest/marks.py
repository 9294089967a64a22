"""Photos and the exposures of an RTK .MRK file: by the sequence number in the photo's name, checked by time.

A .MRK speaks of the photos of its own folder. Where numbers and times contradict each other (files were renamed, or
two flights lie in one folder), the pairing by time in order counts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.ingest import sigma
from pipeline.ingest.cameras import step_of
from pipeline.ingest.offset import Offset, estimate
from pipeline.ingest.photo import Photo
from pipeline.ingest.position import Position, distance_m
from pipeline.ingest.track import Track, Triggers
from pipeline.ingest.triggers import Shots, match
from pipeline.types import ClockFit, GeoPoint, PoseError

ELSEWHERE_M = 6.0  # half the way between two photos: marks farther from photos' own positions are others'
APART_S = 3.0  # a photo's time may be off its exposure's by that much, beside the common offset
_NUMBER = re.compile(r"(\d{3,6})(?:_(?:MS_(?:G|R|RE|NIR)|[A-Z]))?$", re.IGNORECASE | re.ASCII)

Ns = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Mark:
    """What RTK says of one photo."""

    t_ns: int
    position: Position
    alt_m: float  # ellipsoidal, of the lens
    own: PoseError
    shared: PoseError


def number_of(photo: Photo) -> int | None:
    """The sequence number at the end of a photo's name."""
    found = _NUMBER.search(photo.path.stem)
    return int(found[1]) if found else None


def mark_photos(
    photos: Sequence[Photo], written_ns: Sequence[int | None], places: Sequence[Position], track: Track
) -> tuple[dict[int, Mark], ClockFit | None, list[str]]:
    """(photo -> its mark, the clocks' fit, warnings) of the photos that lie beside a .MRK."""
    rows = [t for t in track.triggers if len(t.t_ns)]
    if not rows:
        return {}, None, [f"{track.id}: holds no exposures"]
    triggers, folder = rows[0], track.id.rpartition("/")[0]
    mine = [i for i, p in enumerate(photos) if p.id.rpartition("/")[0] == folder]
    beside = _Beside(mine, written_ns, places, triggers)
    pairs, warnings = _paired(photos, beside, track.id)
    made = {i: mark for i, row in pairs.items() if (mark := _mark(triggers, row, track.id)) is not None}
    return made, _fit(pairs, len(mine), written_ns, triggers, track) if pairs else None, warnings


@dataclass(frozen=True, slots=True)
class _Beside:
    """The photos beside a .MRK, and its exposures."""

    mine: Sequence[int]
    written_ns: Sequence[int | None]
    places: Sequence[Position]
    triggers: Triggers

    def apart_m(self, pairs: dict[int, int]) -> float:
        """Metres between photos' own positions and their marks, in the median; 0 where no photo has one."""
        apart = [self._distance_m(i, row) for i, row in pairs.items() if not self.places[i].problem]
        return float(np.median(apart)) if apart else 0.0

    def _distance_m(self, i: int, row: int) -> float:
        at = (float(self.triggers.lat_deg[row]), float(self.triggers.lon_deg[row]))
        return distance_m((self.places[i].lat_deg, self.places[i].lon_deg), at)

    def near(self) -> tuple[int, float] | None:
        """The offset by which photos' times and those of the marks next to them differ; None without positions."""
        lags = []
        for i in self.mine:
            written = self.written_ns[i]
            if written is not None and not self.places[i].problem:
                row = min(range(len(self.triggers.t_ns)), key=lambda r: self._distance_m(i, r))
                lags.append(written - int(self.triggers.t_ns[row]))
        return (int(np.median(lags)), APART_S) if lags else None


def _paired(photos: Sequence[Photo], beside: _Beside, log: str) -> tuple[dict[int, int], list[str]]:
    """The pairs by number where times and places bear them out; else those by time, if places bear these out."""
    pairs = _by_number(photos, beside.mine, beside.triggers)
    timed = {i: row for i, row in pairs.items() if beside.written_ns[i] is not None}
    if beside.apart_m(pairs) <= ELSEWHERE_M:
        if pairs and not timed:
            return pairs, [f"{log}: photos without times are paired by their numbers, unchecked"]
        wrong = _off_time(timed, beside)
        if 2 * len(wrong) < len(timed):
            told = f"{log}: {len(wrong)} photos whose times contradict their numbers have no mark"
            return {i: row for i, row in pairs.items() if i not in wrong}, [told] if wrong else []
    by_time = _by_time(beside)
    if not by_time or beside.apart_m(by_time) > ELSEWHERE_M:
        return {}, [f"{log}: neither numbers nor times of the photos beside it fit its exposures; it is not used"]
    return by_time, [f"{log}: the numbers in photos' names do not fit; its exposures are paired by time"]


def _by_number(photos: Sequence[Photo], mine: Sequence[int], triggers: Triggers) -> dict[int, int]:
    row_of = {int(number): row for row, number in enumerate(triggers.sequence) if number >= 0}
    numbered = {i: number_of(photos[i]) for i in mine}
    return {i: row_of[n] for i, n in numbered.items() if n is not None and n in row_of}


def _off_time(pairs: dict[int, int], beside: _Beside) -> set[int]:
    """The photos whose lag is not the others'."""
    if not pairs:
        return set()
    lag_s = np.array([((beside.written_ns[i] or 0) - int(beside.triggers.t_ns[row])) / 1e9 for i, row in pairs.items()])
    apart_s = np.abs(lag_s - np.median(lag_s))
    return {i for i, s in zip(pairs, apart_s, strict=True) if s > APART_S}


def _by_time(beside: _Beside) -> dict[int, int]:
    known = sorted(
        (i for i in beside.mine if beside.written_ns[i] is not None), key=lambda i: beside.written_ns[i] or 0
    )
    if not known:
        return {}
    written = np.array([beside.written_ns[i] for i in known], np.int64)
    found = match(Shots(written, np.full(len(written), step_of(written))), beside.triggers.t_ns, beside.near())
    if found is None:
        return {}
    return {known[p]: int(t) for p, t in zip(found.photos, found.triggers, strict=True)}


def _mark(triggers: Triggers, row: int, log: str) -> Mark | None:
    at = _lens(triggers, row)
    if at is None:
        return None
    fixed = triggers.fixed is None or bool(triggers.fixed[row])
    said = (np.nan,) * 3 if triggers.sigma_m is None else tuple(float(v) for v in triggers.sigma_m[row])
    east_m, north_m, up_m = (v if np.isfinite(v) and v > 0 else d for v, d in zip(said, _UNTOLD[fixed], strict=True))
    own, shared = sigma.position_errors(sigma.RTK_FIXED if fixed else 0, (east_m, north_m, up_m))
    own_up_m, shared_up_m = (up_m, sigma.RTK_SHARED_M) if fixed else (sigma.UP_OWN_M, max(up_m, sigma.RTK_SHARED_M))
    source = f"{triggers.source} {log}{'' if fixed else ', not fixed'}"
    return Mark(
        int(triggers.t_ns[row]), Position(at.lat_deg, at.lon_deg, source), at.alt_m,
        sigma.with_up(own, own_up_m), sigma.with_up(shared, shared_up_m),
    )  # fmt: skip


_UNTOLD = {True: (0.03, 0.03, 0.06), False: (1.2, 1.2, 3.0)}  # east, north, up in m, by whether RTK was fixed


def _lens(triggers: Triggers, row: int) -> GeoPoint | None:
    """The lens's place: the mark's, with the lever arm."""
    from pipeline.geo.datum import to_ellipsoidal
    from pipeline.geo.geodesy import from_enu

    lat, lon, alt = (float(c[row]) for c in (triggers.lat_deg, triggers.lon_deg, triggers.alt_m))
    if not (abs(lat) <= 90 and abs(lon) <= 180 and np.isfinite(alt)):
        return None
    alt = float(to_ellipsoidal(alt, triggers.datum, lat, lon))
    arm = np.zeros(3) if triggers.arm_m is None else np.nan_to_num(triggers.arm_m[row])
    if not arm.any():
        return GeoPoint(lat, lon, alt)
    return GeoPoint(*(float(v) for v in from_enu(arm[None, :], GeoPoint(lat, lon, alt))[0]))


def _fit(
    pairs: dict[int, int], photos: int, written_ns: Sequence[int | None], triggers: Triggers, track: Track
) -> ClockFit | None:
    timed = [(i, row) for i, row in sorted(pairs.items()) if written_ns[i] is not None]
    if not timed:
        return None
    written = np.array([written_ns[i] for i, _ in timed], np.int64)
    log = triggers.t_ns[[row for _, row in timed]]
    step_s = step_of(written)
    start = Offset(int(np.median(log)), int(np.median(written - log)) + round(step_s / 2 * 1e9))
    some = np.full(len(written), step_s)
    offset = estimate(written, log, some, np.zeros(len(written)), start, APART_S)
    residuals = np.abs((written - offset.to_camera(log)) / 1e9 + step_s / 2)
    return ClockFit(
        track.id, round(offset.ahead_ns / 1e9, 4), round(offset.sigma_s, 4), round(offset.drift * 1e6, 2),
        "sequence numbers", len(timed), round(float(np.median(residuals)), 4),
        round(float(np.quantile(residuals, 0.9)), 4), round(float(residuals.max()), 4), "s",
        unmatched_photos=photos - len(pairs), unmatched_triggers=len(triggers.t_ns) - len(set(pairs.values())),
    )  # fmt: skip
