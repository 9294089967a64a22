"""A picture laid over azimuths and elevations: a strip about the place where its attitude expects the horizon."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import GeometryError
from pipeline.geo.camera import project, rays
from pipeline.geo.rotation import enu_R_cam
from pipeline.types import Attitude, Camera

Array = NDArray[np.float64]
Image = NDArray[np.uint8]

COLUMNS = 600
STEP_PX = 1.5  # of the picture, between rows
ROWS = 1500  # at most
COARSEST_DEG = 0.25  # a row; of coarser pictures nothing can be said
BORDER_POINTS = 40  # a side, to find which azimuths the picture holds
ABOVE_DEG = 6.0  # how far above the search the sky is looked at
LEAST_GROUND_DEG = 1.0  # in the picture, under the horizon
LEAST_SPAN_DEG = 10.0  # of azimuth
BLOCK_DEG = 0.5


@dataclass(frozen=True, eq=False)
class Strip:
    """Grey levels by elevation (rows, downwards) and azimuth from the recorded yaw (columns).

    known: (R, C) what lies inside the picture; beside it the nearest level of the column stands in.
    """

    grey: Array
    known: NDArray[np.bool_]
    colour: NDArray[np.float32]  # (R, C, 3)
    elevation_deg: Array  # (R,) above the expected horizon
    azimuth_deg: Array  # (C,)

    @property
    def step_deg(self) -> float:
        return float(self.elevation_deg[0] - self.elevation_deg[1])

    @property
    def top_deg(self) -> Array:
        """(R,) of the rows' upper rims, where they meet the row above."""
        return np.asarray(self.elevation_deg + self.step_deg / 2.0, np.float64)

    @property
    def block_azimuth(self) -> Array:
        """(B,) radians."""
        return np.asarray(np.radians(self.in_blocks(self.azimuth_deg[None])[0]))

    def in_blocks(self, values: Array) -> Array:
        """(R, C) -> (R, B) means over blocks of columns some BLOCK_DEG wide."""
        wide = max(1, round(BLOCK_DEG / (self.azimuth_deg[1] - self.azimuth_deg[0])))
        blocks = values.shape[1] // wide
        return np.asarray(values[:, : blocks * wide].reshape(len(values), blocks, wide).mean(axis=2))


def make_strip(image: Image, camera: Camera, attitude: Attitude, dip_deg: float, reach_deg: float) -> Strip | None:
    """The strip that holds the horizon as far as pitch may be wrong; None where the picture cannot show it.

    Raises GeometryError when the picture has another shape than the camera.
    """
    scale = image.shape[1] / camera.width_px
    if image.ndim != 3 or abs(image.shape[0] / camera.height_px / scale - 1.0) > 0.01:
        raise GeometryError(
            f"a picture of {image.shape[1]} × {image.shape[0]} is not one of {camera.width_px} × {camera.height_px}"
        )
    top, bottom = reach_deg + ABOVE_DEG, -reach_deg - LEAST_GROUND_DEG
    level_R_cam = enu_R_cam(Attitude(0.0, attitude.pitch_deg, attitude.roll_deg))
    width = _azimuths(camera, level_R_cam, bottom - dip_deg, reach_deg - dip_deg)
    if width is None:
        return None
    step = max(np.degrees(STEP_PX / min(scale, 1.0) / camera.fy_px), (top - bottom) / ROWS)
    if step > COARSEST_DEG:
        return None
    azimuth, elevation = np.linspace(*width, COLUMNS), np.arange(top, bottom, -step)
    colour = _sample(image, camera, level_R_cam, elevation - dip_deg, azimuth)
    grey = colour.mean(axis=2).astype(np.float64)
    known = np.isfinite(grey)
    return Strip(_filled(grey, known), known, colour, elevation, azimuth)


def _azimuths(camera: Camera, level_R_cam: Array, bottom_deg: float, top_deg: float) -> tuple[float, float] | None:
    """Azimuths from the recorded yaw that the picture shows between two elevations; None when hardly any."""
    x, y = np.meshgrid(
        np.linspace(0, camera.width_px - 1, BORDER_POINTS), np.linspace(0, camera.height_px - 1, BORDER_POINTS)
    )
    cam = rays(camera, np.column_stack([x.ravel(), y.ravel()]))
    right, ahead, up = (cam @ level_R_cam.T).T
    elevation = np.degrees(np.arcsin(np.clip(up, -1.0, 1.0)))
    inside = (elevation > bottom_deg) & (elevation < top_deg) & (ahead > 0)  # NaN is neither
    if not inside.any():
        return None
    azimuth = np.degrees(np.arctan2(right, ahead))[inside]
    return (float(azimuth.min()), float(azimuth.max())) if np.ptp(azimuth) >= LEAST_SPAN_DEG else None


def directions(elevation_deg: Array, azimuth_deg: Array) -> Array:
    """(N, 3) unit directions right, ahead and up of the recorded yaw."""
    e, a = np.radians(elevation_deg), np.radians(azimuth_deg)
    return np.column_stack([np.sin(a) * np.cos(e), np.cos(a) * np.cos(e), np.sin(e)])


def _sample(image: Image, camera: Camera, level_R_cam: Array, elevation: Array, azimuth: Array) -> NDArray[np.float32]:
    """(R, C, 3) the picture over the strip, averaged to its steps; NaN outside."""
    import cv2

    a, e = np.meshgrid(azimuth, elevation)
    px = project(camera, directions(e.ravel(), a.ravel()) @ level_R_cam).reshape(*a.shape, 2)
    scale = image.shape[1] / camera.width_px
    steps = np.radians([azimuth[1] - azimuth[0], elevation[0] - elevation[1]]) * [camera.fx_px, camera.fy_px] * scale
    wide, high = (2 * round(max(0.0, float(s) - 1.0) / 2.0) + 1 for s in steps)  # odd: an even blur would shift
    x, y = np.moveaxis((px + 0.5) * scale - 0.5, -1, 0)
    first, last = np.clip([np.nanmin(y) - high, np.nanmax(y) + high + 2], 0, len(image)).astype(int)
    mean = cv2.blur(image, (wide, high))[first:last].astype(np.float32)
    x, y = x.astype(np.float32), (y - first).astype(np.float32)
    return np.asarray(cv2.remap(mean, x, y, cv2.INTER_LINEAR, borderValue=(np.nan,) * 3), np.float32)


def _filled(grey: Array, known: NDArray[np.bool_]) -> Array:
    """Unknown places take the nearest known value of their column, so that the picture's rim is no edge."""
    rows = np.arange(len(grey))[:, None]
    down = np.maximum.accumulate(np.where(known, rows, -1), axis=0)
    up = np.minimum.accumulate(np.where(known, rows, len(grey))[::-1], axis=0)[::-1]
    nearest = np.where(down >= 0, down, np.minimum(up, len(grey) - 1))
    return np.nan_to_num(np.take_along_axis(grey, nearest, axis=0))
