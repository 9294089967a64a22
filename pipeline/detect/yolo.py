"""The detector `yolo:NAME`: a YOLO network over a picture at full resolution, in tiles and as a whole."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.detect import coco
from pipeline.detect.decode import MOST_OVERLAP, classes_of, decode, family_of
from pipeline.detect.engine import Engine, names_told, open_engine, side_told
from pipeline.detect.found import Found, ranked
from pipeline.detect.merge import Seen, merged, seen
from pipeline.detect.models import Model, alike_tiling, digest_of, find_model, label_of, read_weights, threshold_of
from pipeline.detect.openvino import OpenVino
from pipeline.detect.points import point_of
from pipeline.detect.tiles import GREY, Pass, Tile, Tiling, back, letterbox, passes, resized
from pipeline.errors import ModelError
from pipeline.imagery import Image
from pipeline.types import Box, Detection

VERSION = "1"
DEFAULT_SIDE_PX = 640
MOST_SIDE_PX = 4096
NEAR_BORDER = 0.015  # of a tile's side: a box that ends so near to the tile's border is cut by it
MOST_IN_A_PHOTO = 3000


class Yolo:
    """Finds what its network was trained to find; a `Detector`."""

    def __init__(self, argument: str, false_alarms_per_photo: float | None = None, trust: bool = False) -> None:
        """argument: a name in models/registry.toml, or a path to .onnx, .xml (OpenVINO) or .pt (with trust only).

        Raises ModelError for weights that are missing, not those of the registry, or of a family in doubt.
        """
        if not isinstance(argument, str):  # `yolo` alone
            raise ModelError("yolo takes an argument: yolo:NAME, a model of the registry or a path to weights")
        self._model = find_model(argument)
        self.name = f"yolo:{self._model.name}"
        self.threshold = threshold_of(self._model, false_alarms_per_photo)
        self.calibration = self._model.calibration
        parts = read_weights(self._model)
        self.engine = open_engine(self._model, parts, trust)
        self._side_px = _side(self._model, self.engine)
        self._family, self.labels = self._recognised()
        if self._model.sha256 is None:  # a path: the registry says nothing of it
            self._model = replace(self._model, tiling=alike_tiling(self._side_px, self.labels))
        self._most_overlap = self._model.iou or MOST_OVERLAP[self._family]
        self.digest = self._digest(digest_of(parts))

    @property
    def tiling(self) -> Tiling:
        """How it looks at photos."""
        return self._model.tiling

    def _recognised(self) -> tuple[str, tuple[str, ...]]:
        """Family and labels, by what the file says and by its answer to an even grey picture."""
        named = self._model.labels or names_told(self.engine.told)
        canvas = np.full((*self._side_px, 3), GREY, np.uint8)
        file = self._model.path.name
        try:
            for raw in (False, True):  # YOLOX takes other pixels, but its shape is the same for any
                output = self._answer(canvas, Pixels(self._side_px, raw))
                family = family_of(output, self._side_px, len(named) if named else None, self.engine.told)
                if (family == "yolox") == raw:
                    break
        except ModelError as why:
            raise ModelError(str(why) if str(why).startswith(file) else f"{file}: {why}") from why
        if self._model.family not in (None, family):
            raise ModelError(f"{file}: looks like {family}, and not like {self._model.family}, as the registry has it")
        return family, self._model.labels or _own_labels(named, classes_of(family, output))

    def _digest(self, weights: str) -> str:
        how: list[Any] = [VERSION, weights, self._family, self.labels, self._side_px, asdict(self._model.tiling)]
        how += [self._most_overlap, self.calibration.points]
        return hashlib.sha256(json.dumps(how).encode()).hexdigest()

    def find(self, image: Image, frame_id: str) -> tuple[Detection, ...]:
        """Detections in (h, w, 3) uint8, blue first; most confident first, those under the threshold left out.

        Raises ModelError when the picture would take too many tiles or the network fails.
        """
        height, width = image.shape[:2]
        looks = passes(width, height, self._side_px, self._model.tiling)
        least = self.calibration.least_raw(self.threshold)
        found = self._sure(merged([s for look in looks for s in self._seen(image, look, least)]))[:MOST_IN_A_PHOTO]
        boxes = found.boxes.astype(np.float64) - 0.5  # from the corner to our pixels
        columns = zip(boxes.tolist(), found.scores.tolist(), found.labels.tolist(), strict=True)
        return tuple(self._detection(frame_id, (b[0], b[1], b[2], b[3]), s, n, height) for b, s, n in columns)

    def _sure(self, found: Found) -> Found:
        """With calibrated confidences, ranked, those under the threshold left out."""
        sure = self.calibration.confidences(found.scores, found.labels, self.labels)
        return ranked(Found(found.boxes, sure, found.labels)[sure >= self.threshold])

    def _seen(self, image: Image, look: Pass, least: float) -> list[Seen]:
        """What the tiles of one pass hold, from a raw score of `least` on, in the picture's pixels from its corner."""
        picture, pixels = resized(image, look), Pixels(self._side_px, self._family == "yolox")
        size = (float(image.shape[1]), float(image.shape[0]))
        factor = (size[0] / look.width_px, size[1] / look.height_px)
        return [_in_picture(tile, self._look(picture, tile, pixels, least), factor, size) for tile in look.tiles]

    def _look(self, picture: Image, tile: Tile, pixels: Pixels, least: float) -> Found:
        """Boxes in one tile, in the pass's picture, of classes that are not dropped."""
        cut = picture[tile.y0 : tile.y1, tile.x0 : tile.x1]
        canvas, place = letterbox(cut, self._side_px, centred=not pixels.raw)
        output = self._answer(canvas, pixels)
        found = decode(self._family, output, self._side_px, least, self._most_overlap)
        if not len(found):
            return found
        wanted = np.array([bool(x) for x in self.labels])
        found = found[found.labels < len(wanted)]
        found = found[wanted[found.labels]]
        found = Found(back(found.boxes, place, tile), found.scores, found.labels)
        return found[np.asarray((found.boxes[:, 2:] > found.boxes[:, :2]).all(1))]

    def _answer(self, canvas: Image, pixels: Pixels) -> NDArray[np.float32]:
        """The network's first output for a canvas (h, w, 3) uint8, blue first."""
        if isinstance(self.engine, OpenVino) and not pixels.raw:
            return self.engine.look(canvas)
        return self.engine.run(pixels.of(canvas))

    def _detection(self, frame_id: str, box: Box, confidence: float, number: int, height_px: int) -> Detection:
        label = self.labels[number]
        point, sigma = point_of(label, box, height_px)
        return Detection(frame_id, label, confidence, box, point, sigma, self.name)


