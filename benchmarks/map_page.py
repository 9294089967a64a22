"""A run's page with 10,000 hits and 2,000 footprints in Chromium: `python -m benchmarks.map_page`.

Made-up answers and the built page, from a small server on 127.0.0.1; WebGL is drawn by the processor, so that frames
are slow, but what the page's own thread does is what it would do with a graphics card. The browser's trace tells every
task of that thread: by the clock, and by the processor time in it, which other programs do not lengthen.
Asked for: first paint under 1 s, no task over 200 ms while the map is panned.
"""

from __future__ import annotations

import argparse
import gzip
import json
import math
import os
import random
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from pipeline.server.headers import content_policy

STATIC = Path(__file__).resolve().parents[1] / "pipeline" / "server" / "static"
CLASSES = {
    "outfall": "#d55e00",
    "dust": "#e69f00",
    "smoke/straw": "#7b5ea7",
    "burn-scar": "#8c2d04",
    "marker": "#0072b2",
}
VERDICTS = ("open", "open", "open", "confirmed", "rejected", "added")
LON, LAT = 113.5, 34.9
EAST, NORTH = 1 / (111_320 * math.cos(math.radians(LAT))), 1 / 110_940  # degrees a metre
PER_STRIP, ALONG_M, ACROSS_M = 50, 40.0, 30.0
GL = ("--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist")
KINDS = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".html": "text/html; charset=utf-8"}
USER = {
    "id": "u", "login": "li", "name": "李", "role": "member", "host": False,
    "organisation": {"id": "o", "name": "支队"},
    "rights": ["see", "upload", "run", "review", "export", "layers", "tokens"],
}  # fmt: skip

Answers = dict[str, bytes]


def place(x_m: float, y_m: float) -> list[float]:
    return [round(LON + x_m * EAST, 9), round(LAT + y_m * NORTH, 9)]


def moment(seconds: int) -> str:
    return f"2026-11-21T{4 + seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.000Z"


def hit(n: int, rng: random.Random, extent_m: tuple[float, float]) -> dict[str, Any]:
    major_m, verdict = rng.uniform(0.5, 6), rng.choice(VERDICTS)
    axes = [round(major_m, 2), round(major_m * rng.uniform(0.3, 1), 2), rng.randint(0, 179)]
    properties = {
        "id": f"h{n:010x}", "n": n, "class": rng.choice(tuple(CLASSES)), "confidence": round(rng.betavariate(5, 2), 4),
        "origin": "officer" if verdict == "added" else "model", "verdict": verdict, "r90_m": round(major_m, 2),
        "cov_m2": [1.0, 0.0, 1.0], "ellipse": axes, "sightings": rng.randint(1, 9), "assumed": [],
        "first_seen": moment(rng.randint(0, 4000)), "last_seen": moment(4000), "moved": False,
        "reclassed": False, "comments": 0, "reviewed_by": None, "reviewed_at": None, "crop_url": "",
    }  # fmt: skip
    at = [*place(rng.uniform(0, extent_m[0]), rng.uniform(0, extent_m[1])), 70.0]
    return {"type": "Feature", "geometry": {"type": "Point", "coordinates": at}, "properties": properties}


def camera_m(k: int) -> tuple[float, float]:
    """Metres east and north of photo k, strip by strip to and fro."""
    strip, i = divmod(k, PER_STRIP)
    return (i if strip % 2 == 0 else PER_STRIP - 1 - i) * ALONG_M, strip * ACROSS_M


def footprint(k: int) -> dict[str, Any]:
    x, y = camera_m(k)
    outline = [(-45, -34), (0, -34.5), (45, -34), (45.5, 0), (45, 34), (0, 34.5), (-45, 34), (-45.5, 0), (-45, -34)]
    ring = [place(x + dx, y + dy) for dx, dy in outline]
    told = {"t": moment(2 * k), "gsd_m": 0.03, "incidence_deg": 3.0, "searched": k % 97 != 0, "sharpness": 40.0}
    return {
        "type": "Feature", "geometry": {"type": "MultiPolygon", "coordinates": [[ring]]},
        "properties": {"frame_id": f"DJI_{k:04d}.JPG", "k": k, **told},
    }  # fmt: skip


def photo(k: int) -> dict[str, Any]:
    name = f"DJI_{k:04d}.JPG"
    told = {"t": moment(2 * k), "searched": k % 97 != 0, "reason": "", "heading_deg": 90.0, "is_video": False}
    return {"k": k, "frame_id": name, "source": name, "at": place(*camera_m(k)), **told}


def collection(features: list[dict[str, Any]]) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": features}


