"""Files of a flight or a layer as people see them: what the database says of them, and how far their bytes are."""

from __future__ import annotations

from typing import Any

from pipeline.server.pace import UPLOADS
from pipeline.server.settings import Settings
from pipeline.server.store import received
from pipeline.server.tables import File
from pipeline.words.problems import PROBLEMS

SETTLED = ("stored", "refused")


def state_of(file: File, arrived: int | None) -> str:
    """waiting uploading checking stored refused: between the first and the last two, the bytes on the disk tell."""
    if file.state in SETTLED or arrived is None:
        return file.state
    return "checking" if arrived >= file.size else "uploading"


def file_json(settings: Settings, file: File) -> dict[str, Any]:
    """FILE of the API."""
    begun = file.upload_id if file.state not in SETTLED else None
    arrived = received(settings, begun) if begun else None
    code, _, detail = file.reason.partition(": ")
    return {
        "id": file.id,
        "path": file.path,
        "size": file.size,
        "state": state_of(file, arrived),
        "reason": code,
        "message": detail or (PROBLEMS[code][1] if code in PROBLEMS else ""),
        "sha256": file.sha256 or file.declared_sha256,
        "offset": file.size if file.state == "stored" else arrived or 0,
        "upload_url": f"{UPLOADS}/{begun}" if arrived is not None else None,
    }
