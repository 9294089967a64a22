"""Files that travel with the program: models/ and missions/demo.

In a checkout they lie at its root; in an installed wheel they are package data under `pipeline/_data`.
"""

from __future__ import annotations

from pathlib import Path

from pipeline.errors import PipelineError

PACKAGE = Path(__file__).resolve().parent
PLACES = (PACKAGE / "_data", PACKAGE.parent)


def resource(name: str) -> Path:
    """The file or folder `name` (with '/', such as "missions/demo/mission.toml"), never to be written to.

    Raises PipelineError when the installation lacks it.
    """
    for place in PLACES:
        found = place / name
        if found.exists():
            return found
    raise PipelineError(f"{name} is missing from this installation of qianliyan; install it again")
