"""`qianliyan report`: hit sheets of a finished run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli import show
from pipeline.cli.options import must_be_text, not_over, one_of

LANGUAGES = ("zh", "en")


def report(
    run_folder: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.")],
    pdf: Annotated[Path, typer.Option("--pdf", metavar="OUT.pdf", help="A summary, and a page a source.")],
    lang: Annotated[str, typer.Option("--lang", metavar="zh|en", help="The sheets' language.")] = "zh",
    tz: Annotated[
        str, typer.Option("--tz", metavar="ZONE", help="Times are told in this zone, with UTC beside them.")
    ] = "Asia/Shanghai",
) -> None:
    """Set hit sheets as a PDF to print and sign; what officers rejected in RUN.reviews is left out."""
    from pipeline.report.sheet import write_sheets

    must_be_text(run_folder, pdf, tz)
    one_of(lang, LANGUAGES, "--lang")
    not_over(pdf, *(run_folder / name for name in ("hits.geojson", "hits.gpkg", "map.html", "provenance.json")))
    for warning in write_sheets(run_folder, pdf, lang="en" if lang == "en" else "zh", tz=tz):
        show.complain(f"warning: {warning}")
    show.say(f"结果 sheets: {pdf}")
