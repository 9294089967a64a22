"""A training's weights as an ONNX file that carries its class names and nothing of the machine it was made on."""

from __future__ import annotations

import logging
import shutil
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline import imagery
from pipeline.errors import ModelError, OutputError
from pipeline.learn.train import safe_ultralytics, weights_of, woken

OPSET = 17
KEPT = ("names", "imgsz", "stride", "task")  # of the metadata that ultralytics writes; the rest tells dates and paths
MOST_PX = 0.05  # that a box's side may differ between torch and ONNX Runtime
MOST_CONFIDENCE = 1e-3


@dataclass(frozen=True, slots=True)
class Exported:
    """An ONNX file, and how far its answers are from torch's at worst."""

    path: Path
    sha256: str
    bytes: int
    names: tuple[str, ...]
    size_px: int
    worst_px: float
    worst_confidence: float


def export(source: Path, out: Path) -> Exported:
    """Write the weights of a run folder, or of a .pt of ultralytics, as ONNX of a fixed size.

    A .pt is opened without running what may be hidden in it. Raises ModelError when it is none, when the extra is
    missing, and when ONNX Runtime does not answer as torch does; nothing is written then.
    """
    if out.suffix.lower() != ".onnx":
        raise OutputError(f"{out}: name a file that ends in .onnx")
    if out.exists():
        raise OutputError(f"{out}: is there already")
    woken()
    with tempfile.TemporaryDirectory(prefix="qianliyan-") as folder, safe_ultralytics():
        model = copy_opened(source, Path(folder))
        copy = Path(folder) / "weights.pt"
        size_px = _size(model)
        made = _cleaned(Path(_converted(model, size_px)))
        worst_px, worst_confidence = _compared(copy, made, size_px)
        if worst_px > MOST_PX or worst_confidence > MOST_CONFIDENCE:
            raise ModelError(f"{source.name}: ONNX Runtime is {worst_px:.3g} px and {worst_confidence:.3g} off torch")
        out.parent.mkdir(parents=True, exist_ok=True)
        aside = out.with_name(f".{out.name}.aside")
        shutil.copyfile(made, aside)
        aside.replace(out)
    data = out.read_bytes()
    names = tuple(str(n) for n in model.names.values())
    return Exported(out, imagery.sha256(data), len(data), names, size_px, worst_px, worst_confidence)


def copy_opened(source: Path, folder: Path) -> Any:
    """The network of a run folder or a .pt, opened from FOLDER/weights.pt: ultralytics writes beside what it opens."""
    weights, copy = _weights(source), folder / "weights.pt"
    shutil.copyfile(weights, copy)
    return _opened(copy, weights.name)


def _weights(source: Path) -> Path:
    if source.is_dir():
        source = weights_of(source)
    if not source.is_file() or source.suffix.lower() != ".pt":
        raise ModelError(f"{source}: is no training and no .pt")
    return source


def _opened(path: Path, name: str) -> Any:
    import ultralytics

    try:
        model = ultralytics.YOLO(str(path), task="detect")
        model.model.eval()
    except Exception as why:
        told = (str(why).strip().splitlines() or [type(why).__name__])[0]
        raise ModelError(f"{name}: cannot be opened as weights of ultralytics ({told})") from why
    return model


def _size(model: Any) -> int:
    side = (getattr(model.model, "args", None) or {}).get("imgsz", 640)
    return int(max(side) if isinstance(side, (list, tuple)) else side)


def _converted(model: Any, size_px: int) -> str:
    from ultralytics.utils import LOGGER

    before = LOGGER.level
    LOGGER.setLevel(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch's exporter warns of its own age
            return str(model.export(format="onnx", imgsz=size_px, opset=OPSET, simplify=False, device="cpu"))
    finally:
        LOGGER.setLevel(before)


def _cleaned(path: Path) -> Path:
    """The same network without paths and dates: what is left is the same whenever it is exported."""
    import onnx

    model = onnx.load(path)
    told = {p.key: p.value for p in model.metadata_props if p.key in KEPT}
    del model.metadata_props[:]
    onnx.helper.set_model_props(model, told)
    model.doc_string = model.graph.doc_string = ""
    for node in model.graph.node:
        node.doc_string = ""
        del node.metadata_props[:]
    onnx.checker.check_model(model)
    onnx.save(model, path)
    return path


def _compared(weights: Path, made: Path, size_px: int) -> tuple[float, float]:
    """(px, confidence) by which the two answers differ at worst, on pictures of noise and of soft blobs."""
    import onnxruntime
    import torch
    import ultralytics

    network = ultralytics.YOLO(str(weights), task="detect").model.float().eval()
    session = onnxruntime.InferenceSession(made.read_bytes(), providers=["CPUExecutionProvider"])
    worst = [0.0, 0.0]
    for picture in _pictures(size_px):
        with torch.inference_mode():
            answer = network(torch.from_numpy(picture))
        ours = np.asarray((answer[0] if isinstance(answer, (list, tuple)) else answer).numpy())
        theirs = np.asarray(session.run(None, {session.get_inputs()[0].name: picture})[0])
        if ours.shape != theirs.shape:
            raise ModelError(f"ONNX Runtime answers {theirs.shape}, and torch {ours.shape}")
        apart = np.abs(ours - theirs)
        worst = [max(worst[0], float(apart[:, :4].max())), max(worst[1], float(apart[:, 4:].max()))]
    return worst[0], worst[1]


def _pictures(size_px: int) -> list[NDArray[np.float32]]:
    rng = np.random.default_rng(7)
    y, x = np.mgrid[:size_px, :size_px] / size_px
    soft = np.stack([np.sin(9 * x + k) * np.cos(7 * y - k) / 2 + 0.5 for k in range(3)])[None]
    return [rng.random((1, 3, size_px, size_px), np.float32), soft.astype(np.float32)]
