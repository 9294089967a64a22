"""The audit log, for administrators."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel

from pipeline.server.access import Who, needs
from pipeline.server.audit import events
from pipeline.server.people import example
from pipeline.server.services import services
from pipeline.server.tables import Event, User

router = APIRouter(prefix="/api", tags=["audit"])
INT_MAX = 2**63 - 1


class Doer(BaseModel):
    login: str
    name: str


class EventShown(BaseModel):
    model_config = example(
        {
            "id": 41, "at": "2026-11-22T08:00:00Z", "user": {"login": "li.wei", "name": "李伟"},
            "action": "user_invited", "subject": "user/d9984be568c66f02", "detail": {"role": "member"},
        }
    )  # fmt: skip
    id: int
    at: datetime
    user: Doer | None
    action: str
    subject: str
    detail: dict[str, Any]


class Events(BaseModel):
    events: list[EventShown]


@router.get("/audit")
def list_events(
    request: Request,
    who: Who = Depends(needs("audit")),
    before: Annotated[int | None, Query(ge=0, le=INT_MAX)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Events:
    """Latest first; `before` is the last id of the page before."""
    with services(request).database.read() as db:
        found = events(db, who.organisation_id, before, limit)
    return Events(events=[_shown(event, user) for event, user in found])


def _shown(event: Event, user: User | None) -> EventShown:
    doer = None if user is None else Doer(login=user.login, name=user.name)
    return EventShown(
        id=event.id, at=event.at, user=doer, action=event.action, subject=event.subject, detail=event.detail
    )
