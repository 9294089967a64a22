"""DJI's RTK exposures: GPS time to UTC, places of the lens, and lines that were cut."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.ingest import leap
from pipeline.ingest.mrk import read_mrk
from tests.ingest.log_bytes import exposures

# IERS Bulletin C: first days of some leap seconds, and TAI-UTC from then on; GPS is TAI - 19 s.
KNOWN = [
    ("1981-07-01", 20),
    ("1990-01-01", 25),
    ("1999-01-01", 32),
    ("2006-01-01", 33),
    ("2015-07-01", 36),
    ("2017-01-01", 37),
]


def gps_ns(day: str) -> int:
    """GPS time at the start of a UTC day, less its leap seconds."""
    return (date.fromisoformat(day) - date(1980, 1, 6)) // timedelta(microseconds=1) * 1000


@pytest.mark.parametrize(("day", "tai"), KNOWN)
def test_leap_seconds_begin_on_their_days(day: str, tai: int) -> None:
    new = tai - 19
    at = gps_ns(day) + new * 10**9
    assert list(leap.leap_seconds(np.array([at - 1, at]))) == [new - 1, new]


def test_the_table_is_whole() -> None:
    """18 leap seconds since 1980, all at the start of a January or July, and none since 2017."""
    assert len(leap.LEAP_DAYS) == 18 and list(leap.LEAP_DAYS) == sorted(set(leap.LEAP_DAYS))
    assert {(d.month, d.day) for d in leap.LEAP_DAYS} == {(1, 1), (7, 1)}
    assert leap.LEAP_DAYS[-1] == date(2017, 1, 1) < leap.KNOWN_UNTIL


@given(st.integers(1, 5_999), st.integers(0, leap.WEEK_S * 10**9 - 1))
def test_utc_goes_back_to_gps_time(week: int, of_week_ns: int) -> None:
    (utc,) = leap.utc_ns(np.array([week]), np.array([of_week_ns]))
    gps = week * leap.WEEK_S * 10**9 + of_week_ns
    assert 0 <= gps - (utc - 315_964_800 * 10**9) <= 18 * 10**9
    assert (gps - utc) % 10**9 == 0


def test_what_is_no_gps_time_is_none() -> None:
    weeks, times = np.array([0, 70_000, 2211, 2211]), np.array([5, 5, -1, 10**18])
    assert list(leap.utc_ns(weeks, times)) == [0, 0, 0, 0]


def test_a_line_says_when_and_where_the_lens_was() -> None:
    track = read_mrk(exposures(), "a.MRK")
    (cameras,) = track.triggers
    assert (track.kind, track.messages, track.faults, cameras.source, cameras.datum) == (
        "mrk",
        3,
        (),
        "MRK",
        "ellipsoid",
    )
    first = np.datetime64(int(cameras.t_ns[0]), "ns")
    assert first == np.datetime64("2022-05-25T10:17:50.250")  # Wednesday, 10:18:08.25 by GPS
    assert list(cameras.sequence) == [2, 3, 4] and list(np.diff(cameras.t_ns)) == [1_500_000_000] * 2
    assert (cameras.lat_deg[0], cameras.lon_deg[0], cameras.alt_m[0]) == (47.6436873208, 16.4759271684, 512.998)
    assert cameras.arm_m is None and cameras.photo_time
    assert cameras.sigma_m is not None and list(cameras.sigma_m[0]) == [0.013698, 0.014391, 0.029694]  # east, north, up
    assert cameras.fixed is not None and cameras.fixed.all()


@pytest.mark.parametrize(("quality", "fixed", "kept"), [(50, True, 3), (34, False, 3), (16, False, 3), (0, False, 0)])
def test_only_fixed_exposures_count_as_fixed(quality: int, fixed: bool, kept: int) -> None:
    triggers = read_mrk(exposures(quality=quality), "a").triggers
    assert sum(len(t.t_ns) for t in triggers) == kept
    assert all(t.fixed is not None and t.fixed.all() == fixed for t in triggers)


@pytest.mark.parametrize("change", [lambda s: s.replace("\t", " , "), lambda s: "\ufeff" + s, lambda s: s + "\r\n\r\n"])
def test_separators_marks_and_line_ends_mean_nothing(change: Callable[[str], str]) -> None:
    plain, changed = read_mrk(exposures(1), "a"), read_mrk([change(exposures(1)[0].decode().strip()).encode()], "a")
    assert changed.faults == ()
    for field in ("t_ns", "lat_deg", "sigma_m", "sequence"):
        np.testing.assert_array_equal(getattr(changed.triggers[0], field), getattr(plain.triggers[0], field))


@given(st.integers(1, 120))
def test_a_line_cut_short_is_no_exposure(cut: int) -> None:
    lines = exposures()
    lines[-1] = lines[-1].strip()[:-cut]
    track = read_mrk(lines, "a")
    assert track.messages == 2
    assert track.faults == ("lines that are no exposure and are skipped: 1, the first is line 3",)


@given(st.lists(st.binary(max_size=200), max_size=5))
def test_any_bytes_are_read_or_refused(lines: list[bytes]) -> None:
    assert read_mrk([*lines, *exposures(1)], "a").messages >= 1


def test_the_real_file(real_data: Callable[[str], Path]) -> None:
    lines = real_data("logs/mrk/helenenschacht_Timestamp.mrk").read_bytes().splitlines()
    track = read_mrk(lines, "a")
    (cameras,) = track.triggers
    assert (track.messages, track.faults, len(cameras.t_ns)) == (176, (), 176)
    words = [line.split(b"\t") for line in lines]
    np.testing.assert_array_equal(cameras.sequence, [int(w[0]) for w in words])
    np.testing.assert_array_equal(cameras.lat_deg, [float(w[6].split(b",")[0]) for w in words])
    seconds = (cameras.t_ns - np.datetime64("2022-05-22", "ns").astype(np.int64)) / 1e9 + 18  # the week's Sunday
    np.testing.assert_allclose(seconds, [float(w[1]) for w in words], atol=1e-6)
    assert cameras.sigma_m is not None and cameras.sigma_m.max() < 0.05
    steps = (
        np.hypot(np.diff(cameras.lat_deg) * 111_200, np.diff(cameras.lon_deg) * 75_000) / np.diff(cameras.t_ns) * 1e9
    )
    assert np.median(steps) < 10  # metres a second
