"""How a hit list came about: versions, inputs, sources of poses, warnings, counts and times, as plain data."""

from __future__ import annotations

import hashlib
import json
import math
import platform
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from pipeline.config import RunConfig
from pipeline.flow.look import Finder
from pipeline.flow.mission import NotLocated
from pipeline.types import HitList, Mission

SCHEMA_VERSION = 1
PACKAGES = ("qianliyan", "numpy", "opencv-python", "scipy", "rasterio", "pyproj", "simplejpeg", "geopandas")


class Stopwatch:
    """Wall time by stage."""

    def __init__(self) -> None:
        self.timings_s: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        start = time.monotonic()
        yield
        self.timings_s[name] = round(time.monotonic() - start, 3)


def digest_of(value: Any) -> str:
    """SHA-256 of a value's JSON."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def file_digest(path: str | None) -> str | None:
    """SHA-256 of a file, read in pieces."""
    if path is None:
        return None
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def versions() -> dict[str, str]:
    """Versions of this software and of what its numbers depend on."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def facts(
    mission: Mission,
    hits: HitList,
    config: RunConfig,
    see: Finder,
    lost: Sequence[NotLocated],
) -> dict[str, Any]:
    """The content of provenance.json."""
    sha = {x.frame_id: x.sha256 for x in hits.looked}
    return {
        "schema_version": SCHEMA_VERSION,
        "software": f"qianliyan {versions()['qianliyan']}",
        "versions": versions(),
        "flight": mission.root,
        "mission": {"id": hits.mission_id, "name": mission.name, **dict(mission.meta)},
        "models": _models(config, see),
        "configuration": asdict(config),
        "configuration_digest": config.digest(),
        "ground": {**asdict(mission.ground), "dem_sha256": file_digest(mission.ground.dem)},
        "inputs": [
            *({"source": f.id, "sha256": sha.get(f.id), "bytes": _size(f.path)} for f in mission.frames),
            *_log_files(mission),
        ],
        "inputs_digest": hits.inputs_digest,
        "pose_sources": _pose_sources(mission),
        "logs": [asdict(log) for log in mission.logs],
        "clock": [_finite(asdict(fit)) for fit in mission.clocks] or None,
        "calibration": None,
        "warnings": list(mission.warnings),
        "not_located": [
            {
                "frame_id": x.detection.frame_id,
                "class": x.detection.label,
                "box_px": x.detection.box_px,
                "why": x.reason,
            }
            for x in lost
        ],
        "counts": {
            "frames": len(mission.frames),
            "searched": len(hits.looked),
            "skipped": len(hits.skipped),
            "detections": sum(len(x.detections) for x in hits.looked),
            "hits": len(hits.hits),
        },
        "timings_s": {},
    }


def _log_files(mission: Mission) -> list[dict[str, Any]]:
    """The logs that poses rest on, by the bytes that lie there now."""
    found = []
    for log in mission.logs:
        path = str(Path(mission.root) / log.id)
        size = _size(path)
        found.append({"source": log.id, "sha256": file_digest(path) if size is not None else None, "bytes": size})
    return found


def _finite(values: dict[str, Any]) -> dict[str, Any]:
    """With null where a number is none: JSON knows no NaN."""
    return {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in values.items()}


def _models(config: RunConfig, see: Finder) -> dict[str, Any]:
    """The detectors and the confidence below which each keeps silent."""
    by_name = dict(see.thresholds)
    return {
        "detector": config.detector if config.boxes is None else "boxes",
        "digest": see.digest,
        "threshold": next(iter(by_name.values())) if len(by_name) == 1 else None,
        "thresholds": by_name,
    }


def _size(path: str) -> int | None:
    try:
        return Path(path).stat().st_size
    except OSError:
        return None


def _pose_sources(mission: Mission) -> dict[str, dict[str, int]]:
    """For each part of the pose: where it came from, and for how many frames."""
    told: dict[str, Counter[str]] = {}
    for part, source in (s for f in mission.frames for s in f.sources):
        told.setdefault(part, Counter())[source] += 1
    return {part: dict(sorted(counts.items())) for part, counts in sorted(told.items())}
