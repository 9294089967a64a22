"""/api/uploads: the tus protocol, for the organisation that a file belongs to and nobody else."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy import select
from tuspyserver import create_tus_router

from pipeline.server.access import Who, needs
from pipeline.server.mending import KEPT_DAYS
from pipeline.server.pace import UPLOADS
from pipeline.server.problems import Problem
from pipeline.server.services import services
from pipeline.server.settings import Settings
from pipeline.server.store import room_for
from pipeline.server.tables import File
from pipeline.server.uploads import Uploads

VERSION = "1.0.0"
_ID = re.compile(r"[0-9a-f]{32}")
_FILE_ID = re.compile(r"[0-9a-f]{16}")
_NUMBER = re.compile(r"[0-9]{1,18}")


def make_router(uploads: Uploads, settings: Settings) -> APIRouter:
    """The library's routes behind ours; every one of them asks whose upload it is before anything else."""
    router = APIRouter()
    router.add_api_route(UPLOADS, _offers, methods=["OPTIONS"], dependencies=[Depends(may_upload)])
    tus = create_tus_router(
        prefix=UPLOADS,
        files_dir=str(settings.uploads),
        max_size=settings.max_file_bytes,
        days_to_keep=KEPT_DAYS,
        strict_offset_validation=True,
        storage=uploads,
        pre_create_dep=_pre_create,  # type: ignore[arg-type]
        file_dep=_upload_id,  # type: ignore[arg-type]
    )
    router.include_router(tus, dependencies=[Depends(own)])
    return router


def _offers(request: Request) -> Response:
    """What of the protocol is offered."""
    most = services(request).settings.max_file_bytes
    offered = {"Tus-Version": VERSION, "Tus-Resumable": VERSION, "Tus-Max-Size": str(most)}
    return Response(status_code=204, headers={**offered, "Tus-Extension": "creation,termination,expiration"})


async def may_upload(request: Request) -> Who:
    """As `needs("upload")`, on the event loop: a thread for each of two hundred requests would be dearer."""
    return needs("upload")(request)


may_upload.right = "upload"  # type: ignore[attr-defined]


async def own(request: Request, who: Who = Depends(may_upload)) -> None:
    """Raises Problem 404 for an upload that is not of the asker's organisation, and for none at all."""
    uploads: Uploads = request.app.state.uploads
    await uploads.apart(_check, request, who)


def _check(request: Request, who: Who) -> None:
    if request.headers.get("tus-resumable") != VERSION and request.method != "OPTIONS":
        raise Problem(412, "tus_version", f"send Tus-Resumable: {VERSION}")
    upload_id = request.path_params.get("uuid")
    if upload_id is None:
        return
    file = _file_of(request, who, str(upload_id))
    if request.method == "DELETE" and file.state == "stored":
        raise Problem(409, "stored", "this file is stored already")
    if request.method == "PATCH":
        _check_patch(request, file)


def _file_of(request: Request, who: Who, upload_id: str) -> File:
    file = None
    if _ID.fullmatch(upload_id):
        with services(request).database.read() as db:
            asked = select(File).where(File.upload_id == upload_id, File.organisation_id == who.organisation_id)
            file = db.scalar(asked)
    if file is None or not _may(who, file):
        raise Problem(404, "not_found", "there is no such upload")
    return file


def _may(who: Who, file: File) -> bool:
    return file.layer_id is None or "layers" in who.rights


def _check_patch(request: Request, file: File) -> None:
    """What can be said before a byte is read."""
    if request.headers.get("content-type") != "application/offset+octet-stream":
        raise Problem(415, "tus_type", "send Content-Type: application/offset+octet-stream")
    length, offset = (request.headers.get(name, "") for name in ("content-length", "upload-offset"))
    if not _NUMBER.fullmatch(length) or not _NUMBER.fullmatch(offset):
        raise Problem(400, "tus_numbers", "send Content-Length and Upload-Offset")
    if int(offset) + int(length) > file.size:
        raise Problem(413, "more_bytes", "these are more bytes than were declared")
    _check_room(request, int(length))


def _check_room(request: Request, size: int) -> None:
    if not room_for(services(request).settings, size):
        raise Problem(507, "disk_full", "the server's disk is full; free some space, and the upload goes on")


PreCreate = Callable[[dict[str, str], dict[str, Any]], Awaitable[None]]  # the library types it too narrowly


async def _pre_create(request: Request, who: Who = Depends(may_upload)) -> PreCreate:
    """The library's question whether an upload may begin; the answer names the upload, too."""
    uploads: Uploads = request.app.state.uploads

    async def check(metadata: dict[str, str], told: dict[str, Any]) -> None:
        request.state.upload_id = await uploads.apart(_begin, request, who, metadata, told.get("size"))

    return check


def _begin(request: Request, who: Who, metadata: dict[str, str], size: int | None) -> str:
    """The id of the upload for a declared file; raises Problem."""
    file_id, file = metadata.get("file", ""), None
    if _FILE_ID.fullmatch(file_id):
        with services(request).database.read() as db:
            file = db.get(File, file_id)
    if file is None or file.organisation_id != who.organisation_id or not _may(who, file):
        raise Problem(404, "not_found", "there is no such file; declare it first")
    if file.state == "stored" or not file.upload_id:
        raise Problem(409, file.state, "this file is stored already" if file.state == "stored" else "it was refused")
    if size != file.size:
        raise Problem(400, "other_size", f"{file.size} bytes were declared")
    _check_room(request, file.size)
    return file.upload_id


async def _upload_id(request: Request) -> Callable[[dict[str, str]], dict[str, str] | None]:
    """Under which id the library is to keep what it creates."""

    def found(_metadata: dict[str, str]) -> dict[str, str] | None:
        upload_id = getattr(request.state, "upload_id", None)
        return {"uid": upload_id} if upload_id else None

    return found
