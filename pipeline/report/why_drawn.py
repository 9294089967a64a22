"""`why` as pictures for a notebook: plans, side views and bars in plain SVG, with no library and no network."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from pipeline.report.shapes import ellipse_axes
from pipeline.report.why import Ray, Term, Why
from pipeline.types import Covariance

East_North = tuple[float, float]

SIDE_PX = 380.0
SMALL_PX = 220.0
GAP_PX = 14.0
HEAD_PX = 24.0
INK, FAINT, EARTH, TRUTH = "#222", "#999", "#c9b08a", "#009e73"
COLOURS = ("#d55e00", "#0072b2", "#7b5ea7")  # of the first explanation, the second, …
STEPS_M = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)
SPAN = f'stroke="{COLOURS[0]}" stroke-width="4"'
NORMAL_90 = 1.6449  # sigmas to either side that hold nine tenths of a normal error
LABEL_PX = 220
MOST_BARS = 10
TERMS = {
    "position": "卫星定位 position",
    "height": "高度 height",
    "yaw": "航向 yaw",
    "pitch": "俯仰 pitch",
    "roll": "横滚 roll",
    "focal": "焦距 focal length",
    "centre": "像主点 principal point",
    "distortion": "畸变 distortion",
    "pixel": "像点 pixel",
    "ground": "地面高程 ground",
    "turn": "转向存疑 turned photo",
    "not modelled": "非线性 not modelled",
}
OWNERS = {"photo": "单张 photo", "flight": "整个航次 flight", "ground": "地面 ground", "pixel": "像素 pixel"}


@dataclass(frozen=True, slots=True)
class Drawing:
    """A picture that a notebook shows; `body` is SVG without its frame."""

    width_px: float
    height_px: float
    body: str

    @property
    def svg(self) -> str:
        """The whole file."""
        size = f"{self.width_px:.0f} {self.height_px:.0f}"
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size}" width="{self.width_px:.0f}" '
            f'style="max-width:100%;background:#fff" font-family="sans-serif" font-size="12">{self.body}</svg>'
        )

    def _repr_svg_(self) -> str:
        return self.svg


def plan(why: Why, half_m: float | None = None, truth_m: East_North | None = None, title: str = "") -> Drawing:
    """From above, north up: cameras, rays, every sighting's 90 % ellipse, and the hit's. `truth_m` is a green cross."""
    return plans([why], half_m, truth_m, title)


def plans(
    whys: Sequence[Why], half_m: float | None = None, truth_m: East_North | None = None, title: str = ""
) -> Drawing:
    """Several explanations of one place over each other, each in its colour; half_m: from the middle to an edge."""
    middle = whys[0].at_m
    half_m = half_m or 1.25 * max(
        max(abs(p[k] - middle[k]) for k in (0, 1)) for w in whys for r in w.rays for p in (r.camera_m, r.point_m)
    )
    view = _View(middle[0], middle[1], half_m)
    body = "".join(_explained(w, view, c) for w, c in zip(whys, COLOURS * len(whys), strict=False))
    body += "".join(_name(r, view) for r in whys[-1].rays)
    if truth_m is not None:
        body += _cross(*view.px(*truth_m))
    return _framed(SIDE_PX, SIDE_PX, body + _scale_bar(view), title)


@dataclass(frozen=True, slots=True)
class _View:
    """A square of ground, north up, as a square of pixels."""

    east_m: float
    north_m: float
    half_m: float

    @property
    def px_a_m(self) -> float:
        return SIDE_PX / 2 / self.half_m

    def px(self, east_m: float, north_m: float) -> tuple[float, float]:
        return (
            SIDE_PX / 2 + (east_m - self.east_m) * self.px_a_m,
            SIDE_PX / 2 - (north_m - self.north_m) * self.px_a_m,
        )


def _explained(why: Why, view: _View, colour: str) -> str:
    body = "".join(_ray(r, view, colour) for r in why.rays)
    x, y = view.px(*why.at_m[:2])
    return body + _ellipse((x, y), why.hit.covariance, view, colour, 2.5) + _dot(x, y, colour, 3.5)


def _ray(ray: Ray, view: _View, colour: str) -> str:
    a, b = view.px(*ray.camera_m[:2]), view.px(*ray.point_m[:2])
    line = f'<path d="M{a[0]:.1f},{a[1]:.1f}L{b[0]:.1f},{b[1]:.1f}" stroke="{colour}" stroke-opacity=".35"/>'
    camera = f'<rect x="{a[0] - 3:.1f}" y="{a[1] - 3:.1f}" width="6" height="6" fill="{colour}"/>'
    return line + camera + _ellipse(b, ray.covariance, view, colour, 0.7) + _dot(*b, colour, 2)


def _name(ray: Ray, view: _View) -> str:
    x, y = view.px(*ray.camera_m[:2])
    return f'<text x="{x:.1f}" y="{y - 6:.1f}" text-anchor="middle" fill="{INK}">{_short(ray.frame_id)}</text>'


def _ellipse(at: tuple[float, float], covariance: Covariance, view: _View, colour: str, width: float) -> str:
    major, minor, bearing = ellipse_axes(covariance)
    turn = f"rotate({bearing - 90:.1f} {at[0]:.1f} {at[1]:.1f})"
    size = f'rx="{major * view.px_a_m:.1f}" ry="{minor * view.px_a_m:.1f}"'
    place = f'cx="{at[0]:.1f}" cy="{at[1]:.1f}"'
    return f'<ellipse {place} {size} transform="{turn}" fill="none" stroke="{colour}" stroke-width="{width}"/>'


def _dot(x: float, y: float, colour: str, radius: float) -> str:
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}" fill="{colour}"/>'


def _cross(x: float, y: float) -> str:
    return f'<path d="M{x - 8:.1f},{y:.1f}h16M{x:.1f},{y - 8:.1f}v16" stroke="{TRUTH}" stroke-width="3"/>'


def _scale_bar(view: _View) -> str:
    length_m = max((s for s in STEPS_M if s * view.px_a_m <= SIDE_PX / 3), default=STEPS_M[0])
    right, y = SIDE_PX - 10, SIDE_PX - 10
    bar = f'<path d="M{right - length_m * view.px_a_m:.1f},{y}H{right}" stroke="{INK}" stroke-width="2"/>'
    return bar + f'<text x="{right}" y="{y - 5}" text-anchor="end">{length_m:g} m</text>'


def _short(frame_id: str) -> str:
    """A photo's name without folders and suffix."""
    return escape(frame_id.rpartition("/")[2].partition(".")[0])


