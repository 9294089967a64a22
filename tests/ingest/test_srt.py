"""srt: values by field name in every dialect, what is damaged left out and named, nothing guessed."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import MissionError
from pipeline.ingest.srt import read_srt, read_subtitles

SPAN = "1\n00:00:01,000 --> 00:00:02,000\n"
DIALECTS = {
    "mavic pro": "HOME(149.0251,-20.2532) 2017.08.05 14:11:51\nGPS(149.0252,-20.2533,16) BAROMETER:1.9\nISO:100",
    "old": "HOME(149.0251,-20.2532) 2017.8.5 14:11:51\nGPS(149.0252,-20.2533,16) Hb:1.9 Hs:1.8\nISO:100 TV:60",
    "matrice 300": "2017.08.05 14:11:51\nGPS(-20.2533,149.0252,0.0M) BAROMETER:1.9M",
    "avata": "GPS(-20.2533,149.0252,69.800) BAROMETER(1.9) HOME(-20.2532,149.0251)",
    "mini": "F/2.8, SS 30.15, ISO 260, EV -1.7, GPS (149.0252, -20.2533, 17), D 221.21m, H 1.90m, H.S n/a, V.S n/a",
    "brackets": "<font>FrameCnt: 1, DiffTime: 20ms\n2017-08-05 14:11:51.373\n[iso: 220] [fnum: 3.2] [focal_len: 24.00] "
    "[dzoom_ratio: 2.00] [latitude: -20.2533] [longitude: 149.0252] [rel_alt: 1.900 abs_alt: 0.401] </font>",
    "misspelt": "[latitude : -20.2533] [longtitude : 149.0252] [rel_alt: 1.9]",
}


def read(tmp_path, text: str, name: str = "航 1.SRT"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return read_subtitles(path, tmp_path)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_each_dialect_tells_the_same_place_and_height(tmp_path, dialect):
    track = read(tmp_path, SPAN + DIALECTS[dialect] + "\n").track
    assert track.id == "航 1.SRT" and track.kind == "srt" and track.messages == 1 and track.faults == ()
    where = track.positions
    assert where is not None
    assert (where.t_ns[0], where.lat_deg[0], where.lon_deg[0]) == (10**9, -20.2533, 149.0252)
    assert where.relative_m[0] == 1.9


def test_angles_heights_lens_and_printed_time(tmp_path):
    line = (
        "F/5.6, GPS (-58.851745, -34.237922, 15), HOME (-58.847509, -34.232707, -57.98m), D 698.70m, H 85.80m, "
        "H.S 0.00m/s, F.PRY (2.7°, -7.0°, 110.1°), G.PRY (-24.4°, 0.5°, 110.4°)"
    )
    track = read(tmp_path, SPAN + line).track
    assert track.positions is not None and track.gimbal is not None and track.body is not None
    assert (track.positions.lat_deg[0], track.positions.relative_m[0]) == (-34.237922, 85.8)
    assert math.isnan(track.positions.sigma_m[0])  # six decimals: rounding tells nothing
    assert [track.gimbal.yaw_deg[0], track.gimbal.pitch_deg[0], track.gimbal.roll_deg[0]] == [110.4, -24.4, 0.5]
    assert [track.body.yaw_deg[0], track.body.pitch_deg[0], track.body.roll_deg[0]] == [110.1, 2.7, -7.0]
    told = read(tmp_path, SPAN + DIALECTS["brackets"].replace("[rel", "[gb_yaw: 8.8 gb_pitch: -89 gb_roll: 0.2] [rel"))
    assert told.focal_35mm[0] == 24 and told.zoom[0] == 2 and told.end_ns[0] == 2 * 10**9
    assert told.local_start_ns == 1_501_942_310 * 10**9 + 373_000_000
    assert told.track.gimbal is not None and told.track.gimbal.pitch_deg[0] == -89
    assert told.track.positions is not None and told.track.positions.alt_m[0] == 0.401


def test_lens_in_tenths_and_ten_thousandths(tmp_path):
    told = read(tmp_path, SPAN + "[fnum : 280] [focal_len : 240] [dzoom_ratio: 10000, delta:0] [latitude: 1.5]")
    assert told.focal_35mm[0] == 24 and told.zoom[0] == 1


def test_four_decimals_are_eleven_metres(tmp_path):
    track = read(tmp_path, SPAN + DIALECTS["mini"]).track
    assert track.positions is not None and track.positions.sigma_m[0] == pytest.approx(3.21, abs=0.01)


def test_a_longitude_tells_the_order_whatever_the_dialect(tmp_path):
    swapped = read(tmp_path, SPAN + "GPS(149.0252,-20.2533,69.800) BAROMETER:1.9").track
    assert swapped.positions is not None and swapped.positions.lat_deg[0] == -20.2533


def test_an_altitude_of_unknown_zero_is_not_used(tmp_path):
    track = read(tmp_path, SPAN + "[latitude: 41.424724] [longitude: 2.234156] [altitude: 117.000000]").track
    assert track.positions is not None
    assert math.isnan(track.positions.alt_m[0]) and math.isnan(track.positions.relative_m[0])
    assert "does not say what it counts from" in track.faults[0]


def test_angles_that_are_all_zero_are_none(tmp_path):
    track = read(tmp_path, SPAN + "[latitude: 41.4] [longitude: 2.2] [gb_yaw: 0.0 gb_pitch: 0.0 gb_roll: 0.0]").track
    assert track.gimbal is None and "all zero" in track.faults[0]


def test_no_fix_is_no_position(tmp_path):
    cues = "1\n00:00:00,000 --> 00:00:01,000\nGPS(0.0000,0.0000,0) BAROMETER:0.0\n\n2\n00:00:01,000 --> 00:00:02,000\n"
    track = read(tmp_path, cues + "GPS(N/A,N/A,N/A) BAROMETER:1.0\n").track
    assert track.positions is None and track.messages == 2 and "no cue holds a position" in track.faults


def test_repeated_positions_do_not_make_a_staircase(tmp_path):
    cue = "{n}\n00:00:{a:06.3f} --> 00:00:{b:06.3f}\n[latitude: {lat:.6f}] [longitude: 2.0] [rel_alt: 5]\n\n"
    text = "".join(cue.format(n=i, a=i / 20, b=(i + 1) / 20, lat=41 + i // 10 * 1e-5) for i in range(100))
    where = read(tmp_path, text).track.positions
    assert where is not None and len(where.t_ns) == 11  # ten moves and the end
    between = np.interp(1.75e9, where.t_ns, where.lat_deg)
    assert between == pytest.approx(41 + 3.5e-5, abs=1e-7)


def test_times_printed_stand_in_for_those_of_the_video(tmp_path):
    text = "1\n2017.08.05 14:11:51,393,525,393,525\n[latitude : -20.2533] [longtitude : 149.0251]\n\n"
    text += "2\n2017.08.05 14:11:52,393,525\n[latitude : -20.2532] [longtitude : 149.0251]\n"
    track = read(tmp_path, text).track
    assert track.positions is not None and track.positions.t_ns.tolist() == [0, 10**9]
    assert "no video time" in track.faults[0]


def test_cues_that_are_cut_or_out_of_order_are_left_out_and_named(tmp_path):
    good = "{n}\n00:00:0{n},000 --> 00:00:0{m},000\nGPS(149.0252,-20.2533,16) BAROMETER:{n}.0\n\n"
    text = good.format(n=1, m=2) + good.format(n=3, m=4) + good.format(n=2, m=3) + "4\n00:00:05,0"
    track = read(tmp_path, text).track
    assert track.positions is not None and track.positions.relative_m.tolist() == [1.0, 3.0]
    assert any("damaged or cut" in f for f in track.faults) and any("do not follow in time" in f for f in track.faults)


@pytest.mark.parametrize("text", ["", "1\n00:00:00,000 --> 00:00:01,000\nHello there\n", "\n\n\n", "no subtitles"])
def test_what_holds_nothing_is_refused_with_a_sentence(tmp_path, text):
    with pytest.raises(MissionError, match=r"航 1\.SRT: (the file is empty|holds no subtitle of a drone)"):
        read(tmp_path, text)


def test_a_file_that_is_too_large_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr("pipeline.ingest.srt.MAX_BYTES", 100)
    with pytest.raises(MissionError, match="more than"):
        read(tmp_path, SPAN + "x" * 200)


@settings(max_examples=60)
@given(text=st.text(st.sampled_from("0123456789:,-> \n[]()latitudeGPSNAN.°M/"), max_size=300), keep=st.integers(0, 120))
def test_any_text_gives_a_track_or_a_sentence(tmp_path_factory, text, keep):
    folder = tmp_path_factory.mktemp("any")
    try:
        track = read(folder, SPAN + DIALECTS["mini"][:keep] + text).track
    except MissionError:
        return
    if track.positions is not None:
        assert np.all(np.diff(track.positions.t_ns) > 0) and np.all(np.abs(track.positions.lat_deg) <= 90)


# (positions read, first latitude, first longitude, first height above take-off), counted and read by eye in the files
REAL = {
    "MAVIC3.srt": (12318, 3.41531, -3.37440, -2.4),
    "air2s.srt": (17, 41.424724, 2.234156, None),
    "broken_incomplete.SRT": (20, -34.7383, -58.4563, 20.1),
    "broken_incomplete2.SRT": (6, -34.869950, -57.823395, None),
    "matrice_300.srt": (381, 36.6146, -6.1120, 0.3),
    "mavic_2_style.SRT": (463, -20.2533, 149.0251, None),
    "mavic_air2.srt": (25, 41.420684, 2.162162, None),
    "mavic_mini.SRT": (117, 48.0771, -121.7458, 200.7),
    "mavic_pro.SRT": (468, -20.2533, 149.0251, 1.9),
    "mavic_pro_buggy.SRT": (546, 42.4668, -1.2218, 0.0),
    "mix_p4rtk_mavic2pro.srt": (12, -34.650200, -59.409424, 17.39),
    "old_format.SRT": (468, -20.2533, 149.0251, 1.9),
    "p4_rtk.SRT": (55, -34.237922, -58.851745, 85.8),
    "p4p_sample.SRT": (5, 47.4692, 8.2090, 45.6),
}


@pytest.mark.parametrize("name", REAL)
def test_real_files(real_data, name):
    path = real_data(f"logs/srt/{name}")
    track = read_srt(path, path.parent)
    cues, lat, lon, height = REAL[name]
    assert track.messages == cues and track.positions is not None
    assert (track.positions.lat_deg[0], track.positions.lon_deg[0]) == (lat, lon)
    assert track.positions.relative_m[0] == height if height is not None else math.isnan(track.positions.relative_m[0])


def test_real_files_without_positions_and_without_anything(real_data):
    air = real_data("logs/srt/mavic_air.SRT")
    track = read_srt(air, air.parent)
    assert track.positions is None and len(track.epochs[0].log_ns) == 2
    empty = real_data("logs/srt/broken_empty.SRT")
    with pytest.raises(MissionError, match="the file is empty"):
        read_srt(empty, empty.parent)
