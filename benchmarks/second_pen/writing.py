"""The set on disk: a folder of labelled pictures as `qianliyan eval` reads it, named after its folder.

OUT/images/*.jpg    OUT/labels/*.txt (class and box in shares)    OUT/masks/*.png (cover of the n-th thing)
OUT/things.jsonl    what was drawn over what, one line a picture
OUT/second.txt      the pictures; OUT/data.yaml the classes; OUT/made.json how it was made, SHA-256 of each picture
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks.second_pen.camera import horizon_row, looks_down_rad
from benchmarks.second_pen.tiles import Tile, tile_of
from benchmarks.second_pen.values import LABELS
from pipeline import imagery
from pipeline.errors import MissionError, OutputError
from pipeline.files import write_bytes_atomic, write_json_atomic

STRAIGHT_DOWN_RAD = np.pi / 2 - 0.02
Tell = Callable[[int, int], None]


def background_of(photo: Path) -> str:
    """The flight a photo belongs to: the folder above images/ or frames/, else its own."""
    return photo.parent.parent.name if photo.parent.name in ("images", "frames") else photo.parent.name


def photos_under(folders: Sequence[Path]) -> list[Path]:
    """Photos of images/ and frames/ folders, or else all; raises MissionError where there are none."""
    found: list[Path] = []
    for folder in folders:
        every = sorted(p for p in folder.rglob("*") if p.suffix.lower() in imagery.PHOTO_SUFFIXES and p.is_file())
        kept = [p for p in every if p.parent.name in ("images", "frames")] or every
        if not kept:
            raise MissionError(f"{folder}: no photos to draw over")
        found += kept
    return found


def looks_down(photos: Sequence[Path]) -> dict[Path, float]:
    """How far below the horizon each photo looks; straight down in a flight that never shows any sky."""
    rows: dict[Path, tuple[str, float | None, int, int]] = {}
    for path in photos:
        image = imagery.decode(imagery.read_bytes(path), path.name)
        rows[path] = (background_of(path), horizon_row(image), image.shape[1], image.shape[0])
    told: dict[Path, float] = {}
    for path, (flight, row, width, height) in rows.items():
        others = [r for f, r, _, _ in rows.values() if f == flight and r is not None]
        # A photo of such a flight in which no sky is seen looks a little lower than those in which some is.
        guess = row if row is not None else (float(np.median(others)) - 0.15 if others else None)
        told[path] = STRAIGHT_DOWN_RAD if guess is None else looks_down_rad(guess, width, height)
    return told


def write_set(
    folders: Sequence[Path], out: Path, tiles: int, seed: int, side_px: int, tell: Tell = lambda done, total: None
) -> Path:
    """Make the set in a new folder; the photos take turns, so that every flight has its share of the tiles.

    Raises OutputError for a folder that is there, MissionError and ImageryError for photos that cannot be used.
    """
    if out.exists():
        raise OutputError(f"{out}: is there already")
    photos = _in_turn(photos_under(folders), tiles)
    for part in ("images", "labels", "masks"):
        (out / part).mkdir(parents=True)
    down = looks_down(sorted(set(photos)))
    rows: dict[int, tuple[dict[str, Any], dict[str, Any]]] = {}
    for path in sorted(set(photos)):
        image = imagery.decode(imagery.read_bytes(path), path.name)
        for n in (n for n, p in enumerate(photos) if p == path):
            rows[n] = _put(out, n, path, tile_of(image, down[path], side_px, np.random.default_rng([seed, n])))
            tell(len(rows), tiles)
    _finish(out, [rows[n] for n in range(len(photos))], {"tiles": tiles, "seed": seed, "side_px": side_px})
    return out


def _in_turn(photos: Sequence[Path], tiles: int) -> list[Path]:
    """A photo for each tile: flight after flight, and in each flight photo after photo."""
    flights: dict[str, list[Path]] = {}
    for photo in photos:
        flights.setdefault(background_of(photo), []).append(photo)
    names = list(flights)
    return [flights[names[n % len(names)]][n // len(names) % len(flights[names[n % len(names)]])] for n in range(tiles)]


def _put(out: Path, number: int, photo: Path, tile: Tile) -> tuple[dict[str, Any], dict[str, Any]]:
    """Write a tile; its lines for things.jsonl and made.json."""
    stem = f"{background_of(photo)}-{number:04d}"
    write_bytes_atomic(out / "images" / f"{stem}.jpg", tile.jpeg)
    side = len(imagery.decode(tile.jpeg, stem))
    lines = "".join(_line(LABELS.index(t.label), t.box_px, side) for t in tile.things)
    write_bytes_atomic(out / "labels" / f"{stem}.txt", lines.encode())
    for n, mask in enumerate(tile.masks):
        write_bytes_atomic(out / "masks" / f"{stem}-{n}.png", cv2.imencode(".png", mask)[1].tobytes())
    picture = f"images/{stem}.jpg"
    told = {"picture": picture, "background": background_of(photo), "things": [t.told() for t in tile.things]}
    return told, {"picture": picture, "from": photo.name, "sha256": imagery.sha256(tile.jpeg)}


def _line(label: int, box: tuple[float, float, float, float], side: int) -> str:
    x0, y0, x1, y1 = box
    shares = ((x0 + x1 + 1) / 2, (y0 + y1 + 1) / 2, x1 - x0, y1 - y0)
    return f"{label} " + " ".join(f"{v / side:.6f}" for v in shares) + "\n"


def _finish(out: Path, rows: Sequence[tuple[dict[str, Any], dict[str, Any]]], recipe: dict[str, int]) -> None:
    things = "".join(json.dumps(told, ensure_ascii=False) + "\n" for told, _ in rows)
    write_bytes_atomic(out / "things.jsonl", things.encode())
    write_bytes_atomic(out / "second.txt", "".join(f"./{told['picture']}\n" for told, _ in rows).encode())
    names = "".join(f"  {n}: {json.dumps(label)}\n" for n, label in enumerate(LABELS))
    write_bytes_atomic(out / "data.yaml", f"path: .\ntrain: second.txt\nval: second.txt\nnames:\n{names}".encode())
    write_json_atomic(out / "made.json", {"schema_version": 1, **recipe, "pictures": [made for _, made in rows]})
