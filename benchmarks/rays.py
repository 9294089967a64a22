"""Rays a second on one core against a 1024 × 1024 DEM with relief, first meeting respected.

    OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 python benchmarks/rays.py

Prints, for several heights, cell sizes and pitches, the best of three runs in processor time.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.geo.camera import rays
from pipeline.geo.ground import open_ground
from pipeline.geo.rotation import enu_R_cam
from pipeline.types import Attitude, Camera, GeoPoint, Ground

SIDE = 1024
CAMERA = Camera(1200, 900, 900.0, 900.0, 599.5, 449.5)


def relief(seed: int, height_m: float) -> NDArray[np.float32]:
    """(1024, 1024) hills and ridges: noise with a falling spectrum, `height_m` from the lowest to the highest."""
    rng = np.random.default_rng(seed)
    wave = np.hypot(*np.meshgrid(np.fft.fftfreq(SIDE), np.fft.fftfreq(SIDE)))
    wave[0, 0] = 1.0
    hills = np.fft.ifft2(np.fft.fft2(rng.standard_normal((SIDE, SIDE))) / wave**1.7).real
    return np.asarray((hills - hills.min()) / np.ptp(hills) * height_m, np.float32)


def write_dem(path: Path, heights: NDArray[np.float32], cell_m: float) -> None:
    """A GeoTIFF in UTM 50N, north up, ellipsoidal by `dem_datum`."""
    import rasterio
    from affine import Affine

    half = SIDE * cell_m / 2
    corner = Affine(cell_m, 0.0, 500_000.0 - half, 0.0, -cell_m, 3_850_000.0 + half)
    shape = {"width": SIDE, "height": SIDE, "count": 1, "dtype": "float32"}
    with rasterio.open(path, "w", driver="GTiff", crs="EPSG:32650", transform=corner, **shape) as tiff:
        tiff.write(heights, 1)


def best_rate(pitch_deg: float, above_m: float, dem: Path) -> tuple[float, float]:
    """Million rays a second, and the share that met the ground, for a full picture of 1.08 million pixels."""
    surface = open_ground(Ground(dem=str(dem), dem_datum="ellipsoid"))
    at = GeoPoint(34.79, 117.0, 0.0)
    at = GeoPoint(at.lat_deg, at.lon_deg, float(surface.height_m([at.lat_deg], [at.lon_deg])[0]) + above_m)
    x, y = np.meshgrid(np.arange(CAMERA.width_px), np.arange(CAMERA.height_px))
    looks = rays(CAMERA, np.stack([x.ravel(), y.ravel()], axis=-1)) @ enu_R_cam(Attitude(33.0, pitch_deg)).T
    times = []
    for _ in range(3):
        start = time.process_time()
        found = surface.meet(at, looks)
        times.append(time.process_time() - start)
    return len(looks) / min(times) / 1e6, float((found.why == 0).mean())


def main() -> None:
    """Print the table."""
    print(" cell   relief   above   pitch   million rays/s   met")
    with tempfile.TemporaryDirectory() as folder:
        for cell_m, height_m in ((1.0, 120.0), (5.0, 400.0)):
            dem = Path(folder) / f"dem{cell_m:.0f}.tif"
            write_dem(dem, relief(7, height_m), cell_m)
            for above_m in (55.0, 120.0, 400.0):
                for pitch_deg in (-60.0, -20.0):
                    rate, met = best_rate(pitch_deg, above_m, dem)
                    print(f"{cell_m:5.0f} {height_m:8.0f} {above_m:7.0f} {pitch_deg:7.0f} {rate:12.2f} {met:12.1%}")


if __name__ == "__main__":
    main()
