"""Three clocks of one flight: UTC, the log's since boot, and the camera's.

camera = UTC + offset + drift · (UTC - first exposure)        (`clock_offset_s`, `drift_ppm`)
boot   = (UTC - boot's UTC) / (1 + log drift)                  (`log_drift_ppm`)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.sim.config import FlightConfig
from pipeline.sim.noise import lie_size, stream
from pipeline.sim.plan import Plan
from pipeline.sim.space import Floats

Ns = NDArray[np.int64]

BOOT_BEFORE_S = (90.0, 400.0)  # how long before the first exposure the log's clock began
HOT_SHOE_LATE_S = 0.0005  # it interrupts the autopilot
SHUTTER_LAG_S = (0.03, 0.08)  # from the command to the exposure: one lag a flight
SHUTTER_JITTER_S = 0.003


@dataclass(frozen=True, slots=True)
class Clocks:
    """All in ns; UTC since 1970."""

    first_utc_ns: int  # of the first exposure
    boot_utc_ns: int
    log_drift_ppm: float
    offset_ns: int
    drift_ppm: float

    def utc_ns(self, t_s: Floats) -> Ns:
        """(N,) UTC of seconds since the first exposure."""
        return self.first_utc_ns + np.rint(np.asarray(t_s) * 1e9).astype(np.int64)

    def boot_ns(self, utc_ns: Ns) -> Ns:
        """(N,) what the log's clock shows at a UTC."""
        since = np.asarray(utc_ns, np.int64) - self.boot_utc_ns
        slow = self.log_drift_ppm * 1e-6
        boot: Ns = since - np.rint(since * (slow / (1 + slow))).astype(np.int64)
        return boot

    def camera_ns(self, utc_ns: Ns) -> Ns:
        """(N,) what the camera takes for UTC."""
        utc = np.asarray(utc_ns, np.int64)
        gained = np.rint((utc - self.first_utc_ns) * (self.drift_ppm * 1e-6)).astype(np.int64)
        shown: Ns = utc + self.offset_ns + gained
        return shown


def set_clocks(config: FlightConfig, plan: Plan) -> Clocks:
    """The clocks of a flight."""
    before_ns = round(1e9 * float(stream(config, "boot").uniform(*BOOT_BEFORE_S)))
    return Clocks(
        plan.t_ns[0], plan.t_ns[0] - before_ns, config.log_drift_ppm,
        round((config.clock_offset_s + _lie_s(config)) * 1e9), config.drift_ppm,
    )  # fmt: skip


def _lie_s(config: FlightConfig) -> float:
    """How far the camera's clock is off beyond `clock_offset_s`.

    Seconds count beside a log alone: photos that bring their poses have the wrong one then (see `lies`).
    """
    hours = lie_size(config, "clock-hours") if "clock-hours" in config.lie_names else 0.0
    seconds = lie_size(config, "clock-seconds") if config.log and "clock-seconds" in config.lie_names else 0.0
    return 3600.0 * hours + seconds


@dataclass(frozen=True, slots=True)
class Notes:
    """Exposures as the log notes them, (M,) in their order."""

    shot: NDArray[np.intp]  # index of the press of the shutter
    utc_ns: Ns  # of the moment noted
    command_ns: Ns  # UTC of the command to the shutter
    sequence: NDArray[np.int64]


def note_exposures(config: FlightConfig, plan: Plan) -> Notes:
    """Which exposures the log notes, when, and by which number.

    ArduPilot notes a camera that answers by its hot shoe twice: TRIG at the command, CAM at the exposure. Without the
    answer there is one of them, at the command. A tlog counts on when a packet is lost; dataflash counts what it
    notes, so that nothing shows a gap.
    """
    rng, n = stream(config, "triggers"), len(plan.t_ns)
    lost = rng.choice(n, round(config.missed_triggers * n), replace=False)
    kept = np.setdiff1d(np.arange(n), lost) if config.triggers != "none" else np.arange(0)
    exposed = np.array(plan.t_ns, np.int64)
    lag_s = rng.uniform(*SHUTTER_LAG_S) + rng.normal(0, SHUTTER_JITTER_S, n)
    command = exposed - np.rint(lag_s * 1e9).astype(np.int64)
    noted = exposed + np.rint(np.abs(rng.normal(0, HOT_SHOE_LATE_S, n)) * 1e9).astype(np.int64)
    if config.triggers in ("CAM", "TRIG"):
        noted = command
    first = int(rng.integers(1, 40))
    sequence = first + (kept if config.log == "tlog" else np.arange(len(kept)))
    return Notes(kept, noted[kept], command[kept], sequence)
