"""The rule books of a contest's drone legs: from the plan's folder at the start, from stored bytes ever after."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from pipeline.contest.plan import Leg, Plan, plan_bytes
from pipeline.errors import ContestError
from pipeline.score.rules import PROFILES, profiles, read_rules, rules_digest, rules_of
from pipeline.types import Rules

_NOT_RULES = {"name", "version", "notice", "schema_version", "source"}


def read_rule_books(plan: Plan, folder: Path) -> dict[str, bytes]:
    """{leg id: bytes of its rules file} of the drone legs; files lie beside the plan, in `folder`.

    Raises:
        ContestError: a file is missing, too large, or `contest_rules` refuses it.
    """
    return {leg.id: _book(leg, folder) for leg in plan.legs if leg.kind == "drone"}


def _book(leg: Leg, folder: Path) -> bytes:
    data = plan_bytes(PROFILES / f"{leg.rules}.toml" if leg.rules in profiles() else folder / leg.rules)
    contest_rules(data, f"leg {leg.id}: {leg.rules}")
    return data


def stored_rules(data: bytes, name: str) -> Rules:
    """The rules in the bytes of a rules file that states `evidence`.

    All that a ledger is held to: what compares with this program's own profiles is asked once, when a contest is made,
    since a later version may bring other profiles.

    Raises:
        ContestError: `evidence` is not stated.
        ScoreError: malformed, as `read_rules` says.
    """
    text = _text(data, name)
    if "evidence" not in _table(text, name):
        raise ContestError(f"{name}: must say evidence = true or evidence = false; a contest decides that itself")
    return rules_of(text, name)


def contest_rules(data: bytes, name: str) -> Rules:
    """The rules in the bytes of a rules file that a new contest may use.

    Raises:
        ContestError: `evidence` is not stated, a number that differs from `drill-example` has no source, or the book
            bears a profile's name with other numbers.
        ScoreError: malformed, as `read_rules` says.
    """
    rules, table = stored_rules(data, name), _table(_text(data, name), name)
    sources, usual = dict(rules.sources), read_rules("drill-example")
    for rule in sorted(table.keys() - _NOT_RULES):
        if getattr(rules, rule) != getattr(usual, rule) and not sources.get(rule, "").strip():
            raise ContestError(f"{name}: {rule} differs from drill-example and has no sentence in [source]")
    if rules.name in profiles() and rules_digest(rules) != rules_digest(read_rules(rules.name)):
        raise ContestError(f"{name}: is not the profile {rules.name!r} any more; give it a name of its own")
    return rules


def _table(text: str, name: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError):
        raise ContestError(f"{name}: is not TOML") from None


def _text(data: bytes, name: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ContestError(f"{name}: is not UTF-8 text") from None
