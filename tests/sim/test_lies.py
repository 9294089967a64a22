"""Lies: the world stays as it is, the headers change by what the lie says and by nothing else."""

from __future__ import annotations

import csv
from dataclasses import fields
from pathlib import Path

import cv2
import numpy as np
import pyproj
import pytest
from scipy.spatial.transform import Rotation

from pipeline.errors import PipelineError
from pipeline.imagery import decode
from pipeline.sim import FlightConfig, Reported, Truth, fly, make_flight
from pipeline.sim.clocks import set_clocks
from pipeline.sim.headers import header
from pipeline.sim.lie_kinds import KINDS
from pipeline.sim.lies import gcj02
from pipeline.sim.noise import draw

OTHERS = {
    "turned-90": (), "turned-180": (), "turned-270": (),
    "yaw-outliers": ("yaw_deg", "flight_yaw_deg"), "aircraft-yaw": ("yaw_deg",),
    "zero-gimbal": ("yaw_deg", "pitch_deg", "roll_deg"), "magnetic": ("yaw_deg", "flight_yaw_deg"),
    "yaw-sign": ("yaw_deg", "flight_yaw_deg"), "pitch-sign": ("pitch_deg",), "roll-sign": ("roll_deg",),
    "relative-as-absolute": ("absolute_m",), "ellipsoid-for-geoid": ("absolute_m",), "barometer": ("relative_m",),
    "barometer-drift": ("relative_m", "absolute_m"),
    "clock-seconds": ("lat_deg", "lon_deg", "absolute_m", "relative_m", "yaw_deg", "flight_yaw_deg", "pitch_deg",
                      "roll_deg"),
    "clock-hours": (), "gcj02": ("lat_deg", "lon_deg"),
}  # fmt: skip
HELD = {
    "aircraft-yaw": ("aircraft-yaw=70", {"gimbal_yaw_deg": 70.0}),
    "roll-sign": ("roll-sign=10", {"gimbal_roll_deg": 10.0}),
}
SEEN = {"seed": 4, "turned_strip": False, "pattern": "mixed", "dem_cell_m": 20.0, "n_checks": 5}


def lying(*lies: str, **options: object) -> Truth:
    return fly(FlightConfig(lies=lies, **{**SEEN, **options}))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def honest() -> Truth:
    return lying()


def changed(one: Reported, other: Reported) -> set[str]:
    names = [f.name for f in fields(Reported) if f.name not in ("laser", "rtk_sigma_m")]
    return {n for n in names if not np.array_equal(getattr(one, n), getattr(other, n))}


def wrapped(angle_deg: np.ndarray) -> np.ndarray:
    return np.asarray((angle_deg + 180) % 360 - 180)


@pytest.mark.parametrize("name", KINDS)
def test_a_lie_changes_what_it_says_and_nothing_else(name: str, honest: Truth) -> None:
    truth = lying(HELD[name][0] if name in HELD else name)
    if name in HELD:  # the same flight with a gimbal that was held so, honestly
        honest = lying(**HELD[name][1])
    assert changed(truth.reported, honest.reported) == set(OTHERS[name])
    np.testing.assert_array_equal(truth.world_m, honest.world_m)
    np.testing.assert_array_equal(truth.world_R_cam, honest.world_R_cam)
    upright = np.flatnonzero(truth.turn_deg[truth.shot] == 0)
    np.testing.assert_array_equal(truth.px[upright], honest.px[upright])
    assert truth.lies[0].name == name


