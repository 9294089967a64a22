"""Heads of the YOLO families: laws of the decoding, golden numbers by hand, and doubt that is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import imagery
from pipeline.detect.coco import NAMES
from pipeline.detect.decode import cells, decode, family_of
from pipeline.detect.yolo import Yolo
from pipeline.errors import ModelError

SIDE = (64, 96)  # height, width
G = 8 * 12 + 4 * 6 + 2 * 3


def test_cells_of_all_strides() -> None:
    assert cells(SIDE, (8, 16, 32)) == G


@pytest.mark.parametrize(
    ("shape", "classes", "told", "family"),
    [
        ((1, 3 * G, 7), 2, {}, "yolov5"),
        ((1, 3 * G, 6), 1, {"end2end": "False"}, "yolov5"),
        ((1, 6, G), 2, {}, "yolov8"),
        ((1, 84, G), None, {}, "yolov8"),
        ((1, 300, 6), 2, {"end2end": "True"}, "end2end"),
        ((1, 300, 6), 80, {}, "end2end"),
        ((1, G, 85), None, {}, "yolox"),
    ],
)
def test_families_by_shape(shape: tuple[int, ...], classes: int | None, told: dict[str, str], family: str) -> None:
    assert family_of(np.zeros(shape, np.float32), SIDE, classes, told) == family


@pytest.mark.parametrize(
    ("shape", "classes", "told", "words"),
    [
        ((1, 84, G), 79, {}, "in doubt"),  # more classes than names: a network with masks, perhaps
        ((1, 84, G + 5), None, {}, "none that is known"),
        ((1, G, 6), 1, {}, "end2end or yolox"),
        ((1, 1000), None, {}, r"shape \[1, 1000\]"),
        ((1, 3, 8, 12, 85), None, {}, "a decoded YOLO's"),
        ((1, 116, G), 80, {"task": "segment"}, "for 'segment'"),
    ],
)
def test_doubt_is_refused(shape: tuple[int, ...], classes: int | None, told: dict[str, str], words: str) -> None:
    with pytest.raises(ModelError, match=words):
        family_of(np.zeros(shape, np.float32), SIDE, classes, told)


def test_metadata_settle_what_shapes_leave_open() -> None:
    output = np.zeros((1, G, 6), np.float32)
    assert family_of(output, SIDE, 1, {"end2end": "True"}) == "end2end"
    assert family_of(output, SIDE, 1, {"end2end": "False"}) == "yolox"


def test_a_decoded_yolox_is_refused() -> None:
    with pytest.raises(ModelError, match="decoded already"):
        family_of(np.full((1, G, 85), 50, np.float32), SIDE, None, {})


@given(st.floats(8, 88), st.floats(8, 56), st.floats(2, 30), st.floats(2, 30), st.floats(0.3, 0.99), st.integers(0, 2))
def test_one_box_comes_back_from_every_head(x: float, y: float, w: float, h: float, score: float, label: int) -> None:
    box = [x - w / 2, y - h / 2, x + w / 2, y + h / 2]
    heads = {"yolov5": _yolov5, "yolov8": _yolov8, "end2end": _end2end, "yolox": _yolox}
    for family, head in heads.items():
        found = decode(family, head(x, y, w, h, score, label), SIDE, 0.25, 0.7)
        assert len(found) == 1, family
        np.testing.assert_allclose(found.boxes[0], box, atol=1e-3)
        assert found.scores[0] == pytest.approx(score, rel=1e-5)
        assert found.labels[0] == label


def _yolov5(x: float, y: float, w: float, h: float, score: float, label: int) -> Any:
    rows = np.zeros((1, 3 * G, 8), np.float32)
    rows[0, 17, :5] = x, y, w, h, score**0.5
    rows[0, 17, 5 + label] = score**0.5
    return rows


def _yolov8(x: float, y: float, w: float, h: float, score: float, label: int) -> Any:
    rows = np.zeros((1, 7, G), np.float32)
    rows[0, :4, 31], rows[0, 4 + label, 31] = (x, y, w, h), score
    return rows


def _end2end(x: float, y: float, w: float, h: float, score: float, label: int) -> Any:
    rows = np.zeros((1, 300, 6), np.float32)
    rows[0, 0] = x - w / 2, y - h / 2, x + w / 2, y + h / 2, score, label
    return rows


def _yolox(x: float, y: float, w: float, h: float, score: float, label: int) -> Any:
    """Cell (column 2, row 1) of stride 16, after the 96 cells of stride 8."""
    rows = np.zeros((1, G, 8), np.float32)
    rows[0, 96 + 6 + 2, :5] = x / 16 - 2, y / 16 - 1, np.log(w / 16), np.log(h / 16), score**0.5
    rows[0, 96 + 6 + 2, 5 + label] = score**0.5
    return rows


@pytest.mark.parametrize("family", ["yolov5", "yolov8", "end2end", "yolox"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 3e38, -3e38])
def test_whatever_a_network_answers_boxes_are_finite(family: str, value: float) -> None:
    shape = {"yolov5": (1, 3 * G, 8), "yolov8": (1, 7, G), "end2end": (1, 300, 6), "yolox": (1, G, 8)}[family]
    rng = np.random.default_rng(1)
    output = rng.random(shape).astype(np.float32)
    output[rng.random(shape) < 0.3] = value
    found = decode(family, output, SIDE, 0.25, 0.7)
    assert len(found) <= 300
    assert np.isfinite(found.boxes).all()
    assert ((found.scores >= 0.25) & (found.scores <= 1)).all()
    assert (found.labels >= 0).all()


def test_at_most_300_and_the_surest() -> None:
    rows = np.zeros((1, 5, 2100), np.float32)
    y, x = np.mgrid[0:42, 0:50]
    rows[0, :4] = np.stack([x.ravel() * 6 + 3, y.ravel() * 6 + 3, np.full(2100, 4), np.full(2100, 4)])
    rows[0, 4] = np.linspace(0.3, 0.9, 2100)
    found = decode("yolov8", rows, (320, 320), 0.25, 0.7)
    assert len(found) == 300
    assert found.scores.min() == pytest.approx(rows[0, 4, -300])


def test_real_yolox_weights(real_data: Callable[[str], Path]) -> None:
    """On a beach from 40 m YOLOX nano sees a few things, none as large as a tile."""
    see = Yolo(str(real_data("weights/yolox_nano.onnx")))
    assert len(see.labels) == len(NAMES)
    photo = real_data("flights/brighton/images/DJI_0020.JPG")
    found = see.find(imagery.decode(imagery.read_bytes(photo), photo.name), "a.jpg")
    assert 1 <= len(found) <= 40
    assert all(d.box_px[2] - d.box_px[0] < 416 for d in found)
