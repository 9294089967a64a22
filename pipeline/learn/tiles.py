"""Tiles cut from photos at full resolution, with smoke, dust, outfalls and panels drawn over them."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from zlib import crc32

import numpy as np

from pipeline import imagery
from pipeline.imagery import Image
from pipeline.learn.labels import Share, share_of
from pipeline.sim.plumes import Drawn, draw, shade, water
from pipeline.types import Box

CLASSES = ("smoke", "dust", "outfall", "marker")
WEIGHTS = (0.36, 0.2, 0.26, 0.18)  # how often each is drawn
EMPTY = 0.3  # share of the tiles with nothing to find
DECOYS = 0.35  # share of them with water and, apart from that, with a shadow
COARSEST = 4.0  # picture pixels a tile's pixel, at most
KEEP_OFF_PX = 160  # from a point that a table beside the photos knows
MAX_TABLE_BYTES = 16 * 1024 * 1024


def tiles_of(
    photo: Path, count: int, side_px: int, seed: int, known: Sequence[tuple[float, float]] = ()
) -> Iterator[tuple[Image, tuple[Share, ...]]]:
    """`count` square tiles of a photo and the boxes in them (classes by their place in `CLASSES`).

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
            yield _drawn_over(tile, rng)


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


def _drawn_over(tile: Image, rng: np.random.Generator) -> tuple[Image, tuple[Share, ...]]:
    side = tile.shape[0]
    if rng.random() < DECOYS:
        tile = shade(tile, rng)
    if rng.random() < EMPTY:
        return _worn(water(tile, rng) if rng.random() < DECOYS else tile, rng), ()
    # An outfall brings water with it, which would cover what was drawn before.
    wanted = sorted(rng.choice(CLASSES, size=1 + int(rng.random() < 0.3), p=WEIGHTS), key=lambda c: c != "outfall")
    drawn: list[Drawn] = []
    for label in dict.fromkeys(str(c) for c in wanted):
        new = draw(tile, label, rng)
        if all(_apart(new.box_px, old.box_px) for old in drawn):
            drawn, tile = [*drawn, new], new.image
    return _worn(tile, rng), tuple(share_of(CLASSES.index(d.label), d.box_px, side, side) for d in drawn)


def _apart(a: Box, b: Box) -> bool:
    return a[2] < b[0] or b[2] < a[0] or a[3] < b[1] or b[3] < a[1]


def _worn(tile: Image, rng: np.random.Generator) -> Image:
    """Noise and a soft lens over all of it, so that what was drawn is no sharper or cleaner than the photo."""
    import cv2

    blurred = cv2.GaussianBlur(tile, (0, 0), rng.uniform(0.3, 0.9)) if rng.random() < 0.5 else tile
    noisy = blurred + rng.normal(0, rng.uniform(0, 5), tile.shape)
    return np.clip(noisy + 0.5, 0, 255).astype(np.uint8)


def known_places(folder: Path) -> dict[str, list[tuple[float, float]]]:
    """Photo name -> pixels, from every table beside or above the photos with columns image, x_px and y_px."""
    places: dict[str, list[tuple[float, float]]] = {}
    for table in sorted((*folder.glob("*.csv"), *folder.parent.glob("*.csv"))):
        if table.stat().st_size > MAX_TABLE_BYTES:
            continue
        with table.open(encoding="utf-8", errors="replace", newline="") as lines:
            rows = csv.DictReader(lines)
            if {"image", "x_px", "y_px"} <= set(rows.fieldnames or ()):
                for row in rows:
                    places.setdefault(row["image"], []).append((float(row["x_px"]), float(row["y_px"])))
    return places
