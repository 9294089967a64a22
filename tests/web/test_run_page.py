"""The run's page in Chromium, before made-up answers; the built files and their content policy are real."""

from __future__ import annotations

import io
import json
import math
import re
import urllib.parse
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.server.headers import content_policy
from pipeline.words import word
from tests.web.conftest import becomes

STATIC = Path(__file__).resolve().parents[2] / "pipeline" / "server" / "static"
SITE = "http://qianliyan.test"
LON, LAT = 113.53, 34.91
BLIND = "HTMLCanvasElement.prototype.getContext = () => null"
RIGHTS = ["see", "upload", "run", "review", "export", "layers", "tokens"]
PLAIN = {"photos": False, "searched": False, "track": False, "cameras": False, "labels": False, "grid": False}


def zh(key: str, **values: object) -> str:
    return word(key, "zh").format(**values) if values else word(key, "zh")


def at(east_m: float, north_m: float) -> list[float]:
    """Degrees of a place so many metres from the survey's south-west corner."""
    return [LON + east_m / (111_320 * math.cos(math.radians(LAT))), LAT + north_m / 110_940]


def hit(n: int, place: list[float], **changes: Any) -> dict[str, Any]:
    properties = {
        "id": f"h{n:010x}", "n": n, "class": "outfall", "origin": "model", "confidence": round(1 - n % 90 / 100, 2),
        "r90_m": 3.0, "cov_m2": [1, 0, 1], "ellipse": [3.0, 2.0, 0.0], "sightings": 2, "assumed": [],
        "first_seen": f"2026-11-21T04:00:{n % 60:02d}.000Z", "last_seen": f"2026-11-21T04:01:{n % 60:02d}.000Z",
        "verdict": "open", "moved": False, "reclassed": False, "comments": 0, "reviewed_by": None, "reviewed_at": None,
        "crop_url": "", **changes,
    }  # fmt: skip
    return {"type": "Feature", "geometry": {"type": "Point", "coordinates": [*place, 70.0]}, "properties": properties}


def box(west_m: float, south_m: float, side_m: float) -> dict[str, Any]:
    corners = [(0, 0), (1, 0), (1, 1), (0, 1), (0, 0)]
    return {"type": "Polygon", "coordinates": [[at(west_m + x * side_m, south_m + y * side_m) for x, y in corners]]}


def collection(features: list[dict[str, Any]]) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": features}


HITS = [
    hit(1, at(150, 150), ellipse=[30.0, 10.0, 90.0]),
    hit(2, at(100, 250), **{"class": "dust"}),
    hit(3, at(250, 100), verdict="rejected"),
    hit(4, at(250, 250), verdict="confirmed", **{"class": "dust"}),
    hit(5, at(60, 60), verdict="added", origin="officer", **{"class": "smoke/straw"}),
]


