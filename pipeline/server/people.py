"""What the API says about people and organisations."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from pipeline.server.access import Who
from pipeline.server.tables import Organisation, User

Role = Literal["administrator", "member", "analyst", "judge", "contestant"]
NANJING = {"id": "59eeeb16f2c587d0", "name": "江苏省环境执法总队"}
LI = {"id": "d9984be568c66f02", "login": "li.wei", "name": "李伟", "role": "member"}
INVITATION = "/invite#u8Yp0mZJk3sV5b1N9xQe7Rr2Tt4Ww6Zz8Cc0Dd3Ff5"


def example(value: dict[str, Any]) -> ConfigDict:
    """An example for the API's description; the rest of a model's configuration is inherited."""
    return ConfigDict(json_schema_extra={"examples": [value]})


class Place(BaseModel):
    """An organisation, in short."""

    id: str
    name: str


class Me(BaseModel):
    """Who is signed in."""

    model_config = example({**LI, "organisation": NANJING, "host": True, "rights": ["export", "review", "run", "see"]})
    id: str
    login: str
    name: str
    role: Role
    organisation: Place
    host: bool
    rights: list[str]


class State(BaseModel):
    """Where a browser stands: whether the server is set up, who is signed in, and what changes must carry."""

    set_up: bool
    user: Me | None
    csrf: str
    version: str


class Person(BaseModel):
    """A colleague, as administrators see them."""

    model_config = example({**LI, "active": True, "invited": False, "created_at": "2026-11-22T08:00:00Z"})
    id: str
    login: str
    name: str
    role: Role
    active: bool
    invited: bool  # and has not chosen a password yet
    created_at: datetime


class Invited(Person):
    """A colleague with the link that lets them choose a password; it is shown this once."""

    model_config = example(
        {**LI, "active": True, "invited": True, "created_at": "2026-11-22T08:00:00Z", "invitation": INVITATION}
    )
    invitation: str


class People(BaseModel):
    users: list[Person]


class Group(Place):
    """An organisation, as administrators of the host see it."""

    model_config = example({**NANJING, "host": True, "users": 12, "created_at": "2026-11-22T08:00:00Z"})
    host: bool
    users: int
    created_at: datetime


class Founded(Group):
    """A new organisation with its administrator's invitation, which is shown this once."""

    model_config = example(
        {**NANJING, "host": False, "users": 1, "created_at": "2026-11-22T08:00:00Z", "invitation": INVITATION}
    )
    invitation: str


class Groups(BaseModel):
    organisations: list[Group]


def me(who: Who, user: User) -> Me:
    place = {"id": who.organisation_id, "name": user.organisation.name}
    told = {"id": who.user_id, "login": who.login, "name": who.name, "role": who.role, "host": who.host}
    return Me.model_validate({**told, "organisation": place, "rights": sorted(who.rights)})


def person(user: User) -> dict[str, Any]:
    """The fields of a Person."""
    told = {"id": user.id, "login": user.login, "name": user.name, "role": user.role, "active": user.active}
    return {**told, "invited": not user.password_hash, "created_at": user.created_at}


def group(place: Organisation, users: int) -> dict[str, Any]:
    """The fields of a Group."""
    told = {"id": place.id, "name": place.name, "host": place.host, "created_at": place.created_at}
    return {**told, "users": users}


def link(token: str) -> str:
    """The page of an invitation; what follows the # never reaches a server's log."""
    return f"/invite#{token}"
