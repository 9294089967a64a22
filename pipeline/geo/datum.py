"""Heights: which zero they count from, and the way to the ellipsoid.

`egm96` is mean sea level after EGM96 (15′ grid, NIMA 1998, public domain; it travels with the package and is
interpolated bilinearly). `egm2008` and `geoid` (a national height system) need the user's own grid of undulations.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.errors import MissionError

Array = NDArray[np.float64]

DATUMS = ("egm96", "egm2008", "ellipsoid", "geoid")
MAX_GRID_CELLS = 250_000_000
_HEADER = struct.Struct(">4d2i")


@dataclass(frozen=True, eq=False)
class GeoidGrid:
    """Undulations on a grid: row 0 lies south, column 0 west; metres from ellipsoid up to geoid."""

    south_deg: float
    west_deg: float
    lat_step_deg: float
    lon_step_deg: float
    values_m: NDArray[np.float32]  # (rows, columns), NaN where unknown

    @property
    def goes_round(self) -> bool:
        """Whether the last column is followed by the first."""
        return bool(self.values_m.shape[1] * self.lon_step_deg >= 360.0 - 1e-6)

    def at(self, lat_deg: ArrayLike, lon_deg: ArrayLike) -> Array:
        """Undulations in m, bilinear, broadcast over the arguments; NaN outside the grid."""
        lat, lon = np.broadcast_arrays(np.asarray(lat_deg, np.float64), np.asarray(lon_deg, np.float64))
        rows, columns = self.values_m.shape
        y = _snap((lat - self.south_deg) / self.lat_step_deg, rows - 1)
        x = _snap(((lon - self.west_deg) % 360.0) / self.lon_step_deg, columns - 1)
        reach = columns if self.goes_round else columns - 1
        known = np.isfinite(y) & np.isfinite(x) & (y >= 0) & (y <= rows - 1) & (x <= reach)
        y, x = np.where(known, y, 0.0), np.where(known, x, 0.0)
        return np.asarray(np.where(known, self._bilinear(y, x), np.nan))

    def _bilinear(self, y: Array, x: Array) -> Array:
        rows, columns = self.values_m.shape
        j = np.minimum(y.astype(np.intp), max(rows - 2, 0))
        i = x.astype(np.intp)
        right = (i + 1) % columns if self.goes_round else np.minimum(i + 1, columns - 1)
        i %= columns
        fy, fx, v = y - j, x - np.floor(x), self.values_m
        low = v[j, i] * (1.0 - fx) + v[j, right] * fx
        high = v[j + 1, i] * (1.0 - fx) + v[j + 1, right] * fx
        return np.asarray(low * (1.0 - fy) + high * fy, np.float64)


def _snap(cell: Array, last: int) -> Array:
    """Forgive rounding at the grid's rim."""
    cell = np.where((cell < 0) & (cell > -1e-9), 0.0, cell)
    return np.asarray(np.where((cell > last) & (cell < last + 1e-9), float(last), cell))


def read_gtx(data: bytes, name: str) -> GeoidGrid:
    """Parse NOAA's GTX (big-endian: south, west, steps, rows, columns, float32 rows from the south)."""
    if len(data) < _HEADER.size:
        raise MissionError(f"{name}: too short for a GTX geoid grid")
    south, west, lat_step, lon_step, rows, columns = _HEADER.unpack_from(data)
    sane = -90.0 <= south < 90.0 and -360.0 <= west < 360.0 and 0.0 < lat_step <= 10.0 and 0.0 < lon_step <= 10.0
    if not sane or rows < 2 or columns < 2 or rows * columns > MAX_GRID_CELLS:
        raise MissionError(f"{name}: not a GTX geoid grid (its header makes no sense)")
    if len(data) != _HEADER.size + 4 * rows * columns:
        raise MissionError(f"{name}: the GTX geoid grid is cut off or too long for its {rows} × {columns} values")
    values = np.frombuffer(data, ">f4", offset=_HEADER.size).reshape(rows, columns).astype(np.float32)
    values[values == np.float32(-88.8888)] = np.nan  # NOAA's "unknown"
    return GeoidGrid(south, west, lat_step, lon_step, values)


