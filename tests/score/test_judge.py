"""Examples: points of a pair, extras, areas, windows, evidence, time, statistics, sheets."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
import tomllib
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from pyproj import Geod

from pipeline.errors import ScoreError
from pipeline.score import canonical_json, judge, read_hits, read_rules, result, score_table, targets_of
from pipeline.score.points import shared_levels
from pipeline.score.statistics import bias, circular_errors
from pipeline.types import GeoPoint, Hit, HitList, Rules, Target, points_text

ROOT = Path(__file__).resolve().parents[2]
LAT, LON = 34.7466, 113.6254
SHA = "ab" * 32


def off(north_m: float, east_m: float) -> tuple[float, float]:
    geod = Geod(ellps="GRS80")
    lon, lat, _ = geod.fwd(LON, LAT, 0 if north_m >= 0 else 180, abs(north_m))
    lon, lat, _ = geod.fwd(lon, lat, 90 if east_m >= 0 else 270, abs(east_m))
    return lat, lon


def hit(north_m: float = 0, east_m: float = 0, label: str = "dust", **more: Any) -> dict[str, Any]:
    lat, lon = off(north_m, east_m)
    geometry = {"type": "Point", "coordinates": [lon, lat]}
    return {"type": "Feature", "geometry": geometry, "properties": {"class": label, **more}}


def target(
    ident: str = "t", north_m: float = 0, east_m: float = 0, label: str = "dust", weight: int = 1, **more: Any
) -> Target:
    return Target(ident, label, GeoPoint(*off(north_m, east_m)), weight, **more)


def square(north_m: float, east_m: float, side_m: float, **properties: Any) -> dict[str, Any]:
    corners = [(0, 0), (0, side_m), (side_m, side_m), (side_m, 0), (0, 0)]
    ring = [off(north_m + n, east_m + e)[::-1] for n, e in corners]
    geometry = {"type": "Polygon", "coordinates": [ring]}
    return {"type": "Feature", "geometry": geometry, "properties": properties}


@pytest.mark.parametrize(
    ("north_m", "location_u"), [(0, 300_000), (2, 300_000), (16, 150_000), (9, 225_000), (29.999, 10)]
)
def test_location_points(north_m: float, location_u: int) -> None:
    pair = judge([hit(north_m)], [target()]).pairs[0]
    assert pair.location_u == location_u
    assert (pair.find_u, pair.class_u, pair.evidence_u) == (500_000, 200_000, 0)
    assert pair.points_u == 700_000 + location_u


@pytest.mark.parametrize(
    ("one", "other", "levels", "class_u"),
    [("a", "a", -1, 200_000), ("a/b", "a/b", -1, 200_000), ("a/b/c", "a/b/d", 2, 120_000), ("a/b", "a/b/c", 2, 120_000),
     ("a", "a/b", 1, 60_000), ("a/b", "a/c", 1, 60_000), ("a", "b", 0, 0), ("ab", "a", 0, 0), ("x/b", "a/b", 0, 0)],
)  # fmt: skip
def test_class_points(one: str, other: str, levels: int, class_u: int) -> None:
    assert shared_levels(one, other) == shared_levels(other, one) == levels
    assert judge([hit(label=one)], [target(label=other)]).pairs[0].class_u == class_u


def test_required_class() -> None:
    strict = Rules(require_class=True)
    assert judge([hit(label="smoke")], [target(label="dust")], strict).pairs == ()
    assert len(judge([hit(label="dust/pile")], [target(label="dust")], strict).pairs) == 1


def test_weights_and_extras() -> None:
    targets = [target("a", weight=3), target("b", 200, weight=1)]
    score = judge([hit(), hit(100, id="x")], targets)
    assert score.pairs[0].points_u == 3_000_000
    assert score.extra == ("x",)
    assert score.points_u == 100 * (3_000_000 - 250_000 * 2) // 4
    assert judge([hit(100 + 5 * i) for i in range(9)], targets).points_u == 0  # clipped, after penalties


def test_floor_is_taken_once_at_the_end() -> None:
    score = judge([hit(label="smoke")], [target("a"), target("b", 200), target("c", 400)])
    assert score.points_u == 80_000_000 // 3


def test_no_target_is_no_score() -> None:
    score = judge([hit()], [])
    assert (score.points_u, score.extra) == (None, ("h000001",))
    assert result(score)["points_u"] is None
    assert "none / 100.00" in dict(score_table(score).summary)["得分 Points"]


def test_no_pair_is_null_and_never_nan() -> None:
    statistics = judge([], [target()]).statistics
    assert statistics["matched"] == 0
    assert [statistics[k] for k in ("precision_ppm", "ce50_mm", "ce90_mm", "ce90_interval_mm", "bias_east_mm")] == [
        None
    ] * 5
    assert statistics["recall_ppm"] == 0
    assert statistics["gospa"] == {"total": 21_213, "localisation": 0, "missed": 450_000_000, "false": 0}


def test_ignore_areas_take_only_what_is_unmatched() -> None:
    areas = targets_of([square(-50, -50, 100, kind="ignore"), square(300, 0, 10, kind="ignore")])
    score = judge([hit(0, 1, id="on"), hit(40, 40, id="in"), hit(100, 100, id="out")], [target(), *areas])
    assert [p.hit for p in score.pairs] == ["on"]
    assert (score.ignored, score.extra) == (("in",), ("out",))
    assert score.statistics["precision_ppm"] == 500_000
    assert score.statistics["gospa"]["false"] == 450_000_000


@pytest.mark.parametrize(
    ("north_m", "east_m", "distance_mm"), [(50, 50, 0), (50, 107, 7_000), (-3, 50, 3_000), (-3, -4, 5_000)]
)
def test_area_targets(north_m: float, east_m: float, distance_mm: int) -> None:
    targets = targets_of([square(0, 0, 100, id="a", **{"class": "dust"})])
    pair = judge([hit(north_m, east_m)], targets).pairs[0]
    assert pair.distance_mm == pytest.approx(distance_mm, abs=2)


def test_gate_between_an_area_and_a_point() -> None:
    targets = [*targets_of([square(0, 0, 100, id="a", **{"class": "dust"})]), target("b", 50, 120)]
    found = {p.target: p.hit for p in judge([hit(50, 108, id="x"), hit(50, 112, id="y")], targets).pairs}
    assert found == {"a": "x", "b": "y"}
    overlapping = judge([hit(50, 50)], [targets[0], target("b", 50, 50)])
    assert overlapping.pairs == ()
    assert any("'a'" in w for w in overlapping.warnings)


def test_windows() -> None:
    burning = target(visible_from_ms=1_000_000, visible_to_ms=2_000_000)
    late = hit(first_seen="1970-01-01T00:40:00Z", last_seen="1970-01-01T00:41:00Z")
    early = hit(first_seen="1970-01-01T00:10:00Z", last_seen="1970-01-01T00:20:00Z")
    assert judge([late], [burning]).pairs == ()
    assert len(judge([early], [burning]).pairs) == len(judge([hit()], [burning]).pairs) == 1
    assert len(judge([late], [burning], Rules(windows=False)).pairs) == 1


GOOD_EVIDENCE = {"sha256": SHA, "t": "2026-05-01T02:00:00Z", "point_px": [50, 60], "crop_px": [0, 0, 99, 99]}
FLIGHT = (1_777_600_000_000, 1_777_610_000_000)


@pytest.mark.parametrize(
    ("evidence", "points_u"),
    [([GOOD_EVIDENCE], 100), ([], 0), (None, 0), ([{**GOOD_EVIDENCE, "sha256": "cd" * 32}], 0), ([{"sha256": SHA}], 90),
     ([{**GOOD_EVIDENCE, "point_px": [150, 60]}], 90), ([{**GOOD_EVIDENCE, "t": "2026-05-02T02:00:00Z"}], 90),
     ([{"sha256": "no"}, GOOD_EVIDENCE], 100)],
)  # fmt: skip
def test_evidence(evidence: Any, points_u: int) -> None:
    rules = Rules(evidence=True)
    score = judge([hit(evidence=evidence)], [target()], rules, originals=frozenset({SHA}), flight_ms=FLIGHT)
    assert score.points_u == points_u * 1_000_000
    assert (score.missed, score.extra, score.warnings) == ((), (), ())


def test_evidence_compared_with_nothing_is_said() -> None:
    assert len(judge([hit(evidence=[GOOD_EVIDENCE])], [target()], Rules(evidence=True)).warnings) == 2


def test_a_hit_with_evidence_beats_a_nearer_one_without() -> None:
    rules = Rules(evidence=True)
    score = judge([hit(id="near"), hit(5, id="shown", evidence=[GOOD_EVIDENCE])], [target()], rules)
    assert (score.pairs[0].hit, score.extra) == ("shown", ("near",))


def test_time() -> None:
    rules = Rules(time=True)
    totals = [
        judge([hit()], [target()], rules, elapsed_ms=t).points_u for t in (0, 600_000, 1_200_000, 1_800_000, 9**9)
    ]
    assert totals == [100_000_000, 100_000_000, 95_000_000, 90_000_000, 90_000_000]
    with pytest.raises(ScoreError, match="elapsed"):
        judge([hit()], [target()], rules)


def test_hits_of_a_run_and_of_a_file_are_judged_alike(tmp_path: Path) -> None:
    lat, lon = off(3, 4)
    found = Hit("a", "dust", GeoPoint(lat, lon, 120.0), (1, 0, 1), 5.0, 0.75, ())
    run = HitList("m", (found,))
    path = tmp_path / "hits.geojson"
    path.write_text(json.dumps(run.__geo_interface__), encoding="utf-8")
    scores = [
        judge(h, [target()])
        for h in (run, run.hits, run.__geo_interface__["features"], read_hits(path), read_hits(tmp_path))
    ]
    assert all(s == scores[0] for s in scores)
    assert scores[0].pairs[0].distance_mm == 5_000


def test_bias_shows_a_shifted_datum() -> None:
    targets = [target(f"t{i}", 100 * i) for i in range(8)]
    shifted = judge([hit(100 * i + 4 + 0.1 * (i % 3), -3 + 0.1 * (i % 2)) for i in range(8)], targets).statistics
    assert shifted["bias_significant"] is True
    assert (shifted["bias_north_mm"], shifted["bias_east_mm"]) == (
        pytest.approx(4090, abs=30),
        pytest.approx(-2950, abs=30),
    )
    around = judge([hit(100 * i + (-1) ** i, (-1) ** (i // 2)) for i in range(8)], targets).statistics
    assert around["bias_significant"] is False


def test_equal_offsets_are_significant_and_none_is_not() -> None:
    assert bias(np.full(5, 3000), np.zeros(5, dtype=np.int64))["bias_significant"] is True
    assert bias(*np.zeros((2, 5), dtype=np.int64))["bias_significant"] is False
    assert bias(*np.ones((2, 2), dtype=np.int64))["bias_significant"] is None


def test_bootstrap_is_fixed_by_the_digest() -> None:
    distance = np.arange(0, 3000, 100)
    found = circular_errors(distance, Rules(), "0123456789abcdef" * 4)
    assert found == {"ce50_mm": 1450, "ce90_mm": 2610, "ce90_interval_mm": [2220, 2810], "reliable": True}
    again = np.quantile(np.random.default_rng(3).choice(distance, (20_000, 30)), 0.9, axis=1)
    assert np.quantile(again, [0.05, 0.95]) == pytest.approx(found["ce90_interval_mm"], abs=60)
    assert circular_errors(distance, Rules(), "f" * 64)["ce90_mm"] == 2610
    assert circular_errors(distance[:19], Rules(), "f" * 64)["reliable"] is False


def test_hits_without_id_are_named_in_canonical_order() -> None:
    score = judge([hit(300), hit(100), hit(200, id="mine")], [target()])
    assert score.extra == ("h000001", "h000002", "mine")


@pytest.mark.parametrize(
    ("micro", "text"),
    [(0, "0.00"), (5_000, "0.01"), (4_999, "0.00"), (1_005_000, "1.01"), (-350_000, "-0.35"), (None, "none")],
)
def test_display_rounds_half_up(micro: int | None, text: str) -> None:
    assert points_text(micro) == text


def test_the_sheet_says_that_the_rules_are_an_example() -> None:
    score = judge([hit()], [target()])
    assert score_table(score).notice == result(score)["notice"] == "示例规则，非官方评分标准"
    assert "示例规则，非官方评分标准" in str(score)
    assert judge([hit()], [target()], read_rules("suas-2020")).notice == ""


def test_canonical_json() -> None:
    assert canonical_json({"b": [1, None, True], "a": "e\u0301"}) == '{"a":"é","b":[1,null,true]}'.encode()
    for wrong in (1.0, {"a": 0.5}, {1: 2}, {"a": object()}):
        with pytest.raises(TypeError):
            canonical_json(wrong)


def test_the_defaults_are_the_profile(tmp_path: Path) -> None:
    profile = read_rules()
    assert replace(profile, sources=()) == Rules()
    assert {name for name, _ in profile.sources} == {f.name for f in fields(Rules)} - {
        "name",
        "version",
        "method",
        "notice",
        "sources",
    }
    own = tmp_path / "我们的规则.toml"
    own.write_text('name = "2027"\nevidence = true\n', encoding="utf-8")
    assert read_rules(own) == Rules(name="2027", notice="", evidence=True)


def schema(name: str) -> Any:
    return json.loads((ROOT / "docs" / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("hits", [[], [hit()], [hit(3), hit(90), hit(500, label="smoke", confidence=0.5, r90_m=3)]])
@pytest.mark.parametrize("profile", ["drill-example", "suas-2020"])
def test_results_fit_their_schema(hits: list[dict[str, Any]], profile: str) -> None:
    for targets in ([], [target(), target("b", 300, label="smoke")]):
        value = result(judge(hits, targets, read_rules(profile)))
        jsonschema.validate(value, schema("result"))
        canonical_json(value)


def test_profiles_and_targets_fit_their_schemas() -> None:
    for path in (ROOT / "pipeline" / "score" / "profiles").glob("*.toml"):
        jsonschema.validate(tomllib.loads(path.read_text(encoding="utf-8")), schema("rules"))
    features = [square(0, 0, 9, kind="ignore"), {**hit(), "properties": {"id": "t", "class": "dust", "weight": 2}}]
    collection = {"type": "FeatureCollection", "features": features}
    jsonschema.validate(json.loads(json.dumps(collection)), schema("targets"))


def test_the_rules_schema_names_every_rule() -> None:
    assert set(schema("rules")["properties"]) == {f.name for f in fields(Rules)} - {"sources"} | {
        "schema_version",
        "source",
    }


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = "import sys, pipeline.score; print([m for m in ('scipy', 'shapely', 'pyproj', 'numpy') if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_every_public_name_is_there() -> None:
    package = importlib.import_module("pipeline.score")
    assert all(callable(getattr(package, name)) for name in package.__all__)


def test_the_antimeridian_is_no_edge() -> None:
    west = {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [-180, 10]},
        "properties": {"class": "dust"},
    }
    east = {**west, "geometry": {"type": "Point", "coordinates": [180, 10]}}
    assert judge([west], []).hits_digest == judge([east], []).hits_digest
    ring = [[179.999, 10], [180, 10], [180, 10.001], [179.999, 10.001], [179.999, 10]]
    area = {
        "type": "Feature",
        "id": "a",
        "geometry": {"type": "Polygon", "coordinates": [ring]},
        "properties": {"class": "dust"},
    }
    beyond = {**west, "geometry": {"type": "Point", "coordinates": [-179.9999, 10.0005]}}
    assert judge([beyond], targets_of([area])).pairs[0].distance_mm == pytest.approx(10_963, abs=3)


@pytest.mark.parametrize("n", [3, 4, 12, 40])
def test_bias_test_is_hotellings(n: int) -> None:
    """Errors that hang together, of means near where the test turns."""
    from scipy.stats import f

    draw, said = np.random.default_rng(n), []
    for _ in range(100):
        errors = (draw.normal(0, 1000, (n, 2)) @ [[1.0, 0.7], [0.0, 0.6]] + draw.normal(0, 2200 / n**0.5, 2)).round()
        mean, spread = errors.mean(axis=0), np.cov(errors.T) + np.eye(2) / 12
        t2 = n * mean @ np.linalg.solve(spread, mean)
        found = bias(*errors.T.astype(np.int64))
        assert found["bias_significant"] == (f.sf(t2 * (n - 2) / (2 * (n - 1)), 2, n - 2) < 0.05)
        assert (found["bias_east_mm"], found["bias_north_mm"]) == tuple(np.floor(mean + 0.5))
        said.append(found["bias_significant"])
    assert 5 <= sum(said) <= 95


def test_a_point_may_bring_a_kind_of_its_own_and_an_area_may_not():
    (target,) = targets_of([{**hit(), "properties": {"id": "t", "class": "marker", "kind": "cross-light"}}])
    assert target.kind == "target"
    with pytest.raises(ScoreError, match="kind is neither"):
        targets_of([square(0, 0, 9, kind="Ignore")])
