"""tie: matches of pairs become things seen by many, never twice by one photo, few enough, and on every pair."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.geo.adjust.matches import Features, Pair, Ties
from pipeline.geo.adjust.tracks import ON_EVERY_PAIR, SIGMA_PX, tie


def features(rng: np.random.Generator, counts: list[int], step_px: float = 2.0) -> list[Features]:
    return [Features(rng.uniform(0, 4000, (n, 2)), np.zeros((n, 128), np.uint8), step_px) for n in counts]


def pair(first: int, second: int, rows: list[tuple[int, int]]) -> Pair:
    return Pair(first, second, np.array(rows, np.intp).reshape(-1, 2))


def observations(ties: Ties) -> set[tuple[int, int]]:
    return set(zip(ties.frame.tolist(), ties.point.tolist(), strict=True))


def strip(rng: np.random.Generator, photos: int, things: int, reach: int = 4) -> tuple[list[Features], list[Pair]]:
    """Photo k sees the things k … k + reach - 1 hundreds; feature numbers are shuffled."""
    row = [rng.permutation(things * reach) for _ in range(photos)]
    found = features(rng, [things * reach] * photos)
    pairs = []
    for i in range(photos):
        for j in range(i + 1, min(i + reach, photos)):
            common = np.arange((j - i) * things, reach * things)
            pairs.append(Pair(i, j, np.stack([row[i][common], row[j][common - (j - i) * things]], axis=-1)))
    return found, pairs


def test_matches_of_three_photos_become_one_thing():
    rng = np.random.default_rng(0)
    f = features(rng, [3, 3, 3])
    ties = tie(f, [pair(0, 1, [(0, 2)]), pair(1, 2, [(2, 1)]), pair(0, 2, [(1, 0)])])
    assert ties.points == 2
    assert sorted(ties.frame.tolist()) == [0, 0, 1, 2, 2]
    long = np.bincount(ties.point).argmax()
    np.testing.assert_array_equal(ties.px[ties.point == long], [f[0].px[0], f[1].px[2], f[2].px[1]])


def test_a_thing_that_one_photo_sees_twice_is_dropped():
    f = features(np.random.default_rng(1), [3, 3, 3])
    ties = tie(f, [pair(0, 1, [(0, 0)]), pair(1, 2, [(0, 0)]), pair(0, 2, [(1, 0), (2, 2)])])
    assert ties.points == 1
    assert ties.frame.tolist() == [0, 2]


def test_the_error_follows_the_copy_that_was_searched():
    rng = np.random.default_rng(2)
    f = features(rng, [1], 2.0) + features(rng, [1], 3.0)
    np.testing.assert_allclose(tie(f, [pair(0, 1, [(0, 0)])]).sigma_px, [2 * SIGMA_PX, 3 * SIGMA_PX])


@pytest.mark.parametrize("pairs", [[], [pair(0, 2, [])]])
def test_no_matches_no_ties(pairs):
    ties = tie([*features(np.random.default_rng(3), [4]), None, *features(np.random.default_rng(4), [4])], pairs)
    assert ties.points == 0
    assert ties.px.shape == (0, 2)
    assert len(ties.frame) == len(ties.point) == len(ties.sigma_px) == 0


def test_no_photos_no_ties():
    assert tie([], []).points == 0


@given(st.data())
def test_laws_that_hold_for_any_matches(data):
    """Whatever was matched: no photo sees a thing twice, points are numbered without gaps, and each has two photos."""
    photos = data.draw(st.integers(2, 6))
    counts = data.draw(st.lists(st.integers(1, 12), min_size=photos, max_size=photos))
    pairs = []
    for i in range(photos):
        for j in range(i + 1, photos):
            matched = st.tuples(st.integers(0, counts[i] - 1), st.integers(0, counts[j] - 1))
            pairs.append(pair(i, j, data.draw(st.lists(matched, max_size=6))))
    f = features(np.random.default_rng(0), counts)
    most = data.draw(st.integers(1, 20))
    ties, again = tie(f, pairs, most), tie(f, pairs[::-1], most)
    assert len(observations(ties)) == len(ties.frame)
    seen = np.bincount(ties.point, minlength=ties.points)
    assert (seen >= 2).all()
    assert len(seen) == ties.points
    for k, frame in enumerate(ties.frame):
        assert (f[frame].px == ties.px[k]).all(axis=1).any()
    np.testing.assert_array_equal(again.px, ties.px)


def test_a_photo_keeps_about_as_many_as_asked_for_long_ones_first():
    f, pairs = strip(np.random.default_rng(5), 10, 400)
    ties = tie(f, pairs, 200)
    count = np.bincount(ties.frame, minlength=10)
    assert count.max() <= 1.2 * 200
    assert count[2:-2].min() > 150
    assert np.bincount(ties.point).mean() > 3


def test_a_weak_link_is_not_thinned_away():
    """Two strips of photos full of ties of their own, and one pair with 25 matches between them."""
    rng = np.random.default_rng(6)
    a, first = strip(rng, 5, 300)
    b, second = strip(rng, 5, 300)
    extra = features(rng, [25, 25])
    for side, more in ((a, extra[0]), (b, extra[1])):
        side[2] = Features(np.concatenate([side[2].px, more.px]), np.zeros((1225, 128), np.uint8), 2.0)
    rows = np.repeat(np.arange(1200, 1225)[:, None], 2, axis=1)
    second = [Pair(p.first + 5, p.second + 5, p.rows) for p in second]
    ties = tie([*a, *b], [*first, *second, Pair(2, 7, rows)], 100)
    across = [p for p in range(ties.points) if {True, False} == set((ties.frame[ties.point == p] < 5).tolist())]
    assert len(across) >= ON_EVERY_PAIR


def test_every_pair_keeps_its_share():
    f, pairs = strip(np.random.default_rng(7), 12, 200)
    seen = observations(tie(f, pairs, 60))
    for p in pairs:
        both = {t for frame, t in seen if frame == p.first} & {t for frame, t in seen if frame == p.second}
        assert len(both) >= ON_EVERY_PAIR


def test_ties_are_spread_over_the_picture():
    """Nine tenths of the features lie in one corner."""
    rng = np.random.default_rng(8)
    px = np.concatenate([rng.uniform(0, 400, (1800, 2)), rng.uniform(0, 4000, (200, 2))])
    f = [Features(px + k, np.zeros((2000, 128), np.uint8), 2.0) for k in range(3)]
    rows = np.repeat(np.arange(2000)[:, None], 2, axis=1)
    ties = tie(f, [Pair(0, 1, rows), Pair(1, 2, rows)], 200)
    assert (ties.px[ties.frame == 0].max(axis=1) < 420).mean() < 0.3
