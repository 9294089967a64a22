"""One's own password and tokens, and the people of one's organisation."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.orm import Session as Db
from starlette.concurrency import run_in_threadpool

from pipeline.server import accounts, people, sessions
from pipeline.server.access import Who, needs
from pipeline.server.audit import audit
from pipeline.server.fields import Asked, Name, Password
from pipeline.server.limits import check
from pipeline.server.passwords import check_rule
from pipeline.server.problems import Problem
from pipeline.server.secret import new_secret
from pipeline.server.services import Services, services
from pipeline.server.tables import Token, User, now

router = APIRouter(prefix="/api", tags=["accounts"])
TOKENS_MAX = 50  # of one person
LISTED = {"id": "6f0d8a2b4c1e9f37", "name": "笔记本 notebook", "scopes": ["read"], "created_at": "2026-11-22T08:00:00Z"}
TIMES = {"expires_at": "2027-02-20T08:00:00Z", "used_at": "2026-11-23T01:30:00Z"}


class NewPassword(Asked):
    model_config = people.example({"old": "…", "new": "…"})
    old: Password
    new: Password


class NewToken(Asked):
    model_config = people.example({"name": "笔记本 notebook", "scopes": ["read"], "days": 90})
    name: Name
    scopes: list[Literal["read", "write"]] = Field(min_length=1, max_length=2)
    days: Annotated[int, Field(ge=1, le=366)] = 90


class TokenShown(BaseModel):
    model_config = people.example({**LISTED, **TIMES})
    id: str
    name: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None


class TokenMade(TokenShown):
    """A token, shown this once."""

    model_config = people.example({**LISTED, **TIMES, "token": "qly_h1Kx0e…"})
    token: str


class Tokens(BaseModel):
    tokens: list[TokenShown]


class NewUser(Asked):
    model_config = people.example({"login": "li.wei", "name": "李伟", "role": "member"})
    login: Name
    name: Name
    role: people.Role


class UserChange(Asked):
    model_config = people.example({"role": "analyst"})
    role: people.Role | None = None
    name: Name | None = None
    active: bool | None = None


@router.post("/me/password", status_code=204)
async def change_password(asked: NewPassword, request: Request, who: Who = Depends(needs("see"))) -> None:
    """Signs this person out everywhere else. A token cannot do this."""
    found, cookie = services(request), request.cookies.get(sessions.COOKIE, "")
    if not who.csrf:
        raise Problem(403, "in_person", "a token cannot change a password")
    check((found.limits.login, who.login))
    check_rule(asked.new, who.login)
    kept = await run_in_threadpool(_kept, found, who)
    if not await found.hashing.matches(kept, asked.old):
        raise Problem(403, "wrong_old_password", "the old password is wrong")
    found.limits.login.give_back(who.login)
    hashed = await found.hashing.hash(asked.new)
    await run_in_threadpool(_keep, found, who, hashed, cookie)


def _kept(found: Services, who: Who) -> str:
    with found.database.read() as db:
        return db.get_one(User, who.user_id).password_hash


def _keep(found: Services, who: Who, hashed: str, cookie: str) -> None:
    with found.database.write() as db:
        db.get_one(User, who.user_id).password_hash = hashed
        sessions.end_sessions(db, who.user_id, keep=cookie)
        audit(db, who, "password_changed", f"user/{who.user_id}")


@router.get("/tokens")
def list_tokens(request: Request, who: Who = Depends(needs("tokens"))) -> Tokens:
    """One's own tokens; what they are is shown only when they are made."""
    with services(request).database.read() as db:
        return Tokens(tokens=[TokenShown(**_token(t)) for t in _tokens(db, who)])


def _tokens(db: Db, who: Who) -> list[Token]:
    return list(db.scalars(select(Token).where(Token.user_id == who.user_id).order_by(Token.created_at)))


def _token(token: Token) -> dict[str, Any]:
    names = ("id", "name", "created_at", "expires_at", "used_at")
    return {**{name: getattr(token, name) for name in names}, "scopes": token.scopes.split()}


@router.post("/tokens", status_code=201)
def make_token(asked: NewToken, request: Request, who: Who = Depends(needs("tokens"))) -> TokenMade:
    """A key for notebooks: `read` sees, `write` also changes; never more than the person's role may."""
    secret, kept = new_secret("qly_")
    scopes = "read write" if "write" in asked.scopes else "read"
    with services(request).database.write() as db:
        if len(_tokens(db, who)) >= TOKENS_MAX:
            raise Problem(409, "too_many_tokens", f"at most {TOKENS_MAX} tokens; delete one first")
        at = now()
        token = Token(user_id=who.user_id, name=asked.name, digest=kept, scopes=scopes, created_at=at)
        token.expires_at = at + timedelta(days=asked.days)
        db.add(token)
        db.flush()
        audit(db, who, "token_made", f"token/{token.id}", {"name": asked.name, "scopes": scopes})
        return TokenMade(**_token(token), token=secret)


@router.delete("/tokens/{token_id}", status_code=204)
def delete_token(token_id: str, request: Request, who: Who = Depends(needs("tokens"))) -> None:
    with services(request).database.write() as db:
        token = db.get(Token, token_id)
        if token is None or token.user_id != who.user_id:
            raise Problem(404, "not_found", "there is no such token")
        db.delete(token)
        audit(db, who, "token_deleted", f"token/{token_id}", {"name": token.name})


@router.get("/users")
def list_users(request: Request, who: Who = Depends(needs("users"))) -> people.People:
    with services(request).database.read() as db:
        asked = select(User).where(User.organisation_id == who.organisation_id).order_by(User.created_at, User.login)
        return people.People(users=[people.Person(**people.person(user)) for user in db.scalars(asked)])


@router.post("/users", status_code=201)
def invite_user(asked: NewUser, request: Request, who: Who = Depends(needs("users"))) -> people.Invited:
    """Invite a colleague: the link lets them choose a password."""
    with services(request).database.write() as db:
        user = accounts.add_user(db, who.organisation_id, asked.login, asked.name, asked.role)
        audit(db, who, "user_invited", f"user/{user.id}", {"login": user.login, "role": user.role})
        return people.Invited(**people.person(user), invitation=people.link(accounts.invite(db, user)))


@router.patch("/users/{user_id}")
def change_user(user_id: str, asked: UserChange, request: Request, who: Who = Depends(needs("users"))) -> people.Person:
    """Role, name, or whether they may sign in; a changed role or an end of activity signs them out at once."""
    with services(request).database.write() as db:
        user = accounts.user_of(db, who.organisation_id, user_id)
        accounts.change_user(db, user, asked.role, asked.name, asked.active)
        audit(db, who, "user_changed", f"user/{user.id}", asked.model_dump(exclude_none=True))
        return people.Person(**people.person(user))


@router.post("/users/{user_id}/invitation")
def invite_again(user_id: str, request: Request, who: Who = Depends(needs("users"))) -> people.Invited:
    """A new link for a forgotten password; older links are void, and the person is signed out everywhere."""
    with services(request).database.write() as db:
        user = accounts.user_of(db, who.organisation_id, user_id)
        sessions.end_sessions(db, user.id)
        sessions.end_tokens(db, user.id)
        audit(db, who, "user_invited", f"user/{user.id}", {"login": user.login, "again": True})
        return people.Invited(**people.person(user), invitation=people.link(accounts.invite(db, user)))
