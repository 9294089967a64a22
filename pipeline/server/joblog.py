"""log.txt of a job: what happened when, in lines that a person can read."""

from __future__ import annotations

import os
from pathlib import Path

from pipeline.server.tables import now

MAX_BYTES = 4 << 20  # a job that says more is not heard any more
STAGES = {
    "look": "searching the photos",
    "turns": "comparing neighbouring photos",
    "features": "finding features for the adjustment",
    "match": "matching photos for the adjustment",
    "report": "writing the results",
    "prepare": "preparing the pages",
    "layer": "preparing the layer",
}


class JobLog:
    """Adds lines to FOLDER/log.txt, without saying where `data` lies; a disk that refuses them does not end the job."""

    def __init__(self, folder: Path, data: Path) -> None:
        self.folder, self._path = folder, folder / "log.txt"
        self._data = f"{data.resolve()}{os.sep}"
        self._tenths: dict[str, int] = {}

    def say(self, text: str) -> None:
        """Every line of a text, with the time."""
        stamp = now().strftime("%Y-%m-%dT%H:%M:%SZ")
        lines = "".join(f"{stamp} {line}\n" for line in self.plain(text).splitlines())
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            if not self._path.exists() or self._path.stat().st_size < MAX_BYTES:
                with self._path.open("ab") as file:
                    file.write(lines.encode("utf-8", "replace"))
        except OSError:
            pass

    def progress(self, stage: str, done: int, total: int) -> None:
        """A line at each tenth of a stage."""
        tenth = 10 * done // max(1, total)
        if tenth > self._tenths.get(stage, -1):
            self._tenths[stage] = tenth
            self.say(f"{STAGES.get(stage, stage)}: {done} of {total}")

    def plain(self, text: str) -> str:
        """The text without our own paths, and so that no line is taken for a command: names come from strangers."""
        lines = text.replace(self._data, "").splitlines()
        return "\n".join("".join(c if c.isprintable() else "\ufffd" for c in x.expandtabs()) for x in lines)
