"""Tie points without pixels: where they say, as noisy as asked, and seen by two photos or more."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.sim import FlightConfig, Truth, fly
from pipeline.sim.ties import SimTies, draw_ties
from pipeline.sim.truth import upright_to_stored


@pytest.fixture(scope="module")
def flight() -> Truth:
    return fly(FlightConfig(seed=3, pattern="mixed", turned_strip=True))


def misses_px(truth: Truth, ties: SimTies) -> np.ndarray:
    """(M, 2) observed minus true pixels."""
    out = np.empty_like(ties.px)
    for i, lens in enumerate(truth.lenses):
        rows, shot = ties.frame == i, truth.shot[i]
        cam = (ties.world_m[ties.point[rows]] - truth.world_m[shot]) @ truth.world_R_cam[shot]
        out[rows] = ties.px[rows] - upright_to_stored(lens.project(cam)[0], lens, int(truth.turn_deg[shot]))
    return out


def test_points_lie_on_the_ground_and_are_seen_twice_or_more(flight: Truth) -> None:
    ties = draw_ties(flight)
    assert np.abs(flight.terrain.gap_m(ties.world_m)).max() < 0.02
    views = np.bincount(ties.point)
    assert len(views) == len(ties.world_m) and views.min() >= 2
    assert len(np.unique(np.column_stack([ties.point, ties.frame]), axis=0)) == len(ties.frame)
    assert np.bincount(ties.frame, minlength=24).mean() == pytest.approx(200, rel=0.1)


def test_the_noise_is_as_asked(flight: Truth) -> None:
    assert np.abs(misses_px(flight, draw_ties(flight, sigma_px=0.0))).max() < 1e-6
    off = misses_px(flight, draw_ties(flight, sigma_px=0.7))
    assert off.std() == pytest.approx(0.7, rel=0.05) and abs(off.mean()) < 0.05


def test_mistakes_are_marked_and_as_many_as_asked(flight: Truth) -> None:
    ties = draw_ties(flight, wrong=0.1)
    off = np.abs(misses_px(flight, ties)).max(axis=1)
    assert ties.wrong.mean() == pytest.approx(0.1, abs=0.02)
    assert off[~ties.wrong].max() < 5 and np.median(off[ties.wrong]) > 20 and off.max() < 104
    sizes = [flight.stored_size(int(i)) for i in ties.frame]
    assert (ties.px >= -0.5).all() and (ties.px <= np.array(sizes) - 0.5).all()


def test_trees_stand_above_the_ground(flight: Truth) -> None:
    gap = flight.terrain.gap_m(draw_ties(flight, above_m=6.0).world_m)
    raised = gap > 0.02
    assert raised.mean() == pytest.approx(0.3, abs=0.06)
    assert gap[raised].mean() == pytest.approx(6.0, rel=0.2)


def test_what_a_matcher_misses_shortens_the_tracks(flight: Truth) -> None:
    whole, half = (draw_ties(flight, found=share) for share in (1.0, 0.5))
    assert np.bincount(half.point).mean() < 0.7 * np.bincount(whole.point).mean()
    assert np.bincount(half.point).min() >= 2


def test_points_are_spread_over_every_photo(flight: Truth) -> None:
    ties = draw_ties(flight)
    for i in range(len(flight.photos)):
        px = ties.px[ties.frame == i] / flight.stored_size(i)
        # Corners that no neighbour sees hold none.
        assert len(np.unique((px * 3).astype(int), axis=0)) >= 6


def test_the_same_flight_gives_the_same_ties(flight: Truth) -> None:
    first, again = (draw_ties(flight) for _ in range(2))
    np.testing.assert_array_equal(first.px, again.px)
