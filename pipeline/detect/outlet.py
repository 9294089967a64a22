"""The `outlet` detector: outfalls at a bank in one still, candidates for an officer's eye.

Water is what is smooth, even in colour and runs out of the picture. Where water of another colour fans from its bank
an outfall may discharge there (`outfall/discharging`); a small dark hole in the bank may be a pipe's mouth
(`outfall`). Both are weighed by named features (`explain` tells them). The weights are a logistic regression on
simulated flights, on drawings over photos of two flights and on these photos themselves, which show none: no picture
of a real outfall was there to learn from. `benchmarks/candidates.py --fit` makes them again.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from pipeline.detect import candidates
from pipeline.detect.candidates import Candidate, Cells, Floats, Mask, Region
from pipeline.imagery import Image
from pipeline.types import Box, Detection, Pixel

VERSION = "1"
WEIGHTS = {
    "": 0.55,
    "contrast": 1.03,
    "contact": -0.79,
    "reach": 0.38,
    "size": 0.97,
    "mouth": -0.32,
    "smooth": -1.41,
    "around": -0.62,
    "fill": 0.13,
    "water": -0.06,
    "dark_hole": -0.02,
}
PARAMETERS = {
    "least_water": 0.03,  # share of the picture
    "most_water": 0.97,
    "most_green": -18.0,  # a* of the greenest water
    "most_chroma": 35.0,
    "least_spread": 1.5,  # L*a*b* units: water is never more even than that
    "most_fan": 0.25,  # share of the water
    "least_cells": 12,
    "most_contact": 0.04,  # of the longer side: a mouth is a place, not a stretch (standard deviation)
    "hole_light": 12.0,  # L* below the bank's median
    "most_hole": 80,  # cells
    "most": 4,  # candidates a photo
}
GRID = 320  # cells along the picture's longer side
AROUND_CELLS = 81
MARGIN_CELLS = 2  # around what stands out, as its rim does not
TEXTURES = (1.0, 1.8, 3.0)  # grey levels a pixel: water is smoother
ANOMALIES = (2.5, 4.0, 6.0)  # spreads away from the water's own colour
SHORE_CELLS = 3
MOST_FANS = 40  # a water
# (confidence, false candidates a photo above it): on the 21 photos of those two flights, where from 0.3 on there was
# none; 0.05 is what that can show.
FALSE_CANDIDATES = ((0.2, 0.1), (0.3, 0.05))
DEFAULT_THRESHOLD, STRICTEST = 0.3, 0.7


class Outlet:
    """Proposes outfalls; a `Detector`."""

    name = "outlet"

    def __init__(self, false_alarms_per_photo: float | None = None) -> None:
        """Raises ModelError when the wanted false alarms are not a positive number."""
        self.threshold = candidates.threshold(false_alarms_per_photo, DEFAULT_THRESHOLD, FALSE_CANDIDATES, STRICTEST)
        constants = (GRID, AROUND_CELLS, MARGIN_CELLS, SHORE_CELLS, MOST_FANS, TEXTURES, ANOMALIES)
        self.digest = candidates.digest(Outlet.name, VERSION, PARAMETERS, constants, WEIGHTS)

    def find(self, image: Image, frame_id: str) -> tuple[Detection, ...]:
        """Candidates in (h, w, 3) uint8, blue first; the surest first, those under the threshold left out."""
        grid = candidates.cells(image, GRID)
        if grid is None:
            return ()
        found = [c for spot in spots(grid) if (c := _candidate(grid, spot)).confidence >= self.threshold]
        best = candidates.ranked(found, int(PARAMETERS["most"]))
        return tuple(candidates.detection(c, grid.scale, frame_id, self.name) for c in best)


@dataclass(frozen=True, slots=True)
class Spot:
    """Something odd at a bank: a fan in the water, or a dark hole beside it."""

    region: Region
    contact: Mask  # cells where it meets the bank
    water: Mask
    away: Floats  # spreads from the water's own colour
    label: str


def explain(image: Image, box_px: Box) -> dict[str, float]:
    """The features of a box of a picture, those of the spot that fits it best; empty where there is none."""
    grid = candidates.cells(image, GRID)
    if grid is None:
        return {}
    wanted = candidates.in_cells(box_px, grid.scale)
    near = [(candidates.overlap(candidates.widened(s.region, MARGIN_CELLS), wanted), s) for s in spots(grid)]
    told = [(share, features(grid, s)) for share, s in near if share]
    return max(told, key=lambda t: (t[0], candidates.weighed(t[1], WEIGHTS)), default=(0.0, {}))[1]


def spots(grid: Cells) -> list[Spot]:
    """Fans and dark holes at the banks of all waters."""
    return [s for water in waters(grid) for s in (*_fans(grid, water), *_holes(grid, water))]


def waters(grid: Cells) -> list[Mask]:
    """Large smooth regions of water's colours that leave the picture, gaps closed, at several smoothnesses."""
    coloured = (grid.a > PARAMETERS["most_green"]) & (grid.chroma < PARAMETERS["most_chroma"])
    found: list[Mask] = []
    for texture in TEXTURES:
        for water in _large(coloured & (grid.texture < texture)):
            if not any(np.count_nonzero(water & w) > 0.9 * np.count_nonzero(water | w) for w in found):
                found.append(water)
    return found


