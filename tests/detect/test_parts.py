"""The marker detector's parts, each alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from pipeline.detect.bank import bank, compare, patches
from pipeline.detect.boards import grown
from pipeline.detect.fit import Panel, fit
from pipeline.detect.patterns import Pattern, parts, size_of
from pipeline.detect.rings import Axes, axes, centres
from pipeline.detect.verify import evidence
from tests.detect import bench

PATTERNS = [
    Pattern("cross", False, 0.2),
    Pattern("cross", True, 0.15, 0.72),
    Pattern("iron", False),
    Pattern("board", False, fields=2),
    Pattern("board", True, fields=2),
    Pattern("board", False, fields=3),
    Pattern("board", False, fields=5),
]


def scene(panel: bench.Panel, grey: int = 120) -> np.ndarray:
    size = int(panel.x_px + 3 * panel.side_px)
    return bench.draw(np.full((size, size, 3), grey, np.uint8), panel)[..., 1]


@pytest.mark.parametrize("pattern", PATTERNS)
@given(u=st.floats(-1.5, 1.5), v=st.floats(-1.5, 1.5))
@settings(max_examples=40, deadline=None)
def test_coverages_sum_to_one_and_do_not_change_when_turned_by_half_a_turn(
    pattern: Pattern, u: float, v: float
) -> None:
    here, there = (parts(pattern, np.float32([s * u]), np.float32([s * v]), 9.0, 7.0, 0.2) for s in (1, -1))
    assert here.arms + here.rest + here.outside == pytest.approx(1, abs=1e-6)
    assert here.arms == pytest.approx(there.arms, abs=1e-4)
    if size_of(pattern, np.float32([u]), np.float32([v])) > 1.5:
        assert here.outside == 1


def test_a_crossing_of_two_lines_has_a_ring_and_a_single_line_or_edge_does_not_part_into_four() -> None:
    grey = scene(bench.Panel("plus", 62.0, 58.0, 22.0, turn_deg=20))
    at = centres(grey, 24, 100)
    assert np.abs(at - (62, 58)).sum(1).min() <= 1
    boards, crosses = axes(grey, at, 24, 100)
    near = np.abs(crosses.centre_px - (62, 58)).sum(1) <= 1
    assert np.rad2deg(crosses.angle[near]).min() == pytest.approx(20, abs=4)
    line = np.full((80, 80), 60, np.uint8)
    line[:, 38:42] = 220
    boards, crosses = axes(line, centres(line, 24, 5000), 24, 5000)
    assert len(boards.angle) == len(crosses.angle) == 0


@pytest.mark.parametrize(
    ("kind", "shape"), [("plus", "cross"), ("x-inverse", "cross"), ("iron", "iron"), ("checker", "board")]
)
def test_the_bank_names_the_pattern(kind: str, shape: str) -> None:
    grey = scene(bench.Panel(kind, 50.0, 50.0, 18.0, turn_deg=45 if kind == "x-inverse" else 0))
    found = Axes(np.float32([[50, 50]]), np.float32([[0, np.pi / 2]]))
    templates = bank(shape == "board")
    best = compare(patches(grey, found), templates)
    assert templates.patterns[best.template[0]].shape == shape
    assert best.explained[0] > 0.85


@settings(max_examples=25, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(
    x=st.floats(-0.5, 0.5),
    y=st.floats(-0.5, 0.5),
    turn=st.floats(-40, 40),
    side=st.floats(16, 30),
    squeeze=st.floats(0.55, 1),
)
def test_the_fit_finds_centre_and_axes(x: float, y: float, turn: float, side: float, squeeze: float) -> None:
    drawn = bench.Panel("plus", 150 + x, 149 + y, side, turn, squeeze, 0.0, arm=0.18)
    half = side / 2
    linear = bench.texels_to_scene(drawn)[:, :2] * (bench.PANEL_TEXELS / 2)
    nudge = 1 + 0.08 * x
    start = Panel(
        Pattern("cross", False, 0.2), (150, 149), tuple(linear[:, 0] * nudge), tuple(linear[:, 1] / nudge), 0.22
    )
    found = fit(scene(drawn), start)
    assert found.panel.centre_px == pytest.approx((drawn.x_px, drawn.y_px), abs=0.15)
    assert found.panel.side_px == pytest.approx(side * squeeze**0.5, rel=0.12)
    assert found.panel.arm * half == pytest.approx(0.18 * half, abs=0.8)
    assert found.explained > 0.9


def test_scaling_a_panel_there_and_back_changes_nothing() -> None:
    panel = Panel(PATTERNS[0], (10.25, 7.5), (3.0, 1.0), (-1.0, 2.5), 0.2)
    back = panel.scaled(0.5, 0.3).scaled(2, 1 / 0.3)
    assert (*back.centre_px, *back.e1_px, *back.e2_px) == pytest.approx((*panel.centre_px, *panel.e1_px, *panel.e2_px))
    assert panel.scaled(0.5).centre_px == (4.875, 3.5)


def test_inner_corners_grow_into_the_board() -> None:
    one, two = np.array([5.0, 1.0]), np.array([-1.5, 4.0])
    small = Pattern("board", False, fields=2)
    corners = [
        Panel(small, tuple(np.array([80.0, 60.0]) + i * one + j * two), tuple(one), tuple(two), 0.2)
        for i in (-1, 0, 1)
        for j in (-1, 0, 1)
    ]
    boards = grown(corners[:7] + corners[8:])  # one corner was not found
    assert {b.pattern.fields for b in boards} == {4}
    assert boards[0].centre_px == pytest.approx((80, 60), abs=1e-6)
    assert boards[0].side_px == pytest.approx(4 * (21.5**0.5), rel=1e-6)
    assert grown(corners[:2]) == []


def test_a_road_crossing_fits_but_does_not_end() -> None:
    panel = Panel(Pattern("cross", False, 0.2), (60, 60), (12, 0), (0, 12), 0.2)
    marker = evidence(fit(scene(bench.Panel("plus", 60, 60, 24.0), 150), panel))
    crossing = np.full((120, 120), 40, np.uint8)
    crossing[58:63], crossing[:, 58:63] = 220, 220
    road = evidence(fit(crossing, panel))
    assert marker.ends > 0.8 and marker.even > 0.6
    assert road.inner > 0.9 and road.ends < 0.3
