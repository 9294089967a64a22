"""Places a simulated flight can be flown over, with the geoid there.

Each site carries the nodes of the EGM96 15′ grid (public domain, the same numbers as `egm96_15.gtx`) around it, so
that heights above sea level and above the ellipsoid agree with the real world to the millimetre, without the grid.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

import numpy as np

from pipeline.errors import PipelineError
from pipeline.sim.space import Floats

NODE_STEP_DEG = 0.25


@dataclass(frozen=True, slots=True)
class Site:
    """A place on Earth. `nodes_m` are EGM96 undulations, rows to the north, columns to the east, from `node_*`."""

    name: str
    lat_deg: float
    lon_deg: float
    elevation_m: float  # above the geoid
    utc_offset_h: int  # what the drone's clock shows
    node_lat_deg: float
    node_lon_deg: float
    nodes_m: tuple[tuple[float, ...], ...]

    def undulation_m(self, lat_deg: Floats, lon_deg: Floats) -> Floats:
        """Geoid above the ellipsoid, bilinear between nodes. Longitudes may be wrapped."""
        row = (np.asarray(lat_deg) - self.node_lat_deg) / NODE_STEP_DEG
        col = (unwrap_deg(lon_deg, self.lon_deg) - self.node_lon_deg) / NODE_STEP_DEG
        return bilinear(np.array(self.nodes_m), row, col)

    @property
    def reach_m(self) -> float:
        """How far from the site the geoid is known."""
        rows, cols = np.shape(self.nodes_m)
        north = min(self.lat_deg - self.node_lat_deg, self.node_lat_deg + (rows - 1) * NODE_STEP_DEG - self.lat_deg)
        east = min(self.lon_deg - self.node_lon_deg, self.node_lon_deg + (cols - 1) * NODE_STEP_DEG - self.lon_deg)
        return 111_000.0 * min(north, east * float(np.cos(np.radians(self.lat_deg))))


def unwrap_deg(lon_deg: Floats, near_deg: float) -> Floats:
    """Longitudes moved by whole turns to within 180° of `near_deg`."""
    return near_deg + (np.asarray(lon_deg) - near_deg + 180.0) % 360.0 - 180.0


def bilinear(grid: Floats, row: Floats, col: Floats) -> Floats:
    """Values of `grid` between its nodes; beyond the edges the edge goes on level."""
    row = np.clip(row, 0, grid.shape[0] - 1)
    col = np.clip(col, 0, grid.shape[1] - 1)
    r = np.minimum(row.astype(np.intp), grid.shape[0] - 2)
    c = np.minimum(col.astype(np.intp), grid.shape[1] - 2)
    fr, fc = row - r, col - c
    upper = grid[r, c] + (grid[r, c + 1] - grid[r, c]) * fc
    lower = grid[r + 1, c] + (grid[r + 1, c + 1] - grid[r + 1, c]) * fc
    value: Floats = upper + (lower - upper) * fr
    return value


SITES = {
    site.name: site
    for site in (
        Site("henan", 34.915, 113.53, 92.0, 8, 34.75, 113.5, ((-19.918526, -19.527534), (-19.750519, -19.415297))),
        Site("kaifeng", 34.85, 114.37, 70.0, 8, 34.75, 114.25, ((-18.363825, -17.475052), (-18.344679, -17.493446))),
        Site(
            "fiji",
            -16.85,
            180.0,
            40.0,
            12,
            -17.0,
            179.75,
            ((52.029648, 51.434219, 50.936893), (53.198841, 52.282585, 51.338173)),
        ),
        Site("parana", -32.95, -60.63, 20.0, -3, -33.0, -60.75, ((17.108841, 16.840462), (17.352505, 17.037075))),
        Site(
            "mississippi", 38.63, -90.17, 125.0, -6, 38.5, -90.25, ((-31.403820, -31.333345), (-31.824419, -31.716711))
        ),
    )
}


IN_CHINA = ("henan", "kaifeng")


def local_time(t_ns: int, utc_offset_h: int) -> datetime:
    """What the drone's clock shows, to the second."""
    return datetime.fromtimestamp(t_ns // 1_000_000_000, timezone(timedelta(hours=utc_offset_h)))


def site_called(name: str) -> Site:
    """A site by name; raises PipelineError for one that is not there."""
    if name not in SITES:
        raise PipelineError(f"there is no simulated site called {name!r}; there are: {', '.join(SITES)}")
    return SITES[name]
