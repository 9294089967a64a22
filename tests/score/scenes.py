"""Random scenes for the laws: small fields in metres, and the same in millimetres, in whole 1e-9 degrees."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, hypot, radians
from typing import Any
from unittest.mock import patch

from hypothesis import strategies as st

from pipeline.score import hits_of, judge, targets_of
from pipeline.types import Rules, Score, Target

SHA = "ab" * 32
CLASSES = ("dust", "outfall", "outfall/industrial", "outfall/industrial/dye", "smoke/straw")
FIELD_E9 = (34_746_600_000, 113_625_400_000)
METRE_E9, MM_E9 = 9_000, 9  # of latitude, about
EVIDENCE = {"sha256": SHA, "t": "1970-01-01T00:00:01Z", "point_px": [5, 5], "crop_px": [0, 0, 9, 9]}
BOOKS = {
    "drill-example": Rules(),
    "one class": Rules(require_class=True),
    "evidence": Rules(evidence=True, extra_ppm=100_000),
    "time": Rules(time=True),
    "sphere": Rules(distance="haversine"),
    "narrow": Rules(radius_mm=7_001, full_mm=0, windows=False, extra_ppm=1_000_000),
    "calibration": Rules(find_ppm=340_000, calibration=True, calibration_ppm=60_000),
}
SUAS = Rules(name="suas", method="suas", distance="haversine", radius_mm=45_720, location_ppm=400_000,
             class_ppm=400_000, find_ppm=100_000, extra_ppm=50_000)  # fmt: skip
# Around a test that looks at points alone, which are counted before: two fifths of a small scene's time.
POINTS_ALONE = patch("pipeline.score.verdict.statistics", lambda *_: {})
ATTRIBUTES = {"type": "standard", "shape": "square", "shape_color": "white", "letter": "A", "letter_color": "black",
              "orientation": "N"}  # fmt: skip


@dataclass(frozen=True)
class Thing:
    """A point (no size) or a rectangle from its south-west corner, in 1e-9 degrees from the field's corner."""

    north: int
    east: int
    label: str = "dust"
    weight: int = 1
    high: int = 0
    wide: int = 0
    ignore: bool = False
    shown: bool = True  # of a hit: it has evidence
    r90_m: float = 3.0
    seconds: int = 1

    def gap_mm(self, other: Thing) -> float:
        """Never more than the true one."""
        north = max(0, other.north - self.north - self.high, self.north - other.north - other.high)
        east = max(0, other.east - self.east - self.wide, self.east - other.east - other.wide)
        return hypot(north, east * cos(radians(34.9))) * 0.110


@dataclass(frozen=True)
class Scene:
    targets: tuple[Thing, ...]
    hits: tuple[Thing, ...]
    east_e9: int = 0  # how far the whole scene is shifted

    def judged(self, rules: Rules, hits: tuple[Thing, ...] | None = None) -> Score:
        return judged(self.features(self.hits if hits is None else hits), self.truth(), rules)

    def truth(self) -> tuple[Target, ...]:
        return targets_of([self._target(i, t) for i, t in enumerate(self.targets)])

    def features(self, hits: tuple[Thing, ...]) -> list[dict[str, Any]]:
        return [self._hit(h) for h in hits]

    def _at(self, north: int, east: int) -> list[float]:
        lon = (FIELD_E9[1] + east + self.east_e9 + 180 * 10**9) % (360 * 10**9) - 180 * 10**9
        return [lon / 1e9, (FIELD_E9[0] + north) / 1e9]

    def _target(self, number: int, t: Thing) -> dict[str, Any]:
        given = {"kind": "ignore"} if t.ignore else {"id": f"t{number}", "class": t.label, "weight": t.weight}
        seen = {} if t.ignore else {"visible_from": "1970-01-01T00:00:00Z", "visible_to": "1970-01-01T00:00:09Z"}
        return {"type": "Feature", "geometry": self._shape(t), "properties": {**ATTRIBUTES, **given, **seen}}

    def _shape(self, t: Thing) -> dict[str, Any]:
        if not t.high:
            return {"type": "Point", "coordinates": self._at(t.north, t.east)}
        steps = ((0, 0), (0, t.wide), (t.high, t.wide), (t.high, 0), (0, 0))
        ring = [self._at(t.north + n, t.east + e) for n, e in steps]
        return {"type": "Polygon", "coordinates": [ring]}

    def _hit(self, h: Thing) -> dict[str, Any]:
        given = {"class": h.label, "r90_m": h.r90_m, "confidence": h.weight / 5,
                 "first_seen": f"1970-01-01T00:00:{h.seconds:02d}Z", "evidence": [EVIDENCE] if h.shown else [],
                 **ATTRIBUTES, "letter": "AB"[h.weight % 2], "approved": True, "autonomous": h.weight > 2}  # fmt: skip
        at = {"type": "Point", "coordinates": self._at(h.north, h.east)}
        return {"type": "Feature", "geometry": at, "properties": given}


