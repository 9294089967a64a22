from __future__ import annotations

from typing import Any

import pytest

from pipeline.geo.datum import egm96_m
from pipeline.ingest.heights import NO_ABSOLUTE, NO_HEIGHT
from pipeline.types import Ground

PLACE = (34.75, 113.62)
GEOID = float(egm96_m(*PLACE))
DEM = Ground(dem="somewhere.tif")


def test_without_a_dem_the_ground_is_the_plane_at_take_off(headers: Any, card: Any, source_of: Any) -> None:
    for name, absolute, relative in (("a", "+150", "+50"), ("b", "+161", "+60"), ("c", "+175", "+70")):
        card.photo(f"{name}.jpg", values=headers.dji(AbsoluteAltitude=absolute, RelativeAltitude=relative))
    mission = card.open()
    assert mission.ground.plane_alt_m == pytest.approx(101 + GEOID)  # the median of 100, 101, 105
    assert mission.ground.sigma_m == 3.0
    assert [f.pose.at.alt_m - mission.ground.plane_alt_m for f in mission.frames] == pytest.approx([50, 60, 70])
    assert [f.height_above_takeoff_m for f in mission.frames] == [50, 60, 70]
    assert {f.pose.shared.up_m for f in mission.frames} == {0.5}
    assert source_of(mission.frames[0], "height") == "XMP RelativeAltitude above take-off"


def test_with_a_dem_the_absolute_height_counts(card: Any, source_of: Any) -> None:
    card.photo()
    frame = card.open(ground=DEM).frames[0]
    assert frame.pose.at.alt_m == pytest.approx(150 + GEOID)
    assert frame.pose.shared.up_m == 3.0
    assert source_of(frame, "height") == "XMP AbsoluteAltitude, EGM96"


def test_rtk_heights_are_ellipsoidal(headers: Any, card: Any, source_of: Any) -> None:
    std = {"RtkStdLon": "0.012", "RtkStdLat": "0.011", "RtkStdHgt": "0.025"}
    card.photo(values=headers.dji(RtkFlag="50", **std))
    frame = card.open(ground=DEM).frames[0]
    assert frame.pose.at.alt_m == 150
    own, shared = frame.pose.own, frame.pose.shared
    assert (own.east_m, own.north_m, own.up_m) == (0.012, 0.011, 0.025)
    assert (shared.east_m, shared.north_m, shared.up_m) == (0.02, 0.02, 0.02)
    assert source_of(frame, "height") == "XMP AbsoluteAltitude, ellipsoidal (RTK)"


def test_an_rtk_float_solution_shares_most_of_its_error(headers: Any, card: Any) -> None:
    card.photo(values=headers.dji(RtkFlag="34", RtkStdLon="0.8", RtkStdLat="0.7", RtkStdHgt="1.5"))
    pose = card.open().frames[0].pose
    assert (pose.own.east_m, pose.shared.east_m, pose.shared.north_m) == (0.3, 0.8, 0.7)


def test_exif_height_below_the_sea(headers: Any, card: Any) -> None:
    card.photo(tags=headers.camera | headers.gps(*PLACE, -12.5), values=headers.dji(AbsoluteAltitude=None))
    assert card.open(ground=DEM).frames[0].pose.at.alt_m == pytest.approx(-12.5 + GEOID, abs=1e-3)


def test_neither_dem_nor_relative_height(headers: Any, card: Any) -> None:
    card.photo(values=headers.dji(RelativeAltitude=None))
    mission = card.open()
    assert mission.frames[0].problem == NO_HEIGHT
    assert mission.ground.plane_alt_m is None
    assert card.open(assume="nadir").frames[0].problem == NO_HEIGHT  # its attitude is known: nothing is assumed


def test_relative_height_alone_does_without_a_dem_only(headers: Any, card: Any) -> None:
    card.photo(tags=headers.camera | headers.gps(*PLACE), values=headers.dji(AbsoluteAltitude=None))
    mission = card.open()
    assert (mission.ground.plane_alt_m, mission.frames[0].pose.at.alt_m) == (0, 50)
    assert any("count from the take-off" in w for w in mission.warnings)
    assert card.open(ground=DEM).frames[0].problem == NO_ABSOLUTE


def test_two_take_off_points_are_warned_of(headers: Any, card: Any) -> None:
    card.photo("a.jpg")
    card.photo("b.jpg", values=headers.dji(AbsoluteAltitude="+250"))
    assert any("differ by 100 m" in w for w in card.open().warnings)


def test_a_plane_of_the_mission_file_is_above_egm96_unless_it_says(card: Any) -> None:
    card.photo()
    card.write("mission.toml", "[ground]\nplane_alt_m = 80")
    assert card.open().ground.plane_alt_m == pytest.approx(80 + GEOID)
    assert any("EGM96" in w for w in card.open().warnings)
    card.write("mission.toml", '[ground]\nplane_alt_m = 80\ndatum = "ellipsoid"')
    assert card.open().ground.plane_alt_m == 80
    assert card.open(ground=Ground(plane_alt_m=7.0)).ground.plane_alt_m == 7


def test_exif_s_height_is_above_the_sea_whoever_wrote_the_xmp(headers: Any, card: Any) -> None:
    place = {"sensefly:Latitude": "34.75", "sensefly:Longitude": "113.62"}
    angles = {"sensefly:Heading": "9", "sensefly:PitchAngle": "1", "sensefly:RollAngle": "0"}
    card.photo("a.jpg", packet=_sensefly(place | angles))
    card.photo("b.jpg", packet=_sensefly(place | angles | {"sensefly:AltitudeWGS84": "140"}))
    heights = {f.id: f.pose.at.alt_m for f in card.open(ground=DEM).frames}
    assert heights["a.jpg"] == pytest.approx(150 + GEOID)
    assert heights["b.jpg"] == 140


def _sensefly(values: dict[str, str]) -> bytes:
    inside = " ".join(f'{k}="{v}"' for k, v in values.items())
    return f"<rdf:Description {inside}/>".encode()
