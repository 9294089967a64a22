"""What officers say of hits: pins, verdicts, comments, undo and redo."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field, StringConstraints

from pipeline.report.review_entries import CLASS
from pipeline.server.access import Who, needs
from pipeline.server.bodies import json_body
from pipeline.server.fields import Asked, Note
from pipeline.server.finished import Finished, finished
from pipeline.server.hit_pages import hit_page
from pipeline.server.hits import hits_of
from pipeline.server.lines import compact
from pipeline.server.pictures import apart, pictures
from pipeline.server.reviewing import Click, Desk, entries_of
from pipeline.server.services import services

router = APIRouter()
Seer = Annotated[Who, Depends(needs("see"))]
Reviewer = Annotated[Who, Depends(needs("review"))]
Class = Annotated[str, StringConstraints(pattern=f"^(?:{CLASS.pattern})$", max_length=100)]
Px = Annotated[float, Field(ge=-1e6, le=1e6, allow_inf_nan=False)]
Lon = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]
Lat = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]


class Pixel(Asked):
    """A place in a photo: x to the right, y down, (0, 0) the centre of the first pixel."""

    photo: Annotated[int, Field(ge=0, lt=10**9)]
    x_px: Px
    y_px: Px

    def click(self) -> Click:
        return Click(self.photo, self.x_px, self.y_px)


class Pin(Pixel):
    """A source that an officer sees where the search saw none."""

    label: Class = Field(alias="class")
    comment: Note = ""


class Place(Asked):
    """Where a hit was dragged to on the map."""

    coordinates: tuple[Lon, Lat]


class Plain(Asked):
    """A verdict that says all by itself."""

    verdict: Literal["confirmed", "rejected"]
    value: None = None
    note: Note = ""


class Comment(Asked):
    verdict: Literal["commented"]
    value: None = None
    note: Annotated[Note, Field(min_length=1)]


class Reclass(Asked):
    verdict: Literal["reclassed"]
    value: Class
    note: Note = ""


class Move(Asked):
    verdict: Literal["moved"]
    value: Place | Pixel
    note: Note = ""


Verdict = Annotated[Plain | Comment | Reclass | Move, Field(discriminator="verdict")]


def desk(run_id: str, request: Request, who: Who) -> Desk:
    """The asker at work on a run; raises Problem as `finished` does."""
    return Desk(finished(request, who, run_id), who, services(request).database, pictures(request))


@router.post("/api/runs/{run_id}/locate")
async def locate(run_id: str, asked: Pixel, request: Request, who: Seer) -> dict[str, Any]:
    """Where a click on a photo would put a hit, and how sure that is; 422 with the reason where it has no ground."""
    return await apart(pictures(request), lambda: desk(run_id, request, who).locate(asked.click()))


@router.post("/api/runs/{run_id}/pins", status_code=201)
async def add_pin(run_id: str, asked: Pin, request: Request, who: Reviewer) -> dict[str, Any]:
    """Add a hit by a click on any photo or video frame: located and evidenced like a machine's."""

    def work() -> dict[str, Any]:
        at = desk(run_id, request, who)
        return _page(at.run, at.pin(asked.click(), asked.label, asked.comment))

    return await apart(pictures(request), work)


@router.post("/api/runs/{run_id}/hits/{hit_id}/reviews")
async def add_review(run_id: str, hit_id: str, asked: Verdict, request: Request, who: Reviewer) -> dict[str, Any]:
    """Confirm, reject, move, re-class or comment; a move by a photo is located again with its error."""

    def work() -> dict[str, Any]:
        at = desk(run_id, request, who)
        hits_of(at.run).listed(hit_id)
        value = _moved(at, asked.value) if isinstance(asked, Move) else asked.value
        at.review(hit_id, asked.verdict, value, asked.note)
        return _page(at.run, hit_id)

    return await apart(pictures(request), work)


@router.post("/api/runs/{run_id}/undo")
def take_back(run_id: str, request: Request, who: Reviewer) -> dict[str, Any]:
    """Take back the asker's own latest entry that stands."""
    at = desk(run_id, request, who)
    return _after(at.run, "undone", at.undo())


@router.post("/api/runs/{run_id}/redo")
def bring_back(run_id: str, request: Request, who: Reviewer) -> dict[str, Any]:
    """Bring back what the asker took back last."""
    at = desk(run_id, request, who)
    return _after(at.run, "redone", at.redo())


@router.get("/api/runs/{run_id}/reviews")
def reviews(run_id: str, request: Request, who: Seer) -> Response:
    """All that was ever said, in its order."""
    return json_body(request, compact({"entries": entries_of(hits_of(finished(request, who, run_id)))}))


def _moved(at: Desk, value: Place | Pixel) -> dict[str, Any]:
    """The value of `moved`: a place alone keeps the hit's error, a pixel brings its own."""
    if isinstance(value, Place):
        return {"coordinates": list(value.coordinates)}
    located = at.locate(value.click())
    seen = {"frame_id": at.run.photo(value.photo)["frame_id"], "point_px": [value.x_px, value.y_px]}
    return {"coordinates": located["at"], "r90_m": located["r90_m"], "cov_m2": located["cov_m2"], **seen}


def _page(run: Finished, hit: str) -> dict[str, Any]:
    return hit_page(run, hits_of(run), hit)


def _after(run: Finished, word: str, n: int) -> dict[str, Any]:
    """The entry that was taken back or brought back, and its hit as it is now: null when a pin is gone."""
    hits = hits_of(run)
    hit = hits.entries[n - 1]["hit"]
    page = hit_page(run, hits, hit) if hit in hits.features else None
    return {word: {"hit": hit, **hits.told(n)}, "hit": page}
