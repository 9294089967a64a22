"""Frames cut into tasks: photos a few at a time, videos in whole ranges between key frames.

A range is decoded from its key frame on, in order, so that no frame is decoded twice and what is found does not
depend on how many workers there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

import numpy as np

from pipeline import imagery
from pipeline.errors import ImageryError
from pipeline.flow.hover import Clip
from pipeline.flow.look import Range
from pipeline.parallel import chunks
from pipeline.types import Frame

RANGE_FRAMES = 4  # a task of a video ends at the first key frame after so many


def tasks(frames: Sequence[Frame], batch: int) -> list[Sequence[Frame]]:
    """Every frame in exactly one task: photos `batch` at a time, neighbours together, then the videos."""
    found = chunks([f for f in frames if f.pts is None], batch)
    films = sorted((f for f in frames if f.pts is not None), key=lambda f: (f.path, f.pts))
    for path, shown in groupby(films, key=lambda f: f.path):
        found += _ranges(path, list(shown))
    return found


def with_clips(parts: Iterable[Sequence[Frame]], clips: Mapping[str, Clip]) -> Iterator[Range]:
    """Each task with its own frames' clips."""
    for part in parts:
        yield part, {f.id: clips[f.id] for f in part if f.id in clips}


def _ranges(path: str, shown: list[Frame]) -> list[Sequence[Frame]]:
    """A video's frames, in its order, cut before key frames."""
    from pipeline.video import probe

    try:
        keys = probe(path).key_pts
    except ImageryError:  # looking at it will say so
        return [shown]
    stretch = np.searchsorted(keys, [f.pts or 0 for f in shown], "right")
    found: list[list[Frame]] = []
    for i, frame in enumerate(shown):
        begins = i == 0 or (stretch[i] != stretch[i - 1] and len(found[-1]) >= RANGE_FRAMES)
        if begins:
            found.append([])
        found[-1].append(frame)
    return [tuple(f) for f in found]


def video_digests(frames: Sequence[Frame]) -> Mapping[str, str]:
    """SHA-256 of each video file by its path, so that no worker has to read it again for that."""
    found = {}
    for path in dict.fromkeys(f.path for f in frames if f.pts is not None and not f.problem):
        try:
            found[path] = imagery.file_sha256(path)
        except ImageryError:  # looking at it will say so
            continue
    return found
