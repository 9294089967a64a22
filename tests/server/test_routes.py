"""Who may do what: every route names a right, and every role gets exactly what the table of roles says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import RouteContext, iter_route_contexts
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from pipeline.server.access import RIGHTS

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND")
OPEN = {
    "/healthz", "/auth/state", "/auth/setup", "/auth/invite", "/auth/sign-in", "/auth/sign-out",
    "/assets/{name:path}", "/{page:path}",
}  # fmt: skip
HOST_ONLY = {"/api/organisations"}
REST = "/api/{rest:path}"


def all_routes(app: FastAPI) -> Iterator[RouteContext]:
    return iter_route_contexts(app.routes)


def private(app: FastAPI) -> list[RouteContext]:
    return [route for route in all_routes(app) if str(route.path) not in OPEN]


def rights_of(dependant: Any) -> Iterator[str]:
    """The rights that a route's dependencies ask for, at any depth."""
    for part in dependant.dependencies:
        if (right := getattr(part.call, "right", None)) is not None:
            yield right
        yield from rights_of(part)


def filled(path: str) -> str:
    """A path with something in the place of each parameter; nothing of this name exists."""
    return re.sub(r"{[^}]*}", lambda m: "0" if re.search("{(x|y|z|k|n|level)", m[0]) else "0123456789abcdef", path)


def test_every_private_route_names_one_right(app: FastAPI) -> None:
    known = frozenset().union(*RIGHTS.values())
    for route in private(app):
        asked = set(rights_of(route.dependant))
        assert len(asked) == 1 and asked <= known, f"{route.methods} {route.path}: {asked}"


def test_only_the_known_few_are_open(app: FastAPI) -> None:
    assert {str(route.path) for route in all_routes(app) if not list(rights_of(route.dependant))} == OPEN
    assert all(str(route.path).startswith(("/api", "/metrics")) for route in private(app))


@pytest.mark.parametrize("role", RIGHTS)
def test_a_role_gets_what_the_table_says(role: str, app: FastAPI, client: TestClient, sign_in_as: Any) -> None:
    somebody = client if role == "administrator" else sign_in_as(role)
    for route in private(app):
        (right,) = set(rights_of(route.dependant))
        for method in sorted(route.methods or ()):
            answer = somebody.request(method, filled(str(route.path)))
            told = f"{role} {method} {route.path}: {answer.status_code} {answer.text[:200]}"
            assert (answer.status_code == 403) == (right not in RIGHTS[role]), told
            assert answer.status_code != 401 and answer.status_code < 500, told


def test_what_only_the_host_may(app: FastAPI, outsider: TestClient) -> None:
    assert outsider.get("/auth/state").json()["user"]["rights"] == sorted(RIGHTS["administrator"])
    asked = {"name": "第三家", "administrator": {"login": "third", "name": "丙"}}
    assert outsider.get("/api/organisations").status_code == 403
    assert outsider.post("/api/organisations", json=asked).status_code == 403
    assert outsider.get("/metrics").status_code == 403  # it counts everybody's runs and bytes


@pytest.mark.parametrize("method", METHODS)
def test_a_stranger_gets_401_at_every_private_route(method: str, app: FastAPI, stranger: TestClient) -> None:
    for route in private(app):
        answer = stranger.request(method, filled(str(route.path)), headers={"Tus-Resumable": "1.0.0"})
        assert answer.status_code == 401, f"{method} {route.path}"
        assert method == "HEAD" or answer.json()["code"] == "sign_in"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(method=st.sampled_from(METHODS), rest=st.text(st.characters(codec="utf-8"), max_size=30))
def test_a_stranger_gets_401_whatever_follows_api(method: str, rest: str, stranger: TestClient) -> None:
    from urllib.parse import quote

    for path in (f"/api/{quote(rest)}", f"/api/{quote(rest, safe='')}"):
        assert stranger.request(method, path).status_code == 401


@pytest.mark.parametrize("path", ["/api", "/api/", "//api/users", "/API/users", "/api//users", "/x/../api/x"])
def test_no_spelling_of_api_gets_a_stranger_in(path: str, stranger: TestClient, client: TestClient) -> None:
    assert stranger.get(f"http://localhost:8000{path}").status_code == 401
    assert client.get("/api/users").status_code == 200


@pytest.mark.parametrize("method", METHODS[:-1])
def test_what_does_not_exist_is_404_to_somebody_signed_in(method: str, client: TestClient) -> None:
    assert client.request(method, "/api/nothing/here").status_code == 404
    assert client.request(method, "/api").status_code == 404


def test_every_thing_of_another_organisation_is_404(client: TestClient, outsider: TestClient) -> None:
    """Users and tokens; flights, runs and layers have their own tests of this."""
    mine = client.get("/api/users").json()["users"][0]["id"]
    token = client.post("/api/tokens", json={"name": "t", "scopes": ["read"], "days": 1}).json()["id"]
    assert outsider.patch(f"/api/users/{mine}", json={"name": "x"}).status_code == 404
    assert outsider.post(f"/api/users/{mine}/invitation").status_code == 404
    assert outsider.delete(f"/api/tokens/{token}").status_code == 404
    assert [u["login"] for u in outsider.get("/api/users").json()["users"]] == ["outsider"]
    assert {e["user"]["login"] for e in outsider.get("/api/audit").json()["events"]} == {"outsider"}
    assert outsider.get("/api/tokens").json() == {"tokens": []}
