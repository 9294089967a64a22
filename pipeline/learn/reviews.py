"""Officers' verdicts as a data set to learn from, with a version and with who said what.

    DATA/data.yaml, train.txt, watch.txt, real.txt, images/SET, labels/SET, clean.txt   as `dataset` writes them
    DATA/lists.json   version; runs; a picture each: set, place, original, who said what when; what was left out and why

The version is the SHA-256 of pictures, labels and sets: the same verdicts give the same one, in whatever order the runs
are named, and on any machine. Sets are told by the place on the ground alone (`places`): `real` is held out, and a
later version holds out every place that this one does. Of two words on one box of a photo the later counts. How boxes
become sources, nothing or unknown is told in `verdicts`, what a tile may hold in `review_tiles`.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pipeline import imagery
from pipeline.errors import ImageryError, MissionError, OutputError
from pipeline.files import write_json_atomic
from pipeline.learn.description import write_description
from pipeline.learn.labels import Share, write_boxes
from pipeline.learn.metrics import overlap
from pipeline.learn.originals import Originals
from pipeline.learn.places import HELD_OUT, NEAR, TRAIN, WATCH, cell_of, set_of
from pipeline.learn.review_tiles import Rect, Tile, crop_tile, cut, tiles_around
from pipeline.learn.scenes import ALIKE, SAME, thumbnail
from pipeline.learn.tiles import CLASSES
from pipeline.learn.verdicts import NOTHING, SOURCE, UNKNOWN, Look, Reviewed, read_all

SCHEMA_VERSION = 1
SAME_BOX = 0.3  # overlap from which two words are about the same
MOST_LOOKS = 4  # photos of one hit, the surest ones
Tell = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Lessons:
    """A data set made of verdicts."""

    data_yaml: Path
    version: str
    counts: dict[str, dict[str, int]]  # by set
    left_out: dict[str, int]
    missing: tuple[str, ...]  # originals that were not at hand


@dataclass(frozen=True, slots=True)
class _Made:
    """A tile on its way into a set."""

    name: str
    jpeg: bytes
    shares: tuple[Share, ...]
    thumb: np.ndarray
    rect: Rect
    look: Look
    context: str  # "original" or "crop"


def build_reviews(
    given: Sequence[Path],
    out: Path,
    photos: Sequence[Path] = (),
    size_px: int = 320,
    tell: Tell = lambda stage, done, total: None,
) -> Lessons:
    """Make the data set in a new folder.

    `given` are runs, reviews.zips or folders of them, `photos` folders with originals. Raises OutputError for a folder
    that is there, MissionError where nothing is reviewed or nothing is left to learn from.
    """
    if out.exists():
        raise OutputError(f"{out}: is there already")
    runs = {run.name: run for run in read_all(given)}
    left: Counter[str] = Counter()
    looks = latest([look for run in runs.values() for look in run.looks], left)
    made, missing = _tiles(looks, runs, Originals(photos), size_px, left, tell)
    kept = apart(made, left)
    if not any(m.name == TRAIN for m in kept):
        raise MissionError(f"{', '.join(str(g) for g in given)}: no verdict is left to learn from ({_told(left)})")
    return _write(out, kept, runs, left, missing, size_px)


def latest(looks: Iterable[Look], left: Counter[str]) -> list[Look]:
    """One word on each box of each photo: the last; a box that nobody judged gives way to one that somebody did."""
    kept: dict[str, list[Look]] = defaultdict(list)
    order = sorted(looks, key=lambda x: (x.run, x.hit, x.frame_id, x.box_px))
    for look in sorted(order, key=lambda x: (x.state != UNKNOWN, x.when), reverse=True):
        others = [k for k in kept[look.key] if (k.run, k.hit) != (look.run, look.hit)]
        if any(overlap(look.box_px, k.box_px) >= SAME_BOX and _speaks_over(k, look) for k in others):
            left["boxes judged again later"] += look.state != UNKNOWN
            continue
        kept[look.key].append(look)
    return sorted((x for listed in kept.values() for x in listed), key=lambda x: (x.key, x.run, x.hit, x.box_px))


def _speaks_over(later: Look, look: Look) -> bool:
    """In one run a rejected box and a source may lie on each other; between runs the later word counts."""
    return look.state == UNKNOWN or later.run != look.run


def _tiles(
    looks: Sequence[Look],
    runs: Mapping[str, Reviewed],
    originals: Originals,
    size_px: int,
    left: Counter[str],
    tell: Tell,
) -> tuple[list[_Made], tuple[str, ...]]:
    of_picture: dict[str, list[Look]] = defaultdict(list)
    for look in looks:
        of_picture[look.key].append(look)
    chosen = _chosen(looks)
    sources = {run: [x for x in looks if x.run == run and x.state == SOURCE] for run in runs}
    made, missing = list[_Made](), list[str]()
    for n, (_, beside) in enumerate(sorted(of_picture.items()), 1):
        tell("reviews", n, len(of_picture))
        judged = [x for x in beside if x in chosen]
        if not judged:
            continue
        image = originals.picture(judged[0], runs[judged[0].run])
        if image is None:
            missing.append(judged[0].frame_id)
        for look in judged:
            made += _of_look(look, beside, sources[look.run], image, runs[look.run], size_px, left)
    return made, tuple(sorted(missing))


def _chosen(looks: Sequence[Look]) -> set[Look]:
    """The judged boxes that tiles are cut around: of each hit those in which the model was surest."""
    of_hit: dict[tuple[str, str], list[Look]] = defaultdict(list)
    for look in looks:
        if look.state != UNKNOWN:
            of_hit[look.run, look.hit].append(look)
    ordered = (sorted(listed, key=lambda x: (-x.confidence, x.key, x.box_px)) for listed in of_hit.values())
    return {x for listed in ordered for x in listed[:MOST_LOOKS]}


def _of_look(
    look: Look,
    pictured: Sequence[Look],
    sources: Sequence[Look],
    image: imagery.Image | None,
    run: Reviewed,
    size_px: int,
    left: Counter[str],
) -> list[_Made]:
    name = set_of(*look.at)
    if name == NEAR:
        left["boxes near a place that is held out"] += 1
        return []
    beside = [x for x in pictured if x is not look]
    if image is None:
        return _of_crop(look, beside, run, name, left)
    seen = {x.hit for x in pictured if x.run == look.run}
    unseen = [x for x in sources if x.hit not in seen and x.hit != look.hit]
    found = tiles_around(look, beside, unseen, (image.shape[0], image.shape[1]), size_px)
    if not found:
        left["boxes with something unknown around them"] += 1
    return [_made(name, look, tile, image, size_px, "original") for tile in found]


def _of_crop(look: Look, beside: Sequence[Look], run: Reviewed, name: str, left: Counter[str]) -> list[_Made]:
    """For want of the original."""
    data = run.crop(look.hit) if look.crop_px is not None else None
    tile = crop_tile(look, beside)
    if data is None or tile is None:
        left["boxes without their original"] += 1
        return []
    try:
        image = imagery.decode(data, f"{look.hit}.jpg")
    except ImageryError:
        left["crops that cannot be decoded"] += 1
        return []
    x0, y0, x1, y1 = tile.rect
    if image.shape[:2] != (y1 - y0, x1 - x0):
        left["crops of another size than the run says"] += 1
        return []
    moved = Tile((0, 0, x1 - x0, y1 - y0), tuple((c, _shifted(b, x0, y0)) for c, b in tile.boxes))
    return [_made(name, look, moved, image, max(image.shape[:2]), "crop")]


def _shifted(box: tuple[float, float, float, float], x: int, y: int) -> tuple[float, float, float, float]:
    return box[0] - x, box[1] - y, box[2] - x, box[3] - y


def _made(name: str, look: Look, tile: Tile, image: imagery.Image, size_px: int, context: str) -> _Made:
    part, shares = cut(image, tile, size_px)
    return _Made(name, imagery.encode_jpeg(part, 95), tuple(shares), thumbnail(part), tile.rect, look, context)


def apart(made: Sequence[_Made], left: Counter[str]) -> list[_Made]:
    """The tiles less those that show what a held-out tile shows, and less those that say the same twice."""
    held = [m for m in made if m.name == HELD_OUT]
    thumbs = np.stack([m.thumb for m in held]) if held else np.zeros((0, 1), np.float32)
    kept: list[_Made] = []
    for m in made:
        if m.name != HELD_OUT and _shows_one_of(m, held, thumbs):
            left["tiles that show what is held out"] += 1
            continue
        same = [k for k in kept if k.name == m.name and k.look.hit == m.look.hit and k.shares == m.shares]
        if any(float(k.thumb @ m.thumb) >= SAME for k in same):
            left["tiles that say the same twice"] += 1
            continue
        kept.append(m)
    return kept


def _shows_one_of(m: _Made, held: Sequence[_Made], thumbs: np.ndarray) -> bool:
    if not held:
        return False
    shared = any(h.look.key == m.look.key and h.context == m.context and _touch(h.rect, m.rect) for h in held)
    return shared or bool((thumbs @ m.thumb).max() >= ALIKE)


def _touch(a: Rect, b: Rect) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _write(
    out: Path,
    kept: Sequence[_Made],
    runs: Mapping[str, Reviewed],
    left: Counter[str],
    missing: tuple[str, ...],
    size_px: int,
) -> Lessons:
    entries = [_put(out, m, n) for n, m in enumerate(kept)]
    sets = {name: [e for e in entries if e["set"] == name] for name in (TRAIN, WATCH, HELD_OUT)}
    for name, listed in {**sets, WATCH: sets[WATCH] or sets[TRAIN][:16], "drawn": []}.items():
        (out / f"{name}.txt").write_bytes("".join(f"./{e['picture']}\n" for e in listed).encode())
    (out / "clean.txt").write_bytes(b"")
    version = version_of(entries)
    counts = {name: _counts(listed) for name, listed in sets.items()}
    gone = {what: n for what, n in sorted(left.items()) if n}
    write_json_atomic(out / "lists.json", {
        "schema_version": SCHEMA_VERSION, "kind": "reviews", "version": version, "size_px": size_px,
        "classes": list(CLASSES), "counts": counts, "left_out": gone, "originals_missing": list(missing),
        "runs": {name: run.facts for name, run in sorted(runs.items())},
        "pictures": entries,
    })  # fmt: skip
    return Lessons(write_description(out), version, counts, gone, missing)


def _put(out: Path, m: _Made, number: int) -> dict[str, Any]:
    file = f"{m.look.hit}-{number:05d}.jpg"
    picture, labels = out / "images" / m.name / file, out / "labels" / m.name / f"{Path(file).stem}.txt"
    for path in (picture, labels):
        path.parent.mkdir(parents=True, exist_ok=True)
    picture.write_bytes(m.jpeg)
    write_boxes(labels, m.shares)
    look = m.look
    return {
        "set": m.name, "picture": f"images/{m.name}/{file}", "sha256": imagery.sha256(m.jpeg),
        "labels_sha256": imagery.sha256(labels.read_bytes()), "boxes": [CLASSES[s[0]] for s in m.shares],
        "scene": cell_of(*look.at), "from": look.source, "from_sha256": look.sha256, "frame_id": look.frame_id,
        "part_px": list(m.rect), "context": m.context, "run": look.run, "hit": look.hit,
        "means": "nothing" if look.state == NOTHING else "source", "box_px": list(look.box_px),
        "confidence": look.confidence, "said": list(look.said),
    }  # fmt: skip


def version_of(entries: Iterable[Mapping[str, Any]]) -> str:
    """SHA-256 over set, picture and labels of every entry, in the order of these words."""
    lines = sorted(f"{e['set']} {e['sha256']} {e['labels_sha256']}\n" for e in entries)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _counts(entries: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    boxes = [label for e in entries for label in e["boxes"]]
    return {"pictures": len(entries), "empty": sum(not e["boxes"] for e in entries),
            "scenes": len({e["scene"] for e in entries}), **{c: boxes.count(c) for c in CLASSES}}  # fmt: skip


def _told(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{n} {what}" for what, n in sorted(counts.items()) if n) or "none was judged"
