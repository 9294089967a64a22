"""The signs of the maps: told apart by their shape, not by their colour alone."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.contest.maps.svg import Place, circle, line, rectangle, rings, text, width_of
from pipeline.words import Lang, word

INK, QUIET, FOUND, MISSED, EXTRA, IGNORED = "#1f4e5f", "#5d666d", "#16704f", "#b3261e", "#a8590b", "#6b7280"
PAPER, GRID = "#fbfcfc", "#dfe5e8"
KEYS = ("found", "missed", "taken", "extra", "ignored", "gate", "area")


def found(at: Place, size: float = 5.0) -> str:
    """A target that was found: a full disc in a ring."""
    return circle(at, size, f'fill="{FOUND}" stroke="#fff" stroke-width="1.2"') + circle(
        at, size + 2.6, f'fill="none" stroke="{FOUND}" stroke-width="1.3"'
    )


def missed(at: Place, size: float = 5.5) -> str:
    """A target that nobody took: an open square with its diagonals."""
    x, y = at
    style = f'stroke="{MISSED}" stroke-width="1.8"'
    return (
        rectangle(x - size, y - size, 2 * size, 2 * size, f'fill="#fff" {style}')
        + line((x - size, y - size), (x + size, y + size), style)
        + line((x - size, y + size), (x + size, y - size), style)
    )


def taken(at: Place, size: float = 4.2) -> str:
    """A hit that took a target: a full triangle."""
    x, y = at
    corners = [(x, y - size), (x + size, y + size * 0.8), (x - size, y + size * 0.8)]
    return rings([corners], f'fill="{INK}" stroke="#fff" stroke-width="1"')


def extra(at: Place, size: float = 4.2) -> str:
    """A hit that took nothing: a cross."""
    x, y = at
    style = f'stroke="{EXTRA}" stroke-width="2.2" stroke-linecap="round"'
    return line((x - size, y - size), (x + size, y + size), style) + line(
        (x - size, y + size), (x + size, y - size), style
    )


def ignored(at: Place, size: float = 3.6) -> str:
    """A hit that does not count: a small open circle."""
    return circle(at, size, f'fill="#fff" stroke="{IGNORED}" stroke-width="1.6"')


def colour(fate: str) -> str:
    """Of a hit's name."""
    return {"taken": INK, "extra": EXTRA, "ignored": IGNORED}[fate]


def voided(at: Place, size: float = 5.5) -> str:
    """A target that no longer counts: an open square."""
    x, y = at
    return rectangle(x - size, y - size, 2 * size, 2 * size, f'fill="#fff" stroke="{IGNORED}" stroke-width="1.6"')


def gate(at: Place, radius: float) -> str:
    return circle(at, radius, f'fill="none" stroke="{INK}" stroke-width="1" stroke-dasharray="5 4" opacity="0.75"')


def area(outlines: Sequence[Sequence[Place]]) -> str:
    """Where hits do not count."""
    style = f'fill="{IGNORED}" fill-opacity="0.13" stroke="{IGNORED}" stroke-width="1.2" stroke-dasharray="2 3"'
    return rings(outlines, style)


def north(x: float, y: float, size: float = 15.0) -> str:
    """An arrow that points up, with N; (x, y) is the top of the arrow."""
    body = [(x, y), (x + 0.32 * size, y + size), (x, y + 0.76 * size), (x - 0.32 * size, y + size)]
    return rings([body], 'fill="#222" stroke="#fff" stroke-width="0.8"') + text(
        (x, y + 1.9 * size), "N", 0.9 * size, 'font-weight="bold" fill="#222"', "middle"
    )


def bar(x: float, y: float, length: float, words: str, size: float = 13.0) -> str:
    """A scale bar whose left end stands at (x, y)."""
    style = 'stroke="#222" stroke-width="2"'
    ends = line((x, y - 4), (x, y + 4), style) + line((x + length, y - 4), (x + length, y + 4), style)
    return line((x, y), (x + length, y), style) + ends + text((x + 3, y - 7), words, size, 'fill="#222"')


def legend(y: float, width: float, lang: Lang, size: float = 14.0) -> str:
    """One line of signs and their names, shared out over the width."""
    names = [word(f"scores_key_{key}", lang) for key in KEYS]
    wide = [22 + width_of(name, size) for name in names]
    gap = max(8.0, (width - sum(wide)) / len(KEYS))
    out, x = [], gap / 2
    for key, name, length in zip(KEYS, names, wide, strict=True):
        out += [_sign(key, (x + 8, y)), text((x + 21, y + 0.36 * size), name, size, f'fill="{QUIET}"', halo=False)]
        x += length + gap
    return "".join(out)


def _sign(key: str, at: Place) -> str:
    x, y = at
    if key == "gate":
        return gate(at, 8)
    if key == "area":
        return area([[(x - 8, y - 6), (x + 8, y - 6), (x + 8, y + 6), (x - 8, y + 6)]])
    signs = {"found": found, "missed": missed, "taken": taken, "extra": extra, "ignored": ignored}
    return signs[key](at)
