"""coordinates: CGCS2000 against EPSG, GCJ-02 and BD-09 there and back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import PipelineError
from pipeline.geo.coordinates import (
    bd09_to_gcj02,
    cgcs2000_forward,
    cgcs2000_inverse,
    gcj02_to_bd09,
    gcj02_to_wgs84,
    wgs84_to_gcj02,
)

CHINA_LAT, CHINA_LON = st.floats(3.0, 53.5), st.floats(73.6, 135.0)
ZHENGZHOU, BEIJING = (34.7466, 113.6254), (39.9042, 116.4074)


def epsg(code: int, lat: float, lon: float) -> tuple[float, float]:
    from pyproj import Transformer

    east, north = Transformer.from_crs("EPSG:4490", f"EPSG:{code}", always_xy=True).transform(lon, lat)
    return north, east


@pytest.mark.parametrize(
    ("code", "lon", "width", "meridian"),
    [
        (4526, 113.6254, 3, None),  # 3° zone 38, its number in front
        (4497, 110.2, 6, None),  # 6° zone 19, its number in front
        (4547, 113.6254, 3, 114.0),  # 3° about 114° east
        (4508, 113.6254, 6, 111.0),  # 6° about 111° east
    ],
)
def test_zones_equal_epsg(code, lon, width, meridian):
    assert cgcs2000_forward(34.7466, lon, width, meridian)[0] == pytest.approx(epsg(code, 34.7466, lon), abs=1e-3)


@given(CHINA_LAT, CHINA_LON, st.sampled_from([3, 6]))
def test_gauss_krueger_there_and_back(lat, lon, width):
    xy = cgcs2000_forward(lat, lon, width)
    assert cgcs2000_inverse(xy)[0] == pytest.approx([lat, lon], abs=1e-9)


@given(CHINA_LAT, CHINA_LON)
def test_zone_numbers(lat, lon):
    assert cgcs2000_forward(lat, lon)[0, 1] // 1e6 == np.floor((lon + 1.5) / 3)
    assert cgcs2000_forward(lat, lon, 6)[0, 1] // 1e6 == np.floor(lon / 6) + 1


def test_points_of_several_zones_at_once():
    lat, lon = np.array([30.0, 31.0, 32.0]), np.array([105.2, 113.6, 120.9])
    assert cgcs2000_inverse(cgcs2000_forward(lat, lon)) == pytest.approx(np.stack([lat, lon], -1), abs=1e-9)


def test_refusals():
    with pytest.raises(PipelineError, match="no zone number"):
        cgcs2000_inverse([[3_846_545.0, 465_698.0]])
    with pytest.raises(PipelineError, match="3° or 6°"):
        cgcs2000_forward(34.0, 113.0, 5)


def test_gcj02_goldens():
    assert wgs84_to_gcj02(*ZHENGZHOU)[0] == pytest.approx([34.745417, 113.631447], abs=1e-6)
    assert wgs84_to_gcj02(*BEIJING)[0] == pytest.approx([39.905603, 116.413642], abs=1e-6)


@given(CHINA_LAT, CHINA_LON)
def test_gcj02_there_and_back(lat, lon):
    gcj = wgs84_to_gcj02(lat, lon)[0]
    assert gcj02_to_wgs84(*gcj)[0] == pytest.approx([lat, lon], abs=1e-9)


@given(CHINA_LAT, CHINA_LON)
def test_bd09_there_and_back(lat, lon):
    bd = gcj02_to_bd09(lat, lon)[0]
    assert bd09_to_gcj02(*bd)[0] == pytest.approx([lat, lon], abs=1e-9)


@pytest.mark.parametrize("place", [(48.85, 2.35), (-33.9, 151.2), (37.8, -122.4), (60.0, 100.0)])
def test_outside_china_gcj02_is_wgs84(place):
    assert wgs84_to_gcj02(*place)[0].tolist() == list(place)
    assert gcj02_to_wgs84(*place)[0].tolist() == list(place)
