"""Organisations of this server, and what each has set for itself."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request
from sqlalchemy import func, select

from pipeline.server import accounts, people
from pipeline.server.access import Who, must_be_host, needs
from pipeline.server.audit import audit
from pipeline.server.basemaps import OrganisationSettings, SettingsShown, hosts
from pipeline.server.fields import Asked, Name
from pipeline.server.services import services
from pipeline.server.tables import Organisation, User

router = APIRouter(prefix="/api", tags=["organisations"])


class Administrator(Asked):
    model_config = people.example({"login": "wang.fang", "name": "王芳"})
    login: Name
    name: Name


class NewOrganisation(Asked):
    model_config = people.example({"name": "苏州支队", "administrator": {"login": "wang.fang", "name": "王芳"}})
    name: Name
    administrator: Administrator


@router.get("/organisations")
def list_organisations(request: Request, who: Who = Depends(needs("users"))) -> people.Groups:
    """All organisations: for administrators of the one that runs this server."""
    must_be_host(who)
    asked = select(Organisation, func.count(User.id)).outerjoin(User, User.organisation_id == Organisation.id)
    asked = asked.group_by(Organisation.id).order_by(Organisation.created_at, Organisation.name)
    with services(request).database.read() as db:
        shown = [people.Group(**people.group(place, users)) for place, users in db.execute(asked)]
    return people.Groups(organisations=shown)


@router.post("/organisations", status_code=201)
def found_organisation(asked: NewOrganisation, request: Request, who: Who = Depends(needs("users"))) -> people.Founded:
    """A new organisation, which sees nothing of any other; its administrator is invited by a link."""
    must_be_host(who)
    chief = asked.administrator
    with services(request).database.write() as db:
        place = accounts.add_organisation(db, asked.name)
        user = accounts.add_user(db, place.id, chief.login, chief.name, "administrator")
        audit(db, who, "organisation_founded", f"organisation/{place.id}", {"name": place.name, "login": user.login})
        return people.Founded(**people.group(place, 1), invitation=people.link(accounts.invite(db, user)))


@router.get("/settings")
def show_settings(request: Request, who: Who = Depends(needs("see"))) -> SettingsShown:
    with services(request).database.read() as db:
        kept = db.get_one(Organisation, who.organisation_id).settings
        return SettingsShown.model_validate({"basemap": kept.get("basemap")})


@router.put("/settings")
def change_settings(asked: OrganisationSettings, request: Request, who: Who = Depends(needs("users"))) -> SettingsShown:
    """The base map from outside. Pages loaded after this may fetch tiles from its host."""
    basemap = None if asked.basemap is None else asked.basemap.model_dump()
    with services(request).database.write() as db:
        place = db.get_one(Organisation, who.organisation_id)
        place.settings = {**place.settings, "basemap": basemap}
        told = list(hosts(place.settings))  # not the address: it may hold a key
        audit(db, who, "settings_changed", f"organisation/{place.id}", {"basemap": told})
    return SettingsShown(basemap=asked.basemap)
