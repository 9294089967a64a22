"""The audit log: who did what, when, to which thing. It is only ever added to, and holds no secret."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session as Db

from pipeline.server.access import Who
from pipeline.server.tables import Event, User

SUBJECT_MAX = 200  # characters: the column's width


def audit(db: Db, who: Who, action: str, subject: str = "", detail: dict[str, Any] | None = None) -> None:
    """Note in the same transaction as the deed itself, so that neither is there without the other.

    `action` is a short word (`flight_created`), `subject` names the thing (`run/ID/hits/ID`), `detail` is JSON.
    """
    event = Event(organisation_id=who.organisation_id, user_id=who.user_id or None, action=action)
    event.subject, event.detail = subject[:SUBJECT_MAX], detail or {}
    db.add(event)


def events(db: Db, organisation_id: str, before: int | None, limit: int) -> list[tuple[Event, User | None]]:
    """An organisation's events, latest first; `before` is the id of the last one already seen."""
    asked = select(Event, User).outerjoin(User, User.id == Event.user_id)
    asked = asked.where(Event.organisation_id == organisation_id).order_by(Event.id.desc()).limit(limit)
    if before is not None:
        asked = asked.where(Event.id < before)
    return [(event, user) for event, user in db.execute(asked)]