def test_an_honest_flight_tells_no_lies(honest: Truth) -> None:
    assert honest.lies == ()


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_turned_strip_is_one_strip(degrees: int, honest: Truth) -> None:
    truth = lying(f"turned-{degrees}")
    assert sorted(set(truth.turn_deg)) == [0, degrees]
    assert len(truth.lies[0].photos) == (truth.turn_deg > 0).sum() == truth.config.photos_per_strip
    i = truth.photos.index(truth.lies[0].photos[0])
    size = (3000, 4000) if degrees != 180 else (4000, 3000)
    assert truth.stored_size(i) == size
    # Turned on to a full circle by OpenCV's word, every pixel is where it was.
    seen = truth.visible[i]
    back = {90: cv2.ROTATE_90_COUNTERCLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_CLOCKWISE}[degrees]
    for (x, y), upright in zip(np.round(truth.px[i, seen]).astype(int), honest.px[i, seen], strict=True):
        stored = np.zeros(size[::-1], np.uint8)
        stored[min(y, size[1] - 1), min(x, size[0] - 1)] = 1
        row, col = np.argwhere(cv2.rotate(stored, back))[0]
        assert (col, row) == pytest.approx(tuple(upright), abs=1.01)


def test_outliers_are_few_and_large(honest: Truth) -> None:
    counts = set()
    for seed in range(12):
        truth, right = lying("yaw-outliers", seed=seed), lying(seed=seed)
        off = np.abs(wrapped(truth.reported.yaw_deg - right.reported.yaw_deg))
        told = {photo: abs(lie.value) for lie in truth.lies for photo in lie.photos}
        assert [truth.photos[i] for i in np.flatnonzero(off > 1)] == list(told)
        assert off[off > 1] == pytest.approx(list(told.values()), abs=0.11)
        assert min(told.values()) >= 10 and max(told.values()) <= 40
        counts.add(len(told))
    assert counts == {1, 2, 3}


def test_the_gimbal_looked_aside_and_the_header_tells_the_nose() -> None:
    truth = lying("aircraft-yaw", profile="exact")
    seen_deg = wrapped(truth.plan.angles_deg[:, 0] - truth.reported.yaw_deg)
    assert seen_deg == pytest.approx(wrapped(np.full(24, truth.lies[0].value)), abs=1e-4)
    assert 20 <= abs(truth.lies[0].value) <= 180
    head = header(truth, 0)
    assert head.yaw_deg == head.flight_yaw_deg


def test_an_honest_gimbal_that_looks_aside_is_told_apart_from_the_nose() -> None:
    head = header(lying(gimbal_yaw_deg=70.0), 0)
    assert (head.yaw_deg - head.flight_yaw_deg) % 360 == pytest.approx(70, abs=0.11)


def test_magnetic_headings_count_from_where_the_needle_points(honest: Truth) -> None:
    truth = lying("magnetic=-7.5")
    assert wrapped(honest.reported.yaw_deg - truth.reported.yaw_deg) == pytest.approx([-7.5] * 24, abs=0.11)
    sizes = [lying("magnetic", seed=s).lies[0].value for s in range(20)]
    assert all(-12 <= d <= -2 or 2 <= d <= 8 for d in sizes) and min(sizes) < 0 < max(sizes)


@pytest.mark.parametrize("angle", ["yaw", "pitch", "roll"])
def test_swapped_signs(angle: str, honest: Truth) -> None:
    truth = lying(f"{angle}-sign")
    said = getattr(truth.reported, f"{angle}_deg")
    true = truth.plan.angles_deg[:, ("yaw", "pitch", "roll").index(angle)]
    assert said == pytest.approx(-true, abs=0.06)
    if angle == "roll":
        assert np.abs(true).min() > 7 and np.abs(true).max() < 17


def test_heights_that_lie(honest: Truth) -> None:
    right, site = honest.reported, honest.terrain.site
    np.testing.assert_array_equal(lying("relative-as-absolute").reported.absolute_m, right.relative_m)
    above = lying("ellipsoid-for-geoid").reported.absolute_m - right.absolute_m
    assert above == pytest.approx(site.undulation_m(right.lat_deg, right.lon_deg), abs=0.02)
    assert lying("barometer=12").reported.relative_m - right.relative_m == pytest.approx([12] * 24, abs=0.02)
    drift = lying("barometer-drift=20").reported
    assert drift.relative_m - right.relative_m == pytest.approx(np.linspace(0, 20, 24), abs=0.02)
    assert drift.absolute_m - right.absolute_m == pytest.approx(np.linspace(0, 20, 24), abs=0.02)


