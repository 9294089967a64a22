"""A bench with known answers for marker detectors: panels of every kind drawn on textured ground.

It shares no code with the detector, so that it can contradict it. Pixels: (0, 0) is the centre of the top-left one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Image = NDArray[np.uint8]

PANEL_TEXELS = 240
CROSSES = ("plus", "plus-short", "x", "x-short", "plus-inverse", "x-inverse")
KINDS = (*CROSSES, "checker", "hourglass", "iron", "board3", "board4")
TAG_DICTIONARIES = {
    "aruco4": "DICT_4X4_50",
    "aruco5": "DICT_5X5_100",
    "aruco6": "DICT_6X6_250",
    "aruco-original": "DICT_ARUCO_ORIGINAL",
    "april36h11": "DICT_APRILTAG_36H11",
    "april25h9": "DICT_APRILTAG_25H9",
}
TAGS = tuple(TAG_DICTIONARIES)


@dataclass(frozen=True)
class Panel:
    """One panel in a scene: where, how large (side in px before foreshortening) and how it is seen."""

    kind: str
    x_px: float
    y_px: float
    side_px: float
    turn_deg: float = 0.0
    squeeze: float = 1.0  # sine of the elevation: 1 seen from above, 0.5 from 30°
    squeeze_deg: float = 0.0  # 0: foreshortened along y, as under a camera that keeps the horizon level
    arm: float = 0.2  # arm width over side
    light: float = 225.0
    dark: float = 25.0
    seed: int = 0


def texture(panel: Panel) -> tuple[Floats, Floats]:
    """Grey values and opacity of the panel alone, (240, 240) each."""
    n = PANEL_TEXELS
    q, p = np.mgrid[0:n, 0:n].astype(np.float32) * (2 / n) - 1 + 1 / n
    opaque = np.ones((n, n), np.float32)
    if panel.kind in TAGS:
        return _tag(panel), opaque
    light = _is_light(panel, p, q)
    if panel.kind.endswith("-inverse"):
        light = ~light
    return np.where(light, panel.light, panel.dark).astype(np.float32), opaque


def _is_light(panel: Panel, p: Floats, q: Floats) -> NDArray[np.bool_]:
    kind, arm = panel.kind, panel.arm
    if kind.startswith("board"):
        n = int(kind[5:])
        cells = np.floor((p + 1) * n / 2) + np.floor((q + 1) * n / 2)
        return np.asarray(cells % 2 == 0)
    if kind == "checker":
        return np.asarray(p * q > 0)
    if kind == "hourglass":
        return np.asarray(np.abs(p) > np.abs(q))
    if kind == "iron":
        return np.asarray(np.cos(4 * np.arctan2(q, p)) > 0)
    if kind.startswith("x"):
        p, q = (p + q) * np.float32(0.5**0.5), (p - q) * np.float32(0.5**0.5)
    reach = (1.0 if kind.startswith("x") else 0.75) if kind.endswith("-short") else 2.0
    a, b = np.abs(p), np.abs(q)
    return np.asarray(((a < arm) & (b < reach)) | ((b < arm) & (a < reach)))


def _tag(panel: Panel) -> Floats:
    """A tag with its quiet zone of one module; the panel's side includes the zone."""
    dictionary = cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, TAG_DICTIONARIES[panel.kind]))
    modules = dictionary.markerSize + 2
    bits = cv2.aruco.generateImageMarker(dictionary, panel.seed % 17, modules, borderBits=1)
    framed = cv2.copyMakeBorder(bits, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=255)
    big = cv2.resize(framed, (PANEL_TEXELS, PANEL_TEXELS), interpolation=cv2.INTER_NEAREST)
    return np.where(big > 127, panel.light, panel.dark).astype(np.float32)


def texels_to_scene(panel: Panel) -> NDArray[np.float64]:
    """(2, 3) affine map from texel coordinates to scene pixels."""
    half = (PANEL_TEXELS - 1) / 2
    turn, axis = np.deg2rad(panel.turn_deg), np.deg2rad(panel.squeeze_deg)
    r = _turned(turn) * (panel.side_px / PANEL_TEXELS)
    linear = _turned(axis) @ np.diag([1.0, panel.squeeze]) @ _turned(-axis) @ r
    shift = np.array([panel.x_px, panel.y_px]) - linear @ np.array([half, half])
    return np.column_stack([linear, shift])


