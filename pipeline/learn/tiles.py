"""Tiles cut from photos, with smoke, dust, outfalls and panels drawn over them, and with what only looks like these."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from pipeline import imagery
from pipeline.errors import MissionError
from pipeline.imagery import Image
from pipeline.learn.labels import Share, share_of
from pipeline.learn.wear import worn
from pipeline.sim.draw import Drawn, View, decoy, draw, draw_loosely, guess_view, under_sky
from pipeline.types import Box, Pixel

CLASSES = ("smoke", "dust", "outfall", "marker")
WEIGHTS = (0.32, 0.26, 0.24, 0.18)  # how often each is drawn
MORE = (0.2, 0.3, 0.25, 0.15, 0.1)  # one to five things in a tile: a network learns from things, not from tiles
EMPTY = 0.2  # share of the tiles with nothing to find
LOOSE = 0.4  # share of the tiles that are drawn by another hand, lest one hand's ways be what is learned
SKY = 0.12  # share of the tiles with a sky over a horizon: grey skies were taken for smoke
DECOYS = 0.6  # share of the empty tiles with something that only looks like a source
DECOYS_BESIDE = 0.2  # and of the others
COARSEST = 8.0  # picture pixels a tile's pixel, at most
KEEP_OFF_PX = 160  # from a point that a table beside the photos knows
MAX_TABLE_BYTES = 16 * 1024 * 1024
ROOM_PX = 4.0  # between two drawn things


@dataclass(frozen=True, slots=True)
class Thing:
    """What is known of one drawn thing: `Drawn` without its pixels."""

    label: str
    box_px: Box
    source_px: Pixel
    kind: str
    contrast_de: float
    opacity: float
    size_px: float

    def told(self) -> dict[str, Any]:
        """A thing of things.jsonl."""
        return {
            "class": self.label,
            "box_px": [round(v, 2) for v in self.box_px],
            "source_px": [round(v, 2) for v in self.source_px],
            "kind": self.kind,
            "contrast_de": round(self.contrast_de, 2),
            "opacity": round(self.opacity, 3),
            "size_px": round(self.size_px, 1),
        }


@dataclass(frozen=True, slots=True)
class DrawnTile:
    """A tile as JPEG, and what was drawn on it; `mask_png` has the n-th thing's pixels as n, the rest as 0."""

    jpeg: bytes
    mask_png: bytes
    side_px: int
    things: tuple[Thing, ...]

    def shares(self) -> tuple[Share, ...]:
        """Its boxes as YOLO's text has them, classes by their place in `CLASSES`."""
        return tuple(share_of(CLASSES.index(t.label), t.box_px, self.side_px, self.side_px) for t in self.things)


def tiles_of(
    photo: Path, count: int, side_px: int, seed: int, known: Sequence[tuple[float, float]] = ()
) -> Iterator[DrawnTile]:
    """`count` square tiles of a photo and what was drawn on them.

    `known` are pixels that no tile may hold: what is really there would be taught as nothing. The same photo's name
    and seed give the same tiles. Raises ImageryError for a photo that cannot be read.
    """
    rng = np.random.default_rng([seed, crc32(photo.name.encode())])
    image = imagery.decode(imagery.read_bytes(photo), photo.name)
    if min(image.shape[:2]) < 64:
        return
    for _ in range(count):
        tile = _cut(image, side_px, rng, np.array(known, float).reshape(-1, 2))
        if tile is not None:
            drawn, mask, things = _drawn_over(_turned(tile, rng), rng)
            yield DrawnTile(worn(drawn, rng), _png(mask), side_px, things)


def _cut(image: Image, side_px: int, rng: np.random.Generator, known: np.ndarray) -> Image | None:
    """A square of the picture at a random scale; None where thirty tries fall on what is known to be there."""
    import cv2

    h, w = image.shape[:2]
    most = min(COARSEST, min(h, w) / side_px)
    for _ in range(30):
        side = min(h, w, round(side_px * float(np.exp(rng.uniform(0, np.log(max(1.0, most)))))))
        x, y = int(rng.integers(w - side + 1)), int(rng.integers(h - side + 1))
        middle = np.array((x + side / 2, y + side / 2))
        if not len(known) or np.abs(known - middle).max(axis=1).min() > side / 2 + KEEP_OFF_PX:
            cut = image[y : y + side, x : x + side]
            return np.asarray(cv2.resize(cut, (side_px, side_px), interpolation=cv2.INTER_AREA), np.uint8)
    return None


