"""Boxes as a file: OUT.json of `detect`, and COCO from other people's detectors.

`formats.md` describes OUT.json; its boxes are in our pixels. COCO is recognised by the missing `schema_version`; its
origin is the image's corner, ours the centre of the top-left pixel, hence −0.5 px. A detection without `point` has
the one that its class and its box give (`points.point_of`: smoke and dust their foot, all else the centre), and
`point_sigma` (one sigma of it, px) may be missing.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any

from pipeline.detect.points import has_foot, point_of
from pipeline.errors import ModelError
from pipeline.files import write_json_atomic
from pipeline.imagery import Image
from pipeline.types import Detection, Frame

MAX_FILE_BYTES = 64 * 1024 * 1024
SCHEMA_VERSION = 1
COCO_SHIFT_PX = -0.5


@dataclass(frozen=True, slots=True)
class Searched:
    """One picture that was searched: its name, size, detections, or why it could not be read."""

    file_name: str
    width_px: int
    height_px: int
    detections: tuple[Detection, ...] = ()
    error: str = ""


@dataclass(frozen=True, slots=True)
class Boxes:
    """Boxes from a file in a detector's place: `find` looks the picture up by name."""

    name: str
    digest: str  # SHA-256 of the file
    path: str
    by_image: Mapping[str, tuple[Detection, ...]]

    @property
    def thresholds(self) -> dict[str, float]:
        return {self.name: 0.0}

    def find(self, image: Image | None, frame_id: str) -> tuple[Detection, ...]:
        """The file's boxes for a frame; raises ModelError when two of its pictures could be meant.

        Names match when one path is the end of the other, part by part; the longest match counts.
        """
        return tuple(_renamed(d, frame_id) for d in self.by_image[found]) if (found := self._named(frame_id)) else ()

    def __call__(self, frame: Frame) -> tuple[Detection, ...]:
        return self.find(None, frame.id)

    def __reduce__(self) -> tuple[Any, ...]:
        """Another process opens the file once, instead of being sent its boxes with every few frames."""
        return _reopened, (self.path, self.digest)

    def _named(self, frame_id: str) -> str | None:
        if frame_id in self.by_image:
            return frame_id
        parts = _parts(frame_id)
        likely = (name for name in self.by_image if name.endswith(parts[-1]))  # taking all apart is slow: photos²
        shared = {name: n for name in likely if (n := _shared_end(_parts(name), parts))}
        best = [name for name, n in shared.items() if n == max(shared.values())]
        if len(best) > 1:
            raise ModelError(f"{self.name}: {frame_id} could be {best[0]} or {best[1]}")
        return best[0] if best else None


def _parts(name: str) -> tuple[str, ...]:
    return tuple(p for p in PurePosixPath(name.replace("\\", "/")).parts if p not in ("/", ".", ".."))


def _shared_end(one: tuple[str, ...], other: tuple[str, ...]) -> int:
    """Number of parts of the shorter path when it is the end of the other, else 0."""
    n = min(len(one), len(other))
    return n if n and one[-n:] == other[-n:] else 0


def _renamed(d: Detection, frame_id: str) -> Detection:
    return replace(d, frame_id=frame_id)


def load_boxes(path: str | Path) -> Boxes:
    """A file of boxes as a detector; raises ModelError, as `read_boxes` does."""
    data = _bytes(Path(path))
    return Boxes(
        Path(path).name, hashlib.sha256(data).hexdigest(), str(Path(path).resolve()), _read(data, Path(path).name)
    )


@lru_cache(maxsize=4)
def _reopened(path: str, digest: str) -> Boxes:
    boxes = load_boxes(path)
    if boxes.digest != digest:
        raise ModelError(f"{path}: has changed since the run began")
    return boxes


def read_boxes(path: str | Path) -> dict[str, tuple[Detection, ...]]:
    """Image name -> detections, for every image that the file lists.

    Raises ModelError, naming file and entry, when the file is missing, over 64 MiB or not such a file, and for
    numbers that are missing, not finite, of negative size or, for scores, outside 0 to 1.
    """
    return _read(_bytes(Path(path)), Path(path).name)


def _bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise ModelError(f"{path.name}: more than the {MAX_FILE_BYTES >> 20} MiB allowed for boxes")
        return path.read_bytes()
    except OSError as why:
        raise ModelError(f"{path}: cannot be read ({why.strerror or why})") from why


def _read(data: bytes, name: str) -> dict[str, tuple[Detection, ...]]:
    table = _parsed(data, name)
    version = table.get("schema_version")
    if version not in (None, SCHEMA_VERSION):
        raise ModelError(f"{name}: schema_version {version!r} is not known; this is version {SCHEMA_VERSION}")
    shift = COCO_SHIFT_PX if version is None else 0.0
    images = {_key(i, "id", w): _text(i, "file_name", w) for i, w in _entries(table, "images", name)}
    heights = {_text(i, "file_name", w): _height_px(i) for i, w in _entries(table, "images", name)}
    labels = {_key(c, "id", w): _label(_text(c, "name", w), w) for c, w in _entries(table, "categories", name)}
    found: dict[str, list[Detection]] = {file_name: [] for file_name in images.values()}
    for entry, where in _entries(table, "annotations", name):
        file_name = _one_of(images, _key(entry, "image_id", where), "image_id", where)
        label = _one_of(labels, _key(entry, "category_id", where), "category_id", where)
        found[file_name].append(_detection(entry, where, file_name, label, shift, name, heights[file_name]))
    return {file_name: tuple(detections) for file_name, detections in found.items()}


