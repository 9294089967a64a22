"""What moves over the ground in a film: a vehicle and its dust, a boat, the sun's glint that goes with the drone.

The sightings of one film and class are first linked as things that lie still, each to the newest one within their
relative errors. A row of links that drifts along a line by more than all errors explain moves; so does a chain of such
rows and of single sightings at a steady velocity. Either must have left places that were still in view: a row of
outfalls along a dyke, each seen once, is no glint.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, groupby

import numpy as np

from pipeline.geo.associate import GATE, assign
from pipeline.geo.filmed import Filmed
from pipeline.imagery import video_and_number
from pipeline.types import Frame, Sighting

LINK_S, STEP_S, AHEAD = 10.0, 6.0, 2  # longest break of a link, longest step of a chain, and moments it looks ahead
LEAST_SEEN, LEAST_M, LEAST_MPS, MOST_MPS = 4, 5.0, 0.5, 40.0
DRIFTS = 30.0  # chi-square, 2 degrees of freedom: 1 in 3 million
LEFT_IN_VIEW = 3  # pairs of sightings, where the later one's frame shows the earlier one's place without the thing
MOST_LOOSE = 400  # single sightings of a film and class; where there are more, chains are chance


@dataclass(frozen=True, slots=True)
class Mover:
    """Something that moves: indices of its sightings in time order, and its speed over the ground."""

    members: tuple[int, ...]
    speed_mps: float


def movers(sightings: Sequence[Sighting], frames: Mapping[str, Frame], adjusted: bool = False) -> tuple[Mover, ...]:
    """What moves in the films among a flight's sightings; `frames` by id tell what was in view.

    Only in videos whose times are known; officers' pins are left alone. adjusted: poses were corrected from the
    pictures. What is found does not depend on the order of the sightings.
    """
    films: dict[tuple[str, str], list[int]] = defaultdict(list)
    for i, s in enumerate(sightings):
        film, number = video_and_number(s.detection.frame_id)
        if number is not None and s.t_ns is not None and s.detection.origin == "model":
            films[film, s.detection.label.split("/")[0]].append(i)
    found = []
    for _, rows in sorted(films.items()):
        rows.sort(key=lambda i: (sightings[i].t_ns, sightings[i].detection.frame_id, sightings[i].detection.box_px))
        if len(rows) >= LEAST_SEEN:
            filmed = Filmed(tuple(sightings[i] for i in rows), frames, adjusted)
            moving = _chains(filmed, sorted(_units(filmed)))
            found += [Mover(tuple(rows[i] for i in row), filmed.speed_mps(row)) for row in moving]
    return tuple(found)


def _units(filmed: Filmed) -> list[list[int]]:
    """What chains are made of: rows that drift, and single sightings that no long row holds."""
    rows = _linked(filmed)
    drifting = [row for row in rows if _drifts(filmed, row)]
    loose = [[i] for row in rows if row not in drifting and len(row) < LEAST_SEEN for i in row]
    return drifting + (loose if len(loose) <= MOST_LOOSE else [])


def _linked(filmed: Filmed) -> list[list[int]]:
    """Rows of sightings, each linked to the newest one of its row as though it lay still; one to one in a frame."""
    rows: list[list[int]] = []
    for now_s, same in groupby(range(len(filmed.t_s)), key=lambda i: float(filmed.t_s[i])):
        members = list(same)
        open_rows = [p for p, row in enumerate(rows) if now_s - filmed.t_s[row[-1]] <= LINK_S]
        pairs = [(i, p) for p in open_rows for i in members]
        last, here = (np.array(v, np.intp) for v in ([rows[p][-1] for _, p in pairs], [i for i, _ in pairs]))
        costs = dict(zip(pairs, filmed.apart(last, here).tolist(), strict=True))
        given = assign(members, {pair: cost for pair, cost in costs.items() if cost < GATE})
        for i in members:
            if i in given:
                rows[given[i]].append(i)
            else:
                rows.append([i])
    return rows


def _drifts(filmed: Filmed, row: Sequence[int]) -> bool:
    """Whether a row goes along a line by more than errors explain."""
    lasts_s = float(filmed.t_s[row[-1]] - filmed.t_s[row[0]])
    if len(row) < LEAST_SEEN or lasts_s == 0:
        return False
    speed = filmed.speed_mps(row)
    far = speed * lasts_s >= LEAST_M and LEAST_MPS <= speed <= MOST_MPS
    return far and filmed.unexplained(row) > DRIFTS


def _left_in_view(filmed: Filmed, row: Sequence[int]) -> bool:
    """Whether places that it left were seen without it often enough."""
    pairs = np.array(list(combinations(filmed.heard(row).tolist(), 2)), np.intp)
    gone = pairs[filmed.apart(pairs[:, 0], pairs[:, 1]) > GATE].tolist()
    seen = 0
    for i, j in gone:
        seen += filmed.shows(j, i)
        if seen >= LEFT_IN_VIEW:
            return True
    return False


def _chains(filmed: Filmed, units: list[list[int]]) -> Iterator[list[int]]:
    """Chains of units that one velocity joins and that move, the longest first, no unit in two of them."""
    while True:
        seeds = [*units, *([*u, *v] for u in units if len(u) == 1 for v in _after(filmed, u, units))]
        grown = sorted({tuple(_grown(filmed, seed, units)) for seed in seeds}, key=lambda c: (-len(c), c))
        chain = next((c for c in grown if _drifts(filmed, c) and _left_in_view(filmed, c)), None)
        if chain is None:
            return
        yield list(chain)
        units = [u for u in units if u[0] not in chain]


def _after(filmed: Filmed, row: Sequence[int], units: Sequence[list[int]]) -> Iterator[list[int]]:
    """Units that begin at the next AHEAD moments after a row, within STEP_S and within reach."""
    last_s, moments = float(filmed.t_s[row[-1]]), set[float]()
    for unit in units[bisect_right(units, row[-1], key=lambda u: u[0]) :]:
        at_s = float(filmed.t_s[unit[0]])
        if at_s == last_s:
            continue
        moments.add(at_s)
        if len(moments) > AHEAD or at_s - last_s > STEP_S:
            return
        if float(np.hypot(*(filmed.z[unit[0]] - filmed.z[row[-1]]))) <= MOST_MPS * (at_s - last_s):
            yield unit


def _grown(filmed: Filmed, row: list[int], units: Sequence[list[int]]) -> list[int]:
    """A row of two sightings or more with the units that follow at its velocity, each the next that does."""
    while len(row) > 1:
        costs = [(float(filmed.t_s[u[0]]), filmed.off_line(row, u[0]), u) for u in _after(filmed, row, units)]
        following = [c for c in costs if c[1] < GATE]
        if not following:
            break
        row = [*row, *min(following)[2]]
    return row
