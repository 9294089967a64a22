"""What a format hands over: pictures, what is said to be in them, and what its classes are to us."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

DROP = "-"  # a class of theirs that we do not know; what is there is not taught as nothing
NOTHING = ""  # a label that says there is nothing to find
ANY = "*"  # every class of theirs
CROWD = "a crowd"  # a fault: an area of many, without a box for each


@dataclass(frozen=True, slots=True)
class Theirs:
    """A box as the source has it: its class by name, left, top, right and bottom edge.

    Edges are shares of the picture or pixels (the left edge of the first column is 0), as its `Source` says.
    """

    name: str
    edges: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Source:
    """A picture; `boxes` is None where the source has no labels for it, and empty where it says there is nothing."""

    path: Path
    split: str  # of the source: train, val, test, or "" where it does not say
    boxes: tuple[Theirs, ...] | None
    in_px: bool = False
    size_px: tuple[int, int] | None = None  # width, height, where the labels tell
    fault: str = ""  # why the labels cannot be used


Read = Callable[[Path, "Counter[str]"], Iterator[Source]]


@dataclass(frozen=True, slots=True)
class Format:
    """How a set is read, and what its classes are to us: one of ours, DROP or NOTHING, by their name in small letters.

    `licence` is what its publishers are known to say; what the folder itself says is looked for in it.
    """

    read: Read
    classes: Mapping[str, str]
    licence: str = ""
    cite: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for beside the format's own table."""

    classes: Mapping[str, str] = field(default_factory=dict)  # their class -> ours or DROP
    others_are_empty: bool = False  # pictures with nothing but dropped objects teach that there is nothing
    unlabelled_are_empty: bool = False  # so do pictures without a label file


OURS: dict[str, str] = {
    "smoke": "smoke", "烟": "smoke", "烟雾": "smoke", "浓烟": "smoke",
    "dust": "dust", "扬尘": "dust", "粉尘": "dust",
    "outfall": "outfall", "sewage_outfall": "outfall", "sewage outfall": "outfall", "sewage-outfall": "outfall",
    "排污口": "outfall", "入河排污口": "outfall", "排口": "outfall",
    "marker": "marker", "标志板": "marker", "标靶": "marker",
    "fire": DROP, "flame": DROP, "火": DROP, "火焰": DROP,
}  # fmt: skip
"""Names that are plain in any set."""
