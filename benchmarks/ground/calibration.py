"""Are error ellipses true? Simulated flights, before and after the adjustment; absolute, and relative to their mean."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.ground.flights import GROUNDS, PATTERNS, PROFILES, WORLDS, Drawn, Setting, World, draw
from benchmarks.honest_radius import named, offset_m
from pipeline.errors import PipelineError
from pipeline.flow.adjusting import found_ground
from pipeline.geo.adjust import adjust
from pipeline.geo.associate import stack
from pipeline.geo.estimate import estimate
from pipeline.geo.fuse import fuse
from pipeline.geo.ground import open_ground
from pipeline.geo.joint import Common, Joint
from pipeline.geo.locate import locate
from pipeline.geo.radius import radii_m
from pipeline.types import Frame, Hit, Sighting

Array = NDArray[np.float64]

SHARES = (0.5, 0.9, 0.95)
CHI2_2 = tuple(-2.0 * np.log(1.0 - share) for share in SHARES)  # quantiles with two degrees of freedom
STAGES = ("before", "after")


@dataclass
class Tally:
    """Errors (east, north) of hits and their claimed covariances, pooled over flights."""

    errors: list[Array] = field(default_factory=list)  # (J, 2) a flight
    claims: list[Array] = field(default_factory=list)  # (J, 2, 2)

    def add(self, error: Array, claim: Array) -> None:
        self.errors.append(error)
        self.claims.append(claim)

    def line(self) -> str:
        """Shares inside, NEES, and how large errors and radii are."""
        if not self.errors:
            return "none"
        e, c = np.concatenate(self.errors), np.concatenate(self.claims)
        distance2 = np.einsum("ni,ni->n", e, np.linalg.solve(c, e[..., None])[..., 0])
        radius = radii_m(np.column_stack([c[:, 0, 0], c[:, 0, 1], c[:, 1, 1]]))
        off = np.hypot(*e.T)
        inside = "  ".join(f"{np.mean(distance2 <= q):6.1%}" for q in CHI2_2)
        low, high = self._between(off <= radius)
        nees = f"{distance2.mean():5.2f} {np.median(distance2):5.2f}"
        return (
            f"{len(self.errors):4d} {len(e):5d}  {inside}  {np.mean(off <= radius):6.1%} ({low:.0%}-{high:.0%})  "
            f"{nees}  {np.percentile(off, 90):6.2f}  {np.median(radius):6.2f}"
        )

    def _between(self, inside: NDArray[np.bool_], draws: int = 400) -> tuple[float, float]:
        """95 % of what other flights would have given: hits of one flight go together, so that flights are drawn."""
        counts = np.array([len(e) for e in self.errors])
        sums = np.add.reduceat(inside.astype(float), np.r_[0, np.cumsum(counts)[:-1]])
        pick = np.random.default_rng(0).integers(0, len(counts), (draws, len(counts)))
        low, high = np.percentile(sums[pick].sum(axis=1) / counts[pick].sum(axis=1), (2.5, 97.5))
        return float(low), float(high)


HEAD = f"{'':40s}flights hits   50 %    90 %    95 %    r90 (95 % of flights' draws)  NEES median   CE90  r90 (m)"


@dataclass
class Table:
    """Tallies by (setting, stage, kind)."""

    rows: dict[tuple[str, str, str], Tally] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)

    def add(self, setting: str, stage: str, hits: Sequence[Hit], drawn: Drawn, joint: Joint | None) -> None:
        error = np.array([offset_m(h.at, named(h, drawn.known)[1]) for h in hits]).reshape(-1, 2)
        together = joint_covariance(hits, joint)
        level, level_claim = about_mean(error, together)
        self._tally(setting, stage, "absolute").add(error, blocks(together))
        if len(hits) > 1:
            self._tally(setting, stage, "relative").add(level, blocks(level_claim))

    def _tally(self, *key: str) -> Tally:
        return self.rows.setdefault(key, Tally())  # type: ignore[arg-type]

    def pooled(self, stage: str, kind: str, wanted: str = "") -> Tally:
        """All settings whose name holds `wanted`."""
        out = Tally()
        for (setting, s, k), tally in self.rows.items():
            if s == stage and k == kind and wanted in setting:
                out.errors += tally.errors
                out.claims += tally.claims
        return out

    def lines(self) -> Iterator[str]:
        for kind in ("absolute", "relative"):
            yield ""
            yield f"{kind}: share of truths inside the ellipses of 50, 90, 95 % and inside r90; NEES (2.0, median 1.39)"
            yield HEAD
            for setting, stage, k in sorted(self.rows, key=lambda row: (row[0], STAGES.index(row[1]))):
                if k == kind:
                    yield f"{setting:30s} {stage:8s} {self.rows[setting, stage, k].line()}"
            for wanted in (*PROFILES, *PATTERNS, *GROUNDS, ""):
                for stage in STAGES if any(wanted in setting for setting, _, _ in self.rows) else ():
                    yield f"{'all ' + wanted:30s} {stage:8s} {self.pooled(stage, kind, wanted).line()}"


def joint_covariance(hits: Sequence[Hit], joint: Joint | None = None) -> Array:
    """(2 J, 2 J) covariance in m² of the places of all hits of one flight, from the sightings that made them."""
    sightings = tuple(s for h in hits for s in h.sightings)
    owner = np.repeat(np.arange(len(hits)), [len(h.sightings) for h in hits])
    s = stack(sightings)
    return estimate(s, [list(np.flatnonzero(owner == j)) for j in range(len(hits))], Common(s, joint)).together


def about_mean(error: Array, together: Array) -> tuple[Array, Array]:
    """(J, 2) errors without the flight's mean, and their (2 J, 2 J) covariance, which has rank 2 J − 2."""
    n = len(error)
    less = np.kron(np.eye(n) - 1.0 / n, np.eye(2))
    return (less @ error.reshape(-1)).reshape(-1, 2), less @ together @ less.T


