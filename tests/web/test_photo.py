"""The photo viewer, the evidence and the officer's work, in Chromium before the real server."""

from __future__ import annotations

import contextlib
import io
import math
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import pytest
import uvicorn
from PIL import Image

from pipeline.server.accounts import new_setup_link
from pipeline.server.app import create_app
from pipeline.server.pictures import end_pictures
from pipeline.server.settings import Settings
from pipeline.sim import FlightConfig
from tests.server import simulated
from tests.web.conftest import becomes

PASSWORD = "correct horse 电池"
FLIGHT = FlightConfig(seed=5, profile="dji", width_px=900, height_px=675, photos_per_strip=2, strips=2, n_markers=3)
SCRIPT = "<img src=x onerror='window.hacked=1'><script>window.hacked=1</script> & “引号”"
WIDE_PX, HIGH_PX, TILE_PX, LEVELS = 4000, 3000, 512, 4  # a photo that is only drawn for a test
RED, BLUE = (2210, 1370), (2270, 1410)  # the middles of its two blots of 5 × 5 px


@dataclass(frozen=True)
class Site:
    """A server with one finished run; `api` is signed in as the page is."""

    url: str
    run: str
    flight: Path
    api: httpx.Client

    def hits(self) -> list[dict[str, Any]]:
        return self.api.get(f"/api/runs/{self.run}/hits").json()["features"]

    def hit(self, hit_id: str) -> dict[str, Any]:
        return self.api.get(f"/api/runs/{self.run}/hits/{hit_id}").json()

    def verdicts(self) -> dict[str, str]:
        return {hit["id"]: hit["properties"]["verdict"] for hit in self.hits()}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("照片")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(simulated, "SMALL", FLIGHT)
        searched = simulated.search(folder)
    app = create_app(Settings(folder / "数据 data", database_url=""))
    token = new_setup_link(app.state.services.database)
    with serving(app) as url, httpx.Client(base_url=url, headers={"Origin": url}) as api:
        asked = {"token": token, "organisation": "某市支队", "name": "李明", "login": "liming", "password": PASSWORD}
        api.headers["X-CSRF-Token"] = api.post("/auth/setup", json=asked).raise_for_status().json()["csrf"]
        yield Site(url, simulated.install(app, searched), searched.flight.flight, api)
    end_pictures(app)
    app.state.services.database.close()


@contextlib.contextmanager
def serving(app: Any) -> Iterator[str]:
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + 30
    while not server.started and time.monotonic() < until:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(30)


@pytest.fixture
def open_page(browser: Any, site: Site) -> Iterator[Callable[..., Any]]:
    """`open_page(before=None, **context)`: the run's page with its hits; `before(page)` may lay routes first."""
    contexts = []
    errors: list[str] = []

    def make(before: Callable[[Any], None] | None = None, **options: Any) -> Any:
        shown: dict[str, Any] = {"viewport": {"width": 1366, "height": 768}, "reduced_motion": "reduce"}
        context = browser.new_context(**(shown | {"timezone_id": "Asia/Shanghai"} | options))
        contexts.append(context)
        context.add_cookies([{"name": c.name, "value": c.value, "url": site.url} for c in site.api.cookies.jar])
        page = context.new_page()
        page.on("pageerror", lambda why: errors.append(str(why)))
        page.route("**/assets/maplibre*", lambda route: route.abort())  # list and photos work without the map
        if before:
            before(page)
        page.goto(f"{site.url}/runs/{site.run}")
        page.locator(".left-body", has_text="标志").wait_for()
        return page

    yield make
    for context in contexts:
        context.close()
    assert errors == []


@pytest.fixture
def nothing_said(site: Site) -> Iterator[None]:
    """What a test says of hits is taken back after it."""
    yield
    while site.api.post(f"/api/runs/{site.run}/undo").status_code == 200:
        pass