def _turned(angle: float) -> NDArray[np.float64]:
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def draw(image: Image, panel: Panel) -> Image:
    """The scene with the panel on it, each pixel the mean of its 4 × 4 parts or more."""
    fine = 4
    reach = int(panel.side_px) + 4
    x0, y0 = max(0, int(panel.x_px) - reach), max(0, int(panel.y_px) - reach)
    x1, y1 = min(image.shape[1], int(panel.x_px) + reach), min(image.shape[0], int(panel.y_px) + reach)
    grey, opaque = texture(panel)
    here = replace(
        panel,
        x_px=(panel.x_px - x0 + 0.5) * fine - 0.5,
        y_px=(panel.y_px - y0 + 0.5) * fine - 0.5,
        side_px=panel.side_px * fine,
    )
    size, m = ((x1 - x0) * fine, (y1 - y0) * fine), texels_to_scene(here)
    layer = cv2.warpAffine(grey * opaque, m, size, flags=cv2.INTER_LINEAR)
    alpha = cv2.warpAffine(opaque, m, size, flags=cv2.INTER_LINEAR)
    layer, alpha = (cv2.resize(v, (x1 - x0, y1 - y0), interpolation=cv2.INTER_AREA)[..., None] for v in (layer, alpha))
    out = image.copy()
    out[y0:y1, x0:x1] = np.clip(out[y0:y1, x0:x1] * (1 - alpha) + layer, 0, 255).astype(np.uint8)
    return out


def photographed(image: Image, rng: np.random.Generator, blur_px: float, noise: float, gain: float = 1.0) -> Image:
    """What a small camera makes of the scene: blur, exposure, noise, JPEG at quality 88."""
    soft = cv2.GaussianBlur(image, (0, 0), blur_px) if blur_px > 0 else image
    noisy = soft * gain + rng.normal(0, noise, image.shape)
    _, data = cv2.imencode(".jpg", np.clip(noisy, 0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 88])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


def ground(rng: np.random.Generator, height_px: int, width_px: int) -> Image:
    """Textured ground: patches of soil and grass over all scales, grain as fine as a pixel."""
    value = np.zeros((height_px, width_px), np.float32)
    for octave in range(1, 9):
        shape = (max(2, height_px >> octave), max(2, width_px >> octave))
        coarse = rng.normal(0, 1, shape).astype(np.float32) * 1.25**octave
        value += cv2.resize(coarse, (width_px, height_px), interpolation=cv2.INTER_CUBIC)
    value = value / value.std()
    soil, grass = np.array([95, 120, 140], np.float32), np.array([60, 110, 85], np.float32)
    mix = (1 / (1 + np.exp(-3 * value)))[..., None]
    grain = rng.normal(0, rng.uniform(3, 12), (height_px, width_px, 1)).astype(np.float32)
    grain = cv2.GaussianBlur(grain, (0, 0), 0.7)[..., None] * 1.5 + value[..., None] * rng.uniform(4, 14)
    return np.clip(soil * mix + grass * (1 - mix) + grain, 0, 255).astype(np.uint8)


def clutter(image: Image, rng: np.random.Generator, things: int = 40) -> Image:
    """Roads with lane marks that cross, tracks, houses with hip roofs, cars, poles and their shadows."""
    out = image.copy()
    for _ in range(things):
        makers = (_road, _track, _house, _car, _pole)
        makers[rng.integers(len(makers))](out, rng)
    return out


def _somewhere(image: Image, rng: np.random.Generator) -> NDArray[np.float64]:
    return rng.uniform(0, 1, 2) * (image.shape[1], image.shape[0])


def _fill(image: Image, corners: NDArray[np.float64], grey: float) -> None:
    cv2.fillPoly(image, [np.round(corners * 16).astype(np.int32)], (grey, grey * 1.02, grey * 1.04), cv2.LINE_AA, 4)


def _box(at: NDArray[np.float64], angle: float, long: float, wide: float) -> NDArray[np.float64]:
    shape = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * (long / 2, wide / 2)
    return np.asarray(at + shape @ _turned(angle).T)


