"""A layer that is to be made ready, as a job."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from pipeline.errors import MissionError
from pipeline.server.database import Database
from pipeline.server.settings import Settings
from pipeline.server.store import blob_path
from pipeline.server.tables import File, Job, Layer


def layer_folder(settings: Settings, layer_id: str) -> Path:
    """Where a layer lies as the server reads it."""
    return settings.layers / layer_id


def layer_stored(db: Session, file: File) -> None:
    """A layer's file has arrived: a job to make it ready, in the transaction that says so. May be called again."""
    waiting = update(Layer).where(Layer.id == file.layer_id, Layer.state == "waiting").values(state="preparing")
    if db.scalar(waiting.returning(Layer.id)) is not None:
        layer, who = file.layer_id, file.created_by
        db.add(Job(organisation_id=file.organisation_id, kind="layer", layer_id=layer, created_by=who))


class LayerSteps:
    """`steps.Steps` of a layer."""

    longest_s = 4 * 3600.0  # a stranger's file must not keep the others' waiting for ever

    def folder(self, settings: Settings, job: Job) -> Path:
        return layer_folder(settings, job.layer_id or job.id)

    def begin(self, settings: Settings, database: Database, job: Job) -> tuple[dict[str, Any], dict[str, Any]]:
        """Say which file becomes what; raises MissionError when the layer was deleted meanwhile."""
        with database.read() as db:
            layer = db.get(Layer, job.layer_id)
            file = db.scalar(select(File).where(File.layer_id == job.layer_id, File.state == "stored"))
        if layer is None or file is None or file.sha256 is None:
            raise MissionError("the layer is not there any more")
        folder, blob = layer_folder(settings, layer.id), blob_path(settings, file.sha256)
        return {"task": "layer", "folder": str(folder), "kind": layer.kind, "file": str(blob), "name": file.path}, {}

    def reached(self, folder: Path) -> str:
        """Nothing of an attempt is kept."""
        return ""

    def end(self, db: Session, job: Job, state: str, sentence: str, result: dict[str, Any]) -> None:
        """The layer is ready, or refused with the reason."""
        layer = db.get(Layer, job.layer_id)
        if layer is not None:
            layer.state = "ready" if state == "done" else "refused"
            layer.reason = sentence
            layer.facts = result.get("facts", {})
