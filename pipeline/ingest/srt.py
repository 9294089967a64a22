"""DJI's subtitles beside a video (.SRT): where the drone was at each moment of the video, read by field name.

Dialects met in real files: `HOME(lon,lat) … GPS(lon,lat,satellites) BAROMETER:h` (Mavic Pro, Phantom 4), the same
with `Hb:` (older), `GPS(lat,lon,hM) BAROMETER:hM` (Matrice 300, Avata), `GPS (lon, lat, n), HOME (…), H hm,
G.PRY (pitch, roll, yaw)` (Phantom 4 RTK), `[latitude: ] [longitude: ]` with `[rel_alt: abs_alt: ]` (Mavic 3) or
`[altitude: ]` (Mavic 2, Air 2S), and without positions (Mavic Air).

The third number of GPS() is a count of satellites where it is whole, and then longitude stands first; where it has a
unit or decimals it is a height, and latitude stands first. A number beyond 90 is a longitude whatever the dialect.
`altitude` does not say what it counts from, nor do the heights in GPS() and HOME(): they are not used.
Gimbal angles are DJI's, as in its photos: from north and horizon. Printed times are local, in a zone nobody tells.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from pipeline.errors import MissionError
from pipeline.imagery import read_bytes
from pipeline.ingest.photo import frame_id
from pipeline.ingest.track import Attitudes, Epochs, Floats, Ns, Positions, Track

MAX_BYTES = 64 << 20
MAX_CUES = 1_000_000
MAX_CUE_CHARS = 4096
LOCAL_TIME = "printed local time, zone unknown"
_M_PER_DEG = 111_320.0
_SAID_FROM_M = 0.1  # rounding of positions that is worth telling
_HOLD_NS = 1_000_000_000  # unchanged positions are kept this often

_BLOCK = re.compile(r"\S[^\n]*(?:\n[^\S\n]*\S[^\n]*)*")
_NUMBER = r"[-+]?\d{1,12}(?:\.\d{1,12})?"
_FIELD = re.compile(rf"([A-Za-z_]{{1,24}})\s{{0,2}}[:(]\s{{0,2}}({_NUMBER})(?![\d:])")
_TUPLE = re.compile(r"\b(GPS|HOME|F\.PRY|G\.PRY)\s?\(([^()\n]{1,120})\)")
_HEIGHT = re.compile(rf"(?<![\w.])H\s({_NUMBER})m\b")
_SPAN = re.compile(r"(\d{1,3}):(\d\d):(\d\d)[,.](\d{1,3})\s?-->\s?(\d{1,3}):(\d\d):(\d\d)[,.](\d{1,3})")
_STAMP = re.compile(r"(\d{4})[.\-/](\d{1,2})[.\-/](\d{1,2})\s(\d{1,2}):(\d\d):(\d\d)(?:[.,](\d{1,3}))?(?:,(\d{1,3}))?")
_PART = re.compile(rf"\s*({_NUMBER})\s*([Mm°]?)\s*")


@dataclass(frozen=True, slots=True, eq=False)
class Subtitles:
    """What a subtitle file says: its track in video time, and of each cue when it is shown and the lens; all (N,)."""

    track: Track
    start_ns: Ns
    end_ns: Ns
    focal_35mm: Floats  # NaN where not told
    zoom: Floats  # digital; 1 where not told

    @property
    def local_start_ns(self) -> int | None:
        """The printed local time of the video's time 0, as though it were UTC: the median over the cues."""
        if not self.track.epochs:
            return None
        epochs = self.track.epochs[0]
        return int(np.sort(epochs.utc_ns - epochs.log_ns)[len(epochs.log_ns) // 2])


@dataclass(frozen=True, slots=True)
class _Cue:
    """One subtitle as it stands; NaN and None where it says nothing."""

    number: int
    start_ns: int | None
    end_ns: int | None
    local_ns: int | None
    fields: dict[str, float]
    tuples: dict[str, tuple[tuple[float, str], ...]]  # (value, unit or "." for decimals)
    decimals: int  # of the position

    def first(self, *names: str) -> float:
        return next((self.fields[n] for n in names if n in self.fields), math.nan)


def read_srt(path: Path, root: Path) -> Track:
    """The track of a subtitle file, its times counted from the video's first frame; raises MissionError."""
    return read_subtitles(path, root).track


def read_subtitles(path: Path, root: Path) -> Subtitles:
    """Read a subtitle file; raises MissionError when it is empty, too large or holds no cue of a drone.

    What is cut or damaged is left out and named in the track's faults.
    """
    name = frame_id(path, root)
    text = read_bytes(path, MAX_BYTES).decode("utf-8-sig", "replace").replace("\r\n", "\n")
    cues, faults = _timed(list(_cues(text)))
    if not cues:
        raise MissionError(f"{name}: holds no subtitle of a drone (no cue with a time and a field that is known)")
    if cues[0].start_ns is None:
        faults.append("its cues have no video time; it is taken from their printed times, the first cue being 0")
    start_ns = _starts(cues)
    end_ns = np.array([c.end_ns if c.end_ns is not None else s for c, s in zip(cues, start_ns, strict=True)], np.int64)
    positions, more = _positions(cues, start_ns)
    gimbal, zero = _gimbal(cues, start_ns)
    track = Track(
        id=name, kind="srt", positions=positions, body=_body(cues, start_ns), gimbal=gimbal,
        epochs=_epochs(cues, start_ns), messages=len(cues), faults=tuple([*faults, *more, *zero]),
    )  # fmt: skip
    focal = np.array([_focal(c) for c in cues], np.float64)
    zoom = np.array([_zoom(c) for c in cues], np.float64)
    return Subtitles(track, start_ns, end_ns, focal, zoom)


def _cues(text: str) -> Iterator[_Cue]:
    for number, block in enumerate(_BLOCK.finditer(text), 1):
        if number > MAX_CUES:
            return
        yield _cue(number, block[0][:MAX_CUE_CHARS])


def _cue(number: int, text: str) -> _Cue:
    span = _SPAN.search(text)
    start_ns, end_ns = (_clock_ns(span.groups()[:4]), _clock_ns(span.groups()[4:])) if span else (None, None)
    fields = {name.lower(): float(value) for name, value in _FIELD.findall(text)}
    height = _HEIGHT.search(text)
    if height:
        fields["h"] = float(height[1])
    tuples = {name: parts for name, inside in _TUPLE.findall(text) if (parts := _parts(inside))}
    return _Cue(number, start_ns, end_ns, _local_ns(text), fields, tuples, _decimals(text))


def _clock_ns(parts: Sequence[str]) -> int:
    hours, minutes, seconds, part = parts
    return ((int(hours) * 60 + int(minutes)) * 60 + int(seconds)) * 10**9 + int(part.ljust(3, "0")) * 10**6


def _local_ns(text: str) -> int | None:
    found = _STAMP.search(text)
    if not found:
        return None
    milli, micro = (found[7] or "0").ljust(3, "0"), found[8] or "0"
    try:
        moment = datetime(*(int(found[i]) for i in range(1, 7)), tzinfo=UTC)  # type: ignore[misc,arg-type]
    except ValueError:
        return None
    whole = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1)
    return whole * 10**9 + int(milli) * 10**6 + int(micro) * 10**3


def _parts(inside: str) -> tuple[tuple[float, str], ...]:
    """The numbers of "36.6,-6.1,0.0M", each with its unit, "." for decimals without one; empty when one is none."""
    found = [_PART.fullmatch(part) for part in inside.split(",")]
    if not all(found):
        return ()
    return tuple((float(m[1]), m[2] or ("." if "." in m[1] else "")) for m in found if m)


def _decimals(text: str) -> int:
    """How many decimals the position is written with; 9 where none is found."""
    found = re.search(r"(?:GPS\s?\(|latitude\s?:\s?)[-+]?\d{1,3}\.(\d{1,12})", text)
    return len(found[1]) if found else 9


def _timed(cues: list[_Cue]) -> tuple[list[_Cue], list[str]]:
    """(cues that know their time, in order, faults)."""
    by_video = any(c.start_ns is not None for c in cues)
    timed = [c for c in cues if (c.start_ns if by_video else c.local_ns) is not None and (c.fields or c.tuples)]
    kept: list[_Cue] = []
    for cue in timed:
        if not kept or _when(cue, by_video) > _when(kept[-1], by_video):
            kept.append(cue)
    faults = []
    if len(timed) < len(cues) and timed:
        faults.append(f"{len(cues) - len(timed)} of {len(cues)} cues are damaged or cut and were left out")
    if len(kept) < len(timed):
        faults.append(f"{len(timed) - len(kept)} of {len(cues)} cues do not follow in time and were left out")
    return kept, faults


def _when(cue: _Cue, by_video: bool) -> int:
    moment = cue.start_ns if by_video else cue.local_ns
    assert moment is not None
    return moment


def _starts(cues: Sequence[_Cue]) -> Ns:
    by_video = cues[0].start_ns is not None
    first = 0 if by_video else _when(cues[0], False)
    return np.array([_when(c, by_video) - first for c in cues], np.int64)


def _epochs(cues: Sequence[_Cue], start_ns: Ns) -> tuple[Epochs, ...]:
    rows = [i for i, c in enumerate(cues) if c.local_ns is not None]
    if not rows:
        return ()
    return (Epochs(start_ns[rows], np.array([cues[i].local_ns for i in rows], np.int64), LOCAL_TIME),)


def _positions(cues: Sequence[_Cue], start_ns: Ns) -> tuple[Positions | None, list[str]]:
    places = _places(cues)
    rows = [i for i, place in enumerate(places) if place is not None]
    if not rows:
        return None, ["no cue holds a position"]
    faults = []
    if len(rows) < len(cues):
        first = cues[next(i for i, place in enumerate(places) if place is None)].number
        faults.append(f"{len(cues) - len(rows)} of {len(cues)} cues hold no position (the first is cue {first})")
    if all("altitude" in c.fields and "rel_alt" not in c.fields for c in cues):
        faults.append("its altitude does not say what it counts from and is not used")
    values = np.array(
        [(*places[i], cues[i].first("abs_alt"), cues[i].first("rel_alt", "h", "barometer", "hb")) for i in rows],  # type: ignore[misc]
        np.float64,
    )
    kept = _changed(start_ns[rows], values)
    lat, lon, alt, relative = values[kept].T
    rounding_m = 10.0 ** -min(cues[i].decimals for i in rows) * _M_PER_DEG / math.sqrt(12)
    return Positions(
        t_ns=start_ns[rows][kept], lat_deg=lat, lon_deg=lon, alt_m=alt, relative_m=relative,
        velocity_mps=np.full((len(lat), 3), np.nan),
        sigma_m=np.full(len(lat), rounding_m if rounding_m >= _SAID_FROM_M else np.nan),
        source="subtitles",
    ), faults  # fmt: skip


def _changed(t_ns: Ns, values: Floats) -> Ns:
    """Rows at which something changed, and one a second in between: repeated rows would make the track a staircase."""
    kept = [0]
    for i in range(1, len(t_ns)):
        ends = i == len(t_ns) - 1
        late = not ends and t_ns[i + 1] - t_ns[kept[-1]] > _HOLD_NS
        if ends or late or not np.array_equal(values[i], values[i - 1], equal_nan=True):
            kept.append(i)
    return np.array(kept, np.int64)


def _places(cues: Sequence[_Cue]) -> list[tuple[float, float] | None]:
    """(lat_deg, lon_deg) of each cue."""
    pairs = [_pair(c) for c in cues]
    told = [parts for c in cues if (parts := c.tuples.get("GPS")) and len(parts) >= 2]
    lat_first = _latitude_first(told)
    found: list[tuple[float, float] | None] = []
    for cue, named in zip(cues, pairs, strict=True):
        parts = cue.tuples.get("GPS", ())
        if named is None and len(parts) >= 2:
            a, b = parts[0][0], parts[1][0]
            named = (a, b) if lat_first else (b, a)
        found.append(named if named is not None and _on_earth(*named) else None)
    return found


def _pair(cue: _Cue) -> tuple[float, float] | None:
    lat, lon = cue.first("latitude"), cue.first("longitude", "longtitude")
    return (lat, lon) if math.isfinite(lat) and math.isfinite(lon) else None


def _latitude_first(told: Sequence[tuple[tuple[float, str], ...]]) -> bool:
    """Whether GPS() begins with the latitude: by a number beyond 90, else by what its third number is."""
    if any(abs(parts[0][0]) > 90 for parts in told):
        return False
    if any(abs(parts[1][0]) > 90 for parts in told):
        return True
    return any(len(parts) > 2 and parts[2][1] != "" for parts in told)


def _on_earth(lat: float, lon: float) -> bool:
    return abs(lat) <= 90 and abs(lon) <= 180 and not (lat == 0 and lon == 0)


def _gimbal(cues: Sequence[_Cue], start_ns: Ns) -> tuple[Attitudes | None, list[str]]:
    gimbal = _angles(cues, start_ns, "G.PRY", "gb_", "gimbal_")
    if gimbal is not None and not np.any([gimbal.yaw_deg, gimbal.pitch_deg, gimbal.roll_deg]):
        return None, ["its gimbal angles are all zero, which no drone reports in flight; they are not used"]
    return gimbal, []


def _body(cues: Sequence[_Cue], start_ns: Ns) -> Attitudes | None:
    return _angles(cues, start_ns, "F.PRY", "drone_", "flight_")


def _angles(cues: Sequence[_Cue], start_ns: Ns, name: str, *prefixes: str) -> Attitudes | None:
    rows, angles = [], []
    for i, cue in enumerate(cues):
        parts = cue.tuples.get(name, ())
        if len(parts) == 3:
            pitch, roll, yaw = (p[0] for p in parts)
        else:
            yaw, pitch, roll = (cue.first(*(p + part for p in prefixes)) for part in ("yaw", "pitch", "roll"))
            roll = 0.0 if math.isnan(roll) else roll
        if all(math.isfinite(v) and abs(v) <= 720 for v in (yaw, pitch, roll)):
            rows.append(i)
            angles.append((yaw, pitch, roll))
    if not rows:
        return None
    yaws, pitches, rolls = np.array(angles, np.float64).T
    return Attitudes(start_ns[rows], yaws, pitches, rolls, "subtitles")


def _focal(cue: _Cue) -> float:
    """The 35 mm equivalent; 240 and 240.0 mean 24 mm in files that write f-numbers as 280."""
    said = cue.first("focal_len")
    value = said / 10 if said >= 100 and cue.first("fnum") >= 100 else said
    return value if 5 <= value <= 2000 else math.nan


def _zoom(cue: _Cue) -> float:
    """The digital zoom; 10000 means 1."""
    said = cue.first("dzoom_ratio", "dzoom")
    value = said / 10_000 if said >= 1000 else said
    return value if 1 <= value <= 200 else 1.0
