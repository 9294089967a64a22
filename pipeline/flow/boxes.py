"""Boxes in photos, without poses: the verb behind `qianliyan detect`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from pipeline import imagery
from pipeline.errors import PipelineError

Tell = Callable[[str, int, int], None]


def detect_photos(
    photos: Sequence[Path], out: Path, spec: str, false_alarms: float | None, tell: Tell, trust: bool = False
) -> tuple[int, list[str]]:
    """Search photos and write OUT.json; returns the number of boxes and a sentence for each unreadable photo.

    Raises ModelError for an unknown detector and OutputError when the file cannot be written.
    """
    from pipeline.detect import load_detector
    from pipeline.detect.boxes import Searched, write_boxes

    see = load_detector(spec, false_alarms, trust)
    searched = []
    for i, photo in enumerate(photos, 1):
        try:
            image = imagery.decode(imagery.read_bytes(photo), photo.name)
            height, width = image.shape[:2]
            searched.append(Searched(name_of(photo), width, height, see.find(image, name_of(photo))))
        except PipelineError as why:
            searched.append(Searched(name_of(photo), 0, 0, (), str(why)))
        tell("look", i, len(photos))
    write_boxes(out, searched)
    return sum(len(s.detections) for s in searched), [s.error for s in searched if s.error]


def name_of(photo: Path) -> str:
    """The path as text with '/'; bytes of a name that are not UTF-8 become U+FFFD, as in a frame's id."""
    return photo.as_posix().encode("utf-8", "surrogateescape").decode("utf-8", "replace")
