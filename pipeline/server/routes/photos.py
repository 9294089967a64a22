"""Photos and video frames of a finished run: tiles for the viewer, the original, and where a click would be."""

from __future__ import annotations

import mimetypes
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.responses import FileResponse

from pipeline.server.access import Who, needs
from pipeline.server.bodies import NOSNIFF, attachment, json_body, lasting, stored_json
from pipeline.server.finished import finished, number
from pipeline.server.lines import compact
from pipeline.server.photo_pages import photo_page
from pipeline.server.pictures import apart, end_pictures, pictures
from pipeline.server.problems import Problem
from pipeline.server.pyramid import read_tile

Seer = Annotated[Who, Depends(needs("see"))]


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    try:
        yield
    finally:
        end_pictures(app)


router = APIRouter(lifespan=_lifespan)


@router.get("/api/runs/{run_id}/photos")
def photos(run_id: str, request: Request, who: Seer) -> Response:
    """Every photo and video frame of the run in its order."""
    return stored_json(request, finished(request, who, run_id).web / "photos.json.gz")


@router.get("/api/runs/{run_id}/photos/{k}")
async def photo(run_id: str, k: str, request: Request, who: Seer) -> Response:
    """One photo: its size for the viewer, its pose, and the boxes of hits that it shows."""
    found = pictures(request)
    page = await apart(found, lambda: photo_page(finished(request, who, run_id), k, found))
    return json_body(request, compact(page))


@router.get("/api/runs/{run_id}/photos/{k}/tiles/{level}/{x}/{y}.jpg")
async def tile(run_id: str, k: str, level: str, x: str, y: str, request: Request, who: Seer) -> Response:
    """A tile of 512 px; level 0 is one tile that holds the whole photo."""
    found = pictures(request)

    def read() -> bytes | None:
        run = finished(request, who, run_id)
        place = [number(part, "tile") for part in (level, x, y)]
        shown = run.photo(k)
        return read_tile(found.tiles(shown, run.original(shown)), *place)

    data = await apart(found, read)
    if data is None:
        raise Problem(404, "not_found", "this photo has no such tile")
    return lasting(data, "image/jpeg")


@router.get("/api/runs/{run_id}/photos/{k}/thumb.jpg")
async def thumb(run_id: str, k: str, request: Request, who: Seer) -> Response:
    """A small picture of the photo."""
    found = pictures(request)

    def read() -> bytes:
        run = finished(request, who, run_id)
        shown = run.photo(k)
        return found.thumb(shown, run.original(shown)).read_bytes()

    return lasting(await apart(found, read), "image/jpeg")


@router.get("/api/runs/{run_id}/photos/{k}/original")
def original(run_id: str, k: str, request: Request, who: Seer) -> Response:
    """The original's bytes as they were uploaded, by ranges where a browser asks so; never shown in the page."""
    run = finished(request, who, run_id)
    shown = run.photo(k)
    name = shown["source"].rpartition("/")[2]
    headers = {"Content-Disposition": attachment(name)} | NOSNIFF
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    kind = kind if kind.startswith(("image/", "video/")) and "svg" not in kind else "application/octet-stream"
    return FileResponse(run.original(shown), media_type=kind, headers=headers)
