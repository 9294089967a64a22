"""The small maps of a hit sheet: a picture of the ground, north up, and what is drawn over it as shares of its side.

The ground is cut from map.html, whose plane serves here too: metres east and north, the same in every direction.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline import imagery
from pipeline.errors import ImageryError
from pipeline.imagery import Image
from pipeline.report.map_page import TilePlace, read_page, read_tile
from pipeline.report.plane import Plane, scale_bar
from pipeline.report.shapes import ellipse_axes

SIDE_PX = 720
QUALITY = 82
PAPER = 246  # grey level where no photo shows the ground
LEAST_HALF_M = 25.0
MOST_OUTLINES = 60  # photos whose outlines are drawn on one map
Share = list[float]  # x to the right and y down, 0 to 1 within the map
Drawing = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Ring:
    """An outline on the map's plane, in metres, and whether what it encloses was searched."""

    corners: tuple[tuple[float, float], ...]
    searched: bool


@dataclass(frozen=True, slots=True)
class Window:
    """A square of ground: its centre and half its side, metres on the map's plane."""

    x_m: float
    y_m: float
    half_m: float

    def share(self, x_m: float, y_m: float) -> Share:
        """Where a place stands on the map, to a ten-thousandth of its side."""
        side = 2 * self.half_m
        return [round((x_m - self.x_m) / side + 0.5, 4), round((self.y_m - y_m) / side + 0.5, 4)]

    def meets(self, bounds: tuple[float, float, float, float]) -> bool:
        """Whether it has ground in common with (west, south, east, north)."""
        west, south, east, north = bounds
        across = west <= self.x_m + self.half_m and east >= self.x_m - self.half_m
        return across and south <= self.y_m + self.half_m and north >= self.y_m - self.half_m


@dataclass(frozen=True, slots=True)
class Basemap:
    """A run's map.html, opened: `data` as `map_data` made them."""

    path: Path
    data: Mapping[str, Any]
    plane: Plane
    tiles: tuple[TilePlace, ...]

    def xy(self, feature: Mapping[str, Any]) -> tuple[float, float]:
        """Where a hit stands on the plane."""
        lon_deg, lat_deg = feature["geometry"]["coordinates"][:2]
        x_m, y_m = self.plane.xy(lat_deg, lon_deg)[0].tolist()
        return x_m, y_m

    def about(self, feature: Mapping[str, Any]) -> Window:
        """The ground around a hit: wide enough to recognise the place, and to show its error."""
        major_m = ellipse_axes(feature["properties"]["cov_m2"])[0]
        return Window(*self.xy(feature), max(LEAST_HALF_M, 4 * major_m))

    def whole(self) -> Window:
        """All that the run saw, with a margin."""
        west, south, east, north = self.data["bounds"]
        return Window((west + east) / 2, (south + north) / 2, max(LEAST_HALF_M, 0.53 * max(east - west, north - south)))

    def picture(self, window: Window) -> bytes:
        """JPEG bytes of the photos on the ground within a window; grey where there are none."""
        canvas = np.full((SIDE_PX, SIDE_PX, 3), PAPER, np.uint8)
        for number, tile in enumerate(self.tiles):
            if window.meets((tile.west_m, tile.north_m - tile.side_m, tile.west_m + tile.side_m, tile.north_m)):
                _paint(canvas, window, tile, _pixels(self.path, self.tiles, number))
        return imagery.encode_jpeg(canvas, QUALITY)

    def drawn(self, window: Window, hits: Sequence[tuple[int, Mapping[str, Any]]], rings: Sequence[Ring]) -> Drawing:
        """What is drawn over the picture: outlines, the track, hits with their ellipses, and the scale."""
        shown = [r for r in rings if window.meets(_bounds(r.corners))][:MOST_OUTLINES]
        return {
            "outlines": [{"at": [window.share(x, y) for x, y in r.corners], "searched": r.searched} for r in shown],
            "track": [window.share(x, y) for x, y in self.data["track"]],
            "hits": [self._hit(window, n, f) for n, f in hits],
            "bar": scale_bar(2 * window.half_m),
        }

    def rings(self) -> list[Ring]:
        """What each photo shows of the ground, one outline a photo."""
        frames = [f for f in self.data["frames"] if f["ring"]]
        return [Ring(tuple(zip(f["ring"][::2], f["ring"][1::2], strict=True)), f["searched"]) for f in frames]

    def searched(self) -> tuple[float, list[Ring]]:
        """(m² of ground that searched photos show, its outlines)."""
        from shapely import unary_union
        from shapely.geometry import Polygon

        shapes = [Polygon(r.corners).buffer(0) for r in self.rings() if r.searched]
        whole: Any = unary_union(shapes).simplify(self.whole().half_m / 300)
        parts = [p for p in getattr(whole, "geoms", [whole]) if p.geom_type == "Polygon" and not p.is_empty]
        lines = [line for part in parts for line in (part.exterior, *part.interiors)]
        return float(whole.area), [Ring(tuple((x, y) for x, y in line.coords), True) for line in lines]

    def _hit(self, window: Window, number: int, feature: Mapping[str, Any]) -> dict[str, Any]:
        major_m, minor_m, bearing_deg = ellipse_axes(feature["properties"]["cov_m2"])
        side = 2 * window.half_m
        axes = [round(major_m / side, 5), round(minor_m / side, 5), round(bearing_deg, 2)]
        return {"n": str(number), "at": window.share(*self.xy(feature)), "ellipse": axes}


