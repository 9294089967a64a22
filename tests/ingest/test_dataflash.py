"""ArduPilot's on-board logs: binary and text alike, by field name, damaged or not, and as pymavlink reads them."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.ingest.ardupilot import WANTED, read_dataflash, read_dataflash_text
from pipeline.ingest.dataflash import HEAD, read_messages
from pipeline.ingest.salvage import Faults
from pipeline.ingest.track import Track
from tests.ingest import log_bytes
from tests.ingest.log_bytes import FORMATS, dataflash, dataflash_rows

S = 1_000_000_000
EXPOSED = (0, 0, 347_500_000, 1_136_200_000, 15_050, 5_050, 15_100, 150, -250, 9_100)
PIXHAWK = ["logs/dataflash/methodic_80k.bin", "logs/dataflash/pymavlink_test.BIN"]


def flight(*more: tuple[int, Sequence[Any]], count: int = 20) -> Track:
    return read_dataflash(dataflash(FORMATS, [*dataflash_rows(count), *more]), "a.bin")


def test_values_come_back_by_name_and_scaled() -> None:
    track = flight()
    assert (track.kind, track.vehicle, track.faults) == ("dataflash", "ArduCopter V4.5.0", ())
    assert track.messages == 1 + len(FORMATS) + 3 + 60
    assert track.positions is not None and track.body is not None
    np.testing.assert_array_equal(track.positions.t_ns, S + np.arange(20) * S // 10)
    np.testing.assert_allclose(track.positions.lat_deg, 34.75 + 1e-5 * np.arange(20), atol=1e-12)
    assert (track.positions.source, track.positions.alt_m[0], track.positions.relative_m[0]) == ("POS", 150.5, 50.5)
    np.testing.assert_allclose(track.positions.velocity_mps[0], [0.0, 5.0, 0.25], atol=1e-9)
    assert (track.body.yaw_deg[1], track.body.pitch_deg[0], track.body.roll_deg[0]) == (90.01, 3.0, -2.5)
    assert track.home == pytest.approx((34.75, 113.62, 100.0))


def test_gps_week_and_time_are_utc() -> None:
    """Week 2382 and 219552.2 s: 2 September 2025, 12:59:12.2 GPS, 18 s less in UTC."""
    (pairs,) = flight().epochs
    assert pairs.source == "GPS week and time"
    assert pairs.utc_ns[0] == np.datetime64("2025-09-02T12:58:54.200").astype("datetime64[ns]").astype(np.int64)
    assert pairs.log_ns[0] == 1_000_900_000


def test_the_order_of_columns_means_nothing() -> None:
    turned = [(132, "ATT", "QCcc", "TimeUS,Yaw,Roll,Pitch")]
    track = read_dataflash(dataflash(turned, [(132, (1_000_000, 9_000, -250, 300))]), "a")
    assert track.body is not None
    assert (track.body.yaw_deg[0], track.body.pitch_deg[0], track.body.roll_deg[0]) == (90.0, 3.0, -2.5)


def test_without_pos_the_receiver_is_taken_while_it_has_a_fix() -> None:
    gps = [f for f in FORMATS if f[1] == "GPS"]
    rows = [(130, (1_000_000 + i, 3 if i > 2 else 1, 1, 2382, 9, 90, 347_500_000, 1_136_200_000, 15_000, 0, 0, 0, 1))
            for i in range(8)]  # fmt: skip
    track = read_dataflash(dataflash(gps, rows), "a")
    assert track.positions is not None and track.positions.source == "GPS" and len(track.positions.t_ns) == 5
    assert "3 of 8 positions of GPS had no fix and are left out" in track.faults


def test_of_two_receivers_the_one_in_use_is_taken() -> None:
    layout = [(130, "GPS", "QBBIHLLeB", "TimeUS,I,Status,GMS,GWk,Lat,Lng,Alt,U")]
    rows = [(130, (1_000_000 + i, i % 2, 3, 1, 2382, 347_500_000 + i % 2, 1_136_200_000, 0, i % 2)) for i in range(10)]
    track = read_dataflash(dataflash(layout, rows), "a")
    assert track.positions is not None
    np.testing.assert_allclose(track.positions.lat_deg, 34.7500001, atol=1e-12)


@pytest.mark.parametrize("answered", [True, False])
def test_cam_is_the_shutter_only_where_trig_is_the_command(answered: bool) -> None:
    rows = [(133, (1_500_000 + i * 100_000, *EXPOSED)) for i in range(3)]
    commands = [(134, (1_450_000 + i * 100_000, *EXPOSED)) for i in range(3)] if answered else []
    sets = {t.source: t for t in flight(*rows, *commands).triggers}
    assert sets["CAM"].photo_time is answered and ("TRIG" in sets) is answered
    cam = sets["CAM"]
    assert (cam.alt_m[0], cam.relative_m[0], cam.roll_deg[0], cam.pitch_deg[0], cam.yaw_deg[0]) == (
        *(150.5, 50.5),
        *(1.5, -2.5, 91.0),
    )
    np.testing.assert_array_equal(cam.sequence, -1)


def test_a_gimbal_is_told_from_north_where_it_knows_it() -> None:
    mount = [(135, (1_500_000 + i, 0, 0, 1.5, -90, -88.5, 0, 10, 0, 100.25)) for i in range(3)]
    gimbal = flight(*mount).gimbal
    assert gimbal is not None and gimbal.reference == "earth"
    assert (gimbal.yaw_deg[0], gimbal.pitch_deg[0], gimbal.roll_deg[0]) == (100.25, -88.5, 1.5)
    blind = [(135, (1_500_000 + i, 0, 0, 1.5, -90, -88.5, 0, 10, 0, float("nan"))) for i in range(3)]
    gimbal = flight(*blind).gimbal
    assert gimbal is not None and (gimbal.reference, gimbal.yaw_deg[0]) == ("vehicle yaw", 10.0)


def test_text_says_the_same_as_binary() -> None:
    binary = flight()
    tables, _ = read_messages(dataflash(FORMATS, dataflash_rows()), WANTED, Faults())
    lines = ["FMT, 128, 89, FMT, BBnNZ, Type,Length,Name,Format,Columns"]
    lines += [f"FMT, {k}, 0, {name}, {letters}, {fields}" for k, name, letters, fields in FORMATS]
    lines.append("MSG, 900000, ArduCopter V4.5.0")
    for name, table in tables.items():
        if name != "MSG":
            fields = [f for f in table.rows.dtype.names or () if f != "_head"]
            columns = [table.column(f) for f in fields]
            lines += [f"{name}, " + ", ".join(repr(float(v)) for v in row) for row in zip(*columns, strict=True)]
    track = read_dataflash_text([(line + "\r\n").encode() for line in lines], "a.log")
    assert track.vehicle == binary.vehicle and track.home == binary.home and track.messages == binary.messages
    for mine, theirs in (
        (track.positions, binary.positions),
        (track.body, binary.body),
        (track.epochs[0], binary.epochs[0]),
    ):
        for field in mine.__slots__:  # type: ignore[union-attr]
            np.testing.assert_array_equal(getattr(mine, field), getattr(theirs, field))


def test_bad_lines_of_text_are_counted() -> None:
    lines = [
        b"FMT, 132, 0, ATT, QCcc, TimeUS,Yaw,Roll,Pitch\n",
        b"ATT, 1000, 9",
        b"what is this",
        b"ATT, 1000, 9, x, 1\n",
    ]
    track = read_dataflash_text(lines, "a.log")
    assert track.messages == 2 and track.body is None
    assert track.faults == ("lines that are no whole message and are skipped: 2",)


def test_a_broken_message_does_not_hide_the_next() -> None:
    whole = dataflash(FORMATS, dataflash_rows())
    at = whole.rindex(HEAD + bytes([131]))
    track = read_dataflash(whole[: at + 5] + whole[at:], "a")
    assert track.positions is not None and len(track.positions.t_ns) == 20
    assert track.faults == (f"5 bytes at offset {at} hold no whole message and are skipped",)


def test_zeros_at_the_end_of_a_cards_block_are_no_fault() -> None:
    assert read_dataflash(dataflash(FORMATS, dataflash_rows()) + bytes(500), "a").faults == ()


def test_formats_that_do_not_add_up_are_refused_with_a_sentence() -> None:
    made = bytearray(dataflash(FORMATS, dataflash_rows()))
    at = made.index(b"POS\0")
    made[at - 1] += 1  # its length
    track = read_dataflash(bytes(made), "a")
    assert track.positions is not None and track.positions.source == "GPS"
    assert any("message type 131" in f and "makes no sense" in f for f in track.faults)


def test_places_and_times_that_jump_are_left_out() -> None:
    rows = dataflash_rows()
    places = [i for i, (kind, _) in enumerate(rows) if kind == 131]
    rows[places[7]] = (131, (1_700_000, 347_500_000 + 2**24, 1_136_200_000, 150.5, 50.5, 50.0))
    rows[places[9]] = (131, (1_900_000 + 2**40, 347_500_000, 1_136_200_000, 150.5, 50.5, 50.0))
    track = read_dataflash(dataflash(FORMATS, rows), "a")
    assert track.positions is not None and len(track.positions.t_ns) == 18
    assert track.positions.lat_deg.max() < 34.7502 and track.positions.t_ns.max() < 4 * S
    assert len(track.faults) == 2


def test_two_flights_in_one_file_are_not_mixed() -> None:
    rows = dataflash_rows()
    again = [(kind, (values[0] + 60_000_000, *values[1:])) for kind, values in rows]
    track = read_dataflash(dataflash(FORMATS, [*again, *rows]), "a")
    assert track.positions is None and track.body is None
    assert any("times of POS start anew within the log" in f for f in track.faults)


@settings(max_examples=80)
@given(st.data())
def test_damage_only_takes_away(data: st.DataObject) -> None:
    """Whatever bytes are torn out, places that come back were there, and nothing raises."""
    whole = dataflash(FORMATS, dataflash_rows())
    start = data.draw(st.integers(2_000, len(whole)))
    length = data.draw(st.integers(1, 300))
    track = read_dataflash(whole[:start] + whole[start + length :], "a")
    assert len(track.faults) <= 20
    if track.positions is not None and track.positions.source == "POS":
        good = np.abs(track.positions.lat_deg - 34.7501) < 2e-4
        assert good.sum() >= len(good) - 1  # one message may be spliced from two


@settings(max_examples=80)
@given(st.integers(0, 2**32))
def test_fields_of_any_type_are_read_or_left_out(seed: int) -> None:
    """A log says itself what its fields are: text where a number is expected, numbers that no clock shows."""
    random = Random(seed)
    formats, rows = [], []
    for kind, name, letters, fields in FORMATS:
        odd = "".join(random.choice("bBhHiIfdnNcCeELMqQg") if random.random() < 0.2 else c for c in letters)
        size = struct.calcsize("<" + "".join(log_bytes.STRUCT[c] for c in odd))
        formats.append((kind, name, odd, fields))
        rows += [HEAD + bytes([kind]) + random.randbytes(size) for _ in range(6)]
    track = read_dataflash(dataflash(formats, []) + b"".join(rows), "a")
    assert track.messages > 0 and len(track.faults) <= 20


@pytest.mark.parametrize("name", PIXHAWK)
def test_real_logs_hold_what_pymavlink_reads(name: str, real_data: Callable[[str], Path]) -> None:
    from pymavlink.DFReader import DFReader_binary

    path = real_data(name)
    log = DFReader_binary(str(path))
    theirs: list[Any] = []
    while (message := log.recv_msg()) is not None:
        theirs.append(message)
    log.data_map.close()
    log.filehandle.close()
    kinds = {m.get_type() for m in theirs}
    tables, whole = read_messages(path.read_bytes(), kinds, Faults())
    assert whole == len(theirs)
    for kind in kinds - {"FMT"}:
        mine, other = tables[kind], [m for m in theirs if m.get_type() == kind]
        assert len(mine) == len(other)
        for field in other[0].get_fieldnames():
            if isinstance(getattr(other[0], field), int | float):
                expected = np.array([getattr(m, field) for m in other], dtype=np.float64)
                np.testing.assert_array_equal(mine.column(field), expected, err_msg=f"{kind}.{field}")


def test_real_logs_as_tracks(real_data: Callable[[str], Path]) -> None:
    copter, plane = (read_dataflash(real_data(name).read_bytes(), "a") for name in PIXHAWK)
    assert copter.vehicle.startswith("ArduCopter V4.6.2") and plane.vehicle.startswith("ArduPlane V3.8.2")
    assert copter.positions is not None and plane.positions is not None
    assert (copter.positions.sigma_m[0], plane.positions.sigma_m[0]) == (0.9, 1.61)
    assert copter.positions.lat_deg[0] == pytest.approx(52.4556356, abs=1e-9)
    started = copter.epochs[0].utc_ns[0] - copter.epochs[0].log_ns[0]
    assert np.datetime64(int(started), "ns").astype("datetime64[s]") == np.datetime64("2025-09-02T12:56:33")


@pytest.mark.parametrize(("name", "least"), [("testbin_3_flip64.BIN", 600), ("testbin_23_flip64.BIN", 1_400)])
def test_crashers_give_what_is_whole(name: str, least: int, real_data: Callable[[str], Path]) -> None:
    whole = read_dataflash(real_data("logs/dataflash/pymavlink_test.BIN").read_bytes(), "a")
    track = read_dataflash(real_data(f"logs/fuzz_crashers/{name}").read_bytes(), "a")
    assert least < track.messages < whole.messages
    assert track.body is not None and whole.body is not None and len(track.body.t_ns) >= 0.9 * len(whole.body.t_ns)
    assert 1 < len(track.faults) <= 20
