"""What overlapping pictures see in common: every picture read once, pairs matched, on all cores."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from pipeline import imagery
from pipeline.errors import GeometryError, ImageryError
from pipeline.flow.ranges import tasks
from pipeline.geo.adjust.features import extract
from pipeline.geo.adjust.match import match
from pipeline.geo.adjust.matches import Features, Indices, Pair, Ties
from pipeline.geo.adjust.pairs import candidates
from pipeline.geo.adjust.tracks import tie
from pipeline.geo.ground import Surface
from pipeline.geo.horizon import Horizon, measure
from pipeline.parallel import Pool, pmap
from pipeline.types import Camera, Frame

PICTURES = 2  # a task
PAIRS = 12

Tell = Callable[[str, int, int], None]


@dataclass(frozen=True, eq=False)
class _Task:
    """Pairs to be matched, with the features and lenses that they need, by frame."""

    pairs: tuple[tuple[int, int], ...]
    features: dict[int, Features]
    cameras: dict[int, Camera]


@dataclass(frozen=True, eq=False)
class Seen:
    """What the pictures say: ties of the frames, how many pairs they come from, and horizons by frame id."""

    ties: Ties
    pairs: int
    horizons: dict[str, Horizon]


def find_ties(frames: Sequence[Frame], surface: Surface, pool: Pool | None, tell: Tell) -> Seen:
    """Ties and horizons of frames that all have a place and a lens."""
    features, horizons = _features(frames, pool, tell)
    pairs = [(i, j) for i, j in candidates(frames, surface) if features[i] is not None and features[j] is not None]
    matched: list[Pair] = []
    work = list(_tasks(pairs, features, frames))
    for part, done in zip(pmap(_match, work, pool), range(1, len(work) + 1), strict=True):
        matched += [Pair(i, j, rows) for i, j, rows in part if len(rows)]
        tell("match", done, len(work))
    return Seen(tie(features, matched), len(matched), horizons)


def _features(
    frames: Sequence[Frame], pool: Pool | None, tell: Tell
) -> tuple[list[Features | None], dict[str, Horizon]]:
    """Of each frame, None where its picture cannot be read; and the horizons that were seen."""
    number = {f.id: k for k, f in enumerate(frames)}
    found: list[Features | None] = [None] * len(frames)
    horizons: dict[str, Horizon] = {}
    done = 0
    for part in pmap(_extract, tasks(frames, PICTURES), pool):
        for frame_id, features, horizon in part:
            found[number[frame_id]] = features
            if horizon is not None:
                horizons[frame_id] = horizon
        done += len(part)
        tell("features", done, len(frames))
    return found, horizons


def _extract(frames: Sequence[Frame]) -> list[tuple[str, Features | None, Horizon | None]]:
    found: list[tuple[str, Features | None, Horizon | None]] = []
    for frame, image in imagery.read_all(frames):
        if isinstance(image, ImageryError):
            found.append((frame.id, None, None))
        else:
            found.append((frame.id, extract(image), _horizon(frame, image)))
    return found


def _horizon(frame: Frame, image: imagery.Image) -> Horizon | None:
    try:
        return measure(image, frame)
    except GeometryError:  # a picture of another shape than its headers say; searching it has said so
        return None


def _tasks(
    pairs: Sequence[tuple[int, int]], features: Sequence[Features | None], frames: Sequence[Frame]
) -> Iterator[_Task]:
    for start in range(0, len(pairs), PAIRS):
        some = tuple(pairs[start : start + PAIRS])
        needed = sorted({k for pair in some for k in pair})
        found = {k: f for k in needed if (f := features[k]) is not None}
        yield _Task(some, found, {k: c for k in needed if (c := frames[k].camera) is not None})


def _match(task: _Task) -> list[tuple[int, int, Indices]]:
    f, c = task.features, task.cameras
    return [(i, j, match(f[i], f[j], c[i], c[j])) for i, j in task.pairs]
