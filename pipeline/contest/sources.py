"""Where each rule of a plan comes from: the table [source]."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.contest.tables import plain_text
from pipeline.errors import ContestError

_NOT_RULES = {"id", "title", "kind"}


def sources_of(value: Any, where: str, path: str = "") -> dict[str, str]:
    """Flat: 'leg.drone.weight' -> sentence, from dotted keys, quoted keys and tables below [source] alike."""
    if not isinstance(value, dict) or path.count(".") > 2:
        raise ContestError(f"{where}: [source] holds one sentence a rule")
    found: dict[str, str] = {}
    for key, inner in value.items():
        name = f"{path}{key}"
        more = (
            sources_of(inner, where, f"{name}.") if isinstance(inner, dict) else {name: _sentence(inner, where, name)}
        )
        if found.keys() & more.keys():
            raise ContestError(f"{where}: [source] names {name} twice")
        found |= more
    return found


def _sentence(value: Any, where: str, name: str) -> str:
    return plain_text(value, f"{where}: [source] {name}")


def check_sources(value: Mapping[str, Any], sources: Mapping[str, str], where: str) -> None:
    """Raises ContestError for a rule that the file states without source, and for a source of no rule."""
    rules = list(_stated(value))
    known = {name for path in rules for name in (path, path.rpartition(".")[0])}
    for name in sources:
        if name not in known:
            raise ContestError(f"{where}: [source] names {name!r}, which is no rule of this plan")
    for path in rules:
        if path not in sources and path.rpartition(".")[0] not in sources:
            raise ContestError(f"{where}: {path} has no sentence in [source] that says where it comes from")


def _stated(value: Mapping[str, Any]) -> list[str]:
    """The rules that the file states: 'limits.hits', 'leg.drone.weight', …; the table's own name speaks for all."""
    plain = [f"{t}.{k}" for t in ("limits", "appeals", "tables") for k in value.get(t, {})]
    listed = [f"{t}.{entry['id']}.{k}" for t in ("leg", "manual") for entry in value.get(t, [])
              for k in entry if k not in _NOT_RULES]  # fmt: skip
    return plain + listed
