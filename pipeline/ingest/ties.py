"""One camera's clock against one log's, by whatever tells: triggers, EXIF GPS, the mission file, or nothing.

Where photos have positions of their own, those say first which offset puts the camera on the track, whole hours
included; triggers then say it to milliseconds. Without either the mission file is believed, and without that the
photos' times as they stand, with a second of error and a warning.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pipeline.ingest import sigma
from pipeline.ingest.cameras import Camera
from pipeline.ingest.offset import (
    NEAR_M,
    Offset,
    by_places,
    estimate,
    level,
    metres,
    moments_of_places,
)
from pipeline.ingest.track import Track, Triggers
from pipeline.ingest.triggers import Alignment, Shots, match
from pipeline.types import ClockFit

AS_THEY_STAND_S = 1.0
TOLD_S = 0.2  # of an offset from the mission file
_TOLD_REACH_S = 1.0
_PLACES_REACH_S = 2.5
_HOUR_S = 3600.0
_LEAST_PLACES = 3

Ns = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """A camera's clock tied to a log's."""

    camera: Camera
    track: Track
    offset: Offset
    common_s: float  # σ that all photos share
    report: ClockFit
    log_ns: Ns  # (N,) each photo's moment in the log
    own_s: Floats  # (N,) its own σ
    triggers: Triggers | None = None
    trigger_of: dict[int, int] = field(default_factory=dict)  # press -> row of `triggers`
    warnings: tuple[str, ...] = ()


def tie(camera: Camera, track: Track, told_s: float | None) -> Fit | None:
    """The best tie of a camera to a log; None where they have nothing in common.

    `told_s` is what the mission file says; it has been taken off the photos' times already.
    """
    places = _Places.of(camera, track)
    coarse, reach_s = (places.coarse() if places is not None else None) or (None, 0.0)
    warnings: list[str] = []
    near = (0, _TOLD_REACH_S) if told_s is not None else (coarse, reach_s) if coarse is not None else None
    if told_s is not None and coarse is not None and abs(coarse / 1e9) > reach_s:
        off = f"{coarse / 1e9 + told_s:.1f} s by the photos' own positions"
        warnings.append(
            f"{track.id}: [clock] photos_minus_log_s = {told_s:g} disagrees with {off}; it is used as given"
        )
    shots = Shots(camera.written_ns, np.full(len(camera.rows), camera.step_s))
    for triggers in sorted(track.triggers, key=lambda t: (not t.photo_time, -len(t.t_ns))):
        found = match(shots, triggers.t_ns, near)
        if found is not None:
            fit = _by_triggers(camera, track, triggers, found, told_s, warnings, places)
            return None if places is not None and _contradicted(places, fit.log_ns) else fit
    if told_s is not None and track.clock is not None:
        offset = Offset(_middle(track), 0)
        return _simple(camera, track, offset, TOLD_S, "mission file", told_s, warnings, places)
    if coarse is not None and places is not None:
        return places.fit(coarse, reach_s, warnings)
    return _as_they_stand(camera, track, warnings, places)


def _by_triggers(
    camera: Camera, track: Track, triggers: Triggers, found: Alignment, told_s: float | None,
    warnings: list[str], places: _Places | None,
) -> Fit:  # fmt: skip
    offset = found.offset
    log_ns, own_s = _expected(camera, offset)
    if places is not None:
        places.sharpen(offset, log_ns, own_s)
    log_ns[found.photos] = triggers.t_ns[found.triggers]
    own_s[found.photos] = sigma.EXPOSURE_S if triggers.photo_time else sigma.COMMAND_S
    # What is paired has the trigger's time, whatever the offset; a shift of all pairs is all that can be wrong there.
    common_s = found.shift_sigma_s
    unpaired = np.setdiff1d(np.arange(len(log_ns)), found.photos)
    own_s[unpaired] = np.hypot(own_s[unpaired], offset.sigma_s)
    lag_s = (camera.written_ns[found.photos] - offset.to_camera(triggers.t_ns[found.triggers])) / 1e9
    residuals = np.abs(lag_s + camera.step_s / 2)
    if not triggers.photo_time:
        warnings.append(f"{track.id}: {triggers.source} notes the command, not the exposure some 10 ms after it")
    if found.ambiguous:
        warnings.append(f"{track.id}: {found.ambiguous}")
    report = _report(
        track, offset, float(np.hypot(offset.sigma_s, common_s)), "triggers", told_s, residuals, "s",
        unmatched_photos=len(unpaired), unmatched_triggers=len(triggers.t_ns) - len(found.triggers),
        ambiguous=found.ambiguous,
    )  # fmt: skip
    pairs = dict(zip(found.photos.tolist(), found.triggers.tolist(), strict=True))
    return Fit(camera, track, offset, common_s, report, log_ns, own_s, triggers, pairs, tuple(warnings))


def _expected(camera: Camera, offset: Offset) -> tuple[Ns, Floats]:
    """((N,) moments in the log, (N,) σ) of photos that nothing but their written times tells of."""
    half = round(camera.step_s / 2 * 1e9)
    return offset.to_log(camera.written_ns + half), np.full(len(camera.rows), camera.step_s / np.sqrt(12.0))


def _report(
    track: Track, offset: Offset, sigma_s: float, method: str, told_s: float | None, residuals: Floats, unit: str,
    *, unmatched_photos: int = 0, unmatched_triggers: int = 0, ambiguous: str = "",
) -> ClockFit:  # fmt: skip
    some = residuals if len(residuals) else np.array([np.nan])
    return ClockFit(
        track.id, round(offset.ahead_ns / 1e9 + (told_s or 0.0), 4), round(sigma_s, 4), round(offset.drift * 1e6, 2),
        method, len(residuals), round(float(np.median(some)), 4), round(float(np.quantile(some, 0.9)), 4),
        round(float(np.max(some)), 4), unit, unmatched_photos, unmatched_triggers, ambiguous,
    )  # fmt: skip


def _middle(track: Track) -> int:
    return int(np.median(track.positions.t_ns)) if track.positions is not None else 0


@dataclass(frozen=True, slots=True, eq=False)
class _Places:
    """Photos' own positions beside the track, in metres."""

    camera: Camera
    track: Track
    known: NDArray[np.intp]  # (K,) presses with a position
    places_m: Floats  # (K, 2)
    track_ns: Ns
    track_m: Floats

    @classmethod
    def of(cls, camera: Camera, track: Track) -> _Places | None:
        known = np.flatnonzero(np.isfinite(camera.places_deg).all(1))
        if track.positions is None or len(known) < _LEAST_PLACES or len(track.positions.t_ns) < 2:
            return None
        track_ns, track_m = level(track.positions)
        places_m = metres(camera.places_deg[known, 0], camera.places_deg[known, 1], track.positions)
        return cls(camera, track, known, places_m, track_ns, track_m)

    def coarse(self) -> tuple[int, float] | None:
        """(offset in ns under which most photos were on the track, reach in s); None where fewer than half were."""
        written = self.camera.written_ns[self.known] + round(self.camera.step_s / 2 * 1e9)
        found = by_places(written, self.places_m, self.track_ns, self.track_m)
        if found is None:
            return None
        inside = (written - found[0] >= self.track_ns[0]) & (written - found[0] <= self.track_ns[-1])
        sampled = min(len(written), 200) / len(written)
        if found[1] < max(_LEAST_PLACES, 0.5 * inside.sum() * sampled):
            return None
        return found[0], max(_PLACES_REACH_S, found[2])

    def fit(self, coarse_ns: int, reach_s: float, warnings: list[str]) -> Fit | None:
        """Offset and drift from where the track passed the photos' positions."""
        offset = Offset(_middle(self.track), coarse_ns)
        written, step = self.camera.written_ns[self.known], np.full(len(self.known), self.camera.step_s)
        half = round(self.camera.step_s / 2 * 1e9)
        moments, off_m, told = self._moments(offset, half)
        for _ in range(2):
            if told.sum() < _LEAST_PLACES:
                break
            spread = self._spread_s(moments, off_m)
            offset = estimate(written[told], moments[told], step[told], spread[told], offset, _PLACES_REACH_S)
            moments, off_m, told = self._moments(offset, half)
        if told.sum() < _LEAST_PLACES:
            hovering = "the photos' positions lie on the track, but it stands still there: their times stay uncertain"
            warnings.append(f"{self.track.id}: {hovering}")
            return _simple(self.camera, self.track, offset, reach_s, "EXIF GPS", None, warnings, self)
        log_ns, own_s = _expected(self.camera, offset)
        self.sharpen(offset, log_ns, own_s)
        apart_m = self._apart_m(log_ns[self.known])
        report = _report(
            self.track, offset, offset.sigma_s, "EXIF GPS", None, apart_m[np.isfinite(apart_m)], "m",
            unmatched_photos=int(len(self.camera.rows) - np.isfinite(apart_m).sum()),
        )  # fmt: skip
        return Fit(self.camera, self.track, offset, offset.sigma_s, report, log_ns, own_s, warnings=tuple(warnings))

    def sharpen(self, offset: Offset, log_ns: Ns, own_s: Floats) -> None:
        """Put the moment at which the track passed a photo's position where that is known better than by its clock."""
        half = round(self.camera.step_s / 2 * 1e9)
        moments, off_m, told = self._moments(offset, half)
        spread = self._spread_s(moments, off_m)
        better = told & (spread < own_s[self.known])
        middle, reach = log_ns[self.known], half + round(3 * max(offset.sigma_s, 0.02) * 1e9)
        log_ns[self.known[better]] = np.clip(moments, middle - reach, middle + reach)[better]
        own_s[self.known[better]] = spread[better]

    def _moments(self, offset: Offset, half: int) -> tuple[Ns, Floats, NDArray[np.bool_]]:
        guess = offset.to_log(self.camera.written_ns[self.known] + half)
        times, off_m, told = moments_of_places(guess, self.places_m, self.track_ns, self.track_m)
        return times, off_m, told & (off_m <= NEAR_M)

    def _spread_s(self, moments: Ns, off_m: Floats) -> Floats:
        """(K,) σ of the moments: what the positions scatter across the track, along it."""
        seen = off_m[np.isfinite(off_m)]
        across_m = float(np.hypot(sigma.POSITION_OWN.east_m, 1.4826 * np.median(seen) if len(seen) else 0.0))
        speed = np.hypot(*(np.interp(moments, self.track_ns, v) for v in self._velocity()))
        return np.asarray(across_m / np.maximum(speed, 0.1))

    def _velocity(self) -> tuple[Floats, Floats]:
        t_s = (self.track_ns - self.track_ns[0]) / 1e9
        return np.gradient(self.track_m[:, 0], t_s), np.gradient(self.track_m[:, 1], t_s)

    def _apart_m(self, log_ns: Ns) -> Floats:
        """(K,) metres between the photos' positions and the track at their moments; inf outside it."""
        there = np.column_stack([np.interp(log_ns, self.track_ns, self.track_m[:, i]) for i in (0, 1)])
        inside = (log_ns >= self.track_ns[0]) & (log_ns <= self.track_ns[-1])
        return np.where(inside, np.linalg.norm(there - self.places_m, axis=1), np.inf)

    def residuals_m(self, log_ns: Ns) -> Floats:
        apart_m = self._apart_m(log_ns[self.known])
        return apart_m[np.isfinite(apart_m)]


