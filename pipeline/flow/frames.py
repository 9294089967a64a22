"""frames.json: the poses and the ground that a run used, so that a run folder explains itself and takes pins."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from pipeline.errors import MissionError
from pipeline.types import Attitude, Camera, Frame, GeoPoint, Ground, HitList, LaserPoint, Mission, Pose, PoseError

SCHEMA_VERSION = 1
MAX_BYTES = 512 * 1024 * 1024


def frames_value(mission: Mission, hits: HitList) -> dict[str, Any]:
    """The content of frames.json, with each searched original's SHA-256; paths of this machine are left out."""
    sha = {x.frame_id: x.sha256 for x in hits.looked}
    frames = [{**asdict(f), "path": "", "sha256": sha.get(f.id)} for f in mission.frames]
    return {"schema_version": SCHEMA_VERSION, "ground": asdict(mission.ground), "frames": frames}


def read_frames(run: Path) -> tuple[dict[str, Frame], Ground]:
    """SHA-256 of the original -> frame (without its path), and the ground.

    Raises MissionError when RUN is no run folder or its frames.json is damaged.
    """
    path = run / "frames.json"
    try:
        if path.stat().st_size > MAX_BYTES:
            raise MissionError(f"{path}: too large")
        value = json.loads(path.read_bytes())
        frames = {sha: _frame(f) for f in value["frames"] if (sha := f.pop("sha256"))}
        return frames, Ground(**value["ground"])
    except OSError as why:
        raise MissionError(f"{run}: is not a run folder (no readable frames.json in it)") from why
    except (ValueError, KeyError, TypeError) as why:
        raise MissionError(f"{path}: damaged ({type(why).__name__})") from why


def _frame(v: dict[str, Any]) -> Frame:
    return Frame(
        **{
            **v,
            "pose": _pose(v["pose"]) if v["pose"] else None,
            "camera": Camera(**{**v["camera"], "distortion": tuple(v["camera"]["distortion"])})
            if v["camera"]
            else None,
            "laser": LaserPoint(GeoPoint(**v["laser"].pop("at")), **v["laser"]) if v["laser"] else None,
            "sources": tuple((a, b) for a, b in v["sources"]),
            "assumed": tuple(v["assumed"]),
        }
    )


def _pose(v: dict[str, Any]) -> Pose:
    return Pose(
        v["t_ns"],
        GeoPoint(**v["at"]),
        Attitude(**v["attitude"]) if v["attitude"] else None,
        PoseError(**v["own"]),
        PoseError(**v["shared"]),
    )


def at_path(frame: Frame, path: Path) -> Frame:
    """The frame with its pixels where they lie now."""
    return replace(frame, path=str(path))
