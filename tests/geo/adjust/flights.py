"""Simulated flights without pixels, as the adjustment gets them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.geo.adjust import Ties
from pipeline.geo.geodesy import to_enu
from pipeline.geo.ground import Surface, open_ground
from pipeline.ingest import open_mission
from pipeline.sim import FlightConfig, SimFlight, make_flight
from pipeline.sim.ties import draw_ties
from pipeline.types import Frame, GeoPoint, Ground, Mission


@dataclass(frozen=True)
class Flown:
    """A flight, its ties by the frames' own order, and the truth."""

    made: SimFlight
    mission: Mission
    ties: Ties
    surface: Surface

    @property
    def frames(self) -> tuple[Frame, ...]:
        return self.mission.frames

    @property
    def shots(self) -> list[int]:
        """Of each frame: the row of the truth."""
        names = {name: i for i, name in enumerate(self.made.truth.photos)}
        return [int(self.made.truth.shot[names[f.id]]) for f in self.frames]

    def position_errors_m(self, frames: tuple[Frame, ...]) -> np.ndarray:
        """(F, 3) east, north, up of where frames say they were from where they were."""
        rows = []
        for frame, shot in zip(frames, self.shots, strict=True):
            at, true = frame.pose.at, GeoPoint(*self.made.truth.lla[shot])
            rows.append(to_enu(np.array([[at.lat_deg, at.lon_deg, at.alt_m]]), true)[0])
        return np.array(rows)

    def attitude_errors_deg(self, frames: tuple[Frame, ...]) -> np.ndarray:
        """(F, 3) errors about east, north and up of the axes."""
        from pipeline.geo.geodesy import ecef_R_enu
        from pipeline.geo.rotation import enu_R_cam

        rows = []
        for frame, shot in zip(frames, self.shots, strict=True):
            at = frame.pose.at
            level = ecef_R_enu(at.lat_deg, at.lon_deg).T @ self.made.truth.terrain.world.ecef_R_world
            rest = enu_R_cam(frame.pose.attitude) @ (level @ self.made.truth.world_R_cam[shot]).T
            rows.append(np.degrees([rest[2, 1] - rest[1, 2], rest[0, 2] - rest[2, 0], rest[1, 0] - rest[0, 1]]) / 2)
        return np.array(rows)


def fly(folder: Path, per_photo: int = 120, dem: bool = True, wrong: float = 0.0, **told: Any) -> Flown:
    """Fly `FlightConfig(**told)` without pixels."""
    usual: dict[str, Any] = {
        "profile": "real", "strips": 2, "photos_per_strip": 4, "turned_strip": False, "pixels": False,
        "width_px": 1000, "height_px": 750, "n_smoke": 0, "n_dust": 0, "n_outfalls": 0, "n_checks": 6,
    }  # fmt: skip
    made = make_flight(folder, FlightConfig(**{**usual, **told}))
    ground = Ground(dem=str(made.dem), dem_datum="egm96") if dem else None
    mission = open_mission(made.flight, ground=ground)
    drawn = draw_ties(made.truth, per_photo=per_photo, wrong=wrong)
    number = {f.id: k for k, f in enumerate(mission.frames)}
    of_photo = np.array([number[name] for name in made.truth.photos], np.intp)
    return Flown(
        made, mission, Ties(of_photo[drawn.frame], drawn.point, drawn.px, drawn.sigma_px), open_ground(mission.ground)
    )
