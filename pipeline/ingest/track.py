"""What a flight log says, whatever its format: columns in time.

Times are int64 nanoseconds, ascending. A reader leaves them in the log's own clock (since boot, or since a video's
first frame), with pairs of log time and UTC in `epochs`; `ingest.epoch.in_utc` puts them into UTC and says in `clock`
how. Angles are degrees in the sense of `types.Attitude`; what a log does not say is NaN. Columns of one value have
equal lengths.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ns = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Positions:
    """Where the aircraft was. All columns are (N,) but `velocity_mps`."""

    t_ns: Ns
    lat_deg: Floats
    lon_deg: Floats
    alt_m: Floats  # above `datum`
    relative_m: Floats  # above home (take-off)
    velocity_mps: Floats  # (N, 3) north, east, down
    sigma_m: Floats  # horizontal, one sigma, as the receiver says
    source: str  # the message: GLOBAL_POSITION_INT, POS, …
    datum: str = "egm96"  # or "ellipsoid"


@dataclass(frozen=True, slots=True, eq=False)
class Attitudes:
    """Angles of the aircraft (0/0/0: level, nose to north) or of a lens (as `types.Attitude`), all (N,).

    `reference` says what a gimbal's angles count from: "earth" (north and horizon), "vehicle yaw" (horizon, but yaw
    from the nose) or "vehicle" (all from the airframe).
    """

    t_ns: Ns
    yaw_deg: Floats
    pitch_deg: Floats
    roll_deg: Floats
    source: str
    reference: str = "earth"


@dataclass(frozen=True, slots=True, eq=False)
class Triggers:
    """Exposures as the log noted them, all (M,) but `sigma_m` and `arm_m`; -1 is an unknown sequence number.

    `attitude` columns are the aircraft's at the exposure (ArduPilot's CAM), NaN where not told.
    """

    t_ns: Ns
    sequence: NDArray[np.int64]
    lat_deg: Floats
    lon_deg: Floats
    alt_m: Floats  # above `datum`
    relative_m: Floats
    yaw_deg: Floats
    pitch_deg: Floats
    roll_deg: Floats
    source: str  # CAM, TRIG, CAMERA_FEEDBACK, MRK …
    datum: str = "egm96"
    sigma_m: Floats | None = None  # (M, 3) east, north, up: RTK's own
    arm_m: Floats | None = None  # (M, 3) east, north, up from the place given to the lens; None: the place is the lens
    fixed: NDArray[np.bool_] | None = None  # RTK ambiguities were fixed
    photo_time: bool = True  # False: the moment of the command, some tens of milliseconds before the exposure


@dataclass(frozen=True, slots=True, eq=False)
class Epochs:
    """Pairs that tie the log's clock to UTC, (K,) each; as read, sane or not."""

    log_ns: Ns
    utc_ns: Ns
    source: str  # "SYSTEM_TIME", "GPS week and time", "receive time" …


@dataclass(frozen=True, slots=True)
class LogClock:
    """How a log's own time became UTC."""

    source: str
    sigma_s: float  # one sigma of a time stamp
    drift_ppm: float = 0.0  # how much faster UTC runs than the log's clock
    note: str = ""  # a sentence where something had to be distrusted


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """One log, read."""

    id: str  # path relative to the flight
    kind: str  # tlog, dataflash, ulog, srt, mrk
    positions: Positions | None = None
    body: Attitudes | None = None
    gimbal: Attitudes | None = None
    triggers: tuple[Triggers, ...] = ()
    epochs: tuple[Epochs, ...] = ()
    home: tuple[float, float, float] | None = None  # lat_deg, lon_deg, height above `home_datum` in m
    home_datum: str = "egm96"
    vehicle: str = ""
    clock: LogClock | None = None  # None: times are still the log's own
    messages: int = 0  # that were whole
    faults: tuple[str, ...] = ()  # what was left out, where and why, at most a score of sentences
