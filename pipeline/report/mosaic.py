"""The photos' reduced ground projection that lies under the map: tiles of 1,024 px, drawn one at a time.

Each tile's pixels are put on the ground, and each photo that sees them is asked for its colour; the photo that looks at
the place most nearly straight down wins. The path from ground to photo is computed on a coarse mesh and interpolated.
Memory holds one tile and a few reduced photos, whatever the length of the flight.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import ImageryError
from pipeline.imagery import Image
from pipeline.report.crops import frame_picture
from pipeline.report.plane import Array, Plane
from pipeline.report.survey import Surveyed
from pipeline.types import Frame

if TYPE_CHECKING:
    from pipeline.geo.ground import Surface

TILE_PX = 1024
MESH_PX = 16
MAX_TILES = 24
MAX_BYTES = 9_000_000  # of all tiles together, before base64
THUMB_LONG_SIDE_PX = 640
STEEPEST_DEG = 84.0  # beyond this from the vertical a photo shows the ground as a smear
DOUBTED_YAW_DEG, DOUBTED = 45.0, 0.01  # a photo that may be turned round shows only where no other does
MAX_OFF_M = 1_000_000.0  # from the map's centre

Corners = Array  # (N, 2) metres on the map's plane
Fine = NDArray[np.float32]  # (height, width), one value a pixel of a window
Reader = Callable[[Frame, int], Image | None]  # and the long side wanted, in pixels


@dataclass(frozen=True, slots=True)
class Tile:
    """A picture on the map: its north-west corner and its side in metres, and WebP bytes with transparency."""

    west_m: float
    north_m: float
    side_m: float
    webp: bytes


@dataclass(frozen=True, slots=True)
class Sheet:
    """A photo on the map: its frame, the ground that it shows, and that ground's bounds (west, south, east, north)."""

    frame: Frame
    corners: Corners
    bounds: tuple[float, float, float, float]
    thumb_gsd_m: float  # 0: unknown


@dataclass(frozen=True, slots=True)
class _Scene:
    surface: Surface
    plane: Plane
    read: Reader


@dataclass(frozen=True, slots=True)
class _Window:
    """Pixels of a tile, ends excluded."""

    x0: int
    y0: int
    x1: int
    y1: int

    @property
    def width_px(self) -> int:
        return self.x1 - self.x0

    @property
    def height_px(self) -> int:
        return self.y1 - self.y0

    @property
    def empty(self) -> bool:
        return self.width_px <= 0 or self.height_px <= 0

    @property
    def slices(self) -> tuple[slice, slice]:
        return slice(self.y0, self.y1), slice(self.x0, self.x1)


class _Canvas:
    """A tile while it is painted: colours, and how steeply down the photo looks that each pixel comes from."""

    def __init__(self, west_m: float, north_m: float, gsd_m: float) -> None:
        self.west_m, self.north_m, self.gsd_m = west_m, north_m, gsd_m
        self.colours = np.zeros((TILE_PX, TILE_PX, 3), np.uint8)
        self.best = np.zeros((TILE_PX, TILE_PX), np.float32)

    def window(self, bounds: tuple[float, float, float, float]) -> _Window:
        """The tile's pixels within bounds in metres."""
        west, south, east, north = bounds
        x0, x1 = (west - self.west_m) / self.gsd_m, (east - self.west_m) / self.gsd_m + 1
        y0, y1 = (self.north_m - north) / self.gsd_m, (self.north_m - south) / self.gsd_m + 1
        return _Window(*(int(min(max(v, 0), TILE_PX)) for v in (x0, y0, x1, y1)))

    def nodes(self, window: _Window) -> tuple[Array, Array]:
        """Metres east (columns) and north (rows) of the mesh over a window, one node more on every side."""
        east_m = self.west_m + (window.x0 + _steps_px(window.width_px)) * self.gsd_m
        return east_m, self.north_m - (window.y0 + _steps_px(window.height_px)) * self.gsd_m

    def covered(self, corners: Corners, window: _Window) -> NDArray[np.bool_]:
        """Which of the window's pixels lie within an outline in metres."""
        import cv2

        x = (corners[:, 0] - self.west_m) / self.gsd_m - window.x0
        y = (self.north_m - corners[:, 1]) / self.gsd_m - window.y0
        drawn = np.zeros((window.height_px, window.width_px), np.uint8)
        cv2.fillPoly(drawn, [np.round(np.column_stack([x, y])).astype(np.int32)], 1)
        return drawn > 0


