from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.ingest.position import distance_m


@given(st.floats(-89, 89).filter(lambda v: abs(v) > 1e-3), st.floats(-179, 179))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
def test_exif_positions_round_trip(headers: Any, card: Any, lat: float, lon: float) -> None:
    card.photo(tags=headers.camera | headers.gps(lat, lon, 10))
    pose = card.open().frames[0].pose
    assert (pose.at.lat_deg, pose.at.lon_deg) == pytest.approx((lat, lon), abs=1e-4 / 3600)


def test_xmp_is_preferred_for_its_decimals(headers: Any, card: Any, source_of: Any) -> None:
    card.photo(values=headers.dji(GpsLatitude="34.75000123", GpsLongitude="+113.62000456"))
    frame = card.open().frames[0]
    assert (frame.pose.at.lat_deg, frame.pose.at.lon_deg) == (34.75000123, 113.62000456)
    assert source_of(frame, "position") == "XMP DJI"


def test_exif_is_believed_where_both_are_far_apart(headers: Any, card: Any, source_of: Any) -> None:
    card.photo(values=headers.dji(GpsLatitude="34.76", GpsLongitude="113.62"))
    mission = card.open()
    assert mission.frames[0].pose.at.lat_deg == pytest.approx(34.75)
    assert source_of(mission.frames[0], "position") == "EXIF GPS"
    assert any("1113 m apart" in w for w in mission.warnings)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"GPSLatitude": ((0, 1),) * 3, "GPSLongitude": ((0, 1),) * 3}, "0, 0"),
        ({"GPSLatitude": ((34, 0), (0, 1), (0, 1))}, "not a number"),
        ({"GPSLatitude": ((134, 1), (0, 1), (0, 1))}, "not on Earth"),
        ({"GPSLongitude": "x"}, "not a number"),
    ],
)
def test_positions_that_are_none(headers: Any, card: Any, change: Any, sentence: str) -> None:
    card.photo(tags=headers.camera | headers.gps(34.75, 113.62, 150) | change)
    frame = card.open().frames[0]
    assert frame.pose is None
    assert sentence in frame.problem


def test_no_position_at_all(headers: Any, card: Any) -> None:
    card.photo(tags=headers.camera)
    assert card.open().frames[0].problem == "no GPS position in EXIF or XMP"


@given(st.floats(-80, 80), st.floats(-180, 180), st.floats(-1e-3, 1e-3), st.floats(-1e-3, 1e-3))
def test_distance_is_symmetric_and_near_the_ellipsoids(lat: float, lon: float, dlat: float, dlon: float) -> None:
    from pipeline.geo.geodesy import geodesic_m

    a, b = (lat, lon), (lat + dlat, lon + dlon)
    assert distance_m(a, b) == pytest.approx(distance_m(b, a), rel=1e-3, abs=1e-9)
    assert distance_m(a, b) == pytest.approx(float(geodesic_m(*a, *b)), rel=0.01, abs=1e-6)
