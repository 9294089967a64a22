"""Words of a contest: receipts, sheets, tables, forms."""

from __future__ import annotations

WORDS: dict[str, tuple[str, str]] = {}
