"""The light of a photo, so that what is laid into it is neither brighter nor sharper than the rest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.sim.draw.paint import window
from pipeline.sim.draw.values import Colour, Field, Image, as_colour


@dataclass(frozen=True, slots=True)
class Lighting:
    """`gain` takes colours of bright daylight to this photo, `veil` is the haze's share and `haze` its colour;
    `grain` is the sigma of its noise in grey values, `blur_px` how soft its edges are."""

    gain: float
    veil: float
    haze: Colour
    grain: float
    blur_px: float

    def tone(self, colour: Colour | NDArray[np.floating]) -> NDArray[np.float32]:
        """A colour of bright daylight (…, 3) as this photo would show it."""
        lit = np.asarray(colour, np.float32) * np.float32(self.gain)
        return np.asarray(lit * (1 - self.veil) + np.array(self.haze, np.float32) * self.veil, np.float32)


def lighting(image: Image, rng: np.random.Generator) -> Lighting:
    """The light as far as some thousand pixels tell it, and a little chance."""
    import cv2

    step = max(1, min(image.shape[:2]) // 96)
    thin = image[::step, ::step]
    grey = cv2.cvtColor(thin, cv2.COLOR_BGR2GRAY)
    dark, middle, light = (float(v) for v in np.quantile(grey, (0.03, 0.5, 0.97)))
    gain = float(np.clip((0.6 * middle + 0.4 * light) / 140, 0.5, 1.35) * rng.uniform(0.85, 1.12))
    haze = thin.reshape(-1, 3).mean(axis=0)
    crop = cv2.cvtColor(image[: 2 * 96, : 2 * 96], cv2.COLOR_BGR2GRAY).astype(np.float32)
    rough = float(np.median(np.abs(crop - cv2.GaussianBlur(crop, (0, 0), 1.0))))
    blur = float(np.clip(0.9 - 0.25 * rough, 0.0, 0.8)) * rng.uniform(0.5, 1.2)
    veil = float(np.clip(dark / 255 * 0.5, 0, 0.25))
    return Lighting(gain, veil, as_colour(haze), min(rough, 5.0), blur)


def softened(before: Image, after: Image, changed: Field, light: Lighting, rng: np.random.Generator) -> Image:
    """`after` as soft and as grainy as the photo where something was laid (`changed` > 0), `before` elsewhere."""
    import cv2

    part, done = window(changed), before.copy()
    soft = cv2.GaussianBlur(after[part], (0, 0), light.blur_px) if light.blur_px > 0.25 else after[part]
    grain = rng.standard_normal(soft.shape[:2], np.float32) * np.float32(light.grain)
    noisy = np.clip(soft + grain[..., None] + np.float32(0.5), 0, 255).astype(np.uint8)
    done[part] = np.where(changed[part][..., None] > 0, noisy, before[part])
    return done
