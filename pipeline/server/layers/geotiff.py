"""A stranger's GeoTIFF becomes our own: web Mercator, tiles of 256 pixels on the zooms' own grid, with overviews.

GDAL is told which format it reads, so that no other driver looks at the file. A GeoTIFF can also name another file as
its overviews, which GDAL would open with any driver, over the network too: such a one is refused before it is read.
"""

from __future__ import annotations

import math
import shutil
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import MissionError, OutputError

TILE_PX = 256
MERCATOR = "EPSG:3857"
HALF_M = math.pi * 6_378_137.0  # half the side of the web Mercator square
MAX_SIDE_PX = 500_000
MAX_PIXELS = 4_000_000_000
MAX_BANDS = 16
MAX_BLOCK_BYTES = 512 << 20  # what GDAL holds at once of the file
MAX_ZOOM = 24
PIECE_PX = 2048
SAMPLE_PX = 1024  # of the reduced picture that says how dark and how light it is
COARSER = 0.3  # of a zoom: by how much the tiles may be coarser than the file
READ = {"GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR", "GDAL_CACHEMAX": 256, "GDAL_PAM_ENABLED": "NO"}

Pixels = NDArray[Any]
Tell = Callable[[int, int], None]


@contextmanager
def opened(file: Path, name: str) -> Iterator[Any]:
    """The file as a GeoTIFF that was looked at before anything of its pixels is read; raises MissionError."""
    import rasterio
    from rasterio.errors import NotGeoreferencedWarning, RasterioError

    try:
        with warnings.catch_warnings(), rasterio.Env(**READ):
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            with rasterio.open(file, driver="GTiff") as tiff:
                _check(tiff, name)
                yield tiff
    except RasterioError as why:
        raise MissionError(f"{name}: not a readable GeoTIFF ({type(why).__name__})") from why


def _check(tiff: Any, name: str) -> None:
    if tiff.tags(ns="OVERVIEWS"):
        raise MissionError(f"{name}: names another file as its overviews, which is not read")
    width, height, count = tiff.width, tiff.height, tiff.count
    if max(width, height) > MAX_SIDE_PX or width * height > MAX_PIXELS or count > MAX_BANDS:
        raise MissionError(f"{name}: {width} × {height} pixels in {count} bands are more than is read here")
    block = max(h * w for h, w in tiff.block_shapes) * count * max(np.dtype(d).itemsize for d in tiff.dtypes)
    if block > MAX_BLOCK_BYTES:
        raise MissionError(f"{name}: is stored in pieces that are too large; write it anew with tiles")
    if any("complex" in d for d in tiff.dtypes):
        raise MissionError(f"{name}: holds complex numbers, not a picture")
    if tiff.crs is None or tiff.transform.is_identity or tiff.transform.determinant == 0:
        raise MissionError(f"{name}: has no coordinate system or no place on the earth")


@dataclass(frozen=True)
class Grid:
    """Pixels of a zoom: `left` and `top` are its first tile, `columns` × `rows` tiles."""

    zoom: int
    left: int
    top: int
    columns: int
    rows: int

    @property
    def pixel_m(self) -> float:
        return 2 * HALF_M / (TILE_PX << self.zoom)

    @property
    def size_px(self) -> tuple[int, int]:
        """Width, height."""
        return self.columns * TILE_PX, self.rows * TILE_PX

    @property
    def coarsest(self) -> int:
        """The zoom at which all of it is about one tile."""
        return max(0, self.zoom - math.ceil(math.log2(max(self.columns, self.rows))))

    def transform(self) -> Any:
        from affine import Affine

        side_m = self.pixel_m * TILE_PX
        west_m, north_m = self.left * side_m - HALF_M, HALF_M - self.top * side_m
        return Affine(self.pixel_m, 0.0, west_m, 0.0, -self.pixel_m, north_m)


