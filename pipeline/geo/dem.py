"""A DEM file becomes a grid of ellipsoidal heights.

Grid coordinates: x counts columns to the right, y rows down, and (1, 1) is the centre of the file's top-left cell:
one ring of cells is added by repetition, of which the half next to the file's own belongs to the ground. Between
centres the ground is bilinear. A hole in the file is closed with a lid at the height of its rim's highest cell: a
ray that meets the lid might have met anything. Missing cells that reach the file's edge count as outside.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import MissionError
from pipeline.geo.datum import undulation_m
from pipeline.geo.geodesy import geodesic_m

if TYPE_CHECKING:
    from affine import Affine
    from pyproj import CRS, Transformer

Array = NDArray[np.float64]
Heights = NDArray[np.float32]
Kinds = NDArray[np.uint8]

KNOWN, HOLE, OUTSIDE = 0, 1, 2
MAX_CELLS = 200_000_000
PLAUSIBLE_M = (-1000.0, 10_000.0)  # what lies beyond is an undeclared "no data"
LATTICE_M = 400.0  # the geoid is looked up this densely and interpolated between
_STRIP = 512  # rows at a time, where a large file would otherwise need its memory several times over
_SAME_DATUM = {4326, 4979, 4490, 4480}  # WGS 84 and CGCS2000 agree within a few decimetres of plate motion


@dataclass(frozen=True, eq=False)
class GridMap:
    """From latitude and longitude to grid coordinates."""

    crs_from_corner: Affine  # of the file: from its top-left corner, in cells, to its coordinates
    crs_from_wgs84: Transformer | None  # None: the file's coordinates are longitude and latitude
    middle_lon_deg: float  # of a file in longitude and latitude

    def cells(self, lat_deg: Array, lon_deg: Array) -> tuple[Array, Array]:
        """Grid x and y of places; inf or NaN where the projection does not reach."""
        if self.crs_from_wgs84 is None:
            east = self.middle_lon_deg + (lon_deg - self.middle_lon_deg + 180.0) % 360.0 - 180.0
            north = lat_deg
        else:
            east, north = self.crs_from_wgs84.transform(lon_deg, lat_deg)
        x, y = _apply(~self.crs_from_corner, np.asarray(east, np.float64), np.asarray(north, np.float64))
        return x + 0.5, y + 0.5

    def places(self, x: Array, y: Array) -> tuple[Array, Array]:
        """Latitudes and longitudes of grid coordinates; the inverse of `cells`."""
        east, north = _apply(self.crs_from_corner, x - 0.5, y - 0.5)
        if self.crs_from_wgs84 is None:
            return north, east
        lon, lat = self.crs_from_wgs84.transform(east, north, direction="INVERSE")
        return np.asarray(lat), np.asarray(lon)


def _apply(affine: Affine, x: Array, y: Array) -> tuple[Array, Array]:
    a, b, c, d, e, f = affine[:6]
    return np.asarray(a * x + b * y + c), np.asarray(d * x + e * y + f)


@dataclass(frozen=True, eq=False)
class Dem:
    """Ellipsoidal heights at grid nodes (rows + 2, columns + 2), and what each cell between four nodes is."""

    heights_m: Heights
    kinds: Kinds  # (rows + 1, columns + 1): KNOWN, HOLE or OUTSIDE
    map: GridMap
    cell_m: float
    notes: tuple[str, ...]


def read_dem(path: str, datum: str | None = None, geoid: str | None = None) -> Dem:
    """Read the first band of a GeoTIFF; `datum` is used when the file has no vertical coordinate system of its own.

    Raises MissionError when the file is missing, damaged, too large, empty or without a coordinate system.
    """
    name = Path(path).name
    raw, crs, transform = _read_band(path)
    vertical, factor, notes = _vertical(crs, datum, name)
    grid = _grid_map(_horizontal(crs), transform, raw.shape, name)
    cell_m = _cell_m(grid, raw.shape, name)
    heights, kinds = _close_holes(np.pad(raw * np.float32(factor) if factor != 1.0 else raw, 1, mode="edge"), name)
    try:
        _add_undulations(heights, grid, vertical, geoid, cell_m)
    except MissionError as why:
        raise MissionError(f"{name}: {why}") from why
    return Dem(heights, kinds, grid, cell_m, notes)


def _read_band(path: str) -> tuple[Heights, CRS, Affine]:
    """Heights with NaN where there are none, coordinate system, and pixel corner -> coordinates."""
    import rasterio
    from rasterio.errors import NotGeoreferencedWarning, RasterioError

    name = Path(path).name
    if not Path(path).is_file():
        raise MissionError(f"{name}: there is no such DEM file")
    try:
        with warnings.catch_warnings(), rasterio.Env(GTIFF_REPORT_COMPD_CS=True):
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            with rasterio.open(path, driver="GTiff") as tiff:
                _check(tiff, name)
                return _heights(tiff, name), _crs(tiff, name), tiff.transform
    except RasterioError as why:
        raise MissionError(f"{name}: not a readable GeoTIFF ({type(why).__name__})") from why


def _check(tiff: Any, name: str) -> None:
    if tiff.width * tiff.height > MAX_CELLS:
        raise MissionError(
            f"{name}: {tiff.width} × {tiff.height} cells are more than the {MAX_CELLS // 1_000_000} million allowed; "
            "cut out the area of the flight or make the cells coarser"
        )
    if tiff.crs is None or tiff.transform.is_identity or tiff.transform.determinant == 0:
        raise MissionError(f"{name}: the DEM has no coordinate system or no place on the earth")
    if "complex" in tiff.dtypes[0]:
        raise MissionError(f"{name}: the DEM's first band holds complex numbers, not heights")


def _heights(tiff: Any, name: str) -> Heights:
    band = tiff.read(1, masked=True, out_dtype="float32")
    heights: Heights = np.asarray(band.filled(np.nan), np.float32)
    if tiff.scales[0] != 1.0 or tiff.offsets[0] != 0.0:
        heights = heights * np.float32(tiff.scales[0]) + np.float32(tiff.offsets[0])
    with np.errstate(invalid="ignore"):
        heights[~((heights > PLAUSIBLE_M[0]) & (heights < PLAUSIBLE_M[1]))] = np.nan
    if not np.isfinite(heights).any():
        raise MissionError(f"{name}: the DEM holds no height at all")
    return heights


def _crs(tiff: Any, name: str) -> CRS:
    from pyproj import CRS
    from pyproj.exceptions import CRSError

    try:
        return CRS.from_wkt(tiff.crs.to_wkt())
    except CRSError as why:
        raise MissionError(f"{name}: the DEM's coordinate system is not understood") from why


def _horizontal(crs: CRS) -> CRS:
    return crs.sub_crs_list[0] if crs.is_compound else crs


def _vertical(crs: CRS, datum: str | None, name: str) -> tuple[str, float, tuple[str, ...]]:
    """Height datum, metres a unit, and notes: the file's own word, else the user's, else EGM96 by assumption."""
    if crs.is_compound:
        vertical = crs.sub_crs_list[-1]
        own, axis = _named(vertical), vertical.axis_info[0]
    elif len(crs.axis_info) == 3:
        own, axis = "ellipsoid", crs.axis_info[2]
    else:
        own, axis = None, None
    if own is not None and axis is not None:
        overruled = (f"{name}: the DEM itself says that its heights are {own}; {datum} was not used",)
        return own, float(axis.unit_conversion_factor or 1.0), overruled if datum not in (None, own) else ()
    if datum is not None:
        return datum, 1.0, ()
    return "egm96", 1.0, (f"{name}: the DEM does not name its height datum; EGM96 was assumed",)


def _named(vertical: CRS) -> str:
    name = vertical.name.lower()
    if vertical.to_epsg() == 5773 or "egm96" in name:
        return "egm96"
    if vertical.to_epsg() == 3855 or "egm2008" in name:
        return "egm2008"
    return "ellipsoid" if "ellipsoid" in name else "geoid"


def _grid_map(horizontal: CRS, transform: Affine, shape: tuple[int, ...], name: str) -> GridMap:
    lonlat = horizontal.is_geographic and horizontal.to_epsg() in _SAME_DATUM
    transformer = None if lonlat else _transformer(horizontal, name)
    middle, _ = _apply(transform, np.array(shape[1] / 2.0), np.array(shape[0] / 2.0))
    return GridMap(transform, transformer, float(middle))


def _transformer(horizontal: CRS, name: str) -> Transformer:
    from pyproj import Transformer
    from pyproj.exceptions import ProjError

    try:
        if horizontal.is_geographic or horizontal.is_projected:
            return Transformer.from_crs("EPSG:4326", horizontal.to_2d(), always_xy=True)
    except ProjError:
        pass
    raise MissionError(f"{name}: the DEM's coordinate system ({horizontal.name}) has no known place on the earth")


def _cell_m(grid: GridMap, shape: tuple[int, ...], name: str) -> float:
    """Geometric mean of a cell's sides in the middle of the file, in m; MissionError when that is not on the earth."""
    x, y = shape[1] / 2.0, shape[0] / 2.0
    lat, lon = grid.places(np.array([x, x + 1.0, x]), np.array([y, y, y + 1.0]))
    if not (np.isfinite(lon).all() and np.all(np.abs(lat) <= 90.0)):
        raise MissionError(f"{name}: the DEM's coordinates do not lie on the earth")
    sides = geodesic_m(lat[[0, 0]], lon[[0, 0]], lat[1:], lon[1:])
    return float(np.sqrt(sides[0] * sides[1]))


