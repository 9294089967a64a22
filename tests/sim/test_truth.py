"""A flight in memory: pixels by an independent computation, and what the patterns promise."""

from __future__ import annotations

import cv2
import numpy as np
import pyproj
import pytest
from scipy.spatial.transform import Rotation

from pipeline.errors import PipelineError
from pipeline.sim import FlightConfig, Truth, fly
from pipeline.sim.sites import SITES

LEVEL_NORTH = np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])


def expected_px(truth: Truth, photo: int, target: int) -> np.ndarray:
    """From the *reported* pose of an exact flight, by PROJ, scipy and OpenCV."""
    said, i, lens = truth.reported, truth.shot[photo], truth.lenses[photo]
    place = truth.terrain.site
    alt = said.absolute_m[i] + place.undulation_m(said.lat_deg[i : i + 1], said.lon_deg[i : i + 1])[0]
    pipeline = (
        "+proj=pipeline +step +proj=cart +ellps=WGS84 "
        f"+step +proj=topocentric +ellps=WGS84 +lon_0={said.lon_deg[i]} +lat_0={said.lat_deg[i]} +h_0={alt}"
    )
    lat, lon, height = truth.targets[target].lla
    enu = np.array(pyproj.Transformer.from_pipeline(pipeline).transform(lon, lat, height))
    angles = [-said.yaw_deg[i], said.pitch_deg[i], said.roll_deg[i]]
    axes = Rotation.from_euler("ZXY", angles, degrees=True).as_matrix() @ LEVEL_NORTH
    matrix = np.array([[lens.focal_px, 0, lens.cx_px], [0, lens.focal_px, lens.cy_px], [0, 0, 1]])
    px, _ = cv2.projectPoints((axes.T @ enu)[None, None], np.zeros(3), np.zeros(3), matrix, np.array(lens.distortion))
    return np.asarray(px.ravel())


@pytest.mark.parametrize("site", SITES)
def test_pixels_follow_from_the_exact_headers(site: str) -> None:
    truth = fly(FlightConfig(seed=3, profile="exact", pattern="mixed", site=site, turned_strip=False, strips=2))
    seen = list(zip(*np.nonzero(truth.visible), strict=True))
    assert len(seen) > 40
    for photo, target in seen[::3]:
        # Angles come with 5 decimals and heights with 3: a twentieth of a pixel.
        assert expected_px(truth, photo, target) == pytest.approx(truth.px[photo, target], abs=0.08)


def test_pixels_through_a_distorted_lens() -> None:
    truth = fly(FlightConfig(seed=8, profile="exact", dialect="m3e", distorted=True, turned_strip=False, strips=1))
    for photo, target in zip(*np.nonzero(truth.visible), strict=True):
        assert expected_px(truth, photo, target) == pytest.approx(truth.px[photo, target], abs=0.08)


def test_the_same_seed_flies_the_same_flight_and_another_does_not() -> None:
    first, again, other = (fly(FlightConfig(seed=seed, n_checks=5)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.px, again.px)
    np.testing.assert_array_equal(first.reported.yaw_deg, again.reported.yaw_deg)
    assert first.targets[0].lla != other.targets[0].lla


def test_the_profile_changes_the_headers_not_the_world() -> None:
    exact, dji = (fly(FlightConfig(seed=6, profile=profile, turned_strip=False)) for profile in ("exact", "dji"))
    assert [t.lla for t in exact.targets] == [t.lla for t in dji.targets]
    np.testing.assert_array_equal(exact.px, dji.px)
    assert (exact.reported.pitch_deg != dji.reported.pitch_deg).any()


def test_strips_are_flown_back_and_forth(exact: Truth) -> None:
    yaw = exact.reported.yaw_deg
    first, second = yaw[exact.plan.strip == 0], yaw[exact.plan.strip == 1]
    assert np.cos(np.radians(first.mean() - second.mean())) < -0.95


def test_oblique_looks_between_45_and_60_degrees_down() -> None:
    pitch = fly(FlightConfig(pattern="oblique", n_checks=0)).reported.pitch_deg
    assert -60.1 <= pitch.min() < -55 and -50 < pitch.max() < -43


def test_a_turned_strip_turns_pixels_and_nothing_else() -> None:
    upright, turned = (fly(FlightConfig(seed=4, turned_strip=t)) for t in (False, True))
    rows = np.flatnonzero(turned.turned)
    assert len(rows) == turned.config.photos_per_strip
    size = np.array([turned.config.width_px - 1, turned.config.height_px - 1])
    np.testing.assert_allclose(turned.px[rows], size - upright.px[rows], atol=1e-9)
    np.testing.assert_array_equal(turned.reported.yaw_deg, upright.reported.yaw_deg)


def test_a_strip_is_turned_now_and_then_only() -> None:
    flights = [
        fly(FlightConfig(seed=s, n_checks=0, n_markers=1, photos_per_strip=1, dem_cell_m=20)).turned.any()
        for s in range(60)
    ]
    assert 2 <= sum(flights) <= 20


def test_lenses_of_one_press_share_its_pose() -> None:
    truth = fly(FlightConfig(profile="exact", dialect="h20t", lenses=("W", "Z"), strips=1, photos_per_strip=2))
    stamp = "DJI_20261121120100"
    assert truth.photos[:3] == (f"{stamp}_0001_W.JPG", f"{stamp}_0001_Z.JPG", "DJI_20261121120102_0002_W.JPG")
    assert truth.shot.tolist() == [0, 0, 1, 1]
    assert truth.lenses[1].focal_px == pytest.approx(4 * truth.lenses[0].focal_px)


def test_markers_lie_dry_on_their_slope(exact: Truth) -> None:
    for target in exact.scored:
        if target.label != "marker":
            continue
        corners = target.parts_m[:, :3]
        assert corners.mean(axis=0) == pytest.approx(target.world_m, abs=1e-9)
        assert np.abs(exact.terrain.gap_m(corners)).max() < 0.15
        assert 0.8 <= np.linalg.norm(corners[1] - corners[0]) <= 1.5
        assert abs(exact.river.along_across(target.world_m[None, :2])[1][0]) > exact.river.half_width_m


def test_every_kind_of_marker_is_there(exact: Truth) -> None:
    kinds = {t.kind for t in exact.scored if t.label == "marker"}
    assert kinds == {"cross-light", "cross-dark", "checkerboard", "iron-cross", "aruco", "apriltag"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"site": "atlantis"},
        {"profile": "perfect"},
        {"pattern": "spiral"},
        {"dialect": "kodak"},
        {"lenses": ("Q",)},
        {"lenses": ()},
        {"strips": 0},
        {"width_px": 3},
        {"overlap": 1.0},
        {"distorted": True},
        {"oblique_deg": (-4.0,), "sky": True},
        {"oblique_deg": (-15.0,)},
        {"seed": -1},
        {"n_markers": -1},
        {"marker_kinds": ("star",)},
        {"marker_size_m": (0.0, 1.0)},
        {"dem_cell_m": 0.0},
        {"height_m": 400.0, "strips": 100},
        {"height_m": 10.0, "strips": 1, "seed": 7},  # the river is wider than what the strip sees
    ],
)
def test_impossible_flights_are_refused_with_a_sentence(wrong: dict[str, object]) -> None:
    with pytest.raises(PipelineError, match=r"\w+ \w+"):
        fly(FlightConfig(**wrong))  # type: ignore[arg-type]
