"""datum: EGM96 against published points and its own grid; other geoids need a file."""

from __future__ import annotations

import struct
from importlib.resources import files

import numpy as np
import pytest
from affine import Affine

from pipeline.errors import MissionError
from pipeline.geo.datum import egm96_m, open_geoid, read_gtx, to_ellipsoidal, undulation_m

# NGA's test points of the program F477 (latitude, longitude, undulation of the EGM96 spherical harmonics); the
# bilinear 15′ grid stays within a few centimetres of them.
PUBLISHED = [
    (38.6281550, 269.7791550, -31.628),
    (-14.6212170, 305.0211140, -2.969),
    (46.8743190, 102.4487290, -43.575),
    (-23.6174460, 133.8747120, 15.871),
    (38.6254730, 359.9995000, 50.066),
    (-0.4667440, 0.0023000, 17.329),
]


def gtx(values, south=30.0, west=110.0, step=1.0) -> bytes:
    rows, columns = np.shape(values)
    return struct.pack(">4d2i", south, west, step, step, rows, columns) + np.asarray(values, ">f4").tobytes()


@pytest.mark.parametrize(("lat", "lon", "expected"), PUBLISHED)
def test_published_points(lat, lon, expected):
    assert egm96_m(lat, lon) == pytest.approx(expected, abs=0.06)


def test_the_shipped_grid_is_the_public_one(real_data):
    theirs = np.frombuffer(real_data("terrain/egm96_15.gtx").read_bytes()[40:], ">f4").reshape(721, 1440)
    rows, columns = np.meshgrid(np.arange(721), np.arange(1440), indexing="ij")
    assert np.abs(egm96_m(-90 + rows / 4, -180 + columns / 4) - theirs).max() < 0.01
    assert (files("pipeline.geo") / "data" / "egm96_15.gtx").is_file()


def test_between_nodes_it_is_bilinear():
    nodes = egm96_m([34.5, 34.5, 34.75, 34.75], [113.5, 113.75, 113.5, 113.75])
    weights = np.array([0.8 * 0.6, 0.8 * 0.4, 0.2 * 0.6, 0.2 * 0.4])
    assert egm96_m(34.55, 113.6) == pytest.approx(nodes @ weights, abs=1e-6)


def test_round_the_world():
    assert egm96_m(12.3, 180.0) == pytest.approx(egm96_m(12.3, -180.0))
    assert egm96_m(12.3, 359.9) == pytest.approx(egm96_m(12.3, -0.1))
    assert egm96_m(12.3, 179.999999) == pytest.approx(egm96_m(12.3, -179.999999), abs=1e-5)
    assert np.ptp(egm96_m(90.0, np.arange(0, 360, 30))) < 1e-4
    assert np.isfinite(egm96_m([-90.0, 90.0], 0.0)).all()


def test_heights():
    assert to_ellipsoidal(100.0, "egm96", 34.7, 113.6) == pytest.approx(100.0 + egm96_m(34.7, 113.6))
    assert to_ellipsoidal([1.0, 2.0], "ellipsoid", [3.0, 4.0], 5.0) == pytest.approx([1.0, 2.0])


def test_a_user_s_gtx(tmp_path):
    path = tmp_path / "国家 geoid.gtx"
    path.write_bytes(gtx([[0.0, 1.0, 2.0], [10.0, 11.0, 12.0]]))
    assert undulation_m("geoid", [30.25], [111.5], str(path)) == pytest.approx([4.0])
    with pytest.raises(MissionError, match="does not cover"):
        undulation_m("egm2008", 34.0, 111.0, str(path))


def test_a_user_s_geotiff_equals_the_gtx(write_dem, tmp_path):
    values = np.array([[0.0, 1.0, 2.0], [10.0, 11.0, 12.0]], np.float32)
    tiff = write_dem(values[::-1], crs="EPSG:4326", transform=Affine(1.0, 0, 109.5, 0, -1.0, 31.5), name="g.tif")
    path = tmp_path / "g.gtx"
    path.write_bytes(gtx(values))
    lat, lon = np.array([30.1, 30.9, 31.0]), np.array([110.0, 111.7, 112.0])
    assert open_geoid(str(tiff)).at(lat, lon) == pytest.approx(open_geoid(str(path)).at(lat, lon), abs=1e-6)


def test_refusals_are_sentences(tmp_path):
    with pytest.raises(MissionError, match="no height datum called 'moon'"):
        to_ellipsoidal(1.0, "moon", 0.0, 0.0)
    with pytest.raises(MissionError, match="need a geoid grid"):
        to_ellipsoidal(1.0, "egm2008", 0.0, 0.0)
    with pytest.raises(MissionError, match="cannot be read"):
        to_ellipsoidal(1.0, "geoid", 0.0, 0.0, str(tmp_path / "none.gtx"))


@pytest.mark.parametrize("cut", [0, 10, 39, 41, -1])
def test_damaged_grids_are_refused(cut):
    whole = gtx(np.zeros((4, 5)))
    with pytest.raises(MissionError):
        read_gtx(whole[:cut], "g.gtx")


def test_a_header_that_claims_the_moon_is_refused():
    with pytest.raises(MissionError, match="makes no sense"):
        read_gtx(struct.pack(">4d2i", 0.0, 0.0, 1e-9, 1e-9, 2_000_000_000, 2_000_000_000), "g.gtx")
