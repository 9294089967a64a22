"""What belongs to a run: whose it is, and its card, the originals that were stored when it was asked for.

runs/JOB/files.json   which files; later uploads are another run's
runs/JOB/card/        these files, linked to the same bytes
runs/JOB/dem.tif      the terrain layer that it was told to use, linked too: it stays when the layer is deleted
"""

from __future__ import annotations

import json
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from pipeline.errors import MissionError, OutputError
from pipeline.files import write_json_atomic
from pipeline.server.access import Who
from pipeline.server.links import link_bytes
from pipeline.server.problems import Problem
from pipeline.server.settings import Settings
from pipeline.server.store import blob_path
from pipeline.server.tables import File, Job


def run_folder(settings: Settings, job_id: str) -> Path:
    """Where a run's things lie, before, while and after it is searched."""
    return settings.runs / job_id


def card_of(settings: Settings, job_id: str) -> Path:
    """The originals of a run under their names on the card; what `provenance.json` calls the flight."""
    return run_folder(settings, job_id) / "card"


def dem_of(settings: Settings, job_id: str) -> Path:
    """A run's own name for its terrain, where it was told to use some."""
    return run_folder(settings, job_id) / "dem.tif"


def own_run(db: Session, who: Who, run_id: str) -> Job:
    """A run of the asker's organisation; raises Problem 404 for any other."""
    job = db.get(Job, run_id)
    if job is None or job.organisation_id != who.organisation_id or job.kind != "search":
        raise Problem(404, "not_found", "there is no such run")
    return job


def remember_files(settings: Settings, db: Session, job_id: str, flight_id: str) -> int:
    """Write down which files of a flight are stored now; how many there are."""
    stored = select(File.path, File.sha256).where(File.flight_id == flight_id, File.state == "stored")
    files = [{"path": path, "sha256": sha256} for path, sha256 in db.execute(stored.order_by(File.path))]
    folder = run_folder(settings, job_id)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as why:
        raise OutputError(f"{folder}: cannot be written ({why.strerror or why})") from why
    write_json_atomic(folder / "files.json", {"files": files})
    return len(files)


def lay_out(settings: Settings, job_id: str) -> Path:
    """Give the run's files their names again, and return their folder; what is there already stays.

    Raises MissionError when they are not there any more, OutputError when the disk refuses.
    """
    card = card_of(settings, job_id)
    for file in _listed(run_folder(settings, job_id) / "files.json"):
        path = card / file["path"]
        if not path.resolve().is_relative_to(card.resolve()):
            raise MissionError(f"{file['path']}: is no name for a file of a card")
        try:
            link_bytes(blob_path(settings, file["sha256"]), path)
        except FileNotFoundError as why:
            raise MissionError(f"{file['path']}: its bytes are not on this server any more") from why
        except OSError as why:
            raise OutputError(f"{path}: cannot be written ({why.strerror or why})") from why
    return card


def _listed(path: Path) -> list[dict[str, str]]:
    try:
        files: list[dict[str, str]] = json.loads(path.read_bytes())["files"]
    except (OSError, ValueError, KeyError) as why:
        raise MissionError("the list of this run's files is missing or damaged; start a new run") from why
    return files
