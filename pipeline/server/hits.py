"""A run's hits as its officers left them: read once, judged in memory, made anew when a review was added."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

from pipeline.report.review_entries import Entry
from pipeline.report.reviewed import hit_numbers, reviewed_hits
from pipeline.report.reviews import hits_reviewed, read_reviews, reviews_folder, taken_back
from pipeline.server.finished import Finished
from pipeline.server.lines import compact, read_line, read_squeezed, squeezed
from pipeline.server.problems import Problem
from pipeline.server.slim import UNJUDGED, ellipse, slim_feature

KEPT = 8  # runs whose hits stay in memory
Feature = dict[str, Any]
Stamp = tuple[int, int, int]


@dataclass(slots=True)
class Hits:
    """A run's hits at one moment. Machine's hits come by id, pins after them as they were made; `n` counts them."""

    stamp: Stamp
    entries: list[Entry]
    back: frozenset[int]  # numbers of entries that are taken back
    first: dict[str, Feature]  # the machine's, as the search left them
    features: dict[str, Feature]  # by id, without evidence
    pins: dict[str, Feature]  # whole, as they were added
    places: dict[str, int]  # of the machine's hits: which line of hits.jsonl
    _body: bytes = b""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def etag(self) -> str:
        return '"' + "-".join(f"{v:x}" for v in self.stamp) + '"'

    def body(self) -> bytes:
        """The list as it is sent, squeezed."""
        with self._lock:
            if not self._body:
                self._body = squeezed(compact({"type": "FeatureCollection", "features": list(self.features.values())}))
            return self._body

    def listed(self, hit_id: str) -> Feature:
        """A hit without its evidence; raises Problem 404 when there is none such."""
        if hit_id not in self.features:
            raise Problem(404, "not_found", "this run has no such hit")
        return self.features[hit_id]

    def evidence(self, run: Finished, hit_id: str) -> list[dict[str, Any]]:
        """What speaks for a hit, as the search or the pin has it; raises Problem 404 when there is none such."""
        self.listed(hit_id)
        first = self.pins.get(hit_id) or read_line(run.run / "hits.geojson", run.index["hits_at"][self.places[hit_id]])
        found: list[dict[str, Any]] = first["properties"]["evidence"]
        return found

    def history(self, hit_id: str) -> list[dict[str, Any]]:
        """All that was ever said of a hit, in its order; what is taken back is marked."""
        return [self.told(n) for n, e in enumerate(self.entries, start=1) if e["hit"] == hit_id]

    def told(self, n: int) -> dict[str, Any]:
        """The n-th entry, from 1, in short."""
        entry = self.entries[n - 1]
        short = {key: entry.get(key) for key in ("verdict", "value", "who", "when", "note")}
        if entry["verdict"] == "added":
            short["value"] = {"class": entry["value"]["properties"]["class"]}
        return {"n": n, **short, "undone": n in self.back}


def hits_of(run: Finished) -> Hits:
    """The run's hits now."""
    stamp = _stamp(run)
    with _lock:
        found = _kept.get(run.id)
        if found is not None and found.stamp == stamp:
            _kept.move_to_end(run.id)
            return found
    first = found.first if found and found.stamp[0] == stamp[0] else _first(run)
    made = _judged(run, stamp, first)
    with _lock:
        _kept[run.id] = made
        _kept.move_to_end(run.id)
        while len(_kept) > KEPT:
            _kept.popitem(last=False)
    return made


_lock = threading.Lock()
_kept: OrderedDict[str, Hits] = OrderedDict()


def _stamp(run: Finished) -> Stamp:
    """Changes whenever a review is added or the run is prepared anew."""
    index = (run.web / "index.json").stat()
    path = reviews_folder(run.run) / "reviews.jsonl"
    told = path.stat() if path.is_file() else None
    return index.st_mtime_ns, told.st_mtime_ns if told else 0, told.st_size if told else 0


def _first(run: Finished) -> dict[str, Feature]:
    return {f["id"]: f for f in read_squeezed(run.web / "hits.json.gz")["features"]}


def _judged(run: Finished, stamp: Stamp, first: dict[str, Feature]) -> Hits:
    """Only hits that somebody spoke of are worked on: of ten thousand these are few."""
    entries = read_reviews(run.run)
    features = dict(first)
    places = {hit_id: i for i, hit_id in enumerate(features)}
    said = hits_reviewed(entries)
    judged = reviewed_hits({"features": [features[hit] for hit in said if hit in features]}, entries)
    pins = {f["properties"]["id"]: f for f in judged["features"] if f["properties"]["id"] not in places}
    for feature in judged["features"]:
        props = feature["properties"]
        props |= {"ellipse": ellipse(props["cov_m2"]), "comments": len(props["comments"])}
        features[props["id"]] = feature
    features |= _slim_pins(run, hit_numbers(first, entries), pins)
    return Hits(stamp, entries, taken_back(entries), first, features, pins, places)


def _slim_pins(run: Finished, numbers: dict[str, int], pins: dict[str, Feature]) -> dict[str, Feature]:
    """Pins without their evidence, in the order in which they were first made; `numbers`: those of all hits."""
    photos = {photo["frame_id"]: photo["k"] for photo in listed_photos(run)} if pins else {}
    found = {}
    for hit in sorted(pins, key=numbers.__getitem__):
        state = {key: pins[hit]["properties"][key] for key in UNJUDGED}
        found[hit] = slim_feature(pins[hit], numbers[hit], run.id, photos)
        found[hit]["properties"].update(state)
    return found


def listed_photos(run: Finished) -> list[dict[str, Any]]:
    """The photos in their order, without poses and boxes."""
    photos: list[dict[str, Any]] = read_squeezed(run.web / "photos.json.gz")["photos"]
    return photos
