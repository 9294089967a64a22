"""yolo beside ultralytics itself: the same weights, the same tile, the same boxes.

The networks are built from ultralytics' own descriptions (`nets`).
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from pipeline import imagery
from pipeline.detect.decode import decode
from pipeline.detect.tiles import letterbox
from pipeline.detect.trusted import awake
from pipeline.detect.yolo import Yolo, network_input
from pipeline.errors import ModelError
from tests.extra.nets import Yolov5, network

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("ultralytics") is None, reason="needs the extra train"),
    pytest.mark.filterwarnings("ignore"),  # what torch and its exporter warn each other of is none of ours
]

SIDE_PX = 320
SIZES = ((320, 320), (200, 320), (313, 171), (90, 120))  # height, width
LOOKS = (*((size, (SIDE_PX, SIDE_PX)) for size in SIZES), ((SIDE_PX, SIDE_PX), (640, 640)))
THRESHOLD = 0.25
NETWORKS: dict[str, tuple[str, dict[str, Any]]] = {
    "yolov5": ("yolov5n.yaml", {}),
    "yolov8": ("yolov8n.yaml", {}),
    "yolov8-dynamic": ("yolov8n.yaml", {"dynamic": True}),
    "yolov8-nms": ("yolov8n.yaml", {"nms": True, "conf": THRESHOLD, "iou": 0.7}),
    "yolo11": ("yolo11n.yaml", {}),
    "yolo26": ("yolo26n.yaml", {}),
    "yolo26-end-to-end": ("yolo26n.yaml", {"nms": False}),
}
Rows = list[tuple[float, float, float, float, float, int]]


def picture(height: int, width: int) -> imagery.Image:
    """Blobs and lines of every size, so that networks have something to say."""
    rng = np.random.default_rng(5)
    image = np.full((height, width, 3), 90, np.uint8)
    for _ in range(60):
        colour = tuple(int(c) for c in rng.integers(0, 256, 3))
        centre = (int(rng.integers(width)), int(rng.integers(height)))
        axes = (int(rng.integers(3, 60)), int(rng.integers(3, 60)))
        cv2.ellipse(image, centre, axes, int(rng.integers(180)), 0, 360, colour, -1)
    return np.clip(image + rng.normal(0, 6, image.shape), 0, 255).astype(np.uint8)


@pytest.fixture(scope="module", params=NETWORKS)
def weights(request: pytest.FixtureRequest, tmp_path_factory: Any, real_data: Any) -> tuple[Path, Path]:
    """(.onnx, .pt) of one network, exported by ultralytics."""
    _, ultralytics = awake()
    description, options = NETWORKS[request.param]
    folder = tmp_path_factory.mktemp("权重 weights")
    real = real_data("weights/yolov5n-backbone.safetensors") if request.param == "yolov5" else None
    looks = [network_input(letterbox(picture(*size), side, True)[0], False) for size, side in LOOKS]
    network(description, real, looks).save(folder / "net.pt")
    exported = ultralytics.YOLO(folder / "net.pt").export(format="onnx", imgsz=SIDE_PX, verbose=False, **options)
    return Path(exported), folder / "net.pt"


def theirs(path: Path, image: imagery.Image, side_px: int = SIDE_PX) -> Rows:
    """Ultralytics' own predictions, in our pixels."""
    _, ultralytics = awake()
    model = ultralytics.YOLO(path, task="detect")
    options = {"imgsz": side_px, "conf": THRESHOLD, "iou": 0.7, "rect": False, "device": "cpu", "verbose": False}
    found = model.predict(image, **options)[0].boxes.data.tolist()
    boxes = [(*(np.array(b[:4]) - 0.5).tolist(), b[4], int(b[5])) for b in found]
    return [b for b in boxes if b[2] > b[0] and b[3] > b[1]]  # they keep boxes that lie in the grey border alone


