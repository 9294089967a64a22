"""Channels of a network brought nearer to each other in size, before it is quantised: what it answers stays the same.

8 bits divide the range of a whole layer evenly. A few channels with very large numbers leave few levels to the others;
so they are divided by a factor behind their activation, and the weights that take them multiplied by it (as in
SmoothQuant, Xiao et al. 2023, equation 4, with the activations' ranges alone). The division becomes a part of the
convolution before it and takes no time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

STRENGTH = 0.5  # share of a channel's excess, in logarithms, that goes into the weights
SHOWN = 60  # inputs that ranges are taken from

Floats = NDArray[np.float32]


def equalise(openvino: Any, network: Any, shown: Sequence[Floats]) -> None:
    """Change an OpenVINO model in place, by what its activations do on some inputs (1, 3, h, w)."""
    activations = list(_before_convolutions(network))
    if not activations:
        return
    op = openvino.opset13
    for activation, most in zip(activations, _largest(openvino, network, activations, shown[:SHOWN]), strict=True):
        factor = np.maximum(most / max(float(np.median(most)), 1e-6), 1.0) ** STRENGTH
        _moved(op, activation, factor.astype(np.float32).reshape(1, -1, 1, 1))


def _before_convolutions(network: Any) -> Iterator[Any]:
    """x · sigmoid(x) layers whose numbers go into convolutions with constant weights, and nowhere else."""
    for operation in network.get_ordered_ops():
        if operation.get_type_name() == "Swish":
            users = [target.get_node() for target in operation.output(0).get_target_inputs()]
            if users and all(_takes_constants(user) for user in users):
                yield operation


def _takes_constants(operation: Any) -> bool:
    if operation.get_type_name() != "Convolution":
        return False
    return bool(operation.input_value(1).get_node().get_type_name() == "Constant")


def _largest(openvino: Any, network: Any, activations: list[Any], shown: Sequence[Floats]) -> list[Floats]:
    """The largest magnitude of each channel of each activation."""
    op = openvino.opset13
    probe = openvino.Model([op.result(a.output(0)) for a in activations], network.get_parameters())
    request = openvino.Core().compile_model(probe, "CPU", {"INFERENCE_PRECISION_HINT": "f32"}).create_infer_request()
    largest = [np.zeros(a.output(0).get_shape()[1], np.float32) for a in activations]
    for pixels in shown:
        answers = request.infer(pixels)
        largest = [np.maximum(m, np.abs(answers[i]).max(axis=(0, 2, 3))) for i, m in enumerate(largest)]
    return largest


def _moved(op: Any, activation: Any, factor: Floats) -> None:
    """Divide the activation's channels by the factor (1, C, 1, 1), and multiply the weights that take them by it."""
    targets = list(activation.output(0).get_target_inputs())
    for target in targets:
        weights = target.get_node().input_value(1).get_node()
        heavier = op.constant((weights.data * factor).astype(np.float32))
        heavier.set_friendly_name(f"{weights.get_friendly_name()}/equalised")
        target.get_node().input(1).replace_source_output(heavier.output(0))
    divided = op.multiply(activation.output(0), op.constant(1 / factor))
    divided.set_friendly_name(f"{activation.get_friendly_name()}/equalised")
    for target in targets:
        target.replace_source_output(divided.output(0))
