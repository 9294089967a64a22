"""A folder as it comes off a drone's card becomes a Mission: photos, logs, videos. No photo's pixels are decoded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import MissionError
from pipeline.ingest import exposures, frames, heights
from pipeline.ingest.attach import Attached, Logged, attach, facts_of
from pipeline.ingest.clock import Moment, moments
from pipeline.ingest.discover import find_flight
from pipeline.ingest.mission_file import ASSUMPTIONS, MissionFile, PoseSpec
from pipeline.ingest.nadir import courses
from pipeline.ingest.overrides import camera_for, control_points, ground_of, mission_file_of, pose_specs
from pipeline.ingest.photo import Photo, frame_id, read_photo
from pipeline.ingest.position import Position, position_of
from pipeline.ingest.track import Track
from pipeline.types import Frame, Ground, Mission, Skipped

if TYPE_CHECKING:
    from pipeline.ingest.footage import Footage
    from pipeline.ingest.sampling import Sampling

NAMED = 5  # warnings of one kind that are spelt out


def open_mission(
    path: str | Path,
    *,
    mission_file: str | Path | None = None,
    ground: Ground | None = None,
    assume: str | None = None,
    tz: str | None = None,
    sampling: Sampling | None = None,
) -> Mission:
    """Read a flight: a folder of photos, videos and logs, searched recursively, or one such file.

    `ground`, `assume` ("nadir") and `tz` go before what the mission file says; FLIGHT/mission.toml is used when
    none is named. `sampling` says which frames of videos are taken. Frames are sorted by time, then id. Damaged files
    are listed in `skipped`, never fatal; a frame that cannot be located says why in `problem`. Raises MissionError
    when the path is missing, unreadable or holds nothing of a flight, and for a mission file that cannot be
    understood.
    """
    if assume is not None and assume not in ASSUMPTIONS:
        raise MissionError(f"nothing called {assume!r} can be assumed; there is: {', '.join(ASSUMPTIONS)}")
    flight = find_flight(Path(path))
    root, told = flight.root, mission_file_of(flight.root, mission_file)
    photos, skipped = _read_all(flight.photos, root)
    tracks, unread = _read_logs(flight.logs, root)
    photos, times, attached, warnings = _in_time_order(photos, tracks, told, tz)
    made, ground, more = _frames(photos, times, attached.logged, told, ground, assume or told.assume)
    lone, unreadable = _read_lone(flight.subtitles, root)
    logs = [facts_of(t) for t in (*tracks, *lone)]
    if flight.videos:
        zoned = replace(told, tz=tz or told.tz)
        shown = _footage(flight.videos, root, zoned, tracks, ground, assume or told.assume, sampling)
        made, ground = _merged(made, list(shown.frames)), shown.ground
        skipped, more = [*skipped, *shown.skipped], [*more, *shown.warnings]
        logs += [facts_of(t) for t in shown.logs]
    controls, missing = control_points(told, [f.id for f in made], ground.geoid)
    return Mission(
        root=str(root),
        frames=tuple(made),
        ground=ground,
        name=told.name,  # never the folder's: the same photos elsewhere are the same mission
        meta=_meta(told, photos),
        warnings=tuple(warnings + more + missing),
        skipped=tuple(skipped + unread + unreadable),
        logs=tuple(logs),
        clocks=attached.clocks,
        controls=controls,
    )


def _read_logs(files: Sequence[Path], root: Path) -> tuple[list[Track], list[Skipped]]:
    """The flight's logs in UTC, and those that cannot be read."""

    def read(file: Path) -> Track:
        from pipeline.ingest.epoch import in_utc
        from pipeline.ingest.logs import read_log

        return in_utc(read_log(file, root))

    return _read_tracks(files, root, read)


def _read_lone(files: Sequence[Path], root: Path) -> tuple[list[Track], list[Skipped]]:
    """Subtitles whose video is not there: they are told, and give no pose to anything."""

    def read(file: Path) -> Track:
        from pipeline.ingest.srt import read_srt

        track = read_srt(file, root)
        alone = f"no video called {file.stem} lies beside it, so that it serves nothing"
        return replace(track, faults=(*track.faults, alone))

    return _read_tracks(files, root, read)


def _read_tracks(files: Sequence[Path], root: Path, read: Callable[[Path], Track]) -> tuple[list[Track], list[Skipped]]:
    tracks, skipped = [], []
    for file in files:
        try:
            tracks.append(replace(read(file), id=frame_id(file, root)))
        except MissionError as why:
            skipped.append(Skipped(frame_id(file, root), str(why)))
    return tracks, skipped


def _footage(
    videos: Sequence[Path], root: Path, told: MissionFile, tracks: Sequence[Track], ground: Ground,
    assume: str | None, sampling: Sampling | None,
) -> Footage:  # fmt: skip
    from pipeline.ingest.footage import footage_frames

    return footage_frames(videos, root, told, tracks, ground, assume, sampling)


