"""What a sheet says, before it is a PDF or a page of HTML: blocks of plain text, and drawings by name.

A block is a mapping with `kind`; both renderers know the same kinds, and neither decides anything.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipeline.report.sheet_text import GAP, plain_text
from pipeline.words import Lang

# A digest is copied whole: the place to break a long word stays out of it.
_DIGEST = re.compile(f"([0-9a-f]{{40}}){GAP}([0-9a-f]{{24}})(?![0-9a-f])")
Block = dict[str, Any]
Rows = Sequence[Sequence[str]]


@dataclass(slots=True)
class Page:
    """One sheet. `foot`: two lines that stand under every page of paper."""

    lang: Lang
    title: str
    notice: str
    foot: tuple[str, str]
    blocks: list[Block] = field(default_factory=list)
    drawings: dict[str, str] = field(default_factory=dict)  # SVG by name
    flipped: bool = False  # paper on its side

    def draw(self, svg: str) -> str:
        """Keep a drawing; its name."""
        name = f"d{len(self.drawings)}.svg"
        self.drawings[name] = svg
        return name

    def data(self) -> dict[str, Any]:
        """All texts cleaned of what cannot be seen or turns the line; the drawings are not part of it."""
        plain = {"lang": self.lang, "title": self.title, "notice": self.notice, "foot": list(self.foot),
                 "flipped": self.flipped}  # fmt: skip
        cleaned: dict[str, Any] = _clean({**plain, "blocks": self.blocks})
        return cleaned


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return _DIGEST.sub(r"\1\2", plain_text(value))
    if isinstance(value, Mapping):
        return {key: _clean(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_clean(item) for item in value]
    return value


def heading(text: str, level: int = 2) -> Block:
    """A band (level 2: a part of the sheet; 3: within a part)."""
    return {"kind": "heading", "text": text, "level": level}


def banner(name: str, under: Sequence[str], points: str, most: str, place: str, sure: str) -> Block:
    """The head of a sheet: whose it is, the points and the place."""
    return {"kind": "banner", "name": name, "under": list(under), "points": points, "most": most, "place": place,
            "sure": sure}  # fmt: skip


def facts(rows: Rows) -> Block:
    """Names and what stands for each; rows without a value are left out."""
    return {"kind": "facts", "rows": [list(r) for r in rows if r[1]]}


def table(head: Sequence[str], rows: Rows, align: str, wide: Mapping[int, int], name: str) -> Block:
    """align: one letter a column, l or r; wide: by column its share of what width is left; name: for screen readers."""
    return {"kind": "table", "head": list(head), "rows": [list(r) for r in rows], "align": align, "name": name,
            "wide": [wide.get(column, 0) for column in range(len(head))]}  # fmt: skip


def steps(rows: Rows) -> Block:
    """Arithmetic: (what is done, what comes of it)."""
    return {"kind": "steps", "rows": [list(r) for r in rows]}


def figure(drawing: str, caption: str) -> Block:
    return {"kind": "figure", "drawing": drawing, "caption": caption}


def cards(found: Sequence[Block]) -> Block:
    return {"kind": "cards", "cards": list(found)}


def card(drawing: str, title: str, badge: str, good: bool, points: str, lines: Sequence[str]) -> Block:
    """A small map with what it shows in words."""
    return {"drawing": drawing, "title": title, "badge": badge, "good": good, "points": points, "lines": list(lines)}


def note(text: str, lead: bool = False) -> Block:
    """A line in small print; `lead`: it stays with what follows it."""
    return {"kind": "note", "text": text, "lead": lead}


def masthead(under: Sequence[str]) -> Block:
    """The head of a sheet that is nobody's own: the page's title, and lines below it."""
    return {"kind": "masthead", "under": list(under)}


def signatures(who: Sequence[str]) -> Block:
    """Lines to sign on."""
    return {"kind": "signatures", "who": list(who)}


def new_page() -> Block:
    return {"kind": "break"}
