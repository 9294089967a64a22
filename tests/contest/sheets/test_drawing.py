"""Maps: everything stands where it is, labels keep off each other, and no name of anybody becomes markup."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import Any

from defusedxml.ElementTree import fromstring
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.contest.maps import marks
from pipeline.contest.maps.labels import Room
from pipeline.contest.maps.svg import drawing, number, text
from pipeline.contest.maps.window import MOST_SQUARES, Window, window_about
from pipeline.contest.sheets import cards
from pipeline.contest.sheets.drawing import overview, window_of
from pipeline.contest.sheets.scene import Judged, scene_of
from pipeline.types import GeoPoint
from tests.contest.sheets.fields import fields, hit, judged_of, target

AT = GeoPoint(34.7, 113.6)
NASTY = '"/><script>alert(1)</script>\u202e\x00&amp;'
PLACES = st.tuples(st.floats(-5e4, 5e4), st.floats(-5e4, 5e4))


def drawn(svg: str) -> list[Any]:
    """Every element of a drawing that parses, all numbers finite."""
    found = list(fromstring(svg).iter())
    assert not re.search(
        r"nan|inf", " ".join(v for e in found for k, v in e.attrib.items() if k not in ("aria-label",))
    )
    return found


@settings(max_examples=60, deadline=None)
@given(fields())
def test_maps_of_any_field_parse_and_hold_every_mark(judged: Judged) -> None:
    scene = scene_of(judged)
    svg, window, counts = overview(scene, "zh")
    elements = drawn(svg)
    assert all(window.holds(s.at) for s in scene.spots) and counts["beyond"] == 0
    said = [e.text for e in elements if e.tag.endswith("text")]
    assert all(s.number in said for s in scene.spots)  # targets are always named
    signs = {"taken": marks.taken, "extra": marks.extra, "ignored": marks.ignored}
    wanted = {**dict.fromkeys(judged.score["extra"], "extra"), **dict.fromkeys(judged.score["ignored"], "ignored")}
    for dot in scene.dots:
        assert signs[wanted.get(judged.hits.ids[dot.index], "taken")](window.at(dot.at)) in svg
    for spot in scene.spots:
        drawn(cards.card(scene, spot, None, "1 m", spot.target.id))


@settings(max_examples=60, deadline=None)
@given(fields())
def test_the_way_on_paper_is_the_way_on_the_ground(judged: Judged) -> None:
    scene = scene_of(judged)
    window = window_of(scene)
    dots = {d.index: d for d in scene.dots}
    for spot in scene.spots:
        if spot.hit is None or spot.distance_mm is None:
            continue
        (x1, y1), (x2, y2) = window.at(spot.at), window.at(dots[spot.hit].at)
        assert math.isclose(
            math.hypot(x2 - x1, y2 - y1) / window.scale, spot.distance_mm / 1e3, rel_tol=5e-3, abs_tol=2e-3
        )
        lat = judged.hits.lat_e9[spot.hit] / 1e9
        assert (y2 < y1) == (lat > spot.target.at.lat_deg) or abs(lat - spot.target.at.lat_deg) < 1e-8  # north is up


@given(st.lists(PLACES, min_size=1, max_size=20), st.floats(1, 100))
def test_a_window_holds_its_places_and_few_squares(places: list[tuple[float, float]], margin_m: float) -> None:
    window = window_about(places, margin_m, 1000, (0.5, 0.8))
    assert all(window.holds(p) for p in places) and 499.9 < window.height < 800.1
    assert f"{window.grid_m:e}"[0] in "125"
    assert max(window.width, window.height) / window.scale <= MOST_SQUARES * window.grid_m * (1 + 1e-6)
    letters = {window.square(p) for p in places}
    assert all(re.fullmatch(r"[A-I][1-9]", square) for square in letters)


@given(PLACES)
def test_what_is_beyond_stands_at_the_border_on_its_way(place: tuple[float, float]) -> None:
    window = Window(-50, 40, 10, 1000, 800)
    x, y = window.clamped(place, 7)
    assert 6.9 <= x <= 993.1 and 6.9 <= y <= 793.1
    real = window.at(place)
    if not window.holds(place, 7):
        a, b = math.atan2(y - 400, x - 500), math.atan2(real[1] - 400, real[0] - 500)
        assert math.isclose(math.cos(a - b), 1, abs_tol=1e-9)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1000), st.floats(0, 700)), max_size=120), st.integers(1, 4))
def test_labels_that_may_be_left_out_touch_nothing(places: list[tuple[float, float]], wide: int) -> None:
    room = Room(1000, 700)
    room.take_marks(places, 5)
    found = [room.label("×" * wide, place, 12, must=False) for place in places]
    boxes = [label.box for label in found if label is not None]
    marked = [(x - 5, y - 5, x + 5, y + 5) for x, y in places]
    for i, (left, top, right, bottom) in enumerate(boxes):
        assert left >= 2 and top >= 2 and right <= 998 and bottom <= 698
        for other in (*boxes[:i], *marked):
            assert right <= other[0] or other[2] <= left or bottom <= other[1] or other[3] <= top


def test_two_hundred_hits_are_readable() -> None:
    spots = [target(f"T{i}", 150 * (i % 5), 150 * (i // 5), AT) for i in range(20)]
    rows = [hit(f"h{i}", 60 + 37.7 * (i % 20), 55 * (i // 20) + 11 * (i % 3), AT) for i in range(200)]
    svg, _, counts = overview(scene_of(judged_of(spots, rows)), "zh")
    assert counts["unlabelled"] <= 20
    assert len(svg) < 200_000


def test_hits_far_away_do_not_shrink_the_map() -> None:
    judged = judged_of([target("A", 0, 0, AT)], [hit("sea", 0, 0, GeoPoint(-34.7, -66.4)), hit("a", 3, 0, AT)])
    svg, window, counts = overview(scene_of(judged), "zh")
    assert counts["beyond"] == 1 and window.width / window.scale < 200
    drawn(svg)


def test_areas_and_voided_targets_are_drawn() -> None:
    ring = tuple((AT.lat_deg + y, AT.lon_deg + x) for x, y in ((0, 0), (0.001, 0), (0.001, 0.001), (0, 0.001), (0, 0)))
    pond = target("P", 50, 50, AT, polygons=((ring,),))
    judged = judged_of([pond, target("A", 300, 0, AT)], [hit("h", 60, 60, AT)])
    gone = replace(judged, targets=judged.targets[:1], score={**judged.score, "missed": []}, voided=judged.targets[1:])
    scene = scene_of(gone)
    assert len(scene.voided) == 1 and scene.spots[0].outlines
    svg, *_ = overview(scene, "en")
    assert (
        svg.count("<path") > judged.score["pairs"].__len__()
        and marks.voided(window_of(scene).at(scene.voided[0])) in svg
    )


def test_nobody_s_name_is_markup() -> None:
    for svg in (drawing(10, 10, NASTY, [text((1, 1), NASTY, 12)]), drawing(10, 10, "a", [text((1, 1), NASTY * 9, 12)])):
        tags = {e.tag.rpartition("}")[2] for e in drawn(svg)}
        assert tags == {"svg", "title", "text"}
        assert "\u202e" not in svg and "\x00" not in svg


@given(st.floats(-1e6, 1e6))
def test_numbers_in_drawings_have_one_form(value: float) -> None:
    assert re.fullmatch(r"-?\d+(\.[1-9])?", number(value)) and number(value) != "-0"


def test_the_card_of_a_near_hit_is_close() -> None:
    widths = []
    for off_m in (1.0, 20.0):
        scene = scene_of(judged_of([target("A", 0, 0, AT)], [hit("a", off_m, 0, AT)]))
        window = cards._window(scene, scene.spots[0], None)
        widths.append(window.width / window.scale)
    assert widths[0] < widths[1] / 2
