"""A mission file that came from elsewhere must not reach out of its flight: no other files, no machines."""

from __future__ import annotations

import os
import re
from pathlib import Path

from pipeline.errors import MissionError
from pipeline.server.names import Refused

_DETECTOR = re.compile(r"[A-Za-z0-9_-]+(:[A-Za-z0-9_-][A-Za-z0-9._-]*)?")


def check_mission(path: Path) -> None:
    """Raises Refused for a mission file that cannot be read, and for one that names things outside of its flight."""
    from pipeline.ingest.mission_file import read_mission_file

    try:
        told = read_mission_file(path)
    except MissionError as why:
        raise Refused("mission_bad", str(why).partition(": ")[2]) from why
    named = [told.dem, told.geoid, *(told.run.get(key) for key in ("dem", "geoid", "boxes", "reviews"))]
    inside = all(_is_inside(Path(p), path.parent) for p in named if p)
    if not inside or told.run.get("cluster") or not _DETECTOR.fullmatch(told.run.get("detector") or "none"):
        raise Refused("mission_outside")


def _is_inside(path: Path, folder: Path) -> bool:
    return "\\" not in str(path.name) and Path(os.path.normpath(path)).is_relative_to(folder)
