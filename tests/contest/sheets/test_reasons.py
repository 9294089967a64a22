"""What a sheet says can be done again by hand, and each reason is the one that decided."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.contest.sheets.arithmetic import list_steps
from pipeline.contest.sheets.leg_page import list_blocks, pair_of
from pipeline.contest.sheets.near import neighbours
from pipeline.contest.sheets.numbers import exact, exact_m, feet_text, micro_text
from pipeline.contest.sheets.page import Page
from pipeline.contest.sheets.reasons import hit_reason, ignored_reason, missed_reason, pair_reasons
from pipeline.contest.sheets.scene import Judged, scene_of
from pipeline.score.distance import double_gates_mm, pairs_within
from pipeline.score.evidence import Evidence
from pipeline.score.rules import read_rules
from pipeline.types import GeoPoint
from pipeline.words import SUBJECTS
from tests.contest.sheets.fields import fields, hit, judged_of, target

AT = GeoPoint(34.7, 113.6)
DRILL = read_rules("drill-example")
CALIBRATED = replace(DRILL, calibration=True, find_ppm=300_000, calibration_ppm=100_000)


def floored(value: Fraction) -> str:
    return exact((value * 1_000_000).__floor__())


def by_hand(sentence: str) -> Fraction:
    """What stands between the first = and the first sign that is no arithmetic."""
    formula = re.search(r"= ([0-9.()×÷−max, ]+)", sentence)
    assert formula is not None, sentence
    text = formula[1].rstrip(" ,，").replace("×", "*").replace("÷", "/").replace("−", "-")
    value: Fraction = eval(re.sub(r"\d+(\.\d+)?", r"Fraction('\g<0>')", text), {"Fraction": Fraction, "max": max})
    return value


@given(st.integers(-(10**12), 10**12))
def test_exact_says_the_number(micro: int) -> None:
    assert Fraction(exact(micro)) == Fraction(micro, 10**6)
    assert re.fullmatch(r"-?\d+\.\d\d(\d{0,3}[1-9])?", exact(micro))


@given(st.integers(0, 10**9))
def test_metres_say_the_millimetres(length_mm: int) -> None:
    assert Fraction(exact_m(length_mm)) == Fraction(length_mm, 1000)
    more = Fraction(feet_text(length_mm)) - length_mm / Fraction("304.8")
    assert -Fraction(1, 20) < more <= Fraction(1, 20), "half up"


@given(st.fractions(0, 1000))
def test_a_cut_number_says_so(value: Fraction) -> None:
    said = micro_text(value)
    assert said.endswith("…") == (Fraction(said.rstrip("…")) != value)
    assert 0 <= value - Fraction(said.rstrip("…")) < Fraction(1, 10**6)


@settings(max_examples=150, deadline=None)
@given(fields(), st.sampled_from(["zh", "en"]))
def test_the_arithmetic_ends_at_the_points(judged: Judged, lang: str) -> None:
    steps = list_steps(judged, lang)
    assert Fraction(steps[1][1]) == sum(Fraction(p["points_u"], 10**6) for p in judged.score["pairs"])
    assert steps[-1][1].rstrip("…") == exact(judged.score["points_u"])
    formula = steps[-1][0].rpartition("= ")[2].replace("…", "")
    assert abs(by_hand(f"= {formula}") - Fraction(judged.score["points_u"], 10**6)) < Fraction(1, 10**3)


@settings(max_examples=150, deadline=None)
@given(fields(CALIBRATED), st.sampled_from(["zh", "en"]))
def test_each_part_can_be_done_again(judged: Judged, lang: str) -> None:
    for spot in scene_of(judged).spots:
        pair = pair_of(judged, spot)
        if pair is None:
            continue
        find, location, kind, radius = pair_reasons(judged, spot, pair, lang)
        assert exact(pair["find_u"]) in find and exact(pair["class_u"]).rstrip("0").rstrip(".") in kind
        if pair["distance_mm"] > judged.rules.full_mm:
            assert floored(by_hand(location)) == exact(pair["location_u"])
        if judged.hits.r90_mm[spot.hit] >= 0:
            assert floored(by_hand(radius)) == exact(pair["calibration_u"])


@settings(max_examples=150, deadline=None)
@given(fields())
def test_the_reason_is_the_rule_that_stood_between(judged: Judged) -> None:
    """Against a plain look at the nearest: distance, gate, window, class, in this order."""
    scene = scene_of(judged)
    real, near = [s.target for s in scene.spots], neighbours(judged, scene)
    gates = double_gates_mm(real, judged.rules)
    pairs = pairs_within(judged.hits, real, judged.rules, near.look_mm)
    distance = {
        (t, h): d for t, h, d in zip(*(c.tolist() for c in (pairs.target, pairs.hit, pairs.distance_mm)), strict=True)
    }
    for index, spot in enumerate(scene.spots):
        if spot.hit is None and (found := near.of_target.get(index)) is not None:
            assert found.distance_mm == min(d for (t, _), d in distance.items() if t == index)
            _check_cause(judged, found.cause, index, found.other, found.distance_mm, int(gates[index]))
            assert found.cause != "used" or not judged.rules.half_gate
    for ident in judged.score["extra"]:
        number = judged.hits.ids.index(ident)
        nearest = near.of_hit[number]
        assert nearest.distance_mm == min(d for (_, h), d in distance.items() if h == number)
        _check_cause(judged, nearest.cause, nearest.other, number, nearest.distance_mm, int(gates[nearest.other]))
        assert nearest.cause != "used" or scene.spots[nearest.other].hit is not None


def _check_cause(judged: Judged, cause: str, t: int, h: int, distance_mm: int, gate2_mm: int) -> None:
    rules, aim = judged.rules, [x for x in judged.targets if x.kind == "target"][t]
    first, last = int(judged.hits.first_ms[h]), int(judged.hits.last_ms[h])
    seen = first if last < 0 else last
    if distance_mm >= rules.radius_mm:
        assert cause == "far"
    elif gate2_mm == 0:
        assert cause == "shut"
    elif 2 * distance_mm >= gate2_mm:
        assert cause == "half"
    elif seen >= 0 and aim.visible_from_ms is not None and seen < aim.visible_from_ms:
        assert cause == "window"
    elif rules.require_class and aim.label.split("/")[0] != judged.hits.labels[h].split("/")[0]:
        assert cause == "class"
    else:
        assert cause == "used"


def test_reasons_in_words() -> None:
    targets = [target("A", 0, 0, AT), target("B", 200, 0, AT), target("C", 230, 0, AT), target("D", 600, 0, AT)]
    rows = [hit("a1", 1, 0, AT), hit("a2", 5, 0, AT), hit("b1", 216, 0, AT), hit("lone", 0, 500, AT)]
    rows.append(hit("c9", 245.5, 0, AT))
    judged = judged_of(targets, rows)
    scene = scene_of(judged)
    near = neighbours(judged, scene)
    index = {ident: i for i, ident in enumerate(judged.hits.ids)}
    said = {h: hit_reason(judged, scene, near, index[h], "zh") for h in judged.score["extra"]}
    assert re.fullmatch(r"距离 5\.?\d* m；该目标已由 a1 取得（距离 1\.?\d* m，得 1\.00）", said["a2"])
    assert said["lone"] == "周围 200 m 内没有目标"
    assert "不小于该目标门限 15" in said["c9"] and "一半" in said["c9"]
    assert "门限为 15" in missed_reason(judged, scene, near, 1, "zh")
    assert "no hit within 200 m" in missed_reason(judged, scene, near, 3, "en").lower()


def test_two_targets_on_one_place_and_the_window_and_the_class() -> None:
    rules = replace(DRILL, require_class=True)
    twins = judged_of([target("A", 0, 0, AT), target("B", 0, 0, AT)], [hit("h", 1, 0, AT)], rules)
    scene = scene_of(twins)
    assert "门限为 0" in missed_reason(twins, scene, neighbours(twins, scene), 0, "zh")
    late = judged_of([target("A", 0, 0, AT, visible_from_ms=50)], [hit("h", 1, 0, AT, first_ms=10)], rules)
    scene = scene_of(late)
    assert "可见时段" in missed_reason(late, scene, neighbours(late, scene), 0, "zh")
    other = judged_of([target("A", 0, 0, AT)], [hit("h", 1, 0, AT, "marker")], rules)
    scene = scene_of(other)
    assert "类别第一级不同" in hit_reason(other, scene, neighbours(other, scene), 0, "zh")


OWN = frozenset({"aa" * 32})
GOOD = Evidence("aa" * 32, 5, (5000, 5000), (0, 0, 10_000, 10_000), 2_000_000)


@pytest.mark.parametrize(
    ("entries", "overruled", "told"),
    [
        ((GOOD,), {}, "证据：0.10，原片、截图、清晰度和拍摄时间均符合要求"),
        ((), {}, "证据：未列出本队本次飞行的原始照片，本目标各项均为 0"),
        ((replace(GOOD, sha256="bb" * 32),), {}, "证据：未列出本队本次飞行的原始照片，本目标各项均为 0"),
        ((replace(GOOD, point_cpx=(99_000, 0)),), {}, "证据：0，污染源像点不在截图内"),
        ((replace(GOOD, sharpness_ppm=1, t_ms=99),), {}, "证据：0，清晰度低于要求；拍摄时间不在飞行时段内"),
        ((replace(GOOD, t_ms=99), replace(GOOD, t_ms=99, point_cpx=None)), {}, "证据：0，拍摄时间不在飞行时段内"),
        ((), {"h": True}, "证据：0.10，经两名裁判签字认定有效"),
        ((GOOD,), {"h": False}, "证据：0.00，经两名裁判签字认定无效"),
        ((), {"h": False}, "证据：未列出本队本次飞行的原始照片，本目标各项均为 0"),
    ],
)
def test_evidence_in_words(entries: tuple[Evidence, ...], overruled: dict[str, bool], told: str) -> None:
    rules = replace(DRILL, evidence=True, sharpness_min_ppm=1_000_000)
    row = hit("h", 1, 0, AT)._replace(evidence=entries)
    judged = judged_of([target("A", 0, 0, AT)], [row], rules, originals=OWN, flight_ms=(0, 10), overruled=overruled)
    (spot,) = scene_of(judged).spots
    pair = judged.score["pairs"][0]
    assert pair_reasons(judged, spot, pair, "zh")[-1] == told
    assert (pair["points_u"] == 0) == ("各项均为 0" in told)


def test_ignored_hits_say_why() -> None:
    judged = judged_of([target("A", 0, 0, AT)], [hit("h", 500, 0, AT)])
    assert ignored_reason(judged, 0, "zh") == "位于免计区域内"
    gone = replace(judged, on_voided=frozenset({"h"}))
    assert "作废目标" in ignored_reason(gone, 0, "zh")


def test_time_is_a_step() -> None:
    rules = replace(DRILL, time=True)
    judged = judged_of([target("A", 0, 0, AT)], [hit("h", 7, 0, AT)], rules, elapsed_ms=1_000_000)
    steps = list_steps(judged, "en")
    assert steps[-1][1].rstrip("…") == exact(judged.score["points_u"]) and "1000 s" in steps[-1][0]


def test_suas_has_its_own_words() -> None:
    rules = read_rules("suas-2020")
    fields_of = (("letter", "A"), ("shape", "star"))
    aim = target("A", 0, 0, AT, label="standard", attributes=fields_of)
    rows = [hit("h", 10, 0, AT, "standard")._replace(attributes=(*fields_of, ("approved", "yes"))),
            hit("x", 10, 0, AT, "standard")]  # fmt: skip
    judged = judged_of([aim], rows, rules)
    page = Page("zh", "t", "", ("", ""))
    said = str(list_blocks(judged, page))
    assert "特征" in said and "英尺" in said and exact(judged.score["points_u"]) in said


def test_every_word_has_the_same_gaps_in_both_languages() -> None:
    for key, (chinese, english) in SUBJECTS["scores"].items():
        assert set(re.findall(r"{(\w+)}", chinese)) == set(re.findall(r"{(\w+)}", english)), key
