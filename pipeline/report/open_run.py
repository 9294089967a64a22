"""A run folder, opened again in a notebook: hits and footprints as GeoDataFrames, crops and the map as pictures."""

from __future__ import annotations

import json
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import MissionError
from pipeline.imagery import read_bytes

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

LAYERS = ("hits", "sightings", "track", "footprints")
_GPKG = b"SQLite format 3\x00"
_MAX_MAP_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Picture:
    """JPEG bytes that a notebook shows."""

    jpeg: bytes

    def _repr_jpeg_(self) -> bytes:
        return self.jpeg


@dataclass(frozen=True, slots=True)
class Page:
    """A whole HTML page that a notebook shows in a frame of its own; it needs no network."""

    html: str
    height_px: int = 640

    def _repr_html_(self) -> str:
        frame = f'width="100%" height="{self.height_px}" style="border:1px solid #ccc"'
        return f'<iframe sandbox="allow-scripts allow-popups" {frame} srcdoc="{escape(self.html)}"></iframe>'


@dataclass(frozen=True, slots=True)
class Run:
    """A finished run on disk; everything is read when asked for."""

    folder: Path

    @property
    def hits(self) -> GeoDataFrame:
        """One row a hit, its id the index; WGS 84, height in the point's z; `evidence` is a list of dicts."""
        import geopandas

        features = self._json("hits.geojson")["features"]
        columns = ["id", "class", "confidence", "r90_m", "sightings", "evidence", "geometry"]
        table = geopandas.GeoDataFrame.from_features(features, columns=None if features else columns, crs="EPSG:4326")
        return table.set_index("id")

    def layer(self, name: str) -> GeoDataFrame:
        """A layer of hits.gpkg: hits, sightings, track or footprints. Raises MissionError for another name."""
        import geopandas

        if name not in LAYERS:
            raise MissionError(f"hits.gpkg has no layer {name!r}; it has: {', '.join(LAYERS)}")
        path = self.folder / "hits.gpkg"
        if not read_bytes(path).startswith(_GPKG):
            raise MissionError(f"{path}: is no GeoPackage")
        return geopandas.read_file(path, layer=name)

    def footprint(self, frame_id: str) -> GeoDataFrame:
        """The ground that one photo shows, in metres (UTM); raises MissionError for a photo the run did not use."""
        table = self.layer("footprints")
        table = table[table["frame_id"] == frame_id]
        if table.empty:
            raise MissionError(f"{self.folder}: no photo {frame_id!r} was used in this run")
        return table.to_crs(table.estimate_utm_crs())

    def crop(self, hit_id: str) -> Picture:
        """The best picture of a hit; raises MissionError when the run has no such hit or no crop of it."""
        for evidence in self._evidence(hit_id):
            if evidence.get("crop"):
                path = (self.folder / evidence["crop"]).resolve()
                if not path.is_relative_to(self.folder.resolve()):
                    raise MissionError(f"{self.folder}: the crop of {hit_id} lies outside of the run")
                return Picture(read_bytes(path))
        raise MissionError(f"{self.folder}: there is no crop of {hit_id}")

    def map(self, height_px: int = 640) -> Page:
        """map.html, as a page inside the notebook."""
        path = self.folder / "map.html"
        data = read_bytes(path)
        if len(data) > _MAX_MAP_BYTES:
            raise MissionError(f"{path}: is too large for a notebook; open it in a browser")
        return Page(data.decode("utf-8"), height_px)

    @property
    def provenance(self) -> dict[str, Any]:
        """How the hits came about: versions, inputs, sources of poses, clock fit, warnings."""
        return self._json("provenance.json")

    def _evidence(self, hit_id: str) -> list[dict[str, Any]]:
        table = self.hits
        if hit_id not in table.index:
            raise MissionError(f"{self.folder}: there is no hit {hit_id!r}")
        evidence: list[dict[str, Any]] = table.loc[hit_id, "evidence"]
        return evidence

    def _json(self, name: str) -> dict[str, Any]:
        try:
            value = json.loads(read_bytes(self.folder / name))
        except ValueError as why:
            raise MissionError(f"{self.folder / name}: is not valid JSON") from why
        if not isinstance(value, dict):
            raise MissionError(f"{self.folder / name}: is not a run's file")
        return value


def open_run(folder: str | Path) -> Run:
    """A run folder as `qianliyan run` leaves it; raises MissionError when there is none."""
    path = Path(folder)
    if not (path / "hits.geojson").is_file():
        raise MissionError(f"{path}: is not a run folder (no hits.geojson in it)")
    return Run(path)