def ours(path: Path, image: imagery.Image, trust: bool = False) -> Rows:
    see = Yolo(str(path), trust=trust)
    assert see.threshold == THRESHOLD
    numbers = {label: i for i, label in enumerate(see.labels)}
    return [(*d.box_px, d.confidence, numbers[d.label]) for d in see.find(image, "a.jpg")]


def differences(one: Rows, other: Rows) -> tuple[int, float, float]:
    """Boxes without a partner within 1 px and 0.01, and the largest differences (px, confidence) of those with one."""
    free, alone, far, off = list(other), 0, 0.0, 0.0
    for row in one:
        best = min(free, key=lambda r: _apart(r, row), default=None)
        if best is None or _apart(best, row) > 1 or abs(best[4] - row[4]) > 0.01:
            alone += 1
            continue
        free.remove(best)
        far, off = max(far, _apart(best, row)), max(off, abs(best[4] - row[4]))
    return alone + len(free), far, off


def _apart(one: Any, other: Any) -> float:
    return max(abs(a - b) for a, b in zip(one[:4], other[:4], strict=True)) + 1e6 * (one[5] != other[5])


@pytest.mark.parametrize("size", SIZES)
def test_onnx_boxes_are_ultralytics_own(weights: tuple[Path, Path], size: tuple[int, int]) -> None:
    image = picture(*size)
    expected = theirs(weights[0], image)
    alone, far, off = differences(expected, ours(weights[0], image))
    print(f"{len(expected)} boxes; {alone} alone; {far:.4f} px, {off:.5f}")
    assert len(expected) >= (20 if size == (SIDE_PX, SIDE_PX) else 0)
    assert alone == 0


def test_pt_boxes_are_ultralytics_own(weights: tuple[Path, Path]) -> None:
    image = picture(SIDE_PX, SIDE_PX)
    expected = theirs(weights[1], image, 640)  # what a .pt says of its own size
    alone, far, off = differences(expected, ours(weights[1], image, trust=True))
    print(f"{len(expected)} boxes; {alone} alone; {far:.4f} px, {off:.5f}")
    assert alone == 0


def test_a_pt_is_not_opened_without_a_word(weights: tuple[Path, Path]) -> None:
    with pytest.raises(ModelError, match="runs the code inside it"):
        Yolo(str(weights[1]))


def test_yolov5_with_its_anchors(tmp_path: Path, real_data: Callable[[str], Path]) -> None:
    """A trained network as the YOLOv5 repository exports it, beside the same in torch with ultralytics' suppression."""
    torch, _ = awake()
    from ultralytics.utils.nms import non_max_suppression

    net = Yolov5(real_data("weights/yolov5n-backbone.safetensors"))
    path = net.export(tmp_path / "v5.onnx", SIDE_PX)
    see, compared = Yolo(str(path)), 0
    assert see.labels == ("one", "two")
    for photo in sorted(real_data("smoke/real_smoke_mixed_ccby/images").iterdir())[:12]:
        image = imagery.decode(imagery.read_bytes(photo), photo.name)
        pixels = network_input(letterbox(image, (SIDE_PX, SIDE_PX), True)[0], False)
        ours = decode("yolov5", see.engine.run(pixels), (SIDE_PX, SIDE_PX), 0.01, 0.45)
        with torch.no_grad():
            rows = net.rows(torch.from_numpy(pixels))
        scored = torch.cat([rows[..., :4], rows[..., 4:5] * rows[..., 5:]], -1).transpose(1, 2)
        expected = non_max_suppression(scored, 0.01, 0.45, nc=2)[0].tolist()
        columns = zip(ours.boxes.tolist(), ours.scores.tolist(), ours.labels.tolist(), strict=True)
        alone, _, _ = differences([(*r[:5], int(r[5])) for r in expected], [(*b, s, n) for b, s, n in columns])
        assert alone == 0
        compared += len(expected)
    assert compared >= 20
