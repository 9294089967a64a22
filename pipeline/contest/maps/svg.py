"""Drawings as SVG, which pages show as they stand and typst sets without another font. Coordinates to a tenth."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from pipeline.report.sheet_text import plain_text

FAMILY = "Qianliyan Sans, Noto Sans CJK SC, Source Han Sans SC, Microsoft YaHei, PingFang SC, sans-serif"
Place = tuple[float, float]


def number(value: float) -> str:
    """One decimal, no minus zero."""
    text = f"{value:.1f}"
    return "0" if text in ("-0.0", "0.0") else text.removesuffix(".0")


def drawing(width: float, height: float, title: str, body: Iterable[str]) -> str:
    """A whole drawing; `title` is what a screen reader says."""
    said = escape(plain_text(title), quote=True)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {number(width)} {number(height)}" '
        f'width="{number(width)}" height="{number(height)}" role="img" aria-label="{said}" '
        f'font-family="{FAMILY}"><title>{said}</title>{"".join(body)}</svg>'
    )


def circle(at: Place, radius: float, style: str) -> str:
    return f'<circle cx="{number(at[0])}" cy="{number(at[1])}" r="{number(radius)}" {style}/>'


def line(start: Place, end: Place, style: str) -> str:
    (x1, y1), (x2, y2) = start, end
    return f'<line x1="{number(x1)}" y1="{number(y1)}" x2="{number(x2)}" y2="{number(y2)}" {style}/>'


def rectangle(x: float, y: float, width: float, height: float, style: str) -> str:
    return (
        f'<rect x="{number(x)}" y="{number(y)}" width="{number(max(0.0, width))}" '
        f'height="{number(max(0.0, height))}" {style}/>'
    )


def rings(outlines: Sequence[Sequence[Place]], style: str) -> str:
    """Closed outlines as one shape, holes left open."""
    parts = ("M" + "L".join(f"{number(x)} {number(y)}" for x, y in ring) + "Z" for ring in outlines)
    return f'<path d="{"".join(parts)}" fill-rule="evenodd" {style}/>'


def text(at: Place, words: str, size: float, style: str = "", anchor: str = "start", halo: bool = True) -> str:
    """Words on a white halo, so that they stay readable on what lies under them."""
    x, y = at
    said = escape(plain_text(words), quote=True)
    where = f'x="{number(x)}" y="{number(y)}" font-size="{number(size)}" text-anchor="{anchor}"'
    under = 'stroke="#fff" stroke-width="3.5" stroke-linejoin="round" paint-order="stroke" ' if halo else ""
    return f"<text {where} {under}{style}>{said}</text>"


def width_of(words: str, size: float) -> float:
    """About how wide words are set: wide characters a whole em, others 0.6 of one."""
    return sum(size if ord(char) > 0x2E7F else 0.6 * size for char in words)
