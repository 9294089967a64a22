"""Layers: an organisation's own base maps and terrain models, uploaded like any file and made ready by a job."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from pipeline.errors import MissionError
from pipeline.server.access import Who, needs
from pipeline.server.audit import audit
from pipeline.server.declared import Declared, declare_layer_file
from pipeline.server.fields import Asked, Line, Name
from pipeline.server.files import file_json
from pipeline.server.layers.job import layer_folder
from pipeline.server.layers.pmtiles import read_tile
from pipeline.server.layers.tiles import raster_tile
from pipeline.server.mending import link_known
from pipeline.server.names import Refused
from pipeline.server.people import example
from pipeline.server.problems import Problem
from pipeline.server.services import services
from pipeline.server.settings import Settings
from pipeline.server.store import remove, upload_path
from pipeline.server.tables import File, Job, Layer

router = APIRouter(prefix="/api/layers", tags=["layers"])
MOST_LAYERS = 200  # of an organisation
FOREVER = {"Cache-Control": "private, max-age=604800, immutable"}  # a layer of an id never changes


class NewLayer(Asked):
    """A file that will be uploaded as a layer."""

    model_config = example(
        {"name": "秦淮河 2026 正射影像", "kind": "raster", "path": "river.tif", "size": 734003200, "sha256": "9f" * 32}
    )
    name: Name
    kind: Literal["raster", "pmtiles", "dem"]
    path: Annotated[Line, Field(min_length=1)]
    size: Annotated[int, Field(ge=0, le=2**62)]
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


@router.get("")
def all_layers(request: Request, who: Who = Depends(needs("see"))) -> dict[str, Any]:
    """The organisation's layers, the newest first."""
    given = services(request)
    own = select(Layer).where(Layer.organisation_id == who.organisation_id)
    with given.database.read() as db:
        layers = db.scalars(own.order_by(Layer.created_at.desc(), Layer.id)).all()
        files = {f.layer_id: f for f in db.scalars(select(File).where(File.layer_id.in_([x.id for x in layers])))}
    return {"layers": [_shown(given.settings, layer, files.get(layer.id)) for layer in layers]}


@router.post("", status_code=201)
def new_layer(asked: NewLayer, request: Request, who: Who = Depends(needs("layers"))) -> dict[str, Any]:
    """Declare a layer; its `file` is then uploaded by tus, unless the organisation has these bytes already."""
    given = services(request)
    told = Declared(asked.path.rpartition("/")[2], asked.size, asked.sha256)
    try:
        with given.database.write() as db:
            layer = _added(db, who, asked)
            file = declare_layer_file(db, given.settings, who, layer, told)
            audit(db, who, "layer_created", f"layer/{layer.id}", {"name": layer.name, "kind": layer.kind})
    except Refused as why:
        raise Problem(422, why.code, f"{told.path}: this file cannot be such a layer", why.detail or None) from why
    if file.sha256 is not None:
        link_known(given.settings, given.database, [file])
    with given.database.read() as db:
        return _shown(given.settings, db.get_one(Layer, layer.id), db.get_one(File, file.id))


def _added(db: Session, who: Who, asked: NewLayer) -> Layer:
    there = db.scalar(select(func.count()).select_from(Layer).where(Layer.organisation_id == who.organisation_id))
    if (there or 0) >= MOST_LAYERS:
        raise Problem(409, "too_many_layers", f"there are {MOST_LAYERS} layers already; delete one first", MOST_LAYERS)
    layer = Layer(organisation_id=who.organisation_id, created_by=who.user_id, name=asked.name, kind=asked.kind)
    db.add(layer)
    db.flush()
    return layer


@router.delete("/{layer_id}", status_code=204)
def delete_layer(layer_id: str, request: Request, who: Who = Depends(needs("layers"))) -> None:
    """Take a layer away, its upload too; runs keep the terrain that they were searched with."""
    given = services(request)
    with given.database.write() as db:
        layer = own_layer(db, who, layer_id)
        jobs, files = Job.layer_id == layer.id, File.layer_id == layer.id
        if db.scalar(select(Job.id).where(jobs, Job.state == "running")):
            raise Problem(409, "layer_busy", "this layer is being prepared; delete it when that has ended")
        uploads = [u for u in db.scalars(select(File.upload_id).where(files)) if u]
        for rows in (delete(Job).where(jobs), delete(File).where(files)):
            db.execute(rows)
        db.delete(layer)
        audit(db, who, "layer_deleted", f"layer/{layer_id}", {"name": layer.name})
    for upload in uploads:
        remove(upload_path(given.settings, upload))
    _clear(layer_folder(given.settings, layer_id))


def _clear(folder: Path) -> None:
    """What a reader still holds open on Windows stays, and is nobody's."""
    for path in folder.glob("*"):
        with suppress(OSError):
            remove(path)
    with suppress(OSError):
        folder.rmdir()


@router.get("/{layer_id}/tiles/{z}/{x}/{y}")
def layer_tile(layer_id: str, z: int, x: int, y: int, request: Request, who: Who = Depends(needs("see"))) -> Response:
    """A tile of a layer that is ready: a PNG of 256 pixels, or what a PMTiles file holds (204 where it has none)."""
    given = services(request)
    with given.database.read() as db:
        layer = own_layer(db, who, layer_id)
    facts = layer.facts
    if layer.state != "ready" or layer.kind == "dem" or not facts["minzoom"] <= z <= facts["maxzoom"]:
        raise Problem(404, "not_found", "there is no such tile")
    if not (0 <= x < 1 << z and 0 <= y < 1 << z):
        raise Problem(404, "not_found", "there is no such tile")
    folder = layer_folder(given.settings, layer_id)
    if layer.kind == "raster":
        return Response(raster_tile(folder / "layer.tif", z, x, y, facts["maxzoom"]), 200, FOREVER, "image/png")
    return _packed(folder / "layer.pmtiles", z, x, y)


def _packed(path: Path, z: int, x: int, y: int) -> Response:
    try:
        found = read_tile(path, z, x, y)
    except MissionError as why:
        raise Problem(404, "tile_damaged", f"this tile cannot be read: {why}") from why
    if found is None:
        return Response(status_code=204, headers=FOREVER)
    data, media_type, packed = found
    return Response(data, 200, {**FOREVER, **({"Content-Encoding": "gzip"} if packed else {})}, media_type)


def own_layer(db: Session, who: Who, layer_id: str) -> Layer:
    """A layer of the asker's organisation; raises Problem 404 for any other."""
    layer = db.get(Layer, layer_id)
    if layer is None or layer.organisation_id != who.organisation_id:
        raise Problem(404, "not_found", "there is no such layer")
    return layer


def _shown(settings: Settings, layer: Layer, file: File | None) -> dict[str, Any]:
    return {
        "id": layer.id,
        "name": layer.name,
        "kind": layer.kind,
        "state": layer.state,
        "reason": layer.reason,
        "facts": layer.facts,
        "file": None if file is None else file_json(settings, file),
    }
