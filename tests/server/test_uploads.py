"""Bytes on their way: cut anywhere, resumed by anybody, whole or not at all."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from itertools import count
from types import SimpleNamespace

import httpx
from fastapi import HTTPException
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.server import checking, pace, store, turns, uploads
from pipeline.server.app import create_app
from pipeline.server.mending import mend
from pipeline.server.store import blob_path, upload_path
from pipeline.server.turns import Turn, Turns
from tests.server.conftest import browser
from tests.server.sending import (
    JPEG,
    PATCH,
    TUS,
    begin,
    card_path,
    create,
    declare,
    files_of,
    new_flight,
    offset_of,
    patch,
    send,
    settle,
    sha256,
    upload,
)  # fmt: skip

OTHER = (number.to_bytes(8, "big") for number in count())  # no two examples have the same bytes
SHARED = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def again(app, client):
    """The server was killed and started anew over the same folder: the same browser goes on."""
    found = app.state.services
    made = create_app(found.settings)
    mend(found.settings, made.state.services.database, made.state.uploads.checker)
    other = browser(made)
    other.cookies, other.headers["X-CSRF-Token"] = client.cookies, client.headers["X-CSRF-Token"]
    return made, other


def test_a_file_is_sent_checked_and_stored(app, client):
    flight = new_flight(client)
    [file] = declare(client, flight, {"DCIM/照片 1.jpg": JPEG})
    assert (file["state"], file["offset"], file["upload_url"]) == ("waiting", 0, None)
    url = begin(client, file)
    send(client, url, JPEG, [1000])
    told = files_of(client, flight)["DCIM/照片 1.jpg"]
    assert (told["state"], told["offset"]) == ("checking", len(JPEG))
    settle(app)
    told = files_of(client, flight)["DCIM/照片 1.jpg"]
    assert (told["state"], told["sha256"], told["upload_url"]) == ("stored", sha256(JPEG), None)
    where = app.state.services.settings
    assert (card_path(where, flight) / "DCIM/照片 1.jpg").read_bytes() == JPEG
    assert not upload_path(where, url.rpartition("/")[2]).exists()


@SHARED
@given(data=st.data())
def test_any_split_into_pieces_arrives_whole(app, client, data):
    body = JPEG + data.draw(st.binary(max_size=3000)) + next(OTHER)
    cuts = data.draw(st.lists(st.integers(1, len(body) - 1), max_size=6))
    flight = new_flight(client)
    [file] = declare(client, flight, {"a.jpg": body})
    send(client, begin(client, file), body, cuts)
    settle(app)
    assert files_of(client, flight)["a.jpg"]["state"] == "stored"
    assert blob_path(app.state.services.settings, sha256(body)).read_bytes() == body


@settings(SHARED, max_examples=12)
@given(data=st.data())
def test_killed_while_writing_it_goes_on_where_the_disk_ends(app, client, data):
    """A piece of which only a part reached the disk, and no word of it anywhere else."""
    body = JPEG + data.draw(st.binary(max_size=3000)) + next(OTHER)
    flight = new_flight(client)
    [file] = declare(client, flight, {"a.jpg": body})
    url = begin(client, file)
    cut = data.draw(st.integers(1, len(body) - 1))
    send_part = data.draw(st.integers(cut, len(body)))
    assert patch(client, url, 0, body[:cut]).status_code == 204
    with upload_path(app.state.services.settings, url.rpartition("/")[2]).open("ab") as torn:
        torn.write(body[cut:send_part])
    second, resumed = again(app, client)
    at = offset_of(resumed, url)
    assert at == send_part
    if at < len(body):
        assert patch(resumed, url, at, body[at:]).status_code == 204
    settle(second)
    assert files_of(resumed, flight)["a.jpg"]["sha256"] == sha256(body)
    assert files_of(resumed, flight)["a.jpg"]["state"] == "stored"
    second.state.services.database.close()


def test_a_week_later_another_browser_goes_on(app, client, sign_in_as):
    flight = new_flight(client)
    [file] = declare(client, flight, {"a.jpg": JPEG})
    url = begin(client, file)
    patch(client, url, 0, JPEG[:5000])
    path = upload_path(app.state.services.settings, url.rpartition("/")[2])
    then = time.time() - 8 * 86_400
    os.utime(path, (then, then))
    second, _ = again(app, client)
    colleague = sign_in_as("member")
    [told] = declare(colleague, flight, {"a.jpg": JPEG})
    assert (told["upload_url"], told["offset"], told["state"]) == (url, 5000, "uploading")
    send_rest = patch(colleague, url, 5000, JPEG[5000:])
    assert send_rest.status_code == 204
    settle(app)
    assert files_of(client, flight)["a.jpg"]["state"] == "stored"
    second.state.services.database.close()


def test_unfinished_uploads_live_a_month_and_more_and_end_then(app, client):
    flight = new_flight(client)
    files = declare(client, flight, {"a.jpg": JPEG, "b.jpg": JPEG + b"b"})
    urls = [begin(client, f) for f in files]
    head = client.head(urls[0], headers=TUS)
    answer = patch(client, urls[0], 0, JPEG[:10])
    assert head.status_code == 200
    expires = parsedate_to_datetime(answer.headers["upload-expires"])
    assert expires > datetime.now(UTC) + timedelta(days=30)
    where, found = app.state.services.settings, app.state.services
    paths = [upload_path(where, url.rpartition("/")[2]) for url in urls]
    for path, days in zip(paths, (31, 61), strict=True):
        os.utime(path, (time.time() - days * 86_400,) * 2)
    mend(where, found.database, app.state.uploads.checker)
    assert [path.exists() for path in paths] == [True, False]
    assert files_of(client, flight)["b.jpg"]["state"] == "waiting"  # and may be sent anew
    assert begin(client, files[1]) == urls[1]


def test_bytes_that_are_not_the_declared_ones_are_refused_removed_and_can_be_sent_again(app, client):
    flight = new_flight(client)
    [file] = declare(client, flight, {"a.jpg": JPEG})
    url = begin(client, file)
    send(client, url, JPEG[:-1] + b"!")
    settle(app)
    told = files_of(client, flight)["a.jpg"]
    assert (told["state"], told["reason"], told["upload_url"]) == ("refused", "wrong_bytes", None)
    assert told["message"].startswith("What arrived is not")
    assert list(app.state.services.settings.uploads.iterdir()) == []
    assert client.head(url, headers=TUS).status_code == 404
    assert upload(app, client, flight, "a.jpg", JPEG)["state"] == "stored"


def test_the_same_file_twice_at_once_is_stored_once(app, client, outsider):
    where = app.state.services.settings
    flights = [new_flight(client), new_flight(client), new_flight(outsider)]
    people = [client, client, outsider]
    urls = []
    for person, flight in zip(people, flights, strict=True):
        [file] = declare(person, flight, {"a.jpg": JPEG})
        assert file["state"] == "waiting"
        urls.append(begin(person, file))
    for person, url in zip(people, urls, strict=True):
        send(person, url, JPEG)
    settle(app)
    assert [files_of(p, f)["a.jpg"]["state"] for p, f in zip(people, flights, strict=True)] == ["stored"] * 3
    inodes = {(card_path(where, flight) / "a.jpg").stat().st_ino for flight in flights}
    assert inodes == {blob_path(where, sha256(JPEG)).stat().st_ino}


def test_what_the_organisation_has_is_stored_without_bytes_and_what_another_has_is_not(app, client, outsider):
    upload(app, client, new_flight(client), "a.jpg", JPEG)
    second = new_flight(client)
    [file] = declare(client, second, {"b/其他.jpg": JPEG})
    assert (file["state"], file["offset"], file["upload_url"]) == ("stored", len(JPEG), None)
    assert (card_path(app.state.services.settings, second) / "b/其他.jpg").read_bytes() == JPEG
    [foreign] = declare(outsider, new_flight(outsider), {"a.jpg": JPEG})
    assert foreign["state"] == "waiting"
    asked = {"files": [{"path": "a.jpg", "size": len(JPEG), "sha256": "0" * 64}]}  # bytes that nobody has
    told = outsider.post(f"/api/flights/{new_flight(outsider)}/files", json=asked).json()["files"][0]
    assert {k: v for k, v in told.items() if k not in ("id", "sha256")} == {
        k: v for k, v in foreign.items() if k not in ("id", "sha256")
    }


def test_two_browsers_resume_one_upload(app, client, sign_in_as):
    flight = new_flight(client)
    [file] = declare(client, flight, {"a.jpg": JPEG})
    other = sign_in_as("member")
    url = begin(client, file)
    assert begin(other, file) == url
    patch(client, url, 0, JPEG[:100])
    late = patch(other, url, 0, JPEG[:200])
    assert (late.status_code, late.json()["code"]) == (409, "upload_moved")
    assert offset_of(other, url) == 100
    assert patch(other, url, 100, JPEG[100:]).status_code == 204
    settle(app)
    assert files_of(client, flight)["a.jpg"]["state"] == "stored"


def test_the_last_answer_was_lost(app, client):
    """The browser asks how far it is, and the file is stored already."""
    flight = new_flight(client)
    [file] = declare(client, flight, {"a.jpg": JPEG})
    url = begin(client, file)
    send(client, url, JPEG)
    settle(app)
    assert offset_of(client, url) == len(JPEG)
    gone = client.delete(url, headers=TUS)
    assert (gone.status_code, gone.json()["code"]) == (409, "stored")
    anew = create(client, file)
    assert (anew.status_code, anew.json()["code"]) == (409, "stored")


def test_cancelled_before_and_while_it_is_checked(app, client, monkeypatch):
    where, flight = app.state.services.settings, new_flight(client)
    [half] = declare(client, flight, {"half.jpg": JPEG})
    patch(client, begin(client, half), 0, JPEG[:99])
    assert client.delete(f"/api/flights/{flight}/files/{half['id']}").status_code == 204
    [whole] = declare(client, flight, {"whole.jpg": JPEG + b"1"})
    send(client, begin(client, whole), JPEG + b"1")
    looked = checking.look

    def cancel_meanwhile(*given):
        verdict = looked(*given)
        assert client.delete(f"/api/flights/{flight}/files/{whole['id']}").status_code == 204
        return verdict

    monkeypatch.setattr(checking, "look", cancel_meanwhile)
    settle(app)
    assert files_of(client, flight) == {}
    assert list(where.uploads.iterdir()) == []
    assert [p for p in where.blobs.rglob("*") if p.is_file()] == []
    assert [p for p in where.cards.rglob("*") if p.is_file()] == []


def test_cancelled_while_it_is_linked(app, client, monkeypatch):
    """The bytes are in their place already, and the row is gone."""
    where, flight = app.state.services.settings, new_flight(client)
    [file] = declare(client, flight, {"a.jpg": JPEG})
    send(client, begin(client, file), JPEG)
    synced = checking.sync_folders

    def cancel_meanwhile(folders):
        synced(folders)
        assert client.delete(f"/api/flights/{flight}/files/{file['id']}").status_code == 204

    monkeypatch.setattr(checking, "sync_folders", cancel_meanwhile)
    settle(app)
    for folder in (where.uploads, where.blobs, where.cards):
        assert [p for p in folder.rglob("*") if p.is_file()] == []


def test_an_upload_taken_back_by_the_protocol_can_begin_anew(app, client):
    flight = new_flight(client)
    [file] = declare(client, flight, {"a.jpg": JPEG})
    url = begin(client, file)
    patch(client, url, 0, JPEG[:500])
    assert client.delete(url, headers=TUS).status_code == 204
    assert files_of(client, flight)["a.jpg"]["state"] == "waiting"
    assert client.head(url, headers=TUS).status_code == 404
    assert patch(client, url, 500, b"x").status_code == 404
    assert upload(app, client, flight, "a.jpg", JPEG)["state"] == "stored"


def test_the_declared_size_binds(client):
    flight = new_flight(client)
    [file] = declare(client, flight, {"a.jpg": JPEG})
    other = create(client, file, size=len(JPEG) + 1)
    assert (other.status_code, other.json()["code"]) == (400, "other_size")
    url = begin(client, file)
    more = patch(client, url, 0, JPEG + b"!")
    assert (more.status_code, more.json()["code"]) == (413, "more_bytes")
    assert offset_of(client, url) == 0
    assert patch(client, url, len(JPEG), b"!").status_code == 413


def test_a_full_disk_is_told_and_the_upload_goes_on_later(app, client, monkeypatch):
    flight = new_flight(client)
    files = declare(client, flight, {"a.jpg": JPEG, "b.jpg": JPEG + b"b"})
    url = begin(client, files[0])
    with monkeypatch.context() as full:
        full.setattr(store.shutil, "disk_usage", lambda _: SimpleNamespace(free=0))
        for answer in (create(client, files[1]), patch(client, url, 0, JPEG)):
            assert (answer.status_code, answer.json()["code"]) == (507, "disk_full")
    with monkeypatch.context() as full:

        def no_room(path, data):
            raise uploads._answer_to(OSError(errno.ENOSPC, "No space left on device"))

        full.setattr(uploads, "_append", no_room)
        answer = patch(client, url, 0, JPEG)
        assert (answer.status_code, answer.json()["code"]) == (507, "disk_full")
    assert offset_of(client, url) == 0
    send(client, url, JPEG)
    settle(app)
    assert files_of(client, flight)["a.jpg"]["state"] == "stored"


def test_two_thousand_files_are_declared_in_one_call_and_found_page_by_page(client):
    flight = new_flight(client)
    told = [{"path": f"DCIM/{i:05d}.jpg", "size": 5_000_000, "sha256": f"{i:064x}"} for i in range(2_000)]
    first = client.post(f"/api/flights/{flight}/files", json={"files": told}).json()["files"]
    assert [f["path"] for f in first] == [f["path"] for f in told]
    assert client.post(f"/api/flights/{flight}/files", json={"files": told}).json()["files"] == first
    seen, after = [], ""
    while after is not None:
        page = client.get(f"/api/flights/{flight}/files", params={"after": after, "limit": 700}).json()
        seen, after = seen + page["files"], page["next"]
    assert {f["id"] for f in seen} == {f["id"] for f in first}
    assert len(seen) == 2_000
    too_many = client.post(f"/api/flights/{flight}/files", json={"files": [*told, told[0]]})
    assert too_many.status_code == 422


class TestTurns:
    """A connection that nobody will ever end gives way; one that brings bytes does not."""

    def test_the_silent_one_gives_way_and_keeps_what_it_brought(self, monkeypatch):
        monkeypatch.setattr(turns, "SILENT_S", 0.05)
        monkeypatch.setattr(turns, "LOOK_S", 0.01)

        async def never():
            await asyncio.Event().wait()

        async def scene() -> list[str]:
            all_turns, said, began = Turns(), [], asyncio.Event()

            async def sleeper() -> None:
                turns.CURRENT.set(mine := Turn())
                async with all_turns.taken("u"):
                    began.set()
                    said.append((await mine.receive(never))["type"])

            async def comer() -> None:
                await began.wait()
                async with all_turns.taken("u"):
                    said.append("next")

            await asyncio.gather(sleeper(), comer())
            return said

        assert asyncio.run(scene()) == ["http.disconnect", "next"]

    def test_one_that_sends_is_not_disturbed(self, monkeypatch):
        monkeypatch.setattr(turns, "SILENT_S", 0.2)
        monkeypatch.setattr(turns, "LOOK_S", 0.01)
        monkeypatch.setattr(turns, "WAIT_S", 0.3)

        async def piece():
            await asyncio.sleep(0.01)
            return {"type": "http.request", "body": b"x", "more_body": True}

        async def scene() -> int:
            all_turns, done = Turns(), asyncio.Event()

            async def sender() -> None:
                turns.CURRENT.set(mine := Turn())
                async with all_turns.taken("u"):
                    while not done.is_set():
                        assert (await mine.receive(piece))["type"] == "http.request"

            task = asyncio.create_task(sender())
            await asyncio.sleep(0.05)
            try:
                async with all_turns.taken("u"):
                    return 0
            except HTTPException as why:
                return why.status_code
            finally:
                done.set()
                await task

        assert asyncio.run(scene()) == 423


class TestPace:
    """Few uploads move at once; one that waits for something else holds nobody up."""

    def test_no_more_than_so_many_begin_at_once_and_all_come_through(self):
        moving, most, done = 0, 0, 0

        async def work(scope, receive, send):
            nonlocal moving, most, done
            moving += 1
            most = max(most, moving)
            await asyncio.sleep(0.001)
            moving -= 1
            while (await receive())["more_body"]:
                pass
            done += 1

        async def scene() -> None:
            door = pace.Pace(work)
            scope = {"type": "http", "path": "/api/uploads/x"}
            await asyncio.gather(*(door(scope, pieces(3), None) for _ in range(50)))

        asyncio.run(scene())
        assert (most, done) == (pace.AT_ONCE, 50)

    def test_those_that_wait_give_their_place_back(self, monkeypatch):
        monkeypatch.setattr(pace, "BEGINNING_S", 0.01)

        async def scene() -> None:
            end = asyncio.Event()

            async def stuck(scope, receive, send):
                await end.wait()

            async def quick(scope, receive, send):
                while (await receive())["more_body"]:
                    pass

            door, scope = pace.Pace(stuck), {"type": "http", "path": "/api/uploads"}
            waiting = [asyncio.create_task(door(scope, pieces(1), None)) for _ in range(pace.AT_ONCE * 2)]
            await asyncio.sleep(0)
            door.app = quick
            await asyncio.wait_for(door(scope, pieces(5), None), 20)
            end.set()
            await asyncio.gather(*waiting)

        asyncio.run(scene())


def pieces(count: int):
    left = count

    async def receive():
        nonlocal left
        left -= 1
        await asyncio.sleep(0)
        return {"type": "http.request", "body": b"x", "more_body": left > 0}

    return receive


def test_a_dead_connection_does_not_keep_its_owner_out(working, app, client, monkeypatch):
    """Over real sockets: half a body, silence, and the same browser comes back on another connection."""
    monkeypatch.setattr(turns, "SILENT_S", 0.3)
    flight = new_flight(client)
    [file] = declare(client, flight, {"a.jpg": JPEG})
    url = begin(client, file)
    host, port = working.removeprefix("http://").split(":")
    cookie = "; ".join(f"{c.name}={c.value}" for c in client.cookies.jar)
    head = {**PATCH, "Host": f"{host}:{port}", "Cookie": cookie, "X-CSRF-Token": client.headers["X-CSRF-Token"],
            "Upload-Offset": "0", "Content-Length": str(len(JPEG))}  # fmt: skip
    with socket.create_connection((host, int(port))) as dead:
        lines = "".join(f"{key}: {value}\r\n" for key, value in head.items())
        dead.sendall(f"PATCH {url} HTTP/1.1\r\n{lines}\r\n".encode() + JPEG[:3000])
        time.sleep(0.5)
        with httpx.Client(base_url=working, headers={k: head[k] for k in ("Cookie", "X-CSRF-Token")}) as back:
            first = patch(back, url, offset_of(back, url), JPEG)
            at = offset_of(back, url)
            if first.status_code != 204:  # what the dead one had brought was kept before the newcomer's turn
                assert (first.status_code, at) == (409, 3000)
                assert patch(back, url, at, JPEG[at:]).status_code == 204
            until = time.monotonic() + 20
            while files_of(back, flight)["a.jpg"]["state"] != "stored" and time.monotonic() < until:
                time.sleep(0.05)
            assert files_of(back, flight)["a.jpg"]["state"] == "stored"


def test_checking_in_the_background_ends_with_the_server(app, client):
    """Threads are gone after `close`, a long file half hashed or not."""
    before = threading.active_count()
    app.state.uploads.start()
    flight = new_flight(client)
    [file] = declare(client, flight, {"a.jpg": JPEG})
    send(client, begin(client, file), JPEG)
    until = time.monotonic() + 20
    while files_of(client, flight)["a.jpg"]["state"] != "stored" and time.monotonic() < until:
        time.sleep(0.02)
    assert files_of(client, flight)["a.jpg"]["state"] == "stored"
    app.state.uploads.close()
    assert threading.active_count() <= before + 2  # the pools of the framework
    assert not [t for t in threading.enumerate() if t.name.startswith("uploads-")]
