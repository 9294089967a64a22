"""Weights as ultralytics' own .pt: a pickle, whose loading runs the code inside it. Only on the user's word."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.detect.engine import as_floats
from pipeline.errors import ModelError


class Ultralytics:
    """A network on torch, on one thread; an `Engine`."""

    def __init__(self, path: Path) -> None:
        self._name = path.name
        try:
            torch, ultralytics = awake()
        except ImportError as why:
            raise ModelError(f"{path.name}: needs the extra: pip install 'qianliyan[train]'") from why
        try:
            wrapped: Any = ultralytics.YOLO(str(path), task="detect")
            self._torch, self._network = torch, _ready(wrapped.model)
        except Exception as why:
            raise ModelError(f"{path.name}: ultralytics cannot open it ({type(why).__name__}: {why})") from why
        self.side_px: tuple[int, int] | None = None
        told = {"names": repr(dict(wrapped.names)), "task": str(wrapped.task)}
        size = (getattr(self._network, "args", None) or {}).get("imgsz")
        self.told: Mapping[str, str] = told | ({"imgsz": str(size)} if size else {})

    def run(self, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        before = self._torch.get_num_threads()
        self._torch.set_num_threads(1)
        try:
            with self._torch.inference_mode():
                output = self._network(self._torch.from_numpy(np.ascontiguousarray(pixels)))
        except Exception as why:
            raise ModelError(f"{self._name}: the network failed ({type(why).__name__}: {why})") from why
        finally:
            self._torch.set_num_threads(before)
        first = output[0] if isinstance(output, (list, tuple)) else output
        return as_floats(first.numpy(), self._name)


def _ready(network: Any) -> Any:
    """As ultralytics itself predicts with it: float32, the one-to-many head, layers fused."""
    network = network.float().eval()
    if getattr(network, "end2end", False):
        network.end2end = False
    return network.fuse(verbose=False)


def awake() -> tuple[Any, Any]:
    """torch and ultralytics, imported; raises ImportError where the extra `train` is not installed.

    Ultralytics writes settings when it is imported, and asks the network: into a folder of its own, and not at all.
    """
    if "ultralytics" not in sys.modules:
        _KEPT.append(folder := tempfile.TemporaryDirectory(prefix="qianliyan-"))
        with _environment({"YOLO_CONFIG_DIR": folder.name, "YOLO_OFFLINE": "True", "YOLO_AUTOINSTALL": "False"}):
            _whole_torchvision()
            import ultralytics  # noqa: F401
    return sys.modules["torch"], sys.modules["ultralytics"]


@contextmanager
def _environment(wanted: Mapping[str, str]) -> Iterator[None]:
    """Environment variables for a while; what the user set stays as it is."""
    ours = {key: value for key, value in wanted.items() if key not in os.environ}
    os.environ.update(ours)
    try:
        yield
    finally:
        for key in ours:
            os.environ.pop(key, None)


_KEPT: list[Any] = []  # torch forgets operators whose library is forgotten; a folder goes with its object


def _whole_torchvision() -> None:
    """Beside a CPU build of torch, torchvision's wheel cannot be imported before its operators are declared."""
    import torch

    try:
        import torchvision
    except RuntimeError:
        library = torch.library.Library("torchvision", "DEF")
        library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        library.impl("nms", _nms, "CPU")
        _KEPT.append(library)
        import torchvision.extension

        torchvision.extension._has_ops = lambda: True


def _nms(boxes: Any, scores: Any, most_overlap: float) -> Any:
    """Ultralytics' own suppression in torch alone, where torchvision's is not built in."""
    from ultralytics.utils.nms import TorchNMS

    return TorchNMS.nms(boxes, scores, most_overlap)