def test_a_drift_of_the_air_does_not_move_satellites() -> None:
    right, wrong = lying(profile="rtk").reported, lying("barometer-drift", profile="rtk").reported
    np.testing.assert_array_equal(right.absolute_m, wrong.absolute_m)
    assert np.abs(right.relative_m - wrong.relative_m).max() >= 8


def test_a_late_clock_gives_each_photo_the_next_one_s_pose(honest: Truth) -> None:
    """Photos are two seconds apart."""
    right, late = honest.reported, lying("clock-seconds=2").reported
    assert late.lat_deg[:-1] == pytest.approx(right.lat_deg[1:], abs=1e-9)
    assert wrapped(late.yaw_deg[:-1] - right.yaw_deg[1:]) == pytest.approx([0] * 23, abs=0.11)
    early = lying("clock-seconds=-2").reported
    assert early.lon_deg[1:] == pytest.approx(right.lon_deg[:-1], abs=1e-9)
    sizes = [abs(lying("clock-seconds", seed=s).lies[0].value) for s in range(10)]
    assert min(sizes) >= 1 and max(sizes) <= 5


def test_clocks_that_are_hours_off_change_the_time_alone(honest: Truth) -> None:
    truth = lying("clock-hours")
    hours = truth.lies[0].value
    assert hours == round(hours) != 0
    late_ns = header(truth, 3).camera_ns - header(honest, 3).camera_ns
    assert late_ns == hours * 3_600_000_000_000


def test_beside_a_log_seconds_are_the_camera_s() -> None:
    config = FlightConfig(log="tlog", lies=("clock-seconds=3", "clock-hours=-2"), clock_offset_s=0.25)
    assert set_clocks(config, fly(config).plan).offset_ns == -7_196_750_000_000


@pytest.mark.parametrize(
    ("wgs84", "expected"),  # the test vectors of googollee/eviltransform
    [
        ((31.1774276, 121.5272106), (31.17530398364597, 121.531541859215)),
        ((22.543847, 113.912316), (22.540796131694766, 113.9171764808363)),
        ((39.911954, 116.377817), (39.91334545536069, 116.38404722455657)),
    ],
)
def test_gcj02_is_the_public_one(wgs84: tuple[float, float], expected: tuple[float, float]) -> None:
    lat, lon = gcj02(np.array([wgs84[0]]), np.array([wgs84[1]]))
    assert (lat[0], lon[0]) == pytest.approx(expected, abs=1e-12)


def test_errors_are_scaled_all_alike() -> None:
    one, two = (draw(FlightConfig(seed=8, noise_scale=scale)) for scale in (1.0, 2.0))
    for name in ("yaw_deg", "pitch_deg", "roll_deg", "position_m", "absolute_m", "relative_m", "focal"):
        assert 2 * np.asarray(getattr(one, name)) == pytest.approx(np.asarray(getattr(two, name)))


def test_the_judge_alone_learns_of_lies(tmp_path: Path) -> None:
    config = FlightConfig(
        seed=4, lies=("turned-90", "magnetic=5"), strips=2, photos_per_strip=2, width_px=400, height_px=300,
        height_m=30.0, pattern="nadir",
    )  # fmt: skip
    made = make_flight(tmp_path / "f", config)
    with (made.targets.parent / "truth_lies.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert [(r["lie"], r["value"], r["unit"]) for r in rows] == [("turned-90", "90.000000", "deg")] * 2 + [
        ("magnetic", "5.000000", "deg")
    ] * 4
    turned = {r["photo"] for r in rows if r["lie"] == "turned-90"}
    for photo in made.flight.iterdir():
        data = photo.read_bytes()
        assert b"magnetic" not in data
        assert decode(data, photo.name).shape[:2] == ((400, 300) if photo.name in turned else (300, 400))


