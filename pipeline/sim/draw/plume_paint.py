"""Plumes put into a picture: grown, made as dense as asked, lit, and laid over their own shadow."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from pipeline.sim.draw.paint import blend, darkened
from pipeline.sim.draw.plume_advected import advected
from pipeline.sim.draw.plume_cover import opacity, trimmed
from pipeline.sim.draw.plume_field import Cloud, add_ball, fog, puffs, sheet, window
from pipeline.sim.draw.plume_light import Light, aired, cast_shadow, farness, shaded, toned
from pipeline.sim.draw.plume_lumps import lumps
from pipeline.sim.draw.plume_path import Path
from pipeline.sim.draw.values import Colour, Field, Image, Painted, as_colour
from pipeline.sim.draw.view import View
from pipeline.types import Pixel

Generator = Callable[[Path, tuple[int, int], np.random.Generator], Cloud]
GENERATORS: Mapping[str, Generator] = {
    "puffs": puffs,
    "advected": advected,
    "lumps": lumps,
    "sheet": sheet,
    "fog": fog,
}
GRAIN = 1.6  # grey levels of the sensor's noise that a plume shows too


@dataclass(frozen=True, slots=True)
class Plume:
    """What is to be drawn: its paths, how they are grown (a name of `GENERATORS`), colours of its core and its edge."""

    paths: Sequence[Path]
    grown: str
    colours: tuple[Colour, Colour]
    source_px: Pixel
    kind: str
    most: float = 1.0  # of the strength: what is never dense
    rooted: bool = True  # begins at its foot
    relief: float = 1.0  # how much of a surface it has that light models; little where it is fine and thin


Scene = Callable[[Image, View, Light, np.random.Generator], tuple[Image, Plume]]  # the picture with the source


def put(image: Image, view: View, plume: Plume, light: Light, strength: float, rng: np.random.Generator) -> Painted:
    """The plume over `image` (its source is in it already). An empty cover where none of it is in the picture."""
    shape = (image.shape[0], image.shape[1])
    frame = window(list(plume.paths), shape)
    if frame is None:
        return Painted(image, image, np.zeros(shape, np.float32), plume.source_px, plume.kind)
    cloud = _together([_grown(plume, frame.inward(p), frame.grid, rng) for p in plume.paths])
    thick = opacity(cloud.depth, strength * plume.most)
    lit = shaded(replace(cloud, height=cloud.height * np.float32(plume.relief)), thick, light, rng)
    tone = toned(_tinted(plume.colours, rng), lit, thick, light, rng)
    tone = aired(tone, light, farness(view, plume.source_px[1]))
    shadow = cast_shadow(thick, plume.paths[0], frame, shape, rng)
    base = darkened(image, shadow * np.float32(0.5 if view.tilt_deg > 60 else 1.0)) if light.plain else image
    cover = trimmed(frame.outward(thick, shape))
    full = frame.outward(tone, shape) + (rng.normal(0, GRAIN, shape).astype(np.float32))[..., None]
    return Painted(blend(base, full, cover), base, cover, plume.source_px, plume.kind)


def _tinted(colours: tuple[Colour, Colour], rng: np.random.Generator) -> tuple[Colour, Colour]:
    """No two fires burn the same stuff."""
    tint = rng.normal(1, 0.012, 3) * rng.uniform(0.9, 1.06)
    core, edge = (np.clip(np.array(c) * tint, 0, 255) for c in colours)
    return as_colour(core), as_colour(edge)


def _grown(plume: Plume, path: Path, shape: tuple[int, int], rng: np.random.Generator) -> Cloud:
    """One path's cloud; where it is rooted no gap may open between its foot and the rest."""
    cloud = GENERATORS[plume.grown](path, shape, rng)
    if plume.rooted:
        thick = cloud.depth[cloud.depth > 0.05 * cloud.depth.max()]
        top = float(np.quantile(thick[:: max(1, len(thick) // 2000)], 0.85)) if len(thick) else 1.0
        for at, r, part in zip(path.px, path.radii_px, (0.5, 0.4, 0.3, 0.22, 0.16, 0.1), strict=False):
            add_ball(cloud.depth, at, max(float(r), 1.2), max(float(r), 1.2) * path.flat, top * part)
    return cloud


def _together(clouds: Sequence[Cloud]) -> Cloud:
    depth: Field = np.sum([c.depth for c in clouds], axis=0)
    return Cloud(depth, np.max([c.height for c in clouds], axis=0))
