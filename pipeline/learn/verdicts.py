"""What officers' words make of every box of a run: a source, nothing, or unknown.

A hit's boxes, one a photo that shows it, become

- source: confirmed, added by an officer, or given another class; the class is what the officer left it at. A hit whose
  class is none of ours (a burn scar) is nothing to a model that does not know it.
- nothing: rejected. Where the box lies there is no source.
- unknown: hits nobody judged, and those that were only moved, which says where on the ground and not which pixels. An
  officer may draw the box anew: `moved` with `box_px` (and `frame_id`) in its value; then that box is the source, and
  the hit's other boxes are unknown.

A pin that was only clicked has a box of `CLICK_PX` around the click, whatever lies there: it is unknown too, until a
box is drawn.

Runs are read from their folders with RUN.reviews beside them, or from reviews.zip.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pipeline import imagery
from pipeline.errors import MissionError, OutputError
from pipeline.learn.review_files import frames_of, json_in, lines_in, member
from pipeline.learn.tiles import CLASSES
from pipeline.report.features import crop_path
from pipeline.report.finished import read_finished
from pipeline.report.review_entries import Entry, is_hit_feature
from pipeline.report.reviews import hits_reviewed, reviews_folder
from pipeline.report.training import LABELS, training_items
from pipeline.types import Box

SOURCE, NOTHING, UNKNOWN = "source", "nothing", "unknown"
MAX_CROP_BYTES = 64 * 1024 * 1024
MOST_RUNS = 10_000
CLICK_PX = 48.0
LEAST_PX = 1.0  # of a source's box; below it there is nothing to learn from


@dataclass(frozen=True, slots=True)
class Look:
    """One box of one hit in one photo, and what became of it."""

    run: str  # the run's name here, a digest of what it is and of what was said of it
    hit: str
    state: str
    label: int | None  # place in CLASSES, of a source
    box_px: Box
    sha256: str
    frame_id: str
    source: str
    at: tuple[float, float]  # degrees, longitude and latitude
    r90_m: float
    gsd_m: float | None  # metres a pixel where the ground is, as far as the photo's camera is known
    when: str  # of the last word; "" where nobody spoke
    confidence: float
    said: tuple[dict[str, Any], ...] = field(default=(), compare=False)
    crop_px: tuple[int, int, int, int] | None = None  # what the run's crop shows of the photo

    @property
    def key(self) -> str:
        """What tells its picture from all others."""
        return imagery.original_key(self.sha256, self.frame_id)


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A run with its verdicts; `pts` are the times of a film's frames by frame id."""

    name: str
    path: Path
    facts: dict[str, Any]
    looks: tuple[Look, ...]
    flight: str = ""
    pts: Mapping[str, int] | None = None

    def crop(self, hit: str) -> bytes | None:
        """The run's own picture of a hit."""
        name = crop_path(hit)
        if self.path.is_file():
            return member(self.path, name, MAX_CROP_BYTES)
        places = (self.path / name, reviews_folder(self.path) / name)
        found = next((p for p in places if p.is_file()), None)
        return None if found is None else imagery.read_bytes(found, MAX_CROP_BYTES)


def read_all(given: Sequence[Path]) -> list[Reviewed]:
    """Runs and reviews.zips, or folders full of them; each once, by name.

    Raises MissionError where nothing is reviewed, and for a run that is damaged.
    """
    found: dict[str, Reviewed] = {}
    places = [place for path in given for place in _places(path)]
    for place in sorted(places, key=Path.is_file):  # a run's folder tells more than its zip
        run = _of_zip(place) if place.is_file() else _of_run(place)
        if any(look.when for look in run.looks):
            found.setdefault(run.name, run)
    if not found:
        raise MissionError(f"{', '.join(str(g) for g in given)}: no run with verdicts of officers")
    return [found[name] for name in sorted(found)]


