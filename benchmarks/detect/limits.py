"""What this machine can do at most: multiply-adds of one thread in float32 and 8 bits, and JPEG decoding."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.detect.timed import best_of
from pipeline import imagery
from pipeline.detect.openvino import silent
from pipeline.detect.trusted import awake

TIMES = 25
NUMBERS = ("f32", "bf16", "int8")
SHAPES = ((256, 256, 3, 40), (512, 512, 1, 40), (128, 128, 3, 80))  # channels in, out, kernel, side


@dataclass(frozen=True)
class Limits:
    """Operations (two a multiply-add) a second on one thread by kind of number, and seconds to decode a photo."""

    rates: Mapping[str, float]
    decode_s: float

    def floor_s(self, looks: float, operations: float, numbers: str) -> float:
        """Least CPU seconds a photo."""
        return self.decode_s + looks * operations / self.rates[numbers]


def limits(photos: list[Path]) -> Limits:
    """Measured now: the best of several large problems in the runtimes that the sides use."""
    rates = {numbers: max(_convolution_rate(shape, numbers) for shape in SHAPES) for numbers in NUMBERS}
    rates["f32"] = max(rates["f32"], _matrix_rate())
    datas = [imagery.read_bytes(p) for p in photos]
    seconds = [best_of(lambda d=d: imagery.decode(d, "photo"), 5) for d in datas]  # type: ignore[misc]
    return Limits(rates, float(np.mean(seconds)))


def _matrix_rate(side: int = 1536) -> float:
    torch, _ = awake()
    torch.set_num_threads(1)
    a, b = torch.rand(side, side), torch.rand(side, side)
    return float(2 * side**3 / best_of(lambda: a @ b, TIMES))


def _convolution_rate(shape: tuple[int, int, int, int], numbers: str) -> float:
    """Operations a second of one convolution on OpenVINO."""
    channels_in, channels_out, kernel, side = shape
    operations = 2 * channels_in * channels_out * kernel**2 * side**2
    return operations / best_of(_convolution(shape, numbers), TIMES)


def _convolution(shape: tuple[int, int, int, int], numbers: str) -> Callable[[], object]:
    with silent():
        import openvino
    op: Any = openvino.opset13
    channels_in, channels_out, kernel, side = shape
    rng = np.random.default_rng(0)
    pixels = op.parameter([1, channels_in, side, side], np.float32)
    values = op.constant(rng.uniform(-1, 1, (channels_out, channels_in, kernel, kernel)).astype(np.float32))
    given = pixels
    if numbers == "int8":
        given, values = _in_levels(op, pixels, (0, 1), 256), _in_levels(op, values, (-1, 1), 255)
    pad = [kernel // 2] * 2
    folded = op.relu(op.convolution(given, values, [1, 1], pad, pad, [1, 1]))
    network = openvino.Model([op.result(folded)], [pixels])
    how = {
        "INFERENCE_NUM_THREADS": 1,
        "NUM_STREAMS": 1,
        "INFERENCE_PRECISION_HINT": "bf16" if numbers == "bf16" else "f32",
    }
    request = openvino.Core().compile_model(network, "CPU", how).create_infer_request()
    request.set_input_tensor(openvino.Tensor(rng.uniform(0, 1, (1, channels_in, side, side)).astype(np.float32)))
    return request.infer  # type: ignore[no-any-return]


def _in_levels(op: Any, value: Any, ends: tuple[float, float], levels: int) -> Any:
    low, high = (op.constant(np.float32(v)) for v in ends)
    return op.fake_quantize(value, low, high, low, high, levels)


def operations_of(network: Path) -> float:
    """Two for each multiply-add of the network's convolutions, for one look."""
    with silent():
        import openvino
    total = 0.0
    for operation in openvino.Core().read_model(network).get_ordered_ops():
        if operation.get_type_name() == "Convolution":
            weights, out = operation.input_value(1).get_shape(), operation.output(0).get_shape()
            total += 2.0 * np.prod(list(weights)) * out[2] * out[3]
    return total
