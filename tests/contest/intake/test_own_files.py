"""What `qianliyan run` and the web export write is taken as it is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.contest.intake.formats import parse
from pipeline.contest.intake.taken import Caps
from pipeline.report.geopackage import hits_table, write_layers
from pipeline.report.kml import hits_kml
from pipeline.report.spreadsheet import hits_xlsx
from pipeline.report.tables import REVIEWED_COLUMNS, hits_csv
from pipeline.types import GeoPoint

SHA = "ab" * 32


def _feature(n: int, verdict: str | None) -> dict[str, Any]:
    evidence = {"source": "a.jpg", "sha256": SHA, "frame_id": "a.jpg", "t": "2026-01-01T00:00:00.000Z",
                "box_px": [1, 2, 3, 4], "point_px": [2, 3], "confidence": 0.9, "detector": "x", "sharpness": 3.0,
                "crop": "crops/h.jpg", "crop_px": [0, 0, 9, 9], "pose": None}  # fmt: skip
    told = {"verdict": verdict, "n": n, "moved": False, "reclassed": False, "reviewed_by": "张", "reviewed_at": None,
            "comments": [{"who": "张", "when": None, "note": "=1+1"}]} if verdict else {}  # fmt: skip
    props = {"id": f"h{n:010d}", "class": "outfall/discharging", "origin": "model", "confidence": 0.91, "r90_m": 2.512,
             "cov_m2": [1.0, 0.0, 1.0], "sightings": 3, "first_seen": "2026-01-01T00:00:00.000Z", "assumed": [],
             "last_seen": "2026-01-01T00:00:09.000Z", "evidence": [evidence], **told}  # fmt: skip
    at = [113.6254321 + n * 1e-4, 34.7466123, 99.5]
    return {"type": "Feature", "id": props["id"], "geometry": {"type": "Point", "coordinates": at}, "properties": props}


@pytest.mark.parametrize("verdicts", [(None, None), ("confirmed", "rejected")])
@pytest.mark.parametrize("kind", ["geojson", "csv", "xlsx", "kml", "gpkg"])
def test_own_lists(kind: str, verdicts: tuple[str | None, str | None], tmp_path: Path) -> None:
    features = [_feature(n, v) for n, v in enumerate(verdicts, 1)]
    hits = {"type": "FeatureCollection", "schema_version": 1, "mission_id": "m", "datum": "WGS84", "features": features}
    reviewed = verdicts[0] is not None
    if kind == "geojson":
        data = json.dumps(hits).encode()
    elif kind == "csv":
        data = hits_csv(hits, REVIEWED_COLUMNS) if reviewed else hits_csv(hits)
    elif kind == "xlsx":
        data = hits_xlsx(hits, [], REVIEWED_COLUMNS) if reviewed else hits_xlsx(hits, [])
    elif kind == "kml":
        data = hits_kml("演练", {"features": features[:1] if reviewed else features}, [GeoPoint(34, 113, 9)] * 2)
    else:
        more = {"n": "int64", "verdict": "object", "comments": "object"} if reviewed else {}
        write_layers(tmp_path / "x.gpkg", {"hits": hits_table(hits, more, lambda p: {"comments": "x"} if more else {})})
        data = (tmp_path / "x.gpkg").read_bytes()
    taken = parse(data, f"hits.{kind}", Caps(bytes=2**22))
    assert len(taken.rows) == (1 if reviewed else 2) and taken.warnings == ()
    row = taken.rows[0]
    assert (row.label, row.lat_deg, row.lon_deg) == ("outfall/discharging", 34.7466123, 113.6255321)
    if kind != "kml":
        assert (row.id, row.confidence, row.r90_m, row.first_ms) == ("h0000000001", 0.91, 2.512, 1767225600000)
    assert [e.sha256 for e in row.evidence] == ([SHA] if kind == "geojson" else [])
