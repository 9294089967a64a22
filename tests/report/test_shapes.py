from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod

from pipeline.report.places import dms
from pipeline.report.plane import plane_about
from pipeline.report.shapes import (
    circle,
    ellipse_axes,
    line,
    metres_per_degree,
    polygon,
    unwrapped_deg,
    wrapped_lon_deg,
)


@given(st.floats(-1e4, 1e4))
def test_wrapped_longitude_is_the_same_meridian_and_in_range(lon_deg: float) -> None:
    wrapped = wrapped_lon_deg(lon_deg)
    assert -180 <= wrapped < 180
    assert math.cos(math.radians(wrapped - lon_deg)) == pytest.approx(1, abs=1e-12)


def test_rounding_cannot_leave_180() -> None:
    assert wrapped_lon_deg(180.0) == -180.0
    assert wrapped_lon_deg(-180.0) == -180.0


@given(st.lists(st.floats(-180, 179.999), min_size=1, max_size=20))
def test_unwrapped_never_jumps(lons: list[float]) -> None:
    out = unwrapped_deg(lons)
    assert all(abs(b - a) <= 180 + 1e-9 for a, b in pairwise(out))
    assert np.allclose([(a - b + 180) % 360 - 180 for a, b in zip(out, lons, strict=True)], 0, atol=1e-9)


@given(st.floats(-170, 170), st.floats(0.001, 5))
def test_a_polygon_keeps_its_area_when_moved_across_180(lat_seed: float, size: float) -> None:
    lat = lat_seed / 3
    here = polygon([(lat, 10 - size), (lat, 10 + size), (lat + 1, 10 + size), (lat + 1, 10 - size)])
    there = polygon([(lat, 180 - size), (lat, -180 + size), (lat + 1, -180 + size), (lat + 1, 180 - size)])
    assert len(here.geoms) == 1
    assert len(there.geoms) == 2
    assert there.area == pytest.approx(here.area, rel=1e-6)
    assert there.bounds[0] >= -180
    assert there.bounds[2] <= 180


@pytest.mark.parametrize("corners", [[(1, 1)] * 3, [(1, 1), (1, 2), (1, 3)], circle(34.9, 113.5, 0.0)])
def test_corners_that_enclose_nothing_are_an_empty_polygon(corners: list[tuple[float, float]]) -> None:
    assert polygon(corners).is_empty


def test_a_line_across_180_is_two_lines_with_heights() -> None:
    whole = line([(10.0, 179.0, 5.0), (10.0, -179.0, 7.0)])
    assert [list(p.coords) for p in whole.geoms] == [
        [(179.0, 10.0, 5.0), (180.0, 10.0, 6.0)],
        [(-180.0, 10.0, 6.0), (-179.0, 10.0, 7.0)],
    ]


@given(st.floats(-85, 85))
def test_metres_per_degree_agree_with_the_geodesic(lat_deg: float) -> None:
    geod = Geod(ellps="WGS84")
    east_m, north_m = metres_per_degree(lat_deg)
    assert geod.inv(0, lat_deg, 1e-4, lat_deg)[2] == pytest.approx(east_m * 1e-4, rel=1e-6)
    assert geod.inv(0, lat_deg - 5e-5, 0, lat_deg + 5e-5)[2] == pytest.approx(north_m * 1e-4, rel=1e-6)


@given(st.floats(0.1, 9), st.floats(0.1, 9), st.floats(0, 179))
def test_ellipse_axes_find_what_made_the_covariance(a: float, b: float, bearing_deg: float) -> None:
    major, minor, bearing = max(a, b) + 0.1, min(a, b), math.radians(bearing_deg)
    along, across = np.array([math.sin(bearing), math.cos(bearing)]), np.array([math.cos(bearing), -math.sin(bearing)])
    cov = major**2 * np.outer(along, along) + minor**2 * np.outer(across, across)
    found = ellipse_axes((cov[0, 0], cov[0, 1], cov[1, 1]))
    scale = math.sqrt(4.605170186)
    assert found[:2] == pytest.approx((major * scale, minor * scale))
    assert abs(math.sin(math.radians(found[2]) - bearing)) < 1e-6


def test_a_circle_has_its_radius_everywhere() -> None:
    ring = circle(60.0, 20.0, 100.0)
    reach = [Geod(ellps="WGS84").inv(20.0, 60.0, lon, lat)[2] for lat, lon in ring]
    assert reach == pytest.approx([100.0] * len(ring), rel=1e-4)


@given(st.floats(-80, 80), st.floats(-180, 179.99), st.floats(-5000, 5000), st.floats(-5000, 5000))
def test_the_plane_round_trips(lat: float, lon: float, x: float, y: float) -> None:
    plane = plane_about([lat], [lon])
    there = plane.lat_lon(np.array([[x, y]]))
    assert plane.xy(*there) == pytest.approx(np.array([[x, y]]), abs=1e-5)
    assert -180 <= there[1][0] < 180


def test_the_plane_across_180_is_centred_there() -> None:
    plane = plane_about([0.0, 0.0], [179.9, -179.9])
    assert plane.lon_deg == -180.0
    assert plane.xy(0.0, 179.9)[0, 0] == pytest.approx(-plane.xy(0.0, -179.9)[0, 0])


@given(st.floats(-179.9, 179.9))
def test_dms_says_the_same_angle(angle_deg: float) -> None:
    text = dms(angle_deg, "EW")
    degrees, rest = text[:-1].split("°")
    minutes, seconds = rest.rstrip("″").split("′")
    said = (int(degrees) + int(minutes) / 60 + float(seconds) / 3600) * (1 if text[-1] == "E" else -1)
    assert said == pytest.approx(angle_deg, abs=0.0006 / 3600)
    assert float(seconds) < 60


def test_dms_carries_over() -> None:
    assert dms(29.9999999999, "NS") == "30°00′00.000″N"
    assert dms(-0.5, "NS") == "0°30′00.000″S"
