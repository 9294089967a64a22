"""What only eyes can tell about the scenes of labelled pictures: a TOML table of names, no pictures.

    joins = [["smoke/images/a.jpg", "smoke/images/b.jpg"]]  # of one list: one scene, with all the rule put to each
    apart = [["smoke/images/c.jpg"]]                        # of one list: the rule joins none to a picture outside
    left_out = ["smoke/images/d.jpg"]                       # no part of the data set: never learned from, nor asked

A name is the end of a picture's path, in whole parts, and fits one picture.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.errors import MissionError

MAX_BYTES = 4 * 1024 * 1024
KEYS = ("joins", "apart", "left_out")
Names = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SceneTable:
    """Lists of names; see the module's head."""

    joins: tuple[Names, ...] = ()
    apart: tuple[Names, ...] = ()
    left_out: Names = ()

    def kept(self, paths: Sequence[Path]) -> list[int]:
        """Indices of the pictures that are not left out, in order; raises MissionError for a name that fits none."""
        dropped = set(indices(self.left_out, paths))
        return [i for i in range(len(paths)) if i not in dropped]

    def joined(self, paths: Sequence[Path]) -> list[list[int]]:
        """Indices of the pictures of each list that is one scene."""
        return [indices(names, paths) for names in self.joins]

    def parted(self, paths: Sequence[Path]) -> list[int]:
        """A number for each picture: the rule joins only pictures of the same number."""
        part = [0] * len(paths)
        for number, names in enumerate(self.apart, 1):
            for i in indices(names, paths):
                part[i] = number
        return part


BY_RULE = SceneTable()  # nothing was looked through


def indices(names: Names, paths: Sequence[Path]) -> list[int]:
    """Which picture each name means; raises MissionError for one that fits none or several."""
    found = []
    for name in names:
        fits = [i for i, path in enumerate(paths) if f"/{path.as_posix()}".endswith(f"/{name}")]
        if len(fits) != 1:
            raise MissionError(f"the table of scenes names {name}, which fits {len(fits)} pictures, not one")
        found += fits
    return found


def read_scene_table(path: Path) -> SceneTable:
    """A table from a file; raises MissionError for one that cannot be read or holds something else."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise MissionError(f"{path}: a table of scenes of more than {MAX_BYTES // 1024**2} MB is not read")
        told = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except (OSError, ValueError, RecursionError) as why:
        raise MissionError(f"{path}: cannot be read as TOML ({why})") from why
    unknown = sorted(set(told) - set(KEYS))
    if unknown:
        raise MissionError(f"{path}: has {unknown[0]!r}; a table of scenes has {', '.join(KEYS)}")
    joins, apart = (_lists(told.get(key, []), f"{path}: {key}") for key in KEYS[:2])
    return SceneTable(joins, apart, _names(told.get("left_out", []), f"{path}: left_out"))


def _lists(value: Any, where: str) -> tuple[Names, ...]:
    if not isinstance(value, list):
        raise MissionError(f"{where}: is no list of lists of names")
    return tuple(_names(part, where) for part in value)


def _names(value: Any, where: str) -> Names:
    if not isinstance(value, list) or not all(isinstance(name, str) and name for name in value):
        raise MissionError(f"{where}: is no list of names")
    return tuple(value)
