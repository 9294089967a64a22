"""Distances from whole 1e-9 degrees: no meridian is special, and the last bit of a double decides nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pyproj import Geod

from pipeline.errors import ScoreError
from pipeline.score import judge, targets_of
from pipeline.score.areas import HALF_TURN, inside_any, short_way, ways_to_area
from pipeline.score.canonical import half_up, half_up_array
from pipeline.score.distance import geodesic_m, haversine_m, measured_pairs, offsets
from pipeline.score.exact import forty_digits, whole
from pipeline.types import Rules

GEOD = Geod(ellps="GRS80")
BOTH = [Rules(), Rules(distance="haversine")]


def places(count: int, seed: int, spread_e9: int = 300_000) -> tuple[np.ndarray, np.ndarray]:
    """(N, 2) positions anywhere on Earth, and others near them."""
    draw = np.random.default_rng(seed)
    at = np.stack([draw.integers(-85 * 10**9, 85 * 10**9, count), draw.integers(-HALF_TURN, HALF_TURN, count)], axis=1)
    near = at + draw.integers(-spread_e9, spread_e9, (count, 2))
    return at, np.stack([near[:, 0], short_way(near[:, 1])], axis=1)


@pytest.mark.parametrize("rules", BOTH, ids=["geodesic", "haversine"])
def test_a_shift_changes_no_bit(rules: Rules) -> None:
    at, near = places(3_000, 1)
    every = np.arange(len(at))
    for east in (1, 66_374_600_000, -99_999_999_999, HALF_TURN):
        moved = [np.stack([p[:, 0], short_way(p[:, 1] + east)], axis=1) for p in (at, near)]
        one, other = (measured_pairs(every, every, a, b, rules) for a, b in ((near, at), moved[::-1]))
        for name in ("distance_mm", "from_deg", "to_deg", "east_deg"):
            assert (getattr(one, name) == getattr(other, name)).all()
        assert (np.stack(offsets(one, rules)) == np.stack(offsets(other, rules))).all()


def test_distances_are_karneys() -> None:
    at, near = places(2_000, 2)
    every = np.arange(len(at))
    pairs = measured_pairs(every, every, near, at, Rules())
    azimuth, _, metres = GEOD.inv(at[:, 1] / 1e9, at[:, 0] / 1e9, near[:, 1] / 1e9, near[:, 0] / 1e9)
    assert abs(pairs.distance_mm - np.asarray(metres) * 1e3).max() <= 0.5 + 1e-5
    east, north = offsets(pairs, Rules(), 1_000_000)
    assert abs(east - np.asarray(metres) * np.sin(np.radians(azimuth)) * 1e6).max() < 1
    assert abs(north - np.asarray(metres) * np.cos(np.radians(azimuth)) * 1e6).max() < 1


@pytest.mark.parametrize("sphere", [False, True], ids=["ellipsoid", "sphere"])
def test_forty_digits_agree_with_doubles(sphere: bool) -> None:
    """To five nanometres over a hundred metres."""
    at, near = places(200, 3, 1_000_000)
    lat1, lat2, dlon = at[:, 0] / 1e9, near[:, 0] / 1e9, short_way(near[:, 1] - at[:, 1]) / 1e9
    length, azimuth = (haversine_m if sphere else geodesic_m)(lat1, np.zeros(200), lat2, dlon)
    for k in range(200):
        found = forty_digits(lat1[k], lat2[k], dlon[k], sphere)
        assert found is not None
        turn = np.radians(azimuth[k])
        wanted = (length[k], length[k] * np.sin(turn), length[k] * np.cos(turn))
        assert [float(v) for v in found] == pytest.approx(wanted, abs=5e-9)


def test_forty_digits_at_the_edges() -> None:
    assert forty_digits(34.0, 34.0, 0.0, False) == forty_digits(34.0, 34.0, 0.0, True) == (0, 0, 0)
    due_east = forty_digits(0.0, 0.0, 0.001, False)
    assert due_east is not None
    assert float(due_east[0]) == pytest.approx(6_378_137 * np.pi / 180_000, abs=1e-9)
    assert due_east[2] == 0 and due_east[1] == due_east[0]
    assert forty_digits(0.0, 0.0, 179.9, False) is None  # nearly antipodal: Vincenty does not settle
    half = forty_digits(0.0, 0.0, -180.0, True)
    assert half is not None and float(half[0]) == pytest.approx(6_371_000 * np.pi)


@pytest.mark.parametrize("sphere", [False, True], ids=["ellipsoid", "sphere"])
def test_the_last_bits_decide_nothing(sphere: bool) -> None:
    """Lengths within two nanometres of half a millimetre: a nanometre up or down, as another machine's sine may
    have it, changes the naive rounding of most and ours of none."""
    draw = np.random.default_rng(4)
    lat = np.full(600_000, 34.7466)
    way = (
        lat,
        lat + draw.integers(-200_000, 200_000, len(lat)) / 1e9,
        draw.integers(-200_000, 200_000, len(lat)) / 1e9,
    )
    length = (haversine_m if sphere else geodesic_m)(way[0], np.zeros(len(lat)), way[1], way[2])[0]
    chosen = np.flatnonzero(abs(length * 1e3 % 1 - 0.5) < 2e-6)
    assert len(chosen) > 0
    some = (way[0][chosen], way[1][chosen], way[2][chosen])
    down, up = (length[chosen] + off for off in (-2e-9, 2e-9))
    assert (half_up_array(down * 1e3) != half_up_array(up * 1e3)).any()
    assert (whole(down, 0, some, sphere) == whole(up, 0, some, sphere)).all()
    assert (abs(whole(up, 0, some, sphere) - up * 1e3) < 0.5001).all()


def test_half_up_of_what_lies_just_below_a_half() -> None:
    below = 0.49999999999999994  # + 0.5 is 1.0 in doubles
    assert half_up(below) == half_up_array(np.array([below]))[0] == 0
    assert [half_up(v) for v in (0.5, -0.5, -0.6, 1.5, 2.5)] == [1, 0, -1, 2, 3]
    assert half_up_array(np.array([0.5, -0.5, -0.6, 1.5, 2.5])).tolist() == [1, 0, -1, 2, 3]


# --- areas --------------------------------------------------------------------------------------------------------


def area(rings: list[list[list[list[float]]]], **given: Any) -> dict[str, Any]:
    return {"type": "Feature", "id": "a", "geometry": {"type": "MultiPolygon", "coordinates": rings},
            "properties": {"class": "dust", **given}}  # fmt: skip


def box(west: float, south: float, east: float, north: float) -> list[list[list[float]]]:
    return [[[west, south], [east, south], [east, north], [west, north], [west, south]]]


def at(lat: float, lon: float) -> dict[str, Any]:
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [lon, lat]},
        "properties": {"class": "dust"},
    }


ACROSS = [box(179.999, 10, -179.999, 10.001)]
CUT = [box(179.999, 10, 180, 10.001), box(-180, 10, -179.999, 10.001)]  # as GeoJSON wishes it


@pytest.mark.parametrize("rings", [ACROSS, CUT], ids=["whole", "cut"])
@pytest.mark.parametrize(("lon", "metres"), [(179.9995, 0), (180, 0), (-180, 0), (-179.9995, 0), (-179.9989, 10.963)])
def test_an_area_may_lie_across_the_180th_meridian(rings: Any, lon: float, metres: float) -> None:
    (target,) = targets_of([area(rings)])
    assert abs(target.at.lon_deg) > 179.999 and 10 < target.at.lat_deg < 10.001
    (pair,) = judge([at(10.0005, lon)], [target]).pairs
    assert pair.distance_mm == pytest.approx(metres * 1000, abs=2)


@pytest.mark.parametrize(
    ("rings", "why"),
    [
        ([box(-180, 10, 180, 11)], "cross"),
        ([[[[0, 80], [120, 80], [-120, 80], [0, 80]]]], "half-way round"),
        ([[[[0, 0], [90, 0], [179, 0], [-100, 0], [-100, 1], [179, 1], [90, 1], [0, 1], [0, 0]]]], "half-way round"),
        ([box(0, 0, 2, 2), box(1, 1, 3, 3)], "cross"),
        ([box(179, 0, -179, 2), box(-179.5, 1, -178, 3)], "cross"),
    ],
)  # fmt: skip
def test_unsound_areas_are_refused(rings: Any, why: str) -> None:
    with pytest.raises(ScoreError, match=why):
        targets_of([area(rings)])


def test_parts_may_touch_and_holes_are_outside() -> None:
    (target,) = targets_of([area([[*box(0, 0, 2, 2), *box(0.5, 0.5, 1.5, 1.5)], *[box(2, 0, 3, 1)]])])
    points = np.array([[1, 1], [0.25, 1], [0.5, 1], [0.5, 2], [1.5, 2], [0.5, 2.5]]) * 10**9
    assert inside_any([target.polygons], points.astype(np.int64)).tolist() == [False, True, True, True, True, True]


def test_the_nearest_point_is_the_nearest_of_many() -> None:
    """Against geodesics to a thousand points on each edge."""
    ring = [[113.0, 34.0], [113.002, 34.0005], [113.0012, 34.002], [113.0004, 34.0009], [113.0, 34.0]]
    (target,) = targets_of([area([[ring]])])
    draw = np.random.default_rng(1)
    points = np.stack([draw.uniform(33.9995, 34.0025, 60), draw.uniform(112.9995, 113.0025, 60)], axis=1)
    share = np.linspace(0, 1, 8_001)[:, None]
    edges = np.concatenate([a + share * (b - a) for a, b in zip(np.array(ring), np.array(ring)[1:], strict=False)])
    points = half_up_array(points * 1e9) / 1e9
    ways = ways_to_area(target.polygons, half_up_array(points * 1e9))
    for (lat, lon), (north, east) in zip(points, ways / 1e9, strict=True):
        if north or east:
            best = min(GEOD.inv(np.full(len(edges), lon), np.full(len(edges), lat), *edges.T)[2])
            assert GEOD.inv(lon, lat, lon + east, lat + north)[2] == pytest.approx(best, abs=5e-5)
