"""Signing in and out, and the two links: set-up and invitation."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from fastapi import APIRouter, Request, Response
from sqlalchemy import select
from sqlalchemy.orm import Session as Db
from starlette.concurrency import run_in_threadpool

from pipeline.server import accounts, sessions
from pipeline.server.access import Who
from pipeline.server.audit import audit
from pipeline.server.fields import Asked, Name, Password, Secret
from pipeline.server.limits import check
from pipeline.server.passwords import check_rule, folded
from pipeline.server.people import State, example, me
from pipeline.server.problems import Problem
from pipeline.server.services import Services, services
from pipeline.server.tables import User
from pipeline.server.version import VERSION

router = APIRouter(prefix="/auth", tags=["auth"])
T = TypeVar("T")


class SetUp(Asked):
    model_config = example(
        {"token": "u8Yp0mZJ…", "organisation": "环境执法总队", "name": "管理员", "login": "admin", "password": "…"}
    )
    token: Secret
    organisation: Name
    name: Name
    login: Name
    password: Password


class SignIn(Asked):
    model_config = example({"login": "li.wei", "password": "…"})
    login: Name
    password: Password


class Invite(Asked):
    model_config = example({"token": "u8Yp0mZJ…", "password": "…"})
    token: Secret
    password: Password


@router.get("/state")
def state(request: Request) -> State:
    """Whether the server is set up, and who is signed in here."""
    who: Who | None = getattr(request.state, "who", None)
    with services(request).database.read() as db:
        return _state(db, who)


def _state(db: Db, who: Who | None) -> State:
    if who is None:
        return State(set_up=accounts.is_set_up(db), user=None, csrf="", version=VERSION)
    return State(set_up=True, user=me(who, db.get_one(User, who.user_id)), csrf=who.csrf, version=VERSION)


@router.post("/setup")
async def set_up(asked: SetUp, request: Request, response: Response) -> State:
    """The set-up link: the first organisation and its administrator. It works once."""
    found = services(request)
    check((found.limits.link, _address(request)))
    login = accounts.login_of(asked.login)
    check_rule(asked.password, login)
    hashed = await found.hashing.hash(asked.password)
    return await _sign(
        request, response, "set_up",
        lambda db: accounts.set_up(db, asked.token, asked.organisation, asked.name, login, hashed),
    )  # fmt: skip


@router.post("/invite")
async def invite(asked: Invite, request: Request, response: Response) -> State:
    """An invitation: its owner chooses a password and is signed in."""
    found = services(request)
    check((found.limits.link, _address(request)))
    check_rule(asked.password, await _reading(found, lambda db: accounts.invited(db, asked.token).login))
    hashed = await found.hashing.hash(asked.password)
    return await _sign(request, response, "invitation_taken", lambda db: accounts.accept(db, asked.token, hashed))


@router.post("/sign-in")
async def sign_in(asked: SignIn, request: Request, response: Response) -> State:
    """A wrong login and a wrong password are the same answer, after the same work."""
    found, login, address = services(request), folded(asked.login), _address(request)
    limits = ((found.limits.address, address), (found.limits.login_at_address, f"{address} {login}"))
    check(*limits, (found.limits.login, login))
    user_id, kept = await _reading(found, lambda db: _password_of(db, login))
    if not await found.hashing.matches(kept, asked.password):
        await run_in_threadpool(_note_failure, found, user_id)
        raise Problem(401, "wrong_password", "the login or the password is wrong")
    for limit, key in (*limits, (found.limits.login, login)):
        limit.give_back(key)
    return await _sign(request, response, "signed_in", lambda db: _still_right(db, user_id, kept))


@router.post("/sign-out")
def sign_out(request: Request, response: Response) -> State:
    cookie = request.cookies.get(sessions.COOKIE, "")
    with services(request).database.write() as db:
        sessions.end_session(db, cookie)
        told = _state(db, None)
    sessions.drop_cookie(request, response)
    return told


def _password_of(db: Db, login: str) -> tuple[str, str]:
    """User id and password hash; both empty for somebody who cannot sign in."""
    user = db.scalars(select(User).where(User.login == login)).one_or_none()
    return (user.id, user.password_hash) if user is not None and user.active else ("", "")


def _still_right(db: Db, user_id: str, kept: str) -> User:
    """The user whose password was checked; raises Problem 401 when it was changed meanwhile."""
    user = db.get_one(User, user_id)
    if not user.active or user.password_hash != kept:
        raise Problem(401, "wrong_password", "the login or the password is wrong")
    return user


def _note_failure(found: Services, user_id: str) -> None:
    if not user_id:
        return
    with found.database.write() as db:
        audit(db, sessions.who_of(db.get_one(User, user_id)), "sign_in_failed")


async def _sign(request: Request, response: Response, action: str, find: Callable[[Db], User]) -> State:
    """Open a session for whom `find` finds, in one transaction with what finding him changes."""
    cookie, told = await run_in_threadpool(_session, services(request), action, find)
    sessions.set_cookie(request, response, cookie)
    return told


def _session(found: Services, action: str, find: Callable[[Db], User]) -> tuple[str, State]:
    with found.database.write() as db:
        cookie, who = sessions.open_session(db, find(db))
        audit(db, who, action)
        return cookie, _state(db, who)


async def _reading(found: Services, look: Callable[[Db], T]) -> T:
    def work() -> T:
        with found.database.read() as db:
            return look(db)

    return await run_in_threadpool(work)


def _address(request: Request) -> str:
    return request.client.host if request.client else ""
