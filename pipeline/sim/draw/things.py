"""One thing more in a picture: a source with its answer, or something that only looks like one."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from pipeline.sim.draw.dust import paint_dust
from pipeline.sim.draw.look_alikes import DECOYS
from pipeline.sim.draw.outfall import paint_outfall
from pipeline.sim.draw.paint import FAINT, contrast_de, extent
from pipeline.sim.draw.panel import paint_panel
from pipeline.sim.draw.smoke import paint_smoke
from pipeline.sim.draw.values import Drawn, Image, Painted
from pipeline.sim.draw.view import View, guess_view

Painter = Callable[[Image, View, np.random.Generator, float], Painted]
LABELS: Mapping[str, Painter] = {
    "smoke": paint_smoke,
    "dust": paint_dust,
    "outfall": paint_outfall,
    "marker": paint_panel,
}
LEAST_PX = 8  # of a box's sides; smaller drawings are drawn again
LEAST_CONTRAST_DE = 4.0  # below it hardly anybody could tell that something is there: it is drawn again
TRIES = 20
STRENGTHS = (0.15, 1.0)  # of a thing: how much of it there is, from hardly seen to plain


def draw(
    image: Image, label: str, rng: np.random.Generator, view: View | None = None, strength: float | None = None
) -> Drawn:
    """The picture with one thing more: a label of `LABELS`, `strength` 0..1 from hardly seen to plain.

    Without `strength` a third of the things are faint. The same generator state gives the same picture. Raises
    ValueError for pictures under 48 px, and where nothing that can be seen could be drawn in `TRIES`.
    """
    if min(image.shape[:2]) < 48:
        raise ValueError("nothing can be drawn on a picture under 48 px")
    for _ in range(TRIES):
        seen = view or guess_view(image.shape[0], image.shape[1], rng)
        much = any_strength(rng) if strength is None else strength
        drawn = finished(LABELS[label](image, seen, rng, much), label)
        if drawn is not None:
            return drawn
    raise ValueError(f"no {label} could be drawn on this picture")


def any_strength(rng: np.random.Generator) -> float:
    """A third of the things are faint (under 0.4)."""
    low, high = STRENGTHS
    return float(rng.uniform(low, 0.4) if rng.random() < 1 / 3 else rng.uniform(0.4, high))


def decoy(image: Image, rng: np.random.Generator, view: View | None = None, kind: str | None = None) -> Image:
    """The picture with something that only looks like a source: a kind of `DECOYS`, any when None."""
    seen = view or guess_view(image.shape[0], image.shape[1], rng)
    names = sorted(DECOYS)
    return DECOYS[kind or names[int(rng.integers(len(names)))]](image, seen, rng)


def finished(painted: Painted, label: str) -> Drawn | None:
    """What was painted with its answer; None where it is too small or too faint to count."""
    mask = painted.cover >= FAINT
    box = extent(mask)
    if box is None or min(box[2] - box[0], box[3] - box[1]) < LEAST_PX:
        return None
    contrast = contrast_de(painted.base, painted.image, np.where(mask, painted.cover, 0).astype(np.float32))
    if contrast < LEAST_CONTRAST_DE:
        return None
    size = float(np.sqrt((box[2] - box[0]) * (box[3] - box[1])))
    opacity = float(np.quantile(painted.cover[mask], 0.9))
    return Drawn(painted.image, label, box, mask, painted.source_px, painted.kind, contrast, opacity, size)
