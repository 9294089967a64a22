"""Golden values: brighton's bundle adjustment found 2,344 px; 3.61 mm on a sensor of 6.16 mm gives it."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.ingest.sensors import SENSORS

W, H = 5472, 3648
DEWARP = "2018-09-04;3680.10,3681.20,12.5,-7.25,-0.27,0.11,0.001,-0.0005,-0.04"


def only(card: Any) -> Any:
    return card.open().frames[0]


def test_dewarp_data_comes_first(headers: Any, card: Any, source_of: Any) -> None:
    card.photo(values=headers.dji(DewarpData=DEWARP, CalibratedFocalLength="3600"))
    camera = only(card).camera
    assert (camera.fx_px, camera.fy_px) == (3680.10, 3681.20)
    assert (camera.cx_px, camera.cy_px) == ((W - 1) / 2 + 12.5, (H - 1) / 2 - 7.25)
    assert camera.distortion == (-0.27, 0.11, 0.001, -0.0005, -0.04)
    assert camera.focal_sigma == 0.005
    assert source_of(only(card), "focal") == "XMP DewarpData"


def test_corrected_pixels_have_no_distortion_but_keep_the_focal(headers: Any, card: Any) -> None:
    card.photo(values=headers.dji(DewarpData=DEWARP, DewarpFlag="1"))
    assert only(card).camera.distortion == (0.0,) * 5
    assert only(card).camera.fx_px == 3680.10


@pytest.mark.parametrize(
    "data", ["", "x;1,2,3", "d;nan,1,0,0,0,0,0,0,0", "d;9999999,9999999,0,0,0,0,0,0,0", "d;1840,1840,0,0,0,0,0,0,0"]
)
def test_dewarp_data_that_does_not_fit_is_not_used(headers: Any, card: Any, source_of: Any, data: str) -> None:
    card.photo(values=headers.dji(DewarpData=data))
    assert source_of(only(card), "focal").startswith("EXIF FocalLength and the sensor of FC6310")
    assert only(card).camera.fx_px == pytest.approx(8.8 / 13.2 * W)


CENTRE = {"CalibratedOpticalCenterX": "2736.0", "CalibratedOpticalCenterY": "1824.0"}


@pytest.mark.parametrize(
    ("size", "focal", "centre"),
    [
        ((5472, 3648), 3666.67, (2735.5, 1823.5)),  # as calibrated
        ((5472, 3078), 3666.67, (2735.5, 1538.5)),  # 16:9, cut above and below
        ((2736, 1824), 1833.335, (1367.5, 911.5)),  # half the size
    ],
)
def test_calibrated_focal_length_follows_the_picture(
    headers: Any, card: Any, size: Any, focal: float, centre: Any
) -> None:
    card.photo(values=headers.dji(CalibratedFocalLength="3666.67", **CENTRE), size=size)
    camera = only(card).camera
    assert camera.fx_px == pytest.approx(focal)
    assert (camera.cx_px, camera.cy_px) == pytest.approx(centre)
    assert camera.focal_sigma == 0.023


def test_focal_plane_resolution(headers: Any, card: Any) -> None:
    # the Canon of caliterra: 4.5 mm at 16,393.44 px an inch
    tags = {"Model": "Canon X", "FocalLength": 4.5, "FocalPlaneXResolution": ((1639344, 100),), "PixelXDimension": 4000}
    card.photo(tags=tags | headers.gps(1, 2, 3), size=(4000, 3000), values={})
    assert only(card).camera.fx_px == pytest.approx(2904.35, abs=0.01)


def test_a_resampled_picture_is_scaled_and_says_so(headers: Any, card: Any, source_of: Any) -> None:
    tags = {"Model": "X", "FocalLength": 4.5, "FocalPlaneXResolution": ((1639344, 100),)}
    tags |= {"PixelXDimension": 4000, "PixelYDimension": 3000}
    card.photo(tags=tags, size=(3600, 2700), values={})
    assert only(card).camera.fx_px == pytest.approx(2904.35 * 0.9, abs=0.01)
    assert only(card).camera.focal_sigma == 0.1
    assert "4000 px to 3600 px" in source_of(only(card), "focal")


def test_sensor_table_against_a_bundle_adjustment(headers: Any, card: Any) -> None:
    card.photo(tags={"Model": "FC300S", "FocalLength": 3.61, "FocalLengthIn35mmFilm": 20}, size=(4000, 2250), values={})
    assert only(card).camera.fx_px == pytest.approx(2344, abs=1)


@given(st.integers(500, 9000), st.integers(500, 9000), st.integers(8, 600))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
def test_the_35_mm_equivalent_is_on_the_diagonal(card: Any, w: int, h: int, f35: int) -> None:
    card.photo(tags={"FocalLengthIn35mmFilm": f35}, size=(w, h), values={})
    camera = only(card).camera
    diagonal_deg = 2 * math.degrees(math.atan(math.hypot(w, h) / 2 / camera.fx_px))
    assert diagonal_deg == pytest.approx(2 * math.degrees(math.atan(43.267 / 2 / f35)))
    assert camera.focal_sigma == 0.04


@pytest.mark.parametrize("zoom", [((0, 0),), ((0, 1),), 1.0, 2.0, 4.0])
def test_digital_zoom_multiplies(card: Any, zoom: Any) -> None:
    card.photo(tags={"Model": "FC6310", "FocalLength": 8.8, "DigitalZoomRatio": zoom}, values={})
    times = zoom if isinstance(zoom, float) else 1
    assert only(card).camera.fx_px == pytest.approx(8.8 / 13.2 * W * times)


def test_a_tele_lens_of_the_same_model_is_told_by_its_35_mm_equivalent(card: Any, source_of: Any) -> None:
    tags = {"Model": "M3E", "FocalLength": 29.9, "FocalLengthIn35mmFilm": 162}
    card.photo(tags=tags, size=(4000, 3000), values={})
    assert only(card).camera.fx_px == pytest.approx(162 * 5000 / 43.267, rel=0.01)
    assert "35 mm" in source_of(only(card), "focal")


@pytest.mark.parametrize(("f35", "believed"), [(20, True), (22, False), (24, False), (27, False), (30, True)])
def test_the_35_mm_equivalent_decides_where_sources_are_15_percent_apart(card: Any, f35: int, believed: bool) -> None:
    card.photo(tags={"Model": "FC6310", "FocalLength": 8.8, "FocalLengthIn35mmFilm": f35}, values={})
    expected = f35 * math.hypot(W, H) / 43.267 if believed else 8.8 / 13.2 * W
    assert only(card).camera.fx_px == pytest.approx(expected, rel=1e-3)


def test_no_focal_length_is_a_problem(headers: Any, card: Any) -> None:
    card.photo(tags={"Model": "??", **headers.gps(34, 113, 5)})
    assert only(card).camera is None
    assert "focal length is unknown" in only(card).problem


@pytest.mark.parametrize("model", sorted(SENSORS))
def test_sensors_are_of_a_usual_shape(model: str) -> None:
    sensor = SENSORS[model]
    assert 1.25 < sensor.width_mm / sensor.height_mm < 1.55
    assert 4 < sensor.width_mm < 37
