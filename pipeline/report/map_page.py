"""map.html: one file that opens with no network; photos on the ground, track, footprints, hits.

The page is `viewer/` (template, style, script) with three things put in: words, the data as JSON, and the mosaic's
tiles as images. At most about 20 MB whatever the number of photos: tiles MAX_BYTES before base64, crops CROP_BYTES.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from pathlib import Path
from typing import IO, Any

from pipeline import imagery
from pipeline.errors import MissionError
from pipeline.files import write_atomic
from pipeline.report.colours import class_colour
from pipeline.report.features import context_path
from pipeline.report.mosaic import MAX_TILES, Tile
from pipeline.report.places import cgcs2000, dms, navigation_link
from pipeline.report.plane import Plane, plane_about
from pipeline.report.shapes import ellipse_axes
from pipeline.report.survey import Survey, Surveyed
from pipeline.report.tables import best_evidence, seen_moving
from pipeline.types import Mission, Skipped, iso_utc
from pipeline.words import both, class_word
from pipeline.words.survey import WORDS

VIEWER = Path(__file__).resolve().parent / "viewer"
CROP_BYTES = 3_000_000  # of embedded crops, before base64; further ones are read from crops/
CROP_LONG_SIDE_PX = 360
CONTEXT_LONG_SIDE_PX = 640
MAX_EVIDENCE = 40
SIMPLER_BY_M = 0.3
MAX_PAGE_BYTES = 64 * 1024 * 1024
_DATA = b'<script type="application/json" id="data">'
_TILE = re.compile(
    rb'<img data-tile="(-?\d{1,7}\.\d{3}) (-?\d{1,7}\.\d{3}) (\d{1,7}\.\d{3})" alt="" '
    rb'src="data:image/webp;base64,([A-Za-z0-9+/]{16,4000000}={0,2})">\n'
)
_SLOT = re.compile(r"\{\{(\w+)(?::(\w+))?\}\}")


@dataclass(frozen=True, slots=True)
class Notes:
    """What a reader must know beside the hits; of what has no place on the ground (frame id and class, reason)."""

    warnings: tuple[str, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    not_located: tuple[tuple[str, str], ...] = ()


def map_plane(seen: Survey, collection: Mapping[str, Any]) -> Plane:
    """The map's plane, about the middle of the track; without a track, of the hits."""
    places = [(p.lat_deg, p.lon_deg) for p in seen.track]
    places = places or [tuple(f["geometry"]["coordinates"][1::-1]) for f in collection["features"]]
    return plane_about([p[0] for p in places], [p[1] for p in places])


def write_map(
    path: Path,
    mission: Mission,
    collection: Mapping[str, Any],
    seen: Survey,
    notes: Notes,
    tiles: Iterable[Tile],
) -> None:
    """Write the page; crops are taken from crops/ beside it. Tiles are written as they come, one in memory."""
    data = map_data(path.parent, mission, collection, seen, notes)
    name = _title(mission)
    slots = {
        "title": escape(f"{name} · 千里眼 Qianliyan"),
        "heading": f"{both('map')} — {escape(name)}",
        "css": (VIEWER / "viewer.css").read_text("utf-8"),
        "js": (VIEWER / "viewer.js").read_text("utf-8"),
        "data": script_json(data),
    }

    def fill(aside: Path) -> None:
        with aside.open("w", encoding="utf-8", newline="\n") as out:
            _fill_page(out, slots, tiles)

    write_atomic(path, fill)


@dataclass(frozen=True, slots=True)
class TilePlace:
    """A tile of a written page: its north-west corner and side on the page's plane, and where its base64 lies."""

    west_m: float
    north_m: float
    side_m: float
    offset: int  # bytes from the beginning of the file
    length: int  # bytes of base64

    def corners(self, plane: Plane) -> list[list[float]]:
        """[lon, lat] of north-west, north-east, south-east, south-west; longitudes go on past 180°, not back."""
        east_m, south_m = self.west_m + self.side_m, self.north_m - self.side_m
        places = ((self.west_m, self.north_m), (east_m, self.north_m), (east_m, south_m), (self.west_m, south_m))
        return [plane.lon_lat_on(x, y) for x, y in places]


