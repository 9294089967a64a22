"""A hit without its evidence, as a list of ten thousand can be sent: what is told of it, and what follows from that."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.report.shapes import ellipse_axes
from pipeline.report.tables import best_evidence

TOLD = (
    "id", "class", "origin", "confidence", "r90_m", "cov_m2", "sightings", "first_seen", "last_seen", "assumed",
)  # fmt: skip
OF_FILMS = ("moving_mps", "tracks")  # told only where they are
UNJUDGED: dict[str, Any] = {
    "verdict": "open", "moved": False, "reclassed": False, "comments": 0, "reviewed_by": None, "reviewed_at": None,
}  # fmt: skip


def slim_feature(feature: Mapping[str, Any], n: int, run_id: str, photos: Mapping[str, int]) -> dict[str, Any]:
    """A feature of hits.geojson or of a pin with its number, not judged yet; `photos`: frame id -> photo's number."""
    props = feature["properties"]
    best = best_evidence(props.get("evidence", ()))
    told = {key: props.get(key) for key in TOLD}
    told |= {key: props[key] for key in OF_FILMS if key in props}
    told["n"] = n
    told["ellipse"] = ellipse(props["cov_m2"])
    told["crop_url"] = f"/api/runs/{run_id}/hits/{props['id']}/crop.jpg" if best and best.get("crop") else None
    told["k"] = photos.get(best["frame_id"]) if best else None
    geometry = {"type": "Point", "coordinates": list(feature["geometry"]["coordinates"])}
    return {"type": "Feature", "id": props["id"], "geometry": geometry, "properties": told | UNJUDGED}


def ellipse(cov_m2: list[float]) -> list[float]:
    """Half axes in m and the longer one's azimuth in degrees, of the ellipse that holds 90 %."""
    ee, en, nn = cov_m2
    return [round(v, 2) for v in ellipse_axes((ee, en, nn))]
