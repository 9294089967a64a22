"""Folders as they come off a card."""

from __future__ import annotations

import math
import os
import pickle
import unicodedata
from dataclasses import astuple
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.errors import MissionError, PipelineError
from pipeline.ingest import open_mission


def ids(mission: Any) -> list[str]:
    return [f.id for f in mission.frames]


def test_frames_are_in_time_order_then_by_name(headers: Any, card: Any) -> None:
    for name, second in (("z.jpg", 1), ("y/a.jpg", 3), ("c.jpg", 2), ("b.jpg", 2)):
        tags = headers.camera | headers.gps(34.75, 113.62, 150) | {"DateTimeOriginal": f"2024:05:06 10:20:{second:02}"}
        card.photo(name, tags=tags)
    mission = card.open()
    assert ids(mission) == ["z.jpg", "b.jpg", "c.jpg", "y/a.jpg"]
    assert [f.index for f in mission.frames] == [0, 1, 2, 3]
    assert [os.path.isfile(f.path) for f in mission.frames] == [True] * 4
    assert mission == card.open()


def test_names_are_composed_characters(card: Any) -> None:
    card.photo(unicodedata.normalize("NFD", "café 照片.JPG"))
    assert ids(card.open()) == ["café 照片.JPG"]


def test_what_is_no_photo_of_the_flight_is_left_alone(card: Any) -> None:
    card.photo("100MEDIA/DJI_0001.JPG")
    card.photo(".hidden/a.jpg")
    card.photo("._DJI_0001.JPG")
    card.photo("run.partial/crops/a.jpg")
    card.photo("old run/crops/a.jpg")
    card.photo("old run.reviews/a.jpg")
    card.write("old run/hits.geojson", "{}")
    card.write("notes.txt", "text")
    assert ids(card.open()) == ["100MEDIA/DJI_0001.JPG"]
    assert card.open().skipped == ()


def test_links_that_leave_the_flight_are_not_followed(card: Any) -> None:
    card.photo("a.jpg")
    outside = card.folder.parent / "outside"
    outside.mkdir()
    (outside / "b.jpg").write_bytes((card.folder / "a.jpg").read_bytes())
    try:
        os.symlink(outside / "b.jpg", card.folder / "b.jpg")
        os.symlink(outside, card.folder / "folder")
        os.symlink(card.folder / "a.jpg", card.folder / "inside.jpg")
    except OSError:
        pytest.skip("links cannot be made here")
    assert ids(card.open()) == ["a.jpg", "inside.jpg"]


def test_damaged_files_are_skipped_with_a_sentence_and_the_rest_goes_on(card: Any, headers: Any) -> None:
    good = card.photo("good.jpg").read_bytes()
    bad = {
        "empty.jpg": b"",
        "text.JPG": b"hello",
        "short.jpg": good[:300],
        "huge.png": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + (30_000).to_bytes(4, "big") * 2 + b"\x08\2\0\0\0\0\0\0\0",
    }
    for name, data in bad.items():
        card.write(name, data)
    mission = card.open()
    assert ids(mission) == ["good.jpg"]
    assert {s.frame_id for s in mission.skipped} == set(bad)
    for skipped in mission.skipped:
        assert skipped.reason.startswith(skipped.frame_id + ": ")
        assert "\n" not in skipped.reason


def test_only_damaged_files_still_open(card: Any) -> None:
    card.write("a.jpg", b"")
    mission = card.open()
    assert (mission.frames, len(mission.skipped)) == ((), 1)


def test_paths_that_hold_no_flight(card: Any) -> None:
    with pytest.raises(MissionError, match="no photos are in this folder"):
        card.open()
    with pytest.raises(MissionError, match="there is no such file"):
        open_mission(card.folder / "gone")
    card.photo()
    with pytest.raises(MissionError, match="cannot be read"):
        card.open(mission_file=card.folder / "gone.toml")
    with pytest.raises(MissionError, match="can be assumed"):
        card.open(assume="oblique")


def test_a_path_the_system_refuses_is_one_sentence(card: Any) -> None:
    from pipeline.ingest import open_mission

    with pytest.raises(MissionError, match=r"cannot be read|no such file"):
        open_mission(card.folder / ("长" * 300))


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="this user may read everything")
def test_a_folder_that_may_not_be_read(card: Any) -> None:
    card.photo("locked/a.jpg")
    (card.folder / "locked").chmod(0)
    try:
        with pytest.raises(MissionError, match="cannot be read"):
            card.open()
    finally:
        (card.folder / "locked").chmod(0o755)


