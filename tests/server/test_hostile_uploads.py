"""Uploads that mean harm: refused or neutralised, with nothing read, nothing called and nothing left."""

from __future__ import annotations

import base64
import io
import socket
import struct
import threading
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.server import kinds
from pipeline.server.store import upload_path
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
    sha256,
    upload,
)  # fmt: skip

CANARY = "canary-7f3a-黄雀"


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    path = tmp_path / "secret" / "canary.txt"
    path.parent.mkdir()
    path.write_text(CANARY, encoding="utf-8")
    return path


@pytest.fixture
def listener() -> Iterator[tuple[int, list[str]]]:
    """A port on loopback, and who called it."""
    calls: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        end = threading.Event()

        def listen() -> None:
            while not end.is_set():
                try:
                    connection, _ = server.accept()
                except TimeoutError:
                    continue
                calls.append("called")
                connection.close()

        thread = threading.Thread(target=listen)
        thread.start()
        yield server.getsockname()[1], calls
        end.set()
        thread.join()


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_bomb(width: int = 30_000, height: int = 30_000) -> bytes:
    """900 megapixels in some 109 KB."""
    packer = zlib.compressobj(9)
    row = b"\x00" * (width // 8 + 1)
    packed = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def zipped() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.jpg", b"\x00" * 10_000_000)
    return made.getvalue()


def vrt(source: str) -> bytes:
    return f"""<VRTDataset rasterXSize="1" rasterYSize="1"><VRTRasterBand dataType="Byte" band="1"><SimpleSource>
<SourceFilename relativeToVRT="0">{source}</SourceFilename><SourceBand>1</SourceBand></SimpleSource></VRTRasterBand>
</VRTDataset>""".encode()


def test_files_that_are_not_what_they_are_called(app, client, canary, listener):
    port, calls = listener
    flight = new_flight(client)
    hostile = {
        "vrt.tif": vrt(str(canary)),
        "vrt2.tiff": vrt(f"/vsicurl/http://127.0.0.1:{port}/x.tif"),
        "page.jpg": b"<!DOCTYPE html><script>alert(1)</script>",
        "drawing.jpg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
        "drawing.png": b'<?xml version="1.0"?><svg/>',
        "archive.jpg": zipped(),
        "program.mp4": b"MZ\x90\x00" + bytes(4000),
        "playlist.mp4": f"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:{port}/a.ts\n".encode(),
        "concat.mkv": f"ffconcat version 1.0\nfile '{canary}'\n".encode(),
        "page.srt": b"<html><script>alert(1)</script></html>",
        "pickle.bin": b"\x80\x04\x95" + bytes(100),
        "jpeg.tif": JPEG,
        "tiff.jpg": b"II*\x00" + bytes(100),
        "empty.log": bytes(10),
    }
    for path, data in hostile.items():
        told = upload(app, client, flight, path, data)
        assert (told["state"], told["reason"]) == ("refused", "wrong_kind"), path
    assert not calls
    assert not kept(app)


def kept(app) -> list[Path]:
    where = app.state.services.settings
    return [p for folder in (where.uploads, where.blobs, where.cards) for p in folder.rglob("*") if p.is_file()]


def test_a_picture_that_claims_900_megapixels(app, client):
    bomb = png_bomb()
    assert len(bomb) < 120_000
    told = upload(app, client, new_flight(client), "bomb.png", bomb)
    assert (told["state"], told["reason"]) == ("refused", "too_many_pixels")
    assert not kept(app)


OTHER_ENDINGS = (
    "a.zip a.vrt a.svg a.html a.exe a.gpkg a.tar.gz a.jpg.exe a boxes.json a.toml sub/mission.toml a.pkl a.pt"
)


@pytest.mark.parametrize("name", OTHER_ENDINGS.split())
def test_endings_that_no_flight_has(client, name):
    [told] = declare(client, new_flight(client), {name: JPEG})
    assert (told["state"], told["reason"], told["upload_url"]) == ("refused", "kind_unknown", None)


def test_sizes_that_nobody_would_read(client):
    def told(path: str, size: int) -> str:
        asked = {"files": [{"path": path, "size": size, "sha256": "0" * 64}]}
        return client.post(f"/api/flights/{flight}/files", json=asked).json()["files"][0]["reason"]

    flight = new_flight(client)
    assert told("a.jpg", kinds.JPEG.most_bytes) == ""
    assert told("a.jpg", kinds.JPEG.most_bytes + 1) == "file_too_large"
    assert told("a.mp4", 64 * 1024**3) == ""
    assert told("b.mp4", 64 * 1024**3 + 1) == "file_too_large"
    assert told("c.mp4", 2**62) == "file_too_large"


def test_sizes_that_are_no_sizes(client):
    flight = new_flight(client)
    for size in (-1, 2**63, 1.5, "1e3", None, True):
        asked = {"files": [{"path": "a.jpg", "size": size, "sha256": "0" * 64}]}
        answer = client.post(f"/api/flights/{flight}/files", json=asked)
        assert answer.status_code == 422, size


MISSIONS = {
    "absolute": 'ground = {{ dem = "{canary}" }}',
    "up": '[ground]\ndem = "../../secret/canary.txt"',
    "geoid": '[ground]\ngeoid = "a/../../../x"',
    "reviews": '[run]\nreviews = "../../runs/other/run.reviews"',
    "boxes": '[run]\nboxes = "{canary}"',
    "cluster": '[run]\ncluster = "tcp://127.0.0.1:{port}"',
    "detector": '[run]\ndetector = "/tmp/evil.onnx"',
    "detector up": '[run]\ndetector = "yolo:../../evil"',
    "vsi": '[ground]\ndem = "/vsicurl/http://127.0.0.1:{port}/x.tif"',
}


@pytest.mark.parametrize("which", MISSIONS)
def test_a_mission_file_that_reaches_out_of_its_flight(app, client, canary, listener, which):
    port, calls = listener
    text = MISSIONS[which].format(canary=canary.as_posix(), port=port)
    told = upload(app, client, new_flight(client), "mission.toml", text.encode())
    assert (told["state"], told["reason"]) == ("refused", "mission_outside")
    assert not kept(app) and not calls


def test_a_mission_file_is_read_and_what_is_wrong_in_it_is_told(app, client):
    flight = new_flight(client)
    good = '[mission]\nname = "秦淮河"\n[ground]\ndem = "terrain/dem.tif"\n[run]\ndetector = "yolo:qly-n"\n'.encode()
    assert upload(app, client, flight, "mission.toml", good)["state"] == "stored"
    told = upload(app, client, new_flight(client), "mission.toml", b"[mission]\nnonsense = 1\n")
    assert (told["state"], told["reason"]) == ("refused", "mission_bad")
    assert "nonsense" in told["message"]
    told = upload(app, client, new_flight(client), "mission.toml", b"[" * 5_000)
    assert (told["state"], told["reason"]) == ("refused", "mission_bad")


def test_no_canary_anywhere_after_all_that_was_tried(app, client, canary, listener):
    port, calls = listener
    flight = new_flight(client)
    link = f"/vsicurl/http://127.0.0.1:{port}/"
    mission = f'[ground]\ndem="{canary}"'.encode()
    for path, data in (("a.tif", vrt(str(canary))), ("b.tif", vrt(link)), ("mission.toml", mission)):
        upload(app, client, flight, path, data)
    for folder in (p for p in app.state.services.settings.data.rglob("*") if p.is_file()):
        assert CANARY.encode() not in folder.read_bytes(), folder
    assert not calls


class TestOwnership:
    """Every verb, before a byte is taken."""

    def test_another_organisations_upload_is_not_there(self, app, client, outsider):
        flight = new_flight(client)
        [file] = declare(client, flight, {"a.jpg": JPEG})
        url = begin(client, file)
        patch(client, url, 0, JPEG[:100])
        answers = [
            outsider.head(url, headers=TUS), outsider.delete(url, headers=TUS), patch(outsider, url, 100, JPEG[100:]),
            create(outsider, file), create(outsider, {**file, "id": "0" * 16}), create(outsider, {**file, "id": ""}),
        ]  # fmt: skip
        assert [a.status_code for a in answers] == [404] * 6
        assert offset_of(client, url) == 100

    @pytest.mark.parametrize("role", ["analyst", "judge"])
    def test_roles_that_may_not_upload(self, client, sign_in_as, role):
        [file] = declare(client, new_flight(client), {"a.jpg": JPEG})
        url, person = begin(client, file), sign_in_as(role)
        for answer in (person.head(url, headers=TUS), person.delete(url, headers=TUS), patch(person, url, 0, JPEG),
                       create(person, file), person.options("/api/uploads", headers=TUS)):  # fmt: skip
            assert answer.status_code == 403
        assert offset_of(client, url) == 0

    def test_strangers(self, client, stranger):
        [file] = declare(client, new_flight(client), {"a.jpg": JPEG})
        url = begin(client, file)
        answers = [stranger.head(url, headers=TUS), stranger.delete(url, headers=TUS), stranger.options("/api/uploads")]
        for answer in (*answers, patch(stranger, url, 0, JPEG), create(stranger, file)):
            assert answer.status_code == 401
        assert offset_of(client, url) == 0

    def test_without_the_pages_sign_nothing_is_changed(self, client):
        [file] = declare(client, new_flight(client), {"a.jpg": JPEG})
        url = begin(client, file)
        patch(client, url, 0, JPEG[:10])
        sign = client.headers.pop("X-CSRF-Token")
        for answer in (patch(client, url, 10, JPEG[10:]), client.delete(url, headers=TUS), create(client, file),
                       client.get(url, headers={**TUS, "X-HTTP-Method-Override": "DELETE"}),
                       client.get(url, headers={**TUS, "x-http-method-override": "patch"})):  # fmt: skip
            assert answer.status_code in (400, 403)
        client.headers["X-CSRF-Token"] = sign
        assert offset_of(client, url) == 10

    NONE = (
        "..",
        "%2e%2e",
        "..%2f..%2fqianliyan.sqlite",
        "..%5c..%5cx",
        "x" * 5000,
        "a" * 32,
        "%00",
        "A" * 32,
        "照片",
        "-",
    )

    @pytest.mark.parametrize("uid", NONE)
    def test_ids_that_are_none(self, app, client, uid):
        before = [p for p in app.state.services.settings.data.rglob("*") if p.is_file()]
        for method in ("HEAD", "PATCH", "DELETE"):
            answer = client.request(method, f"/api/uploads/{uid}", headers={**PATCH, "Upload-Offset": "0"}, content=b"")
            assert answer.status_code in (404, 405), (method, uid)
        assert [p for p in app.state.services.settings.data.rglob("*") if p.is_file()] == before


class TestProtocol:
    def test_only_what_is_offered(self, app, client):
        told = client.options("/api/uploads")
        assert (told.status_code, told.headers["tus-extension"]) == (204, "creation,termination,expiration")
        [file] = declare(client, new_flight(client), {"a.jpg": JPEG})
        for headers in ({"Upload-Concat": "partial"}, {"Upload-Concat": "final;/api/uploads/../../x"},
                        {"Upload-Defer-Length": "1"}, {"X-HTTP-Method-Override": "PATCH"}):  # fmt: skip
            answer = create(client, file, **headers)
            assert (answer.status_code, answer.json()["code"]) == (400, "not_offered"), headers
        metadata = f"file {base64.b64encode(file['id'].encode()).decode()}"
        head = {**TUS, "Upload-Length": str(len(JPEG)), "Upload-Metadata": metadata}
        for content in (JPEG, iter([JPEG])):
            answer = client.post("/api/uploads", headers=head, content=content)
            assert (answer.status_code, answer.json()["code"]) == (400, "not_offered")
        assert not kept(app)

    def test_requests_that_are_none(self, client):
        [file] = declare(client, new_flight(client), {"a.jpg": JPEG})
        url = begin(client, file)
        wrong = [
            ({"Upload-Offset": "-1"}, 400), ({"Upload-Offset": "x"}, 400), ({"Upload-Offset": "9" * 19}, 400),
            ({"Upload-Offset": ""}, 400), ({"Content-Type": "text/plain"}, 415), ({"Tus-Resumable": "0.2.0"}, 412),
            ({"Upload-Offset": "5"}, 409),
        ]  # fmt: skip
        for headers, status in wrong:
            answer = client.patch(url, headers={**PATCH, "Upload-Offset": "0", **headers}, content=JPEG[:10])
            assert answer.status_code == status, headers
        chunked = client.patch(url, headers={**PATCH, "Upload-Offset": "0"}, content=iter([JPEG]))
        assert chunked.status_code == 400
        assert offset_of(client, url) == 0
        for length in ("-1", "x", "", "1" * 30):
            metadata = f"file {base64.b64encode(file['id'].encode()).decode()}"
            head = {**TUS, "Upload-Length": length, "Upload-Metadata": metadata}
            assert client.post("/api/uploads", headers=head).status_code in (400, 422)

    def test_the_address_of_an_upload_is_ours_whatever_a_proxy_is_said_to_be(self, client):
        [file] = declare(client, new_flight(client), {"a.jpg": JPEG})
        made = create(client, file, **{"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "javascript"})
        assert made.headers["location"].startswith("/api/uploads/")
        assert "evil" not in str(made.headers)

    def test_metadata_is_never_believed(self, app, client):
        """Names and kinds that come with the creation are ignored: those of the declaration count."""
        flight = new_flight(client)
        [file] = declare(client, flight, {"a.jpg": JPEG})
        pairs = {"file": file["id"], "filename": "../../evil.sh", "filetype": "text/html", "name": "\x00"}
        told = ",".join(f"{k} {base64.b64encode(v.encode()).decode()}" for k, v in pairs.items())
        odd = (told + ",x,,= =,y 照").encode()
        made = client.post("/api/uploads", headers={**TUS, "Upload-Length": str(len(JPEG)), "Upload-Metadata": odd})
        assert made.status_code == 201
        upload_id = made.headers["location"].rpartition("/")[2]
        assert upload_path(app.state.services.settings, upload_id).exists()
        assert patch(client, made.headers["location"], 0, JPEG).status_code == 204
        app.state.uploads.checker.drain()
        assert set(files_of(client, flight)) == {"a.jpg"}
        assert [p.name for p in card_path(app.state.services.settings, flight).rglob("*")] == ["a.jpg"]


def test_digests_that_are_none(client):
    flight = new_flight(client)
    for digest in ("", "0" * 63, "0" * 65, "G" * 64, "../" * 21 + "a", sha256(b"").upper() + "\n", None):
        asked = {"files": [{"path": "a.jpg", "size": 1, "sha256": digest}]}
        assert client.post(f"/api/flights/{flight}/files", json=asked).status_code == 422
