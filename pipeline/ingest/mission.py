"""A folder of photos as it comes off a drone's card becomes a Mission. Headers only; no pixels are decoded."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pipeline.errors import MissionError
from pipeline.ingest import exposures, frames, heights
from pipeline.ingest.clock import Moment, moments
from pipeline.ingest.discover import find_photos
from pipeline.ingest.mission_file import ASSUMPTIONS, MissionFile, PoseSpec
from pipeline.ingest.nadir import courses
from pipeline.ingest.overrides import camera_for, ground_of, mission_file_of, pose_specs
from pipeline.ingest.photo import Photo, frame_id, read_photo
from pipeline.ingest.position import Position, position_of
from pipeline.types import Frame, Ground, Mission, Skipped

NAMED = 5  # warnings of one kind that are spelt out


def open_mission(
    path: str | Path,
    *,
    mission_file: str | Path | None = None,
    ground: Ground | None = None,
    assume: str | None = None,
    tz: str | None = None,
) -> Mission:
    """Read a flight: a folder of photos, searched recursively, or one photo.

    `ground`, `assume` ("nadir") and `tz` go before what the mission file says; FLIGHT/mission.toml is used when
    none is named. Frames are sorted by time, then id. Damaged files are listed in `skipped`, never fatal; a frame
    that cannot be located says why in `problem`. Raises MissionError when the path is missing, unreadable or holds
    no photos, and for a mission file that cannot be understood.
    """
    if assume is not None and assume not in ASSUMPTIONS:
        raise MissionError(f"nothing called {assume!r} can be assumed; there is: {', '.join(ASSUMPTIONS)}")
    root, files = find_photos(Path(path))
    told = mission_file_of(root, mission_file)
    photos, skipped = _read_all(files, root)
    photos, times, warnings = _in_time_order(photos, told, tz)
    made, ground, more = _frames(photos, times, told, ground, assume or told.assume)
    return Mission(
        root=str(root),
        frames=tuple(made),
        ground=ground,
        name=told.name,  # never the folder's: the same photos elsewhere are the same mission
        meta=_meta(told, photos),
        warnings=tuple(warnings + more),
        skipped=tuple(skipped),
    )


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
    photos: list[Photo], told: MissionFile, tz: str | None
) -> tuple[list[Photo], list[Moment], list[str]]:
    times, warnings = moments(photos, tz or told.tz, told.clock_names, told.photos_minus_log_s)
    pairs = list(zip(photos, times, strict=True))
    pairs.sort(key=lambda p: (p[1].t_ns is None, p[1].t_ns or 0, p[0].id))
    return [p for p, _ in pairs], [t for _, t in pairs], warnings


def _frames(
    photos: list[Photo], times: list[Moment], told: MissionFile, given: Ground | None, assume: str | None
) -> tuple[list[Frame], Ground, list[str]]:
    specs, unmatched = pose_specs(told, photos)
    spec_of = [specs.get(p.id) for p in photos]
    places = [frames.spec_position(position_of(p), s) for p, s in zip(photos, spec_of, strict=True)]
    ground, warnings = ground_of(told, given, places)
    ground, found, more = heights.resolve(photos, places, ground, assume is not None)
    found = _spec_heights(found, spec_of, places, ground)
    presses = exposures.exposures(photos, [t.t_ns for t in times])
    course = courses([None if q.problem else (q.lat_deg, q.lon_deg) for q in places])
    models = frozenset(p.model for p in photos)
    made = []
    for i, photo in enumerate(photos):
        camera, camera_source = camera_for(photo, told.camera, models)
        view = frames.view_of(photo, spec_of[i], told.mount, assume, course[i])
        parts = frames.Parts(
            photo, times[i], places[i], frames.allowed_height(found[i], view), view, camera, camera_source,
            presses[i], exposures.lens_of(photo), spec_of[i], told.lever_arm_m,
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
