"""Rounding weights together: whole numbers in their range, each the nearest where numbers have nothing in common."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipeline.learn.rounding import rounded

MOST = 127


def layer(seed: int, common: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Weights (6, 12) in levels, and the covariance of numbers that share so much of themselves."""
    rng = np.random.default_rng(seed)
    mixed = rng.normal(size=(12, 3)) * common
    return rng.uniform(-MOST, MOST, (6, 12)), mixed @ mixed.T + np.eye(12) * 0.05


def off(weights: NDArray[np.float64], levels: NDArray[np.float64], covariance: NDArray[np.float64]) -> float:
    """Variance of what the layer answers beside what it should."""
    error = weights - levels
    return float(np.einsum("oi,ij,oj->", error, covariance, error))


@given(st.integers(0, 10_000), st.floats(0, 5))
def test_levels_are_whole_numbers_in_their_range(seed: int, common: float) -> None:
    weights, covariance = layer(seed, common)
    levels = rounded(weights * 1.02, covariance, MOST)
    assert np.array_equal(levels, np.round(levels)) and np.abs(levels).max() <= MOST


@given(st.integers(0, 10_000), st.lists(st.floats(0.1, 10), min_size=12, max_size=12))
def test_numbers_that_have_nothing_in_common_are_rounded_to_the_nearest(seed: int, spread: list[float]) -> None:
    weights, _ = layer(seed, 0)
    assert np.array_equal(rounded(weights, np.diag(spread), MOST), np.round(weights))


@given(st.integers(0, 10_000))
def test_what_is_whole_stays(seed: int) -> None:
    weights, covariance = layer(seed, 1)
    assert np.array_equal(rounded(np.round(weights), covariance, MOST), np.round(weights))


@given(st.integers(0, 10_000), st.floats(1, 5))
def test_numbers_that_go_together_make_up_for_each_other(seed: int, common: float) -> None:
    weights, covariance = layer(seed, common)
    weights *= 0.9  # none at the end of its range
    assert off(weights, rounded(weights, covariance, MOST), covariance) < off(weights, np.round(weights), covariance)


def test_twins_keep_their_sum() -> None:
    """Eight numbers that are always the same: only the sum of their weights counts."""
    weights = np.full((1, 8), 3.4)
    assert abs(float(rounded(weights, np.ones((8, 8)), MOST).sum()) - 8 * 3.4) < 0.5 < abs(8 * 3 - 8 * 3.4)


def test_a_number_that_never_varies_breaks_nothing() -> None:
    assert np.array_equal(rounded(np.array([[1.2, 3.7]]), np.zeros((2, 2)), MOST), [[1, 4]])
