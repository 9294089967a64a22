"""The planned mission over a bad link."""

from __future__ import annotations

import json

import pytest
from pymavlink.dialects.v20 import ardupilotmega as words

from pipeline.errors import MissionError
from pipeline.ingest.plan_download import download_plan, plan_item, plan_value
from pipeline.sim.route import Item
from pipeline.sim.vehicle import Habits
from tests.ingest.aloft import from_system, linked

PLAN = (
    Item(16, 0, 34.9147401, 113.5300347, 92.0),
    Item(22, 3, 34.9147401, 113.5300347, 40.0),
    Item(206, 3, 0.0, 0.0, 0.0, (25.0, 0.0, 1.0, 0.0)),
    *(Item(16, 3, -34.91476591 + i * 1e-4, 179.53003471 - i * 1e-4, 40.0 + i) for i in range(3)),
)


def downloads(count: int):
    with linked(plan=PLAN, habits=Habits(loss=0.05, seed=11)) as (_, link):
        return [download_plan(link) for _ in range(count)]


def check_plans(plans):
    for plan in plans:
        assert [i.seq for i in plan.items] == list(range(len(PLAN)))
        for got, item in zip(plan.items, PLAN, strict=True):
            assert got.exact
            assert (got.command, got.alt_m, got.parameters) == (item.command, item.alt_m, item.parameters)
            if item.lat_deg:
                assert abs(got.lat_deg - item.lat_deg) <= 0.6e-7
                assert abs(got.lon_deg - item.lon_deg) <= 0.6e-7
    assert sum(p.repeats for p in plans) > 0, "nothing was lost: the test shows nothing"


def test_downloads_over_a_bad_link_all_complete():
    check_plans(downloads(20))


@pytest.mark.slow
def test_a_hundred_downloads_over_a_bad_link_all_complete():
    check_plans(downloads(100))


def test_a_plan_is_geojson():
    with linked(plan=PLAN) as (_, link):
        value = json.loads(json.dumps(plan_value(download_plan(link)), allow_nan=False))
    assert [f["properties"].get("command_name") for f in value["features"][:3]] == [
        "MAV_CMD_NAV_WAYPOINT", "MAV_CMD_NAV_TAKEOFF", "MAV_CMD_DO_SET_CAM_TRIGG_DIST",
    ]  # fmt: skip
    assert value["features"][2]["geometry"] is None
    assert value["features"][-1]["geometry"]["type"] == "LineString"


def test_a_vehicle_that_never_answers_is_given_up(monkeypatch):
    monkeypatch.setattr("pipeline.ingest.plan_download.FIRST_WAIT_S", 0.02)
    monkeypatch.setattr("pipeline.ingest.plan_download.MOST_WAIT_S", 0.05)
    with linked() as (vehicle, link):
        vehicle._answer = lambda m, now_s: None
        with pytest.raises(MissionError, match="did not tell how many items"):
            download_plan(link)


def test_an_item_in_single_floats_says_so():
    told = words.MAVLink_mission_item_message(0, 0, 4, 3, 16, 0, 1, 0, 0, 0, 0, 34.9147401, 113.5300347, 40)
    item = plan_item(from_system(told))
    assert not item.exact
    assert 0 < abs(item.lon_deg - 113.5300347) * 91_000 < 0.7
