"""Log time to UTC: laws of the robust line, and what must not be believed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.ingest.epoch import fit_line, in_utc
from pipeline.ingest.track import Attitudes, Epochs, Positions, Track, Triggers

START_NS = 1_700_000_000_000_000_000


def pairs(
    seed: int,
    n: int = 200,
    drift: float = 0.0,
    noise_s: float = 0.005,
    span_s: float = 900.0,
    source: str = "SYSTEM_TIME",
) -> Epochs:
    """Pairs of a clock that began at START_NS."""
    rng = np.random.default_rng(seed)
    log = np.sort(rng.uniform(0, span_s, n))
    utc = log * (1 + drift) + rng.normal(0, noise_s, n)
    return Epochs((log * 1e9).astype(np.int64), START_NS + (utc * 1e9).astype(np.int64), source)


def track(*epochs: Epochs) -> Track:
    t = np.arange(0, 900_000_000_000, 500_000_000, dtype=np.int64)
    z = np.zeros(len(t))
    return Track(
        "flight.tlog", "tlog",
        Positions(t, z + 30, z + 114, z, z, np.zeros((len(t), 3)), z, "GLOBAL_POSITION_INT"),
        Attitudes(t, z, z, z, "ATTITUDE"), Attitudes(t[::2], z[::2], z[::2], z[::2], "MOUNT_STATUS", "vehicle"),
        (Triggers(t[:3], np.arange(3), *[z[:3]] * 7, "CAM"),), epochs,
    )  # fmt: skip


@given(st.integers(0, 10_000), st.floats(-2e-4, 2e-4), st.floats(0, 0.3))
def test_the_line_is_found_whatever_a_third_of_the_pairs_say(seed: int, drift: float, wrong: float) -> None:
    told = pairs(seed, drift=drift)
    rng = np.random.default_rng(seed)
    utc = told.utc_ns.copy()
    bad = rng.random(len(utc)) < wrong
    utc[bad] += rng.integers(2_000_000_000, 10**15, bad.sum())
    line = fit_line(Epochs(told.log_ns, utc, "SYSTEM_TIME"))
    assert not isinstance(line, str)
    middle = 450_000_000_000
    found = line.offset_ns + line.slope * (middle - line.origin_ns)
    assert found == pytest.approx(START_NS + drift * middle, abs=10e6)
    assert line.slope == pytest.approx(drift, abs=2e-5)


def test_all_columns_move_together_and_keep_their_spacing() -> None:
    moved = in_utc(track(pairs(1, drift=1e-4)))
    assert moved.clock is not None and moved.clock.source == "SYSTEM_TIME"
    assert moved.clock.drift_ppm == pytest.approx(100, abs=10)
    assert moved.positions is not None and moved.body is not None and moved.gimbal is not None
    assert (moved.positions.t_ns == moved.body.t_ns).all()
    assert (moved.positions.t_ns[::2] == moved.gimbal.t_ns).all()
    assert (moved.triggers[0].t_ns == moved.positions.t_ns[:3]).all()
    assert moved.positions.t_ns[0] == pytest.approx(START_NS, abs=20e6)
    assert np.ptp(moved.positions.t_ns) == pytest.approx(899.5e9 * (1 + 1e-4), rel=1e-5)
    assert in_utc(moved) is moved


def test_a_nonsense_epoch_gives_way_to_the_receive_time() -> None:
    odd = pairs(1)
    receive = pairs(2, noise_s=0.0, source="receive time")
    rng = np.random.default_rng(3)
    late = Epochs(receive.log_ns, receive.utc_ns + (rng.exponential(0.05, 200) * 1e9).astype(np.int64), "receive time")
    for nonsense_ns in (200 * 31_557_600 * 10**9, -START_NS):
        moved = in_utc(track(Epochs(odd.log_ns, odd.utc_ns + nonsense_ns, "SYSTEM_TIME"), late))
        assert moved.clock is not None and moved.clock.source == "receive time"
        assert "SYSTEM_TIME: no time of day between 2000 and 2100" in moved.clock.note
        assert moved.clock.sigma_s >= 0.1
        assert moved.positions is not None
        # The quickest packets count: in the mean they are 50 ms late.
        assert moved.positions.t_ns[0] == pytest.approx(START_NS, abs=15e6)


def test_gps_time_goes_first_and_contradictions_are_told() -> None:
    gps = pairs(1, source="GPS week and time")
    system = pairs(2)
    off = Epochs(system.log_ns, system.utc_ns + 7_000_000_000, "SYSTEM_TIME")
    moved = in_utc(track(off, gps))
    assert moved.clock is not None and moved.clock.source == "GPS week and time"
    assert "SYSTEM_TIME is +7.0 s off GPS week and time" in moved.clock.note


def test_a_clock_set_in_flight_leaves_the_smaller_part_out() -> None:
    told = pairs(1)
    utc = told.utc_ns.copy()
    utc[:40] -= 3_600_000_000_000
    moved = in_utc(track(Epochs(told.log_ns, utc, "SYSTEM_TIME")))
    assert moved.clock is not None and "40 of 200 pairs contradict the others" in moved.clock.note
    assert moved.positions is not None and moved.positions.t_ns[0] == pytest.approx(START_NS, abs=20e6)


def test_without_any_time_of_day_times_stay_the_logs_own() -> None:
    for epochs in ((), (Epochs(np.array([0]), np.array([5]), "SYSTEM_TIME"),)):
        left = in_utc(track(*epochs))
        assert left.clock is None and "cannot be tied to UTC" in left.faults[-1]
        assert left.positions is not None and left.positions.t_ns[0] == 0


def test_one_pair_is_enough_for_an_offset() -> None:
    moved = in_utc(track(Epochs(np.array([10**9]), np.array([START_NS + 10**9]), "GPS time")))
    assert moved.positions is not None and moved.positions.t_ns[0] == START_NS
    assert moved.clock is not None and moved.clock.drift_ppm == 0


def test_the_real_log_that_is_890_years_off(real_data: object) -> None:
    from pipeline.ingest.logs import read_log

    path = real_data("flights/cuav/flight.tlog")  # type: ignore[operator]
    moved = in_utc(read_log(path, path.parent))
    assert moved.clock is not None and moved.clock.source == "receive time"
    assert moved.positions is not None
    # 2018-08-05 01:00 UTC, as the photos beside it are named.
    assert abs(int(moved.positions.t_ns[0]) - 1_533_430_800_000_000_000) < 120e9
