"""Sightings of films become tracks: what `fuse` takes for one source is one track a film, unless it was long unseen.

The ground is the tracker: a source stays where it is while the drone moves, so that frames in which nothing was seen
need no prediction, and two sources side by side are told apart by all frames that see both. What moves over the ground
is taken out first (`moving`): the dust of a vehicle is one hit where it was seen best, told as moving, and not a row of
hits or a smeared one; of a class that cannot move (an outfall, a panel) it is no hit, and is told among what was not
placed, since a glint that flies along with the drone would fill an officer's list.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from pipeline.geo.fuse import fuse, hit_id
from pipeline.geo.joint import Joint
from pipeline.geo.moving import Mover, movers
from pipeline.imagery import video_and_number
from pipeline.types import Frame, Hit, Sighting

CAN_MOVE = ("smoke", "dust")  # first levels of classes
BREAK_S = 30.0  # unseen for longer, a source that comes back begins another track: it was looked at anew


@dataclass(frozen=True, slots=True)
class Followed:
    """A flight's hits, their films' sightings with tracks, and sightings that are none, each with the reason."""

    hits: tuple[Hit, ...]
    strays: tuple[tuple[Sighting, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Track:
    """One source in one film, from its first sighting to its last."""

    id: str
    film: str
    frames: int
    first_ns: int | None  # UTC
    last_ns: int | None

    @property
    def seconds(self) -> float | None:
        """From the first sighting to the last."""
        return None if self.first_ns is None or self.last_ns is None else (self.last_ns - self.first_ns) / 1e9


def follow(sightings: Iterable[Sighting], frames: Mapping[str, Frame], joint: Joint | None = None) -> Followed:
    """Sightings of one flight -> hits as `fuse` has them, with tracks; their order does not matter.

    frames: the flight's, by id; joint: as for `fuse`.
    """
    given = tuple(sightings)
    moving = movers(given, frames, adjusted=joint is not None)
    taken = {i for m in moving for i in m.members}
    hits = list(fuse([s for i, s in enumerate(given) if i not in taken], joint))
    strays = []
    for mover in moving:
        members = tuple(given[i] for i in mover.members)
        kind = members[0].detection.label.split("/")[0]
        if kind in CAN_MOVE:
            hits.append(_moving_hit(members, mover, joint))
        else:
            why = f"it moves over the ground at {mover.speed_mps:.1f} m/s, which no {kind} does"
            strays += [(s, why) for s in members]
    ordered = sorted(hits, key=lambda h: (h.label, h.id))
    return Followed(tuple(_named(ordered)), tuple(sorted(strays, key=lambda x: _place_in_film(x[0]))))


def _moving_hit(members: tuple[Sighting, ...], mover: Mover, joint: Joint | None) -> Hit:
    """The hit where it was seen best: a mean of its places would lie where it never was."""
    (hit,) = fuse([_best(members)], joint)
    return replace(hit, id=hit_id(members), sightings=members, moving_mps=mover.speed_mps)


def _best(sightings: Sequence[Sighting]) -> Sighting:
    return max(sightings, key=lambda s: (s.detection.confidence, s.detection.frame_id, s.detection.box_px))


def placed_by(hit: Hit) -> tuple[Sighting, ...]:
    """The sightings that its place rests on: all, or the best one of what moves."""
    return hit.sightings if hit.moving_mps is None else (_best(hit.sightings),)


def _named(hits: Sequence[Hit]) -> Iterator[Hit]:
    """The hits with the track of each sighting of a film."""
    seen: Counter[str] = Counter()
    for hit in hits:
        track: dict[int, str] = {}
        for rows in _runs(hit.sightings):
            name = _track_id(hit.sightings[rows[0]])
            seen[name] += 1  # a box that is listed twice makes two hits
            track |= dict.fromkeys(rows, name if seen[name] == 1 else f"{name}-{seen[name]}")
        named = (replace(s, track=track[i]) if i in track else s for i, s in enumerate(hit.sightings))
        yield replace(hit, sightings=tuple(named)) if track else hit


def _runs(sightings: Sequence[Sighting]) -> Iterator[list[int]]:
    """Indices of the sightings of each film in time order, without a break of more than BREAK_S."""
    films: dict[str, list[int]] = defaultdict(list)
    for i, s in enumerate(sightings):
        film, number = video_and_number(s.detection.frame_id)
        if number is not None:
            films[film].append(i)
    for _, rows in sorted(films.items()):
        run: list[int] = []
        for i in sorted(rows, key=lambda i: _place_in_film(sightings[i])):
            if run and _between_s(sightings[run[-1]], sightings[i]) > BREAK_S:
                yield run
                run = []
            run.append(i)
        yield run


def _between_s(before: Sighting, after: Sighting) -> float:
    """Seconds; 0 where the film's time is not known."""
    return 0.0 if before.t_ns is None or after.t_ns is None else (after.t_ns - before.t_ns) / 1e9


def _place_in_film(s: Sighting) -> tuple[object, ...]:
    film, number = video_and_number(s.detection.frame_id)
    return film, -1 if number is None else number, s.detection.box_px, s.detection.label


def _track_id(first: Sighting) -> str:
    """By what was seen first: it stays when the film is searched further, and wherever the files lie."""
    found = first.detection
    told = f"{found.label.split('/')[0]}|{found.frame_id}|{[round(v, 2) for v in found.box_px]}"
    return "t" + hashlib.sha256(told.encode()).hexdigest()[:10]


def tracks(hit: Hit) -> tuple[Track, ...]:
    """The tracks of a hit, by film and time; none where photos alone show it."""
    by_id: dict[str, list[Sighting]] = defaultdict(list)
    for s in sorted(hit.sightings, key=_place_in_film):
        if s.track:
            by_id[s.track].append(s)
    return tuple(_track(name, of) for name, of in by_id.items())


def _track(name: str, of: Sequence[Sighting]) -> Track:
    film, _ = video_and_number(of[0].detection.frame_id)
    return Track(name, film, len({s.exposure for s in of}), of[0].t_ns, of[-1].t_ns)