def _close_holes(heights: Heights, name: str) -> tuple[Heights, Kinds]:
    """Give missing nodes a height (a lid, or the lowest ground outside) and say what each cell is."""
    missing = ~np.isfinite(heights)
    kinds = np.zeros(heights.shape, np.uint8)
    if missing.any():
        from scipy import ndimage

        labels, count = ndimage.label(missing, structure=np.ones((3, 3), int))
        rim = ndimage.maximum_filter(np.where(missing, -np.inf, heights), size=3)
        lids = np.concatenate([[0.0], ndimage.maximum(rim, labels, np.arange(1, count + 1))])
        edge = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
        lids[edge] = np.nanmin(heights)
        heights = np.where(missing, lids[labels], heights).astype(np.float32)
        kinds = np.where(missing, np.where(np.isin(labels, edge), OUTSIDE, HOLE), KNOWN).astype(np.uint8)
    corners = (kinds[:-1, :-1], kinds[:-1, 1:], kinds[1:, :-1], kinds[1:, 1:])
    return heights, np.maximum.reduce(corners)


def _add_undulations(heights: Heights, grid: GridMap, datum: str, geoid: str | None, cell_m: float) -> None:
    """Raise all nodes by the geoid, looked up on a lattice and bilinear between (it is smooth); in place, by strips."""
    step = max(1, int(LATTICE_M / cell_m))
    rows, columns = (np.append(np.arange(0.0, n - 1, step), n - 1.0) for n in heights.shape)
    y, x = np.meshgrid(rows, columns, indexing="ij")
    # The ring repeats the file's outermost cells, geoid and all.
    lat, lon = grid.places(np.clip(x, 1.0, heights.shape[1] - 2.0), np.clip(y, 1.0, heights.shape[0] - 2.0))
    lattice = undulation_m(datum, lat, lon, geoid)
    across = _stretch(lattice.T, columns, np.arange(heights.shape[1])).T
    for top in range(0, heights.shape[0], _STRIP):
        strip = heights[top : top + _STRIP]
        strip += _stretch(across, rows, np.arange(top, top + len(strip)))


def _stretch(values: NDArray[Any], nodes: Array, at: NDArray[np.int64]) -> Heights:
    """(K, M) values at rising row positions -> (len(at), M), linear between."""
    k = np.clip(np.searchsorted(nodes, at, side="right") - 1, 0, len(nodes) - 2)
    share = ((at - nodes[k]) / (nodes[k + 1] - nodes[k])).astype(np.float32)[:, None]
    low, high = values[k].astype(np.float32), values[k + 1].astype(np.float32)
    return np.asarray(low + (high - low) * share, np.float32)