def open_basemap(run: Path) -> Basemap:
    """The map of a run folder; raises MissionError when there is none."""
    data, plane, tiles = read_page(run / "map.html")
    return Basemap(run / "map.html", data, plane, tuple(tiles))


def _bounds(ring: Sequence[tuple[float, float]]) -> tuple[float, float, float, float]:
    xs, ys = zip(*ring, strict=True)
    return min(xs), min(ys), max(xs), max(ys)


@lru_cache(maxsize=8)
def _pixels(path: Path, tiles: tuple[TilePlace, ...], number: int) -> NDArray[np.uint8]:
    """(side, side, 4) of a tile, blue first, with transparency."""
    import cv2

    pixels = cv2.imdecode(np.frombuffer(read_tile(path, tiles[number]), np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.ndim != 3 or pixels.dtype != np.uint8:
        raise ImageryError(f"{path.name}: a tile of its mosaic cannot be decoded")
    return np.asarray(pixels if pixels.shape[2] == 4 else cv2.cvtColor(pixels, cv2.COLOR_BGR2BGRA), np.uint8)


def _paint(canvas: Image, window: Window, tile: TilePlace, pixels: NDArray[np.uint8]) -> None:
    """Lay the part of a tile that the window shows over the canvas."""
    import cv2

    px_per_m, tile_px = SIDE_PX / (2 * window.half_m), pixels.shape[0]
    left = (tile.west_m - window.x_m + window.half_m) * px_per_m
    top = (window.y_m + window.half_m - tile.north_m) * px_per_m
    scale = tile.side_m * px_per_m / tile_px
    if scale < 1:  # many pixels in one: averaged, not picked
        size = max(1, round(tile_px * scale))
        pixels, scale = np.asarray(cv2.resize(pixels, (size, size), interpolation=cv2.INTER_AREA), np.uint8), 1.0
    place = np.array([[scale, 0, left + (scale - 1) / 2], [0, scale, top + (scale - 1) / 2]])
    # A replicated border leaves no seam between tiles, and reaches too far: only the tile's own pixels are taken.
    laid = cv2.warpAffine(pixels, place, (SIDE_PX, SIDE_PX), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    first_row, first_column = (max(0, math.ceil(v - 0.5)) for v in (top, left))
    last_row, last_column = (max(0, math.ceil(v + tile.side_m * px_per_m - 0.5)) for v in (top, left))
    own = slice(first_row, last_row), slice(first_column, last_column)
    solid = laid[own][:, :, 3] > 127
    canvas[own][solid] = laid[own][:, :, :3][solid]
