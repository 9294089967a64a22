"""crops/: the part of the best photo that shows a hit, and that whole photo with the box drawn."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from pipeline import imagery
from pipeline.errors import ImageryError
from pipeline.files import write_bytes_atomic
from pipeline.imagery import Image
from pipeline.report.features import context_path, crop_path
from pipeline.types import Box, Frame, Mission

CROP_LONG_SIDE_PX = 1024
CONTEXT_LONG_SIDE_PX = 1600
CONTEXT_QUALITY = 80
BOX_COLOUR = (40, 40, 235)  # blue, green, red
HALO_COLOUR = (255, 255, 255)


def write_crops(folder: Path, mission: Mission, collection: dict[str, Any]) -> None:
    """Write crops/ID.jpg and crops/ID-context.jpg of every hit whose evidence names a crop.

    A photo that shows several hits is decoded once. The same photos give the same bytes. Raises ImageryError when
    a photo cannot be read any more.
    """
    (folder / "crops").mkdir(exist_ok=True)
    frames = {f.id: f for f in mission.frames}
    shown = _by_frame(collection)
    for frame, image in imagery.read_all([frames[frame_id] for frame_id in sorted(shown)]):
        if isinstance(image, ImageryError):
            raise image
        for hit_id, evidence in shown[frame.id]:
            write_crop(folder, hit_id, image, evidence)


def write_crop(folder: Path, hit_id: str, image: Image, evidence: dict[str, Any]) -> None:
    """Write both pictures of one hit from its photo and its evidence entry (box_px, crop_px)."""
    write_bytes_atomic(folder / crop_path(hit_id), imagery.encode_jpeg(cut_out(image, evidence["crop_px"])))
    write_bytes_atomic(
        folder / context_path(hit_id), imagery.encode_jpeg(with_box(image, evidence["box_px"]), CONTEXT_QUALITY)
    )


def cut_out(image: Image, crop_px: tuple[int, int, int, int]) -> Image:
    """The pixels (x0, y0, x1, y1), ends excluded, reduced when they are very many."""
    x0, y0, x1, y1 = crop_px
    part = image[y0:y1, x0:x1]
    return imagery.reduced(part if part.size else image, CROP_LONG_SIDE_PX)


def with_box(image: Image, box_px: Box) -> Image:
    """The whole picture, reduced, with the box drawn red on white."""
    import cv2

    small = np.ascontiguousarray(imagery.reduced(image, CONTEXT_LONG_SIDE_PX)).copy()
    scale = small.shape[1] / image.shape[1]
    x0, y0, x1, y1 = ((v + 0.5) * scale - 0.5 for v in box_px)
    pad = max(0.0, 12 - max(x1 - x0, y1 - y0) / 2)
    first, last = (round(x0 - pad), round(y0 - pad)), (round(x1 + pad), round(y1 + pad))
    for colour, width in ((HALO_COLOUR, 5), (BOX_COLOUR, 2)):
        cv2.rectangle(small, first, last, colour, width)
    return small


def _by_frame(collection: dict[str, Any]) -> dict[str, list[tuple[str, dict[str, Any]]]]:
    shown: dict[str, list[tuple[str, dict[str, Any]]]] = defaultdict(list)
    for hit_id, evidence in _cropped(collection):
        shown[evidence["frame_id"]].append((hit_id, evidence))
    return shown


def _cropped(collection: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for feature in collection["features"]:
        for evidence in feature["properties"]["evidence"]:
            if evidence["crop"]:
                yield feature["id"], evidence


def frame_picture(frame: Frame, thumbs: Path | None, long_side_px: int) -> Image:
    """The frame reduced: from thumbs/NNNNNN.jpg when it is there, else from the original."""
    small = thumbs / f"{frame.index:06d}.jpg" if thumbs else None
    if small is not None and small.is_file():
        return imagery.reduced(imagery.decode(imagery.read_bytes(small), small.name), long_side_px)
    return imagery.reduced(imagery.read(frame), long_side_px)
