"""Solid shapes in the shore's own metres, drawn over its picture."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.sim.draw.paint import FIXED_BITS, fixed_point
from pipeline.sim.draw.shore import Shore
from pipeline.sim.draw.shore_light import softened
from pipeline.sim.draw.textures import sample
from pipeline.sim.draw.values import Colour, Field, Image, as_colour
from pipeline.types import Pixel

FAR_PX = (-4000, 8000)  # corners beyond are moved there, lest they overflow
Corner = tuple[float, float, float]  # along the shore, towards the water, above it


def times(colour: Colour, share: float) -> Colour:
    return colour[0] * share, colour[1] * share, colour[2] * share


class Solids:
    """Solid shapes over a picture; `cover` (h, w) 0..1 is where they are. `contrast` 0..1 pales them into it."""

    def __init__(self, shore: Shore, contrast: float) -> None:
        self.shore = shore
        self.contrast = contrast
        self.image = shore.image.copy()
        self.mask = np.zeros(shore.image.shape[:2], np.uint8)

    @property
    def cover(self) -> Field:
        return self.mask.astype(np.float32) / np.float32(255)

    def fill(self, corners: list[Pixel], colour: Colour) -> None:
        """A polygon in a colour of bright daylight."""
        at = fixed_point(np.clip(np.array(corners), *FAR_PX))
        lit = self._paled(self.shore.light.tone(colour), at)
        cv2.fillPoly(self.image, [at], lit, cv2.LINE_AA, FIXED_BITS)
        cv2.fillPoly(self.mask, [at], (255.0,), cv2.LINE_AA, FIXED_BITS)

    def face(self, corners: list[Corner], colour: Colour) -> None:
        self.fill([self.shore.line.pixel(*corner) for corner in corners], colour)

    def mix(self, corners: list[Corner], colour: Colour, share: float) -> None:
        """A polygon that what is below shines through."""
        at = np.array([self.shore.line.pixel(*corner) for corner in corners])
        h, w = self.image.shape[:2]
        x0, y0 = (int(v) for v in np.clip(at.min(axis=0) - 2, 0, (w, h)))
        x1, y1 = (int(v) for v in np.clip(at.max(axis=0) + 3, 0, (w, h)))
        below = self.image[y0:y1, x0:x1].astype(np.float32)
        self.face(corners, colour)
        mixed = below + np.float32(share) * (self.image[y0:y1, x0:x1] - below)
        self.image[y0:y1, x0:x1] = (mixed + 0.5).astype(np.uint8)

    def finished(self, rng: np.random.Generator) -> Image:
        """The picture with weathered shapes, as soft and grainy as the photo."""
        if not self.mask.any():
            return self.image
        x0, y0, w, h = cv2.boundingRect(self.mask)
        part = slice(y0, y0 + h), slice(x0, x0 + w)
        shore, scale = self.shore, self.shore.line.px_per_m
        worn = sample("leaves", shore.x[part], shore.y[part], max(0.05, 0.8 / scale), scale, rng)
        worn *= np.float32(rng.uniform(2, 9)) * self.cover[part]
        weathered = np.clip(self.image[part] + worn[..., None], 0, 255).astype(np.uint8)
        done = self.image.copy()
        done[part] = softened(self.image[part], weathered, self.cover[part], shore.light, rng)
        return done

    def _paled(self, colour: NDArray[np.float32], at: NDArray[np.int32]) -> Colour:
        h, w = self.image.shape[:2]
        x, y = (int(v) for v in np.clip(at.mean(axis=0) / 2**FIXED_BITS, 0, (w - 1, h - 1)))
        near = self.shore.image[max(0, y - 3) : y + 4, max(0, x - 3) : x + 4].reshape(-1, 3).mean(axis=0)
        mixed = near + (colour - near) * self.contrast
        return as_colour(mixed)
