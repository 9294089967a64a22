"""A sky over the far ground of an oblique picture: overcast, clear or hazy, behind a ridge that fades into the air."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from pipeline.sim.draw.paint import any_of, blend, noise
from pipeline.sim.draw.values import Field, Image
from pipeline.sim.draw.view import View, guess_view

# Blue, green, red overhead and at the horizon.
SKIES = (
    ((214, 206, 198), (228, 224, 220)),  # overcast, bright
    ((168, 160, 152), (196, 190, 184)),  # overcast, heavy
    ((206, 150, 96), (232, 214, 194)),  # clear
    ((216, 184, 150), (226, 220, 212)),  # hazy
    ((150, 158, 176), (176, 198, 226)),  # low sun
)
LEAST_HORIZON, MOST_HORIZON = 0.05, 0.45  # of the height: a view has its middle on the ground


def under_sky(image: Image, rng: np.random.Generator) -> tuple[Image, View]:
    """A photo of ground (h, w, 3) with a sky put over its upper part, and the view that has its horizon there."""
    view = _facing(image, rng)
    h, w = image.shape[:2]
    ridge = view.horizon_px - _hills(w, rng) * h * float(rng.uniform(0.0, 0.12))
    rows = np.arange(h, dtype=np.float32)[:, None]
    soft = float(rng.uniform(0.6, 2.5))
    tone = _sky((h, w), view.horizon_px, rng)
    far = blend(image, np.asarray(tone[max(round(view.horizon_px) - 1, 0)].mean(axis=0)), _veil(rows, ridge, rng))
    return blend(far, tone, np.clip((ridge[None, :] - rows) / soft + 0.5, 0, 1).astype(np.float32)), view


def _facing(image: Image, rng: np.random.Generator) -> View:
    """A guessed oblique view, turned until its horizon lies where it was drawn by lot."""
    view = guess_view(image.shape[0], image.shape[1], rng, oblique=True)
    above = view.height_px * (0.5 - float(rng.uniform(LEAST_HORIZON, MOST_HORIZON)))
    return replace(view, tilt_deg=90 - math.degrees(math.atan(above / view.focal_px)))


def _hills(width_px: int, rng: np.random.Generator) -> Field:
    """(w,) from 0 to 1 above a flat horizon; every third time it is flat, as over water."""
    if rng.random() < 1 / 3:
        return np.zeros(width_px, np.float32)
    return np.asarray(noise((1, width_px), rng, width_px * float(rng.uniform(0.2, 1.0)), 6)[0], np.float32)


def _veil(rows: Field, ridge: Field, rng: np.random.Generator) -> Field:
    """(h, w) cover of the ground by the air before it: most at the ridge, the thinner the nearer."""
    reach = float(np.exp(rng.uniform(np.log(0.02), np.log(0.3)))) * len(rows)
    below = np.clip(rows - ridge[None, :], 0, None)
    return np.asarray(float(rng.uniform(0.2, 0.9)) * np.exp(-below / reach), np.float32)


def _sky(shape: tuple[int, int], horizon_px: float, rng: np.random.Generator) -> Field:
    """(h, w, 3) from overhead to the horizon's row, with layers of cloud that lie flatter the lower they are."""
    overhead, low = (np.array(tone, np.float32) for tone in any_of(rng, SKIES))
    down = np.clip(np.arange(shape[0], dtype=np.float32) / max(horizon_px, 1.0), 0, 1) ** float(rng.uniform(0.6, 2))
    plain = overhead + (low - overhead) * down[:, None]
    tone = np.broadcast_to(plain[:, None, :], (*shape, 3)) * float(rng.uniform(0.6, 1.08))
    cover = _layers(shape, rng) * float(rng.uniform(0, 0.8))
    light = tone * float(rng.uniform(0.72, 0.95)) if rng.random() < 0.5 else tone * 0.4 + 0.6 * 236
    return np.asarray(np.clip(tone + (light - tone) * cover[..., None], 0, 252), np.float32)


def _layers(shape: tuple[int, int], rng: np.random.Generator) -> Field:
    """(h, w) from 0 to 1: noise drawn out along the horizon, in clumps or in an even veil."""
    import cv2

    stretch = float(rng.uniform(1.5, 6))
    tall = noise((int(shape[0] * stretch) + 1, shape[1]), rng, shape[1] * float(rng.uniform(0.3, 1.2)), 5)
    flat = cv2.resize(tall, shape[::-1], interpolation=cv2.INTER_AREA)
    return np.asarray(np.clip((flat - float(rng.uniform(0.25, 0.6))) * float(rng.uniform(1.5, 7)), 0, 1), np.float32)
