"""Tiles of our own layers: a window of layer.tif as a PNG."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.server.layers.geotiff import HALF_M, TILE_PX

CACHED = 256  # tiles


@lru_cache(maxsize=CACHED)
def raster_tile(path: Path, z: int, x: int, y: int, zoom: int) -> bytes:
    """A tile of 256 × 256 as PNG with alpha, empty where the layer has nothing; `zoom` is the layer's finest."""
    import cv2

    pixels = _pixels(path, z, x, y, zoom)
    done, png = cv2.imencode(".png", pixels, [cv2.IMWRITE_PNG_COMPRESSION, 3])
    assert done
    return png.tobytes()


def _pixels(path: Path, z: int, x: int, y: int, zoom: int) -> NDArray[np.uint8]:
    """(256, 256, 4), blue first. Zooms above the finest are the browser's to enlarge."""
    import rasterio
    from rasterio.windows import Window

    shown = np.zeros((TILE_PX, TILE_PX, 4), np.uint8)
    step = 1 << (zoom - z)  # pixels of the finest zoom a pixel of this tile
    with rasterio.Env(GDAL_DISABLE_READDIR_ON_OPEN="EMPTY_DIR"), rasterio.open(path, driver="GTiff") as tiff:
        pixel_m = tiff.transform.a
        left = round((tiff.transform.c + HALF_M) / pixel_m)
        top = round((HALF_M - tiff.transform.f) / pixel_m)
        columns = _overlap(x * TILE_PX * step - left, step, tiff.width)
        rows = _overlap(y * TILE_PX * step - top, step, tiff.height)
        if columns is None or rows is None:
            return shown
        window = Window(columns[0], rows[0], columns[1], rows[1])
        part = tiff.read(window=window, out_shape=(4, rows[3], columns[3]))
    place = shown[rows[2] : rows[2] + rows[3], columns[2] : columns[2] + columns[3]]
    place[:] = part[[2, 1, 0, 3]].transpose(1, 2, 0)[: place.shape[0], : place.shape[1]]
    return shown


def _overlap(start: int, step: int, length: int) -> tuple[int, int, int, int] | None:
    """(first, count) in the file and (first, count) in the tile that begins at `start` of the file."""
    first, last = max(0, start), min(length, start + TILE_PX * step)
    if first >= last:
        return None
    at = (first - start) // step
    return first, last - first, at, max(1, min(TILE_PX - at, round((last - first) / step)))
