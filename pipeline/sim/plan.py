"""Where the drone flies and where it looks: parallel strips, every other one flown back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import PipelineError
from pipeline.sim.config import MAX_HALF_LENGTH_M, MAX_HALF_SIDE_M, FlightConfig
from pipeline.sim.dialects import DIALECTS
from pipeline.sim.noise import lie_size, stream
from pipeline.sim.sites import site_called
from pipeline.sim.space import Floats
from pipeline.sim.terrain import BANK_M, River

START_UTC_NS = 1_795_233_600_000_000_000  # 2026-11-21 04:00 UTC
INTERVAL_NS = 2_000_000_000
SPEED_MPS = (5.0, 9.0)  # along the strips
LEAST_INTERVAL_S = 1.0
CORRIDOR_MARGIN_M = 350.0
CORRIDOR_SLOPE = 0.0002  # of a river that is followed for kilometres


@dataclass(frozen=True, slots=True)
class Plan:
    """The flight as flown. Rows are presses of the shutter."""

    heading_deg: float  # of the first strip
    half_along_m: float  # of the rectangle of the strips
    half_across_m: float
    footprint_m: tuple[float, float]  # along and across, looking straight down
    strip: NDArray[np.intp]  # (N,) index of the strip
    en_m: Floats  # (N, 2) east, north of the site
    above_takeoff_m: Floats  # (N,)
    angles_deg: Floats  # (N, 3) yaw, pitch, roll of the camera as the gimbal was asked to hold it
    t_ns: tuple[int, ...]
    takeoff_en_m: Floats  # (2,)
    corridor: bool = False  # ground is made for these strips and not all around the site

    @property
    def reach_m(self) -> float:
        """How far from the site the ground must be known."""
        return max(550.0, float(np.hypot(self.half_along_m, self.half_across_m)) + 350.0)

    @property
    def ground_half_m(self) -> tuple[float, float]:
        """Half the sides, along and across, of the rectangle in which a corridor's ground is known."""
        return self.half_along_m + CORRIDOR_MARGIN_M, self.half_across_m + CORRIDOR_MARGIN_M

    @property
    def dem_half_m(self) -> tuple[float, float]:
        """Half the sides, east and north, of the DEM."""
        if not self.corridor:
            return self.reach_m, self.reach_m
        (along, across), a = self.ground_half_m, np.radians(self.heading_deg)
        sin, cos = abs(float(np.sin(a))), abs(float(np.cos(a)))
        return along * sin + across * cos, along * cos + across * sin

    def place(self, along_m: Floats, across_m: Floats) -> Floats:
        """(N, 2) east, north of places given along the first strip's heading and to the right of it."""
        return place(self.heading_deg, along_m, across_m)


def draw_plan(config: FlightConfig) -> Plan:
    """Strips centred on the site, on a heading of the seed's choice."""
    rng, n = stream(config, "plan"), config.photos
    gsd = config.height_m / DIALECTS[config.dialect_name].focal_px(config.width_px)
    foot = (config.height_px * gsd, config.width_px * gsd)
    base, gap = foot[0] * (1 - config.overlap), foot[1] * (1 - config.side_overlap)
    strip = np.repeat(np.arange(config.strips, dtype=np.intp), config.photos_per_strip)
    step = np.tile(np.arange(config.photos_per_strip), config.strips) - (config.photos_per_strip - 1) / 2
    along: Floats = np.where(strip % 2, -base, base) * step
    across = np.asarray(gap * (strip - (config.strips - 1) / 2), np.float64)
    half_along, half_across = abs(along).max(), abs(across).max()
    _refuse_too_far(config, float(half_along), float(half_across))
    heading = float(rng.uniform(0, 360))
    return Plan(
        heading, (config.photos_per_strip - 1) / 2 * base, (config.strips - 1) / 2 * gap, foot, strip,
        place(heading, along, across) + rng.normal(0, 0.5, (n, 2)), config.height_m + rng.normal(0, 0.3, n),
        _look(config, heading, strip, rng), _times(config, strip, base, gap), np.zeros(2),
        config.river_width_m > 0 or bool(half_along > MAX_HALF_SIDE_M),
    )  # fmt: skip


def _refuse_too_far(config: FlightConfig, half_along_m: float, half_across_m: float) -> None:
    """Raises PipelineError for strips longer or farther apart than ground is made for."""
    site = site_called(config.site)
    longest = MAX_HALF_LENGTH_M if half_across_m < CORRIDOR_MARGIN_M else MAX_HALF_SIDE_M
    if half_along_m > longest or half_across_m > MAX_HALF_SIDE_M:
        raise PipelineError(f"the flight would reach more than {longest:.0f} m from its middle")
    if half_along_m > MAX_HALF_SIDE_M and half_along_m + CORRIDOR_MARGIN_M > site.reach_m:
        raise PipelineError(f"the geoid of the site {site.name} is not known so far out: choose kaifeng")


