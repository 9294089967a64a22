"""Roofs, greenhouses, solar panels, sheets of metal, cars and rows of windows."""

from __future__ import annotations

import math

import numpy as np

from pipeline.sim.draw.look_alikes_kit import (
    DAYLIGHT,
    Quad,
    any_tone,
    daylight,
    fallen,
    lay,
    lumps,
    metres,
    quad,
    shade,
    spot,
    stamp,
    sunlit,
)
from pipeline.sim.draw.paint import any_of
from pipeline.sim.draw.values import Colour, Field, Image
from pipeline.sim.draw.view import View
from pipeline.types import Pixel

WHITES: tuple[Colour, ...] = ((228, 226, 222), (206, 208, 210), (190, 190, 188), (214, 222, 230))
BLUES: tuple[Colour, ...] = ((176, 108, 48), (150, 84, 40), (190, 134, 84), (128, 92, 62))
CARS: tuple[Colour, ...] = (
    (230, 230, 230), (200, 200, 202), (150, 150, 152), (40, 40, 42), (24, 24, 24), (60, 50, 150), (140, 80, 40),
)  # fmt: skip


def white_roof(image: Image, view: View, rng: np.random.Generator) -> Image:
    return _roof(image, view, rng, WHITES)


def blue_roof(image: Image, view: View, rng: np.random.Generator) -> Image:
    """The blue steel roof of workshops and site huts."""
    return _roof(image, view, rng, BLUES)


def greenhouse_film(image: Image, view: View, rng: np.random.Generator) -> Image:
    """Rows of arches under pale film, the crop and the ground showing through."""
    at, turn = spot(view, rng), float(rng.uniform(0, 180))
    long = metres(view, at, float(rng.uniform(20, 80)), 0.35, 1.3) / 2
    wide = metres(view, at, float(rng.uniform(6, 10)), 0.07, 0.3)
    rows = int(np.clip(rng.integers(2, 9), 2, 2 * long / wide + 2))
    pitch = wide * float(rng.uniform(1.02, 1.4))
    half = (long, rows * pitch / 2)
    image = image.copy()
    shade(image, fallen(view, quad(view, at, half, turn), 0.2 * wide), 0.35)
    lay(image, _film(rows, wide / pitch, rng, daylight(image)), quad(view, at, half, turn, 0.15 * wide), rng)
    return image


def _film(rows: int, full: float, rng: np.random.Generator, lit: float) -> Field:
    """Texture of a field of arches (n, m, 4): colour and how much hides what is below."""
    n, m = 24 * rows, 256
    across = (np.arange(n) % 24 + 0.5) / 12 - 1
    bow = np.clip(1 - (across / full) ** 2, 0, 1)
    light = 0.62 + 0.3 * np.sqrt(bow) + 0.22 * across * float(rng.choice([-1, 1]))
    ribs = 1 - 0.14 * (np.arange(m) % max(3, int(rng.integers(4, 12))) == 0)
    clear = float(rng.uniform(0.55, 0.95)) * np.clip(bow * 6, 0, 1)
    each = np.repeat(rng.uniform(0.85, 1.08, rows), 24)[:, None]
    wet = 0.9 + 0.25 * lumps((n, m), rng, 40, 3)
    tone = (light[:, None] * ribs[None, :] * each * wet)[..., None] * np.array((232.0, 230.0, 224.0), np.float32) * lit
    dim = np.clip(0.7 + 0.6 * lumps((n, m), rng, 60, 2), 0, 1) * clear[:, None]
    return np.dstack([tone, dim]).astype(np.float32)


def _roof(image: Image, view: View, rng: np.random.Generator, tones: tuple[Colour, ...]) -> Image:
    """A hall or a house: walls, a ridge or a flat top, its shadow on the ground."""
    at, turn = spot(view, rng), float(rng.uniform(0, 180))
    long = metres(view, at, float(rng.uniform(8, 60)), 0.15, 0.7) / 2
    half, high = (long, long * float(rng.uniform(0.35, 0.8))), long * float(rng.uniform(0.15, 0.5))
    tone = any_tone(image, rng, tones, (0.85, 1.1))
    image = image.copy()
    foot, top = quad(view, at, half, turn), quad(view, at, half, turn, high)
    shade(image, fallen(view, foot, high), 0.5)
    stamp(image, np.vstack([foot, top]), tone * rng.uniform(0.35, 0.6))
    lay(image, _sheeting(rng, 160, 224) * tone.astype(np.float32), top, rng)
    return image


