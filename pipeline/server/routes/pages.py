"""The built front end, and an answer for whatever is left."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import FileResponse, HTMLResponse

from pipeline.server import basemaps
from pipeline.server.access import Who, needs
from pipeline.server.headers import content_policy
from pipeline.server.problems import Problem
from pipeline.server.services import services
from pipeline.server.static_files import find
from pipeline.server.tables import Organisation

router = APIRouter(include_in_schema=False)
EVERY = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
YEAR_S = 365 * 24 * 3600
NOT_BUILT = "<!doctype html><meta charset=utf-8><p>界面尚未构建。 The pages are not built yet: see web/."


@router.api_route("/api", methods=EVERY)
@router.api_route("/api/{rest:path}", methods=EVERY)
def nothing(who: Who = Depends(needs("see"))) -> None:
    raise Problem(404, "not_found", "there is no such address")


@router.api_route("/assets/{name:path}", methods=["GET", "HEAD"])
def asset(name: str, request: Request) -> Response:
    """Their names hold a digest of what is in them: they never change."""
    return _file(f"assets/{name}", request, f"public, max-age={YEAR_S}, immutable")


@router.api_route("/{page:path}", methods=["GET", "HEAD"])
def page(page: str, request: Request) -> Response:
    """Paths without an ending are pages of the application; what else the build put at the top is a file."""
    if page.partition("/")[0] in ("auth", "metrics", "healthz"):
        raise Problem(404, "not_found", "there is no such address")
    if "." in page.rpartition("/")[2]:
        return _file(page, request, "no-cache")
    if find("index.html", "") is None:
        return HTMLResponse(NOT_BUILT, 503)
    shown = _file("index.html", request, "no-cache")
    hosts = _basemap_hosts(request)
    shown.headers["Content-Security-Policy"] = content_policy(hosts)
    if hosts:  # keys of base maps are tied to a site: they must hear its name, and no more
        shown.headers["Referrer-Policy"] = "strict-origin"
    return shown


def _file(relative: str, request: Request, keep: str) -> Response:
    found = find(relative, request.headers.get("accept-encoding", ""))
    if found is None:
        raise Problem(404, "not_found", "there is no such page")
    headers = {"Cache-Control": keep, "Vary": "Accept-Encoding"}
    if found.encoding:
        headers["Content-Encoding"] = found.encoding
    return FileResponse(found.path, media_type=found.media_type, headers=headers)


def _basemap_hosts(request: Request) -> tuple[str, ...]:
    """Where this organisation's pages may load tiles from; a stranger's page needs none."""
    who: Who | None = getattr(request.state, "who", None)
    if who is None:
        return ()
    with services(request).database.read() as db:
        return basemaps.hosts(db.get_one(Organisation, who.organisation_id).settings)
