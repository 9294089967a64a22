from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import MissionError
from pipeline.ingest import mission_file_of, read_mission_file, run_table
from pipeline.types import Attitude

FULL = """
[mission]
name = "春季巡查"
site = "贾鲁河"
pilot = "张三"
drone = "M3E"
tz = "Asia/Shanghai"

[camera]
model = "Fixed"
width_px = 1000
height_px = 800
focal_px = 900.5
cx_px = 501
cy_px = 399.5
distortion = [-0.1, 0.01, 0, 0, 0]

[mount]
pitch_deg = -90
lever_arm_m = [0.1, 0, 0.2]
assume = "nadir"

[ground]
dem = "dem 1.tif"
datum = "egm2008"
geoid = "us.gtx"
plane_alt_m = 12.5

[clock]
photos_minus_log_s = -1.25
names = "%Y%m%d%H%M%S%f"

[[pose]]
photo = "a.jpg"
lat_deg = 34.75
lon_deg = 113.62
alt_m = 200
yaw_deg = 10
pitch_deg = -90
sigma_m = 0.05
sigma_deg = 0.2

[[control]]
id = "G1"
lat_deg = 34.7
lon_deg = 113.6
alt_m = 99.5
datum = "egm96"
sigma_m = 0.02
pixels = [["a.jpg", 10.5, 20], ["b.jpg", 1, 2]]

[run]
detector = "marker"
false-alarms = "0.2/photo"
workers = 2
resume = true
boxes = "boxes.json"
"""


def read(folder: Path, text: str) -> Any:
    path = folder / "mission.toml"
    path.write_text(text, encoding="utf-8")
    return read_mission_file(path)


def test_every_key_of_the_contract_is_read(tmp_path: Path) -> None:
    told = read(tmp_path, FULL)
    assert told.name == "春季巡查"
    assert told.meta == (("site", "贾鲁河"), ("pilot", "张三"), ("drone", "M3E"))
    assert told.camera.distortion == (-0.1, 0.01, 0, 0, 0)
    assert told.mount == Attitude(0, -90, 0)
    assert told.dem == str(tmp_path / "dem 1.tif")
    assert (told.datum, told.plane_alt_m, told.photos_minus_log_s) == ("egm2008", 12.5, -1.25)
    assert told.poses[0].attitude == Attitude(10, -90, 0)
    assert told.controls[0].pixels == (("a.jpg", 10.5, 20.0), ("b.jpg", 1.0, 2.0))
    assert told.run == {
        "detector": "marker",
        "false_alarms": 0.2,
        "workers": 2,
        "resume": True,
        "boxes": str(tmp_path / "boxes.json"),
    }
    assert run_table(tmp_path) == told.run


