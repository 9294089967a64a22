"""Write docs/openapi.json, the description of the web application's API.

    python tools/openapi.py

A test compares the file with the application, so that neither goes its own way.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from pipeline.files import json_bytes, write_bytes_atomic
from pipeline.server.app import create_app
from pipeline.server.description import describe
from pipeline.server.settings import Settings

OPENAPI = Path(__file__).resolve().parent.parent / "docs" / "openapi.json"


def described() -> bytes:
    """The description as the file has it."""
    with tempfile.TemporaryDirectory(prefix="qianliyan-") as folder:
        app = create_app(Settings(Path(folder)))
        app.state.services.database.close()
        return json_bytes(describe(app))


if __name__ == "__main__":
    write_bytes_atomic(OPENAPI, described())
