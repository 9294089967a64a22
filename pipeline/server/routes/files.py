"""/api/flights/ID/files: what is to be uploaded, how far it is, and what became of it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BeforeValidator, Field, StringConstraints
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from pipeline.server.access import Who, needs
from pipeline.server.audit import audit
from pipeline.server.declared import Declared, Declaring
from pipeline.server.fields import Asked
from pipeline.server.files import SETTLED, file_json
from pipeline.server.flights import flight_of
from pipeline.server.mending import link_known
from pipeline.server.names import shown
from pipeline.server.people import example
from pipeline.server.problems import Problem
from pipeline.server.services import Services, services
from pipeline.server.store import remove, upload_path
from pipeline.server.tables import File

router = APIRouter()

AT_ONCE = 2_000
_TRIES = 3

PATH_CHARS = 4_000  # of a name that is looked at; a longer one is refused for what is left of it


def _any_name(told: object) -> object:
    """One odd name must not hinder two thousand others: half a character is replaced, the end of a long one cut."""
    return told[:PATH_CHARS].encode("utf-8", "replace").decode() if isinstance(told, str) else told


class DeclaredFile(Asked):
    path: Annotated[str, BeforeValidator(_any_name)]
    size: Annotated[int, Field(ge=0, le=2**62, strict=True)]
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$", strict=True)]


class DeclaredFiles(Asked):
    model_config = example({"files": [{"path": "DCIM/DJI_0001.JPG", "size": 5_123_456, "sha256": "ab" * 32}]})
    files: Annotated[list[DeclaredFile], Field(max_length=AT_ONCE)]


@router.get("/api/flights/{flight_id}/files")
def list_files(
    request: Request,
    flight_id: str,
    after: Annotated[str, Query(max_length=1_000)] = "",
    limit: Annotated[int, Query(ge=1, le=AT_ONCE)] = AT_ONCE,
    unsettled: bool = False,
    who: Who = Depends(needs("see")),
) -> dict[str, Any]:
    """By path; `next` goes into `after`, null at the end. `unsettled`: only those neither stored nor refused."""
    found = services(request)
    with found.database.read() as db:
        flight = flight_of(db, who, flight_id)
        asked = select(File).where(File.flight_id == flight.id)
        if unsettled:
            asked = asked.where(File.state.not_in(SETTLED))
        if after:
            asked = asked.where(File.path > shown(after))
        files = list(db.scalars(asked.order_by(File.path).limit(limit)))
    last = files[-1].path if len(files) == limit else None
    return {"files": [file_json(found.settings, f) for f in files], "next": last}


@router.post("/api/flights/{flight_id}/files")
def declare_files(
    request: Request, flight_id: str, asked: DeclaredFiles, who: Who = Depends(needs("upload"))
) -> dict[str, Any]:
    """Answers in the order asked; may be asked again at any time, and says then how far each file is."""
    found = services(request)
    told = [Declared(f.path, f.size, f.sha256) for f in asked.files]
    declared = _declared(found, who, flight_id, told)
    for upload_id in declared.dropped:
        remove(upload_path(found.settings, upload_id))
    here = {f.id: f for f in declared.files if f.state == "waiting" and f.sha256}
    if here:
        link_known(found.settings, found.database, list(here.values()))
    return {"files": [_as_json(found, f, f.id in here) for f in declared.files]}


def _declared(found: Services, who: Who, flight_id: str, told: list[Declared]) -> Declaring:
    """Once more when another page declared the same names in the same moment."""
    for left in reversed(range(_TRIES)):
        try:
            with found.database.write() as db:
                flight = flight_of(db, who, flight_id)
                declared = Declaring(db, found.settings, who, flight.id, told)
                db.flush()
                audit(db, who, "files_declared", f"flight/{flight.id}", {"files": len(told)})
            return declared
        except IntegrityError:
            if not left:
                raise
    raise AssertionError("unreachable")


def _as_json(found: Services, file: File, here: bool) -> dict[str, Any]:
    told = file_json(found.settings, file)
    return {**told, "state": "stored", "offset": file.size} if here else told


@router.delete("/api/flights/{flight_id}/files/{file_id}", status_code=204)
def cancel_file(request: Request, flight_id: str, file_id: str, who: Who = Depends(needs("upload"))) -> None:
    """Forget a file that is not stored, and the bytes of it that came. A stored original is not taken back."""
    found = services(request)
    with found.database.write() as db:
        flight = flight_of(db, who, flight_id)
        file = db.get(File, file_id) if file_id.isalnum() else None
        if file is None or file.flight_id != flight.id:
            raise Problem(404, "not_found", "there is no such file")
        if file.state == "stored":
            raise Problem(409, "stored", "this file is stored already")
        upload_id = file.upload_id
        db.delete(file)
        audit(db, who, "file_cancelled", f"flight/{flight.id}", {"path": file.path})
    if upload_id:
        remove(upload_path(found.settings, upload_id))
