"""Sky, haze and the horizon, where photos look far enough to see them.

Beyond what is painted the land goes on level, at the height of the site, as far as the ellipsoid's curvature lets it be
seen. Rays of light are straight: the dip of the horizon is drawn, refraction is not (in real air it lifts the horizon
by about a thirteenth of the dip). Nothing stands up from that line.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.sim.noise import stream
from pipeline.sim.scene import FIELDS
from pipeline.sim.space import ECCENTRICITY_2, SEMI_MAJOR_M, Floats
from pipeline.sim.truth import Truth

Field = NDArray[np.float32]
Picture = NDArray[np.uint8]

LOW_SKY, HIGH_SKY = (226.0, 221.0, 212.0), (206.0, 158.0, 106.0)  # blue, green, red; at the horizon, and 45° above it
HAZE = (186.0, 180.0, 172.0)
HAZY_M = 7000.0  # by where the haze has taken 1 - 1/e of the ground's colour
NODES, NODE_M = 512, 40.0  # of the patches on the land beyond the canvases
PATCHES_END_M = 2500.0
LEAST_HEIGHT_M = 0.5
BAND = 256


@dataclass(frozen=True, slots=True)
class Air:
    """What N rays run into. `above_deg`: above the horizon; `nearness`: 1 / metres to the ground, 0 in the sky."""

    above_deg: Floats
    nearness: Floats


def look_out(truth: Truth, shot: int, rays: Floats, met_m: Floats) -> Air:
    """(N, 3) unit rays in world axes; `met_m`: (N,) how far the painted ground is, NaN where a ray meets none."""
    lat, lon, alt = truth.lla[shot]
    site = truth.terrain.site
    level = rays @ truth.terrain.world.R_level(lat, lon)
    plain_m = site.elevation_m + float(site.undulation_m(np.array([lat]), np.array([lon]))[0])
    radius = _radius_m(lat, level) + plain_m
    height = max(LEAST_HEIGHT_M, float(alt) - plain_m)
    above = np.degrees(np.arcsin(np.clip(level[:, 2], -1, 1)) + np.arccos(radius / (radius + height)))
    fall = -level[:, 2] * (radius + height)
    below = (above < 0) & (fall > 0)
    far = fall - np.sqrt(np.maximum(fall**2 - height * (2 * radius + height), 0))
    nearness = np.where(np.isfinite(met_m), 1 / np.maximum(met_m, 1.0), 1 / np.maximum(far, 1.0))
    return Air(above, np.where(below | np.isfinite(met_m), nearness, 0.0))


def above_horizon_deg(truth: Truth, photo: int, px: Floats) -> Floats:
    """(N,) how far above the drawn horizon (N, 2) pixels of a photo look, were its pixels not turned."""
    shot, lens = int(truth.shot[photo]), truth.lenses[photo]
    rays = lens.rays(px) @ truth.world_R_cam[shot].T
    return look_out(truth, shot, rays, np.full(len(px), np.nan)).above_deg


def _radius_m(lat_deg: float, level: Floats) -> Floats:
    """(N,) the ellipsoid's radius of curvature towards level directions (Euler's formula)."""
    w2 = 1 - ECCENTRICITY_2 * np.sin(np.radians(lat_deg)) ** 2
    across, meridian = SEMI_MAJOR_M / np.sqrt(w2), SEMI_MAJOR_M * (1 - ECCENTRICITY_2) / w2**1.5
    flat = np.maximum(level[:, 0] ** 2 + level[:, 1] ** 2, 1e-12)
    out: Floats = 1 / (level[:, 1] ** 2 / flat / meridian + level[:, 0] ** 2 / flat / across)
    return out


def draw_patches(truth: Truth) -> Field:
    """(NODES, NODES) light and dark of the far land, without a seam."""
    noise = stream(truth.config, "far land").standard_normal((NODES, NODES)).astype(np.float32)
    wide = cv2.resize(noise[::8, ::8], (NODES, NODES), interpolation=cv2.INTER_CUBIC)
    return np.asarray(noise + 2 * wide, np.float32)


def plain(patches: Field, east: Field, north: Field, nearness: Field) -> Picture:
    """(h, w, 3) the land beyond the canvases, at (h, w) world metres; its patches end where they would only flicker."""
    u, v = (np.mod(c / np.float32(NODE_M), np.float32(NODES)) for c in (east, north))
    shade = cv2.remap(patches, u, v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
    distance = 1 / np.maximum(nearness, np.float32(1e-6))
    shade = 1 + np.float32(0.06) * shade * np.exp(-distance / np.float32(PATCHES_END_M))
    colour = np.mean(FIELDS, axis=0, dtype=np.float32)
    return np.asarray(np.clip(shade[..., None] * colour, 0, 255), np.uint8)


def haze(picture: Picture, above_deg: Field, nearness: Field, pixel_deg: float) -> None:
    """Haze over the ground, sky above the horizon, and a soft pixel between; in bands of rows that keep memory low."""
    low, high, grey = (np.array(colour, np.float32) for colour in (LOW_SKY, HIGH_SKY, HAZE))
    for top in range(0, len(picture), BAND):
        rows = slice(top, top + BAND)
        distance = 1 / np.maximum(nearness[rows], np.float32(1e-6))
        share = (1 - np.exp(-distance / np.float32(HAZY_M)))[..., None]
        ground = picture[rows] + (grey - picture[rows]) * share
        sky = low + (high - low) * np.clip(above_deg[rows] / 45, 0, 1)[..., None] ** np.float32(0.7)
        cover = np.clip(above_deg[rows] / np.float32(pixel_deg) + np.float32(0.5), 0, 1)[..., None]
        picture[rows] = ground + (sky - ground) * cover
