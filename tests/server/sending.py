"""A browser that uploads: the requests of tus-js-client, over a test client."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

from fastapi import FastAPI

from pipeline.server.settings import Settings

TUS = {"Tus-Resumable": "1.0.0"}
PATCH = {**TUS, "Content-Type": "application/offset+octet-stream"}
JPEG = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 40


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def new_flight(client, name: str = "秦淮河 1 号航次") -> str:
    made = client.post("/api/flights", json={"name": name})
    assert made.status_code == 201, made.text
    return made.json()["id"]


def declare(client, flight: str, files: dict[str, bytes]) -> list[dict]:
    told = [{"path": path, "size": len(data), "sha256": sha256(data)} for path, data in files.items()]
    answer = client.post(f"/api/flights/{flight}/files", json={"files": told})
    assert answer.status_code == 200, answer.text
    return answer.json()["files"]


def create(client, file: dict, size: int | None = None, **headers: str):
    """The answer to POST /api/uploads for a declared file."""
    metadata = ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in
                        {"file": file["id"], "filename": "甲.jpg", "filetype": "image/jpeg"}.items())  # fmt: skip
    length = str(file["size"] if size is None else size)
    return client.post("/api/uploads", headers={**TUS, "Upload-Length": length, "Upload-Metadata": metadata, **headers})


def begin(client, file: dict) -> str:
    """The address of its upload."""
    made = create(client, file)
    assert made.status_code == 201, made.text
    return made.headers["location"]


def patch(client, url: str, offset: int, data: bytes, **headers: str):
    return client.patch(url, headers={**PATCH, "Upload-Offset": str(offset), **headers}, content=data)


def offset_of(client, url: str) -> int:
    head = client.head(url, headers=TUS)
    assert head.status_code == 200, head.text
    return int(head.headers["upload-offset"])


def send(client, url: str, data: bytes, cuts: Iterable[int] = ()) -> None:
    """All the bytes, in pieces that end at `cuts`."""
    places = [0, *sorted(set(cuts)), len(data)]
    for start, end in pairwise(places):
        answer = patch(client, url, start, data[start:end])
        assert answer.status_code == 204, answer.text
        assert answer.headers["upload-offset"] == str(end)


def card_path(settings: Settings, flight_id: str) -> Path:
    """The folder with a flight's stored files under the names they had on its card."""
    return settings.cards / flight_id


def settle(app: FastAPI) -> None:
    """Check what has arrived, in this thread."""
    app.state.uploads.checker.drain()


def upload(app: FastAPI, client, flight: str, path: str, data: bytes) -> dict:
    """Declare, send and check one file; as it stands then."""
    [file] = declare(client, flight, {path: data})
    if file["state"] == "waiting":
        send(client, begin(client, file), data)
        settle(app)
    return files_of(client, flight)[path]


def files_of(client, flight: str) -> dict[str, dict]:
    told = client.get(f"/api/flights/{flight}/files").json()
    return {file["path"]: file for file in told["files"]}
