"""四舍五入: half away from zero, on the number as it is written, which is what people check by hand."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal


def rounded(value: float, digits: int) -> float:
    """The number with at most so many decimals: 0.125 → 0.13, -0.125 → -0.13, 2.675 → 2.68; never minus zero."""
    return float(_quantised(value, digits)) + 0.0


def rounded_text(value: float, digits: int) -> str:
    """The same with all its decimals, for print: 2.5 with two → "2.50"."""
    text = format(_quantised(value, digits), "f")
    return text.removeprefix("-") if not float(text) else text


def _quantised(value: float, digits: int) -> Decimal:
    return Decimal(repr(float(value))).quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)
