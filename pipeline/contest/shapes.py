"""The shape of each kind of event: which keys its body must hold, of which type. Further keys are allowed."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from pipeline.contest.records import CLOCKS, ROLES
from pipeline.errors import ContestError

Test = Callable[[Any], bool]
_HEX = re.compile(r"[0-9a-f]*", re.ASCII)
LONG_TEXT = 4000


def _text(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= LONG_TEXT


def _maybe_text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= LONG_TEXT


def _hex(length: int) -> Test:
    return lambda value: isinstance(value, str) and len(value) == length and bool(_HEX.fullmatch(value))


def _whole(low: int, high: int = 2**53) -> Test:
    return lambda value: type(value) is int and low <= value <= high


def _one_of(*allowed: str) -> Test:
    return lambda value: value in allowed


def _list_of(test: Test) -> Test:
    return lambda value: isinstance(value, (list, tuple)) and all(test(v) for v in value)


def _map_of(test: Test) -> Test:
    return lambda value: isinstance(value, Mapping) and all(isinstance(k, str) and test(v) for k, v in value.items())


def _maybe(test: Test) -> Test:
    return lambda value: value is None or test(value)


def _flag(value: Any) -> bool:
    return type(value) is bool


def _mapping(value: Any) -> bool:
    return isinstance(value, Mapping)


def _desk(value: Any) -> bool:
    return isinstance(value, Mapping) and SHA(value.get("key")) and _text(value.get("name"))


SHA = _hex(64)
is_nonce = _hex(32)
SIGNED: dict[str, Test] = {"nonce": is_nonce, "approved": _list_of(_map_of(_text))}
_PLACE: dict[str, Test] = {"leg": _text, "field": _text}
_SLOT: dict[str, Test] = {"leg": _text, "entrant": _text}

BODIES: dict[str, dict[str, Test]] = {
    "contest": {"id": _text, "name": _text, "software": _text, "plan": SHA, "rules": _map_of(SHA),
                "desk": _desk},
    "official": {"name": _text, "key": SHA, "role": _one_of(*ROLES)},
    "entrants": {"object": SHA, "teams": _whole(1), "persons": _whole(0)},
    "draw-commit": {"draw": _text, "commitment": SHA},
    "draw": {"draw": _text, "secret": SHA, "contributions": _list_of(_text), "order": _list_of(_text),
             "fields": _map_of(_text)},
    "seal": {**_PLACE, "count": _whole(1), "root": SHA, "commitments": SHA, "vault_sha256": SHA,
             "rules_digest": SHA, "survey": _mapping, "surveyed": _list_of(_map_of(_text)),
             "holders": _list_of(_text)},
    "open": _PLACE,
    "clock": {**_SLOT, "clock": _one_of(*CLOCKS), "act": _one_of("start", "pause", "resume", "stop"),
              "why": _maybe_text},
    "clock-void": {**_SLOT, "clock": _one_of(*CLOCKS), "why": _text, **SIGNED},
    "card": {**_SLOT, "manifest": SHA, "files": _whole(0), "bytes": _whole(0)},
    "submission": {**_PLACE, **_SLOT, "number": _whole(1), "object": SHA, "bytes": _whole(0), "format": _text,
                   "hits": _whole(0), "hits_digest": SHA, "canonical": SHA, "warnings": _list_of(_mapping),
                   "late": _flag, "elapsed_ms": _maybe(_whole(0))},
    "refused": {**_PLACE, **_SLOT, "object": SHA, "bytes": _whole(0), "format": _maybe_text, "reason": _text},
    "manual": {**_SLOT, "rule": _text, "why": _text, **SIGNED},
    "overrule": {**_SLOT, "hit": _text, "evidence": _flag, "why": _text, **SIGNED},
    "marks": {"leg": _text, "object": SHA, "rows": _whole(1)},
    "panel-entry": {**_SLOT, "judge": SHA, "commitment": SHA, "box": SHA, **SIGNED},
    "panel-void": {**_SLOT, "judge": SHA, "why": _text, **SIGNED},
    "panel": {"leg": _text, "object": SHA},
    "close": _PLACE,
    "reveal": {**_PLACE, "object": SHA},
    "judged": {"set": _whole(1), "object": SHA, "state": _one_of("applied")},
    "rejudge": {"set": _whole(1), "object": SHA, "diff": SHA, "why": _text, "state": _one_of("proposed")},
    "rejudge-apply": {"set": _whole(1), **SIGNED},
    "rejudge-cancel": {"set": _whole(1), **SIGNED},
    "appeal": {"number": _whole(1), **_SLOT, "text": _text, "by": _text},
    "appeal-decision": {"number": _whole(1), "decision": _one_of("upheld", "rejected"), "why": _text, **SIGNED},
    "restored": {"machine": _text},
    "machine": {"key": SHA, "name": _text},
    "recovered": {"bytes": _whole(1), "sha256": SHA},
    "head": {"at": _text},
    "final": {"set": _whole(1), "head": SHA, "manifest": _map_of(SHA), **SIGNED},
}  # fmt: skip


OPTIONAL: dict[str, dict[str, Test]] = {
    "official": SIGNED,
    "entrants": SIGNED,
    "draw-commit": SIGNED,
    "marks": SIGNED,
    "manual": {"points_u": _whole(-(2**53))},
    "judged": {"why": _maybe_text},
    "appeal": {"late": _flag, "deadline_ms": _whole(0)},
    "appeal-decision": {"overdue": _flag},
    "final": {"override": _maybe_text},
}
_ALWAYS: dict[str, Test] = {"clock_back_ms": _whole(1)}  # what the ledger itself adds


def known_keys(kind: str) -> set[str]:
    """The keys of a body that mean something; others are kept and mean nothing."""
    return BODIES[kind].keys() | OPTIONAL.get(kind, {}).keys()


def check_shape(kind: str, body: Mapping[str, Any]) -> None:
    """Raises ContestError for an unknown kind, a key that is missing, or one of the wrong type or size."""
    if kind not in BODIES:
        raise ContestError(f"there is no event called {kind!r}")
    for name in BODIES[kind]:
        if name not in body:
            raise ContestError(f"the event {kind} lacks {name}")
    for name, test in (BODIES[kind] | OPTIONAL.get(kind, {}) | _ALWAYS).items():
        if name in body and not test(body[name]):
            raise ContestError(f"the event {kind} has a {name} that makes no sense")
