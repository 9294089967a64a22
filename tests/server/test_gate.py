"""What other sites, other names and too much of anything get: nothing."""

from __future__ import annotations

import json

import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers
from starlette.testclient import TestClient

from pipeline.server.gate import BODY_MAX, first_part
from pipeline.server.hosts import Hosts, host_name, same_origin
from pipeline.server.problems import Problem
from pipeline.server.settings import Settings
from tests.server.conftest import PASSWORD, browser

NEW = {"login": "li", "name": "李", "role": "member"}


class TestForgery:
    @pytest.mark.parametrize("token", [None, "", "wrong", "\xe9"])
    def test_a_change_by_cookie_needs_the_token(self, client: TestClient, token: str | None) -> None:
        right = client.headers.pop("X-CSRF-Token")
        headers = {} if token is None else {"X-CSRF-Token": token.encode("latin-1")}
        answer = client.post("/api/users", json=NEW, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "csrf")
        assert client.get("/api/users").status_code == 200  # looking needs none
        assert client.post("/api/users", json=NEW, headers={"X-CSRF-Token": right}).status_code == 201

    def test_the_token_is_the_session_s(self, app: FastAPI, client: TestClient) -> None:
        other = browser(app)
        csrf = other.post("/auth/sign-in", json={"login": "admin", "password": PASSWORD}).json()["csrf"]
        assert client.post("/api/users", json=NEW, headers={"X-CSRF-Token": csrf}).json()["code"] == "csrf"

    @pytest.mark.parametrize(
        "headers",
        [{"Origin": "http://evil.example"}, {"Origin": "null"}, {"Origin": "http://localhost:9000"},
         {"Origin": ""}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}],
    )  # fmt: skip
    def test_pages_of_others_change_nothing(self, app: FastAPI, client: TestClient, headers: dict[str, str]) -> None:
        assert client.post("/api/users", json=NEW, headers=headers).json()["code"] == "other_site"
        asked = {"login": "admin", "password": PASSWORD}
        assert browser(app).post("/auth/sign-in", json=asked, headers=headers).json()["code"] == "other_site"

    def test_our_own_page_may(self, client: TestClient) -> None:
        headers = {"Origin": "http://localhost:8000", "Sec-Fetch-Site": "same-origin"}
        assert client.post("/api/users", json=NEW, headers=headers).status_code == 201

    @pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
    def test_forms_cannot_sign_in(self, client: TestClient, stranger: TestClient, kind: str) -> None:
        body = json.dumps({"login": "admin", "password": PASSWORD})
        answer = stranger.post("/auth/sign-in", content=body, headers={"Content-Type": kind})
        assert answer.status_code == 415 and "set-cookie" not in answer.headers

    def test_a_form_with_a_cookie_is_refused_before_it_is_read(self, client: TestClient) -> None:
        del client.headers["X-CSRF-Token"]
        assert client.post("/api/users", data={"login": "x"}).json()["code"] == "csrf"


class TestHosts:
    @pytest.mark.parametrize(
        "host", ["localhost", "LOCALHOST:8000", "127.0.0.1:8000", "[::1]:8000", "192.168.1.20", "office-pc:80",
                 "app.localhost", "gis.example.cn", "GIS.example.cn.:443"],
    )  # fmt: skip
    def test_ours(self, host: str) -> None:
        Hosts(frozenset({"gis.example.cn"})).check(host)

    @pytest.mark.parametrize(
        "host", ["", "evil.example", "evil.example:8000", "127.0.0.1.evil.example", "localhost.evil.example",
                 "a@b:c", "[::1", "[zz]", "http://localhost", "gis.example.cn.evil.example"],
    )  # fmt: skip
    def test_others(self, host: str) -> None:
        with pytest.raises(Problem) as why:
            Hosts(frozenset({"gis.example.cn"})).check(host)
        assert why.value.status == 421

    def test_a_page_under_another_name_reaches_nothing(self, client: TestClient) -> None:
        """DNS rebinding: the name of a stranger's page points here, and it asks its own origin."""
        headers = {"Host": "evil.example:8000", "Origin": "http://evil.example:8000"}
        for path in ("/", "/healthz", "/auth/state", "/api/users", "/metrics"):
            assert client.get(path, headers=headers).status_code == 421

    @given(st.text(max_size=50))
    def test_any_text_is_a_host_or_none(self, host: str) -> None:
        host_name(host)
        same_origin(Headers({"origin": "http://x", "host": "y"}))


class TestBounds:
    def test_a_body_ends_somewhere(self, client: TestClient) -> None:
        body = json.dumps({**NEW, "name": "x" * BODY_MAX})
        answer = client.post("/api/users", content=body, headers={"Content-Type": "application/json"})
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")

    def test_nesting_and_nonsense_are_answered(self, client: TestClient) -> None:
        for body in ("[" * 100_000, "{", "\xff", '{"login": 1e999}', "null", "NaN"):
            answer = client.post(
                "/api/users", content=body.encode("latin-1"), headers={"Content-Type": "application/json"}
            )
            assert answer.status_code in (400, 422) and set(answer.json()) == {"code", "message", "detail"}

    @pytest.mark.parametrize("path", ["/api/users/%00", "/api/users/a%0Ab", "/api/%7f"])
    def test_control_characters_reach_no_route(self, client: TestClient, path: str) -> None:
        assert client.patch(path, json={}).status_code == 404

    def test_somebody_who_asks_without_end_is_slowed_down(self, app: FastAPI, client: TestClient) -> None:
        limit = app.state.services.limits.asker
        limit._clock = lambda: 0.0
        me = client.get("/auth/state").json()["user"]["id"]
        while limit.take(me) == 0:
            pass
        answer = client.get("/api/users")
        assert answer.status_code == 429 and int(answer.headers["Retry-After"]) >= 1
        assert client.get("/healthz").status_code == 200


@given(st.text(max_size=20))
def test_the_first_part_has_no_slash(path: str) -> None:
    assert "/" not in first_part(path)
    assert first_part(f"//API/{path}") == "api"


def test_an_unforeseen_failure_has_one_form_and_tells_nothing(settings: Settings, app: FastAPI) -> None:
    def broken() -> None:
        raise RuntimeError("a secret of the inside")

    app.add_api_route("/assets-broken", broken)
    app.router.routes.insert(0, app.router.routes.pop())
    answer = browser(app).get("/assets-broken")
    assert (answer.status_code, answer.json()["code"]) == (500, "server_error")
    assert "secret" not in answer.text and answer.headers["x-content-type-options"] == "nosniff"