@lru_cache(maxsize=1)
def _egm96() -> GeoidGrid:
    return read_gtx((files("pipeline.geo") / "data" / "egm96_15.gtx").read_bytes(), "egm96_15.gtx")


def egm96_m(lat_deg: ArrayLike, lon_deg: ArrayLike) -> Array:
    """EGM96 undulation in m (ellipsoidal height = height above mean sea level + undulation); broadcasts."""
    return _egm96().at(lat_deg, lon_deg)


def open_geoid(path: str) -> GeoidGrid:
    """Read a geoid grid, GTX or GeoTIFF in geographic coordinates; raises MissionError."""
    try:
        stat = Path(path).stat()
    except OSError as why:
        raise MissionError(f"{Path(path).name}: the geoid grid cannot be read ({why.strerror})") from why
    return _open_geoid(path, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=4)
def _open_geoid(path: str, _mtime_ns: int, size: int) -> GeoidGrid:
    name = Path(path).name
    if size > 4 * MAX_GRID_CELLS + _HEADER.size:
        raise MissionError(f"{name}: a geoid grid of {size / 1e6:.0f} MB is more than can be read")
    try:
        data = Path(path).read_bytes()
    except OSError as why:
        raise MissionError(f"{name}: the geoid grid cannot be read ({why.strerror})") from why
    return _read_tiff(path) if data[:2] in (b"II", b"MM") else read_gtx(data, name)


def _read_tiff(path: str) -> GeoidGrid:
    import rasterio
    from rasterio.errors import RasterioError

    name = Path(path).name
    try:
        with rasterio.open(path, driver="GTiff") as tiff:
            step = tiff.transform
            if tiff.width * tiff.height > MAX_GRID_CELLS or tiff.width < 2 or tiff.height < 2:
                raise MissionError(f"{name}: {tiff.width} × {tiff.height} cells are not a usable geoid grid")
            if (tiff.crs is not None and not tiff.crs.is_geographic) or step.b or step.d or step.a <= 0 or step.e >= 0:
                raise MissionError(f"{name}: a geoid grid has to be in latitude and longitude, north up")
            values = tiff.read(1, masked=True).astype(np.float32).filled(np.nan)
    except RasterioError as why:
        raise MissionError(f"{name}: not a readable GeoTIFF geoid grid ({type(why).__name__})") from why
    south, west = step.f + step.e * (values.shape[0] - 0.5), step.c + step.a * 0.5
    return GeoidGrid(south, west, -step.e, step.a, np.ascontiguousarray(values[::-1]))


def undulation_m(datum: str, lat_deg: ArrayLike, lon_deg: ArrayLike, geoid: str | None = None) -> Array:
    """What to add to a height of this datum to get an ellipsoidal height, in m; broadcasts.

    Raises MissionError for an unknown datum, a missing or unreadable geoid grid, and places the grid does not hold.
    """
    if datum not in DATUMS:
        raise MissionError(f"there is no height datum called {datum!r}; there are: {', '.join(DATUMS)}")
    if datum == "ellipsoid":
        return np.zeros(np.broadcast_shapes(np.shape(lat_deg), np.shape(lon_deg)))
    if datum == "egm96":
        return egm96_m(lat_deg, lon_deg)
    if geoid is None:
        raise MissionError(f"heights above {datum} need a geoid grid: give its file with --geoid")
    found = open_geoid(geoid).at(lat_deg, lon_deg)
    lost = np.isnan(found)
    if lost.any():
        lat, lon = (np.broadcast_to(np.asarray(v, np.float64), lost.shape)[lost][0] for v in (lat_deg, lon_deg))
        raise MissionError(f"{Path(geoid).name}: the geoid grid does not cover {lat:.4f}, {lon:.4f}")
    return found


def to_ellipsoidal(
    height_m: ArrayLike, datum: str, lat_deg: ArrayLike, lon_deg: ArrayLike, geoid: str | None = None
) -> Array:
    """Heights above `datum` -> heights above the WGS 84 ellipsoid, in m; broadcasts; raises as `undulation_m`."""
    return np.asarray(np.asarray(height_m, np.float64) + undulation_m(datum, lat_deg, lon_deg, geoid))
