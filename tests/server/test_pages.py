"""The built front end, its headers, health and metrics."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from starlette.testclient import TestClient

from pipeline.server import basemaps, static_files
from pipeline.server.basemaps import Basemap
from pipeline.server.routes import pages
from pipeline.server.static_files import find
from tests.server.conftest import browser

XYZ = "https://tiles.example.cn:8443/a/{z}/{x}/{y}.png?k=1"


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small build in the place of the real one."""
    root = tmp_path / "static"
    (root / "assets").mkdir(parents=True)
    (root / "index.html").write_text("<title>千里眼</title>", "utf-8")
    (root / "icon.svg").write_text("<svg/>", "utf-8")
    for ending, packed in (("", b"js"), (".br", b"js in br"), (".gz", gzip.compress(b"js"))):
        (root / "assets" / f"main-3f.js{ending}").write_bytes(packed)
    (tmp_path / "outside.txt").write_text("outside", "utf-8")
    monkeypatch.setattr(pages, "find", lambda relative, accepted: find(relative, accepted, root))
    return root


class TestPages:
    @pytest.mark.parametrize("path", ["/", "/sign-in", "/setup", "/flights/0123456789abcdef", "/runs/a/b/"])
    def test_pages_are_the_application(self, built: Path, stranger: TestClient, path: str) -> None:
        answer = stranger.get(path)
        assert answer.status_code == 200 and "千里眼" in answer.text
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert answer.headers["cache-control"] == "no-cache"

    def test_assets_are_kept_and_packed(self, built: Path, stranger: TestClient) -> None:
        for accepted, encoding in (("gzip, br", "br"), ("gzip", "gzip"), ("", None), ("br;q=0, gzip;q=0.5", "gzip")):
            answer = stranger.get("/assets/main-3f.js", headers={"Accept-Encoding": accepted})
            assert answer.headers.get("content-encoding") == encoding
            assert answer.headers["content-type"].startswith("text/javascript")
            assert "immutable" in answer.headers["cache-control"]
            assert answer.headers["vary"] == "Accept-Encoding"

    @pytest.mark.parametrize(
        "path", ["/assets/" + "a" * 300 + ".js", "/" + "照" * 90 + ".png", "/" + "a/" * 3000 + "a.js"]
    )
    def test_names_that_no_system_takes_are_404(self, built: Path, stranger: TestClient, path: str) -> None:
        assert stranger.get(path).status_code == 404

    def test_no_other_drive_or_machine_is_asked(self, built: Path) -> None:
        absolute = f"{built.as_posix()}/icon.svg"
        for path in (absolute, "//host/share/icon.svg", "assets//main-3f.js", "assets/../icon.svg"):
            assert find(path, "", built) is None

    @pytest.mark.parametrize(
        "path", ["/assets/none.js", "/none.txt", "/assets/../../outside.txt", "/assets/..%2f..%2foutside.txt",
                 "/..%5coutside.txt", "/assets/%2e%2e/%2e%2e/outside.txt", "/C:/outside.txt", "/auth/nothing"],
    )  # fmt: skip
    def test_what_is_not_of_the_build_is_404(self, built: Path, stranger: TestClient, path: str) -> None:
        answer = stranger.get(path)
        assert answer.status_code == 404 and "outside" not in answer.text

    def test_without_a_build_one_sentence(self, stranger: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(pages, "find", lambda relative, accepted: None)
        answer = stranger.get("/")
        assert answer.status_code == 503 and "界面尚未构建" in answer.text

    @given(st.text(max_size=30))
    def test_no_path_leads_out(self, path: str) -> None:
        found = find(path, "")
        assert found is None or found.path.is_relative_to(static_files.STATIC.resolve())


class TestHeaders:
    @pytest.mark.parametrize("path", ["/", "/healthz", "/api/users", "/api/none", "/auth/state", "/assets/none"])
    def test_on_every_answer(self, client: TestClient, stranger: TestClient, path: str) -> None:
        for one in (client, stranger):
            headers = one.get(path).headers
            policy = headers["content-security-policy"]
            assert (
                "default-src 'self'" in policy and "frame-ancestors 'none'" in policy and "object-src 'none'" in policy
            )
            assert "unsafe-inline" not in policy and "'unsafe-eval'" not in policy
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["referrer-policy"] == "no-referrer"
            assert headers["cross-origin-opener-policy"] == "same-origin"
            assert headers["x-frame-options"] == "DENY"
            if path.startswith(("/api", "/auth")):
                assert headers["cache-control"] == "no-store"

    def test_the_base_map_s_host_is_allowed_to_that_organisation(
        self, built: Path, app: FastAPI, client: TestClient, outsider: TestClient
    ) -> None:
        basemap = {"kind": "xyz", "url": XYZ, "key": "", "attribution": "省测绘院"}
        assert client.put("/api/settings", json={"basemap": basemap}).json()["basemap"] == basemap
        policies = [one.get("/").headers["content-security-policy"] for one in (client, outsider, browser(app))]
        assert "img-src 'self' data: blob: https://tiles.example.cn:8443; " in policies[0]
        assert policies[0].endswith("connect-src 'self' https://tiles.example.cn:8443")
        assert "tiles" not in policies[1] + policies[2]
        assert client.get("/").headers["referrer-policy"] == "strict-origin"
        assert outsider.get("/").headers["referrer-policy"] == "no-referrer"
        assert outsider.get("/api/settings").json() == {"basemap": None}
        noted = client.get("/api/audit").json()["events"][0]
        assert noted["action"] == "settings_changed"
        assert noted["detail"] == {"basemap": ["https://tiles.example.cn:8443"]}  # without what follows: a key
        assert client.put("/api/settings", json={"basemap": None}).json() == {"basemap": None}
        assert "tiles" not in client.get("/").headers["content-security-policy"]


class TestBasemap:
    def test_tianditu(self) -> None:
        kept = Basemap(kind="tianditu", key="abc123").model_dump()
        assert basemaps.hosts({"basemap": kept}) == ("https://*.tianditu.gov.cn",)
        assert basemaps.hosts({}) == basemaps.hosts({"basemap": None}) == ()

    @pytest.mark.parametrize("url", ["http://10.0.0.5/{z}/{x}/{y}", "https://a.b-c.cn/t?x={x}&y={y}&z={z}", XYZ])
    def test_addresses(self, url: str) -> None:
        assert Basemap(kind="xyz", url=url).url == url

    @pytest.mark.parametrize(
        "url",
        ["", "ftp://a.cn/{z}/{x}/{y}", "javascript:alert(1)//{z}{x}{y}", "https://u:p@a.cn/{z}/{x}/{y}",
         "https://a.cn/{z}/{x}", "https://a.cn/{z}/{x}/{y}/{y}", "https://a.cn/{z}/{x}/{y}/{s}",
         "https://{s}.a.cn/{z}/{x}/{y}", "https://a.cn;script-src *//{z}/{x}/{y}", "https://*.cn/{z}/{x}/{y}",
         "https://a.cn/{z}/{x}/{y} x", "https://a.cn:99999/{z}/{x}/{y}", "https:///{z}/{x}/{y}",
         "https://a.cn'/{z}/{x}/{y}", "https://a..cn/{z}/{x}/{y}", "https://例.cn/{z}/{x}/{y}",
         "https://[::1]/{z}/{x}/{y}", "//a.cn/{z}/{x}/{y}", "https://a.cn\\@b.cn/{z}/{x}/{y}"],
    )  # fmt: skip
    def test_what_is_no_address_of_tiles(self, url: str) -> None:
        with pytest.raises(ValidationError):
            Basemap(kind="xyz", url=url)

    def test_a_key_in_the_address(self) -> None:
        url = "https://a.cn/{z}/{x}/{y}?token={key}"
        assert Basemap(kind="xyz", url=url, key="k1").url == url
        for refused in ({"url": url}, {"url": url.replace("{y}", "{key}"), "key": "k1"}):
            with pytest.raises(ValidationError):
                Basemap(kind="xyz", **refused)

    @given(st.text(max_size=60))
    def test_no_host_breaks_out_of_the_policy(self, host: str) -> None:
        """Whatever is accepted stands in the policy as one source."""
        try:
            kept = Basemap(kind="xyz", url=f"https://{host}/{{z}}/{{x}}/{{y}}").model_dump()
        except ValidationError:
            return
        (source,) = basemaps.hosts({"basemap": kept})
        assert not set(source) & set(" ;,'\"*\\@\n\t") and source.startswith("https://")


def test_health(app: FastAPI, stranger: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise AssertionError("healthz asked the database")

    monkeypatch.setattr(type(app.state.services.database), "read", fails)
    assert stranger.get("/healthz").json()["status"] == "ok"


def test_metrics_name_templates_and_never_ids(client: TestClient) -> None:
    client.get("/api/users")
    client.patch("/api/users/0123456789abcdef", json={})
    client.request("BREW", "/api/users")
    text = client.get("/metrics").text
    assert 'qianliyan_requests_total{method="GET",route="/api/users",status="200"} 1.0' in text
    assert 'route="/api/users/{user_id}",status="404"' in text and "0123456789abcdef" not in text
    assert "BREW" not in text and "qianliyan_jobs" in text and "qianliyan_request_seconds_bucket" in text
