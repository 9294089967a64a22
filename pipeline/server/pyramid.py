"""A picture as tiles for a viewer: one file that holds all levels, so that it is there whole or not at all.

    8 bytes "QLYTILES", 4 bytes length of the head, the head as JSON, the tiles one after the other

Level 0 is one tile that holds the whole picture; each further level is twice as fine, the last is the picture itself.
A level is ceil(width / 2^k) pixels wide; its last column and row of tiles are as small as what is left.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from pipeline import imagery
from pipeline.errors import ImageryError
from pipeline.files import write_atomic
from pipeline.imagery import Image

TILE_PX = 512
QUALITY = 90
THUMB_LONG_SIDE_PX = 256
MAGIC = b"QLYTILES"
MAX_HEAD_BYTES = 8 * 1024 * 1024


def levels_of(width_px: int, height_px: int) -> int:
    """How many levels a picture of this size has."""
    return max(0, (max(width_px, height_px) - 1) // TILE_PX).bit_length() + 1


def level_size_px(width_px: int, height_px: int, level: int) -> tuple[int, int]:
    """Width and height of a level."""
    halvings = levels_of(width_px, height_px) - 1 - level
    return -(-width_px >> halvings), -(-height_px >> halvings)


def write_pyramid(path: Path, image: Image) -> None:
    """Write all levels of a picture in one step."""
    height_px, width_px = image.shape[:2]
    tiles = {f"{level}/{x}/{y}": data for level, x, y, data in _tiles(image)}
    places, at = {}, 0
    for name, data in tiles.items():
        places[name] = [at, len(data)]
        at += len(data)
    head = json.dumps({"width_px": width_px, "height_px": height_px, "tiles": places}).encode()

    def fill(aside: Path) -> None:
        with aside.open("wb") as out:
            out.write(MAGIC + len(head).to_bytes(4, "little") + head)
            out.writelines(tiles.values())

    write_atomic(path, fill)


def _tiles(image: Image) -> Iterator[tuple[int, int, int, bytes]]:
    import cv2

    height_px, width_px = image.shape[:2]
    shown = image
    for level in range(levels_of(width_px, height_px) - 1, -1, -1):
        size = level_size_px(width_px, height_px, level)
        if size != (shown.shape[1], shown.shape[0]):
            shown = cv2.resize(shown, size, interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
        for y in range(-(-size[1] // TILE_PX)):
            for x in range(-(-size[0] // TILE_PX)):
                part = shown[y * TILE_PX : (y + 1) * TILE_PX, x * TILE_PX : (x + 1) * TILE_PX]
                yield level, x, y, imagery.encode_jpeg(part, QUALITY)


def read_tile(path: Path, level: int, x: int, y: int) -> bytes | None:
    """A tile's JPEG bytes, None when the picture has no such one; raises ImageryError for a damaged file."""
    with _opened(path) as file:
        head, start = _head(file, path)
        place = head["tiles"].get(f"{level}/{x}/{y}")
        if place is None:
            return None
        file.seek(start + place[0])
        return file.read(int(place[1]))


def size_px(path: Path) -> tuple[int, int]:
    """Width and height of the picture; raises ImageryError for a damaged file."""
    with _opened(path) as file:
        head, _ = _head(file, path)
        return int(head["width_px"]), int(head["height_px"])


def _opened(path: Path) -> IO[bytes]:
    try:
        return path.open("rb")
    except OSError as why:
        raise ImageryError(f"{path.name}: the tiles are gone; ask again") from why


def _head(file: IO[bytes], path: Path) -> tuple[dict[str, Any], int]:
    start = file.read(len(MAGIC) + 4)
    length = int.from_bytes(start[len(MAGIC) :], "little")
    if not start.startswith(MAGIC) or length > MAX_HEAD_BYTES:
        raise ImageryError(f"{path.name}: damaged tiles")
    return json.loads(file.read(length)), len(start) + length
