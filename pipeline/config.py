"""What a run may be told: one frozen value, made from the mission file's `[run]` table and the command line."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from pipeline.errors import PipelineError

# What changes how fast a run is or where it happens, but never a byte of its hits.
_WITHOUT_EFFECT = frozenset({"workers", "cluster", "resume", "trust"})

ADJUST = ("auto", "off", "require")


@dataclass(frozen=True, slots=True)
class RunConfig:
    """Options of `run`; formats.md says what each means to a user."""

    detector: str = ""  # names from the registry, joined by commas; empty: not said, which ends as "all"
    boxes: str | None = None  # a file of boxes from elsewhere, in place of a detector
    false_alarms: float | None = None  # per photo; None: each detector's own threshold
    dem: str | None = None  # GeoTIFF
    dem_datum: str | None = None  # egm96, egm2008, geoid, ellipsoid
    geoid: str | None = None  # grid for egm2008 and geoid
    assume: str | None = None  # "nadir" for photos that bring no attitude
    tz: str | None = None  # zone of camera clocks, where the photos do not tell
    reviews: str | None = None  # an earlier run's reviews, to be taken over
    workers: int | None = None  # processes; None: one a core
    cluster: str | None = None  # address of a Dask scheduler
    resume: bool = False
    video_overlap: float | None = None  # of the ground that neighbouring frames of a video share; None: 0.7
    video_every: float | None = None  # seconds between frames of a video, in place of overlap
    adjust: str = ""  # poses corrected from the pictures: auto, off, require; empty: not said, which ends as "auto"
    trust: bool = False  # weights may run the code inside them; from the command line alone

    def __post_init__(self) -> None:
        if self.assume not in (None, "nadir"):
            raise PipelineError(f"assume: {self.assume!r} is not known; the only assumption is 'nadir'")
        if self.adjust and self.adjust not in ADJUST:
            raise PipelineError(f"adjust: {self.adjust!r} is not known; there is: {', '.join(ADJUST)}")
        if self.workers is not None and self.workers < 1:
            raise PipelineError(f"workers: {self.workers} is not a number of processes")
        if self.false_alarms is not None and not self.false_alarms > 0:
            raise PipelineError(f"false_alarms: {self.false_alarms} a photo is not a positive rate")
        if self.video_overlap is not None and not 0 <= self.video_overlap <= 0.95:
            raise PipelineError(f"video_overlap: {self.video_overlap} is not a share from 0 to 0.95")
        if self.video_every is not None and not 0 < self.video_every <= 86_400:
            raise PipelineError(f"video_every: {self.video_every} is not a number of seconds from 0 to a day")

    def over(self, table: Mapping[str, Any]) -> RunConfig:
        """This configuration (the command line) laid over a mission file's table: what was said here wins."""
        names = {f.name: f.default for f in fields(self)}
        if "trust" in table:  # a mission file may come from the same stranger as the weights
            raise PipelineError("mission file: [run] cannot say trust; only --trust on the command line does")
        unknown = sorted(set(table) - set(names))
        if unknown:
            raise PipelineError(f"mission file: [run] has no option called {', '.join(unknown)}")
        told = {k: v for k, v in table.items() if getattr(self, k) == names[k]}
        if self.detector:
            told.pop("boxes", None)  # they stand in a detector's place, and one was asked for
        if self.video_overlap is not None:
            told.pop("video_every", None)  # it stands in the overlap's place, and an overlap was asked for
        merged = replace(self, **told)
        return replace(merged, detector=merged.detector or "all", adjust=merged.adjust or "auto")

    def digest(self) -> str:
        """SHA-256 of everything that can change a result; paths count by name only, their contents by other digests."""
        told = {k: v for k, v in asdict(self).items() if k not in _WITHOUT_EFFECT}
        return hashlib.sha256(json.dumps(told, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
