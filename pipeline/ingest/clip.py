"""One video of a flight: what it is, when it began, and which track tells where it was filmed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from pipeline.errors import MissionError
from pipeline.ingest import sigma
from pipeline.ingest.clock import DEFAULT_ZONE, parse_zone
from pipeline.ingest.dialects import Reading
from pipeline.ingest.focal import DIAGONAL_35MM
from pipeline.ingest.mission_file import MissionFile
from pipeline.ingest.overrides import camera_for
from pipeline.ingest.photo import Photo, frame_id
from pipeline.ingest.srt import Subtitles, read_subtitles
from pipeline.ingest.track import LogClock, Track
from pipeline.types import Camera
from pipeline.video import Video, probe

CREATED_SIGMA_S = 1.0  # a whole second, and whether it is the start that was written
GIVEN_SIGMA_S = 0.3  # a whole second, uniform
SUBTITLE_SIGMA_S = 0.05
_ZONE_STEP_S, _WIDEST_S, _CLOCK_ERROR_S = 900, 14 * 3600, 300
CREATED = "the container's creation time, taken as the start in UTC"
NO_SUBTITLES = "no position: no subtitles with positions lie beside it"
NO_FOCAL = (
    "the focal length is unknown: give [camera] width_px, height_px and focal_px of the video in the mission file"
)


@dataclass(frozen=True, slots=True)
class Start:
    """When a video began: UTC ns, and how that is known."""

    t_ns: int | None
    source: str = ""
    sigma_s: float = CREATED_SIGMA_S


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """A video with what is known of it."""

    id: str
    path: Path
    video: Video
    subtitles: Subtitles | None
    camera: Camera | None
    camera_source: str
    start: Start
    track: Track | None  # None: `problem` says why
    offset_ns: int = 0  # from the video's time to the track's
    sigma_t_s: float = SUBTITLE_SIGMA_S
    problem: str = ""
    assumed: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def read_clip(path: Path, root: Path, told: MissionFile, logs: Sequence[Track]) -> Clip:
    """Read a video's packets and its subtitles; raises MissionError when it cannot be opened."""
    video = probe(path)
    subtitles, warnings = _subtitles(path, root)
    warnings += list(video.faults)
    if video.rotation_deg:
        warnings.append(f"{path.name}: is shown turned by {video.rotation_deg}°; its pixels are used as stored")
    start, more = _start(path.name, video, subtitles, told)
    camera, source = _camera(video, subtitles, told)
    warnings += more
    base = Clip(frame_id(path, root), path, video, subtitles, camera, source, start, None, warnings=tuple(warnings))
    return _with_track(base, logs)


def _subtitles(path: Path, root: Path) -> tuple[Subtitles | None, list[str]]:
    """The subtitles beside a video: the same name, whatever the case of its letters."""
    beside = sorted(p for p in path.parent.iterdir() if p.suffix.lower() == ".srt" and not p.is_symlink())
    found = next((p for p in beside if p.stem.lower() == path.stem.lower() and p.is_file()), None)
    if found is None:
        return None, []
    try:
        subtitles = read_subtitles(found, root)
    except MissionError as why:
        return None, [str(why)]
    return subtitles, [f"{subtitles.track.id}: {fault}" for fault in subtitles.track.faults]


def _start(name: str, video: Video, subtitles: Subtitles | None, told: MissionFile) -> tuple[Start, list[str]]:
    """When the video began, and what had to be assumed."""
    ahead_ns = round((told.photos_minus_log_s or 0.0) * 1e9)
    local_ns = subtitles.local_start_ns if subtitles is not None else None
    if local_ns is None:
        if video.created_ns is None:
            return Start(None), []
        sigma_s = GIVEN_SIGMA_S if told.photos_minus_log_s else CREATED_SIGMA_S
        return Start(video.created_ns - ahead_ns, CREATED, sigma_s), []
    zone_s = None if told.tz else _zone_s(local_ns, video)
    if zone_s is not None:
        source = "times printed in the subtitles, zone from the container's creation time"
        return Start(local_ns - zone_s * 10**9 - ahead_ns, source, SUBTITLE_SIGMA_S), []
    zone = told.tz or DEFAULT_ZONE
    source = f"times printed in the subtitles, zone {zone}{'' if told.tz else ', assumed'}"
    assumed = [f"assumed: times printed for {name} are those of {zone}, since nothing says their zone"]
    return Start(_utc_ns(local_ns, zone) - ahead_ns, source, SUBTITLE_SIGMA_S), [] if told.tz else assumed


