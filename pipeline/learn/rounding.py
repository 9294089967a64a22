"""Weights rounded to 8 bits so that what their layer answers stays, and not each weight as near as can be.

Numbers that a layer takes go together: neighbouring pixels, channels that tell the same. So the error of a weight can
be made up for by those that are not rounded yet (GPTQ: Frantar et al. 2023, equations 2 and 3, in one order for all
rows, by the Cholesky factor). What a layer is then still off on average goes into its bias.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

SHOWN = 60  # inputs that are looked at
PATCHES = 400  # of each, a layer: places where its kernel lies
DAMPING = 0.01  # of the mean variance, added to each
SEED = 1
WEIGHTS_IN_8_BITS = ("Multiply", "Convert", "Constant")  # from a convolution upwards, as NNCF writes them

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Layer:
    """A convolution in float and the same one in 8 bits, with what may be changed of it."""

    in_float: Any
    levels: Any  # the constant (out, in, h, w) int8
    scale: Doubles  # of a level, (out, 1)
    bias: Any  # the constant (1, out, 1, 1)


def round_weights(openvino: Any, network: Any, quantised: Any, shown: Sequence[Floats]) -> None:
    """Round again, in place, the weights of a quantised copy of `network`, for inputs (1, 3, h, w).

    Layers whose weights have no bias behind them, or are not levels times a scale, stay as they are.
    """
    layers = list(_layers(network, quantised))
    if not layers:
        return
    for layer, (mean, covariance) in zip(layers, _seen(openvino, network, layers, shown[:SHOWN]), strict=True):
        before: Floats = layer.in_float.input_value(1).get_node().data
        weights = before.reshape(len(before), -1).astype(np.float64)
        most = int(np.abs(layer.levels.data.astype(int)).max())
        levels = rounded(weights / layer.scale, covariance, most)
        missing = (weights - levels * layer.scale) @ mean
        bias = layer.bias.data + missing.reshape(layer.bias.data.shape)
        _put(openvino, layer.levels, levels.reshape(before.shape).astype(np.int8))
        _put(openvino, layer.bias, bias.astype(np.float32))


def rounded(weights: Doubles, covariance: Doubles, most: int) -> Doubles:
    """Weights (out, n), in levels, as whole numbers up to ±`most`, for numbers that vary by a covariance (n, n)."""
    order = np.argsort(-np.diag(covariance), kind="stable")
    damped = covariance[np.ix_(order, order)] + np.eye(len(order)) * (
        DAMPING * np.trace(covariance) / len(order) + 1e-12
    )
    spread = np.linalg.cholesky(np.linalg.inv(damped)).T
    left, found = weights[:, order], np.empty_like(weights)
    for n, column in enumerate(order):
        found[:, column] = np.clip(np.round(left[:, n]), -most, most)
        error = (left[:, n] - found[:, column]) / spread[n, n]
        left[:, n + 1 :] -= np.outer(error, spread[n, n + 1 :])
    return found


def _layers(network: Any, quantised: Any) -> Iterator[Layer]:
    """Convolutions whose weights are in 8 bits, in the order of the network."""
    in_8_bits = {o.get_friendly_name(): o for o in quantised.get_ordered_ops() if o.get_type_name() == "Convolution"}
    for operation in network.get_ordered_ops():
        same = in_8_bits.get(operation.get_friendly_name())
        if same is None or set(operation.get_attributes().get("dilations", [2])) != {1}:
            continue
        chain = _upwards(same)
        bias = _bias(same)
        if tuple(o.get_type_name() for o in chain) == WEIGHTS_IN_8_BITS and bias is not None:
            scale = chain[0].input_value(1).get_node().data.astype(np.float64).reshape(-1, 1)
            yield Layer(operation, chain[-1], scale, bias)


def _upwards(convolution: Any) -> list[Any]:
    chain = [convolution.input_value(1).get_node()]
    while chain[-1].get_input_size():
        chain.append(chain[-1].input_value(0).get_node())
    return chain


def _bias(convolution: Any) -> Any:
    """The constant that is added to what the convolution answers, one a channel; None where there is none."""
    users = [target.get_node() for target in convolution.output(0).get_target_inputs()]
    if len(users) != 1 or users[0].get_type_name() != "Add":
        return None
    constant = users[0].input_value(1).get_node()
    one_a_channel = (1, convolution.output(0).get_partial_shape()[1].get_length(), 1, 1)
    return constant if constant.get_type_name() == "Constant" and tuple(constant.data.shape) == one_a_channel else None


def _seen(openvino: Any, network: Any, layers: list[Layer], shown: Sequence[Floats]) -> list[tuple[Doubles, Doubles]]:
    """Mean (n,) and covariance (n, n) of the numbers under each layer's kernel, in the network in float."""
    op = openvino.opset13
    sources = [layer.in_float.input_value(0) for layer in layers]
    probe = openvino.Model([op.result(source) for source in sources], network.get_parameters())
    request = openvino.Core().compile_model(probe, "CPU", {"INFERENCE_PRECISION_HINT": "f32"}).create_infer_request()
    sizes = [int(np.prod(list(layer.in_float.input_value(1).get_shape())[1:])) for layer in layers]
    sums = [(np.zeros(size), np.zeros((size, size))) for size in sizes]
    rng, count = np.random.default_rng(SEED), [0] * len(layers)
    for pixels in shown:
        answers = request.infer(pixels)
        for n, layer in enumerate(layers):
            patches = _patches(np.asarray(answers[n])[0], layer.in_float, rng)
            sums[n][0][:] += patches.sum(0, dtype=np.float64)
            sums[n][1][:] += patches.T @ patches
            count[n] += len(patches)
    means = [total / n for (total, _), n in zip(sums, count, strict=True)]
    return [(m, s / n - np.outer(m, m)) for m, (_, s), n in zip(means, sums, count, strict=True)]


def _patches(given: Floats, convolution: Any, rng: np.random.Generator) -> Floats:
    """Up to PATCHES rows of what the kernel of a convolution takes from (channels, h, w)."""
    how = convolution.get_attributes()
    kernel = tuple(convolution.input_value(1).get_shape())[2:]
    border = [(0, 0), *zip(how["pads_begin"], how["pads_end"], strict=True)]
    windows = sliding_window_view(np.pad(given, border), kernel, (1, 2))[:, :: how["strides"][0], :: how["strides"][1]]
    height, width = windows.shape[1:3]
    places = rng.permutation(height * width)[:PATCHES]
    taken = windows[:, places // width, places % width].swapaxes(0, 1)
    return np.ascontiguousarray(taken, np.float32).reshape(len(places), -1)


def _put(openvino: Any, constant: Any, values: NDArray[Any]) -> None:
    """Other numbers in the place of a constant's, under its name."""
    fresh = openvino.opset13.constant(values)
    fresh.set_friendly_name(constant.get_friendly_name())
    for target in list(constant.output(0).get_target_inputs()):
        target.replace_source_output(fresh.output(0))
