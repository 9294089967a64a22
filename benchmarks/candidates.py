"""`plume` and `outlet`: average precision, recall, false candidates a photo, feet and time.

    python -m benchmarks.candidates DATA [--only plume|outlet] [--fit]

DATA holds smoke/ (pictures with boxes in YOLO's text), flights/ and markers/ (photos without smoke and outfalls).
Constants were chosen on these alone: the training pictures of smoke, the flights cuav and narrabeen, and what is
simulated or drawn with the seeds below REPORTED_SEED (drawings lie over photos of those two flights). Everything else
is for reporting. --fit makes the weights and the tables of false candidates again.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline import imagery
from pipeline.detect import candidates, outlet, plume
from pipeline.detect.detector import Detector
from pipeline.imagery import Image
from pipeline.learn.labels import read_labelled
from pipeline.learn.metrics import Seen, average_precision, overlap, recall_at
from pipeline.sim import FlightConfig, fly
from pipeline.sim import draw as drawings
from pipeline.sim.render import open_studio, photo
from pipeline.types import Box

CCTV, MIXED = "smoke/real_smoke_cctv_ccby", "smoke/real_smoke_mixed_ccby"
QUIET_CHOSEN = ("flights/cuav", "flights/narrabeen")
QUIET = ("flights/brighton", "flights/caliterra", "flights/lewis", "flights/seneca", "markers/copr")
REPORTED_SEED = 1000
FLIGHTS_CHOSEN, FLIGHTS = (1, 2, 3), (1001, 1002, 1003)
LEVELS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
R90_SIGMAS = 2.146  # radius of the circle that holds 90 % of a round Gaussian
LARGE_PX = 1600  # drawings are made on photos of this long side

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Shot:
    """A picture, the boxes of what is to be found in it, and the true pixels of their feet or mouths, if known."""

    name: str
    image: Image
    boxes: tuple[Box, ...] = ()
    points: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True)
class Subject:
    """One of the two detectors, and what it is after."""

    module: ModuleType
    make: Callable[[], Detector]
    labels: tuple[str, ...]
    proposals: Callable[[candidates.Cells], Sequence[tuple[dict[str, float], Sequence[int]]]]

    def everything(self) -> Detector:
        """The detector keeping nothing to itself: average precision is about its order."""
        see = self.make()
        see.threshold = 0.0
        return see


def plumes(grid: candidates.Cells) -> list[tuple[dict[str, float], Sequence[int]]]:
    return [(plume.features(grid, r), r.box) for r in plume.proposals(grid)]


def outlets(grid: candidates.Cells) -> list[tuple[dict[str, float], Sequence[int]]]:
    return [(outlet.features(grid, s), candidates.widened(s.region, outlet.MARGIN_CELLS)) for s in outlet.spots(grid)]


SUBJECTS = {
    "plume": Subject(plume, plume.Plume, ("smoke", "dust"), plumes),
    "outlet": Subject(outlet, outlet.Outlet, ("outfall",), outlets),
}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("data", type=Path)
    arguments.add_argument("--only", choices=SUBJECTS)
    arguments.add_argument("--fit", action="store_true")
    wanted = arguments.parse_args()
    cv2.setNumThreads(1)
    for name in [wanted.only] if wanted.only else SUBJECTS:
        (fit if wanted.fit else report)(name, wanted.data)


def report(name: str, data: Path) -> None:
    subject = SUBJECTS[name]
    if name == "plume":
        for folder in (f"{CCTV}/valid", f"{CCTV}/test", MIXED):
            measured(subject, f"real, {folder}", labelled(data / folder))
    measured(subject, "simulated flights", flown(FLIGHTS, subject.labels))
    measured(subject, "drawn over photos", drawn(data, QUIET, subject.labels, REPORTED_SEED))
    alarms(subject, "photos without any", photos(data, QUIET))


# --- pictures ----------------------------------------------------------------------------------------------------


def labelled(folder: Path) -> Iterator[Shot]:
    for picture in read_labelled(folder):
        image = imagery.decode(imagery.read_bytes(picture.path), picture.path.name)
        height, width = image.shape[:2]
        shares = np.array([b[1:] for b in picture.boxes]).reshape(-1, 4) * [width, height, width, height]
        edges = np.concatenate([shares[:, :2] - shares[:, 2:] / 2, shares[:, :2] + shares[:, 2:] / 2], 1) - 0.5
        yield Shot(picture.path.name, image, tuple((b[0], b[1], b[2], b[3]) for b in edges.tolist()))


def photos(data: Path, folders: Iterable[str]) -> Iterator[Shot]:
    for folder in folders:
        for path in sorted((data / folder).rglob("*")):
            if path.suffix.lower() in imagery.PHOTO_SUFFIXES:
                yield Shot(f"{folder}/{path.name}", imagery.decode(imagery.read_bytes(path), path.name))


def flown(seeds: Iterable[int], labels: Sequence[str]) -> Iterator[Shot]:
    """Photos of simulated flights, straight down or oblique by the seed, with several things of each kind."""
    for seed in seeds:
        config = FlightConfig(
            seed=seed, width_px=1600, height_px=1200, strips=2, photos_per_strip=5, n_smoke=3, n_dust=3, n_outfalls=4,
            n_markers=2, pattern="oblique" if seed % 2 else "nadir",
        )  # fmt: skip
        truth = fly(config)
        studio = open_studio(truth)
        for i, name in enumerate(truth.photos):
            js = [j for j, t in enumerate(truth.scored) if truth.visible[i, j] and t.label in labels]
            boxes = tuple(tuple(truth.boxes[i, j].tolist()) for j in js)
            yield Shot(f"{seed}/{name}", photo(studio, i), boxes, tuple(tuple(truth.px[i, j].tolist()) for j in js))  # type: ignore[arg-type]


def drawn(data: Path, folders: Iterable[str], labels: Sequence[str], seed: int) -> Iterator[Shot]:
    """One drawing over every photo, the labels in turn."""
    for i, shot in enumerate(photos(data, folders)):
        rng = np.random.default_rng(seed + i)
        done = drawings.draw(imagery.reduced(shot.image, LARGE_PX), labels[i % len(labels)], rng)
        yield Shot(shot.name, done.image, (done.box_px,))


# --- figures -----------------------------------------------------------------------------------------------------


def measured(subject: Subject, title: str, shots: Iterable[Shot]) -> None:
    """AP, recall and how far feet are off, in one set."""
    see, seen, truths, feet = subject.everything(), [], {}, []
    for shot in shots:
        truths[shot.name] = list(shot.boxes)
        found = see.find(shot.image, shot.name)
        seen += [(shot.name, d.confidence, d.box_px) for d in found]
        for box, point in zip(shot.boxes, shot.points, strict=False):
            near = max(found, key=lambda d, b=box: overlap(d.box_px, b), default=None)  # type: ignore[misc]
            if near is not None and overlap(near.box_px, box) >= 0.3:
                off = float(np.hypot(near.point_px[0] - point[0], near.point_px[1] - point[1]))
                feet.append((off / max(box[2] - box[0], box[3] - box[1]), off / near.point_sigma_px))
    print(f"{title}: {len(truths)} pictures, {sum(map(len, truths.values()))} boxes")
    default = subject.make().threshold
    for iou in (0.3, 0.5):
        at = recall_at(seen, truths, iou, default)
        best = "  ".join(f"{k}: {recall_at(first(seen, k), truths, iou, 0):.2f}" for k in (1, 2, 4))
        ap = average_precision(seen, truths, iou)
        print(f"  IoU {iou}: AP {ap:.3f}, recall at threshold {default} {at:.2f}, among the k best {best}")
    if feet:
        off, sigmas = np.median(feet, axis=0)
        within = np.mean([s <= R90_SIGMAS for _, s in feet])
        print(f"  {len(feet)} points: median {off:.2f} of the box's side, {sigmas:.1f} sigma; {within:.2f} within r90")


def first(seen: Sequence[Seen], most: int) -> list[Seen]:
    """The surest of each picture; `seen` lists those first."""
    by_picture: dict[str, list[Seen]] = {}
    for s in seen:
        by_picture.setdefault(s[0], []).append(s)
    return [s for found in by_picture.values() for s in found[:most]]


def alarms(subject: Subject, title: str, shots: Iterable[Shot]) -> None:
    """False candidates a photo by threshold, and time."""
    see, confidences, count, busy_s, megapixels = subject.everything(), [], 0, 0.0, 0.0
    for shot in shots:
        start = time.process_time()
        confidences += [d.confidence for d in see.find(shot.image, shot.name)]
        busy_s += time.process_time() - start
        megapixels += shot.image.size / 3e6
        count += 1
    rates = "  ".join(f"{level}: {sum(c >= level for c in confidences) / count:.2f}" for level in LEVELS)
    print(f"{title}: {count} photos, {busy_s / megapixels * 12:.2f} s CPU for 12 megapixels")
    print(f"  false candidates a photo at {rates}; at the default {subject.make().threshold}")


# --- choosing ----------------------------------------------------------------------------------------------------

SETS_WEIGHT = {"quiet": 8.0, "drawn": 4.0, "flown": 4.0, "real": 1.0}  # of a picture: the sets differ in size


def fit(name: str, data: Path) -> None:
    """A detector's weights by logistic regression, and its false candidates on what they were chosen on."""
    subject = SUBJECTS[name]
    sets: list[tuple[str, Callable[[], Iterable[Shot]]]] = [
        ("quiet", lambda: photos(data, QUIET_CHOSEN)),
        ("flown", lambda: flown(FLIGHTS_CHOSEN, subject.labels)),
        ("drawn", lambda: (s for n in range(2) for s in drawn(data, QUIET_CHOSEN, subject.labels, 100 * n))),
    ]
    if name == "plume":
        sets.append(("real", lambda: labelled(data / CCTV / "train")))
    rows: list[list[float]] = []
    names: list[str] = []
    for kind, shots in sets:
        for told, share in (t for shot in shots() for t in described(subject, shot)):
            names = list(told)
            if not 0.3 < share[0] < 0.5:  # neither right nor wrong
                rows.append([1.0, *told.values(), float(share[0] >= 0.5), SETS_WEIGHT[kind] / share[1]])
        print(f"{kind}: {len(rows)} regions so far, {sum(r[-2] for r in rows):.0f} right")
    table = np.array(rows)
    solution = logistic(table[:, :-2], table[:, -2], table[:, -1])
    for key, value in zip(["", *names], solution, strict=True):
        print(f'    "{key}": {value:.2f},')
    subject.module.WEIGHTS.update(zip(["", *names], solution.round(2).tolist(), strict=True))
    for kind, shots in sets:
        (alarms if kind == "quiet" else measured)(subject, f"chosen on: {kind}", shots())


def described(subject: Subject, shot: Shot) -> list[tuple[dict[str, float], tuple[float, int]]]:
    """Every proposal's features, with its best overlap with a truth and how many proposals there are."""
    grid = candidates.cells(shot.image, subject.module.GRID)
    told = [] if grid is None else subject.proposals(grid)
    scale = (1.0, 1.0) if grid is None else grid.scale
    best = [max((overlap(candidates.in_pixels(b, scale), t) for t in shot.boxes), default=0.0) for _, b in told]
    return [(f, (o, len(told))) for (f, _), o in zip(told, best, strict=True)]


def logistic(x: Floats, y: Floats, weight: Floats, ridge: float = 0.5) -> Floats:
    """Weights (n,) by Newton's method, with a ridge on all but the constant."""
    penalty = ridge * np.eye(x.shape[1])
    penalty[0, 0] = 0
    beta = np.zeros(x.shape[1])
    for _ in range(60):
        p = 1 / (1 + np.exp(-np.clip(x @ beta, -30, 30)))
        slope = x.T @ (weight * (p - y)) + penalty @ beta
        curve = (x.T * (weight * p * (1 - p))) @ x + penalty
        beta = beta - np.linalg.solve(curve, slope)
    return beta


if __name__ == "__main__":
    main()
