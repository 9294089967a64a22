"""A flight's videos become frames: some of each video's pictures, with the poses that subtitles or logs tell."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from pipeline.errors import MissionError
from pipeline.ingest import heights, sigma
from pipeline.ingest.clip import Clip, read_clip, subtitle_track
from pipeline.ingest.dialects import Reading
from pipeline.ingest.frames import View, allowed_height, view_of
from pipeline.ingest.heights import Height
from pipeline.ingest.mission_file import MissionFile
from pipeline.ingest.nadir import courses
from pipeline.ingest.overrides import ground_of
from pipeline.ingest.photo import Photo, frame_id
from pipeline.ingest.poses import LogPose, pose_at
from pipeline.ingest.position import Position
from pipeline.ingest.sampling import Sampling, sampled
from pipeline.ingest.track import Track
from pipeline.types import Frame, GeoPoint, Ground, Pose, PoseError, Skipped

NO_ATTITUDE = "no attitude: the subtitles do not say where the camera looked"


@dataclass(frozen=True, slots=True)
class Footage:
    """What a flight's videos bring to its mission; frames are numbered from 0, in the order of videos and time."""

    frames: tuple[Frame, ...]
    ground: Ground
    skipped: tuple[Skipped, ...]
    warnings: tuple[str, ...]
    logs: tuple[Track, ...]  # the subtitles, in UTC where the video's beginning is known


@dataclass(frozen=True, slots=True, eq=False)
class _Shot:
    """One frame of a video before heights are known."""

    clip: Clip
    number: int
    pts: int
    t_ns: int | None  # UTC
    pose: LogPose

    @property
    def id(self) -> str:
        return f"{self.clip.id}#{self.number:06d}"


def footage_frames(
    videos: Sequence[Path],
    root: Path,
    told: MissionFile,
    tracks: Sequence[Track],
    ground: Ground,
    assume: str | None,
    sampling: Sampling | None = None,
) -> Footage:
    """Frames of videos, chosen by `sampling`, posed by the subtitles beside them or by `tracks` (in UTC).

    `ground` is the flight's as far as it is known; without a plane or a DEM it gains the plane at take-off. A video
    that cannot be opened, or of whose place nothing is known, is in `skipped`; a frame that cannot be located says
    why in `problem`.
    """
    clips, skipped = _clips(videos, root, told, tracks)
    shots = [shot for clip in clips for shot in _shots(clip, told, sampling or Sampling())]
    ground, found, warnings = _heights(shots, told, ground, assume is not None)
    course = _courses(shots)
    frames = [_frame(shot, height, assume, c) for shot, height, c in zip(shots, found, course, strict=True)]
    return Footage(
        frames=tuple(replace(frame, index=i) for i, frame in enumerate(frames)),
        ground=ground,
        skipped=tuple(skipped),
        warnings=tuple([w for c in clips for w in c.warnings] + warnings),
        logs=tuple(track for c in clips if (track := subtitle_track(c)) is not None),
    )


def _clips(
    videos: Sequence[Path], root: Path, told: MissionFile, tracks: Sequence[Track]
) -> tuple[list[Clip], list[Skipped]]:
    logs = [t for t in tracks if t.clock is not None and t.kind != "srt"]
    clips: list[Clip] = []
    skipped = []
    for path in videos:
        try:
            clip = read_clip(path, root, told, logs)
        except (MissionError, OSError) as why:
            skipped.append(Skipped(frame_id(path, root), str(why)))
            continue
        clips.append(clip)
        if clip.track is None:
            skipped.append(Skipped(clip.id, f"{clip.id}: {clip.problem}"))
    return clips, skipped


def _shots(clip: Clip, told: MissionFile, sampling: Sampling) -> list[_Shot]:
    if clip.track is None:
        return []
    video, t_ns = clip.video, clip.video.t_ns(clip.video.pts)
    is_key = np.isin(video.pts, video.key_pts)
    rows = sampled(t_ns + clip.offset_ns, is_key, clip.track, clip.camera, sampling)
    return [_shot(clip, clip.track, int(i), int(t_ns[i]), told) for i in rows]


def _shot(clip: Clip, track: Track, number: int, t_ns: int, told: MissionFile) -> _Shot:
    mount = None if track.gimbal is not None and clip.subtitles is not None else told.mount
    asked_ns = _within_cue(clip, track, t_ns) + clip.offset_ns
    utc_ns = None if clip.start.t_ns is None else clip.start.t_ns + t_ns
    pose = pose_at(track, asked_ns, clip.sigma_t_s, mount)
    return _Shot(clip, number, int(clip.video.pts[number]), utc_ns, pose)


def _within_cue(clip: Clip, track: Track, t_ns: int) -> int:
    """A moment of the last cue after its begin is told by it as well, for as long as it is shown."""
    if clip.subtitles is None or track is not clip.subtitles.track or track.positions is None:
        return t_ns
    last = int(track.positions.t_ns[-1])
    shown_to = int(clip.subtitles.end_ns[np.searchsorted(clip.subtitles.start_ns, last)])
    return last if last < t_ns <= shown_to else t_ns


def _photo(shot: _Shot) -> Photo:
    """The frame in the words of a photo's header, so that heights and views are decided as for photos."""
    pose, video = shot.pose, shot.clip.video
    told = _told_by(shot)
    reading = Reading(
        dialect=told, lat_deg=_known(pose.lat_deg), lon_deg=_known(pose.lon_deg), alt_m=_known(pose.alt_m),
        ellipsoidal=True, relative_m=_known(pose.relative_m), attitude=pose.attitude, gimbal=True,
        attitude_name=_source(shot, "attitude"),
        attitude_problem=NO_ATTITUDE if told == "subtitles" else pose.attitude_problem, body=pose.body,
    )  # fmt: skip
    return Photo(shot.id, shot.clip.path, video.width_px, video.height_px, {}, reading)


