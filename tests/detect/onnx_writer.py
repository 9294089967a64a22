"""Small ONNX files, written byte by byte: the tests need no library for that, and can write what no library would.

`spots(…)` is a network that finds red things: the score of a cell is the mean of red over it, minus green.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

FLOAT, INT64, STRING = 1, 7, 8


def varint(value: int) -> bytes:
    out = bytearray()
    while True:
        byte, value = value & 0x7F, value >> 7
        out.append(byte | (0x80 if value else 0))
        if not value:
            return bytes(out)


def number(tag: int, value: int) -> bytes:
    return varint(tag << 3) + varint(value)


def block(tag: int, data: bytes | str) -> bytes:
    data = data.encode() if isinstance(data, str) else data
    return varint(tag << 3 | 2) + varint(len(data)) + data


def tensor(name: str, value: np.ndarray) -> bytes:
    kind = FLOAT if value.dtype == np.float32 else INT64
    dims = b"".join(number(1, d) for d in value.shape)
    return dims + number(2, kind) + block(8, name) + block(9, value.tobytes())


def external_tensor(name: str, place: str) -> bytes:
    """Ten thousand numbers that lie in another file."""
    entry = block(1, "location") + block(2, place)
    return number(1, 10_000) + number(2, FLOAT) + block(8, name) + block(13, entry) + number(14, 1)


def attribute(name: str, value: int | float | Sequence[int]) -> bytes:
    if isinstance(value, float):
        return block(1, name) + varint(2 << 3 | 5) + struct.pack("<f", value) + number(20, 1)
    if isinstance(value, int):
        return block(1, name) + number(3, value) + number(20, 2)
    return block(1, name) + b"".join(number(8, v) for v in value) + number(20, 7)


def node(kind: str, inputs: Sequence[str], output: str, **attributes: int | float | Sequence[int]) -> bytes:
    told = b"".join(block(5, attribute(k, v)) for k, v in attributes.items())
    return b"".join(block(1, i) for i in inputs) + block(2, output) + block(4, kind) + told


def value_info(name: str, shape: Sequence[int | str]) -> bytes:
    dims = b"".join(block(1, block(2, d) if isinstance(d, str) else number(1, d)) for d in shape)
    return block(1, name) + block(2, block(1, number(1, FLOAT) + block(2, dims)))


@dataclass
class Net:
    """A graph in the making."""

    inputs: Sequence[int | str]
    output: Sequence[int | str]
    nodes: list[bytes] = field(default_factory=list)
    tensors: list[bytes] = field(default_factory=list)
    told: dict[str, str] = field(default_factory=dict)

    def add(self, kind: str, inputs: Sequence[str], output: str, **attributes: int | float | Sequence[int]) -> str:
        self.nodes.append(node(kind, inputs, output, **attributes))
        return output

    def constant(self, name: str, value: np.ndarray) -> str:
        self.tensors.append(tensor(name, value))
        return name

    def bytes(self) -> bytes:
        graph = b"".join(block(1, n) for n in self.nodes) + block(2, "g") + b"".join(block(5, t) for t in self.tensors)
        graph += block(11, value_info("images", self.inputs)) + block(12, value_info("output0", self.output))
        props = b"".join(block(14, block(1, k) + block(2, v)) for k, v in self.told.items())
        return number(1, 8) + block(7, graph) + block(8, number(2, 13)) + props


def fixed(output: np.ndarray, side: int = 64, told: dict[str, str] | None = None) -> bytes:
    """A network that always answers the same."""
    net = Net((1, 3, side, side), output.shape, told=told or {})
    net.add("Identity", [net.constant("answer", output.astype(np.float32))], "output0")
    return net.bytes()


def spots(side: int = 64, told: dict[str, str] | None = None) -> bytes:
    """A network of the family yolov8 with one class: boxes of three cells' side around cells that are red."""
    told = {"names": "{0: 'Smoke'}", "task": "detect", "imgsz": f"[{side}, {side}]"} if told is None else told
    cells = sum((side // s) ** 2 for s in (8, 16, 32))
    net = Net((1, 3, side, side), (1, 5, cells), told=told)
    net.constant("mix", np.array([1, -1, 0], np.float32).reshape(1, 3, 1, 1))
    net.add("Conv", ["images", "mix"], "red")
    boxes, scores = [], []
    for s in (8, 16, 32):
        net.add("AveragePool", ["red"], f"pool{s}", kernel_shape=[s, s], strides=[s, s])
        net.constant(f"flat{s}", np.array([1, 1, -1]))
        scores.append(net.add("Reshape", [f"pool{s}", f"flat{s}"], f"score{s}"))
        y, x = np.mgrid[0 : side // s, 0 : side // s] * s + s / 2
        boxes.append(np.stack([x.ravel(), y.ravel(), np.full(x.size, 3 * s), np.full(x.size, 3 * s)]))
    net.add("Concat", scores, "scores", axis=2)
    net.constant("boxes", np.concatenate(boxes, 1)[None].astype(np.float32))
    net.add("Concat", ["boxes", "scores"], "output0", axis=1)
    return net.bytes()
