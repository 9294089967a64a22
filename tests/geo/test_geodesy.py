"""geodesy: exact there and back, and equal to PROJ."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.geo.geodesy import from_ecef, from_enu, geodesic_m, to_ecef, to_enu, wrap_longitude
from pipeline.types import GeoPoint

LATS, LONS = st.floats(-89.9, 89.9), st.floats(-180.0, 179.9999)


@given(LATS, LONS, st.floats(-400, 9000), st.floats(-2e4, 2e4), st.floats(-2e4, 2e4), st.floats(-500, 9000))
def test_enu_there_and_back(lat, lon, alt, east, north, up):
    ref = GeoPoint(lat, lon, alt)
    enu = np.array([[east, north, up]])
    assert to_enu(from_enu(enu, ref), ref) == pytest.approx(enu, abs=1e-7)


@given(LATS, LONS, st.floats(-400, 9000))
def test_degrees_there_and_back(lat, lon, alt):
    back = from_ecef(to_ecef([[lat, lon, alt]]))[0]
    assert back[:2] == pytest.approx([lat, lon], abs=1e-12)
    assert back[2] == pytest.approx(alt, abs=1e-7)


def test_earth_centred_coordinates_equal_proj():
    from pyproj import Transformer

    points = np.array([[34.7, 113.6, 150.0], [-62.0, -179.9, 8000.0], [0.0, 0.0, 0.0], [89.999, 12.0, -400.0]])
    proj = Transformer.from_crs("EPSG:4979", "EPSG:4978", always_xy=True)
    assert to_ecef(points) == pytest.approx(np.stack(proj.transform(*points.T[[1, 0, 2]]), -1), abs=1e-8)


@pytest.mark.parametrize("lat", [90.0, -90.0, 0.0])
def test_poles_and_equator(lat):
    assert from_ecef(to_ecef([[lat, 0.0, 12.0]]))[0] == pytest.approx([lat, 0.0, 12.0], abs=1e-8)


def test_axes_are_east_north_up():
    ref = GeoPoint(34.0, 113.0, 100.0)
    enu = to_enu([[34.0, 113.001, 100.0], [34.001, 113.0, 100.0], [34.0, 113.0, 107.0]], ref)
    assert np.argmax(np.abs(enu), axis=1).tolist() == [0, 1, 2]
    assert enu.max(axis=1) == pytest.approx([92.39, 110.92, 7.0], abs=0.01)


def test_the_horizon_falls_away():
    up = from_enu([[10_000.0, 0.0, 0.0]], GeoPoint(45.0, 9.0, 0.0))[0, 2]
    assert up == pytest.approx(1e8 / (2 * 6.3885e6), rel=1e-3)


def test_across_the_date_line():
    point = from_enu([[2000.0, 0.0, 0.0]], GeoPoint(10.0, 179.99, 0.0))[0]
    assert -180.0 <= point[1] < -179.99


def test_geodesic_goldens():
    assert geodesic_m(0.0, 0.0, 0.0, 1.0) == pytest.approx(111_319.4908, abs=1e-3)  # a · π / 180
    assert geodesic_m([38.0], [-76.0], [38.0003], [-76.0]) == pytest.approx(109.249 * 0.3048, abs=0.001)


@given(st.floats(-1e4, 1e4))
def test_longitudes_are_wrapped_into_half_open_range(lon):
    wrapped = float(wrap_longitude(lon))
    assert -180.0 <= wrapped < 180.0
    assert abs((wrapped - lon + 180.0) % 360.0 - 180.0) < 1e-9
    assert float(wrap_longitude(180.0)) == -180.0