def _simple(
    camera: Camera, track: Track, offset: Offset, sigma_s: float, method: str, told_s: float | None,
    warnings: list[str], places: _Places | None,
) -> Fit:  # fmt: skip
    """A fit that is an offset and nothing else; where photos have positions, their distance is its residual."""
    log_ns, own_s = _expected(camera, offset)
    residuals = np.empty(0) if places is None else places.residuals_m(log_ns)
    report = _report(track, offset, sigma_s, method, told_s, residuals, "m")
    return Fit(camera, track, offset, sigma_s, report, log_ns, own_s, warnings=tuple(warnings))


def _as_they_stand(camera: Camera, track: Track, warnings: list[str], places: _Places | None) -> Fit | None:
    """The photos' own times, moved by whole hours where only that brings them into the log."""
    if track.positions is None or track.clock is None or not len(track.positions.t_ns):
        return None
    start, end = int(track.positions.t_ns[0]), int(track.positions.t_ns[-1])
    hours = _zone_shift(camera, start, end)
    if hours is None:
        return None
    offset = Offset(_middle(track), round(hours * _HOUR_S * 1e9))
    if places is not None and _contradicted(places, _expected(camera, offset)[0]):
        return None
    if hours:
        warnings.append(f"assumed: the cameras' zone is off by {hours:+g} h, since only so photos lie in {track.id}")
    nothing = f"neither triggers nor photos' positions tie the camera's clock to {track.id}"
    warnings.append(f"assumed: the photos' times are right within {AS_THEY_STAND_S:g} s, since {nothing}")
    return _simple(camera, track, offset, AS_THEY_STAND_S, "times as they stand", None, warnings, places)


def _contradicted(places: _Places, log_ns: Ns) -> bool:
    """Whether the photos' own positions lie elsewhere than the track at these moments, or none of these is in it."""
    apart_m = places.residuals_m(log_ns)
    return len(apart_m) == 0 or float(np.median(apart_m)) > 10 * NEAR_M


def _zone_shift(camera: Camera, start: int, end: int) -> float | None:
    """Hours to take off the photos' times: none where any lies in the log, else the one shift that brings most in."""

    def inside(hours: float) -> int:
        t = camera.written_ns - round(hours * _HOUR_S * 1e9)
        return int(((t >= start) & (t <= end)).sum())

    if inside(0.0):
        return 0.0
    if not camera.zoned:
        return None
    shifts = [k * sign for k in (*range(1, 15), *(h + 0.5 for h in range(14))) for sign in (1.0, -1.0)]
    counts = [inside(h) for h in shifts]
    best = max(counts)
    fitting = [h for h, c in zip(shifts, counts, strict=True) if 2 * c > best]
    return fitting[0] if 2 * best > len(camera.written_ns) and len(fitting) == 1 else None
