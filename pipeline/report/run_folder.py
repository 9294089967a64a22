"""The files of a run folder (docs/formats.md, "A run folder"), all but provenance and partial findings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipeline.errors import OutputError
from pipeline.files import write_bytes_atomic, write_json_atomic
from pipeline.report.crops import write_crops
from pipeline.report.features import hit_features
from pipeline.report.geopackage import write_gpkg
from pipeline.report.kml import hits_kml
from pipeline.report.map_page import Notes, map_plane, write_map
from pipeline.report.mosaic import Tile, mosaic
from pipeline.report.spreadsheet import hits_xlsx
from pipeline.report.survey import Survey, ground_surface, survey
from pipeline.report.tables import hits_csv, skipped_csv
from pipeline.types import HitList, Mission, Skipped


def write_run(folder: Path, mission: Mission, hits: HitList, thumbs: Path | None = None) -> None:
    """Write hits.{geojson,csv,xlsx,kml,gpkg}, skipped.csv, crops/ and map.html into an existing folder.

    All but map.html are byte-equal for equal missions and hits. `thumbs` holds NNNNNN.jpg (frame.index) with frames
    reduced to 640 px; frames that it lacks are read from the originals. Raises OutputError when the folder cannot be
    written to, ImageryError when a photo that shows a hit cannot be read any more.
    """
    if not folder.is_dir():
        raise OutputError(f"{folder}: there is no such folder to write into")
    collection = hit_features(mission, hits)
    skipped = all_skipped(mission, hits)
    seen = survey(mission, hits)
    write_json_atomic(folder / "hits.geojson", collection)
    write_bytes_atomic(folder / "hits.csv", hits_csv(collection))
    write_bytes_atomic(folder / "skipped.csv", skipped_csv(skipped))
    write_bytes_atomic(folder / "hits.xlsx", hits_xlsx(collection, skipped))
    write_bytes_atomic(folder / "hits.kml", hits_kml(mission.name or hits.mission_id, collection, seen.track))
    write_gpkg(folder / "hits.gpkg", mission, hits, collection, seen)
    write_crops(folder, mission, collection)
    tiles = _tiles(mission, collection, seen, thumbs)
    write_map(folder / "map.html", mission, collection, seen, _notes(mission, hits, skipped), tiles)


def all_skipped(mission: Mission, hits: HitList) -> list[Skipped]:
    """Files that could not be read and frames that could not be used, by id, each once with its first reason."""
    reasons: dict[str, str] = {}
    for skipped in (*hits.skipped, *mission.skipped):
        reasons.setdefault(skipped.frame_id, skipped.reason)
    return [Skipped(frame_id, reasons[frame_id]) for frame_id in sorted(reasons)]


def _notes(mission: Mission, hits: HitList, skipped: list[Skipped]) -> Notes:
    """Warnings, and detections without a place on the ground, as `hits.provenance` tells them."""
    told = hits.provenance
    warnings = dict.fromkeys((*mission.warnings, *map(str, told.get("warnings", ()))))
    lost = tuple((f"{n['frame_id']} {n['class']}", str(n["why"])) for n in told.get("not_located", ()))
    return Notes(tuple(warnings), tuple(skipped), lost)


def _tiles(mission: Mission, collection: dict[str, Any], seen: Survey, thumbs: Path | None) -> Iterator[Tile]:
    surface = ground_surface(mission.ground)
    if surface is not None:
        yield from mosaic(seen.frames, surface, map_plane(seen, collection), thumbs)
