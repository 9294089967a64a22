"""A finished run as officers left it: what the lists, the hit sheets and the training set are made from."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import MissionError
from pipeline.imagery import read_bytes
from pipeline.report.features import context_path, crop_path
from pipeline.report.open_run import open_run
from pipeline.report.review_entries import Entry, is_hit_feature
from pipeline.report.reviewed import hit_numbers, reviewed_hits
from pipeline.report.reviews import read_reviews, reviews_folder
from pipeline.types import GeoPoint, Skipped

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

MAX_TABLE_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Finished:
    """A run folder and the reviews beside it, read once.

    `collection` is that of `reviewed_hits`, rejected hits and pins too, each hit with its number `n`.
    """

    folder: Path
    collection: dict[str, Any]
    entries: tuple[Entry, ...]
    numbers: dict[str, int]  # by which people call the hits
    found: dict[str, tuple[str, list[float]]]  # class and place of the machine's hits before anybody spoke

    def layer(self, name: str) -> GeoDataFrame:
        """A layer of the run's GeoPackage, as the search left it."""
        return open_run(self.folder).layer(name)

    @property
    def name(self) -> str:
        """The mission's name, else its id."""
        row = self.layer("track").iloc[0]
        return str(row["name"] or row["mission_id"])

    @property
    def track(self) -> list[GeoPoint]:
        """One place an exposure; empty where nobody knows."""
        shape = self.layer("track").geometry.iloc[0]
        if shape is None:
            return []
        return [GeoPoint(lat, lon, alt) for part in shape.geoms for lon, lat, alt in part.coords]

    @property
    def skipped(self) -> list[Skipped]:
        """Photos that were not used, and why."""
        path = self.folder / "skipped.csv"
        data = read_bytes(path) if path.is_file() else b""
        if len(data) > MAX_TABLE_BYTES:
            raise MissionError(f"{path}: is too large")
        rows = csv.DictReader(io.StringIO(data.decode("utf-8-sig", "replace"), newline=""))
        return [Skipped(row.get("frame_id") or "", row.get("reason") or "") for row in rows]

    @property
    def provenance(self) -> dict[str, Any]:
        """How the hits came about; empty where the run folder does not say."""
        return open_run(self.folder).provenance if (self.folder / "provenance.json").is_file() else {}

    def crop(self, hit_id: str) -> Path | None:
        """The picture of a hit: a pin's lies beside the run."""
        return self._picture(crop_path(hit_id))

    def context(self, hit_id: str) -> Path | None:
        """The whole photo with the hit's box."""
        return self._picture(context_path(hit_id))

    def _picture(self, name: str) -> Path | None:
        places = (self.folder / name, reviews_folder(self.folder) / name)
        return next((p for p in places if p.is_file()), None)


def read_finished(run: Path) -> Finished:
    """A run with its reviews; raises MissionError, naming the file, when it is none or is damaged."""
    path = open_run(run).folder / "hits.geojson"
    try:
        collection = json.loads(read_bytes(path))
        features = collection["features"]
        broken = next((n for n, f in enumerate(features, 1) if not is_hit_feature(f, f["properties"]["id"])), None)
    except (ValueError, KeyError, TypeError, RecursionError) as why:
        raise MissionError(f"{path}: is not a run's list of hits") from why
    if broken is not None:
        raise MissionError(f"{path}: feature {broken} is not a hit of a run")
    entries = read_reviews(run)
    numbers = hit_numbers([f["id"] for f in features], entries)
    reviewed = reviewed_hits(collection, entries)
    for feature in reviewed["features"]:
        feature["properties"]["n"] = numbers[feature["id"]]
    found = {f["id"]: (f["properties"]["class"], f["geometry"]["coordinates"]) for f in features}
    return Finished(run, reviewed, tuple(entries), numbers, found)
