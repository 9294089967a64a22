"""A stretch of ground as a drawing sees it, north up: metres to units and back, its grid, and what lies outside."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipeline.contest.maps.svg import Place

STEPS = (1, 2, 5, 10)
MOST_SQUARES = 8  # of the grid along the longer side


@dataclass(frozen=True, slots=True)
class Window:
    """West and north edge in metres on the plane, units a metre, size in units."""

    west_m: float
    north_m: float
    scale: float
    width: float
    height: float

    def at(self, place: Place) -> Place:
        """Where a place stands in the drawing."""
        return (place[0] - self.west_m) * self.scale, (self.north_m - place[1]) * self.scale

    def ring(self, outline: Sequence[Place]) -> list[Place]:
        return [self.at(place) for place in outline]

    def holds(self, place: Place, edge: float = 0.0) -> bool:
        """Whether a place is inside, at least `edge` units from the border."""
        x, y = self.at(place)
        return edge <= x <= self.width - edge and edge <= y <= self.height - edge

    def clamped(self, place: Place, edge: float) -> Place:
        """The place, or where the border is met on the way to it from the middle; units."""
        x, y = self.at(place)
        middle, half = (self.width / 2, self.height / 2), (self.width / 2 - edge, self.height / 2 - edge)
        dx, dy = x - middle[0], y - middle[1]
        share = min([1.0, *(h / abs(d) for h, d in zip(half, (dx, dy), strict=True) if d)])
        return middle[0] + dx * share, middle[1] + dy * share

    @property
    def grid_m(self) -> float:
        """Side of a grid square: 1, 2 or 5 times a power of ten."""
        longer_m = max(self.width, self.height) / self.scale
        power: float = 10.0 ** math.floor(math.log10(longer_m / MOST_SQUARES))
        return next(power * n for n in STEPS if power * n * MOST_SQUARES >= longer_m * (1 - 1e-9))

    def square(self, place: Place) -> str:
        """The grid square of a place, B3: letters go east, numbers south; — outside."""
        if not self.holds(place):
            return "—"
        side = self.grid_m * self.scale
        x, y = self.at(place)
        return f"{letter(int(x // side))}{int(y // side) + 1}"


def letter(index: int) -> str:
    """A, B, … of a column of the grid."""
    return chr(ord("A") + min(index, 25))


def window_about(places: Iterable[Place], margin_m: float, width: float, shares: tuple[float, float]) -> Window:
    """All places and a margin; height within `shares` of the width."""
    xs, ys = zip(*places, strict=True)
    wide_m, high_m = max(xs) - min(xs) + 2 * margin_m, max(ys) - min(ys) + 2 * margin_m
    share = min(max(high_m / wide_m, shares[0]), shares[1])
    side_m = max(wide_m, high_m / share)
    middle = (max(xs) + min(xs)) / 2, (max(ys) + min(ys)) / 2
    return Window(
        middle[0] - side_m / 2, middle[1] + side_m * share / 2, width / side_m, float(width), float(width) * share
    )
