"""Options that several commands share, and what their words must be."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from pipeline.errors import OutputError, PipelineError

DATUMS = ("egm96", "egm2008", "ellipsoid", "geoid")

Flight = Annotated[Path, typer.Argument(metavar="FLIGHT", help="Folder (or one file) as it comes off the card.")]
MissionFile = Annotated[
    Path | None, typer.Option("--mission", metavar="FILE.toml", help="Mission file; FLIGHT/mission.toml by default.")
]
Dem = Annotated[
    str | None, typer.Option("--dem", metavar="DEM", help="Elevation model, a GeoTIFF; without it the ground is level.")
]
DemDatum = Annotated[
    str | None,
    typer.Option("--dem-datum", metavar="egm96|egm2008|ellipsoid|geoid", help="Heights of a DEM that does not say."),
]
Geoid = Annotated[
    str | None, typer.Option("--geoid", metavar="FILE", help="Geoid grid (GTX or GeoTIFF) for egm2008 and geoid.")
]
Detector = Annotated[
    str | None,
    typer.Option("--detector", metavar="SPEC", help="Detectors, joined by commas. [default: all that are there]"),
]
FalseAlarms = Annotated[
    str | None,
    typer.Option(
        "--false-alarms",
        metavar="0.2/photo",
        help="Threshold by the false alarms that it lets through, on photos like those it was measured on.",
    ),
]
Trust = Annotated[bool, typer.Option("--trust", help="Open .pt weights although that runs the code inside them.")]
Assume = Annotated[
    str | None, typer.Option("--assume", metavar="nadir", help="Photos without attitude looked straight down.")
]
Adjust = Annotated[
    str | None,
    typer.Option(
        "--adjust", metavar="auto|off|require", help="Poses corrected from overlaps and horizons. [default: auto]"
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON lines instead of a table.")]
Tz = Annotated[
    str | None, typer.Option("--tz", metavar="ZONE", help="Zone of the camera's clock where the photos do not tell.")
]
Pixels = Annotated[
    list[str] | None, typer.Option("--pixel", metavar="X,Y", help="A pixel; may be given several times.")
]


def rate(text: str | None) -> float | None:
    """'0.2/photo' -> 0.2."""
    if text is None:
        return None
    found = re.fullmatch(r"(\d{0,6}\.?\d{1,9})(?:/photo)?", text, re.ASCII)
    if not found or not float(found[1]) > 0:
        raise typer.BadParameter(f"{text!r}: say for example 0.2/photo", param_hint="--false-alarms")
    return float(found[1])


def pixel_of(text: str) -> tuple[float, float]:
    """'X,Y' -> (x, y)."""
    number = r"\s*([+-]?\d{1,9}(?:\.\d{1,15})?)\s*"
    found = re.fullmatch(f"{number},{number}", text, re.ASCII)
    if not found:
        raise typer.BadParameter(f"{text!r} is not X,Y", param_hint="--pixel")
    return float(found[1]), float(found[2])


def must_be_there(**paths: str | Path | None) -> None:
    """Refuse a path that is missing or has a name that no file of ours can hold, before any work is done."""
    for option, path in paths.items():
        if path is not None and not Path(path).exists():
            raise PipelineError(f"--{option} {path}: there is no such file or folder")
    must_be_text(*paths.values())


def must_be_text(*values: object) -> None:
    """Refuse words that UTF-8 cannot hold."""
    for value in values:
        try:
            str(value).encode()
        except UnicodeEncodeError as why:
            raise PipelineError(f"{str(value)!r}: is not UTF-8; rename it, or set the locale to UTF-8") from why


def not_over(out: Path | None, *inputs: Path | None) -> None:
    """Refuse to write over what is read."""
    for given in inputs:
        if out is not None and given is not None and out.exists() and given.exists() and out.samefile(given):
            raise OutputError(f"{out}: is an input of this command; name another file to write")


def one_of(value: str | None, allowed: tuple[str, ...], option: str) -> None:
    """Refuse a value that is not among those allowed."""
    if value is not None and value not in allowed:
        raise typer.BadParameter(f"{value!r} is not one of {', '.join(allowed)}", param_hint=option)
