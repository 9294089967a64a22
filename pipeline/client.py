"""A notebook's way to a Qianliyan server: flights up, hits down, reviews and pins back.

>>> from pipeline.client import Client
>>> office = Client("https://gis.example.cn", "qly_…")  # doctest: +SKIP
>>> flight = office.create_flight("Qinhuai, 22 November")  # doctest: +SKIP
>>> office.upload(flight["id"], "DCIM")  # doctest: +SKIP
>>> run = office.wait(office.run(flight["id"])["id"])  # doctest: +SKIP
>>> geopandas.GeoDataFrame.from_features(office.hits(run["id"]), crs=4326)  # doctest: +SKIP

What the methods give is the server's JSON, as its API describes it.
"""

from __future__ import annotations

import base64
import hashlib
import ssl
import time
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx

from pipeline.errors import OutputError, PipelineError
from pipeline.files import write_atomic

AT_ONCE = 2000  # files declared in one request
PIECE = 8 * 1024 * 1024  # bytes sent in one request: what a lost connection costs at most
TRIES = 8  # in a row without a byte of progress
LONGEST_PAUSE_S = 30.0
SETTLED = ("stored", "refused")
ENDED = ("done", "failed", "cancelled")
TUS = {"Tus-Resumable": "1.0.0"}

Tell = Callable[[str, int, int], None]  # stage, done, total


class ApiError(PipelineError):
    """The server's answer was not what was asked for: `status` of HTTP and `code`, a word."""

    def __init__(self, status: int, code: str, message: str, detail: Any = None) -> None:
        super().__init__(f"the server says: {message} ({status} {code})")
        self.status, self.code, self.detail = status, code, detail


class Hits(dict[str, Any]):
    """A FeatureCollection that geopandas, shapely and friends take as it is."""

    @property
    def __geo_interface__(self) -> dict[str, Any]:
        return dict(self)


