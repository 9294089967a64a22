"""The search of a run, in a process of its own: the run folder, then what the pages need of it.

Each step finds what an earlier, killed attempt left and goes on from there.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.config import RunConfig
from pipeline.errors import MissionError
from pipeline.hold import held
from pipeline.server.runs import lay_out, run_folder
from pipeline.server.settings import Settings

if TYPE_CHECKING:
    from pipeline.server.task import Teller

WAIT_S = 60.0  # for the process of an earlier attempt to be gone


def search(teller: Teller, data: str, run_id: str, config: dict[str, Any]) -> dict[str, Any]:
    """Search a run's files into its folder; {"counts"}. Raises PipelineError as `flow.run` does."""
    from pipeline.server.prepared import prepare_run

    settings = Settings(Path(data))
    root = run_folder(settings, run_id)
    with held(root / "lock", WAIT_S):
        if not (root / "run").is_dir():
            _search(teller, lay_out(settings, run_id), root / "run", RunConfig(**config, resume=True))
        teller.tell("prepare", 0, 1)
        counts = prepare_run(root)
        teller.tell("prepare", 1, 1)
        return {"counts": counts}


def _search(teller: Teller, card: Path, out: Path, config: RunConfig) -> None:
    from pipeline.flow.journal import OtherRun
    from pipeline.flow.run import run

    check_mission_file(card)
    try:
        done = run(card, out, config, tell=teller.tell)
    except OtherRun:
        teller.log("what was searched before was searched with another version or other settings: starting anew")
        shutil.rmtree(out.with_name(out.name + ".partial"))
        done = run(card, out, config, tell=teller.tell)
    for warning in done.mission.warnings:
        teller.log(f"warning: {warning}")


def check_mission_file(card: Path) -> None:
    """A mission file that came with a card may name files of that card, and nothing else of this machine.

    Raises MissionError naming what it asks for.
    """
    from pipeline.ingest.mission_file import read_mission_file

    path = card / "mission.toml"
    if not path.is_file():
        return
    told = read_mission_file(path)
    for option in ("reviews", "cluster"):
        if told.run.get(option):
            raise MissionError(f"mission.toml: [run] cannot say {option} on this server")
    for named in (told.dem, told.geoid, *(told.run.get(key) for key in ("dem", "geoid", "boxes"))):
        if named is not None and not Path(named).resolve().is_relative_to(card.resolve()):
            raise MissionError(f"mission.toml: {Path(named).name} is not among the flight's files")
    check_detector(str(told.run.get("detector", "")))


def check_detector(spec: str) -> None:
    """Only detectors and weights of the registry: raises ModelError for a name that is not there, or a path."""
    from pipeline.detect.detector import detectors
    from pipeline.detect.models import registered
    from pipeline.errors import ModelError

    for name, _, argument in (part.strip().partition(":") for part in spec.split(",") if part.strip()):
        if name != "all" and name not in detectors():
            raise ModelError(f"there is no detector called {name!r}; there are: all, {', '.join(sorted(detectors()))}")
        if argument and argument not in registered():
            raise ModelError(f"there is no model called {argument!r}; there are: {', '.join(sorted(registered()))}")
