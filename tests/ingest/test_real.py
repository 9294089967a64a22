"""Headers of real cards. Golden numbers are the data's own README files and EXIF."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.geo.datum import egm96_m
from pipeline.ingest import open_mission
from pipeline.types import Attitude

Real = Callable[[str], Path]


def test_narrabeen(real_data: Real) -> None:
    mission = open_mission(real_data("flights/narrabeen"))
    still, *frames = mission.frames
    assert still.id == "snapshotNarrabeen.JPG"
    assert still.pose is not None and still.camera is not None
    assert still.pose.attitude == Attitude(9.5, -16.6, 0.0)
    assert (still.pose.at.lat_deg, still.pose.at.lon_deg) == pytest.approx((-33.7299020, 151.3005747), abs=1e-7)
    assert still.height_above_takeoff_m == 100.4
    undulation_m = float(egm96_m(still.pose.at.lat_deg, still.pose.at.lon_deg))
    assert still.pose.at.alt_m == pytest.approx(98.03 + undulation_m)
    assert still.camera.fx_px == pytest.approx(4.7 / 6.17 * 4000)
    assert [f.problem for f in frames] == ["no GPS position in EXIF or XMP"] * 7


def test_brighton(real_data: Real) -> None:
    mission = open_mission(real_data("flights/brighton"))
    assert len(mission.frames) == 12
    assert mission.skipped == ()
    assert {f.problem for f in mission.frames} == {""}
    assert [f.id for f in mission.frames] == sorted(f.id for f in mission.frames)
    assert {round(f.camera.fx_px) for f in mission.frames if f.camera} == {2344}  # as the bundle adjustment found
    plane_m = mission.ground.plane_alt_m
    assert plane_m is not None
    heights = [f.pose.at.alt_m - plane_m for f in mission.frames if f.pose]
    assert heights == pytest.approx([f.height_above_takeoff_m for f in mission.frames])


@pytest.mark.parametrize("flight", ["caliterra", "lewis", "seneca"])
def test_flights_without_attitude(real_data: Real, flight: str) -> None:
    mission = open_mission(real_data(f"flights/{flight}"))
    assert all(f.problem.startswith("no attitude") for f in mission.frames)
    assert all(f.camera is not None and f.pose is not None for f in mission.frames)
    assert not any("assumed" in w for w in mission.warnings)  # GPS time tells the zone


def test_caliterra_looking_down(real_data: Real) -> None:
    mission = open_mission(real_data("flights/caliterra"), assume="nadir")
    assert {f.problem for f in mission.frames} == {""}
    assert {f.assumed for f in mission.frames} == {("attitude", "height")}


def test_seneca_is_resampled_and_stands_above_the_ellipsoid(real_data: Real, source_of: Any) -> None:
    mission = open_mission(real_data("flights/seneca"), assume="nadir")
    first = mission.frames[0]
    assert first.pose is not None
    assert first.pose.at.alt_m == pytest.approx(281.69, abs=0.01)
    assert "4000 px to 3240 px" in source_of(first, "focal")
    assert source_of(first, "height") == "XMP senseFly AltitudeWGS84, ellipsoidal"


def test_a_senseflys_own_angles_through_a_mount(real_data: Real, tmp_path: Path) -> None:
    told = tmp_path / "mission.toml"
    told.write_text("[mount]\npitch_deg = -90\n[ground]\nplane_alt_m = 240", encoding="utf-8")
    mission = open_mission(real_data("flights/seneca"), mission_file=told)
    tilts = [f.pose.attitude.pitch_deg for f in mission.frames if f.pose and f.pose.attitude]
    assert len(tilts) == 4
    assert max(tilts) < -70


def test_cuav_is_timed_by_its_file_names(real_data: Real, tmp_path: Path) -> None:
    told = tmp_path / "mission.toml"
    told.write_text('[clock]\nnames = "%Y%m%d%H%M%S%f"', encoding="utf-8")
    mission = open_mission(real_data("flights/cuav"), mission_file=told)
    names = [f.id.removeprefix("exifimg") for f in mission.frames]
    assert names == sorted(names)


def test_thermal_photos(real_data: Real) -> None:
    mission = open_mission(real_data("logs/photos_thermal"))
    by_id = {f.id: f for f in mission.frames}
    h20t = by_id["th_H20T.jpg"]
    assert h20t.pose is not None
    assert h20t.pose.attitude == Attitude(32.5, -10.5, 0.0)
    assert h20t.height_above_takeoff_m == 16.508
    m30t = by_id["th_M30T_DJI_0001_R.JPG"]
    assert (m30t.lens, m30t.pose) == ("R", None)
    assert m30t.camera is not None
    assert m30t.camera.fx_px == pytest.approx(9.1 / 0.012 * 2, rel=0.01)  # 12 µm pixels, doubled by the camera


def test_copr_has_lenses_but_no_places(real_data: Real) -> None:
    mission = open_mission(real_data("markers/copr"))
    assert len(mission.frames) == 6
    assert all(f.camera is not None and f.pose is None for f in mission.frames)
