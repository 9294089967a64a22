"""Where labels go: beside their mark, off the marks and off each other; what finds no room is left out and counted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from pipeline.contest.maps.svg import Place, width_of

Box = tuple[float, float, float, float]  # left, top, right, bottom
CELL = 60.0
# Right and left first, as maps do; then above and below; then the corners further off.
AROUND = ((1, 0), (-1, 0), (0, -1), (0, 1), (1, -1), (-1, -1), (1, 1), (-1, 1))
DISTANCES = (9.0, 17.0, 27.0)


@dataclass(frozen=True, slots=True)
class Label:
    """Words with their baseline's left end, and the end of a leader where they stand far off."""

    words: str
    at: Place
    box: Box
    leader: Place | None


@dataclass(slots=True)
class Room:
    """What is taken on a drawing of a size, looked up by cells."""

    width: float
    height: float
    cells: dict[tuple[int, int], list[Box]] = field(default_factory=dict)

    def take(self, box: Box) -> None:
        for cell in _cells(box):
            self.cells.setdefault(cell, []).append(box)

    def take_marks(self, places: Iterable[Place], radius: float) -> None:
        for x, y in places:
            self.take((x - radius, y - radius, x + radius, y + radius))

    def cost(self, box: Box) -> float:
        """Area in common with what is taken; without end beyond the border."""
        left, top, right, bottom = box
        if left < 2 or top < 2 or right > self.width - 2 or bottom > self.height - 2:
            return float("inf")
        return sum(_common(box, other) for other in {b for cell in _cells(box) for b in self.cells.get(cell, ())})

    def label(self, words: str, mark: Place, size: float, must: bool) -> Label | None:
        """The best place for a label, which it takes; None where it would touch something and need not be there."""
        wide, high = width_of(words, size), size
        best = min(_candidates(mark, wide, high), key=lambda b: (self.cost(b[1]), b[0]))
        cost = self.cost(best[1])
        if cost == float("inf") or (cost > 0 and not must):
            return None
        self.take(best[1])
        left, _, right, bottom = best[1]
        far = best[0] >= len(AROUND)
        end = (left if left > mark[0] else right if right < mark[0] else (left + right) / 2, bottom - high / 2)
        return Label(words, (left, bottom - 0.18 * high), best[1], end if far else None)


def _candidates(mark: Place, wide: float, high: float) -> Sequence[tuple[int, Box]]:
    found: list[tuple[int, Box]] = []
    for away in DISTANCES:
        for dx, dy in AROUND:
            x = mark[0] + dx * away - (wide if dx < 0 else wide / 2 if dx == 0 else 0)
            y = mark[1] + dy * away - (high if dy < 0 else high / 2 if dy == 0 else 0)
            found.append((len(found), (x, y, x + wide, y + high)))
    return found


def _cells(box: Box) -> list[tuple[int, int]]:
    left, top, right, bottom = (int(v // CELL) for v in box)
    return [(x, y) for x in range(left, right + 1) for y in range(top, bottom + 1)]


def _common(one: Box, other: Box) -> float:
    wide = min(one[2], other[2]) - max(one[0], other[0])
    high = min(one[3], other[3]) - max(one[1], other[1])
    return wide * high if wide > 0 and high > 0 else 0.0
