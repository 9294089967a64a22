"""Which pictures show the same scene, so that none is learned from in one half and asked about in the other.

Two pictures are of one scene when they

- carry the same name but for its last number, of a video (`NAME_mp4-12`): frames of one video, whatever they show;
- carry the same name but for its last number, the numbers are at most `NEAR` apart, and their thumbnails correlate
  with `AKIN` or more: neighbours in a sequence. Where one film follows another under one name they correlate less;
- look alike: their thumbnails correlate with `ALIKE` or more.

Thumbnails (24 px grey, mean 0, length 1) do the work of a perceptual hash, with a correlation in place of a count of
equal bits: a near-duplicate is found after it was coded anew, scaled, brightened or given a caption, not after it was
mirrored or cropped. What only eyes can tell a table says (`scene_table`): it keeps apart what only looks alike, and
joins what belongs together.

Scenes are what hangs together by these. A number of five digits and more before the frame's is an agency's (two clips
of one event have neighbouring ones) and not part of the name.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline import imagery
from pipeline.learn.scene_table import BY_RULE, SceneTable

ALIKE = 0.9
AKIN = 0.2  # frames of one film a second apart correlate more, nearly always; of two films, hardly ever
SAME = 0.985  # nothing new to learn
NEAR = 3
SIDE_PX = 24
BLOCK = 512
LEAST_CONTRAST = 4.0  # grey levels: below it a thumbnail is flat, and like nothing
MOST_HELD_OUT = 1.5  # of the share asked for; a scene that would bring more is left in

_EXPORT = re.compile(r"\.rf\.[0-9a-f]+$")
_FORMAT = re.compile(r"(_(jpg|jpeg|png))+$", re.IGNORECASE)
_NUMBER = re.compile(r"^(.*?)(\d+)_*$")
_AGENCY = re.compile(r"\d{5,}")
_VIDEO = re.compile(r"_(mp4|mov|avi|mkv)[-_]?$", re.IGNORECASE)

Thumbs = NDArray[np.float32]  # (N, SIDE_PX²), each of mean 0 and length 1, or less where flat


def thumbnails(paths: Sequence[Path]) -> Thumbs:
    """What the pictures look like, in few numbers; raises ImageryError for a picture that cannot be read."""
    return np.stack([thumbnail(imagery.decode(imagery.read_bytes(p), p.name)) for p in paths])


def thumbnail(image: imagery.Image) -> NDArray[np.float32]:
    """What one picture looks like: (SIDE_PX²,)."""
    import cv2

    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    small = cv2.resize(grey, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA).astype(np.float32)
    small -= small.mean()
    return np.asarray(small.ravel() / max(float(np.linalg.norm(small)), LEAST_CONTRAST * SIDE_PX), np.float32)


def scenes(paths: Sequence[Path], thumbs: Thumbs, table: SceneTable = BY_RULE) -> list[list[int]]:
    """Indices of the pictures by scene; scenes by their first picture, pictures in order.

    Raises MissionError for a table that names pictures which are not there.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    part = table.parted(paths)
    by_rule = [(i, j) for i, j in (*_named_alike(paths, thumbs), *_looking_alike(thumbs)) if part[i] == part[j]]
    by_eye = [pair for joined in table.joined(paths) for pair in pairwise(joined)]
    pairs = np.array([*by_rule, *by_eye], np.int64).reshape(-1, 2)
    graph = coo_array((np.ones(len(pairs), bool), (pairs[:, 0], pairs[:, 1])), shape=(len(paths), len(paths)))
    _, member = connected_components(graph, directed=False)
    groups: dict[int, list[int]] = {}
    for i, scene in enumerate(member):
        groups.setdefault(int(scene), []).append(i)
    return list(groups.values())


def _named_alike(paths: Sequence[Path], thumbs: Thumbs) -> Iterator[tuple[int, int]]:
    named = sorted((*sequence_of(p), i) for i, p in enumerate(paths))
    for (name, number, i), (other, later, j) in pairwise(named):
        if name != other or not name:
            continue
        if _VIDEO.search(name) or (later - number <= NEAR and float(thumbs[i] @ thumbs[j]) >= AKIN):
            yield i, j


def sequence_of(path: Path) -> tuple[str, int]:
    """(name without its last number, that number) of a picture; the name is empty where there is no number."""
    stem = _FORMAT.sub("", _EXPORT.sub("", path.stem))
    told = _NUMBER.match(stem)
    if not told or len(told[2]) > 15:
        return "", 0
    return _AGENCY.sub("", told[1]), int(told[2])


def _looking_alike(thumbs: Thumbs) -> Iterator[tuple[int, int]]:
    for start in range(0, len(thumbs), BLOCK):
        alike = thumbs[start : start + BLOCK] @ thumbs.T >= ALIKE
        for i, j in np.argwhere(alike):
            if start + i < j:
                yield int(start + i), int(j)


def held_out(groups: Sequence[Sequence[int]], paths: Sequence[Path], share: float, seed: int) -> set[int]:
    """Pictures of the scenes that are kept for the test.

    Scenes are taken in the order of SHA-256 of "SEED:NAME", NAME that of their first picture, until `share` of the
    pictures is reached; a scene that would bring more than half as many again is passed over.
    """
    wanted = share * len(paths)
    names = [min(paths[i].name for i in group) for group in groups]
    order = sorted(range(len(groups)), key=lambda g: _by_hash(seed, names[g]))
    taken: set[int] = set()
    for g in order:
        if len(taken) < wanted and len(taken) + len(groups[g]) <= MOST_HELD_OUT * wanted:
            taken.update(groups[g])
    return taken


def fold_of(groups: Sequence[Sequence[int]], paths: Sequence[Path], fold: tuple[int, int], seed: int) -> set[int]:
    """Pictures of the k-th (from 1) of n parts, each of whole scenes.

    The largest scenes are dealt first, each to the part with the fewest pictures; equal ones in the order of SHA-256
    of "SEED:NAME". Raises ValueError where there is no such part.
    """
    number, parts = fold
    if not 1 <= number <= parts:
        raise ValueError(f"there is no part {number} of {parts}")
    names = [min(paths[i].name for i in group) for group in groups]
    order = sorted(range(len(groups)), key=lambda g: (-len(groups[g]), _by_hash(seed, names[g])))
    dealt: list[set[int]] = [set() for _ in range(parts)]
    for g in order:
        min(dealt, key=len).update(groups[g])
    return dealt[number - 1]


def _by_hash(seed: int, name: str) -> str:
    return hashlib.sha256(f"{seed}:{name}".encode()).hexdigest()


def thinned(indices: Sequence[int], thumbs: Thumbs) -> list[int]:
    """The pictures less those that look the same as one that is kept."""
    kept: list[int] = []
    for i in indices:
        if not kept or float((thumbs[kept] @ thumbs[i]).max()) < SAME:
            kept.append(i)
    return kept