class Client:
    """One server, and one person's token for it.

    `context` holds the certificates to trust where an office signs its own. No proxy of the environment is used: the
    token is for this server only. `tell(stage, done, total)` hears of bytes and frames.
    """

    def __init__(
        self, url: str, token: str, *, timeout_s: float = 60.0, context: ssl.SSLContext | None = None,
        tell: Tell | None = None,
    ) -> None:  # fmt: skip
        self._tell: Tell = tell or (lambda stage, done, total: None)
        self._http = httpx.Client(
            base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=timeout_s, verify=context or True,
            trust_env=False,
        )  # fmt: skip

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_why: object) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    def flights(self) -> list[dict[str, Any]]:
        return list(self._json("GET", "/api/flights")["flights"])

    def create_flight(self, name: str, site: str = "", note: str = "") -> dict[str, Any]:
        return self._json("POST", "/api/flights", {"name": name, "site": site, "note": note})

    def upload(self, flight_id: str, folder: str | Path) -> list[dict[str, Any]]:
        """Send a folder's files; gives them with their states (`stored`, or `refused` with a reason).

        Called again it goes on where it stopped, and sends nothing twice. Raises PipelineError when the folder cannot
        be read or the server stays away.
        """
        local = _listed(Path(folder))
        declared = self._declare(flight_id, local)
        total = sum(path.stat().st_size for path in local.values())
        done = 0
        for file in declared:
            path = local.get(file["path"])
            if path is not None and file["state"] in ("waiting", "uploading"):
                self._send(file, path, done, total)
            done += file["size"]
            self._tell("upload", done, total)
        kept = self._settled(flight_id, {file["id"] for file in declared})
        return kept + [file for file in declared if file["id"] is None]  # refused beside what has this name

    def run(self, flight_id: str, **options: Any) -> dict[str, Any]:
        """Ask for a search of a flight; options as in the API: detector, false_alarms, dem_layer, partial …"""
        return self._json("POST", f"/api/flights/{flight_id}/runs", options)

    def runs(self, flight_id: str | None = None) -> list[dict[str, Any]]:
        path = "/api/runs" if flight_id is None else f"/api/flights/{flight_id}/runs"
        return list(self._json("GET", path)["runs"])

    def wait(self, run_id: str, every_s: float = 1.0) -> dict[str, Any]:
        """The run when it is done; raises PipelineError with its own sentence when it failed or was cancelled."""
        while (found := self._json("GET", f"/api/runs/{run_id}"))["state"] not in ENDED:
            self._tell(found["stage"], found["done"], found["total"])
            time.sleep(every_s)
        if found["state"] != "done":
            raise PipelineError(f"run {run_id} {found['state']}: {found['error'] or 'somebody ended it'}")
        return found

    def hits(self, run_id: str) -> Hits:
        """All hits with their verdicts, rejected ones too, as GeoJSON."""
        return Hits(self._json("GET", f"/api/runs/{run_id}/hits"))

    def hit(self, run_id: str, hit_id: str) -> dict[str, Any]:
        """One hit with its evidence, its places and the history of its reviews."""
        return self._json("GET", f"/api/runs/{run_id}/hits/{hit_id}")

    def review(self, run_id: str, hit_id: str, verdict: str, value: Any = None, note: str = "") -> dict[str, Any]:
        """confirmed, rejected, moved, reclassed or commented; gives the hit as it is after this."""
        asked = {"verdict": verdict, "note": note, **({} if value is None else {"value": value})}
        return self._json("POST", f"/api/runs/{run_id}/hits/{hit_id}/reviews", asked)

    def pin(self, run_id: str, photo: int, x_px: float, y_px: float, label: str, comment: str = "") -> dict[str, Any]:
        """A hit of one's own at a pixel of photo number `photo`; raises ApiError 422 when it cannot be located."""
        asked = {"photo": photo, "x_px": x_px, "y_px": y_px, "class": label, "comment": comment}
        return self._json("POST", f"/api/runs/{run_id}/pins", asked)

    def export(self, run_id: str, kind: str, path: str | Path, **options: str | int) -> Path:
        """Write an export: gpkg, kml, xlsx, csv or geojson of the hits, `sheets.pdf`, or `reviews.zip`."""
        name = kind if "." in kind else f"hits.{kind}"
        out = Path(path)

        def fill(aside: Path) -> None:
            with self._http.stream("GET", f"/api/runs/{run_id}/export/{name}", params=options) as answer:
                _must_be_good(answer)
                with aside.open("wb") as file:
                    for piece in answer.iter_bytes():
                        file.write(piece)

        try:
            write_atomic(out, fill)
        except httpx.HTTPError as why:
            raise OutputError(f"{out}: the server broke off ({why})") from why
        return out

    def _json(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        try:
            answer = self._http.request(method, path, json=body)
        except httpx.HTTPError as why:
            raise PipelineError(f"{self._http.base_url}: the server cannot be reached ({why})") from why
        _must_be_good(answer)
        return dict(answer.json())

    def _declare(self, flight_id: str, local: dict[str, Path]) -> list[dict[str, Any]]:
        """Tell the server what will come; hashing is before everything else."""
        told = []
        for done, (name, path) in enumerate(local.items()):
            told.append({"path": name, "size": path.stat().st_size, "sha256": _sha256(path)})
            self._tell("hash", done + 1, len(local))
        found: list[dict[str, Any]] = []
        for some in _batches(told, AT_ONCE):
            found += self._json("POST", f"/api/flights/{flight_id}/files", {"files": some})["files"]
        return found

    def _send(self, file: dict[str, Any], path: Path, before: int, total: int) -> None:
        """All bytes of one file, through broken connections; raises PipelineError after many tries in a row."""
        tries, offset, url = 0, -1, file.get("upload_url")
        while offset < file["size"]:
            try:
                if url is None:
                    url = self._begin(file)
                if offset < 0:
                    offset = self._offset(url)
                while offset < file["size"]:
                    offset = self._piece(url, path, offset)
                    self._tell("upload", before + offset, total)
                    tries = 0
            except (httpx.TransportError, ApiError) as why:
                tries, offset = tries + 1, -1
                if tries >= TRIES or (isinstance(why, ApiError) and why.status not in (409, 423, 429, 502, 503, 504)):
                    raise PipelineError(f"{path}: cannot be sent ({why})") from why
                time.sleep(min(LONGEST_PAUSE_S, 0.25 * 2**tries))

    def _begin(self, file: dict[str, Any]) -> str:
        facts = {"file": file["id"], "filename": file["path"].rpartition("/")[2]}
        encoded = ",".join(f"{k} {base64.b64encode(v.encode()).decode()}" for k, v in facts.items())
        headers = {**TUS, "Upload-Length": str(file["size"]), "Upload-Metadata": encoded}
        answer = self._http.post("/api/uploads", headers=headers)
        _must_be_good(answer)
        return str(answer.headers["Location"])

    def _offset(self, url: str) -> int:
        answer = self._http.head(url, headers=TUS)
        _must_be_good(answer)
        return int(answer.headers["Upload-Offset"])

    def _piece(self, url: str, path: Path, offset: int) -> int:
        try:
            with path.open("rb") as file:
                file.seek(offset)
                piece = file.read(PIECE)
        except OSError as why:
            raise PipelineError(f"{path}: cannot be read ({why.strerror or why})") from why
        if not piece:
            raise PipelineError(f"{path}: became shorter while it was sent")
        headers = {**TUS, "Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
        answer = self._http.patch(url, content=piece, headers=headers)
        _must_be_good(answer)
        return int(answer.headers["Upload-Offset"])

    def _settled(self, flight_id: str, ids: set[str]) -> list[dict[str, Any]]:
        """The files when the server has looked at each of them."""
        while True:
            found = [file for file in self._files(flight_id) if file["id"] in ids]
            if all(file["state"] in SETTLED for file in found):
                return found
            time.sleep(0.5)

    def _files(self, flight_id: str) -> Iterator[dict[str, Any]]:
        after: str | None = ""
        while after is not None:
            query = httpx.QueryParams({"after": after, "limit": AT_ONCE})
            page = self._json("GET", f"/api/flights/{flight_id}/files?{query}")
            yield from page["files"]
            after = page["next"]


def _must_be_good(answer: httpx.Response) -> None:
    """Raises ApiError with the server's own words."""
    if answer.is_success:
        return
    try:
        answer.read()
        told = answer.json()
        code, message, detail = str(told["code"]), str(told["message"]), told["detail"]
    except (ValueError, KeyError, TypeError):
        code, message, detail = "unexpected", answer.reason_phrase, None
    raise ApiError(answer.status_code, code, message, detail)


def _listed(root: Path) -> dict[str, Path]:
    """Files of a folder by their names as the server wants them: "/" between parts, composed letters."""
    if not root.is_dir():
        raise PipelineError(f"{root}: there is no such folder")
    found = sorted(path for path in root.rglob("*") if path.is_file())
    return {unicodedata.normalize("NFC", path.relative_to(root).as_posix()): path for path in found}


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as why:
        raise PipelineError(f"{path}: cannot be read ({why.strerror or why})") from why


def _batches(items: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    return (items[i : i + size] for i in range(0, len(items), size))
