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

from pipeline.sim.sites import Site, bilinear, unwrap_deg
from pipeline.sim.space import Floats, World

BANK_M = 12.0
FLOODPLAIN_M = 50.0
WATER_BELOW_M = 4.0


@dataclass(frozen=True, slots=True)
class River:
    """A meandering band: `offset_m` to the right of the site as one looks along `heading_deg`."""

    heading_deg: float
    offset_m: float
    half_width_m: float
    phase: float

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
        return bends

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
        water = -WATER_BELOW_M + 0.001 * along
        out: Floats = water + (land - water) * smooth_step(ashore / BANK_M)
        return out

    return height_m


def smooth_step(t: Floats) -> Floats:
    """0 below 0, 1 above 1, smooth between."""
    t = np.clip(t, 0, 1)
    return t * t * (3 - 2 * t)


class Terrain:
    """A DEM in latitude and longitude, EGM96 heights at cell centres, `reach_m` each way; and rays onto it."""

    def __init__(
        self, site: Site, world: World, height_m: Callable[[Floats], Floats], cell_m: float, reach_m: float
    ) -> None:
        self.site, self.world, self.reach_m = site, world, reach_m
        m_per_deg = 111132.0
        self.step_deg = (cell_m / m_per_deg, cell_m / (m_per_deg * np.cos(np.radians(site.lat_deg))))
        half = int(reach_m / cell_m)
        self.south_deg = site.lat_deg - half * self.step_deg[0]
        self.west_deg = site.lon_deg - half * self.step_deg[1]
        lat = self.south_deg + np.arange(2 * half + 1) * self.step_deg[0]
        lon = self.west_deg + np.arange(2 * half + 1) * self.step_deg[1]
        lon_grid, lat_grid = np.meshgrid(lon, lat)
        lla = np.column_stack([lat_grid.ravel(), lon_grid.ravel(), np.full(lat_grid.size, site.elevation_m)])
        heights = site.elevation_m + height_m(world.from_lla(lla)[:, :2])
        self.orthometric: NDArray[np.float32] = heights.reshape(lat_grid.shape).astype(np.float32)  # rows to the north
        self._grid = self.orthometric.astype(np.float64)
        # Slopes along both axes bound the slope anywhere; the factor covers the curved Earth and the geoid's own tilt.
        dy, dx = np.diff(self._grid, axis=0), np.diff(self._grid, axis=1)
        self.slope = 1.01 * float(np.hypot(np.abs(dy).max(), np.abs(dx).max())) / cell_m + 0.001

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
