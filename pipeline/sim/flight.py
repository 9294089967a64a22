"""A simulated flight as files: what comes off the card, the DEM, and the judge's folder beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import count, islice
from pathlib import Path

import numpy as np

from pipeline.errors import OutputError
from pipeline.imagery import encode_jpeg
from pipeline.sim.answers import write_answers, write_clock, write_lies
from pipeline.sim.config import FlightConfig
from pipeline.sim.footage import Clip, Picture, clips, film, write_clip
from pipeline.sim.headers import dress, header
from pipeline.sim.logs import Recorder, open_recorder, write_log
from pipeline.sim.subtitles import srt_text
from pipeline.sim.truth import Truth, fly

JPEG_QUALITY = 90

Tell = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class SimFlight:
    """Where everything lies. Nothing under `flight` knows an answer."""

    root: Path
    flight: Path  # photos, and a log and videos where the configuration has them
    dem: Path  # GeoTIFF, EGM96 heights
    targets: Path  # judge/targets.geojson
    poses: Path  # judge/truth_poses.csv
    pixels: Path  # judge/truth_pixels.csv
    boxes: Path  # judge/boxes.json
    truth: Truth
    log: Path | None = None  # beside the photos
    clock: Path | None = None  # judge/truth_clock.csv
    videos: tuple[Path, ...] = ()
    footage: Truth | None = None  # of the videos' frames


def make_flight(out: Path, config: FlightConfig, progress: Tell | None = None) -> SimFlight:
    """Fly and write everything under `out`, which must not exist or be empty; `progress` is told (done, all) pictures.

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
        made = _write_flight(made, progress or (lambda done, total: None))
    except OSError as why:
        raise OutputError(f"{out}: cannot be written ({why.strerror or why})") from why
    return made


def _write_flight(made: SimFlight, tell: Tell) -> SimFlight:
    """The answers, then everything that comes off the card."""
    config, truth, judge = made.truth.config, made.truth, made.targets.parent
    recorder = open_recorder(truth) if config.timed else None
    reel = clips(recorder) if recorder and config.video else ()
    footage = film(recorder, reel) if recorder and reel else None
    seen = [t for t in (truth if config.photos_kept else None, footage) if t]
    write_answers(judge, *(seen or [truth]))
    if truth.lies:
        write_lies(judge, truth)
    made = replace(made, footage=footage, videos=tuple(made.flight / clip.name for clip in reel))
    if recorder and config.log:
        clock = write_clock(judge, truth, recorder.clocks, recorder.notes)
        made = replace(made, log=write_log(made.flight, recorder), clock=clock)
    told = _counter(tell, sum(len(t.photos) for t in seen))
    if config.photos_kept:
        _write_photos(made.flight, truth, told)
    if recorder and footage:
        _write_footage(made.flight, recorder, reel, footage, told)
    return made


def _counter(tell: Tell, total: int) -> Callable[[], None]:
    done = count(1)
    return lambda: tell(next(done), total)


def _write_photos(folder: Path, truth: Truth, told: Callable[[], None]) -> None:
    raster = _rendered(truth) if truth.config.pixels else _blank(truth)
    for i, name in enumerate(truth.photos):
        (folder / name).write_bytes(dress(raster(i), header(truth, i)))
        told()


def _write_footage(
    folder: Path, recorder: Recorder, reel: tuple[Clip, ...], footage: Truth, told: Callable[[], None]
) -> None:
    """Every clip and its subtitles."""
    pictures = _pictures(footage, told)
    for clip in reel:
        begun_ns = int(recorder.clocks.camera_ns(recorder.clocks.utc_ns(clip.t_s[:1]))[0])
        write_clip(folder / clip.name, footage.config, islice(pictures, len(clip.t_s)), begun_ns)
        (folder / clip.name).with_suffix(".SRT").write_bytes(srt_text(recorder, clip).encode())


def _pictures(footage: Truth, told: Callable[[], None]) -> Iterator[Picture]:
    """(h, w, 3) uint8, blue first: all frames of all clips, drawn as they are asked for."""
    from pipeline.sim.render import open_studio, photo

    lens, studio = footage.lenses[0], open_studio(footage) if footage.config.pixels else None
    for i in range(len(footage.photos)):
        told()
        yield photo(studio, i) if studio else np.full((lens.height_px, lens.width_px, 3), 128, np.uint8)


def _blank(truth: Truth) -> Callable[[int], bytes]:
    """One grey picture for all, another for those that stand upright."""

    @cache
    def jpeg(size: tuple[int, int]) -> bytes:
        return encode_jpeg(np.full((size[1], size[0], 3), 128, np.uint8), JPEG_QUALITY)

    return lambda index: jpeg(truth.stored_size(index))


def _rendered(truth: Truth) -> Callable[[int], bytes]:
    from pipeline.sim.render import open_studio, photo

    studio = open_studio(truth)
    return lambda index: encode_jpeg(photo(studio, index), JPEG_QUALITY)
