"""What each maker writes, read into one vocabulary. Values of real files are cited where they were found."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.ingest.dialects import ZERO_GIMBAL, read_dialect
from pipeline.ingest.xmp import read_xmp
from pipeline.types import Attitude


def test_dji(headers: Any) -> None:
    more = headers.dji(GpsLatitude="+34.7512345", GpsLongtitude="+113.6212345", DewarpFlag="1", DroneModel="M3E")
    for elements in (False, True):
        reading = read_dialect(read_xmp(headers.xmp(more, elements)))
        assert reading.attitude == Attitude(9.5, -90.0, 0.0)
        assert reading.body == Attitude(9.4, -4.2, 2.8)
        assert (reading.lat_deg, reading.lon_deg) == (34.7512345, 113.6212345)
        assert (reading.alt_m, reading.relative_m, reading.ellipsoidal) == (150.0, 50.0, False)
        assert reading.gimbal and reading.dewarped
        assert reading.drone == "M3E"


@pytest.mark.parametrize(("flag", "rtk"), [("16", 16), ("34", 34), ("50", 50), ("0", None), ("x", None)])
def test_rtk_flags(headers: Any, flag: str, rtk: int | None) -> None:
    std = {"RtkStdLon": "0.012", "RtkStdLat": "0.011", "RtkStdHgt": "0.025"}
    reading = read_dialect(headers.dji(RtkFlag=flag, **std))
    assert reading.rtk_flag == rtk
    assert reading.ellipsoidal is (rtk is not None)
    assert reading.rtk_std_m == (0.012, 0.011, 0.025)


def test_rtk_altitude_type_alone_is_ellipsoidal(headers: Any) -> None:
    assert read_dialect(headers.dji(AltitudeType="RtkAlt")).ellipsoidal
    assert not read_dialect(headers.dji(AltitudeType="GpsFusionAlt")).ellipsoidal


@pytest.mark.parametrize("flight", ["+0.00", None, "+30.00"])
def test_an_all_zero_gimbal_is_no_attitude(headers: Any, flight: str | None) -> None:
    zero = dict.fromkeys(("GimbalYawDegree", "GimbalPitchDegree", "GimbalRollDegree"), "+0.00")
    reading = read_dialect(headers.dji(**zero, FlightYawDegree=flight, FlightPitchDegree=flight))
    assert reading.attitude is None
    assert reading.attitude_problem == ZERO_GIMBAL


def test_a_missing_roll_is_level_but_a_missing_pitch_is_no_attitude(headers: Any) -> None:
    assert read_dialect(headers.dji(GimbalRollDegree=None)).attitude == Attitude(9.5, -90.0, 0.0)
    assert read_dialect(headers.dji(GimbalPitchDegree=None)).attitude is None


def test_new_autel_is_dji_by_another_prefix(headers: Any) -> None:
    values = headers.dji(GpsLatitude="+41.3", GpsLongtitude="-96.3")
    reading = read_dialect({k.replace("drone-dji:", "drone:"): v for k, v in values.items()})
    assert reading.dialect == "Autel"
    assert reading.attitude == Attitude(9.5, -90.0, 0.0)
    assert reading.lon_deg == -96.3


def test_old_autel_counts_pitch_from_nadir() -> None:
    # 66.04, 2.42: a photo of OpenAthena's tests, whose own answer is 23.96° below the horizon
    reading = read_dialect({"Camera:Pitch": "66.040000", "Camera:Yaw": "2.420000", "Camera:Roll": "0.000000"})
    assert reading.attitude is not None
    assert reading.attitude.pitch_deg == pytest.approx(-23.96)
    assert reading.attitude.yaw_deg == pytest.approx(2.42)
    assert reading.attitude.roll_deg == pytest.approx(0, abs=1e-9)


def test_camera_roll_banks_a_nadir_camera_to_its_side() -> None:
    # right wing down 10°, heading north: the view swings west of nadir by 10°
    reading = read_dialect({"Camera:Pitch": "0", "Camera:Yaw": "0", "Camera:Roll": "10"})
    assert reading.attitude is not None
    assert reading.attitude.pitch_deg == pytest.approx(-80)
    assert reading.attitude.yaw_deg == pytest.approx(-90)


def test_parrot_anafi() -> None:
    names = ("Pitch", "-78.362686"), ("Roll", "-0.322913"), ("Yaw", "176.310745")  # of OpenAthena's tests
    reading = read_dialect({f"drone-parrot:Camera{n}Degree": v for n, v in names})
    assert reading.attitude == Attitude(176.310745, -78.362686, -0.322913)
    assert not reading.gimbal


@pytest.mark.parametrize("nested", [False, True])
def test_skydio_in_both_forms(nested: bool) -> None:
    angles = {"Roll": "0.186841", "Pitch": "-7.468572", "Yaw": "127.444323"}  # of OpenAthena's tests
    p = "drone-skydio:"
    if nested:
        inside = "".join(f"<{p}{k}>{v}</{p}{k}>" for k, v in angles.items())
        told = f'<{p}CameraOrientationNED rdf:parseType="Resource">{inside}</{p}CameraOrientationNED>'
    else:
        inside = " ".join(f'{p}{k}="{v}"' for k, v in angles.items())
        told = f"<{p}CameraOrientationNED {inside}/>"
    place = f'{p}Latitude="32.518935" {p}Longitude="-110.924547" {p}AbsoluteAltitude="1034.44"'
    reading = read_dialect(read_xmp(f"<rdf:Description {place}>{told}</rdf:Description>".encode()))
    assert reading.attitude == Attitude(127.444323, -7.468572, 0.186841)
    assert (reading.lat_deg, reading.lon_deg, reading.alt_m) == (32.518935, -110.924547, 1034.44)


def test_other_programs_packets_are_plain() -> None:
    assert read_dialect({"xmp:Rating": "0", "crs:Version": "7.0"}).dialect == "plain"
