"""The horizon: laws of its geometry, painted views with a known attitude, what must be refused, and a real coast."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import GeometryError
from pipeline.geo.camera import project, rays
from pipeline.geo.datum import egm96_m
from pipeline.geo.geodesy import to_enu
from pipeline.geo.horizon import Horizon, attitude_from, corrected, dip_at, measure
from pipeline.geo.locate import locate_pixels
from pipeline.geo.rotation import enu_R_cam
from pipeline.geo.skyline import LAND, SEA, SkyLine
from pipeline.imagery import read_bytes
from pipeline.types import Attitude, Camera, Frame, GeoPoint, Ground, Pose, PoseError

CAMERA = Camera(1600, 1200, 1200.0, 1200.0, 799.5, 599.5)
OWN = PoseError(0.3, 0.3, 0.1, 2.25, 1.4, 1.4)
SHARED = PoseError(1.2, 1.2, 0.5, 0.5, 1.04, 1.04)
HEIGHT_M = 80.0
RealData = Callable[[str], Path]


def frame(attitude: Attitude, camera: Camera = CAMERA) -> Frame:
    at = GeoPoint(0.0, 113.5, float(egm96_m(0.0, 113.5)) + HEIGHT_M)
    pose = Pose(0, at, attitude, OWN, SHARED)
    return Frame("a.jpg", "a.jpg", 0, pose, camera, height_above_takeoff_m=HEIGHT_M)


def directions(camera: Camera, attitude: Attitude) -> tuple[np.ndarray, np.ndarray]:
    """(h, w) elevations and azimuths from the yaw, in degrees, of every pixel."""
    y, x = np.mgrid[: camera.height_px, : camera.width_px]
    level = rays(camera, np.column_stack([x.ravel(), y.ravel()])) @ enu_R_cam(replace(attitude, yaw_deg=0.0)).T
    shape = (camera.height_px, camera.width_px)
    elevation = np.degrees(np.arcsin(np.clip(level[:, 2], -1, 1))).reshape(shape)
    return elevation, np.degrees(np.arctan2(level[:, 0], level[:, 1])).reshape(shape)


def smooth_noise(rng: np.random.Generator, shape: tuple[int, int], grain: int) -> np.ndarray:
    import cv2

    small = rng.standard_normal((shape[0] // grain + 2, shape[1] // grain + 2)).astype(np.float32)
    return cv2.resize(small, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)


def paint(
    attitude: Attitude, land: str = "sea", haze: float = 0.5, seed: int = 1, camera: Camera = CAMERA
) -> np.ndarray:
    """A view over a sea, over a sea with a headland, over woods, or over fields only; with clouds, haze and noise."""
    rng = np.random.default_rng(seed)
    elevation, azimuth = directions(camera, attitude)
    below = np.maximum(-elevation - dip_at(HEIGHT_M), 0.0)
    sky = 205.0 + 6.0 * smooth_noise(rng, elevation.shape, 150) - 0.8 * np.clip(elevation, 0, 20)
    clear = 1.0 - haze * np.exp(-below / 3.0)  # what haze leaves of the contrast
    grain = smooth_noise(rng, elevation.shape, 3)
    ground = sky + clear * (110.0 - sky + 3.0 * grain * np.minimum(below, 1.0))
    rim = np.full_like(elevation, -dip_at(HEIGHT_M))
    if land == "headland":
        hill = 1.5 * np.exp(-(((azimuth + 20.0) / 9.0) ** 2)) + 0.15 * np.sin(azimuth * 1.7)
        rim = np.where(azimuth < -6.0, np.maximum(rim, rim + hill), rim)
    if land == "woods":
        rim = rim + 0.25 + 0.04 * np.sin(azimuth * 11.0) + 0.03 * np.sin(azimuth * 29.0)
        ground = 90.0 + 22.0 * smooth_noise(rng, elevation.shape, 6)
    if land == "fields":
        furrows = np.sign(np.sin(18.0 / np.maximum(np.tan(np.radians(np.maximum(-elevation, 0.5))), 1e-3)))
        ground = 120.0 + 25.0 * furrows + 8.0 * grain
        rim = np.full_like(elevation, 90.0)
    grey = np.where(elevation > rim, sky, ground) + rng.normal(0, 2.0, elevation.shape)
    tint = np.array([1.04, 1.0, 0.96]) if land in ("sea", "headland") else np.array([0.75, 1.1, 0.8])
    colour = np.where((elevation > rim)[..., None], grey[..., None] * [1.03, 1.0, 0.97], grey[..., None] * tint)
    return np.clip(colour, 0, 255).astype(np.uint8)


# --- laws ---------------------------------------------------------------------------------------------------------


@given(pitch=st.floats(-25, 10), roll=st.floats(-20, 20), off=st.floats(-3, 3), height=st.floats(5, 500))
@settings(max_examples=40)
def test_points_on_the_horizon_give_the_attitude_back(pitch, roll, off, height):
    azimuth = np.radians(np.linspace(-25, 25, 60))
    dip = np.radians(dip_at(height))
    level = np.column_stack([np.sin(azimuth) * np.cos(dip), np.cos(azimuth) * np.cos(dip), np.full(60, -np.sin(dip))])
    px = project(CAMERA, level @ enu_R_cam(Attitude(0.0, pitch, roll)))
    line = SkyLine(SEA, px[np.isfinite(px).all(axis=1)], 0.0, 1.0)
    found = attitude_from(line, CAMERA, Attitude(77.0, pitch + off, roll - off), dip_at(height))
    assert (found.pitch_deg, found.roll_deg) == pytest.approx((pitch, roll), abs=1e-6)


def test_the_dip_from_a_hundred_metres():
    """Bowditch, Table 12: 0.97' sqrt(height in feet), 17.6' from 100 m, with the refraction of 0.06 R more."""
    assert dip_at(100.0) * 60.0 == pytest.approx(17.97, abs=0.05)
    assert dip_at(100.0) * 60.0 == pytest.approx(0.97 * np.sqrt(100.0 / 0.3048), rel=0.03)


def test_a_longer_lens_moves_the_measured_pitch_as_told():
    attitude = Attitude(0.0, -12.0, 3.0)
    seen = frame(replace(attitude, pitch_deg=-10.5, roll_deg=2.0))
    image = paint(attitude)
    found = measure(image, seen)
    longer = measure(image, replace(seen, camera=replace(CAMERA, fx_px=1260.0, fy_px=1260.0)))
    assert found is not None and longer is not None
    assert longer.pitch_deg - found.pitch_deg == pytest.approx(0.05 * found.pitch_by_focal_deg, abs=0.04)


# --- painted views ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("land", ["sea", "headland"])
@pytest.mark.parametrize(("pitch", "roll", "haze"), [(-5.0, 0.0, 0.0), (-14.0, 1.2, 0.6), (-20.0, -2.5, 0.8)])
def test_the_rim_of_the_sea(land, pitch, roll, haze):
    recorded = Attitude(40.0, pitch + 2.4, roll - 1.9)
    found = measure(paint(Attitude(40.0, pitch, roll), land, haze, seed=int(10 * haze) + len(land)), frame(recorded))
    assert found is not None and found.kind == SEA
    assert abs(found.pitch_deg - pitch) < min(0.15, 3.0 * found.pitch_sigma_deg)
    assert abs(found.roll_deg - roll) < 3.0 * found.roll_sigma_deg
    assert found.pitch_sigma_deg < 0.5


def test_a_skyline_of_woods_is_rough_and_raised():
    found = measure(paint(Attitude(0.0, -10.0, 1.0), "woods"), frame(Attitude(0.0, -11.5, 0.0)))
    assert found is not None and found.kind == LAND
    assert found.pitch_sigma_deg > 0.5
    assert abs(found.pitch_deg + 10.0) < found.pitch_sigma_deg
    assert abs(found.roll_deg - 1.0) < found.roll_sigma_deg


def test_a_reduced_copy_says_the_same():
    import cv2

    image, seen = paint(Attitude(0.0, -12.0, 1.0)), frame(Attitude(0.0, -13.0, 0.0))
    whole = measure(image, seen)
    half = measure(cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), seen)
    assert whole is not None and half is not None
    assert half.pitch_deg == pytest.approx(whole.pitch_deg, abs=0.05)


# --- refusals -----------------------------------------------------------------------------------------------------


def test_fields_alone_are_no_horizon():
    for pitch in (-8.0, -20.0, -35.0):
        assert measure(paint(Attitude(0.0, pitch), "fields"), frame(Attitude(0.0, -5.0))) is None


def test_nothing_is_searched_where_no_horizon_can_be():
    image = paint(Attitude(0.0, -10.0))
    assert measure(image, frame(Attitude(0.0, -10.0))) is not None
    assert measure(image, frame(Attitude(0.0, -60.0))) is None
    assert measure(image, frame(Attitude(0.0, -90.0))) is None
    assert measure(image, replace(frame(Attitude(0.0, -10.0)), pose=None)) is None


@pytest.mark.parametrize("what", ["flat", "vignette", "noise", "black"])
def test_pictures_of_nothing(what):
    rng = np.random.default_rng(3)
    y, x = np.mgrid[:1200, :1600]
    grey = {
        "flat": np.full((1200, 1600), 128.0),
        "vignette": 220.0 - 160.0 * (np.hypot(x - 800, y - 600) / 1000.0) ** 2,
        "noise": rng.normal(128, 30, (1200, 1600)),
        "black": np.zeros((1200, 1600)),
    }[what]
    image = np.repeat(np.clip(grey, 0, 255).astype(np.uint8)[..., None], 3, axis=2)
    assert measure(image, frame(Attitude(0.0, -10.0))) is None


def test_a_thumbnail_says_nothing():
    import cv2

    small = cv2.resize(paint(Attitude(0.0, -10.0)), (160, 120), interpolation=cv2.INTER_AREA)
    assert measure(small, frame(Attitude(0.0, -10.0))) is None


def test_a_fire_is_no_sky():
    image = paint(Attitude(0.0, -10.0)).astype(float) * [0.4, 0.7, 1.0]
    assert measure(image.astype(np.uint8), frame(Attitude(0.0, -10.0))) is None


def test_a_picture_of_another_shape():
    with pytest.raises(GeometryError, match="800 × 800"):
        measure(np.zeros((800, 800, 3), np.uint8), frame(Attitude(0.0, -10.0)))


@pytest.mark.parametrize("folder", ["brighton/images", "caliterra/images", "seneca/images", "cuav"])
def test_real_photos_of_the_ground_show_none_whatever_they_say(real_data: RealData, folder: str):
    """As recorded nothing would be searched: here every photo claims to look at the horizon."""
    for path in sorted(real_data(f"flights/{folder}").glob("*.[jJ][pP][gG]"))[:4]:
        image = _half(path)
        camera = _wide(image)
        for pitch in (-5.0, -20.0):
            assert measure(image, frame(Attitude(0.0, pitch), camera)) is None, path.name


def _half(path: Path) -> np.ndarray:
    import cv2

    return cv2.imdecode(np.frombuffer(read_bytes(path), np.uint8), cv2.IMREAD_REDUCED_COLOR_2)


def _wide(image: np.ndarray) -> Camera:
    h, w = image.shape[:2]
    return Camera(w, h, 0.7 * w, 0.7 * w, (w - 1) / 2, (h - 1) / 2)


# --- what becomes of it -------------------------------------------------------------------------------------------


def test_correcting_weighs_by_the_errors():
    before = frame(Attitude(10.0, -12.0, 1.0), replace(CAMERA, focal_sigma=0.0))
    after = corrected(before, Horizon(-10.0, 2.0, 0.1, 0.2, ""))
    assert after.pose is not None and after.pose.attitude is not None
    assert after.pose.attitude.yaw_deg == 10.0
    share = (1.4**2 + 1.04**2) / (1.4**2 + 1.04**2 + 0.1**2)
    assert after.pose.attitude.pitch_deg == pytest.approx(-12.0 + 2.0 * share)
    left = np.hypot(after.pose.own.pitch_deg, after.pose.shared.pitch_deg)
    assert left == pytest.approx((1 / (1.4**2 + 1.04**2) + 1 / 0.1**2) ** -0.5)
    assert after.pose.own.yaw_deg == before.pose.own.yaw_deg  # type: ignore[union-attr]
    assert ("pitch and roll", "horizon of the sea") in after.sources


def test_a_horizon_that_knows_nothing_changes_nothing():
    before = frame(Attitude(10.0, -12.0, 1.0))
    after = corrected(before, Horizon(-10.0, 2.0, 1e6, 1e6, ""))
    assert after.pose is not None and after.pose.attitude is not None
    assert after.pose.attitude.pitch_deg == pytest.approx(-12.0, abs=1e-6)
    assert after.pose.own.roll_deg == pytest.approx(1.4, abs=1e-6)


# --- a real coast -------------------------------------------------------------------------------------------------

VIDEO = Camera(3840, 2160, 3320.0, 3319.0, 1758.0, 1090.0, focal_sigma=0.005)  # the data authors' calibration
CENTRED = replace(VIDEO, cx_px=1919.5, cy_px=1079.5)


def _offsets_m(folder: Path, image: str, seen: Frame) -> np.ndarray:
    """Distances of the located targets from their surveyed places (AHD heights, EGM96 standing in)."""
    from pyproj import Transformer

    to_degrees = Transformer.from_crs(28356, 4326, always_xy=True)
    control = {r["id"]: r for r in csv.DictReader((folder / "gcps.csv").read_text().splitlines())}
    rows = [r for r in csv.DictReader((folder / "observations.csv").read_text().splitlines()) if r["image"] == image]
    offsets = []
    for row in rows:
        told = control[row["gcp"]]
        lon, lat = to_degrees.transform(float(told["easting_m"]), float(told["northing_m"]))
        alt_m = float(told["height_m"]) + float(egm96_m(lat, lon))
        ground = Ground(plane_alt_m=alt_m, sigma_m=1.0)
        found = locate_pixels(seen, np.array([[float(row["u_px"]), float(row["v_px"])]]), ground)
        east, north, _ = to_enu(found.points, GeoPoint(lat, lon, alt_m))[0]
        offsets.append(np.hypot(east, north))
    return np.array(offsets)


def _narrabeen(real_data: RealData, image: str, camera: Camera | None) -> np.ndarray:
    import cv2

    from pipeline.ingest.mission import open_mission

    folder = real_data("flights/narrabeen")
    still = next(f for f in open_mission(folder).frames if f.id == "snapshotNarrabeen.JPG")
    seen = still if camera is None else replace(still, camera=camera)
    picture = cv2.imdecode(np.frombuffer(read_bytes(folder / image), np.uint8), cv2.IMREAD_COLOR)
    horizon = measure(picture, seen)
    assert horizon is not None and horizon.kind == SEA
    return _offsets_m(folder, image, corrected(seen, horizon))


def test_narrabeen_the_still(real_data: RealData):
    assert np.median(_narrabeen(real_data, "snapshotNarrabeen.JPG", None)) <= 18.5


def test_narrabeen_the_first_frame(real_data: RealData):
    """With the lens's centre at the picture's centre; the authors' own centre would turn the view by 2.8°."""
    assert np.median(_narrabeen(real_data, "frames/narrabeenFrames0001.jpg", CENTRED)) <= 12.5
