"""What is handed over of a finished run: reviewed lists, hit sheets, and what officers said for the next model."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import FileResponse
from starlette.background import BackgroundTask

from pipeline.report.sheet_text import zone
from pipeline.server import exporting
from pipeline.server.access import Who, needs
from pipeline.server.audit import audit
from pipeline.server.bodies import NOSNIFF, attachment
from pipeline.server.exporting import Order
from pipeline.server.finished import Finished, finished
from pipeline.server.services import services

router = APIRouter(tags=["exports"])
Taker = Annotated[Who, Depends(needs("export"))]
Kind = Literal["gpkg", "kml", "xlsx", "csv", "geojson"]
MEDIA = {
    "gpkg": "application/geopackage+sqlite3",
    "kml": "application/vnd.google-earth.kml+xml",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
    "geojson": "application/geo+json",
    "pdf": "application/pdf",
    "zip": "application/zip",
}
LONGEST_NAME = 60  # characters of a flight's name that a file's name keeps
MOST_SHEETS = 2000  # hits that one request may name
_UNSAFE = re.compile(r"[\x00-\x1f\x7f\\/:*?\"<>|\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]+")


@router.get("/api/runs/{run_id}/export/hits.{kind}", response_class=FileResponse)
def hits(run_id: str, kind: Kind, request: Request, who: Taker, rejected: bool = False) -> FileResponse:
    """The hits as officers left them; a GeoPackage always holds rejected ones too, marked as such."""
    run = finished(request, who, run_id)
    return _sent(request, who, run, Order(str(run.run), f"hits.{kind}", rejected))


@router.get("/api/runs/{run_id}/export/sheets.pdf", response_class=FileResponse)
def sheets(
    run_id: str,
    request: Request,
    who: Taker,
    hit: Annotated[list[str] | None, Query(max_length=MOST_SHEETS)] = None,
    lang: Literal["zh", "en"] = "zh",
    tz: str = "Asia/Shanghai",
) -> FileResponse:
    """Hit sheets to print and sign: of one hit or some, else a summary and every hit that was not rejected."""
    zone(tz)
    run = finished(request, who, run_id)
    return _sent(request, who, run, Order(str(run.run), "sheets.pdf", False, hit, lang, tz))


@router.get("/api/runs/{run_id}/export/reviews.zip", response_class=FileResponse)
def reviews(run_id: str, request: Request, who: Taker) -> FileResponse:
    """What officers said, with boxes, hashes and crops: what trains the next model."""
    run = finished(request, who, run_id)
    return _sent(request, who, run, Order(str(run.run), "reviews.zip"))


def _sent(request: Request, who: Who, run: Finished, order: Order) -> FileResponse:
    """Make the file, note who took it, and send it; it is removed when it was sent."""
    given = services(request)
    made = exporting.make(given.settings, order)
    try:
        with given.database.write() as db:
            audit(db, who, "exported", f"run/{run.id}", {"what": order.what, "hits": list(order.hits or ())[:50]})
        name = f"{_UNSAFE.sub('_', run.flight_name)[:LONGEST_NAME].strip(' .')}-{order.what}".lstrip("-")
        headers = {"Content-Disposition": attachment(name, order.what), "Cache-Control": "no-store"} | NOSNIFF
    except BaseException:
        exporting.remove(made)
        raise
    media = MEDIA[order.what.rpartition(".")[2]]
    return FileResponse(made, headers=headers, media_type=media, background=BackgroundTask(exporting.remove, made))