@dataclass
class Answers:
    """What the server would say: by path below /api/runs/RUN, and what was asked and sent."""

    state: str = "done"
    hits: list[dict[str, Any]] = field(default_factory=lambda: [json.loads(json.dumps(each)) for each in HITS])
    events: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    sent: list[tuple[str, Any]] = field(default_factory=list)

    def run(self) -> dict[str, Any]:
        return {
            "id": "r1", "flight": {"id": "f1", "name": "南岸 <b>航次</b>"}, "state": self.state, "stage": "look",
            "done": 1, "total": 4, "error": "", "options": {"detector": "all"}, "attempts": 1, "counts": None,
            "created_at": "2026-11-21T05:00:00.000Z", "started_at": None, "finished_at": None,
            "created_by": {"login": "a", "name": "a"},
        }  # fmt: skip

    def survey(self) -> dict[str, Any]:
        classes = {"outfall": "#d55e00", "dust": "#e69f00", "smoke/straw": "#7b5ea7"}
        return {
            "name": "南岸", "bounds": [*at(0, 0), *at(400, 300)], "start": None, "end": None,
            "classes": {k: {"zh": k, "en": k, "colour": colour} for k, colour in classes.items()},
            "meta": [], "mosaic": [], "not_located": [],
            "counts": {"hits": 5, "photos": 10, "searched": 9, "skipped": 1},
            "skipped": [["DJI_0010.JPG", "文件被截断"]], "warnings": ["高程基准未注明"],
        }  # fmt: skip

    def footprints(self) -> dict[str, Any]:
        places = [(x, y) for y in (0, 100, 200) for x in (0, 100, 200)]
        told = {"gsd_m": 0.03, "incidence_deg": 2.0, "sharpness": 40.0, "t": None, "searched": True}
        return collection(
            [
                {"type": "Feature", "geometry": box(x, y, 100), "properties": {**told, "frame_id": f"P{k}", "k": k}}
                for k, (x, y) in enumerate(places)
            ]
        )

    def photos(self) -> dict[str, Any]:
        told = {"t": "2026-11-21T04:00:00.000Z", "searched": True, "reason": "", "heading_deg": 0, "is_video": False}
        return {"photos": [{**told, "k": k, "frame_id": f"P{k}", "source": f"P{k}.JPG", "at": None} for k in range(9)]}

    def part(self, path: str) -> Any:
        gaps = [{"type": "Feature", "properties": {}, "geometry": box(300, 100, 100)}]
        made: dict[str, Callable[[], Any]] = {
            "": self.run, "map": self.survey, "hits": lambda: collection(self.hits), "footprints": self.footprints,
            "photos": self.photos, "track": lambda: collection([]), "gaps": lambda: collection(gaps),
        }  # fmt: skip
        if path in made:
            return made[path]()
        if found := re.fullmatch(r"hits/(\w+)", path):
            return self.whole(next(each for each in self.hits if each["properties"]["id"] == found[1]))
        if found := re.fullmatch(r"photos/(\d+)", path):
            sizes = {"width_px": 800, "height_px": 600, "tile_px": 512, "levels": 2}
            told: dict[str, Any] = {
                "frame_id": "P",
                "source": "P.JPG",
                "t": None,
                "sha256": "00",
                "pose": None,
                "boxes": [],
            }
            return {"k": int(found[1]), **sizes, **told}
        return None

    def whole(self, feature: dict[str, Any]) -> dict[str, Any]:
        lon, lat, alt_m = feature["geometry"]["coordinates"]
        places = {"wgs84": {"lat": lat, "lon": lon, "alt_m": alt_m, "dms": ""}, "cgcs2000": None}
        return {**feature, "evidence": [], "seen_moving": {}, "places": places, "history": []}

    def review(self, hit_id: str, body: Any) -> dict[str, Any]:
        feature = next(each for each in self.hits if each["properties"]["id"] == hit_id)
        if body["verdict"] == "moved":
            feature["geometry"]["coordinates"][:2] = body["value"]["coordinates"]
        else:
            feature["properties"]["verdict"] = body["verdict"]
        return self.whole(feature)

    def serve(self, route: Any) -> None:
        """Answer one request of the page."""
        path = urllib.parse.urlsplit(route.request.url).path
        if path.startswith(("/api", "/auth")):
            self.api(route, path)
            return
        file = STATIC / path.lstrip("/")
        page = not file.is_file()
        headers = {"Content-Security-Policy": content_policy()} if page else {}
        kind = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}.get(file.suffix, "text/html")
        route.fulfill(body=(STATIC / "index.html" if page else file).read_bytes(), content_type=kind, headers=headers)

    def api(self, route: Any, path: str) -> None:
        self.asked.append(path)
        if path == "/auth/state":
            user: dict[str, Any] = {"id": "u", "login": "li", "name": "李", "role": "member", "host": False}
            user |= {"rights": RIGHTS, "organisation": {"id": "o", "name": "支队"}}
            route.fulfill(json={"set_up": True, "user": user, "csrf": "c", "version": "1"})
        elif path == "/api/layers":
            route.fulfill(json={"layers": []})
        elif path == "/api/settings":
            route.fulfill(json={"basemap": None})
        elif path.endswith("/events"):
            body = self.events.pop(0) if self.events else "retry: 100\n\n"
            route.fulfill(body=body, content_type="text/event-stream")
        elif route.request.method == "POST":
            sent = route.request.post_data_json
            self.sent.append((path, sent))
            route.fulfill(json=self.review(path.split("/")[-2], sent))
        else:
            found = self.part(path.removeprefix("/api/runs/r1").lstrip("/"))
            route.fulfill(status=404, json={"code": "not_found"}) if found is None else route.fulfill(json=found)


