"""The unit of work: some frames in, a few small findings out, never pixels."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

from pipeline import imagery
from pipeline.errors import ImageryError, PipelineError
from pipeline.flow.ahead import one_ahead
from pipeline.flow.hover import Clip, with_motion
from pipeline.types import Detection, Frame, Looked, Skipped

THUMB_LONG_SIDE_PX = 640
NOT_SEARCHED = "the video has no such frame of its own"


class Finder(Protocol):
    """What `look` needs of a detector; `pipeline.detect.load_detector` gives one."""

    @property
    def digest(self) -> str: ...

    @property
    def thresholds(self) -> Mapping[str, float]: ...

    def find(self, image: imagery.Image, frame_id: str) -> tuple[Detection, ...]: ...


Range = tuple[Sequence[Frame], Mapping[str, Clip]]  # frames, and the clips of those at which the camera stood still


def look_at_range(
    task: Range, see: Finder, thumbs: str | None = None, digests: Mapping[str, str] | None = None
) -> list[Looked | Skipped]:
    """`look`, and a second look at smoke and dust in the clips of a film's frames."""
    frames, clips = task
    return with_motion(look(frames, see, thumbs, digests), clips)


def look(
    frames: Sequence[Frame], see: Finder, thumbs: str | None = None, digests: Mapping[str, str] | None = None
) -> list[Looked | Skipped]:
    """Search frames one after the other; a frame that cannot be read comes back as `Skipped`.

    thumbs: folder for copies reduced to THUMB_LONG_SIDE_PX, named by the frame's index. digests: SHA-256 of videos by
    path, taken here where it is not given. Frames of one video belong together in one call: it is decoded in order.
    Each photo is read while the one before is searched.
    """
    whole = [f for f in frames if not f.problem]
    seen = dict(_look_at_films([f for f in whole if f.pts is not None], see, thumbs, digests or {}))
    for frame, picture in one_ahead(partial(_opened, thumbs=thumbs), [f for f in whole if f.pts is None]):
        seen[frame.id] = _guarded(frame, partial(_search, frame, picture, see))
    return [seen[f.id] if f.id in seen else Skipped(f.id, f.problem or NOT_SEARCHED) for f in frames]


@dataclass(frozen=True, slots=True)
class Picture:
    """Pixels that were read, the SHA-256 of the file they lay in, and how sharp they are."""

    image: imagery.Image
    sha256: str
    sharpness: float


def _guarded(frame: Frame, work: Callable[[], Looked | Skipped]) -> Looked | Skipped:
    try:
        return work()
    except PipelineError as why:
        return Skipped(frame.id, str(why))
    except Exception as why:
        # One picture must not end a flight; the class name tells a developer where to look.
        return Skipped(frame.id, f"{frame.id}: could not be searched ({type(why).__name__}: {why})")


def _opened(frame: Frame, thumbs: str | None) -> Picture:
    data = imagery.read_bytes(frame.path)
    return _measured(frame, imagery.decode(data, frame.id), imagery.sha256(data), thumbs)


def _measured(frame: Frame, image: imagery.Image, digest: str, thumbs: str | None) -> Picture:
    """All that needs no detector, the reduced copy too."""
    if thumbs is not None:
        _write_thumb(thumb_path(thumbs, frame), image)
    return Picture(image, digest, imagery.sharpness(image))


def _search(frame: Frame, picture: Callable[[], Picture], see: Finder) -> Looked:
    shown = picture()
    return Looked(frame.id, shown.sha256, shown.sharpness, see.find(shown.image, frame.id))


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
        picture = partial(_measured, frame, image, known[frame.path], thumbs)
        yield frame.id, _guarded(frame, partial(_search, frame, picture, see))


def thumb_path(thumbs: str | Path, frame: Frame) -> Path:
    """Where a frame's reduced copy lies."""
    return Path(thumbs) / f"{frame.index:06d}.jpg"


def _write_thumb(path: Path, image: imagery.Image) -> None:
    aside = path.with_suffix(".tmp")
    aside.write_bytes(imagery.encode_jpeg(imagery.reduced(image, THUMB_LONG_SIDE_PX)))
    os.replace(aside, path)
