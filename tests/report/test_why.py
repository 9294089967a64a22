"""A hit explained: weights, rays and terms against the fusing that they explain, and the pictures of it."""

from __future__ import annotations

import csv
import xml.dom.minidom
from dataclasses import replace

import numpy as np
import pytest

from pipeline.errors import MissionError
from pipeline.geo.adjust import adjust
from pipeline.geo.fuse import fuse
from pipeline.geo.locate import TURNED, locate
from pipeline.report.why import Why, counterpart, explain
from pipeline.report.why_drawn import MOST_BARS, bars, beside, plan, plans, sides
from pipeline.types import Detection, Frame, Hit, Mission
from tests.geo.adjust.flights import Flown, fly


@pytest.fixture(scope="module")
def flown(tmp_path_factory) -> Flown:
    return fly(tmp_path_factory.mktemp("why 为什么") / "sim", seed=31)


@pytest.fixture(scope="module")
def seen(flown) -> list[Detection]:
    """What the judge knows of the markers' pixels, as detections of half a pixel."""
    with flown.made.pixels.open(encoding="utf-8") as file:
        rows = [r for r in csv.DictReader(file) if r["class"] == "marker" and r["visible"] == "1"]
    places = [(r["photo"], float(r["x_px"]), float(r["y_px"])) for r in rows]
    return [Detection(p, "marker", 0.9, (x - 5, y - 5, x + 5, y + 5), (x, y), 0.5) for p, x, y in places]


@pytest.fixture(scope="module")
def block(flown):
    return adjust(flown.frames, flown.ties, flown.surface)


def fused(mission: Mission, seen: list[Detection], joint=None) -> tuple[Hit, ...]:
    frames = {f.id: f for f in mission.frames}
    return fuse([locate(d, frames[d.frame_id], mission.ground) for d in seen], joint)


def with_frames(mission: Mission, frames: tuple[Frame, ...]) -> Mission:
    return replace(mission, frames=frames)


def parts_of(why: Why) -> dict[tuple[str, str], float]:
    return {(t.name, t.owner): t.share for t in why.terms}


def adds_up(why: Why) -> None:
    """Parts to the covariance that `fuse` gave the hit, shares to one, the sightings' weighted places to its place."""
    assert np.sum([t.part_m2 for t in why.terms], axis=0) == pytest.approx(why.hit.covariance, rel=1e-6, abs=1e-9)
    assert sum(t.share for t in why.terms) == pytest.approx(1.0)
    assert sum(r.weight for r in why.rays) == pytest.approx(1.0, abs=0.1)  # other hits of the flight speak too


def test_terms_of_every_hit_add_up_as_recorded(flown, seen) -> None:
    hits = fused(flown.mission, seen)
    for hit in hits:
        adds_up(explain(hits, hit.id, flown.mission))


def test_terms_of_every_hit_add_up_when_adjusted(flown, seen, block) -> None:
    mission = with_frames(flown.mission, block.frames)
    hits = fused(mission, seen, block)
    for hit in hits:
        why = explain(hits, hit.id, mission, block)
        adds_up(why)
        assert why.terms[0].name == "position" and why.terms[0].owner == "flight"  # no photo tells the satellites' own


def test_terms_of_a_doubted_photo_add_up(flown, seen) -> None:
    frames = tuple(replace(f, assumed=(TURNED,)) if k < 4 else f for k, f in enumerate(flown.frames))
    mission = with_frames(flown.mission, frames)
    hits = fused(mission, seen)
    whys = [explain(hits, hit.id, mission) for hit in hits]
    for why in whys:
        adds_up(why)
    assert any(("turn", "photo") in parts_of(why) for why in whys)


def test_one_sighting_alone_has_its_own_rows(flown, seen) -> None:
    """Nothing is weighed: each term is the square of its row."""
    (hit,) = fused(flown.mission, seen[:1])
    why, (sighting,) = explain([hit], hit.id, flown.mission), hit.sightings
    rows = np.array(sighting.image_m) ** 2
    whole = hit.covariance[0] + hit.covariance[2]
    shares = parts_of(why)
    for name, k in (("yaw", 3), ("pitch", 4), ("roll", 5), ("height", 2)):
        assert shares[name, "photo"] == pytest.approx(rows[k].sum() / whole, rel=1e-6)
    assert shares["position", "photo"] == pytest.approx(rows[:2].sum() / whole, rel=1e-6)
    assert why.rays[0].weight == pytest.approx(1.0)


def test_a_flight_adjusted_knows_its_angles_better(flown, seen, block) -> None:
    before = fused(flown.mission, seen)
    mission = with_frames(flown.mission, block.frames)
    after = fused(mission, seen, block)
    for hit in after:
        now = explain(after, hit.id, mission, block)
        was = explain(before, counterpart(hit, before).id, flown.mission)
        turned = [sum(abs(parts_of(w).get((n, "photo"), 0.0)) for n in ("yaw", "pitch", "roll")) for w in (was, now)]
        assert turned[1] < turned[0] / 2


