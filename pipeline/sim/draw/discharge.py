"""What comes out of an outfall: the fan in the water, the streak below the mouth, falling water, foam."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.sim.draw.paint import window
from pipeline.sim.draw.shore import Shore
from pipeline.sim.draw.textures import sample
from pipeline.sim.draw.values import Colour, Field, Image, as_colour

WASTES: tuple[Colour, ...] = (
    (70, 104, 142), (88, 120, 150), (54, 78, 104), (206, 212, 212), (168, 176, 180), (34, 36, 38), (48, 50, 46),
    (46, 84, 160), (60, 100, 176), (110, 168, 110), (84, 150, 96), (196, 190, 160), (206, 196, 170), (110, 178, 196),
    (96, 150, 176), (150, 160, 168), (124, 120, 118),
)  # fmt: skip
STREAKS: tuple[Colour, ...] = (
    (34, 38, 42), (48, 54, 60), (28, 30, 30), (50, 84, 146), (64, 100, 160), (214, 218, 220), (190, 196, 198),
    (52, 84, 62), (44, 60, 84),
)  # fmt: skip
LEAST_APART = 45.0  # grey values between waste and water, over the three channels
STEPS = 26  # of the way that a fan's middle takes
SEEN = 15.0  # grey values over the three channels that a fan must change the water by
FAN_TAIL = 0.3  # of a fan's peak, below which nobody would count it to the outfall


@dataclass(frozen=True, slots=True)
class Flow:
    """Where the waste goes. `current` is signed along the shore, as a share of the speed at the mouth."""

    start_m: tuple[float, float]  # x, y where it enters the water
    reach_m: float
    wide_m: float  # at the start
    current: float
    push_m: float  # how far the jet carries before the current has it
    spread: float  # half width gained for each metre of the way


def any_waste(shore: Shore, rng: np.random.Generator) -> Colour:
    """A colour of waste that differs from this water."""
    here = shore.image[::4, ::4][shore.water[::4, ::4] > 0.7]
    water = here.mean(axis=0) if len(here) else np.full(3, 100.0)
    tints = np.array(WASTES)[rng.permutation(len(WASTES))] * rng.uniform(0.75, 1.15, (len(WASTES), 1))
    apart = np.linalg.norm(shore.light.tone(tints) - water, axis=1)
    best = tints[int(np.argmax(apart > LEAST_APART))] + rng.uniform(-8, 8, 3)
    return as_colour(best)


def streak_colour(kind: str, waste: Colour, rng: np.random.Generator) -> Colour:
    """What the bank below a mouth is stained with: often the waste's own colour when it is wet."""
    if not kind.startswith("dry") and rng.random() < 0.3:
        return waste
    return STREAKS[rng.integers(len(STREAKS))]


def any_flow(start_m: tuple[float, float], wide_m: float, reach_m: float, rng: np.random.Generator) -> Flow:
    speed = rng.uniform(0, 0.4) if rng.random() < 0.3 else rng.uniform(0.4, 3.0)
    current = float(rng.choice((-1, 1)) * speed)
    return Flow(
        start_m, reach_m, wide_m, current, float(reach_m * rng.uniform(0.1, 0.7)), float(rng.uniform(0.08, 0.35))
    )


def fan_opacity(shore: Shore, flow: Flow, peak: float, rng: np.random.Generator) -> Field:
    """(h, w) opacity of other-coloured water: a hard edge against the current, a soft torn one with it."""
    import cv2

    far = np.hypot(shore.x - np.float32(flow.start_m[0]), shore.y - np.float32(flow.start_m[1]))
    part = window((far < 1.6 * flow.reach_m * (1 + flow.spread) + 2 * flow.wide_m) * shore.water)
    opacity = np.zeros_like(shore.x)
    reach_px = flow.reach_m * shore.line.px_per_m
    x, y = _swirled(shore, flow, part, int(np.clip(reach_px / 24, 1, 4)), rng)
    h, w = shore.x[part].shape
    depth = np.asarray(cv2.resize(_depth(x, y, flow, rng), (w, h), interpolation=cv2.INTER_LINEAR), np.float32)
    lump_m = max(0.1 * flow.reach_m / 12, 1 / shore.line.px_per_m)
    torn = sample("leaves", shore.x[part], shore.y[part], lump_m, shore.line.px_per_m, rng)
    thick = np.maximum(depth * (1 + torn * np.float32(rng.uniform(0.05, 0.35))), 0)
    opacity[part] = np.float32(peak) * (1 - np.exp(-thick * np.float32(rng.uniform(1.2, 4.0))))
    return np.where(opacity > 0.012, opacity * shore.water, 0).astype(np.float32)


def _swirled(
    shore: Shore, flow: Flow, part: tuple[slice, slice], step: int, rng: np.random.Generator
) -> tuple[Field, Field]:
    """The shore's coordinates, thinned out and stirred as by eddies that grow away from the mouth."""
    x = np.ascontiguousarray(shore.x[part][::step, ::step])
    y = np.ascontiguousarray(shore.y[part][::step, ::step])
    scale = shore.line.px_per_m / step
    away = np.hypot(x - flow.start_m[0], y - flow.start_m[1])
    much = np.minimum(away, flow.reach_m) * np.float32(rng.uniform(0.03, 0.16))
    texel_m = max(flow.reach_m * rng.uniform(0.15, 0.5) / 40, 0.3 / scale)
    return (
        x + sample("clouds", x, y, texel_m, scale, rng) * much,
        y + sample("clouds", x, y, texel_m, scale, rng) * much,
    )


