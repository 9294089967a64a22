"""Gauss–Krüger in: against EPSG's own definitions, against the published series, and what is never guessed."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pyproj import Transformer

from pipeline.contest.truth.grids import Grid, read_crs, to_degrees
from pipeline.errors import ContestError

LATS = st.floats(3.5, 53.5)
CENTIMETRE_DEG = 1e-7
# EPSG:4513–4533 are the 3° zones 25–45 with their numbers, 4534–4554 the same by central meridian 75–135° E;
# EPSG:4491–4501 are the 6° zones 13–23, 4502–4512 the same by central meridian.
EPSG = (
    [(4513 + i, "cgcs2000/gk3", 75 + 3 * i, 3) for i in range(21)]
    + [(4534 + i, f"cgcs2000/gk3:CM={75 + 3 * i}", 75 + 3 * i, 3) for i in range(21)]
    + [(4491 + i, "cgcs2000/gk6", 75 + 6 * i, 6) for i in range(11)]
    + [(4502 + i, f"cgcs2000/gk6:CM={75 + 6 * i}", 75 + 6 * i, 6) for i in range(11)]
)


@pytest.mark.parametrize(("code", "crs", "meridian", "width"), EPSG)
def test_every_zone_of_china_is_epsgs(code: int, crs: str, meridian: int, width: int) -> None:
    there = Transformer.from_crs("EPSG:4490", f"EPSG:{code}", always_xy=True)
    for lat, off in ((22.123456789, -0.49 * width), (34.839442720, 0.134975330), (49.9, 0.49 * width)):
        east, north = there.transform(meridian + off, lat)
        assert to_degrees(read_crs(crs), north, east) == pytest.approx((lat, meridian + off), abs=1e-11)


def krueger_inverse(north_m: float, off_m: float, meridian_deg: float) -> tuple[float, float]:
    """Krüger's series to n⁴ (Karney 2011, equations 11 and 36) on GRS 80, written down apart from PROJ."""
    f = 1 / 298.257222101
    n = f / (2 - f)
    e = math.sqrt(f * (2 - f))
    a1 = 6378137 / (1 + n) * (1 + n**2 / 4 + n**4 / 64)
    beta = (
        n / 2 - 2 * n**2 / 3 + 37 * n**3 / 96 - n**4 / 360,
        n**2 / 48 + n**3 / 15 - 437 * n**4 / 1440,
        17 * n**3 / 480 - 37 * n**4 / 840,
        4397 * n**4 / 161280,
    )
    xi, eta = north_m / a1, off_m / a1
    xi1 = xi - sum(b * math.sin(2 * j * xi) * math.cosh(2 * j * eta) for j, b in enumerate(beta, 1))
    eta1 = eta - sum(b * math.cos(2 * j * xi) * math.sinh(2 * j * eta) for j, b in enumerate(beta, 1))
    tau1 = math.sin(xi1) / math.hypot(math.sinh(eta1), math.cos(xi1))
    tau = tau1
    for _ in range(8):
        sigma = math.sinh(e * math.atanh(e * tau / math.hypot(1, tau)))
        here = tau * math.hypot(1, sigma) - sigma * math.hypot(1, tau)
        step = (tau1 - here) / math.hypot(1, here) * (1 + (1 - e * e) * tau**2) / ((1 - e * e) * math.hypot(1, tau))
        tau += step
    return math.degrees(math.atan(tau)), meridian_deg + math.degrees(math.atan2(math.sinh(eta1), math.cos(xi1)))


@settings(max_examples=300, deadline=None)
@given(st.floats(400_000, 5_950_000), st.floats(-165_000, 165_000), st.sampled_from([75, 102, 114, 117, 135]))
def test_it_is_the_published_series(north_m: float, off_m: float, meridian: int) -> None:
    found = to_degrees(Grid("", 3, meridian), north_m, 500_000 + off_m)
    assert found == pytest.approx(krueger_inverse(north_m, off_m, meridian), abs=2e-10)


