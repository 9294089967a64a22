"""What flight logs add to photos: the moment of the exposure, a place, heights, an attitude.

Order of trust for the place: .MRK, then RTK in the photo itself, then the log, then the photo's own satellite
position. A log whose tie to the photos is so loose that the drone's speed makes more than 3 m of it does not
displace a photo's own position.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from pipeline.ingest import sigma
from pipeline.ingest.cameras import cameras_of
from pipeline.ingest.clock import Moment
from pipeline.ingest.exposures import exposures
from pipeline.ingest.heights import Absolute
from pipeline.ingest.marks import Mark, mark_photos
from pipeline.ingest.mission_file import MissionFile
from pipeline.ingest.photo import Photo
from pipeline.ingest.poses import LogPose, pose_at, position_sigmas
from pipeline.ingest.position import Position, distance_m
from pipeline.ingest.ties import Fit, tie
from pipeline.ingest.track import Track, Triggers
from pipeline.ingest.triggers import is_odd, offset_odds
from pipeline.types import Attitude, ClockFit, LogFacts, PoseError

LOOSE_M = 3.0
_ASTRAY_M = 20.0  # a trigger's place so far from the track at its moment is damaged
NO_TIME = "the flight's logs cannot be asked: the photo has no time"
NO_TIE = "none of the flight's logs covers the photo's time, and nothing ties its clock to one"
OTHER_FLIGHT = "fits these photos only with a less likely clock than another log, and is not used"
RTK_FLAGS = (16, 34, 50)
_NO_ERROR = PoseError()
_RANK = ("sequence numbers", "triggers", "EXIF GPS", "mission file", "times as they stand")


@dataclass(frozen=True, slots=True)
class Logged:
    """What logs say of one photo; None and NaN where they say nothing that counts more than the photo itself."""

    moment: Moment | None = None
    position: Position | None = None
    own: PoseError = _NO_ERROR  # of the position
    shared: PoseError = _NO_ERROR
    absolute: Absolute | None = None  # height
    relative_m: float = math.nan
    height_source: str = ""  # of `relative_m`
    attitude: Attitude | None = None  # of the lens
    body: Attitude | None = None  # of the aircraft
    attitude_own: PoseError = _NO_ERROR
    attitude_shared: PoseError = _NO_ERROR
    attitude_source: str = ""
    at_lens: bool = False  # the place is the lens's, no lever arm is missing
    assumed: tuple[str, ...] = ()
    problem: str = ""  # why the logs tell no place
    attitude_problem: str = ""


@dataclass(frozen=True, slots=True)
class Attached:
    """The flight's logs beside its photos: `logged` has one entry a photo."""

    logged: tuple[Logged | None, ...]
    clocks: tuple[ClockFit, ...] = ()
    warnings: tuple[str, ...] = ()


def attach(
    photos: Sequence[Photo], times: Sequence[Moment], places: Sequence[Position], tracks: Sequence[Track],
    told: MissionFile,
) -> Attached:  # fmt: skip
    """Tie photos (any order) to logs whose times are UTC (`epoch.in_utc`)."""
    if not tracks or not photos:
        return Attached((None,) * len(photos))
    marks, clocks, warnings = _marks(photos, times, places, tracks)
    fits, said = _fits(photos, times, places, [t for t in tracks if t.kind != "mrk"], told, marks)
    by_photo = _by_photo(photos, times, fits)
    logged = [
        _logged(photo, places[i], by_photo.get(i, []), marks.get(i), told.mount, times[i])
        if i in marks or any(t.kind != "mrk" for t in tracks)
        else None
        for i, photo in enumerate(photos)
    ]
    used = [f for f in fits if f.report not in clocks]
    return Attached(tuple(logged), (*clocks, *(f.report for f in used)), tuple(dict.fromkeys(warnings + said)))


def facts_of(track: Track) -> LogFacts:
    """A log in a few words; its times have to be UTC where `clock` is filled."""
    rows = [x for x in (track.positions, track.body, track.gimbal, *track.triggers) if x is not None and len(x.t_ns)]
    known = track.clock is not None and rows
    clock = track.clock
    return LogFacts(
        track.id, track.kind,
        min(int(x.t_ns[0]) for x in rows) if known else None,
        max(int(x.t_ns[-1]) for x in rows) if known else None,
        0 if track.positions is None else len(track.positions.t_ns),
        0 if track.body is None else len(track.body.t_ns),
        0 if track.gimbal is None else len(track.gimbal.t_ns),
        sum(len(t.t_ns) for t in track.triggers),
        track.messages,
        "not tied to UTC" if clock is None else clock.source + (f"; {clock.note}" if clock.note else ""),
        None if clock is None else round(clock.sigma_s, 4),
        0.0 if clock is None else round(clock.drift_ppm, 2),
        track.faults,
    )  # fmt: skip


