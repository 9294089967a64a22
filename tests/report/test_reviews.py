from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from pipeline import imagery
from pipeline.errors import MissionError, OutputError
from pipeline.report import hit_features
from pipeline.report.carry import carry_over, take_over
from pipeline.report.pins import pin_entry
from pipeline.report.review_entries import review_entry
from pipeline.report.reviews import append_review, apply_reviews, read_reviews, reviews_folder
from pipeline.types import HitList, Mission

World = tuple[Mission, HitList]
SCHEMAS = Path(__file__).resolve().parents[2] / "docs" / "schemas"
WHEN = datetime(2026, 5, 1, 8, 0, tzinfo=UTC)


@pytest.fixture
def collection(world: World) -> dict[str, Any]:
    return hit_features(*world)


def verdict(collection: dict[str, Any], index: int, name: str, value: Any = None) -> dict[str, Any]:
    return review_entry(collection["features"][index], name, "王", value, when=WHEN)


def validator() -> Draft202012Validator:
    hits, reviews = (json.loads((SCHEMAS / f"{n}.schema.json").read_text("utf-8")) for n in ("hits", "reviews"))
    registry: Registry[Any] = Registry().with_resource(hits["$id"], Resource.from_contents(hits))
    return Draft202012Validator(reviews, registry=registry)


def pinned(world: World, run: Path) -> dict[str, Any]:
    mission, hits = world
    hit = next(h for h in hits.hits if h.id == "h000002")
    return pin_entry(run, mission.frames[1], replace(hit, id="p000001", origin="officer"), "王", when=WHEN)


def ids(collection: dict[str, Any]) -> list[str]:
    return [f["id"] for f in collection["features"]]


def test_what_is_written_is_read_back_and_valid(tmp_path: Path, collection: dict[str, Any], world: World) -> None:
    run = tmp_path / "巡查 1"
    entries = [
        verdict(collection, 0, "confirmed"),
        verdict(collection, 1, "rejected"),
        verdict(collection, 2, "moved", {"coordinates": [113.0, 34.0, 90.0], "r90_m": 1.0}),
        verdict(collection, 2, "reclassed", "outfall/discharging"),
        pinned(world, run),
    ]
    for entry in entries:
        append_review(run, entry)
    assert read_reviews(run) == entries
    assert read_reviews(reviews_folder(run)) == entries
    assert reviews_folder(run) == tmp_path / "巡查 1.reviews"
    for entry in entries:
        validator().validate(entry)


def test_nobody_reviewed(tmp_path: Path) -> None:
    assert read_reviews(tmp_path / "run") == []


def test_a_torn_last_line_is_left_out_and_mended(tmp_path: Path, collection: dict[str, Any]) -> None:
    first, second = verdict(collection, 0, "confirmed"), verdict(collection, 1, "rejected")
    append_review(tmp_path / "run", first)
    path = tmp_path / "run.reviews" / "reviews.jsonl"
    with path.open("ab") as file:
        file.write(json.dumps(second).encode()[:40])
    assert read_reviews(tmp_path / "run") == [first]
    append_review(tmp_path / "run", second)
    assert read_reviews(tmp_path / "run") == [first, second]


@pytest.mark.parametrize(
    "line",
    [
        b"{",
        b"[]",
        b'{"hit": "h1", "verdict": "eaten"}',
        b'{"hit": 3, "verdict": "confirmed"}',
        b'{"hit": "h1", "verdict": "moved", "value": {"coordinates": [200, 1]}}',
        b'{"hit": "h1", "verdict": "moved", "value": {"coordinates": [1e999, 1]}}',
        b'{"hit": "h1", "verdict": "moved", "value": {"coordinates": [NaN, 1]}}',
        b'{"hit": "h1", "verdict": "reclassed", "value": "<script>"}',
        b'{"hit": "h1", "verdict": "added", "value": {"type": "Feature"}}',
        b"[" * 100_000,
        b"\xff\xfe",
    ],
)
def test_a_line_without_sense_is_one_sentence(tmp_path: Path, line: bytes) -> None:
    (tmp_path / "run.reviews").mkdir()
    (tmp_path / "run.reviews" / "reviews.jsonl").write_bytes(b"\n" + line + b"\n")
    with pytest.raises(MissionError, match=r"reviews\.jsonl, line 2"):
        read_reviews(tmp_path / "run")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("who", None),
        ("sha256", ["a"]),
        ("source", 3),
        ("frame_id", {}),
        ("box_px", ["x", 0, 1, 1]),
        ("box_px", [0, 0, 1]),
        ("at", ["113", "34"]),
        ("at", None),
        ("at", [10**400, 34]),
    ],
)
def test_what_a_later_run_would_stumble_over_is_one_sentence(
    tmp_path: Path, collection: dict[str, Any], key: str, value: Any
) -> None:
    (tmp_path / "run.reviews").mkdir()
    line = json.dumps({**verdict(collection, 0, "confirmed"), key: value})
    (tmp_path / "run.reviews" / "reviews.jsonl").write_text(line + "\n")
    with pytest.raises(MissionError, match=r"reviews\.jsonl, line 1"):
        read_reviews(tmp_path / "run")