def _parsed(data: bytes, name: str) -> dict[str, Any]:
    try:
        table = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as why:
        raise ModelError(f"{name}: not a JSON file ({type(why).__name__})") from why
    if not isinstance(table, dict):
        raise ModelError(f"{name}: not a file of boxes (an object with images, categories and annotations is)")
    return table


def _entries(table: dict[str, Any], key: str, name: str) -> Iterable[tuple[dict[str, Any], str]]:
    """The entries of a list, each with the words that say where it is."""
    entries = table.get(key)
    if not isinstance(entries, list):
        raise ModelError(f"{name}: there is no list called {key}")
    for i, entry in enumerate(entries):
        if not isinstance(entry, dict):
            raise ModelError(f"{name}: {key}[{i}] is not an object")
        yield entry, f"{name}: {key}[{i}]"


def _height_px(image: dict[str, Any]) -> float:
    """Infinite where the file does not tell it: no box then leaves the picture at its bottom."""
    height: Any = image.get("height")
    return float(height) if _is_number(height) and height > 0 else math.inf


def _detection(
    entry: dict[str, Any], where: str, file_name: str, label: str, shift: float, detector: str, height_px: float
) -> Detection:
    x, y, width, height = _numbers(entry, "bbox", 4, where)
    if width < 0 or height < 0:
        raise ModelError(f"{where} has a bbox of negative size")
    score = _numbers({"score": [entry.get("score", 1.0)]}, "score", 1, where)[0]
    if not 0 <= score <= 1:
        raise ModelError(f"{where} has a score of {score:g}, outside 0 to 1")
    box = (x + shift, y + shift, x + shift + width, y + shift + height)
    centre = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    point, sigma = centre, max(1.0, 0.1 * min(width, height))
    if has_foot(label):
        point, sigma = point_of(label, box, height_px)
    if "point" in entry:
        px, py = _numbers(entry, "point", 2, where)
        point, sigma = (px + shift, py + shift), 1.0
    return Detection(file_name, label, score, box, point, _sigma(entry, sigma, where), detector)


def _sigma(entry: dict[str, Any], usual_px: float, where: str) -> float:
    """One sigma of the point: as written, else what is usual."""
    if "point_sigma" not in entry:
        return usual_px
    sigma = _numbers({"point_sigma": [entry["point_sigma"]]}, "point_sigma", 1, where)[0]
    if sigma <= 0:
        raise ModelError(f"{where} has a point_sigma of {sigma:g}; it has to be more than 0")
    return sigma


def _numbers(entry: dict[str, Any], key: str, count: int, where: str) -> list[float]:
    values = entry.get(key)
    if not isinstance(values, list) or len(values) != count or not all(_is_number(v) for v in values):
        raise ModelError(f"{where} has no {key} of {count} finite number{'s' if count > 1 else ''}")
    return [float(v) for v in values]


def _is_number(value: object) -> bool:
    # A whole number may be too large for a float; no pixel is.
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e9 and math.isfinite(value)


def _key(entry: dict[str, Any], key: str, where: str) -> int | str:
    value = entry.get(key)
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ModelError(f"{where} has no {key}")
    return value


def _text(entry: dict[str, Any], key: str, where: str) -> str:
    value = entry.get(key)
    if not isinstance(value, str) or not value.strip():
        raise ModelError(f"{where} has no {key}")
    return value


def _one_of(table: Mapping[int | str, str], key: int | str, what: str, where: str) -> str:
    if key not in table:
        raise ModelError(f"{where} has the {what} {key!r}, which the file does not list")
    return table[key]


def _label(name: str, where: str) -> str:
    """Our classes are paths of a-z, 0-9 and '-': "Stop Sign" becomes "stop-sign"."""
    label = "/".join(p for part in name.lower().split("/") if (p := re.sub(r"[^a-z0-9]+", "-", part).strip("-")))
    if not label:
        raise ModelError(f"{where} is called {name!r}, which leaves no class name of a-z, 0-9 and '-'")
    return label


def write_boxes(path: str | Path, searched: Iterable[Searched]) -> None:
    """Write OUT.json in one step; raises OutputError when that is impossible.

    The same findings give the same bytes: 0.01 px, four decimals of score, categories by name.
    """
    write_json_atomic(Path(path), boxes_table(list(searched)))


def boxes_table(searched: list[Searched]) -> dict[str, Any]:
    """OUT.json as Python values."""
    labels = sorted({d.label for s in searched for d in s.detections})
    return {
        "schema_version": SCHEMA_VERSION,
        "images": [_image(i, s) for i, s in enumerate(searched, 1)],
        "categories": [{"id": i, "name": label} for i, label in enumerate(labels, 1)],
        "annotations": [_annotation(d, i, labels) for i, s in enumerate(searched, 1) for d in s.detections],
    }


def _image(image_id: int, searched: Searched) -> dict[str, Any]:
    entry = {"id": image_id, "file_name": searched.file_name, "width": searched.width_px, "height": searched.height_px}
    return {**entry, "error": searched.error} if searched.error else entry


def _annotation(d: Detection, image_id: int, labels: list[str]) -> dict[str, Any]:
    x0, y0, x1, y1 = d.box_px
    return {
        "image_id": image_id,
        "category_id": labels.index(d.label) + 1,
        "bbox": [round(v, 2) for v in (x0, y0, x1 - x0, y1 - y0)],
        "score": round(d.confidence, 4),
        "point": [round(v, 2) for v in d.point_px],
        "point_sigma": max(0.01, round(d.point_sigma_px, 2)),
    }
