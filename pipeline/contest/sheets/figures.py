"""The statistics beside the points, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.contest.sheets.page import Rows
from pipeline.contest.sheets.reasons import told
from pipeline.contest.sheets.scene import Judged
from pipeline.score.sheet import metres_text, percent_text
from pipeline.types import Rules
from pipeline.words import WORDS, Lang, word


def statistics_rows(judged: Judged, lang: Lang) -> Rows:
    """Names and values; "none" in words where there is no figure."""
    s = judged.score["statistics"]
    everyone = len(judged.score["pairs"]) + len(judged.score["missed"])
    unsure = "" if s["reliable"] else "; " + told("unreliable", lang, n=judged.rules.reliable_from)
    rows = [
        ("targets_found", told("found_of", lang, found=len(judged.score["pairs"]), all=everyone)),
        *((name, percent_text(s[f"{name}_ppm"])) for name in ("precision", "recall", "f1")),
        ("ce50", _metres(s["ce50_mm"]) + (unsure if s["ce50_mm"] is not None else "")),
        ("ce90", _ce90(s, lang) + (unsure if s["ce90_mm"] is not None else "")),
        ("bias", _bias(s, lang)),
        ("r90_held", percent_text(s["r90_held_ppm"])),
        ("gospa", _metres(s["gospa"]["total"]) if s["gospa"] else ""),
        *_precision(s, judged.rules),
    ]
    return [[_named(key, lang), _said(value, lang)] for key, value in rows]


def _named(key: str, lang: Lang) -> str:
    return word(f"scores_{key}", lang) if f"scores_{key}" in WORDS else key


def _metres(length_mm: int | None) -> str:
    return "none" if length_mm is None else f"{metres_text(length_mm)} m"


def _said(value: str, lang: Lang) -> str:
    return told("none", lang) if value == "none" else value


def _ce90(s: Mapping[str, Any], lang: Lang) -> str:
    interval = s.get("ce90_interval_mm")
    if s["ce90_mm"] is None or not interval:
        return _metres(s["ce90_mm"])
    low, high = map(metres_text, interval)
    return told("ce90_told", lang, value=metres_text(s["ce90_mm"]), low=low, high=high)


def _bias(s: Mapping[str, Any], lang: Lang) -> str:
    if s["bias_east_mm"] is None:
        return "none"
    tests = {None: "bias_untested", True: "bias_yes", False: "bias_no"}
    test = told(tests[s["bias_significant"]], lang)
    return told(
        "bias_told", lang, east=metres_text(s["bias_east_mm"]), north=metres_text(s["bias_north_mm"]), test=test
    )


def _precision(s: Mapping[str, Any], rules: Rules) -> list[tuple[str, str]]:
    ap = s["ap_ppm"]
    return [(f"AP {m} m", percent_text(ap[str(m)]["all"])) for m in rules.ap_m if ap.get(str(m))]
