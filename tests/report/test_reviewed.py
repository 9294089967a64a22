"""What stands of the officers' entries, and the list with every hit's state."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from pipeline.errors import MissionError
from pipeline.report import hit_features
from pipeline.report.carry import carry_over, take_over
from pipeline.report.review_entries import check_entry, review_entry
from pipeline.report.reviewed import counts_by_verdict, reviewed_hits, without_rejected
from pipeline.report.reviews import append_review, apply_reviews, hits_reviewed, read_reviews, standing, taken_back
from pipeline.types import HitList, Mission

SCHEMAS = Path(__file__).resolve().parents[2] / "docs" / "schemas"
WHEN = datetime(2026, 5, 1, 8, 0, tzinfo=UTC)
Entry = dict[str, Any]


def feature(name: str) -> dict[str, Any]:
    props = {"id": name, "class": "marker", "origin": "model", "confidence": 0.5, "r90_m": 1.0, "sightings": 1}
    props |= {"cov_m2": [1.0, 0.0, 1.0], "first_seen": None, "last_seen": None, "assumed": [], "evidence": []}
    return {
        "type": "Feature",
        "id": name,
        "geometry": {"type": "Point", "coordinates": [0.0, 0.0, 0.0]},
        "properties": props,
    }


COLLECTION = {"features": [feature("h1"), feature("h2")]}
VALUES: dict[str, Any] = {
    "moved": {"coordinates": [1.0, 2.0]},
    "reclassed": "dust",
}


def entry(verdict: str, hit: str = "h1", value: Any = None, who: str = "王") -> Entry:
    value = feature(hit) if verdict == "added" else VALUES.get(verdict, value)
    return review_entry(feature(hit), verdict, who, value, note="看过" if verdict == "commented" else "", when=WHEN)


def undone(number: int) -> Entry:
    return entry("undone", value={"entry": number})


def redone(number: int) -> Entry:
    return entry("redone", value={"entry": number})


SAID = st.builds(
    entry,
    st.sampled_from(["confirmed", "rejected", "moved", "reclassed", "commented", "added"]),
    st.sampled_from(["h1", "h2", "p1"]),
    who=st.sampled_from(["王", "李"]),
)
TOLD = st.lists(st.one_of(SAID, SAID, st.integers(1, 9).map(undone), st.integers(1, 9).map(redone)), max_size=9)


@given(TOLD, SAID)
def test_undoing_is_as_if_it_had_never_been_said(before: list[Entry], last: Entry) -> None:
    # Forward references that the new entry would bring to life say nothing of undoing it.
    before = [e for e in before if (e["value"] or {}) != {"entry": len(before) + 1}]
    told = [*before, last, undone(len(before) + 1)]
    assert standing(told) == standing(before)
    assert apply_reviews(COLLECTION, told) == apply_reviews(COLLECTION, before)
    assert reviewed_hits(COLLECTION, told) == reviewed_hits(COLLECTION, before)
    again = [*told, redone(len(before) + 1)]
    assert standing(again) == standing([*before, last])


@given(TOLD)
def test_what_stands_stands_by_itself(told: list[Entry]) -> None:
    stands = standing(told)
    assert standing(stands) == stands
    assert all(e["verdict"] not in ("undone", "redone") for e in stands)
    assert all(any(e is s for s in told) for e in stands)
    assert sum(map(len, hits_reviewed(told).values())) == len(stands)
    assert apply_reviews(COLLECTION, stands) == apply_reviews(COLLECTION, told)


@given(TOLD, st.integers(0, 9))
def test_a_comment_changes_nothing_but_the_comments(told: list[Entry], at: int) -> None:
    stands = standing(told)  # a comment in the middle would shift what `undone` names
    commented = [*stands[:at], entry("commented"), *stands[at:]]
    assert apply_reviews(COLLECTION, commented) == apply_reviews(COLLECTION, stands)
    without = [
        {k: v for k, v in f["properties"].items() if k != "comments"}
        for f in reviewed_hits(COLLECTION, commented)["features"]
    ]
    assert without == [
        {k: v for k, v in f["properties"].items() if k != "comments"}
        for f in reviewed_hits(COLLECTION, stands)["features"]
    ]


@given(TOLD)
def test_the_list_that_counts_is_the_whole_list_less_the_rejected(told: list[Entry]) -> None:
    before = copy.deepcopy((COLLECTION, told))
    whole, counts = reviewed_hits(COLLECTION, told), apply_reviews(COLLECTION, told)
    assert (COLLECTION, told) == before
    kept = without_rejected(whole)["features"]
    assert [f["id"] for f in kept] == [f["id"] for f in counts["features"]]
    assert [f["geometry"] for f in kept] == [f["geometry"] for f in counts["features"]]
    assert [f["properties"]["class"] for f in kept] == [f["properties"]["class"] for f in counts["features"]]
    assert sum(counts_by_verdict(whole).values()) == len(whole["features"])


def states(told: list[Entry]) -> dict[str, tuple[str, bool, bool]]:
    found = reviewed_hits(COLLECTION, told)["features"]
    return {f["id"]: tuple(f["properties"][k] for k in ("verdict", "moved", "reclassed")) for f in found}


def test_what_becomes_of_a_hit() -> None:
    untouched = ("open", False, False)
    assert states([]) == {"h1": untouched, "h2": untouched}
    assert states([entry("confirmed")])["h1"] == ("confirmed", False, False)
    assert states([entry("confirmed"), entry("moved")])["h1"] == ("confirmed", True, False)
    assert states([entry("rejected"), entry("reclassed")])["h1"] == ("open", False, True)
    assert states([entry("rejected"), entry("commented")])["h1"] == ("rejected", False, False)
    assert states([entry("added", "p1")])["p1"] == ("added", False, False)
    assert states([entry("added", "p1"), entry("rejected", "p1"), entry("moved", "p1")])["p1"] == ("added", True, False)
    again = [entry("added", "p1"), entry("moved", "p1"), entry("added", "p1")]
    assert states(again)["p1"] == ("added", False, False)
    assert states([entry("added", "p1"), entry("confirmed", "p1")])["p1"] == ("confirmed", False, False)
    assert states([entry("added", "p1"), entry("confirmed", "p1"), undone(1)]) == states([])


def test_who_and_when_and_what_was_said() -> None:
    told = [entry("commented"), {**entry("rejected", who="李"), "note": "是屋顶"}, entry("commented", who="赵")]
    props = reviewed_hits(COLLECTION, told)["features"][0]["properties"]
    assert (props["reviewed_by"], props["reviewed_at"]) == ("李", "2026-05-01T08:00:00Z")
    assert [(c["who"], c["verdict"], c["note"]) for c in props["comments"]] == [
        ("王", "commented", "看过"),
        ("李", "rejected", "是屋顶"),
        ("赵", "commented", "看过"),
    ]
    quiet = reviewed_hits(COLLECTION, [entry("commented")])["features"][0]["properties"]
    assert (quiet["verdict"], quiet["reviewed_by"], quiet["reviewed_at"]) == ("open", None, None)


def test_a_number_that_names_nothing_takes_nothing_back() -> None:
    said = [entry("rejected"), undone(2), undone(7), undone(3)]
    assert taken_back(said) == frozenset()
    assert taken_back([*said, undone(1)]) == {1}
    assert taken_back([*said, undone(1), undone(5)]) == {1}  # an undoing is not undone, but redone
    assert taken_back([*said, undone(1), undone(5), redone(1)]) == frozenset()


@pytest.mark.parametrize(
    ("verdict", "value", "note"),
    [
        ("undone", None, ""),
        ("undone", {"entry": 0}, ""),
        ("undone", {"entry": "1"}, ""),
        ("redone", {"entry": True}, ""),
        ("redone", [1], ""),
        ("commented", None, ""),
        ("commented", None, "  "),
        ("confirmed", None, ["a"]),
    ],
)
def test_an_entry_without_sense_is_refused(verdict: str, value: Any, note: Any) -> None:
    with pytest.raises(MissionError, match="line 3"):
        check_entry(review_entry(feature("h1"), verdict, "w", value, note), "line 3")


def test_half_a_character_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(MissionError, match="neither text nor a number"):
        append_review(tmp_path / "run", {**entry("commented"), "note": "\ud83d"})
    assert not (tmp_path / "run.reviews").exists()


@pytest.mark.parametrize("lost", ["confidence", "sightings", "assumed", "cov_m2", "evidence"])
def test_a_pin_without_what_the_lists_need_is_refused(lost: str) -> None:
    pin = feature("p1")
    del pin["properties"][lost]
    with pytest.raises(MissionError, match="the whole hit"):
        check_entry(review_entry(feature("p1"), "added", "w", pin), "line 1")


def test_a_pin_without_its_height_is_refused() -> None:
    """The sheets and the map print it."""
    pin = feature("p1")
    del pin["geometry"]["coordinates"][2]
    with pytest.raises(MissionError, match="the whole hit"):
        check_entry(review_entry(feature("p1"), "added", "w", pin), "line 1")


def test_the_new_entries_are_written_read_back_and_valid(tmp_path: Path) -> None:
    hits, reviews = (json.loads((SCHEMAS / f"{n}.schema.json").read_text("utf-8")) for n in ("hits", "reviews"))
    registry: Registry[Any] = Registry().with_resource(hits["$id"], Resource.from_contents(hits))
    told = [entry("commented"), entry("rejected"), undone(2), redone(2)]
    for item in told:
        Draft202012Validator(reviews, registry=registry).validate(item)
        append_review(tmp_path / "run", item)
    assert read_reviews(tmp_path / "run") == told


@pytest.fixture
def collection(world: tuple[Mission, HitList]) -> dict[str, Any]:
    return hit_features(*world)


def test_only_what_stands_is_carried(tmp_path: Path, collection: dict[str, Any]) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    first, second = collection["features"][:2]
    told = [
        review_entry(first, "rejected", "王", when=WHEN),
        review_entry(second, "confirmed", "王", when=WHEN),
        review_entry(first, "undone", "王", {"entry": 1}, when=WHEN),
    ]
    for item in told:
        append_review(old, item)
    assert carry_over(told, collection)[0] == [{**told[1], "carried_from": "h000002"}]
    append_review(new, review_entry(first, "commented", "李", note="先来的", when=WHEN))  # numbers differ here
    for _ in range(2):
        assert take_over(old, new, collection) == []
    assert [e["verdict"] for e in standing(read_reviews(new))] == ["commented", "confirmed"]


def test_the_reviewed_list_is_valid(collection: dict[str, Any]) -> None:
    schema = json.loads((SCHEMAS / "hits.schema.json").read_text("utf-8"))
    told = [review_entry(collection["features"][0], "rejected", "王", note="否", when=WHEN)]
    Draft202012Validator(schema).validate(reviewed_hits(collection, told))