def test_an_entry_without_sense_is_not_written(tmp_path: Path, collection: dict[str, Any]) -> None:
    with pytest.raises(MissionError):
        append_review(tmp_path / "run", verdict(collection, 0, "reclassed", None))
    assert not (tmp_path / "run.reviews").exists()


def test_a_folder_that_cannot_be_is_one_sentence(tmp_path: Path, collection: dict[str, Any]) -> None:
    (tmp_path / "run.reviews").write_bytes(b"")
    with pytest.raises(OutputError, match="cannot be written"):
        append_review(tmp_path / "run", verdict(collection, 0, "confirmed"))


def test_verdicts_change_the_collection_and_not_the_original(collection: dict[str, Any]) -> None:
    before = copy.deepcopy(collection)
    after = apply_reviews(
        collection,
        [
            verdict(collection, 0, "rejected"),
            verdict(collection, 1, "moved", {"coordinates": [113.0, 34.0], "r90_m": 1.5}),
            verdict(collection, 1, "reclassed", "smoke/chimney"),
        ],
    )
    assert collection == before
    assert ids(after) == ["h000002", "h000003"]
    moved = after["features"][0]
    assert moved["geometry"]["coordinates"] == [113.0, 34.0, 100.0]
    assert (moved["properties"]["class"], moved["properties"]["r90_m"]) == ("smoke/chimney", 1.5)
    assert moved["properties"]["review"] == {"verdict": "reclassed", "who": "王", "when": "2026-05-01T08:00:00Z"}
    assert "review" not in after["features"][1]["properties"]
    Draft202012Validator(json.loads((SCHEMAS / "hits.schema.json").read_text("utf-8"))).validate(after)


VERDICTS = st.sampled_from(["confirmed", "rejected", "outfall", "dust"])


@given(st.lists(VERDICTS, max_size=8), VERDICTS)
def test_the_last_verdict_wins(before: list[str], last: str) -> None:
    collection = {"features": [FEATURE]}

    def entry(name: str) -> dict[str, Any]:
        known = name in ("confirmed", "rejected")
        return review_entry(FEATURE, name if known else "reclassed", "w", None if known else name, when=WHEN)

    after = apply_reviews(collection, [*map(entry, before), entry(last)])["features"]
    assert bool(after) == (last != "rejected")
    if last in ("outfall", "dust"):
        assert after[0]["properties"]["class"] == last


FEATURE: dict[str, Any] = {
    "type": "Feature",
    "id": "h1",
    "geometry": {"type": "Point", "coordinates": [0.0, 0.0, 0.0]},
    "properties": {"id": "h1", "class": "marker", "r90_m": 1.0, "cov_m2": [1.0, 0.0, 1.0], "evidence": []},
}


def test_a_pin_is_a_hit_with_crop_and_hash(tmp_path: Path, world: World, collection: dict[str, Any]) -> None:
    entry = pinned(world, tmp_path / "run")
    photo = Path(world[0].frames[1].path)
    assert entry["sha256"] == imagery.sha256(photo.read_bytes())
    after = apply_reviews(collection, [entry])
    assert ids(after) == ["h000001", "h000002", "h000003", "p000001"]
    props = after["features"][3]["properties"]
    assert props["origin"] == "officer"
    for name in (props["evidence"][0]["crop"], "crops/p000001-context.jpg"):
        assert imagery.decode((tmp_path / "run.reviews" / name).read_bytes(), name).size


def renamed(collection: dict[str, Any]) -> dict[str, Any]:
    """The same hits under other ids, in another order, their boxes a little off."""
    features = copy.deepcopy(collection["features"][::-1])
    for n, feature in enumerate(features):
        feature["id"] = feature["properties"]["id"] = f"n{n}"
        for evidence in feature["properties"]["evidence"]:
            evidence["box_px"] = [v + 3 for v in evidence["box_px"]]
    return {**collection, "features": features}


