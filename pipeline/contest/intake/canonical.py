"""The hit list that is judged, as bytes: canonical JSON whose SHA-256 is the list's digest."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from pipeline.errors import ContestError
from pipeline.score.canonical import Ints, canonical_json
from pipeline.score.evidence import Evidence
from pipeline.score.hits import NONE, Row, Submission


def canonical_hits(hits: Submission) -> bytes:
    """Canonical JSON {"columns", "rows", "schema_version"}; its SHA-256 equals `hits.digest()`."""
    return canonical_json({"columns": list(Row._fields), "rows": list(hits.rows()), "schema_version": 1})


def read_canonical(data: bytes) -> Submission:
    """The list again, equal to the last bit.

    Raises:
        ContestError: these bytes are no canonical hit list.
    """
    try:
        whole = json.loads(data)
        if whole["columns"] != list(Row._fields) or whole["schema_version"] != 1:
            raise ValueError
        hits = _submission(whole["rows"])
    except (ValueError, KeyError, TypeError, IndexError, RecursionError):
        raise ContestError("an object that should be a canonical hit list is none") from None
    if canonical_hits(hits) != data:
        raise ContestError("an object that should be a canonical hit list is not in canonical form")
    return hits


def _submission(rows: Sequence[Sequence[Any]]) -> Submission:
    columns: list[tuple[Any, ...]] = list(zip(*rows, strict=True)) if rows else [()] * len(Row._fields)
    ids, labels, *numbers, evidence, attributes = columns
    lat, lon, confidence, r90, first, last = (_column(c) for c in numbers)
    entries = tuple(tuple(_entry(e) for e in listed) for listed in evidence)
    extra = tuple(tuple((str(k), str(v)) for k, v in listed) for listed in attributes)
    return Submission(ids, labels, lat, lon, confidence, r90, first, last, entries, extra)


def _column(values: Sequence[int | None]) -> Ints:
    if not all(v is None or type(v) is int for v in values):
        raise TypeError
    return np.array([NONE if v is None else v for v in values], dtype=np.int64)


def _entry(plain: Sequence[Any]) -> Evidence:
    sha256, t_ms, point, crop, sharpness = plain
    return Evidence(sha256, t_ms, _tuple(point), _tuple(crop), sharpness)


def _tuple(values: Sequence[int] | None) -> tuple[int, ...] | None:
    return None if values is None else tuple(values)