def _zone_s(local_ns: int, video: Video) -> int | None:
    """Printed time minus creation time in whole quarters of an hour; 0 means local time written as UTC: None."""
    if video.created_ns is None:
        return None
    ahead_s = (local_ns - video.created_ns) / 1e9
    zone_s = round(ahead_s / _ZONE_STEP_S) * _ZONE_STEP_S
    near = abs(ahead_s - zone_s) <= _CLOCK_ERROR_S
    return zone_s if zone_s != 0 and near and abs(zone_s) <= _WIDEST_S else None


def _utc_ns(local_ns: int, zone: str) -> int:
    seconds, rest_ns = divmod(local_ns, 10**9)
    local = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    offset = local.replace(tzinfo=parse_zone(zone)).utcoffset() or timedelta(0)
    return (seconds - round(offset.total_seconds())) * 10**9 + rest_ns


def _camera(video: Video, subtitles: Subtitles | None, told: MissionFile) -> tuple[Camera | None, str]:
    """(camera, its source): the mission file's, where it speaks of this size, else the subtitles' equivalent.

    The 35 mm equivalent is taken on the diagonal, as for photos. Where it speaks of a 4:3 sensor of which a wide video
    shows the full width, the truth is 9 % longer, and modes that crop or steady the picture make it longer still: its
    error is that of an unknown crop.
    """
    w, h = video.width_px, video.height_px
    spec = told.camera if told.camera is not None and (told.camera.width_px or told.camera.focal_px is None) else None
    camera, source = camera_for(Photo("", Path(), w, h, {}, Reading()), spec, frozenset({""}))
    if camera is not None:
        return camera, source
    known = np.isfinite(subtitles.focal_35mm) if subtitles is not None else np.zeros(0, bool)
    if subtitles is None or not known.any():
        return None, NO_FOCAL
    each = subtitles.focal_35mm[known] * subtitles.zoom[known]
    if each.max() > 1.02 * each.min():
        return None, "the focal length changes in the course of the video, which is not followed"
    focal_px = float(np.median(each)) * float(np.hypot(w, h)) / DIAGONAL_35MM
    centre = ((w - 1) / 2, (h - 1) / 2)
    made = Camera(w, h, focal_px, focal_px, *centre, focal_sigma=sigma.FOCAL_RESIZED)
    return made, "subtitles' 35 mm equivalent on the diagonal"


def _with_track(clip: Clip, logs: Sequence[Track]) -> Clip:
    """The clip with the track that tells its places: its subtitles', else a log's that covers it."""
    own = clip.subtitles.track if clip.subtitles is not None else None
    if own is not None and own.positions is not None:
        spacing_s = float(np.median(np.diff(own.positions.t_ns))) / 1e9 if len(own.positions.t_ns) > 1 else 1.0
        return replace(clip, track=own, sigma_t_s=max(SUBTITLE_SIGMA_S, min(spacing_s, 1.0) / 12**0.5))
    if clip.start.t_ns is None:
        return replace(clip, problem=f"{NO_SUBTITLES}, and it has no time")
    start_ns, end_ns = clip.start.t_ns, clip.start.t_ns + round(clip.video.duration_s * 1e9)
    best = max(logs, key=lambda track: _covered(track, start_ns, end_ns), default=None)
    if best is None or _covered(best, start_ns, end_ns) <= 0:
        return replace(clip, problem=f"{NO_SUBTITLES}, and no log covers its time")
    found = replace(clip, track=best, offset_ns=start_ns, sigma_t_s=clip.start.sigma_s)
    if clip.start.sigma_s < CREATED_SIGMA_S:
        return found
    warning = (
        f"assumed: {clip.id} began at its container's creation time in UTC; many cameras write local time or the end "
        "([clock] photos_minus_log_s corrects it)"
    )
    return replace(found, assumed=("time",), warnings=(*clip.warnings, warning))


def _covered(track: Track, start_ns: int, end_ns: int) -> int:
    """For how many ns of the video's time the track has positions; at least 1 where it has any."""
    if track.positions is None or not len(track.positions.t_ns):
        return 0
    first, last = int(track.positions.t_ns[0]), int(track.positions.t_ns[-1])
    return min(last, end_ns) - max(first, start_ns) + 1


def subtitle_track(clip: Clip) -> Track | None:
    """The subtitles' track in UTC where the video's beginning is known, else in video time."""
    if clip.subtitles is None:
        return None
    track, start = clip.subtitles.track, clip.start
    if start.t_ns is None:
        return track
    positions, body, gimbal = track.positions, track.body, track.gimbal
    return replace(
        track,
        positions=None if positions is None else replace(positions, t_ns=positions.t_ns + start.t_ns),
        body=None if body is None else replace(body, t_ns=body.t_ns + start.t_ns),
        gimbal=None if gimbal is None else replace(gimbal, t_ns=gimbal.t_ns + start.t_ns),
        epochs=(),
        clock=LogClock(start.source, start.sigma_s),
    )
