"""Detectors by name."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from pipeline import imagery
from pipeline.detect import load_detector
from pipeline.errors import ImageryError, ModelError
from pipeline.types import Frame

BLANK = np.full((300, 400, 3), 120, np.uint8)


@pytest.mark.parametrize("spec", ["marker", " marker ", "all", "marker,marker"])
def test_names_open(spec: str) -> None:
    see = load_detector(spec)
    assert see.thresholds.keys() == {"marker"}
    assert see.find(BLANK, "a.jpg") == ()


@pytest.mark.parametrize("spec", ["", ",", "marke", "marker,x"])
def test_unknown_names_list_those_that_are_there(spec: str) -> None:
    with pytest.raises(ModelError, match="marker"):
        load_detector(spec)


def test_an_argument_that_is_not_taken_is_refused() -> None:
    with pytest.raises(ModelError, match="takes no argument"):
        load_detector("marker:large")


def test_a_wish_for_fewer_false_alarms_raises_the_threshold_and_changes_the_digest() -> None:
    few, many = load_detector("marker", 0.01), load_detector("marker", 2.0)
    assert few.thresholds["marker"] > many.thresholds["marker"]
    assert few.digest != many.digest
    with pytest.raises(ModelError, match="more than 0"):
        load_detector("marker", 0.0)


def test_it_travels_to_another_process_and_stays_the_same() -> None:
    see = load_detector("marker", 0.05)
    packed = pickle.dumps(see)
    again = pickle.loads(packed)
    assert len(packed) < 1000
    assert (again.digest, again.thresholds) == (see.digest, see.thresholds)


def test_it_is_called_with_a_frame(tmp_path: Path) -> None:
    path = tmp_path / "照片 1.jpg"
    path.write_bytes(imagery.encode_jpeg(BLANK))
    see = load_detector("marker")
    assert see(Frame("照片 1.jpg", str(path), 0, None, None)) == ()
    with pytest.raises(ImageryError):
        see(Frame("none.jpg", str(tmp_path / "none.jpg"), 0, None, None))
