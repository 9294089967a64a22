"""What was read from a hit list, row by row, with what seems wrong about it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Protocol

from pipeline.errors import ScoreError
from pipeline.score.hits import Row, Submission, submission
from pipeline.words import word

COARSE_DEG = Fraction(1, 3600)  # a whole second is 31 m on the ground
_SHOWN = 10  # row numbers in one warning


class Limits(Protocol):
    """What a contest takes: `hits` rows and `bytes` of file at most."""

    @property
    def hits(self) -> int: ...

    @property
    def bytes(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Caps:
    """Limits where no contest gives any."""

    hits: int = 200
    bytes: int = 8 * 2**20


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that is taken, but that the team should look at."""

    row: int | None  # as the file counts; None: the whole list
    code: str  # key in pipeline.words.contest without its prefix "intake_warn_"
    text: str  # Chinese
    text_en: str

    def plain(self) -> dict[str, Any]:
        """For the ledger."""
        return {"row": self.row, "code": self.code, "text": self.text, "text_en": self.text_en}


def notice(code: str, row: int | None = None, **told: object) -> Notice:
    """A warning by its code, in both languages."""
    zh, en = (word(f"intake_warn_{code}", lang).format(**told) for lang in ("zh", "en"))
    return Notice(row, code, zh, en)


@dataclass(frozen=True, slots=True)
class Taken:
    """A hit list that was read. `rows` and `numbers` have the same length, in the order of the file."""

    name: str
    format: str  # geojson, csv, xlsx, kml, kmz, gpkg or typed
    data: bytes = field(repr=False)
    rows: tuple[Row, ...] = ()
    numbers: tuple[int, ...] = ()  # where each row stands in the file, as people count
    warnings: tuple[Notice, ...] = ()

    def hits(self) -> Submission:
        """The rows in the canonical form that is judged."""
        return submission(self.rows, self.name)


class Rows:
    """Rows as they are read: refuses one more than the cap, and an id that came before."""

    def __init__(self, name: str, kind: str, most: int) -> None:
        self.name, self.kind, self.most = name, kind, most
        self.rows: list[Row] = []
        self.numbers: list[int] = []
        self.notices: list[Notice] = []
        self._seen: dict[str, int] = {}
        self._sexagesimal: dict[int, bool] = {}  # row → whether to whole seconds only

    def add(self, number: int, row: Row) -> None:
        """Keep a hit; raises ScoreError with its number."""
        if len(self.rows) >= self.most:
            raise ScoreError(f"{self.name}: {self.kind} {number}: more than {self.most} hits")
        before = self._seen.setdefault(row.id, number) if row.id else number
        if before != number:
            raise ScoreError(f"{self.name}: {self.kind} {number}: has the id of {self.kind} {before}")
        self.rows.append(row)
        self.numbers.append(number)

    def note_dms(self, number: int, step_deg: Fraction) -> None:
        """Remember that a row's angle was converted, and what its last digit was worth."""
        self._sexagesimal[number] = self._sexagesimal.get(number, False) or step_deg >= COARSE_DEG

    def taken(self, form: str, data: bytes, more: Iterable[Notice] = ()) -> Taken:
        """All of it."""
        notices = (*more, *self.notices, *self._converted())
        return Taken(self.name, form, data, tuple(self.rows), tuple(self.numbers), notices)

    def _converted(self) -> list[Notice]:
        """One warning for all rows that were converted, one for those written too coarsely."""
        coarse = [n for n, is_coarse in self._sexagesimal.items() if is_coarse]
        told = (("dms_coarse", coarse), ("dms_read", list(self._sexagesimal)))
        return [notice(code, count=len(found), rows=_listed(found)) for code, found in told if found]


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers[:_SHOWN])) + (" …" if len(numbers) > _SHOWN else "")
