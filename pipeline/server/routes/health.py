"""Whether the server lives, what it counts, and what it offers."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST

from pipeline.server.access import Who, must_be_host, needs
from pipeline.server.description import describe
from pipeline.server.services import services
from pipeline.server.version import VERSION

router = APIRouter()


@router.get("/healthz", tags=["server"])
async def healthz() -> dict[str, str]:
    """On the event loop and without the database, so that it answers whatever else goes on."""
    return {"status": "ok", "version": VERSION}


@router.get("/metrics", tags=["server"], response_class=PlainTextResponse)
def metrics(request: Request, who: Who = Depends(needs("users"))) -> Response:
    must_be_host(who)  # it counts over all organisations
    return Response(services(request).metrics.text(), media_type=CONTENT_TYPE_LATEST)


@router.get("/api/openapi.json", tags=["server"], include_in_schema=False)
def openapi(request: Request, who: Who = Depends(needs("see"))) -> dict[str, Any]:
    """This API in OpenAPI's words."""
    return describe(request.app)