def _framed(width_px: float, height_px: float, body: str, title: str) -> Drawing:
    """A panel with a title over it; what leaves the panel is cut off."""
    inner = (
        f'<svg y="{HEAD_PX}" width="{width_px}" height="{height_px}">'
        f'<rect width="{width_px}" height="{height_px}" fill="#fafafa" stroke="{FAINT}"/>{body}</svg>'
    )
    head = f'<text x="2" y="{HEAD_PX - 8}" fill="{INK}">{escape(title)}</text>'
    return Drawing(width_px, height_px + HEAD_PX, head + inner)


def beside(*drawings: Drawing, columns: int = 4) -> Drawing:
    """Drawings of one size in rows."""
    wide, high = drawings[0].width_px + GAP_PX, drawings[0].height_px + GAP_PX
    placed = "".join(
        f'<g transform="translate({i % columns * wide:.1f} {i // columns * high:.1f})">{d.body}</g>'
        for i, d in enumerate(drawings)
    )
    return Drawing(wide * min(columns, len(drawings)), high * math.ceil(len(drawings) / columns), placed)


def sides(why: Why, most: int = 8) -> Drawing:
    """From the side, one panel a photo, those that count most first: the ray, and the ground's profile under it.

    The thick line on the ground is what 90 % of this photo's error covers along the line of sight.
    """
    chosen = sorted(why.rays, key=lambda r: -r.weight)[:most]
    return beside(*(_side(r) for r in chosen))


