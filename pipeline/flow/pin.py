"""An officer's own finding becomes a hit: located and evidenced like any other, kept beside the run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from pipeline import imagery
from pipeline.errors import MissionError
from pipeline.flow.frames import at_path, read_frames
from pipeline.geo.fuse import fuse
from pipeline.geo.locate import locate, usable
from pipeline.report.pins import pin_entry
from pipeline.report.reviews import CLASS, append_review
from pipeline.types import Box, Detection, Pixel

HALF_BOX_PX = 24.0
CLICK_SIGMA_PX = 2.0


def pin(
    run: Path, photo: Path, pixel: Pixel, label: str, who: str, note: str = "", dem: str | None = None
) -> dict[str, Any]:
    """Locate a pixel of one of the run's photos and add it to RUN.reviews; returns the review entry.

    dem: where the run's DEM lies now, if it is not where it was. Raises MissionError when RUN is no run or the photo
    none of its own, GeometryError when the pixel has no ground.
    """
    if not CLASS.fullmatch(label):
        raise MissionError(f"{label!r} is not a class; say for example outfall/discharging")
    frames, ground = read_frames(run)
    told = frames.get(imagery.sha256(imagery.read_bytes(photo)))  # by its bytes: a name may have changed
    if told is None:
        raise MissionError(f"{photo}: is not one of the photos searched in {run}")
    frame = at_path(told, photo)
    ground = ground if dem is None else replace(ground, dem=dem)
    _, camera = usable(frame)
    x, y = pixel
    if not (-0.5 <= x <= camera.width_px - 0.5 and -0.5 <= y <= camera.height_px - 0.5):
        raise MissionError(f"{photo}: pixel ({x:g}, {y:g}) lies outside {camera.width_px} × {camera.height_px}")
    box = _box_around(pixel, camera.width_px, camera.height_px)
    seen = Detection(frame.id, label, 1.0, box, pixel, CLICK_SIGMA_PX, "officer", "officer")
    (hit,) = fuse([locate(seen, frame, ground)])
    entry = pin_entry(run, frame, hit, who, note)
    append_review(run, entry)
    return entry


def _box_around(pixel: Pixel, width_px: int, height_px: int) -> Box:
    x, y = pixel
    return (
        max(-0.5, x - HALF_BOX_PX),
        max(-0.5, y - HALF_BOX_PX),
        min(width_px - 0.5, x + HALF_BOX_PX),
        min(height_px - 0.5, y + HALF_BOX_PX),
    )
