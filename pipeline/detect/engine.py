"""What runs a network: ONNX Runtime here; OpenVINO and ultralytics in modules of their own, where they are wanted."""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline.detect.models import Model
from pipeline.detect.onnx_file import refuse_external
from pipeline.errors import ModelError

MOST_NAMES_CHARACTERS = 200_000
TYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16}


class Engine(Protocol):
    """An opened network: one picture in, its first output out."""

    side_px: tuple[int, int] | None  # height and width of its input, None where any will do
    told: Mapping[str, str]  # what its file says of itself: names, imgsz, task, end2end …

    def run(self, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        """The first output for (1, 3, h, w) float32; raises ModelError when the network fails."""
        ...


def open_engine(model: Model, parts: tuple[bytes, ...], trust: bool) -> Engine:
    """Open weights by their suffix; raises ModelError with a sentence for each way in which that can fail."""
    suffix = model.path.suffix.lower()
    if suffix == ".xml":
        from pipeline.detect.openvino import OpenVino

        return OpenVino(parts[0], parts[1], model.path.name)
    if suffix == ".pt":
        if not trust:
            raise ModelError(
                f"{model.path.name}: loading a .pt runs the code inside it; "
                "say --trust if you know where it comes from, or export it to ONNX"
            )
        from pipeline.detect.trusted import Ultralytics

        return Ultralytics(model.path)
    return Onnx(parts[0], model.path.name)


class Onnx:
    """A network on ONNX Runtime: on the CPU, on one thread, since a worker is a process; an `Engine`."""

    def __init__(self, data: bytes, name: str) -> None:
        import onnxruntime as ort

        refuse_external(data, name)
        ort.disable_telemetry_events()
        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4  # what fails is raised, and told in our words
        try:
            # Its fallback prints, and tries the same again.
            providers = ["CPUExecutionProvider"]
            self._session = ort.InferenceSession(data, options, providers=providers, enable_fallback=0)
            inputs, told = self._session.get_inputs(), self._session.get_modelmeta().custom_metadata_map
            self._output = self._session.get_outputs()[0].name
        except Exception as why:  # its exceptions have no common base
            raise ModelError(f"{name}: cannot be opened as ONNX ({_first_line(why)})") from why
        self._name = name
        self._input, self._type = _input_of(inputs, name)
        self.side_px = sides_of(self._input.shape)
        self.told: Mapping[str, str] = told

    def run(self, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        try:
            (output,) = self._session.run([self._output], {self._input.name: pixels.astype(self._type, copy=False)})
        except Exception as why:
            raise ModelError(f"{self._name}: the network failed ({_first_line(why)})") from why
        return as_floats(output, self._name)


def _input_of(inputs: list[Any], name: str) -> tuple[Any, Any]:
    """The one input and its type."""
    if len(inputs) != 1 or inputs[0].type not in TYPES or len(inputs[0].shape) != 4:
        raise ModelError(f"{name}: takes something else than one picture (1, 3, h, w) of numbers")
    return inputs[0], TYPES[inputs[0].type]


def sides_of(shape: list[Any]) -> tuple[int, int] | None:
    """(height, width) of an input shape [batch, 3, h, w]; None where the network leaves them open."""
    sides = shape[2:]
    return (sides[0], sides[1]) if all(isinstance(s, int) and s > 0 for s in sides) else None


def as_floats(output: Any, name: str) -> NDArray[np.float32]:
    """An output as float32; raises ModelError when it is not numbers."""
    if not isinstance(output, np.ndarray) or output.dtype.kind not in "fiu":
        raise ModelError(f"{name}: the network's first output is not an array of numbers")
    return output.astype(np.float32, copy=False)


def _first_line(why: Exception) -> str:
    return (str(why).strip() or type(why).__name__).splitlines()[0][:200]


def names_told(told: Mapping[str, str]) -> tuple[str, ...] | None:
    """Class names in the network's order from what ultralytics writes, {0: 'smoke', …}; None where there are none."""
    text = told.get("names", "")
    if not text or len(text) > MOST_NAMES_CHARACTERS:
        return None
    value = _literal(text)
    if isinstance(value, list):
        value = dict(enumerate(value))
    if not isinstance(value, dict) or sorted(map(str, value)) != sorted(str(i) for i in range(len(value))):
        return None
    by_number = {int(k): str(v) for k, v in value.items()}
    return tuple(by_number[i] for i in range(len(by_number)))


def _literal(text: str) -> Any:
    for read in (json.loads, ast.literal_eval):
        try:
            return read(text)
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            continue
    return None


def side_told(told: Mapping[str, str]) -> tuple[int, int] | None:
    """(height, width) from ultralytics' `imgsz`, '[320, 320]'; None where there is none that makes sense."""
    value = _literal(told.get("imgsz", "")[:40])
    sides = [value, value] if isinstance(value, int) else value
    if isinstance(sides, list) and len(sides) == 2 and all(isinstance(s, int) and 32 <= s <= 4096 for s in sides):
        return sides[0], sides[1]
    return None
