"""Labelled pictures of others as our labelled folder: `convert`, and the formats it reads, one a file.

A format is a function from a folder to its pictures with their boxes (`values.Source`), and a table of its classes.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pipeline.errors import MissionError
from pipeline.learn.converters import coco, d_fire, fasdd, isood, voc, yolo
from pipeline.learn.converters.convert import Converted, write
from pipeline.learn.converters.values import Format, Wanted

__all__ = ["FORMATS", "Converted", "Format", "Wanted", "convert"]

FORMATS: dict[str, Format] = {
    "isood": isood.FORMAT,
    "fasdd": fasdd.FORMAT,
    "d-fire": d_fire.FORMAT,
    "coco": coco.FORMAT,
    "yolo": yolo.FORMAT,
    "voc": voc.FORMAT,
}


def convert(
    name: str,
    folder: Path,
    out: Path,
    wanted: Wanted | None = None,
    tell: Callable[[str, int, int], None] = lambda stage, done, total: None,
) -> Converted:
    """Write a set of the format `name` as our labelled folder.

    Raises MissionError for an unknown format or class and a folder that is not of the format, OutputError for a place
    that is taken.
    """
    if name not in FORMATS:
        raise MissionError(f"there is no format {name!r}; there are {', '.join(FORMATS)}")
    return write(FORMATS[name], name, folder, out, wanted or Wanted(), tell)
