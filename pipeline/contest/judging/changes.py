"""What a rejudge may change beside what the ledger says itself: a leg's rules, and targets that no longer count."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Void = tuple[str, str, str]  # leg, field, target


@dataclass(frozen=True, slots=True)
class Changes:
    """Against the plan, all of them: each set of results names its own whole list."""

    rules: Mapping[str, str] = field(default_factory=dict)  # leg -> object of its new rules file
    voided: frozenset[Void] = frozenset()

    def plain(self) -> dict[str, Any]:
        """For results and for the ledger."""
        return {"rules": dict(sorted(self.rules.items())), "voided": [list(v) for v in sorted(self.voided)]}

    def and_more(self, rules: Mapping[str, str], void: Sequence[Void], restore: Sequence[Void]) -> Changes:
        """The same with new rules, targets voided, and voided ones that count again."""
        return Changes({**self.rules, **rules}, self.voided.union(void) - frozenset(restore))

    def of_field(self, leg: str, field_name: str) -> frozenset[str]:
        """The targets of a field that do not count."""
        return frozenset(t for where, place, t in self.voided if (where, place) == (leg, field_name))


def changes_of(results: Mapping[str, Any]) -> Changes:
    """The changes that a set of results was computed with."""
    plain = results["changes"]
    return Changes(dict(plain["rules"]), frozenset((v[0], v[1], v[2]) for v in plain["voided"]))
