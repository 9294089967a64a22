"""What happens to a run, as server-sent events."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request
from sse_starlette import EventSourceResponse

from pipeline.server.access import Who, needs
from pipeline.server.events import Feeds
from pipeline.server.runs import own_run
from pipeline.server.services import services

router = APIRouter(prefix="/api", tags=["runs"])
LONGEST_ID = 12  # digits


def _own_run(run_id: str, request: Request, who: Who = Depends(needs("see"))) -> str:
    """In a thread: the route itself only streams."""
    with services(request).database.read() as db:
        return own_run(db, who, run_id).id


@router.get("/runs/{run_id}/events", response_class=EventSourceResponse)
async def events_of_run(
    request: Request, run_id: Annotated[str, Depends(_own_run)], last_event_id: Annotated[str, Header()] = ""
) -> EventSourceResponse:
    """`progress` (a RUN), `finding` (a line of hits.partial.jsonl, its number is the event's id), `log` {n, line}.

    Ends after the run's last state. `Last-Event-ID` leaves out findings that are known already.
    """
    return EventSourceResponse(_feeds(request).listen(run_id, _number(last_event_id)))


def _number(event_id: str) -> int:
    whole = event_id.isascii() and event_id.isdigit() and len(event_id) <= LONGEST_ID
    return int(event_id) if whole else 0


def _feeds(request: Request) -> Feeds:
    """Made with the first listener: it belongs to the event loop."""
    state, given = request.app.state, services(request)
    if not hasattr(state, "feeds"):
        state.feeds = Feeds(given.settings, given.database)
    found: Feeds = state.feeds
    return found
