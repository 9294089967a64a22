"""hits.geojson: every hit with the evidence that speaks for it (docs/formats.md, "A run folder")."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pipeline.errors import OutputError
from pipeline.report.best import best_sighting, crop_px, evidence_order
from pipeline.report.shapes import wrapped_lon_deg
from pipeline.types import Frame, Hit, HitList, Looked, Mission, Pose, Sighting, hit_feature, iso_utc

if TYPE_CHECKING:
    from pipeline.geo.tracks import Track

SCHEMA_VERSION = 1
DATUM = "WGS84"
_SAFE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def hit_features(mission: Mission, hits: HitList) -> dict[str, Any]:
    """The run's FeatureCollection: hits sorted by id, numbers rounded, each with its evidence list.

    Heights are above the WGS 84 ellipsoid, longitudes in [-180, 180). Raises OutputError for an id that cannot
    be a file name.
    """
    frames = {f.id: f for f in mission.frames}
    looked = {seen.frame_id: seen for seen in hits.looked}
    return {
        "type": "FeatureCollection",
        "schema_version": SCHEMA_VERSION,
        "mission_id": hits.mission_id,
        "datum": DATUM,
        "inputs_digest": hits.inputs_digest,
        "features": [feature_with_evidence(h, frames, looked) for h in sorted(hits.hits, key=lambda h: h.id)],
    }


def feature_with_evidence(hit: Hit, frames: Mapping[str, Frame], looked: Mapping[str, Looked]) -> dict[str, Any]:
    """One hit as a GeoJSON feature whose `evidence` leads from the ground back to pixels of original files."""
    feature = hit_feature(hit)
    coordinates = feature["geometry"]["coordinates"]
    coordinates[0] = wrapped_lon_deg(coordinates[0])
    best, crop = best_sighting(hit, frames, looked), crop_path(hit.id)
    feature["properties"] |= _in_films(hit)
    feature["properties"]["evidence"] = [
        _evidence(s, frames.get(s.detection.frame_id), looked.get(s.detection.frame_id), crop if s is best else None)
        for s in evidence_order(hit)
    ]
    return feature


def _in_films(hit: Hit) -> dict[str, Any]:
    """What only films tell: the speed of what moves over the ground, and the hit's tracks."""
    from pipeline.geo.tracks import tracks  # scipy sleeps until there is a hit

    speed = {} if hit.moving_mps is None else {"moving_mps": round(hit.moving_mps, 1)}
    told = [_track(t) for t in tracks(hit)]
    return {**speed, **({"tracks": told} if told else {})}


def _track(track: Track) -> dict[str, Any]:
    return {
        "id": track.id,
        "source": track.film,
        "frames": track.frames,
        "first_seen": iso_utc(track.first_ns),
        "last_seen": iso_utc(track.last_ns),
    }


def crop_path(hit_id: str) -> str:
    """The hit's crop, relative to the run folder; raises OutputError for an id that cannot be a file name."""
    if not _SAFE_ID.fullmatch(hit_id):
        raise OutputError(f"the hit id {hit_id!r} cannot be a file name")
    return f"crops/{hit_id}.jpg"


def context_path(hit_id: str) -> str:
    """The hit's whole photo with the box drawn, relative to the run folder."""
    return crop_path(hit_id).removesuffix(".jpg") + "-context.jpg"


def _evidence(s: Sighting, frame: Frame | None, seen: Looked | None, crop: str | None) -> dict[str, Any]:
    found = s.detection
    part = crop_px(s, frame.camera) if frame and crop else None
    return {
        "source": found.frame_id.partition("#")[0],
        "sha256": seen.sha256 if seen else None,
        "frame_id": found.frame_id,
        "t": iso_utc(s.t_ns),
        "box_px": [round(v, 2) for v in found.box_px],
        "point_px": [round(v, 2) for v in found.point_px],
        "confidence": round(found.confidence, 4),
        "detector": found.detector,
        **({"track": s.track} if s.track else {}),
        **({"motion": round(found.motion, 3)} if found.motion is not None else {}),
        "sharpness": round(seen.sharpness, 2) if seen else None,
        "crop": crop if part else None,
        "crop_px": list(part) if part else None,
        "pose": pose_record(frame),
    }


def pose_record(frame: Frame | None) -> dict[str, Any] | None:
    """Where the lens was and looked, rounded, and where each part of that came from."""
    if frame is None or frame.pose is None:
        return None
    pose: Pose = frame.pose
    look = pose.attitude
    return {
        "lat_deg": round(pose.at.lat_deg, 9),
        "lon_deg": wrapped_lon_deg(round(pose.at.lon_deg, 9)),
        "alt_m": round(pose.at.alt_m, 3),
        "yaw_deg": round(look.yaw_deg, 6) if look else None,
        "pitch_deg": round(look.pitch_deg, 6) if look else None,
        "roll_deg": round(look.roll_deg, 6) if look else None,
        "sources": dict(frame.sources),
    }