def _merged(photos: list[Frame], footage: list[Frame]) -> list[Frame]:
    """Photos and frames of videos in time order, numbered anew."""

    def moment(frame: Frame) -> tuple[bool, int, str]:
        t_ns = None if frame.pose is None else frame.pose.t_ns
        return t_ns is None, t_ns or 0, frame.id

    return [replace(f, index=i) for i, f in enumerate(sorted([*photos, *footage], key=moment))]


def _read_all(files: Sequence[Path], root: Path) -> tuple[list[Photo], list[Skipped]]:
    photos: dict[str, Photo] = {}
    skipped = []
    for file in files:
        try:
            photo = read_photo(file, root)
        except MissionError as why:
            skipped.append(Skipped(frame_id(file, root), str(why)))
            continue
        if photo.id in photos:
            skipped.append(Skipped(photo.id, f"{photo.id}: another file's name is the same but for its encoding"))
            continue
        photos[photo.id] = photo
    return list(photos.values()), skipped


def _in_time_order(
    photos: list[Photo], tracks: Sequence[Track], told: MissionFile, tz: str | None
) -> tuple[list[Photo], list[Moment], Attached, list[str]]:
    """(photos, their moments, what the logs say of them, warnings), by time."""
    times, warnings = moments(photos, tz or told.tz, told.clock_names, told.photos_minus_log_s or 0.0)
    attached = attach(photos, times, [position_of(p) for p in photos], tracks, told)
    times = [t if x is None or x.moment is None else x.moment for t, x in zip(times, attached.logged, strict=True)]
    order = sorted(range(len(photos)), key=lambda i: (times[i].t_ns is None, times[i].t_ns or 0, photos[i].id))
    logged = tuple(attached.logged[i] for i in order)
    if all(x is not None and x.moment is not None for x in logged):
        warnings = []  # a zone that was assumed does not matter where the log told every moment
    warnings += attached.warnings
    return [photos[i] for i in order], [times[i] for i in order], replace(attached, logged=logged), warnings


def _frames(
    photos: list[Photo], times: list[Moment], logged: Sequence[Logged | None], told: MissionFile,
    given: Ground | None, assume: str | None,
) -> tuple[list[Frame], Ground, list[str]]:  # fmt: skip
    specs, unmatched = pose_specs(told, photos)
    spec_of = [specs.get(p.id) for p in photos]
    own = [frames.logged_position(position_of(p), x) for p, x in zip(photos, logged, strict=True)]
    places = [frames.spec_position(q, s) for q, s in zip(own, spec_of, strict=True)]
    ground, warnings = ground_of(told, given, places)
    said = [frames.told_heights(x) for x in logged]
    ground, found, more = heights.resolve(photos, places, ground, assume is not None, said)
    found = _spec_heights(found, spec_of, places, ground)
    presses = exposures.exposures(photos, [t.t_ns for t in times])
    course = courses([None if q.problem else (q.lat_deg, q.lon_deg) for q in places])
    models = frozenset(p.model for p in photos)
    made = []
    for i, photo in enumerate(photos):
        camera, camera_source = camera_for(photo, told.camera, models)
        view = frames.view_of(photo, spec_of[i], told.mount, assume, course[i], logged[i])
        parts = frames.Parts(
            photo, times[i], places[i], frames.allowed_height(found[i], view), view, camera, camera_source,
            presses[i], exposures.lens_of(photo), spec_of[i], told.lever_arm_m, logged[i],
        )  # fmt: skip
        made.append(frames.frame_of(parts, i))
    return made, ground, warnings + more + _shorten(unmatched) + _shorten([q.warning for q in places if q.warning])


def _spec_heights(
    found: list[heights.Height], specs: list[PoseSpec | None], places: list[Position], ground: Ground
) -> list[heights.Height]:
    has_ground = ground.dem is not None or ground.plane_alt_m is not None
    changed = []
    for height, spec, place in zip(found, specs, places, strict=True):
        alt_m = _spec_alt_m(spec, place, ground.geoid)
        changed.append(frames.spec_height(height, spec, alt_m, has_ground))
    return changed


def _spec_alt_m(spec: PoseSpec | None, place: Position, geoid: str | None) -> float:
    """A [[pose]]'s height above the ellipsoid, NaN when it gives none."""
    if spec is None or spec.alt_m is None or place.problem:
        return float("nan")
    from pipeline.geo.datum import to_ellipsoidal

    return float(to_ellipsoidal(spec.alt_m, spec.datum, place.lat_deg, place.lon_deg, geoid))


def _meta(told: MissionFile, photos: Sequence[Photo]) -> tuple[tuple[str, str], ...]:
    """The mission file's words, and the aircraft or camera the photos name."""
    named = dict(told.meta)
    cameras = sorted({p.model for p in photos} - {""})
    drones = sorted({p.reading.drone for p in photos} - {""})
    if drones:
        named.setdefault("drone", ", ".join(drones[:NAMED]))
    if cameras:
        named.setdefault("camera", ", ".join(cameras[:NAMED]))
    return tuple(named.items())


def _shorten(warnings: list[str]) -> list[str]:
    more = len(warnings) - NAMED
    return warnings if more <= 0 else [*warnings[:NAMED], f"… and {more} more of this kind"]
