"""Poses corrected by the pictures themselves: what `--adjust` does to a flight, and what it says of it."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import GeometryError
from pipeline.flow.adjusting import LEAST_TIES, adjust_mission
from pipeline.flow.places import Locator
from pipeline.geo.geodesy import to_enu
from pipeline.geo.locate import locate_pixels
from pipeline.ingest import open_mission
from pipeline.sim import FlightConfig, SimFlight, make_flight
from pipeline.types import Attitude, GeoPoint, Ground, Mission

pytestmark = pytest.mark.usefixtures("features_once")


def quiet(stage: str, done: int, total: int) -> None:
    """Nobody listens."""


def small(folder: Path, **told) -> SimFlight:
    usual = {
        "profile": "real", "strips": 2, "photos_per_strip": 4, "width_px": 1200, "height_px": 900,
        "turned_strip": False, "n_smoke": 0, "n_dust": 0, "n_outfalls": 0, "n_checks": 30,
    }  # fmt: skip
    return make_flight(folder / "sim", FlightConfig(**{**usual, **told}))


def opened(made: SimFlight) -> Mission:
    return open_mission(made.flight, ground=Ground(dem=str(made.dem), dem_datum="egm96"))


def beside_the_mean_m(made: SimFlight, mission: Mission) -> np.ndarray:
    """(N,) how far single pixels lie from their true places, the flight's common error taken off."""
    frames = {f.id: f for f in mission.frames}
    with made.pixels.open(encoding="utf-8") as file:
        rows = [r for r in csv.DictReader(file) if r["visible"] == "1"]
    off = []
    for r in rows:
        frame = replace(frames[r["photo"]], assumed=())
        at = locate_pixels(frame, np.array([[float(r["x_px"]), float(r["y_px"])]]), mission.ground).points
        off.append(to_enu(at, GeoPoint(float(r["lat_deg"]), float(r["lon_deg"]), float(r["alt_m"])))[0, :2])
    return np.hypot(*(np.array(off) - np.median(off, axis=0)).T)


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> SimFlight:
    return small(tmp_path_factory.mktemp("adjusting"), seed=71)


@pytest.fixture(scope="module")
def adjusted(features_once, made):
    return adjust_mission(opened(made), "auto", None, quiet)


def test_pixels_fall_into_place(made, adjusted) -> None:
    before, after = (np.percentile(beside_the_mean_m(made, m), 90) for m in (opened(made), adjusted.mission))
    assert before > 1.0
    assert after < 0.4


def test_everything_that_was_asked_is_answered(adjusted) -> None:
    facts = adjusted.facts
    assert facts["tied"] == 8
    assert {e["verdict"] for e in facts["examined"]} <= {"found", "no", "unknown"}
    assert not [e for e in facts["examined"] if e["verdict"] == "found"]  # an honest flight is not accused
    place = next(e for e in facts["examined"] if e["kind"] == "place")
    assert place["verdict"] == "unknown"  # nothing here tells GCJ-02 from WGS 84
    assert not [w for w in adjusted.mission.warnings if "tied" in w]


def test_off_leaves_everything_as_it_was(made) -> None:
    mission = opened(made)
    left = adjust_mission(mission, "off", None, quiet)
    assert left.mission is mission
    assert left.joint is None


def test_a_turned_strip_is_turned_back(tmp_path) -> None:
    made = small(tmp_path, seed=72, turned_strip=True)
    done = adjust_mission(opened(made), "auto", None, quiet)
    assert [e["kind"] for e in done.facts["examined"] if e["verdict"] == "found"] == ["turned"]
    assert any("turned by 180°" in w for w in done.mission.warnings)
    assert all(not f.assumed for f in done.mission.frames)  # what its neighbours hold is measured, no longer assumed
    assert np.percentile(beside_the_mean_m(made, done.mission), 90) < 0.4


def test_photos_without_attitude_get_theirs_from_the_others(made) -> None:
    """As `--assume nadir` does, and then measured."""
    mission = opened(made)
    vague = replace(mission.frames[0].pose.own, yaw_deg=104.0, pitch_deg=10.0, roll_deg=10.0)
    blind = [replace(f.pose, attitude=Attitude(0.0, -90.0, 0.0), own=vague) for f in mission.frames]
    frames = tuple(replace(f, pose=p, assumed=("attitude",)) for f, p in zip(mission.frames, blind, strict=True))
    done = adjust_mission(replace(mission, frames=frames), "auto", None, quiet)
    assert all(not f.assumed for f in done.mission.frames)
    assert np.percentile(beside_the_mean_m(made, done.mission), 90) < 0.6


def test_photos_that_show_nothing_keep_what_was_recorded(tmp_path) -> None:
    made = small(tmp_path, seed=73, pixels=False)
    mission = opened(made)
    done = adjust_mission(mission, "auto", None, quiet)
    assert [f.pose for f in done.mission.frames] == [f.pose for f in mission.frames]
    assert any("8 of 8 photos could not be tied" in w for w in done.mission.warnings)
    with pytest.raises(GeometryError, match="--adjust require"):
        adjust_mission(mission, "require", None, quiet)


def test_required_means_that_no_other_pose_is_used(made, tmp_path) -> None:
    mission = opened(made)
    blank = tmp_path / "blank.jpg"
    grey = make_flight(tmp_path / "b", replace(made.truth.config, pixels=False))
    blank.write_bytes((grey.flight / "DJI_0001.JPG").read_bytes())
    frames = (replace(mission.frames[0], path=str(blank)), *mission.frames[1:])
    done = adjust_mission(replace(mission, frames=frames), "require", None, quiet)
    assert "could not be adjusted" in done.mission.frames[0].problem
    assert all(not f.problem for f in done.mission.frames[1:])
    assert done.facts["tied"] == 7
    loose = adjust_mission(replace(mission, frames=frames), "auto", None, quiet).mission
    assert not loose.frames[0].problem
    assert any("1 of 8 photos" in w for w in loose.warnings)
    kept, tied = loose.frames[0].pose.own.pitch_deg, loose.frames[1].pose.own.pitch_deg
    assert kept > 4 * tied


