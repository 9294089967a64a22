"""Random small fields for laws: targets, hits and rules around a place, judged."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from pipeline.contest.sheets.scene import Judged
from pipeline.score.hits import Row, submission
from pipeline.score.rules import read_rules
from pipeline.score.sheet import result
from pipeline.score.verdict import judge
from pipeline.types import GeoPoint, Rules, Target

CLASSES = ("outfall/industrial", "outfall/industrial/dye", "outfall/domestic", "dust", "marker")
NORTH_M = 110_900.0


def judged_of(targets: Sequence[Target], rows: Sequence[Row], rules: Rules | None = None, **more: Any) -> Judged:
    """As a contest or a practice field hands it to the sheets."""
    rules, sent = rules or read_rules("drill-example"), submission(rows, "hits")
    score = judge(sent, targets, rules, **more)
    return Judged(result(score), targets, sent, rules, **more)


def target(ident: str, east_m: float, north_m: float, at: GeoPoint, **more: Any) -> Target:
    return Target(ident, more.pop("label", "dust"), moved(at, east_m, north_m), **more)


def hit(ident: str, east_m: float, north_m: float, at: GeoPoint, label: str = "dust", **more: Any) -> Row:
    place = moved(at, east_m, north_m)
    given: dict[str, Any] = {"confidence": None, "r90_m": None, "first_ms": None, "last_ms": None, **more}
    return Row(ident, label, place.lat_deg, place.lon_deg, **given)


def moved(at: GeoPoint, east_m: float, north_m: float) -> GeoPoint:
    lon = at.lon_deg + east_m / (111_320.0 * math.cos(math.radians(at.lat_deg)))
    return GeoPoint(at.lat_deg + north_m / NORTH_M, (lon + 180) % 360 - 180)


CENTRES = st.sampled_from([GeoPoint(34.7, 113.6), GeoPoint(-17.0, 179.9999), GeoPoint(69.0, -180.0)])
METRES = st.floats(-120, 120, allow_nan=False).map(lambda v: round(v, 3))
TIMES = st.one_of(st.none(), st.integers(0, 100))


@st.composite
def fields(draw: Any, rules: Rules | None = None) -> Judged:
    """Up to eight targets and twelve hits within 240 m, with classes, windows, radii; rules drawn where not given."""
    at = draw(CENTRES)
    spots = draw(st.lists(st.tuples(METRES, METRES), min_size=1, max_size=8))
    targets = [
        target(f"T{n}", *spot, at, label=draw(st.sampled_from(CLASSES)), weight=draw(st.integers(1, 3)),
               visible_from_ms=draw(TIMES))
        for n, spot in enumerate(spots)
    ]  # fmt: skip
    near = st.sampled_from(spots).flatmap(
        lambda s: st.tuples(st.floats(-40, 40), st.floats(-40, 40)).map(lambda d: (s[0] + d[0], s[1] + d[1]))
    )
    rows = [
        hit(f"h{n}", *draw(near), at, draw(st.sampled_from(CLASSES)), first_ms=draw(TIMES),
            r90_m=draw(st.one_of(st.none(), st.floats(0, 30))))
        for n in range(draw(st.integers(0, 12)))
    ]  # fmt: skip
    book = rules or replace(
        read_rules("drill-example"), require_class=draw(st.booleans()), half_gate=draw(st.booleans())
    )
    return judged_of(targets, rows, book)
