"""Hits against hidden targets: `judge(read_hits(…), read_targets(…), read_rules(…))`.

Nothing that searches may import this package. Names are loaded on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.score.canonical import canonical_json
    from pipeline.score.hits import Submission, hits_of, read_hits
    from pipeline.score.rules import read_rules
    from pipeline.score.sheet import result, score_table
    from pipeline.score.targets import read_targets, targets_of
    from pipeline.score.verdict import judge

__all__ = [
    "Submission",
    "canonical_json",
    "hits_of",
    "judge",
    "read_hits",
    "read_rules",
    "read_targets",
    "result",
    "score_table",
    "targets_of",
]

_HOME = {
    "Submission": "hits",
    "canonical_json": "canonical",
    "hits_of": "hits",
    "judge": "verdict",
    "read_hits": "hits",
    "read_rules": "rules",
    "read_targets": "targets",
    "result": "sheet",
    "score_table": "sheet",
    "targets_of": "targets",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
