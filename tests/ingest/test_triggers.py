"""Photos and triggers in order: laws of the alignment, missed ones, and evenly spaced ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.ingest.offset import Offset
from pipeline.ingest.triggers import Shots, align, match

START_NS = 1_700_000_000_000_000_000


@dataclass
class Flown:
    shots: Shots
    triggers_ns: np.ndarray
    rows: np.ndarray  # trigger -> the press it notes
    ahead_s: float  # at the middle


def flown(
    seed: int, n: int = 40, missed: float = 0.05, lost: float = 0.0, even_s: float = 0.0, step_s: float = 1.0
) -> Flown:
    """Presses of a shutter, some unnoted by the log, some photos lost."""
    rng = np.random.default_rng(seed)
    gaps = np.full(n, even_s) if even_s else rng.uniform(2, 5, n)
    at = START_NS + (np.cumsum(gaps) * 1e9).astype(np.int64)
    ahead_s = float(rng.uniform(0, 30) + 3600 * rng.integers(-3, 9))
    true = Offset(int(np.median(at)), round(ahead_s * 1e9), float(rng.uniform(0, 2e-4)))
    step = round(step_s * 1e9)
    noted, kept = rng.random(n) >= missed, rng.random(n) >= lost
    numbers = np.cumsum(kept) - 1
    rows = np.where(kept, numbers, -1)[noted]
    written = (true.to_camera(at) // step * step)[kept]
    return Flown(Shots(written, np.full(len(written), step_s)), at[noted], rows, ahead_s)


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.floats(0, 0.1), st.sampled_from([0.0, 0.1]), st.sampled_from([1.0, 0.01]))
def test_pairs_are_right_with_triggers_missed_and_photos_lost(
    seed: int, missed: float, lost: float, step_s: float
) -> None:
    flight = flown(seed, missed=missed, lost=lost, step_s=step_s)
    found = match(flight.shots, flight.triggers_ns)
    assert found is not None and not found.ambiguous
    assert (np.diff(found.photos) > 0).all() and (np.diff(found.triggers) > 0).all()
    assert (flight.rows[found.triggers] == found.photos).all()
    assert len(found.photos) == (flight.rows >= 0).sum()
    assert abs(found.offset.ahead_ns / 1e9 - flight.ahead_s) < 0.2


def test_offsets_are_known_to_20_ms_in_the_median() -> None:
    found = [(f, match(f.shots, f.triggers_ns)) for f in (flown(seed, n=60) for seed in range(12))]
    errors = [abs(m.offset.ahead_ns / 1e9 - f.ahead_s) for f, m in found if m is not None]
    assert len(errors) == 12 and np.median(errors) < 0.02


@settings(max_examples=10)
@given(st.integers(0, 1000), st.sampled_from([2.0, 3.0, 2.7]))
def test_even_spacing_is_reported(seed: int, even_s: float) -> None:
    flight = flown(seed, missed=0.05, even_s=even_s)
    found = match(flight.shots, flight.triggers_ns)
    assert found is not None and "evenly spaced" in found.ambiguous
    off_s = abs(found.offset.ahead_ns / 1e9 - flight.ahead_s)
    assert off_s < 1.1 or off_s < 4 * found.shift_sigma_s


def test_a_shift_that_fits_as_well_is_in_the_error() -> None:
    flight = flown(3, missed=0.0, even_s=2.7)
    found = match(flight.shots, flight.triggers_ns[1:])  # the first or the last photo has no trigger: nobody can tell
    assert found is not None and found.ambiguous
    assert found.shift_sigma_s > 1.0


def test_a_rough_offset_decides_between_shifts() -> None:
    flight = flown(3, missed=0.0, even_s=2.7)
    found = match(flight.shots, flight.triggers_ns[1:], (round(flight.ahead_s * 1e9), 1.2))
    assert found is not None and not found.ambiguous
    assert (found.photos == np.arange(1, 40)).all()


def test_another_flights_photos_fit_nothing() -> None:
    here, there = flown(1), flown(2)
    assert match(here.shots, there.triggers_ns) is None


@pytest.mark.parametrize("count", [0, 1, 2])
def test_too_few_to_tell(count: int) -> None:
    flight = flown(1, missed=0.0)
    few = Shots(flight.shots.written_ns[:count], flight.shots.step_s[:count])
    assert match(few, flight.triggers_ns) is None
    assert match(flight.shots, flight.triggers_ns[:0]) is None


def test_another_flights_triggers_before_and_after_do_not_matter() -> None:
    flight = flown(5, missed=0.0)
    more = np.concatenate([
        flight.triggers_ns[0] - 600_000_000_000 + (np.cumsum(np.full(20, 3.3)) * 1e9).astype(np.int64),
        flight.triggers_ns,
        flight.triggers_ns[-1] + (np.cumsum(np.full(20, 4.1)) * 1e9).astype(np.int64),
    ])  # fmt: skip
    found = match(flight.shots, more)
    assert found is not None and (found.triggers == np.arange(20, 60)).all()


def test_bursts_within_one_second_keep_their_order() -> None:
    at = START_NS + np.sort(np.concatenate([np.arange(20) * 5.0, np.arange(20) * 5.0 + 0.3]) * 1e9).astype(np.int64)
    shots = Shots((at + 500_000_000) // 10**9 * 10**9, np.ones(40))
    photos, triggers = align(shots, at, Offset(START_NS, 500_000_000), 0.05)
    assert (photos == triggers).all() and len(photos) == 40


@given(st.lists(st.integers(0, 10**11), max_size=30), st.lists(st.integers(0, 10**11), max_size=30))
@settings(max_examples=40)
def test_any_times_give_a_pairing_in_order(a: list[int], b: list[int]) -> None:
    shots = Shots(np.sort(np.array(a, np.int64)) // 10**9 * 10**9, np.ones(len(a)))
    photos, triggers = align(shots, np.sort(np.array(b, np.int64)), Offset(0, 0), 0.1)
    assert (np.diff(photos) > 0).all() and (np.diff(triggers) > 0).all()