def _turned(tile: Image, rng: np.random.Generator) -> Image:
    """The tile or its mirror: few photos have to give many."""
    return np.ascontiguousarray(tile[:, ::-1]) if rng.random() < 0.5 else tile


def _png(mask: NDArray[np.uint8]) -> bytes:
    import cv2

    return bytes(cv2.imencode(".png", mask)[1])


def _drawn_over(tile: Image, rng: np.random.Generator) -> tuple[Image, NDArray[np.uint8], tuple[Thing, ...]]:
    tile, view = _seen(tile, rng)
    empty = bool(rng.random() < EMPTY)
    while rng.random() < (DECOYS if empty else DECOYS_BESIDE):
        tile = decoy(tile, rng, view)
    mask = np.zeros(tile.shape[:2], np.uint8)
    if empty:
        return tile, mask, ()
    things: list[Thing] = []
    loose = bool(rng.random() < LOOSE)
    for label in _wanted(rng):
        new = _tried(tile, label, rng, None if loose else view)
        if new is not None and all(_apart(new.box_px, old.box_px) for old in things):
            tile = new.image
            things.append(_thing(new))
            mask[new.mask] = len(things)
    return tile, mask, tuple(things)


def _seen(tile: Image, rng: np.random.Generator) -> tuple[Image, View]:
    """The tile and how it looks at the ground, for some with a horizon."""
    return under_sky(tile, rng) if rng.random() < SKY else (tile, guess_view(tile.shape[0], tile.shape[1], rng))


def _wanted(rng: np.random.Generator) -> list[str]:
    """Labels in the order in which they are drawn: an outfall brings water, which would cover what was there before."""
    count = 1 + int(rng.choice(len(MORE), p=MORE))
    wanted = [str(c) for c in rng.choice(CLASSES, size=count, p=WEIGHTS)]
    outfalls = [c for c in wanted if c == "outfall"][:1]
    return outfalls + [c for c in wanted if c != "outfall"]


def _tried(tile: Image, label: str, rng: np.random.Generator, view: View | None) -> Drawn | None:
    """Drawn as the view has it, or loosely without one."""
    try:
        return draw_loosely(tile, label, rng) if view is None else draw(tile, label, rng, view)
    except ValueError:  # this view leaves no room for it
        return None


def _thing(drawn: Drawn) -> Thing:
    return Thing(drawn.label, drawn.box_px, drawn.source_px, drawn.kind, drawn.contrast_de, drawn.opacity,
                 drawn.size_px)  # fmt: skip


def _apart(a: Box, b: Box) -> bool:
    return a[2] + ROOM_PX < b[0] or b[2] + ROOM_PX < a[0] or a[3] + ROOM_PX < b[1] or b[3] + ROOM_PX < a[1]


def known_places(folder: Path) -> dict[str, list[tuple[float, float]]]:
    """Photo name -> pixels, from every table beside or above the photos with columns image, x_px and y_px.

    Raises MissionError for such a table with a place that is no pixel: what is there would be taught as nothing.
    """
    places: dict[str, list[tuple[float, float]]] = {}
    for table in sorted((*folder.glob("*.csv"), *folder.parent.glob("*.csv"))):
        if table.stat().st_size > MAX_TABLE_BYTES:
            continue
        for name, at in _places_in(table):
            places.setdefault(name, []).append(at)
    return places


def _places_in(table: Path) -> Iterator[tuple[str, tuple[float, float]]]:
    with table.open(encoding="utf-8-sig", errors="replace", newline="") as lines:
        rows = csv.DictReader(lines)
        try:
            for row in rows if {"image", "x_px", "y_px"} <= set(rows.fieldnames or ()) else ():
                yield row["image"], _pixel(row["x_px"], row["y_px"])
        except (csv.Error, TypeError, ValueError) as why:
            raise MissionError(f"{table}: line {rows.line_num}: image, x_px and y_px say no place in a photo") from why


def _pixel(x: str, y: str) -> Pixel:
    at = float(x), float(y)
    if not all(map(math.isfinite, at)):
        raise ValueError("not finite")
    return at
