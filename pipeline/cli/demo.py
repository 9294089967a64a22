"""`qianliyan demo`: a flight with known answers, searched and scored."""

from __future__ import annotations

from itertools import count
from pathlib import Path

from pipeline.cli import show
from pipeline.cli.score import judged, print_score
from pipeline.cli.sim import make_sim
from pipeline.config import RunConfig
from pipeline.errors import OutputError

DEMO_SEED = 7
# Markers alone, since those are what can be found so far; small pictures, so that it is quick.
DEMO = {
    "width_px": 1600,
    "height_px": 1200,
    "marker_size_m": (1.2, 1.5),
    "n_smoke": 0,
    "n_dust": 0,
    "n_outfalls": 0,
    "turned_strip": False,
}


def show_demo(out: Path | None) -> None:
    """Make a small flight, run it, score it, print the table and where the map is."""
    from pipeline.flow.run import run
    from pipeline.resources import resource

    folder = out or _next_free(Path("qianliyan-demo"))
    if folder.exists():
        raise OutputError(f"{folder}: is there already")
    with show.progress() as tell:
        make_sim(folder, DEMO_SEED, DEMO, lambda done, total: tell("sim", done, total))
        config = RunConfig(dem=str(folder / "dem.tif"), dem_datum="egm96")
        done = run(folder / "flight", folder / "run", config, resource("missions/demo") / "mission.toml", tell)
    show.hits_table(done.hits)
    print_score(judged(folder / "run" / "hits.geojson", folder / "judge" / "targets.geojson", "drill-example"))
    show.say(f"地图 map: {(folder / 'run' / 'map.html').resolve()}")


def _next_free(base: Path) -> Path:
    """./qianliyan-demo, or the next free number when it is there."""
    if not base.exists():
        return base
    return next(p for n in count(2) if not (p := base.with_name(f"{base.name}-{n}")).exists())
