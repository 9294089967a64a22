"""reviews.zip: what officers said of a run, for the next model to learn from.

    README.txt         what this is
    reviews.jsonl      every entry as it was made, taken-back ones too
    items.json         one item a hit that somebody judged or added (docs/schemas/items.schema.json)
    hits.geojson       every hit as reviewed, rejected ones too
    crops/             of the items: the close-up, and the whole photo reduced

The photos themselves stay where they are; items name them by SHA-256. The same run and reviews give the same bytes.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pipeline.errors import MissionError
from pipeline.files import json_bytes, write_atomic
from pipeline.imagery import read_bytes
from pipeline.report.features import context_path, crop_path
from pipeline.report.finished import Finished, read_finished
from pipeline.report.reviews import hits_reviewed, reviews_folder
from pipeline.report.spreadsheet import ZIP_EPOCH

SCHEMA_VERSION = 1
LABELS = {"confirmed": "source", "added": "source", "rejected": "nothing", "open": "changed"}
README = """\
千里眼 Qianliyan: 执法人员的核查结论，用于训练下一代识别模型
what officers said of a run, to train the next model

items.json    每个经过核查的点位一条 one item a reviewed hit:
              label  source = 确认为污染源 a source; nothing = 误报 a false alarm;
                     changed = 只修正了位置或类别 moved or re-classed, not confirmed
              sightings: 照片 SHA-256、框、落点（像素坐标，左上像素中心为 0,0）
                         photo by SHA-256, box and point in pixels, (0, 0) the centre of the top-left one
              point_holds = false: 位置已被修正，落点不再可信 the hit was moved: its points in pixels do not hold
reviews.jsonl 全部核查记录，含已撤销的 every entry, also those taken back
hits.geojson  全部点位，含已驳回的 every hit, also rejected ones
crops/        局部图与全景图 close-ups, and whole photos reduced

{run}
"""


def write_reviews_zip(run: Path, out: Path) -> int:
    """Write the zip to `out` in one step; returns how many items it has.

    Raises MissionError when `run` is no run folder, OutputError when `out` cannot be written.
    """
    done = read_finished(run)
    value = training_items(done)
    told = value["run"]

    def fill(aside: Path) -> None:
        with zipfile.ZipFile(aside, "w") as archive:
            summary = f"{told['mission_id']}  {told['inputs_digest']}  {told['software']}"
            _put(archive, "README.txt", README.format(run=summary).encode("utf-8-sig"))
            _put(archive, "reviews.jsonl", _entries(run))
            _put(archive, "items.json", json_bytes(value))
            _put(archive, "hits.geojson", json_bytes(done.collection))
            for name, path in _pictures(done, value):
                _put(archive, name, read_bytes(path))

    write_atomic(out, fill)
    return len(value["items"])


def training_items(done: Finished) -> dict[str, Any]:
    """The content of items.json."""
    judged = hits_reviewed(done.entries)
    said = {hit for hit, entries in judged.items() if any(e["verdict"] != "commented" for e in entries)}
    features = [f for f in done.collection["features"] if f["id"] in said]
    sizes = _photo_sizes(done.folder)
    return {
        "schema_version": SCHEMA_VERSION,
        "run": _run_facts(done),
        "items": [_item(done, f, judged[f["id"]], sizes) for f in features],
    }


def _run_facts(done: Finished) -> dict[str, Any]:
    facts = done.provenance
    models = facts.get("models", {})
    return {
        "mission_id": done.collection["mission_id"],
        "inputs_digest": done.collection["inputs_digest"],
        "configuration_digest": facts.get("configuration_digest"),
        "software": facts.get("software"),
        "detector": models.get("detector"),
        "detector_digest": models.get("digest"),
        "thresholds": models.get("thresholds", {}),
    }


def _item(
    done: Finished, feature: Mapping[str, Any], entries: list[dict[str, Any]], sizes: Mapping[str, list[int]]
) -> dict[str, Any]:
    props, hit = feature["properties"], feature["id"]
    class_found, at_found = done.found.get(hit, (None, None))
    return {
        "hit": hit,
        "n": done.numbers[hit],
        "label": LABELS[props["verdict"]],
        "verdict": props["verdict"],
        "class": props["class"],
        "class_found": class_found,
        "origin": props["origin"],
        "at": feature["geometry"]["coordinates"],
        "at_found": at_found,
        "r90_m": props["r90_m"],
        "point_holds": not props["moved"],
        "said": [{key: e.get(key) for key in ("verdict", "who", "when", "note", "carried_from")} for e in entries],
        "crop": crop_path(hit) if done.crop(hit) else None,
        "sightings": [_sighting(e, sizes) for e in props["evidence"]],
    }


def _sighting(seen: Mapping[str, Any], sizes: Mapping[str, list[int]]) -> dict[str, Any]:
    keys = ("source", "sha256", "frame_id", "t", "box_px", "point_px", "confidence", "detector", "crop_px")
    return {**{key: seen.get(key) for key in keys}, "size_px": sizes.get(seen["frame_id"])}


def _photo_sizes(run: Path) -> dict[str, list[int]]:
    """Width and height in pixels by frame id, as frames.json has them; empty where the run folder has none."""
    path = run / "frames.json"
    if not path.is_file():
        return {}
    try:
        frames = json.loads(read_bytes(path))["frames"]
        cameras = {f["id"]: f["camera"] for f in frames if f["camera"]}
        return {name: [int(c["width_px"]), int(c["height_px"])] for name, c in cameras.items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as why:
        raise MissionError(f"{path}: damaged ({type(why).__name__})") from why


def _entries(run: Path) -> bytes:
    """reviews.jsonl as far as it is whole: a last line torn by a crash is nobody's word."""
    path = reviews_folder(run) / "reviews.jsonl"
    if not path.is_file():
        return b""
    data = path.read_bytes()
    return data[: data.rfind(b"\n") + 1]


def _pictures(done: Finished, value: Mapping[str, Any]) -> Iterator[tuple[str, Path]]:
    """Names in the zip and files of the items' pictures."""
    for item in value["items"]:
        for name, path in (
            (crop_path(item["hit"]), done.crop(item["hit"])),
            (context_path(item["hit"]), done.context(item["hit"])),
        ):
            if path is not None:
                yield name, path


def _put(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    """Add a file without the hour of writing; pictures are not squeezed twice."""
    entry = zipfile.ZipInfo(name, ZIP_EPOCH)
    entry.compress_type = zipfile.ZIP_STORED if name.endswith(".jpg") else zipfile.ZIP_DEFLATED
    entry.create_system, entry.external_attr = 3, 0o644 << 16
    archive.writestr(entry, data)