def _depth(x: Field, y: Field, flow: Flow, rng: np.random.Generator) -> Field:
    """Puffs along the fan's way: narrow against the current, wide with it."""
    at_x, at_y, along_x, along_y = _way(flow, rng)
    total = np.zeros_like(x)
    gone = np.linspace(0, 1, STEPS)
    wide = flow.wide_m * 0.5 + flow.spread * flow.reach_m * gone**0.85
    weight = (1 - gone) ** rng.uniform(0.3, 1.2) * np.minimum(1.5, flow.reach_m / STEPS / wide * 1.6)
    hard = rng.uniform(0.35, 0.9)
    side = np.sign(flow.current) or 1.0
    for px, py, ax, ay, r, much in zip(at_x, at_y, along_x, along_y, wide, weight, strict=True):
        dx, dy = x - np.float32(px), y - np.float32(py)
        over = (dx * np.float32(ay) - dy * np.float32(ax)) * np.float32(side)
        ahead = dx * np.float32(ax) + dy * np.float32(ay)
        near = np.float32(1 / r) * np.where(over > 0, np.float32(0.8), np.float32(1 / hard)) * over
        q = near * near + (ahead / np.float32(r)) ** 2
        total += np.float32(much) * np.exp(np.maximum(-0.5 * q - np.where(over > 0, 0, 0.1 * q * q), -60))
    return total


def _way(flow: Flow, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """The middle of the fan: pushed out by the jet, then taken by the current. Each (STEPS,)."""
    s = np.linspace(0, flow.reach_m, STEPS)
    out = np.exp(-s / flow.push_m) + 0.04
    drift = flow.current * (1 - np.exp(-s / flow.push_m)) + 0.05 * flow.current
    drift = drift + rng.normal(0, 0.12) * np.sin(s / flow.reach_m * rng.uniform(3, 8))
    speed = np.hypot(out, drift)
    along_x, along_y = drift / speed, out / speed
    step = flow.reach_m / STEPS
    x = flow.start_m[0] + np.cumsum(along_x) * step
    y = flow.start_m[1] + np.cumsum(along_y) * step
    return x, y, along_x, along_y


def counted(fan: Field, before: Image, after: Image) -> Field:
    """The part of a fan that an annotator's box would hold: strong enough beside its peak, and to be seen at all."""
    import cv2

    apart = cv2.blur(np.abs(after.astype(np.float32) - before).sum(axis=2), (5, 5))
    kept = (fan >= FAN_TAIL * float(fan.max(initial=0))) & (apart >= SEEN)
    return np.where(kept, fan, 0).astype(np.float32)


def streak_opacity(shore: Shore, top_m: float, wide_m: float, peak: float, rng: np.random.Generator) -> Field:
    """(h, w) opacity of a stain from the mouth, `top_m` up the bank, down to the water."""
    scale, opacity = shore.line.px_per_m, np.zeros_like(shore.y)
    near = (shore.climb < top_m + 1 / scale) & (np.abs(shore.face_x) < 3 * wide_m + 2 / scale)
    part = window(near.astype(np.float32))
    face_x, climb = shore.face_x[part], shore.climb[part]
    gone = np.clip((top_m - climb) / np.float32(max(top_m, 1e-3)), 0, 1)
    wander = np.sin(gone * np.float32(rng.uniform(1, 5))) * np.float32(wide_m * rng.uniform(-0.4, 0.4))
    half = np.float32(0.5 * wide_m) * (1 + gone * np.float32(rng.uniform(-0.3, 1.4)))
    edge = np.float32(max(0.8 / scale, rng.uniform(0.1, 0.5) * wide_m))
    torn = sample("leaves", face_x, climb * np.float32(0.4), max(0.05, 0.8 / scale), scale, rng)
    across = np.clip((half - np.abs(face_x - wander) + torn * np.float32(0.12 * wide_m)) / edge + 0.5, 0, 1)
    below = np.clip((top_m - climb) * np.float32(scale) + 0.5, 0, 1)
    faded = 1 - gone * np.float32(rng.uniform(0, 0.5))
    opacity[part] = np.float32(peak) * across * below * faded * (1 - shore.water[part])
    return opacity


def foam_opacity(shore: Shore, fan: Field, flow: Flow, rng: np.random.Generator) -> Field:
    """(h, w) opacity of foam on the fan: near the mouth thick, drawn into lines with the current."""
    scale = shore.line.px_per_m
    drawn = np.float32(rng.uniform(1.0, 4.0))
    field = sample("leaves", shore.x / drawn, shore.y, max(0.04, 0.6 / scale), scale, rng)
    away = np.hypot(shore.x - np.float32(flow.start_m[0]), shore.y - np.float32(flow.start_m[1]))
    near = np.exp(-away / np.float32(flow.reach_m * rng.uniform(0.08, 0.5)))
    share = np.clip((field + 3.2 * near - np.float32(rng.uniform(1.6, 2.6))) * 1.5, 0, 1)
    return np.asarray(share * np.clip(fan * 2.5, 0, 1) * np.float32(rng.uniform(0.5, 0.95)), np.float32)


def splash_opacity(shore: Shore, at_m: tuple[float, float], size_m: float, rng: np.random.Generator) -> Field:
    """(h, w) opacity of white water where a jet falls in, or where it wells up from below."""
    scale = shore.line.px_per_m
    far = np.hypot(shore.x - np.float32(at_m[0]), shore.y - np.float32(at_m[1])) / np.float32(max(size_m, 1.2 / scale))
    torn = sample("leaves", shore.x, shore.y, max(0.04, 0.7 / scale), scale, rng)
    blob = np.exp(-far * far) * (1 + np.float32(0.45) * torn) + np.exp(-0.3 * far * far) * np.clip(torn - 1, 0, 1)
    return np.asarray(np.clip(blob, 0, 1) * (far < 4) * shore.water * np.float32(rng.uniform(0.5, 0.95)), np.float32)
