"""What a flight's log says, whatever the format: the drone's own view, errors included, at any moment."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.sim import noise
from pipeline.sim.clocks import Clocks, Notes, Ns, note_exposures, set_clocks
from pipeline.sim.space import Floats
from pipeline.sim.trajectory import Trajectory, carrying_deg, fly_through, leaning_deg
from pipeline.sim.truth import Truth

NO_FIX_S = 5.0  # after the log begins: no position, no UTC


@dataclass(frozen=True, slots=True, eq=False)
class Fixes:
    """Where the drone says it is. All columns are (N,)."""

    lat_deg: Floats
    lon_deg: Floats
    amsl_m: Floats  # above EGM96
    relative_m: Floats  # above home
    ellipsoidal_m: Floats
    velocity_mps: Floats  # (N, 3) north, east, down


@dataclass(frozen=True, slots=True, eq=False)
class Recorder:
    """One flight as its log sees it; times are seconds since the first exposure."""

    truth: Truth
    flown: Trajectory
    errors: noise.Errors
    clocks: Clocks
    notes: Notes

    @property
    def span_s(self) -> tuple[float, float]:
        """From switched on, on the ground, until landed."""
        return float(self.flown.t_s[0]), float(self.flown.t_s[-1])

    @property
    def home(self) -> tuple[float, float, float]:
        """Latitude, longitude and height above EGM96, such that heights above home are the reported ones."""
        truth = self.truth
        ground = truth.terrain.world.to_lla(truth.terrain.drop(truth.plan.takeoff_en_m[None]))[0]
        above = float(truth.terrain.site.undulation_m(ground[:1], ground[1:2])[0])
        amsl = ground[2] + self.errors.absolute_m - self.errors.relative_m - above
        return float(ground[0]), float(ground[1]), float(amsl)

    def fixes(self, t_s: Floats) -> Fixes:
        """Positions as the headers of photos would report them, not rounded."""
        world, said = self.truth.terrain.world, self.flown.held(self.flown.error_m, t_s)
        lat, lon, alt = world.to_lla(self.flown.position(t_s) + said).T
        takeoff = world.to_lla(self.truth.terrain.drop(self.truth.plan.takeoff_en_m[None]))[0, 2]
        ellipsoidal = alt + self.errors.absolute_m
        east, north, up = self.flown.velocity(t_s).T
        return Fixes(
            lat, lon, ellipsoidal - self.truth.terrain.site.undulation_m(lat, lon),
            alt - takeoff + self.errors.relative_m, ellipsoidal, np.column_stack([north, east, -up]),
        )  # fmt: skip

    def body_deg(self, t_s: Floats) -> Floats:
        """(N, 3) yaw, pitch, roll of the airframe; yaw is not wrapped."""
        return carrying_deg(self.flown, t_s) if self.truth.config.fixed_mount else leaning_deg(self.flown, t_s)

    def gimbal_deg(self, t_s: Floats) -> Floats:
        """(N, 3) yaw (from north, not wrapped), pitch, roll of the lens, as the gimbal says."""
        return self.flown.held(self.flown.angles_deg, t_s)

    def ticks(self, rate_hz: float, phase_s: float = 0.0) -> Floats:
        """(N,) evenly spaced moments of the log."""
        start, end = self.span_s
        return np.arange(start + phase_s, end - phase_s, 1.0 / rate_hz)

    def since_s(self, utc_ns: Ns) -> Floats:
        """(N,) seconds since the first exposure."""
        return np.asarray((utc_ns - self.clocks.first_utc_ns) / 1e9, np.float64)


def open_recorder(truth: Truth) -> Recorder:
    """The log's view of a flight."""
    config, plan = truth.config, truth.plan
    return Recorder(
        truth, fly_through(truth), noise.draw(config), set_clocks(config, plan), note_exposures(config, plan)
    )


def write_log(folder: Path, recorder: Recorder) -> Path:
    """The log under the name its ground station or autopilot gives; which kind is the configuration's."""
    config = recorder.truth.config
    if config.log == "tlog":
        from pipeline.sim.tlog import tlog_bytes, tlog_name

        path, data = folder / tlog_name(recorder), tlog_bytes(recorder)
    else:
        from pipeline.sim.dataflash import dataflash_bytes

        path, data = folder / ("00000012.log" if config.log_text else "00000012.BIN"), dataflash_bytes(recorder)
    path.write_bytes(data)
    return path
