"""An officer's own finding becomes a hit: located and evidenced like any other, kept beside the run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pipeline import imagery
from pipeline.errors import MissionError
from pipeline.flow.frames import at_path, read_frames
from pipeline.geo.fuse import fuse
from pipeline.geo.locate import locate, usable
from pipeline.report.pins import pin_entry
from pipeline.report.review_entries import CLASS
from pipeline.report.reviews import append_review
from pipeline.types import Box, Detection, Frame, Ground, Hit, Pixel

HALF_BOX_PX = 24.0
CLICK_SIGMA_PX = 2.0


def pin(
    run: Path, photo: Path, pixel: Pixel, label: str, who: str, note: str = "", dem: str | None = None
) -> dict[str, Any]:
    """Locate a pixel of one of the run's photos and add it to RUN.reviews; returns the review entry.

    dem: where the run's DEM lies now, if it is not where it was. Raises MissionError when RUN is no run or the photo
    none of its own, GeometryError when the pixel has no ground.
    """
    check_class(label)
    frames, ground = read_frames(run)
    frame, digest = _searched(frames, photo, run)
    hit = pinned(frame, ground if dem is None else replace(ground, dem=dem), pixel, label, str(photo))
    entry = pin_entry(run, frame, hit, who, note, sha256=digest)
    append_review(run, entry)
    return entry


def check_class(label: str) -> None:
    """Raises MissionError unless this is a class path."""
    if not CLASS.fullmatch(label):
        raise MissionError(f"{label!r} is not a class; say for example outfall/discharging")


def pinned(frame: Frame, ground: Ground, pixel: Pixel, label: str, name: str = "") -> Hit:
    """The hit that an officer's click on a pixel of a frame makes; `name` is for the error's sentence.

    Raises NoPoseError, GeometryError when the pixel has no ground, MissionError when it lies outside the picture.
    """
    _, camera = usable(frame)
    x, y = pixel
    if not (-0.5 <= x <= camera.width_px - 0.5 and -0.5 <= y <= camera.height_px - 0.5):
        size = f"{camera.width_px} × {camera.height_px}"
        raise MissionError(f"{name or frame.id}: pixel ({x:g}, {y:g}) lies outside {size}")
    box = _box_around(pixel, camera.width_px, camera.height_px)
    seen = Detection(frame.id, label, 1.0, box, pixel, CLICK_SIGMA_PX, "officer", "officer")
    (hit,) = fuse([locate(seen, frame, ground)])
    return hit


def _searched(frames: Mapping[str, Frame], photo: Path, run: Path) -> tuple[Frame, str]:
    """The run's frame of a photo, or of VIDEO#NUMBER, found by the file's bytes, and their SHA-256.

    A name may have changed.
    """
    named, number = imagery.video_and_number(str(photo)) if not photo.exists() else (str(photo), None)
    path = Path(named)
    digest = imagery.file_sha256(path)
    key = digest if number is None else f"{digest}#{number:06d}"
    if key in frames:
        return at_path(frames[key], path), digest
    numbers = sorted(int(other.partition("#")[2]) for other in frames if other.startswith(digest + "#"))
    if not numbers:
        raise MissionError(f"{photo}: is not one of the photos searched in {run}")
    if number is None:
        raise MissionError(f"{photo}: is a video; name one of its frames, for example {photo.name}#{numbers[0]:06d}")
    near = min(numbers, key=lambda n: abs(n - number))
    raise MissionError(f"{photo}: this frame was not searched in {run}; the nearest that was is #{near:06d}")


def _box_around(pixel: Pixel, width_px: int, height_px: int) -> Box:
    x, y = pixel
    return (
        max(-0.5, x - HALF_BOX_PX),
        max(-0.5, y - HALF_BOX_PX),
        min(width_px - 0.5, x + HALF_BOX_PX),
        min(height_px - 0.5, y + HALF_BOX_PX),
    )
