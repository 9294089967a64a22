"""Whether a network in 8 bits finds as well as in float: average precision by class, of each set and of all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline import imagery
from pipeline.detect.yolo import Yolo
from pipeline.errors import MissionError
from pipeline.learn.dataset import LONG_SIDE_PX
from pipeline.learn.evaluate import IOUS, LEAST_CONFIDENCE, asked_of, label_path_of
from pipeline.learn.labels import box_px, read_boxes
from pipeline.learn.metrics import Seen, average_precision
from pipeline.learn.tiles import CLASSES
from pipeline.types import Box

MOST_LOST = 0.01  # of average precision
MOST_PICTURES = 1000  # of a set that the two are compared on
Precisions = Mapping[tuple[str, float], float]  # (class, or set and class, IoU) -> average precision


def precisions(model: Path, pictures: Sequence[Path], tell: Callable[[int, int], None]) -> Precisions:
    """Average precision by class and IoU over all pictures, with our own engine; classes without boxes are left out.

    Each picture is one look, as in training: what is compared are the networks, not how tiles are put together.
    """
    return _asked(model, pictures, tell).precisions("", pictures)


@dataclass(frozen=True, slots=True)
class Answers:
    """The boxes that are known, class -> picture -> boxes, and those that a network found, by class."""

    truths: dict[str, dict[str, list[Box]]]
    seen: dict[str, list[Seen]]

    def precisions(self, name: str, pictures: Sequence[Path]) -> dict[tuple[str, float], float]:
        """Average precision over some of the pictures; the name comes before the classes."""
        own = {path.as_posix() for path in pictures}
        found: dict[tuple[str, float], float] = {}
        for label in CLASSES:
            truths = {picture: boxes for picture, boxes in self.truths[label].items() if picture in own}
            seen = [find for find in self.seen[label] if find[0] in own]
            if truths:
                found |= {(name + label, iou): average_precision(seen, truths, iou) for iou in IOUS}
        return found


def _asked(model: Path, pictures: Sequence[Path], tell: Callable[[int, int], None]) -> Answers:
    detector = Yolo(str(model))
    detector.threshold = LEAST_CONFIDENCE
    most_px = max(detector.engine.side_px or (LONG_SIDE_PX,))
    answers = Answers({label: {} for label in CLASSES}, {label: [] for label in CLASSES})
    for n, path in enumerate(pictures, 1):
        image = imagery.reduced(imagery.decode(imagery.read_bytes(path), path.name), most_px)
        picture = path.as_posix()
        for share in read_boxes(label_path_of(path)):
            box = box_px(share, image.shape[1], image.shape[0])
            answers.truths[CLASSES[share[0]]].setdefault(picture, []).append(box)
        for found in detector.find(image, picture):
            if found.label in answers.seen:
                answers.seen[found.label].append((picture, found.confidence, found.box_px))
        tell(n, len(pictures))
    return answers


def precisions_by_set(model: Path, sets: Mapping[str, Sequence[Path]], tell: Callable[[int, int], None]) -> Precisions:
    """`precisions` over all pictures, and where there are several sets of each: what one gains hides no loss."""
    pictures = [path for paths in sets.values() for path in paths]
    answers = _asked(model, pictures, tell)
    found = answers.precisions("", pictures)
    for name, paths in sets.items() if len(sets) > 1 else ():
        found |= answers.precisions(f"{name} ", paths)
    return found


def lost_in(before: Precisions, after: Precisions) -> str:
    """What finds worse by more than MOST_LOST, in words; nothing where nothing does."""
    lost = {key: before[key] - after[key] for key in before}
    return ", ".join(
        f"{key[0]} {value:.3f} at IoU {key[1]:g}" for key, value in lost.items() if value > MOST_LOST + 1e-9
    )


def known_pictures(data: Sequence[Path]) -> dict[str, list[Path]]:
    """Test pictures of data sets and the pictures of labelled folders, by set; at most MOST_PICTURES of one, evenly."""
    found: dict[str, list[Path]] = {}
    for name, paths in asked_of(data).sets.items():
        step = max(1.0, len(paths) / MOST_PICTURES)
        found[name] = [paths[int(i * step)] for i in range(min(len(paths), MOST_PICTURES))]
    if not any(read_boxes(label_path_of(path)) for paths in found.values() for path in paths):
        raise MissionError("--data knows of no box: whether 8 bits find as well cannot be told")
    return found
