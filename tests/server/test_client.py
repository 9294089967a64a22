"""The client for notebooks against a real server on loopback."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import geopandas
import httpx
import pytest
from starlette.testclient import TestClient

from pipeline import client as client_module
from pipeline.client import ApiError, Client
from pipeline.errors import PipelineError
from pipeline.sim import make_flight
from tests.server.simulated import SMALL

Give = Callable[..., Client]


@pytest.fixture
def token(client: TestClient) -> str:
    made = client.post("/api/tokens", json={"name": "notebook", "scopes": ["write"], "days": 1})
    return str(made.json()["token"])


@pytest.fixture
def office(working: str, token: str) -> Iterator[Client]:
    with Client(working, token) as found:
        yield found


@pytest.fixture
def card(tmp_path: Path) -> Path:
    """A folder as a card has it; not all of it is of use."""
    folder = tmp_path / "存储卡 1"
    (folder / "DCIM" / "100 媒体").mkdir(parents=True)
    for i in range(3):
        (folder / "DCIM" / "100 媒体" / f"照片{i}.jpg").write_bytes(jpeg(i) * (1 + 400 * i))
    (folder / "virus.exe").write_bytes(b"MZ")
    return folder


def jpeg(shade: int) -> bytes:
    import io

    from PIL import Image

    out = io.BytesIO()
    Image.new("RGB", (64, 48), (shade, 50, 60)).save(out, "JPEG")
    return out.getvalue()


class Broken(httpx.HTTPTransport):
    """A network that loses every third request of an upload on its way, and every fifth answer."""

    def __init__(self) -> None:
        super().__init__()
        self.count = self.lost = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if not request.url.path.startswith("/api/uploads"):
            return super().handle_request(request)
        self.count += 1
        if self.count % 3 == 0:
            self.lost += 1
            raise httpx.ConnectError("lost on the way")
        answer = super().handle_request(request)
        if self.count % 5 == 0:
            self.lost += 1
            answer.close()
            raise httpx.ReadError("the answer was lost")
        return answer


def stored(files: list[dict]) -> dict[str, str]:
    return {file["path"]: file["sha256"] for file in files if file["state"] == "stored"}


def on_disk(card: Path) -> dict[str, str]:
    found = sorted(card.rglob("*.jpg"))
    return {p.relative_to(card).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in found}


def test_a_folder_arrives_whole_and_once(office: Client, card: Path) -> None:
    flight = office.create_flight("秦淮河", site="南京")
    files = office.upload(flight["id"], card)
    assert stored(files) == on_disk(card)
    (refused,) = [file for file in files if file["state"] == "refused"]
    assert refused["path"] == "virus.exe" and refused["reason"]
    assert office.flights()[0]["files"]["stored"] == 3
    office._send = None  # type: ignore[assignment,method-assign]  # a second time nothing is sent
    assert stored(office.upload(flight["id"], card)) == on_disk(card)


def test_another_file_under_a_name_that_is_stored_is_said_to_be_refused(office: Client, card: Path) -> None:
    """The server keeps no row of it, so that the first one stays."""
    flight = office.create_flight("秦淮河")
    before = stored(office.upload(flight["id"], card))
    (card / "DCIM" / "100 媒体" / "照片0.jpg").write_bytes(jpeg(99))
    files = office.upload(flight["id"], card)
    told = {file["path"]: (file["state"], file["reason"]) for file in files}
    assert told["DCIM/100 媒体/照片0.jpg"] == ("refused", "other_stored") and len(files) == 4
    assert stored(office.upload(flight["id"], card)).items() <= before.items()


def test_it_gets_through_a_broken_network(office: Client, card: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network = Broken()
    monkeypatch.setattr(client_module, "PIECE", 20_000)
    monkeypatch.setattr(client_module.time, "sleep", lambda _s: None)
    office._http._transport = network
    told: list[tuple[str, int, int]] = []
    office._tell = lambda *what: told.append(what)
    flight = office.create_flight("秦淮河")
    monkeypatch.setattr(client_module, "TRIES", 20)
    assert stored(office.upload(flight["id"], card)) == on_disk(card)
    assert network.lost > 10
    assert told[-1][1] == told[-1][2]


def test_a_server_that_stays_away_is_one_sentence(token: str) -> None:
    with Client("http://127.0.0.1:1", token) as nobody, pytest.raises(PipelineError, match="cannot be reached"):
        nobody.flights()


def test_errors_are_the_server_s_words(working: str, office: Client, client: TestClient, tmp_path: Path) -> None:
    with pytest.raises(ApiError) as why:
        office.wait("0123456789abcdef")
    assert why.value.status == 404 and "run" in str(why.value)
    with pytest.raises(ApiError):
        office.export("0123456789abcdef", "gpkg", tmp_path / "out.gpkg")
    assert not list(tmp_path.glob("*out*"))
    with pytest.raises(PipelineError, match="no such folder"):
        office.upload(office.create_flight("x")["id"], tmp_path / "none")
    read = client.post("/api/tokens", json={"name": "r", "scopes": ["read"], "days": 1}).json()["token"]
    with Client(working, read) as reader, pytest.raises(ApiError, match="for reading only"):
        reader.create_flight("x")


@pytest.mark.slow
def test_a_flight_from_the_card_to_the_geopackage(office: Client, tmp_path: Path) -> None:
    flown = make_flight(tmp_path / "sim", SMALL)
    flight = office.create_flight("模拟航次")
    assert all(file["state"] == "stored" for file in office.upload(flight["id"], flown.flight))
    run = office.wait(office.run(flight["id"], detector="marker", adjust="off")["id"], every_s=0.2)
    hits = office.hits(run["id"])
    frame = geopandas.GeoDataFrame.from_features(hits, crs=4326)
    assert len(frame) >= 2 and set(frame["verdict"]) == {"open"}
    first, second = frame["id"][0], frame["id"][1]
    assert office.review(run["id"], first, "confirmed")["properties"]["verdict"] == "confirmed"
    office.review(run["id"], second, "rejected", note="水面反光")
    evidence = office.hit(run["id"], first)["evidence"][0]
    x_px, y_px = evidence["point_px"]
    added = office.pin(run["id"], evidence["k"], x_px + 30, y_px + 30, "outfall", "排口")
    out = office.export(run["id"], "gpkg", tmp_path / "清单.gpkg")
    written = geopandas.read_file(out, layer="hits").set_index("id")["verdict"]
    assert written[first] == "confirmed" and written[second] == "rejected"
    assert written[added["properties"]["id"]] == "added"
