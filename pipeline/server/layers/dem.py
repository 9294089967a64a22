"""A stranger's terrain model is kept as it is, once the search could use it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipeline.errors import MissionError
from pipeline.server.layers.geotiff import bounds_deg, opened
from pipeline.server.links import link_bytes
from pipeline.server.store import remove
from pipeline.types import Ground


def prepare_dem(file: Path, name: str, folder: Path, tell: Callable[[int, int], None]) -> dict[str, Any]:
    """Leave `folder`/dem.tif; bounds, size of a cell, and what the search says about its heights."""
    from pipeline.geo.ground import open_ground

    tell(0, 1)
    kept = folder / "dem.tif"
    with opened(file, name) as tiff:
        bounds = bounds_deg(tiff)
    link_bytes(file, kept)
    try:
        surface = open_ground(Ground(dem=str(kept)))
    except MissionError as why:
        remove(kept)
        raise MissionError(str(why).replace(kept.name, name, 1)) from why
    tell(1, 1)
    return {"bounds": bounds, "cell_m": round(surface.cell_m, 3), "notes": list(surface.notes)}
