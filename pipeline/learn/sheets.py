"""Picture sheets of the worst misses and the surest false alarms, for a person to look through."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline import imagery
from pipeline.errors import ImageryError
from pipeline.files import write_bytes_atomic
from pipeline.imagery import Image
from pipeline.learn.breakdown import judged
from pipeline.learn.evaluate import IOUS, Measured
from pipeline.learn.tiles import CLASSES
from pipeline.types import Box

ACROSS, DOWN, CELL_PX, CAPTION_PX = 6, 5, 220, 18
MOST_SHEETS = 4  # of a class and a kind of mistake
MARGIN = 1.0  # of the box, around it
RED, GREEN = (40, 40, 230), (60, 200, 60)


@dataclass(frozen=True, slots=True)
class Mistake:
    """A place to look at: known and not found (green), or found and not there (red)."""

    picture: str
    box_px: Box
    caption: str
    found: bool


def write_sheets(told: Measured, folder: Path) -> list[Path]:
    """FOLDER/misses-CLASS-N.jpg and FOLDER/false-alarms-CLASS-N.jpg; returns them. The folder is made."""
    folder.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    for label in CLASSES:
        for name, mistakes in (("misses", misses(told, label)), ("false-alarms", false_alarms(told, label))):
            written += _written(folder / f"{name}-{label}", mistakes)
    return written


def misses(told: Measured, label: str) -> list[Mistake]:
    """What is known and was found below the threshold or not at all; the plainest to see first."""
    missed = []
    for name, answers in told.answers.items():
        truths, seen = answers.truths[label], answers.seen(label)
        match = judged(seen, truths, IOUS[0])
        best = {i: c for c, i in zip(match.confidences, match.of_truth, strict=True) if i is not None}
        missed += [(name, t, best.get(i, 0.0)) for i, t in enumerate(truths) if best.get(i, 0.0) < told.threshold]
    missed.sort(key=lambda m: (-(m[1].contrast_de or 0.0), m[2], m[1].picture, m[1].box_px))
    return [Mistake(t.picture, t.box_px, f"{name} {t.kind} {sure:.2f}", False) for name, t, sure in missed]


def false_alarms(told: Measured, label: str) -> list[Mistake]:
    """What was found and is not there, on clean photos and on test pictures; the surest first."""
    found = [("clean", find) for c, find in told.alarms if c == label]
    for name, answers in told.answers.items():
        ordered = sorted(answers.found[label], key=lambda d: (-d[1], d[0], d[2]))
        match = judged(answers.seen(label), answers.truths[label], IOUS[0])
        found += [(name, find) for find, i in zip(ordered, match.of_truth, strict=True) if i is None]
    found.sort(key=lambda f: (-f[1][1], f[1][0], f[1][2]))
    return [Mistake(find[0], find[2], f"{name} {find[1]:.2f}", True) for name, find in found]


def _written(stem: Path, mistakes: Sequence[Mistake]) -> list[Path]:
    a_sheet = ACROSS * DOWN
    paths = []
    for n in range(min(MOST_SHEETS, -(-len(mistakes) // a_sheet))):
        path = stem.with_name(f"{stem.name}-{n + 1}.jpg")
        write_bytes_atomic(path, imagery.encode_jpeg(sheet(mistakes[n * a_sheet : (n + 1) * a_sheet]), 85))
        paths.append(path)
    return paths


def sheet(mistakes: Iterable[Mistake]) -> Image:
    """Up to ACROSS × DOWN places side by side, each with its box and caption."""
    cells = [_cell(m) for m in mistakes][: ACROSS * DOWN]
    blank = np.full((CELL_PX + CAPTION_PX, CELL_PX, 3), 24, np.uint8)
    rows = -(-len(cells) // ACROSS)
    cells += [blank] * (rows * ACROSS - len(cells))
    return np.vstack([np.hstack(cells[r * ACROSS : (r + 1) * ACROSS]) for r in range(rows)])


def _cell(mistake: Mistake) -> Image:
    import cv2

    cell = np.full((CELL_PX + CAPTION_PX, CELL_PX, 3), 24, np.uint8)
    try:
        image = imagery.decode(imagery.read_bytes(mistake.picture), mistake.picture)
    except ImageryError:  # it went away since it was asked about
        return cell
    x0, y0, x1, y1 = imagery.crop_box(mistake.box_px, image.shape[1], image.shape[0], MARGIN)
    gain = CELL_PX / max(x1 - x0, y1 - y0)
    size = (max(1, round((x1 - x0) * gain)), max(1, round((y1 - y0) * gain)))
    cut = np.asarray(cv2.resize(image[y0:y1, x0:x1], size, interpolation=cv2.INTER_AREA), np.uint8)
    left, top, right, bottom = (
        round((v + 0.5 - corner) * gain) for v, corner in zip(mistake.box_px, (x0, y0, x0, y0), strict=True)
    )
    cv2.rectangle(cut, (left, top), (right, bottom), RED if mistake.found else GREEN, 1)
    cell[CAPTION_PX : CAPTION_PX + size[1], : size[0]] = cut[:CELL_PX, :CELL_PX]
    caption = mistake.caption.encode("ascii", "replace").decode()
    cv2.putText(cell, caption, (3, 13), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (235, 235, 235), 1, cv2.LINE_AA)
    return cell
