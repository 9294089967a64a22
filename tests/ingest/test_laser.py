"""No real photo with these tags was at hand: geometry decides."""

from __future__ import annotations

import math
from typing import Any

import pytest

RANGE_M, DOWN_DEG = 100.0, -30.0
DROP_M = RANGE_M * math.sin(math.radians(DOWN_DEG))
NORTH_DEG = RANGE_M * math.cos(math.radians(DOWN_DEG)) / 110_900


def shot(headers: Any, card: Any, **changes: str | None) -> Any:
    told: dict[str, str | None] = {
        "GimbalYawDegree": "+0.10",
        "GimbalPitchDegree": f"{DOWN_DEG}",
        "LRFStatus": "Normal",
        "LRFTargetDistance": f"{RANGE_M}",
        "LRFTargetLat": f"{34.75 + NORTH_DEG:.9f}",
        "LRFTargetLon": "113.62",
        "LRFTargetAbsAlt": f"{150 + DROP_M:.3f}",
    }
    card.photo(values=headers.dji(**(told | changes)))
    return card.open().frames[0]


def test_the_point_lies_where_the_beam_ends(headers: Any, card: Any, source_of: Any) -> None:
    frame = shot(headers, card)
    assert frame.laser.at.alt_m == pytest.approx(frame.pose.at.alt_m + DROP_M, abs=1e-3)
    assert frame.laser.range_m == RANGE_M
    assert frame.laser.sigma_m == pytest.approx(0.45)
    assert source_of(frame, "laser")


@pytest.mark.parametrize("zero", [150.0, 50.0])
def test_a_height_of_either_kind_is_told_by_the_beam(headers: Any, card: Any, zero: float) -> None:
    frame = shot(headers, card, LRFTargetAbsAlt=None, LRFTargetAlt=f"{zero + DROP_M + 3:.3f}")
    assert frame.laser.at.alt_m == pytest.approx(frame.pose.at.alt_m + DROP_M + 3, abs=1e-3)


@pytest.mark.parametrize(
    "change",
    [
        {"LRFStatus": "TooFar"},
        {"LRFTargetDistance": "0"},
        {"LRFTargetDistance": "nan"},
        {"LRFTargetLat": "95"},
        {"LRFTargetLat": "36"},
        {"LRFTargetAbsAlt": None},
        {"LRFTargetAbsAlt": "9000"},
        {"LRFTargetAbsAlt": None, "LRFTargetAlt": "500"},
    ],
)
def test_a_beam_that_makes_no_sense_is_none(headers: Any, card: Any, change: Any, source_of: Any) -> None:
    frame = shot(headers, card, **change)
    assert frame.laser is None
    assert not source_of(frame, "laser")
    assert not frame.problem
