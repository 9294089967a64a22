"""Photos that bring no pose, beside the logs that know it: from a folder to frames."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.geo.geodesy import geodesic_m
from pipeline.ingest import open_mission
from pipeline.sim import FlightConfig, SimFlight, make_flight
from pipeline.types import Frame, Ground, Mission

SMALL: dict[str, Any] = {
    "pixels": False, "width_px": 400, "height_px": 300, "strips": 3, "photos_per_strip": 10, "turned_strip": False,
    "clock_offset_s": 3613.4, "drift_ppm": 80, "missed_triggers": 0.05,
}  # fmt: skip


@pytest.fixture(scope="module")
def flights(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., SimFlight]:
    made: dict[str, SimFlight] = {}

    def fly(**changes: Any) -> SimFlight:
        key = json.dumps(changes, sort_keys=True)
        if key not in made:
            config = FlightConfig(**{"seed": 3, "log": "dataflash", "exif_gps": True, **SMALL, **changes})
            made[key] = make_flight(tmp_path_factory.mktemp("飞行 日志") / "f", config)
        return made[key]

    return fly


def truth(flight: SimFlight, name: str) -> dict[str, dict[str, str]]:
    with (flight.root / "judge" / name).open(encoding="utf-8") as file:
        return {r["photo"]: r for r in csv.DictReader(file)}


def time_errors_s(flight: SimFlight, mission: Mission) -> np.ndarray:
    rows = truth(flight, "truth_clock.csv")
    return np.array([(f.pose.t_ns - int(rows[f.id]["t_ns"])) / 1e9 for f in mission.frames if f.pose and f.pose.t_ns])


def place_errors_m(flight: SimFlight, frames: tuple[Frame, ...]) -> np.ndarray:
    rows = truth(flight, "truth_poses.csv")
    at = [(f.pose.at, rows[f.id]) for f in frames if f.pose is not None]
    return geodesic_m(
        [p.lat_deg for p, _ in at], [p.lon_deg for p, _ in at],
        [float(r["lat_deg"]) for _, r in at], [float(r["lon_deg"]) for _, r in at],
    )  # fmt: skip


@pytest.mark.parametrize("log", ["dataflash", "tlog"])
@pytest.mark.parametrize("gps", [True, False])
def test_photos_take_their_pose_from_the_log(
    flights: Callable[..., SimFlight], source_of: Callable[[Any, str], str], log: str, gps: bool
) -> None:
    flight = flights(log=log, exif_gps=gps)
    mission = open_mission(flight.flight)
    assert len(mission.frames) == 30 and not any(f.problem for f in mission.frames)
    (fit,) = mission.clocks
    assert fit.method == "triggers" and not fit.ambiguous
    assert abs(fit.photos_minus_log_s - 3613.405) < max(3 * fit.sigma_s, 0.05)
    assert (fit.unmatched_photos, fit.unmatched_triggers) == (2, 0)
    assert fit.residual_max < 0.6 and fit.residual_unit == "s"
    assert np.abs(time_errors_s(flight, mission)).max() < 0.55
    assert place_errors_m(flight, mission.frames).max() < 6
    for frame in mission.frames:
        assert source_of(frame, "position").startswith("log ") and source_of(frame, "attitude").startswith("log ")
        assert "above home" in source_of(frame, "height") and not frame.assumed
        assert frame.pose is not None and frame.pose.attitude is not None and frame.pose.attitude.pitch_deg < -80
    assert mission.ground.plane_alt_m is not None
    # A zone that had to be assumed matters to nobody once the log told the time.
    assert not any("Asia/Shanghai" in w for w in mission.warnings)


def test_heights_are_the_flights_own(flights: Callable[..., SimFlight]) -> None:
    flight = flights()
    rows = truth(flight, "truth_poses.csv")
    over_plane, over_dem = open_mission(flight.flight), open_mission(flight.flight, ground=Ground(dem=str(flight.dem)))
    for mission in (over_plane, over_dem):
        up = [f.pose.at.alt_m - float(rows[f.id]["alt_m"]) for f in mission.frames if f.pose]
        assert abs(np.median(up)) < 8 and np.ptp(up) < 3  # an absolute height is off by 3 m, one sigma
    assert {f.pose.shared.up_m for f in over_dem.frames if f.pose} == {3.0}
    assert {f.pose.shared.up_m for f in over_plane.frames if f.pose} == {0.5}
    assert all(f.height_above_takeoff_m is not None for f in over_plane.frames)


def test_exif_gps_alone_ties_the_clock(flights: Callable[..., SimFlight]) -> None:
    flight = flights(trigger_message="none", clock_offset_s=-7188.2)
    mission = open_mission(flight.flight)
    (fit,) = mission.clocks
    assert fit.method == "EXIF GPS" and fit.residual_unit == "m" and fit.residual_p90 < 3
    assert abs(fit.photos_minus_log_s + 7188.2) < max(3 * fit.sigma_s, 0.1)
    assert np.abs(time_errors_s(flight, mission)).max() < 0.3


def test_evenly_spaced_triggers_are_ambiguous_until_told(flights: Callable[..., SimFlight], tmp_path: Path) -> None:
    flight = flights(exif_gps=False, even_spacing=True)
    (fit,) = open_mission(flight.flight).clocks
    assert "evenly spaced" in fit.ambiguous
    told = tmp_path / "mission.toml"
    told.write_text("[clock]\nphotos_minus_log_s = 3613.4\n")
    mission = open_mission(flight.flight, mission_file=told)
    assert not mission.clocks[0].ambiguous
    assert abs(mission.clocks[0].photos_minus_log_s - 3613.4) < 1.0
    assert np.abs(time_errors_s(flight, mission)).max() < 0.6


def test_the_mission_files_offset_is_used_and_checked(flights: Callable[..., SimFlight], tmp_path: Path) -> None:
    told = tmp_path / "mission.toml"
    told.write_text("[clock]\nphotos_minus_log_s = 3613.4\n")
    flight = flights(trigger_message="none", exif_gps=False)
    mission = open_mission(flight.flight, mission_file=told)
    (fit,) = mission.clocks
    assert (fit.method, fit.photos_minus_log_s) == ("mission file", 3613.4)
    assert np.abs(time_errors_s(flight, mission)).max() < 0.6
    told.write_text("[clock]\nphotos_minus_log_s = 3513.4\n")
    wrong = open_mission(flights(trigger_message="none").flight, mission_file=told)
    assert any("disagrees" in w for w in wrong.warnings)


def test_times_as_they_stand_are_an_assumption_that_shows(flights: Callable[..., SimFlight]) -> None:
    flight = flights(trigger_message="none", exif_gps=False, clock_offset_s=7200.3)
    mission = open_mission(flight.flight)
    (fit,) = mission.clocks
    assert fit.method == "times as they stand" and fit.photos_minus_log_s == 7200.0 and fit.sigma_s >= 1
    assert all(f.assumed == ("clock",) for f in mission.frames if not f.problem)
    assert any("zone is off by +2 h" in w for w in mission.warnings)
    speed_mps = 4.0
    own = [np.hypot(f.pose.own.east_m, f.pose.own.north_m) for f in mission.frames if f.pose and not f.problem]
    assert np.median(own) > 0.8 * speed_mps


def test_photos_outside_the_log_are_skipped_with_a_reason(flights: Callable[..., SimFlight], tmp_path: Path) -> None:
    flight = flights(exif_gps=False)
    folder = tmp_path / "两架次"
    shutil.copytree(flight.flight, folder)
    photo = sorted(folder.rglob("*.JPG"))[0]
    late = photo.with_name("LATE.JPG")
    year = photo.read_bytes()
    stamp = open_mission(photo).frames[0]
    assert stamp.problem  # alone, without its log
    late.write_bytes(year.replace(b"2026:", b"2027:"))
    mission = open_mission(folder)
    by_id = {Path(f.id).name: f for f in mission.frames}
    assert "after the log's last position" in by_id["LATE.JPG"].problem
    assert sum(bool(f.problem) for f in mission.frames) == 1


def test_a_damaged_log_is_skipped_and_said(flights: Callable[..., SimFlight], tmp_path: Path) -> None:
    flight = flights()
    folder = tmp_path / "flight"
    shutil.copytree(flight.flight, folder)
    (folder / "broken.tlog").write_bytes(b"\0" * 8 + b"\xfe" + b"\1" * 50)
    (folder / "notes.log").write_text("bought bread")
    mission = open_mission(folder)
    assert {s.frame_id for s in mission.skipped} == {"broken.tlog", "notes.log"}
    assert len(mission.logs) == 1 and not any(f.problem for f in mission.frames)


def test_of_two_logs_each_photo_takes_the_one_that_covers_it(
    flights: Callable[..., SimFlight], tmp_path: Path, source_of: Callable[[Any, str], str]
) -> None:
    first, other = flights(), flights(seed=4, clock_offset_s=-3613.4)
    folder = tmp_path / "two"
    shutil.copytree(first.flight, folder)
    log = next(p for p in other.flight.rglob("*.BIN"))
    shutil.copy(log, folder / "other.BIN")
    mission = open_mission(folder)
    assert len(mission.logs) == 2
    assert not any(f.problem for f in mission.frames)
    assert not any("other.BIN" in source_of(f, "position") for f in mission.frames)


def moved_tlog(data: bytes, by_s: int) -> bytes:
    """The same flight at another time: receipts, SYSTEM_TIME and CAMERA_FEEDBACK that much later."""
    from pymavlink.dialects.v20 import ardupilotmega as words

    reader, made, at, by_us = words.MAVLink(None), bytearray(), 0, by_s * 1_000_000
    while at < len(data):
        end = at + 8 + data[at + 9] + (8 if data[at + 8] == 0xFE else 12)
        packet = bytes(data[at + 8 : end])
        message = reader.decode(bytearray(packet))
        field = {"SYSTEM_TIME": "time_unix_usec", "CAMERA_FEEDBACK": "time_usec"}.get(message.get_type())
        if field is not None and getattr(message, field) > 10**15:
            setattr(message, field, getattr(message, field) + by_us)
            sender = words.MAVLink(None, srcSystem=message.get_srcSystem(), srcComponent=message.get_srcComponent())
            packet = message.pack(sender, force_mavlink1=packet[0] == 0xFE)
        made += (int.from_bytes(data[at : at + 8], "big") + by_us).to_bytes(8, "big") + packet
        at = end
    return bytes(made)


@pytest.mark.parametrize("gps", [True, False])
@pytest.mark.parametrize("later_s", [-86_400, 106_666])
def test_the_same_route_on_another_day_is_not_taken_for_the_flight(
    flights: Callable[..., SimFlight], tmp_path: Path, source_of: Callable[[Any, str], str], gps: bool, later_s: int
) -> None:
    flight = flights(log="tlog", exif_gps=gps, clock_offset_s=5.3)
    folder = tmp_path / "两天"
    shutil.copytree(flight.flight, folder)
    log = next(folder.rglob("*.tlog"))
    other = folder / "0 另一天.tlog"  # its name comes first
    other.write_bytes(moved_tlog(log.read_bytes(), later_s))
    both = open_mission(folder)
    assert [c.log for c in both.clocks] == [log.name]
    assert any(w.startswith(f"{other.name}: fits these photos only") for w in both.warnings)
    assert all(log.name in source_of(f, "attitude") and not f.assumed for f in both.frames)
    log.unlink()
    alone = open_mission(folder)
    assert all("clock" in f.assumed for f in alone.frames)
    assert any("another time" in w for w in alone.warnings)


def test_the_same_log_twice_changes_nothing(flights: Callable[..., SimFlight], tmp_path: Path) -> None:
    flight = flights()
    folder = tmp_path / "twice"
    shutil.copytree(flight.flight, folder)
    shutil.copy(next(folder.rglob("*.BIN")), folder / "zz copy.BIN")
    assert open_mission(folder).frames == tuple(
        replace(f, path=f.path.replace(str(flight.flight), str(folder))) for f in open_mission(flight.flight).frames
    )


def test_a_damaged_place_of_a_trigger_does_not_displace_its_photo(
    flights: Callable[..., SimFlight], source_of: Callable[[Any, str], str]
) -> None:
    from pipeline.ingest.attach import attach
    from pipeline.ingest.clock import moments
    from pipeline.ingest.epoch import in_utc
    from pipeline.ingest.logs import read_log
    from pipeline.ingest.mission_file import MissionFile
    from pipeline.ingest.photo import read_photo
    from pipeline.ingest.position import position_of

    flight = flights()
    log = next(flight.flight.rglob("*.BIN"))
    track = in_utc(read_log(log, flight.flight))
    lat = track.triggers[0].lat_deg.copy()
    lat[7] += 0.002  # 220 m: one bit of a log without checksums
    track = replace(track, triggers=(replace(track.triggers[0], lat_deg=lat),))
    photos = [read_photo(p, flight.flight) for p in sorted(flight.flight.glob("*.JPG"))]
    times, _ = moments(photos, None, None)
    made = attach(photos, times, [position_of(p) for p in photos], [track], MissionFile())
    sources = [x.position.source for x in made.logged if x is not None and x.position is not None]
    assert sum("POS" in s for s in sources) == 1 + 2 and len(sources) == 30  # two exposures were not noted
    apart = [x.position.lat_deg - position_of(p).lat_deg for x, p in zip(made.logged, photos, strict=True)]
    assert np.abs(apart).max() < 1e-4


def test_a_flight_of_logs_alone_is_a_flight(flights: Callable[..., SimFlight], tmp_path: Path) -> None:
    log = next(p for p in flights().flight.rglob("*.BIN"))
    shutil.copy(log, tmp_path / "1.BIN")
    mission = open_mission(tmp_path)
    assert not mission.frames and mission.logs[0].triggers > 0
    assert open_mission(tmp_path / "1.BIN").logs == mission.logs


# --- RTK marks ---------------------------------------------------------------------------------------------------


def mrk_line(number: int, seconds: float, lat: float, lon: float, height: float, flag: int = 50) -> str:
    return (
        f"{number}\t{seconds:.6f}\t[2310]\t   -20,N\t    10,E\t   192,V\t{lat:.8f},Lat\t{lon:.8f},Lon\t"
        f"{height:.3f},Ellh\t0.011, 0.012, 0.025\t{flag},Q\n"
    )


def marked(card: Any, headers: Any, n: int = 6, flag: int = 50, shift: int = 0) -> None:
    """Photos 5 s apart in GPS week 2310, and the marks beside them 1e-5° north of where the photos say they were."""
    lines = ""
    for i in range(1, n + 1):
        lat, lon = 34.75 + i * 1e-4, 113.62
        tags = headers.camera | headers.gps(lat, lon, 150) | {"DateTimeOriginal": f"2024:04:14 08:00:{5 * i:02d}"}
        values = headers.dji(RtkFlag="16", RtkStdLat="1.1", RtkStdLon="1.1", RtkStdHgt="2.0")
        card.photo(f"100_0001/DJI_{i + shift:04d}.JPG", tags, values)
        lines += mrk_line(i, 18.0 + 5 * i + 0.4, lat + 1e-5, lon, 132.5, flag)
    card.write("100_0001/100_0001_Timestamp.MRK", lines)


def test_marks_go_before_everything(card: Any, headers: Any, source_of: Callable[[Any, str], str]) -> None:
    marked(card, headers)
    mission = card.open(ground=Ground(plane_alt_m=80.0))
    for i, frame in enumerate(mission.frames, 1):
        assert frame.pose is not None and not frame.problem
        assert source_of(frame, "position").startswith("MRK")
        assert frame.pose.at.lat_deg == pytest.approx(34.75 + i * 1e-4 + 1e-5, abs=2e-6)
        assert frame.pose.at.alt_m == pytest.approx(132.5, abs=0.25)
        assert frame.pose.own.north_m == pytest.approx(0.011, abs=0.002)
        assert frame.pose.shared.up_m == 0.02
        assert "gimbal" in source_of(frame, "attitude")
    (fit,) = mission.clocks
    assert fit.method == "sequence numbers" and fit.photos == 6 and fit.unmatched_triggers == 0


def test_numbers_that_contradict_the_times_give_way_to_order(card: Any, headers: Any) -> None:
    marked(card, headers, n=8, shift=2)
    mission = card.open(ground=Ground(plane_alt_m=80.0))
    assert len(mission.frames) == 8
    placed = [f.pose.at.lat_deg for f in mission.frames if f.pose]
    own = [34.75 + i * 1e-4 for i in range(1, 9)]
    # Whatever was paired, no photo lies a whole interval (11 m) from where it says it was.
    assert np.abs(np.array(placed) - own).max() < 2e-5


def test_a_mark_that_was_not_fixed_says_so(card: Any, headers: Any, source_of: Callable[[Any, str], str]) -> None:
    marked(card, headers, flag=16)
    mission = card.open(ground=Ground(plane_alt_m=80.0))
    assert all("not fixed" in source_of(f, "position") for f in mission.frames)
    assert all(f.pose is not None and f.pose.shared.up_m >= 0.025 for f in mission.frames)


# --- the real flight that tells little ---------------------------------------------------------------------------


def test_cuav_takes_its_poses_from_the_log(real_data: Callable[[str], Path]) -> None:
    folder = real_data("flights/cuav")
    model = Path(__file__).resolve().parents[2] / "missions" / "cuav.toml"
    mission = open_mission(folder, mission_file=model)
    good = [f for f in mission.frames if not f.problem]
    assert len(good) == 12 and all(f.assumed == ("clock",) for f in good)
    assert all(dict(f.sources)["position"] == "log flight.tlog GLOBAL_POSITION_INT" for f in good)
    (lost,) = (f for f in mission.frames if f.problem)
    assert "flight.tlog: taken" in lost.problem and "before the log's first position" in lost.problem
    assert {x.id for x in mission.logs} == {"flight.tlog", "flight_tests.tlog"}
    assert "residuals" in next(x.clock for x in mission.logs if x.id == "flight.tlog")
    (fit,) = mission.clocks
    assert fit.log == "flight.tlog" and fit.method == "times as they stand" and fit.sigma_s == 1.0


def test_a_photo_flight_has_neither_logs_nor_clocks(card: Any) -> None:
    card.photo()
    mission = card.open()
    assert mission.logs == () and mission.clocks == ()
    assert replace(mission, logs=(), clocks=()) == mission
