"""fuse: laws first (order, duplicates, exposures), then the shared bias, by simulation with numbers of its own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.geo.fuse import fuse
from pipeline.geo.geodesy import from_enu, to_enu
from pipeline.types import Detection, GeoPoint, Sighting, hit_feature

HOME = GeoPoint(34.9, 113.5, 100.0)
NO_SHARED = ((0.0, 0.0),) * 7


def sighting(
    east: float,
    north: float,
    frame: str,
    *,
    own: float = 1.0,
    shared: tuple[tuple[float, float], ...] = NO_SHARED,
    image: tuple[tuple[float, float], ...] = ((0.0, 0.0),) * 6,
    label: str = "marker",
    exposure: str | None = None,
    confidence: float = 0.9,
    n: int = 0,
) -> Sighting:
    lat, lon, alt = from_enu(np.array([[east, north, 0.0]]), HOME)[0]
    detection = Detection(frame, label, confidence, (n, 0.0, n + 10.0, 10.0), (n + 5.0, 5.0))
    own_m2 = (own**2, 0.0, own**2)
    s = np.array(shared)
    total = s.T @ s + np.eye(2) * own**2
    covariance = (float(total[0, 0]), float(total[0, 1]), float(total[1, 1]))
    at = GeoPoint(lat, lon, alt)
    return Sighting(detection, at, covariance, own_m2, image, shared, (0.0, 0.0), exposure or frame)


def east_north(hit) -> tuple[float, float]:
    e, n, _ = to_enu(np.array([[hit.at.lat_deg, hit.at.lon_deg, hit.at.alt_m]]), HOME)[0]
    return float(e), float(n)


def test_no_sightings_no_hits():
    assert fuse([]) == ()


@given(st.permutations(range(12)))
@settings(max_examples=25, deadline=None)
def test_order_of_sightings_does_not_matter(order):
    rng = np.random.default_rng(5)
    seen = [
        sighting(60.0 * (i % 3) + rng.normal(), rng.normal(), f"f{i // 3}", own=1 + 0.1 * i, n=100 * (i % 3))
        for i in range(12)
    ]
    assert fuse([seen[i] for i in order]) == fuse(seen)


def test_independent_sightings_average_like_one_over_root_n():
    hits = fuse(sighting(0.1 * i, 0.0, f"f{i}") for i in range(4))
    assert len(hits) == 1
    assert hits[0].covariance[0] == pytest.approx(0.25, rel=1e-6)


def test_what_the_flight_shares_never_averages_out():
    bias = ((1.2, 0.0), (0.0, 1.2), *NO_SHARED[2:])
    hits = fuse(sighting(0.0, 0.0, f"f{i}", own=0.5, shared=bias) for i in range(50))
    assert hits[0].covariance[0] == pytest.approx(0.25 / 50 + 1.44, rel=1e-3)


def test_opposing_strips_reveal_a_shared_tilt():
    """A pitch bias shifts two opposing strips in opposite directions: the truth is between them, and it is surer."""
    bias = 1.5
    seen = []
    for k in range(20):
        for sign, strip in ((1.0, "a"), (-1.0, "b")):
            shared = (*NO_SHARED[:4], (sign * 1.0, 0.0), *NO_SHARED[5:])
            seen.append(sighting(100.0 * k + sign * bias, 0.0, f"{strip}{k}", own=0.3, shared=shared))
    hits = fuse(seen)
    assert len(hits) == 20
    for hit in hits:
        east, _ = east_north(hit)
        assert abs(east - 100 * round(east / 100)) < 0.05
        assert hit.covariance[0] < 0.1


def test_a_tilt_learnt_from_pairs_corrects_a_lone_sighting():
    seen = []
    for k in range(20):
        for sign in (1.0, -1.0):
            shared = (*NO_SHARED[:4], (sign * 1.0, 0.0), *NO_SHARED[5:])
            seen.append(sighting(100.0 * k + sign * 1.5, 0.0, f"{sign}{k}", own=0.3, shared=shared))
    lone = sighting(5000.0 + 1.5, 0.0, "lone", own=0.3, shared=(*NO_SHARED[:4], (1.0, 0.0), *NO_SHARED[5:]))
    hits = fuse([*seen, lone])
    assert min(abs(east_north(h)[0] - 5000.0) for h in hits) < 0.1


def test_two_findings_of_one_frame_are_two_hits():
    assert len(fuse([sighting(0, 0, "f", n=0), sighting(1, 0, "f", n=50)])) == 2


def test_neighbours_keep_apart_when_every_frame_sees_both():
    seen = [s for k in range(5) for s in (sighting(0, 0, f"f{k}", n=0), sighting(4.0, 0, f"f{k}", n=50))]
    hits = fuse(seen)
    assert sorted(round(east_north(h)[0]) for h in hits) == [0, 4]
    assert [len(h.sightings) for h in hits] == [5, 5]


def test_what_a_photo_shares_is_not_counted_twice():
    """Two lenses of one shutter press share that moment's pose error: both together are no surer than it."""
    image = ((1.0, 0.0), (0.0, 1.0), *((0.0, 0.0),) * 4)
    seen = [sighting(0.0, 0.0, lens, own=0.1, image=image, exposure="1") for lens in "WZ"]
    (hit,) = fuse(seen)
    assert hit.covariance[0] == pytest.approx(1.0 + 0.01 / 2, rel=1e-6)
    assert hit_feature(hit)["properties"]["sightings"] == 1


