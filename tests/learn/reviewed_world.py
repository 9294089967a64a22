"""Runs with verdicts beside them, made without a search: photos of noise, hits at places that are asked for."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np

from pipeline import imagery
from pipeline.learn.places import set_of
from pipeline.report.crops import write_crop
from pipeline.report.review_entries import review_entry
from pipeline.report.reviews import append_review

WIDTH, HEIGHT = 1200, 900
BOX = [500.0, 400.0, 540.0, 430.0]
Told = dict[str, Any]


def place_in(wanted: str, number: int = 0) -> tuple[float, float]:
    """A place (longitude, latitude) that the rule puts into a set."""
    rows = (34.0 + n * 0.003 for n in itertools.count())
    return next(itertools.islice(((113.5, lat) for lat in rows if set_of(113.5, lat) == wanted), number, None))


def photo(path: Path, seed: int) -> str:
    """A picture of soft noise; its SHA-256."""
    import cv2

    coarse = np.random.default_rng(seed).integers(0, 255, (45, 60, 3), dtype=np.uint8)
    data = imagery.encode_jpeg(np.asarray(cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC), np.uint8))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return imagery.sha256(data)


def seen(name: str, sha: str, box: list[float] | None = None, confidence: float = 0.8) -> Told:
    """An entry of a hit's evidence."""
    box = box or BOX
    middle = [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2]
    crop = list(imagery.crop_box((box[0], box[1], box[2], box[3]), WIDTH, HEIGHT))
    return {"source": name, "sha256": sha, "frame_id": name, "t": None, "box_px": box, "point_px": middle,
            "confidence": confidence, "detector": "yolo:x", "sharpness": 1.0, "crop": None, "crop_px": crop,
            "pose": None}  # fmt: skip


def hit(name: str, label: str, at: tuple[float, float], evidence: list[Told]) -> Told:
    """A feature of hits.geojson."""
    props = {
        "id": name, "class": label, "origin": "model", "confidence": 0.8, "r90_m": 2.0, "cov_m2": [1, 0, 1],
        "sightings": len(evidence), "first_seen": None, "last_seen": None, "assumed": [], "evidence": evidence,
    }  # fmt: skip
    point = {"type": "Point", "coordinates": [*at, 10.0]}
    return {"type": "Feature", "id": name, "geometry": point, "properties": props}


def run_of(folder: Path, hits: list[Told], mission: str = "m1", flight: Path | None = None) -> Path:
    """RUN, with a crop of every hit that tells one."""
    folder.mkdir(parents=True)
    told = {"type": "FeatureCollection", "mission_id": mission, "inputs_digest": "ab" * 32, "features": hits}
    (folder / "hits.geojson").write_text(json.dumps(told), encoding="utf-8")
    facts = {"software": "qianliyan 0", "models": {"detector": "yolo:x", "digest": "cd" * 32},
             "flight": str(flight) if flight else None}  # fmt: skip
    (folder / "provenance.json").write_text(json.dumps(facts), encoding="utf-8")
    return folder


def say(run: Path, feature: Told, verdict: str, value: Any = None, who: str = "王", when: str = "") -> None:
    """An officer's word."""
    entry = review_entry(feature, verdict, who, value)
    append_review(run, {**entry, "when": when or "2026-05-01T08:00:00Z"})


def crop_of(run: Path, feature: Told, picture: Path) -> None:
    """The run's own picture of a hit."""
    (run / "crops").mkdir(exist_ok=True)
    image = imagery.decode(picture.read_bytes(), picture.name)
    write_crop(run, feature["id"], image, feature["properties"]["evidence"][0])
