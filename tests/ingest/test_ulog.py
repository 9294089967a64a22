"""PX4's logs: structs by name, padding left out or not, damage, and whole topics as pyulog reads them."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.ingest.px4 import read_ulog
from pipeline.ingest.salvage import Faults
from pipeline.ingest.ulog import read_topics
from tests.ingest.log_bytes import STRUCTS, TOPICS, UTC_US, message, ulog, ulog_rows

FILES = ["mcap_test.ulg", "pyulog_events.ulg", "pyulog_sample.ulg", "pyulog_small.ulg"]


def test_values_come_back_by_name() -> None:
    track = read_ulog(ulog(STRUCTS, TOPICS, ulog_rows()), "a.ulg")
    assert (track.kind, track.faults, track.messages) == ("ulog", (), 1 + 5 + 5 + 61)
    assert track.positions is not None and track.body is not None
    np.testing.assert_array_equal(track.positions.t_ns, (1_000_000 + 100_000 * np.arange(20)) * 1000)
    np.testing.assert_allclose(track.positions.lat_deg, 34.75 + 1e-5 * np.arange(20), atol=1e-12)
    assert (track.positions.alt_m[0], track.positions.relative_m[0], track.positions.sigma_m[0]) == (150.0, 50.0, 0.75)
    np.testing.assert_allclose(
        [track.body.yaw_deg[0], track.body.pitch_deg[0], track.body.roll_deg[0]], [90, 0, 0], atol=1e-5
    )
    assert track.home == (34.75, 113.62, 100.0)
    (pairs,) = track.epochs
    np.testing.assert_array_equal(pairs.utc_ns - pairs.log_ns, (UTC_US - 500) * 1000)


def test_without_fused_positions_the_receivers_are_taken() -> None:
    track = read_ulog(ulog(STRUCTS, TOPICS, [r for r in ulog_rows() if r[0] != 0]), "a.ulg")
    assert track.positions is not None and track.positions.source == "sensor_gps"
    assert (track.positions.lat_deg[0], track.positions.alt_m[0]) == (pytest.approx(34.75), 150.0)


def test_answers_of_the_camera_come_before_commands() -> None:
    pressed = [(4, struct.pack("<QIB", 1_000_000 + i * 50_000, i // 2, i % 2)) for i in range(8)]
    answers, commands = read_ulog(ulog(STRUCTS, TOPICS, [*ulog_rows(), *pressed]), "a.ulg").triggers
    assert (answers.source, answers.photo_time, commands.photo_time) == ("camera_trigger feedback", True, False)
    np.testing.assert_array_equal(answers.t_ns - commands.t_ns, 50_000_000)


def test_a_capture_brings_its_place_and_the_aircrafts_attitude() -> None:
    capture = "camera_capture:uint64_t timestamp;uint32_t seq;double lat;double lon;float alt;float[4] q;int8_t result;"
    value = struct.pack("<QIddf4fb", 1_500_000, 8, 34.75, 113.62, 150.0, 2**-0.5, 0.0, 0.0, 2**-0.5, 1)
    made = ulog([*STRUCTS, capture], [*TOPICS, (0, 9, "camera_capture")], [*ulog_rows(), (9, value)])
    (cameras,) = read_ulog(made, "a").triggers
    assert (cameras.source, cameras.sequence[0], cameras.photo_time) == ("camera_capture", 8, False)
    assert (cameras.lat_deg[0], cameras.alt_m[0]) == (34.75, 150.0)
    assert cameras.yaw_deg[0] == pytest.approx(90.0, abs=1e-4)


def test_structs_in_structs_and_in_lists_are_laid_flat() -> None:
    structs = ["inner:float x;uint8_t n;", "outer:uint64_t timestamp;inner[2] part;inner one;"]
    value = struct.pack("<QfBfBfB", 7, 1.5, 1, 2.5, 2, 3.5, 3)
    tables, _, _ = read_topics(ulog(structs, [(0, 0, "outer")], [(0, value)]), {"outer"}, Faults())
    row = tables["outer"].rows[0]
    assert [row[n] for n in ("timestamp", "part[0].x", "part[1].n", "one.x")] == [7, 1.5, 2, 3.5]


@pytest.mark.parametrize(
    "fields",
    ["loop x;", "uint64_t[99999] a;", "nothing_known a;", "float;", "uint8_t a;uint8_t a;", "float[2] a" * 300],
)
def test_structs_that_make_no_sense_are_said(fields: str) -> None:
    faults = Faults()
    tables, whole, _ = read_topics(ulog([f"loop:{fields}"], [(0, 0, "loop")], [(0, b"1234")]), {"loop"}, faults)
    assert whole == 4 and not tables
    assert faults.told() == ("loop: its fields are not told or make no sense, and its values are not read",)


def test_structs_of_empty_structs_take_no_time() -> None:
    deep = [f"s{i}:" + f"s{i + 1} a;" * 400 for i in range(8)] + ["s8:"]
    tables, whole, _ = read_topics(ulog(deep, [(0, 0, "s0")], []), {"s0"}, Faults())
    assert whole == 11 and not tables


def test_dropouts_are_told() -> None:
    made = ulog(STRUCTS, TOPICS, ulog_rows()) + message("O", struct.pack("<H", 250)) * 2
    assert "the logger dropped out 2 times, 0.5 s in all" in read_ulog(made, "a").faults


def test_a_torn_stretch_is_skipped_and_said() -> None:
    made = ulog(STRUCTS, TOPICS, ulog_rows())
    at = len(made) // 2
    track = read_ulog(made[:at] + b"\xff" * 100 + made[at:], "a")
    assert track.positions is not None and len(track.positions.t_ns) >= 18
    assert any("hold no whole message" in f for f in track.faults)


@settings(max_examples=80)
@given(st.data())
def test_damage_only_takes_away(data: st.DataObject) -> None:
    whole = ulog(STRUCTS, TOPICS, ulog_rows())
    start, length = data.draw(st.integers(600, len(whole))), data.draw(st.integers(1, 300))
    track = read_ulog(whole[:start] + whole[start + length :], "a")
    assert track.messages > 0 and len(track.faults) <= 20


@settings(max_examples=80)
@given(st.integers(0, 2**32))
def test_fields_of_any_type_are_read_or_left_out(seed: int) -> None:
    random = Random(seed)
    types = ["uint64_t", "int32_t", "float", "double", "bool", "char[7]", "float[4]", "double[4]"]
    structs, values = [], []
    for number, told in enumerate(STRUCTS):
        name, _, fields = told.partition(":")
        pairs = [f.split() for f in fields.split(";") if f]
        odd = ";".join(f"{random.choice(types) if random.random() < 0.2 else t} {n}" for t, n in pairs)
        structs.append(f"{name}:{odd};")
        values += [(number, random.randbytes(size(odd))) for _ in range(6)]
    track = read_ulog(ulog(structs, TOPICS, values), "a")
    assert track.messages > 11 and len(track.faults) <= 20


def size(fields: str) -> int:
    sizes = {"uint64_t": 8, "int32_t": 4, "float": 4, "double": 8, "bool": 1, "char": 1, "uint8_t": 1, "uint32_t": 4}
    pairs = [f.split()[0].rstrip("]").partition("[") for f in fields.split(";")]
    return sum(sizes[kind] * int(count or 1) for kind, _, count in pairs)


@pytest.mark.parametrize("name", FILES)
def test_real_logs_hold_what_pyulog_reads(name: str, real_data: Callable[[str], Path]) -> None:
    from pyulog import ULog

    path = real_data(f"logs/ulog/{name}")
    theirs = ULog(str(path))
    topics = {d.name for d in theirs.data_list}
    tables, _, infos = read_topics(path.read_bytes(), topics, Faults())
    assert infos["sys_name"] == theirs.msg_info_dict["sys_name"]
    for data in theirs.data_list:
        table = tables[data.name if not data.multi_id else f"{data.name}/{data.multi_id}"]
        for field, expected in data.data.items():
            plain, _, index = field.rpartition("[")
            mine = table.rows[field] if field in table else table.rows[plain][:, int(index.rstrip("]"))]
            np.testing.assert_array_equal(mine, expected, err_msg=f"{data.name}.{field}")


def test_real_logs_as_tracks(real_data: Callable[[str], Path]) -> None:
    tracks = [read_ulog(real_data(f"logs/ulog/{name}").read_bytes(), name) for name in FILES]
    sources = [t.positions.source if t.positions is not None else None for t in tracks]
    assert sources == ["vehicle_global_position", "vehicle_global_position", None, "vehicle_gps_position"]
    assert [len(t.body.t_ns) for t in tracks if t.body is not None] == [131, 622, 6461, 1298]
    assert [len(t.epochs) for t in tracks] == [1, 1, 0, 1]


def test_the_crasher_gives_what_is_whole(real_data: Callable[[str], Path]) -> None:
    whole = read_ulog(real_data("logs/ulog/pyulog_small.ulg").read_bytes(), "a")
    track = read_ulog(real_data("logs/fuzz_crashers/small_19_flip8.ulg").read_bytes(), "a")
    assert track.messages >= whole.messages - 16
    assert track.positions is not None and whole.positions is not None
    np.testing.assert_array_equal(track.positions.lat_deg, whole.positions.lat_deg)
    assert any("its fields are not told or make no sense" in f for f in track.faults)