def _places(path: Path) -> list[Path]:
    if path.is_file() or (path / "hits.geojson").is_file():
        return [path]
    if not path.is_dir():
        raise MissionError(f"{path}: there is no such run, reviews.zip or folder of them")
    runs = sorted(
        p.parent for p in path.glob("**/hits.geojson") if (reviews_folder(p.parent) / "reviews.jsonl").is_file()
    )
    zips = sorted(p for p in path.glob("**/*.zip") if p.is_file())
    if len(runs) + len(zips) > MOST_RUNS:
        raise MissionError(f"{path}: more than {MOST_RUNS} runs")
    return [*runs, *zips]


def _of_run(path: Path) -> Reviewed:
    done = read_finished(path)
    cameras, pts = frames_of(path)
    items = training_items(done)
    told = done.provenance.get("flight")
    flight = told if isinstance(told, str) else ""
    return _reviewed(path, items, done.collection, done.entries, cameras, flight, pts)


def _of_zip(path: Path) -> Reviewed:
    items, collection = (json_in(path, name) for name in ("items.json", "hits.geojson"))
    entries = lines_in(path)
    try:
        features = collection["features"]
        good = all(is_hit_feature(f, f["properties"]["id"]) for f in features)
        good &= all(_is_item(i) for i in items["items"])
        good &= isinstance(items["run"]["mission_id"], str) and isinstance(collection["mission_id"], str)
    except (KeyError, TypeError) as why:
        raise MissionError(f"{path.name}: is no reviews.zip of ours") from why
    if not good:
        raise MissionError(f"{path.name}: is no reviews.zip of ours")
    return _reviewed(path, items, collection, entries, {}, "", None)


def _is_item(item: Mapping[str, Any]) -> bool:
    texts = all(isinstance(item[key], str) for key in ("hit", "class"))
    known = item["label"] in LABELS.values() and isinstance(item.get("class_found"), str | None)
    return texts and known and isinstance(item["said"], list) and all(isinstance(e, dict) for e in item["said"])


def _reviewed(
    path: Path,
    items: Mapping[str, Any],
    collection: Mapping[str, Any],
    entries: Sequence[Entry],
    focal_px: Mapping[str, float],
    flight: str,
    pts: Mapping[str, int] | None,
) -> Reviewed:
    _check_names(collection, path)
    facts = dict(items["run"])
    said = {item["hit"]: item for item in items["items"]}
    redrawn = {hit: r for hit, listed in hits_reviewed(entries).items() if (r := _redrawn(listed)) is not None}
    looks = [
        look
        for feature in collection["features"]
        for look in _looks(feature, said.get(feature["id"]), redrawn.get(feature["id"]), focal_px)
    ]
    name = _name(facts, looks)
    return Reviewed(name, path, facts, tuple(replace(x, run=name) for x in looks), flight, pts)


def _check_names(collection: Mapping[str, Any], path: Path) -> None:
    """Pictures are named after hits: an id that leads elsewhere is refused."""
    for feature in collection["features"]:
        try:
            crop_path(feature["id"])
        except OutputError as why:
            raise MissionError(f"{path}: {why}") from why


def _name(facts: Mapping[str, Any], looks: Sequence[Look]) -> str:
    """The same for a run and its zip, and another one where other words were said."""
    told = [(x.hit, x.state, x.label, x.box_px, x.key, x.when, [list(e.values()) for e in x.said]) for x in looks]
    return imagery.sha256(json.dumps([facts, sorted(told, key=str)], ensure_ascii=False).encode())[:16]


