"""What the pages need of a finished run, made once beside it: runs/JOB/web.

    index.json           that it is whole, of which run, counts, and where lines and tiles lie
    map.json.gz          what `GET /api/runs/ID/map` says
    track, footprints, gaps, photos (.json.gz)   bodies as they are sent
    hits.json.gz         the hits without their evidence, as nobody has judged them yet
    photos.jsonl         each photo with its pose and boxes: one line is read at a time, as are hits out of hits.geojson

Everything follows from the run folder; a folder that was taken away is made again.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pipeline.errors import MissionError, OutputError
from pipeline.files import write_json_atomic
from pipeline.flow.frames import every_frame
from pipeline.imagery import read_bytes, video_and_number
from pipeline.report.colours import class_colour
from pipeline.report.features import pose_record
from pipeline.report.map_page import TilePlace, read_page
from pipeline.report.plane import Plane
from pipeline.server import ground_seen
from pipeline.server.lines import Place, write_lines, write_squeezed
from pipeline.server.slim import slim_feature
from pipeline.types import Frame, iso_utc
from pipeline.words import class_word

VERSION = 2
MAX_HITS_BYTES = 2 * 1024**3
Shapes = list[tuple[dict[str, Any], Any]]


def prepare_run(folder: Path) -> dict[str, int]:
    """Make `folder`/web of `folder`/run; counts of hits, photos, searched and skipped ones, and videos.

    Does nothing when it is whole already. Raises MissionError when the run folder is damaged, OutputError when
    nothing can be written.
    """
    done = read_index(folder)
    if done is not None:
        return dict(done["counts"])
    run, web = folder / "run", folder / "web"
    try:
        web.mkdir(exist_ok=True)
    except OSError as why:
        raise OutputError(f"{web}: cannot be written ({why.strerror or why})") from why
    told, plane, tiles = read_page(run / "map.html")
    features, hits_at = _features(run / "hits.geojson")
    photos = _photos(folder, told, features)
    counts = _counts(features, photos, told)
    index = {
        "version": VERSION,
        "run": folder.name,
        "counts": counts,
        "plane": asdict(plane),
        "tiles": [asdict(tile) for tile in tiles],
        "hits_at": hits_at,
        "photos_at": write_lines(web / "photos.jsonl", photos),
    }
    numbers = {photo["frame_id"]: photo["k"] for photo in photos}
    slim = [slim_feature(f, n, folder.name, numbers) for n, f in enumerate(features, start=1)]
    write_squeezed(web / "hits.json.gz", {"features": slim})
    write_squeezed(web / "photos.json.gz", {"photos": [_listed(photo) for photo in photos]})
    _write_ground(web, run / "hits.gpkg", plane, numbers)
    write_squeezed(web / "map.json.gz", _map(folder.name, told, plane, tiles, photos, counts))
    write_json_atomic(web / "index.json", index)
    return counts


def read_index(folder: Path) -> dict[str, Any] | None:
    """web/index.json; None when the folder was not (wholly) made by this version for the run of this name."""
    try:
        found = json.loads((folder / "web" / "index.json").read_bytes())
    except (OSError, ValueError):
        return None
    whole = isinstance(found, dict) and found.get("version") == VERSION and found.get("run") == folder.name
    return found if whole else None


def _features(path: Path) -> tuple[list[dict[str, Any]], list[Place]]:
    """The hits in their order, and where each lies in the file, so that one can be read alone."""
    data = read_bytes(path, MAX_HITS_BYTES)
    places = _places(data)
    try:
        features = [json.loads(data[start : start + length]) for start, length in places]
        whole = bool(features) or json.loads(data)["features"] == []
        if not whole or any(f["properties"]["id"] != f["id"] for f in features):
            raise ValueError("not as a run writes it")
    except (ValueError, KeyError, TypeError, RecursionError) as why:
        raise MissionError(f"{path}: is damaged") from why
    return features, places


def _places(data: bytes) -> list[Place]:
    """Where features lie in a hits.geojson as a run writes it: a feature's braces stand alone, two spaces in."""
    found: list[Place] = []
    at = start = 0
    for line in data.splitlines(keepends=True):
        if line == b"  {\n":
            start = at
        elif line.startswith(b"  }"):
            found.append([start, at + 3 - start])
        at += len(line)
    return found


def _counts(features: list[Any], photos: list[dict[str, Any]], told: dict[str, Any]) -> dict[str, int]:
    return {
        "hits": len(features),
        "photos": len(photos),
        "searched": sum(photo["searched"] for photo in photos),
        "skipped": len(told["skipped"]),
        "videos": len({photo["source"] for photo in photos if photo["is_video"]}),
    }