def test_places_seen_together_correct_each_others_photos():
    """One photo is off by 2 m east; three places that better photos know as well tell it, the fourth gains."""
    tilt = ((2.0, 0.0), (0.0, 2.0), *((0.0, 0.0),) * 4)
    seen = [sighting(100.0 * k, 0.0, f"good{k}", own=0.2) for k in range(3)]
    seen += [sighting(100.0 * k + 2.0, 0.0, "bad", own=0.2, image=tilt, n=100 * k) for k in range(4)]
    fourth = next(h for h in fuse(seen) if [s.detection.frame_id for s in h.sightings] == ["bad"])
    assert east_north(fourth)[0] == pytest.approx(300.0, abs=0.1)
    assert fourth.covariance[0] < 0.15


def test_classes_do_not_mix_and_finer_ones_join_their_first_level():
    assert len(fuse([sighting(0, 0, "a", label="dust"), sighting(0, 0, "b", label="smoke")])) == 2
    (hit,) = fuse([sighting(0, 0, "a", label="dust"), sighting(0, 0, "b", label="dust/pile", confidence=0.95)])
    assert hit.label == "dust/pile"


def test_far_apart_is_two_places():
    assert len(fuse([sighting(0, 0, "a"), sighting(9.0, 0, "b")])) == 2
    assert len(fuse([sighting(0, 0, "a"), sighting(3.0, 0, "b")])) == 1


def test_ids_follow_the_findings_alone():
    a = fuse([sighting(0, 0, "a"), sighting(0.5, 0, "b")])[0]
    moved = fuse([sighting(0.3, 0, "a"), sighting(0.1, 0, "b")])[0]
    other = fuse([sighting(0, 0, "a"), sighting(0.5, 0, "c")])[0]
    assert a.id == moved.id != other.id


def test_assumptions_and_officers_travel_along():
    s = sighting(0, 0, "a")
    pinned = replace(s, detection=replace(s.detection, origin="officer"), assumed=("attitude",))
    (hit,) = fuse([pinned])
    assert (hit.origin, hit.assumed) == ("officer", ("attitude",))


def test_a_hit_rests_on_an_assumption_only_if_all_its_sightings_do():
    (hit,) = fuse([replace(sighting(0, 0, "a"), assumed=("turn",), doubt_m=30.0), sighting(0.5, 0, "b")])
    assert hit.assumed == () and len(hit.sightings) == 2


def test_a_hit_whose_sightings_all_assume_something_names_it_all():
    seen = [
        replace(sighting(0, 0, "a"), assumed=("attitude", "height")),
        replace(sighting(0, 0, "b"), assumed=("turn",)),
    ]
    assert fuse(seen)[0].assumed == ("attitude", "height", "turn")


def test_a_box_that_is_listed_twice_makes_two_hits_with_two_ids():
    assert len({h.id for h in fuse([sighting(0, 0, "a")] * 2)}) == 2


def test_doubt_widens_the_radius_and_swallows_no_other_place():
    sure = [sighting(0.0, 0.0, f"sure{i}") for i in range(3)]
    doubted = [replace(sighting(20.0, 0.0, f"turned{i}"), assumed=("turn",), doubt_m=30.0) for i in range(3)]
    near, far = sorted(fuse([*sure, *doubted]), key=lambda h: h.r90_m)
    assert east_north(near)[0] == pytest.approx(0.0, abs=0.01) and near.r90_m < 3
    assert east_north(far)[0] == pytest.approx(20.0, abs=1.0) and far.r90_m > 2.1 * 30


def test_covariances_are_true_in_simulation():
    """Errors drawn exactly as modelled, photo by photo: 90 % of the truths lie inside r90 (± 3 %)."""
    rng = np.random.default_rng(11)
    inside = []
    for flight in range(120):
        bias = rng.normal(size=7)
        seen, truth = [], {}
        for i in range(8):
            own = rng.normal(size=6)
            for k in range(i % 3, 6, 2):
                image = rng.normal(size=(6, 2)) * 0.4
                rows = rng.normal(size=(7, 2)) * 0.5 + np.array([[1.0, 0.0], [0.0, 1.0], *[[0.0, 0.0]] * 5])
                shift = rows.T @ bias + image.T @ own + rng.normal(size=2) * 0.3
                shared, photo = (tuple((float(e), float(n)) for e, n in m) for m in (rows, image))
                at, frame = 200.0 * k + shift[0], f"{flight}-{i}"
                seen.append(sighting(at, shift[1], frame, own=0.3, shared=shared, image=photo, n=100 * k))
                truth[frame, 100.0 * k] = 200.0 * k
        for hit in fuse(seen):
            first = hit.sightings[0].detection
            east, north = east_north(hit)
            inside.append(np.hypot(east - truth[first.frame_id, first.box_px[0]], north) <= hit.r90_m)
    assert 0.87 < np.mean(inside) < 0.93


def test_a_sighting_that_all_others_contradict_does_not_bend_the_net():
    """Two places 7 m apart; one photo's view of the first lies where the second is, and only the net knows better."""
    tilt = ((2.0, 0.0), (0.0, 2.0), *((0.0, 0.0),) * 4)
    seen = [
        sighting(at, 0.0, f"f{k}", own=0.1, image=tilt, n=100 * n)
        for k in range(5)
        for n, at in enumerate((0.0, 7.0, 60.0))
        if k > 0 or n != 1
    ]
    wrong = [
        s
        if (s.detection.frame_id, s.detection.box_px[0]) != ("f0", 0)
        else sighting(7.0, 0.0, "f0", own=0.1, image=tilt)
        for s in seen
    ]
    places = sorted(round(east_north(h)[0], 1) for h in fuse(wrong) if len(h.sightings) > 1)
    assert places == [0.0, 7.0, 60.0]


def test_a_long_flight_is_cut_into_windows():
    seen = [sighting(40.0 * k, 0.0, f"f{k}-{i}", own=1.0) for k in range(250) for i in range(3)]
    hits = fuse(seen)
    assert len(hits) == 250 and all(len(h.sightings) == 3 for h in hits)