def test_verdicts_go_over_to_a_later_run(collection: dict[str, Any]) -> None:
    old = [verdict(collection, 0, "rejected"), verdict(collection, 0, "confirmed"), verdict(collection, 2, "rejected")]
    applied, left = carry_over(old, renamed(collection))
    assert [(e["hit"], e["verdict"], e["carried_from"]) for e in applied] == [
        ("n2", "rejected", "h000001"),
        ("n2", "confirmed", "h000001"),
        ("n0", "rejected", "h000003"),
    ]
    assert left == []
    for entry in applied:
        validator().validate(entry)


def test_what_is_not_there_any_more_is_listed(collection: dict[str, Any]) -> None:
    old = [verdict(collection, 0, "rejected"), verdict(collection, 1, "confirmed")]
    fewer = {**collection, "features": collection["features"][1:]}
    applied, left = carry_over(old, fewer)
    assert [e["hit"] for e in applied] == ["h000002"]
    assert left == old[:1]


def test_another_original_is_another_hit(collection: dict[str, Any]) -> None:
    other = renamed(collection)
    for feature in other["features"]:
        for evidence in feature["properties"]["evidence"]:
            evidence["sha256"] = "0" * 64
    old = [verdict(collection, 0, "rejected")]
    assert carry_over(old, other) == ([], old)


def test_one_to_one(collection: dict[str, Any]) -> None:
    twin = copy.deepcopy(collection["features"][0])
    twin["id"] = twin["properties"]["id"] = "h000009"
    old = [verdict(collection, 0, "rejected"), review_entry(twin, "confirmed", "w", when=WHEN)]
    single = {**collection, "features": collection["features"][:1]}
    applied, left = carry_over(old, single)
    assert [e["verdict"] for e in applied] == ["rejected"]
    assert [e["hit"] for e in left] == ["h000009"]


def test_pins_go_over_with_their_crops(tmp_path: Path, world: World, collection: dict[str, Any]) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    entry = pinned(world, old)
    append_review(old, entry)
    without = {**collection, "features": collection["features"][:1]}
    assert take_over(old, new, without, {entry["sha256"]}) == []
    assert take_over(old, new, without, {entry["sha256"]}) == []  # again changes nothing
    assert read_reviews(new) == [entry]
    assert (tmp_path / "new.reviews" / "crops" / "p000001.jpg").is_file()
    assert (tmp_path / "new.reviews" / "crops" / "p000001-context.jpg").is_file()
    assert take_over(old, tmp_path / "else", without, set()) == [entry]


def test_a_pin_that_is_found_by_itself_confirms_it(tmp_path: Path, world: World, collection: dict[str, Any]) -> None:
    entry = pinned(world, tmp_path / "run")
    reclassed = renamed(collection)
    reclassed["features"][1]["properties"]["class"] = "dust"
    applied, left = carry_over([entry], reclassed)
    assert [(e["hit"], e["verdict"], e["value"]) for e in applied] == [
        ("n1", "confirmed", None),
        ("n1", "reclassed", "smoke/straw"),
    ]
    assert left == []
    for item in applied:
        validator().validate(item)


@pytest.mark.parametrize(
    "crop", ["crops/../../secret.jpg", "crops/..\\..\\secret.jpg", "/secret.jpg", "crops/C:secret.jpg"]
)
def test_a_crop_that_points_out_of_the_folder_is_not_copied(
    tmp_path: Path, world: World, changed: Callable[..., Any], crop: str
) -> None:
    old, new = tmp_path / "a" / "old", tmp_path / "b" / "new"
    entry = pinned(world, old)
    (tmp_path / "secret.jpg").write_bytes(b"secret")
    (tmp_path / "a" / "secret.jpg").write_bytes(b"secret")
    entry["value"]["properties"]["evidence"][0]["crop"] = crop
    append_review(old, entry)
    take_over(old, new, {"features": []})
    assert [p.name for p in (tmp_path / "b").rglob("*") if p.is_file()] == ["reviews.jsonl"]


def test_boxes_in_two_frames_of_a_video_say_nothing_of_each_other(collection: dict[str, Any]) -> None:
    old = [{**verdict(collection, 0, "rejected"), "frame_id": "a.mp4#000001"}]
    for number, carried in ((1, 1), (9, 0)):
        other = renamed(collection)
        for feature in other["features"]:
            feature["geometry"]["coordinates"][1] += 1.0  # far away: only the boxes can tell
            for evidence in feature["properties"]["evidence"]:
                evidence["frame_id"] = f"a.mp4#{number:06d}"
        assert len(carry_over(old, other)[0]) == carried