def answers(n_hits: int, n_photos: int) -> Answers:
    """What the server would say, by path, as compressed JSON."""
    rng = random.Random(5)
    extent_m = ((PER_STRIP - 1) * ALONG_M, math.ceil(n_photos / PER_STRIP) * ACROSS_M)
    track = {"type": "LineString", "coordinates": [place(*camera_m(k)) for k in range(n_photos)]}
    base = "/api/runs/r1"
    said: dict[str, Any] = {
        "/auth/state": {"set_up": True, "user": USER, "csrf": "c", "version": "1"},
        "/api/layers": {"layers": []}, "/api/settings": {"basemap": None},
        base: {
            "id": "r1", "flight": {"id": "f1", "name": "大航次"}, "state": "done", "stage": "", "done": 0, "total": 0,
            "error": "", "options": {}, "attempts": 1, "created_at": moment(0), "started_at": None, "finished_at": None,
            "created_by": {"login": "li", "name": "李"}, "counts": None,
        },
        f"{base}/map": {
            "name": "大航次", "bounds": [*place(-50, -50), *place(extent_m[0] + 50, extent_m[1] + 50)],
            "start": moment(0), "end": moment(4000), "meta": [], "mosaic": [], "skipped": [],
            "not_located": [], "warnings": [],
            "classes": {label: {"zh": label, "en": label, "colour": colour} for label, colour in CLASSES.items()},
            "counts": {"hits": n_hits, "photos": n_photos, "searched": n_photos, "skipped": 0},
        },
        f"{base}/hits": collection([hit(n, rng, extent_m) for n in range(1, n_hits + 1)]),
        f"{base}/footprints": collection([footprint(k) for k in range(n_photos)]),
        f"{base}/photos": {"photos": [photo(k) for k in range(n_photos)]},
        f"{base}/track": collection([{"type": "Feature", "properties": {}, "geometry": track}]),
        f"{base}/gaps": collection([]),
    }  # fmt: skip
    return {path: gzip.compress(json.dumps(value).encode(), 5) for path, value in said.items()}


@contextmanager
def served(said: Answers) -> Iterator[str]:
    """The built page and the answers on a free port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None:
            pass

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            file = STATIC / path.lstrip("/")
            if path in said:
                self.say(said[path], "application/json", {"Content-Encoding": "gzip"})
            elif path.startswith("/api"):
                self.send_error(404)
            else:
                file = file if file.is_file() else STATIC / "index.html"
                self.say(file.read_bytes(), KINDS.get(file.suffix, "application/octet-stream"), {})

        def say(self, body: bytes, kind: str, headers: dict[str, str]) -> None:
            self.send_response(200)
            always = {
                "Content-Type": kind,
                "Content-Length": str(len(body)),
                "Content-Security-Policy": content_policy(),
            }
            for name, value in {**always, **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()


def tasks_ms(trace: bytes) -> list[tuple[float, float]]:
    """(by the clock, in the processor) of every task of the page's main thread, the longest first."""
    events = json.loads(trace)["traceEvents"]
    mains = {
        (e["pid"], e["tid"]) for e in events if e["name"] == "thread_name" and e["args"]["name"] == "CrRendererMain"
    }
    found = [
        (e["dur"] / 1000, e.get("tdur", 0) / 1000)
        for e in events
        if e["name"].endswith("RunTask") and e.get("ph") == "X" and (e["pid"], e["tid"]) in mains
    ]
    return sorted(found, reverse=True)


def say_tasks(what: str, tasks: list[tuple[float, float]]) -> None:
    over = sum(wall > 200 for wall, _ in tasks)
    longest, busiest = tasks[0] if tasks else (0.0, 0.0), max((cpu for _, cpu in tasks), default=0.0)
    said = f"longest task {longest[0]:6.0f} ms, in the processor {busiest:5.0f} ms"
    print(f"{what:22} {said}; {over} of {len(tasks)} over 200 ms")


def pan(page: Any) -> None:
    for step in ((-9, -4), (9, 5), (-8, 4), (8, -5)):
        page.mouse.move(850, 430)
        page.mouse.down()
        for i in range(25):
            page.mouse.move(850 + step[0] * i, 430 + step[1] * i)
            page.wait_for_timeout(16)
        page.mouse.up()
        page.wait_for_timeout(300)


def zoom(page: Any) -> None:
    page.mouse.move(850, 430)
    for by in (-250, -250, -250, -250, 250, 250, 250):
        page.mouse.wheel(0, by)
        page.wait_for_timeout(500)


def traced(browser: Any, page: Any, act: Any) -> list[tuple[float, float]]:
    browser.start_tracing(
        page=page, categories=["toplevel", "disabled-by-default-devtools.timeline", "devtools.timeline"]
    )
    act()
    return tasks_ms(browser.stop_tracing())


def idle(page: Any) -> None:
    page.locator(".map-canvas[data-idle=yes]").wait_for(timeout=120_000)


def measure(browser: Any, url: str) -> None:
    page = browser.new_page(viewport={"width": 1366, "height": 768})

    def load() -> None:
        page.goto(url)
        page.locator("[role=option]").first.wait_for(timeout=60_000)
        idle(page)

    first = traced(browser, page, load)
    paints = page.evaluate("performance.getEntriesByType('paint').map((e) => [e.name, e.startTime])")
    print(" · ".join(f"{name} {at:.0f} ms" for name, at in paints))
    say_tasks("loading", first)
    for name, act in (("panning, all in view", pan), ("zooming", zoom), ("panning, nearer", pan)):
        say_tasks(name, traced(browser, page, lambda act=act: act(page)))
        idle(page)


def bundles() -> None:
    """Bytes of the page's parts, as they are and compressed."""
    for file in sorted((STATIC / "assets").iterdir(), key=lambda f: -f.stat().st_size):
        if file.suffix in (".js", ".css") and file.stat().st_size > 8_000:
            data = file.read_bytes()
            print(f"{file.name:38} {len(data) / 1000:8.1f} kB {len(gzip.compress(data)) / 1000:8.1f} kB gzip")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--hits", type=int, default=10_000)
    parser.add_argument("--footprints", type=int, default=2_000)
    asked = parser.parse_args()
    chromium = os.environ.get("QLY_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("Chromium is needed")
    from playwright.sync_api import sync_playwright

    bundles()
    with served(answers(asked.hits, asked.footprints)) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", *GL])
        measure(browser, f"{url}/runs/r1")
        browser.close()


if __name__ == "__main__":
    main()
