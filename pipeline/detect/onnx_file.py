"""A look into an ONNX file before anything runs it: nothing may be fetched from beside it.

ONNX is protocol buffers. Tensors may lie in other files ("external data"), whose paths a stranger chose; such a file
is refused. Only the messages that can hold tensors are walked, fields by number as in onnx.proto (IR version 10).
"""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.errors import ModelError

# message -> {field number: message inside it}
TREE = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "function": {7: "node", 11: "attribute"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {},
}
EXTERNAL_DATA, DATA_LOCATION = 13, 14
MOST_DEPTH, MOST_FIELDS = 40, 2_000_000
VARINT, EIGHT_BYTES, LENGTH, FOUR_BYTES = 0, 1, 2, 5


def refuse_external(data: bytes, name: str) -> None:
    """Raise ModelError when the file is not ONNX at all, or when a tensor of it lies in another file."""
    todo = [("model", 0, len(data), 0)]
    fields = graphs = 0
    while todo:
        message, start, end, depth = todo.pop()
        for number, wire, low, high in _fields(data, start, end, name):
            fields += 1
            if fields > MOST_FIELDS or depth > MOST_DEPTH:
                raise ModelError(f"{name}: no network of ours is built so deep; not read")
            if message == "tensor" and (number == EXTERNAL_DATA or (number == DATA_LOCATION and low)):
                raise ModelError(f"{name}: keeps weights in other files; only a file that holds all of them is used")
            inside = TREE[message].get(number)
            if inside is not None and wire == LENGTH:
                graphs += inside == "graph"
                todo.append((inside, low, high, depth + 1))
    if not graphs:
        raise ModelError(f"{name}: is not an ONNX file")


def _fields(data: bytes, at: int, end: int, name: str) -> Iterator[tuple[int, int, int, int]]:
    """(number, wire type, start, end) of each field; of a varint, its value in place of the start."""
    while at < end:
        tag, at = _varint(data, at, end, name)
        number, wire = tag >> 3, tag & 7
        if wire == VARINT:
            value, at = _varint(data, at, end, name)
            yield number, wire, value, at
            continue
        if wire == LENGTH:
            size, at = _varint(data, at, end, name)
        elif wire in (EIGHT_BYTES, FOUR_BYTES):
            size = 8 if wire == EIGHT_BYTES else 4
        else:
            raise ModelError(f"{name}: is not an ONNX file")
        if size > end - at:
            raise ModelError(f"{name}: is not an ONNX file, or only a part of one")
        yield number, wire, at, at + size
        at += size


def _varint(data: bytes, at: int, end: int, name: str) -> tuple[int, int]:
    value = shift = 0
    while at < end and shift < 70:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:
            return value, at
        shift += 7
    raise ModelError(f"{name}: is not an ONNX file, or only a part of one")
