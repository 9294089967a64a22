"""Any log by what is in it: kinds, refusals in one sentence, damage without end, and what readers share."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.errors import MissionError
from pipeline.ingest import logs, salvage
from pipeline.ingest.columns import ascending, euler_deg, nearest, outliers
from pipeline.ingest.logs import LOG_SUFFIXES, read_log
from pipeline.ingest.salvage import Faults
from tests.ingest import log_bytes
from tests.ingest.log_bytes import FORMATS, dataflash, dataflash_rows, exposures, flight, quaternion, tlog

TEXT = b"FMT, 132, 0, ATT, QCcc, TimeUS,Yaw,Roll,Pitch\nATT, 1000000, 90, 1, 2\n"
MADE = {
    "tlog": tlog(flight()),
    "dataflash": dataflash(FORMATS, dataflash_rows()),
    "ulog": log_bytes.ulog(log_bytes.STRUCTS, log_bytes.TOPICS, log_bytes.ulog_rows()),
    "mrk": b"".join(exposures(30)),
}
REAL = [
    "logs/tlog/auvsi_mav.tlog",
    "logs/dataflash/methodic_80k.bin",
    "logs/ulog/mcap_test.ulg",
    "logs/mrk/helenenschacht_Timestamp.mrk",
    "logs/fuzz_crashers/auvsi_11_flip64.tlog",
    "logs/fuzz_crashers/small_19_flip8.ulg",
    "logs/fuzz_crashers/testbin_23_flip64.BIN",
    "logs/fuzz_crashers/testbin_3_flip64.BIN",
]


def put(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("kind", MADE)
@pytest.mark.parametrize("suffix", [".dat", ".tlog", ".bin", ".log"])
def test_the_content_says_what_a_log_is(kind: str, suffix: str, tmp_path: Path) -> None:
    path = put(tmp_path, f"航线 1/飞行{suffix}", MADE[kind])
    track = read_log(path, tmp_path)
    assert (track.kind, track.id) == (kind, f"航线 1/飞行{suffix}")


def test_a_text_log_is_known(tmp_path: Path) -> None:
    track = read_log(put(tmp_path, "a.log", TEXT), tmp_path)
    assert track.kind == "dataflash" and track.body is not None


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("a.tlog", b"", "the log is empty"),
        ("a.tlog", b"\x00" * 5_000, "not a single whole message"),
        ("a.bin", b"RTCM raw" * 500, "not a single whole message"),
        ("a.ulg", b"ULog\x01\x12", "not a single whole message"),
        ("a.MRK", b"hello\nworld\n", "not a single whole message"),
        ("a.log", b"2024-01-01 INFO started\n", "no flight log that is known"),
    ],
)
def test_refusals_name_the_file_in_one_sentence(name: str, data: bytes, why: str, tmp_path: Path) -> None:
    path = put(tmp_path, f"航次 1/{name}", data)
    with pytest.raises(MissionError, match=why) as refused:
        read_log(path, tmp_path)
    assert str(refused.value).startswith(f"航次 1/{name}: ") and "\n" not in str(refused.value)


def test_a_missing_log_and_a_huge_one_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(MissionError, match="cannot be read"):
        read_log(tmp_path / "none.tlog", tmp_path)
    path = put(tmp_path, "a.tlog", MADE["tlog"])
    monkeypatch.setattr(logs, "MOST_FILE_BYTES", 100)
    with pytest.raises(MissionError, match="larger than"):
        read_log(path, tmp_path)


def test_raw_gnss_beside_an_mrk_is_no_dataflash(tmp_path: Path) -> None:
    """DJI's raw observations end in .bin too; a format's three bytes turn up in them by chance."""
    noise = np.random.default_rng(1).bytes(200_000) + b"\xa3\x95\x80" + bytes(90)
    with pytest.raises(MissionError):
        read_log(put(tmp_path, "100_0001_PPKRAW.bin", noise), tmp_path)


def test_what_is_kept_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.ingest.mavlink.MOST_BYTES", 500)
    track = read_log(put(tmp_path, "a.tlog", MADE["tlog"]), tmp_path)
    assert track.positions is not None and len(track.positions.t_ns) < 10
    assert any("more than one flight needs" in f for f in track.faults)


def test_the_search_for_the_next_message_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(salvage, "MOST_MISSES", 50)
    track = read_log(put(tmp_path, "a.tlog", MADE["tlog"] + b"\xfe" * 1_000 + MADE["tlog"]), tmp_path)
    assert track.messages == 41


@pytest.mark.parametrize("kind", MADE)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damage_never_raises_anything_else(kind: str, data: st.DataObject, tmp_path: Path) -> None:
    raw = bytearray(MADE[kind])
    for _ in range(data.draw(st.integers(0, 20))):
        raw[data.draw(st.integers(0, len(raw) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    check(put(tmp_path, "a." + kind[:4], bytes(raw[: data.draw(st.integers(0, len(raw)))])))


@pytest.mark.parametrize("name", REAL)
def test_damaged_real_logs_never_raise_anything_else(
    name: str, real_data: Callable[[str], Path], tmp_path: Path
) -> None:
    whole = real_data(name).read_bytes()[:300_000]
    random = np.random.default_rng(7)
    for _ in range(6):
        raw = np.frombuffer(whole, np.uint8).copy()
        raw[random.integers(0, len(raw), 200)] = random.integers(0, 256, 200)
        check(put(tmp_path, Path(name).name, raw.tobytes()[: random.integers(1, len(raw))]))


def check(path: Path) -> None:
    """A log is read into ordered columns of equal lengths, or refused."""
    try:
        track = read_log(path, path.parent)
    except MissionError:
        return
    assert len(track.faults) <= 20 and track.messages > 0
    for part in (track.positions, track.body, track.gimbal, *track.triggers):
        if part is not None:
            assert len(part.t_ns) > 0
            lengths = {len(getattr(part, n)) for n in part.__slots__ if isinstance(getattr(part, n), np.ndarray)}
            assert lengths == {len(part.t_ns)}
            steps = np.diff(part.t_ns)
            assert (steps >= 0).all() if part in track.triggers else (steps > 0).all()


@pytest.mark.parametrize("name", REAL)
def test_nothing_is_printed(name: str, real_data: Callable[[str], Path], capfd: pytest.CaptureFixture[str]) -> None:
    path = real_data(name)
    assert path.suffix.lower() in LOG_SUFFIXES
    read_log(path, path.parent)
    assert capfd.readouterr() == ("", "")


def test_faults_are_a_score_at_most_and_count_the_rest() -> None:
    faults = Faults()
    for i in range(50):
        faults.skipped(100 * i, 100 * i + 3)
        faults.add(f"sentence {i}")
    told = faults.told()
    assert len(told) == 20 and told[0] == "sentence 0"
    assert told[-1] == "40 more places with 120 bytes in all hold no whole message and are skipped"


angles = st.tuples(st.floats(-179, 179), st.floats(-89.9, 89.9), st.floats(-179, 179))


@given(angles)
def test_quaternions_and_angles_agree(yaw_pitch_roll: tuple[float, float, float]) -> None:
    found = euler_deg(np.array([quaternion(*yaw_pitch_roll)]))
    np.testing.assert_allclose([a[0] for a in found], yaw_pitch_roll, atol=2e-5)


@given(st.floats(-179, 179), st.sampled_from([-90.0, 90.0]))
def test_straight_down_has_a_yaw_and_no_roll(yaw: float, pitch: float) -> None:
    found = euler_deg(np.array([quaternion(yaw, pitch, 0.0)]))
    np.testing.assert_allclose([a[0] for a in found], [yaw, pitch, 0.0], atol=1e-3)


@pytest.mark.parametrize("bad", [[0.0] * 4, [math.nan] * 4, [math.inf, 0, 0, 0], [9.0, 0, 0, 0]])
def test_what_is_no_quaternion_has_no_angles(bad: list[float]) -> None:
    assert all(np.isnan(a).all() for a in euler_deg(np.array([bad])))


@given(st.lists(st.integers(-50, 50)))
def test_ascending_is_sorted_and_single(times: list[int]) -> None:
    t_ns = np.array(times, dtype=np.int64)
    assert list(t_ns[ascending(t_ns)]) == sorted(set(times))


def test_nearest_and_outliers() -> None:
    of, values = np.array([10, 20, 30]), np.array([1.0, 2.0, 3.0])
    np.testing.assert_array_equal(nearest(np.array([0, 14, 16, 99]), of, values, 12), [1.0, 1.0, 2.0, math.nan])
    assert list(np.flatnonzero(outliers(np.array([0, 1, 2, 99, 4, 5, 6]), 10))) == [3]
    assert not outliers(np.array([0, 1, 2, 99]), 10).any()