def test_no_file_is_an_empty_one(tmp_path: Path) -> None:
    assert mission_file_of(tmp_path).poses == ()
    assert run_table(tmp_path) == {}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[camra]", "there is no key 'camra'"),
        ("[camera]\nfocal = 3", r"\[camera\]: there is no key 'focal'"),
        ("camera = 3", r"\[camera\] has to be a table"),
        ("[camera]\nfocal_px = true", "focal_px has to be a number"),
        ("[camera]\nfocal_px = nan", "focal_px has to be a number"),
        ("[camera]\nfocal_px = -3", "focal_px has to be between"),
        ("[camera]\nfocal_mm = 3", "given together"),
        ("[camera]\ndistortion = [1, 2]", "a list of 5 numbers"),
        ("[mount]\nassume = 'oblique'", "assume has to be one of nadir"),
        ("[ground]\ndatum = 'wgs84'", "datum has to be one of"),
        ("[mission]\nname = 3", "name has to be a string"),
        ("[pose]\nphoto = 'a'", r"has to be written \[\[pose\]\]"),
        ("[[pose]]\nlat_deg = 3", r"\[\[pose\]\] number 1: photo is missing"),
        ("[[pose]]\nphoto='a'\nlat_deg = 3", "given together"),
        ("[[pose]]\nphoto='a'\nyaw_deg = 3", "pitch_deg is missing"),
        ("[[control]]\nid='a'", "lat_deg is missing"),
        ("[[control]]\nid='a'\nlat_deg=1\nlon_deg=1\nalt_m=1\npixels=[[1,2,3]]", "pixels has to be a list"),
        ("[run]\nspeed = 3", "there is no key 'speed'"),
        ("[run]\nworkers = 'many'", "workers has to be a number"),
        ("[run]\nresume = 1", "resume has to be true or false"),
        ("not toml", "not valid TOML"),
        ("a = " + "[" * 5000, "not valid TOML"),
    ],
)
def test_what_is_wrong_is_one_sentence_that_names_it(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(MissionError, match=sentence) as caught:
        read(tmp_path, text)
    assert str(caught.value).startswith("mission.toml")
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_or_no_text(tmp_path: Path) -> None:
    with pytest.raises(MissionError, match="cannot be read"):
        read_mission_file(tmp_path / "gone.toml")
    (tmp_path / "bad.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(MissionError, match="not valid TOML"):
        read_mission_file(tmp_path / "bad.toml")


def test_a_pose_for_a_picture_that_brings_none(card: Any, source_of: Any) -> None:
    card.photo("a.jpg", tags={}, values={}, size=(1000, 800))
    card.write("mission.toml", FULL.replace('dem = "dem 1.tif"', "").replace("[mount]\npitch_deg = -90", "[mount]"))
    card.write("mission.toml", (card.folder / "mission.toml").read_text("utf-8").replace("egm2008", "ellipsoid"))
    frame = card.open().frames[0]
    assert frame.problem == ""
    assert (frame.pose.at.lat_deg, frame.pose.at.lon_deg, frame.pose.at.alt_m) == (34.75, 113.62, 200)
    assert frame.pose.attitude == Attitude(10, -90, 0)
    assert (frame.pose.own.east_m, frame.pose.own.up_m, frame.pose.own.yaw_deg) == (0.05, 0.05, 0.2)
    assert (frame.camera.fx_px, frame.camera.cx_px, frame.camera.model) == (900.5, 501, "Fixed")
    assert source_of(frame, "attitude") == source_of(frame, "position") == "mission file"


def test_a_pose_for_a_photo_that_is_not_clear(card: Any) -> None:
    for folder in "xy":
        card.photo(f"{folder}/twice.jpg")
    card.write("mission.toml", "[[pose]]\nphoto = 'twice.jpg'\nlat_deg = 1\nlon_deg = 2")
    with pytest.raises(MissionError, match=r"'twice\.jpg' is there more than once"):
        card.open()


def test_a_pose_for_a_photo_that_is_not_there_is_warned_of(card: Any) -> None:
    card.photo("a.jpg")
    card.photo("c.jpg")
    card.write("b.jpg", b"damaged")
    card.write("mission.toml", "[[pose]]\nphoto = 'b.jpg'\nlat_deg = 1\nlon_deg = 2")
    assert any("'b.jpg' is not among" in w for w in card.open().warnings)


def test_a_camera_fixed_in_the_body(headers: Any, card: Any, source_of: Any) -> None:
    none = dict.fromkeys(("GimbalYawDegree", "GimbalPitchDegree", "GimbalRollDegree"), None)
    card.photo(values=headers.dji(**none, FlightYawDegree="30", FlightPitchDegree="10", FlightRollDegree="0"))
    card.write("mission.toml", "[mount]\npitch_deg = -60\nlever_arm_m = [2, 0, 1]")
    frame = card.open().frames[0]
    assert frame.pose.attitude.yaw_deg == pytest.approx(30)
    assert frame.pose.attitude.pitch_deg == pytest.approx(-50)  # nose up 10
    assert frame.pose.own.pitch_deg == 3
    assert "mount" in source_of(frame, "attitude")
    card.write("mission.toml", "[mount]\npitch_deg = -60")
    before = card.open().frames[0].pose.at
    north_m = (frame.pose.at.lat_deg - before.lat_deg) * 110_930
    forward_m = 2 * 0.98481 + 1 * 0.17365  # the arm tilts with the nose: forward, and forward of what hung below
    assert north_m == pytest.approx(forward_m * 0.86603, abs=0.01)
    assert frame.pose.at.alt_m - before.alt_m == pytest.approx(2 * 0.17365 - 1 * 0.98481, abs=1e-3)


def test_a_camera_speaks_of_photos_of_its_size_and_model_only(card: Any) -> None:
    card.photo("a.jpg", size=(5472, 3648))
    card.photo("b.jpg", size=(4000, 3000))
    card.write("mission.toml", "[camera]\nwidth_px = 4000\nheight_px = 3000\nfocal_mm = 10\nsensor_width_mm = 20")
    focals = [f.camera.fx_px for f in card.open().frames]
    assert focals == pytest.approx([8.8 / 13.2 * 5472, 2000])
    card.write("mission.toml", "[camera]\nmodel = 'FC6310'\nfocal_px = 3000")
    assert [f.camera.fx_px for f in card.open().frames] == [3000, 3000]
