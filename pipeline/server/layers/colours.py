"""Bands of a GeoTIFF become red, green, blue and alpha."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Rgba = NDArray[np.uint8]
DARK_LIGHT = (2.0, 98.0)  # percentiles that become black and white, where a picture has more than eight bits


@dataclass(frozen=True, eq=False)
class Colours:
    """How to see one file."""

    bands: tuple[int, ...]  # from 0: one, or three for red, green, blue
    palette: NDArray[np.uint8] | None  # (256, 4)
    stretch: tuple[float, float] | None  # values that become 0 and 255
    warping: dict[str, Any]  # what WarpedVRT has to know

    @classmethod
    def of(cls, tiff: Any, sample_px: int) -> Colours:
        """As the file says of itself; values beyond eight bits are spread by a reduced copy."""
        from rasterio.enums import ColorInterp, Resampling

        meant = list(tiff.colorinterp)
        own_alpha = ColorInterp.alpha in meant
        palette = _palette(tiff) if meant[0] == ColorInterp.palette else None
        bands = _bands(meant, tiff.count)
        # A palette's numbers are names: between two of them there is nothing.
        method = Resampling.nearest if palette is not None else Resampling.bilinear
        warping: dict[str, Any] = {"resampling": method} if own_alpha else {"resampling": method, "add_alpha": True}
        eight = palette is not None or all(tiff.dtypes[b] == "uint8" for b in bands)
        return cls(bands, palette, None if eight else _stretch(tiff, bands, sample_px), warping)

    def rgba(self, warped: NDArray[Any]) -> Rgba:
        """(bands and alpha, h, w) of the warped file -> (4, h, w)."""
        picture, alpha = warped[list(self.bands)], warped[-1] > 0
        if self.palette is not None:
            looked_up = self.palette[picture[0].astype(np.uint8)].transpose(2, 0, 1)
            return np.where(alpha, looked_up, np.uint8(0))
        if self.stretch is not None:
            alpha &= np.isfinite(picture).all(axis=0)
            low, high = self.stretch
            picture = np.clip((np.nan_to_num(picture.astype(np.float32)) - low) * (255 / (high - low)), 0, 255)
        rgb = np.broadcast_to(picture.astype(np.uint8), (3, *alpha.shape))
        return np.concatenate([np.where(alpha, rgb, np.uint8(0)), np.where(alpha, np.uint8(255), np.uint8(0))[None]])


def _bands(meant: list[Any], count: int) -> tuple[int, ...]:
    from rasterio.enums import ColorInterp

    named = [ColorInterp.red, ColorInterp.green, ColorInterp.blue]
    if all(colour in meant for colour in named):
        return tuple(meant.index(colour) for colour in named)
    shown = [i for i in range(count) if meant[i] != ColorInterp.alpha] or [0]
    return tuple(shown[:3]) if len(shown) >= 3 else (shown[0],)


def _palette(tiff: Any) -> NDArray[np.uint8]:
    table = np.zeros((256, 4), np.uint8)
    for value, colour in tiff.colormap(1).items():
        if 0 <= value < 256:
            table[value] = colour
    return table


def _stretch(tiff: Any, bands: tuple[int, ...], sample_px: int) -> tuple[float, float]:
    reduced = max(1, max(tiff.width, tiff.height) // sample_px)
    shape = (len(bands), max(1, tiff.height // reduced), max(1, tiff.width // reduced))
    sample = tiff.read([b + 1 for b in bands], out_shape=shape, masked=True)
    values = sample.compressed().astype(np.float64)
    values = values[np.isfinite(values)]
    low, high = np.percentile(values, DARK_LIGHT) if len(values) else (0.0, 1.0)
    return float(low), float(high) if high > low else float(low) + 1.0