def _side(ray: Ray) -> Drawing:
    heights = [h for _, h in ray.profile_m if not math.isnan(h)]
    low, high = min([ray.point_m[2], *heights]), ray.camera_m[2]
    reach_m = ray.profile_m[-1][0]
    px_a_m = min((SMALL_PX - 24) / max(reach_m, 1e-6), (SMALL_PX - 40) / max(high - low, 1e-6))

    def px(along_m: float, height_m: float) -> str:
        return f"{12 + along_m * px_a_m:.1f},{SMALL_PX - 20 - (height_m - low) * px_a_m:.1f}"

    line = [px(d, h) for d, h in ray.profile_m if not math.isnan(h)]
    earth = f'<path d="M12,{SMALL_PX}L{"L".join(line)}V{SMALL_PX}Z" fill="{EARTH}"/>' if line else ""
    far_m = math.hypot(ray.point_m[0] - ray.camera_m[0], ray.point_m[1] - ray.camera_m[1])
    sight = f'<path d="M{px(0.0, high)}L{px(far_m, ray.point_m[2])}" stroke="{INK}"/>'
    off_m = NORMAL_90 * _sigma_along_m(ray)
    span = f'<path d="M{px(far_m - off_m, ray.point_m[2])}L{px(far_m + off_m, ray.point_m[2])}" {SPAN}/>'
    fall = math.degrees(math.atan2(high - ray.point_m[2], far_m))
    told = f"↓{high - ray.point_m[2]:.0f} m  →{far_m:.0f} m  ∠{fall:.0f}°"
    note = f'<text x="{SMALL_PX - 6}" y="16" text-anchor="end">{told}</text>'
    return _framed(
        SMALL_PX, SMALL_PX, earth + sight + span + note, f"{_short(ray.frame_id)} · 权重 weight {ray.weight:.0%}"
    )


def _sigma_along_m(ray: Ray) -> float:
    """One sigma of the sighting along its line of sight, on the ground."""
    away = [p - c for p, c in zip(ray.point_m[:2], ray.camera_m[:2], strict=True)]
    far_m = math.hypot(*away)
    east, north = (a / far_m for a in away) if far_m > 0 else (1.0, 0.0)
    ee, en, nn = ray.covariance
    return math.sqrt(max(0.0, ee * east**2 + 2 * en * east * north + nn * north**2))


def bars(explained: Mapping[str, Why]) -> Drawing:
    """Each term's part of the variance as a bar, and its share; one colour an explanation, one scale for all."""
    named = {label: {(t.name, t.owner): t for t in why.terms} for label, why in explained.items()}
    most = {key: max(_variance_m2(n.get(key)) for n in named.values()) for n in named.values() for key in n}
    keys = sorted(most, key=lambda k: -most[k])[:MOST_BARS]
    largest, row_px = max(most.values()), 15.0 * len(named) + 9
    body = "".join(_row(key, list(named.values()), i * row_px, largest) for i, key in enumerate(keys))
    names = zip(explained.items(), COLOURS * len(named), strict=False)
    legend = "".join(
        f'<text x="{LABEL_PX + 290 * i}" y="16" fill="{c}">■ {escape(label)} · r90 {w.hit.r90_m:.2f} m</text>'
        for i, ((label, w), c) in enumerate(names)
    )
    return Drawing(LABEL_PX + 600, 28 + row_px * len(keys), legend + f'<g transform="translate(0 28)">{body}</g>')


def _row(key: tuple[str, str], named: Sequence[Mapping[tuple[str, str], Term]], y: float, largest: float) -> str:
    name = f"{TERMS.get(key[0], key[0])} · {OWNERS.get(key[1], key[1])}"
    body = f'<text x="{LABEL_PX - 10}" y="{y + 12}" text-anchor="end" font-size="11">{escape(name)}</text>'
    for k, (terms, colour) in enumerate(zip(named, COLOURS * len(named), strict=False)):
        term, top = terms.get(key), y + 15 * k
        value, share = _variance_m2(term), term.share if term else 0.0
        width = 400 * abs(value) / largest
        told = f"{_rounded(100 * share, 1)} % · {_rounded(math.copysign(math.sqrt(abs(value)), value), 2)} m"
        body += f'<rect x="{LABEL_PX}" y="{top + 2}" width="{width:.1f}" height="11" fill="{colour}"/>'
        body += f'<text x="{LABEL_PX + 6 + width:.1f}" y="{top + 12}" font-size="11" fill="{INK}">{told}</text>'
    return body


def _rounded(value: float, digits: int) -> str:
    """With a true minus sign, and none before a zero."""
    return f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "−")


def _variance_m2(term: Term | None) -> float:
    """East and north together; below zero where a term takes off what another adds."""
    return 0.0 if term is None else term.part_m2[0] + term.part_m2[2]
