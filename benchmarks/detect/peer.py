"""The peer: SAHI with ultralytics on torch, in float32 and on one thread, and weights for it."""

from __future__ import annotations

import logging
import re
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.detect.timed import Side
from pipeline.detect.found import Found
from pipeline.detect.trusted import awake

ARCHITECTURES = ("yolov5n.yaml", "yolov5s.yaml", "yolov8n.yaml", "yolov8s.yaml", "yolo11n.yaml", "yolo11s.yaml")
OVERLAP = 0.2


def torch_weights(network: Path, folder: Path) -> Path:
    """A .pt of ultralytics with the numbers of an ONNX file that it once exported.

    An export has each normalisation folded into the convolution before it; here it is left as one that does nothing,
    so that ultralytics folds it again.
    """
    import onnx

    torch, _ = awake()
    tasks: Any = import_module("ultralytics.nn.tasks")
    told = onnx.load(network)
    names = {p.key: p.value for p in told.metadata_props}.get("names", "{}")
    values = {t.name: torch.from_numpy(onnx.numpy_helper.to_array(t).copy()) for t in told.graph.initializer}
    for architecture in ARCHITECTURES:
        model = tasks.DetectionModel(architecture, nc=names.count(":"), verbose=False)
        filled = _filled(model, values)
        if filled is not None:
            model.load_state_dict(filled)
            model.names = {i: n for i, n in enumerate(re.findall(r"'([^']*)'", names))}
            model.args = {"imgsz": told.graph.input[0].type.tensor_type.shape.dim[2].dim_value, "task": "detect"}
            path = folder / f"{network.stem}.pt"
            torch.save({"model": model, "train_args": model.args}, path)
            return path
    raise SystemExit(f"{network.name}: is none of {', '.join(ARCHITECTURES)}; give its .pt with --weights")


def _filled(model: Any, values: dict[str, Any]) -> dict[str, Any] | None:
    """A state dict with the values of folded convolutions; None where they do not fit."""
    torch, _ = awake()
    state: dict[str, Any] = model.state_dict()
    for name, module in model.named_modules():
        if not isinstance(module, torch.nn.Conv2d) or name.endswith("dfl.conv"):  # that one counts, in every network
            continue
        weight, bias = values.get(f"{name}.weight"), values.get(f"{name}.bias")
        if weight is None or weight.shape != module.weight.shape:
            return None
        state[f"{name}.weight"] = weight
        if module.bias is not None:
            state[f"{name}.bias"] = bias
            continue
        norm = name.removesuffix("conv") + "bn"
        still = 1 - model.get_submodule(norm).eps
        for part, value in (("weight", 1.0), ("running_mean", 0.0), ("running_var", still)):
            state[f"{norm}.{part}"] = torch.full_like(state[f"{norm}.{part}"], value)
        state[f"{norm}.bias"] = bias
    return state


def sahi(weights: Path, side_px: int, threshold: float, merged: bool = True) -> Side:
    """A picture's file -> boxes in our pixels, merged or as the tiles gave them."""
    prediction: Any = import_module("sahi.predict")
    automatic: Any = import_module("sahi").AutoDetectionModel

    torch, _ = awake()
    torch.set_num_threads(1)
    logging.getLogger("ultralytics").setLevel(logging.ERROR)
    prediction.POSTPROCESS_NAME_TO_CLASS["NONE"] = Untouched
    model = automatic.from_pretrained(
        "ultralytics", model_path=str(weights), confidence_threshold=threshold, device="cpu", image_size=side_px
    )
    how: dict[str, Any] = {"slice_height": side_px, "slice_width": side_px, "perform_standard_pred": False}
    how |= {"overlap_height_ratio": OVERLAP, "overlap_width_ratio": OVERLAP, "verbose": 0}
    how |= {} if merged else {"postprocess_type": "NONE"}

    def work(path: Path) -> Found:
        told = prediction.get_sliced_prediction(str(path), model, **how).object_prediction_list
        return columns([(*(np.array(p.bbox.to_xyxy()) - 0.5), p.score.value, p.category.id) for p in told])

    return work


class Untouched:
    """In the place of SAHI's merging: nothing."""

    def __init__(self, **_: Any) -> None:
        pass

    def __call__(self, found: list[Any]) -> list[Any]:
        return found


def columns(rows: list[Any]) -> Found:
    """Rows of four corners, confidence and class."""
    table = np.array(rows, np.float64).reshape(-1, 6)
    return Found(table[:, :4].astype(np.float32), table[:, 4].astype(np.float32), table[:, 5].astype(np.int64))
