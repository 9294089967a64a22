"""Places and how sure they are, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.contest.sheets.reasons import told
from pipeline.words import Lang, joint


def place_told(row: Mapping[str, Any], lang: Lang) -> str:
    """第 3 名, a shared one said to be so."""
    if row["place"] is None:
        return told("place_none", lang)
    return told("place_shared" if row["shared"] else "place_told", lang, place=row["place"])


def sure_told(row: Mapping[str, Any], lang: Lang) -> str:
    """名次把握 87%, and where the place may be instead; empty where nothing was resampled."""
    if row.get("place_held_ppm") is None:
        return ""
    told_of = told("sure", lang, percent=held_told(row["place_held_ppm"], lang))
    low, high = row["place_low"], row["place_high"]
    if low == high:
        return told_of
    return told_of + joint("and", lang) + told("sure_range", lang, low=low, high=high)


def held_told(held_ppm: int, lang: Lang) -> str:
    """A share in whole per cents, rounded half up; resampling never shows that something is certain or impossible."""
    percent = (held_ppm + 5_000) // 10_000
    if percent > 99 or percent < 1:
        return told("most_sure" if percent > 99 else "least_sure", lang)
    return f"{percent}%"


def sure_note(results: Mapping[str, Any], lang: Lang) -> str:
    """How that was found out."""
    certainty = results["certainty"]
    return told("sure_note", lang, resamples=certainty["resamples"], moved=certainty["moved"], held=certainty["held"])
