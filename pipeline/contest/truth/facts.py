"""What a target is beside where it is: class, weight, r90, and when it could be seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Set
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pipeline.contest.truth import cells
from pipeline.contest.truth.occupations import Mean
from pipeline.contest.truth.reading import read_table
from pipeline.errors import ContestError
from pipeline.score.strict import MAX_TEXT
from pipeline.score.targets import MAX_WEIGHT
from pipeline.words import CLASSES

FACTS = ("class", "code", "weight", "r90_m", "visible_from", "visible_to")
MOST_R90_M = 100.0


def read_details(path: Path | None, names: Set[str]) -> dict[str, Mapping[str, str]]:
    """Facts by point name from a table without coordinates; ContestError for a name that nobody measured."""
    if path is None:
        return {}
    table = read_table(Path(path))
    found: dict[str, Mapping[str, str]] = {}
    for line in table.lines:
        name = cells.plain_name(line)
        if name not in names:
            raise line.wrong(f"there is no target {name!r} in the survey")
        if name in found:
            raise line.wrong(f"target {name!r} is told twice")
        found[name] = {k: line.cells[k] for k in FACTS if k in line.cells}
    return found


def target_facts(mean: Mean, details: Mapping[str, str], zone: ZoneInfo) -> dict[str, Any]:
    """The fields of a `Target` beside id and place; what `details` say goes before what the survey's rows say."""
    place = Place("target", mean.name)
    told = {**_agreed(place, mean), **details}
    first, last = (_time_ms(place, told, k, zone) for k in ("visible_from", "visible_to"))
    if first is not None and last is not None and first > last:
        raise place.wrong("visible_from is after visible_to")
    return {
        "label": _label(place, told),
        "weight": _weight(place, told),
        "r90_m": mean.r90_m if "r90_m" not in told else _r90_m(place, told["r90_m"]),
        "visible_from_ms": first,
        "visible_to_ms": last,
    }


def _agreed(place: Place, mean: Mean) -> dict[str, str]:
    """What both rows say; ContestError where they differ."""
    first, second = (o.facts for o in mean.pair)
    for key in FACTS:
        if key in first and key in second and first[key] != second[key]:
            raise place.wrong(f"its two occupations differ in {key}")
    return {**first, **second}


def _label(place: Place, told: Mapping[str, str]) -> str:
    """The class path; a class in the catalogue's words becomes its path. Without a class the code is it."""
    text = told.get("class", told.get("code"))
    if text is None:
        raise place.wrong("has no class (类别 or 编码); give one in the survey or in the details")
    label = class_paths().get(text.strip().casefold(), text.strip())
    if not all(label.split("/")) or not label.isprintable() or len(label) > MAX_TEXT:
        raise place.wrong("its class is no path such as outfall/industrial")
    return label


@lru_cache(maxsize=1)
def class_paths() -> Mapping[str, str]:
    """Words of the catalogue, Chinese and English -> class path; words that two classes share are left out."""
    pairs = [(word.casefold(), path) for path, words in CLASSES.items() for word in dict.fromkeys(words)]
    shared = {word for word, n in Counter(word for word, _ in pairs).items() if n > 1}
    return {word: path for word, path in pairs if word not in shared}


def _weight(place: Place, told: Mapping[str, str]) -> int:
    text = told.get("weight", "1")
    if not (text.isascii() and text.isdigit() and len(text) <= 7 and 1 <= int(text) <= MAX_WEIGHT):
        raise place.wrong(f"its weight is not a whole number from 1 to {MAX_WEIGHT}")
    return int(text)


def _r90_m(place: Place, text: str) -> float:
    value = cells.plain_number(text)
    if value is None or not 0 <= value <= MOST_R90_M:
        raise place.wrong(f"its r90 is not a number of metres from 0 to {MOST_R90_M:g}")
    return value


def _time_ms(place: Place, told: Mapping[str, str], key: str, zone: ZoneInfo) -> int | None:
    if key not in told:
        return None
    found = cells.moment_ms(told[key], zone)
    if found is None:
        raise place.wrong(f"{key} is not a date with a time, such as 2026-05-01 09:30:00")
    return found


@dataclass(frozen=True, slots=True)
class Place:
    """For sentences."""

    kind: str
    name: str

    def wrong(self, what: str) -> ContestError:
        """The error to raise."""
        return ContestError(f"{self.kind} {self.name!r}: {what}")
