"""Free choice of tiles: how much cheaper is the same recall at the same false alarms.

Things with known boxes are drawn over the photos. The peer takes its tiles at full resolution; we may take coarser or
finer ones, with more overlap or less, chosen by the sizes that are sought. The choice is made on one half of the
photos and told for the other half.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.detect.ours import boxes, detector
from benchmarks.detect.timed import Side, in_turns
from pipeline import imagery
from pipeline.detect.found import Found
from pipeline.detect.tiles import Tiling
from pipeline.learn.metrics import matched, threshold_at
from pipeline.learn.tiles import CLASSES
from pipeline.sim.draw import View, draw
from pipeline.types import Box

IOU = 0.3
A_PHOTO = 1.0  # false alarms at which recall is compared
LEAST_CONFIDENCE = 0.1  # below it SAHI merges in another way than it does by default
TILINGS = {
    f"scale {scale:g}, overlap {overlap:g}{', whole' if whole else ''}": Tiling((scale,), overlap=overlap, whole=whole)
    for scale in (1.0, 0.5, 0.35, 0.25)
    for overlap, whole in ((0.2, True), (0.2, False), (0.1, False))
}


@dataclass(frozen=True)
class Drawn:
    """Photos with things in them, in a folder, and where these are: photo -> label -> boxes."""

    photos: tuple[Path, ...]
    known: Mapping[str, Mapping[str, tuple[Box, ...]]]


@dataclass(frozen=True)
class Point:
    """What one side finds at A_PHOTO false alarms a photo, and what a photo costs it."""

    name: str
    recall: float
    threshold: float
    cpu_s: float
    wall_s: float


def with_things(photos: Sequence[Path], folder: Path, sizes_px: tuple[float, float], each: int, seed: int) -> Drawn:
    """Copies of the photos with `each` things whose boxes' sides are about `sizes_px` (least, most)."""
    folder.mkdir(parents=True, exist_ok=True)
    known: dict[str, Mapping[str, tuple[Box, ...]]] = {}
    made = []
    for n, photo in enumerate(photos):
        image, boxes_of = _peopled(photo, sizes_px, each, np.random.default_rng([seed, n]))
        made.append(folder / f"{n:02d}.jpg")
        made[-1].write_bytes(imagery.encode_jpeg(image, 95))
        known[made[-1].name] = {label: tuple(b) for label, b in boxes_of.items()}
    return Drawn(tuple(made), known)


def _peopled(
    photo: Path, sizes_px: tuple[float, float], each: int, rng: np.random.Generator
) -> tuple[imagery.Image, dict[str, list[Box]]]:
    """The photo with things in cells of a grid, so that none lies on another."""
    image = imagery.decode(imagery.read_bytes(photo), photo.name).copy()
    height, width = image.shape[:2]
    cell = max(int(1.6 * sizes_px[1]), 64)
    cells = [(x, y) for y in range(0, height - cell + 1, cell) for x in range(0, width - cell + 1, cell)]
    slanting = float(rng.uniform(0, 60))
    found: dict[str, list[Box]] = {}
    for k in rng.permutation(len(cells)):
        if sum(map(len, found.values())) == each:
            break
        x, y = cells[int(k)]
        label = CLASSES[int(rng.integers(len(CLASSES)))]
        cut = np.ascontiguousarray(image[y : y + cell, x : x + cell])
        thing = _thing(cut, label, sizes_px, slanting, rng)
        if thing is not None:
            image[y : y + cell, x : x + cell] = thing[0]
            b = thing[1]
            found.setdefault(label, []).append((b[0] + x, b[1] + y, b[2] + x, b[3] + y))
    return image, found


def _thing(
    cut: imagery.Image, label: str, sizes_px: tuple[float, float], tilt_deg: float, rng: np.random.Generator
) -> tuple[imagery.Image, Box] | None:
    """A plain one of a size that is sought; None where ten tries give none."""
    side = cut.shape[0]
    for _ in range(10):
        view = View(
            height_px=side, width_px=side, px_per_m=float(np.exp(rng.uniform(np.log(2), np.log(40)))),
            tilt_deg=tilt_deg, focal_px=3.0 * side, shadow_deg=float(rng.uniform(0, 360)), sun_height_deg=45.0,
            wind_deg=float(rng.uniform(0, 360)),
        )  # fmt: skip
        try:
            drawn = draw(cut, label, rng, view, float(rng.uniform(0.5, 1)))
        except ValueError:
            continue
        if sizes_px[0] <= drawn.size_px <= sizes_px[1]:
            return drawn.image, drawn.box_px
    return None


def compared(
    theirs: Side, weights: Mapping[str, Path], drawn: Drawn, labels: Sequence[str], repeat: int
) -> tuple[Point, Point, Point]:
    """(the peer, our choice with its own threshold as it does on the other half, our finest tiles), on the second half.

    `weights`: form of the network -> file.
    """
    half = len(drawn.photos) // 2
    chosen_on, told_on = drawn.photos[:half], drawn.photos[half:]
    sides: dict[str, Side] = {"peer": theirs}
    for form, path in weights.items():
        for name, tiling in TILINGS.items():
            see = detector(path, LEAST_CONFIDENCE, tiling)
            sides[f"{form}, {name}"] = partial(boxes, see)
    tried = _points(sides, chosen_on, drawn, labels, 1)
    enough = [p for p in tried.values() if p.name != "peer" and p.recall >= tried["peer"].recall]
    best = min(enough or [max(tried.values(), key=lambda p: p.recall)], key=lambda p: p.cpu_s)
    finest = f"{next(iter(weights))}, {next(iter(TILINGS))}"
    last = _points({n: sides[n] for n in dict.fromkeys(("peer", best.name, finest))}, told_on, drawn, labels, repeat)
    return last["peer"], last[best.name], last[finest]


def _points(
    sides: Mapping[str, Side], photos: Sequence[Path], drawn: Drawn, labels: Sequence[str], repeat: int
) -> dict[str, Point]:
    found: dict[str, dict[Path, Found]] = {name: {} for name in sides}

    def kept(name: str, work: Side) -> Side:
        def side(photo: Path) -> Found:
            found[name][photo] = work(photo)
            return found[name][photo]

        return side

    costs = in_turns({name: kept(name, work) for name, work in sides.items()}, photos, repeat)
    points = {}
    for name in sides:
        recall, threshold = _recall(found[name], drawn, labels)
        points[name] = Point(name, recall, threshold, costs[name].cpu_s, costs[name].wall_s)
    return points


def _recall(found: Mapping[Path, Found], drawn: Drawn, labels: Sequence[str]) -> tuple[float, float]:
    """(share of the things found, threshold) at A_PHOTO false alarms a photo; a box on nothing drawn is one."""
    right_at: list[float] = []
    wrong_at: list[float] = []
    total = 0
    for number, label in enumerate(labels):
        seen = [
            (photo.name, float(s), tuple(map(float, b)))
            for photo, f in found.items()
            for b, s, n in zip(f.boxes, f.scores, f.labels, strict=True)
            if n == number
        ]
        truths = {photo.name: drawn.known[photo.name].get(label, ()) for photo in found}
        total += sum(map(len, truths.values()))
        confidence, right = matched(seen, truths, IOU)  # type: ignore[arg-type]
        right_at += confidence[right].tolist()
        wrong_at += confidence[~right].tolist()
    threshold = threshold_at(wrong_at, len(found), A_PHOTO)
    return sum(c >= threshold for c in right_at) / max(total, 1), threshold
