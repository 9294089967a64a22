"""Networks as OpenVINO IR (.xml with its .bin), where OpenVINO is installed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.detect.engine import as_floats, sides_of
from pipeline.errors import ModelError
from pipeline.imagery import Image

TELEMETRY = "openvino_telemetry"


class OpenVino:
    """A network on OpenVINO: on the CPU and on one thread; an `Engine`.

    What the file has in float is computed in `precision` ("f32", or "bf16" where the processor can), by default in f32
    where all of it is float, and in what this processor computes fastest where parts are in 8 bits, which blur more
    than that; what it has quantised is computed in 8 bits whatever that says.
    """

    def __init__(self, xml: bytes, weights: bytes, name: str, precision: str | None = None) -> None:
        try:
            with silent():
                import openvino
        except ImportError as why:
            raise ModelError(f"{name}: needs the extra: pip install 'qianliyan[openvino]'") from why
        self._how: dict[str, Any] = {
            "INFERENCE_NUM_THREADS": 1,
            "NUM_STREAMS": 1,
        }
        try:
            self._core: Any = openvino.Core()
            self._read = self._core.read_model(model=xml, weights=weights)
            if precision or not _in_8_bits(self._read):
                self._how["INFERENCE_PRECISION_HINT"] = precision or "f32"
            shape = self._read.input(0).get_partial_shape()
            if usual := len(self._read.inputs) == 1 and len(shape) == 4:
                self._of_pictures = self._compiled(taking_pictures(openvino, self._read.clone()))
            self.told = _told(self._read)
        except Exception as why:  # its exceptions have no common base
            raise ModelError(f"{name}: cannot be opened as OpenVINO IR ({type(why).__name__})") from why
        if not usual:
            raise ModelError(f"{name}: takes something else than one picture (1, 3, h, w) of numbers")
        self._name = name
        self.side_px = sides_of([d.get_length() if d.is_static else None for d in shape])

    def _compiled(self, network: Any) -> Any:
        return self._core.compile_model(network, "CPU", self._how)

    @cached_property
    def _of_numbers(self) -> Any:
        """Hardly ever wanted, and compiling takes a while."""
        return self._compiled(self._read)

    def run(self, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        return self._answer(lambda: self._of_numbers, pixels)

    def look(self, canvas: Image) -> NDArray[np.float32]:
        """What `run` gives for a canvas (h, w, 3) uint8, blue first, as red, green and blue of 0 to 1.

        Faster than that: in 8 bits the network takes the picture's numbers as they are.
        """
        return self._answer(lambda: self._of_pictures, np.ascontiguousarray(canvas)[None])

    def _answer(self, network: Callable[[], Any], given: NDArray[Any]) -> NDArray[np.float32]:
        try:
            output = network()(given)[0]
        except Exception as why:
            raise ModelError(f"{self._name}: the network failed ({type(why).__name__})") from why
        return as_floats(np.asarray(output), self._name)


def taking_pictures(openvino: Any, network: Any) -> Any:
    """The network with pictures (1, h, w, 3) uint8, blue first, for its input."""
    from openvino.preprocess import ColorFormat, PrePostProcessor

    steps: Any = PrePostProcessor(network)
    given = steps.input().tensor()
    given.set_element_type(openvino.Type.u8).set_layout(openvino.Layout("NHWC")).set_color_format(ColorFormat.BGR)
    steps.input().model().set_layout(openvino.Layout("NCHW"))
    steps.input().preprocess().convert_element_type(openvino.Type.f32).convert_color(ColorFormat.RGB).scale(255.0)
    return steps.build()


@contextmanager
def silent() -> Iterator[None]:
    """What is imported within finds no `openvino_telemetry`.

    With it, importing openvino or nncf writes into the home directory and tells a server of it.
    """
    before = sys.modules.get(TELEMETRY)
    sys.modules[TELEMETRY] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[TELEMETRY]
        if before is not None:
            sys.modules[TELEMETRY] = before


def _in_8_bits(network: Any) -> bool:
    return any(step.get_type_name() == "FakeQuantize" for step in network.get_ops())


def _told(network: Any) -> Mapping[str, str]:
    """The class names that ultralytics writes: 'smoke dust_pile', spaces within a name as '_'."""
    path = ["model_info", "labels"]
    if not network.has_rt_info(path):
        return {}
    names = str(network.get_rt_info(path).astype(str)).split()
    return {"names": repr(dict(enumerate(n.replace("_", " ") for n in names)))}
