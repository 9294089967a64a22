"""Hits of a finished run, as its officers left them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from pipeline.imagery import read_bytes
from pipeline.server.access import Who, needs
from pipeline.server.bodies import json_body, known, picture, squeezed_json
from pipeline.server.finished import finished
from pipeline.server.hit_pages import crop_file, hit_page
from pipeline.server.hits import hits_of
from pipeline.server.lines import compact

router = APIRouter()
Seer = Annotated[Who, Depends(needs("see"))]


@router.get("/api/runs/{run_id}/hits")
def hits(run_id: str, request: Request, who: Seer) -> Response:
    """Every hit, rejected ones too, without evidence."""
    found = hits_of(finished(request, who, run_id))
    return known(request, found.etag) or squeezed_json(request, found.body(), found.etag)


@router.get("/api/runs/{run_id}/hits/{hit_id}")
def hit(run_id: str, hit_id: str, request: Request, who: Seer, gcj02: bool = False) -> Response:
    """One hit with its evidence, its places and its history."""
    run = finished(request, who, run_id)
    return json_body(request, compact(hit_page(run, hits_of(run), hit_id, gcj02)))


@router.get("/api/runs/{run_id}/hits/{hit_id}/crop.jpg")
def crop(run_id: str, hit_id: str, request: Request, who: Seer) -> Response:
    """The best picture of a hit."""
    run = finished(request, who, run_id)
    return picture(request, read_bytes(crop_file(run, hits_of(run), hit_id, False)), "image/jpeg")


@router.get("/api/runs/{run_id}/hits/{hit_id}/context.jpg")
def context(run_id: str, hit_id: str, request: Request, who: Seer) -> Response:
    """The whole photo of that picture, reduced, with the box drawn."""
    run = finished(request, who, run_id)
    return picture(request, read_bytes(crop_file(run, hits_of(run), hit_id, True)), "image/jpeg")