def _marks(
    photos: Sequence[Photo], times: Sequence[Moment], places: Sequence[Position], tracks: Sequence[Track]
) -> tuple[dict[int, Mark], list[ClockFit], list[str]]:
    marks: dict[int, Mark] = {}
    clocks, warnings = [], []
    for track in (t for t in tracks if t.kind == "mrk"):
        made, fit, said = mark_photos(photos, [t.t_ns for t in times], places, track)
        marks |= made
        clocks += [fit] if fit is not None else []
        warnings += said
    return marks, clocks, warnings


def _fits(
    photos: Sequence[Photo], times: Sequence[Moment], places: Sequence[Position], tracks: Sequence[Track],
    told: MissionFile, marks: dict[int, Mark],
) -> tuple[list[Fit], list[str]]:  # fmt: skip
    """Every camera against every log; photos with a mark know their moment already."""
    rest = [i for i in range(len(photos)) if i not in marks]
    cameras = cameras_of(
        [photos[i].body for i in rest], [times[i].t_ns for i in rest], _presses(photos, times, rest),
        [photos[i].id for i in rest],
        [None if places[i].problem else (places[i].lat_deg, places[i].lon_deg) for i in rest],
        [times[i].source for i in rest], told.photos_minus_log_s or 0.0,
    )  # fmt: skip
    fits, warnings = [], []
    for camera in cameras:
        here = replace(camera, rows=np.array([rest[k] for k in camera.rows], np.intp))
        found = [f for t in tracks if (f := tie(here, t, told.photos_minus_log_s)) is not None]
        tied = _not_beside_better(found)
        found = _likeliest(tied)
        warnings += [f"{f.track.id}: {OTHER_FLIGHT}" for f in tied if f not in found]
        fits += found
        warnings += [w for f in found for w in (*f.warnings, *_doubts(f))]
    return fits, warnings


def _presses(photos: Sequence[Photo], times: Sequence[Moment], rows: Sequence[int]) -> list[str]:
    return exposures([photos[i] for i in rows], [times[i].t_ns for i in rows])


def _not_beside_better(fits: list[Fit]) -> list[Fit]:
    """Times as they stand are taken from no log where another one is properly tied to the same camera."""
    proper = [f for f in fits if f.report.method != _RANK[-1]]
    return sorted(proper or fits, key=lambda f: (_RANK.index(f.report.method), -f.report.photos, f.track.id))


def _likeliest(fits: list[Fit]) -> list[Fit]:
    """The fits whose offset is the likeliest: the same route flown on another day fits as well, under an odd one.

    Asked are those that rest on at least half as many photos as the best; order is kept.
    """
    most = max((f.report.photos for f in fits), default=0)
    likely = max((_odds(f) for f in fits if 2 * f.report.photos >= most), default=0.0)
    return [f for f in fits if _odds(f) >= likely]


def _odds(fit: Fit) -> float:
    return offset_odds(fit.offset.ahead_ns / 1e9)


def _doubts(fit: Fit) -> list[str]:
    if not is_odd(fit.offset.ahead_ns / 1e9):
        return []
    off = f"although the camera's clock would be {fit.report.photos_minus_log_s / 3600:+.2f} h off it"
    return [f"assumed: {fit.track.id} is these photos' log {off}; the same route flown at another time looks so too"]


def _by_photo(
    photos: Sequence[Photo], times: Sequence[Moment], fits: Sequence[Fit]
) -> dict[int, list[tuple[Fit, int]]]:
    """For each photo the fits that speak of it, best first, and its press in them; lenses share their press."""
    presses = exposures(photos, [t.t_ns for t in times])
    of_press: dict[str, list[int]] = {}
    for i, press in enumerate(presses):
        of_press.setdefault(press, []).append(i)
    found: dict[int, list[tuple[Fit, int]]] = {}
    for fit in fits:
        for k, row in enumerate(fit.camera.rows):
            for i in of_press[presses[int(row)]]:
                found.setdefault(i, []).append((fit, k))
    return found


def _logged(
    photo: Photo, place: Position, fits: list[tuple[Fit, int]], mark: Mark | None, mount: Attitude | None, time: Moment
) -> Logged | None:
    if mark is not None:
        height = Absolute(mark.alt_m, mark.own.up_m, mark.position.source, mark.shared.up_m)
        moment = Moment(mark.t_ns, mark.position.source)
        return Logged(moment, mark.position, mark.own, mark.shared, height, at_lens=True)
    if not fits:
        return Logged(problem=NO_TIME if time.t_ns is None else NO_TIE)
    said = [(fit, press, _pose(fit, press, mount)) for fit, press in fits]
    told = [x for x in said if not x[2].problem]
    if not told:
        return Logged(_moment(*fits[0]), problem=min((x[2].problem for x in said), key=_how_far))
    fit, press, pose = min(told, key=lambda x: x[1] not in x[0].trigger_of)
    return _from_log(photo, place, fit, press, pose)


