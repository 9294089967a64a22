"""What looks like a source and is none: kinds by name."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.sim.draw.look_alikes_air import AIR
from pipeline.sim.draw.look_alikes_ground import (
    gravel_heap,
    pale_road,
    pole_shadow,
    road_marking,
    sand_patch,
    snow_patch,
    tarpaulin,
)
from pipeline.sim.draw.look_alikes_kit import Decoy
from pipeline.sim.draw.look_alikes_outfall import NO_OUTFALLS
from pipeline.sim.draw.look_alikes_roofs import (
    blue_roof,
    greenhouse_film,
    parked_cars,
    sheet_metal,
    solar_panels,
    white_roof,
    window_grid,
)

BUILT: Mapping[str, Decoy] = {
    "blue-roof": blue_roof,
    "gravel-heap": gravel_heap,
    "greenhouse-film": greenhouse_film,
    "pale-road": pale_road,
    "parked-cars": parked_cars,
    "pole-shadow": pole_shadow,
    "road-marking": road_marking,
    "sand-patch": sand_patch,
    "sheet-metal": sheet_metal,
    "snow-patch": snow_patch,
    "solar-panels": solar_panels,
    "tarpaulin": tarpaulin,
    "white-roof": white_roof,
    "window-grid": window_grid,
}
DECOYS: Mapping[str, Decoy] = {**AIR, **NO_OUTFALLS, **BUILT}
