from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.ingest.heights import NO_HEIGHT
from pipeline.ingest.nadir import courses


@given(st.floats(-180, 180), st.integers(2, 8), st.floats(-60, 60))
def test_a_straight_track_has_one_course(course_deg: float, n: int, lat: float) -> None:
    north, east = math.cos(math.radians(course_deg)), math.sin(math.radians(course_deg))
    step_deg = 20 / 111_320
    track = [(lat + i * step_deg * north, 10 + i * step_deg * east / math.cos(math.radians(lat))) for i in range(n)]
    for found in courses(track):
        assert found is not None
        assert abs(math.remainder(found - course_deg, 360)) < 0.1


def test_opposing_strips_keep_their_own_courses() -> None:
    up = [(i * 2e-4, 0.0) for i in range(4)]
    down = [(i * 2e-4, 4e-4) for i in reversed(range(4))]
    found = courses([*up, *down])
    assert found[:4] == pytest.approx([0, 0, 0, 0], abs=1)
    assert [abs(c) for c in found[4:] if c is not None] == pytest.approx([180] * 4, abs=1)


def test_a_gentle_turn_halves_the_change_of_course() -> None:
    found = courses([(0.0, 0.0), (2e-4, 0.0), (4e-4, 2e-4)])
    assert found == pytest.approx([0, 22.5, 45], abs=0.1)


def test_standing_still_or_alone_tells_no_course() -> None:
    assert courses([]) == []
    assert courses([(1.0, 2.0)]) == [None]
    assert courses([(1.0, 2.0), None, (1.0, 2.0)]) == [None, None, None]


def blind(headers: Any, card: Any, n: int, relative: str | None = "+50") -> None:
    none = dict.fromkeys(("GimbalYawDegree", "GimbalPitchDegree", "GimbalRollDegree"), None)
    for i in range(n):
        tags = headers.camera | headers.gps(34.75, 113.62 + i * 3e-4, 150)
        tags |= {"DateTimeOriginal": f"2024:05:06 10:20:{i:02}"}
        card.photo(f"{i}.jpg", tags=tags, values=headers.dji(RelativeAltitude=relative, **none))


def test_nothing_is_assumed_unless_asked(headers: Any, card: Any) -> None:
    blind(headers, card, 2)
    frame = card.open().frames[0]
    assert frame.problem.startswith("no attitude")
    assert frame.assumed == ()
    assert frame.pose.attitude is None


def test_nadir_along_the_course(headers: Any, card: Any, source_of: Any) -> None:
    blind(headers, card, 3)
    frame = card.open(assume="nadir").frames[1]
    assert frame.problem == ""
    assert frame.assumed == ("attitude",)
    assert (frame.pose.attitude.pitch_deg, frame.pose.attitude.roll_deg) == (-90, 0)
    assert frame.pose.attitude.yaw_deg == pytest.approx(90, abs=0.1)
    assert (frame.pose.own.pitch_deg, frame.pose.own.yaw_deg) == (10, 20)
    assert source_of(frame, "attitude").startswith("assumed")


def test_nadir_with_no_course(headers: Any, card: Any) -> None:
    blind(headers, card, 1)
    assert card.open(assume="nadir").frames[0].pose.own.yaw_deg == 104


def test_an_attitude_that_is_there_is_kept(card: Any) -> None:
    card.photo()
    frame = card.open(assume="nadir").frames[0]
    assert frame.assumed == ()
    assert frame.pose.attitude.yaw_deg == 9.5


def test_where_no_height_is_told_it_is_assumed_with_the_view_and_never_alone(headers: Any, card: Any) -> None:
    blind(headers, card, 2, relative=None)
    card.photo("known.jpg", values=headers.dji(RelativeAltitude=None))
    mission = card.open(assume="nadir")
    by_id = {f.id: f for f in mission.frames}
    assert by_id["0.jpg"].assumed == ("attitude", "height")
    assert by_id["0.jpg"].pose.at.alt_m - mission.ground.plane_alt_m == pytest.approx(100)
    assert by_id["0.jpg"].pose.shared.up_m == 50
    assert by_id["known.jpg"].problem == NO_HEIGHT
    assert any("100 ± 50 m" in w for w in mission.warnings)
