"""The cameras of a flight: who pressed which shutter when, by the camera's own clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ns = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Camera:
    """The presses of one camera's shutter, in time order."""

    body: str  # model and, where told, serial number
    rows: NDArray[np.intp]  # (N,) which photos of the flight
    written_ns: Ns
    step_s: float  # of its clock
    places_deg: Floats  # (N, 2) lat, lon as the photos tell; NaN where they do not
    zoned: bool  # its times rest on a time zone


def step_of(written_ns: Ns) -> float:
    """The step of a camera's clock in s: the largest decimal one whose multiples all its times are."""
    for step_s in (1.0, 0.1, 0.01):
        if not (written_ns % round(step_s * 1e9)).any():
            return step_s
    return 0.001


def cameras_of(
    bodies: Sequence[str], written_ns: Sequence[int | None], presses: Sequence[str], ids: Sequence[str],
    places_deg: Sequence[tuple[float, float] | None], sources: Sequence[str], told_s: float = 0.0,
) -> list[Camera]:  # fmt: skip
    """The cameras of a flight: photos of one body, each press of the shutter once; photos without time left out.

    `told_s` is what has been taken off the times: their step shows in what the camera wrote.
    """
    by_body: dict[str, list[int]] = {}
    for i, t in enumerate(written_ns):
        if t is not None and presses[i] == ids[i]:
            by_body.setdefault(bodies[i], []).append(i)
    found = []
    for body, rows in sorted(by_body.items()):
        rows.sort(key=lambda i: (written_ns[i], ids[i]))
        written = np.array([written_ns[i] for i in rows], np.int64)
        nowhere = (np.nan, np.nan)
        places = np.array([places_deg[i] or nowhere for i in rows], np.float64).reshape(-1, 2)
        zoned = any(sources[i].startswith("EXIF DateTimeOriginal, ") or sources[i] == "file name" for i in rows)
        found.append(
            Camera(body, np.array(rows, np.intp), written, step_of(written + round(told_s * 1e9)), places, zoned)
        )
    return found
