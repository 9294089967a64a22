"""data.yaml of a data set in the layout of `dataset`: train.txt and watch.txt beside it, our classes."""

from __future__ import annotations

import json
from pathlib import Path

from pipeline.learn.tiles import CLASSES


def write_description(folder: Path) -> Path:
    """FOLDER/data.yaml. JSON is YAML, and quotes every path rightly."""
    told = {"path": folder.absolute().as_posix(), "train": "train.txt", "val": "watch.txt"}
    lines = [f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in told.items()]
    lines += ["names:", *(f"  {i}: {json.dumps(name)}" for i, name in enumerate(CLASSES))]
    path = folder / "data.yaml"
    path.write_bytes(("\n".join(lines) + "\n").encode())
    return path