def test_a_picture_that_cannot_be_read_ties_nothing_and_stops_nothing(made, tmp_path) -> None:
    mission = opened(made)
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"\xff\xd8\xff no picture")
    frames = (replace(mission.frames[0], path=str(broken)), *mission.frames[1:])
    done = adjust_mission(replace(mission, frames=frames), "auto", None, quiet)
    assert done.joint.tied[0] < LEAST_TIES < min(done.joint.tied[1:])


def test_locate_takes_the_whole_folder_when_asked(made) -> None:
    photo = made.flight / "DJI_0003.JPG"
    ground = Ground(dem=str(made.dem), dem_datum="egm96")
    plain, better = (Locator(ground, adjust=a).places("p", photo, [(300.0, 200.0)])[0] for a in (False, True))
    assert better.r90_m < plain.r90_m
    assert (better.lat_deg, better.lon_deg) != (plain.lat_deg, plain.lon_deg)


def test_a_lone_photo_is_levelled_by_its_horizon(tmp_path) -> None:
    made = small(tmp_path, seed=74, strips=1, photos_per_strip=1, pattern="oblique", oblique_deg=(-10.0,), sky=True)
    photo = next(made.flight.glob("*.JPG"))
    ground = Ground(dem=str(made.dem), dem_datum="egm96")
    where = [(600.0, 800.0)]
    plain, better = (Locator(ground, adjust=a).places("p", photo, where)[0] for a in (False, True))
    assert better.r90_m < 0.85 * plain.r90_m


def test_without_a_terrain_model_the_plane_lies_where_the_ties_are(tmp_path) -> None:
    """A barometer that is 12 m off puts the plane at take-off 12 m off; a single sighting must not fall for it."""
    made = small(tmp_path, seed=76, lies=("barometer=12",))
    mission = open_mission(made.flight)
    done = adjust_mission(mission, "auto", None, quiet)
    with made.pixels.open(encoding="utf-8") as file:
        true_m = np.median([float(r["alt_m"]) for r in csv.DictReader(file) if r["visible"] == "1"])
    above = [f.pose.at.alt_m - m.ground.plane_alt_m for m in (mission, done.mission) for f in m.frames[:1]]
    aloft = made.truth.lla[0][2] - true_m
    assert abs(above[0] - aloft) > 8.0
    assert abs(above[1] - aloft) < 3.0
    assert done.mission.ground.sigma_m >= mission.ground.sigma_m  # one place may still lie lower or higher


def test_a_log_tells_that_photos_speak_of_a_chinese_map(made) -> None:
    from pipeline.geo.coordinates import wgs84_to_gcj02

    mission = opened(made)
    at = np.array([(f.pose.at.lat_deg, f.pose.at.lon_deg) for f in mission.frames])
    shifted = wgs84_to_gcj02(at[:, 0], at[:, 1])
    for place, verdict in ((shifted, "found"), (at, "no")):
        frames = [replace(f, told_at=GeoPoint(*map(float, p))) for f, p in zip(mission.frames, place, strict=True)]
        done = adjust_mission(replace(mission, frames=tuple(frames)), "auto", None, quiet)
        (answer,) = [e for e in done.facts["examined"] if e["kind"] in ("place", "gcj02")]
        assert answer["verdict"] == verdict
        moved = to_enu(
            np.array([[f.pose.at.lat_deg, f.pose.at.lon_deg, 0.0] for f in done.mission.frames]), frames[0].pose.at
        )
        assert np.abs(moved[0, :2]).max() < 5.0  # the log's place was right, and stays


@pytest.mark.parametrize("refused", [1, 8])
def test_a_photo_refused_after_the_adjustment_places_nothing(made, monkeypatch, refused) -> None:
    from pipeline.flow import adjusting
    from pipeline.geo.liars import Finding

    def accuse(frames, *_):
        ids = tuple(f.id for f in frames[:refused])
        return (Finding("tilt", "found", "these tilts are wrong", ids, repair="refuse"),)

    monkeypatch.setattr(adjusting, "liars_after", accuse)
    done = adjust_mission(opened(made), "auto", None, quiet)
    assert [f.problem for f in done.mission.frames] == ["these tilts are wrong"] * refused + [""] * (8 - refused)
    assert (0 if done.joint is None else len(done.joint.frames)) == 8 - refused


def test_a_heading_guessed_by_a_course_that_was_flown_backwards_is_turned_once(made) -> None:
    mission = opened(made)
    vague = replace(mission.frames[0].pose.own, yaw_deg=20.0, pitch_deg=10.0, roll_deg=10.0)
    courses = [(f.pose.attitude.yaw_deg + 360.0) % 360.0 - 180.0 for f in mission.frames]
    blind = [
        replace(f.pose, attitude=Attitude(c, -90.0), own=vague) for f, c in zip(mission.frames, courses, strict=True)
    ]
    frames = tuple(replace(f, pose=p, assumed=("attitude",)) for f, p in zip(mission.frames, blind, strict=True))
    done = adjust_mission(replace(mission, frames=frames), "auto", None, quiet)
    assert all(not f.assumed for f in done.mission.frames)
    assert np.percentile(beside_the_mean_m(made, done.mission), 90) < 0.6
