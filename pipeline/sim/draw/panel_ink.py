"""The colours of panels: what ink and paper reflect."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from pipeline.sim.draw.panel_patterns import Design
from pipeline.sim.draw.values import Colour, Field

# Linear reflectance of paint and cloth: blue, green, red.
PAINTS: Mapping[str, Colour] = {
    "white": (0.82, 0.84, 0.84),
    "black": (0.02, 0.02, 0.02),
    "red": (0.05, 0.04, 0.55),
    "orange": (0.03, 0.2, 0.75),
    "yellow": (0.05, 0.6, 0.8),
    "blue": (0.5, 0.15, 0.04),
    "sky": (0.7, 0.45, 0.12),
    "green": (0.1, 0.35, 0.06),
    "pink": (0.35, 0.1, 0.75),
    "lime": (0.08, 0.75, 0.45),
    "grey": (0.25, 0.25, 0.25),
}
GREYS = (("white", "black"), ("black", "white"))
PAIRS = (
    ("white", "red"), ("white", "blue"), ("white", "green"), ("white", "orange"), ("red", "white"), ("blue", "white"),
    ("orange", "white"), ("yellow", "black"), ("black", "yellow"), ("black", "orange"), ("red", "yellow"),
    ("yellow", "blue"), ("yellow", "red"), ("orange", "black"), ("green", "white"), ("lime", "black"),
    ("pink", "white"), ("sky", "white"), ("white", "sky"), ("white", "grey"), ("red", "black"),
)  # fmt: skip


def inked(design: Design, rng: np.random.Generator) -> Field:
    """(n, n, 3) linear reflectance of a design in two colours that stand out from each other."""
    grey = design.hues == "grey" or rng.random() < 0.35
    pairs = GREYS if grey else PAIRS
    ink, paper = (_paint(name, rng) for name in pairs[int(rng.integers(len(pairs)))])
    share = design.ink[..., None]
    return (share * ink + (1 - share) * paper).astype(np.float32)


def _paint(name: str, rng: np.random.Generator) -> Field:
    """A paint as it comes: lighter or darker, paler or fuller; blacks from soot to grey."""
    if name == "black":
        return np.full(3, PAINTS[name][0] * float(np.exp(rng.uniform(-1.5, 0.9))), np.float32)
    tone = np.array(PAINTS[name], np.float32) * float(rng.uniform(0.75, 1.15))
    pale = float(rng.uniform(0, 0.2))
    return np.asarray(np.clip(tone * (1 - pale) + 0.35 * pale, 0.01, 0.9), np.float32)
