"""A layer is made ready, in a process of its own: the file comes from a stranger."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.hold import held
from pipeline.server.layers.dem import prepare_dem
from pipeline.server.layers.geotiff import prepare_raster
from pipeline.server.layers.pmtiles import prepare_pmtiles

if TYPE_CHECKING:
    from pipeline.server.task import Teller

WAIT_S = 60.0
Facts = dict[str, Any]
KINDS: dict[str, Callable[[Path, str, Path, Callable[[int, int], None]], Facts]] = {
    "raster": prepare_raster,
    "pmtiles": prepare_pmtiles,
    "dem": prepare_dem,
}


def prepare(teller: Teller, folder: str, kind: str, file: str, name: str) -> dict[str, Any]:
    """{"facts"} of the layer, which lies in `folder` then; raises PipelineError in words about `name`."""
    with held(Path(folder) / "lock", WAIT_S):
        facts = KINDS[kind](Path(file), name, Path(folder), lambda done, total: teller.tell("layer", done, total))
    return {"facts": facts}