def place(heading_deg: float, along_m: Floats, across_m: Floats) -> Floats:
    """(N, 2) east, north of places given along a heading and to the right of it."""
    a = np.radians(heading_deg)
    return np.column_stack([along_m * np.sin(a) + across_m * np.cos(a), along_m * np.cos(a) - across_m * np.sin(a)])


def _look(config: FlightConfig, heading_deg: float, strip: NDArray[np.intp], rng: np.random.Generator) -> Floats:
    """(N, 3) yaw, pitch, roll: forward along the strip, and never quite as it was asked."""
    n = len(strip)
    down = -90 + np.abs(rng.normal(0, 0.6, n))
    slanted = np.array(config.oblique_deg)[strip % len(config.oblique_deg)] + np.abs(rng.normal(0, 0.3, n))
    oblique = {"nadir": strip < 0, "oblique": strip >= 0, "mixed": strip % 2 == 1}[config.pattern]
    yaw = heading_deg + 180 * (strip % 2) + rng.normal(0, 2.0, n) + beside_deg(config)
    yaw = (yaw + 180) % 360 - 180
    return np.column_stack([yaw, np.where(oblique, slanted, down), rng.normal(0, 0.3, n) + tilt_deg(config)])


def beside_deg(config: FlightConfig) -> float:
    """How far right of the nose the gimbal holds the camera."""
    lying = not config.gimbal_yaw_deg and "aircraft-yaw" in config.lie_names
    return lie_size(config, "aircraft-yaw") if lying else config.gimbal_yaw_deg


def tilt_deg(config: FlightConfig) -> float:
    """The roll that the gimbal holds on purpose."""
    lying = not config.gimbal_roll_deg and "roll-sign" in config.lie_names
    return lie_size(config, "roll-sign") if lying else config.gimbal_roll_deg


def _times(config: FlightConfig, strip: NDArray[np.intp], base_m: float, gap_m: float) -> tuple[int, ...]:
    """UTC of the exposures: as far apart as wind and turns make them, where somebody notes them."""
    start_ns = START_UTC_NS + config.seed % 1000 * 60_000_000_000
    n = len(strip)
    if not config.timed:
        return tuple(start_ns + i * INTERVAL_NS for i in range(n))
    rng = stream(config, "times")
    speed = rng.uniform(*SPEED_MPS)
    step_s = max(LEAST_INTERVAL_S, round(base_m / speed, 1))
    start_ns += int(rng.integers(1_000_000_000))
    gaps = step_s * rng.uniform(0.88, 1.12, n - 1)
    turns = strip[1:] != strip[:-1]
    gaps[turns] = gap_m / speed + rng.uniform(5, 9, int(turns.sum()))
    if config.even_spacing:
        gaps[:] = step_s
    since_ns = np.rint(1e9 * np.concatenate([[0.0], np.cumsum(gaps)])).astype(np.int64)
    return tuple(start_ns + int(t) for t in since_ns)


def draw_river(config: FlightConfig, plan: Plan) -> River:
    """A river roughly along the strips, off the middle of what they see."""
    rng = stream(config, "river")
    if plan.corridor:
        return _followed_river(config, plan, rng)
    reach = plan.half_across_m + plan.footprint_m[1] / 2
    half_width = rng.uniform(8, 12)
    # At least the far side of the strips stays dry, however low the flight.
    offset = rng.choice([-1, 1]) * max(rng.uniform(0.35, 0.5) * reach, half_width + BANK_M + 0.15 * reach)
    return River(plan.heading_deg + rng.uniform(-15, 15), float(offset), float(half_width), float(rng.uniform(0, 6)))


def _followed_river(config: FlightConfig, plan: Plan, rng: np.random.Generator) -> River:
    """A river that fills one edge of the strips, the far one from the first strip, from end to end."""
    width = config.river_width_m or float(rng.uniform(16, 24))
    reach = plan.half_across_m + plan.footprint_m[1] / 2
    side = 1.0 if config.strips > 1 else float(rng.choice([-1, 1]))
    # Where the heading is not quite the strips', the ends lie aside by no more than a twentieth of a picture.
    aside = np.degrees(np.arctan2(0.05 * plan.footprint_m[1], plan.half_along_m + plan.footprint_m[0]))
    heading = plan.heading_deg + rng.uniform(-aside, aside)
    return River(heading, side * (reach - width / 2), width / 2, float(rng.uniform(0, 6)), CORRIDOR_SLOPE, 4.0)


def choose_takeoff(config: FlightConfig, plan: Plan, river: River) -> Floats:
    """(2,) east, north of the dry place, 10 to 30 m from the first photo, where the pilot stands."""
    rng = stream(config, "takeoff")
    for _ in range(200):
        angle, distance = rng.uniform(0, 2 * np.pi), rng.uniform(10, 30)
        spot: Floats = plan.en_m[0] + distance * np.array([np.sin(angle), np.cos(angle)])
        if abs(river.along_across(spot[None])[1][0]) > river.half_width_m + BANK_M:
            break
    return spot