def read_page(path: Path) -> tuple[dict[str, Any], Plane, list[TilePlace]]:
    """(data as `map_data` made them, their plane, the mosaic's tiles) of a written map.html.

    Raises MissionError when it is not one of ours.
    """
    page = imagery.read_bytes(path, MAX_PAGE_BYTES)
    head, _, rest = page.partition(_DATA)
    try:
        data = json.loads(rest.partition(b"</script>")[0])
        told = data["plane"]
        plane = Plane(*(float(told[key]) for key in ("lat", "lon", "east_m", "north_m")))
    except (ValueError, KeyError, TypeError, RecursionError) as why:
        raise MissionError(f"{path}: is not a map of a run") from why
    return data, plane, read_tiles(head, path)


def read_tiles(page: bytes, path: Path) -> list[TilePlace]:
    """Where the tiles lie in a page, up to its data; raises MissionError when one is not as `write_map` leaves it."""
    found = [
        TilePlace(float(m[1]), float(m[2]), float(m[3]), m.start(4), m.end(4) - m.start(4))
        for m in _TILE.finditer(page)
    ]
    if len(found) != page.count(b"<img data-tile") or len(found) > MAX_TILES:
        raise MissionError(f"{path}: the tiles of its mosaic are damaged")
    return found


def read_tile(path: Path, tile: TilePlace) -> bytes:
    """A tile's WebP bytes; raises MissionError when they are not there (any more)."""
    try:
        with path.open("rb") as file:
            file.seek(tile.offset)
            webp = base64.b64decode(file.read(tile.length), validate=True)
    except (OSError, ValueError) as why:
        raise MissionError(f"{path}: a tile of its mosaic cannot be read") from why
    if webp[:4] != b"RIFF" or webp[8:12] != b"WEBP":
        raise MissionError(f"{path}: a tile of its mosaic is not a WebP picture")
    return webp


def script_json(value: Any) -> str:
    """JSON that can stand inside a <script> element: no '<', no '>' and no '&' is left in it."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _fill_page(out: IO[str], slots: Mapping[str, str], tiles: Iterable[Tile]) -> None:
    page = (VIEWER / "page.html").read_text("utf-8")
    end = 0
    for slot in _SLOT.finditer(page):
        out.write(page[end : slot.start()])
        end = slot.end()
        kind, key = slot.groups()
        if kind == "tiles":
            out.writelines(_image(t) for t in tiles)
        elif key:
            out.write(_word(kind, key))
        else:
            out.write(slots[kind])
    out.write(page[end:])


def _word(kind: str, key: str) -> str:
    chinese, english = WORDS[key]
    return escape(both(key)) if kind == "plain" else f'{escape(chinese)} <span class="en">{escape(english)}</span>'


def _image(tile: Tile) -> str:
    place = f"{tile.west_m:.3f} {tile.north_m:.3f} {tile.side_m:.3f}"
    return f'<img data-tile="{place}" alt="" src="data:image/webp;base64,{base64.b64encode(tile.webp).decode()}">\n'


def _title(mission: Mission) -> str:
    """The mission's name, or that of the folder it was read from."""
    return mission.name or Path(mission.root).resolve().name


def map_data(
    folder: Path, mission: Mission, collection: Mapping[str, Any], seen: Survey, notes: Notes
) -> dict[str, Any]:
    """What the script needs, as JSON: everything on the map in metres on its plane."""
    plane = map_plane(seen, collection)
    track = plane.xy([p.lat_deg for p in seen.track], [p.lon_deg for p in seen.track]).round(2).tolist()
    frames = [_frame(s, plane) for s in seen.frames]
    hits = [_hit(n, f, plane) for n, f in enumerate(collection["features"], start=1)]
    _embed_crops(folder, hits)
    times = [f.pose.t_ns for f in mission.frames if f.pose and f.pose.t_ns is not None]
    return {
        "plane": {"lat": plane.lat_deg, "lon": plane.lon_deg, "east_m": plane.east_m, "north_m": plane.north_m},
        "bounds": _bounds(track, frames, hits),
        "meta": [["name", _title(mission)], *map(list, mission.meta)],
        "start": iso_utc(min(times)) if times else None,
        "track": track,
        "track_m": round(sum(_distance(a, b) for a, b in pairwise(track)), 1),
        "frames": frames,
        "hits": hits,
        "classes": _classes(hits),
        "skipped": [[s.frame_id, s.reason] for s in notes.skipped],
        "not_located": [list(n) for n in notes.not_located],
        "warnings": list(notes.warnings),
        "words": WORDS,
    }


