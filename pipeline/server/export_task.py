"""The process that makes one file to hand over: `python -m pipeline.server.export_task`, told what on its stdin.

It ends with 0, or with 1 and what went wrong as JSON on stdout.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from pipeline.errors import PipelineError
from pipeline.report.export import export_hits
from pipeline.server import parent


def make(order: dict[str, Any]) -> None:
    """Make the file that the order names (`exporting.Order`)."""
    run, out = Path(order["run"]), Path(order["out"])
    if order["what"] == "sheets.pdf":
        from pipeline.report.sheet import write_sheets

        write_sheets(run, out, order["hits"], order["lang"], order["tz"])
    elif order["what"] == "reviews.zip":
        from pipeline.report.training import write_reviews_zip

        write_reviews_zip(run, out)
    else:
        export_hits(run, order["what"].rpartition(".")[2], out, order["rejected"])


def without_folders(sentence: str, order: dict[str, Any]) -> str:
    """The sentence with the run's files by their names alone: where they lie is the server's own business."""
    for path in (order["run"], str(Path(order["out"]).parent)):
        sentence = sentence.replace(path + os.sep, "").replace(path, Path(path).name)
    return sentence


def main() -> None:
    order = parent.told()
    parent.when_parent_goes(lambda: os._exit(1))
    try:
        make(order)
    except PipelineError as why:
        print(json.dumps({"kind": type(why).__name__, "message": without_folders(str(why), order)}), flush=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
