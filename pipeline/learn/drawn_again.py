"""Figures of two models over the same pictures, drawn again by whole scenes: how sure a difference is.

Pictures of one scene are one witness. A draw takes as many scenes as there are, some often and some never, for both
models at once (paired bootstrap, Efron and Tibshirani 1993, ch. 16), with a generator that is always the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ROUNDS = 1000
SEED = 20_260_501
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Ranked:
    """A model's answers of one class in one set, most confident first."""

    confidence: Array
    right: NDArray[np.bool_]
    scene: NDArray[np.int64]
    truths: Array  # boxes a scene


def draws(scenes: int, number: int = 0) -> Array:
    """(ROUNDS, scenes): how often each scene comes in a draw of as many scenes as there are.

    Sets of another number are drawn by themselves: their scenes are other witnesses.
    """
    rng = np.random.default_rng(SEED + number)
    return rng.multinomial(scenes, np.full(scenes, 1 / scenes), size=ROUNDS).astype(np.float64)


def precisions(models: Mapping[str, Ranked], labels: Sequence[str], weights: Array) -> Array:
    """(classes, draws) of average precision; NaN where a draw holds no box of a class."""
    return np.array([weighted_precision(models[c], weights) for c in labels]).reshape(len(labels), len(weights))


def weighted_precision(told: Ranked, weights: Array) -> Array:
    """(draws,) of average precision as `metrics.average_precision` has it, each scene as often as a draw says."""
    total = weights @ told.truths
    if not len(told.confidence):
        return np.where(total > 0, 0.0, np.nan)
    last = _lasts(told.confidence)
    often = weights[:, told.scene]
    hits = np.cumsum(often * told.right, axis=1)[:, last]
    all_of = np.cumsum(often, axis=1)[:, last]
    precision = np.divide(hits, all_of, out=np.zeros_like(hits), where=all_of > 0)
    best = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    found = np.sum(np.diff(hits, axis=1, prepend=0) * best, axis=1)
    return np.asarray(np.divide(found, total, out=np.full(len(total), np.nan), where=total > 0))


def at_equal(models: tuple[dict[str, Ranked], dict[str, Ranked]], threshold: float, weights: Array) -> Array:
    """(4, draws): recall of old and new at the old one's false alarms, false alarms of both at its recall.

    All classes count together, their confidences on one scale. Answers of one confidence are told together or not at
    all. Where the new model never reaches the recall, all of its false alarms count; where the old one has none, those
    from the threshold up that are surer than the new one's first find: so far neither finds anything.
    """
    old, new = (_ranked_together(m) for m in models)
    total = np.maximum(weights @ old.truths, 1)
    spoke = old.confidence >= threshold
    often = weights[:, old.scene]
    hits, false = (often * (old.right & spoke)).sum(axis=1), (often * (~old.right & spoke)).sum(axis=1)
    if not len(new.confidence):
        return np.array([hits / total, np.zeros(len(total)), false, np.zeros(len(total))])
    last = _lasts(new.confidence)
    often = weights[:, new.scene]
    found, wrong = (np.cumsum(often * which, axis=1)[:, last] for which in (new.right, ~new.right))
    quiet = np.where(wrong <= false[:, None], found, 0).max(axis=1)
    reached = found >= hits[:, None]
    needed = np.where(
        reached.any(axis=1), np.take_along_axis(wrong, reached.argmax(axis=1)[:, None], 1)[:, 0], wrong[:, -1]
    )
    before = np.where((found == 0) & (new.confidence[last] >= threshold), wrong, 0).max(axis=1)
    return np.array([hits / total, quiet / total, false, np.where(hits > 0, needed, before)])


def _lasts(confidence: Array) -> NDArray[np.int64]:
    """The last of the answers of each confidence."""
    return np.flatnonzero(np.append(confidence[1:] != confidence[:-1], True))


def _ranked_together(told: Mapping[str, Ranked]) -> Ranked:
    parts = list(told.values())
    confidence = np.concatenate([p.confidence for p in parts])
    order = np.argsort(-confidence, kind="stable")
    right, scene = (np.concatenate([getattr(p, k) for p in parts])[order] for k in ("right", "scene"))
    return Ranked(confidence[order], right, scene, np.sum([p.truths for p in parts], axis=0))


def mean_of(values: Array) -> Array:
    """Over the classes that a draw holds."""
    there = np.isfinite(values)
    return np.asarray(np.divide(np.where(there, values, 0).sum(axis=0), there.sum(axis=0),
                                out=np.full(values.shape[1], np.nan), where=there.any(axis=0)))  # fmt: skip


def pooled(parts: Sequence[Array], boxes: Sequence[int]) -> Array:
    """(draws,) of the mean over sets, each as heavy as its boxes are many, of those that a draw holds; NaN for none."""
    if not parts:
        return np.full(1, np.nan)
    values, heavy = np.stack(parts), np.array(boxes, np.float64)[:, None]
    heavy = np.where(np.isfinite(values), heavy, 0)
    total = heavy.sum(axis=0)
    known = (np.where(np.isfinite(values), values, 0) * heavy).sum(axis=0)
    return np.asarray(np.divide(known, total, out=np.full(len(total), np.nan), where=total > 0))