def _large(mask: Mask) -> Iterator[Mask]:
    closed = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((13, 13), np.uint8))
    opened = cv2.morphologyEx(closed, cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(opened, connectivity=4)
    for i in range(1, count):
        water = labels == i
        leaves = water[0].any() or water[-1].any() or water[:, 0].any() or water[:, -1].any()
        share = stats[i][cv2.CC_STAT_AREA] / mask.size
        if leaves and PARAMETERS["least_water"] <= share <= PARAMETERS["most_water"]:
            yield water


def _fans(grid: Cells, water: Mask) -> Iterator[Spot]:
    """Cells of another colour than their water that touch its bank."""
    away = _away(grid, water)
    bank = water & _near(~water, SHORE_CELLS)
    found = 0
    for level in ANOMALIES:
        for region in candidates.regions([(away, [level])], least=_least(water), most=PARAMETERS["most_fan"]):
            contact = region.inside & bank
            if contact.any() and _spread(contact) <= PARAMETERS["most_contact"] * GRID and found < MOST_FANS:
                found += 1
                yield Spot(region, contact, water, away, "outfall/discharging")


def _least(mask: Mask) -> float:
    return PARAMETERS["least_cells"] / mask.size


def _holes(grid: Cells, water: Mask) -> Iterator[Spot]:
    """Small dark regions on land, at the bank."""
    land = _near(water, SHORE_CELLS) & ~water
    if not land.any():
        return
    darkness = np.where(land, np.median(grid.light[land]) - grid.light, 0).astype(np.float32)
    level, most = PARAMETERS["hole_light"], PARAMETERS["most_hole"] / water.size
    for region in candidates.regions([(darkness, [level])], least=_least(water), most=most):
        yield Spot(region, region.inside, water, np.asarray(darkness / 4, np.float32), "outfall")


def _away(grid: Cells, water: Mask) -> Floats:
    """How many spreads each cell's colour is from that of the water around, 0 on land and at the water's rim."""
    total = np.zeros(water.shape, np.float32)
    for values in (grid.light, grid.a, grid.b):
        usual = np.where(water, values, np.median(values[water])).astype(np.float32)
        off = usual - candidates.around(usual, AROUND_CELLS)
        spread = max(1.5 * float(np.median(np.abs(off[water]))), PARAMETERS["least_spread"])
        total += (off / spread) ** 2
    inner = water & ~_near(~water, 1)
    return np.where(inner, np.sqrt(total), 0).astype(np.float32)


def _near(mask: Mask, cells: int) -> Mask:
    return np.asarray(cv2.dilate(mask.astype(np.uint8), np.ones((2 * cells + 1,) * 2, np.uint8)) > 0)


def features(grid: Cells, spot: Spot) -> dict[str, float]:
    """What the confidence is made of.

    contrast: log of the mean spreads from the water's colour; contact: share of the region that lies at the bank;
    reach: how far it goes from there, over the root of its area; size: log of its share of the picture; mouth: how
    much darker than the bank its darkest cell is beside the contact, L* / 10; smooth: log of the water's texture;
    around: log of the texture of the land at the bank less that; fill: cells over box; water: log of the water's share;
    dark_hole: 1 where it is no fan but a hole in the bank.
    """
    inside, water = spot.region.inside, spot.water
    land = ~water & _near(water, SHORE_CELLS)
    beside = land & _near(spot.contact, SHORE_CELLS + 1)
    smooth = float(np.log(np.median(grid.texture[water]) + 0.3))
    x0, y0, x1, y1 = spot.region.box
    return {
        "contrast": math.log(float(spot.away[inside].mean()) + 0.1),
        "contact": np.count_nonzero(spot.contact) / spot.region.cells,
        "reach": _reach(inside, spot.contact) / math.sqrt(spot.region.cells),
        "size": math.log(spot.region.cells / inside.size),
        "mouth": _darker(grid, beside, land) / 10,
        "smooth": smooth,
        "around": (float(np.log(np.median(grid.texture[land]) + 0.3)) if land.any() else smooth) - smooth,
        "fill": spot.region.cells / ((x1 - x0) * (y1 - y0)),
        "water": math.log(np.count_nonzero(water) / water.size),
        "dark_hole": float(spot.label == "outfall"),
    }


def _reach(inside: Mask, contact: Mask) -> float:
    from_contact = cv2.distanceTransform((~contact).astype(np.uint8), cv2.DIST_L2, 3)
    return float(from_contact[inside].max())


def _darker(grid: Cells, beside: Mask, land: Mask) -> float:
    if not beside.any():
        return 0.0
    return float(np.median(grid.light[land]) - grid.light[beside].min())


def _candidate(grid: Cells, spot: Spot) -> Candidate:
    point, sigma = mouth(spot)
    return Candidate(
        spot.region, spot.label, candidates.weighed(features(grid, spot), WEIGHTS), point, sigma, MARGIN_CELLS
    )


def mouth(spot: Spot) -> tuple[Pixel, float]:
    """Where the water enters, in cells, and one sigma: the middle of the contact, known to half of its length."""
    y, x = np.nonzero(spot.contact)
    return (float(x.mean()), float(y.mean())), math.hypot(_spread(spot.contact), SHORE_CELLS / 2)


def _spread(mask: Mask) -> float:
    y, x = np.nonzero(mask)
    return math.hypot(float(np.std(x)), float(np.std(y)))
