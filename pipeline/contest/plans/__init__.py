"""The example of a contest: plan, rules, entrants and marks, to be copied and changed."""

from __future__ import annotations

from pathlib import Path

from pipeline.errors import OutputError
from pipeline.files import write_bytes_atomic

HERE = Path(__file__).resolve().parent
# name here -> name in the copy; the plan names its rules file, which therefore keeps its name
FILES = {
    "example.toml": "contest.toml",
    "drone-rules.toml": "drone-rules.toml",
    "entrants.csv": "entrants.csv",
    "theory.csv": "theory.csv",
}


def copy_example(out: Path) -> list[Path]:
    """Copy the example into a folder, which is made; returns the files.

    Raises:
        OutputError: one of them is there already; nothing is overwritten.
    """
    wanted = [(HERE / name, out / copy) for name, copy in FILES.items()]
    for _, path in wanted:
        if path.exists():
            raise OutputError(f"{path}: is there already; nothing was copied")
    out.mkdir(parents=True, exist_ok=True)
    for source, path in wanted:
        write_bytes_atomic(path, source.read_bytes())
    return [path for _, path in wanted]