def _frame(s: Surveyed, plane: Plane) -> dict[str, Any]:
    return {"ring": _ring(s, plane), "searched": s.searched}


def _ring(s: Surveyed, plane: Plane) -> list[float] | None:
    """The footprint's corners x, y, x, y … in metres, to 0.1 m; points that hardly bend the outline are left out."""
    if s.footprint is None or len(s.footprint.outline) < 3:
        return None
    from shapely.geometry import Polygon

    corners = plane.xy([p[0] for p in s.footprint.outline], [p[1] for p in s.footprint.outline])
    outline = Polygon(corners).simplify(SIMPLER_BY_M).exterior.coords[:-1]
    return [round(v, 1) for xy in outline for v in xy]


def _hit(number: int, feature: Mapping[str, Any], plane: Plane) -> dict[str, Any]:
    lon_deg, lat_deg, alt_m = feature["geometry"]["coordinates"]
    props = feature["properties"]
    best = best_evidence(props["evidence"])
    shown = ("id", "class", "origin", "confidence", "r90_m", "sightings", "first_seen", "last_seen")
    return {
        **{key: props[key] for key in shown},
        **seen_moving(props),
        "n": number,
        "xy": plane.xy(lat_deg, lon_deg)[0].round(2).tolist(),
        "lat": lat_deg,
        "lon": lon_deg,
        "alt_m": alt_m,
        "dms": f"{dms(lat_deg, 'NS')} {dms(lon_deg, 'EW')}",
        "grid": _grid(lat_deg, lon_deg),
        "ellipse": [round(v, 2) for v in ellipse_axes(tuple(props["cov_m2"]))],
        "assumed": ", ".join(props["assumed"]),
        "navigate": navigation_link(lat_deg, lon_deg, props["id"]),
        "best": best["source"] if best else None,
        "crop_path": best["crop"] if best else None,
        "context_path": context_path(props["id"]) if best and best["crop"] else None,
        "evidence": [[e["frame_id"], e["t"], e["confidence"]] for e in props["evidence"][:MAX_EVIDENCE]],
    }


def _grid(lat_deg: float, lon_deg: float) -> dict[str, Any] | None:
    place = cgcs2000(lat_deg, lon_deg)
    if place is None:
        return None
    return {
        "zone": place.zone,
        "meridian": place.meridian_deg,
        "x": round(place.x_north_m, 3),
        "y": round(place.y_east_m, 3),
    }


def _embed_crops(folder: Path, hits: Sequence[dict[str, Any]]) -> None:
    """Put reduced crops, then whole photos, into the hits while CROP_BYTES last."""
    left = CROP_BYTES
    for kind, long_side_px in (("crop", CROP_LONG_SIDE_PX), ("context", CONTEXT_LONG_SIDE_PX)):
        for hit in hits:
            source = folder / hit[f"{kind}_path"] if hit[f"{kind}_path"] else None
            if left <= 0 or source is None or not source.is_file():
                continue
            small = imagery.reduced(imagery.decode(imagery.read_bytes(source), source.name), long_side_px)
            data = imagery.encode_jpeg(small, 80)
            left -= len(data)
            hit[kind] = "data:image/jpeg;base64," + base64.b64encode(data).decode()


def _classes(hits: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, str]]:
    labels = sorted({h["class"] for h in hits})
    return {c: {"zh": class_word(c, "zh"), "en": class_word(c, "en"), "colour": class_colour(c)} for c in labels}


def _bounds(
    track: Sequence[Sequence[float]], frames: Sequence[Mapping[str, Any]], hits: Sequence[Mapping[str, Any]]
) -> list[float]:
    """West, south, east, north of all that is drawn, in metres."""
    places = [*track, *(h["xy"] for h in hits), *_corners(frames)] or [[0.0, 0.0]]
    xs, ys = zip(*places, strict=True)
    return [min(xs), min(ys), max(xs), max(ys)]


def _corners(frames: Sequence[Mapping[str, Any]]) -> Iterator[list[float]]:
    for ring in (f["ring"] for f in frames if f["ring"]):
        yield from ([ring[i], ring[i + 1]] for i in range(0, len(ring), 2))


def _distance(a: Sequence[float], b: Sequence[float]) -> float:
    return float(((a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2) ** 0.5)
