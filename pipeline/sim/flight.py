"""A simulated flight as files: what comes off the card, the DEM, and the judge's folder beside them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.errors import OutputError
from pipeline.imagery import encode_jpeg
from pipeline.sim.answers import write_answers
from pipeline.sim.config import FlightConfig
from pipeline.sim.headers import dress, header
from pipeline.sim.truth import Truth, fly

JPEG_QUALITY = 90


@dataclass(frozen=True, slots=True)
class SimFlight:
    """Where everything lies. Nothing under `flight` knows an answer."""

    root: Path
    flight: Path  # photos only
    dem: Path  # GeoTIFF, EGM96 heights
    targets: Path  # judge/targets.geojson
    poses: Path  # judge/truth_poses.csv
    pixels: Path  # judge/truth_pixels.csv
    boxes: Path  # judge/boxes.json
    truth: Truth


def make_flight(out: Path, config: FlightConfig, progress: Callable[[int, int], None] | None = None) -> SimFlight:
    """Fly and write everything under `out`, which must not exist or be empty; `progress` is told (done, all) photos.

    Raises OutputError when `out` cannot be written or holds something.
    """
    truth = fly(config)
    flight, judge = out / "flight", out / "judge"
    made = SimFlight(
        out, flight, out / "dem.tif", judge / "targets.geojson", judge / "truth_poses.csv", judge / "truth_pixels.csv",
        judge / "boxes.json", truth,
    )  # fmt: skip
    try:
        if out.exists() and any(out.iterdir()):
            raise OutputError(f"{out}: there is something in this folder already")
        flight.mkdir(parents=True)
        judge.mkdir()
        truth.terrain.write(made.dem)
        write_answers(judge, truth)
        _write_photos(flight, truth, progress)
    except OSError as why:
        raise OutputError(f"{out}: cannot be written ({why.strerror or why})") from why
    return made


def _write_photos(folder: Path, truth: Truth, progress: Callable[[int, int], None] | None) -> None:
    raster = _rendered(truth) if truth.config.pixels else _blank(truth)
    for i, name in enumerate(truth.photos):
        (folder / name).write_bytes(dress(raster(i), header(truth, i)))
        if progress:
            progress(i + 1, len(truth.photos))


def _blank(truth: Truth) -> Callable[[int], bytes]:
    """One grey picture for all."""
    shape = (truth.config.height_px, truth.config.width_px, 3)
    jpeg = encode_jpeg(np.full(shape, 128, np.uint8), JPEG_QUALITY)
    return lambda index: jpeg


def _rendered(truth: Truth) -> Callable[[int], bytes]:
    from pipeline.sim.render import open_studio, photo

    studio = open_studio(truth)
    return lambda index: encode_jpeg(photo(studio, index), JPEG_QUALITY)