@dataclass
class Opened:
    page: Any
    answers: Answers
    errors: list[str]

    def options(self) -> Any:
        return self.page.get_by_role("listbox", name=zh("map_hit_list")).get_by_role("option")

    def chosen(self) -> str:
        return str(self.page.locator("[role=option][aria-selected=true]").get_attribute("id")).removeprefix("hit-")

    def evidence(self, n: int) -> None:
        """Returns when the evidence of hit number n is shown."""
        self.page.locator(f".run-side [data-hit=h{n:010x}]").wait_for()

    def sent(self) -> list[tuple[str, Any]]:
        """What the page has sent, once it has sent something: its buttons answer before the server does."""
        for _ in range(200):
            if self.answers.sent:
                break
            self.page.wait_for_timeout(50)
        return self.answers.sent

    def asks(self, pattern: str) -> None:
        """Returns when the page has asked for such a path: what it shows may be there before the request is."""
        for _ in range(200):
            if any(re.fullmatch(pattern, path) for path in self.answers.asked):
                return
            self.page.wait_for_timeout(50)
        raise AssertionError(f"nobody asked for {pattern}: {self.answers.asked}")

    def picture(self) -> np.ndarray[Any, Any]:
        """The map as it is seen: (height, width, 3) integers."""
        from PIL import Image

        shot = self.page.locator(".map-canvas").screenshot()
        return np.asarray(Image.open(io.BytesIO(shot)).convert("RGB")).astype(int)

    def middle(self) -> tuple[float, float]:
        area = self.page.locator(".map-canvas").bounding_box()
        return area["x"] + area["width"] / 2, area["y"] + area["height"] / 2

    def cursor(self, x: float, y: float) -> tuple[float, float]:
        """Latitude and longitude that the page tells for a point of the screen."""
        self.page.mouse.move(x, y)
        self.page.wait_for_timeout(60)
        lat, lon = re.findall(r"-?\d+\.\d+", self.page.locator(".map-cursor").inner_text())[:2]
        return float(lat), float(lon)

    def spot(self, place: list[float]) -> tuple[float, float]:
        """Where on the screen a place is, by what the page tells for two other points."""
        x, y = self.middle()
        (north, west), (south, east) = self.cursor(x - 200, y - 150), self.cursor(x + 200, y + 150)
        return x - 200 + 400 * (place[0] - west) / (east - west), y - 150 + 300 * (north - place[1]) / (north - south)

    def settle(self) -> None:
        """Until the map lies still and everything that was asked of it is drawn; a move may not have begun yet."""
        x, y = self.middle()
        seen: list[tuple[float, float]] = []
        while len(seen) < 2 or seen[-1] != seen[-2]:
            self.page.wait_for_timeout(150)
            self.page.locator(".map-canvas[data-idle=yes]").wait_for()
            seen.append(self.cursor(x - 200, y - 150))
            assert len(seen) < 100, "the map does not come to rest"


@pytest.fixture
def open_page(browser: Any) -> Iterator[Callable[..., Opened]]:
    contexts: list[Any] = []

    def make(
        answers: Answers | None = None,
        layers: dict[str, bool] | None = None,
        size: tuple[int, int] = (1366, 768),
        script: str = "",
    ) -> Opened:
        shown = answers or Answers()
        viewport = {"width": size[0], "height": size[1]}
        context = browser.new_context(viewport=viewport, timezone_id="Asia/Shanghai", locale="zh-CN")
        contexts.append(context)
        kept = json.dumps(json.dumps(layers or {}))
        context.add_init_script(f"localStorage.setItem('qly-map-layers', {kept});{script}")
        context.route("**/*", shown.serve)
        page = context.new_page()
        page.set_default_timeout(20_000)
        errors: list[str] = []
        page.on("pageerror", lambda why: errors.append(str(why)))
        page.on("console", lambda said: errors.append(said.text) if "Content Security Policy" in said.text else None)
        page.goto(f"{SITE}/runs/r1")
        return Opened(page, shown, errors)

    yield make
    for context in contexts:
        context.close()


