"""A hit as its page shows it: evidence by photo, coordinates in the words of people, and all that was said of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipeline.report.features import context_path, crop_path
from pipeline.report.places import cgcs2000, dms
from pipeline.report.reviews import reviews_folder
from pipeline.report.rounding import rounded
from pipeline.report.tables import seen_moving
from pipeline.server.finished import Finished
from pipeline.server.hits import Hits, listed_photos
from pipeline.server.problems import Problem

_EVIDENCE = ("source", "frame_id", "t", "sha256", "box_px", "point_px", "confidence", "detector", "sharpness", "pose")


def hit_page(run: Finished, hits: Hits, hit_id: str, gcj02: bool = False) -> dict[str, Any]:
    """`GET /api/runs/ID/hits/HIT`; raises Problem 404 when there is none such."""
    shown = hits.listed(hit_id)
    props = shown["properties"]
    numbers = {photo["frame_id"]: photo["k"] for photo in listed_photos(run)}
    found = hits.evidence(run, hit_id)
    evidence = [
        {"k": numbers.get(e["frame_id"]), **{key: e.get(key) for key in _EVIDENCE}}
        | ({"crop_url": props["crop_url"]} if e.get("crop") else {})
        for e in found
    ]
    lon, lat, *height = shown["geometry"]["coordinates"]
    return {
        **shown,
        "context_url": props["crop_url"] and f"/api/runs/{run.id}/hits/{hit_id}/context.jpg",
        "evidence": evidence,
        "seen_moving": seen_moving({**props, "evidence": found}),
        "places": places(lat, lon, height[0] if height else None, gcj02),
        "history": hits.history(hit_id),
    }


def places(lat_deg: float, lon_deg: float, alt_m: float | None, gcj02: bool = False) -> dict[str, Any]:
    """A place in WGS 84 and CGCS2000; in GCJ-02 only when asked for, since it is for display and never for evidence."""
    grid = cgcs2000(lat_deg, lon_deg)
    found: dict[str, Any] = {
        "wgs84": {
            "lat": rounded(lat_deg, 8),
            "lon": rounded(lon_deg, 8),
            "alt_m": None if alt_m is None else rounded(alt_m, 2),
            "dms": f"{dms(lat_deg, 'NS')} {dms(lon_deg, 'EW')}",
        },
        "cgcs2000": grid
        and {
            "zone": grid.zone,
            "meridian_deg": grid.meridian_deg,
            "x_north_m": rounded(grid.x_north_m, 3),
            "y_east_m": rounded(grid.y_east_m, 3),
        },
    }
    if gcj02:
        from pipeline.geo.coordinates import wgs84_to_gcj02

        lat, lon = wgs84_to_gcj02(lat_deg, lon_deg)[0].tolist()
        found["gcj02"] = {"lat": rounded(lat, 6), "lon": rounded(lon, 6), "display_only": True}
    return found


def crop_file(run: Finished, hits: Hits, hit_id: str, context: bool) -> Path:
    """A hit's crop, or its whole photo with the box; raises Problem 404 when there is none."""
    shown = hits.listed(hit_id)
    folder = reviews_folder(run.run) if hit_id in hits.pins else run.run
    name = context_path(hit_id) if context else crop_path(hit_id)
    path = (folder / name).resolve()
    if not shown["properties"]["crop_url"] or not path.is_relative_to(folder.resolve()) or not path.is_file():
        raise Problem(404, "not_found", "there is no picture of this hit")
    return path
