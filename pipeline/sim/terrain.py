"""The ground: hills, a river with banks, written down as a DEM. The DEM *is* the truth.

The surface between cells is bilinear in latitude and longitude, and heights are above EGM96 as public DEMs are.
Rays are marched with steps that cannot jump over the ground: the height above it divided by the fastest rate at
which a ray of that direction can lose it, given the steepest slope there is. (Hart 1996, "sphere tracing".)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import PipelineError
from pipeline.sim.sites import Site, bilinear, unwrap_deg
from pipeline.sim.space import Floats, World

Heights = NDArray[np.float32]

BANK_M = 12.0
FLOODPLAIN_M = 50.0
WATER_BELOW_M = 4.0
HILL_EVERY_M = 50.0  # along a corridor
HILL_ENDS = 6.0  # beyond so many times its size a hill is less than a micrometre high
MAX_CELLS = 40_000_000


@dataclass(frozen=True, slots=True)
class River:
    """A meandering band: `offset_m` to the right of the site as one looks along `heading_deg`."""

    heading_deg: float
    offset_m: float
    half_width_m: float
    phase: float
    slope: float = 0.001  # how fast the water rises along `heading_deg`
    sway_m: float = 0.0  # of its slow bends

    def along_across(self, en_m: Floats) -> tuple[Floats, Floats]:
        """(N, 2) east, north to metres along the river and across it from its middle line (right positive)."""
        a = np.radians(self.heading_deg)
        along = en_m[:, 0] * np.sin(a) + en_m[:, 1] * np.cos(a)
        across = en_m[:, 0] * np.cos(a) - en_m[:, 1] * np.sin(a)
        return along, across - self.middle_m(along)

    def middle_m(self, along_m: Floats) -> Floats:
        bends: Floats = (
            self.offset_m + 5 * np.sin(along_m / 37 + self.phase) + 3 * np.sin(along_m / 17 + 2 * self.phase)
        )
        return bends + self.sway_m * np.sin(along_m / 260 + 3 * self.phase) if self.sway_m else bends

    def covers(self, en_m: Floats) -> NDArray[np.bool_]:
        """(N,) whether there is water at (N, 2) east, north."""
        out: NDArray[np.bool_] = np.abs(self.along_across(en_m)[1]) < self.half_width_m
        return out

    def at(self, along_m: Floats, across_m: Floats) -> Floats:
        """(N, 2) east, north of places given along and across from the middle line."""
        a, right = np.radians(self.heading_deg), self.middle_m(along_m) + across_m
        return np.column_stack([along_m * np.sin(a) + right * np.cos(a), along_m * np.cos(a) - right * np.sin(a)])


def relief(river: River, rng: np.random.Generator) -> Callable[[Floats], Floats]:
    """Height over the site as a function of (N, 2) east, north: a tilted plain, hills and hollows, the river's cut."""
    centres = rng.uniform(-350, 350, (14, 2))
    sizes, heights = rng.uniform(35, 110, 14), rng.uniform(-4, 7, 14)
    tilt = rng.uniform(-0.012, 0.012, 2)

    def height_m(en_m: Floats) -> Floats:
        land = en_m @ tilt
        for centre, size, height in zip(centres, sizes, heights, strict=True):
            land += height * np.exp(-np.sum((en_m - centre) ** 2, axis=1) / (2 * size**2))
        along, across = river.along_across(en_m)
        ashore = np.abs(across) - river.half_width_m
        land *= smooth_step(ashore / FLOODPLAIN_M)
        water = -WATER_BELOW_M + river.slope * along
        out: Floats = water + (land - water) * smooth_step(ashore / BANK_M)
        return out

    return height_m


def valley(river: River, half_m: tuple[float, float], rng: np.random.Generator) -> Callable[[Floats], Floats]:
    """As `relief`, for a corridor (half its sides along and across): the land falls with its river."""
    count = int(np.ceil(2 * half_m[0] / HILL_EVERY_M))
    centres = river.at(rng.uniform(-half_m[0], half_m[0], count), rng.uniform(-half_m[1], half_m[1], count))
    sizes, heights = rng.uniform(35, 110, count), rng.uniform(-4, 7, count)
    tilt = rng.uniform(-0.012, 0.012)

    def height_m(en_m: Floats) -> Floats:
        along, across = river.along_across(en_m)
        ashore = np.abs(across) - river.half_width_m
        low, high = en_m.min(axis=0), en_m.max(axis=0)
        land = tilt * np.clip(across, -half_m[1], half_m[1])
        for centre, size, height in zip(centres, sizes, heights, strict=True):
            if np.all(centre > low - HILL_ENDS * size) and np.all(centre < high + HILL_ENDS * size):
                land += height * np.exp(-np.sum((en_m - centre) ** 2, axis=1) / (2 * size**2))
        land *= smooth_step(ashore / FLOODPLAIN_M)
        out: Floats = river.slope * along + land - (WATER_BELOW_M + land) * (1 - smooth_step(ashore / BANK_M))
        return out

    return height_m


def smooth_step(t: Floats) -> Floats:
    """0 below 0, 1 above 1, smooth between."""
    t = np.clip(t, 0, 1)
    return t * t * (3 - 2 * t)


