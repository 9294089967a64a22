"""Verdicts and what was known before, in one data set to learn from: so that a model does not forget.

Of the data sets to rehearse `REHEARSED` times as many tiles are taken as there are of the verdicts, at least `LEAST`,
the first by SHA-256 of "SEED:NAME". The tiles of the verdicts come so often that they are about `SHARE` of an epoch.
Of a photo that the verdicts hold out nothing is rehearsed: what is asked about would be learned from. A photo is told
by its SHA-256 as lists.json has it, or as it is where it still lies; else by its name.

    DATA/mix.json  boxes that are learned from, by class; how many pictures of held-out photos were left out
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path, PureWindowsPath
from typing import Any

from pipeline import imagery
from pipeline.errors import ImageryError, MissionError
from pipeline.files import link_or_copy, write_json_atomic
from pipeline.learn.dataset import TESTS, ready
from pipeline.learn.description import write_description
from pipeline.learn.labels import read_boxes
from pipeline.learn.tiles import CLASSES

REHEARSED, LEAST = 8, 1200
SHARE = 0.25
MOST_OFTEN = 6
SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class _Entry:
    picture: Path
    labels: Path
    name: str
    photo: str  # as it was named when the picture was made of it
    sha256: str | None  # of the photo


@dataclass(frozen=True, slots=True)
class Mixed:
    """What is learned from."""

    data_yaml: Path
    learned: dict[str, int] = field(default_factory=dict)  # boxes by class, each picture once
    left_out: int = 0  # pictures to rehearse, of photos that the verdicts hold out


def mix(reviews: Path, rehearse: Sequence[Path], out: Path, seed: int) -> Mixed:
    """Make the mixed data set in a new folder.

    Raises MissionError for a data set that is none of ours, or not whole.
    """
    own = {name: _entries(reviews, (name,), "r") for name in ("train", "watch")}
    held = _entries(reviews, TESTS, "r")
    all_of = {name: [e for n, f in enumerate(rehearse) for e in _entries(f, (name,), f"{n}")] for name in own}
    old = {name: _apart(listed, held) for name, listed in all_of.items()}
    left_out = sum(len(all_of[name]) - len(old[name]) for name in own)
    for name, most in (("train", max(LEAST, REHEARSED * len(own["train"]))), ("watch", max(40, 2 * len(own["watch"])))):
        old[name] = sorted(sorted(old[name], key=lambda e: _lot(seed, e.name))[:most], key=lambda e: e.name)
    often = min(MOST_OFTEN, max(1, round(SHARE / (1 - SHARE) * len(old["train"]) / max(1, len(own["train"])))))
    watched = [*own["watch"], *old["watch"]] or own["train"][:16]
    lists = {"train": [*(own["train"] * often), *old["train"]], "watch": watched}
    try:
        for name, entries in lists.items():
            _put(out, name, entries)
    except OSError as why:
        raise MissionError(f"{why.filename}: a data set lacks it, or it cannot be copied ({why.strerror})") from why
    mixed = Mixed(write_description(out), _boxes(lists["train"]), left_out)
    told = {"schema_version": SCHEMA_VERSION, "learned": mixed.learned, "left_out": mixed.left_out}
    write_json_atomic(out / "mix.json", told)
    return mixed


def read_mixed(out: Path) -> Mixed:
    """What `mix` told of a folder; raises MissionError where it cannot be read."""
    try:
        told = json.loads(imagery.read_bytes(out / "mix.json"))
        return Mixed(out / "data.yaml", {c: int(told["learned"][c]) for c in CLASSES}, int(told["left_out"]))
    except (ImageryError, ValueError, KeyError, TypeError, RecursionError) as why:
        raise MissionError(f"{out / 'mix.json'}: cannot be read; begin the training anew") from why


def _apart(entries: Sequence[_Entry], held: Sequence[_Entry]) -> list[_Entry]:
    """The pictures that are of no photo of those that are held out."""
    shas, nameless = {h.sha256 for h in held}, {_name(h.photo) for h in held if h.sha256 is None}
    names = {_name(h.photo) for h in held}
    sha_of = cache(_sha_of)

    def shown(entry: _Entry) -> bool:
        if not held or not entry.photo:
            return False
        sha = entry.sha256 or sha_of(entry.photo)
        return _name(entry.photo) in (nameless if sha else names) or (sha is not None and sha in shas)

    return [e for e in entries if not shown(e)]


def _name(photo: str) -> str:
    return PureWindowsPath(photo).name.casefold()  # knows both kinds of slashes


def _sha_of(photo: str) -> str | None:
    """Of a photo that lies where it lay."""
    try:
        return imagery.file_sha256(photo)
    except ImageryError:
        return None


def _boxes(entries: Sequence[_Entry]) -> dict[str, int]:
    found = [share[0] for e in dict.fromkeys(entries) for share in read_boxes(e.labels)]
    return {c: found.count(n) for n, c in enumerate(CLASSES)}


def _entries(folder: Path, names: Sequence[str], mark: str) -> list[_Entry]:
    """The pictures of sets, from lists.json."""
    base = folder.parent if folder.is_file() else folder
    if ready(folder) is None or not (base / "lists.json").is_file():
        raise MissionError(f"{folder}: is no data set of ours (data.yaml and lists.json are missing)")
    try:
        told: list[Any] = json.loads(imagery.read_bytes(base / "lists.json"))["pictures"]
        return [_entry(base, e, mark) for e in told if e["set"] in names]
    except (ValueError, KeyError, TypeError, RecursionError) as why:
        raise MissionError(f"{base / 'lists.json'}: damaged ({type(why).__name__})") from why


def _entry(base: Path, told: dict[str, Any], mark: str) -> _Entry:
    picture, sha = base / str(told["picture"]), told.get("from_sha256")
    labels = base / "labels" / str(told["set"]) / f"{picture.stem}.txt"
    return _Entry(picture, labels, f"{mark}-{picture.name}", str(told.get("from") or ""), str(sha) if sha else None)


def _lot(seed: int, name: str) -> str:
    return hashlib.sha256(f"{seed}:{name}".encode()).hexdigest()


def _put(out: Path, name: str, entries: Sequence[_Entry]) -> None:
    for kind in ("images", "labels"):
        (out / kind / name).mkdir(parents=True, exist_ok=True)
    for entry in dict.fromkeys(entries):
        link_or_copy(entry.picture, out / "images" / name / entry.name)
        link_or_copy(entry.labels, out / "labels" / name / f"{Path(entry.name).stem}.txt")
    lines = [f"./images/{name}/{e.name}\n" for e in entries]
    (out / f"{name}.txt").write_bytes("".join(lines).encode())