def _looks(
    feature: Mapping[str, Any],
    item: Mapping[str, Any] | None,
    redrawn: tuple[str, Box] | None,
    focal_px: Mapping[str, float],
) -> Iterator[Look]:
    props = feature["properties"]
    state, label = _state(item) if item is not None else (UNKNOWN, None)
    words = [e for e in (item["said"] if item is not None else ()) if e.get("verdict") != "commented"]
    lon, lat = feature["geometry"]["coordinates"][:2]
    for seen in props["evidence"]:
        if not seen.get("sha256"):
            continue
        box, now, ours = _box(seen["box_px"]), state, label
        if state == SOURCE and (_clicked(seen, box) or _flat(box)):
            now, ours = UNKNOWN, None
        if redrawn is not None and state != NOTHING:
            here = redrawn[0] == seen["frame_id"]
            box, now, ours = (redrawn[1], SOURCE, _class_of(props["class"])) if here else (box, UNKNOWN, None)
        yield Look(
            "", feature["id"], now, ours, box, seen["sha256"], seen["frame_id"], seen.get("source") or "",
            (lon, lat), float(props["r90_m"]), _gsd_m(feature, seen, focal_px.get(seen["frame_id"])),
            str(words[-1].get("when") or "") if words else "", float(seen["confidence"]),
            tuple({k: e.get(k) for k in ("verdict", "who", "when", "note")} for e in words), _crop(seen),
        )  # fmt: skip


def _state(item: Mapping[str, Any]) -> tuple[str, int | None]:
    """The state of a hit's boxes by what was said of it."""
    if item["label"] == "nothing":
        return NOTHING, None
    if item["label"] == "changed" and item["class"] == item["class_found"]:
        return UNKNOWN, None
    ours = _class_of(str(item["class"]))
    return (SOURCE, ours) if ours is not None else (NOTHING, None)


def _class_of(path: str) -> int | None:
    word = path.split("/")[0]
    return CLASSES.index(word) if word in CLASSES else None


def _clicked(seen: Mapping[str, Any], box: Box) -> bool:
    """Whether the box is the square that a click makes, or what the picture's border leaves of it."""
    x, y = seen["point_px"]
    reach = max(x - box[0], box[2] - x), max(y - box[1], box[3] - y)
    return seen.get("detector") == "officer" and all(abs(r - CLICK_PX / 2) < 0.02 for r in reach)


def _redrawn(entries: Sequence[Entry]) -> tuple[str, Box] | None:
    """(frame id, box) of the last `moved` that draws the box anew."""
    for entry in reversed(entries):
        value = entry.get("value")
        if entry["verdict"] == "moved" and isinstance(value, dict) and isinstance(value.get("box_px"), list):
            frame = value.get("frame_id", entry.get("frame_id"))
            numbers = [v for v in value["box_px"] if isinstance(v, int | float) and math.isfinite(v)]
            if isinstance(frame, str) and len(numbers) == 4 == len(value["box_px"]) and not _flat(_box(numbers)):
                return frame, _box(numbers)
    return None


def _box(values: Sequence[float]) -> Box:
    x0, y0, x1, y1 = (float(v) for v in values)
    return min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)


def _flat(box: Box) -> bool:
    return min(box[2] - box[0], box[3] - box[1]) < LEAST_PX


def _crop(seen: Mapping[str, Any]) -> tuple[int, int, int, int] | None:
    told = seen.get("crop_px")
    if not isinstance(told, list) or len(told) != 4 or not all(isinstance(v, int) for v in told):
        return None
    return told[0], told[1], told[2], told[3]


def _gsd_m(feature: Mapping[str, Any], seen: Mapping[str, Any], focal_px: float | None) -> float | None:
    """Metres a pixel at the hit: its distance from the camera over the focal length."""
    pose, at = seen.get("pose"), feature["geometry"]["coordinates"]
    if not focal_px or not isinstance(pose, dict):
        return None
    try:
        up = float(pose["alt_m"]) - float(at[2])
        across = metres_between((float(pose["lon_deg"]), float(pose["lat_deg"])), (at[0], at[1]))
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    return math.hypot(up, across) / focal_px


def metres_between(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Between two places (longitude, latitude in degrees) that lie close together, on a sphere of 6,371 km."""
    east = math.radians((b[0] - a[0] + 180) % 360 - 180) * math.cos(math.radians((a[1] + b[1]) / 2))
    return 6_371_000 * math.hypot(east, math.radians(b[1] - a[1]))