class Terrain:
    """A DEM in latitude and longitude, EGM96 heights at cell centres, `reach_m` each way; and rays onto it.

    `reach_m` is one length, or one east and one north; heights are asked for in blocks of `block` cells a side, all at
    once when that is 0. Raises PipelineError when that makes too many cells.
    """

    def __init__(
        self,
        site: Site,
        world: World,
        height_m: Callable[[Floats], Floats],
        cell_m: float,
        reach_m: float | tuple[float, float],
        block: int = 0,
    ) -> None:
        self.site, self.world = site, world
        east_m, north_m = reach_m if isinstance(reach_m, tuple) else (reach_m, reach_m)
        m_per_deg = 111132.0
        self.step_deg = (cell_m / m_per_deg, cell_m / (m_per_deg * np.cos(np.radians(site.lat_deg))))
        cols, rows = int(east_m / cell_m), int(north_m / cell_m)
        if (2 * cols + 1) * (2 * rows + 1) > MAX_CELLS:
            raise PipelineError(f"the terrain model would have more than {MAX_CELLS} cells: choose a larger dem_cell_m")
        self.south_deg = site.lat_deg - rows * self.step_deg[0]
        self.west_deg = site.lon_deg - cols * self.step_deg[1]
        lat = self.south_deg + np.arange(2 * rows + 1) * self.step_deg[0]
        lon = self.west_deg + np.arange(2 * cols + 1) * self.step_deg[1]
        self.orthometric = self._heights(np.asarray(lat), np.asarray(lon), height_m, block)  # rows to the north
        self._grid = self.orthometric.astype(np.float64)
        # Slopes along both axes bound the slope anywhere; the factor covers the curved Earth and the geoid's own tilt.
        dy, dx = (float(np.abs(np.diff(self._grid, axis=axis)).max()) for axis in (0, 1))
        self.slope = 1.01 * float(np.hypot(dy, dx)) / cell_m + 0.001

    def _heights(self, lat: Floats, lon: Floats, height_m: Callable[[Floats], Floats], side: int) -> Heights:
        """Heights at the crossings of parallels and meridians, in blocks of `side` (0: all at once)."""
        out, side = np.empty((len(lat), len(lon)), np.float32), side or max(len(lat), len(lon))
        for i in range(0, len(lat), side):
            for j in range(0, len(lon), side):
                lon_grid, lat_grid = np.meshgrid(lon[j : j + side], lat[i : i + side])
                level = np.full(lat_grid.size, self.site.elevation_m)
                lla = np.column_stack([lat_grid.ravel(), lon_grid.ravel(), level])
                heights = self.site.elevation_m + height_m(self.world.from_lla(lla)[:, :2])
                out[i : i + side, j : j + side] = heights.reshape(lat_grid.shape)
        return out

    def orthometric_m(self, lat_deg: Floats, lon_deg: Floats) -> Floats:
        """Ground height above EGM96; beyond the DEM its edge goes on level."""
        row = (np.asarray(lat_deg) - self.south_deg) / self.step_deg[0]
        col = (unwrap_deg(lon_deg, self.site.lon_deg) - self.west_deg) / self.step_deg[1]
        return bilinear(self._grid, row, col)

    def ellipsoidal_m(self, lat_deg: Floats, lon_deg: Floats) -> Floats:
        """Ground height above the ellipsoid."""
        return self.orthometric_m(lat_deg, lon_deg) + self.site.undulation_m(lat_deg, lon_deg)

    def gap_m(self, world_m: Floats) -> Floats:
        """(N,) heights of (N, 3) world points above the ground."""
        lat, lon, alt = self.world.to_lla(world_m).T
        gap: Floats = alt - self.ellipsoidal_m(lat, lon)
        return gap

    def drop(self, en_m: Floats) -> Floats:
        """(N, 2) east, north to (N, 3) world points on the ground."""
        world_m = np.column_stack([en_m, np.full(len(en_m), self.site.elevation_m)])
        for _ in range(4):
            world_m[:, 2] -= self.gap_m(world_m)
        return world_m

    def normals(self, world_m: Floats, reach_m: float = 0.4) -> Floats:
        """(N, 3) unit normals of the ground, over the size of a marker."""
        east = self.drop(world_m[:, :2] + [reach_m, 0]) - self.drop(world_m[:, :2] - [reach_m, 0])
        north = self.drop(world_m[:, :2] + [0, reach_m]) - self.drop(world_m[:, :2] - [0, reach_m])
        up = np.cross(east, north)
        out: Floats = up / np.linalg.norm(up, axis=1, keepdims=True)
        return out

    def first_hit(self, start_m: Floats, rays: Floats, far_m: float = 3000.0, eps_m: float = 2e-4) -> Floats:
        """(N,) distances from (N, 3) world points along (N, 3) unit rays to the ground; NaN when there is none."""
        rate = -rays[:, 2] + self.slope * np.hypot(rays[:, 0], rays[:, 1]) + 1e-4
        distance = np.zeros(len(rays))
        going = rate > 0
        distance[~going] = np.nan
        for _ in range(400):
            index = np.flatnonzero(going)
            if not len(index):
                break
            gap = self.gap_m(start_m[index] + rays[index] * distance[index, None])
            distance[index] += np.maximum(gap, 0) / rate[index]
            going[index] = (gap > eps_m) & (distance[index] < far_m)
        distance[distance >= far_m] = np.nan
        return distance

    def write(self, path: Path) -> None:
        """GeoTIFF, float32, EPSG:4326 with EGM96 heights (EPSG:5773), pixel-is-area, north up."""
        import rasterio
        from rasterio.transform import Affine

        rows, cols = self.orthometric.shape
        north = self.south_deg + (rows - 0.5) * self.step_deg[0]
        place = Affine(self.step_deg[1], 0, self.west_deg - self.step_deg[1] / 2, 0, -self.step_deg[0], north)
        with rasterio.open(
            path, "w", driver="GTiff", width=cols, height=rows, count=1, dtype="float32", compress="deflate",
            predictor=3, nodata=-9999.0, crs="EPSG:4326+5773", transform=place,
        ) as out:  # fmt: skip
            out.write(self.orthometric[::-1], 1)
