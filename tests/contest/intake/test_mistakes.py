"""Warnings speak when a mistake was made, and stay silent for honest lists; nothing is refused by them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.contest.intake.mistakes import LEAST_GAIN_M, evidence_doubts, least_gain_m, mistakes
from pipeline.contest.intake.taken import Taken
from pipeline.contest.plan import Area
from pipeline.geo.coordinates import gcj02_to_bd09, wgs84_to_gcj02
from pipeline.score.evidence import Evidence
from pipeline.score.hits import Row

AREA = Area(113.60, 34.72, 113.66, 34.77)
M_LAT = 1 / 111_195.0
M_LON = M_LAT / np.cos(np.radians(34.745))
GRID = [(34.745 + y * M_LAT, 113.63 + x * M_LON) for x in range(-200, 201, 40) for y in range(-200, 201, 40)]
HITS = [(34.7451234, 113.6302345), (34.7460012, 113.6288876), (34.7441111, 113.6311987), (34.7449871, 113.6295512)]
Places = list[tuple[float, float]]
Moved = Callable[[Places], Places]


def taken(places: list[tuple[float, float]], **more: object) -> Taken:
    """Rows 2, 3, … as of a CSV."""
    rows = [
        Row("", "outfall", lat, lon, 0.1 * n, None, None, None)._replace(**more) for n, (lat, lon) in enumerate(places)
    ]  # type: ignore[arg-type]
    return Taken("x.csv", "csv", b"", tuple(rows), tuple(range(2, 2 + len(rows))))


def codes(
    places: list[tuple[float, float]], area: Area | None = AREA, track: bool = True
) -> list[tuple[int | None, str]]:
    """(row, code) of each warning."""
    return [(w.row, w.code) for w in mistakes(taken(places), area, GRID if track else ())]


def gcj(places: list[tuple[float, float]]) -> list[tuple[float, float]]:
    return [tuple(p) for p in wgs84_to_gcj02([p[0] for p in places], [p[1] for p in places]).tolist()]


def bd(places: list[tuple[float, float]]) -> list[tuple[float, float]]:
    shifted = gcj(places)
    return [tuple(p) for p in gcj02_to_bd09([p[0] for p in shifted], [p[1] for p in shifted]).tolist()]


def as_typed(places: list[tuple[float, float]]) -> list[tuple[float, float]]:
    def one(value: float) -> float:
        degrees, minutes = int(value), value % 1 * 60
        return degrees + int(minutes) / 100 + minutes % 1 * 60 / 1e4

    return [(one(lat), one(lon)) for lat, lon in places]


def test_golden_shifts() -> None:
    """Zhengzhou and Beijing as public converters give them; Zhengzhou is 568 m off."""
    assert np.allclose(gcj([(34.7466, 113.6254)]), [(34.745417, 113.631447)], atol=6e-7)
    assert np.allclose(gcj([(39.9042, 116.4074)]), [(39.905603, 116.413642)], atol=6e-7)


def test_an_honest_list_is_not_warned_of() -> None:
    assert codes(HITS) == [] and codes(HITS, track=False) == [] and codes(HITS, area=None) == []


@pytest.mark.parametrize(("moved", "code"), [(gcj, "gcj02"), (bd, "bd09"), (as_typed, "dms_as_decimal")])
@pytest.mark.parametrize("count", [1, 4])
def test_a_list_in_another_datum_or_in_typed_dms_is_told(moved: Moved, code: str, count: int) -> None:
    found = [c for c in codes(moved(HITS[:count])) if c[0] is None]
    assert found == [(None, code)]


def test_typed_dms_is_told_by_the_area_alone() -> None:
    assert (None, "dms_as_decimal") in codes(as_typed(HITS), track=False)


def test_a_reading_that_would_leave_the_area_is_not_told() -> None:
    """Hits truly 570 m from the photos, where undoing GCJ-02 would lead out of the area."""
    near = Area(113.6335, 34.70, 113.66, 34.77)
    assert codes(gcj(HITS), area=near) == []


READINGS = {(None, code) for code in ("gcj02", "bd09", "dms_as_decimal")}


def about(offsets: Iterable[Sequence[float]]) -> Places:
    """Metres east and north of the middle of the photos."""
    return [(34.745 + y * M_LAT, 113.63 + x * M_LON) for x, y in offsets]


@given(st.lists(st.tuples(st.floats(-235, 235), st.floats(-235, 235)), min_size=1, max_size=12))
def test_hits_nearer_to_the_photos_than_the_least_gain_never_raise_an_alarm(offsets: list[tuple[float, float]]) -> None:
    assert not READINGS & set(codes(about(offsets)))


@pytest.mark.parametrize("count", [1, 5, 12])
def test_hits_within_150_m_of_the_photos_raise_one_alarm_in_a_hundred_lists(count: int) -> None:
    rng = np.random.default_rng(count)
    lists = [about(rng.uniform(-350, 350, (count, 2)).tolist()) for _ in range(200)]
    assert sum(bool(READINGS & set(codes(places))) for places in lists) <= 2


@pytest.mark.parametrize(
    ("east_m", "south_m", "told"), [(130, 0, False), (250, 0, True), (900, 0, True), (500, 550, False)]
)
def test_one_hit_must_gain_much_and_by_more_than_half(east_m: float, south_m: float, told: bool) -> None:
    """Metres beyond the grid of photos; undoing GCJ-02 here moves a hit 552 m to the west and 132 m to the north.

    130 m off gains less than 150 m; 743 m off to the south-east is still 418 m off when it is undone.
    """
    place = (34.745 - (200 * (south_m > 0) + south_m) * M_LAT, 113.63 + (200 + east_m) * M_LON)
    assert bool(READINGS & set(codes([place]))) is told


def test_typed_dms_has_no_minute_or_second_of_sixty() -> None:
    typed = as_typed(HITS)
    assert (None, "dms_as_decimal") in codes(typed)
    for impossible in ((34.4475123, typed[0][1]), (34.7012345, typed[0][1])):
        assert (None, "dms_as_decimal") not in codes([impossible, *typed[1:]])


def test_the_fewer_hits_the_more_must_be_gained() -> None:
    assert least_gain_m(1) == 150 and least_gain_m(4) == 75 and least_gain_m(1000) == LEAST_GAIN_M


@pytest.mark.parametrize(
    ("place", "code"),
    [
        ((0.0, 0.0), "zero"),
        ((34.745, 0.0), "zero"),
        ((34.60, 113.63), "outside"),
        ((-34.745, 113.63), "sign"),
        ((34.745, -113.63), "sign"),
    ],
)
def test_one_bad_row_is_named(place: tuple[float, float], code: str) -> None:
    found = codes([*HITS, place])
    assert (6, code) in found and len(found) == 1


def test_swapped_rows_are_told_where_both_are_latitudes() -> None:
    """In the west of China a longitude can be a latitude; elsewhere the reader refuses it."""
    west = Area(79.9, 37.0, 80.1, 37.2)
    assert codes([(37.1012345, 80.0123456), (80.0123456, 37.1234567)], area=west, track=False) == [(3, "swapped")]


def test_far_from_every_photo() -> None:
    assert codes([*HITS, (34.769, 113.6599)]) == [(6, "far_from_track")]


def test_cut_off_decimals_and_one_place() -> None:
    assert codes([(34.7451, 113.63), (34.7449, 113.6302)]) == [(None, "few_decimals_lat"), (None, "few_decimals_lon")]
    assert codes([(34.7451, 113.6302345), (34.7449, 113.6302399)]) == [(None, "few_decimals_lat")]
    assert codes([HITS[0]] * 3) == [(None, "one_place")]
    assert codes([*HITS, HITS[1]]) == [(6, "repeated")]
    assert codes([]) == [(None, "empty")]


def test_what_the_other_columns_say() -> None:
    def said(**more: object) -> list[tuple[int | None, str]]:
        return [(w.row, w.code) for w in mistakes(taken(HITS[:3], **more), AREA)]

    assert said(confidence=0.5) == [(None, "confidence_equal")]
    assert said(label="扬尘") == [(n, "class_name") for n in (2, 3, 4)]
    assert said(lat_deg=None, lon_deg=None) == [(n, "no_place") for n in (2, 3, 4)]


def test_evidence_that_is_missing_or_not_of_the_card() -> None:
    own, other = Evidence(sha256="a" * 64), Evidence(sha256="b" * 64)
    assert [w.code for w in evidence_doubts(taken(HITS), frozenset())] == ["no_evidence"]
    listed = taken(HITS[:2], evidence=(other, own))
    assert evidence_doubts(listed, frozenset({"a" * 64})) == ()
    assert [w.row for w in evidence_doubts(listed, frozenset({"c" * 64}))] == [2, 3]
    assert evidence_doubts(listed, frozenset()) == ()


def test_every_warning_has_both_languages() -> None:
    for w in mistakes(taken([*gcj(HITS), (0.0, 0.0), *HITS[:1] * 2]), AREA, GRID):
        assert w.text != w.text_en and "{" not in w.text + w.text_en
        assert w.text_en.isascii() or "″" in w.text_en