def _told_by(shot: _Shot) -> str:
    return "subtitles" if shot.clip.track is not None and shot.clip.track.kind == "srt" else "log"


def _source(shot: _Shot, part: str) -> str:
    """Where a part of the pose came from: the subtitles' name, or the log's words."""
    said = dict(shot.pose.sources).get(part, "")
    track = shot.clip.track
    return f"subtitles {track.id}" if said and track is not None and track.kind == "srt" else said


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _position(shot: _Shot) -> Position:
    if shot.pose.problem:
        return Position(problem=f"no position: {shot.pose.problem}")
    source = _source(shot, "position")
    return Position(shot.pose.lat_deg, shot.pose.lon_deg, source)


def _heights(
    shots: Sequence[_Shot], told: MissionFile, ground: Ground, assume: bool
) -> tuple[Ground, list[Height], list[str]]:
    """(ground, each frame's height, warnings). A plane at the photos' take-off is the videos' take-off too."""
    photos, places = [_photo(s) for s in shots], [_position(s) for s in shots]
    ground, warnings = ground_of(told, ground, places)
    takeoff_m = _takeoff_plane(told, ground)
    if takeoff_m is not None and not all(p.reading.relative_m is None for p in photos):
        own, found, more = heights.resolve(photos, places, replace(ground, plane_alt_m=None, sigma_m=None))
        shift_m = takeoff_m - (own.plane_alt_m or 0.0)
        found = [h if h.problem else replace(h, alt_m=h.alt_m + shift_m) for h in found]
    elif photos:
        ground, found, more = heights.resolve(photos, places, ground, assume)
    else:
        found, more = [], []
    relative = ground.dem is None and ground.sigma_m == sigma.TERRAIN_UNKNOWN_M
    named = [_named(h, s, relative) for h, s in zip(found, shots, strict=True)]
    return ground, named, warnings + more


def _takeoff_plane(told: MissionFile, ground: Ground) -> float | None:
    """The plane, if it is the take-off height that the flight's photos told and not one that a person gave."""
    derived = ground.dem is None and told.plane_alt_m is None and ground.sigma_m == sigma.TERRAIN_UNKNOWN_M
    return ground.plane_alt_m if derived else None


def _named(height: Height, shot: _Shot, relative: bool) -> Height:
    kind = "height above take-off" if relative and not height.assumed else "absolute height, EGM96"
    return replace(height, source=f"{_told_by(shot)}: {kind}")


def _courses(shots: Sequence[_Shot]) -> list[float | None]:
    """The course at each frame, from the places of its own video."""
    found: list[float | None] = []
    for clip in dict.fromkeys(s.clip for s in shots):
        own = [s.pose for s in shots if s.clip is clip]
        found += courses([None if p.problem else (p.lat_deg, p.lon_deg) for p in own])
    return found


def _frame(shot: _Shot, height: Height, assume: str | None, course_deg: float | None) -> Frame:
    photo, place = _photo(shot), _position(shot)
    view = view_of(photo, None, None, assume, course_deg)
    height = allowed_height(height, view)
    problem = place.problem or view.problem or height.problem
    if shot.clip.camera is None:
        problem = problem or shot.clip.camera_source
    return Frame(
        id=shot.id,
        path=str(shot.clip.path),
        index=0,
        pose=None if place.problem else _pose(shot, height, view),
        camera=shot.clip.camera,
        exposure=shot.id,
        pts=shot.pts,
        height_above_takeoff_m=photo.reading.relative_m,
        sources=_sources(shot, place, height, view),
        assumed=_assumed(shot, height, view),
        problem=problem,
    )


def _pose(shot: _Shot, height: Height, view: View) -> Pose:
    said = shot.pose
    at = GeoPoint(said.lat_deg, said.lon_deg, 0.0 if height.problem else height.alt_m)
    own = sigma.with_up(said.own, max(said.own.up_m, height.own_m))
    shared = sigma.with_up(said.shared, height.shared_m)
    own = sigma.with_angles(own, _larger(view.own, said.own) if said.attitude is not None else view.own)
    return Pose(shot.t_ns, at, view.attitude, own, sigma.with_angles(shared, view.shared))


def _larger(one: PoseError, other: PoseError) -> PoseError:
    return PoseError(
        yaw_deg=max(one.yaw_deg, other.yaw_deg),
        pitch_deg=max(one.pitch_deg, other.pitch_deg),
        roll_deg=max(one.roll_deg, other.roll_deg),
    )


def _assumed(shot: _Shot, height: Height, view: View) -> tuple[str, ...]:
    return (("attitude",) if view.assumed else ()) + (("height",) if height.assumed else ()) + shot.clip.assumed


def _sources(shot: _Shot, place: Position, height: Height, view: View) -> tuple[tuple[str, str], ...]:
    named = (
        ("position", place.source),
        ("height", "" if height.problem else height.source),
        ("attitude", view.source),
        ("focal", shot.clip.camera_source if shot.clip.camera is not None else ""),
        ("time", shot.clip.start.source if shot.t_ns is not None else ""),
    )
    return tuple((part, source) for part, source in named if source)
