"""iSOOD (zenodo.org/records/10903574): outfalls into rivers from drones and by hand, YOLO text, one class.

Published as `images` and `labels`; its own scripts part them into train, valid and test. The kinds of outfall stand in
a table beside the set, and the labels know nothing but outfalls: whatever its class, a box is one. A copy that somebody
turned into VOC or COCO is read as such.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from pipeline.learn.converters import coco, voc, yolo
from pipeline.learn.converters.guard import files_inside
from pipeline.learn.converters.values import ANY, Format, Source


def read(folder: Path, tally: Counter[str]) -> Iterator[Source]:
    """Pictures of iSOOD, by the labels that are there: text, else VOC, else COCO."""
    if any(p.parent != folder for p in files_inside(folder, frozenset({".txt"}))):
        yield from yolo.read(folder, tally)
    elif any(files_inside(folder, frozenset({".xml"}))):
        yield from voc.read(folder, tally)
    else:
        yield from coco.read(folder, tally)


FORMAT = Format(
    read,
    {ANY: "outfall"},
    licence="CC BY 4.0, as others report of its page; read it there before use",
    cite="Tian, Deng, Xu, Wen: A fine-grained dataset for sewage outfalls objective detection in natural environments. "
    "Scientific Data 11, 2024, doi:10.1038/s41597-024-03574-9",
)