def test_a_turned_picture_shows_what_the_upright_one_does(tmp_path: Path) -> None:
    shared = {"seed": 4, "strips": 1, "photos_per_strip": 1, "width_px": 400, "height_px": 300, "height_m": 40.0}
    shared |= {"turned_strip": False}
    upright, turned = (
        make_flight(tmp_path / name, FlightConfig(lies=lies, **shared))  # type: ignore[arg-type]
        for name, lies in (("a", ()), ("b", ("turned-90",)))
    )
    a, b = (decode(next(m.flight.iterdir()).read_bytes(), "x").astype(int) for m in (upright, turned))
    assert np.abs(cv2.rotate(a.astype(np.uint8), cv2.ROTATE_90_CLOCKWISE).astype(int) - b).mean() < 3


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_the_judge_s_poses_are_those_of_the_stored_pixels(degrees: int, tmp_path: Path) -> None:
    """truth_poses.csv projects the targets to truth_pixels.csv, by PROJ, scipy and OpenCV."""
    config = FlightConfig(
        seed=8, profile="exact", pattern="oblique", strips=1, photos_per_strip=1, lies=(f"turned-{degrees}",),
        dialect="m3e", distorted=True, width_px=800, height_px=600, pixels=False, dem_cell_m=5.0,
    )  # fmt: skip
    made = make_flight(tmp_path / "f", config)
    with made.poses.open(encoding="utf-8", newline="") as lines:
        pose = {k: float(v) for k, v in next(csv.DictReader(lines)).items() if k != "photo"}
    with made.pixels.open(encoding="utf-8", newline="") as lines:
        pixels = [row for row in csv.DictReader(lines) if row["visible"] == "1"]
    place = "+proj=pipeline +step +proj=cart +ellps=WGS84 +step +proj=topocentric +ellps=WGS84 "
    place += f"+lon_0={pose['lon_deg']} +lat_0={pose['lat_deg']} +h_0={pose['alt_m']}"
    to_enu = pyproj.Transformer.from_pipeline(place)
    turned = Rotation.from_euler("ZXY", [-pose["yaw_deg"], pose["pitch_deg"], pose["roll_deg"]], degrees=True)
    axes = turned.as_matrix() @ np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])
    matrix = np.array([[pose["focal_px"], 0, pose["cx_px"]], [0, pose["focal_px"], pose["cy_px"]], [0, 0, 1]])
    lens = np.array([pose[k] for k in ("k1", "k2", "p1", "p2", "k3")])
    width, height = made.truth.stored_size(0)
    assert decode(next(made.flight.iterdir()).read_bytes(), "photo").shape == (height, width, 3)
    assert len(pixels) > 3
    for row in pixels:
        enu = np.array(to_enu.transform(*(float(row[k]) for k in ("lon_deg", "lat_deg", "alt_m"))))
        px, _ = cv2.projectPoints((axes.T @ enu)[None, None], np.zeros(3), np.zeros(3), matrix, lens)
        assert px.ravel() == pytest.approx([float(row["x_px"]), float(row["y_px"])], abs=0.02)


@pytest.mark.parametrize(
    "wrong",
    [
        {"lies": ("flattery",)},
        {"lies": ("magnetic=much",)},
        {"lies": ("magnetic=nan",)},
        {"lies": ("zero-gimbal=3",)},
        {"lies": ("turned-90", "turned-180")},
        {"lies": ("magnetic", "magnetic=3")},
        {"lies": ("magnetic",), "laser": True},
        {"lies": ("magnetic",), "log": "tlog"},
        {"lies": ("gcj02",), "site": "fiji"},
        {"lies": ("ellipsoid-for-geoid",), "profile": "rtk"},
        {"noise_scale": -1.0},
    ],
)
def test_impossible_lies_are_refused_with_a_sentence(wrong: dict[str, object]) -> None:
    with pytest.raises(PipelineError, match=r"\w+ \w+"):
        FlightConfig(**wrong)  # type: ignore[arg-type]
