"""A small simulated flight with boxes in a detector's place, made once."""

from __future__ import annotations

import pytest

from pipeline.sim import FlightConfig, SimFlight, make_flight

SMALL = {"width_px": 400, "height_px": 300, "photos_per_strip": 4, "strips": 2, "turned_strip": False, "pixels": False}


@pytest.fixture(scope="session")
def flight(tmp_path_factory) -> SimFlight:
    return make_flight(tmp_path_factory.mktemp("照片 排污口") / "1 号", FlightConfig(seed=3, profile="dji", **SMALL))