def test_rays_run_from_cameras_to_the_ground_above_their_profile(flown, seen) -> None:
    hits = fused(flown.mission, seen)
    why = explain(hits, hits[0].id, flown.mission)
    assert why.at_m == (0.0, 0.0, 0.0) and len(why.rays) == len(hits[0].sightings)
    for ray in why.rays:
        camera, point = np.array(ray.camera_m), np.array(ray.point_m)
        away, heights = np.array(ray.profile_m).T
        far = np.hypot(*(point - camera)[:2])
        assert away[0] == 0 and away[-1] > far
        ground = np.interp(far, away, heights)
        assert ground == pytest.approx(point[2], abs=0.05)  # the ray ends on the ground …
        line = camera[2] + (point[2] - camera[2]) * away / far
        assert (line >= heights)[away < 0.98 * far].all()  # … and nowhere before
        assert 50 < camera[2] < 60


def test_the_order_of_the_hits_does_not_matter(flown, seen) -> None:
    hits = fused(flown.mission, seen)
    one, other = explain(hits, hits[0].id, flown.mission), explain(hits[::-1], hits[0].id, flown.mission)
    assert parts_of(one) == pytest.approx(parts_of(other), rel=1e-6, abs=1e-9)


def test_a_counterpart_is_the_hit_with_most_of_the_same_detections(flown, seen) -> None:
    hits = fused(flown.mission, seen)
    fewer = fused(flown.mission, [d for d in seen if d.frame_id != flown.frames[0].id])
    for hit in fewer:
        found = counterpart(hit, hits)
        assert {s.detection for s in hit.sightings} <= {s.detection for s in found.sightings}


def test_a_hit_that_is_not_there_is_refused(flown, seen) -> None:
    hits = fused(flown.mission, seen)
    with pytest.raises(MissionError, match="there is no hit 'h0'"):
        explain(hits, "h0", flown.mission)
    with pytest.raises(MissionError, match="the list is empty"):
        counterpart(hits[0], ())


# --- pictures ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def whys(flown, seen, block) -> tuple[Why, Why]:
    before, mission = fused(flown.mission, seen), with_frames(flown.mission, block.frames)
    after = fused(mission, seen, block)
    now = explain(after, after[0].id, mission, block)
    return explain(before, counterpart(after[0], before).id, flown.mission, origin=now.origin), now


def test_pictures_are_whole_xml(whys) -> None:
    was, now = whys
    maps = plan(was), plans([was, now], 5.0, (0.5, 0.5), "前 & 后 <1>")
    for drawing in (*maps, sides(now), bars({"<前>": was, "后": now})):
        page = xml.dom.minidom.parseString(drawing.svg)
        assert page.documentElement.tagName == "svg" and "nan" not in drawing.svg.lower()


def test_a_plan_has_a_line_and_an_ellipse_a_sighting(whys) -> None:
    was, now = whys
    svg = plans([was, now], truth_m=(1.0, 1.0)).svg
    rays = len(was.rays) + len(now.rays)
    assert svg.count("<ellipse") == rays + 2 and svg.count("stroke-opacity") == rays
    assert svg.count("#009e73") == 1


def test_what_is_east_is_right_and_north_is_up(whys) -> None:
    was, _ = whys
    east, north = (plan(was, 10.0, at).svg for at in ((5.0, 0.0), (0.0, 5.0)))
    middle_east, middle_north = was.at_m[:2]
    x, y = 190 + (5.0 - middle_east) * 19, 190 + middle_north * 19
    assert f"M{x - 8:.1f},{y:.1f}h16" in east
    x, y = 190 - middle_east * 19, 190 - (5.0 - middle_north) * 19
    assert f"M{x - 8:.1f},{y:.1f}h16" in north


def test_side_views_show_those_that_count_most_first(whys) -> None:
    _, now = whys
    svg = sides(now, most=2).svg
    best = sorted(now.rays, key=lambda r: -r.weight)
    assert all(r.frame_id.removesuffix(".JPG") in svg for r in best[:2])
    assert svg.count("权重") == 2


def test_bars_have_one_scale(whys) -> None:
    was, now = whys
    drawing = bars({"before": was, "after": now})
    assert drawing.svg.count("<rect") == 2 * min(MOST_BARS, len(set(parts_of(was)) | set(parts_of(now))))
    assert 'width="400.0"' in drawing.svg  # the longest bar of both


def test_drawings_stand_beside_each_other(whys) -> None:
    one = plan(whys[0])
    three = beside(one, one, one, columns=2)
    assert three.width_px == 2 * (one.width_px + 14) and three.height_px == 2 * (one.height_px + 14)