def grid_of(tiff: Any, name: str) -> Grid:
    """The grid that holds the file at about its own resolution; raises MissionError when it is not on the map."""
    from rasterio._err import CPLE_BaseError  # what `transform_bounds` lets through
    from rasterio.errors import RasterioError
    from rasterio.warp import calculate_default_transform, transform_bounds

    try:
        step = calculate_default_transform(tiff.crs, MERCATOR, tiff.width, tiff.height, *tiff.bounds)[0]
        bounds = transform_bounds(tiff.crs, MERCATOR, *tiff.bounds, densify_pts=21)
    except (RasterioError, CPLE_BaseError, ValueError) as why:
        raise MissionError(f"{name}: its coordinates do not lie on the map") from why
    west, south, east, north = (float(np.clip(v, -HALF_M, HALF_M)) for v in bounds)
    if not (np.isfinite(bounds).all() and step.a > 0 and west < east and south < north):
        raise MissionError(f"{name}: its coordinates do not lie on the map")
    zoom = min(MAX_ZOOM, max(0, math.ceil(math.log2(2 * HALF_M / TILE_PX / step.a) - COARSER)))
    while (found := _grid(zoom, west, south, east, north)).columns * found.rows * TILE_PX**2 > MAX_PIXELS:
        zoom -= 1
    return found


def _grid(zoom: int, west: float, south: float, east: float, north: float) -> Grid:
    tiles, side_m = 1 << zoom, 2 * HALF_M / (1 << zoom)
    left, right = (min(tiles - 1, int((v + HALF_M) / side_m)) for v in (west, east))
    top, bottom = (min(tiles - 1, int((HALF_M - v) / side_m)) for v in (north, south))
    return Grid(zoom, left, top, right - left + 1, bottom - top + 1)


def prepare_raster(file: Path, name: str, folder: Path, tell: Tell) -> dict[str, Any]:
    """Write `folder`/layer.tif; bounds and zooms. Raises MissionError, and OutputError when the disk is full."""
    from rasterio.errors import RasterioError

    from pipeline.server.layers.colours import Colours

    with opened(file, name) as tiff:
        grid, colours = grid_of(tiff, name), Colours.of(tiff, SAMPLE_PX)
        width, height = grid.size_px
        if shutil.disk_usage(folder).free < 3 * width * height:
            raise OutputError(f"{name}: the server's disk has no room for it")
        aside = folder / "layer.partial.tif"
        try:
            _write(tiff, colours, grid, aside, tell)
        except RasterioError as why:
            aside.unlink(missing_ok=True)
            raise MissionError(f"{name}: its pixels cannot be read, or there is no room for them") from why
        aside.replace(folder / "layer.tif")
        return {"bounds": bounds_deg(tiff), "minzoom": grid.coarsest, "maxzoom": grid.zoom}


def _write(tiff: Any, colours: Any, grid: Grid, aside: Path, tell: Tell) -> None:
    import rasterio
    from rasterio.enums import ColorInterp, Resampling
    from rasterio.vrt import WarpedVRT

    width, height = grid.size_px
    options = {"dtype": "uint8", "count": 4, "crs": MERCATOR, "transform": grid.transform()}
    layout = {"tiled": True, "blockxsize": TILE_PX, "blockysize": TILE_PX, "compress": "deflate", "bigtiff": "if_safer"}
    warped = {"crs": MERCATOR, "transform": grid.transform(), "width": width, "height": height, **colours.warping}
    windows = list(_windows(width, height))
    with rasterio.open(aside, "w", driver="GTiff", width=width, height=height, predictor=2, **options, **layout) as out:
        out.colorinterp = (ColorInterp.red, ColorInterp.green, ColorInterp.blue, ColorInterp.alpha)
        with WarpedVRT(tiff, **warped) as source:
            for n, window in enumerate(windows):
                tell(n, len(windows))
                out.write(colours.rgba(source.read(window=window)), window=window)
    with rasterio.open(aside, "r+", driver="GTiff") as out:
        out.build_overviews([1 << k for k in range(1, grid.zoom - grid.coarsest + 1)], Resampling.average)


def _windows(width: int, height: int) -> Iterator[Any]:
    from rasterio.windows import Window

    for y in range(0, height, PIECE_PX):
        for x in range(0, width, PIECE_PX):
            yield Window(x, y, min(PIECE_PX, width - x), min(PIECE_PX, height - y))


def bounds_deg(tiff: Any) -> list[float]:
    from rasterio.warp import transform_bounds

    return [round(v, 7) for v in transform_bounds(tiff.crs, "EPSG:4326", *tiff.bounds, densify_pts=21)]