def choose_first(page: Any) -> str:
    """The id of the hit whose evidence is shown."""
    page.keyboard.press("j")
    page.wait_for_selector(".evidence .views")
    return page.locator(".evidence").get_attribute("data-hit")


def open_photo(page: Any) -> None:
    page.locator(".evidence .crop").first.click()
    ready(page)


def ready(page: Any) -> None:
    page.wait_for_selector(".photo-stage[data-ready=yes]:focus")
    whole(page)


def whole(page: Any) -> None:
    """All tiles of this view are drawn."""
    page.wait_for_timeout(100)  # the view first asks for them
    page.wait_for_selector(".photo-stage[data-whole=yes]")
    page.wait_for_timeout(50)


@lru_cache
def drawn_at(level: int) -> np.ndarray:
    """The test's own photo: grey, with a red and a blue blot; halves are means, corners stay corners."""
    picture = np.full((HIGH_PX, WIDE_PX, 3), 90, np.uint8)
    for (x, y), colour in ((RED, (255, 0, 0)), (BLUE, (0, 0, 255))):
        picture[y - 2 : y + 3, x - 2 : x + 3] = colour
    shrink = 2 ** (LEVELS - 1 - level)
    return cv2.resize(picture, (WIDE_PX // shrink, HIGH_PX // shrink), interpolation=cv2.INTER_AREA)


def drawn(level: int, column: int, row: int) -> bytes:
    """A tile of it."""
    small = drawn_at(level)
    tile = small[row * TILE_PX : (row + 1) * TILE_PX, column * TILE_PX : (column + 1) * TILE_PX]
    packed = io.BytesIO()
    Image.fromarray(tile).save(packed, "png")
    return packed.getvalue()


def draw_photos(page: Any, hit: str, posted: list[dict[str, Any]]) -> None:
    """Every photo is the drawn one, with the hit's box around its blots; clicks are noted instead of located."""
    middle = [(RED[0] + BLUE[0]) / 2, (RED[1] + BLUE[1]) / 2]
    box_px = [middle[0] - 40, middle[1] - 40, middle[0] + 40, middle[1] + 40]
    box = {"hit": hit, "class": "marker", "verdict": "open", "box_px": box_px, "point_px": middle, "origin": "model"}
    size = {"width_px": WIDE_PX, "height_px": HIGH_PX, "tile_px": TILE_PX, "levels": LEVELS}
    about = {"frame_id": "drawn.jpg", "source": "drawn.jpg", "t": None, "sha256": "0" * 64, "pose": None}

    def photo(route: Any) -> None:
        route.fulfill(json={"k": int(route.request.url.rsplit("/", 1)[1]), **size, **about, "boxes": [box]})

    def tile(route: Any) -> None:
        level, column, row = map(int, re.findall(r"/tiles/(\d+)/(\d+)/(\d+)\.jpg", route.request.url)[0])
        route.fulfill(body=drawn(level, column, row), content_type="image/png")

    def locate(route: Any) -> None:
        posted.append(route.request.post_data_json)
        route.fulfill(json={"at": [120.0, 31.0, 5.0], "r90_m": 3.24, "ellipse": [3.0, 2.0, 10.0]})

    page.route(re.compile(r"/photos/\d+$"), photo)
    page.route(re.compile(r"/photos/\d+/tiles/"), tile)
    page.route(re.compile(r"/locate$"), locate)


def blots(page: Any) -> tuple[np.ndarray, np.ndarray]:
    """Where the red and the blue blot are seen, in CSS pixels of the page, to a fraction."""
    box = page.locator(".photo-stage").bounding_box()
    box = {
        "x": box["x"] + 4,
        "y": box["y"] + 4,
        "width": box["width"] - 8,
        "height": box["height"] - 8,
    }  # the focus ring
    shot = np.asarray(Image.open(io.BytesIO(page.screenshot(clip=box))).convert("RGB")).astype(float)
    origin = np.array([box["x"], box["y"]]) + 0.5  # a pixel's middle
    red = np.clip(shot[..., 0] - np.maximum(shot[..., 1], shot[..., 2]) - 8, 0, None)
    blue = np.clip(shot[..., 2] - np.maximum(shot[..., 1], shot[..., 0]) - 8, 0, None)
    return centroid(red) + origin, centroid(blue) + origin


def centroid(weight: np.ndarray) -> np.ndarray:
    rows, columns = np.indices(weight.shape)
    return np.array([(columns * weight).sum(), (rows * weight).sum()]) / weight.sum()


def test_a_click_is_the_pixel_below_it_at_every_zoom(site: Site, open_page: Callable[..., Any]) -> None:
    posted: list[dict[str, Any]] = []
    page = open_page()
    draw_photos(page, choose_first(page), posted)
    open_photo(page)
    page.keyboard.press("b")  # without boxes, which have colours too
    page.keyboard.press("h")
    found = []
    for zooms in ((), ("+",) * 3, ("-",) * 7):
        for key in zooms:
            page.keyboard.press(key)
        whole(page)
        found.append(clicked_and_true(page, posted))
    scales, errors_px = zip(*found, strict=True)
    assert max(scales) > 4 > 0.5 > min(scales)
    for scale, error_px in found:
        assert error_px < max(0.15, 0.5 / scale), (scales, errors_px)  # half a pixel of the screen


def clicked_and_true(page: Any, posted: list[dict[str, Any]]) -> tuple[float, float]:
    """(CSS pixels for one of the photo's, how far what was posted is from what was clicked, in the photo's pixels)."""
    red, blue = blots(page)
    scale = float(np.linalg.norm(blue - red) / np.hypot(BLUE[0] - RED[0], BLUE[1] - RED[1]))
    click = np.round(red)
    page.keyboard.press("a")
    with page.expect_response(re.compile(r"/locate$")):
        page.mouse.click(*click)
    page.keyboard.press("Escape")
    true = np.array(RED) + (click - red) / scale
    told = np.array([posted[-1]["x_px"], posted[-1]["y_px"]])
    return scale, float(np.abs(told - true).max())


def test_the_box_lies_where_the_source_is_in_the_photo(site: Site, open_page: Callable[..., Any]) -> None:
    page = open_page()
    hit = choose_first(page)
    open_photo(page)
    frame = page.locator(f".photo-overlay [data-hit='{hit}'] rect.line").bounding_box()
    page.keyboard.press("b")
    page.wait_for_selector(".photo-overlay rect", state="detached")
    name = page.locator(".photo-bar h1").inner_text()
    box = next(e["box_px"] for e in site.hit(hit)["evidence"] if e["frame_id"] == name)
    scale = frame["width"] / (box[2] - box[0])
    x0, y0 = math.ceil(frame["x"]), math.ceil(frame["y"])  # whole pixels of the screen, inside the frame
    wide, high = int(frame["x"] + frame["width"]) - x0, int(frame["y"] + frame["height"]) - y0
    shot = page.screenshot(clip={"x": x0, "y": y0, "width": wide, "height": high})
    left, top = box[0] + 0.5 + (x0 - frame["x"]) / scale, box[1] + 0.5 + (y0 - frame["y"]) / scale  # from the corner
    with Image.open(site.flight / name) as photo:
        part = (left, top, left + wide / scale, top + high / scale)
        true = photo.convert("L").resize((wide, high), Image.Resampling.BICUBIC, box=part)
    shown = np.float32(Image.open(io.BytesIO(shot)).convert("L"))
    shift, match = cv2.phaseCorrelate(np.float32(true), shown, cv2.createHanningWindow((wide, high), cv2.CV_32F))
    assert match > 0.3
    assert max(map(abs, shift)) < 0.7, "CSS pixels"


def test_a_hit_is_added_by_the_keyboard_alone(site: Site, open_page: Callable[..., Any], nothing_said: None) -> None:
    before = {hit["id"] for hit in site.hits()}
    page = open_page()
    choose_first(page)
    page.keyboard.press("o")
    ready(page)
    for key in ("a", "ArrowRight", "Shift+ArrowDown", "Alt+ArrowLeft", "Enter"):
        page.keyboard.press(key)
    page.get_by_text(re.compile(r"90 % 的把握在 [\d.]+ 米以内")).first.wait_for()
    page.keyboard.press("Enter")
    page.get_by_text("请先选择类别").wait_for()
    page.keyboard.press("2")
    cross = page.locator(".crosshair")
    aimed = [float(cross.get_attribute(f"data-{axis}") or "nan") for axis in "xy"]
    with page.expect_response(re.compile(r"/pins$")) as answer:
        page.keyboard.press("Enter")
    new = answer.value.json()
    assert new["id"] not in before
    page.wait_for_selector(f".photo-overlay .is-chosen[data-hit='{new['id']}']")
    kept = site.hit(new["id"])
    assert kept["properties"]["class"] == "outfall/discharging"
    assert (kept["properties"]["origin"], kept["properties"]["verdict"]) == ("officer", "added")
    assert np.allclose(kept["evidence"][0]["point_px"], aimed, atol=0.011)
    page.keyboard.press("Control+z")
    page.wait_for_selector(f".photo-overlay [data-hit='{new['id']}']", state="detached")
    assert {hit["id"] for hit in site.hits()} == before


def test_verdicts_go_there_and_back(site: Site, open_page: Callable[..., Any], nothing_said: None) -> None:
    page = open_page(lambda page: page.add_init_script("localStorage.setItem('qly-go-on', 'no')"))
    hit = choose_first(page)
    sent: list[str] = []
    page.on("request", lambda asked: sent.append(asked.url) if asked.method == "POST" else None)
    for key, said, verdict in (("c", "已确认", "confirmed"), ("x", "已驳回", "rejected"), ("u", "已确认", "confirmed")):
        with page.expect_response(re.compile(r"/(reviews|undo)$")):
            page.keyboard.press(key)
            if key != "u":
                page.keyboard.press(key)  # a finger that trembles
        page.locator(".evidence-head .badge", has_text=said).wait_for()
        page.wait_for_selector(".act[aria-disabled=true]", state="detached")
        assert site.verdicts()[hit] == verdict
        if key != "u":
            page.keyboard.press(key)  # said already
    assert len(sent) == 3
    with page.expect_response(re.compile(r"/redo$")):
        page.keyboard.press("Control+y")
    page.locator(".history li").nth(1).wait_for()
    assert site.verdicts()[hit] == "rejected"


def test_after_a_verdict_the_next_open_hit_comes(site: Site, open_page: Callable[..., Any], nothing_said: None) -> None:
    page = open_page()
    first = choose_first(page)
    page.keyboard.press("c")
    page.wait_for_selector(f".evidence:not([data-hit='{first}'])")
    page.locator(".done-place button", has_text="撤销").click()
    page.wait_for_selector(f".evidence[data-hit='{first}']")
    assert site.verdicts()[first] == "open"


def test_what_is_not_kept_is_taken_back_from_the_page(site: Site, open_page: Callable[..., Any]) -> None:
    page = open_page(lambda page: page.add_init_script("localStorage.setItem('qly-go-on', 'no')"))
    hit = choose_first(page)
    page.route(re.compile(r"/reviews$"), lambda route: route.abort())
    page.keyboard.press("x")
    page.locator(".done-place .bad", has_text="没有保存").wait_for()
    page.locator(".evidence-head .badge", has_text="待核查").wait_for()
    assert site.verdicts()[hit] == "open"


def test_a_script_in_a_comment_stays_text(site: Site, open_page: Callable[..., Any], nothing_said: None) -> None:
    page = open_page()
    hit = choose_first(page)
    page.keyboard.press("t")
    page.wait_for_selector(".asked textarea:focus")
    page.keyboard.insert_text(SCRIPT)
    page.keyboard.press("Enter")
    page.locator(".history .comment").wait_for()
    becomes(lambda: page.locator(".history .comment").inner_text(), SCRIPT)
    assert page.evaluate("window.hacked") is None
    assert site.hit(hit)["history"][-1]["note"] == SCRIPT


def test_keys_in_a_field_are_letters_and_a_number_after_r_is_a_class(
    site: Site, open_page: Callable[..., Any], nothing_said: None
) -> None:
    page = open_page()
    hit = choose_first(page)
    page.keyboard.press("t")
    page.wait_for_selector(".asked textarea:focus")
    page.keyboard.type("cxu12")
    page.keyboard.press("Escape")
    page.keyboard.press("r")
    page.wait_for_selector(".asked .class-buttons")
    with page.expect_response(re.compile(r"/reviews$")):
        page.keyboard.press("1")
    entries = site.api.get(f"/api/runs/{site.run}/reviews").json()["entries"]
    standing = [(e["verdict"], e["value"]) for e in entries if e["hit"] == hit and not e["undone"]]
    assert [pair for pair in standing if pair[0] in ("commented", "confirmed", "rejected", "reclassed")] == [
        ("reclassed", "outfall")
    ]


def test_where_there_is_no_ground_the_page_says_so(site: Site, open_page: Callable[..., Any]) -> None:
    refused = {"code": "no_such_word", "message": "这里是天空，没有地面", "detail": None}
    page = open_page()
    choose_first(page)
    page.route(re.compile(r"/locate$"), lambda route: route.fulfill(status=422, json=refused))
    open_photo(page)
    page.keyboard.press("a")
    page.keyboard.press("Enter")
    page.locator(".where [role=alert]", has_text="这里是天空").wait_for()
    page.keyboard.press("Escape")
    page.wait_for_selector(".mark-panel", state="detached")
    assert page.locator(".photo-viewer").is_visible()


def test_who_may_not_review_sees_all_but_the_buttons(site: Site, open_page: Callable[..., Any]) -> None:
    def analyst(route: Any) -> None:
        state = route.fetch().json()
        state["user"]["rights"] = ["see", "export"]
        route.fulfill(json=state)

    page = open_page(lambda page: page.route("**/auth/state", analyst))
    hit = choose_first(page)
    assert page.locator(".review-bar, .act").count() == 0
    open_photo(page)
    for key in ("a", "c", "x"):
        page.keyboard.press(key)
    assert page.locator(".mark-tool, .mark-panel, .act").count() == 0
    assert site.verdicts()[hit] == "open"


def test_a_phone_marks_by_a_tap_and_the_pad(site: Site, open_page: Callable[..., Any]) -> None:
    posted: list[dict[str, Any]] = []
    phone = {"viewport": {"width": 375, "height": 812}, "has_touch": True, "is_mobile": True}
    page = open_page(lambda page: page.add_init_script("localStorage.setItem('qly-show-boxes', 'no')"), **phone)
    draw_photos(page, choose_first(page), posted)
    page.locator(".evidence .crop").first.evaluate("button => button.click()")
    ready(page)
    page.locator(".mark-tool").tap()
    page.wait_for_selector(".mark-panel")
    whole(page)  # the photo has less room now
    red, _ = blots(page)
    page.touchscreen.tap(*red)
    page.get_by_text("90 % 的把握在 3.2 米以内").first.wait_for()
    assert np.abs(np.array([posted[-1]["x_px"], posted[-1]["y_px"]]) - RED).max() < 2
    for name in ("左移", "上移"):
        page.get_by_role("button", name=name).tap()
    page.wait_for_timeout(300)
    assert posted[-1]["x_px"] == pytest.approx(posted[0]["x_px"] - 1)
    assert posted[-1]["y_px"] == pytest.approx(posted[0]["y_px"] - 1)
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
