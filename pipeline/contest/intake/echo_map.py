"""The map of an echo as SVG: the area, the drone's photos, the hits with their rows' numbers; north up, to scale."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from pipeline.contest.plan import Area

WIDTH, HEIGHT = 760.0, 460.0
_MARGIN = 0.08
_LEAST_DEG = 0.0005  # some 50 m: a window is never smaller
_M_PER_DEG = 111_195.0  # on a sphere of 6371 km
_MOST_PHOTOS = 2_000
_MOST_SPOTS = 1_000
_LETTER = 7.0  # how wide a digit is drawn
Box = tuple[float, float, float, float]  # left, top, right, bottom
Spot = tuple[str, float, float]  # what to write, lat_deg, lon_deg


@dataclass(frozen=True, slots=True)
class Window:
    """A rectangle of ground; x to the east and y down, in SVG units."""

    west: float
    north: float
    per_deg: float  # SVG units a degree of latitude
    squeeze: float  # a degree of longitude in degrees of latitude

    def xy(self, lat_deg: float, lon_deg: float) -> tuple[float, float]:
        """A place on the paper."""
        return (lon_deg - self.west) * self.squeeze * self.per_deg, (self.north - lat_deg) * self.per_deg


def window(points: Sequence[tuple[float, float]]) -> Window:
    """A window that holds the points (lat_deg, lon_deg) with a margin."""
    lats, lons = [p[0] for p in points], [p[1] for p in points]
    middle = ((min(lats) + max(lats)) / 2, (min(lons) + max(lons)) / 2)
    squeeze = max(0.01, math.cos(math.radians(middle[0])))
    tall = max(_LEAST_DEG, max(lats) - min(lats)) * (1 + 2 * _MARGIN)
    wide = max(_LEAST_DEG, (max(lons) - min(lons)) * squeeze) * (1 + 2 * _MARGIN)
    per_deg = min(HEIGHT / tall, WIDTH / wide)
    north = middle[0] + HEIGHT / per_deg / 2
    return Window(middle[1] - WIDTH / per_deg / squeeze / 2, north, per_deg, squeeze)


def svg(
    seen: Window, spots: Sequence[Spot], area: Area | None, photos: Sequence[tuple[float, float]], name: str
) -> str:
    """The picture; spots beyond its edge stand hollow on it."""
    parts = [f'<svg viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img" aria-label="{escape(name)}">',
             f'<rect class="paper" width="{WIDTH:g}" height="{HEIGHT:g}"/>']  # fmt: skip
    parts += [_area(seen, area)] if area else []
    step = max(1, len(photos) // _MOST_PHOTOS)
    parts += [_photo(*seen.xy(*p)) for p in photos[::step]]
    return "".join([*parts, _scale(seen), _north(), _spots(seen, spots[:_MOST_SPOTS]), "</svg>"])


def _area(seen: Window, area: Area) -> str:
    (x0, y0), (x1, y1) = seen.xy(area.north_deg, area.west_deg), seen.xy(area.south_deg, area.east_deg)
    return f'<rect class="area" x="{x0:.1f}" y="{y0:.1f}" width="{x1 - x0:.1f}" height="{y1 - y0:.1f}"/>'


def _photo(x: float, y: float) -> str:
    return f'<circle class="photo" cx="{x:.1f}" cy="{y:.1f}" r="1.6"/>' if 0 <= x <= WIDTH and 0 <= y <= HEIGHT else ""


def _spots(seen: Window, spots: Sequence[Spot]) -> str:
    """Dots first, then numbers where they hide no dot and no other number, as far as there is such a place."""
    at = [(text, *seen.xy(lat, lon)) for text, lat, lon in spots]
    dots = [(_held(x, WIDTH), _held(y, HEIGHT)) for _, x, y in at]
    drawn = [_dot(*dot, beyond=dot != (x, y)) for dot, (_, x, y) in zip(dots, at, strict=True)]
    taken = [(x - 4, y - 4, x + 4, y + 4) for x, y in dots]
    for (text, _, _), (x, y) in zip(at, dots, strict=True):
        boxes = [_box(text, x + dx, y + dy) for dx, dy in _beside(text)]
        free = [b for b in boxes if not any(_meet(b, t) for t in taken)]
        taken.append((free or boxes)[0])
        left, _, _, bottom = taken[-1]
        drawn.append(f'<text x="{left:.1f}" y="{bottom - 2:.1f}">{escape(text)}</text>')
    return "".join(drawn)


def _held(value: float, end: float) -> float:
    """Onto the paper, for what lies beyond it."""
    return value if 0 <= value <= end else min(max(value, 6.0), end - 6)


def _dot(x: float, y: float, beyond: bool) -> str:
    return f'<circle class="{"beyond" if beyond else "hit"}" cx="{x:.1f}" cy="{y:.1f}" r="4.5"/>'


def _beside(text: str) -> tuple[tuple[float, float], ...]:
    """Where the box of a number can begin, from its dot: right, left, above, below, and a little farther off."""
    wide = _LETTER * len(text)
    near = ((7.0, -7.0), (-7.0 - wide, -7.0), (-wide / 2, -20.0), (-wide / 2, 6.0))
    return (*near, (7.0, -20.0), (7.0, 6.0), (-7.0 - wide, -20.0), (-7.0 - wide, 6.0))


def _box(text: str, x: float, y: float) -> Box:
    """A number's box on the paper, kept within it."""
    wide = _LETTER * len(text)
    x, y = min(max(x, 2.0), WIDTH - wide - 2), min(max(y, 2.0), HEIGHT - 16)
    return x, y, x + wide, y + 14


def _meet(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _scale(seen: Window) -> str:
    """A bar of 1, 2 or 5 times a power of ten metres, a sixth to a third of the width."""
    per_m = seen.per_deg / _M_PER_DEG
    most = WIDTH / 3 / per_m
    power = 10.0 ** math.floor(math.log10(most))
    length = max(f * power for f in (1, 2, 5) if f * power <= most)
    wide, y = length * per_m, HEIGHT - 14
    text = f"{length / 1000:g} km" if length >= 1000 else f"{length:g} m"
    return (
        f'<path class="bar" d="M14 {y - 5:g}V{y:g}H{14 + wide:.1f}V{y - 5:g}"/>'
        f'<text x="{20 + wide:.1f}" y="{y + 3:g}">{text}</text>'
    )


def _north() -> str:
    return f'<path class="bar" d="M{WIDTH - 20:g} 34V12l-5 9m5 -9l5 9"/><text x="{WIDTH - 24:g}" y="47">N</text>'
