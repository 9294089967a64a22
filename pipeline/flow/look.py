"""The unit of work: some frames in, a few small findings out, never pixels."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from pipeline import imagery
from pipeline.errors import PipelineError
from pipeline.types import Detection, Frame, Looked, Skipped

THUMB_LONG_SIDE_PX = 640


class Finder(Protocol):
    """What `look` needs of a detector; `pipeline.detect.load_detector` gives one."""

    @property
    def digest(self) -> str: ...

    @property
    def thresholds(self) -> Mapping[str, float]: ...

    def find(self, image: imagery.Image, frame_id: str) -> tuple[Detection, ...]: ...


def look(frames: Sequence[Frame], see: Finder, thumbs: str | None = None) -> list[Looked | Skipped]:
    """Search frames one after the other; a frame that cannot be read comes back as `Skipped`.

    thumbs: folder for copies reduced to THUMB_LONG_SIDE_PX, named by the frame's index.
    """
    return [_look_at(frame, see, thumbs) for frame in frames]


def _look_at(frame: Frame, see: Finder, thumbs: str | None) -> Looked | Skipped:
    if frame.problem:
        return Skipped(frame.id, frame.problem)
    try:
        data = imagery.read_bytes(frame.path)
        image = imagery.decode(data, frame.id)
        if thumbs is not None:
            _write_thumb(thumb_path(thumbs, frame), image)
        return Looked(frame.id, imagery.sha256(data), imagery.sharpness(image), see.find(image, frame.id))
    except PipelineError as why:
        return Skipped(frame.id, str(why))
    except Exception as why:
        # One picture must not end a flight; the class name tells a developer where to look.
        return Skipped(frame.id, f"{frame.id}: could not be searched ({type(why).__name__}: {why})")


def thumb_path(thumbs: str | Path, frame: Frame) -> Path:
    """Where a frame's reduced copy lies."""
    return Path(thumbs) / f"{frame.index:06d}.jpg"


def _write_thumb(path: Path, image: imagery.Image) -> None:
    aside = path.with_suffix(".tmp")
    aside.write_bytes(imagery.encode_jpeg(imagery.reduced(image, THUMB_LONG_SIDE_PX)))
    os.replace(aside, path)
