"""What is hashed: canonical JSON (UTF-8 NFC, sorted keys, no floats), and the roundings that lead to it."""

from __future__ import annotations

import hashlib
import json
import math
import unicodedata
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
_BLOCK = 10_000


def canonical_json(value: Any) -> bytes:
    """Bytes that are equal on every machine for equal values.

    Strings (keys too) are NFC, keys sorted by code point, no spaces, no escapes beyond JSON's own; integers,
    strings, booleans, None, lists, tuples and mappings only.

    Raises:
        TypeError: a float or another type is inside.
        ValueError: two keys of one mapping are equal once normalised.
    """
    return _dumps(_plain(value))


def digest(value: Any) -> str:
    """SHA-256 of `canonical_json(value)`, in hex."""
    return hashlib.sha256(canonical_json(value)).hexdigest()


def digest_of_plain(value: Any) -> str:
    """`digest` of a value known to hold no floats and only NFC strings: a hundred thousand rows in a blink."""
    return hashlib.sha256(_dumps(value)).hexdigest()


def digest_of_rows(columns: list[str], rows: Iterable[Any]) -> str:
    """`digest_of_plain({"columns": columns, "rows": [*rows], "schema_version": 1})`, a block of rows at a time."""
    found = hashlib.sha256(b'{"columns":' + _dumps(columns) + b',"rows":[')
    left = iter(rows)
    between = b""
    while block := list(islice(left, _BLOCK)):
        found.update(between + _dumps(block)[1:-1])
        between = b","
    found.update(b'],"schema_version":1}')
    return found.hexdigest()


def _dumps(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def nfc(text: str) -> str:
    """The text in Unicode's normal form C."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def _plain(value: Any) -> Any:
    kind = type(value)
    if kind is int or kind is bool or value is None:
        return value
    if kind is str:
        return nfc(value)
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if isinstance(value, Mapping):
        return _plain_mapping(value)
    raise TypeError(f"canonical JSON holds no {kind.__name__}")


def _plain_mapping(value: Mapping[Any, Any]) -> dict[str, Any]:
    if not all(isinstance(k, str) for k in value):
        raise TypeError("canonical JSON has only strings for keys")
    out = {nfc(k): _plain(v) for k, v in value.items()}
    if len(out) != len(value):
        raise ValueError("two keys are the same once normalised")
    return out


def half_up(value: float) -> int:
    """Nearest integer, halves towards plus infinity (Python's `round` takes them to the even side)."""
    whole = math.floor(value)  # value + 0.5 would itself round: the largest number below a half would become 1
    return whole + int(value - whole >= 0.5)


def half_up_array(values: npt.ArrayLike) -> Ints:
    """`half_up` of each element, (N,) int64."""
    given = np.asarray(values, dtype=np.float64)
    whole = np.floor(given)
    rounded: Ints = whole.astype(np.int64) + (given - whole >= 0.5)
    return rounded


def ratio_ppm(part: int, whole: int) -> int | None:
    """part / whole in millionths, rounded half up; None when there is no whole."""
    return None if whole == 0 else (2_000_000 * part + whole) // (2 * whole)
