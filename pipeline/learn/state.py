"""A training's weights as numbers alone, to begin the next training from: safetensors, which hold no code."""

from __future__ import annotations

import tempfile
from importlib import import_module
from pathlib import Path

from pipeline.errors import OutputError
from pipeline.files import write_bytes_atomic
from pipeline.learn.export import copy_opened
from pipeline.learn.train import safe_ultralytics, woken


def write_state(source: Path, out: Path) -> int:
    """Write the state dict of a run folder or a .pt as float16 safetensors; returns its size in bytes.

    Raises ModelError for what is no training, and OutputError for a file that is there.
    """
    if out.exists():
        raise OutputError(f"{out}: is there already")
    woken()
    with tempfile.TemporaryDirectory(prefix="qianliyan-") as folder, safe_ultralytics():
        state = copy_opened(source, Path(folder)).model.float().state_dict()
    half = {k: (t.half() if t.is_floating_point() else t).contiguous().clone() for k, t in state.items()}
    data: bytes = import_module("safetensors.torch").save(half, metadata={"format": "pt"})
    out.parent.mkdir(parents=True, exist_ok=True)
    write_bytes_atomic(out, data)
    return len(data)
