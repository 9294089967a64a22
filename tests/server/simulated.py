"""A small flight of photos and one video, searched once for all tests, and laid into a server's data folder."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from fastapi import FastAPI
from sqlalchemy import select

from pipeline.config import RunConfig
from pipeline.flow.run import run
from pipeline.imagery import file_sha256
from pipeline.server.runs import card_of, run_folder
from pipeline.server.tables import Flight, Job, Organisation, User
from pipeline.sim import FlightConfig, SimFlight, make_flight

SMALL = FlightConfig(
    seed=3, profile="dji", width_px=1100, height_px=825, photos_per_strip=3, strips=2, turned_strip=False, n_markers=5,
    video=True, video_size_px=(320, 180), video_s=3.0,
)  # fmt: skip


@dataclass(frozen=True)
class Searched:
    """A flight with known answers, and the run folder of its search (poses as the photos tell them)."""

    flight: SimFlight
    run: Path


def search(folder: Path) -> Searched:
    flight = make_flight(folder / "照片 1 号", SMALL)
    config = RunConfig(boxes=str(flight.boxes), dem=str(flight.dem), dem_datum="egm96", workers=1, adjust="off")
    return Searched(flight, run(flight.flight, folder / "run", config).folder)


def install(app: FastAPI, searched: Searched, run_id: str = "0123456789abcdef", state: str = "done") -> str:
    """Make it a run of the organisation that hosts the server, as a worker would leave it; its id."""
    settings = app.state.services.settings
    shutil.copytree(searched.run, run_folder(settings, run_id) / "run")
    shutil.copytree(searched.flight.flight, card_of(settings, run_id))
    files = [{"path": p.name, "sha256": file_sha256(p)} for p in sorted(searched.flight.flight.iterdir())]
    (run_folder(settings, run_id) / "files.json").write_text(json.dumps({"files": files}), "utf-8")
    with app.state.services.database.write() as db:
        host = db.scalars(select(Organisation).where(Organisation.host)).one()
        user = db.scalars(select(User).where(User.organisation_id == host.id)).first()
        flight = Flight(organisation_id=host.id, created_by=user.id, name="太湖 <b>1</b> 号")
        db.add(flight)
        db.flush()
        job = Job(id=run_id, organisation_id=host.id, kind="search", flight_id=flight.id, created_by=user.id)
        job.state = state
        db.add(job)
    return run_id