@settings(max_examples=300, deadline=None)
@given(st.floats(18, 53.5), st.floats(-1.5, 1.5), st.integers(25, 45), st.booleans())
def test_swapped_axes_are_noticed_with_and_without_zone(lat: float, off: float, zone: int, numbered: bool) -> None:
    there = Transformer.from_crs("EPSG:4490", f"EPSG:{4513 - 25 + zone}", always_xy=True)
    east, north = there.transform(3 * zone + off, lat)
    crs = "cgcs2000/gk3" if numbered else f"cgcs2000/gk3:CM={3 * zone}"
    east = east if numbered else east - 1e6 * zone
    assert to_degrees(read_crs(crs), north, east) == pytest.approx((lat, 3 * zone + off), abs=1e-10)
    with pytest.raises(ContestError, match="swapped"):
        to_degrees(read_crs(crs), east, north)


@pytest.mark.parametrize(
    ("crs", "east", "why"),
    [
        ("cgcs2000/gk3", 512_345.678, "no zone number: give cgcs2000/gk3:CM="),
        ("cgcs2000/gk6", 512_345.678, "no zone number: give cgcs2000/gk6:CM="),
        ("cgcs2000/gk6", 38_512_345.678, "begins with 38, which is no 6° zone"),
        ("cgcs2000/gk3", 20_512_345.678, "begins with 20, which is no 3° zone"),
        ("cgcs2000/gk3:CM=117", 38_512_345.678, r"zone 38 \(114° E\), but CM=117"),
        ("cgcs2000/gk6:CM=111", 20_512_345.678, r"zone 20 \(117° E\), but CM=111"),
        ("cgcs2000/gk3:CM=114", 12_345.678, "no Gauss–Krüger point in China"),
        ("cgcs2000/gk3:CM=114", -512_345.678, "no Gauss–Krüger point in China"),
        ("cgcs2000/gk3:CM=114", 99_512_345.678, "no Gauss–Krüger point in China"),
    ],
)
def test_what_is_missing_or_contradicts_is_asked_for(crs: str, east: float, why: str) -> None:
    with pytest.raises(ContestError, match=why) as caught:
        to_degrees(read_crs(crs), 3_856_789.123, east)
    assert "345" not in str(caught.value) and "3856" not in str(caught.value)


def test_a_zone_number_that_agrees_with_the_meridian_is_taken() -> None:
    with_number = to_degrees(read_crs("cgcs2000/gk3:CM=114"), 3_856_789.123, 38_512_345.678)
    assert with_number == to_degrees(read_crs("cgcs2000/gk3"), 3_856_789.123, 38_512_345.678)
    without = to_degrees(read_crs("CGCS2000/GK3:CM=114"), 3_856_789.123, 512_345.678)
    assert with_number == pytest.approx(without, abs=1e-12)


@pytest.mark.parametrize(
    "text",
    ["", "cgcs2000/gk3:", "cgcs2000/gk4", "cgcs2000/gk3:CM=115", "cgcs2000/gk6:CM=114", "cgcs2000/gk3:CM=-114",
     "cgcs2000/gk3:CM=72", "EPSG:4547", "bj54", "cgcs2000/gk3:CM=１１４", "cgcs2000/gk3:CM=113.5", "gcj02"],
)  # fmt: skip
def test_other_systems_are_refused(text: str) -> None:
    with pytest.raises(ContestError, match=r"coordinate system|central meridian"):
        read_crs(text)


def test_degrees_need_no_zone() -> None:
    assert read_crs("WGS84").width_deg == 0 and read_crs("cgcs2000").width_deg == 0


@settings(max_examples=200, deadline=None)
@given(st.floats(allow_nan=True, allow_infinity=True), st.floats(allow_nan=True, allow_infinity=True))
def test_any_numbers_give_a_place_in_china_or_a_sentence(north: float, east: float) -> None:
    assume(not (math.isnan(north) or math.isnan(east)))
    try:
        lat, lon = to_degrees(read_crs("cgcs2000/gk3"), north, east)
    except ContestError:
        return
    assert 2 < lat < 56 and 70 < lon < 140
