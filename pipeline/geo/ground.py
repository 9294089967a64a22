"""What rays end on: level ground, or a DEM."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.errors import MissionError
from pipeline.geo.chart import fit_chart
from pipeline.geo.dem import KNOWN, OUTSIDE, Dem, Kinds, read_dem
from pipeline.geo.geodesy import ecef_R_enu, from_enu, to_ecef
from pipeline.geo.march import AWAY, BELOW, FAR, LEFT, MAX_RANGE_M, MET, UNKNOWN, Codes, make_rays, march
from pipeline.geo.relief import Relief, build_relief, sample
from pipeline.types import GeoPoint, Ground

Array = NDArray[np.float64]

REASONS: dict[int, str] = {
    AWAY: "the pixel looks at or above the horizon",
    LEFT: "the line of sight leaves the DEM before it meets the ground",
    BELOW: "the camera's position lies below the ground",
    UNKNOWN: "the line of sight ends where the DEM has no data",
    FAR: "the ground is farther away than 20 km",
}
LEVEL_SIGMA_M = 3.0  # what a plane at take-off height may miss of a site's relief, unless the mission says better
_CHUNK = 32_768  # rays at a time: enough to keep numpy busy, few enough for the processor's cache
_PLANE_M = 1e-9  # how close to the plane a meeting is brought


@dataclass(frozen=True, eq=False)
class Meeting:
    """Where N rays end: points (N, 3) latitude, longitude, ellipsoidal height, NaN where nowhere; why (N,) of REASONS.

    `why` is 0 where there is a point. range_m: (N,) metres from the camera, NaN where nowhere.
    """

    points: Array
    why: Codes
    range_m: Array


class Surface(Protocol):
    """The ground, opened. All heights are above the ellipsoid; `level` ground has the same everywhere."""

    @property
    def level(self) -> bool: ...
    @property
    def sigma_m(self) -> float: ...
    @property
    def cell_m(self) -> float: ...
    @property
    def notes(self) -> tuple[str, ...]: ...

    def meet(self, origin: GeoPoint, directions_enu: ArrayLike) -> Meeting:
        """Where rays from a camera, (N, 3) unit directions in its east, north, up, first meet the ground."""

    def height_m(self, lat_deg: ArrayLike, lon_deg: ArrayLike) -> Array:
        """(N,) heights of the ground; NaN where it is not known."""

    def slope(self, lat_deg: ArrayLike, lon_deg: ArrayLike) -> Array:
        """(N, 2) rise of the ground towards east and north, m a m; NaN where it is not known."""


def open_ground(ground: Ground) -> Surface:
    """The surface that a description speaks of: its DEM, else its level plane; opened once a process.

    Raises MissionError when there is neither, or the DEM or its geoid grid cannot be used.
    """
    if ground.dem is None and ground.plane_alt_m is None:
        raise MissionError("nobody knows how high the ground is: give a DEM or the height of a plane")
    return _open(ground, _stamp(ground.dem), _stamp(ground.geoid))


def _stamp(path: str | None) -> tuple[int, int] | None:
    """Changes when the file does; a missing file is reported by whoever opens it."""
    if path is None or not Path(path).is_file():
        return None
    stat = Path(path).stat()
    return stat.st_mtime_ns, stat.st_size


@lru_cache(maxsize=8)
def _open(ground: Ground, _dem: tuple[int, int] | None, _geoid: tuple[int, int] | None) -> Surface:
    if ground.dem is None:
        assert ground.plane_alt_m is not None
        return LevelGround(ground.plane_alt_m, LEVEL_SIGMA_M if ground.sigma_m is None else ground.sigma_m)
    dem = read_dem(ground.dem, ground.dem_datum, ground.geoid)
    sigma_m = min(5.0, max(0.3, 0.1 * dem.cell_m)) if ground.sigma_m is None else ground.sigma_m
    return DemGround(dem, build_relief(dem), sigma_m)


def _looks(directions_enu: ArrayLike) -> Array:
    """(N, 3) directions; those that are not numbers look up, where there is nothing to meet."""
    d = np.asarray(directions_enu, np.float64).reshape(-1, 3)
    bad = np.asarray(~np.isfinite(d).all(axis=1))
    return np.where(bad[:, None], [0.0, 0.0, 1.0], d) if bad.any() else d


@dataclass(frozen=True, eq=False)
class LevelGround:
    """Ground of one ellipsoidal height; it curves with the earth."""

    alt_m: float
    sigma_m: float = LEVEL_SIGMA_M
    notes: tuple[str, ...] = ()
    level: bool = True
    cell_m: float = 0.0

    def meet(self, origin: GeoPoint, directions_enu: ArrayLike) -> Meeting:
        """See `Surface.meet`. A parabola gives the distance, Newton's method makes it exact."""
        d = _looks(directions_enu)
        t, why = self._first_guess(origin, d)
        points = from_enu(d * t[:, None], origin)
        for _ in range(4):
            wrong = points[:, 2] - self.alt_m
            if not np.any(np.abs(wrong[why == MET]) > _PLANE_M):
                break
            t = t - wrong / _climb(points, origin, d)
            points = from_enu(d * t[:, None], origin)
        why[(why == MET) & (t > MAX_RANGE_M)] = FAR
        none = why != MET
        points[none], t[none] = np.nan, np.nan
        return Meeting(points, why, t)

    def _first_guess(self, origin: GeoPoint, d: Array) -> tuple[Array, Codes]:
        """Distances and codes from height = drop + d_up t + (curvature across) t² / 2; lost rays get t = 0."""
        drop = origin.alt_m - self.alt_m
        bend = (1.0 - d[:, 2] ** 2) / (2.0 * 6.37e6)
        root = d[:, 2] ** 2 - 4.0 * bend * drop
        why = np.where((d[:, 2] >= 0) | (root <= 0), AWAY, MET).astype(np.int8)
        if drop <= 0:
            why[:] = BELOW
        met = why == MET
        t = 2.0 * drop / (np.sqrt(np.where(met, root, 1.0)) - np.where(met, d[:, 2], 0.0))
        why[met & (t > 2.0 * MAX_RANGE_M)] = FAR
        return np.where(why == MET, t, 0.0), why

    def height_m(self, lat_deg: ArrayLike, lon_deg: ArrayLike) -> Array:
        """See `Surface.height_m`."""
        return np.full(np.broadcast_shapes(np.shape(lat_deg), np.shape(lon_deg)), self.alt_m)

    def slope(self, lat_deg: ArrayLike, lon_deg: ArrayLike) -> Array:
        """See `Surface.slope`."""
        return np.zeros((*np.broadcast_shapes(np.shape(lat_deg), np.shape(lon_deg)), 2))


