"""What films tell of a hit, its speed and the share that drifts, stands wherever a hit's facts are listed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.report import hit_features
from pipeline.report.sheet import write_sheets
from pipeline.report.tables import seen_moving
from pipeline.types import Hit, HitList, Mission
from tests.report.pdf_text import pages_of
from tests.report.reviewed_run import make_run
from tests.report.test_map import data_of

World = tuple[Mission, HitList]
SPEED_MPS, SHARE = 3.44, 0.375


def filmed(hit: Hit) -> Hit:
    """The hit as one that moves, of which every sighting but the first drifts."""
    first, *rest = hit.sightings
    drifting = (replace(s, detection=replace(s.detection, motion=SHARE)) for s in rest or [first])
    return replace(hit, moving_mps=SPEED_MPS, sightings=(*([first] if rest else []), *drifting))


@pytest.fixture
def moving(world: World) -> World:
    mission, hits = world
    confirmed = min(hits.hits, key=lambda h: h.id)
    return mission, replace(hits, hits=tuple(filmed(h) if h is confirmed else h for h in hits.hits))


def test_only_what_is_told_is_said() -> None:
    assert seen_moving({"evidence": [{"motion": None}, {}]}) == {}
    assert seen_moving({"moving_mps": 3.4}) == {"moving_mps": 3.4}
    shares = [{"motion": m} for m in (0.0, 0.4, 0.1)]
    assert seen_moving({"evidence": [*shares, {}]}) == {"drifting": 0.1}


def test_the_feature_the_map_and_the_sheet_say_the_same(moving: World, tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", moving)
    features = {f["id"]: f["properties"] for f in hit_features(*moving)["features"]}
    on_map = {h["id"]: h for h in data_of((run / "map.html").read_text("utf-8"))["hits"]}
    (told,) = [h for h in on_map.values() if "moving_mps" in h or "drifting" in h]
    assert (told["moving_mps"], told["drifting"]) == (3.4, SHARE)
    assert seen_moving(features[told["id"]]) == {"moving_mps": 3.4, "drifting": SHARE}
    assert write_sheets(run, tmp_path / "sheets.pdf", lang="zh") == []
    pages = ["".join(page.split()) for page in pages_of((tmp_path / "sheets.pdf").read_bytes())]
    (page,) = [page for page in pages if "移动速度" in page]
    assert told["id"] in page and "移动速度3.4m/s" in page and "框内飘动的部分38%" in page