def blocks(m: Array) -> Array:
    """(2 J, 2 J) -> (J, 2, 2) on its diagonal."""
    n = len(m) // 2
    return np.asarray(m.reshape(n, 2, n, 2)[np.arange(n), :, np.arange(n)])


def sightings_of(drawn: Drawn, frames: Sequence[Frame]) -> list[Sighting]:
    """Every detection on the ground, but for those that `locate` refuses."""
    by_id = {f.id: f for f in frames}
    found = []
    for detection in drawn.detections:
        try:
            found.append(locate(detection, by_id[detection.frame_id], drawn.ground))
        except PipelineError:
            continue
    return found


def measure(settings: Sequence[Setting], flights: int, first_seed: int = 0) -> Table:
    """So many flights, each with a seed of its own and the settings in turn; interrupted, what there is by then."""
    table = Table()
    with suppress(KeyboardInterrupt):
        for k in range(flights):
            with tempfile.TemporaryDirectory() as folder:
                one(settings[k % len(settings)], first_seed + k, Path(folder), table)
            print(f"\r{k + 1}/{flights}", end="", file=sys.stderr, flush=True)
    return table


def one(setting: Setting, seed: int, folder: Path, table: Table) -> None:
    """One flight, located with the poses as recorded and as adjusted."""
    drawn = draw(setting, seed, folder)
    table.add(str(setting), "before", fuse(sightings_of(drawn, drawn.frames)), drawn, None)
    try:
        block = adjust(drawn.frames, drawn.ties, open_ground(drawn.ground))
    except (PipelineError, np.linalg.LinAlgError) as why:
        table.failed.append(f"{setting} {seed}: {why}")
        return
    found = replace(drawn, ground=found_ground(drawn.ground, open_ground(drawn.ground), block))
    table.add(str(setting), "after", fuse(sightings_of(found, block.frames), block), drawn, block)


def all_settings(
    profiles: Sequence[str] = PROFILES, patterns: Sequence[str] = PATTERNS, worlds: Sequence[World] = WORLDS
) -> list[Setting]:
    return [Setting(p, a, g, w) for w in worlds for p in profiles for a in patterns for g in GROUNDS]
