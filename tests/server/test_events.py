"""Server-sent events of a run: findings before its end, each once, by one look for all who listen."""

from __future__ import annotations

import asyncio
import json
import threading

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.server import events
from pipeline.server.events import PIECE_BYTES, Feeds, Tail
from pipeline.server.runs import run_folder
from pipeline.server.tables import Job
from tests.server.placed import place_flight
from tests.server.working import ask_for_run, until


@given(
    lines=st.lists(st.text(st.characters(exclude_characters="\n", codec="utf-8"), max_size=20), max_size=30),
    cuts=st.lists(st.integers(0, 400), max_size=8),
    known=st.integers(0, 12),
)
def test_a_tail_gives_every_whole_line_once(tmp_path_factory, lines, cuts, known):
    """However the file grows, byte by byte and in the middle of a character."""
    path = tmp_path_factory.mktemp("tail") / "lines"
    data, tail, found = "".join(f"{line}\n" for line in lines).encode(), Tail(known), []
    for end in [*sorted(cuts), len(data)]:
        path.write_bytes(data[:end])
        while new := tail.more(path):
            found += new
    assert found == list(enumerate(lines, 1))[known:]


def test_a_tail_of_nothing_of_a_long_line_and_of_a_file_begun_anew(tmp_path):
    path, tail = tmp_path / "lines", Tail(0)
    assert tail.more(path) == []
    path.write_bytes(b"x" * (PIECE_BYTES + 5) + b"\nnext\n")
    assert [len(line) for _, line in tail.more(path) + tail.more(path)] == [PIECE_BYTES, 5, 4]
    path.write_bytes(b"anew\n")
    assert tail.more(path) == [(1, "anew")]


@pytest.fixture
def run(client, app, tmp_path) -> str:
    """A queued run of the first organisation."""
    held = app.state.services
    card = tmp_path / "card"
    card.mkdir()
    (card / "A.JPG").write_bytes(b"\xff\xd8\xff")
    return ask_for_run(held.settings, held.database, place_flight(held.settings, held.database, card))


def change(app, run: str, **values) -> None:
    with app.state.services.database.write() as db:
        for key, value in values.items():
            setattr(db.get(Job, run), key, value)


def add(app, run: str, *frames: str) -> None:
    folder = run_folder(app.state.services.settings, run) / "run.partial"
    folder.mkdir(exist_ok=True)
    with (folder / "hits.partial.jsonl").open("a", encoding="utf-8") as file:
        file.writelines(json.dumps({"frame_id": frame}, ensure_ascii=False) + "\n" for frame in frames)


class Listener:
    """A browser that listens in a thread of its own."""

    def __init__(self, url: str, client, run: str, last: str = "") -> None:
        self.events: list[tuple[str, str, dict]] = []
        self.headers: dict[str, str] = {}
        self._asked = (f"{url}/api/runs/{run}/events", dict(client.cookies), {"Last-Event-ID": last} if last else {})
        self.thread = threading.Thread(target=self._listen)
        self.thread.start()

    def _listen(self) -> None:
        url, cookies, headers = self._asked
        with httpx.Client(cookies=cookies, timeout=30) as client, client.stream("GET", url, headers=headers) as answer:
            self.headers = dict(answer.headers)
            told: dict[str, str] = {}
            for line in answer.iter_lines():
                key, _, value = line.partition(": ")
                if line and key:
                    told[key] = value
                elif "event" in told:
                    self.events.append((told["event"], told.get("id", ""), json.loads(told["data"])))
                    told = {}

    def wait_for(self, what: str, count: int = 1) -> None:
        until(lambda: len([e for e in self.events if e[0] == what]) >= count, 30)

    def findings(self) -> list[tuple[str, str]]:
        return [(number, data["frame_id"]) for what, number, data in self.events if what == "finding"]


def test_findings_come_before_the_end_and_each_once(served, client, app, run):
    first = Listener(served, client, run)
    first.wait_for("progress")
    change(app, run, state="running", stage="look", done=1, total=3)
    add(app, run, "A.JPG", "照片\u2028 2.JPG")
    first.wait_for("finding", 2)
    assert [e[2]["state"] for e in first.events if e[0] == "progress"][-1] != "done"
    second = Listener(served, client, run, last="1")
    second.wait_for("finding")
    add(app, run, "C.JPG")
    folder = run_folder(app.state.services.settings, run)
    (folder / "log.txt").write_text("2026-11-22T08:00:00Z done\n", "utf-8")
    (folder / "run.partial").rename(folder / "run")
    change(app, run, state="done", done=3)
    for listener in (first, second):
        listener.thread.join(30)
        assert not listener.thread.is_alive()
        assert listener.events[-1][0] == "progress" and listener.events[-1][2]["state"] == "done"
        assert ("log", "", {"n": 1, "line": "2026-11-22T08:00:00Z done"}) in listener.events
    assert first.findings() == [("1", "A.JPG"), ("2", "照片\u2028 2.JPG"), ("3", "C.JPG")]
    assert second.findings() == first.findings()[1:]
    assert first.headers["content-type"].startswith("text/event-stream") and "content-encoding" not in first.headers


def test_an_ended_run_is_told_at_once(served, client, app, run):
    add(app, run, "A.JPG")
    change(app, run, state="failed", error="it broke", facts={"error_code": "task_died"})
    for last in ("", "1", "x", "9" * 30):
        listener = Listener(served, client, run, last)
        listener.thread.join(30)
        assert listener.findings() == ([] if last == "1" else [("1", "A.JPG")])
        told = listener.events[-1][2]
        assert (told["state"], told["error"], told["error_code"]) == ("failed", "it broke", "task_died")


def test_one_look_serves_all_who_listen(client, app, run, monkeypatch):
    """Fifty listeners share one feed, which ends with the last of them."""
    monkeypatch.setattr(events, "LOOK_S", 0.02)
    held, made = app.state.services, []
    real = events._Feed.__init__
    monkeypatch.setattr(events._Feed, "__init__", lambda self, *given: made.append(1) or real(self, *given))

    async def all_of(source) -> list:
        return [event async for event in source]

    async def listen() -> None:
        feeds = Feeds(held.settings, held.database)
        heard = [asyncio.create_task(all_of(feeds.listen(run, 0))) for _ in range(50)]
        await asyncio.sleep(0.1)
        await asyncio.get_running_loop().run_in_executor(None, lambda: change(app, run, state="cancelled"))
        assert all(json.loads(e[-1].data)["state"] == "cancelled" for e in await asyncio.gather(*heard))
        assert feeds._feeds == {}

    asyncio.run(listen())
    assert made == [1]


def test_who_leaves_ends_the_looking(client, app, run, monkeypatch):
    monkeypatch.setattr(events, "LOOK_S", 0.01)
    held = app.state.services

    async def listen() -> None:
        feeds = Feeds(held.settings, held.database)
        source = feeds.listen(run, 0)
        await anext(source)
        task = feeds._feeds[run]._task
        await source.aclose()
        await asyncio.sleep(0.05)
        assert feeds._feeds == {} and task.cancelled()

    asyncio.run(listen())


def test_nobody_else_may_listen(stranger, outsider, client, run):
    assert stranger.get(f"/api/runs/{run}/events").status_code == 401
    assert outsider.get(f"/api/runs/{run}/events").status_code == 404
    assert client.get(f"/api/runs/{'0' * 16}/events").status_code == 404
