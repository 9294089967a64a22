"""D-Fire (github.com/gaiasd/DFireDataset): YOLO text, 0 smoke, 1 fire; train and test, each with images and labels.

Pictures of its category "none" have empty label files. Its split has no names file: the numbers are fixed here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from pipeline.learn.converters.guard import pictures_inside, split_lists
from pipeline.learn.converters.values import DROP, Format, Source
from pipeline.learn.converters.yolo import with_labels

NAMES = {0: "smoke", 1: "fire"}


def read(folder: Path, tally: Counter[str]) -> Iterator[Source]:
    """Pictures of D-Fire."""
    yield from with_labels(folder, pictures_inside(folder, tally), NAMES, split_lists([folder]))


FORMAT = Format(
    read,
    {"smoke": "smoke", "fire": DROP},
    licence="CC0 1.0, as the LICENSE of its repository says",
    cite="Venâncio, Lisboa, Barbosa: An automatic fire detection system based on deep convolutional neural networks "
    "for low-power, resource-constrained devices. Neural Computing and Applications 34, 2022",
)