def _sheeting(rng: np.random.Generator, n: int, m: int) -> Field:
    """Light and dark of a roof (n, m, 1): two slopes, corrugation, seams, stains, skylights or machines."""
    light = np.ones((n, m), np.float32)
    if rng.random() < 0.7:
        light[: n // 2] *= float(rng.uniform(0.72, 1.0))
        light[n // 2 :] *= float(rng.uniform(0.85, 1.12))
        light[n // 2 - 1 : n // 2 + 1] *= 1.1
    light *= (1 + float(rng.uniform(0, 0.06)) * np.sin(np.arange(m) * 2 * math.pi / rng.uniform(3, 10)))[None, :]
    light[:, :: int(rng.integers(20, 60))] *= 0.9
    stains = lumps((n, m), rng, 60, 4)
    light *= 1 - float(rng.uniform(0, 0.5)) * np.clip(stains - 0.5, 0, 1)
    for _ in range(int(rng.integers(0, 7))):
        y, x = int(rng.integers(4, n - 24)), int(rng.integers(4, m - 24))
        tall, wide = (int(v) for v in rng.integers(5, 20, 2))
        light[y + 3 : y + tall + 3, x + 3 : x + wide + 3] *= 0.6
        light[y : y + tall, x : x + wide] = float(rng.choice([0.5, 0.8, 1.1]))
    light[:2] = light[-2:] = float(rng.uniform(0.6, 1.1))
    return light[..., None]


def solar_panels(image: Image, view: View, rng: np.random.Generator) -> Image:
    """Rows of dark blue modules with pale frames, some with the sky in them."""
    at, turn = spot(view, rng), float(rng.uniform(0, 180))
    long = metres(view, at, float(rng.uniform(8, 50)), 0.25, 0.9) / 2
    rows, modules = int(rng.integers(1, 6)), int(rng.integers(5, 16))
    pitch = metres(view, at, float(rng.uniform(3, 7)), 0.06, 0.2)
    depth = pitch * float(rng.uniform(0.4, 0.85))
    sky, image = float(rng.uniform(0, 1)) ** 2, image.copy()
    for row in range(rows):
        off = (row - (rows - 1) / 2) * pitch
        c, s = math.cos(math.radians(turn)), math.sin(math.radians(turn))
        middle = view.along(at, -off * s, off * c)
        _module_row(image, view, rng, middle, (long, depth / 2), turn, modules, sky)
    return image


def _module_row(
    image: Image, view: View, rng: np.random.Generator, at: Pixel, half: tuple[float, float], turn: float, modules: int,
    sky: float,
) -> None:  # fmt: skip
    shade(image, fallen(view, quad(view, at, half, turn), 0.4 * half[1]), 0.5)
    n, m = 40, modules * 16
    glass = np.array((72.0, 44.0, 28.0), np.float32) * (1 - sky) + np.array((206.0, 186.0, 170.0), np.float32) * sky
    texture = np.ones((n, m, 3)) * glass * daylight(image)
    texture *= (1 + 0.15 * np.linspace(-1, 1, m))[None, :, None]
    texture += rng.normal(0, 4, (1, modules, 1)).repeat(16, axis=1)
    frame = float(rng.uniform(110, 200)) * sunlit(image) / DAYLIGHT
    texture[:, ::16] = texture[n // 2] = texture[:2] = texture[-2:] = frame
    lay(image, texture.astype(np.float32), quad(view, at, half, turn, 0.3 * half[1]), rng)


def sheet_metal(image: Image, view: View, rng: np.random.Generator) -> Image:
    """Loose sheets that overlap: corrugated, rusty, one of them blinding."""
    at, image = spot(view, rng), image.copy()
    long = metres(view, at, float(rng.uniform(2, 8)), 0.12, 0.4) / 2
    for _ in range(int(rng.integers(2, 8))):
        place = view.along(at, *(float(v) for v in rng.normal(0, 0.8 * long, 2)))
        half, turn = (long, long * float(rng.uniform(0.3, 0.6))), float(rng.uniform(0, 180))
        foot = quad(view, place, half, turn)
        shade(image, fallen(view, foot, 0.06 * long), 0.5)
        tone = np.array((206.0, 204.0, 200.0), np.float32) * float(rng.uniform(0.55, 1.2)) * sunlit(image) / DAYLIGHT
        rust = np.clip(lumps((64, 96), rng, 30, 4) - rng.uniform(0.45, 0.8), 0, 1)[..., None] * 4
        rust = np.clip(rust, 0, 0.9)
        light = 1 + float(rng.uniform(0.02, 0.2)) * np.sin(np.arange(96) * 2 * math.pi / rng.uniform(3, 7))
        texture = (
            tone * light[None, :, None] * (1 - rust)
            + np.array((48.0, 78.0, 122.0), np.float32) * rust * sunlit(image) / DAYLIGHT
        )
        lay(image, texture.astype(np.float32), foot, rng)
    return image


def parked_cars(image: Image, view: View, rng: np.random.Generator) -> Image:
    """A row or two of cars, side by side, some places empty."""
    at, turn = spot(view, rng), float(rng.uniform(0, 360))
    long, image = metres(view, at, 4.5, 0.045, 0.25), image.copy()
    c, s = math.cos(math.radians(turn)), math.sin(math.radians(turn))
    _car(image, view, rng, at, long, turn + 90)
    for row in range(int(rng.integers(1, 3))):
        for place in range(1, int(rng.integers(2, 8))):
            if rng.random() < 0.75:
                east, south = place * 0.6 * long, row * 1.3 * long + float(rng.normal(0, 0.05 * long))
                where = view.along(at, east * c - south * s, east * s + south * c)
                _car(image, view, rng, where, long, turn + 90 + float(rng.normal(0, 2)))
    return image


def _car(image: Image, view: View, rng: np.random.Generator, at: Pixel, long: float, turn: float) -> None:
    """Shadow, body, bonnet, glass and roof, each a little higher; seen from above or aslant."""
    lit, half = daylight(image), (long / 2, long * 0.2)
    paint = np.array(any_of(rng, CARS), np.float32) * lit
    foot = quad(view, at, half, turn)
    shade(image, fallen(view, foot, 0.3 * long), 0.55)
    stamp(image, np.vstack([foot, quad(view, at, half, turn, 0.1 * long)]), paint * 0.6)
    for share, wide, high, tone in (
        (0.97, 0.93, 0.15, paint),
        (0.62, 0.86, 0.2, np.array((62.0, 56.0, 50.0), np.float32) * lit),
        (0.4, 0.76, 0.3, paint * 1.08),
    ):
        stamp(image, quad(view, at, (share * half[0], wide * half[1]), turn, high * long), np.clip(tone, 0, 250))


def window_grid(image: Image, view: View, rng: np.random.Generator) -> Image:
    """A front of rows of windows; straight down a roof of skylights."""
    side, at = min(image.shape[:2]), spot(view, rng)
    if view.tilt_deg > 30:
        onto = _front(at, side, rng)
    else:
        half = metres(view, at, float(rng.uniform(6, 20)), 0.2, 0.5)
        onto = quad(view, at, (half, half * float(rng.uniform(0.5, 1))), float(rng.uniform(0, 180)))
    image = image.copy()
    lay(image, _windows(rng) * np.float32(daylight(image)), onto, rng)
    return image


def _front(at: Pixel, side: int, rng: np.random.Generator) -> Quad:
    """An upright wall seen a little from the side."""
    wide, tall = side * rng.uniform(0.2, 0.6), side * rng.uniform(0.2, 0.6)
    lean = side * rng.uniform(-0.12, 0.12)
    return np.array([(at[0] - wide / 2, at[1] - tall), (at[0] + wide / 2, at[1] - tall + lean),
                     (at[0] + wide / 2, at[1] + lean), (at[0] - wide / 2, at[1])])  # fmt: skip


def _windows(rng: np.random.Generator) -> Field:
    """Texture of a wall with windows, some of which mirror the sky."""
    wall = np.array(any_of(rng, WHITES), np.float32) * float(rng.uniform(0.55, 1.0))
    rows, columns, cell = int(rng.integers(2, 7)), int(rng.integers(3, 9)), 28
    texture = np.ones((rows * cell, columns * cell, 3), np.float32) * wall
    tall, wide = (int(v) for v in rng.integers(10, 23, 2))
    for row in range(rows):
        for column in range(columns):
            y, x = row * cell + (cell - tall) // 2, column * cell + (cell - wide) // 2
            glass = float(rng.choice([35, 50, 65, 190], p=[0.35, 0.3, 0.25, 0.1]))
            texture[y : y + tall, x : x + wide] = (glass * 1.08, glass, glass * 0.93)
            texture[y : y + tall, x + wide // 2] = wall * 0.9
    stains = 0.9 + 0.2 * lumps(texture.shape[:2], rng, 60, 3)
    return np.asarray(texture * stains[..., None], np.float32)
