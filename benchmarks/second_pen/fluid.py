"""A small flow in two dimensions: stable fluids (Stam 1999) with vorticity confinement (Fedkiw, Stam, Jensen 2001).

A periodic grid whose pressure is solved by FFT; what nears the border is damped, so that nothing comes round.
Rows grow downwards, as in pictures: up is negative.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from benchmarks.second_pen.values import Floats

SIDE = 128
DT = 1.0


@dataclass(frozen=True, slots=True)
class Flow:
    """Wind (cells a step), lift of hot gas, swirl that is given back, source (x, y, radius in cells) and its way."""

    wind: float
    shear: float  # the share of the wind that is missing at the ground
    lift: float
    swirl: float
    source: tuple[float, float, float]
    moves: float = 0.0  # cells a step, with the wind's axis
    steps: int = 64
    layers: int = 5  # moments, 4 steps apart, that are seen one behind the other: a plume is no sheet


def density(flow: Flow, rng: np.random.Generator) -> tuple[Floats, tuple[float, float]]:
    """Density (SIDE, SIDE) at the end, and the place (x, y) of the source then."""
    u, v = _gusts(rng, 0.35 * abs(flow.wind) + 0.25)
    smoke: Floats = np.zeros((SIDE, SIDE), np.float32)
    heat: Floats = np.zeros((SIDE, SIDE), np.float32)
    x, y, radius = flow.source
    seen: list[tuple[float, Floats]] = []
    pulse = 1 + 0.5 * np.cumsum(rng.normal(0, 0.25, flow.steps))
    for n in range(flow.steps):
        puff = _disc(x, y, radius) * float(np.clip(pulse[n], 0.3, 2.0)) * _mottle(rng)
        smoke, heat = smoke + puff, heat + puff
        v = v - DT * flow.lift * heat
        u, v = _confined(u, v, flow.swirl)
        u, v = _free_of_divergence(u, v)
        u, v, smoke, heat = _moved(u, v, smoke, heat, flow)
        if (flow.steps - 1 - n) % 4 == 0 and flow.steps - n <= 4 * flow.layers:
            seen.append((x, smoke))
        x += flow.moves * (n + 1 < flow.steps)
    return _stacked(seen, x), (x, y)


def _stacked(seen: list[tuple[float, Floats]], last_x: float) -> Floats:
    """Moments one behind the other, each moved so that its source is where the last one's is."""
    moved = [cv2.warpAffine(smoke, np.array([[1, 0, last_x - x], [0, 1, 0]]), (SIDE, SIDE)) for x, smoke in seen]
    return np.asarray(sum(moved) / len(moved), np.float32)


@lru_cache(1)
def _grid() -> tuple[Floats, Floats]:
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32)
    return x, y


@lru_cache(1)
def _waves() -> tuple[Floats, Floats, Floats]:
    kx, ky = np.meshgrid(np.fft.rfftfreq(SIDE), np.fft.fftfreq(SIDE))
    # The highest wave has no sign, so that no derivative of it is real.
    kx[:, -1] = 0
    ky[SIDE // 2] = 0
    square = kx**2 + ky**2
    square[square == 0] = 1
    return kx.astype(np.float32), ky.astype(np.float32), square.astype(np.float32)


@lru_cache(1)
def _sponge() -> Floats:
    away = np.minimum(np.arange(SIDE), np.arange(SIDE)[::-1]).astype(np.float32)
    edge = np.clip(away / 6, 0, 1)
    return np.minimum.outer(edge, edge)


def _disc(x: float, y: float, radius: float) -> Floats:
    gx, gy = _grid()
    return np.asarray(np.exp(-((gx - x) ** 2 + (gy - y) ** 2) / (2 * radius**2)))


def _mottle(rng: np.random.Generator) -> Floats:
    rough = rng.random((SIDE // 8, SIDE // 8), dtype=np.float32)
    return np.asarray(cv2.resize(rough, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)) * 1.6


def _gusts(rng: np.random.Generator, speed: float) -> tuple[Floats, Floats]:
    """A turbulent velocity without divergence: the curl of noise whose energy falls with the wave number."""
    kx, ky, square = _waves()
    stream = np.fft.rfft2(rng.standard_normal((SIDE, SIDE))) * square**-1.1 * (square > (1.5 / SIDE) ** 2)
    u, v = np.fft.irfft2(1j * ky * stream), np.fft.irfft2(-1j * kx * stream)
    scale = speed / max(float(np.sqrt((u**2 + v**2).mean())), 1e-9)
    return (u * scale).astype(np.float32), (v * scale).astype(np.float32)


def _free_of_divergence(u: Floats, v: Floats) -> tuple[Floats, Floats]:
    kx, ky, square = _waves()
    fu, fv = np.fft.rfft2(u), np.fft.rfft2(v)
    along = (kx * fu + ky * fv) / square
    return (np.fft.irfft2(fu - kx * along).astype(np.float32), np.fft.irfft2(fv - ky * along).astype(np.float32))


def _confined(u: Floats, v: Floats, swirl: float) -> tuple[Floats, Floats]:
    """Give small eddies back what the grid takes from them."""
    curl = cv2.Sobel(v, cv2.CV_32F, 1, 0, scale=0.125) - cv2.Sobel(u, cv2.CV_32F, 0, 1, scale=0.125)
    gx = cv2.Sobel(np.abs(curl), cv2.CV_32F, 1, 0, scale=0.125)
    gy = cv2.Sobel(np.abs(curl), cv2.CV_32F, 0, 1, scale=0.125)
    length = np.sqrt(gx**2 + gy**2) + 1e-5
    return u + DT * swirl * gy / length * curl, v - DT * swirl * gx / length * curl


def _moved(u: Floats, v: Floats, smoke: Floats, heat: Floats, flow: Flow) -> tuple[Floats, Floats, Floats, Floats]:
    """Everything carried one step back along the flow and the wind; heat is lost on the way."""
    gx, gy = _grid()
    high = np.clip((flow.source[1] - gy) / 40, 0, 1)
    wind = flow.wind * (1 - flow.shear * (1 - high))
    back_x, back_y = (gx - DT * (u + wind)).astype(np.float32), (gy - DT * v).astype(np.float32)
    u, v, smoke, heat = (cv2.remap(np.ascontiguousarray(f, np.float32), back_x, back_y, cv2.INTER_LINEAR)
                         for f in (u, v, smoke, heat))  # fmt: skip
    sponge = _sponge()
    return u * sponge, v * sponge, smoke * sponge, heat * sponge * 0.97
