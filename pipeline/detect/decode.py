"""What the heads of YOLO networks say, as boxes.

Families, by the shape of the first output for an input of h × w pixels, with G = Σ (h/s)(w/s) over the strides s:

- `yolov5`   [1, 3G, 5 + C]  exports of the YOLOv5 repository, anchors decoded: centre, size, objectness, classes
- `yolov8`   [1, 4 + C, G]   ultralytics' YOLOv5u, 8, 11 and 26 (one to many): centre, size, classes
- `end2end`  [1, K, 6]       YOLO26 (one to one), and exports with `nms=True`: corners, confidence, class; no doubles
- `yolox`    [1, G, 5 + C]   YOLOX as it exports itself: offsets in cells, logarithms of sizes, objectness, classes

Sources: ultralytics 8.4 `utils/nms.py`; YOLOv5 `utils/general.py`; YOLOX `yolox/utils/demo_utils.py`.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from pipeline.detect.found import Floats, Found, nothing, suppressed
from pipeline.errors import ModelError

FAMILIES = ("yolov5", "yolov8", "end2end", "yolox")
STRIDES = ((8, 16, 32), (8, 16, 32, 64))
MOST_END_TO_END = 1000  # rows
MOST_BOXES = 30_000  # before suppression, the most confident; and after it:
MOST_KEPT = 300  # as ultralytics
MOST_PX = 100_000.0
MOST_CLASSES = 10_000
MOST_OVERLAP = {"yolov5": 0.45, "yolov8": 0.7, "end2end": 1.0, "yolox": 0.45}  # each one's own default
FAR_CELLS = 30.0  # offsets of raw YOLOX heads are a few cells; decoded ones reach across the picture


def cells(side_px: tuple[int, int], strides: tuple[int, ...]) -> int:
    """G: number of cells of all strides for an input of (height, width)."""
    return sum((side_px[0] // s) * (side_px[1] // s) for s in strides)


def family_of(output: Floats, side_px: tuple[int, int], classes: int | None, told: Mapping[str, str]) -> str:
    """The family of a network by what it answers to an even grey picture, how many classes it names, and its metadata.

    Raises ModelError with a sentence (without the file's name) when there is no family that fits, or more than one.
    """
    if told.get("task", "detect") != "detect":
        raise ModelError(f"is a network for {told['task'][:20]!r}; only those for 'detect' are used")
    if output.ndim != 3 or output.shape[0] != 1:
        raise ModelError(f"its first output has the shape {list(output.shape)}; a decoded YOLO's is [1, …, …]")
    fits = [f for f in FAMILIES if _fits(f, output.shape[1], output.shape[2], side_px, classes)]
    if len(fits) > 1 and "end2end" in fits and "end2end" in told:
        fits = [f for f in fits if (f == "end2end") == (told["end2end"] == "True")]
    if len(fits) != 1:
        among = " or ".join(fits) if fits else "none that is known"
        shape = f"output {list(output.shape)} for {side_px[1]} × {side_px[0]} pixels"
        raise ModelError(f"the family of this network is in doubt ({shape}, {classes or 'no'} class names): {among}")
    if fits[0] == "yolox" and float(np.abs(output[0, :, :2]).max()) > FAR_CELLS:
        raise ModelError("looks like a YOLOX with its grid decoded already; export it as YOLOX does by default")
    return fits[0]


def _fits(family: str, rows: int, columns: int, side_px: tuple[int, int], classes: int | None) -> bool:
    grids = {cells(side_px, strides) for strides in STRIDES}
    if family == "yolov5":
        return rows in {3 * g for g in grids} and _counts(columns - 5, classes)
    if family == "yolov8":
        return columns in grids and _counts(rows - 4, classes)
    if family == "yolox":
        return rows in grids and _counts(columns - 5, classes)
    return columns == 6 and rows <= MOST_END_TO_END


def _counts(found: int, told: int | None) -> bool:
    return found >= 1 and (told is None or found == told)


def classes_of(family: str, output: Floats) -> int | None:
    """How many classes a network tells apart; None where its output does not say."""
    if family == "end2end":
        return None
    return int(output.shape[1] - 4 if family == "yolov8" else output.shape[2] - 5)


def decode(family: str, output: Floats, side_px: tuple[int, int], threshold: float, most_overlap: float) -> Found:
    """Boxes in the input's pixels, from its corner, at or over the threshold, the most confident first, at most 300.

    Answers that are no finite numbers are left out.
    """
    with np.errstate(over="ignore", invalid="ignore"):  # a damaged or hostile network may answer anything
        found = _corners(family, output[0], side_px, threshold)
    if not len(found):  # most tiles
        return nothing()
    found = found[np.isfinite(found.boxes).all(1) & np.isfinite(found.scores)]
    found = Found(np.clip(found.boxes, -MOST_PX, MOST_PX), np.clip(found.scores, 0, 1), found.labels)
    if len(found) > MOST_BOXES:
        found = found[np.argsort(-found.scores, kind="stable")[:MOST_BOXES]]
    return suppressed(found, most_overlap)[:MOST_KEPT]


def _corners(family: str, rows: Floats, side_px: tuple[int, int], threshold: float) -> Found:
    if family == "end2end":
        rows = rows[(rows[:, 4] >= threshold) & (rows[:, 5] >= 0) & (rows[:, 5] < MOST_CLASSES)]
        return Found(rows[:, :4], rows[:, 4], np.rint(rows[:, 5]).astype(np.int64))
    if family == "yolov8":
        best = rows[4:].max(0)
        sure = np.flatnonzero(best >= threshold)
        return Found(_from_centres(rows[:4, sure].T), best[sure], rows[4:, sure].argmax(0))
    sure = np.flatnonzero(rows[:, 4] >= threshold)  # objectness bounds the product
    if not len(sure):
        return nothing()
    classes = rows[sure, 5:] * rows[sure, 4:5]
    best = classes.max(1, initial=0)
    centres = rows[sure, :4] if family == "yolov5" else _on_grid(rows[:, :4], side_px)[sure]
    found = Found(_from_centres(centres), best, classes.argmax(1))
    return found[best >= threshold]


def _from_centres(rows: Floats) -> Floats:
    """Centre and size (N, 4) -> corners (N, 4)."""
    half = rows[:, 2:] / 2
    return np.concatenate([rows[:, :2] - half, rows[:, :2] + half], axis=1)


def _on_grid(rows: Floats, side_px: tuple[int, int]) -> Floats:
    """YOLOX: offsets in cells and logarithms of sizes in cells -> pixels."""
    strides = next(s for s in STRIDES if cells(side_px, s) == len(rows))
    corners, steps = [], []
    for stride in strides:
        y, x = np.mgrid[0 : side_px[0] // stride, 0 : side_px[1] // stride]
        corners.append(np.stack([x.ravel(), y.ravel()], axis=1))
        steps.append(np.full((x.size, 1), stride))
    corner, step = np.concatenate(corners).astype(np.float32), np.concatenate(steps).astype(np.float32)
    sizes = np.exp(np.minimum(rows[:, 2:], 12))  # a hostile logarithm must not overflow
    return np.concatenate([(rows[:, :2] + corner) * step, sizes * step], axis=1)
