"""frames.json: the poses and the ground that a run used, so that a run folder explains itself and takes pins."""

from __future__ import annotations

import json
import math
import os
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, TypeVar

from pipeline.errors import MissionError
from pipeline.imagery import original_key
from pipeline.types import (
    LENS,
    OWN,
    Attitude,
    Camera,
    Frame,
    GeoPoint,
    Ground,
    HitList,
    LaserPoint,
    Mission,
    Pose,
    PoseError,
    Posterior,
)

SCHEMA_VERSION = 1
MAX_BYTES = 512 * 1024 * 1024
MAX_SOURCES = 1000  # of a frame's errors
T = TypeVar("T")


def frames_value(mission: Mission, hits: HitList) -> dict[str, Any]:
    """The content of frames.json, with each searched original's SHA-256.

    Paths of photos are left out, since a pin brings its photo; those of DEM and geoid are kept, made absolute.
    """
    sha = {x.frame_id: x.sha256 for x in hits.looked}
    frames = [{**asdict(f), "path": "", "sha256": sha.get(f.id)} for f in mission.frames]
    ground = asdict(replace(mission.ground, dem=_absolute(mission.ground.dem), geoid=_absolute(mission.ground.geoid)))
    return {"schema_version": SCHEMA_VERSION, "ground": ground, "frames": frames}


def _absolute(path: str | None) -> str | None:
    return None if path is None else os.path.abspath(path)


def read_frames(run: Path) -> tuple[dict[str, Frame], Ground]:
    """`imagery.original_key` of each searched picture -> frame (without its path), and the ground.

    Raises MissionError when RUN is no run folder or its frames.json is damaged.
    """
    frames, ground = every_frame(run)
    return {original_key(sha, frame.id): frame for frame, sha in frames if sha}, ground


def every_frame(run: Path) -> tuple[list[tuple[Frame, str | None]], Ground]:
    """Each frame of the mission in its order, searched or not, with its original's SHA-256 where it was searched.

    Raises MissionError as `read_frames` does.
    """
    path = run / "frames.json"
    try:
        if path.stat().st_size > MAX_BYTES:
            raise MissionError(f"{path}: too large")
        value = json.loads(path.read_bytes(), parse_constant=_refuse)
        frames = [(f.pop("sha256") or None, f) for f in value["frames"]]
        return [(_frame(f), sha) for sha, f in frames], _ground(value["ground"])
    except OSError as why:
        raise MissionError(f"{run}: is not a run folder (no readable frames.json in it)") from why
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as why:
        raise MissionError(f"{path}: damaged ({type(why).__name__})") from why


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is not JSON")


def _frame(v: dict[str, Any]) -> Frame:
    return Frame(
        **{
            **v,
            "id": _text(v["id"]),
            "exposure": _text(v["exposure"]),
            "problem": _text(v["problem"]),
            "pts": _whole(v.get("pts")),
            "pose": _pose(v["pose"]) if v["pose"] else None,
            "camera": _camera(v["camera"]) if v["camera"] else None,
            "told_at": _numbers(GeoPoint, v["told_at"]) if v.get("told_at") else None,
            "body": _numbers(Attitude, v["body"]) if v.get("body") else None,
            "posterior": _posterior(v["posterior"]) if v.get("posterior") else None,
            "laser": LaserPoint(_numbers(GeoPoint, v["laser"].pop("at")), **v["laser"]) if v["laser"] else None,
            "sources": tuple((_text(a), _text(b)) for a, b in v["sources"]),
            "assumed": tuple(map(_text, v["assumed"])),
        }
    )


def _camera(v: dict[str, Any]) -> Camera:
    lens = tuple(map(_number, v.pop("distortion")))
    if len(lens) != 5:
        raise ValueError("distortion")
    return replace(_numbers(Camera, {**v, "model": 0}), distortion=lens, model=_text(v["model"]))


def _posterior(v: dict[str, Any]) -> Posterior:
    return Posterior(_rows(v["own"], len(OWN)), _rows(v["shared"], len(OWN) + len(LENS)))


def _rows(v: list[list[float]], columns: int) -> tuple[tuple[float, ...], ...]:
    rows = tuple(tuple(map(_number, row)) for row in v)
    if not 0 < len(rows) <= MAX_SOURCES or any(len(row) != columns for row in rows):
        raise ValueError("posterior")
    return rows


def _pose(v: dict[str, Any]) -> Pose:
    return Pose(
        None if v["t_ns"] is None else int(v["t_ns"]),
        _numbers(GeoPoint, v["at"]),
        _numbers(Attitude, v["attitude"]) if v["attitude"] else None,
        _numbers(PoseError, v["own"]),
        _numbers(PoseError, v["shared"]),
    )


def _ground(v: dict[str, Any]) -> Ground:
    for name in ("dem", "dem_datum", "geoid"):
        if v[name] is not None:
            _text(v[name])
    for name in ("plane_alt_m", "sigma_m"):
        if v[name] is not None:
            _number(v[name])
    return Ground(**v)


def _numbers(kind: type[T], v: dict[str, Any]) -> T:
    """A value all of whose fields are numbers."""
    return kind(**{name: _number(item) for name, item in v.items()})


def _number(v: Any) -> float:
    if isinstance(v, bool) or not isinstance(v, int | float) or not math.isfinite(v):
        raise TypeError("not a number")
    return v


def _whole(v: Any) -> int | None:
    if v is not None and (isinstance(v, bool) or not isinstance(v, int)):
        raise TypeError("not a whole number")
    return v


def _text(v: Any) -> str:
    if not isinstance(v, str):
        raise TypeError("not text")
    return v


def at_path(frame: Frame, path: Path) -> Frame:
    """The frame with its pixels where they lie now."""
    return replace(frame, path=str(path))
