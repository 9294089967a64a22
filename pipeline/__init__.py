"""Qianliyan 千里眼: from a drone flight to a scored list of pollution sources.

>>> from pipeline import fuse, judge, load_detector, locate, open_mission, read_targets  # doctest: +SKIP
>>> mission = open_mission("flight")
>>> see = load_detector("marker")
>>> sightings = [locate(d, frame, mission.ground) for frame in mission.frames for d in see(frame)]
>>> print(judge(fuse(sightings), read_targets("judge/targets.geojson")))

Every name is loaded on first use: a search never imports the judge, and `import pipeline` imports nothing heavy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.detect import load_detector as load_detector
    from pipeline.errors import PipelineError as PipelineError
    from pipeline.flow.mission import run_mission as run_mission
    from pipeline.flow.run import run as run
    from pipeline.geo.fuse import fuse as fuse
    from pipeline.geo.locate import locate as locate
    from pipeline.ingest import open_mission as open_mission
    from pipeline.report.open_run import open_run as open_run
    from pipeline.score import judge as judge
    from pipeline.score import read_hits as read_hits
    from pipeline.score import read_rules as read_rules
    from pipeline.score import read_targets as read_targets

_HOMES = {
    "PipelineError": "pipeline.errors",
    "fuse": "pipeline.geo.fuse",
    "judge": "pipeline.score",
    "load_detector": "pipeline.detect",
    "locate": "pipeline.geo.locate",
    "open_mission": "pipeline.ingest",
    "open_run": "pipeline.report.open_run",
    "read_hits": "pipeline.score",
    "read_rules": "pipeline.score",
    "read_targets": "pipeline.score",
    "run": "pipeline.flow.run",
    "run_mission": "pipeline.flow.mission",
}
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'pipeline' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(_HOMES)