def _photos(folder: Path, told: dict[str, Any], features: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each frame whole: how it was taken, its original, and what was found in it."""
    frames, _ = every_frame(folder / "run")
    reasons, digests, boxes = dict(told["skipped"]), _digests(folder), _boxes(features)
    photos = []
    for k, (frame, sha256) in enumerate(frames):
        source = video_and_number(frame.id)[0]
        digest = sha256 or digests.get(source)
        reason = "" if sha256 else reasons.get(frame.id, frame.problem)
        photos.append(_photo(k, frame, source, digest, sha256 is not None, reason) | {"boxes": boxes[frame.id]})
    return photos


def _photo(k: int, frame: Frame, source: str, sha256: str | None, searched: bool, reason: str) -> dict[str, Any]:
    at = frame.pose.at if frame.pose else None
    look = frame.pose.attitude if frame.pose else None
    return {
        "k": k,
        "frame_id": frame.id,
        "source": source,
        "t": iso_utc(frame.pose.t_ns) if frame.pose else None,
        "searched": searched,
        "reason": reason,
        "at": [round(at.lon_deg, 7), round(at.lat_deg, 7)] if at else None,
        "heading_deg": round(look.yaw_deg % 360, 1) if look else None,
        "is_video": frame.pts is not None,
        "sha256": sha256,
        "pts": frame.pts,
        "width_px": frame.camera.width_px if frame.camera else None,
        "height_px": frame.camera.height_px if frame.camera else None,
        "pose": pose_record(frame),
        "problem": frame.problem,
        "assumed": list(frame.assumed),
    }


_LISTED = ("k", "frame_id", "source", "t", "searched", "reason", "at", "heading_deg", "is_video")


def _listed(photo: dict[str, Any]) -> dict[str, Any]:
    return {key: photo[key] for key in _LISTED}


def _digests(folder: Path) -> dict[str, str]:
    """SHA-256 of the run's originals by name, as they were uploaded; none of a run that came otherwise."""
    try:
        files = json.loads((folder / "files.json").read_bytes())["files"]
    except (OSError, ValueError, KeyError):
        return {}
    return {file["path"]: file["sha256"] for file in files}


def _boxes(features: list[dict[str, Any]]) -> defaultdict[str, list[dict[str, Any]]]:
    """What was found in each frame, by its id."""
    found: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for feature in features:
        props = feature["properties"]
        for evidence in props["evidence"]:
            box = {"hit": props["id"], **{key: evidence.get(key) for key in ("box_px", "point_px", "confidence")}}
            found[evidence["frame_id"]].append(box)
    return found


def _write_ground(web: Path, gpkg: Path, plane: Plane, numbers: dict[str, int]) -> None:
    shapes = ground_seen.footprint_shapes(gpkg, plane)
    footprints = ground_seen.footprint_features(shapes, numbers, plane)
    bodies = {
        "track": ground_seen.track_features(gpkg, plane),
        "footprints": footprints,
        "gaps": ground_seen.gap_features(shapes, plane),
    }
    for name, features in bodies.items():
        write_squeezed(web / f"{name}.json.gz", ground_seen.collection(features))


def _map(
    run_id: str, told: dict[str, Any], plane: Plane, tiles: list[TilePlace], photos: list[Any], counts: dict[str, int]
) -> dict[str, Any]:
    west, south, east, north = told["bounds"]
    times = sorted(photo["t"] for photo in photos if photo["t"])
    labels = sorted(told["classes"])
    return {
        "bounds": [*plane.lon_lat_on(west, south), *plane.lon_lat_on(east, north)],
        "start": times[0] if times else None,
        "end": times[-1] if times else None,
        "meta": told["meta"],
        "classes": {label: class_words(label) for label in labels},
        "counts": counts,
        "mosaic": [
            {"url": f"/api/runs/{run_id}/mosaic/{n}.webp", "corners": tile.corners(plane)}
            for n, tile in enumerate(tiles)
        ],
        "skipped": told["skipped"],
        "not_located": told["not_located"],
        "warnings": told["warnings"],
        "plane": asdict(plane),
        "track_m": told["track_m"],
    }


def class_words(label: str) -> dict[str, str]:
    """A class in both languages, and its colour."""
    return {"zh": class_word(label, "zh"), "en": class_word(label, "en"), "colour": class_colour(label)}
