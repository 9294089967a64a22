"""Outfalls drawn over photos: a mouth in a bank, what runs from it, and the water that it changes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pipeline.sim.draw.discharge import (
    Flow,
    any_flow,
    any_waste,
    counted,
    fan_opacity,
    foam_opacity,
    splash_opacity,
    streak_colour,
    streak_opacity,
)
from pipeline.sim.draw.dressing import lay_scene
from pipeline.sim.draw.mouths import Mouth, any_mouth, draw_structure, shadow_mask
from pipeline.sim.draw.paint import blend, darkened
from pipeline.sim.draw.shore import Shore
from pipeline.sim.draw.solids import Solids
from pipeline.sim.draw.values import Colour, Field, Image, Painted
from pipeline.sim.draw.view import View

KINDS = ("pipe", "pipes", "box-culvert", "dry-pipe", "dry-culvert", "submerged", "ditch")
ODDS = (0.32, 0.12, 0.22, 0.08, 0.08, 0.08, 0.1)


def paint_outfall(image: Image, view: View, rng: np.random.Generator, strength: float) -> Painted:
    """Water and a bank laid into the picture, and an outfall in it; `kind` is one of `KINDS`.

    The cover holds the mouth, the streak below it and the fan to where its opacity falls under `discharge.FAN_TAIL`
    of its peak, or where it differs from the water by less than anyone would see: there an annotator's box would end.
    `strength` scales colours and opacities, never sizes.
    """
    kind = KINDS[int(rng.choice(len(KINDS), p=ODDS))]
    shore = lay_scene(image, view, rng)
    mouth = any_mouth(shore, kind, rng)
    base = _scarred(shore, mouth, kind, rng)
    wet = replace(shore, image=base)
    much = 0.3 + 0.7 * strength
    waste = any_waste(shore, rng)
    stained, streak = _streak(wet, mouth, kind, waste, much, rng)
    filled, water, flow = _fan(replace(shore, image=stained), mouth, kind, waste, strength, rng)
    solids = Solids(replace(shore, image=filled), much)
    at = draw_structure(solids, mouth, kind, waste, rng)
    if kind == "submerged":
        at = shore.line.pixel(*flow.start_m)
    cover = np.maximum.reduce([solids.cover, streak, water])
    return Painted(solids.finished(rng), base, np.clip(cover, 0, 1).astype(np.float32), at, kind)


def _scarred(shore: Shore, mouth: Mouth, kind: str, rng: np.random.Generator) -> Image:
    """The shore with the mouth's shadow, and with bare ground below it where plants grow."""
    if kind in ("submerged", "ditch"):
        return shore.image
    done = shore.image
    if not shore.bank.built and rng.random() < 0.5:
        bare = streak_opacity(shore, mouth.climb_m, mouth.wide_m * rng.uniform(2, 5), rng.uniform(0.3, 0.8), rng)
        tone = shore.light.tone(np.array((92, 112, 128)) * rng.uniform(0.7, 1.3))
        done = blend(done, tone, bare)
    return darkened(done, shadow_mask(shore, mouth, rng))


def _streak(
    shore: Shore, mouth: Mouth, kind: str, waste: Colour, much: float, rng: np.random.Generator
) -> tuple[Image, Field]:
    """What wets or stains the bank below the mouth; a ditch runs on over the land."""
    if kind == "submerged":
        return shore.image, np.zeros_like(shore.y)
    colour = streak_colour(kind, waste, rng)
    wide = mouth.wide_m * float(rng.uniform(0.7, 2.0) if kind.startswith("dry") else rng.uniform(0.5, 1.3))
    streak = streak_opacity(shore, mouth.climb_m, wide, much * float(rng.uniform(0.4, 0.95)), rng)
    if kind != "ditch":
        return blend(shore.image, shore.light.tone(colour), streak), streak
    state = rng.integers(2**63)
    rim, bed = (
        streak_opacity(shore, mouth.climb_m, wide * w, much * p, np.random.default_rng(state))
        for w, p in ((1.8, 0.6), (1.0, 0.95))
    )
    done = blend(blend(shore.image, shore.light.tone((52, 66, 76)), rim), shore.light.tone(waste), bed)
    return done, np.where(shore.climb < shore.bank.slant_m + 5 * wide, bed, 0).astype(np.float32)


def _fan(
    shore: Shore, mouth: Mouth, kind: str, waste: Colour, strength: float, rng: np.random.Generator
) -> tuple[Image, Field, Flow]:
    """Other-coloured water with its foam, the part of it that counts, and its way; none below dry mouths."""
    flow = _any_flow(shore, mouth, kind, rng)
    if kind.startswith("dry"):
        return shore.image, np.zeros_like(shore.y), flow
    fan = fan_opacity(shore, flow, float(strength**0.7 * rng.uniform(0.7, 0.98)), rng)
    done = blend(shore.image, shore.light.tone(waste) + (0.7 * shore.ripples)[..., None], fan)
    white = np.zeros_like(fan)
    if rng.random() < 0.45:
        white = foam_opacity(shore, fan, flow, rng)
    if kind == "submerged" or mouth.throw_m > 0:
        size = mouth.wide_m * float(rng.uniform(0.5, 2.0))
        white = np.maximum(white, splash_opacity(shore, flow.start_m, size, rng))
    white *= np.float32(0.2 + 0.8 * strength)
    done = blend(done, shore.light.tone(0.75 * np.array((232, 236, 236)) + 0.25 * np.array(waste)), white)
    return done, np.maximum(counted(fan, shore.image, done), white), flow


def _any_flow(shore: Shore, mouth: Mouth, kind: str, rng: np.random.Generator) -> Flow:
    scale, side_m = shore.line.px_per_m, min(shore.y.shape) / shore.line.px_per_m
    reach = float(np.exp(rng.uniform(np.log(4.0), np.log(40.0)))) * float(np.clip(mouth.wide_m, 0.6, 2.0))
    reach = float(np.clip(reach, max(24 / scale, 2 * mouth.wide_m), 0.75 * side_m))
    reach = min(reach, 1.5 * shore.line.width_m)
    out = float(rng.uniform(0.05, 0.3)) * min(side_m, shore.line.width_m) if kind == "submerged" else mouth.falls_at_m
    return any_flow((0.0, max(out, 0.0)), mouth.wide_m * float(rng.uniform(0.8, 1.5)), reach, rng)
