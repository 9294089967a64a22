"""Photos and the exposures that a log noted, paired in order although some of either are missing.

Any difference between a photo's time and a trigger's may be the offset of the clocks: those that most pairs share
are tried, each by the best order-preserving alignment under it. An alignment is judged by log odds against chance:
a pair is worth the more the rarer triggers are beside a step of the camera's clock; a photo without a trigger and a
trigger without a photo cost the more the rarer such losses are in the alignment. Evenly spaced triggers fit as well
shifted by one or more: such alignments are all named, and the offset's error holds each of them by its odds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.ingest.offset import ALL, DRIFT_SIGMA, Offset, estimate

MAX_TRIGGERS = 20_000
LEAST_LOSS = 0.02  # of triggers and of photos, before any is seen to be lost
_END_LOSSES = 3  # a block missing at an end costs no more than three losses: it may be another flight's
_ODD_OFFSET, _OTHER_ZONE = -3.0, -1.0
_QUARTER_HOUR_S, _CLOCK_ERROR_S, _BY_HAND_S, _WIDEST_S = 900.0, 60.0, 300.0, 14 * 3600.0
_CANDIDATES = 12
_WINDOW = 40  # triggers that one photo may choose from
_LEAST_PAIRS, _LEAST_ODDS = 3, 4.0
_PLAIN_PAIRS, _PLAIN_SHARE = 8, 0.8  # so many pairs, and such a share, under a likely offset need no odds
_NEARLY = 0.1  # an alignment that pairs up to a tenth (and two) fewer photos is still another reading

Ns = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Alignment:
    """Photo `photos[k]` is trigger `triggers[k]`; both ascend."""

    photos: NDArray[np.intp]
    triggers: NDArray[np.intp]
    offset: Offset
    odds: float  # log odds against chance
    shift_sigma_s: float = 0.0  # the σ that other alignments add, by their odds
    ambiguous: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Shots:
    """What one camera wrote, in order: (N,) times of its clock, and (N,) steps of that clock in s."""

    written_ns: Ns
    step_s: Floats


def match(shots: Shots, triggers_ns: Ns, near: tuple[int, float] | None = None) -> Alignment | None:
    """The best pairing of photos and triggers (both ascending), or None where nothing fits better than chance.

    `near` is (offset in ns, reach in s) where the offset is known roughly.
    """
    n, m = len(shots.written_ns), len(triggers_ns)
    if n == 0 or m == 0 or m > MAX_TRIGGERS:
        return None
    tried: list[Alignment] = []
    for ahead_ns in _candidates(shots, triggers_ns, near):
        found = _refined(shots, triggers_ns, ahead_ns, near)
        if found is None or (near is not None and abs(found.offset.ahead_ns - near[0]) > near[1] * 1e9):
            continue
        if not any(_same(found, other) for other in tried):
            tried.append(found)
    tried.sort(key=lambda a: -a.odds)
    if not tried or not _believable(tried[0], shots, triggers_ns, near is not None):
        return None
    # With all pairs: what was tried looked at some only.
    tried[0] = _refined(shots, triggers_ns, tried[0].offset.ahead_ns, near, ALL) or tried[0]
    return _with_ambiguity(tried)


def _candidates(shots: Shots, triggers_ns: Ns, near: tuple[int, float] | None) -> list[int]:
    """Offsets in ns, those that most pairs share first."""
    photos = np.unique(np.linspace(0, len(shots.written_ns) - 1, min(len(shots.written_ns), 400)).astype(int))
    step = float(np.median(shots.step_s))
    differences = np.sort((shots.written_ns[photos][:, None] - triggers_ns[None, :]).ravel())
    if near is not None:
        reach = round((near[1] + step) * 1e9)
        differences = differences[np.abs(differences - near[0]) <= reach]
    span_s = float(triggers_ns[-1] - triggers_ns[0]) / 1e9
    width = round((step + 0.1 + 2 * DRIFT_SIGMA * span_s) * 1e9)
    ends = np.searchsorted(differences, differences + width, "right")
    counts = (ends - np.arange(len(differences))).astype(np.int64)
    found = []
    for _ in range(_CANDIDATES):
        if not len(counts) or counts.max() <= 0:
            break
        k = int(np.argmax(counts))
        # What was written lags the clock by half a step in the mean.
        found.append(int(np.median(differences[k : ends[k]])) + round(step / 2 * 1e9))
        counts[np.abs(differences - differences[k]) < width] = 0
    return found


def _refined(
    shots: Shots, triggers_ns: Ns, ahead_ns: int, near: tuple[int, float] | None, most: int = 150
) -> Alignment | None:
    """The alignment under one offset, aligned and estimated in turn, ever more tightly."""
    offset = Offset(int(np.median(triggers_ns)), ahead_ns)
    step = float(np.median(shots.step_s))  # the candidate is known to half of it
    span_s = float(triggers_ns[-1] - triggers_ns[0]) / 1e9
    pairs = None
    for tolerance_s in (step / 2 + 0.2 + DRIFT_SIGMA * span_s, step / 8 + 0.1, 0.05):
        pairs = align(shots, triggers_ns, offset, tolerance_s)
        if len(pairs[0]) == 0:
            return None
        p, t = pairs
        offset = estimate(
            shots.written_ns[p], triggers_ns[t], shots.step_s[p], np.zeros(len(p)), offset,
            step / 2 + 0.3, most,
        )  # fmt: skip
    assert pairs is not None
    return Alignment(*pairs, offset, _odds(shots, triggers_ns, *pairs, offset, near is not None))


def align(
    shots: Shots, triggers_ns: Ns, offset: Offset, tolerance_s: float
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """((K,) photos, (K,) triggers) of the order-preserving pairing with most pairs under an offset.

    A trigger may belong to a photo when it lies in the step that the photo's time names, or within the tolerance
    of it. Dynamic programming over photos; best[j] is the best score with the first j triggers.
    """
    slack = round(tolerance_s * 1e9)
    start = offset.to_log(shots.written_ns)
    end = offset.to_log(shots.written_ns + np.round(shots.step_s * 1e9).astype(np.int64))
    low = np.minimum.accumulate(np.searchsorted(triggers_ns, start - slack)[::-1])[::-1]
    high = np.maximum.accumulate(np.searchsorted(triggers_ns, end + slack, "right"))
    best = [0.0]
    steps: list[list[int]] = []
    for i in range(len(start)):
        lo, hi = int(low[i]), min(int(high[i]), int(low[i]) + _WINDOW)
        best += [best[-1]] * (hi + 1 - len(best))
        before = best[lo : hi + 1]
        taken = [0]
        for j in range(lo + 1, hi + 1):
            t = int(triggers_ns[j - 1])
            outside = max(int(start[i]) - t, t - int(end[i]), 0) / slack
            gain = 1.0 - 0.5 * outside if outside <= 1.0 else -1.0
            options = (before[j - lo], best[j - 1], before[j - lo - 1] + gain)
            choice = max((0, 1, 2), key=options.__getitem__)
            best[j] = options[choice]
            taken.append(choice)
        for j in range(hi + 1, len(best)):
            best[j] = max(best[j], best[hi])
        steps.append(taken)
    return _walk_back(steps, low, len(best) - 1)


def _walk_back(steps: list[list[int]], low: NDArray[np.intp], j: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    photos, triggers = [], []
    for i in range(len(steps) - 1, -1, -1):
        lo = int(low[i])
        j = min(j, lo + len(steps[i]) - 1)
        while j > lo and steps[i][j - lo] == 1:
            j -= 1
        if j > lo and steps[i][j - lo] == 2:
            j -= 1
            photos.append(i)
            triggers.append(j)
    return np.array(photos[::-1], np.intp), np.array(triggers[::-1], np.intp)


def _odds(
    shots: Shots, triggers_ns: Ns, photos: NDArray[np.intp], triggers: NDArray[np.intp], offset: Offset, known: bool
) -> float:
    """Log odds of an alignment against chance."""
    interval_s = float(np.median(np.diff(triggers_ns))) / 1e9 if len(triggers_ns) > 1 else 10.0
    step = float(np.median(shots.step_s))
    pair = max(math.log(max(interval_s, 1e-3) / (step + 0.1)), 0.3)
    odds = pair * len(photos)
    odds += _cost(_losses(photos, len(shots.written_ns)), len(photos))
    odds += _cost(_losses(triggers, len(triggers_ns)), len(triggers))
    return odds if known else odds + offset_odds(offset.ahead_ns / 1e9)


def _cost(lost: int, pairs: int) -> float:
    """Log likelihood of that many losses beside that many pairs, at the rate that they show themselves."""
    rate = max(lost / (lost + pairs), LEAST_LOSS)
    return lost * math.log(rate) + pairs * math.log(1.0 - rate)


def _losses(used: NDArray[np.intp], count: int) -> int:
    """How many are unpaired, with blocks at the ends counted as three at most."""
    first, last = int(used[0]), int(used[-1])
    inside = last - first + 1 - len(used)
    return inside + min(first, _END_LOSSES) + min(count - 1 - last, _END_LOSSES)


def offset_odds(ahead_s: float) -> float:
    """Log odds of an offset by itself.

    Cameras' clocks are wrong by whole hours (zones, some by quarters) and a little, seldom by anything else.
    """
    zone_s = round(ahead_s / _QUARTER_HOUR_S) * _QUARTER_HOUR_S
    if abs(ahead_s - zone_s) > _CLOCK_ERROR_S or abs(zone_s) > _WIDEST_S:
        return _ODD_OFFSET
    return _OTHER_ZONE if zone_s else 0.0


def is_odd(ahead_s: float) -> bool:
    """Whether an offset is none that zones and a clock set by hand explain: another flight may be meant."""
    apart_s = abs(ahead_s - round(ahead_s / 3600) * 3600)
    return offset_odds(ahead_s) <= _ODD_OFFSET and (apart_s > _BY_HAND_S or abs(ahead_s) > _WIDEST_S)


def _same(a: Alignment, b: Alignment) -> bool:
    """Whether two alignments pair the same: they share most of their pairs."""
    pairs = set(zip(a.photos.tolist(), a.triggers.tolist(), strict=True))
    shared = pairs.intersection(zip(b.photos.tolist(), b.triggers.tolist(), strict=True))
    return 2 * len(shared) > min(len(a.photos), len(b.photos))


def _believable(best: Alignment, shots: Shots, triggers_ns: Ns, known: bool) -> bool:
    """Whether an alignment is more than chance."""
    pairs, fewer = len(best.photos), min(len(shots.written_ns), len(triggers_ns))
    if 2 * pairs < fewer:
        return False
    if known:
        return pairs >= 1
    # Evenly spaced triggers have poor odds beside whole seconds, although nearly all are paired.
    rare = len(triggers_ns) > 1 and float(np.median(np.diff(triggers_ns))) >= 1.5e9 * float(np.median(shots.step_s))
    likely = offset_odds(best.offset.ahead_ns / 1e9) > _ODD_OFFSET
    plain = pairs >= max(_PLAIN_PAIRS, _PLAIN_SHARE * fewer) and rare and likely
    return plain or (pairs >= _LEAST_PAIRS and best.odds >= _LEAST_ODDS)


def _with_ambiguity(tried: list[Alignment]) -> Alignment:
    """The best of all, with what the others add to its error and a sentence about them."""
    best = tried[0]
    few = len(best.photos) - max(_NEARLY * len(best.photos), 2)
    others = [a for a in tried[1:] if len(a.photos) >= max(few, 1)]
    if not others:
        return best
    weights = np.exp([a.odds - best.odds for a in others])
    shifts_s = np.array([(a.offset.ahead_ns - best.offset.ahead_ns) / 1e9 for a in others])
    sigma_s = float(np.sqrt(weights @ shifts_s**2 / (1.0 + weights.sum())))
    k = int(np.argmax(weights))
    sentence = (
        f"evenly spaced triggers: shifted by {shifts_s[k]:+.2f} s, {len(others[k].photos)} photos have a trigger, "
        f"beside {len(best.photos)} as taken here (odds 1 : {min(1 / max(weights[k], 1e-6), 1e6):.0f}); EXIF GPS or "
        "[clock] photos_minus_log_s would decide"
    )
    return replace(best, shift_sigma_s=sigma_s, ambiguous=sentence)
