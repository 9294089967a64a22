"""candidates: whoever may see the same ground is asked, near and far, and the number of questions grows with photos."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.geo.adjust.pairs import MOST, candidates
from pipeline.geo.geodesy import from_enu
from pipeline.geo.ground import LevelGround
from pipeline.types import Attitude, Camera, Frame, GeoPoint, Pose

HOME = GeoPoint(34.9, 113.5, 100.0)
GROUND = LevelGround(100.0)
CAMERA = Camera(4000, 3000, 2900.0, 2900.0, 1999.5, 1499.5)  # 60 m up: 83 x 62 m
NADIR = Attitude(0.0, -90.0)


def frame(i: int, east: float, north: float, up: float = 60.0, attitude: Attitude | None = NADIR) -> Frame:
    lat, lon, alt = from_enu(np.array([[east, north, up]]), HOME)[0]
    return Frame(f"{i}.JPG", "", i, Pose(None, GeoPoint(lat, lon, alt), attitude), CAMERA, height_above_takeoff_m=up)


def grid(strips: int, photos: int, along: float = 19.0, across: float = 33.0) -> list[Frame]:
    """Strips flown to and fro."""
    found = []
    for s in range(strips):
        for k in range(photos):
            north, yaw = (k, 0.0) if s % 2 == 0 else (photos - 1 - k, 180.0)
            found.append(frame(len(found), s * across, north * along, attitude=Attitude(yaw, -90.0)))
    return found


def partners(pairs: list[tuple[int, int]], n: int) -> list[set[int]]:
    found: list[set[int]] = [set() for _ in range(n)]
    for i, j in pairs:
        found[i].add(j)
        found[j].add(i)
    return found


def places(frames: list[Frame]) -> np.ndarray:
    from pipeline.geo.geodesy import to_enu

    return to_enu(np.array([[f.pose.at.lat_deg, f.pose.at.lon_deg, f.pose.at.alt_m] for f in frames]), HOME)[:, :2]


def test_a_survey_is_bound_along_and_across():
    frames = grid(6, 12)
    found, at = partners(candidates(frames, GROUND), len(frames)), places(frames)
    for i, others in enumerate(found):
        offset = np.array([at[j] - at[i] for j in others])
        along, across = np.abs(offset[:, 1]), np.abs(offset[:, 0])
        assert ((across < 1) & (along < 20)).any()
        assert ((across > 30) & (along < 30)).any()
        assert along.max() > 30 or across.max() > 60
        assert len(others) <= 2 * MOST
    assert np.mean([len(o) for o in found]) < 1.4 * MOST


def test_pairs_are_sorted_unique_and_of_two_different_frames():
    pairs = candidates(grid(3, 8), GROUND)
    assert pairs == sorted(set(pairs))
    assert all(i < j for i, j in pairs)


@given(st.lists(st.floats(-180, 180), min_size=24, max_size=24))
def test_headings_do_not_matter_to_photos_that_look_down(yaws):
    frames = grid(3, 8)
    lied = [replace(f, pose=replace(f.pose, attitude=Attitude(y, -90.0))) for f, y in zip(frames, yaws, strict=True)]
    there, back = set(candidates(frames, GROUND)), set(candidates(lied, GROUND))
    assert len(there & back) > 0.85 * len(there | back)


def test_distant_photos_are_not_asked():
    frames = [frame(i, 200.0 * i, 0.0) for i in range(10)]
    assert set(candidates(frames, GROUND)) <= {(i, j) for i in range(10) for j in range(10) if 0 < j - i <= 2}


def test_oblique_photos_meet_where_they_look():
    """Two that stand 100 m apart and look at the same place, among others that look away."""
    down = -45.0
    facing = [frame(0, -60, 0, attitude=Attitude(60.0, down)), frame(1, 60, 0, attitude=Attitude(-60.0, down))]
    away = [frame(2 + k, -60 + 40.0 * k, -300, attitude=Attitude(180.0, down)) for k in range(6)]
    pairs = candidates(facing + away, GROUND)
    assert (0, 1) in pairs
    assert sum(i < 2 <= j for i, j in pairs) <= 5  # the next in time, and the two closest of each


def test_an_oblique_strip_with_a_heading_that_lies_keeps_its_neighbours():
    frames = [frame(k, 0.0, 20.0 * k, attitude=Attitude(180.0 if k == 4 else 0.0, -45.0)) for k in range(9)]
    found = partners(candidates(frames, GROUND), 9)
    assert {3, 5} <= found[4]


@pytest.mark.parametrize("lift_m", [-120.0, 25.0])
def test_wrong_heights_keep_a_survey_together(lift_m):
    frames = [
        replace(f, pose=replace(f.pose, at=replace(f.pose.at, alt_m=f.pose.at.alt_m + lift_m))) for f in grid(3, 8)
    ]
    found, at = partners(candidates(frames, GROUND), 24), places(frames)
    for i, others in enumerate(found):
        assert any(abs(at[j, 0] - at[i, 0]) > 30 for j in others)
        assert any(abs(at[j, 0] - at[i, 0]) < 1 for j in others)


def test_a_hover_is_bounded_and_tied_to_what_lies_around_it():
    rng = np.random.default_rng(0)
    hover = [frame(k, *rng.normal(0, 0.3, 2)) for k in range(600)]
    strip = [frame(600 + k, 12.0 * k, 0.0) for k in range(6)]
    pairs = candidates(hover + strip, GROUND)
    assert len(pairs) < 606 * 1.4 * MOST
    assert sum(i < 600 <= j for i, j in pairs) > 10


def test_dense_frames_of_a_video_get_wide_baselines_too():
    frames = [frame(k, 0.0, 0.2 * k) for k in range(600)]
    found = partners(candidates(frames, GROUND), 600)
    reach = [max(abs(j - i) for j in others) * 0.2 for i, others in enumerate(found)]
    assert np.median(reach) > 25
    assert max(len(o) for o in found) < 12 * MOST  # those that stand for their neighbours are asked more often


def test_partners_that_look_the_same_way_come_first():
    """All look at one place, half of them from the other side, from where nothing is found again."""
    rng = np.random.default_rng(3)
    sides = [(-60.0, 0.0)] * 40 + [(60.0, 180.0)] * 40
    frames = [
        frame(k, *(rng.normal(0, 6, 2) + np.array([0, north])), attitude=Attitude(yaw, -45.0))
        for k, (north, yaw) in enumerate(sides)
    ]
    pairs = candidates(frames, GROUND)
    assert np.mean([(i < 40) == (j < 40) for i, j in pairs]) > 0.5


def test_one_lens_speaks_for_an_exposure():
    frames = []
    for k in range(4):
        for lens in ("Z", "T", "W"):
            at = frame(len(frames), 0.0, 15.0 * k)
            frames.append(replace(at, exposure=f"shot {k}", lens=lens))
    used = {i for pair in candidates(frames, GROUND) for i in pair}
    assert used == {2, 5, 8, 11}


def test_frames_without_a_pose_or_a_lens_have_no_partners():
    frames = grid(1, 5)
    frames[1] = replace(frames[1], pose=None)
    frames[2] = replace(frames[2], camera=None)
    frames[3] = replace(frames[3], pose=replace(frames[3].pose, at=GeoPoint(float("nan"), 113.5, 160.0)))
    assert candidates(frames, GROUND) == [(0, 4)]


def test_a_photo_that_does_not_say_where_it_looked_is_taken_to_look_down():
    frames = grid(1, 4)
    frames[1] = replace(frames[1], pose=replace(frames[1].pose, attitude=None))
    assert candidates(frames, GROUND) == candidates(grid(1, 4), GROUND)


@pytest.mark.parametrize("frames", [[], [frame(0, 0, 0)]])
def test_one_photo_has_nobody_to_compare_with(frames):
    assert candidates(frames, GROUND) == []


def test_questions_grow_as_photos_do():
    few, many = (len(candidates(grid(n, 20), GROUND)) / (n * 20) for n in (5, 40))
    assert many < 1.2 * few
