"""The table of `docs/scoring.md` that compares rule books: every number in it is computed here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from pyproj import Geod

from pipeline.score import judge, read_rules, targets_of
from pipeline.types import points_text

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "scoring.md").read_text("utf-8")
GEOD = Geod(ellps="GRS80")
FIELDS = ("shape", "shape_color", "letter", "letter_color", "orientation")


@dataclass(frozen=True)
class Spot:
    """A target or a hit, in metres; SUAS' five characteristics are all the class."""

    id: str
    label: str
    east_m: float
    confidence: float = 0.5
    weight: int = 1

    def feature(self) -> dict[str, Any]:
        lon, lat, _ = GEOD.fwd(113.6254, 34.7466, 90, self.east_m)
        given = {"id": self.id, "class": self.label, "confidence": self.confidence, "weight": self.weight,
                 "type": "standard", "approved": True, "autonomous": True, "actionable": True,
                 **dict.fromkeys(FIELDS, self.label)}  # fmt: skip
        return {"type": "Feature", "geometry": {"type": "Point", "coordinates": [lon, lat]}, "properties": given}


def named(*spots: Spot) -> dict[str, Spot]:
    return {s.id: s for s in spots}


TARGETS = named(Spot("A", "outfall", 0), Spot("B", "dust", 200), Spot("C", "smoke", 400), Spot("D", "marker", 600))
HITS = named(Spot("a", "outfall", 1, 0.9), Spot("copy of a", "outfall", 1, 0.8), Spot("b", "dust", 212, 0.7),
             Spot("c", "dust", 404, 0.6), Spot("false", "outfall", 800, 0.95))  # fmt: skip


def changed(**hits: Spot | None) -> dict[str, Spot]:
    both = {**HITS, **{k.replace("_", " "): v for k, v in hits.items()}}
    return {k: v for k, v in both.items() if v is not None}


CASES: dict[str, tuple[dict[str, Spot], dict[str, Spot]]] = {
    "as sent": (HITS, TARGETS),
    "without the copy of *a*": (changed(copy_of_a=None), TARGETS),
    "without the false alarm": (changed(false=None), TARGETS),
    "the false alarm at confidence 0.05": (changed(false=replace(HITS["false"], confidence=0.05)), TARGETS),
    "*b* at 3 m instead of 12": (changed(b=replace(HITS["b"], east_m=203)), TARGETS),
    "*c* with the right class": (changed(c=replace(HITS["c"], label="smoke")), TARGETS),
    "*D* found as well, at 2 m": (changed(d=Spot("d", "marker", 602, 0.5)), TARGETS),
    "*A* of weight 5": (HITS, {**TARGETS, "A": replace(TARGETS["A"], weight=5)}),
    "*b* at 31 m": (changed(b=replace(HITS["b"], east_m=231)), TARGETS),
    "nothing sent": ({}, TARGETS),
}


def row(case: str) -> str:
    hits, targets = ([s.feature() for s in lot.values()] for lot in CASES[case])
    ours, suas = (judge(hits, targets_of(targets), read_rules(name)) for name in ("drill-example", "suas-2020"))
    ap_ppm = [by_metres["all"] for by_metres in ours.statistics["ap_ppm"].values()]
    mean_ap_ppm, gospa_mm = sum(ap_ppm) // len(ap_ppm), ours.statistics["gospa"]["total"]
    cells = [points_text(u) for u in (ours.points_u, 100 * suas.points_u, 100 * mean_ap_ppm, 1000 * gospa_mm)]
    return f"| {case} | {' | '.join(cells)} |"


@pytest.mark.parametrize("case", CASES)
def test_the_page_shows_what_is_computed(case: str) -> None:
    assert row(case) in PAGE


if __name__ == "__main__":
    print("\n".join(row(case) for case in CASES))
