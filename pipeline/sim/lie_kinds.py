"""The ways in which a flight's headers can lie, by name, and how large each lie is."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

LARGEST = 1000.0


@dataclass(frozen=True, slots=True)
class LieKind:
    """One way to lie. `ranges`: where its size is drawn from; none: the lie has no size of its own to choose."""

    unit: str
    ranges: tuple[tuple[float, float], ...] = ()
    whole: bool = False
    in_logs: bool = False  # possible where poses come from a log


@dataclass(frozen=True, slots=True)
class Lie:
    """A lie as told: its size (of several photos' own, the mean where they differ) and the photos it is about."""

    name: str
    value: float
    unit: str
    photos: tuple[str, ...]


EITHER_METRES = ((-25.0, -8.0), (8.0, 25.0))

# What each of them does is written at its function in `lies`.
KINDS = {
    "turned-90": LieKind("deg", in_logs=True),
    "turned-180": LieKind("deg", in_logs=True),
    "turned-270": LieKind("deg", in_logs=True),
    "yaw-outliers": LieKind("deg", ((-40.0, -10.0), (10.0, 40.0))),
    "aircraft-yaw": LieKind("deg", ((-180.0, -20.0), (20.0, 180.0))),
    "zero-gimbal": LieKind("deg"),
    "magnetic": LieKind("deg", ((-12.0, -2.0), (2.0, 8.0))),
    "yaw-sign": LieKind("deg"),
    "pitch-sign": LieKind("deg"),
    "roll-sign": LieKind("deg", ((-15.0, -8.0), (8.0, 15.0))),
    "relative-as-absolute": LieKind("m"),
    "ellipsoid-for-geoid": LieKind("m"),
    "barometer": LieKind("m", EITHER_METRES),
    "barometer-drift": LieKind("m", EITHER_METRES),
    "clock-seconds": LieKind("s", ((-5.0, -1.0), (1.0, 5.0)), in_logs=True),
    "clock-hours": LieKind("h", ((-12.49, -0.51), (0.51, 12.49)), whole=True, in_logs=True),
    "gcj02": LieKind("m"),
}


def parse(text: str) -> tuple[str, float | None]:
    """A lie's name, and its size where one is asked for: "magnetic" or "magnetic=-7.5". ValueError: not a lie."""
    name, given, size = text.partition("=")
    if name not in KINDS:
        raise ValueError(f"there is no lie called {name!r}; there are: {', '.join(KINDS)}")
    if not given:
        return name, None
    if not KINDS[name].ranges:
        raise ValueError(f"the lie {name} has no size to choose")
    try:
        value = float(size)
    except ValueError:
        value = math.nan
    if not abs(value) <= LARGEST:
        raise ValueError(f"the size of the lie {name} is a number up to {LARGEST:.0f}")
    return name, value


def drawn(kind: LieKind, rng: np.random.Generator) -> float:
    """A size anywhere in the ranges; 0 where there are none."""
    if not kind.ranges:
        return 0.0
    lengths = np.array([high - low for low, high in kind.ranges])
    low, high = kind.ranges[rng.choice(len(lengths), p=lengths / lengths.sum())]
    size = float(rng.uniform(low, high))
    return float(round(size)) if kind.whole else size
