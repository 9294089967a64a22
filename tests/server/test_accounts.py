"""Set-up, sign-in, invitations, passwords, tokens: each works once, ends when it should, and leaks nothing."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from starlette.testclient import TestClient

from pipeline.server import accounts, sessions
from pipeline.server.accounts import login_of, new_setup_link
from pipeline.server.passwords import folded
from pipeline.server.problems import Problem
from pipeline.server.tables import Event, Session, Token, User
from tests.server.conftest import PASSWORD, browser, join, with_csrf

NEW = "another good password"


def sign_in(app: FastAPI, login: str = "admin", password: str = PASSWORD) -> Any:
    one = browser(app)
    done = one.post("/auth/sign-in", json={"login": login, "password": password})
    return with_csrf(one, done.json()) if done.status_code == 200 else done


def set_up(one: TestClient, token: str | None, **changed: str) -> Any:
    asked = {"organisation": "总队", "name": "管理员", "login": "admin", "password": PASSWORD}
    return one.post("/auth/setup", json={"token": token, **asked, **changed})


class TestSetUp:
    def test_works_once(self, app: FastAPI, stranger: TestClient) -> None:
        token = new_setup_link(app.state.services.database)
        assert stranger.get("/auth/state").json()["set_up"] is False
        done = set_up(stranger, token)
        assert done.status_code == 200
        assert done.json()["user"]["role"] == "administrator" and done.json()["user"]["host"]
        assert set_up(browser(app), token, login="second").json()["code"] == "link_used"
        assert new_setup_link(app.state.services.database) is None

    def test_a_newer_link_makes_the_older_one_void(self, app: FastAPI, stranger: TestClient) -> None:
        old, new = (new_setup_link(app.state.services.database) for _ in range(2))
        assert set_up(stranger, old).status_code == 404
        assert set_up(stranger, new).status_code == 200

    def test_is_too_old_after_a_day(self, app: FastAPI, stranger: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
        token = new_setup_link(app.state.services.database)
        later = accounts.now() + timedelta(days=1, seconds=1)
        monkeypatch.setattr(accounts, "now", lambda: later)
        assert set_up(stranger, token).status_code == 404

    def test_an_invitation_is_no_set_up_link_and_the_other_way_round(self, app: FastAPI, stranger: TestClient) -> None:
        token = new_setup_link(app.state.services.database)
        assert stranger.post("/auth/invite", json={"token": token, "password": PASSWORD}).status_code == 404
        assert set_up(stranger, "x" * 43).status_code == 404
        assert set_up(stranger, token).status_code == 200

    def test_a_weak_password_does_not_use_the_link_up(self, app: FastAPI, stranger: TestClient) -> None:
        token = new_setup_link(app.state.services.database)
        for weak in ("short", "ADMINISTRATOR", "aaaaaaaaaaaaaaaa"):
            assert set_up(stranger, token, login="administrator", password=weak).json()["code"] == "weak_password"
        assert set_up(stranger, token).status_code == 200


class TestSignIn:
    def test_right_and_wrong(self, app: FastAPI, client: TestClient) -> None:
        assert sign_in(app).get("/api/users").status_code == 200
        wrong, unknown = sign_in(app, password="wrong password"), sign_in(app, "nobody", "wrong password")
        assert wrong.status_code == unknown.status_code == 401
        assert wrong.json() == unknown.json()

    def test_unknown_logins_cost_a_hash_too(
        self, app: FastAPI, client: TestClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        hashing, seen = app.state.services.hashing, []
        verify = hashing._verify
        monkeypatch.setattr(
            type(hashing), "_verify", lambda self, kept, given: seen.append(kept) or verify(kept, given)
        )
        sign_in(app, "nobody", "wrong password")
        assert seen == [""]

    @pytest.mark.parametrize("typed", ["ADMIN", " admin ", "ａｄｍｉｎ", "Admin"])
    def test_logins_are_folded(self, app: FastAPI, client: TestClient, typed: str) -> None:
        assert sign_in(app, typed).get("/api/users").status_code == 200

    def test_an_accent_may_be_typed_in_two_ways(self, app: FastAPI, stranger: TestClient) -> None:
        token = new_setup_link(app.state.services.database)
        assert set_up(stranger, token, password="caf\u00e9 au lait noir").status_code == 200
        assert sign_in(app, password="cafe\u0301 au lait noir").get("/api/users").status_code == 200

    def test_guessing_is_stopped_and_others_are_not(self, app: FastAPI, client: TestClient, sign_in_as: Any) -> None:
        sign_in_as("judge", login="colleague")
        answers = [sign_in(app, password=f"wrong password {i}") for i in range(11)]
        assert [a.status_code for a in answers] == [401] * 10 + [429]
        assert 0 < int(answers[-1].headers["Retry-After"]) == answers[-1].json()["detail"] <= 91
        assert sign_in(app).status_code == 429  # the right password is no better now
        assert sign_in(app, "colleague").get("/api/flights").status_code == 200

    def test_right_passwords_are_not_counted(self, app: FastAPI, client: TestClient) -> None:
        assert all(sign_in(app).get("/auth/state").status_code == 200 for _ in range(15))

    def test_set_up_links_cannot_be_guessed_for_long(self, app: FastAPI, stranger: TestClient) -> None:
        statuses = [set_up(stranger, f"guess{i}").status_code for i in range(21)]
        assert statuses == [404] * 20 + [429]

    def test_failures_are_in_the_audit_log(self, app: FastAPI, client: TestClient) -> None:
        sign_in(app, password="wrong password")
        sign_in(app, "nobody", "wrong password")
        assert [e["action"] for e in client.get("/api/audit").json()["events"]] == ["sign_in_failed", "set_up"]


class TestSession:
    def test_cookie_flags(self, app: FastAPI, client: TestClient) -> None:
        asked = {"login": "admin", "password": PASSWORD}
        plain = browser(app).post("/auth/sign-in", json=asked).headers["set-cookie"].lower()
        assert "httponly" in plain and "samesite=strict" in plain and "path=/" in plain and "secure" not in plain
        safe = browser(app).post("https://localhost:8000/auth/sign-in", json=asked).headers["set-cookie"].lower()
        assert "; secure" in safe

    def test_signing_out_ends_it(self, client: TestClient) -> None:
        cookie = client.cookies[sessions.COOKIE]
        out = client.post("/auth/sign-out", json={})
        assert out.json()["user"] is None and sessions.COOKIE not in client.cookies
        client.cookies.set(sessions.COOKIE, cookie)
        assert client.get("/api/users").status_code == 401

    @pytest.mark.parametrize("change", [{"active": False}, {"role": "analyst"}])
    def test_ends_at_once_with_a_change_of_rights(
        self, client: TestClient, sign_in_as: Any, change: dict[str, Any]
    ) -> None:
        member = sign_in_as("member")
        assert client.patch(f"/api/users/{my_id(member)}", json=change).status_code == 200
        assert member.get("/api/flights").status_code == 401

    def test_a_new_name_ends_nothing(self, client: TestClient, sign_in_as: Any) -> None:
        member = sign_in_as("member")
        client.patch(f"/api/users/{my_id(member)}", json={"name": "新名", "role": "member", "active": True})
        assert member.get("/auth/state").json()["user"]["name"] == "新名"

    def test_a_new_password_ends_the_others(self, app: FastAPI, client: TestClient) -> None:
        other = sign_in(app)
        assert client.post("/api/me/password", json={"old": PASSWORD, "new": NEW}).status_code == 204
        assert other.get("/api/users").status_code == 401
        assert client.get("/api/users").status_code == 200
        assert sign_in(app).status_code == 401
        assert sign_in(app, password=NEW).get("/api/users").status_code == 200

    def test_the_old_password_is_asked_for(self, client: TestClient) -> None:
        answer = client.post("/api/me/password", json={"old": "not the old one", "new": NEW})
        assert (answer.status_code, answer.json()["code"]) == (403, "wrong_old_password")

    def test_goes_idle_unless_used_and_ends_in_any_case(
        self, app: FastAPI, client: TestClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        start, idle = sessions.now(), sessions.IDLE - timedelta(minutes=10)
        at = start
        monkeypatch.setattr(sessions, "now", lambda: at)
        while at + idle < start + sessions.LONGEST:
            at += idle
            assert client.get("/api/users").status_code == 200, at - start
        at = start + sessions.LONGEST + timedelta(seconds=1)
        assert client.get("/api/users").status_code == 401
        fresh = sign_in(app)
        at += sessions.IDLE + timedelta(seconds=1)
        assert fresh.get("/api/users").status_code == 401

    def test_ended_sessions_are_cleared_away(
        self, app: FastAPI, client: TestClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        later = sessions.now() + timedelta(days=2)
        monkeypatch.setattr(sessions, "now", lambda: later)
        sign_in(app)
        with app.state.services.database.read() as db:
            assert len(db.scalars(select(Session)).all()) == 1


def my_id(one: TestClient) -> str:
    found: str = one.get("/auth/state").json()["user"]["id"]
    return found


class TestPeople:
    def test_an_invitation_works_once(self, app: FastAPI, client: TestClient) -> None:
        made = client.post("/api/users", json={"login": "Li.Wei", "name": "李伟", "role": "member"}).json()
        assert (made["login"], made["invited"], made["active"]) == ("li.wei", True, True)
        assert sign_in(app, "li.wei", "").status_code == 401
        join(app, made["invitation"])
        again = browser(app).post("/auth/invite", json={"token": made["invitation"][8:], "password": NEW})
        assert again.json()["code"] == "link_used"
        assert sign_in(app, "li.wei").get("/api/flights").status_code == 200

    def test_a_new_link_voids_the_old_one_and_signs_out(
        self, app: FastAPI, client: TestClient, sign_in_as: Any
    ) -> None:
        member = sign_in_as("member")
        user = my_id(member)
        old = client.post(f"/api/users/{user}/invitation").json()["invitation"]
        new = client.post(f"/api/users/{user}/invitation").json()["invitation"]
        assert member.get("/api/flights").status_code == 401
        assert browser(app).post("/auth/invite", json={"token": old[8:], "password": NEW}).status_code == 404
        join(app, new)

    def test_the_inactive_cannot_come_back_by_an_old_link(self, app: FastAPI, client: TestClient) -> None:
        made = client.post("/api/users", json={"login": "gone", "name": "离职", "role": "member"}).json()
        client.patch(f"/api/users/{made['id']}", json={"active": False})
        answer = browser(app).post("/auth/invite", json={"token": made["invitation"][8:], "password": NEW})
        assert answer.status_code == 404

    def test_logins_are_unique_on_the_whole_server(self, client: TestClient, outsider: TestClient) -> None:
        for login in ("admin", "ＡＤＭＩＮ"):
            answer = outsider.post("/api/users", json={"login": login, "name": "x", "role": "judge"})
            assert answer.json()["code"] == "login_taken"

    @pytest.mark.parametrize("login", ["a", "a b", "a/b", "a\u202eb", "<script>", "\u200bab", "x" * 101])
    def test_bad_logins(self, client: TestClient, login: str) -> None:
        assert client.post("/api/users", json={"login": login, "name": "x", "role": "judge"}).status_code == 422

    @pytest.mark.parametrize("name", ["", "  ", "a\nb", "a\0b", "x" * 101, "\ud800"])
    def test_bad_names(self, client: TestClient, name: str) -> None:
        import json

        body = json.dumps({"login": "ok", "name": name, "role": "judge"})
        answer = client.post("/api/users", content=body, headers={"Content-Type": "application/json"})
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid")

    def test_one_administrator_remains(self, client: TestClient, sign_in_as: Any) -> None:
        mine = f"/api/users/{my_id(client)}"
        for change in ({"role": "judge"}, {"active": False}):
            assert client.patch(mine, json=change).json()["code"] == "last_administrator"
        assert client.get("/api/users").status_code == 200  # a refused change signs nobody out
        sign_in_as("administrator")
        assert client.patch(mine, json={"role": "judge"}).status_code == 200

    def test_roles_are_the_known_ones(self, client: TestClient) -> None:
        assert client.post("/api/users", json={"login": "xx", "name": "x", "role": "god"}).status_code == 422

    def test_organisations_have_names_of_their_own(self, client: TestClient, outsider: TestClient) -> None:
        asked = {"name": "邻省执法总队", "administrator": {"login": "other", "name": "x"}}
        assert client.post("/api/organisations", json=asked).json()["code"] == "name_taken"
        asked = {"name": "新单位", "administrator": {"login": "outsider", "name": "x"}}
        assert client.post("/api/organisations", json=asked).json()["code"] == "login_taken"
        names = [o["name"] for o in client.get("/api/organisations").json()["organisations"]]
        assert names == ["江苏省环境执法总队", "邻省执法总队"]  # what failed left nothing


class TestTokens:
    def bearer(self, app: FastAPI, client: TestClient, *scopes: str, days: int = 30) -> TestClient:
        made = client.post("/api/tokens", json={"name": "notebook", "scopes": list(scopes), "days": days})
        assert made.status_code == 201
        one = browser(app)
        one.headers["Authorization"] = f"Bearer {made.json()['token']}"
        return one

    def test_read_changes_nothing(self, app: FastAPI, client: TestClient) -> None:
        notebook = self.bearer(app, client, "read")
        assert notebook.get("/api/users").status_code == 200
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            answer = notebook.request(method, "/api/users")
            assert (answer.status_code, answer.json()["code"]) == (403, "token_reads")

    def test_write_needs_no_csrf_and_has_only_the_rights_of_the_role(
        self, app: FastAPI, client: TestClient, sign_in_as: Any
    ) -> None:
        boss, analyst = self.bearer(app, client, "read", "write"), self.bearer(app, sign_in_as("analyst"), "write")
        asked = {"login": "by.token", "name": "x", "role": "judge"}
        assert boss.post("/api/users", json=asked).status_code == 201
        assert analyst.post("/api/users", json=asked).status_code == 403

    def test_makes_no_token_and_no_password(self, app: FastAPI, client: TestClient) -> None:
        notebook = self.bearer(app, client, "write")
        assert notebook.post("/api/tokens", json={"name": "n", "scopes": ["write"]}).status_code == 403
        answer = notebook.post("/api/me/password", json={"old": PASSWORD, "new": NEW})
        assert answer.json()["code"] == "in_person"

    def test_is_shown_once_and_kept_as_a_digest(self, app: FastAPI, client: TestClient) -> None:
        token = self.bearer(app, client, "read").headers["Authorization"][7:]
        listed = client.get("/api/tokens")
        assert token not in listed.text and listed.json()["tokens"][0]["scopes"] == ["read"]
        with app.state.services.database.read() as db:
            kept = db.scalars(select(Token)).one()
            assert kept.digest != token and len(kept.digest) == 64

    def test_ends(self, app: FastAPI, client: TestClient, sign_in_as: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        member = sign_in_as("member")
        notebook = self.bearer(app, member, "read", days=1)
        assert notebook.get("/api/flights").status_code == 200
        assert member.get("/api/tokens").json()["tokens"][0]["used_at"] is not None
        client.patch(f"/api/users/{my_id(member)}", json={"active": False})
        assert notebook.get("/api/flights").status_code == 401
        mine = self.bearer(app, client, "read", days=1)
        with monkeypatch.context() as patch:
            later = sessions.now() + timedelta(days=1, seconds=1)
            patch.setattr(sessions, "now", lambda: later)
            assert mine.get("/api/users").status_code == 401
        (listed,) = client.get("/api/tokens").json()["tokens"]
        assert client.delete(f"/api/tokens/{listed['id']}").status_code == 204
        assert mine.get("/api/users").status_code == 401

    def test_end_with_a_new_link_and_with_activity(self, app: FastAPI, client: TestClient, sign_in_as: Any) -> None:
        member, left = sign_in_as("member"), sign_in_as("member")
        mine, theirs = self.bearer(app, member, "write"), self.bearer(app, left, "write")
        user = f"/api/users/{my_id(left)}"
        client.post(f"/api/users/{my_id(member)}/invitation")
        assert mine.get("/api/flights").status_code == 401
        assert client.patch(user, json={"name": "李伟"}).status_code == 200
        assert theirs.get("/api/flights").status_code == 200
        for active in (False, True):
            assert client.patch(user, json={"active": active}).status_code == 200
        assert theirs.get("/api/flights").status_code == 401

    @pytest.mark.parametrize("given", ["", "x", "Bearer", "Bearer ", "Bearer x", "Basic YTpi", "bearer \xff"])
    def test_nonsense_is_a_stranger(self, stranger: TestClient, given: str) -> None:
        answer = stranger.get("/api/users", headers={"Authorization": given.encode("latin-1")})
        assert answer.status_code == 401


def test_secrets_are_nowhere_to_be_read(
    app: FastAPI,
    client: TestClient,
    sign_in_as: Any,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Passwords, cookies, tokens and links: not in the database's file, the audit log, a log line or an answer."""
    caplog.set_level(logging.DEBUG)
    made = client.post("/api/users", json={"login": "li", "name": "李", "role": "member"}).json()
    token = client.post("/api/tokens", json={"name": "t", "scopes": ["read"], "days": 1}).json()["token"]
    refused = client.post("/auth/sign-in", json={"login": "admin", "password": PASSWORD, "more": "x"})
    assert refused.status_code == 422 and PASSWORD not in refused.text
    sign_in(app, password="a wrong secret 1")
    join(app, made["invitation"])
    secrets = [PASSWORD, "a wrong secret 1", token, made["invitation"][8:], client.cookies[sessions.COOKIE]]
    app.state.services.database.close()
    kept = b"".join(p.read_bytes() for p in app.state.services.settings.data.rglob("*") if p.is_file())
    told = "".join((caplog.text, *capfd.readouterr(), client.get("/api/audit").text, client.get("/metrics").text))
    for secret in secrets:
        assert secret.encode() not in kept and secret not in told


def test_the_audit_log_pages(app: FastAPI, client: TestClient) -> None:
    with app.state.services.database.write() as db:
        user = db.scalars(select(User)).one()
        db.add_all(Event(organisation_id=user.organisation_id, action=f"a{i}", detail={}) for i in range(25))
    seen: list[int] = []
    while page := client.get("/api/audit", params={"limit": 10, **({"before": seen[-1]} if seen else {})}).json()[
        "events"
    ]:
        seen += [event["id"] for event in page]
    assert len(seen) == 26 and seen == sorted(seen, reverse=True)


@given(st.text(max_size=40))
def test_folding_twice_changes_nothing(typed: str) -> None:
    assert folded(folded(typed)) == folded(typed)


@given(st.text(max_size=40))
def test_a_login_is_its_own_login(typed: str) -> None:
    try:
        login = login_of(typed)
    except Problem:
        return
    assert login_of(login) == login == login_of(login.upper()) or "ı" in login or "ſ" in login
