"""Where the drone flies and where it looks: parallel strips, every other one flown back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import PipelineError
from pipeline.sim.config import MAX_HALF_SIDE_M, FlightConfig
from pipeline.sim.dialects import DIALECTS
from pipeline.sim.noise import stream
from pipeline.sim.space import Floats
from pipeline.sim.terrain import BANK_M, River

START_UTC_NS = 1_795_233_600_000_000_000  # 2026-11-21 04:00 UTC
INTERVAL_NS = 2_000_000_000
SPEED_MPS = (5.0, 9.0)  # along the strips
LEAST_INTERVAL_S = 1.0


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

    @property
    def reach_m(self) -> float:
        """How far from the site the ground must be known."""
        return max(550.0, float(np.hypot(self.half_along_m, self.half_across_m)) + 350.0)

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
    if max(abs(along).max(), abs(across).max()) > MAX_HALF_SIDE_M:
        raise PipelineError(f"the flight would reach more than {MAX_HALF_SIDE_M:.0f} m from its middle")
    heading = float(rng.uniform(0, 360))
    return Plan(
        heading, (config.photos_per_strip - 1) / 2 * base, (config.strips - 1) / 2 * gap, foot, strip,
        place(heading, along, across) + rng.normal(0, 0.5, (n, 2)), config.height_m + rng.normal(0, 0.3, n),
        _look(config, heading, strip, rng), _times(config, strip, base, gap), np.zeros(2),
    )  # fmt: skip


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
    yaw = heading_deg + 180 * (strip % 2) + rng.normal(0, 2.0, n)
    yaw = (yaw + 180) % 360 - 180
    return np.column_stack([yaw, np.where(oblique, slanted, down), rng.normal(0, 0.3, n)])


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
    reach = plan.half_across_m + plan.footprint_m[1] / 2
    half_width = rng.uniform(8, 12)
    # At least the far side of the strips stays dry, however low the flight.
    offset = rng.choice([-1, 1]) * max(rng.uniform(0.35, 0.5) * reach, half_width + BANK_M + 0.15 * reach)
    return River(plan.heading_deg + rng.uniform(-15, 15), float(offset), float(half_width), float(rng.uniform(0, 6)))


def choose_takeoff(config: FlightConfig, plan: Plan, river: River) -> Floats:
    """(2,) east, north of the dry place, 10 to 30 m from the first photo, where the pilot stands."""
    rng = stream(config, "takeoff")
    for _ in range(200):
        angle, distance = rng.uniform(0, 2 * np.pi), rng.uniform(10, 30)
        spot: Floats = plan.en_m[0] + distance * np.array([np.sin(angle), np.cos(angle)])
        if abs(river.along_across(spot[None])[1][0]) > river.half_width_m + BANK_M:
            break
    return spot
