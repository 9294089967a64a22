"""The unit of work: some frames in, a few small findings out, never pixels."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Protocol

from pipeline import imagery
from pipeline.errors import ImageryError, PipelineError
from pipeline.types import Detection, Frame, Looked, Skipped

THUMB_LONG_SIDE_PX = 640


class Finder(Protocol):
    """What `look` needs of a detector; `pipeline.detect.load_detector` gives one."""

    @property
    def digest(self) -> str: ...

    @property
    def thresholds(self) -> Mapping[str, float]: ...

    def find(self, image: imagery.Image, frame_id: str) -> tuple[Detection, ...]: ...


def look(
    frames: Sequence[Frame], see: Finder, thumbs: str | None = None, digests: Mapping[str, str] | None = None
) -> list[Looked | Skipped]:
    """Search frames one after the other; a frame that cannot be read comes back as `Skipped`.

    thumbs: folder for copies reduced to THUMB_LONG_SIDE_PX, named by the frame's index. digests: SHA-256 of videos by
    path, taken here where it is not given. Frames of one video belong together in one call: it is decoded in order.
    """
    films = [f for f in frames if f.pts is not None and not f.problem]
    seen = dict(_look_at_films(films, see, thumbs, digests or {}))
    return [seen[f.id] if f.id in seen else _guarded(f, partial(_look_at, f, see, thumbs)) for f in frames]


def _guarded(frame: Frame, work: Callable[[], Looked | Skipped]) -> Looked | Skipped:
    try:
        return work()
    except PipelineError as why:
        return Skipped(frame.id, str(why))
    except Exception as why:
        # One picture must not end a flight; the class name tells a developer where to look.
        return Skipped(frame.id, f"{frame.id}: could not be searched ({type(why).__name__}: {why})")


def _look_at(frame: Frame, see: Finder, thumbs: str | None) -> Looked | Skipped:
    if frame.problem:
        return Skipped(frame.id, frame.problem)
    data = imagery.read_bytes(frame.path)
    return _search(frame, imagery.decode(data, frame.id), imagery.sha256(data), see, thumbs)


def _look_at_films(
    films: Sequence[Frame], see: Finder, thumbs: str | None, digests: Mapping[str, str]
) -> Iterator[tuple[str, Looked | Skipped]]:
    """(frame id, what was found) of videos' frames, one picture in memory at a time."""
    known = dict(digests)
    for frame, image in imagery.read_all(films):
        if isinstance(image, ImageryError):
            yield frame.id, Skipped(frame.id, str(image))
            continue
        if frame.path not in known:
            known[frame.path] = imagery.file_sha256(frame.path)
        yield frame.id, _guarded(frame, partial(_search, frame, image, known[frame.path], see, thumbs))


def _search(frame: Frame, image: imagery.Image, digest: str, see: Finder, thumbs: str | None) -> Looked:
    if thumbs is not None:
        _write_thumb(thumb_path(thumbs, frame), image)
    return Looked(frame.id, digest, imagery.sharpness(image), see.find(image, frame.id))


def thumb_path(thumbs: str | Path, frame: Frame) -> Path:
    """Where a frame's reduced copy lies."""
    return Path(thumbs) / f"{frame.index:06d}.jpg"


def _write_thumb(path: Path, image: imagery.Image) -> None:
    aside = path.with_suffix(".tmp")
    aside.write_bytes(imagery.encode_jpeg(imagery.reduced(image, THUMB_LONG_SIDE_PX)))
    os.replace(aside, path)