def judged(features: list[dict[str, Any]], targets: tuple[Target, ...], rules: Rules) -> Score:
    flight = {"originals": frozenset({SHA}), "flight_ms": (0, 9_000)}
    return judge(hits_of(features), targets, rules, elapsed_ms=600_000 if rules.time else None, **flight)  # type: ignore[arg-type]


def far_apart(things: list[Thing], least_mm: float = 2.0) -> bool:
    return all(a.gap_mm(b) >= least_mm for i, a in enumerate(things) for b in things[:i])


def digits(code: int, *radices: int) -> list[int]:
    """A digit of each radix, scattered evenly over the codes (by an odd factor: hypothesis likes small numbers): one
    draw makes a whole thing."""
    code, found = code * 0x9E3779B97F4A7C15 % 2**64, []
    for radix in radices:
        code, digit = divmod(code, radix)
        found.append(digit)
    return found


CODE = st.integers(0, 2**48)


@st.composite
def scenes(draw: Any, areas: bool = True) -> Scene:
    """Targets at least 2 mm apart and outside of the ignore areas; hits on them, near them and anywhere."""
    step = (MM_E9, METRE_E9)[draw(st.integers(0, 1))]
    targets: list[Thing] = []
    for code in draw(st.lists(CODE, min_size=1, max_size=6)):
        thing = target_of(code, step, areas, bool(targets))
        if far_apart([*targets, thing]):
            targets.append(thing)
    codes = draw(st.lists(CODE, min_size=2, max_size=8))
    return Scene(tuple(targets), tuple(hit_of(code, step, targets) for code in codes))


def target_of(code: int, step: int, areas: bool, may_be_ignored: bool) -> Thing:
    north, east, label, weight, shape, wide, ignore = digits(code, 90, 90, len(CLASSES), 5, 6, 30, 2)
    high = (0, 0, 0, 0, 5, 25)[shape] * step if areas else 0
    ignored = may_be_ignored and ignore == 0 and high > 0
    return Thing(north * step, east * step, CLASSES[label], weight + 1, high, (wide + 1) * step if high else 0, ignored)


def hit_of(code: int, step: int, targets: list[Thing]) -> Thing:
    """Near one of the targets, in thirds of a step, as often within 7 steps as within 30; sometimes far from all."""
    which, north, east, reach, label, weight, shown, r90, seconds = digits(
        code, len(targets) + 1, 181, 181, 8, len(CLASSES) + 2, 5, 4, 3, 5
    )
    target = targets[which % len(targets)]
    scale = (0, 1, 1, 1, 1, 1, 3, 40)[reach] * step
    return Thing(
        target.north + (north - 90) * scale // 12, target.east + (east - 90) * scale // 12,
        (*CLASSES, target.label, target.label)[label], weight + 1,
        shown=shown > 0, r90_m=(0.0, 1.0, 8.0)[r90], seconds=12 if seconds == 0 else 1,
    )  # fmt: skip
