"""What else stands at a bank, with an outfall or without: paths, steps, bridges, stones in the water."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pipeline.sim.draw.paint import blend
from pipeline.sim.draw.shore import Shore, lay_shore
from pipeline.sim.draw.solids import Solids, times
from pipeline.sim.draw.textures import sample
from pipeline.sim.draw.values import Colour, Image
from pipeline.sim.draw.view import View

PAVINGS: tuple[Colour, ...] = ((160, 166, 168), (120, 122, 122), (84, 84, 84), (140, 164, 180), (110, 130, 146))


def lay_scene(image: Image, view: View, rng: np.random.Generator) -> Shore:
    """A shore laid into the photo, sometimes with a path, steps, a bridge or stones at it."""
    shore = lay_shore(image, view, rng)
    for much, dress in ((0.2, _path), (0.12, _steps), (0.15, _stones), (0.08, _bridge)):
        if rng.random() < much:
            shore = replace(shore, image=dress(shore, rng))
    return shore


def _path(shore: Shore, rng: np.random.Generator) -> Image:
    """A paved strip along the bank's upper edge."""
    start, wide = shore.bank.slant_m + rng.uniform(0.2, 3.0), max(rng.uniform(1.0, 5.0), 3 / shore.line.px_per_m)
    off = np.abs(shore.climb - np.float32(start + wide / 2)) - np.float32(wide / 2)
    share = np.clip(0.5 - off * np.float32(shore.line.px_per_m), 0, 1) * (1 - shore.laid)
    worn = sample("leaves", shore.x, shore.y, max(0.1, 0.8 / shore.line.px_per_m), shore.line.px_per_m, rng)
    tone = shore.light.tone(PAVINGS[rng.integers(len(PAVINGS))]) + (worn * np.float32(5))[..., None]
    return blend(shore.image, tone, share * np.float32(rng.uniform(0.8, 1.0)))


def _steps(shore: Shore, rng: np.random.Generator) -> Image:
    """Steps down to the water, beside where a mouth would be."""
    scale, bank = shore.line.px_per_m, shore.bank
    x, half = _aside(shore, rng), max(rng.uniform(0.5, 2.0), 2 / scale)
    tread_m = max(0.35, 2.5 / scale)
    share = np.clip((half - np.abs(shore.face_x - np.float32(x))) * np.float32(scale) + 0.5, 0, 1)
    share *= (shore.climb < bank.slant_m) * (1 - shore.water)
    dark = 1 - 0.45 * ((shore.climb / np.float32(tread_m)) % 1 < 0.4)
    tone = shore.light.tone(PAVINGS[rng.integers(len(PAVINGS))]) * dark[..., None]
    return blend(shore.image, np.asarray(tone, np.float32), np.asarray(share, np.float32))


def _stones(shore: Shore, rng: np.random.Generator) -> Image:
    """Single stones near the waterline."""
    solids = Solids(shore, 1.0)
    for _ in range(int(rng.integers(2, 14))):
        at = _aside(shore, rng), float(rng.normal(0.3, 1.2))
        radius = max(float(rng.uniform(0.15, 0.8)), 1.2 / shore.line.px_per_m)
        turns, rough = np.linspace(0, 2 * np.pi, 9, endpoint=False), rng.uniform(0.6, 1.2, 9) * radius
        ring = [(at[0] + float(r * np.cos(a)), at[1] + float(r * np.sin(a))) for a, r in zip(turns, rough, strict=True)]
        grey = times((116, 122, 126), float(rng.uniform(0.5, 1.2)))
        solids.face([(x, y, 0.0) for x, y in ring], times(grey, 0.5))
        solids.face([(at[0] + 0.85 * (x - at[0]), at[1] + 0.85 * (y - at[1]), 0.3 * radius) for x, y in ring], grey)
    return solids.finished(rng)


def _bridge(shore: Shore, rng: np.random.Generator) -> Image:
    """A deck from bank to bank, its shadow on the water."""
    solids, line, bank = Solids(shore, 1.0), shore.line, shore.bank
    far = min(line.width_m, 2 * min(shore.y.shape) / line.px_per_m)
    wide, up = max(float(rng.uniform(1.5, 9.0)), 4 / line.px_per_m), bank.height_m + float(rng.uniform(0.3, 1.5))
    x = _aside(shore, rng) + wide
    colour, y0, y1 = PAVINGS[rng.integers(len(PAVINGS))], -bank.width_m - 1.0, far + bank.width_m + 1.0
    cast = float(
        up / np.tan(np.radians(line.view.sun_height_deg)) * np.sin(np.radians(line.into_deg - line.view.shadow_deg))
    )
    cast = float(np.clip(cast, -wide, wide))
    solids.mix(
        [(x + cast, 0.0, 0.0), (x + wide + cast, 0.0, 0.0), (x + wide + cast, far, 0.0), (x + cast, far, 0.0)],
        (18, 20, 20),
        0.5,
    )
    strips = ((0.0, 1.0, 0.6, -0.5), (0.0, 1.0, 1.15, 0.0), (0.08, 0.92, 0.85, 0.0))
    for low, high, share, drop in strips:
        a, b, z = x + low * wide, x + high * wide, up + drop
        solids.face([(a, y0, z), (b, y0, z), (b, y1, z), (a, y1, z)], times(colour, share))
    return solids.finished(rng)


def _aside(shore: Shore, rng: np.random.Generator) -> float:
    """Metres along the shore, away from its middle point, on either side."""
    side_m = min(shore.y.shape) / shore.line.px_per_m
    return float(rng.choice((-1, 1)) * side_m * rng.uniform(0.1, 0.45))
