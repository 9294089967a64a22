"""Reading TOML tables strictly: a wrong key or kind of value is refused in one sentence that names it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.errors import MissionError


@dataclass(frozen=True, slots=True)
class Table:
    """One TOML table, with the words to name it in an error."""

    values: Mapping[str, Any]
    where: str  # "mission.toml: [camera]"

    @classmethod
    def of(cls, value: Any, where: str, keys: Iterable[str]) -> Table:
        """A table that holds no keys but these; raises MissionError."""
        if not isinstance(value, dict):
            raise MissionError(f"{where} has to be a table")
        known = list(keys)
        for key in value:
            if key not in known:
                raise MissionError(f"{where}: there is no key {key!r}; there are: {', '.join(known)}")
        return cls(value, where)

    def refuse(self, key: str, what: str) -> MissionError:
        """The error that says what a key has to be."""
        return MissionError(f"{self.where}: {key} has to be {what}")

    def text(self, key: str) -> str:
        """A string, empty when absent."""
        value = self.values.get(key, "")
        if not isinstance(value, str) or len(value) > 4096:
            raise self.refuse(key, "a string")
        return value

    def number(self, key: str, low: float = -math.inf, high: float = math.inf) -> float | None:
        """A finite number between `low` and `high`, None when absent."""
        value = self.values.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise self.refuse(key, "a number")
        if not low <= value <= high:
            raise self.refuse(key, f"between {low:g} and {high:g}")
        return float(value)

    def needed(self, key: str, low: float = -math.inf, high: float = math.inf) -> float:
        """A number that may not be absent."""
        value = self.number(key, low, high)
        if value is None:
            raise MissionError(f"{self.where}: {key} is missing")
        return value

    def numbers(self, key: str, count: int) -> tuple[float, ...] | None:
        """A list of exactly `count` finite numbers, None when absent."""
        value = self.values.get(key)
        if value is None:
            return None
        right = isinstance(value, list) and len(value) == count
        if not right or not all(isinstance(v, int | float) and not isinstance(v, bool) for v in value):
            raise self.refuse(key, f"a list of {count} numbers")
        if not all(math.isfinite(v) for v in value):
            raise self.refuse(key, f"a list of {count} numbers")
        return tuple(float(v) for v in value)

    def choice(self, key: str, allowed: Iterable[str]) -> str | None:
        """One of some words, None when absent."""
        value = self.text(key) or None
        words = list(allowed)
        if value is not None and value not in words:
            raise self.refuse(key, f"one of {', '.join(words)}")
        return value
