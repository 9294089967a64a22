"""The map of a finished run: what it covers, what was flown, what was looked at and what was not."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from pipeline.report.map_page import TilePlace, read_tile
from pipeline.server.access import Who, needs
from pipeline.server.bodies import json_body, lasting, stored_json
from pipeline.server.finished import finished, number
from pipeline.server.hits import hits_of
from pipeline.server.lines import compact, read_squeezed
from pipeline.server.prepared import class_words
from pipeline.server.problems import Problem

router = APIRouter()
Seer = Annotated[Who, Depends(needs("see"))]


@router.get("/api/runs/{run_id}/map")
def run_map(run_id: str, request: Request, who: Seer) -> Response:
    """Bounds, classes, counts, the photos' ground projection as pictures, what was skipped and why."""
    run = finished(request, who, run_id)
    told = read_squeezed(run.web / "map.json.gz")
    labels = {f["properties"]["class"] for f in hits_of(run).features.values()} | set(told["classes"])
    told["classes"] = {label: class_words(label) for label in sorted(labels)}
    return json_body(request, compact({"name": run.flight_name, **told}))


@router.get("/api/runs/{run_id}/track")
def track(run_id: str, request: Request, who: Seer) -> Response:
    """Where the camera was, as lines."""
    return stored_json(request, finished(request, who, run_id).web / "track.json.gz")


@router.get("/api/runs/{run_id}/footprints")
def footprints(run_id: str, request: Request, who: Seer) -> Response:
    """The ground that each photo shows, searched or not."""
    return stored_json(request, finished(request, who, run_id).web / "footprints.json.gz")


@router.get("/api/runs/{run_id}/gaps")
def gaps(run_id: str, request: Request, who: Seer) -> Response:
    """Ground within the survey's outline that no searched photo shows."""
    return stored_json(request, finished(request, who, run_id).web / "gaps.json.gz")


@router.get("/api/runs/{run_id}/mosaic/{n}.webp")
def mosaic_tile(run_id: str, n: str, request: Request, who: Seer) -> Response:
    """A tile of the photos' ground projection, out of the run's map.html."""
    run = finished(request, who, run_id)
    tiles = run.index["tiles"]
    if number(n, "tile") >= len(tiles):
        raise Problem(404, "not_found", "this run has no such tile")
    return lasting(read_tile(run.run / "map.html", TilePlace(**tiles[int(n)])), "image/webp")
