"""A HitList becomes something to hand over: files for programs, tables and maps for people.

write_run(folder, mission, hits)      hits.{geojson,csv,xlsx,kml,gpkg}, crops/, map.html, skipped.csv
hit_features(mission, hits)           the GeoJSON with its evidence
pipeline.report.reviews, .pins        officers' verdicts beside the run
pipeline.report.export, .sheet, .training    what is handed over: reviewed lists, hit sheets, what trains the next model
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.report.features import hit_features
    from pipeline.report.run_folder import write_run

_HOMES = {"write_run": "run_folder", "hit_features": "features"}

__all__ = ["hit_features", "write_run"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
