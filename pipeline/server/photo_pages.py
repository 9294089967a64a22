"""A photo as its page shows it: size and levels for the viewer, its pose, and the boxes of hits that it shows."""

from __future__ import annotations

from typing import Any

from pipeline.errors import ImageryError
from pipeline.server.finished import Finished
from pipeline.server.hits import Hits, hits_of
from pipeline.server.pictures import Pictures
from pipeline.server.problems import Problem
from pipeline.server.pyramid import TILE_PX, levels_of, size_px

_TOLD = (
    "k", "frame_id", "source", "t", "searched", "reason", "at", "heading_deg", "is_video", "sha256", "pose", "problem",
    "assumed",
)  # fmt: skip


def photo_page(run: Finished, k: str, found: Pictures) -> dict[str, Any]:
    """`GET /api/runs/ID/photos/K`; a picture that cannot be opened has no levels, and a reason."""
    photo = run.photo(k)
    width_px, height_px, unreadable = photo["width_px"], photo["height_px"], ""
    try:
        width_px, height_px = size_px(found.tiles(photo, run.original(photo)))
    except (ImageryError, Problem) as why:
        unreadable = str(why)
    levels = 0 if unreadable else levels_of(width_px, height_px)
    size = {"width_px": width_px, "height_px": height_px, "tile_px": TILE_PX, "levels": levels}
    told = {key: photo[key] for key in _TOLD}
    return {**told, **size, "unreadable": unreadable, "boxes": _boxes(photo, hits_of(run))}


def _boxes(photo: dict[str, Any], hits: Hits) -> list[dict[str, Any]]:
    """What the search and officers found in this picture, by their hits as these stand."""
    pins = [
        {"hit": hit, "box_px": e.get("box_px"), "point_px": e.get("point_px"), "confidence": e.get("confidence")}
        for hit, pin in hits.pins.items()
        for e in pin["properties"]["evidence"]
        if e.get("frame_id") == photo["frame_id"]
    ]
    found = []
    for box in (*photo["boxes"], *pins):
        props = hits.features[box["hit"]]["properties"]
        found.append({**box, **{key: props[key] for key in ("class", "verdict", "origin", "n")}})
    return found
