"""A small simulated flight with boxes in a detector's place, made once; pictures that are looked at once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.flow import ties
from pipeline.geo.adjust.matches import Features
from pipeline.sim import FlightConfig, SimFlight, make_flight

SMALL = {"width_px": 400, "height_px": 300, "photos_per_strip": 4, "strips": 2, "turned_strip": False, "pixels": False}


@pytest.fixture(scope="session")
def flight(tmp_path_factory) -> SimFlight:
    return make_flight(tmp_path_factory.mktemp("照片 排污口") / "1 号", FlightConfig(seed=3, profile="dji", **SMALL))


@pytest.fixture(scope="module")
def features_once() -> Iterator[None]:
    """Features, two thirds of an adjustment's time, of each picture only once while the module's tests run in this
    process: they follow from the pixels alone (tests/geo/adjust/test_features.py)."""
    known: dict[bytes, Features] = {}
    real = ties.extract

    def extract(image: NDArray[np.uint8]) -> Features:
        key = hashlib.sha256(repr(image.shape).encode() + image.tobytes()).digest()
        if key not in known:
            known[key] = real(image)
            for shared in (known[key].px, known[key].descriptors):
                shared.setflags(write=False)
        return known[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ties, "extract", extract)
        yield