def _steps_px(length_px: int) -> Array:
    return (np.arange(-1, -(-length_px // MESH_PX) + 1, dtype=np.float64) + 0.5) * MESH_PX


def mosaic(frames: Sequence[Surveyed], surface: Surface, plane: Plane, thumbs: Path | None) -> Iterator[Tile]:
    """The tiles that show any photo, row by row; none when no photo has a footprint."""
    sheets = [s for s in (sheet(f, plane) for f in frames) if s]
    if not sheets:
        return
    gsd_m, places = tile_grid(sheets)
    scene = _Scene(surface, plane, _reader(thumbs))
    for column, row in places:
        tile = _tile(column, row, gsd_m, sheets, scene)
        if tile:
            yield tile


def sheet(seen: Surveyed, plane: Plane) -> Sheet | None:
    """A frame as a sheet of the map; None without footprint."""
    shape, camera = seen.footprint, seen.frame.camera
    if shape is None or camera is None or len(shape.outline) < 3:
        return None
    corners = plane.xy([p[0] for p in shape.outline], [p[1] for p in shape.outline])
    if not np.all(np.abs(corners) < MAX_OFF_M):
        return None
    west, south = corners.min(axis=0)
    east, north = corners.max(axis=0)
    reduced = max(1.0, max(camera.width_px, camera.height_px) / THUMB_LONG_SIDE_PX)
    return Sheet(
        seen.frame, corners, (float(west), float(south), float(east), float(north)), (shape.gsd_m or 0.0) * reduced
    )


def tile_grid(sheets: Sequence[Sheet]) -> tuple[float, list[tuple[int, int]]]:
    """Metres a pixel, and (column, row) of each tile that a photo touches, at most MAX_TILES; rows count southwards."""
    usable = [s.thumb_gsd_m for s in sheets if s.thumb_gsd_m > 0]
    gsd_m = max(1e-3, 0.8 * float(np.median(usable))) if usable else 1.0
    while True:
        side_m = gsd_m * TILE_PX
        places = sorted({place for s in sheets for place in _touched(s, side_m, MAX_TILES)}, key=lambda p: (p[1], p[0]))
        if len(places) <= MAX_TILES:
            return gsd_m, places
        gsd_m *= max(1.03, math.sqrt(len(places) / MAX_TILES) * 0.97)


def _touched(s: Sheet, side_m: float, most: int) -> set[tuple[int, int]]:
    """Tiles that the sheet's bounds touch; of a sheet far larger than a tile only somewhat more than `most`."""
    west, south, east, north = s.bounds
    columns = range(math.floor(west / side_m), math.floor(east / side_m) + 1)[: most + 1]
    rows = range(math.floor(-north / side_m), math.floor(-south / side_m) + 1)[: most + 1]
    return {(c, r) for c in columns for r in rows}


def _long_side_px(s: Sheet, gsd_m: float) -> int:
    """As many pixels of the photo as the map shows, and somewhat more: fewer blur, many more flicker."""
    wanted = THUMB_LONG_SIDE_PX * 1.2 * s.thumb_gsd_m / gsd_m if s.thumb_gsd_m > 0 else THUMB_LONG_SIDE_PX
    return min(THUMB_LONG_SIDE_PX, max(32, int(wanted)))


def _reader(thumbs: Path | None) -> Reader:
    @lru_cache(maxsize=16)
    def read(frame: Frame, long_side_px: int) -> Image | None:
        try:
            return frame_picture(frame, thumbs, long_side_px)
        except ImageryError:
            return None  # it is among the skipped frames already

    return read


def _tile(column: int, row: int, gsd_m: float, sheets: Sequence[Sheet], scene: _Scene) -> Tile | None:
    side_m = gsd_m * TILE_PX
    canvas = _Canvas(column * side_m, -row * side_m, gsd_m)
    for s in sheets:
        west, south, east, north = s.bounds
        if (
            west < canvas.west_m + side_m
            and east > canvas.west_m
            and south < canvas.north_m
            and north > canvas.north_m - side_m
        ):
            _lay(canvas, s, scene)
    if not canvas.best.any():
        return None
    return Tile(canvas.west_m, canvas.north_m, side_m, _webp(canvas.colours, canvas.best > 0))


def _lay(canvas: _Canvas, s: Sheet, scene: _Scene) -> None:
    """Lay one photo into the tile, where it looks more steeply down than what lies there."""
    import cv2

    picture, window = scene.read(s.frame, _long_side_px(s, canvas.gsd_m)), canvas.window(s.bounds)
    if picture is None or window.empty or s.frame.camera is None:
        return
    px, steep = _look_up(s.frame, *canvas.nodes(window), scene)
    scale = picture.shape[1] / s.frame.camera.width_px
    map_x, map_y = ((_fine(px[:, :, i], window, -1e4) + 0.5) * scale - 0.5 for i in (0, 1))
    seen = _fine(np.where(np.isfinite(px).all(axis=2), steep, 0.0), window)
    inside = (map_x > -0.5) & (map_y > -0.5) & (map_x < picture.shape[1] - 0.5) & (map_y < picture.shape[0] - 0.5)
    best, colours = canvas.best[window.slices], canvas.colours[window.slices]
    wins = inside & canvas.covered(s.corners, window) & (seen > best)
    warped = cv2.remap(picture, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    colours[wins] = warped[wins]
    best[wins] = seen[wins]


def _look_up(frame: Frame, east_m: Array, north_m: Array, scene: _Scene) -> tuple[Array, Array]:
    """Of a mesh of ground places: pixels (rows, columns, 2), NaN where not seen, and steepness (1: straight down)."""
    from pipeline.geo.camera import project
    from pipeline.geo.geodesy import to_enu
    from pipeline.geo.rotation import enu_R_cam

    if frame.pose is None or frame.pose.attitude is None or frame.camera is None:
        raise ValueError("a frame without pose has no place in the mosaic")
    x, y = np.meshgrid(east_m, north_m)
    lat, lon = scene.plane.lat_lon(np.column_stack([x.ravel(), y.ravel()]))
    ground = np.column_stack([lat, lon, scene.surface.height_m(lat, lon)])
    enu = to_enu(ground, frame.pose.at)
    px = project(frame.camera, enu @ enu_R_cam(frame.pose.attitude))
    off_nadir = np.degrees(np.arctan2(np.hypot(enu[:, 0], enu[:, 1]), -enu[:, 2]))
    steep = np.where(off_nadir < STEEPEST_DEG, 1 - off_nadir / 90, 0.0)
    trust = DOUBTED if frame.pose.own.yaw_deg >= DOUBTED_YAW_DEG else 1.0
    return px.reshape(*x.shape, 2), trust * np.nan_to_num(steep).reshape(x.shape)


def _fine(nodes: Array, window: _Window, nothing: float = 0.0) -> Fine:
    """A mesh with one node more on every side, interpolated to every pixel of the window; NaN becomes `nothing`."""
    import cv2

    size = (nodes.shape[1] * MESH_PX, nodes.shape[0] * MESH_PX)
    filled = np.nan_to_num(nodes, nan=nothing).astype(np.float32)
    whole = cv2.resize(filled, size, interpolation=cv2.INTER_LINEAR)
    return np.asarray(whole[MESH_PX : MESH_PX + window.height_px, MESH_PX : MESH_PX + window.width_px], np.float32)


def _webp(colours: Image, seen: NDArray[np.bool_]) -> bytes:
    """The tile as WebP, with less quality when it would take more than its share of MAX_BYTES."""
    import cv2

    picture = np.dstack([colours, seen.astype(np.uint8) * 255])
    for quality in (80, 60, 40, 20):
        done, data = cv2.imencode(".webp", picture, [cv2.IMWRITE_WEBP_QUALITY, quality])
        if done and len(data) <= MAX_BYTES // MAX_TILES:
            break
    return data.tobytes()