def _moment(fit: Fit, press: int) -> Moment | None:
    """The exposure's UTC by a log; None where the log does not know UTC or only takes the photo's own time over."""
    if fit.track.clock is None or fit.report.method == _RANK[-1]:
        return None
    by = fit.triggers.source if fit.triggers is not None and press in fit.trigger_of else fit.report.method
    return Moment(int(fit.log_ns[press]), f"log {fit.track.id} ({by})")


def _how_far(problem: str) -> float:
    """The seconds that a sentence of `poses` names, so that the nearest log speaks."""
    numbers = [float(w) for w in problem.split() if w.replace(".", "", 1).isdigit()]
    return numbers[0] if numbers else math.inf


def _pose(fit: Fit, press: int, mount: Attitude | None) -> LogPose:
    """The log's pose at a press, with the trigger's own place where it has one."""
    t_ns, own_s = int(fit.log_ns[press]), float(fit.own_s[press])
    pose = pose_at(fit.track, t_ns, own_s, mount, fit.common_s)
    row = fit.trigger_of.get(press)
    if row is None or fit.triggers is None:
        return pose
    return _at_trigger(pose, fit.track.id, fit.triggers, row, own_s)


def _at_trigger(pose: LogPose, log: str, triggers: Triggers, row: int, own_s: float) -> LogPose:
    """The pose with the place, and the heights, that the trigger itself carries."""
    from pipeline.geo.datum import to_ellipsoidal

    lat, lon = float(triggers.lat_deg[row]), float(triggers.lon_deg[row])
    if not (abs(lat) <= 90 and abs(lon) <= 180) or (lat == 0 and lon == 0):
        return pose
    alt_m, relative_m = float(triggers.alt_m[row]), float(triggers.relative_m[row])
    source = ("position", f"log {log} {triggers.source}")
    if pose.problem:
        own_m, shared_m = position_sigmas(0.0)
        own, shared = PoseError(own_m, own_m, sigma.UP_OWN_M), PoseError(shared_m, shared_m, sigma.UP_ABSOLUTE_SHARED_M)
        pose = replace(pose, own=own, shared=shared, problem="")
    elif distance_m((lat, lon), (pose.lat_deg, pose.lon_deg)) > _ASTRAY_M + 4 * pose.own.north_m + 4 * pose.own.east_m:
        return pose  # a log without checksums may hold any number
    return replace(
        pose, lat_deg=lat, lon_deg=lon, sources=(source, *(s for s in pose.sources if s[0] != "position")),
        alt_m=float(to_ellipsoidal(alt_m, triggers.datum, lat, lon)) if math.isfinite(alt_m) else pose.alt_m,
        relative_m=relative_m if math.isfinite(relative_m) else pose.relative_m,
    )  # fmt: skip


def _from_log(photo: Photo, place: Position, fit: Fit, press: int, pose: LogPose) -> Logged:
    sources = dict(pose.sources)
    alt_m, relative_m = _heights(fit.track, pose)
    assumed = ("clock",) if fit.report.method == _RANK[-1] or is_odd(fit.offset.ahead_ns / 1e9) else ()
    told = Logged(
        moment=_moment(fit, press),
        attitude=pose.attitude, body=pose.body, attitude_own=pose.own, attitude_shared=pose.shared,
        attitude_source=sources.get("attitude", ""), attitude_problem=pose.attitude_problem,
        assumed=assumed,
    )  # fmt: skip
    if _keeps_own(photo, place, pose):
        return told
    absolute = None
    if math.isfinite(alt_m):
        rtk_up_m = pose.own.up_m if pose.shared.up_m < sigma.UP_ABSOLUTE_SHARED_M else None
        absolute = Absolute(alt_m, rtk_up_m, f"{sources['position']} altitude", pose.shared.up_m)
    position = Position(pose.lat_deg, pose.lon_deg, sources["position"], warning=place.warning)
    return replace(
        told, position=position, own=pose.own, shared=pose.shared, absolute=absolute, relative_m=relative_m,
        height_source=f"{sources['position']} height above home",
    )  # fmt: skip


def _keeps_own(photo: Photo, place: Position, pose: LogPose) -> bool:
    """Whether the photo's own position is trusted more than the log's."""
    if place.problem:
        return False
    rtk = photo.reading.rtk_flag in RTK_FLAGS and place.source.startswith("XMP")
    return rtk or math.hypot(pose.own.east_m, pose.own.north_m) > LOOSE_M


def _heights(track: Track, pose: LogPose) -> tuple[float, float]:
    """(ellipsoidal height, height above home), each completed from the other by the log's home."""
    from pipeline.geo.datum import to_ellipsoidal

    alt_m, relative_m = pose.alt_m, pose.relative_m
    if track.home is None or math.isfinite(alt_m) == math.isfinite(relative_m):
        return alt_m, relative_m
    lat, lon, home = track.home
    home_m = float(to_ellipsoidal(home, track.home_datum, lat, lon))
    return (alt_m, alt_m - home_m) if math.isfinite(alt_m) else (home_m + relative_m, relative_m)