def _side(model: Model, engine: Engine) -> tuple[int, int]:
    """The network's input (height, width): its own, else the registry's, else what its file says, else 640."""
    side = engine.side_px or model.side_px or side_told(engine.told) or (DEFAULT_SIDE_PX, DEFAULT_SIDE_PX)
    if model.side_px not in (None, side):
        raise ModelError(f"{model.path.name}: takes {side[1]} × {side[0]} pixels, and not what the registry says")
    if max(side) > MOST_SIDE_PX:
        raise ModelError(f"{model.path.name}: takes {side[1]} × {side[0]} pixels, more than {MOST_SIDE_PX} a side")
    return side


def _own_labels(names: tuple[str, ...] | None, classes: int | None) -> tuple[str, ...]:
    """Class paths for weights that are in no registry: their own names, or COCO's 80 where they name none."""
    if names is None:
        names = coco.NAMES if classes in (None, len(coco.NAMES)) else tuple(f"class-{i}" for i in range(classes or 0))
    return tuple(label_of(name, i) for i, name in enumerate(names))


class Pixels:
    """What a network takes, (1, 3, h, w) float32, in one buffer for all tiles of a picture.

    Red first, 0 to 1; raw as YOLOX takes them: blue first, 0 to 255.
    """

    def __init__(self, side_px: tuple[int, int], raw: bool) -> None:
        self.raw = raw
        self._planes = [np.empty(side_px, np.uint8) for _ in range(3)]
        self._floats = np.empty((1, 3, *side_px), np.float32)

    def of(self, canvas: Image) -> NDArray[np.float32]:
        """The pixels of a canvas (h, w, 3) uint8, blue first; they are there until the next call."""
        import cv2

        cv2.split(canvas, self._planes)
        for plane, out in zip(self._planes, self._floats[0] if self.raw else self._floats[0, ::-1], strict=True):
            np.divide(plane, np.float32(1 if self.raw else 255), out=out)
        return self._floats


def network_input(canvas: Image, raw: bool) -> NDArray[np.float32]:
    """One picture alone as `Pixels` has it."""
    return Pixels((canvas.shape[0], canvas.shape[1]), raw).of(canvas)


def _in_picture(tile: Tile, found: Found, factor: tuple[float, float], size: tuple[float, float]) -> Seen:
    """A tile and its boxes, from the pass's picture to the photo."""
    x0, y0, x1, y1 = tile.x0 * factor[0], tile.y0 * factor[1], tile.x1 * factor[0], tile.y1 * factor[1]
    near = NEAR_BORDER * max(x1 - x0, y1 - y0)
    scale = np.array(factor * 2, np.float32)
    return seen((x0, y0, x1, y1), Found(found.boxes * scale, found.scores, found.labels), size, near)