def test_map_and_list_choose_the_same_hit(open_page: Callable[..., Opened]) -> None:
    one = open_page()
    one.options().nth(1).click()
    chosen = one.chosen()
    one.evidence(2)
    one.settle()
    one.page.keyboard.press("Escape")
    becomes(lambda: one.page.locator("[role=option][aria-selected=true]").count(), 0)
    one.settle()
    one.page.mouse.click(*one.spot(at(100, 250)))
    one.page.locator("[role=option][aria-selected=true]").wait_for()
    assert one.chosen() == chosen
    assert one.errors == []


def test_filters_leave_what_was_asked_for(open_page: Callable[..., Opened]) -> None:
    one = open_page()
    one.options().first.wait_for()

    def button(name: str) -> Any:
        return one.page.get_by_role("button", name=re.compile(name))

    button("dust 2").click()
    becomes(lambda: one.options().count(), 3)
    button(zh("map_verdict_rejected")).click()
    becomes(lambda: one.options().count(), 2)
    button(zh("map_filters_clear")).click()
    becomes(lambda: one.options().count(), 5)
    lower = one.page.get_by_label(zh("map_confidence_from"))
    lower.fill("0.97")
    becomes(lambda: one.options().count(), 3)
    button(zh("map_filters_clear")).click()
    one.page.get_by_label(zh("map_search")).fill("h0000000004")
    becomes(lambda: one.options().count(), 1)
    one.page.get_by_text(zh("map_shown_of", shown=1, all=5)).wait_for()


def test_the_keyboard_does_everything(open_page: Callable[..., Opened]) -> None:
    one = open_page()
    one.options().first.wait_for()
    for key, expected in (("j", 1), ("j", 2), ("k", 1)):
        one.page.keyboard.press(key)
        assert one.chosen() == f"h{expected:010x}"
    listbox = one.page.get_by_role("listbox", name=zh("map_hit_list"))
    listbox.focus()
    one.page.keyboard.press("End")
    assert listbox.get_attribute("aria-activedescendant") == f"hit-{one.chosen()}" == "hit-h0000000005"
    assert "5" in one.page.locator(".only-heard[role=status]").last.inner_text()
    one.page.keyboard.press("/")
    one.page.locator("#hit-search:focus").wait_for()
    one.page.keyboard.type("j")  # a letter in a field is a letter
    assert one.page.get_by_label(zh("map_search")).input_value() == "j"
    one.page.keyboard.press("Escape")
    one.page.locator("h1").click()
    one.page.keyboard.press("?")
    one.page.get_by_role("dialog", name=zh("map_keys_title")).wait_for()


def test_verdicts_by_key_are_kept(open_page: Callable[..., Opened]) -> None:
    one = open_page()
    one.options().nth(1).click()
    one.page.keyboard.press("c")
    one.options().nth(1).get_by_text(zh("map_verdict_confirmed")).wait_for()
    assert one.sent() == [("/api/runs/r1/hits/h0000000002/reviews", {"verdict": "confirmed"})]


def extent_px(picture: np.ndarray[Any, Any], column: int, row: int, reach: int = 250) -> tuple[int, int]:
    """Width and height of what is orange near a point, in its row and its column."""
    orange = (picture[..., 0] - picture[..., 2]) > 25
    across = np.flatnonzero(orange[row, max(0, column - reach) : column + reach])
    down = np.flatnonzero(orange[max(0, row - reach) : row + reach, column])
    return int(np.ptp(across)) + 1, int(np.ptp(down)) + 1


