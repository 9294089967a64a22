"""People and organisations: founded by the set-up link, joined by invitations. Every change is one transaction."""

from __future__ import annotations

import re
from datetime import timedelta

from sqlalchemy import delete, exists, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session as Db

from pipeline.server.access import RIGHTS
from pipeline.server.database import Database
from pipeline.server.passwords import folded
from pipeline.server.problems import Problem
from pipeline.server.secret import digest, new_secret
from pipeline.server.sessions import end_sessions, end_tokens
from pipeline.server.tables import Invitation, Organisation, User, now

SETUP_LASTS = timedelta(days=1)
INVITATION_LASTS = timedelta(days=7)
_LOGIN = re.compile(r"[\w.@+-]{2,100}")


def login_of(typed: str) -> str:
    """The login as it is compared; raises Problem 422 for one that nobody could type or tell apart."""
    login = folded(typed)
    if not _LOGIN.fullmatch(login):
        raise Problem(422, "bad_login", "a login has 2 to 100 letters, digits or . @ + - _")
    return login


def is_set_up(db: Db) -> bool:
    return bool(db.scalar(select(exists(select(User.id)))))


def new_setup_link(database: Database) -> str | None:
    """A fresh set-up token that makes older ones void, or None when somebody has set the server up."""
    with database.write() as db:
        if is_set_up(db):
            return None
        db.execute(delete(Invitation).where(Invitation.user_id.is_(None)))
        token, kept = new_secret()
        db.add(Invitation(digest=kept, user_id=None, expires_at=now() + SETUP_LASTS))
        return token


def _used(db: Db, token: str) -> Invitation:
    """The invitation of a token, which is gone after this; raises Problem 404. Of two who come at once, one gets it."""
    found = db.get(Invitation, digest(token))
    if found is None or found.expires_at <= now() or not _removed(db, found.digest):
        raise Problem(404, "link_used", "this link has been used, or is too old")
    return found


def _removed(db: Db, kept: str) -> bool:
    gone = db.execute(delete(Invitation).where(Invitation.digest == kept).returning(Invitation.digest))
    return gone.first() is not None


def set_up(db: Db, token: str, organisation: str, name: str, login: str, password_hash: str) -> User:
    """The first organisation and its administrator."""
    if is_set_up(db) or _used(db, token).user_id is not None:
        raise Problem(404, "link_used", "this link has been used, or is too old")
    place = Organisation(name=organisation, host=True, settings={})
    user = User(login=login, name=name, role="administrator", password_hash=password_hash, organisation=place)
    db.add(user)
    db.flush()
    return user


def invited(db: Db, token: str) -> User:
    """Whom an invitation is for; looking does not use it up. Raises Problem 404."""
    found = db.get(Invitation, digest(token))
    user = None if found is None or found.expires_at <= now() else db.get(User, found.user_id or "")
    if user is None or not user.active:
        raise Problem(404, "link_used", "this link has been used, or is too old")
    return user


def accept(db: Db, token: str, password_hash: str) -> User:
    """An invitation taken: the password is set, and older sessions end."""
    user = invited(db, token)
    _used(db, token)
    user.password_hash = password_hash
    end_sessions(db, user.id)
    return user


def invite(db: Db, user: User) -> str:
    """A new link for somebody, in place of any older one; who has it sets the password."""
    db.execute(delete(Invitation).where(Invitation.user_id == user.id))
    token, kept = new_secret()
    db.add(Invitation(digest=kept, user_id=user.id, expires_at=now() + INVITATION_LASTS))
    return token


def add_user(db: Db, organisation_id: str, login: str, name: str, role: str) -> User:
    """Somebody who cannot sign in yet; raises Problem 409 when the login is taken, anywhere on this server."""
    if role not in RIGHTS:
        raise Problem(422, "bad_role", f"there is no role {role!r}")
    user = User(organisation_id=organisation_id, login=login_of(login), name=name, role=role)
    db.add(user)
    try:
        db.flush()
    except IntegrityError as why:
        raise Problem(409, "login_taken", "this login is taken") from why
    return user


def add_organisation(db: Db, name: str) -> Organisation:
    place = Organisation(name=name, settings={})
    db.add(place)
    try:
        db.flush()
    except IntegrityError as why:
        raise Problem(409, "name_taken", "an organisation of this name is there already") from why
    return place


def user_of(db: Db, organisation_id: str, user_id: str) -> User:
    """A colleague; raises Problem 404 for anybody else's."""
    user = db.get(User, user_id)
    if user is None or user.organisation_id != organisation_id:
        raise Problem(404, "not_found", "there is no such user")
    return user


def change_user(db: Db, user: User, role: str | None, name: str | None, active: bool | None) -> None:
    """Raises Problem 409 when nobody would be left who may invite others."""
    if role is not None and role not in RIGHTS:
        raise Problem(422, "bad_role", f"there is no role {role!r}")
    fewer = (role is not None and role != user.role) or (active is not None and active != user.active)
    user.role, user.name = role or user.role, name or user.name
    user.active = user.active if active is None else active
    db.flush()
    if active is False:
        end_tokens(db, user.id)
    if fewer:
        end_sessions(db, user.id)
        _must_have_administrator(db, user.organisation_id)


def _must_have_administrator(db: Db, organisation_id: str) -> None:
    left = select(User.id).where(User.organisation_id == organisation_id, User.role == "administrator", User.active)
    if db.scalars(left.limit(1)).first() is None:
        raise Problem(409, "last_administrator", "one active administrator must remain")
