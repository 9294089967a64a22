"""Our own sides: the same detector on ONNX Runtime and OpenVINO, in float32, bfloat16 and 8 bits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.detect.peer import columns
from pipeline import imagery
from pipeline.detect.decode import MOST_OVERLAP, decode
from pipeline.detect.found import Found, together
from pipeline.detect.openvino import OpenVino, silent
from pipeline.detect.tiles import Tiling, back, letterbox, passes, resized
from pipeline.detect.yolo import Yolo, network_input
from pipeline.learn.quantise import LADDER, SEED, TILES, in_8_bits, looks, saved

TILES_ONLY = Tiling(whole=False)


@dataclass(frozen=True)
class Networks:
    """One network in each form, and what its classes are called."""

    onnx: Path
    xml: Path
    int8: Path
    side_px: tuple[int, int]
    labels: tuple[str, ...]


def networks(onnx: Path, int8: Path | None, photos: Path, folder: Path) -> Networks:
    """The same weights in all forms; in 8 bits with ranges from tiles of the photos where no file is given."""
    see = Yolo(str(onnx))
    side = see.engine.side_px
    if side is None:
        raise SystemExit(f"{onnx.name}: takes pictures of any size; export it with one")
    with silent():
        import openvino
    xml = folder / "float.xml"
    openvino.save_model(openvino.convert_model(str(onnx)), xml, compress_to_fp16=False)
    if int8 is None:
        shown = looks([photos], side, TILES, SEED, lambda stage, done, total: None)
        int8 = saved(in_8_bits(onnx, shown, next(iter(LADDER))), see.labels, folder / "int8.xml")
    return Networks(onnx, xml, int8, side, see.labels)


def detector(path: Path, threshold: float, tiling: Tiling, precision: str = "f32") -> Yolo:
    """A detector on a file of weights, with tiles of our choice."""
    see = Yolo(str(path))
    see.threshold = threshold
    see._model = replace(see._model, tiling=tiling)
    if precision != "f32":
        see.engine = OpenVino(path.read_bytes(), path.with_suffix(".bin").read_bytes(), path.name, precision)
    return see


def boxes(see: Yolo, photo: Path) -> Found:
    """From the photo's bytes to merged boxes."""
    image = imagery.decode(imagery.read_bytes(photo), photo.name)
    numbers = {label: i for i, label in enumerate(see.labels)}
    return columns([(*d.box_px, d.confidence, numbers[d.label]) for d in see.find(image, "")])


def unmerged(see: Yolo, photo: Path, side_px: tuple[int, int]) -> Found:
    """What each tile gave, before anything is merged."""
    image = imagery.decode(imagery.read_bytes(photo), photo.name)
    parts = []
    for look in passes(image.shape[1], image.shape[0], side_px, TILES_ONLY):
        picture = resized(image, look)
        for t in look.tiles:
            canvas, place = letterbox(np.ascontiguousarray(picture[t.y0 : t.y1, t.x0 : t.x1]), side_px, True)
            output = see.engine.run(network_input(canvas, False))
            found = decode("yolov8", output, side_px, see.threshold, MOST_OVERLAP["yolov8"])
            parts.append(Found(back(found.boxes, place, t) - np.float32(0.5), found.scores, found.labels))
    return together(parts)


def tiles_in(photos: Sequence[Path], side_px: tuple[int, int], tiling: Tiling) -> list[int]:
    """How many looks each photo takes."""
    counts: list[int] = []
    for photo in photos:
        shape: Any = imagery.decode(imagery.read_bytes(photo), photo.name).shape
        counts.append(sum(len(p.tiles) for p in passes(shape[1], shape[0], side_px, tiling)))
    return counts
