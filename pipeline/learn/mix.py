"""Verdicts and what was known before, in one data set to learn from: so that a model does not forget.

Of the data sets to rehearse `REHEARSED` times as many tiles are taken as there are of the verdicts, at least `LEAST`,
the first by SHA-256 of "SEED:NAME". The tiles of the verdicts come so often that they are about `SHARE` of an epoch.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline import imagery
from pipeline.errors import MissionError
from pipeline.files import link_or_copy
from pipeline.learn.dataset import ready
from pipeline.learn.description import write_description

REHEARSED, LEAST = 4, 400
SHARE = 0.4
MOST_OFTEN = 6


@dataclass(frozen=True, slots=True)
class _Entry:
    picture: Path
    labels: Path
    name: str


def mix(reviews: Path, rehearse: Sequence[Path], out: Path, seed: int) -> Path:
    """Make the mixed data set in a new folder and return its data.yaml.

    Raises MissionError for a data set that is none of ours, or not whole.
    """
    own = {name: _entries(reviews, name, "r") for name in ("train", "watch")}
    parts = [{name: _entries(folder, name, f"{n}") for name in own} for n, folder in enumerate(rehearse)]
    old = {name: [e for part in parts for e in part[name]] for name in own}
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
    return write_description(out)


def _entries(folder: Path, name: str, mark: str) -> list[_Entry]:
    """The pictures of a set, from lists.json."""
    base = folder.parent if folder.is_file() else folder
    if ready(folder) is None or not (base / "lists.json").is_file():
        raise MissionError(f"{folder}: is no data set of ours (data.yaml and lists.json are missing)")
    try:
        told: list[Any] = json.loads(imagery.read_bytes(base / "lists.json"))["pictures"]
        pictures = [base / str(e["picture"]) for e in told if e["set"] == name]
    except (ValueError, KeyError, TypeError, RecursionError) as why:
        raise MissionError(f"{base / 'lists.json'}: damaged ({type(why).__name__})") from why
    return [_Entry(p, base / "labels" / name / f"{p.stem}.txt", f"{mark}-{p.name}") for p in pictures]


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
