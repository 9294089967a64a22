"""radius: the circle that holds nine truths in ten."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.geo.radius import probability_inside, r90_m, radii_m


def test_limits():
    assert r90_m((1.0, 0.0, 1.0)) == pytest.approx(2.145966, abs=1e-5)
    assert r90_m((0.0, 0.0, 4.0)) == pytest.approx(2 * 1.644854, abs=1e-5)
    assert r90_m((1.0, 1.0, 1.0)) == pytest.approx(np.sqrt(2) * 1.644854, abs=1e-5)
    assert r90_m((0.0, 0.0, 0.0)) == 0.0
    assert np.isnan(r90_m((np.nan, 0.0, 1.0)))


def test_circular_errors_in_closed_form():
    for radius in (0.3, 1.1774, 2.4477):
        assert probability_inside((1.0, 0.0, 1.0), radius) == pytest.approx(1 - np.exp(-(radius**2) / 2), abs=1e-12)


@given(st.floats(0.01, 100), st.floats(0.0, 1.0), st.floats(0, np.pi), st.floats(0.1, 10))
def test_turning_and_scaling(sigma, ratio, angle, scale):
    c, s = np.cos(angle), np.sin(angle)
    turn = np.array([[c, -s], [s, c]])
    m = turn @ np.diag([sigma**2, (ratio * sigma) ** 2]) @ turn.T
    radius = r90_m((m[0, 0], m[0, 1], m[1, 1]))
    assert radius == pytest.approx(r90_m((sigma**2, 0.0, (ratio * sigma) ** 2)), rel=1e-6)
    assert 1.64485 * sigma <= radius * (1 + 1e-6) and radius <= 2.14597 * sigma * (1 + 1e-6)
    wider = m * scale**2
    assert r90_m((wider[0, 0], wider[0, 1], wider[1, 1])) == pytest.approx(radius * scale, rel=1e-6)
    assert probability_inside((m[0, 0], m[0, 1], m[1, 1]), radius) == pytest.approx(0.9, abs=1e-6)


@pytest.mark.parametrize("ratio", [0.9, 0.5, 0.2, 0.02])
def test_against_a_million_draws(ratio):
    draws = np.random.default_rng(2).standard_normal((1_000_000, 2)) * [1.0, ratio]
    assert r90_m((1.0, 0.0, ratio**2)) == pytest.approx(np.quantile(np.hypot(*draws.T), 0.9), abs=0.006)


def test_exact_to_a_ten_thousandth():
    """Against the integral over one axis of the other's error function."""
    from scipy.integrate import quad
    from scipy.special import erf

    for ratio in (1.0, 0.6, 0.1, 0.01):
        radius = r90_m((1.0, 0.0, ratio**2))

        def density(x, radius=radius, ratio=ratio):
            other = erf(np.sqrt(max(radius**2 - x * x, 0.0)) / (ratio * np.sqrt(2)))
            return np.exp(-x * x / 2) / np.sqrt(2 * np.pi) * other

        assert 2 * quad(density, 0, radius, limit=400)[0] == pytest.approx(0.9, abs=2e-5)


def test_many_at_once_equal_one_by_one():
    many = [(1.0, 0.2, 3.0), (0.0, 0.0, 0.0), (5.0, -1.0, 0.5)]
    assert radii_m(many) == pytest.approx([r90_m(c) for c in many])