def test_one_photo_is_a_flight_of_one(card: Any) -> None:
    path = card.photo("DJI_0007.JPG")
    card.photo("DJI_0008.JPG")
    mission = open_mission(path)
    assert ids(mission) == ["DJI_0007.JPG"]
    assert mission.name == ""


def test_a_frame_stays_small_and_says_where_all_came_from(card: Any) -> None:
    card.photo()
    mission = card.open()
    frame = mission.frames[0]
    assert {part for part, _ in frame.sources} == {"position", "height", "attitude", "focal", "time"}
    assert len(pickle.dumps(frame)) < 2000
    assert dict(mission.meta)["camera"] == "FC6310"


def test_zero_gimbal_and_no_gps_in_one_flight(headers: Any, card: Any) -> None:
    zero = dict.fromkeys(("GimbalYawDegree", "GimbalPitchDegree", "GimbalRollDegree"), "+0.00")
    card.photo("zero.jpg", values=headers.dji(**zero))
    card.photo("nowhere.jpg", tags=headers.camera)
    card.photo("good.jpg")
    problems = {f.id: f.problem for f in card.open().frames}
    assert problems["good.jpg"] == ""
    assert problems["zero.jpg"] == "gimbal angles are all zero, which no drone reports in flight"
    assert "no GPS" in problems["nowhere.jpg"]


@given(st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
def test_damage_never_becomes_a_traceback(headers: Any, card: Any, data: st.DataObject) -> None:
    packet = headers.xmp(
        headers.dji(
            DewarpData="d;3680,3680,1,1,0,0,0,0,0", LRFTargetDistance="50", LRFTargetLat="34", LRFTargetLon="113"
        )
    )
    whole = bytearray(headers.jpeg(5472, 3648, headers.tiff(headers.camera | headers.gps(34.75, 113.62, 150)), packet))
    for _ in range(data.draw(st.integers(1, 40))):
        whole[data.draw(st.integers(0, len(whole) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    card.write("a.jpg", bytes(whole[: data.draw(st.integers(len(whole) // 2, len(whole)))]))
    try:
        mission = card.open(assume="nadir")
    except PipelineError:
        return
    assert len(mission.frames) + len(mission.skipped) == 1


EXTREME = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True).map(repr),
    st.sampled_from(
        ["0", "-0.0", "1e-320", "1e308", "3666", "50", "1", "-90", "16", "d;1e-320,1e300,0,0,0,0,0,0,0", ""]
    ),
)
DJI_NAMES = (
    "AbsoluteAltitude", "RelativeAltitude", "GpsLatitude", "GpsLongitude", "GimbalYawDegree", "GimbalPitchDegree",
    "GimbalRollDegree", "FlightYawDegree", "FlightPitchDegree", "RtkFlag", "RtkStdLon", "RtkStdLat", "RtkStdHgt",
    "CalibratedFocalLength", "CalibratedOpticalCenterX", "CalibratedOpticalCenterY", "DewarpData", "DewarpFlag",
    "LRFTargetDistance", "LRFTargetLat", "LRFTargetLon", "LRFTargetAlt", "LRFTargetAbsAlt", "UTCAtExposure",
)  # fmt: skip


@given(st.dictionaries(st.sampled_from(DJI_NAMES), EXTREME))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300, deadline=None)
def test_extreme_numbers_leave_a_finite_frame(headers: Any, card: Any, values: dict[str, str]) -> None:
    card.photo(values=headers.dji(**values))
    frame = card.open().frames[0]
    numbers = [*astuple(frame.pose.at), *astuple(frame.pose.own), *astuple(frame.pose.shared)] if frame.pose else []
    if frame.camera is not None:
        numbers += [frame.camera.fx_px, frame.camera.fy_px, frame.camera.cx_px, frame.camera.cy_px]
        assert min(frame.camera.fx_px, frame.camera.fy_px) > 0
    assert all(math.isfinite(n) and abs(n) < 1e7 for n in numbers)


def test_importing_ingest_wakes_no_heavy_library() -> None:
    import subprocess
    import sys

    heavy = "{'cv2', 'rasterio', 'geopandas', 'scipy', 'PIL', 'onnxruntime', 'simplejpeg', 'pyproj'}"
    code = f"import sys, pipeline.ingest; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
