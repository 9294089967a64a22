"""turns: a strip turned against its metadata is named, a straight one is not, and no overlap says nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pipeline.geo import turns
from pipeline.geo.geodesy import from_enu, to_enu
from pipeline.geo.locate import as_covariance, locate_pixels
from pipeline.geo.radius import r90_m
from pipeline.types import Attitude, Camera, Frame, GeoPoint, Ground, Pose, PoseError

HOME = GeoPoint(34.9, 113.5, 160.0)
GROUND = Ground(plane_alt_m=100.0, sigma_m=0.5)
CAMERA = Camera(640, 480, 600.0, 600.0, 319.5, 239.5)  # 60 m up: 0.1 m a pixel
UNEVEN = Camera(640, 480, 600.0, 610.0, 330.0, 232.0, (-0.11, 0.02, 0.006, -0.004, -0.008))
ERROR = PoseError(0.3, 0.3, 0.1, 2.0, 1.4, 1.4)


@pytest.fixture(scope="module")
def world() -> np.ndarray:
    """Random blobs at several scales; row 0 is the north edge, 0.1 m a pixel, 200 m wide."""
    import cv2

    rng = np.random.default_rng(2)
    sizes = (16, 60, 250, 1000)
    layers = [
        cv2.resize(rng.random((s, s)).astype(np.float32), (2000, 2000), interpolation=cv2.INTER_CUBIC) for s in sizes
    ]
    grey = np.clip(sum(layers) / len(layers) * 255, 0, 255).astype(np.uint8)
    return np.dstack([grey] * 3)


def shot(world: np.ndarray, i: int, east: float, north: float, yaw: int, turn: int = 0) -> tuple[Frame, np.ndarray]:
    """A nadir photo looking north (yaw 0) or south (yaw 180) over (east, north), its pixels turned by `turn`."""
    column, row = 1000 + int(east * 10), 1000 - int(north * 10)
    picture = world[row - 240 : row + 240, column - 320 : column + 320]
    picture = np.rot90(picture, ((yaw + turn) // 180) % 2 * 2)
    lat, lon, alt = from_enu(np.array([[east, north, 0.0]]), HOME)[0]
    pose = Pose(i, GeoPoint(lat, lon, alt), Attitude(float(yaw), -90.0), ERROR)
    return Frame(f"DJI_{i:04d}.JPG", "", i, pose, CAMERA), np.ascontiguousarray(picture)


def said(shots: list[tuple[Frame, np.ndarray]]) -> tuple[dict[str, int], tuple[str, ...]]:
    pictures = {f.id: p for f, p in shots}
    frames = [f for f, _ in shots]
    votes = [turns.vote(pair, lambda f: pictures[f.id], GROUND) for pair in turns.neighbours(frames)]
    found = turns.turned(votes)
    return found, turns.warnings(frames, found)


def flight(world: np.ndarray, turned_strip: bool) -> list[tuple[Frame, np.ndarray]]:
    north = [shot(world, 20 + k, -10.0, -30.0 + 15 * k, 0) for k in range(4)]
    south = [shot(world, 24 + k, 10.0, 15.0 - 15 * k, 180, 180 if turned_strip else 0) for k in range(4)]
    return north + south


def test_a_turned_strip_is_named(world):
    found, sentences = said(flight(world, True))
    assert found == {f"DJI_{n:04d}.JPG": 180 for n in range(24, 28)}
    assert sentences == ("DJI_0024–0027 look turned by 180° against their metadata",)


def test_a_flight_turned_as_a_whole_is_named(world):
    shots = [shot(world, k, 0.0, -30.0 + 15 * k, 0, 180) for k in range(5)]
    assert said(shots)[1] == ("DJI_0000–0004 look turned by 180° against their metadata",)


def test_a_straight_flight_is_left_alone(world):
    assert said(flight(world, False)) == ({}, ())


def test_a_hover_says_nothing(world):
    assert said([shot(world, k, 0.0, 0.0, 0, 180) for k in range(4)])[0] == {}


def test_no_common_ground_says_nothing(world):
    a, b = shot(world, 0, -60.0, -60.0, 0, 180), shot(world, 1, 60.0, 60.0, 0, 180)
    assert said([a, b]) == ({}, ())


@pytest.mark.parametrize("turn", [90, 180, 270])
@pytest.mark.parametrize("lens", [CAMERA, UNEVEN])
def test_a_frame_taken_as_turned_sees_through_its_turned_pixels(world, turn, lens):
    frame = replace(shot(world, 0, 3.0, -7.0, 0)[0], camera=lens)
    taken = turns.taken_as_turned(frame, turn)
    px = np.array([[100.0, 50.0], [400.0, 300.0]])
    plain = locate_pixels(frame, turns.turned_pixels(px, frame, turn), GROUND)
    found = locate_pixels(taken, px, GROUND)
    assert np.allclose(found.points, plain.points, atol=1e-9)
    assert taken.assumed == ("turn",)


def test_its_circle_holds_the_place_with_and_without_the_turn(world):
    frame, _ = shot(world, 0, 3.0, -7.0, 0)
    px = np.array([[100.0, 50.0]])
    told, taken = (locate_pixels(f, px, GROUND) for f in (frame, turns.taken_as_turned(frame, 180)))
    apart = np.hypot(*to_enu(told.points, GeoPoint(*taken.points[0]))[0, :2])
    assert r90_m(as_covariance(taken.covariance[0])) > apart > 30


def test_brighton_has_one_turned_strip(real_data):
    from pipeline import imagery
    from pipeline.ingest import open_mission

    mission = open_mission(real_data("flights/brighton"))
    thumbs = {f.id: imagery.reduced(imagery.read(f), 640) for f in mission.frames}
    votes = [turns.vote(pair, lambda f: thumbs[f.id], mission.ground) for pair in turns.neighbours(mission.frames)]
    sentences = turns.warnings(mission.frames, turns.turned(votes))
    assert sentences == ("DJI_0024–0027 look turned by 180° against their metadata",)
