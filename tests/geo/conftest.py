"""Small DEM files for the tests of geo."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from hypothesis import settings

# How long an example takes depends on who else uses the machine.
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")

WriteDem = Callable[..., Path]


@pytest.fixture
def write_dem(tmp_path: Path) -> WriteDem:
    """write_dem(heights, crs="EPSG:32650", cell=10.0, corner=(500000, 3850000), …) -> path of a GeoTIFF."""

    def write(heights, crs="EPSG:32650", cell=10.0, corner=(500_000.0, 3_850_000.0), name="地形 dem.tif", **profile):
        import rasterio

        bands = np.atleast_3d(np.asarray(heights)) if np.ndim(heights) == 2 else np.moveaxis(np.asarray(heights), 0, -1)
        transform = profile.pop("transform", Affine(cell, 0.0, corner[0], 0.0, -cell, corner[1]))
        tags, options = profile.pop("tags", {}), profile.pop("options", {})
        path = tmp_path / name
        shape = {"width": bands.shape[1], "height": bands.shape[0], "count": bands.shape[2], "dtype": bands.dtype}
        with (
            rasterio.Env(**options),
            rasterio.open(path, "w", driver="GTiff", crs=crs, transform=transform, **shape, **profile) as tiff,
        ):
            tiff.update_tags(**tags)
            for k in range(bands.shape[2]):
                tiff.write(bands[:, :, k], k + 1)
        return path

    return write


@pytest.fixture(scope="session")
def hills() -> np.ndarray:
    """(160, 128) metres: hills, two sharp ridges and a pit; nothing in it is symmetric."""
    rng = np.random.default_rng(11)
    wave = np.hypot(*np.meshgrid(np.fft.fftfreq(128), np.fft.fftfreq(160)))
    wave[0, 0] = 1.0
    z = np.fft.ifft2(np.fft.fft2(rng.standard_normal((160, 128))) / wave**1.6).real
    z = (z - z.min()) / np.ptp(z) * 90.0 + 20.0
    z[:, 40] += 25.0
    z[100, 60:] += 40.0
    z[30:36, 80:90] -= 30.0
    return z.astype(np.float32)
