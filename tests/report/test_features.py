from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from pipeline.errors import OutputError
from pipeline.report import hit_features
from pipeline.report.best import best_sighting
from pipeline.types import GeoPoint, HitList, Mission

World = tuple[Mission, HitList]
SCHEMAS = Path(__file__).resolve().parents[2] / "docs" / "schemas"


def test_validates_against_the_schema(world: World) -> None:
    schema = json.loads((SCHEMAS / "hits.schema.json").read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(hit_features(*world))


def test_sorted_by_id_whatever_the_order(world: World) -> None:
    mission, hits = world
    turned = replace(hits, hits=tuple(replace(h, sightings=h.sightings[::-1]) for h in hits.hits[::-1]))
    assert hit_features(mission, hits) == hit_features(mission, turned)
    assert [f["id"] for f in hit_features(mission, hits)["features"]] == ["h000001", "h000002", "h000003"]


def test_evidence_leads_back_to_the_original(world: World) -> None:
    mission, hits = world
    first, second = hit_features(mission, hits)["features"][0]["properties"]["evidence"]
    assert first["source"] == first["frame_id"] == "=坏 name.JPG" or first["source"] == "DJI_0000.JPG"
    assert {first["sha256"], second["sha256"]} == {hits.looked[0].sha256, hits.looked[1].sha256}
    assert first["pose"]["sources"] == {"attitude": "XMP"}
    assert [e["crop"] for e in (first, second)].count("crops/h000001.jpg") == 1
    assert [e["crop"] for e in (first, second)].count(None) == 1


def test_times_are_utc(world: World) -> None:
    props = hit_features(*world)["features"][0]["properties"]
    assert props["first_seen"] == "2026-09-21T14:13:20.000Z"
    assert props["last_seen"] == "2026-09-21T14:13:22.000Z"
    assert {e["t"] for e in props["evidence"]} == {props["first_seen"], props["last_seen"]}


def test_no_path_of_this_machine_is_told(world: World) -> None:
    assert world[0].root not in json.dumps(hit_features(*world))


def test_longitude_180_is_written_as_minus_180(world: World) -> None:
    mission, hits = world
    moved = replace(hits.hits[0], at=GeoPoint(0.0, 179.99999999999, 1.0))
    (feature,) = hit_features(mission, replace(hits, hits=(moved,)))["features"]
    assert feature["geometry"]["coordinates"][0] == -180.0


@pytest.mark.parametrize("name", ["../h1", "h/1", "", "h 1", ".h", "C:h"])
def test_an_id_that_is_no_file_name_is_refused(world: World, name: str) -> None:
    mission, hits = world
    with pytest.raises(OutputError, match="cannot be a file name"):
        hit_features(mission, replace(hits, hits=(replace(hits.hits[0], id=name),)))


def test_the_best_sighting_is_confident_sharp_and_central(world: World) -> None:
    mission, hits = world
    frames = {f.id: f for f in mission.frames}
    hit = next(h for h in hits.hits if h.id == "h000001")
    looked = {x.frame_id: x for x in hits.looked}

    def best(sharp: dict[str, float]) -> Any:
        return best_sighting(hit, frames, {k: replace(v, sharpness=sharp.get(k, 1.0)) for k, v in looked.items()})

    central, edge = hit.sightings
    assert best({}) is central
    assert best({central.detection.frame_id: 0.1}) is edge


def test_the_best_sighting_does_not_depend_on_order(world: World, changed: Callable[..., Any]) -> None:
    mission, hits = world
    frames, looked = {f.id: f for f in mission.frames}, {x.frame_id: x for x in hits.looked}
    hit = next(h for h in hits.hits if h.id == "h000001")
    twins = tuple(
        replace(s, detection=replace(s.detection, confidence=0.5, box_px=(300, 200, 340, 280))) for s in hit.sightings
    )
    equal = {k: replace(v, sharpness=1.0) for k, v in looked.items()}
    there, back = (changed(hit, sightings=s) for s in (twins, twins[::-1]))
    assert best_sighting(there, frames, equal) == best_sighting(back, frames, equal)
