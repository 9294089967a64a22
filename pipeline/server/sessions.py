"""Who is signed in: browsers by a cookie, notebooks by a token. The database holds digests of both."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from fastapi import Request, Response
from sqlalchemy import delete, select
from sqlalchemy.orm import Session as Db
from sqlalchemy.orm import joinedload
from sqlalchemy.orm.interfaces import ORMOption

from pipeline.server.access import RIGHTS, Who
from pipeline.server.database import Database
from pipeline.server.secret import digest, new_secret
from pipeline.server.tables import Session, Token, User, now

COOKIE = "qly_session"
IDLE = timedelta(hours=12)
LONGEST = timedelta(days=7)
NOTED_EVERY = timedelta(minutes=5)  # so that not every request writes


def who_of(user: User, csrf: str = "") -> Who:
    """What a person may do who is here in person."""
    place = user.organisation
    rights = RIGHTS.get(user.role, frozenset())
    return Who(user.id, place.id, user.login, user.name, user.role, place.host, rights, csrf)


def open_session(db: Db, user: User) -> tuple[str, Who]:
    """A new session: the cookie's value, and who it stands for. Old ones that have ended are cleared away."""
    at = now()
    db.execute(delete(Session).where(Session.expires_at < at))
    cookie, kept = new_secret()
    csrf, _ = new_secret()
    db.add(Session(digest=kept, user_id=user.id, csrf=csrf, created_at=at, expires_at=at + IDLE))
    return cookie, who_of(user, csrf)


def end_sessions(db: Db, user_id: str, keep: str = "") -> None:
    """Signs a person out everywhere, but for the cookie `keep`."""
    db.execute(delete(Session).where(Session.user_id == user_id, Session.digest != digest(keep)))


def end_tokens(db: Db, user_id: str) -> None:
    """Their tokens are void for good: nobody else sees them, so a stolen one could not be taken back otherwise."""
    db.execute(delete(Token).where(Token.user_id == user_id))


def end_session(db: Db, cookie: str) -> None:
    db.execute(delete(Session).where(Session.digest == digest(cookie)))


def by_cookie(database: Database, cookie: str) -> Who | None:
    """Whose cookie this is, or nobody's; being used keeps a session from going idle."""
    with database.read() as db:
        found = db.get(Session, digest(cookie), options=[_with_user(Session)])
        if found is None or found.expires_at <= now() or not found.user.active:
            return None
        until = min(now() + IDLE, found.created_at + LONGEST)
        known = who_of(found.user, found.csrf)
    if until - found.expires_at > NOTED_EVERY:
        _prolong(database, found.digest, until)
    return known


def _prolong(database: Database, kept: str, until: datetime) -> None:
    with database.write() as db:
        if (session := db.get(Session, kept)) is not None:
            session.expires_at = until


def by_token(database: Database, token: str) -> tuple[Who, bool] | None:
    """Whose token this is, and whether it may change anything; or nobody's."""
    with database.read() as db:
        asked = select(Token).where(Token.digest == digest(token)).options(_with_user(Token))
        found = db.scalars(asked).one_or_none()
        if found is None or found.expires_at <= now() or not found.user.active:
            return None
        person, scopes = who_of(found.user), found.scopes.split()
    if found.used_at is None or now() - found.used_at > NOTED_EVERY:
        _note_use(database, found.id)
    rights = person.rights - {"tokens"}  # no token makes another: it would outlive its own end
    return replace(person, rights=rights), "write" in scopes


def _with_user(table: type[Session] | type[Token]) -> ORMOption:
    return joinedload(table.user).joinedload(User.organisation)


def _note_use(database: Database, token_id: str) -> None:
    with database.write() as db:
        if (token := db.get(Token, token_id)) is not None:
            token.used_at = now()


def set_cookie(request: Request, response: Response, cookie: str) -> None:
    """For this server alone, unseen by scripts, never sent along from other sites."""
    response.set_cookie(
        COOKIE, cookie, max_age=int(LONGEST.total_seconds()), path="/", httponly=True, samesite="strict",
        secure=request.url.scheme == "https",
    )  # fmt: skip


def drop_cookie(request: Request, response: Response) -> None:
    response.delete_cookie(
        COOKIE, path="/", httponly=True, samesite="strict", secure=request.url.scheme == "https"
    )  # fmt: skip
