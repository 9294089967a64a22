"""One table of a TOML file, read strictly: each value of the type and size it must have, and no key unknown."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from pipeline.errors import ContestError

MAX_TEXT = 200
_ID = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_-]{0,30}[A-Za-z0-9])?", re.ASCII)
_DEVICES = {"con", "prn", "aux", "nul"} | {f"{name}{n}" for name in ("com", "lpt") for n in range(10)}


class Table:
    """The keys of one table; `where` begins each sentence, as in 'contest.toml: leg 2'."""

    def __init__(self, value: Any, where: str) -> None:
        if not isinstance(value, Mapping):
            raise ContestError(f"{where}: is not a table")
        self.value, self.where = value, where
        self.read: set[str] = set()

    def wrong(self, what: str) -> ContestError:
        """The error to raise."""
        return ContestError(f"{self.where}: {what}")

    def has(self, name: str) -> bool:
        """Whether the key is there."""
        return name in self.value

    def raw(self, name: str, default: Any = None) -> Any:
        """The value as it stands."""
        self.read.add(name)
        return self.value.get(name, default)

    def text(self, name: str, default: str | None = None) -> str:
        """Printable text of at most 200 characters, not empty."""
        return plain_text(self.raw(name, default), f"{self.where}: {name}")

    def id(self, name: str = "id") -> str:
        """An id that is also a safe file name everywhere."""
        return safe_id(self.raw(name), f"{self.where}: {name}")

    def whole(self, name: str, low: int, high: int, default: int | None = None) -> int:
        """A whole number within [low, high]."""
        value = self.raw(name, default)
        if type(value) is not int or not low <= value <= high:
            raise self.wrong(f"{name} must be a whole number from {low} to {high}")
        return value

    def maybe_whole(self, name: str, low: int, high: int) -> int | None:
        """The same, or None where it is not given."""
        return self.whole(name, low, high) if self.has(name) else None

    def degrees(self, name: str, bound: float) -> float:
        """A number of degrees within ±bound."""
        value = self.raw(name)
        if type(value) not in (int, float) or not -bound <= value <= bound:
            raise self.wrong(f"{name} must be a number of degrees from {-bound:g} to {bound:g}")
        return float(value)

    def flag(self, name: str, default: bool) -> bool:
        """true or false."""
        value = self.raw(name, default)
        if type(value) is not bool:
            raise self.wrong(f"{name} must be true or false")
        return value

    def choice(self, name: str, allowed: tuple[str, ...], default: str | None = None) -> str:
        """One of the words allowed."""
        value = self.raw(name, default)
        if value not in allowed:
            raise self.wrong(f"{name} must be one of {', '.join(allowed)}")
        return str(value)

    def table(self, name: str) -> Table:
        """The table of that name; an empty one where there is none."""
        return Table(self.raw(name, {}), f"{self.where}: [{name}]")

    def tables(self, name: str) -> list[Table]:
        """The tables [[name]] in their order."""
        value = self.raw(name, [])
        if not isinstance(value, list):
            raise self.wrong(f"{name} must be written [[{name}]]")
        return [Table(v, f"{self.where}: {name} {n}") for n, v in enumerate(value, 1)]

    def done(self) -> None:
        """Raises ContestError when a key was never asked for."""
        unknown = sorted(set(self.value) - self.read)
        if unknown:
            raise self.wrong(f"there is no rule called {unknown[0]!r} here")


def plain_text(value: Any, where: str) -> str:
    """NFC text of 1 to 200 printable characters without blanks around it; ContestError otherwise."""
    if not isinstance(value, str):
        raise ContestError(f"{where} is missing" if value is None else f"{where} is not text")
    text = unicodedata.normalize("NFC", value.strip())
    if not text or len(text) > MAX_TEXT or not text.isprintable():
        raise ContestError(f"{where} is empty, longer than {MAX_TEXT} characters or not printable")
    return text


def safe_id(value: Any, where: str) -> str:
    """Letters, digits, '-' and '_' (ASCII, at most 32), no device name of Windows; ContestError otherwise."""
    if not isinstance(value, str) or not _ID.fullmatch(value) or value.lower() in _DEVICES:
        raise ContestError(f"{where} must be 1 to 32 letters and digits, with - or _ between them")
    return value
