"""`python -m pipeline.server.picture_task`: opens strangers' pictures, in a process of its own.

A picture that crashes a decoder, or keeps it busy for ever, takes this process along and nothing else: the server
kills it and starts another. The first line of stdin says nothing yet; every further line is an order as JSON, answered
by one line {"done": {…}} or {"failed": sentence, "code": word}. The end of stdin means that the server has gone.
"""

from __future__ import annotations

import json
import os
import traceback
import warnings
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import PipelineError
from pipeline.server.parent import own_stdout, told

if TYPE_CHECKING:
    from pipeline.imagery import Image
    from pipeline.types import Frame, Ground, Hit


def tiles(path: str, pts: int | None, name: str, out: str) -> dict[str, Any]:
    """Write the tiles of a picture."""
    from pipeline.server.pyramid import write_pyramid

    write_pyramid(Path(out), _read(path, pts, name))
    return {}


def thumb(path: str, pts: int | None, name: str, out: str) -> dict[str, Any]:
    """Write a small picture."""
    from pipeline import imagery
    from pipeline.files import write_bytes_atomic
    from pipeline.server.pyramid import THUMB_LONG_SIDE_PX

    small = imagery.reduced(_read(path, pts, name), THUMB_LONG_SIDE_PX)
    write_bytes_atomic(Path(out), imagery.encode_jpeg(small, 80))
    return {}


def locate(run: str, k: int, pixel: list[float], dem: str | None) -> dict[str, Any]:
    """Where a click on a photo would put a hit; raises GeometryError, NoPoseError, MissionError with the reason."""
    from pipeline.report.shapes import ellipse_axes, wrapped_lon_deg

    hit = _hit(run, k, pixel, "marker", dem)[1]
    at = [wrapped_lon_deg(round(hit.at.lon_deg, 9)), round(hit.at.lat_deg, 9), round(hit.at.alt_m, 3)]
    axes = [round(v, 2) for v in ellipse_axes(hit.covariance)]
    cov_m2 = [round(c, 6) for c in hit.covariance]
    return {"at": at, "r90_m": round(hit.r90_m, 3), "cov_m2": cov_m2, "ellipse": axes}


def pin(
    run: str, k: int, pixel: list[float], dem: str | None, label: str, path: str, sha256: str | None, said: list[str]
) -> dict[str, Any]:
    """The review entry of an officer's own hit, with its crops written; `said` is who, and a note.

    Raises as `locate`, and ImageryError.
    """
    from dataclasses import replace

    from pipeline.report.pins import pin_entry

    frame, hit = _hit(run, k, pixel, label, dem)
    who, note = said
    return {"entry": pin_entry(Path(run), replace(frame, path=path), hit, who, note, sha256=sha256)}


ORDERS: dict[str, Callable[..., dict[str, Any]]] = {"tiles": tiles, "thumb": thumb, "locate": locate, "pin": pin}


def _read(path: str, pts: int | None, name: str) -> Image:
    from pipeline import imagery
    from pipeline.types import Frame

    return imagery.read(Frame(name, path, 0, None, None, pts=pts))


def _hit(run: str, k: int, pixel: list[float], label: str, dem: str | None) -> tuple[Frame, Hit]:
    from dataclasses import replace

    from pipeline.flow.pin import check_class, pinned

    check_class(label)
    frames, ground = _frames(run, os.stat(Path(run) / "frames.json").st_mtime_ns)
    frame = frames[k][0]
    ground = ground if dem is None else replace(ground, dem=dem)
    return frame, pinned(frame, ground, (pixel[0], pixel[1]), label)


@lru_cache(maxsize=4)
def _frames(run: str, _changed_ns: int) -> tuple[list[tuple[Frame, str | None]], Ground]:
    from pipeline.flow.frames import every_frame

    return every_frame(Path(run))


def answer(order: dict[str, Any]) -> dict[str, Any]:
    """What is said to one order."""
    try:
        return {"done": ORDERS[order.pop("do")](**order)}
    except PipelineError as why:
        return {"failed": str(why), "code": type(why).__name__}
    except (MemoryError, Exception) as why:
        traceback.print_exc()
        return {"failed": f"{type(why).__name__}: {why}", "code": "broken"}


def main() -> None:
    """Work until stdin ends."""
    out = own_stdout()
    warnings.simplefilter("ignore")  # a stranger's picture can cause thousands, and our stderr is the server's log
    told()
    with open(0, "rb", buffering=0, closefd=False) as orders:
        while line := orders.readline():
            out.write(json.dumps(answer(json.loads(line))).encode() + b"\n")


if __name__ == "__main__":
    main()