def test_an_error_ellipse_has_its_true_size_at_every_zoom(open_page: Callable[..., Opened]) -> None:
    one = open_page(layers=PLAIN)
    for _ in range(2):  # in the middle of the map: 30 m east and west, 10 m north and south
        one.settle()
        x, y = one.middle()
        west, east = one.cursor(x - 200, y), one.cursor(x + 200, y)
        metres = (east[1] - west[1]) * 111_195 * math.cos(math.radians(east[0])) / 400
        east_px, south_px = one.spot(at(150, 150))
        area = one.page.locator(".map-canvas").bounding_box()
        width, height = extent_px(one.picture(), round(east_px - area["x"]), round(south_px - area["y"]))
        assert width * metres == pytest.approx(60, rel=0.04)
        assert height * metres == pytest.approx(20, rel=0.1)
        one.page.keyboard.press("+")


def test_what_nobody_looked_at_is_hatched_and_said(open_page: Callable[..., Opened]) -> None:
    one = open_page(Answers(hits=[]), layers=PLAIN)
    one.page.get_by_text(zh("map_none_found")).wait_for()
    one.settle()
    picture = one.picture()
    red = (picture[..., 0] - picture[..., 1]) > 60
    height, width = red.shape
    share = red[height // 2 - 40 : height // 2 + 40, :].mean(axis=0)
    gap = np.flatnonzero(share > 0.05)
    assert 0.05 < share[gap].mean() < 0.6  # lines, not a full colour
    assert gap.min() > width / 2  # east of what the photos show
    area = one.page.locator(".map-canvas").bounding_box()
    one.page.mouse.click(area["x"] + float(np.median(gap)), area["y"] + height / 2)
    one.page.get_by_text(zh("map_place_none")).wait_for()
    one.page.get_by_role("tab", name=zh("map_tab_about")).click()
    one.page.get_by_text("文件被截断").wait_for()
    one.page.get_by_text("高程基准未注明").wait_for()


def test_a_place_leads_to_its_photos(open_page: Callable[..., Opened]) -> None:
    one = open_page(layers=PLAIN)
    one.options().first.wait_for()
    one.settle()
    x, y = one.middle()
    one.page.mouse.click(x - 20, y + 30)
    photo = one.page.get_by_role("button", name=re.compile(f"^{zh('map_open_photo')}"))
    photo.first.wait_for()
    becomes(lambda: photo.count(), 1)
    photo.first.click()
    one.page.locator("dialog[open]").wait_for()
    one.asks(r"/api/runs/r1/photos/\d+")


def test_moving_a_hit_compares_and_sends_the_new_place(open_page: Callable[..., Opened]) -> None:
    one = open_page()
    one.options().nth(1).click()
    one.settle()
    one.page.keyboard.press("m")
    one.page.locator(".maplibregl-canvas:focus").wait_for()
    one.page.keyboard.press("ArrowRight")
    one.page.get_by_text(zh("map_within_ellipse")).wait_for()
    one.page.keyboard.press("Shift+ArrowUp")
    one.page.get_by_text(zh("map_beyond_ellipse")).wait_for()
    one.page.get_by_role("button", name=zh("map_move_save")).click()
    one.page.locator(".move-panel").wait_for(state="detached")
    one.page.get_by_text(zh("map_moved_mark")).first.wait_for()
    ((path, body),) = one.sent()
    assert path.endswith("/h0000000002/reviews") and body["verdict"] == "moved"
    assert body["value"]["coordinates"] == pytest.approx(at(101, 260), abs=2e-6)


def test_a_hit_is_dragged(open_page: Callable[..., Opened]) -> None:
    one = open_page()
    one.options().nth(1).click()
    one.settle()
    one.page.keyboard.press("m")
    one.page.locator(".move-panel").wait_for()
    one.settle()
    x, y = one.spot(at(100, 250))
    one.page.mouse.move(x, y)
    one.page.mouse.down()
    one.page.mouse.move(x + 30, y - 20, steps=4)
    one.page.mouse.move(x + 60, y - 40, steps=4)
    one.page.mouse.up()
    wanted = one.cursor(x + 60, y - 40)
    one.page.get_by_role("button", name=zh("map_move_save")).click()
    one.page.locator(".move-panel").wait_for(state="detached")
    assert one.sent()[0][1]["value"]["coordinates"] == pytest.approx(wanted[::-1], abs=3e-6)


def event(kind: str, data: dict[str, Any], number: int | None = None) -> str:
    line = f"id: {number}\n" if number is not None else ""
    return f"event: {kind}\n{line}data: {json.dumps(data)}\n\n"


def test_findings_come_while_the_search_goes_on(open_page: Callable[..., Opened]) -> None:
    progress = {"state": "running", "stage": "look", "done": 2, "total": 4, "error": ""}
    told = {"frame_id": "P0", "class": "outfall", "confidence": 0.9, "lon_deg": LON, "r90_m": 5.0, "t": None}
    found = [{**told, "lat_deg": at(0, 50 * i)[1]} for i in range(3)]
    nowhere = {**found[0], "lat_deg": None, "lon_deg": None}
    lines = [event("finding", each, n) for n, each in enumerate((found[0], nowhere, found[1], found[2]), start=1)]
    first = "retry: 200\n\n" + event("progress", progress) + lines[0] + lines[1]
    again = "retry: 600\n\n" + lines[0] + lines[2] + lines[3]
    answers = Answers("running", events=[first, again])
    one = open_page(answers)
    one.page.get_by_text(zh("map_first_findings", count=3)).wait_for()  # over two connections, the first of them once
    one.page.get_by_text("2 / 4").wait_for()
    answers.state = "done"
    answers.events.append(event("progress", {**progress, "state": "done"}))
    one.page.get_by_text(zh("map_shown_of", shown=5, all=5)).wait_for()
    one.page.get_by_text(zh("map_state_done"), exact=True).wait_for()
    assert answers.asked.count("/auth/state") == 1  # it was not loaded again
    assert one.errors == []


def test_without_webgl_list_and_evidence_work(open_page: Callable[..., Opened]) -> None:
    one = open_page(script=BLIND)
    one.page.get_by_text(zh("map_no_webgl")).wait_for()
    one.options().first.click()
    one.evidence(1)


def test_ten_thousand_hits_are_a_few_rows(open_page: Callable[..., Opened]) -> None:
    many = [hit(n, at(n % 400, n // 40)) for n in range(1, 10_001)]
    one = open_page(Answers(hits=many), script=BLIND)
    one.page.get_by_text(zh("map_shown_of", shown=10_000, all=10_000)).wait_for()
    assert one.options().count() < 40
    one.page.get_by_role("listbox", name=zh("map_hit_list")).press("End")
    one.page.wait_for_selector("[role=option][aria-posinset='10000'][aria-selected=true]")
    assert one.options().count() < 40


def test_a_phone_shows_map_and_list_without_scrolling_sideways(open_page: Callable[..., Opened]) -> None:
    one = open_page(size=(375, 812))
    one.options().first.click()
    one.evidence(1)
    becomes(lambda: one.page.evaluate("document.documentElement.scrollWidth"), 375)
    assert one.page.locator(".map-canvas").bounding_box()["height"] > 150
    handle = one.page.get_by_role("button", name=zh("map_sheet"))
    before = handle.bounding_box()["y"]
    handle.click()
    assert handle.bounding_box()["y"] < before


def test_axe_finds_nothing_serious(open_page: Callable[..., Opened], axe: Callable[[Any], list[str]]) -> None:
    one = open_page()
    one.options().first.click()
    one.evidence(1)
    one.settle()
    found = axe(one.page)
    for tab in ("layers", "about"):
        one.page.get_by_role("tab", name=zh(f"map_tab_{tab}")).click()
        found += axe(one.page)
    one.page.keyboard.press("Escape")
    one.settle()
    one.page.mouse.click(*one.spot(at(110, 130)))
    one.page.get_by_role("button", name=re.compile(f"^{zh('map_open_photo')}")).first.wait_for()
    found += axe(one.page)
    one.page.keyboard.press("?")
    assert found + axe(one.page) == []
