"""What was looked at: the track, and one record a frame with its footprint, with or without findings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.types import Frame, GeoPoint, Ground, HitList, Mission

if TYPE_CHECKING:
    from pipeline.geo.footprint import Footprint
    from pipeline.geo.ground import Surface


@dataclass(frozen=True, slots=True)
class Surveyed:
    """One frame of the survey: what it covers, and whether it was searched."""

    frame: Frame
    footprint: Footprint | None  # None: nobody knows where it looked, or it saw no ground
    searched: bool
    sharpness: float | None
    findings: int
    why_not: str  # empty when it was searched


@dataclass(frozen=True, slots=True)
class Survey:
    """Every frame in the mission's order, and how it was searched."""

    frames: tuple[Surveyed, ...]
    track: tuple[GeoPoint, ...]  # one place an exposure, in time order
    detector_digest: str | None
    threshold: float | None  # None: each detector's own


def survey(mission: Mission, hits: HitList) -> Survey:
    """Gather what was looked at; detector and threshold are in `hits.provenance["models"]`."""
    looked = {seen.frame_id: seen for seen in hits.looked}
    why_not = {s.frame_id: s.reason for s in hits.skipped}
    surface = ground_surface(mission.ground)
    frames = []
    for frame in mission.frames:
        seen = looked.get(frame.id)
        reason = "" if seen else why_not.get(frame.id, frame.problem)
        sharpness, findings = (seen.sharpness, len(seen.detections)) if seen else (None, 0)
        frames.append(Surveyed(frame, frame_footprint(frame, surface), seen is not None, sharpness, findings, reason))
    models = hits.provenance.get("models", {})
    return Survey(tuple(frames), track(mission), models.get("digest"), models.get("threshold"))


def track(mission: Mission) -> tuple[GeoPoint, ...]:
    """Where the camera was, one place an exposure, in the mission's order."""
    places: dict[str, GeoPoint] = {}
    for frame in mission.frames:
        if frame.pose is not None:
            places.setdefault(frame.exposure or frame.id, frame.pose.at)
    return tuple(places.values())


def ground_surface(ground: Ground) -> Surface | None:
    """The opened ground; None when the mission has neither a plane nor a DEM."""
    from pipeline.geo.ground import open_ground

    return None if ground.plane_alt_m is None and ground.dem is None else open_ground(ground)


def frame_footprint(frame: Frame, surface: Surface | None) -> Footprint | None:
    """What a frame covers on the ground; None for a frame that gives no position."""
    from pipeline.geo.footprint import footprint

    if surface is None or frame.problem or frame.pose is None or frame.pose.attitude is None or frame.camera is None:
        return None
    return footprint(frame, surface)
