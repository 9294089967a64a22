"""Pascal VOC: an XML file a picture, boxes in pixels; parsed without entities, links or a document type.

A picture is found by the name of its XML file, the nearest one where folders share names; what the file itself says
about folders and paths is not followed.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipeline.learn.converters.guard import beside, by_stem, files_inside, pictures_inside, split_lists, split_of
from pipeline.learn.converters.values import OURS, Format, Source, Theirs

MAX_XML_BYTES = 4 * 1024 * 1024
MOST_OBJECTS = 10_000
EDGES = ("xmin", "ymin", "xmax", "ymax")


def read(folder: Path, tally: Counter[str]) -> Iterator[Source]:
    """Pictures that have an XML file of their name, and those that have none."""
    yield from with_xml(folder, pictures_inside(folder, tally), folder, [folder, *folder.rglob("ImageSets/Main")])


def with_xml(folder: Path, pictures: list[Path], labels: Path, lists: list[Path]) -> Iterator[Source]:
    """Pictures with the XML files under `labels`; splits from lists of names in the folders `lists`."""
    files, named = by_stem(list(files_inside(labels, frozenset({".xml"})))), by_stem(pictures)
    splits = split_lists(lists)
    for path in pictures:
        split = split_of(path, folder) or splits.get(path.stem, "")
        try:
            xml = beside(path, files.get(path.stem, []), named[path.stem])
        except LookupError:
            yield Source(path, split, (), fault=f"{path.name}: several XML files or pictures have this name")
            continue
        yield Source(path, split, None) if xml is None else _labelled(path, split, xml)


def _labelled(path: Path, split: str, xml: Path) -> Source:
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import ParseError, fromstring

    try:
        if xml.stat().st_size > MAX_XML_BYTES:
            return Source(path, split, (), fault=f"{xml.name}: more than {MAX_XML_BYTES // 1024**2} MB")
        root = fromstring(xml.read_bytes(), forbid_dtd=True)
        objects = root.findall("object")[: MOST_OBJECTS + 1]
        boxes = tuple(_box(o) for o in objects)
        size = _size(root)
    except (OSError, ParseError, DefusedXmlException, ValueError, LookupError, ArithmeticError, RecursionError) as why:
        return Source(path, split, (), fault=f"{xml.name}: is no VOC that can be read ({type(why).__name__})")
    if len(boxes) > MOST_OBJECTS:
        return Source(path, split, (), fault=f"{xml.name}: more than {MOST_OBJECTS} objects")
    return Source(path, split, boxes, in_px=True, size_px=size)


def _box(element: Any) -> Theirs:
    """An object; raises ValueError where a number is missing or is none."""
    edges = [float(element.findtext(f"bndbox/{e}") or "nan") for e in EDGES]
    if not all(math.isfinite(e) for e in edges):
        raise ValueError("a box without four finite numbers")
    return Theirs((element.findtext("name") or "").strip(), (edges[0], edges[1], edges[2], edges[3]))


def _size(root: Any) -> tuple[int, int] | None:
    width, height = (int(float(root.findtext(f"size/{s}") or 0)) for s in ("width", "height"))
    return (width, height) if width > 0 and height > 0 else None


FORMAT = Format(read, OURS)
