"""The reviewed hit list as a file of its own: what is handed to other offices and programs.

The GeoPackage holds every hit with its verdict; the other kinds leave out what officers rejected unless they are asked
for it. The same run and reviews give the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import MissionError
from pipeline.files import write_bytes_atomic, write_json_atomic
from pipeline.report.finished import Finished, read_finished
from pipeline.report.geopackage import LAYERS, Row, hits_table, rows_table, write_layers
from pipeline.report.kml import hits_kml
from pipeline.report.reviewed import without_rejected
from pipeline.report.reviews import standing
from pipeline.report.spreadsheet import hits_xlsx
from pipeline.report.tables import REVIEWED_COLUMNS, VERDICT_COLUMNS, hits_csv, printable, verdict_row

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

Collection = Mapping[str, Any]
KINDS = ("gpkg", "kml", "xlsx", "csv", "geojson")


def export_hits(run: Path, kind: str, out: Path, rejected: bool = False) -> None:
    """Write the hits of a run as officers left them to `out`, in one step.

    rejected: rejected hits too (a GeoPackage always has them). Raises MissionError for another kind than KINDS or a
    folder that is no run, OutputError when `out` cannot be written.
    """
    if kind not in KINDS:
        raise MissionError(f"{kind!r} is not a kind of list; there are {', '.join(KINDS)}")
    done = read_finished(run)
    if kind == "gpkg":
        _write_gpkg(done, out)
    else:
        _WRITERS[kind](done, done.collection if rejected else without_rejected(done.collection), out)


def _write_geojson(_done: Finished, hits: Collection, out: Path) -> None:
    write_json_atomic(out, hits)


def _write_csv(_done: Finished, hits: Collection, out: Path) -> None:
    write_bytes_atomic(out, hits_csv(hits, REVIEWED_COLUMNS))


def _write_xlsx(done: Finished, hits: Collection, out: Path) -> None:
    write_bytes_atomic(out, hits_xlsx(hits, done.skipped, REVIEWED_COLUMNS))


def _write_kml(done: Finished, hits: Collection, out: Path) -> None:
    write_bytes_atomic(out, hits_kml(done.name, without_pictures(hits), done.track))


_WRITERS: dict[str, Callable[[Finished, Collection, Path], None]] = {
    "geojson": _write_geojson,
    "csv": _write_csv,
    "xlsx": _write_xlsx,
    "kml": _write_kml,
}


def without_pictures(hits: Collection) -> dict[str, Any]:
    """The collection without the names of crops, which do not lie beside a list that travels alone."""
    features = []
    for feature in hits["features"]:
        evidence = [{**e, "crop": None} for e in feature["properties"]["evidence"]]
        features.append({**feature, "properties": {**feature["properties"], "evidence": evidence}})
    return {**hits, "features": features}


def _write_gpkg(done: Finished, out: Path) -> None:
    """The run's own layers, the hits with their verdicts, and the pins' sightings."""
    import pandas

    tables = {name: done.layer(name) for name in LAYERS}
    pinned = _pinned_sightings(done, set(tables["sightings"]["hit"]))
    more = {name: "int64" if name == "n" else "object" for name, _ in VERDICT_COLUMNS}
    tables["hits"] = hits_table(done.collection, more, _told)
    if len(pinned):
        tables["sightings"] = pandas.concat([tables["sightings"], pinned], ignore_index=True)
    write_layers(out, tables)


def _told(props: Row) -> Row:
    return {key: printable(value) if isinstance(value, str) else value for key, value in verdict_row(props).items()}


def _pinned_sightings(done: Finished, known: set[str]) -> GeoDataFrame:
    """What officers saw where they pinned: a pin is seen in one photo, and stands where that was located."""
    pins = {e["hit"]: e["value"] for e in standing(done.entries) if e["verdict"] == "added" and e["hit"] not in known}
    rows = [_sighting(pins[hit], seen) for hit in sorted(pins) for seen in pins[hit]["properties"]["evidence"]]
    texts = ("hit", "frame_id", "class", "origin", "detector", "t")
    return rows_table(dict.fromkeys(texts, "object") | dict.fromkeys(_NUMBERS, "float64"), rows)


_NUMBERS = ("x_px", "y_px", "cov_ee_m2", "cov_en_m2", "cov_nn_m2", "confidence")


def _sighting(pin: Mapping[str, Any], seen: Mapping[str, Any]) -> Row:
    """A row of the layer `sightings` from a pin and what shows it."""
    from shapely.geometry import Point

    props = pin["properties"]
    numbers = (*seen["point_px"], *props["cov_m2"], seen["confidence"])
    return {
        **{key: seen.get(key) for key in ("frame_id", "detector", "t")},
        **{key: props[key] for key in ("class", "origin")},
        **dict(zip(_NUMBERS, numbers, strict=True)),
        "hit": props["id"],
        "geometry": Point(pin["geometry"]["coordinates"]),
    }