def _road(image: Image, rng: np.random.Generator) -> None:
    at, angle, width, grey = _somewhere(image, rng), rng.uniform(0, np.pi), rng.uniform(20, 90), rng.uniform(60, 190)
    for turn in (0.0, rng.uniform(0.9, 1.6)) if rng.random() < 0.5 else (0.0,):
        _fill(image, _box(at, angle + turn, 6000, width), grey)
        along = np.array([np.cos(angle + turn), np.sin(angle + turn)])
        for k in range(-40, 40):
            _fill(image, _box(at + along * k * width, angle + turn, width * 0.4, width * 0.04 + 1), 235)


def _track(image: Image, rng: np.random.Generator) -> None:
    at, angle = _somewhere(image, rng), rng.uniform(0, np.pi)
    across = np.array([-np.sin(angle), np.cos(angle)]) * rng.uniform(10, 40)
    for side in (-1, 1):
        _fill(image, _box(at + side * across, angle, 4000, rng.uniform(4, 12)), rng.uniform(90, 190))


def _house(image: Image, rng: np.random.Generator) -> None:
    at, angle, long, wide = _somewhere(image, rng), rng.uniform(0, np.pi), rng.uniform(60, 500), rng.uniform(60, 400)
    corners = _box(at, angle, max(long, wide), min(long, wide))
    _fill(image, corners + rng.uniform(10, 60), 30)
    ridge = _box(at, angle, max(max(long, wide) - min(long, wide), 2.0), 0.1)
    base = rng.uniform(60, 180)
    for k in range(4):
        face = np.array([corners[k], corners[(k + 1) % 4], ridge[(k + 1) % 4], ridge[k]])
        _fill(image, face, base * (1 + 0.5 * np.sin(angle + k * np.pi / 2)))


def _car(image: Image, rng: np.random.Generator) -> None:
    at, angle, long = _somewhere(image, rng), rng.uniform(0, np.pi), rng.uniform(30, 200)
    along, body = np.array([np.cos(angle), np.sin(angle)]), rng.uniform(10, 245)
    _fill(image, _box(at + long * 0.06, angle, long, long * 0.42), 20)
    _fill(image, _box(at, angle, long, long * 0.4), body)
    for place, size in ((0.17, 0.14), (-0.3, 0.1)):
        _fill(image, _box(at + along * long * place, angle, long * size, long * 0.34), 25 if body > 60 else 150)


def _pole(image: Image, rng: np.random.Generator) -> None:
    at, angle, long = _somewhere(image, rng), rng.uniform(0, np.pi), rng.uniform(40, 300)
    _fill(image, _box(at, angle, long, rng.uniform(2, 8)), rng.uniform(180, 250))
    _fill(image, _box(at, angle + rng.uniform(0.3, 1.5), long, rng.uniform(2, 8)), rng.uniform(15, 60))


def scatter(
    rng: np.random.Generator,
    width_px: int,
    height_px: int,
    count: int,
    sides_px: tuple[float, float],
    kinds: tuple[str, ...],
) -> list[Panel]:
    """Panels that do not touch each other or the border, any turn, seen from 90° down to 30° elevation."""
    panels: list[Panel] = []
    for _ in range(count * 60):
        if len(panels) == count:
            break
        side = float(np.exp(rng.uniform(*np.log(sides_px))))
        x, y = (float(rng.uniform(side, span - side)) for span in (width_px, height_px))
        if any(np.hypot(x - o.x_px, y - o.y_px) < side + o.side_px + 8 for o in panels):
            continue
        panels.append(
            Panel(
                kind=kinds[int(rng.integers(len(kinds)))],
                x_px=x,
                y_px=y,
                side_px=side,
                turn_deg=float(rng.uniform(0, 360)),
                squeeze=float(np.sin(np.deg2rad(rng.uniform(30, 90)))),
                squeeze_deg=float(rng.uniform(-20, 20)),
                arm=float(rng.uniform(0.12, 0.3)),
                light=float(rng.uniform(170, 245)),
                dark=float(rng.uniform(10, 60)),
                seed=int(rng.integers(1 << 30)),
            )
        )
    return panels
