"""The map's own flat coordinates: metres east and north of a centre, exactly invertible.

Plate carrée with the ellipsoid's radii at the centre. It stretches east–west by up to 0.1 % ten kilometres away, which
a picture does not show; every coordinate that is written down is computed from degrees, not from here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.report.shapes import metres_per_degree, wrapped_lon_deg

BAR_SHARE = 0.3  # of the map's width, at most
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Plane:
    """A flat map about a centre."""

    lat_deg: float
    lon_deg: float
    east_m: float  # metres in one degree of longitude at the centre
    north_m: float  # metres in one degree of latitude at the centre

    def xy(self, lat_deg: ArrayLike, lon_deg: ArrayLike) -> Array:
        """(N, 2) metres east and north; longitudes across 180° are near each other here."""
        lat, lon = np.atleast_1d(np.asarray(lat_deg, float)), np.atleast_1d(np.asarray(lon_deg, float))
        east = (lon - self.lon_deg + 180) % 360 - 180
        return np.column_stack([east * self.east_m, (lat - self.lat_deg) * self.north_m])

    def lat_lon(self, xy: Array) -> tuple[Array, Array]:
        """Degrees (N,) of (N, 2) metres east and north; longitudes in [-180, 180)."""
        lon = self.lon_deg + xy[:, 0] / self.east_m
        return self.lat_deg + xy[:, 1] / self.north_m, (lon + 180) % 360 - 180

    def lon_lat_on(self, x_m: float, y_m: float) -> list[float]:
        """[longitude, latitude] in degrees of one place; longitudes go on past 180°, as maps that are drawn need it."""
        return [round(self.lon_deg + x_m / self.east_m, 9), round(self.lat_deg + y_m / self.north_m, 9)]


def plane_about(lats_deg: ArrayLike, lons_deg: ArrayLike) -> Plane:
    """The plane whose centre is in the middle of places; of none, the equator."""
    lat, lon = np.asarray(lats_deg, float), np.asarray(lons_deg, float)
    if lat.size == 0:
        return Plane(0.0, 0.0, *metres_per_degree(0.0))
    around = (lon - lon[0] + 180) % 360 - 180
    centre = float((lat.min() + lat.max()) / 2), wrapped_lon_deg(float(lon[0] + (around.min() + around.max()) / 2))
    return Plane(*centre, *metres_per_degree(centre[0]))


def scale_bar(side_m: float) -> dict[str, Any]:
    """A round length that fits under a map of this width: its share of the width, and its words."""
    most_m = side_m * BAR_SHARE
    power = 10 ** math.floor(math.log10(most_m))
    length_m = next(n * power for n in (5, 2, 1) if n * power <= most_m)
    words = f"{length_m / 1000:g} km" if length_m >= 1000 else f"{length_m:g} m"
    return {"share": round(length_m / side_m, 5), "words": words}
