"""Small flights, made once."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.sim import FlightConfig, SimFlight, Truth, fly, make_flight

SMALL = {"width_px": 800, "height_px": 600, "strips": 2, "photos_per_strip": 3, "height_m": 25.0}


@pytest.fixture(scope="session")
def exact() -> Truth:
    """A flight over relief with every pattern of look in it."""
    return fly(FlightConfig(seed=3, profile="exact", pattern="mixed", turned_strip=False))


@pytest.fixture(scope="session")
def flown(tmp_path_factory: pytest.TempPathFactory) -> SimFlight:
    """A small flight as files, with pixels."""
    config = FlightConfig(seed=5, profile="exact", turned_strip=False, **SMALL)  # type: ignore[arg-type]
    return make_flight(Path(tmp_path_factory.mktemp("照片 排污口")) / "1 号", config)