def _climb(points: Array, origin: GeoPoint, d: Array) -> Array:
    """(N,) how fast ellipsoidal height grows along rays that have come to `points`."""
    lat, lon = np.radians(points[:, 0]), np.radians(points[:, 1])
    up = np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=-1)
    ahead = d @ ecef_R_enu(origin.lat_deg, origin.lon_deg).T
    climb = np.einsum("ni,ni->n", up, ahead)
    return np.where(np.abs(climb) < 1e-6, -1e-6, climb)


@dataclass(frozen=True, eq=False)
class DemGround:
    """Bilinear ground between the cell centres of a DEM."""

    dem: Dem
    relief: Relief
    sigma_m: float
    level: bool = False

    @property
    def cell_m(self) -> float:
        """Side of the DEM's cells."""
        return self.dem.cell_m

    @property
    def notes(self) -> tuple[str, ...]:
        """What had to be assumed about the file."""
        return self.dem.notes

    def meet(self, origin: GeoPoint, directions_enu: ArrayLike) -> Meeting:
        """See `Surface.meet`: the first meeting; what a ridge hides is not seen."""
        d = _looks(directions_enu)
        chart = fit_chart(origin, self.dem.map.cells, MAX_RANGE_M)
        points, why, t = np.empty_like(d), np.empty(len(d), np.int8), np.empty(len(d))
        for at in range(0, len(d), _CHUNK):
            part = slice(at, at + _CHUNK)
            rays = make_rays(chart.start, chart.along(d[part]))
            t[part], why[part] = march(self.relief, rays)
            points[part] = from_enu(d[part] * t[part, None], origin)
            why[part] = self._known(rays.at(t[part]), why[part])
        points[why != MET], t[why != MET] = np.nan, np.nan
        return Meeting(points, why, t)

    def _known(self, ends: tuple[Array, Array, Array], why: Codes) -> Codes:
        """Hits on the lid of a hole, or beyond the DEM's own edge, are none."""
        if not self.relief.kinds.any():
            return why
        kinds = sample(self.relief, ends[0], ends[1])[3]
        lost = np.where(kinds == OUTSIDE, LEFT, UNKNOWN)
        return np.where((why == MET) & (kinds != KNOWN), lost, why).astype(np.int8)

    def _sample(self, lat_deg: ArrayLike, lon_deg: ArrayLike) -> tuple[Array, Array, Array, Kinds]:
        lat, lon = np.broadcast_arrays(np.asarray(lat_deg, np.float64), np.asarray(lon_deg, np.float64))
        return sample(self.relief, *self.dem.map.cells(lat, lon))

    def height_m(self, lat_deg: ArrayLike, lon_deg: ArrayLike) -> Array:
        """See `Surface.height_m`."""
        z, _, _, kinds = self._sample(lat_deg, lon_deg)
        return np.asarray(np.where(kinds == KNOWN, z, np.nan))

    def slope(self, lat_deg: ArrayLike, lon_deg: ArrayLike) -> Array:
        """See `Surface.slope`."""
        lat, lon = (np.asarray(v, np.float64) for v in (lat_deg, lon_deg))
        _, along_x, along_y, kinds = self._sample(lat, lon)
        steps = self._cells_a_metre(lat, lon)
        rise = along_x[..., None] * steps[..., 0] + along_y[..., None] * steps[..., 1]
        return np.asarray(np.where((kinds == KNOWN)[..., None], rise, np.nan))

    def _cells_a_metre(self, lat: Array, lon: Array) -> Array:
        """(…, 2, 2): rows are a metre east and a metre north, columns the cells it makes along x and y."""
        here = to_ecef(np.stack([lat, lon, np.zeros_like(lat)], axis=-1))
        degree = 1e-5
        at = np.stack(self.dem.map.cells(lat, lon), axis=-1)
        rows = []
        for dlat, dlon in ((0.0, degree), (degree, 0.0)):
            there = to_ecef(np.stack([lat + dlat, lon + dlon, np.zeros_like(lat)], axis=-1))
            cells = np.stack(self.dem.map.cells(lat + dlat, lon + dlon), axis=-1) - at
            rows.append(cells / np.linalg.norm(there - here, axis=-1)[..., None])
        return np.stack(rows, axis=-2)
