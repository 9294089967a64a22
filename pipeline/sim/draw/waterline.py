"""How a shore lies in a picture: along it, into the water and up the bank, in metres."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.sim.draw.values import Field
from pipeline.sim.draw.view import LEAST_NEAR, View
from pipeline.types import Pixel

LEAST_LAID = 0.03  # of the way from the horizon to the middle row: nothing is laid above


@dataclass(frozen=True, slots=True)
class Waterline:
    """A waterline through the picture: x runs along it, y into the water, from the point `at_px`.

    `into_deg` is the way into the water on the ground (0 right, 90 towards the lower edge); the line's offset at x is
    bend x² + Σ swell (sin(x wave + start) - sin start), and beyond `corner_m` it turns by the slope `corner`.
    `width_m` is the way to the far bank. Heights are above the water.
    """

    view: View
    at_px: Pixel
    into_deg: float
    bend: float = 0.0
    swells: tuple[tuple[float, float, float], ...] = ()
    corner: float = 0.0
    corner_m: float = 0.0
    width_m: float = math.inf

    @property
    def px_per_m(self) -> float:
        return self.view.scale(self.at_px[1])

    @property
    def axes(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """The ground's unit vectors along the shore and into the water."""
        a = math.radians(self.into_deg)
        return (-math.sin(a), math.cos(a)), (math.cos(a), math.sin(a))

    @property
    def facing(self) -> float:
        """How far the bank's face is seen from the front: 1 wholly, 0 from above or edge on, negative from behind."""
        return math.sin(math.radians(self.view.tilt_deg)) * self.axes[1][1]

    def offset_m(self, x: Field) -> Field:
        """How far the waterline lies into the water, along it."""
        out = np.float32(self.bend) * x * x
        for swell, wave, start in self.swells:
            out += np.float32(swell) * (np.sin(x * np.float32(wave) + np.float32(start)) - np.float32(math.sin(start)))
        if self.corner:
            out += np.float32(self.corner) * np.maximum(0, np.abs(x) - np.float32(self.corner_m))
        return out

    def fields(self, height_m: float = 0.0) -> tuple[Field, Field]:
        """(h, w) x and y metres of what each pixel would show at that height; y is -1e6 at the sky."""
        east, south = self._ground(height_m)
        (ax, ay), (ix, iy) = self.axes
        x = np.asarray(east * np.float32(ax) + south * np.float32(ay), np.float32)
        y = np.asarray(east * np.float32(ix) + south * np.float32(iy), np.float32) - self.offset_m(x)
        return x, np.where(self.nearness()[:, None] > LEAST_LAID, y, np.float32(-1e6))

    def nearness(self) -> NDArray[np.float32]:
        """(h,) scale of each row as a share of the middle row's; not positive in the sky."""
        rows = np.arange(self.view.height_px, dtype=np.float32)
        if self.view.tilt_deg <= 1:
            return np.ones_like(rows)
        horizon = self.view.horizon_px
        return (rows - np.float32(horizon)) / np.float32(self.view.height_px / 2 - horizon)

    def scales(self) -> Field:
        """(h, 1) pixels a metre across the line of sight."""
        return (np.maximum(self.nearness(), LEAST_NEAR) * np.float32(self.view.px_per_m))[:, None]

    def pixel(self, x_m: float, y_m: float, up_m: float = 0.0) -> Pixel:
        """Where a point of the shore's own system is seen."""
        y_m = y_m + float(self.offset_m(np.array([x_m], np.float32))[0])
        (ax, ay), (ix, iy) = self.axes
        east, south = x_m * ax + y_m * ix, x_m * ay + y_m * iy
        at_east, at_south = self._metres(self.at_px)
        return self.view.up(self._shown(east + at_east, south + at_south), up_m)

    def _ground(self, height_m: float) -> tuple[Field, Field]:
        view = self.view
        y = np.arange(view.height_px, dtype=np.float32)[:, None]
        x = np.arange(view.width_px, dtype=np.float32)[None]
        if height_m:
            scale, tilt = self.scales(), math.radians(view.tilt_deg)
            away = np.float32(math.cos(tilt) * height_m / max(view.focal_px, 1.0)) * scale
            x = x - away * (x - np.float32(view.width_px / 2))
            y = y - away * (y - np.float32(view.height_px / 2)) + np.float32(height_m * math.sin(tilt)) * scale
        east0, south0 = self._metres(self.at_px)
        near = self._near(y)
        east = (x - np.float32(view.width_px / 2)) / (near * np.float32(view.px_per_m))
        return east - np.float32(east0), np.broadcast_to(self._south(y, near) - np.float32(south0), east.shape)

    def _near(self, y: Field) -> Field:
        if self.view.tilt_deg <= 1:
            return np.ones_like(y)
        horizon = self.view.horizon_px
        below = (y - np.float32(horizon)) / np.float32(self.view.height_px / 2 - horizon)
        return np.asarray(np.maximum(below, np.float32(LEAST_NEAR)), np.float32)

    def _south(self, y: Field, near: Field) -> Field:
        if self.view.tilt_deg <= 1:
            return np.asarray((y - np.float32(self.view.height_px / 2)) / np.float32(self.view.px_per_m), np.float32)
        return np.asarray(np.log(near) * np.float32(self._depth_m()), np.float32)

    def _depth_m(self) -> float:
        return (self.view.height_px / 2 - self.view.horizon_px) / (self.view.px_per_m * self.view.flat)

    def _metres(self, at: Pixel) -> Pixel:
        near = self.view.scale(at[1]) / self.view.px_per_m
        east = (at[0] - self.view.width_px / 2) / self.view.scale(at[1])
        if self.view.tilt_deg <= 1:
            return east, (at[1] - self.view.height_px / 2) / self.view.px_per_m
        return east, math.log(near) * self._depth_m()

    def _shown(self, east: float, south: float) -> Pixel:
        view = self.view
        if view.tilt_deg <= 1:
            return view.width_px / 2 + east * view.px_per_m, view.height_px / 2 + south * view.px_per_m
        near = math.exp(min(max(south / self._depth_m(), -3.9), 3.0))
        y = view.horizon_px + near * (view.height_px / 2 - view.horizon_px)
        return view.width_px / 2 + east * view.px_per_m * near, y
