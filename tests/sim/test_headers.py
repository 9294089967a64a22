"""What is written into a photo reads back, by Pillow and by plain expressions."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from fractions import Fraction

import numpy as np
import PIL.Image
import pytest

from pipeline.imagery import encode_jpeg
from pipeline.sim import FlightConfig, Truth, fly
from pipeline.sim.headers import Header, dress, header, xmp
from pipeline.sim.sites import SITES

BLANK = encode_jpeg(np.full((48, 64, 3), 90, np.uint8))


def tags(packet: str) -> dict[str, str]:
    attributes = re.findall(r'drone-dji:(\w+)="([^"]*)"', packet)
    elements = re.findall(r"<drone-dji:(\w+)>([^<]*)</", packet)
    return dict(attributes + elements)


def first(**options: object) -> tuple[Truth, Header]:
    truth = fly(FlightConfig(strips=1, photos_per_strip=2, n_checks=0, **options))  # type: ignore[arg-type]
    return truth, header(truth, 0)


def position(gps: dict[int, object]) -> tuple[float, float]:
    out = []
    for ref, tag, negative in ((1, 2, "S"), (3, 4, "W")):
        degrees, minutes, seconds = (float(v) for v in gps[tag])  # type: ignore[attr-defined]
        value = degrees + minutes / 60 + seconds / 3600
        out.append(-value if gps[ref] == negative else value)
    return out[0], out[1]


@pytest.mark.parametrize("site", SITES)
def test_exif_carries_the_place(site: str) -> None:
    truth, head = first(profile="exact", site=site)
    with PIL.Image.open(io.BytesIO(dress(BLANK, head))) as photo:
        photo.load()
        exif = photo.getexif()
    gps = exif.get_ifd(0x8825)
    lat, lon = position(gps)
    assert lat == pytest.approx(truth.reported.lat_deg[0], abs=1e-10)
    assert (lon - truth.reported.lon_deg[0] + 180) % 360 - 180 == pytest.approx(0, abs=1e-10)
    assert float(gps[6]) == pytest.approx(truth.reported.absolute_m[0], abs=1e-9)


def test_exif_carries_camera_and_time() -> None:
    _, head = first(profile="real", seed=61)
    with PIL.Image.open(io.BytesIO(dress(BLANK, head))) as photo:
        exif = photo.getexif()
    detail = exif.get_ifd(0x8769)
    assert (exif[0x010F], exif[0x0110]) == ("DJI", "FC330")
    assert detail[0x9003] == "2026:11:21 13:01:00"
    assert (detail[0xA002], detail[0xA003]) == (4000, 3000)
    assert (float(detail[0x920A]), detail[0xA405]) == (3.61, 20)


def test_exact_headers_lose_nothing() -> None:
    truth, head = first(profile="exact", dialect="m3e")
    said = tags(xmp(head))
    assert float(said["GimbalYawDegree"]) == truth.reported.yaw_deg[0]
    assert re.fullmatch(r"[+-]\d+\.\d{4,}", said["GimbalPitchDegree"])
    assert re.fullmatch(r"[+-]\d+\.\d{9,}", said["GpsLatitude"])
    assert float(said["RelativeAltitude"]) == truth.reported.relative_m[0]


def test_dji_rounds_to_tenths_of_a_degree_and_centimetres() -> None:
    _, head = first(profile="dji")
    said = tags(xmp(head))
    assert re.fullmatch(r"[+-]\d+\.\d0", said["GimbalYawDegree"])
    assert re.fullmatch(r"[+-]\d+\.\d\d", said["AbsoluteAltitude"])
    assert "GpsLongtitude" in said and "GpsLongitude" not in said


def test_signs_are_always_written() -> None:
    _, head = first(profile="exact", site="parana")
    said = tags(xmp(head))
    assert said["GpsLatitude"][0] == said["GpsLongtitude"][0] == "-"
    assert said["RelativeAltitude"][0] == "+"


def test_elements_say_the_same_as_attributes() -> None:
    _, head = first(profile="dji")
    as_elements = replace(head, dialect=replace(head.dialect, elements=True))
    assert "<drone-dji:GimbalYawDegree>" in xmp(as_elements)
    assert tags(xmp(as_elements)) == tags(xmp(head))


def test_rtk_heights_are_ellipsoidal_and_flagged() -> None:
    truth, head = first(profile="rtk")
    said = tags(xmp(head))
    assert said["RtkFlag"] == "50" and said["AltitudeType"] == "RtkAlt"
    assert float(said["AbsoluteAltitude"]) == pytest.approx(truth.lla[0, 2], abs=0.15)
    assert 0.01 <= float(said["RtkStdLat"]) <= 0.03


def test_heights_without_rtk_are_above_the_geoid() -> None:
    truth, head = first(profile="exact")
    undulation = truth.terrain.site.undulation_m(truth.lla[:1, 0], truth.lla[:1, 1])[0]
    assert head.absolute_m == pytest.approx(truth.lla[0, 2] - undulation, abs=1e-3)


def test_real_drones_do_not_know_their_focal_length() -> None:
    truth, head = first(profile="real", dialect="fc6310")
    assert "CalibratedFocalLength" not in tags(xmp(head))
    assert truth.lenses[0].focal_px != truth.nominal[0].focal_px


def test_dewarp_data_tells_the_true_lens() -> None:
    truth, head = first(profile="exact", dialect="m3e", distorted=True)
    _, numbers = tags(xmp(head))["DewarpData"].split(";")
    values = [float(v) for v in numbers.split(",")]
    lens = truth.lenses[0]
    assert values[:2] == pytest.approx([lens.focal_px] * 2)
    assert values[2:4] == pytest.approx([lens.cx_px - 1999.5, lens.cy_px - 1499.5])
    assert values[4:] == pytest.approx(lens.distortion)


def test_the_laser_tag_is_where_the_axis_meets_the_ground() -> None:
    truth, head = first(profile="exact", laser=True, pattern="oblique")
    said = {k: float(v) for k, v in tags(xmp(head)).items() if k.startswith("LRFTarget")}
    lat, lon = np.array([said["LRFTargetLat"]]), np.array([said["LRFTargetLon"]])
    assert truth.terrain.orthometric_m(lat, lon)[0] == pytest.approx(said["LRFTargetAbsAlt"], abs=2e-3)
    alt = truth.terrain.ellipsoidal_m(lat, lon)[0]
    spot = truth.terrain.world.from_lla(np.array([[lat[0], lon[0], alt]]))
    px, _ = truth.lenses[0].project((spot - truth.world_m[0]) @ truth.world_R_cam[0])
    assert px[0] == pytest.approx([1999.5, 1499.5], abs=0.05)
    assert said["LRFTargetDistance"] == pytest.approx(np.linalg.norm(spot - truth.world_m[0]), abs=2e-3)


def test_the_laser_errs_by_its_own_sigma() -> None:
    off = []
    for seed in range(6):
        truth = fly(FlightConfig(seed=seed, profile="real", laser=True, n_checks=0))
        assert truth.reported.laser is not None
        lat, lon, height = truth.reported.laser[:, :3].T
        alt = height + truth.terrain.site.undulation_m(lat, lon)
        spots = truth.terrain.world.from_lla(np.column_stack([lat, lon, alt]))
        distance = truth.terrain.first_hit(truth.world_m, truth.world_R_cam[:, :, 2])
        off.append(spots - truth.world_m - truth.world_R_cam[:, :, 2] * distance[:, None])
    assert np.concatenate(off).std(axis=0) == pytest.approx([0.385] * 3, rel=0.15)


def test_undressed_segments_do_not_pile_up() -> None:
    _, head = first(profile="dji")
    once = dress(BLANK, head)
    assert dress(once, head) == once
    assert once.count(b"Exif\0\0") == 1


def test_rationals_fit_in_32_bits() -> None:
    _, head = first(profile="exact", site="fiji")
    with PIL.Image.open(io.BytesIO(dress(BLANK, replace(head, lon_deg=-179.99999999999)))) as photo:
        seconds = photo.getexif().get_ifd(0x8825)[4][2]
    assert Fraction(seconds) < 60
