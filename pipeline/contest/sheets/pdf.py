"""A sheet as a PDF."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from pipeline.contest.sheets.page import Page
from pipeline.report.setting import set_pdf

TEMPLATE = Path(__file__).resolve().parent / "templates" / "sheet.typ"
Warn = Callable[[str], None]


def unheard(warning: str) -> None:
    """For who does not want warnings."""


def pdf_of(page: Page, when: datetime, warn: Warn = unheard) -> bytes:
    """The PDF; `when` is the ledger's, so that the same content gives the same bytes."""
    drawings = {name: svg.encode() for name, svg in page.drawings.items()}
    pdf, warnings = set_pdf(TEMPLATE, page.data(), when, drawings)
    for warning in warnings:
        warn(f"{page.title}: {warning}")
    return pdf
