"""Networks as OpenVINO IR (.xml with its .bin), where OpenVINO is installed."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.detect.engine import as_floats, sides_of
from pipeline.errors import ModelError

TELEMETRY = "openvino_telemetry"


class OpenVino:
    """A network on OpenVINO: on the CPU and on one thread; an `Engine`.

    What the file has in float is computed in `precision` ("f32", or "bf16" where the processor can); what it has
    quantised is computed in 8 bits whatever that says.
    """

    def __init__(self, xml: bytes, weights: bytes, name: str, precision: str = "f32") -> None:
        try:
            with silent():
                import openvino
        except ImportError as why:
            raise ModelError(f"{name}: needs the extra: pip install 'qianliyan[openvino]'") from why
        threads: dict[str, Any] = {"INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1, "INFERENCE_PRECISION_HINT": precision}
        try:
            core: Any = openvino.Core()
            read = core.read_model(model=xml, weights=weights)
            self._network = core.compile_model(read, "CPU", threads)
            shape = read.input(0).get_partial_shape()
            self.told = _told(read)
        except Exception as why:  # its exceptions have no common base
            raise ModelError(f"{name}: cannot be opened as OpenVINO IR ({type(why).__name__})") from why
        if len(read.inputs) != 1 or len(shape) != 4:
            raise ModelError(f"{name}: takes something else than one picture (1, 3, h, w) of numbers")
        self._name = name
        self.side_px = sides_of([d.get_length() if d.is_static else None for d in shape])

    def run(self, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        try:
            output = self._network(pixels)[0]
        except Exception as why:
            raise ModelError(f"{self._name}: the network failed ({type(why).__name__})") from why
        return as_floats(np.asarray(output), self._name)


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


def _told(network: Any) -> Mapping[str, str]:
    """The class names that ultralytics writes: 'smoke dust_pile', spaces within a name as '_'."""
    path = ["model_info", "labels"]
    if not network.has_rt_info(path):
        return {}
    names = str(network.get_rt_info(path).astype(str)).split()
    return {"names": repr(dict(enumerate(n.replace("_", " ") for n in names)))}
