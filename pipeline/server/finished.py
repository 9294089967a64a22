"""A finished run as its organisation sees it: where it lies, and what was prepared of it."""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import Request

from pipeline.server.access import Who
from pipeline.server.lines import Place, read_line
from pipeline.server.prepared import prepare_run, read_index
from pipeline.server.problems import Problem
from pipeline.server.runs import card_of, dem_of, own_run, run_folder
from pipeline.server.services import services
from pipeline.server.settings import Settings
from pipeline.server.store import blob_path
from pipeline.server.tables import Flight

KEPT = 16  # runs whose index stays in memory
_NUMBER = re.compile(r"0|[1-9][0-9]{0,8}")

_lock = threading.Lock()
_indices: OrderedDict[tuple[str, int], dict[str, Any]] = OrderedDict()
_preparing: dict[str, threading.Lock] = {}


@dataclass(frozen=True, slots=True)
class Finished:
    """A run whose search is done, and its index (`prepared`)."""

    id: str
    flight_name: str
    folder: Path  # runs/ID
    card: Path  # the originals under their names
    settings: Settings
    dem: Path | None  # its own name for the terrain layer that it was told to use (`search_job`)
    index: dict[str, Any]

    @property
    def run(self) -> Path:
        return self.folder / "run"

    @property
    def web(self) -> Path:
        return self.folder / "web"

    def photo(self, k: str | int) -> dict[str, Any]:
        """A photo whole (`prepared`); raises Problem 404 for a number that none has."""
        n = number(str(k), "photo")
        places: list[Place] = self.index["photos_at"]
        if n >= len(places):
            raise Problem(404, "not_found", "this run has no such photo")
        found: dict[str, Any] = read_line(self.web / "photos.jsonl", places[n])
        return found

    def original(self, photo: dict[str, Any]) -> Path:
        """Where a photo's original lies: on the run's card, else by its digest; Problem 404 when it is gone."""
        path: Path = (self.card / photo["source"]).resolve()
        if path.is_relative_to(self.card.resolve()) and path.is_file():
            return path
        blob = blob_path(self.settings, photo["sha256"]) if photo["sha256"] else None
        if blob is None or not blob.is_file():
            raise Problem(404, "original_gone", f"{photo['source']}: the original is not on this server any more")
        return blob


def finished(request: Request, who: Who, run_id: str) -> Finished:
    """The asker's run; raises Problem 404 when there is none such, 409 "not_done" while it is not finished."""
    found = services(request)
    with found.database.read() as db:
        job = own_run(db, who, run_id)
        flight = db.get(Flight, job.flight_id) if job.flight_id else None
        state, layer, name = job.state, job.options.get("dem_layer"), flight.name if flight else ""
    folder = run_folder(found.settings, run_id)
    if state != "done" or not (folder / "run").is_dir():
        raise Problem(409, "not_done", "this run is not finished", {"state": state})
    dem = dem_of(found.settings, run_id) if layer else None
    card = card_of(found.settings, run_id)
    return Finished(run_id, name, folder, card, found.settings, dem, _index(folder))


def number(text: str, what: str) -> int:
    """A number out of a path; raises Problem 404 for anything else."""
    if not _NUMBER.fullmatch(text):
        raise Problem(404, "not_found", f"this run has no such {what}")
    return int(text)


def _index(folder: Path) -> dict[str, Any]:
    """The run's index; what was not prepared, or by an older version, is prepared now, by one thread alone."""
    path = folder / "web" / "index.json"
    with _alone(folder):
        stamp = path.stat().st_mtime_ns if path.is_file() else 0
        with _lock:
            if stamp and (found := _indices.get((str(folder), stamp))) is not None:
                _indices.move_to_end((str(folder), stamp))
                return found
        prepare_run(folder)
        index = read_index(folder)
        assert index is not None  # prepare_run has just written it
        with _lock:
            _indices[(str(folder), path.stat().st_mtime_ns)] = index
            while len(_indices) > KEPT:
                _indices.popitem(last=False)
        return index


def _alone(folder: Path) -> threading.Lock:
    """One thread a run: others' pages do not wait for a run that is being prepared."""
    with _lock:
        return _preparing.setdefault(folder.name, threading.Lock())
