"""The law of pipeline/detect/merge.py once more, said plainly and slowly: one loop a sentence, no columns."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import combinations

import numpy as np

from pipeline.detect.found import Found
from pipeline.detect.merge import Seen

Box = list[np.float32]
HALF = np.float32(0.5)


@dataclass(eq=False)
class Sight:
    """One box in one tile."""

    number: int
    tile: int
    box: Box
    score: float
    label: int
    cut: bool
    near: np.float32
    rectangle: Box
    covered_by: list[Sight] = field(default_factory=list)


@dataclass(eq=False)
class Thing:
    """Sights that are one object."""

    first: int
    sights: list[Sight]

    @property
    def whole(self) -> bool:
        return any(not s.cut for s in self.sights)

    @property
    def score(self) -> float:
        return max(s.score for s in self.sights)

    @property
    def box(self) -> Box:
        uncut = [s for s in self.sights if not s.cut]
        if uncut:
            return min(uncut, key=lambda s: (-s.score, s.number)).box
        return [f(s.box[k] for s in self.sights) for k, f in enumerate((min, min, max, max))]


def plainly_merged(tiles: list[Seen], most_overlap: float) -> list[tuple[float, ...]]:
    """Rows (x0, y0, x1, y1, score, label), ranked."""
    if len(tiles) == 1:
        return rows_of(tiles[0].found)
    sights = _sights(tiles)
    agreeing = []
    for one, other in combinations(sights, 2):
        if one.tile != other.tile and one.label == other.label:
            agreement = _compare(one, other)
            if agreement > 0:
                agreeing.append((-agreement, one.number, other.number))
    return plainly_suppressed(_standing(_joined(sights, sorted(agreeing))), most_overlap)


def rows_of(found: Found) -> list[tuple[float, ...]]:
    columns = zip(found.boxes.tolist(), found.scores.tolist(), found.labels.tolist(), strict=True)
    return [(*box, score, label) for box, score, label in columns]


def _sights(tiles: list[Seen]) -> list[Sight]:
    out: list[Sight] = []
    for t, tile in enumerate(sorted((t for t in tiles if len(t.found)), key=lambda t: t.rectangle)):
        rectangle = list(np.array(tile.rectangle, np.float32))
        for row, cut in zip(range(len(tile.found)), tile.cut, strict=True):
            box, score = list(tile.found.boxes[row]), tile.found.scores[row]
            label = int(tile.found.labels[row])
            out.append(Sight(len(out), t, box, score, label, bool(cut), np.float32(tile.near), rectangle))
    return out


def _compare(one: Sight, other: Sight) -> np.float32:
    """Agreement of two sights from two tiles, 0 where they are no one object; and who is a part of whom is noted."""
    both = common(one.rectangle, other.rectangle)
    if not (reaches(one.box, both) and reaches(other.box, both)):
        return np.float32(0)
    if part_of(one, other):
        one.covered_by.append(other)
    if part_of(other, one):
        other.covered_by.append(one)
    if area(common(one.box, other.box)) <= 0:
        return np.float32(0)
    agreement = iou(common(one.box, both), common(other.box, both))
    if agreement < HALF or (not one.cut and not other.cut and iou(one.box, other.box) < np.float32(0.4)):
        return np.float32(0)
    return agreement


def part_of(small: Sight, large: Sight) -> bool:
    room = small.near * HALF
    grown = [large.box[0] - room, large.box[1] - room, large.box[2] + room, large.box[3] + room]
    mostly_in = area(common(small.box, grown)) >= np.float32(0.7) * area(small.box)
    return bool(small.cut and mostly_in and area(large.box) > area(small.box))


def _joined(sights: list[Sight], agreeing: list[tuple[np.float32, int, int]]) -> list[Thing]:
    things = [Thing(s.number, [s]) for s in sights]
    of = {s.number: things[s.number] for s in sights}
    for _, i, j in agreeing:
        one, other = of[i], of[j]
        if one is other or {s.tile for s in one.sights} & {s.tile for s in other.sights}:
            continue
        one.sights += other.sights
        for s in other.sights:
            of[s.number] = one
        things.remove(other)
    return sorted(things, key=lambda t: t.first)


def _standing(things: list[Thing]) -> list[tuple[float, ...]]:
    of = {s.number: t for t in things for s in t.sights}
    stands = [t for t in things if t.whole]
    for thing in sorted((t for t in things if not t.whole), key=lambda t: -area(t.box)):
        if not all(any(of[large.number] in stands for large in s.covered_by) for s in thing.sights):
            stands.append(thing)
    return [(*map(float, t.box), float(t.score), t.sights[0].label) for t in stands]


def plainly_suppressed(rows: list[tuple[float, ...]], most_overlap: float) -> list[tuple[float, ...]]:
    kept: list[tuple[float, ...]] = []
    for row in sorted(rows, key=lambda r: (-r[4], *r[:4], r[5])):
        same = [k for k in kept if k[5] == row[5]]
        if all(iou(single(k), single(row)) <= np.float32(most_overlap) for k in same):
            kept.append(row)
    return kept


def single(row: tuple[float, ...]) -> Box:
    return [np.float32(v) for v in row[:4]]


def common(one: Box, other: Box) -> Box:
    return [max(one[0], other[0]), max(one[1], other[1]), min(one[2], other[2]), min(one[3], other[3])]


def area(box: Box) -> np.float32:
    return np.float32(max(box[2] - box[0], np.float32(0)) * max(box[3] - box[1], np.float32(0)))


def iou(one: Box, other: Box) -> np.float32:
    shared = area(common(one, other))
    return np.float32(shared / max(area(one) + area(other) - shared, np.float32(1e-9)))


def reaches(box: Box, rectangle: Box) -> bool:
    inside = common(box, rectangle)
    return bool(inside[2] > inside[0] and inside[3] > inside[1])
